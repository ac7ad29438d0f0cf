//! `QUEUES`: a work queue with one consumer a partition.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use contract::{QueueEntry, StoreId};

use super::Effects;
use crate::agenda::{S, Us};
use crate::rare::{Counts, Rare};
use crate::wire::{Address, Name, Push, Reply, Request};

/// Confirmed acknowledgements that a kill of the server may take back. Measured: 2 to 22 a kill.
const REWOUND_MAX: usize = 22;

/// Until a session notices that heartbeats stay away.
const NOTICED: Us = 2 * S;

/// A consumer: deliveries go to whoever pulls, everything unacknowledged stays with it.
#[derive(Debug)]
struct Consumer {
    puller: Option<Address>,
    /// Sequence of `QUEUES` up to which it has delivered.
    position: u64,
    /// Its own sequence.
    sequence: u64,
    pending: BTreeSet<u64>,
    /// The next delivery gets lost.
    skips: bool,
}

/// The stream and its consumers.
#[derive(Debug, Default)]
pub struct Queues {
    entries: BTreeMap<u64, QueueEntry>,
    last: u64,
    consumers: BTreeMap<Name, Consumer>,
    /// The last acknowledged entries.
    acknowledged: VecDeque<(u64, QueueEntry)>,
}

impl Queues {
    /// Entries that wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sequence in `ORDERS` of the first order that waits for a store.
    pub fn head(&self, store: StoreId) -> Option<u64> {
        self.entries.values().find(|entry| entry.order.store == store).map(|entry| entry.intake)
    }

    /// Where the stream ends.
    pub const fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn serve(&mut self, from: Address, request: Request, effects: &mut Effects<'_>) -> Reply {
        match request {
            Request::Queue(entry, expected) => self.publish(*entry, expected, effects),
            Request::QueuesEnd => Reply::End(self.last),
            Request::Entries(from, to) => {
                Reply::Entries(self.entries.range(from..=to).map(|(at, entry)| (*at, entry.intake)).collect())
            }
            Request::Entry(sequence) => Reply::Entry(self.entries.get(&sequence).cloned().map(Box::new)),
            Request::Consumers(partition) => {
                Reply::Names(self.consumers.keys().filter(|name| name.partition == partition).copied().collect())
            }
            Request::Delete(name) => {
                if let Some(puller) = self.consumers.remove(&name).and_then(|consumer| consumer.puller) {
                    effects.pushes.push((0, puller, Push::Ended(name)));
                }
                Reply::Done
            }
            Request::Create(name, strict) => self.create(from, name, strict, effects),
            Request::Ack(name, sequence) => self.ack(name, sequence, effects),
            _ => Reply::Refused,
        }
    }

    fn publish(&mut self, entry: QueueEntry, expected: Option<u64>, effects: &mut Effects<'_>) -> Reply {
        if expected.is_some_and(|expected| expected != self.last) {
            return Reply::WrongLast;
        }
        self.last += 1;
        effects.judge.queued(&entry);
        let partition = entry.order.store.partition();
        self.entries.insert(self.last, entry);
        let served = self.consumers.keys().find(|name| name.partition == partition).copied();
        if let Some(name) = served {
            self.deliver(name, effects);
        }
        Reply::Stored(self.last)
    }

    fn create(&mut self, from: Address, name: Name, strict: bool, effects: &mut Effects<'_>) -> Reply {
        // A work queue takes no second consumer for the same subjects.
        if strict && self.consumers.keys().any(|other| other.partition == name.partition) {
            return Reply::Refused;
        }
        let new = Consumer { puller: None, position: 0, sequence: 0, pending: BTreeSet::new(), skips: false };
        self.consumers.entry(name).or_insert(new).puller = Some(from);
        self.deliver(name, effects);
        Reply::Done
    }

    fn deliver(&mut self, name: Name, effects: &mut Effects<'_>) {
        let Some(consumer) = self.consumers.get_mut(&name) else { return };
        let Some(puller) = consumer.puller else { return };
        let fresh = self.entries.range(consumer.position + 1..);
        let fresh = fresh.filter(|(_, entry)| entry.order.store.partition() == name.partition);
        for (&queue_seq, entry) in fresh {
            consumer.position = queue_seq;
            consumer.sequence += 1;
            consumer.pending.insert(queue_seq);
            if std::mem::take(&mut consumer.skips) {
                effects.counts.add(Rare::DeliverySkipped);
                // With the leader the pull is lost: heartbeats stay away, if nothing tells of it before.
                effects.pushes.push((NOTICED, puller, Push::Ended(name)));
                continue;
            }
            let (consumer_seq, entry) = (consumer.sequence, Box::new(entry.clone()));
            effects.pushes.push((0, puller, Push::Delivery { name, consumer_seq, count: 1, queue_seq, entry }));
        }
    }

