//! What was confirmed and is being done, item by item, and what became of it.

use contract::command::PingStep;
use contract::{CommandId, UtcMs};

use super::notices::Refusal;
use super::table::Table;
use super::{Opened, OrderState, Screen};
use crate::effect::{Conclusion, Planned};
use crate::event::Trouble;
use crate::operation::Kind;

/// Most items of one job: as many as a person can answer for at once, and 50 s of work at [`BEGUN_PER_SECOND`].
pub const BATCH_MAX: usize = 500;

/// Jobs kept: those of a shift. The oldest that has ended makes room.
pub const JOBS_MAX: usize = 50;

/// Jobs under way at the same time; one more would have to wait for them.
pub const RUNNING_MAX: usize = 8;

/// Requests of all jobs that wait for an answer at the same time: a service works on 256, and everybody shares them.
pub const UNANSWERED_MAX: usize = 4;

/// Requests begun within a second, of all jobs: a mistake in a long job can still be stopped.
pub const BEGUN_PER_SECOND: usize = 10;

/// Times that the same request is sent in all when it is not answered, or answered that it is to be repeated.
pub const TRIES_MAX: u32 = 4;

/// How long a repeat waits after the first try, in milliseconds; twice as long after each further one.
pub const REPEAT_AFTER_MS: i64 = 1_000;

/// How long a test order is followed, in milliseconds; beyond the whole retry schedule it would only be noise.
pub const FOLLOW_MS: i64 = 10 * 60 * 1_000;

/// How long what comes back may take to show that something took effect, in milliseconds: several heartbeats.
pub const VERIFY_MS: i64 = 6_000;

/// The same where an injection that is under way is awaited first: as long as one may take.
pub const AWAIT_MS: i64 = 60_000;

/// After this an answer counts as lost, in milliseconds: whoever asks waits for far less.
pub const ANSWER_MS: i64 = 30_000;

/// How long a job waits for a lost connection, in milliseconds. What would go out later nobody expects any more.
pub const PATIENCE_MS: i64 = 30_000;

/// Which job, counted from 1 since the console started.
pub type JobId = u64;

/// How far an item is.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Not sent yet, or to be sent again.
    Waiting,
    /// Sent, not answered.
    Sent,
    /// Answered that it is done or set going; what comes back has not shown it yet.
    Answered,
    /// What came back shows that it took effect.
    Verified,
    /// It was sent, and nothing that came back shows whether it took effect; with the answer's trouble if there was one.
    Unverified(Option<Trouble>),
    /// Not sent, and why.
    Skipped(Refusal),
    /// It did not take effect.
    Failed(Fault),
}

/// Why an item failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Nothing was sent, or nothing that could be read came back.
    Trouble(Trouble),
    /// The service said no.
    Said {
        /// Its code, as `docs/commands.md` lists them.
        code: String,
        /// Its sentence, sanitised.
        message: String,
    },
    /// Somebody wrote the record in between.
    Stale,
    /// The order's way ended without injection.
    NotInjected,
    /// A step of the look at a POS did not go well.
    Unreachable,
}

impl Step {
    /// Its stable name, in the audit trail and in what scripts read.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Answered => "answered",
            Self::Verified => "verified",
            Self::Unverified(_) => "unverified",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    /// The code of the answer or of why nothing was sent, where there is one; for the audit trail and for scripts.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Skipped(refusal) => Some(refusal.code()),
            Self::Unverified(Some(trouble)) | Self::Failed(Fault::Trouble(trouble)) => Some(trouble.code()),
            Self::Failed(Fault::Said { code, .. }) => Some(code),
            Self::Failed(Fault::Stale) => Some("revision_stale"),
            Self::Failed(Fault::NotInjected) => Some("not_injected"),
            Self::Failed(Fault::Unreachable) => Some("pos_failed"),
            _ => None,
        }
    }

    /// Whether nothing more will become of it.
    pub const fn has_ended(&self) -> bool {
        !matches!(self, Self::Waiting | Self::Sent | Self::Answered)
    }
}

