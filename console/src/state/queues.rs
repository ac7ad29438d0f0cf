//! What waits, per store. Depths are the stream's own account and exact; unknown is not zero.

use std::collections::BTreeMap;

use contract::event::PosState;
use contract::{AppCode, Heartbeat, InstanceId, OrderHead, Partition, StoreId, UtcMs, heartbeat};

use crate::event::QueuesRead;
use crate::state::ring::Ring;

/// Depths kept for the trend of one store, one a second.
pub const TREND_MAX: usize = 60;

/// Stores followed at most: several hundred are usual; beyond this the ones with nothing waiting are forgotten.
pub const QUEUES_MAX: usize = 5_000;

/// What the head of a queue is waiting for, as its resolver said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The order at the head.
    pub code: AppCode,
    /// Attempts made so far.
    pub attempts: u32,
    /// When the next attempt or probe is due; `None` while one is under way.
    pub next_at: Option<UtcMs>,
}

/// The oldest entry of a queue, read from the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Oldest {
    /// The order.
    pub order: OrderHead,
    /// Its sequence in `ORDERS`.
    pub intake: u64,
    /// When it was handed over.
    pub queued_at: UtcMs,
}

/// The queue of one store.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// The store.
    pub store: StoreId,
    /// Entries waiting; `None` before the first reading.
    pub depth: Option<u64>,
    /// The oldest entry, when there is one and it could be read.
    pub oldest: Option<Oldest>,
    /// Depths of the last [`TREND_MAX`] readings.
    pub trend: Ring<u64>,
    /// What the head waits for, when it does not simply flow.
    pub retry: Option<Retry>,
    /// The store's POS, as its resolver sees it; `None` when nobody told.
    pub pos: Option<PosState>,
    /// When the POS became what it is.
    pub pos_since: Option<UtcMs>,
    /// Why, one sentence.
    pub pos_detail: String,
}

impl Queue {
    fn new(store: StoreId) -> Self {
        Self {
            store,
            depth: None,
            oldest: None,
            trend: Ring::new(TREND_MAX),
            retry: None,
            pos: None,
            pos_since: None,
            pos_detail: String::new(),
        }
    }

    /// Whether the POS counts as down.
    pub fn pos_down(&self) -> bool {
        self.pos == Some(PosState::Down)
    }

    /// Age of the oldest entry since its acceptance, in milliseconds.
    pub fn oldest_age_ms(&self, now: UtcMs) -> Option<i64> {
        self.oldest.as_ref().map(|oldest| now.since(oldest.order.received_at).max(0))
    }

    /// By how much the depth grew over the last `readings` readings.
    pub fn growth(&self, readings: usize) -> Option<i64> {
        let newest = *self.trend.last()?;
        let before = *self.trend.iter().rev().nth(readings)?;
        Some(i64::try_from(newest).ok()? - i64::try_from(before).ok()?)
    }
}

/// Who owns a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The resolver; `None` while the partition waits for one.
    pub resolver: Option<InstanceId>,
    /// Under which epoch.
    pub epoch: u64,
}

/// All queues.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Queues {
    by_store: BTreeMap<StoreId, Queue>,
    owners: BTreeMap<Partition, Owner>,
    /// When depths were last read; `None` before the first reading.
    pub read_at: Option<UtcMs>,
    /// All entries waiting; `None` before the first reading.
    pub total: Option<u64>,
    /// Totals of the last [`TREND_MAX`] readings.
    pub totals: Vec<u64>,
}

impl Queues {
    /// The queue of a store, if anything is known of it.
    pub fn get(&self, store: StoreId) -> Option<&Queue> {
        self.by_store.get(&store)
    }

    /// Every queue of which something is known.
    pub fn iter(&self) -> impl Iterator<Item = &Queue> {
        self.by_store.values()
    }

    /// Entries waiting for a store: 0 for one that the last reading did not name, `None` before any reading.
    pub fn depth(&self, store: StoreId) -> Option<u64> {
        self.read_at?;
        Some(self.get(store).and_then(|queue| queue.depth).unwrap_or(0))
    }

