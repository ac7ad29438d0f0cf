//! Short messages at the bottom of the screen. Their words are in the catalogue, `text.rs`.

use contract::heartbeat::RunState;
use contract::{InstanceId, OrderId, Service, StoreId, UtcMs};

use super::jobs::{Counts, Step};
use super::orders::OrderState;
use super::pointing::Mouse;
use crate::effect::Target;
use crate::event::Trouble;
use crate::operation::{Kind, Object};
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
    },
    /// A test order was not sent, or not taken, or nobody knows.
    InjectFailed {
        /// The order.
        order: OrderId,
        /// How it ended.
        step: Step,
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
    /// A followed test order has had no end for [`super::jobs::FOLLOW_MS`]; it is followed no further.
    FollowEnded {
        /// The order.
        order: OrderId,
        /// Where it is.
        state: OrderState,
    },
    /// A job was begun; so many items.
    JobBegan {
        /// What is done.
        kind: Kind,
        /// To what, when it is one thing.
        target: Option<Target>,
        /// How many items.
        count: usize,
    },
    /// A job ended.
    JobEnded {
        /// What was done.
        kind: Kind,
        /// To what, when it is one thing.
        target: Option<Target>,
        /// Its items by how they ended.
        counts: Counts,
        /// Of a job of one item that did not take effect, how it ended.
        step: Option<Step>,
    },
    /// The audit trail cannot be written: nothing was sent.
    NotAudited(String),
    /// The audit trail has the intent and not the outcome, with why.
    NotRecorded(String),
    /// It stands in the audit trail, and the bus does not keep it, with why.
    Unheard(String),
    /// The context is unlocked for so long, in milliseconds.
    Unlocked(i64),
    /// The context is locked again.
    Locked,
    /// The personal data of an order is masked again.
    Concealed,
    /// A payload was left as it was.
    NotEdited(OrderId),
    /// A payload could not be edited, with why.
    EditFailed {
        /// The order.
        order: OrderId,
        /// Why.
        why: Trouble,
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
    /// An alert did not arrive, with why; what it said is told with the next one.
    AlertFailed(String),
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
    /// So many are more than one job may have.
    TooMany(usize),
    /// The order is not known here.
    OrderUnknown,
    /// The order is in this state, in which there is nothing of the kind to do.
    OrderIs(OrderState),
    /// Nothing waits for the store.
    NothingWaits(StoreId),
    /// Another order is at the head by now.
    NotAtHead,
    /// Nobody serves the store right now.
    NoOwner(StoreId),
    /// No distribuidor hands over right now.
    NoActive,
    /// No instance of the service lives: nobody would take the request.
    NoInstance(Service),
    /// No resolver could take the store.
    NoResolver,
    /// Nothing was done from here yet.
    NoJobs,
    /// An order has to be opened first.
    NoOpenOrder,
    /// The resolver has the store already.
    AlreadyOwner(InstanceId),
    /// The store is in that state already.
    StoreAlready(StoreId),
    /// The record was changed since it was looked at, or its revision is not known.
    StoreChanged(StoreId),
    /// A store was written since a new one was previewed, or its revision is not known yet.
    CatalogueChanged,
    /// A number from one to this was expected.
    NotANumber(usize),
    /// A store of this id is there already.
    StoreExists(StoreId),
    /// The record breaks a rule: its code there.
    StoreFaulty(String),
    /// Test orders are off in production.
    TestOrdersOff,
    /// The store is not among those that may get test orders.
    TestStore(StoreId),
    /// A reason is needed.
    NoReason,
    /// What has to be typed is not.
    NotProven(String),
    /// Who acts is not known: the login has no name that a command could carry.
    NoOperator,
    /// What is known may be out of date.
    Stale,
    /// The server denied it to this user; the user of the table who may.
    Denied(&'static str),
    /// The context opens read-only, and its settings let nobody unlock it.
    NoUnlock,
    /// The context does not need to be unlocked.
    NotLocked,
    /// The context is not unlocked.
    NotUnlocked,
    /// The name has to be typed, and the context has none.
    NoContextName,
    /// The audit trail could not be written.
    Unaudited(String),
    /// The job was cancelled before its turn.
    Cancelled,
    /// This is no time, or none that is still to come.
    NotATime(String),
    /// Nothing that an operation could be done to is selected.
    WrongObject(Object),
    /// What is shown is the past.
    Replaying,
    /// What is shown is a recording: there is no bus behind it.
    Recorded,
    /// What is shown is the present already.
    NotReplaying,
    /// This is no time in the past.
    ReplayTime,
}

impl Refusal {
    /// Its stable code, for the audit trail and for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::NotConnected => "not_connected",
            Self::Silent(_) => "silent",
            Self::AlreadyThere(..) | Self::StoreAlready(_) | Self::AlreadyOwner(_) => "already_there",
            Self::NoStore(_) => "store_unknown",
            Self::StoreClosed(_) => "store_closed",
            Self::TooMany(_) => "too_many",
            Self::OrderUnknown => "order_unknown",
            Self::OrderIs(OrderState::Injected) => "order_injected",
            Self::OrderIs(OrderState::Solved) => "order_solved",
            Self::OrderIs(OrderState::NotInjected) => "order_not_injected",
            Self::OrderIs(_) => "order_waiting",
            Self::NothingWaits(_) => "nothing_waits",
            Self::NotAtHead => "not_at_head",
            Self::NoOwner(_) => "no_owner",
            Self::NoActive => "no_active",
            Self::NoInstance(_) => "no_service",
            Self::NoResolver => "no_resolver",
            Self::StoreChanged(_) | Self::CatalogueChanged => "revision_stale",
            Self::NotANumber(_) => "not_a_number",
            Self::StoreExists(_) => "store_exists",
            Self::StoreFaulty(_) => "invalid_store",
            Self::TestOrdersOff => "test_orders_off",
            Self::TestStore(_) => "test_store",
            Self::NoReason => "reason_missing",
            Self::NotProven(_) => "not_confirmed",
            Self::NoOperator => "no_operator",
            Self::Stale => "stale",
            Self::Denied(_) => "denied",
            Self::NoUnlock => "no_unlock",
            Self::NotLocked => "not_locked",
            Self::Unaudited(_) => "not_audited",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
            Self::Replaying => "replaying",
            _ => "not_possible",
        }
    }

    /// Whether policy says no: what nobody gets past by asking again.
    pub const fn is_policy(&self) -> bool {
        matches!(
            self,
            Self::ReadOnly
                | Self::TestOrdersOff
                | Self::TestStore(_)
                | Self::Denied(_)
                | Self::NoUnlock
                | Self::Unaudited(_)
                | Self::NoReason
                | Self::NoOperator
        )
    }
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
