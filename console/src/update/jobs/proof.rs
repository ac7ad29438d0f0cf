//! The proof that an item took effect, in what the bus tells; and giving up waiting for it.

use contract::CommandId;
use contract::order::{Digest, Ending};

use super::super::plan::guard;
use crate::effect::{Decide, Moving, Planned, PlannedOrder, Releasing, Verdict};
use crate::state::jobs::{AWAIT_MS, FOLLOW_MS, Fault, JobItem, Phase, Step, VERIFY_MS};
use crate::state::{Notice, Order, OrderState, State, Tone};

/// Looks at every item that was sent, whether what is known by now shows its end.
pub(super) fn look(state: &mut State) {
    let mut jobs = std::mem::take(&mut state.jobs);
    let mut said = Vec::new();
    for job in jobs.iter_mut().filter(|job| job.phase == Phase::Running) {
        let single = job.items.len() == 1;
        for item in job.items.iter_mut().filter(|item| item.tries > 0 && !item.step.has_ended()) {
            if let Some(step) = shown(state, item) {
                item.step = step;
            }
            let over = item.answered_at.is_some_and(|at| state.now.since(at) >= limit_ms(&item.planned));
            let given_up = over && item.step == Step::Answered;
            if given_up {
                item.step = Step::Unverified(item.doubt.clone());
            }
            if let (true, Planned::Inject(order)) = (single, &item.planned) {
                said.extend(steps(state, order, &mut item.told, given_up));
            }
        }
    }
    state.jobs = jobs;
    for (tone, notice) in said {
        state.notices.post(state.now, tone, notice);
    }
}

/// How long the proof may take after the answer.
const fn limit_ms(planned: &Planned) -> i64 {
    match planned {
        Planned::Inject(_) => FOLLOW_MS,
        Planned::Release(_) | Planned::Move(_) => AWAIT_MS,
        _ => VERIFY_MS,
    }
}

/// A test order as it is known to the streams. One that had its code before, with another payload, is not it.
fn ours<'a>(state: &'a State, sent: &PlannedOrder) -> Option<&'a Order> {
    let digest = Digest::of(&sent.body);
    state.orders.get(&sent.order).filter(|order| order.passes().any(|pass| pass.head.sha256 == digest))
}

/// What a followed test order's way gives to tell.
fn steps(
    state: &State,
    sent: &PlannedOrder,
    told: &mut Option<OrderState>,
    given_up: bool,
) -> impl Iterator<Item = (Tone, Notice)> + use<> {
    let (id, order) = (&sent.order, ours(state, sent));
    let now_is = order.map(Order::state);
    let moved = now_is.filter(|now_is| *told != Some(*now_is));
    *told = now_is.or(*told);
    let step = moved.zip(order).filter(|(now_is, _)| *now_is != OrderState::Accepted).map(|(now_is, order)| {
        let tone = match now_is {
            OrderState::Injected | OrderState::Solved => Tone::Good,
            OrderState::NotInjected => Tone::Bad,
            _ => Tone::Info,
        };
        (tone, Notice::Followed { order: id.clone(), state: now_is, took_ms: order.age_ms(state.now) })
    });
    let state = now_is.unwrap_or(OrderState::Accepted);
    let end = given_up.then(|| (Tone::Bad, Notice::FollowEnded { order: id.clone(), state }));
    step.into_iter().chain(end)
}

/// The end that is shown, if one is.
fn shown(state: &State, item: &JobItem) -> Option<Step> {
    match &item.planned {
        Planned::Inject(order) => match ours(state, order)?.state() {
            OrderState::Injected | OrderState::Solved => Some(Step::Verified),
            OrderState::NotInjected => Some(Step::Failed(Fault::NotInjected)),
            _ => None,
        },
        Planned::Decide(decide) => decided(state, item, decide).then_some(Step::Verified),
        Planned::Release(release) => released(state, release),
        Planned::Command { service, instance, verb } => {
            let known = state.services.get(&(*service, instance.clone()))?;
            let since = item.sent_at.is_some_and(|sent| known.heard_at > sent);
            (since && guard::expected(*verb) == Some(known.heartbeat.state)).then_some(Step::Verified)
        }
        Planned::Store { record, .. } => {
            let known = &state.stores.get(record.id)?.record;
            let ours = (&known.changed_at, &known.changed_by) == (&record.changed_at, &record.changed_by);
            ours.then_some(Step::Verified)
        }
        Planned::Move(Moving { store, to, .. }) => (state.queues.owner(*store) == Some(to)).then_some(Step::Verified),
        Planned::LogLevel { .. } | Planned::PingPos { .. } | Planned::Reveal(_) => None,
    }
}

fn decided(state: &State, item: &JobItem, decide: &Decide) -> bool {
    let Some(order) = state.orders.get(&decide.order) else { return false };
    let ours = |command: &CommandId| *command == decide.id;
    match decide.verdict {
        Verdict::Solve => order.solved.as_ref().is_some_and(|decision| ours(&decision.command)),
        Verdict::Reinject(_) => {
            let told = order.passes().filter_map(|pass| pass.decision.as_ref()).any(|told| ours(&told.command));
            // Who cannot hear decisions still sees the order go its way once more, after it was answered so.
            let goes = order.pass.head.again > item.again && item.step == Step::Answered && item.doubt.is_none();
            told || goes
        }
    }
}

fn released(state: &State, release: &Releasing) -> Option<Step> {
    let order = state.orders.get(&release.order)?;
    let pass = order.passes().find(|pass| pass.intake == Some(release.intake))?;
    Some(match &pass.outcome()?.ending {
        Ending::NotInjected { .. } => Step::Verified,
        // The attempt that was under way went through: better than what was asked for, and told as such.
        Ending::Injected { .. } => {
            Step::Failed(Fault::Said { code: "order_injected".to_owned(), message: String::new() })
        }
    })
}