    /// The resolver that injects into a store right now, as far as known.
    pub fn owner(&self, store: StoreId) -> Option<&InstanceId> {
        self.owners.get(&store.partition()).and_then(|owner| owner.resolver.as_ref())
    }

    /// Partitions that an instance owns, by what was said last.
    pub fn partitions_of(&self, resolver: &InstanceId) -> usize {
        self.owners.values().filter(|owner| owner.resolver.as_ref() == Some(resolver)).count()
    }

    /// Takes a reading of the stream.
    pub fn read(&mut self, read: &QueuesRead) {
        self.read_at = Some(read.at);
        self.total = Some(read.depths.iter().map(|depth| depth.depth).sum());
        self.totals.extend(self.total);
        let surplus = self.totals.len().saturating_sub(TREND_MAX);
        self.totals.drain(..surplus);

        let waiting: BTreeMap<StoreId, _> = read.depths.iter().map(|depth| (depth.store, depth)).collect();
        for store in waiting.keys() {
            self.entry(*store);
        }
        for (store, queue) in &mut self.by_store {
            let found = waiting.get(store);
            let depth = found.map_or(0, |found| found.depth);
            queue.depth = Some(depth);
            queue.trend.push(depth);
            if depth == 0 {
                queue.oldest = None;
                queue.retry = None;
            } else if let Some(head) = found.and_then(|found| found.head.as_ref()) {
                queue.oldest =
                    Some(Oldest { order: head.order.clone(), intake: head.intake, queued_at: head.queued_at });
            }
        }
        if self.by_store.len() > QUEUES_MAX {
            self.by_store.retain(|_, queue| queue.depth != Some(0) || queue.pos_down());
        }
    }

    /// Takes what a resolver's heartbeat says of its lanes and partitions.
    pub fn hear(&mut self, heartbeat: &Heartbeat) {
        let heartbeat::Load::Resolver(load) = &heartbeat.load else { return };
        for owned in &load.partitions {
            self.own(owned.partition, Some(heartbeat.instance.clone()), owned.epoch);
        }
        for queue in self.by_store.values_mut() {
            let owner = self.owners.get(&queue.store.partition()).and_then(|owner| owner.resolver.as_ref());
            if owner == Some(&heartbeat.instance) {
                queue.retry = None;
            }
        }
        for head in &load.heads {
            let queue = self.entry(head.store);
            queue.retry = Some(Retry { code: head.code.clone(), attempts: head.attempts, next_at: head.next_at });
            let pos = if head.pos_down { PosState::Down } else { PosState::Up };
            let newer = queue.pos_since.is_none_or(|known| known < heartbeat.at);
            if queue.pos != Some(pos) && newer {
                (queue.pos, queue.pos_since) = (Some(pos), Some(heartbeat.at));
                queue.pos_detail.clear();
            }
        }
    }

    /// Takes a change of a store's POS; older news than what is known is ignored.
    pub fn pos(&mut self, store: StoreId, state: PosState, at: UtcMs, detail: &str) {
        let queue = self.entry(store);
        if queue.pos_since.is_none_or(|known| known <= at) {
            queue.pos = Some(state);
            queue.pos_since = Some(at);
            detail.clone_into(&mut queue.pos_detail);
        }
    }

    /// Takes a change of owner; an older epoch than the known one is ignored.
    pub fn own(&mut self, partition: Partition, resolver: Option<InstanceId>, epoch: u64) {
        let known = self.owners.get(&partition).map_or(0, |owner| owner.epoch);
        if epoch >= known {
            self.owners.insert(partition, Owner { resolver, epoch });
        }
    }

    fn entry(&mut self, store: StoreId) -> &mut Queue {
        // Once the queues are counted, a store that no count named has nothing waiting.
        let depth = self.read_at.map(|_| 0);
        self.by_store.entry(store).or_insert_with(|| Queue { depth, ..Queue::new(store) })
    }
}
