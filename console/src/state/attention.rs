//! What needs a person now, worst first. Derived from the rest of the state, never stored elsewhere.

pub mod handled;

use std::collections::BTreeMap;

use contract::heartbeat::SILENT_MS;
use contract::order::OrderHead;
use contract::{InstanceId, OrderId, Service, StoreId, UtcMs};

use super::State;
use super::orders::{Order, OrderState};
use super::services::InstanceKey;

/// Readings (one a second) over which a queue must have grown to be called growing.
pub const GROWING_READINGS: usize = 30;

/// Most items; the screen shows fewer. What is left out is the least severe.
pub const ITEMS_MAX: usize = 200;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody goes without food unless a person acts.
    Critical,
    /// May become so.
    Warning,
}

/// What an item is about; its identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Orders that were not injected.
    NotInjected,
    /// A store's queue: ageing, growing, or its POS down.
    Queue(StoreId),
    /// A service that has no instance that works; of the distribuidor, no active one.
    NoService(Service),
    /// An instance that is silent.
    Silent(Service, InstanceId),
    /// An instance that says what keeps it from working.
    Troubled(Service, InstanceId),
    /// An instance that was paused or drained by hand.
    Halted(Service, InstanceId),
    /// Accepted orders that nobody hands over.
    Undistributed,
    /// Refused payloads.
    Invalid,
    /// An instance whose clock is far from this machine's; without one this machine's own, far from all of theirs.
    Clock(Option<InstanceKey>),
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// How bad.
    pub severity: Severity,
    /// About what.
    pub subject: Subject,
    /// Whether a person has seen it, and said so.
    pub acknowledged: bool,
    /// The figures to show.
    pub what: What,
}

/// The figures of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Orders not injected.
    NotInjected {
        /// How many are known.
        count: usize,
        /// The oldest of them.
        oldest: OrderId,
        /// When its end was known.
        since: UtcMs,
    },
    /// A store's queue.
    Queue {
        /// Entries waiting; `None` when not known.
        depth: Option<u64>,
        /// Age of the oldest, in milliseconds.
        oldest_age_ms: Option<i64>,
        /// How bad the age of what waits is, by the thresholds of its channels.
        aged: Option<Severity>,
        /// Whether its POS counts as down.
        pos_down: bool,
        /// By how much it grew over [`GROWING_READINGS`].
        growth: i64,
    },
    /// Nobody does this service's work.
    NoService,
    /// Silence.
    Silent {
        /// When it was last heard.
        heard_at: UtcMs,
    },
    /// What keeps an instance from working.
    Troubled {
        /// In its own words.
        sentence: String,
    },
    /// Paused or draining.
    Halted,
    /// Accepted, not handed over, and worth a look by its age.
    Undistributed {
        /// How many.
        count: usize,
        /// The oldest.
        oldest: OrderHead,
    },
    /// Refused payloads that came lately.
    Invalid {
        /// Within how many milliseconds.
        within_ms: i64,
        /// How many.
        count: usize,
        /// When the newest came.
        newest_at: UtcMs,
        /// Code of its first fault.
        code: String,
    },
    /// A clock that is wrong.
    Clock {
        /// By how much, in milliseconds; above 0 it is ahead.
        ahead_ms: i64,
    },
}

impl Item {
    const fn new(severity: Severity, subject: Subject, what: What) -> Self {
        Self { severity, subject, acknowledged: false, what }
    }
}

/// The list for `state` at its own time, as [`sort`] has it; what persons did about it comes on top ([`handled`]).
pub fn derive(state: &State) -> Vec<Item> {
    let mut items = Vec::new();
    not_injected(state, &mut items);
    queues(state, &mut items);
    services(state, &mut items);
    // What waits in a queue is no longer in a stream once it is done: a replay cannot tell what was not handed over.
    if !state.is_from_streams() {
        undistributed(state, &mut items);
    }
    let within_ms = state.settings.attention.invalid_for.0;
    if let (count, Some(newest)) = state.invalid.within(state.now, within_ms) {
        let code = newest.faults.first().map_or_else(String::new, |fault| fault.code.clone());
        let what = What::Invalid { within_ms, count, newest_at: newest.at, code };
        items.push(Item::new(Severity::Warning, Subject::Invalid, what));
    }
    clocks(state, &mut items);
    sort(&mut items);
    items.truncate(ITEMS_MAX);
    items
}

