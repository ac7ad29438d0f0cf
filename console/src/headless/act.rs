//! Changes without a screen: the same plan, the same last look, the same pace, proof and audit trail as on the screen, for
//! they go through the same `update`. What policy refuses stays refused, whatever is confirmed.

mod commands;
mod report;

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::Duration;

pub(super) use commands::{cmd, find, reinject, release, solve, store};

use contract::Service;

use super::watching::{self, Need, Watching};
use super::{Failure, may_change, say};
use crate::cli::{Acting, Common};
use crate::config::Config;
use crate::effect::Effect;
use crate::event::Trouble;
use crate::sanitise;
use crate::state::jobs::{Fault, Job, JobId, Phase, Step};
use crate::state::plan::{Plan, Wanted};
use crate::state::{Lang, Refusal, State};
use crate::update::{jobs, plan};

/// Items of a preview that are listed; more are counted.
const LISTED_MAX: usize = 20;

/// How long the outcome may take to be written, when all is over.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// Connects and knows what planning needs; refused at once where nothing may be changed.
pub(super) async fn open(common: &Common, config: &Config, need: Need) -> Result<Watching, Failure> {
    may_change(common, config).await?;
    watching::settled(common, config, need).await
}

/// What has to be known before a command is given to any instance of `service`: whether there is one. To show what would be
/// sent, nobody needs to be there.
pub(super) const fn need(acting: &Acting, service: Service) -> Need {
    if acting.dry_run { Need::Streams } else { Need::Served(service) }
}

/// Plans what is wanted; `shape` has the last word about it. Shows it, asks, and does it. Returns the state when it is over,
/// with the job; no job after a dry run.
pub(super) async fn perform(
    mut watching: Watching,
    wanted: Wanted,
    reason: Option<&str>,
    acting: &Acting,
    shape: impl FnOnce(&mut Plan, &State),
) -> Result<Option<(Box<State>, JobId)>, Failure> {
    let reason = reason.map(|reason| sanitise::text(reason.trim(), contract::decision::REASON_MAX));
    let reason = reason.filter(|reason| !reason.is_empty());
    let mut plan = plan::build(&mut watching.state, wanted).map_err(|why| refused(&why))?;
    shape(&mut plan, &watching.state);
    preview(&plan);
    if acting.dry_run {
        say("dry run: nothing was sent");
        report::dry_run(&plan, acting.json)?;
        watching.close().await;
        return Ok(None);
    }
    if let Some(refusal) = plan.refusal() {
        return Err(refused(refusal));
    }
    if !acting.yes {
        confirm(&plan)?;
    }
    let job = carry_out(&mut watching, plan, reason, acting.wait).await?;
    Ok(Some((watching.close().await, job)))
}

/// Begins the job and goes on until it is over, or the time is.
pub(super) async fn carry_out(
    watching: &mut Watching,
    plan: Plan,
    reason: Option<String>,
    wait_s: u64,
) -> Result<JobId, Failure> {
    for effect in jobs::begin(&mut watching.state, plan, reason).map_err(|why| refused(&why))? {
        watching.start(effect);
    }
    let job = watching.state.jobs.last().map(|job| job.id).unwrap_or_default();
    // Without waiting it is over when every item is answered: what is still to be sent is worth any time.
    let limit = Duration::from_secs(if wait_s == 0 { ANSWERS_S } else { wait_s });
    watching.until(limit, |state| is_over(state, job, wait_s == 0)).await?;
    if watching.state.jobs.get(job).is_some_and(|job| job.phase != Phase::Ended) {
        // Whoever waits no longer sends no more, and says what is known by now.
        jobs::cancel(&mut watching.state, job);
        if let Some(conclusion) = watching.state.jobs.get(job).map(Job::conclusion) {
            watching.start(Effect::Conclude(Box::new(conclusion)));
        }
    }
    watching.drain(WRITE_LIMIT).await?;
    if let Some(why) = watching.state.jobs.get(job).and_then(|job| job.unrecorded.as_ref()) {
        say(&format!("the audit trail has no outcome of it: {why}"));
    }
    Ok(job)
}

