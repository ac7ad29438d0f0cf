//! Judges at every step, from what reaches the streams and the POS; what a process believes has no say in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use contract::order::Ending;
use contract::{OrderHead, Outcome, QueueEntry, StoreId};

use crate::rare::{Counts, Rare};

/// A promise of the order path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// Every accepted order ends, and what counts as injected is at its POS.
    NoLoss,
    /// No order ends twice, none is sent once it is done.
    NoDuplicate,
    /// First-in first-out per store.
    Fifo,
    /// One owner of a store at a time.
    OneOwner,
    /// Everything drains in bounded time once nothing is broken any more.
    Liveness,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub promise: Promise,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} broken: {}", self.promise, self.what)
    }
}

/// One payload that leaves a resolver.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// The order.
    pub entry: &'a QueueEntry,
    /// Its sender: process, run, session.
    pub sender: (usize, u32, u64),
    /// Under which epoch the sender owns the store.
    pub epoch: u64,
    /// The store's watermark as it stands in `OUTCOMES`.
    pub watermark: u64,
    /// Processes that would send to this store right now.
    pub owners: usize,
}

#[derive(Debug, Default)]
struct Store {
    /// Epoch of the last sending.
    epoch: u64,
    /// Senders that wait for the POS.
    on_the_wire: BTreeSet<(usize, u32, u64)>,
    /// What each session was told of the watermark.
    told: BTreeMap<(usize, u32, u64), u64>,
    /// Intake sequences that were queued ...
    queued: BTreeSet<u64>,
    /// ... took effect.
    effects: Vec<u64>,
    /// ... ended; whether injected.
    ended: BTreeMap<u64, bool>,
}

/// The judge.
#[derive(Debug, Default)]
pub struct Judge {
    stores: BTreeMap<StoreId, Store>,
    /// Orders by code that took effect at their POS.
    cooked: BTreeSet<(StoreId, String)>,
    breach: Option<Breach>,
}

impl Judge {
    /// The first breach.
    pub const fn breach(&self) -> Option<&Breach> {
        self.breach.as_ref()
    }

    /// Finds a promise broken; only the first one counts.
    pub fn broken(&mut self, promise: Promise, what: impl FnOnce() -> String) {
        if self.breach.is_none() {
            self.breach = Some(Breach { promise, what: what() });
        }
    }

    /// An entry is stored in `QUEUES`.
    pub fn queued(&mut self, entry: &QueueEntry) {
        let (store, intake) = (entry.order.store, entry.intake);
        let queued = &mut self.stores.entry(store).or_default().queued;
        let again = queued.contains(&intake);
        let overtaken = queued.last().copied().filter(|last| *last > intake);
        queued.insert(intake);
        if let Some(last) = overtaken.filter(|_| !again) {
            self.broken(Promise::Fifo, || format!("store {store}: {intake} is queued behind {last}"));
        }
    }

    /// An entry leaves `QUEUES`.
    pub fn acknowledged(&mut self, entry: &QueueEntry) {
        let (store, intake) = (entry.order.store, entry.intake);
        if !self.stores.entry(store).or_default().ended.contains_key(&intake) {
            self.broken(Promise::NoLoss, || format!("store {store}: {intake} left the queue without an outcome"));
        }
    }

    /// A session was told how far the store is.
    pub fn told(&mut self, store: StoreId, sender: (usize, u32, u64), watermark: u64) {
        let told = self.stores.entry(store).or_default().told.entry(sender).or_default();
        *told = watermark.max(*told);
    }

