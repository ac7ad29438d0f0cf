//! What happened to orders and services, newest last: steps that failed, decisions of the distribuidor, refused
//! payloads, our own connection, and what this program warned of.

use contract::audit::{AuditKind, AuditRecord, Ended};
use contract::event::{Misfit, PosState};
use contract::order::{InvalidHead, Origin};
use contract::{EventKind, InstanceId, Operator, OrderId, StoreId, Target, UtcMs};

use crate::state::ring::Ring;

/// Entries kept: an hour of a bad evening.
pub const LOG_MAX: usize = 1_000;

/// How it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something went wrong that needs a look.
    Error,
    /// Something went wrong that is being dealt with.
    Warning,
    /// As it should be.
    Info,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// A step that a service told.
    Step(EventKind, Origin),
    /// A payload was refused.
    Invalid(InvalidHead),
    /// Somebody was about to do something, or had done it.
    Audited {
        /// The user by which the server knows whoever told it.
        user: String,
        /// What was told.
        record: Box<AuditRecord>,
    },
    /// Our connection was lost.
    LinkLost,
    /// Our connection came back, after this many milliseconds.
    LinkBack(i64),
    /// This program itself warned of something.
    Said {
        /// How it is meant.
        level: Level,
        /// Whose it is: the name of a crate.
        source: String,
        /// One sentence in English.
        text: String,
    },
}

/// An entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Names it for as long as it is kept.
    pub id: u64,
    /// When it happened.
    pub at: UtcMs,
    /// What.
    pub what: Happened,
}

impl Entry {
    /// How it is meant.
    pub fn level(&self) -> Level {
        match &self.what {
            Happened::Step(kind, _) => match kind {
                EventKind::AttemptFailed { retry_at: None, .. }
                | EventKind::HandOverAnew {
                    why: Misfit::Foreign | Misfit::Rewound | Misfit::OrdersRewound | Misfit::Unknown,
                    ..
                } => Level::Error,
                // The first hand-over is that of a new deployment.
                EventKind::HandOverAnew { why: Misfit::First, .. }
                | EventKind::Pos { state: PosState::Up, .. }
                | EventKind::PartitionAssigned { .. }
                | EventKind::TookOffice { .. } => Level::Info,
                _ => Level::Warning,
            },
            Happened::Said { level, .. } => *level,
            Happened::Audited { record, .. } => match &record.kind {
                AuditKind::Outcome { results } if results.iter().any(|one| one.result != Ended::Done) => Level::Warning,
                _ => Level::Info,
            },
            Happened::LinkLost => Level::Error,
            Happened::Invalid(_) => Level::Warning,
            Happened::LinkBack(_) => Level::Info,
        }
    }

    /// The store that it is about.
    pub fn store(&self) -> Option<StoreId> {
        match &self.what {
            Happened::Step(kind, _) => Some(kind.place().1).filter(|store| *store != StoreId::NONE),
            Happened::Invalid(head) => head.store,
            Happened::Audited { record, .. } => {
                let target = single(record)?;
                let order = target.strip_prefix("order:").and_then(|id| id.parse::<OrderId>().ok());
                order.map(|id| id.store).or_else(|| target.strip_prefix("store:")?.parse().ok())
            }
            Happened::LinkLost | Happened::LinkBack(_) | Happened::Said { .. } => None,
        }
    }

    /// The order that it is about.
    pub fn order(&self) -> Option<OrderId> {
        match &self.what {
            Happened::Step(EventKind::AttemptFailed { order, .. }, _) => Some(order.id()),
            Happened::Audited { record, .. } => single(record)?.strip_prefix("order:")?.parse().ok(),
            _ => None,
        }
    }

    /// The instance that told it.
    pub const fn instance(&self) -> Option<&InstanceId> {
        match &self.what {
            Happened::Step(_, by) => Some(&by.instance),
            Happened::Invalid(head) => Some(&head.by.instance),
            Happened::Audited { .. } | Happened::LinkLost | Happened::LinkBack(_) | Happened::Said { .. } => None,
        }
    }

    /// The person who did it.
    pub fn operator(&self) -> Option<&Operator> {
        match &self.what {
            Happened::Audited { record, .. } => Some(&record.by),
            _ => None,
        }
    }

    /// Who told it: an instance, a person, or a crate of this program.
    pub fn by(&self) -> Option<&str> {
        match &self.what {
            Happened::Said { source, .. } => Some(source),
            _ => self.instance().map(InstanceId::as_str).or_else(|| self.operator().map(Operator::as_str)),
        }
    }
}

/// The target of what was done to one thing alone.
fn single(record: &AuditRecord) -> Option<&str> {
    let target = match &record.kind {
        AuditKind::Intent { targets, .. } => targets.first().filter(|_| targets.len() == 1),
        AuditKind::Outcome { results } => results.first().filter(|_| results.len() == 1).map(|one| &one.target),
        AuditKind::Unknown => None,
    };
    target.filter(|_| record.left_out == 0).map(Target::as_str)
}

/// The entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    entries: Ring<Entry>,
    next: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self { entries: Ring::new(LOG_MAX), next: 0 }
    }
}

impl Log {
    /// Takes what happened; a repeat (live and read from the stream) is ignored.
    pub fn take(&mut self, at: UtcMs, what: Happened) {
        // The newest first: a repeat is most often of what has just been told.
        if self.entries.iter().rev().any(|known| known.at == at && known.what == what) {
            return;
        }
        self.next += 1;
        self.entries.insert_by_key(Entry { id: self.next, at, what }, |entry| entry.at);
    }

    /// The entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The entry with this id, as long as it is kept.
    pub fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }
}
