//! Messages become state. Each order fact sets a slot of its own, so their order does not matter.

use contract::order::Ending;
use contract::{EventKind, OrderHead, QueueEntry};

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
pub(super) fn take(state: &mut State, facts: &[Fact], source: Source) -> Vec<Effect> {
    let mut effects = Vec::new();
    for fact in facts {
        one(state, fact, source, &mut effects);
    }
    effects
}

fn one(state: &mut State, fact: &Fact, source: Source, effects: &mut Vec<Effect>) {
    match fact {
        Fact::Accepted { head, intake, decision } => {
            let words = state.stores.words(head.store);
            let change = state.orders.accept(head, *intake, decision.as_ref(), words);
            count(state, head, change);
        }
        Fact::Solved { order, decision } => {
            state.orders.solve(order, decision, state.stores.words(order.store));
        }
        Fact::Queued(entry) => queued(state, entry),
        Fact::Ended(outcome) => {
            let change = state.orders.end(outcome, state.stores.words(outcome.order.store));
            count(state, &outcome.order, change);
            if matches!(outcome.ending, Ending::Injected { .. }) {
                state.queues.injected(outcome.order.store, plausible(outcome.at, state.now));
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
                    revision: *revision,
                    new,
                    by: record.changed_by.clone(),
                });
            }
            store(state, record, *revision);
            if revision.is_none() {
                effects.push(Effect::FetchStore { country: record.country, store: record.id });
            }
        }
        Fact::Invalid(head) => {
            state.log.take(plausible(head.at, state.now), Happened::Invalid(head.clone()));
            state.invalid.take(head);
        }
        Fact::Heartbeat { heartbeat, received_at } => {
            state.services.hear(heartbeat, *received_at);
            state.queues.hear(heartbeat, plausible(heartbeat.at, *received_at));
        }
        Fact::Audited { user, record } => {
            let what = Happened::Audited { user: user.clone(), record: Box::new(record.clone()) };
            state.log.take(plausible(record.at, state.now), what);
        }
        Fact::Unreadable { subject, why } => {
            // Later readings of the streams find the same ones again.
            if source == Source::Live || state.reading.times == 0 {
                state.traffic.unreadable += 1;
            }
            state.traffic.last_unreadable = Some((subject.clone(), why.clone()));
        }
    }
}

/// Takes a queue entry, live or read from the stream.
pub(super) fn queued(state: &mut State, entry: &QueueEntry) {
    let change = state.orders.queue(entry, state.stores.words(entry.order.store));
    count(state, &entry.order, change);
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

fn step(state: &mut State, event: &contract::Event) {
    match &event.kind {
        EventKind::AttemptFailed { order, intake, attempt, attempts_max, reason, detail, took_ms, retry_at } => {
            let failed = Attempt {
                at: event.at,
                by: event.by.clone(),
                number: *attempt,
                number_max: *attempts_max,
                reason: *reason,
                detail: detail.clone(),
                took_ms: *took_ms,
                retry_at: *retry_at,
            };
            let change = state.orders.fail(order, *intake, failed, state.stores.words(order.store));
            count(state, order, change);
        }
        EventKind::Pos { store, state: pos, detail, .. } => {
            state.queues.pos(*store, *pos, plausible(event.at, state.now), detail);
        }
        EventKind::PartitionAssigned { partition, owner, epoch, .. } => {
            state.queues.own(*partition, owner.clone(), *epoch, plausible(event.at, state.now));
        }
        // Their effect shows in heartbeats and assignments.
        EventKind::ResolverLost { .. }
        | EventKind::TookOffice { .. }
        | EventKind::HandOverAnew { .. }
        | EventKind::Unknown => {}
    }
}

/// Counts an order once when it is first heard of, and once when its end is.
fn count(state: &mut State, head: &OrderHead, change: Change) {
    if change.new {
        state.pulse.count(Beat::Accepted, head.received_at, &head.by.cloud);
    }
    if change.ended
        && let Some(order) = state.orders.get(&head.id())
        && let Some(outcome) = order.passes().find(|pass| pass.head.again == head.again).and_then(Pass::outcome)
    {
        let beat = match outcome.ending {
            Ending::Injected { .. } => Beat::Injected,
            Ending::NotInjected { .. } => Beat::NotInjected,
        };
        state.pulse.count(beat, outcome.at, &outcome.by.cloud);
    }
}