/// One request of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobItem {
    /// The request.
    pub planned: Planned,
    /// How far it is.
    pub step: Step,
    /// How often it was sent.
    pub tries: u32,
    /// When it was sent last.
    pub sent_at: Option<UtcMs>,
    /// When it was answered, or given up to be answered.
    pub answered_at: Option<UtcMs>,
    /// Why it may have taken effect although no answer says so.
    pub doubt: Option<Trouble>,
    /// Before this it is not sent again.
    pub not_before: UtcMs,
    /// The last state of its order that was told, of a test order.
    pub told: Option<OrderState>,
    /// How often its order had been reinjected before, of a reinjection.
    pub again: u32,
    /// What a look at a POS found.
    pub found: Vec<PingStep>,
    /// What was answered last, by a service that answers with a status.
    pub reply: Option<Answered>,
}

/// What a service answered about an order or a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The status that HTTP has for it.
    pub status: u16,
    /// The order's sequence in `ORDERS`, when it was accepted.
    pub sequence: Option<u64>,
    /// What is wrong with the payload, sanitised; at most [`crate::sanitise::FAULTS_MAX`].
    pub faults: Vec<contract::Fault>,
}

impl JobItem {
    /// An item that has not been sent.
    pub const fn new(planned: Planned, now: UtcMs) -> Self {
        Self {
            planned,
            step: Step::Waiting,
            tries: 0,
            sent_at: None,
            answered_at: None,
            doubt: None,
            not_before: now,
            told: None,
            again: 0,
            found: Vec::new(),
            reply: None,
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The audit trail has not said yet that it has the intent: nothing is sent.
    Intending,
    /// Items are sent and followed.
    Running,
    /// Every item has ended.
    Ended,
}

/// One confirmed plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// That of its intent and its outcome in the audit trail.
    pub audit: CommandId,
    /// What is done.
    pub kind: Kind,
    /// Why, in the operator's own words.
    pub reason: Option<String>,
    /// Its items, at most [`BATCH_MAX`].
    pub items: Vec<JobItem>,
    /// How far it is.
    pub phase: Phase,
    /// When it was confirmed.
    pub began_at: UtcMs,
    /// When it ended.
    pub ended_at: Option<UtcMs>,
    /// What was looked at when it was confirmed: the screen, and the details on top of it.
    pub begun_from: (Screen, Vec<Opened>),
    /// Most items begun within a second.
    pub pace: usize,
    /// Items begun in the second that [`Jobs::second`] tells.
    pub begun: usize,
    /// Why the audit trail has no outcome of it, if so.
    pub unrecorded: Option<String>,
}

/// Items of a job by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All of them.
    pub all: usize,
    /// Not sent yet, or without an end.
    pub open: usize,
    /// Seen to have taken effect.
    pub verified: usize,
    /// Sent, and not seen to have taken effect.
    pub unverified: usize,
    /// Not sent.
    pub skipped: usize,
    /// Without effect.
    pub failed: usize,
}

impl Counts {
    /// Those that were sent and not refused.
    pub const fn done(self) -> usize {
        self.verified + self.unverified
    }

    /// Whether every item took effect.
    pub const fn all_well(self) -> bool {
        self.verified == self.all
    }
}

impl Job {
    /// Its items by how they ended.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { all: self.items.len(), ..Counts::default() };
        for item in &self.items {
            match item.step {
                Step::Waiting | Step::Sent | Step::Answered => counts.open += 1,
                Step::Verified => counts.verified += 1,
                Step::Unverified(_) => counts.unverified += 1,
                Step::Skipped(_) => counts.skipped += 1,
                Step::Failed(_) => counts.failed += 1,
            }
        }
        counts
    }

    /// What the audit trail is told of its end.
    pub fn conclusion(&self) -> Conclusion {
        let results = self.items.iter().map(|item| (item.planned.target(), item.step.clone())).collect();
        Conclusion { job: self.id, id: self.audit.clone(), kind: self.kind, reason: self.reason.clone(), results }
    }

    /// Whether something of it can still be kept from being sent.
    pub fn can_be_cancelled(&self) -> bool {
        self.phase != Phase::Ended && self.items.iter().any(|item| item.step == Step::Waiting)
    }
}