/// Worst first: by severity; what nobody has acknowledged before what somebody has; by kind, the more it stops the earlier
/// (nobody works, an instance in trouble, not injected, not handed over, a store's queue, silence, a pause, refused payloads,
/// clocks); and among queues the one whose oldest order waits longest.
pub fn sort(items: &mut [Item]) {
    items.sort_by_key(|item| {
        (item.severity, item.acknowledged, kind_rank(&item.subject), std::cmp::Reverse(weight(item)))
    });
}

/// Clocks that are far from this machine's. When all of several instances are off to the same side it is this one that is
/// wrong, as far as can be told.
fn clocks(state: &State, items: &mut Vec<Item>) {
    let most_ms = state.settings.attention.clock_skew.0;
    let living = || state.services.iter().filter(|instance| !instance.is_silent(state.now));
    let known: Vec<i64> = living().filter_map(super::services::Instance::ahead_ms).collect();
    let off = |ahead_ms: &i64| ahead_ms.abs() > most_ms;
    let (all_ahead, all_behind) =
        (known.iter().all(|ms| off(ms) && *ms > 0), known.iter().all(|ms| off(ms) && *ms < 0));
    if known.len() > 1 && (all_ahead || all_behind) {
        let theirs = known.iter().copied().min_by_key(|ms| ms.abs()).unwrap_or(0);
        let what = What::Clock { ahead_ms: -theirs };
        return items.push(Item::new(Severity::Warning, Subject::Clock(None), what));
    }
    for instance in living() {
        if let Some(ahead_ms) = instance.ahead_ms().filter(off) {
            let subject = Subject::Clock(Some(instance.key()));
            items.push(Item::new(Severity::Warning, subject, What::Clock { ahead_ms }));
        }
    }
}

fn not_injected(state: &State, items: &mut Vec<Item>) {
    let Some(oldest) = state.orders.not_injected_oldest_first().next() else { return };
    let what = What::NotInjected {
        count: state.orders.not_injected_len(),
        oldest: oldest.pass.head.id(),
        since: oldest.pass.ended_at().unwrap_or(oldest.pass.head.received_at),
    };
    items.push(Item::new(Severity::Critical, Subject::NotInjected, what));
}

/// Orders without an end whose age is worth a look, oldest first, with how bad that is.
fn late(state: &State) -> impl Iterator<Item = (&Order, Severity)> {
    let settings = state.settings.attention;
    let old = move |order: &&Order| order.age_ms(state.now) >= settings.youngest_warn_ms();
    state.orders.open_oldest_first().take_while(old).filter_map(move |order| {
        let severity = settings.ageing(order.pass.head.channel).severity(order.age_ms(state.now))?;
        Some((order, severity))
    })
}

fn queues(state: &State, items: &mut Vec<Item>) {
    let settings = &state.settings.attention;
    // The head is the oldest, but an order behind it may be of a channel with less patience.
    let mut behind: BTreeMap<StoreId, Severity> = BTreeMap::new();
    for (order, severity) in late(state).filter(|(order, _)| order.state() != OrderState::Accepted) {
        let head = &order.pass.head;
        let oldest = state.queues.get(head.store).and_then(|queue| queue.oldest.as_ref());
        // One older than the head waits no more: only the news of its end is missing.
        if oldest.is_none_or(|oldest| head.received_at >= oldest.order.received_at) {
            let worst = behind.entry(head.store).or_insert(severity);
            *worst = severity.min(*worst);
        }
    }
    for queue in state.queues.iter() {
        let waits = queue.depth.is_none_or(|depth| depth > 0);
        let growth = queue.growth(GROWING_READINGS).unwrap_or(0);
        let oldest = queue.oldest.as_ref().and_then(|oldest| {
            settings.ageing(oldest.order.channel).severity(state.now.since(oldest.order.received_at))
        });
        // The least is the worst.
        let aged = oldest.into_iter().chain(behind.get(&queue.store).copied()).min().filter(|_| waits);
        let severity = if waits && queue.pos_down() || aged == Some(Severity::Critical) {
            Severity::Critical
        } else if queue.pos_down() || aged.is_some() || waits && growth >= i64::from(settings.growing) {
            Severity::Warning
        } else {
            continue;
        };
        let what = What::Queue {
            depth: queue.depth,
            oldest_age_ms: queue.oldest_age_ms(state.now),
            aged,
            pos_down: queue.pos_down(),
            growth,
        };
        items.push(Item::new(severity, Subject::Queue(queue.store), what));
    }
}

