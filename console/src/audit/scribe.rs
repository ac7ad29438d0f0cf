//! From what `update` wants recorded to lines of the trail and messages of the bus.

use std::collections::BTreeMap;

use contract::audit::{AuditKind, AuditRecord, Ended, ItemResult};
use contract::order::Digest;
use contract::{CommandId, Operator, UtcMs, VERSION, subject};
use serde::{Deserialize, Serialize};

use super::file::{Error, Trail};
use super::who::Who;
use crate::effect::{Conclusion, Intent, Target};
use crate::operation::Kind;
use crate::state::access::Access;
use crate::state::jobs::Step;

/// A line of the trail: what the bus is told, and what only this machine knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What the bus is told.
    #[serde(flatten)]
    pub record: AuditRecord,
    /// Whose process it was, on which machine.
    pub process: Who,
    /// On which bus.
    pub bus: Bus,
    /// SHA-256 of edited payloads, by target: they are personal data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub payloads: BTreeMap<String, Digest>,
}

/// The bus on which somebody acts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bus {
    /// Where it is, without secrets.
    pub url: String,
    /// The user that the server knows; absent when it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// Who acts, for as long as the program runs.
#[derive(Debug, Clone)]
pub struct Scribe {
    trail: Option<Trail>,
    who: Who,
    operator: Option<Operator>,
}

impl Scribe {
    /// For `who`, with the trail in `trail`; without one nothing can be recorded, and so nothing done.
    pub fn new(trail: Option<Trail>, who: Who) -> Self {
        Self { operator: who.operator().ok(), trail, who }
    }

    /// For whoever runs this process, with the trail in its state folder.
    pub fn of_process() -> Self {
        let who = Who::find(|name| std::env::var(name).ok());
        Self::new(crate::log::folder().map(|folder| Trail::of(&folder)), who)
    }

    /// The name under which commands and records go out.
    pub const fn operator(&self) -> Option<&Operator> {
        self.operator.as_ref()
    }

    /// What is written before anything of `intent` is sent on the bus that `access` is about.
    pub fn intent(&self, access: &Access, intent: &Intent, now: UtcMs) -> Option<Entry> {
        let mut targets: Vec<_> = intent.items.iter().map(|item| word(&item.target())).collect();
        if intent.kind == Kind::Unlock {
            targets.push(contract::Target::context(access.context.as_deref().unwrap_or_default()));
        }
        let preview = Some(Digest::of(&intent.preview()).as_str().to_owned());
        let edited = intent
            .items
            .iter()
            .filter_map(|item| Some((word(&item.target()).to_string(), item.draft()?.digest.clone())));
        let payloads = edited.collect();
        let kind = AuditKind::Intent { targets, preview };
        Some(Entry { payloads, ..self.entry(access, (&intent.id, intent.kind), intent.reason.as_deref(), kind, now)? })
    }

    /// What is written when all of it is over.
    pub fn outcome(&self, access: &Access, conclusion: &Conclusion, now: UtcMs) -> Option<Entry> {
        let results = conclusion.results.iter().map(|(target, step)| ItemResult {
            target: word(target),
            result: ended(step),
            code: step.code().map(str::to_owned),
        });
        let kind = AuditKind::Outcome { results: results.collect() };
        self.entry(access, (&conclusion.id, conclusion.kind), conclusion.reason.as_deref(), kind, now)
    }

    fn entry(
        &self,
        access: &Access,
        (id, operation): (&CommandId, Kind),
        reason: Option<&str>,
        kind: AuditKind,
        now: UtcMs,
    ) -> Option<Entry> {
        let record = AuditRecord {
            v: VERSION,
            id: id.clone(),
            at: now,
            by: self.operator.clone()?,
            place: self.who.place(access.context.as_deref()),
            operation: operation.name().to_owned(),
            reason: reason.map(str::to_owned),
            left_out: 0,
            kind,
        };
        let url = access.settings.iter().find(|setting| setting.what == "url").map(|setting| setting.value.clone());
        let user = access.identity.as_ref().and_then(|identity| identity.user.clone());
        let bus = Bus { url: url.unwrap_or_default(), user };
        Some(Entry { record: record.bounded(), process: self.who.clone(), bus, payloads: BTreeMap::new() })
    }

    /// Writes `entry` as the last line of the trail; returns when it is on the disk. Blocks.
    pub fn write(&self, entry: Option<&Entry>, now: UtcMs) -> Result<(), Error> {
        let trail = self.trail.as_ref().ok_or(Error::NoFolder)?;
        trail.append(entry.ok_or(Error::Nobody)?, now)
    }
}

impl Entry {
    /// The subject under which the bus is told.
    pub fn subject(&self) -> String {
        subject::audit(self.bus.user.as_deref().unwrap_or_else(|| self.record.by.as_str()))
    }
}

/// How an item ended, as the trail has it. One that has no end when its job is given up was not seen to be done.
const fn ended(step: &Step) -> Ended {
    match step {
        Step::Verified => Ended::Done,
        Step::Skipped(_) => Ended::Skipped,
        Step::Failed(_) => Ended::Failed,
        Step::Unverified(_) | Step::Waiting | Step::Sent | Step::Answered => Ended::Unverified,
    }
}

/// A target as the trail names it.
fn word(target: &Target) -> contract::Target {
    match target {
        Target::Order(id) => contract::Target::order(id),
        Target::Instance(service, id) => contract::Target::instance(*service, id),
        Target::Store(id) => contract::Target::store(*id),
    }
}