/// All jobs of this console.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Jobs {
    /// Oldest first, at most [`JOBS_MAX`].
    all: Vec<Job>,
    /// The id of the last one.
    last: JobId,
    /// When the second began in which requests are counted.
    pub second: UtcMs,
    /// Requests begun in that second.
    pub begun: usize,
    /// Rows of the list of jobs, newest first.
    pub table: Table<JobId>,
}

impl Jobs {
    /// The job with this id.
    pub fn get(&self, id: JobId) -> Option<&Job> {
        self.all.iter().find(|job| job.id == id)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.all.iter_mut().find(|job| job.id == id)
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.all.iter()
    }

    /// The same, to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Job> {
        self.all.iter_mut()
    }

    /// The last one.
    pub fn last(&self) -> Option<&Job> {
        self.all.last()
    }

    /// Those that have not ended.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.all.iter().filter(|job| job.phase != Phase::Ended)
    }

    /// Requests that wait for an answer.
    pub fn unanswered(&self) -> usize {
        self.running().flat_map(|job| &job.items).filter(|item| item.step == Step::Sent).count()
    }

    /// Items without an end, of all jobs.
    pub fn open(&self) -> usize {
        self.running().flat_map(|job| &job.items).filter(|item| !item.step.has_ended()).count()
    }

    /// Whether there is room for one more.
    pub fn has_room(&self) -> bool {
        self.running().count() < RUNNING_MAX
    }

    /// Whether a job begun before `job` has something under way with the target of `planned`; any job when `job` is `None`.
    pub fn is_busy_with(&self, job: Option<JobId>, planned: &Planned) -> bool {
        // To look disturbs nobody, and nobody disturbs it.
        let changes = |planned: &Planned| !matches!(planned, Planned::Reveal(_));
        let target = planned.target();
        let others = self.running().filter(|other| job.is_none_or(|job| other.id < job));
        let busy = |item: &JobItem| !item.step.has_ended() && changes(&item.planned) && item.planned.target() == target;
        changes(planned) && others.flat_map(|other| &other.items).any(busy)
    }

    /// Takes one more; the oldest that has ended makes room.
    pub fn begin(&mut self, make: impl FnOnce(JobId) -> Job) -> JobId {
        self.last += 1;
        if self.all.len() >= JOBS_MAX
            && let Some(oldest) = self.all.iter().position(|job| job.phase == Phase::Ended)
        {
            self.all.remove(oldest);
        }
        self.all.push(make(self.last));
        self.table.refill(self.all.iter().rev().map(|job| job.id).collect(), self.all.len());
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: JobId, phase: Phase) -> Job {
        Job {
            id,
            audit: "a-1".parse().unwrap(),
            kind: Kind::Reinject,
            reason: None,
            items: Vec::new(),
            phase,
            began_at: UtcMs::default(),
            ended_at: None,
            begun_from: (Screen::Overview, Vec::new()),
            pace: BEGUN_PER_SECOND,
            begun: 0,
            unrecorded: None,
        }
    }

    #[test]
    fn the_oldest_that_has_ended_makes_room() {
        let mut jobs = Jobs::default();
        jobs.begin(|id| job(id, Phase::Running));
        for _ in 0..JOBS_MAX + 10 {
            jobs.begin(|id| job(id, Phase::Ended));
        }
        assert_eq!(jobs.iter().count(), JOBS_MAX);
        assert!(jobs.get(1).is_some(), "it runs");
        assert_eq!(jobs.get(2), None);
        assert_eq!(jobs.table.current().copied(), jobs.last().map(|job| job.id));
    }
}