    fn ack(&mut self, name: Name, sequence: u64, effects: &mut Effects<'_>) -> Reply {
        let Some(consumer) = self.consumers.get_mut(&name) else {
            effects.counts.add(Rare::AckHitNothing);
            return Reply::Refused;
        };
        if sequence > consumer.position {
            return Reply::Done;
        }
        consumer.pending.remove(&sequence);
        if let Some(entry) = self.entries.remove(&sequence) {
            effects.judge.acknowledged(&entry);
            self.acknowledged.push_back((sequence, entry));
            if self.acknowledged.len() > REWOUND_MAX {
                self.acknowledged.pop_front();
            }
        }
        Reply::Done
    }

    /// A connection is gone: nobody pulls through it any more.
    pub fn left(&mut self, address: Address) {
        for consumer in self.consumers.values_mut() {
            if consumer.puller == Some(address) {
                consumer.puller = None;
            }
        }
    }

    /// kill -9: some of the last acknowledgements are undone, and consumers are as they were a while ago.
    pub(super) fn killed(&mut self, rng: &mut fastrand::Rng, counts: &mut Counts) {
        let mut undone = rng.usize(..=self.acknowledged.len());
        while undone > 0 {
            undone -= 1;
            let Some((sequence, entry)) = self.acknowledged.pop_back() else { break };
            self.entries.insert(sequence, entry);
            counts.add(Rare::AckRewound);
        }
        self.acknowledged.clear();
        let names: Vec<Name> = self.consumers.keys().copied().collect();
        for name in names {
            self.rewind(name, rng);
            if let Some(consumer) = self.consumers.get_mut(&name) {
                consumer.puller = None;
            }
        }
    }

    /// A consumer goes back to an earlier state: it forgets some of its deliveries and will repeat them with a count
    /// of one. Whether there was anything to forget.
    fn rewind(&mut self, name: Name, rng: &mut fastrand::Rng) -> bool {
        let Some(consumer) = self.consumers.get_mut(&name) else { return false };
        let back = rng.u64(..=consumer.pending.len() as u64 + 2).min(consumer.sequence);
        consumer.sequence -= back;
        for _ in 0..back {
            if let Some(sequence) = consumer.pending.pop_last() {
                consumer.position = sequence - 1;
            }
        }
        let first = self.entries.iter().find(|(sequence, entry)| {
            entry.order.store.partition() == name.partition && !consumer.pending.contains(*sequence)
        });
        if let Some((sequence, _)) = first {
            consumer.position = consumer.position.min(sequence - 1);
            consumer.pending.retain(|pending| pending <= &consumer.position);
        }
        back > 0
    }

    /// A consumer loses its leader and is worse off: its state is older, a delivery got lost, or one is repeated.
    pub fn upset(&mut self, rng: &mut fastrand::Rng, effects: &mut Effects<'_>) {
        let busy = self.consumers.iter().filter(|(_, consumer)| !consumer.pending.is_empty());
        let busy: Vec<Name> = busy.map(|(name, _)| *name).collect();
        let Some(name) = rng.choice(busy) else { return };
        match rng.u8(..3) {
            0 => {
                if self.rewind(name, rng) {
                    effects.counts.add(Rare::ConsumerRewound);
                }
                self.deliver(name, effects);
            }
            1 => {
                if let Some(consumer) = self.consumers.get_mut(&name) {
                    consumer.skips = true;
                }
            }
            _ => {
                let Some(consumer) = self.consumers.get_mut(&name) else { return };
                let (Some(puller), Some(&queue_seq)) = (consumer.puller, consumer.pending.first()) else { return };
                let Some(entry) = self.entries.get(&queue_seq).cloned().map(Box::new) else { return };
                consumer.sequence += 1;
                let consumer_seq = consumer.sequence;
                effects.counts.add(Rare::DeliveryRepeated);
                effects.pushes.push((0, puller, Push::Delivery { name, consumer_seq, count: 2, queue_seq, entry }));
            }
        }
    }
}
