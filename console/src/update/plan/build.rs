//! From what is wanted to a plan: which requests, to the last byte, in which order.

use contract::command::Verb;
use contract::store::{StoreState, by_operator};
use contract::{CommandId, Country, Operator, OrderId, Service, StoreId, StoreRecord, UtcMs, VERSION};

use super::guard;
use crate::effect::{Decide, Fence, Moving, Planned, Releasing, Revealing, Verdict};
use crate::operation::Kind;
use crate::state::jobs::{BATCH_MAX, BEGUN_PER_SECOND};
use crate::state::plan::{Item, Plan, Wanted};
use crate::state::services::InstanceKey;
use crate::state::{Refusal, State};
use crate::template::{self, Kind as Template};

/// The plan for what is wanted; or why there is none. Ids come from the state's seed: a plan that is made again has others,
/// one that is sent again has the same.
pub fn build(state: &mut State, wanted: Wanted) -> Result<Plan, Refusal> {
    let kind = match &wanted {
        Wanted::PutStore(record) => wanted.kind(state.stores.get(record.id).is_some()),
        other => other.kind(false),
    };
    if let Wanted::Unlock = wanted {
        return unlock(state);
    }
    if let Some(refusal) = guard::at_all(state, kind) {
        return Err(refusal);
    }
    let mut differences = Vec::new();
    let mut pace = BEGUN_PER_SECOND;
    let mut named = None;
    let planned = match wanted {
        Wanted::Inject { template, store, count, pace: most } => {
            pace = most.clamp(1, BEGUN_PER_SECOND);
            inject(state, template, store, count)?
        }
        Wanted::Reinject(orders) => decide(state, orders, &Verdict::Reinject(None))?,
        Wanted::ReinjectEdited(order, draft, differs) => {
            differences = differs;
            named = Some(order.code.to_string());
            decide(state, vec![order], &Verdict::Reinject(Some(draft)))?
        }
        Wanted::Solve(orders) => decide(state, orders, &Verdict::Solve)?,
        Wanted::Release(store) => {
            named = code(state, store);
            vec![release(state, store)?]
        }
        Wanted::Tell(kind, (service, instance)) => {
            named = Some(instance.to_string());
            vec![Planned::Command { service, instance, verb: verb(kind).ok_or(Refusal::NothingSelected)? }]
        }
        Wanted::LogLevel((service, instance), filter) => vec![Planned::LogLevel { service, instance, filter }],
        Wanted::Move(store, to) => {
            named = code(state, store);
            let instance = active(state).ok_or(Refusal::NoActive)?.1;
            let (id, by) = (next_id(state)?, operator(state)?);
            let epoch = state.queues.epoch(store);
            vec![Planned::Move(Moving { id, instance, store, epoch, to, by })]
        }
        Wanted::PingPos(store) => {
            let instance = state.queues.owner(store).cloned().ok_or(Refusal::NoOwner(store))?;
            vec![Planned::PingPos { instance, store }]
        }
        Wanted::PauseStore(store, until) => {
            named = code(state, store);
            vec![state_of(state, store, StoreState::Paused, until)?]
        }
        Wanted::ResumeStore(store) => vec![state_of(state, store, StoreState::Open, None)?],
        Wanted::DisableStore(store) => {
            named = code(state, store);
            vec![state_of(state, store, StoreState::Disabled, None)?]
        }
        Wanted::PutStore(record) => {
            named = code(state, record.id);
            vec![put(state, *record)?]
        }
        Wanted::Reveal(order) => {
            operator(state)?;
            let country = state.orders.get(&order).map_or(Country::UNKNOWN, |known| known.pass.head.country);
            vec![Planned::Reveal(Revealing { order, country })]
        }
        Wanted::Unlock => Vec::new(),
    };
    finish(state, Plan { kind, items: items(state, kind, planned), differences, pace, proof: None, named })
}

/// A plan whose every request would be skipped is none; one that nobody would take now is: it can be looked at, and the
/// service may come back.
fn finish(state: &State, mut plan: Plan) -> Result<Plan, Refusal> {
    if let Some(refusal) = plan.refusal()
        && !matches!(refusal, Refusal::NoInstance(_))
    {
        return Err(refusal.clone());
    }
    plan.ask_proof(state.access.production);
    Ok(plan)
}

fn items(state: &State, kind: Kind, planned: Vec<Planned>) -> Vec<Item> {
    let item = |planned: Planned| Item {
        country: country(state, &planned),
        refusal: guard::change(state, kind, &planned).or_else(|| busy(state, &planned)),
        planned,
    };
    planned.into_iter().map(item).collect()
}

fn busy(state: &State, planned: &Planned) -> Option<Refusal> {
    state.jobs.is_busy_with(None, planned).then_some(Refusal::Busy)
}

/// Country of what a change is done to.
fn country(state: &State, planned: &Planned) -> Country {
    let of_store = |store: StoreId| state.stores.get(store).map(|store| store.record.country);
    let of_instance = |key: InstanceKey| state.services.get(&key).map(|instance| instance.heartbeat.country);
    let known = match planned {
        Planned::Inject(order) => Some(order.country),
        Planned::Decide(decide) => Some(decide.country),
        Planned::Release(release) => Some(release.country),
        Planned::Store { record, .. } => Some(record.country),
        Planned::Command { service, instance, .. } | Planned::LogLevel { service, instance, .. } => {
            of_instance((*service, instance.clone()))
        }
        Planned::PingPos { store, .. } => of_store(*store),
        Planned::Move(moving) => of_store(moving.store),
        Planned::Reveal(reveal) => Some(reveal.country),
    };
    known.unwrap_or(Country::UNKNOWN)
}

