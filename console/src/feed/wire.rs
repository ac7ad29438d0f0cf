//! What passes on the observing connection: counted by subject, and copied for as long as somebody tails it.
//!
//! Counting is all that every message costs. A copy is masked and sanitised here, before it becomes state; copies are
//! bounded, and what was not copied is counted.

use std::collections::HashMap;
use std::time::Duration;

use contract::{Subject, UtcMs, header};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::event::{Count, Fact, Heard};
use crate::state::wire::tail::{Body, HEADERS_MAX, HEX_MAX, LINES_MAX, Raw};
use crate::{mask, sanitise};

/// Subjects told apart within one moment; further ones are counted together.
const SUBJECTS_MAX: usize = 4_096;

/// How long counts wait to be told, in milliseconds: rates are shown by the second.
const COUNTS_MS: u64 = 500;

/// The same when there are copies, in milliseconds: a tail is read as it comes.
const COPIES_MS: u64 = 100;

/// Copies within one moment: with [`COPIES_MS`] five hundred a second, more than anybody can read, and masking them
/// takes a small part of the time.
const COPIES_MAX: usize = 50;

/// Longest body that is looked into for a copy, in bytes; ours stay far below.
const BODY_MAX: usize = 64 * 1_024;

/// Counts and copies that were not told yet.
pub(super) struct Wire {
    tail: watch::Receiver<Option<String>>,
    tailed: Option<String>,
    counts: HashMap<String, (u64, u64)>,
    /// Of subjects beyond [`SUBJECTS_MAX`].
    beyond: (u64, u64),
    kept: Vec<Raw>,
    skipped: u64,
    due: Option<Instant>,
}

impl Wire {
    /// Nothing counted; copies what `tail` names.
    pub(super) fn new(tail: watch::Receiver<Option<String>>) -> Self {
        Self { tail, tailed: None, counts: HashMap::new(), beyond: (0, 0), kept: Vec::new(), skipped: 0, due: None }
    }

    /// When what was taken has to be told.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes a message and what it says.
    pub(super) fn take(&mut self, message: &async_nats::Message, fact: Option<&Fact>, now: UtcMs) {
        let bytes = u64::try_from(message.length).unwrap_or(u64::MAX);
        let subject = folded(&message.subject);
        let room = self.counts.len() < SUBJECTS_MAX;
        if let Some(count) = self.counts.get_mut(subject) {
            *count = (count.0 + 1, count.1 + bytes);
        } else if room {
            self.counts.insert(subject.to_owned(), (1, bytes));
        } else {
            self.beyond = (self.beyond.0 + 1, self.beyond.1 + bytes);
        }
        let mut within = COUNTS_MS;
        if self.tail.has_changed().unwrap_or(false) {
            self.tailed.clone_from(&self.tail.borrow_and_update());
            (self.kept, self.skipped) = (Vec::new(), 0);
        }
        if self.tailed.as_ref().is_some_and(|tailed| is_below(&message.subject, tailed)) {
            within = COPIES_MS;
            if self.kept.len() < COPIES_MAX {
                self.kept.push(copy(message, fact, now));
            } else {
                self.skipped += 1;
            }
        }
        // What was to be told before stays so: no need to look at the clock for each message.
        if self.due.is_none() || within < COUNTS_MS {
            let due = Instant::now() + Duration::from_millis(within);
            self.due = Some(self.due.map_or(due, |before| before.min(due)));
        }
    }

    /// Hands over what was taken.
    pub(super) fn tell(&mut self, at: UtcMs, lost: u64) -> Heard {
        self.due = None;
        let mut counts: Vec<Count> = self
            .counts
            .drain()
            .map(|(subject, (messages, bytes))| Count {
                subject: sanitise::text(&subject, sanitise::SENTENCE_MAX),
                messages,
                bytes,
            })
            .collect();
        let (messages, bytes) = std::mem::take(&mut self.beyond);
        if messages > 0 {
            counts.push(Count { subject: String::new(), messages, bytes });
        }
        let (kept, skipped) = (std::mem::take(&mut self.kept), std::mem::take(&mut self.skipped));
        Heard { at, counts, tail: self.tailed.clone(), kept, skipped, lost }
    }
}

/// The subject as it is counted: that of an order without its code, for each has its own.
fn folded(subject: &str) -> &str {
    match subject.strip_prefix("domicilio.orders.") {
        Some(_) => subject.rsplit_once('.').map_or(subject, |(store, _)| store),
        None => subject,
    }
}

fn is_below(subject: &str, tailed: &str) -> bool {
    subject.strip_prefix(tailed).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A copy, masked unless it is of a kind that holds no personal data and was read as such.
fn copy(message: &async_nats::Message, fact: Option<&Fact>, at: UtcMs) -> Raw {
    let body = &message.payload[..];
    let looked_into = body.get(..body.len().min(BODY_MAX)).unwrap_or_default();
    let plain = matches!(
        fact,
        Some(Fact::Queued(_) | Fact::Ended(_) | Fact::Step(_) | Fact::Store { .. } | Fact::Heartbeat { .. })
    );
    let body = if plain {
        let head = body.get(..body.len().min(HEX_MAX)).unwrap_or_default().to_vec();
        Body::Plain { json: mask::open(looked_into, LINES_MAX), head }
    } else {
        Body::Personal(mask::mask(looked_into).map(|mut masked| {
            masked.cut |= masked.lines.len() > LINES_MAX;
            masked.lines.truncate(LINES_MAX);
            masked
        }))
    };
    let known = matches!(Subject::parse(&message.subject), Subject::Order(..) | Subject::Invalid(_)) || plain;
    Raw {
        at,
        subject: sanitise::text(&message.subject, sanitise::SENTENCE_MAX),
        bytes: u64::try_from(message.payload.len()).unwrap_or(u64::MAX),
        fact: fact.cloned(),
        headers: headers(message, known && !matches!(fact, Some(Fact::Unreadable { .. }))),
        body,
    }
}

/// The headers; a decision holds a person's own words, and what is not ours may hold anything: their values are left
/// out.
fn headers(message: &async_nats::Message, known: bool) -> Vec<(String, Option<String>)> {
    let Some(headers) = &message.headers else { return Vec::new() };
    let shown = |name: &str| {
        known
            && name != header::DECISION
            && (name.starts_with("Domicilio-") || name.starts_with("Nats-") || name == "traceparent")
    };
    headers
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
        .take(HEADERS_MAX)
        .map(|(name, value)| {
            let shown = shown(name.as_ref()).then(|| sanitise::text(value.as_str(), HEADER_MAX));
            (sanitise::text(name.as_ref(), sanitise::NAME_MAX), shown)
        })
        .collect()
}

/// Longest value of a header that is kept, in characters: an order's head has some five hundred.
const HEADER_MAX: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::wire::subjects::ROOT;

    #[test]
    fn an_orders_code_makes_no_subject_of_its_own() {
        assert_eq!(folded("domicilio.orders.ec.72.0000900001-070101"), "domicilio.orders.ec.72");
        assert_eq!(folded("domicilio.outcomes.ec.72"), "domicilio.outcomes.ec.72");
        assert_eq!(folded("domicilio.orders.x"), "domicilio.orders");
    }

    #[test]
    fn a_subtree_is_what_stands_below_whole_tokens() {
        assert!(is_below("domicilio.orders.ec.7", ROOT));
        assert!(is_below("domicilio.orders.ec.7", "domicilio.orders.ec.7"));
        assert!(!is_below("domicilio.orders.ec.72", "domicilio.orders.ec.7"));
    }
}
