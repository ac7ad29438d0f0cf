//! What can happen to the console. Everything that `update` ever sees comes in here, time included.

mod answer;

use contract::audit::AuditRecord;
use contract::order::InvalidHead;
use contract::stream::StreamSpec;
use contract::{Decision, Heartbeat, OrderHead, OrderId, Outcome, QueueEntry, StoreId, StoreRecord, UtcMs, stream};
use serde::{Deserialize, Serialize};

pub use answer::{Answer, CountersRead, Done, Trouble};

use crate::action::Action;
use crate::keys::Key;
use crate::recording::Fault;
use crate::state::access::{Identity, Tried};
use crate::state::log::Level;
use crate::state::pointing::Pointed;
use crate::state::services::Found;
use crate::state::views::View;
use crate::state::wire::tail::Raw;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The clock moved on; the only source of time.
    Tick(UtcMs),
    /// The terminal has this many columns and rows.
    Resized {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// A frame was drawn.
    Drawn {
        /// How many rows its text can be scrolled down.
        reach: u16,
    },
    /// A bound key was pressed.
    Action(Action),
    /// The first of two keys was pressed; `None` ends what was begun.
    Begun(Option<Key>),
    /// A key was pressed while a text field has the focus.
    Edit(Edit),
    /// The mouse did something on the last frame.
    Pointed(Pointed),
    /// The terminal is or was somebody else's for a while: another program's, or that of the shell that stopped this one.
    Unattended,
    /// The connection changed.
    Link(LinkChange),
    /// Messages as they were published, in the order in which they came.
    Live {
        /// What they say, sanitised.
        facts: Vec<Fact>,
        /// The account of the observing connection after them.
        meter: Meter,
    },
    /// What passed by subject since the last time, and copies of what is tailed.
    Heard(Heard),
    /// A step of reading the streams at start or after a reconnect.
    History(History),
    /// What waits, read from the stream itself.
    Queues(QueuesRead),
    /// Everybody was asked who is there, through the NATS services API.
    Discovered {
        /// When.
        at: UtcMs,
        /// Who answered.
        found: Vec<Found>,
    },
    /// The saved views as they were read at the start; or why they could not be.
    Views(Result<Vec<View>, String>),
    /// This program itself warned of something.
    Said(Said),
    /// An answer to [`crate::effect::Effect`].
    Answer(Answer),
    /// The bus of another context could not be opened: this one stays.
    SwitchFailed {
        /// The context.
        name: String,
        /// One sentence, sanitised.
        why: String,
    },
    /// A recording is shown, and something happened around it.
    Recording(Around),
}

/// What happens around a recording that is shown: its own events come as if they happened now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Around {
    /// The time of whoever looks; notices go by it.
    Present(UtcMs),
    /// It goes no further.
    Ended(Fault),
}

/// A warning or an error of this program or of a library in it, as its own log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: UtcMs,
    /// How it is meant.
    pub level: Level,
    /// Whose it is: the name of a crate, sanitised.
    pub source: String,
    /// One sentence in English, sanitised.
    pub text: String,
}

/// A key in a text field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// A character was typed.
    Insert(char),
    /// The character before the end goes.
    Backspace,
    /// All of it goes.
    Clear,
    /// Enter.
    Submit,
    /// Escape.
    Cancel,
    /// Tab: completes a word, or goes to the next field.
    Complete,
    /// Down: the next field or row.
    Next,
    /// Shift-tab or up: the field or row before.
    Previous,
    /// Right: the next choice of a choice field.
    Forward,
    /// Left: the choice before.
    Backward,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// It was closed.
    Closed,
    /// It stands, but the server does not answer.
    Silent,
    /// The last attempt to connect failed, with the client's sentence.
    Refused(String),
}

/// What the connection became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkChange {
    /// It is up.
    Connected {
        /// When.
        at: UtcMs,
        /// Name of the server, as it calls itself.
        server: String,
        /// Its version.
        version: String,
        /// Its address, `host:port`, without user or password.
        address: String,
    },
    /// It is down, or the server does not answer.
    Lost {
        /// Since when.
        at: UtcMs,
        /// What is known of the cause.
        why: Outage,
    },
    /// An attempt to connect failed.
    Refused {
        /// One sentence.
        why: String,
    },
    /// What the server denied since the connection came up; all of it, the oldest first. The connection stays.
    Denied {
        /// When.
        at: UtcMs,
        /// What was tried, and on which subject, sanitised.
        all: Vec<(Tried, String)>,
    },
    /// What the connection is: told soon after it came up.
    Known {
        /// Whether it is protected by TLS.
        tls: bool,
        /// Who we are to the server; `None` when it does not say.
        identity: Option<Identity>,
    },
}

