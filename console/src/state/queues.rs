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

/// Age from which the depths count as old, in milliseconds: they are counted once a second.
pub const COUNTS_OLD_MS: i64 = 3_000;

/// How long a word about a partition's owner stands against one of an older epoch, in milliseconds; owners confirm
/// it each second, so only one that nobody confirms any more is given up.
pub const OWNER_STANDS_MS: i64 = 10_000;

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
    /// When that was said last.
    pub said_at: UtcMs,
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
    /// Stores whose [`Queue::retry`] is set, so that a heartbeat touches no other.
    retrying: BTreeMap<Partition, Vec<StoreId>>,
    /// When a store's POS last took an order; it is up since then at the latest.
    injected_at: BTreeMap<StoreId, UtcMs>,
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

    /// Milliseconds since the depths were counted; `None` before they were.
    pub fn counts_age_ms(&self, now: UtcMs) -> Option<i64> {
        self.read_at.map(|read_at| now.since(read_at).max(0))
    }

    /// Whether the depths are so old that they may be wrong, whatever the link is.
    pub fn counts_are_old(&self, now: UtcMs) -> bool {
        self.counts_age_ms(now).is_some_and(|age_ms| age_ms > COUNTS_OLD_MS)
    }

    /// The resolver that injects into a store right now, as far as known.
    pub fn owner(&self, store: StoreId) -> Option<&InstanceId> {
        self.owners.get(&store.partition()).and_then(|owner| owner.resolver.as_ref())
    }

    /// The epoch under which a store's partition is owned, as far as known.
    pub fn epoch(&self, store: StoreId) -> Option<u64> {
        self.owners.get(&store.partition()).filter(|owner| owner.resolver.is_some()).map(|owner| owner.epoch)
    }

    /// Partitions that an instance owns, by what was said last.
    pub fn partitions_of(&self, resolver: &InstanceId) -> usize {
        self.owners.values().filter(|owner| owner.resolver.as_ref() == Some(resolver)).count()
    }

    /// Takes a reading of the stream.
    pub fn read(&mut self, read: &QueuesRead) {
        self.read_at = Some(read.at);
        self.total = Some(read.depths.iter().map(|depth| depth.depth).sum());

        let waiting: BTreeMap<StoreId, _> = read.depths.iter().map(|depth| (depth.store, depth)).collect();
        let new = waiting.keys().filter(|store| !self.by_store.contains_key(store)).count();
        if self.by_store.len() + new > QUEUES_MAX {
            self.by_store.retain(|store, queue| waiting.contains_key(store) || queue.pos_down());
        }
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
    }

    /// Takes what a resolver's heartbeat, said at `at`, tells of its lanes and partitions.
    pub fn hear(&mut self, heartbeat: &Heartbeat, at: UtcMs) {
        let heartbeat::Load::Resolver(load) = &heartbeat.load else { return };
        for owned in &load.partitions {
            self.own(owned.partition, Some(heartbeat.instance.clone()), owned.epoch, at);
            if self.owns(&heartbeat.instance, owned.partition) {
                for store in self.retrying.remove(&owned.partition).unwrap_or_default() {
                    if let Some(queue) = self.by_store.get_mut(&store) {
                        queue.retry = None;
                    }
                }
            }
        }
        for head in load.heads.iter().take(heartbeat::HEADS_MAX) {
            let partition = head.store.partition();
            let listed = load.partitions.iter().any(|owned| owned.partition == partition);
            if !listed || !self.owns(&heartbeat.instance, partition) {
                continue; // Somebody else injects there by now.
            }
            let Some(queue) = self.entry(head.store) else { continue };
            queue.retry = Some(Retry { code: head.code.clone(), attempts: head.attempts, next_at: head.next_at });
            self.retrying.entry(partition).or_default().push(head.store);
            if head.pos_down && self.get(head.store).is_some_and(|queue| !queue.pos_down()) {
                self.pos(head.store, PosState::Down, at, "");
            }
        }
    }

    /// Takes a change of a store's POS; older news than what is known is ignored.
    pub fn pos(&mut self, store: StoreId, state: PosState, at: UtcMs, detail: &str) {
        if state == PosState::Down && self.injected_at.get(&store).is_some_and(|injected_at| *injected_at > at) {
            return; // It has taken an order since.
        }
        let Some(queue) = self.entry(store) else { return };
        if queue.pos_since.is_none_or(|known| known <= at) {
            queue.pos = Some(state);
            queue.pos_since = Some(at);
            detail.clone_into(&mut queue.pos_detail);
        }
    }

    /// Takes the news that a store's POS took an order at `at`: one that was down before is up.
    pub fn injected(&mut self, store: StoreId, at: UtcMs) {
        if self.injected_at.len() < QUEUES_MAX || self.injected_at.contains_key(&store) {
            let known = self.injected_at.entry(store).or_insert(at);
            *known = at.max(*known);
        }
        let down_before = |queue: &Queue| queue.pos_down() && queue.pos_since.is_none_or(|since| since < at);
        if self.get(store).is_some_and(down_before) {
            self.pos(store, PosState::Up, at, "");
        }
    }

    /// Takes a change of owner that was said at `at`. One of an older epoch than the known one is ignored, unless
    /// nobody has confirmed the known one for [`OWNER_STANDS_MS`].
    pub fn own(&mut self, partition: Partition, resolver: Option<InstanceId>, epoch: u64, at: UtcMs) {
        let stands = |known: &Owner| epoch < known.epoch && at.since(known.said_at) <= OWNER_STANDS_MS;
        let known = self.owners.get(&partition);
        if !known.is_some_and(stands) {
            let said_at = known.map_or(at, |known| at.max(known.said_at));
            self.owners.insert(partition, Owner { resolver, epoch, said_at });
        }
    }

    fn owns(&self, resolver: &InstanceId, partition: Partition) -> bool {
        self.owners.get(&partition).is_some_and(|owner| owner.resolver.as_ref() == Some(resolver))
    }

    /// The queue of a store; `None` when there is no room for one more.
    fn entry(&mut self, store: StoreId) -> Option<&mut Queue> {
        if self.by_store.len() >= QUEUES_MAX && !self.by_store.contains_key(&store) {
            return None;
        }
        // Once the queues are counted, a store that no count named has nothing waiting.
        let depth = self.read_at.map(|_| 0);
        Some(self.by_store.entry(store).or_insert_with(|| Queue { depth, ..Queue::new(store) }))
    }
}
