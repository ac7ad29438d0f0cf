//! What must have happened at least once over the seeds, or the simulation proves nothing.

use std::fmt;

macro_rules! rare {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// A fault that was caused, or a path that is seldom taken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rare {
            $($(#[$doc])* $name),+
        }

        impl Rare {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

rare! {
    /// kill -9 of the server.
    ServerKilled,
    /// A connection went away and came back.
    LinkCut,
    /// kill -9 of a process.
    ProcessKilled,
    /// A clean stop of a process.
    ProcessStopped,
    /// A process was frozen for longer than its lease.
    Frozen,
    /// A fault struck just when something was asked for.
    Trapped,
    /// Messages were lost, unheard or late for a while.
    Weather,
    /// A stream was without leader for a while.
    LeaderGone,
    /// A consumer went back to an earlier state.
    ConsumerRewound,
    /// A delivery got lost with others behind it.
    DeliverySkipped,
    /// A delivery came with a count above one.
    DeliveryRepeated,
    /// A POS took effect after the deadline.
    PosSlow,
    /// A POS answered 503.
    PosError,
    /// A POS took effect and the reply was lost.
    PosReplyLost,
    /// A POS could not be reached.
    PosUnreachable,
    /// A payload was on the wire for longer than its sender waited.
    PosDistant,
    /// A POS answered 422.
    PosRefused,
    /// A confirmed acknowledgement was forgotten by the server: its entry came back.
    AckRewound,
    /// An entry whose order was done came again and was acknowledged without being sent.
    ReplayAcked,
    /// A publish to `QUEUES` never arrived.
    PublishLost,
    /// A publish to `QUEUES` arrived and its answer was lost.
    PublishUnheard,
    /// A publish to `QUEUES` was stored after its time-out had been told.
    LatePublishStored,
    /// A publish to `QUEUES` arrived after its time-out and was refused.
    LatePublishRefused,
    /// Something was sent while the connection was away, and left when it was back.
    Buffered,
    /// The chain asked where `QUEUES` ends.
    Synced,
    /// A checkpoint was kept before anything was published under it.
    Anchored,
    /// A publish was refused because the stream did not end where its sender thought.
    ChainRefused,
    /// A publish of a distribuidor that had a successor was refused.
    ZombieRefused,
    /// `QUEUES` moved between a question where it ends and the answer.
    StaleSync,
    /// The office changed hands.
    OfficeTaken,
    /// A resolver's lease was declared void by the distribuidor.
    ResolverExpired,
    /// ... which came too late: the resolver had renewed.
    ExpiryRefused,
    /// A renewal had no answer.
    RenewalUnknown,
    /// A holder found its lease lost.
    LeaseLost,
    /// The last look kept a payload from leaving.
    SendPrevented,
    /// An outcome was refused by its fence, for it or a later one was there.
    FenceConflict,
    /// A former owner stored the outcome of an order while the next one was sending it.
    OutcomeBehindTheBack,
    /// A partition went from one owner to another.
    Takeover,
    /// An owner was asked to give a partition back.
    AskedBack,
    /// A partition was given back.
    GivenBack,
    /// An owner made its consumer anew.
    ConsumerMadeAnew,
    /// A session found a consumer of a later epoch.
    LaterEpochFound,
    /// An acknowledgement found its consumer gone.
    AckHitNothing,
    /// An attempt ended in doubt.
    InDoubt,
    /// A POS was sent an order that it had already: only possible after doubt.
    Repeated,
    /// A POS counted as down, and was probed.
    PosDown,
    /// Attempts were used up.
    GivenUp,
    /// An order is in the kitchen though its outcome says that it was not injected.
    CookedAllTheSame,
    /// An operator gave up the head of a queue.
    Released,
    /// ... while an attempt was under way.
    ReleasePending,
    /// An operator wanted a partition moved, and it could be.
    Wanted,
    /// ... and it was given to whom it was meant for.
    Moved,
    /// An entry behind the first ones of a lane was read back.
    ReadBack,
    /// An order that was not injected was put in again.
    Reinjected,
}

impl fmt::Display for Rare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How often each kind happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Vec<u64>);

impl Default for Counts {
    fn default() -> Self {
        Self(vec![0; Rare::ALL.len()])
    }
}

impl Counts {
    /// One more.
    pub fn add(&mut self, rare: Rare) {
        if let Some(count) = self.0.get_mut(rare as usize) {
            *count += 1;
        }
    }

    /// How often.
    pub fn of(&self, rare: Rare) -> u64 {
        self.0.get(rare as usize).copied().unwrap_or(0)
    }

    /// Adds those of another run.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }
}