/// The account of the observing connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meter {
    /// Messages that the client received.
    pub received: u64,
    /// Messages that reached us.
    pub taken: u64,
    /// Messages that the client received and had to drop: `received - taken` when nothing is under way.
    pub lost: u64,
}

/// What passed on the observing connection within a moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Heard {
    /// When the moment was over.
    pub at: UtcMs,
    /// By subject, sanitised; the code of an order is left out, for each has its own.
    pub counts: Vec<Count>,
    /// The subject whose messages are copied; `None` when nobody wants copies.
    #[serde(skip)]
    pub tail: Option<String>,
    /// Copies, in the order in which the messages came.
    #[serde(skip)]
    pub kept: Vec<Raw>,
    /// Messages after them of which no copy was kept.
    #[serde(skip)]
    pub skipped: u64,
    /// Messages of any subject that were lost so far, as in [`Meter::lost`].
    pub lost: u64,
}

/// Messages on a subject within a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The subject; empty for those that were too many to be told apart.
    pub subject: String,
    /// How many.
    pub messages: u64,
    /// Their bytes, headers included.
    pub bytes: u64,
}

/// One message of the bus, decoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// An order was accepted.
    Accepted {
        /// The order.
        head: OrderHead,
        /// Its sequence in `ORDERS`; not told by live messages.
        intake: Option<u64>,
        /// The decision that reinjected it; absent for an order as it came.
        decision: Option<Decision>,
    },
    /// A person said that nothing more is to be done about an order.
    Solved {
        /// The order.
        order: OrderId,
        /// The decision.
        decision: Decision,
    },
    /// An order waits for injection.
    Queued(QueueEntry),
    /// An order's way ended.
    Ended(Outcome),
    /// A step.
    Step(contract::Event),
    /// A store's record.
    Store {
        /// The record.
        record: StoreRecord,
        /// Its revision; not told by live messages.
        revision: Option<u64>,
    },
    /// A refused payload.
    Invalid(InvalidHead),
    /// An instance lives.
    Heartbeat {
        /// What it says.
        heartbeat: Heartbeat,
        /// When it came, by this machine's clock.
        received_at: UtcMs,
    },
    /// Somebody is about to do something, or has done it.
    Audited {
        /// The user by which the server knows whoever told it, as it stands in the subject.
        user: String,
        /// What was told.
        record: AuditRecord,
    },
    /// A message that this version cannot read.
    Unreadable {
        /// Its subject, sanitised.
        subject: String,
        /// Why not, one sentence.
        why: String,
    },
}

/// What is read from the streams, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Store records.
    Stores,
    /// Accepted orders, headers only.
    Orders,
    /// Final outcomes.
    Outcomes,
    /// What waits.
    Queues,
    /// Steps.
    Events,
    /// Refused payloads, headers only.
    Invalid,
    /// What operators did.
    Audit,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Stores, Self::Orders, Self::Outcomes, Self::Queues, Self::Events, Self::Invalid, Self::Audit];

    /// The stream that it is read from.
    pub const fn spec(self) -> StreamSpec {
        match self {
            Self::Stores => stream::STORES,
            Self::Orders => stream::ORDERS,
            Self::Outcomes => stream::OUTCOMES,
            Self::Queues => stream::QUEUES,
            Self::Events => stream::EVENTS,
            Self::Invalid => stream::INVALID,
            Self::Audit => stream::AUDIT,
        }
    }

    /// The name of that stream.
    pub const fn stream(self) -> &'static str {
        self.spec().name
    }

    /// Subjects of its live messages.
    pub fn live(self) -> String {
        self.spec().live()
    }
}

/// Progress of reading the streams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// Reading starts, at start or anew after a reconnect.
    Began,
    /// Something was read.
    Read {
        /// Of which part.
        part: Part,
        /// What it says.
        facts: Vec<Fact>,
        /// How many messages of this part were read so far.
        done: u64,
        /// How many there are to read.
        total: u64,
    },
    /// A part may not be read by this user; the rest is.
    Denied {
        /// Which part.
        part: Part,
    },
    /// A part could not be read; it will be tried again.
    Failed {
        /// Which part.
        part: Part,
        /// One sentence.
        why: String,
    },
    /// Everything is read.
    Ready {
        /// Orders accepted before this moment may be missing; `None` when all there are were read.
        since: Option<UtcMs>,
    },
}

/// Exact depths, from the stream's own account.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct QueuesRead {
    /// When.
    pub at: UtcMs,
    /// Every store with something waiting; a store that is not here has nothing.
    pub depths: Vec<Depth>,
}

/// What waits for one store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Depth {
    /// The store.
    pub store: StoreId,
    /// How many entries.
    pub depth: u64,
    /// The oldest entry, when it could be read.
    pub head: Option<QueueEntry>,
}
