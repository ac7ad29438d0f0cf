//! Doing what was confirmed: the intent first, then item by item, each looked at again right before it is sent, never more
//! than the bounds of `state/jobs.rs` at once; then the proof in what comes back, and the outcome.

mod proof;

use contract::UtcMs;
use contract::command::{IntakeReply, MoveReply, PingPosReply, Reply};

use super::plan::guard;
use super::{input, plan};
use crate::effect::{Effect, Intent, Planned};
use crate::event::{Done, Trouble};
use crate::operation::{Kind, Reason};
use crate::state::access::UNLOCKED_MS;
use crate::state::jobs::{
    ANSWER_MS, BEGUN_PER_SECOND, Fault, Job, JobId, JobItem, PATIENCE_MS, Phase, REPEAT_AFTER_MS, Step, TRIES_MAX,
    UNANSWERED_MAX,
};
use crate::state::plan::Plan;
use crate::state::{InputMode, Notice, Opened, Refusal, State, Tone};

/// How long the second is in which requests are counted, in milliseconds.
const SECOND_MS: i64 = 1_000;

/// Faults of a payload that are told with its refusal.
const FAULTS_SHOWN: usize = 3;

/// The answer after which nobody knows whether it took effect.
const UNCONFIRMED: &str = "unconfirmed";

/// Begins a confirmed plan: the job is there, and its intent is to be written. Nothing is sent yet.
pub fn begin(state: &mut State, plan: Plan, reason: Option<String>) -> Result<Vec<Effect>, Refusal> {
    let operation = plan.kind.operation();
    if let Some(refusal) = guard::anything(state).filter(|_| plan.kind != Kind::Unlock) {
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
        items.iter_mut().for_each(|planned| planned.give_reason(reason.as_deref()));
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
        [] => return,
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
    effects.extend(send(state));
    effects.extend(end(state));
    effects
}

/// Sends what may be sent now.
fn send(state: &mut State) -> Vec<Effect> {
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

/// Not sent, or not once more: what was sent before may still show. What the server denied never arrived.
fn skip(item: &mut JobItem, refusal: Refusal, now: UtcMs) {
    if item.doubt.is_some() && !matches!(refusal, Refusal::Denied(_)) {
        wait_for_proof(item, now);
    } else {
        item.step = Step::Skipped(refusal);
    }
}

fn wait_for_proof(item: &mut JobItem, now: UtcMs) {
    item.step = Step::Answered;
    item.answered_at.get_or_insert(now);
}

/// Takes the answer to a request.
pub(super) fn done(state: &mut State, id: JobId, at: usize, reply: Result<Done, Trouble>) -> Vec<Effect> {
    let now = state.now;
    let Some(job) = state.jobs.get_mut(id) else { return Vec::new() };
    let single = job.items.len() == 1;
    let Some(item) = job.items.get_mut(at).filter(|item| !item.step.has_ended()) else { return Vec::new() };
    judge(item, reply, now);
    let accepted = item.step == Step::Answered && item.doubt.is_none();
    match (&item.planned, single && accepted) {
        (Planned::Inject(order), true) => {
            let order = order.order.clone();
            injected(state, id, &order)
        }
        _ => Vec::new(),
    }
}

/// What an answer makes of an item.
fn judge(item: &mut JobItem, reply: Result<Done, Trouble>, now: UtcMs) {
    match reply {
        Ok(Done::Reply(Reply { ok: true, .. })) => {
            let shows = matches!(&item.planned, Planned::Command { verb, .. } if guard::expected(*verb).is_some());
            if shows { accept(item, now) } else { item.step = Step::Verified }
        }
        Ok(Done::Reply(Reply { fault, .. })) => {
            let (code, message) = fault.map_or_else(Default::default, |fault| (fault.code, fault.message));
            fail(item, Fault::Said { code, message }, now);
        }
        Ok(Done::Stored(_)) => accept(item, now),
        Ok(
            Done::Order(IntakeReply { status, code, message, faults, .. })
            | Done::Move(MoveReply { status, code, message, faults, .. }),
        ) => said(item, status, code, message, &faults, now),
        Ok(Done::Stale) => fail(item, Fault::Stale, now),
        Ok(Done::Pos(reply)) if reply.status == 200 => {
            item.step = if reply.code == "pos_answered" { Step::Verified } else { Step::Failed(Fault::Unreachable) };
            item.found = reply.steps;
        }
        Ok(Done::Pos(PingPosReply { status, code, message, faults, .. })) => {
            said(item, status, code, message, &faults, now);
        }
        Err(trouble @ (Trouble::Unanswered(_) | Trouble::Unreadable)) => {
            item.doubt = Some(trouble.clone());
            repeat(item, Fault::Trouble(trouble), now);
        }
        Err(Trouble::NotConnected) => repeat(item, Fault::Trouble(Trouble::NotConnected), now),
        Err(trouble) => fail(item, Fault::Trouble(trouble), now),
    }
}

/// What a service said, with the status that HTTP has for it.
fn said(item: &mut JobItem, status: u16, code: String, message: String, faults: &[contract::Fault], now: UtcMs) {
    let faults = faults.iter().take(FAULTS_SHOWN).map(ToString::to_string);
    let message = [message].into_iter().chain(faults).collect::<Vec<_>>().join(" ");
    match status {
        200 | 202 => accept(item, now),
        503 => {
            if code == UNCONFIRMED {
                item.doubt = Some(Trouble::Said(message.clone()));
            }
            repeat(item, Fault::Said { code, message }, now);
        }
        _ => fail(item, Fault::Said { code, message }, now),
    }
}

fn accept(item: &mut JobItem, now: UtcMs) {
    item.doubt = None;
    wait_for_proof(item, now);
}

/// The same request once more, a while later; after the last time it has failed.
fn repeat(item: &mut JobItem, fault: Fault, now: UtcMs) {
    if item.tries >= TRIES_MAX {
        return fail(item, fault, now);
    }
    item.step = Step::Waiting;
    item.not_before = now.plus_millis(REPEAT_AFTER_MS << (item.tries.saturating_sub(1).min(TRIES_MAX)));
}

/// It has failed, unless an earlier try may have taken effect: then what comes back tells.
fn fail(item: &mut JobItem, fault: Fault, now: UtcMs) {
    if item.doubt.is_some() { wait_for_proof(item, now) } else { item.step = Step::Failed(fault) }
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
