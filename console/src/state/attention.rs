//! What needs a person now, worst first. Derived from the rest of the state, never stored elsewhere.

use contract::heartbeat::SILENT_MS;
use contract::order::OrderHead;
use contract::{InstanceId, OrderId, Service, StoreId, UtcMs};

use super::State;

/// Age since acceptance from which a waiting order is worth a look, in milliseconds.
pub const AGEING_WARN_MS: i64 = 2 * 60 * 1_000;

/// Age since acceptance from which a waiting order is a problem, in milliseconds: food promised in half an hour.
pub const AGEING_CRITICAL_MS: i64 = 5 * 60 * 1_000;

/// Readings (one a second) over which a queue must have grown to be called growing.
pub const GROWING_READINGS: usize = 30;

/// Growth over [`GROWING_READINGS`] from which a queue is called growing, in entries.
pub const GROWING_MIN: i64 = 5;

/// How long a refused payload stays on the list, in milliseconds.
pub const INVALID_SHOWN_MS: i64 = 15 * 60 * 1_000;

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
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// How bad.
    pub severity: Severity,
    /// About what.
    pub subject: Subject,
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
    /// Accepted and not handed over for longer than [`AGEING_WARN_MS`].
    Undistributed {
        /// How many.
        count: usize,
        /// The oldest.
        oldest: OrderHead,
    },
    /// Refused payloads within [`INVALID_SHOWN_MS`].
    Invalid {
        /// How many.
        count: usize,
        /// When the newest came.
        newest_at: UtcMs,
        /// Code of its first fault.
        code: String,
    },
}

/// The list for `state` at its own time.
pub fn derive(state: &State) -> Vec<Item> {
    let mut items = Vec::new();
    not_injected(state, &mut items);
    queues(state, &mut items);
    services(state, &mut items);
    undistributed(state, &mut items);
    if let (count, Some(newest)) = state.invalid.within(state.now, INVALID_SHOWN_MS) {
        let code = newest.faults.first().map_or_else(String::new, |fault| fault.code.clone());
        let what = What::Invalid { count, newest_at: newest.at, code };
        items.push(Item { severity: Severity::Warning, subject: Subject::Invalid, what });
    }
    items.sort_by_key(|item| (item.severity, kind_rank(&item.subject), std::cmp::Reverse(weight(item))));
    items.truncate(ITEMS_MAX);
    items
}

fn not_injected(state: &State, items: &mut Vec<Item>) {
    let Some(oldest) = state.orders.not_injected_oldest_first().next() else { return };
    let what = What::NotInjected {
        count: state.orders.not_injected_len(),
        oldest: oldest.pass.head.id(),
        since: oldest.pass.ended_at().unwrap_or(oldest.pass.head.received_at),
    };
    items.push(Item { severity: Severity::Critical, subject: Subject::NotInjected, what });
}

fn queues(state: &State, items: &mut Vec<Item>) {
    for queue in state.queues.iter() {
        let waits = queue.depth.is_none_or(|depth| depth > 0);
        let age_ms = queue.oldest_age_ms(state.now).unwrap_or(0);
        let growth = queue.growth(GROWING_READINGS).unwrap_or(0);
        let severity = if waits && (age_ms >= AGEING_CRITICAL_MS || queue.pos_down()) {
            Severity::Critical
        } else if queue.pos_down() || waits && (age_ms >= AGEING_WARN_MS || growth >= GROWING_MIN) {
            Severity::Warning
        } else {
            continue;
        };
        let what = What::Queue {
            depth: queue.depth,
            oldest_age_ms: queue.oldest_age_ms(state.now),
            pos_down: queue.pos_down(),
            growth,
        };
        items.push(Item { severity, subject: Subject::Queue(queue.store), what });
    }
}

fn services(state: &State, items: &mut Vec<Item>) {
    use contract::heartbeat::RunState;
    if !state.link.is_up() || state.is_stale() {
        return; // Without a connection everybody is silent; the banner says why.
    }
    for service in Service::ALL {
        let mut alive = 0;
        let mut known = 0;
        for instance in state.services.of(service) {
            if instance.is_stopped(state.now) {
                continue;
            }
            known += 1;
            let (service, name) = instance.key();
            if state.is_silent(instance) {
                let what = What::Silent { heard_at: instance.heard_at };
                items.push(Item { severity: Severity::Warning, subject: Subject::Silent(service, name), what });
            } else if matches!(instance.heartbeat.state, RunState::Paused | RunState::Draining) {
                let subject = Subject::Halted(service, name);
                items.push(Item { severity: Severity::Warning, subject, what: What::Halted });
            } else if service != Service::Distribuidor {
                alive += 1;
            }
            if let Some(sentence) = &instance.heartbeat.trouble
                && !state.is_silent(instance)
            {
                let subject = Subject::Troubled(service, instance.key().1);
                let what = What::Troubled { sentence: sentence.clone() };
                items.push(Item { severity: Severity::Critical, subject, what });
            }
        }
        // Before the first heartbeats arrive, nobody being there is no news.
        let settled = state.now.since(state.hearing_since) > SILENT_MS;
        // Of the distribuidores only the active one hands over: the others do not help while it is paused.
        if service == Service::Distribuidor {
            let heard_at = state.services.active_at();
            alive += usize::from(heard_at.is_some_and(|heard_at| state.now.since(heard_at) <= SILENT_MS));
        }
        if alive == 0 && settled && (known > 0 || !state.services.is_empty()) {
            let subject = Subject::NoService(service);
            items.push(Item { severity: Severity::Critical, subject, what: What::NoService });
        }
    }
}

fn undistributed(state: &State, items: &mut Vec<Item>) {
    use super::orders::OrderState;
    let mut late = state
        .orders
        .open_oldest_first()
        .take_while(|order| order.age_ms(state.now) >= AGEING_WARN_MS)
        .filter(|order| order.state() == OrderState::Accepted);
    let Some(oldest) = late.next() else { return };
    let severity = if oldest.age_ms(state.now) >= AGEING_CRITICAL_MS { Severity::Critical } else { Severity::Warning };
    let what = What::Undistributed { oldest: oldest.pass.head.clone(), count: 1 + late.count() };
    items.push(Item { severity, subject: Subject::Undistributed, what });
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
