//! Orders, put together from the messages about them.
//!
//! Every message about an order carries its head, and each fact has a slot of its own that is set at most
//! to one value. So messages may come shuffled, twice, or not at all: the row is the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::event::FailReason;
use contract::order::{Ending, Origin};
use contract::{OrderHead, OrderId, Outcome, QueueEntry, StoreId, UtcMs};

use crate::filter;

/// Orders kept in memory. A busy country has 14-17 thousand on a weekend; at about 1.5 KiB an order this is 30 MiB.
pub const ORDERS_MAX: usize = 20_000;

/// Failed attempts kept for one order: the schedule has fewer than ten, takeovers and reinjections repeat it.
pub const ATTEMPTS_MAX: usize = 64;

/// Where an order is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// The POS refused it or retries were used up; waits for a person.
    NotInjected,
    /// At least one attempt failed, another is to come.
    Retrying,
    /// Waits for injection.
    Queued,
    /// Stored, not yet handed over.
    Accepted,
    /// The POS has it.
    Injected,
}

impl OrderState {
    /// All of them, worst first.
    pub const ALL: [Self; 5] = [Self::NotInjected, Self::Retrying, Self::Queued, Self::Accepted, Self::Injected];

    /// Its stable name, as headless output shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Injected => "injected",
            Self::NotInjected => "not_injected",
        }
    }

    /// Whether nothing more will happen by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Injected | Self::NotInjected)
    }
}

/// The hand-over to the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// When.
    pub at: UtcMs,
    /// The distribuidor that did it.
    pub by: Origin,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When its failure was known.
    pub at: UtcMs,
    /// The resolver.
    pub by: Origin,
    /// Number of the attempt, from 1; starts anew when another resolver takes over.
    pub number: u32,
    /// How many there will be at most.
    pub number_max: u32,
    /// Why it failed.
    pub reason: FailReason,
    /// One sentence.
    pub detail: String,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// When the next one is due.
    pub retry_at: Option<UtcMs>,
}

/// One order with everything known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Identity and what tables show.
    pub head: OrderHead,
    /// Whether its own message of stream `ORDERS` was seen. If not, the row was put together from later steps.
    pub acceptance_seen: bool,
    /// Its sequence in `ORDERS`, once known.
    pub intake: Option<u64>,
    /// The hand-over, once known.
    pub queued: Option<Queued>,
    /// Failed attempts, oldest first.
    attempts: BTreeMap<(UtcMs, String, u32), Attempt>,
    /// How it ended, once known.
    pub outcome: Option<Outcome>,
    /// Words that the filter looks at, folded.
    words: String,
}

impl Order {
    fn new(head: OrderHead) -> Self {
        Self {
            head,
            acceptance_seen: false,
            intake: None,
            queued: None,
            attempts: BTreeMap::new(),
            outcome: None,
            words: String::new(),
        }
    }

    /// Where it is on its way.
    pub fn state(&self) -> OrderState {
        match self.outcome.as_ref().map(|outcome| &outcome.ending) {
            Some(Ending::Injected { .. }) => OrderState::Injected,
            Some(Ending::NotInjected { .. }) => OrderState::NotInjected,
            None if !self.attempts.is_empty() => OrderState::Retrying,
            None if self.queued.is_some() => OrderState::Queued,
            None => OrderState::Accepted,
        }
    }

    /// Attempts made, as far as known.
    pub fn attempts_made(&self) -> u32 {
        let failed = self.attempts.values().map(|attempt| attempt.number).max().unwrap_or(0);
        self.outcome.as_ref().map_or(failed, |outcome| outcome.attempts.max(failed))
    }

    /// Failed attempts, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.attempts.values()
    }

    /// The last failed attempt.
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.values().next_back()
    }

    /// When its way ended.
    pub fn ended_at(&self) -> Option<UtcMs> {
        self.outcome.as_ref().map(|outcome| outcome.at)
    }

    /// Age in milliseconds: until its end when it has one, until `now` otherwise. Never negative.
    pub fn age_ms(&self, now: UtcMs) -> i64 {
        self.ended_at().unwrap_or(now).since(self.head.received_at).max(0)
    }

    /// Folded words for the filter.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Sets the words that a person sees in the row, store name included.
    fn reword(&mut self, place: &str) {
        let head = &self.head;
        self.words = filter::fold(&format!(
            "{} {} {} {} {} {} {} {} {}",
            head.id(),
            head.code,
            head.store,
            place,
            head.channel.label(),
            head.by.cloud,
            head.country,
            filter::order_state_words(self.state()),
            if head.test { "prueba test" } else { "" },
        ));
    }
}

/// What taking a fact changed; the pulse counts from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// The order was not known before.
    pub new: bool,
    /// Its end was not known before.
    pub ended: bool,
}

/// Newest first; the identity breaks ties.
type Place = (std::cmp::Reverse<UtcMs>, OrderId);

/// Orders by identity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Orders {
    by_id: HashMap<OrderId, Order>,
    /// Every order, newest first.
    places: BTreeSet<Place>,
    /// Those without an end, newest first.
    open: BTreeSet<Place>,
    /// Those not injected, newest first.
    not_injected: BTreeSet<Place>,
    /// Those injected, newest first: the first to go when there is no room.
    injected: BTreeSet<Place>,
    /// Orders forgotten for want of room.
    pub evicted: u64,
}

impl Orders {
    /// The order with this identity.
    pub fn get(&self, id: &OrderId) -> Option<&Order> {
        self.by_id.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// All of them, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Order> {
        self.places.iter().filter_map(|(_, id)| self.by_id.get(id))
    }