fn unlock(state: &State) -> Result<Plan, Refusal> {
    let access = &state.access;
    if state.playing.is_some() {
        return Err(Refusal::Replaying);
    }
    if !access.is_locked(state.now) {
        return Err(Refusal::NotLocked);
    }
    if !access.unlock {
        return Err(Refusal::NoUnlock);
    }
    operator(state)?;
    let named = Some(access.context.clone().ok_or(Refusal::NoContextName)?);
    finish(state, Plan { kind: Kind::Unlock, items: Vec::new(), differences: Vec::new(), pace: 1, proof: None, named })
}

fn inject(state: &mut State, kind: Template, store: StoreId, count: usize) -> Result<Vec<Planned>, Refusal> {
    if count > BATCH_MAX {
        return Err(Refusal::TooMany(count));
    }
    if let Some(refusal) = guard::test_store(state, store) {
        return Err(refusal);
    }
    let record = state.stores.get(store).map(|store| store.record.clone());
    let record = record.ok_or_else(|| Refusal::NoStore(store.to_string()))?;
    let mut planned = Vec::new();
    for _ in 0..count.max(1) {
        let bits = next_bits(state);
        let code = template::test_code(&record, state.now, bits).ok_or(Refusal::NothingSelected)?;
        planned.push(Planned::Inject(template::build(kind, &record, code, state.now)));
    }
    Ok(planned)
}

fn decide(state: &mut State, orders: Vec<OrderId>, verdict: &Verdict) -> Result<Vec<Planned>, Refusal> {
    if orders.is_empty() {
        return Err(Refusal::NothingSelected);
    }
    if orders.len() > BATCH_MAX {
        return Err(Refusal::TooMany(orders.len()));
    }
    let by = operator(state)?;
    let mut planned = Vec::new();
    for order in orders {
        let country = state.orders.get(&order).map_or(Country::UNKNOWN, |order| order.pass.head.country);
        let (id, by, verdict) = (next_id(state)?, by.clone(), verdict.clone());
        planned.push(Planned::Decide(Decide { id, order, country, by, reason: None, verdict }));
    }
    Ok(planned)
}

fn release(state: &mut State, store: StoreId) -> Result<Planned, Refusal> {
    let oldest = state.queues.get(store).and_then(|queue| queue.oldest.clone()).ok_or(Refusal::NothingWaits(store))?;
    let instance = state.queues.owner(store).cloned().ok_or(Refusal::NoOwner(store))?;
    Ok(Planned::Release(Releasing {
        id: next_id(state)?,
        instance,
        order: oldest.order.id(),
        country: oldest.order.country,
        intake: oldest.intake,
        by: operator(state)?,
    }))
}

/// The record of a store in another state, all else as it is.
fn state_of(state: &State, store: StoreId, wanted: StoreState, until: Option<UtcMs>) -> Result<Planned, Refusal> {
    let known = state.stores.get(store).ok_or_else(|| Refusal::NoStore(store.to_string()))?;
    let same = known.record.state_at(state.now) == wanted;
    // A pause may be given another end.
    if same && (wanted != StoreState::Paused || known.record.until == until) {
        return Err(Refusal::StoreAlready(store));
    }
    let record = StoreRecord { state: wanted, until, reason: None, ..known.record.clone() };
    written(state, record)
}

fn put(state: &State, record: StoreRecord) -> Result<Planned, Refusal> {
    if let Some(known) = state.stores.get(record.id)
        && known.record.country != record.country
    {
        return Err(Refusal::StoreFaulty("country_fixed".to_owned()));
    }
    written(state, record)
}

/// The record as this person writes it now, over the revision that is known.
fn written(state: &State, record: StoreRecord) -> Result<Planned, Refusal> {
    let by = operator(state)?;
    let record =
        StoreRecord { v: VERSION, changed_at: Some(state.now), changed_by: Some(by_operator(by.as_str())), ..record };
    if let Some(fault) = record.faults().first() {
        return Err(Refusal::StoreFaulty(fault.code.clone()));
    }
    let fence = match state.stores.get(record.id) {
        None => Fence::Catalogue(state.stores.last().ok_or(Refusal::CatalogueChanged)?),
        // Without a revision there is nothing to compare with: whoever wrote in between would be overwritten.
        Some(known) => Fence::Record(known.revision.ok_or(Refusal::StoreChanged(record.id))?),
    };
    Ok(Planned::Store { record: Box::new(record), fence })
}

/// The verb of an operation that tells an instance something without a body.
const fn verb(kind: Kind) -> Option<Verb> {
    match kind {
        Kind::Ping => Some(Verb::Ping),
        Kind::Pause => Some(Verb::Pause),
        Kind::Resume => Some(Verb::Resume),
        Kind::Drain => Some(Verb::Drain),
        _ => None,
    }
}

/// The distribuidor that hands over.
fn active(state: &State) -> Option<InstanceKey> {
    let mut all = state.services.of(Service::Distribuidor);
    let active = all.find(|instance| instance.is_active() && !instance.is_silent(state.now));
    active.map(crate::state::services::Instance::key)
}

fn code(state: &State, store: StoreId) -> Option<String> {
    state.stores.get(store).map(|store| store.record.code.clone())
}

fn operator(state: &State) -> Result<Operator, Refusal> {
    state.access.operator.clone().ok_or(Refusal::NoOperator)
}

/// A command's id: 64 bits of the state's seed, which differs from console to console.
pub(in crate::update) fn next_id(state: &mut State) -> Result<CommandId, Refusal> {
    format!("con-{:016x}", next_bits(state)).parse().map_err(|_| Refusal::NothingSelected)
}

const fn next_bits(state: &mut State) -> u64 {
    let (next, bits) = template::next_seed(state.seed);
    state.seed = next;
    bits
}
