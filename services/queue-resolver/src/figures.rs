//! What this instance counts and tells in its heartbeat.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chassis::latency::Window;
use contract::heartbeat::{HEADS_MAX, Head, Load, Owned, ResolverLoad};
use contract::{Partition, StoreId};

/// What one session tells.
#[derive(Debug, Clone, Default)]
pub struct SessionFigures {
    /// Epoch under which the partition is owned.
    pub epoch: u64,
    /// Lanes with something waiting, and what the slow ones wait for.
    pub lanes: BTreeMap<StoreId, LaneFigures>,
}

/// What one lane tells.
#[derive(Debug, Clone)]
pub struct LaneFigures {
    /// Entries, the head included.
    pub depth: u32,
    /// Present when the lane does not simply flow.
    pub head: Option<Head>,
}

/// The figures; written by the sessions, read by the heartbeat.
#[derive(Debug, Default)]
pub struct Figures {
    sessions: Mutex<BTreeMap<Partition, SessionFigures>>,
    /// Attempts under way.
    pub in_flight: AtomicU32,
    /// Orders injected.
    pub injected: AtomicU64,
    /// Orders given up.
    pub not_injected: AtomicU64,
    /// Failed attempts.
    pub failed_attempts: AtomicU64,
    /// Deliveries that the watermark showed to be done already.
    pub replays: AtomicU64,
    /// Time the POS takes to answer.
    pub latency: Window,
}

/// An attempt under way, counted until it is dropped: with its partition it may end before its answer.
#[derive(Debug)]
pub struct InFlight {
    figures: Arc<Figures>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.figures.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Figures {
    /// An attempt begins.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight { figures: Arc::clone(self) }
    }

    /// Changes what the session of `partition` tells.
    pub fn session(&self, partition: Partition, change: impl FnOnce(&mut SessionFigures)) {
        change(self.sessions().entry(partition).or_default());
    }

    /// The session of `partition` has ended.
    pub fn ended(&self, partition: Partition) {
        self.sessions().remove(&partition);
    }

    /// For the heartbeat.
    pub fn load(&self) -> Load {
        let sessions = self.sessions();
        let lanes = || sessions.values().flat_map(|session| session.lanes.values());
        let mut heads: Vec<Head> = lanes().filter_map(|lane| lane.head.clone()).collect();
        heads.sort_unstable_by_key(|head| (std::cmp::Reverse(head.depth), head.store));
        heads.truncate(HEADS_MAX);
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Load::Resolver(ResolverLoad {
            partitions: sessions
                .iter()
                .map(|(partition, session)| Owned { partition: *partition, epoch: session.epoch })
                .collect(),
            lanes: u32::try_from(lanes().count()).unwrap_or(u32::MAX),
            waiting: lanes().map(|lane| u64::from(lane.depth)).sum(),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            injected: get(&self.injected),
            not_injected: get(&self.not_injected),
            failed_attempts: get(&self.failed_attempts),
            replays: get(&self.replays),
            heads,
            latency: self.latency.read(),
        })
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, BTreeMap<Partition, SessionFigures>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
