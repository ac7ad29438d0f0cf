//! A model of the bus with its measured habits: what is stored, what it forgets when it is killed.

mod queues;

use std::collections::BTreeMap;

use contract::event::PosState;
use contract::{EventKind, OrderHead, Outcome, StoreId};
use queue_resolver::lane::Mark;

use crate::agenda::Us;
use crate::judge::Judge;
use crate::rare::{Counts, Rare};
use crate::wire::{Address, Key, Push, Reply, Request, Value};
pub use queues::Queues;

/// The streams and the bucket of leases.
#[derive(Debug, Default)]
pub struct Broker {
    orders: Vec<Option<OrderHead>>,
    readers: Vec<(Address, u64)>,
    /// `QUEUES` and its consumers.
    pub queues: Queues,
    outcomes: BTreeMap<StoreId, (u64, Outcome)>,
    outcomes_last: u64,
    pos_down: BTreeMap<StoreId, bool>,
    keys: BTreeMap<Key, (Value, u64)>,
    revision: u64,
    watchers: Vec<(Address, u64)>,
}

/// What a request leads to besides its answer.
#[derive(Debug)]
pub struct Effects<'a> {
    /// To be sent after a while, in this order.
    pub pushes: Vec<(Us, Address, Push)>,
    /// Who judges.
    pub judge: &'a mut Judge,
    /// What happened.
    pub counts: &'a mut Counts,
}

impl Broker {
    /// The number of entries of `ORDERS`.
    pub fn orders(&self) -> &[Option<OrderHead>] {
        &self.orders
    }

    /// The order with this sequence in `ORDERS`.
    pub fn order(&self, intake: u64) -> Option<&OrderHead> {
        self.orders.get(usize::try_from(intake.checked_sub(1)?).ok()?)?.as_ref()
    }

    /// Highest intake sequence of a store that is finished.
    pub fn watermark(&self, store: StoreId) -> u64 {
        self.outcomes.get(&store).map_or(0, |(_, outcome)| outcome.watermark)
    }

    /// The value of a key.
    pub fn value(&self, key: Key) -> Option<&Value> {
        self.keys.get(&key).map(|(value, _)| value)
    }

    /// An order is accepted, or something is stored that is no order.
    pub fn accept(&mut self, order: Option<&OrderHead>, effects: &mut Effects<'_>) -> u64 {
        self.orders.push(order.cloned());
        let intake = self.orders.len() as u64;
        for (reader, number) in &self.readers {
            effects.pushes.push((0, *reader, Push::Order(*number, intake, order.cloned().map(Box::new))));
        }
        intake
    }

    /// Serves a request.
    pub fn serve(&mut self, from: Address, request: Request, effects: &mut Effects<'_>) -> Reply {
        match request {
            Request::Read(key) => Reply::Value(self.keys.get(&key).cloned()),
            Request::Write(key, value, expected) => self.write(key, value, expected, effects),
            Request::Watch(number) => {
                for (key, (value, revision)) in &self.keys {
                    effects.pushes.push((0, from, Push::Key(number, *key, value.clone(), *revision)));
                }
                effects.pushes.push((0, from, Push::Complete(number)));
                self.watchers.retain(|(watcher, _)| watcher.process != from.process || *watcher >= from);
                self.watchers.push((from, number));
                Reply::Done
            }
            Request::Orders(start, number) => {
                let first = usize::try_from(start.saturating_sub(1)).unwrap_or(usize::MAX);
                for (index, order) in self.orders.iter().enumerate().skip(first) {
                    let order = order.clone().map(Box::new);
                    effects.pushes.push((0, from, Push::Order(number, index as u64 + 1, order)));
                }
                self.readers.retain(|(reader, _)| reader.process != from.process || *reader >= from);
                self.readers.push((from, number));
                Reply::Done
            }
            Request::OrdersEnd => Reply::End(self.orders.len() as u64),
            Request::Payload(intake) => {
                let index = usize::try_from(intake.saturating_sub(1)).unwrap_or(usize::MAX);
                if self.orders.get(index).is_some_and(Option::is_some) { Reply::Done } else { Reply::Refused }
            }
            Request::Mark(store) => Reply::Mark(self.mark(store)),
            Request::Outcome(outcome, expected) => self.store_outcome(*outcome, expected, effects),
            Request::Tell(kind) => {
                if let EventKind::Pos { store, state, .. } = kind {
                    self.pos_down.insert(store, state == PosState::Down);
                }
                Reply::Done
            }
            other => self.queues.serve(from, other, effects),
        }
    }

    fn write(&mut self, key: Key, value: Value, expected: u64, effects: &mut Effects<'_>) -> Reply {
        if self.keys.get(&key).map_or(0, |(_, revision)| *revision) != expected {
            return Reply::Written(None);
        }
        self.revision += 1;
        for (watcher, number) in &self.watchers {
            effects.pushes.push((0, *watcher, Push::Key(*number, key, value.clone(), self.revision)));
        }
        if let (Key::Partition(_), Value::Partition(new)) = (key, &value) {
            let old = match self.keys.get(&key) {
                Some((Value::Partition(old), _)) => old.owner.as_ref(),
                _ => None,
            };
            if new.releasing {
                effects.counts.add(Rare::AskedBack);
            } else if new.owner.is_some() && old.is_some() && old != new.owner.as_ref() {
                effects.counts.add(Rare::Takeover);
            }
        }
        self.keys.insert(key, (value, self.revision));
        Reply::Written(Some(self.revision))
    }

    fn mark(&self, store: StoreId) -> Mark {
        let pos_down = self.pos_down.get(&store).copied().unwrap_or(false);
        match self.outcomes.get(&store) {
            Some((fence, outcome)) => Mark { watermark: outcome.watermark, fence: *fence, pos_down },
            None => Mark { pos_down, ..Mark::default() },
        }
    }

    fn store_outcome(&mut self, outcome: Outcome, expected: Option<u64>, effects: &mut Effects<'_>) -> Reply {
        let store = outcome.order.store;
        let last = self.outcomes.get(&store).map_or(0, |(sequence, _)| *sequence);
        if expected.is_some_and(|expected| expected != last) {
            return Reply::WrongLast;
        }
        effects.judge.outcome(&outcome);
        self.outcomes_last += 1;
        self.outcomes.insert(store, (self.outcomes_last, outcome));
        Reply::Stored(self.outcomes_last)
    }

    /// kill -9 and restart: connections, readers and watches are gone, `QUEUES` has forgotten a few things.
    pub fn killed(&mut self, rng: &mut fastrand::Rng, counts: &mut Counts) {
        self.readers.clear();
        self.watchers.clear();
        self.queues.killed(rng, counts);
    }
}
