//! What `update` asks the outside world to do. The runtime runs effects; answers come back as events.

mod planned;

use contract::counters::Day;
use contract::{CommandId, Country, OrderId, StoreId, UtcMs};

pub use planned::{
    Decide, Draft, Fence, Moving, Planned, PlannedOrder, Releasing, Revealing, Target, Verdict, reading,
};

use crate::operation::Kind;
use crate::state::jobs::{JobId, Step};
use crate::state::replay::Cursor;
use crate::state::views::View;

/// Something to do outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Fetch an order's payload and mask it.
    FetchPayload(OrderId),
    /// Fetch a store's record with its revision.
    FetchStore {
        /// Its country.
        country: Country,
        /// The store.
        store: StoreId,
    },
    /// Leave this bus and open the one that a NATS context leads to.
    Switch(String),
    /// Read the counts of the days from the first to the second, both included.
    ReadCounters(Day, Day),
    /// Send a text to the terminal, for its clipboard.
    Copy(String),
    /// Send what is looked at to the terminal as text, as it is shown: masked.
    CopyDetail,
    /// Write what is on the screen to a file.
    Dump,
    /// Add a view to the saved ones, or put it in the place of the one of the same name.
    SaveView(View),
    /// Read the streams anew: live messages were lost.
    Reread,
    /// Copy the messages at and below this subject; `None` = no longer copy any.
    Tail(Option<String>),
    /// Read the next stretch of the past.
    ReadReplay {
        /// For which replay.
        number: u64,
        /// Where it begins.
        cursor: Cursor,
    },
    /// Ask the server for its streams and our connection.
    ReadServer,
    /// Ask every server who is connected to it.
    ReadClients,
    /// Write to the audit trail what is about to be done. Until [`crate::event::Answer::Intended`] says that it stands
    /// there, nothing of it is sent.
    Intend(Box<Intent>),
    /// Send one request of a job; its answer is [`crate::event::Answer::Done`]. Made only from what was confirmed.
    Run {
        /// Of which job.
        job: JobId,
        /// Place of the item in the job.
        item: usize,
        /// The request.
        planned: Box<Planned>,
    },
    /// Write to the audit trail how a job ended, item by item.
    Conclude(Box<Conclusion>),
    /// Let changes pass until then, in a context that opens read-only. The intent stands in the audit trail.
    Unlock(UtcMs),
    /// Let no more changes pass.
    Lock,
    /// Fetch an order's payload and let the person edit it in their own editor.
    EditPayload(OrderId),
    /// Send an alert to the chat group.
    Alert(crate::alerts::Message),
    /// Ring the terminal's bell.
    Bell,
    /// Leave.
    Quit,
}

impl Effect {
    /// Whether it is part of changing something: the runtime has other hands for it than for reading.
    pub const fn changes(&self) -> bool {
        matches!(self, Self::Intend(_) | Self::Run { .. } | Self::Conclude(_) | Self::Unlock(_) | Self::Lock)
    }
}

/// What is about to be done, for the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// The job.
    pub job: JobId,
    /// The same for intent and outcome, and for no other action.
    pub id: CommandId,
    /// What is done.
    pub kind: Kind,
    /// Why, in the operator's own words.
    pub reason: Option<String>,
    /// Every request, at most [`crate::state::jobs::BATCH_MAX`], as the preview showed it.
    pub items: Vec<Planned>,
}

impl Intent {
    /// The bytes that the preview stands for, to be hashed: operation, reason, and of each request subject, headers and
    /// body. An edited payload is in them as its digest.
    pub fn preview(&self) -> Vec<u8> {
        let mut bytes = format!("{}\n{}\n", self.kind.name(), self.reason.as_deref().unwrap_or_default()).into_bytes();
        for item in &self.items {
            bytes.extend(format!("{}\n", item.subject()).into_bytes());
            for (name, value) in item.headers() {
                bytes.extend(format!("{name}: {value}\n").into_bytes());
            }
            bytes.extend(item.body(None));
            bytes.push(b'\n');
        }
        bytes
    }
}

/// How a job ended, for the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// The job.
    pub job: JobId,
    /// That of its intent.
    pub id: CommandId,
    /// What was done.
    pub kind: Kind,
    /// Why, in the operator's own words.
    pub reason: Option<String>,
    /// Every target with how it ended, in the order of [`Intent::items`].
    pub results: Vec<(Target, Step)>,
}
