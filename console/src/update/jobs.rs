//! Doing what was confirmed: the intent first, then item by item, each looked at again right before it is sent, never more
//! than the bounds of `state/jobs.rs` at once; then the proof in what comes back, and the outcome.

mod answer;
mod proof;
mod sending;

use answer::{judge, skip, wait_for_proof};

use super::plan::guard;
use super::{input, plan, reveal};
use crate::effect::{Effect, Intent, Planned};
use crate::event::{Done, Trouble};
use crate::operation::{Kind, Reason};
use crate::state::access::UNLOCKED_MS;
use crate::state::jobs::{ANSWER_MS, Fault, Job, JobId, JobItem, Phase, Step};
use crate::state::plan::Plan;
use crate::state::{InputMode, Notice, Opened, Refusal, State, Tone};

/// Begins a confirmed plan: the job is there, and its intent is to be written. Nothing is sent yet.
pub fn begin(state: &mut State, plan: Plan, reason: Option<String>) -> Result<Vec<Effect>, Refusal> {
    let operation = plan.kind.operation();
    if let Some(refusal) = guard::at_all(state, plan.kind).filter(|_| plan.kind != Kind::Unlock) {
        return Err(refusal);
    }
    if operation.reason == Reason::Required && reason.is_none() {
        return Err(Refusal::NoReason);
    }
    if !state.jobs.has_room() {
        return Err(Refusal::Busy);
    }
    let (kind, pace, now) = (plan.kind, plan.pace, state.now);
    let mut items: Vec<Planned> = plan.items.into_iter().map(|item| item.planned).collect();
    if kind.gives_reason() {
        for planned in &mut items {
            planned.give_reason(reason.as_deref());
        }
    }
    clear_marks(state, &items);
    let begun_from = (state.screen, state.opened.clone());
    let audit = plan::next_id(state)?;
    let job = state.jobs.begin(|id| Job {
        id,
        audit: audit.clone(),
        kind,
        reason: reason.clone(),
        items: items.iter().cloned().map(|planned| JobItem::new(planned, now)).collect(),
        phase: Phase::Intending,
        began_at: now,
        ended_at: None,
        begun_from,
        pace,
        begun: 0,
        unrecorded: None,
    });
    tell_begun(state, kind, &items);
    Ok(vec![Effect::Intend(Box::new(Intent { job, id: audit, kind, reason, items }))])
}

/// A mark stands for what is to be done; it is done now.
fn clear_marks(state: &mut State, items: &[Planned]) {
    for item in items {
        if let crate::effect::Target::Order(id) = item.target() {
            for table in [&mut state.order_table, &mut state.case_table, &mut state.entry_table] {
                table.marked.remove(&id);
            }
        }
    }
}

fn tell_begun(state: &mut State, kind: Kind, items: &[Planned]) {
    let notice = match items {
        [Planned::Inject(order)] => Notice::Injecting(order.order.clone()),
        // What it is done for shows by itself.
        [] | [Planned::Reveal(_)] => return,
        [one] => Notice::JobBegan { kind, target: Some(one.target()), count: 1 },
        more => Notice::JobBegan { kind, target: None, count: more.len() },
    };
    state.notices.post(state.now, Tone::Info, notice);
}

/// The audit trail has the intent, or cannot have it: then nothing is sent.
pub(super) fn intended(state: &mut State, id: JobId, written: Result<(), String>) -> Vec<Effect> {
    let now = state.now;
    let Some(job) = state.jobs.get_mut(id).filter(|job| job.phase == Phase::Intending) else { return Vec::new() };
    match written {
        Ok(()) if job.kind == Kind::Unlock => {
            job.phase = Phase::Ended;
            job.ended_at = Some(now);
            let conclusion = Effect::Conclude(Box::new(job.conclusion()));
            let until = now.plus_millis(UNLOCKED_MS);
            state.access.unlocked_until = Some(until);
            state.notices.post(now, Tone::Good, Notice::Unlocked(UNLOCKED_MS));
            vec![Effect::Unlock(until), conclusion]
        }
        Ok(()) => {
            job.phase = Phase::Running;
            Vec::new() // What can be sent, `settle` sends.
        }
        Err(why) => {
            for item in &mut job.items {
                item.step = Step::Skipped(Refusal::Unaudited(why.clone()));
            }
            job.phase = Phase::Ended;
            job.ended_at = Some(now);
            state.notices.post(now, Tone::Bad, Notice::NotAudited(why));
            Vec::new()
        }
    }
}

/// The audit trail has the outcome, or not.
pub(super) fn concluded(state: &mut State, id: JobId, written: Result<(), String>) {
    let Err(why) = written else { return };
    if let Some(job) = state.jobs.get_mut(id) {
        job.unrecorded = Some(why.clone());
    }
    state.notices.post(state.now, Tone::Bad, Notice::NotRecorded(why));
}

