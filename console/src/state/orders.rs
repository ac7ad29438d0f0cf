//! Orders, put together from the messages about them.
//!
//! Every message about an order carries its head, and each fact has a slot of its own that is set at most
//! to one value. So messages may come shuffled, twice, or not at all: the row is the same.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::{Decision, OrderHead, OrderId, Outcome, QueueEntry, StoreId, UtcMs};

use order::Class;
pub use order::Order;
pub use pass::{Attempt, End, Pass, Queued};

use names::Names;

mod names;
mod order;
mod pass;

/// Orders kept in memory. A busy country has 14-17 thousand on a weekend, so this is one of three countries; with about
/// 1,050 bytes for each that went its whole way, sets included, they measured 50 MiB.
pub const ORDERS_MAX: usize = 50_000;

/// Decisions kept for orders that are not known (yet): their orders follow within a reading of the streams.
const UNCLAIMED_MAX: usize = 1_000;

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
    /// It was not injected, and later went through or was called done by a person.
    Solved,
}

impl OrderState {
    /// All of them, worst first.
    pub const ALL: [Self; 6] =
        [Self::NotInjected, Self::Retrying, Self::Queued, Self::Accepted, Self::Injected, Self::Solved];

    /// Its stable name, as headless output shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Injected => "injected",
            Self::NotInjected => "not_injected",
            Self::Solved => "solved",
        }
    }

    /// Whether nothing more will happen by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Injected | Self::NotInjected | Self::Solved)
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
    by_id: HashMap<OrderId, Box<Order>>,
    /// Every order, newest first.
    places: BTreeSet<Place>,
    /// Those without an end, newest first.
    open: BTreeSet<Place>,
    /// The same by store.
    waiting: HashMap<StoreId, BTreeSet<Place>>,
    /// Those not injected, newest first.
    not_injected: BTreeSet<Place>,
    /// Those injected or solved, newest first: the first to go when there is no room.
    injected: BTreeSet<Place>,
    /// Decisions that came before their orders.
    unclaimed: BTreeMap<OrderId, Decision>,
    /// How many each store received at each moment.
    received: BTreeMap<(StoreId, UtcMs), u64>,
    /// The names of instances, which are the same in all of them.
    names: Names,
    /// Orders forgotten for want of room.
    pub evicted: u64,
    /// When the youngest of these was received.
    pub forgotten: Option<UtcMs>,
    /// How often an order came, went or changed its place.
    moves: u64,
}

impl Orders {
    /// The order with this identity.
    pub fn get(&self, id: &OrderId) -> Option<&Order> {
        self.by_id.get(id).map(Box::as_ref)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many there have been, forgotten ones included.
    pub fn ever(&self) -> u64 {
        self.by_id.len() as u64 + self.evicted
    }

    /// All of them, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Order> {
        self.places.iter().filter_map(|(_, id)| self.get(id))
    }

    /// The identities of all of them, newest first.
    pub fn ids_newest_first(&self) -> impl DoubleEndedIterator<Item = &OrderId> {
        self.places.iter().map(|(_, id)| id)
    }

    /// Grows whenever [`Orders::ids_newest_first`] tells something else than before.
    pub const fn moves(&self) -> u64 {
        self.moves
    }

    /// Those that pass, newest first. Orders are looked at as they lie in memory, and only the few that pass are sorted:
    /// a filter over all of them is asked at every key.
    pub fn passing(&self, passes: impl Fn(&Order) -> bool) -> Vec<&Order> {
        let mut found: Vec<&Order> = self.by_id.values().map(Box::as_ref).filter(|order| passes(order)).collect();
        found.sort_unstable_by(|a, b| {
            let (a, b) = (&a.pass.head, &b.pass.head);
            b.received_at.cmp(&a.received_at).then_with(|| (a.store, &a.code).cmp(&(b.store, &b.code)))
        });
        found
    }

    /// Those that have no end yet, oldest first.
    pub fn open_oldest_first(&self) -> impl Iterator<Item = &Order> {
        self.open.iter().rev().filter_map(|(_, id)| self.get(id))
    }

