//! Steps that no other stream holds: failed attempts, state of a store's POS, decisions of the distribuidor.
//!
//! Acceptance, hand-over and outcome are messages of their own streams ([`crate::order`]); no second event
//! is published for them. Events hold no personal data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::order::Origin;
use crate::{CommandId, Country, InstanceId, OrderHead, Partition, StoreId, UtcMs};

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailReason {
    /// No connection to the POS (refused, unreachable, name not found).
    Unreachable,
    /// The POS's certificate is not trusted: unknown authority, expired, for another name. Nothing was sent.
    Untrusted,
    /// No answer within the deadline: in doubt, the POS may have it.
    Timeout,
    /// The connection broke before the answer: in doubt, the POS may have it.
    ConnectionLost,
    /// The POS answered 408, 425 or 429.
    Busy,
    /// The POS answered 5xx or something that is no answer.
    PosError,
    /// The POS refused the order for good (another 4xx).
    Refused,
    /// The store's record is missing, so nobody knows where its POS is.
    NoPos,
    /// The order's payload is not in `ORDERS` (any more), or is not the one that was accepted.
    NoPayload,
    /// A person gave it up while it was waiting at the head of its queue.
    Released,
    /// A reason that this version does not know.
    #[serde(other)]
    Unknown,
}

impl FailReason {
    /// Whether the POS may have taken the order in spite of the failure.
    pub const fn in_doubt(self) -> bool {
        matches!(self, Self::Timeout | Self::ConnectionLost)
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection_lost",
            Self::Busy => "busy",
            Self::PosError => "pos_error",
            Self::Refused => "refused",
            Self::NoPos => "no_pos",
            Self::NoPayload => "no_payload",
            Self::Released => "released",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for FailReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// State of a store's POS as its resolver sees it (a circuit breaker).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PosState {
    /// Answers.
    Up,
    /// Refuses connections, does not answer, or is not trusted; the lane waits and probes, orders keep their retries.
    Down,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Why the hand-over's checkpoint did not fit what is in `QUEUES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misfit {
    /// There was none: a new deployment, or the bucket of leases was lost.
    First,
    /// Somebody else wrote to `QUEUES`.
    Foreign,
    /// `QUEUES` has lost its end, or was made anew.
    Rewound,
    /// `ORDERS` has lost its end. Sequences up to `resumes_after` are not given again; orders that only the lost end
    /// held are lost.
    OrdersRewound,
    /// A reason that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A message of stream `EVENTS`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// When it happened.
    pub at: UtcMs,
    /// Who saw or did it.
    pub by: Origin,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// An attempt to inject an order failed.
    AttemptFailed {
        /// The order.
        order: OrderHead,
        /// Its sequence in `ORDERS`.
        intake: u64,
        /// Number of the attempt, from 1.
        attempt: u32,
        /// How many attempts there will be at most.
        attempts_max: u32,
        /// Why it failed.
        reason: FailReason,
        /// One sentence of ours, for example `POS answered 503`.
        detail: String,
        /// How long the attempt took, in milliseconds.
        took_ms: u32,
        /// When the next attempt is due; absent when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<UtcMs>,
    },
    /// A store's POS went down or came back.
    Pos {
        /// The store's country.
        country: Country,
        /// The store.
        store: StoreId,
        /// What it is now.
        state: PosState,
        /// One sentence of ours.
        detail: String,
    },
    /// A partition got an owner.
    PartitionAssigned {
        /// The partition.
        partition: Partition,
        /// Its owner from now on; absent while it waits for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<InstanceId>,
        /// Grows with every change of this partition.
        epoch: u64,
        /// The distribuidor's term of office.
        term: u64,
        /// The command by which an operator moved it, unless it was the distribuidor's own decision.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<CommandId>,
    },
    /// A resolver stopped renewing its lease; its partitions move.
    ResolverLost {
        /// The resolver.
        resolver: InstanceId,
        /// How long it has been silent, in milliseconds.
        silent_ms: u64,
        /// How many partitions it had.
        partitions: u32,
    },
    /// A distribuidor became the active one.
    TookOffice {
        /// Its term; grows with every change.
        term: u64,
        /// Intake sequence after which it resumes.
        resumes_after: u64,
    },
    /// The hand-over began anew, because `QUEUES` was not what its checkpoint said.
    HandOverAnew {
        /// The distribuidor's term of office.
        term: u64,
        /// Intake sequence after which it resumes; what was handed over before is passed over by the watermarks.
        resumes_after: u64,
        /// Sequence at which `QUEUES` ended.
        queue_end: u64,
        /// Why.
        why: Misfit,
    },
    /// A kind that this version does not know; shown as such.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// Last token of the event's subject.
    pub const fn token(&self) -> &'static str {
        match self {
            Self::AttemptFailed { .. } => "attempt_failed",
            Self::Pos { .. } => "pos",
            Self::PartitionAssigned { .. } => "partition_assigned",
            Self::ResolverLost { .. } => "resolver_lost",
            Self::TookOffice { .. } => "took_office",
            Self::HandOverAnew { .. } => "hand_over_anew",
            Self::Unknown => "unknown",
        }
    }

    /// Country and store that the event is about; [`Country::UNKNOWN`] and [`StoreId::NONE`] when about none.
    pub fn place(&self) -> (Country, StoreId) {
        match self {
            Self::AttemptFailed { order, .. } => (order.country, order.store),
            Self::Pos { country, store, .. } => (*country, *store),
            _ => (Country::UNKNOWN, StoreId::NONE),
        }
    }
}
