//! What a lane is told and what it asks for.

use std::sync::Arc;

use contract::order::Origin;
use contract::{Country, EventKind, Outcome, Partition, QueueEntry, StoreId, UtcMs};

/// A reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// For messages and people.
    pub utc: UtcMs,
    /// For waits, in milliseconds.
    pub mono_ms: u64,
}

/// Where and as whom the lane works.
#[derive(Debug, Clone)]
pub struct Place {
    /// The store's country.
    pub country: Country,
    /// The store.
    pub store: StoreId,
    /// Its partition.
    pub partition: Partition,
    /// Under which epoch we own it.
    pub epoch: u64,
    /// Who we are.
    pub by: Origin,
    /// Least time between the beginnings of two orders, in milliseconds: after an outage a kitchen gets its backlog
    /// no faster than it can take it in.
    pub pace_ms: u64,
}

/// What is known of a store's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Highest intake sequence that is finished.
    pub watermark: u64,
    /// Sequence of the store's last outcome in `OUTCOMES`, 0 when there is none: what our next outcome expects.
    pub fence: u64,
    /// Whether the last event about the POS said that it is down.
    pub pos_down: bool,
}

/// Something to do outside; each is answered by the method named.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Learn the store's past: [`Lane::marked`](super::Lane::marked).
    LoadMark,
    /// Read an entry back from `QUEUES`: [`Lane::read_back`](super::Lane::read_back).
    ReadBack(u64),
    /// Post the order to the POS: [`Lane::attempted`](super::Lane::attempted).
    Attempt {
        /// The order.
        entry: Arc<QueueEntry>,
        /// Number of the attempt, from 1.
        attempt: u32,
    },
    /// Publish the outcome, expecting the store's last outcome to be at `fence`: [`Lane::stored`](super::Lane::stored).
    Store {
        /// The outcome.
        outcome: Box<Outcome>,
        /// Value of `Nats-Expected-Last-Subject-Sequence`.
        fence: u64,
    },
    /// Acknowledge an entry of `QUEUES`, confirmed: [`Lane::acked`](super::Lane::acked).
    Ack {
        /// Its sequence.
        queue_seq: u64,
        /// Where acknowledgements go.
        reply: String,
        /// It was done before it was delivered.
        replay: bool,
    },
    /// Publish an event; not answered.
    Tell(EventKind),
}

/// What to do now.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Do this, then ask again.
    Do(Deed),
    /// Nothing before this monotonic time; for ever when `None`, unless something arrives.
    Wait(Option<u64>),
    /// Somebody else stored an outcome that we do not understand: we are not the owner any more.
    Fenced,
}

/// What a wish to give up an order meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The order ends as not injected.
    Now,
    /// So it does unless what is under way succeeds.
    Pending,
    /// It is not at the head of the queue.
    NotAtHead,
}

/// What became of storing an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// At this sequence of `OUTCOMES`.
    At(u64),
    /// The fence held; this is the store's mark as it really is.
    Conflict(Mark),
    /// The fence held because the outcome that it names has aged out: the store has none any more, and is still ours.
    AgedOut,
    /// No answer.
    Unknown,
}