    /// Those that have no end yet, oldest first.
    pub fn open_oldest_first(&self) -> impl Iterator<Item = &Order> {
        self.open.iter().rev().filter_map(|(_, id)| self.by_id.get(id))
    }

    /// How many have no end yet.
    pub fn open_len(&self) -> usize {
        self.open.len()
    }

    /// Those not injected, oldest first.
    pub fn not_injected_oldest_first(&self) -> impl Iterator<Item = &Order> {
        self.not_injected.iter().rev().filter_map(|(_, id)| self.by_id.get(id))
    }

    /// How many were not injected.
    pub fn not_injected_len(&self) -> usize {
        self.not_injected.len()
    }

    /// What waits for a store, as far as known, in order of acceptance.
    pub fn waiting_at(&self, store: StoreId) -> Vec<&Order> {
        let mut waiting: Vec<&Order> = self.open_oldest_first().filter(|order| order.head.store == store).collect();
        waiting.sort_by_key(|order| (order.intake.unwrap_or(u64::MAX), order.head.received_at));
        waiting
    }

    /// Takes an accepted order.
    pub fn accept(&mut self, head: &OrderHead, intake: Option<u64>, place: &str) -> Change {
        self.merge(head, place, |order| {
            order.acceptance_seen = true;
            order.intake = order.intake.or(intake);
        })
    }

    /// Takes a hand-over.
    pub fn queue(&mut self, entry: &QueueEntry, place: &str) -> Change {
        self.merge(&entry.order, place, |order| {
            order.intake = order.intake.or(Some(entry.intake));
            order.queue_at(Queued { at: entry.queued_at, by: entry.by.clone() });
        })
    }

    /// Takes an end.
    pub fn end(&mut self, outcome: &Outcome, place: &str) -> Change {
        self.merge(&outcome.order, place, |order| {
            order.intake = order.intake.or(Some(outcome.intake));
            order.queue_at(Queued { at: outcome.queued_at, by: outcome.queued_by.clone() });
            // An order has one end; should it ever get another (reinjected), the later one counts.
            let later = |known: &Outcome| (known.at, known.queue_seq) < (outcome.at, outcome.queue_seq);
            if order.outcome.as_ref().is_none_or(later) {
                order.outcome = Some(outcome.clone());
            }
        })
    }

    /// Takes a failed attempt.
    pub fn fail(&mut self, head: &OrderHead, intake: u64, attempt: Attempt, place: &str) -> Change {
        self.merge(head, place, |order| {
            order.intake = order.intake.or(Some(intake));
            order.attempts.insert((attempt.at, attempt.by.instance.to_string(), attempt.number), attempt);
            if order.attempts.len() > ATTEMPTS_MAX {
                order.attempts.pop_first();
            }
        })
    }

    /// Rewrites the words of a store's orders, after its name became known or changed.
    pub fn reword(&mut self, store: StoreId, place: &str) {
        for order in self.by_id.values_mut().filter(|order| order.head.store == store) {
            order.reword(place);
        }
    }

    fn merge(&mut self, head: &OrderHead, place: &str, set: impl FnOnce(&mut Order)) -> Change {
        let id = head.id();
        let known = self.by_id.get(&id);
        let new = known.is_none();
        let ended_before = known.is_some_and(|order| order.outcome.is_some());
        let order = self.by_id.entry(id.clone()).or_insert_with(|| Order::new(head.clone()));
        // Two heads of one identity differ only when somebody forged one; take the same one whatever comes first.
        let rank = |head: &OrderHead| (head.received_at, head.sha256.as_str().to_owned());
        let before = (std::cmp::Reverse(order.head.received_at), id.clone());
        if rank(head) < rank(&order.head) {
            order.head = head.clone();
        }
        set(order);
        order.reword(place);
        let key = (std::cmp::Reverse(order.head.received_at), id);
        let state = order.state();
        if before != key {
            self.unplace(&before);
        }
        self.place(&key, state);
        if new && self.evict().as_ref() == Some(&key) {
            return Change::default(); // Older than all the others: there is no room for it.
        }
        Change { new, ended: state.is_final() && !ended_before }
    }

    fn place(&mut self, key: &Place, state: OrderState) {
        self.unplace(key);
        self.places.insert(key.clone());
        let set = match state {
            OrderState::Injected => &mut self.injected,
            OrderState::NotInjected => &mut self.not_injected,
            OrderState::Accepted | OrderState::Queued | OrderState::Retrying => &mut self.open,
        };
        set.insert(key.clone());
    }

    fn unplace(&mut self, key: &Place) {
        for set in [&mut self.places, &mut self.open, &mut self.not_injected, &mut self.injected] {
            set.remove(key);
        }
    }

    /// Makes room for one more: the oldest injected order goes first, then the oldest of all. Returns which one went.
    fn evict(&mut self) -> Option<Place> {
        if self.by_id.len() <= ORDERS_MAX {
            return None;
        }
        let place = self.injected.last().or_else(|| self.places.last()).cloned()?;
        self.unplace(&place);
        self.by_id.remove(&place.1);
        self.evicted += 1;
        Some(place)
    }
}

impl Order {
    /// A later hand-over (by a new distribuidor that repeats) does not move the first one.
    fn queue_at(&mut self, queued: Queued) {
        let earlier =
            |known: &Queued| (queued.at, queued.by.instance.as_str()) < (known.at, known.by.instance.as_str());
        if self.queued.as_ref().is_none_or(earlier) {
            self.queued = Some(queued);
        }
    }
}
