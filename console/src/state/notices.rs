//! Short messages at the bottom of the screen. Their words are in the catalogue, `text.rs`.

use contract::command::Verb;
use contract::heartbeat::RunState;
use contract::{InstanceId, OrderId, Service, StoreId, UtcMs};

use super::orders::OrderState;
use super::pointing::Mouse;
use crate::state::ring::Ring;

/// Notices kept; the screen shows the newest few.
pub const NOTICES_MAX: usize = 50;

/// How long good news stays, in milliseconds.
pub const GOOD_MS: i64 = 6_000;

/// How long bad news stays, in milliseconds: long enough to be read after a look elsewhere.
pub const BAD_MS: i64 = 20_000;

/// How it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Under way.
    Info,
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
}

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A test order is on its way to intake.
    Injecting(OrderId),
    /// Intake took a test order.
    InjectAccepted {
        /// The order.
        order: OrderId,
        /// Its sequence in `ORDERS`.
        sequence: Option<u64>,
    },
    /// Intake refused a test order, or did not answer.
    InjectFailed {
        /// The order.
        order: OrderId,
        /// One sentence.
        why: String,
    },
    /// A followed test order moved on.
    Followed {
        /// The order.
        order: OrderId,
        /// Where it is now.
        state: OrderState,
        /// How long it took since acceptance, in milliseconds.
        took_ms: i64,
    },
    /// A followed test order has had no end for [`super::follow::FOLLOW_MS`]; it is followed no further.
    FollowEnded {
        /// The order.
        order: OrderId,
        /// Where it is.
        state: OrderState,
    },
    /// An instance is being told something.
    Commanding {
        /// The service.
        service: Service,
        /// The instance.
        instance: InstanceId,
        /// What.
        verb: Verb,
    },
    /// The next heartbeat showed that a command took effect.
    Verified {
        /// The service.
        service: Service,
        /// The instance.
        instance: InstanceId,
        /// What it does now.
        state: RunState,
    },
    /// A command failed, or did not show in the heartbeats in time.
    CommandFailed {
        /// The service.
        service: Service,
        /// The instance.
        instance: InstanceId,
        /// What it was told.
        verb: Verb,
        /// One sentence; empty when the heartbeats simply did not show it.
        why: String,
    },
    /// Connected again; state was or is being read anew.
    Back {
        /// How long the connection was away, in milliseconds.
        away_ms: i64,
    },
    /// The bus of another context could not be opened.
    SwitchFailed {
        /// The context.
        name: String,
        /// One sentence.
        why: String,
    },
    /// The server denied something to this user.
    Denied(String),
    /// Something was sent to the terminal for its clipboard. Whether the terminal took it, it does not tell.
    Copied {
        /// How many characters.
        count: usize,
        /// Whether there were more, which were left out.
        cut: bool,
    },
    /// The screen was written to a file; the path, or why not.
    Dumped(Result<String, String>),
    /// The view of this name was saved.
    ViewSaved(String),
    /// A view was not saved, with why.
    ViewNotSaved(String),
    /// The saved views could not be read, with why.
    ViewsUnreadable(String),
    /// So many marked orders are no longer in their table.
    MarksGone(usize),
    /// Not everything could be marked.
    MarksFull,
    /// The mouse is ours, or the terminal's again.
    Mouse(Mouse),
    /// An action that is not possible now, with why.
    Refused(Refusal),
}

/// Why an action is not possible now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing may be changed in this context.
    ReadOnly,
    /// There is no connection.
    NotConnected,
    /// No such NATS context.
    NoContext(String),
    /// No row is selected.
    NothingSelected,
    /// The action makes sense only on the services' screen.
    OnlyOnServices,
    /// The instance is silent.
    Silent(InstanceId),
    /// The instance is in that state already.
    AlreadyThere(InstanceId, RunState),
    /// No such store.
    NoStore(String),
    /// The store is paused or disabled and takes no orders.
    StoreClosed(StoreId),
    /// There is no saved view of this name.
    NoView(String),
    /// A view needs a name.
    NoViewName,
    /// Saved views could not be read when the console started: none is saved, so that nothing is lost.
    ViewsUnreadable(String),
    /// The table on screen has no such order.
    NoSort,
    /// Another change is still waiting for its answer.
    Busy,
    /// What is shown is the past.
    Replaying,
    /// What is shown is the present already.
    NotReplaying,
    /// This is no time in the past.
    ReplayTime,
}

/// A notice on screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// What is said.
    pub notice: Notice,
    /// How it is meant.
    pub tone: Tone,
    /// When it was said.
    pub at: UtcMs,
    /// When it goes.
    pub until: UtcMs,
}

/// All of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Notices {
    /// The newest ones, oldest first; those whose time is over are gone.
    pub shown: Ring<Posted>,
}

impl Default for Notices {
    fn default() -> Self {
        Self { shown: Ring::new(NOTICES_MAX) }
    }
}

impl Notices {
    /// Says something at `now`.
    pub fn post(&mut self, now: UtcMs, tone: Tone, notice: Notice) {
        let stays_ms = if tone == Tone::Bad { BAD_MS } else { GOOD_MS };
        self.shown.push(Posted { notice, tone, at: now, until: now.plus_millis(stays_ms) });
    }

    /// Drops what has been there long enough.
    pub fn expire(&mut self, now: UtcMs) {
        self.shown.retain(|posted| posted.until > now);
    }
}
