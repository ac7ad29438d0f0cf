//! Why a change must not be made as things stand. Every change passes here: when it is previewed, when it is confirmed,
//! and right before its request goes out.

use contract::command::Verb;
use contract::heartbeat::RunState;
use contract::store::StoreState;
use contract::{InstanceId, Service, StoreId, stream};

use crate::effect::{Decide, Fence, Moving, Planned, PlannedOrder, Releasing};
use crate::operation::Kind;
use crate::state::access::TestOrders;
use crate::state::services::Instance;
use crate::state::{OrderState, Refusal, State};

/// Why nothing at all of this kind may be done right now, if so. What only reads goes past the lock: it changes nothing, and
/// nobody should have to unlock acting to look.
pub(in crate::update) fn at_all(state: &State, kind: Kind) -> Option<Refusal> {
    if state.playing.is_some() {
        return Some(Refusal::Replaying);
    }
    if state.access.is_locked(state.now) && !kind.only_reads() {
        return Some(Refusal::ReadOnly);
    }
    connected(state)
}

/// Why nothing can be sent right now, if so.
fn connected(state: &State) -> Option<Refusal> {
    if !state.link.is_up() {
        return Some(Refusal::NotConnected);
    }
    // What is known is what a change is judged by.
    state.is_stale().then_some(Refusal::Stale)
}

/// Why this change must not be made right now, if so.
pub(in crate::update) fn change(state: &State, kind: Kind, planned: &Planned) -> Option<Refusal> {
    let user = kind.operation().user();
    at_all(state, kind)
        .or_else(|| state.access.may_not_publish(&planned.subject()).map(|_| Refusal::Denied(user)))
        .or_else(|| thing(state, planned))
}

/// Why it makes no sense for what it is done to.
fn thing(state: &State, planned: &Planned) -> Option<Refusal> {
    match planned {
        Planned::Inject(order) => test_order(state, order).or_else(|| unserved(state, Service::Api)),
        Planned::Decide(decide) => decision(state, decide).or_else(|| unserved(state, Service::Api)),
        Planned::Release(release) => head(state, release),
        Planned::Command { service, instance, verb } => told(state, *service, instance, Some(*verb)),
        Planned::LogLevel { service, instance, .. } => told(state, *service, instance, None),
        Planned::Store { record, fence } => match (fence, state.stores.get(record.id)) {
            (Fence::Catalogue(_), Some(_)) => Some(Refusal::StoreExists(record.id)),
            (Fence::Catalogue(last), None) => (state.stores.last() != Some(*last)).then_some(Refusal::CatalogueChanged),
            (Fence::Record(revision), Some(known)) if known.revision == Some(*revision) => None,
            (Fence::Record(_), _) => Some(Refusal::StoreChanged(record.id)),
        },
        Planned::PingPos { instance, store } => owned(state, instance, *store),
        Planned::Move(moving) => moved(state, moving),
        // What is denied for one order is for all.
        Planned::Reveal(_) => {
            let denied = state.access.may_not_look(stream::ORDERS.name);
            denied.map(|_| Refusal::Denied(Kind::Reveal.operation().user()))
        }
    }
}

/// Test orders: nothing goes to a store that a kitchen's people did not agree to.
pub(super) fn test_store(state: &State, store: StoreId) -> Option<Refusal> {
    match &state.access.test_orders {
        TestOrders::Off => return Some(Refusal::TestOrdersOff),
        allowed if !allowed.may_go_to(store) => return Some(Refusal::TestStore(store)),
        _ => {}
    }
    match state.stores.get(store) {
        None => Some(Refusal::NoStore(store.to_string())),
        Some(known) if known.record.state_at(state.now) != StoreState::Open => Some(Refusal::StoreClosed(store)),
        Some(_) => None,
    }
}

fn test_order(state: &State, order: &PlannedOrder) -> Option<Refusal> {
    test_store(state, order.order.store)
}

fn decision(state: &State, decide: &Decide) -> Option<Refusal> {
    match state.orders.get(&decide.order).map(crate::state::Order::state) {
        None => Some(Refusal::OrderUnknown),
        Some(OrderState::NotInjected) => None,
        Some(other) => Some(Refusal::OrderIs(other)),
    }
}

fn head(state: &State, release: &Releasing) -> Option<Refusal> {
    let order = state.orders.get(&release.order);
    if let Some(over) = order.map(crate::state::Order::state).filter(|state| state.is_final()) {
        return Some(Refusal::OrderIs(over));
    }
    let store = release.order.store;
    let oldest = state.queues.get(store).and_then(|queue| queue.oldest.as_ref());
    match oldest {
        None => Some(Refusal::NothingWaits(store)),
        Some(oldest) if oldest.intake != release.intake => Some(Refusal::NotAtHead),
        Some(_) => owned(state, &release.instance, store),
    }
}

/// Whether `instance` still serves `store`, and lives.
fn owned(state: &State, instance: &InstanceId, store: StoreId) -> Option<Refusal> {
    match state.queues.owner(store) {
        Some(owner) if owner == instance => told(state, Service::Resolver, instance, None),
        _ => Some(Refusal::NoOwner(store)),
    }
}

fn moved(state: &State, moving: &Moving) -> Option<Refusal> {
    let active = (Service::Distribuidor, moving.instance.clone());
    if !state.services.get(&active).is_some_and(Instance::is_active) {
        return Some(Refusal::NoActive);
    }
    if state.queues.owner(moving.store) == Some(&moving.to) {
        return Some(Refusal::AlreadyOwner(moving.to.clone()));
    }
    told(state, Service::Distribuidor, &moving.instance, None)
        .or_else(|| told(state, Service::Resolver, &moving.to, None))
}

/// Whether nobody would take what any instance of `service` may. The server does not say so: this console listens to every
/// command, and so there is always somebody who hears it.
fn unserved(state: &State, service: Service) -> Option<Refusal> {
    let served = state.services.is_served(service, state.now, state.hearing_since);
    (served == Some(false)).then_some(Refusal::NoInstance(service))
}

/// Whether an instance can be told something, and is not what `verb` would make of it.
fn told(state: &State, service: Service, instance: &InstanceId, verb: Option<Verb>) -> Option<Refusal> {
    match state.services.get(&(service, instance.clone())) {
        None => Some(Refusal::NothingSelected),
        Some(known) if known.is_silent(state.now) || known.is_stopped(state.now) => {
            Some(Refusal::Silent(instance.clone()))
        }
        Some(known) if verb.and_then(expected) == Some(known.heartbeat.state) => {
            Some(Refusal::AlreadyThere(instance.clone(), known.heartbeat.state))
        }
        Some(_) => None,
    }
}

/// The state that heartbeats should show after a command, if they show it at all.
pub(in crate::update) const fn expected(verb: Verb) -> Option<RunState> {
    match verb {
        Verb::Pause => Some(RunState::Paused),
        Verb::Drain => Some(RunState::Draining),
        Verb::Resume => Some(RunState::Running),
        _ => None,
    }
}