/// Keeps from being sent what has not been.
pub fn cancel(state: &mut State, id: JobId) {
    let Some(job) = state.jobs.get_mut(id) else { return };
    for item in job.items.iter_mut().filter(|item| item.step == Step::Waiting) {
        skip(item, Refusal::Cancelled, state.now);
    }
}

/// Ends an unlocked stretch.
pub(super) fn lock(state: &mut State) -> Vec<Effect> {
    if state.access.unlocked_until.take().is_none() {
        return Vec::new();
    }
    state.notices.post(state.now, Tone::Info, Notice::Locked);
    vec![Effect::Lock]
}

/// Brings every job as far as it can be brought: after every event.
pub(super) fn settle(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    if state.access.unlocked_until.is_some_and(|until| until <= state.now) {
        effects.extend(lock(state));
    }
    if state.jobs.running().next().is_none() {
        return effects;
    }
    proof::look(state);
    effects.extend(sending::send(state));
    effects.extend(end(state));
    effects
}

/// Takes the answer to a request.
pub(super) fn done(state: &mut State, id: JobId, at: usize, reply: Result<Done, Trouble>) -> Vec<Effect> {
    let now = state.now;
    let Some(job) = state.jobs.get_mut(id) else { return Vec::new() };
    let single = job.items.len() == 1;
    let Some(item) = job.items.get_mut(at).filter(|item| !item.step.has_ended()) else { return Vec::new() };
    let revealed = match &reply {
        Ok(Done::Revealed(order, clear)) => Some((order.clone(), clear.clone())),
        _ => None,
    };
    judge(item, reply, now);
    if let Some((order, clear)) = revealed {
        reveal::begin(state, &order, &clear);
        return Vec::new();
    }
    let accepted = item.step == Step::Answered && item.doubt.is_none();
    match (&item.planned, single && accepted) {
        (Planned::Inject(order), true) => {
            let order = order.order.clone();
            injected(state, id, &order)
        }
        _ => Vec::new(),
    }
}

/// A test order was taken: it is shown, where the person still is: not over a dialog, a filter being written, or what was
/// turned to meanwhile.
fn injected(state: &mut State, id: JobId, order: &contract::OrderId) -> Vec<Effect> {
    state.notices.post(state.now, Tone::Good, Notice::InjectAccepted { order: order.clone() });
    let here = (state.screen, state.opened.clone());
    let still = state.jobs.get(id).is_some_and(|job| job.begun_from == here);
    if still && !state.help && state.input_mode() == InputMode::Normal {
        return input::show_order(state, order);
    }
    Vec::new()
}

/// Ends what has no open item any more, and says so.
fn end(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let mut effects = Vec::new();
    let mut said = Vec::new();
    for job in state.jobs.iter_mut().filter(|job| job.phase == Phase::Running) {
        for item in job.items.iter_mut().filter(|item| item.step == Step::Sent) {
            if item.sent_at.is_none_or(|sent| now.since(sent) >= ANSWER_MS) {
                item.doubt = Some(Trouble::Unanswered(ANSWER_MS.unsigned_abs() / 1_000));
                wait_for_proof(item, now);
            }
        }
        if job.items.iter().any(|item| !item.step.has_ended()) {
            continue;
        }
        job.phase = Phase::Ended;
        job.ended_at = Some(now);
        effects.push(Effect::Conclude(Box::new(job.conclusion())));
        said.push(told(job));
    }
    for (tone, notice) in said.into_iter().flatten() {
        state.notices.post(now, tone, notice);
    }
    effects
}

/// What is said of a job that has ended; a test order's end is told by itself.
fn told(job: &Job) -> Option<(Tone, Notice)> {
    let counts = job.counts();
    let tone = if counts.all_well() { Tone::Good } else { Tone::Bad };
    let (target, step) = match job.items.as_slice() {
        [JobItem { planned: Planned::Inject(order), step, .. }] => {
            let why = match step {
                Step::Verified | Step::Failed(Fault::NotInjected) | Step::Unverified(_) => return None,
                other => other.clone(),
            };
            return Some((Tone::Bad, Notice::InjectFailed { order: order.order.clone(), step: why }));
        }
        [JobItem { planned: Planned::Reveal(_), step: Step::Verified, .. }] => return None,
        [one] => (Some(one.planned.target()), (one.step != Step::Verified).then(|| one.step.clone())),
        _ => (None, None),
    };
    Some((tone, Notice::JobEnded { kind: job.kind, target, counts, step }))
}

/// Opens the list of jobs, or the only one there is.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    if state.jobs.last().is_none() {
        plan::refuse_plainly(state, Refusal::NoJobs);
        return Vec::new();
    }
    state.jobs.table.selected = None;
    input::push(state, Opened::Jobs)
}
