//! Messages become state. Each order fact sets a slot of its own, so their order does not matter.

use contract::order::Ending;
use contract::{EventKind, OrderId, QueueEntry};

use crate::effect::Effect;
use crate::event::Fact;
use crate::state::State;
use crate::state::log::Happened;
use crate::state::orders::{Attempt, Change, Pass};
use crate::state::pulse::Beat;
use crate::state::services::plausible;
use crate::state::stores::StoreChange;

/// Where facts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// As they were published.
    Live,
    /// Read from a stream.
    History,
}

/// Takes facts in.
pub(super) fn take(state: &mut State, facts: Vec<Fact>, source: Source) -> Vec<Effect> {
    let mut effects = Vec::new();
    for fact in facts {
        one(state, fact, source, &mut effects);
    }
    effects
}

fn one(state: &mut State, fact: Fact, source: Source, effects: &mut Vec<Effect>) {
    match fact {
        Fact::Accepted { head, intake, decision } => {
            let (id, again) = (head.id(), head.again);
            let words = state.stores.words(id.store);
            let change = state.orders.accept(head, intake, decision, words);
            count(state, &id, again, change);
        }
        Fact::Solved { order, decision } => state.orders.solve(&order, decision),
        Fact::Queued(entry) => queued(state, entry),
        Fact::Ended(outcome) => {
            let (id, again, at) = (outcome.order.id(), outcome.order.again, outcome.at);
            let injected = matches!(outcome.ending, Ending::Injected { .. });
            let change = state.orders.end(outcome, state.stores.words(id.store));
            count(state, &id, again, change);
            if injected {
                state.queues.injected(id.store, plausible(at, state.now));
            }
        }
        Fact::Step(event) => {
            let what = Happened::Step(event.kind.clone(), event.by.clone());
            state.log.take(plausible(event.at, state.now), what);
            step(state, event);
        }
        Fact::Store { record, revision } => {
            let new = state.stores.get(record.id).is_none();
            if source == Source::Live {
                state.stores.note(StoreChange {
                    at: state.now,
                    store: record.id,
                    country: record.country,
                    revision,
                    new,
                    by: record.changed_by.clone(),
                });
            }
            store(state, &record, revision);
            if revision.is_none() {
                effects.push(Effect::FetchStore { country: record.country, store: record.id });
            }
        }
        Fact::Invalid(head) => {
            state.log.take(plausible(head.at, state.now), Happened::Invalid(head.clone()));
            state.invalid.take(&head);
        }
        Fact::Heartbeat { heartbeat, received_at } => {
            state.services.hear(&heartbeat, received_at);
            state.queues.hear(&heartbeat, plausible(heartbeat.at, received_at));
        }
        Fact::Audited { user, record } => {
            let at = plausible(record.at, state.now);
            state.log.take(at, Happened::Audited { user, record: Box::new(record) });
        }
        Fact::Unreadable { subject, why } => {
            // Later readings of the streams find the same ones again.
            if source == Source::Live || state.reading.times == 0 {
                state.traffic.unreadable += 1;
            }
            state.traffic.last_unreadable = Some((subject, why));
        }
    }
}

/// Takes a queue entry, live or read from the stream.
pub(super) fn queued(state: &mut State, entry: QueueEntry) {
    let (id, again) = (entry.order.id(), entry.order.again);
    let change = state.orders.queue(entry, state.stores.words(id.store));
    count(state, &id, again, change);
}

/// Takes a store's record; a new name becomes findable in the rows of its orders.
pub(super) fn store(state: &mut State, record: &contract::StoreRecord, revision: Option<u64>) {
    let before = state.stores.words(record.id).to_owned();
    state.stores.take(record, revision);
    let after = state.stores.words(record.id);
    if before != after {
        state.orders.reword(record.id, after);
    }
}

fn step(state: &mut State, event: contract::Event) {
    let contract::Event { at, by, kind, .. } = event;
    match kind {
        EventKind::AttemptFailed { order, intake, attempt, attempts_max, reason, detail, took_ms, retry_at } => {
            let (number, number_max) = (attempt, attempts_max);
            let failed = Attempt { at, by, number, number_max, reason, detail, took_ms, retry_at };
            let (id, again) = (order.id(), order.again);
            let change = state.orders.fail(order, intake, failed, state.stores.words(id.store));
            count(state, &id, again, change);
        }
        EventKind::Pos { store, state: pos, detail, .. } => {
            state.queues.pos(store, pos, plausible(at, state.now), &detail);
        }
        EventKind::PartitionAssigned { partition, owner, epoch, .. } => {
            state.queues.own(partition, owner, epoch, plausible(at, state.now));
        }
        // Their effect shows in heartbeats and assignments.
        EventKind::ResolverLost { .. }
        | EventKind::TookOffice { .. }
        | EventKind::HandOverAnew { .. }
        | EventKind::Unknown => {}
    }
}

/// Counts an order once when it is first heard of, and once when its end is.
fn count(state: &mut State, id: &OrderId, again: u32, change: Change) {
    if !change.new && !change.ended {
        return;
    }
    let Some(order) = state.orders.get(id) else { return };
    if change.new {
        // Nothing but this message is known of it.
        let head = &order.pass.head;
        state.pulse.count(Beat::Accepted, head.received_at, &head.by.cloud);
    }
    if change.ended
        && let Some(end) = order.passes().find(|pass| pass.head.again == again).and_then(Pass::outcome)
    {
        let beat = match end.ending {
            Ending::Injected { .. } => Beat::Injected,
            Ending::NotInjected { .. } => Beat::NotInjected,
        };
        state.pulse.count(beat, end.at, &end.by.cloud);
    }
}
