//! What operators did, for whoever looks at it later: the messages of stream `AUDIT`.
//!
//! An action is told twice, before it begins and when it is over, under one id. An intent without an outcome is an action of
//! which nobody knows how it ended: its program was killed, or is still at it. Targets are ids and results are codes; the
//! reason is an operator's own words, so personal data may stand in it.

use serde::{Deserialize, Serialize};

use crate::decision::REASON_MAX;
use crate::{CommandId, InstanceId, Operator, OrderId, Partition, Service, StoreId, Target, UtcMs};

/// Most targets or results of one message. At some 330 bytes each at worst they stay below half of what a message may hold.
pub const ITEMS_MAX: usize = 1_500;

/// Longest name of an operation, longest code of a result, longest context, client or terminal, in characters.
pub const WORD_MAX: usize = 64;

/// A message of stream `AUDIT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// Of the action, new for each one: its intent and its outcome have the same.
    pub id: CommandId,
    /// When it was written.
    pub at: UtcMs,
    /// Who acted, by that person's own word; the subject names the user that the server knows.
    pub by: Operator,
    /// From where.
    #[serde(default, skip_serializing_if = "Place::is_unknown")]
    pub place: Place,
    /// What was done, for example `reinject`: at most [`WORD_MAX`] characters.
    pub operation: String,
    /// Why, at most [`REASON_MAX`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Targets or results beyond [`ITEMS_MAX`], which this message does not list.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// Before or after.
    #[serde(flatten)]
    pub kind: AuditKind,
}

/// From where somebody acted; each at most [`WORD_MAX`] characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The context under which the program found the bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Address of the SSH client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
}

/// Before or after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AuditKind {
    /// It is about to be done.
    Intent {
        /// To what.
        targets: Vec<Target>,
        /// SHA-256 of the preview that was confirmed, in hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preview: Option<String>,
    },
    /// It is over.
    Outcome {
        /// What became of each target.
        results: Vec<ItemResult>,
    },
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemResult {
    /// The target.
    pub target: Target,
    /// How it ended.
    pub result: Ended,
    /// The code of the answer, or of why nothing was sent: at most [`WORD_MAX`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// How the action on one target ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Done, and seen to be done.
    Done,
    /// Done by the answer's word; what it should bring about was not seen in time.
    Unverified,
    /// Not sent: there was nothing to do any more, or it was called off.
    Skipped,
    /// Refused, or nobody knows.
    Failed,
    /// A word that this version does not know.
    #[serde(other)]
    Unknown,
}

impl AuditRecord {
    /// The record within its bounds: what is too long is cut, what is too much is left out and counted.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let over = match &mut self.kind {
            AuditKind::Intent { targets, .. } => cut(targets),
            AuditKind::Outcome { results } => {
                results.iter_mut().filter_map(|result| result.code.as_mut()).for_each(|code| shorten(code, WORD_MAX));
                cut(results)
            }
            AuditKind::Unknown => 0,
        };
        self.left_out = self.left_out.saturating_add(over);
        shorten(&mut self.operation, WORD_MAX);
        let Place { context, client, tty } = &mut self.place;
        [context, client, tty].into_iter().flatten().for_each(|word| shorten(word, WORD_MAX));
        if let Some(reason) = &mut self.reason {
            shorten(reason, REASON_MAX);
        }
        self
    }
}

impl Place {
    /// Whether nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

impl Target {
    /// `order:<store>.<code>`
    pub fn order(id: &OrderId) -> Self {
        Self::made(&format!("order:{id}"))
    }

    /// `store:<id>`
    pub fn store(id: StoreId) -> Self {
        Self::made(&format!("store:{id}"))
    }

    /// `instance:<service>/<instance>`
    pub fn instance(service: Service, id: &InstanceId) -> Self {
        Self::made(&format!("instance:{service}/{id}"))
    }

    /// `partition:<number>`
    pub fn partition(partition: Partition) -> Self {
        Self::made(&format!("partition:{partition}"))
    }

    /// `context:<name>`, at most [`WORD_MAX`] characters; what is not visible ASCII is left out.
    pub fn context(name: &str) -> Self {
        let name: String = name.chars().filter(char::is_ascii_graphic).take(WORD_MAX).collect();
        Self::made(&format!("context:{name}"))
    }
}

fn cut<T>(items: &mut Vec<T>) -> u32 {
    let over = items.len().saturating_sub(ITEMS_MAX);
    items.truncate(ITEMS_MAX);
    u32::try_from(over).unwrap_or(u32::MAX)
}

fn shorten(text: &mut String, characters_max: usize) {
    if let Some((end, _)) = text.char_indices().nth(characters_max) {
        text.truncate(end);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: AuditKind) -> AuditRecord {
        AuditRecord {
            v: crate::VERSION,
            id: "a-1".parse().unwrap(),
            at: UtcMs::from_millis(1),
            by: "turno.noche".parse().unwrap(),
            place: Place::default(),
            operation: "reinject".to_owned(),
            reason: None,
            left_out: 0,
            kind,
        }
    }

    /// The longest id of an order: every byte of its code is escaped.
    fn longest() -> OrderId {
        OrderId { store: StoreId(u32::MAX), code: "!".repeat(64).parse().unwrap() }
    }

    #[test]
    fn the_ids_of_everything_are_targets() {
        let instance: InstanceId = "x".repeat(48).parse().unwrap();
        for (target, text) in [
            (Target::order(&"72.A-1".parse().unwrap()), "order:72.A-1"),
            (Target::store(StoreId(72)), "store:72"),
            (Target::instance(Service::Resolver, &instance), &format!("instance:queue-resolver/{instance}")),
            (Target::partition(Partition::try_from(7).unwrap()), "partition:07"),
            (Target::context("ec prod\u{1b}ñ"), "context:ecprod"),
            (Target::context(&"x".repeat(500)), &format!("context:{}", "x".repeat(64))),
            (Target::order(&longest()), &format!("order:{}", longest())),
        ] {
            assert_eq!(target.as_str(), text);
            assert_eq!(text.parse(), Ok(target), "within the rule");
        }
    }

    #[test]
    fn a_record_at_every_bound_fits_into_a_message() {
        let long = || "é".repeat(1_000);
        let result = ItemResult { target: Target::order(&longest()), result: Ended::Unverified, code: Some(long()) };
        let mut full = record(AuditKind::Outcome { results: vec![result; ITEMS_MAX + 7] });
        (full.operation, full.reason) = (long(), Some(long()));
        full.place = Place { context: Some(long()), client: Some(long()), tty: Some(long()) };
        let full = full.bounded();
        assert_eq!(full.left_out, 7);
        assert_eq!(full.reason.as_ref().map(|reason| reason.chars().count()), Some(REASON_MAX));
        let bytes = serde_json::to_vec(&full).unwrap().len();
        // Codes are ASCII; a hostile one still fits. nats-server takes 1 MiB.
        assert!(bytes < 1_024 * 1_024, "{bytes}");
        assert_eq!(full.clone().bounded(), full, "once is enough");
    }

    #[test]
    fn what_is_within_its_bounds_stays_as_it_is() {
        let record = record(AuditKind::Intent { targets: vec![Target::store(StoreId(1)); ITEMS_MAX], preview: None });
        assert_eq!(record.clone().bounded(), record);
    }
}