fn services(state: &State, items: &mut Vec<Item>) {
    use contract::heartbeat::RunState;
    if !state.link.is_up() || state.is_stale() {
        return; // Without a connection everybody is silent; the banner says why.
    }
    let silent_after_ms = state.settings.attention.silent_after.0;
    for service in Service::ALL {
        let mut alive = 0;
        let mut known = 0;
        for instance in state.services.of(service) {
            if instance.is_stopped(state.now) {
                continue;
            }
            known += 1;
            let (service, name) = instance.key();
            let silent = state.is_silent(instance) && instance.silent_ms(state.now) > silent_after_ms;
            if silent {
                let what = What::Silent { heard_at: instance.heard_at };
                items.push(Item::new(Severity::Warning, Subject::Silent(service, name), what));
            } else if matches!(instance.heartbeat.state, RunState::Paused | RunState::Draining) {
                let subject = Subject::Halted(service, name);
                items.push(Item::new(Severity::Warning, subject, What::Halted));
            } else if service != Service::Distribuidor {
                alive += 1;
            }
            if let Some(sentence) = &instance.heartbeat.trouble
                && !silent
            {
                let subject = Subject::Troubled(service, instance.key().1);
                let what = What::Troubled { sentence: sentence.clone() };
                items.push(Item::new(Severity::Critical, subject, what));
            }
        }
        // Before the first heartbeats arrive, nobody being there is no news.
        let settled = state.now.since(state.hearing_since) > SILENT_MS;
        // Of the distribuidores only the active one hands over: the others do not help while it is paused.
        if service == Service::Distribuidor {
            let heard_at = state.services.active_at();
            alive += usize::from(heard_at.is_some_and(|heard_at| state.now.since(heard_at) <= silent_after_ms));
        }
        if alive == 0 && settled && (known > 0 || !state.services.is_empty()) {
            let subject = Subject::NoService(service);
            items.push(Item::new(Severity::Critical, subject, What::NoService));
        }
    }
}

fn undistributed(state: &State, items: &mut Vec<Item>) {
    let mut late = late(state).filter(|(order, _)| order.state() == OrderState::Accepted);
    let Some((oldest, mut severity)) = late.next() else { return };
    let mut count = 1;
    for (_, other) in late {
        count += 1;
        severity = severity.min(other);
    }
    let what = What::Undistributed { oldest: oldest.pass.head.clone(), count };
    items.push(Item::new(severity, Subject::Undistributed, what));
}

/// Among equally severe items, which kind comes first.
const fn kind_rank(subject: &Subject) -> u8 {
    match subject {
        Subject::NoService(_) => 0,
        Subject::Troubled(..) => 1,
        Subject::NotInjected => 2,
        Subject::Undistributed => 3,
        Subject::Queue(_) => 4,
        Subject::Silent(..) => 5,
        Subject::Halted(..) => 6,
        Subject::Invalid => 7,
        Subject::Clock(_) => 8,
    }
}

/// Among items of one kind, the heavier comes first.
fn weight(item: &Item) -> i64 {
    match &item.what {
        What::Queue { oldest_age_ms, depth, .. } => {
            oldest_age_ms.unwrap_or_else(|| depth.unwrap_or(0).try_into().unwrap_or(i64::MAX))
        }
        _ => 0,
    }
}
