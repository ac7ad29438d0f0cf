//! Which items go out now: none beyond the bounds, none that makes no sense any more, none while there is no connection.

use super::answer::skip;
use crate::effect::{Effect, Planned};
use crate::operation::Kind;
use crate::state::jobs::{BEGUN_PER_SECOND, JobId, JobItem, PATIENCE_MS, Phase, Step, UNANSWERED_MAX};
use crate::state::{Refusal, State};
use crate::update::plan::guard;

/// How long the second is in which requests are counted, in milliseconds.
const SECOND_MS: i64 = 1_000;

/// Sends what may be sent now.
pub(super) fn send(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    if now.since(state.jobs.second) >= SECOND_MS {
        state.jobs.second = now;
        state.jobs.begun = 0;
        state.jobs.iter_mut().for_each(|job| job.begun = 0);
    }
    let running: Vec<JobId> =
        state.jobs.running().filter(|job| job.phase == Phase::Running).map(|job| job.id).collect();
    let away = away(state);
    let mut effects = Vec::new();
    for id in running {
        let count = state.jobs.get(id).map_or(0, |job| job.items.len());
        for at in 0..count {
            let Some((kind, item)) = next(state, id, at) else { continue };
            match away {
                Some(Away::Still) => return effects,
                Some(Away::ForGood) => {
                    put(state, id, at, |item| skip(item, Refusal::NotConnected, now));
                    continue;
                }
                None => {}
            }
            if let Some(refusal) = refusal(state, id, kind, &item) {
                put(state, id, at, |item| skip(item, refusal, now));
                continue;
            }
            let slow = state.jobs.get(id).is_none_or(|job| job.begun >= job.pace);
            if slow || state.jobs.begun >= BEGUN_PER_SECOND || state.jobs.unanswered() >= UNANSWERED_MAX {
                break;
            }
            state.jobs.begun += 1;
            let again = again(state, &item.planned);
            if let Some(job) = state.jobs.get_mut(id) {
                job.begun += 1;
            }
            put(state, id, at, |item| {
                if item.tries == 0 {
                    item.again = again;
                }
                (item.step, item.tries, item.sent_at) = (Step::Sent, item.tries + 1, Some(now));
            });
            effects.push(Effect::Run { job: id, item: at, planned: Box::new(item.planned) });
        }
    }
    effects
}

/// The item, when it waits and its time has come.
fn next(state: &State, id: JobId, at: usize) -> Option<(Kind, JobItem)> {
    let job = state.jobs.get(id)?;
    let item = job.items.get(at)?;
    (item.step == Step::Waiting && item.not_before <= state.now).then(|| (job.kind, item.clone()))
}

fn put(state: &mut State, id: JobId, at: usize, change: impl FnOnce(&mut JobItem)) {
    if let Some(item) = state.jobs.get_mut(id).and_then(|job| job.items.get_mut(at)) {
        change(item);
    }
}

/// Whether there is no connection that could be waited for, or none to be trusted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Away {
    /// It may come back.
    Still,
    /// It has been away for too long.
    ForGood,
}

fn away(state: &State) -> Option<Away> {
    match state.stale_at() {
        Some(since) if state.now.since(since) > PATIENCE_MS => Some(Away::ForGood),
        Some(_) => Some(Away::Still),
        None if !state.link.is_up() => Some(Away::ForGood),
        None => None,
    }
}

/// The last look: why an item must not be sent after all. One that may have taken effect is not judged by what it did.
fn refusal(state: &State, id: JobId, kind: Kind, item: &JobItem) -> Option<Refusal> {
    let refusal = guard::change(state, kind, &item.planned);
    refusal.or_else(|| state.jobs.is_busy_with(Some(id), &item.planned).then_some(Refusal::Busy))
}

/// How often an order has been reinjected.
fn again(state: &State, planned: &Planned) -> u32 {
    match planned {
        Planned::Decide(decide) => state.orders.get(&decide.order).map_or(0, |order| order.pass.head.again),
        _ => 0,
    }
}