    /// How many have no end yet.
    pub fn open_len(&self) -> usize {
        self.open.len()
    }

    /// Those not injected, oldest first.
    pub fn not_injected_oldest_first(&self) -> impl Iterator<Item = &Order> {
        self.not_injected.iter().rev().filter_map(|(_, id)| self.get(id))
    }

    /// How many were not injected.
    pub fn not_injected_len(&self) -> usize {
        self.not_injected.len()
    }

    /// What waits for a store, as far as known, in order of acceptance.
    pub fn waiting_at(&self, store: StoreId) -> Vec<&Order> {
        let places = self.waiting.get(&store).into_iter().flat_map(|places| places.iter().rev());
        let mut waiting: Vec<&Order> = places.filter_map(|(_, id)| self.get(id)).collect();
        waiting.sort_by_key(|order| (order.pass.intake.unwrap_or(u64::MAX), order.pass.head.received_at));
        waiting
    }

    /// How many of those kept a store received at `from` or later.
    pub fn received_since(&self, store: StoreId, from: UtcMs) -> u64 {
        self.received.range((store, from)..=(store, UtcMs::from_millis(i64::MAX))).map(|(_, count)| count).sum()
    }

    /// Takes an accepted order, or its reinjection with the decision that asked for it.
    pub fn accept(&mut self, head: OrderHead, intake: Option<u64>, decision: Option<Decision>, place: &str) -> Change {
        self.merge(head, place, |pass, _| {
            pass.acceptance_seen = true;
            pass.intake = pass.intake.or(intake);
            pass.decision = pass.decision.take().or_else(|| decision.map(Box::new));
        })
    }

    /// Takes a hand-over.
    pub fn queue(&mut self, entry: QueueEntry, place: &str) -> Change {
        let QueueEntry { order, intake, queued_at, by, .. } = entry;
        self.merge(order, place, |pass, names| {
            pass.intake = pass.intake.or(Some(intake));
            pass.queue_at(Queued { at: queued_at, by: names.shared(by) });
        })
    }

    /// Takes an end.
    pub fn end(&mut self, outcome: Outcome, place: &str) -> Change {
        let Outcome { order, intake, queue_seq, queued_at, queued_by, attempts, pos_ms, at, by, ending, .. } = outcome;
        self.merge(order, place, |pass, names| {
            pass.intake = pass.intake.or(Some(intake));
            pass.queue_at(Queued { at: queued_at, by: names.shared(queued_by) });
            pass.end(End { at, by: names.shared(by), queue_seq, attempts, pos_ms, ending });
        })
    }

    /// Takes a failed attempt.
    pub fn fail(&mut self, head: OrderHead, intake: u64, attempt: Attempt, place: &str) -> Change {
        self.merge(head, place, |pass, names| {
            pass.intake = pass.intake.or(Some(intake));
            pass.fail(Attempt { by: names.shared(attempt.by), ..attempt });
        })
    }

    /// Takes the decision that nothing more is to be done about an order.
    pub fn solve(&mut self, id: &OrderId, decision: Decision) {
        let Some(order) = self.by_id.get_mut(id) else {
            if self.unclaimed.len() < UNCLAIMED_MAX {
                self.unclaimed.insert(id.clone(), decision);
            }
            return;
        };
        let before = order.state();
        if order.solved.as_ref().is_none_or(|known| known.of < decision.of) {
            order.solved = Some(Box::new(decision));
        }
        order.restate();
        let (received_at, after) = (order.pass.head.received_at, order.state());
        self.place(&(std::cmp::Reverse(received_at), id.clone()), Some(before.into()), after.into());
    }

    /// Rewrites the words of a store's orders, after its name became known or changed.
    pub fn reword(&mut self, store: StoreId, place: &str) {
        for order in self.by_id.values_mut().filter(|order| order.pass.head.store == store) {
            order.reword(place);
        }
    }