    /// A payload leaves for its POS. Whether it was done behind the sender's back: a former owner may find out what
    /// became of its own payload while the next one is in doubt about the same order.
    pub fn sent(&mut self, sending: Sending<'_>) -> bool {
        let (store, intake) = (sending.entry.order.store, sending.entry.intake);
        let seen = self.stores.entry(store).or_default();
        let before = seen.epoch;
        seen.epoch = before.max(sending.epoch);
        let alone = seen.on_the_wire.insert(sending.sender);
        let told = seen.told.get(&sending.sender).copied().unwrap_or(0);
        if intake <= told {
            let mark = sending.watermark;
            self.broken(Promise::NoDuplicate, || format!("store {store}: {intake} is sent, done is {mark}"));
        }
        if sending.epoch < before {
            let epoch = sending.epoch;
            self.broken(Promise::OneOwner, || format!("store {store}: epoch {epoch} sends {intake} after {before}"));
        }
        if sending.owners > 1 {
            let owners = sending.owners;
            self.broken(Promise::OneOwner, || format!("store {store}: {owners} processes would send {intake}"));
        }
        if !alone {
            self.broken(Promise::Fifo, || format!("store {store}: {intake} is sent while another one is on the wire"));
        }
        told < intake && intake <= sending.watermark
    }

    /// The POS answered, or its answer is awaited no longer.
    pub fn answered(&mut self, store: StoreId, sender: (usize, u32, u64)) {
        self.stores.entry(store).or_default().on_the_wire.remove(&sender);
    }

    /// An order takes effect at its POS, which knows the idempotency key; `intake` is that of the payload that did it.
    pub fn took_effect(&mut self, order: &OrderHead, intake: u64) {
        self.stores.entry(order.store).or_default().effects.push(intake);
        self.cooked.insert((order.store, order.code.to_string()));
    }

    /// An outcome is stored.
    pub fn outcome(&mut self, outcome: &Outcome) {
        let (store, intake) = (outcome.order.store, outcome.intake);
        let injected = matches!(outcome.ending, Ending::Injected { .. });
        let cooked = self.cooked.contains(&(store, outcome.order.code.to_string()));
        let ended = &mut self.stores.entry(store).or_default().ended;
        let last = ended.last_key_value().map_or(0, |(last, _)| *last);
        let again = ended.insert(intake, injected).is_some();
        if again {
            self.broken(Promise::NoDuplicate, || format!("store {store}: {intake} ends twice"));
        } else if last > intake {
            self.broken(Promise::Fifo, || format!("store {store}: {intake} ends after {last}"));
        }
        if injected && !cooked {
            self.broken(Promise::NoLoss, || format!("store {store}: {intake} counts as injected, the POS has it not"));
        }
    }

    /// Whether every order of `orders` has ended.
    pub fn all_ended(&self, orders: &[Option<OrderHead>]) -> bool {
        self.waiting(orders).is_none()
    }

    /// The first that has not.
    fn waiting(&self, orders: &[Option<OrderHead>]) -> Option<(StoreId, u64)> {
        let orders = orders.iter().zip(1..).filter_map(|(order, intake)| Some((order.as_ref()?.store, intake)));
        let mut orders = orders;
        orders.find(|(store, intake)| !self.stores.get(store).is_some_and(|seen| seen.ended.contains_key(intake)))
    }

    /// The end: nothing is broken any more, and there was time enough.
    pub fn end(&mut self, orders: &[Option<OrderHead>], queued: usize, counts: &mut Counts) {
        if let Some((store, intake)) = self.waiting(orders) {
            let was_queued = self.stores.get(&store).is_some_and(|seen| seen.queued.contains(&intake));
            self.broken(Promise::Liveness, || format!("store {store}: {intake} has no outcome, queued: {was_queued}"));
        } else if queued > 0 {
            self.broken(Promise::Liveness, || format!("{queued} entries are left in QUEUES"));
        }
        let mut overtaken = None;
        for (store, seen) in &self.stores {
            let mut last = 0;
            for intake in &seen.effects {
                // What a POS took in silence while it was given up may take effect at any time: it is told apart by
                // its outcome.
                if seen.ended.get(intake) == Some(&false) {
                    counts.add(Rare::CookedAllTheSame);
                    continue;
                }
                if *intake < last {
                    overtaken.get_or_insert((*store, *intake, last));
                }
                last = last.max(*intake);
            }
        }
        if let Some((store, intake, last)) = overtaken {
            self.broken(Promise::Fifo, || format!("store {store}: {intake} takes effect after {last}"));
        }
    }
}
