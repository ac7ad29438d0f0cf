//! What effects come back with.

use std::collections::BTreeMap;

use contract::command::{IntakeReply, MoveReply, PingPosReply, Reply};
use contract::counters::{Day, DayCounts};
use contract::{Country, OrderId, StoreId, StoreRecord, UtcMs};
use serde::{Deserialize, Serialize};

use crate::effect::Draft;
use crate::mask::{Clear, Difference, Masked};
use crate::recording::Fault;
use crate::state::jobs::JobId;
use crate::state::replay::Stretch;
use crate::state::views::View;
use crate::state::wire::clients::Clients;
use crate::state::wire::server::Server;

/// Days of counts, as the active distribuidor keeps them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CountersRead {
    /// The earliest day of which there are counts.
    pub since: Option<Day>,
    /// When they were written last.
    pub written_at: Option<UtcMs>,
    /// Of the days asked for those that are there.
    pub days: BTreeMap<Day, DayCounts>,
}

/// Why an effect has no good answer. The words are in the catalogue, `text/trouble.rs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// There is no connection; nothing was sent.
    NotConnected,
    /// No answer within this many seconds; it may have taken effect all the same.
    Unanswered(u64),
    /// This user may not.
    Denied,
    /// The guard let nothing go out, with its sentence: policy, which nothing goes past.
    Forbidden(String),
    /// Nobody serves the request.
    NoService,
    /// The stream does not hold it (any more).
    Gone,
    /// A recording does not hold it.
    NotRecorded,
    /// What is wrong with a recording.
    Recording(Fault),
    /// What is there is no JSON, from this line and column on.
    NotJson(usize, usize),
    /// The answer is none that this version can read.
    Unreadable,
    /// What the guard, the server or the service said, sanitised.
    Said(String),
}

impl Trouble {
    /// Its stable code, for the audit trail and for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotConnected => "not_connected",
            Self::Unanswered(_) => "unanswered",
            Self::Denied => "denied",
            Self::Forbidden(_) => "forbidden",
            Self::NoService => "no_service",
            Self::Gone => "gone",
            Self::NotRecorded => "not_recorded",
            Self::Recording(_) => "recording",
            Self::NotJson(..) => "not_json",
            Self::Unreadable => "unreadable",
            Self::Said(_) => "failed",
        }
    }
}

/// The answer to an effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To `ReadReplay`: the next stretch of the past, or why it could not be read.
    Replay {
        /// Which replay.
        number: u64,
        /// The stretch.
        read: Result<Stretch, Trouble>,
    },
    /// To `ReadServer`: what the server says of itself, or why it did not.
    Server(Result<Box<Server>, Trouble>),
    /// To `ReadClients`: who is connected; `None` when no server tells.
    Clients(Option<Clients>),
    /// To `FetchPayload`.
    Payload {
        /// The order.
        order: OrderId,
        /// Its payload, masked; or why there is none.
        payload: Result<Masked, Trouble>,
    },
    /// To `FetchStore`.
    Store {
        /// Country of the record.
        country: Country,
        /// The store.
        store: StoreId,
        /// The record with its revision; or why it could not be read.
        record: Result<(StoreRecord, u64), Trouble>,
    },
    /// To `Alert`: it arrived, or why not, one sentence.
    Alerted(Result<(), String>),
    /// To `ReadCounters`.
    Counters(Result<CountersRead, Trouble>),
    /// To a copy: it was sent to the terminal, which may not take it.
    Copied {
        /// How many characters were sent.
        count: usize,
        /// Whether there were more, which were left out.
        cut: bool,
    },
    /// To the saving of a view: its name and all the views there are then; or why it was not saved.
    ViewSaved(Result<(String, Vec<View>), String>),
    /// To a dump of the screen: the path of the file, or why there is none.
    Dumped(Result<String, String>),
    /// To `Intend`: the audit trail has it; or why it could not be written.
    Intended {
        /// The job.
        job: JobId,
        /// Whether it is written.
        written: Result<(), String>,
    },
    /// To `Run`: what was answered; or why nothing was.
    Done {
        /// The job.
        job: JobId,
        /// Place of the item in the job.
        item: usize,
        /// The answer.
        reply: Result<Done, Trouble>,
    },
    /// To `Conclude`: the audit trail has it; or why it could not be written.
    Concluded {
        /// The job.
        job: JobId,
        /// Whether it is written.
        written: Result<(), String>,
    },
    /// To `Intend` or `Conclude`: it stands in the audit trail, and the bus does not keep it, with why.
    Unheard(Trouble),
    /// To `EditPayload`: what was made of it; `None` when nothing was changed.
    Edited {
        /// The order.
        order: OrderId,
        /// The edited payload, and in what it differs, masked; or why there is none.
        edited: Result<Option<(Draft, Vec<Difference>)>, Trouble>,
    },
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Done {
    /// To a command that every service takes.
    Reply(Reply),
    /// To an order, a decision or a release.
    Order(IntakeReply),
    /// To a move.
    Move(MoveReply),
    /// To a store's record: it is written, with this revision.
    Stored(u64),
    /// To a store's record: somebody wrote in between.
    Stale,
    /// To a look at a store's POS.
    Pos(PingPosReply),
    /// To a look at this order's payload: the payload, which whoever draws takes; nothing of it goes into the state but what
    /// is masked.
    Revealed(OrderId, Clear),
}