    fn merge(&mut self, head: OrderHead, place: &str, set: impl FnOnce(&mut Pass, &mut Names)) -> Change {
        let id = head.id();
        let (before, order, head) = match self.by_id.entry(id.clone()) {
            Entry::Occupied(known) => {
                let order = known.into_mut();
                (Some((order.pass.head.received_at, order.state())), order, Some(head))
            }
            Entry::Vacant(room) => (None, room.insert(Box::new(Order::new(self.names.of_head(head)))), None),
        };
        let (pass, renewed) = match head {
            Some(head) => order.pass_of(head),
            None => (&mut order.pass, true),
        };
        let ended_before = pass.outcome.is_some();
        set(pass, &mut self.names);
        let ended = pass.outcome.is_some() && !ended_before;
        if !self.unclaimed.is_empty()
            && let Some(decision) = self.unclaimed.remove(&id)
        {
            order.solved = Some(Box::new(decision));
        }
        let after = order.state();
        if renewed {
            order.reword(place);
        } else if before.is_some_and(|(_, state)| state != after) {
            order.restate();
        }
        let key = (std::cmp::Reverse(order.pass.head.received_at), id);
        match before {
            Some((received_at, state)) if received_at == key.0.0 => self.place(&key, Some(state.into()), after.into()),
            Some((received_at, state)) => {
                let before = (std::cmp::Reverse(received_at), key.1.clone());
                self.unplace(&before, state.into());
                self.unreceive(&before);
                self.receive(&key);
                self.place(&key, None, after.into());
            }
            None => {
                self.receive(&key);
                self.place(&key, None, after.into());
            }
        }
        let new = before.is_none();
        if new && self.evict().as_ref() == Some(&key) {
            return Change::default(); // Older than all the others: there is no room for it.
        }
        Change { new, ended }
    }

    /// Puts an order where it belongs, and takes it from where it was, if it was anywhere.
    fn place(&mut self, key: &Place, before: Option<Class>, after: Class) {
        if before == Some(after) {
            return;
        }
        match before {
            Some(before) => self.leave(key, before),
            None => self.moves += u64::from(self.places.insert(key.clone())),
        }
        if after == Class::Open {
            self.waiting.entry(key.1.store).or_default().insert(key.clone());
        }
        self.of(after).insert(key.clone());
    }

    fn unplace(&mut self, key: &Place, class: Class) {
        self.moves += u64::from(self.places.remove(key));
        self.leave(key, class);
    }

    fn leave(&mut self, key: &Place, class: Class) {
        self.of(class).remove(key);
        if class == Class::Open {
            self.wait_no_more(key);
        }
    }

    const fn of(&mut self, class: Class) -> &mut BTreeSet<Place> {
        match class {
            Class::Open => &mut self.open,
            Class::NotInjected => &mut self.not_injected,
            Class::Done => &mut self.injected,
        }
    }

    fn wait_no_more(&mut self, key: &Place) {
        if let Some(places) = self.waiting.get_mut(&key.1.store) {
            places.remove(key);
            if places.is_empty() {
                self.waiting.remove(&key.1.store);
            }
        }
    }

    fn receive(&mut self, (at, id): &Place) {
        *self.received.entry((id.store, at.0)).or_default() += 1;
    }

    fn unreceive(&mut self, (at, id): &Place) {
        let moment = (id.store, at.0);
        if let Some(count) = self.received.get_mut(&moment) {
            *count -= 1;
            if *count == 0 {
                self.received.remove(&moment);
            }
        }
    }

    /// Makes room for one more: the oldest injected order goes first, then the oldest of all. Returns which one went.
    fn evict(&mut self) -> Option<Place> {
        if self.by_id.len() <= ORDERS_MAX {
            return None;
        }
        let place = self.injected.last().or_else(|| self.places.last()).cloned()?;
        if let Some(order) = self.by_id.remove(&place.1) {
            self.unplace(&place, order.state().into());
        }
        self.unreceive(&place);
        self.evicted += 1;
        self.forgotten = self.forgotten.max(Some(place.0.0));
        Some(place)
    }
}