/// How long a job without waiting may take to be sent and answered, in seconds: the largest at its pace, and repeats.
const ANSWERS_S: u64 = 180;

fn is_over(state: &State, job: JobId, answered: bool) -> bool {
    let is_answered = |job: &Job| job.items.iter().all(|item| item.step == Step::Answered || item.step.has_ended());
    state.jobs.get(job).is_none_or(|job| job.phase == Phase::Ended || answered && is_answered(job))
}

/// What stands in the way, with the exit code that it has.
pub(super) fn refused(refusal: &Refusal) -> Failure {
    let text = refusal.text(Lang::En);
    match refusal {
        Refusal::ReadOnly
        | Refusal::NoUnlock
        | Refusal::TestOrdersOff
        | Refusal::TestStore(_)
        | Refusal::Denied(_)
        | Refusal::NoOperator
        | Refusal::Unaudited(_) => Failure::Refused(text),
        Refusal::NotConnected | Refusal::Stale => Failure::NotConnected(text),
        Refusal::NoReason | Refusal::TooMany(_) => Failure::Usage(text),
        _ => Failure::Failed(text),
    }
}

fn preview(plan: &Plan) {
    let countries = plan.countries().into_iter().map(|(country, count)| format!("{country} {count}"));
    say(&format!("{}: {} ({})", plan.kind.name(), plan.items.len(), countries.collect::<Vec<_>>().join(", ")));
    for item in plan.items.iter().take(LISTED_MAX) {
        let why = item
            .refusal
            .as_ref()
            .map_or_else(String::new, |why| format!("  not as things stand: {}", why.text(Lang::En)));
        say(&format!("  {}  {}  {} bytes{why}", item.planned.target(), item.planned.subject(), item.planned.bytes()));
    }
    if let Some(more) = plan.items.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
        say(&format!("  and {more} more"));
    }
}

/// Asks on a terminal; elsewhere nobody could answer.
fn confirm(plan: &Plan) -> Result<(), Failure> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::Usage("nothing was sent: add --yes to send it, or --dry-run to see its bytes".to_owned()));
    }
    let word = plan.proof.as_deref().unwrap_or("yes");
    say(&format!("type {word} to do it:"));
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    if read.is_ok() && line.trim() == word { Ok(()) } else { Err(Failure::Usage("nothing was sent".to_owned())) }
}

/// Tells what became of a job, and the exit code of it.
pub(super) fn tell(state: &State, job: JobId, acting: &Acting) -> Result<(), Failure> {
    let Some(job) = state.jobs.get(job) else { return Ok(()) };
    report::job(job, acting.json)?;
    verdict(job, acting.wait == 0)
}

/// The exit code of a job: all done, some of it, or none. Without waiting, what is answered counts as done.
pub(super) fn verdict(job: &Job, answered: bool) -> Result<(), Failure> {
    let counts = job.counts();
    let accepted = job.items.iter().filter(|item| answered && item.step == Step::Answered).count();
    let done = counts.verified + accepted;
    if done == counts.all {
        return Ok(());
    }
    let unclear = counts.unverified + counts.open - accepted;
    let told = format!(
        "{done} of {} done, {unclear} not seen to be done, {} skipped, {} failed",
        counts.all, counts.skipped, counts.failed
    );
    if done + unclear > 0 {
        return Err(Failure::Partly(told));
    }
    Err(match job.items.first().map(|item| &item.step) {
        Some(Step::Skipped(refusal)) if counts.skipped == counts.all => refused(refusal),
        Some(Step::Failed(fault)) if matches!(fault, Fault::Trouble(Trouble::Forbidden(_) | Trouble::Denied)) => {
            Failure::Refused(fault.text(Lang::En))
        }
        Some(Step::Failed(fault)) if counts.all == 1 => Failure::Failed(fault.text(Lang::En)),
        _ => Failure::Failed(told),
    })
}
