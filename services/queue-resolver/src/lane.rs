//! The lane of one store: what to do next for the order at the head of its queue, decided without I/O.
//!
//! Strictly one deed at a time. The head is tried until the POS has it or the attempts are used up; then its outcome
//! is stored, its entry acknowledged, and only then does the next one begin. Entries whose intake sequence is not
//! above the store's watermark are done already and are acknowledged without being sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use contract::event::{FailReason, PosState};
use contract::heartbeat::Head;
use contract::order::{Ending, Origin};
use contract::{Country, EventKind, Outcome, Partition, QueueEntry, StoreId, UtcMs};

use crate::schedule::{Schedule, probe_wait_ms};
use crate::verdict::{Failure, Verdict};

/// Entries of a lane that are kept whole; of those behind only the sequence is kept, and they are read back when
/// their turn comes. So a dead store's backlog of 200,000 orders costs tens of megabytes, not hundreds.
pub const WHOLE_MAX: usize = 32;

/// Failed connections in a row after which the POS counts as down.
pub const DOWN_AFTER: u32 = 2;

/// Wait before something that the bus did not do is tried again, in milliseconds.
pub const BUS_RETRY_MS: u64 = 500;

/// A reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// For messages and people.
    pub utc: UtcMs,
    /// For waits, in milliseconds.
    pub mono_ms: u64,
}

/// Where and as whom the lane works.
#[derive(Debug, Clone)]
pub struct Place {
    /// The store's country.
    pub country: Country,
    /// The store.
    pub store: StoreId,
    /// Its partition.
    pub partition: Partition,
    /// Under which epoch we own it.
    pub epoch: u64,
    /// Who we are.
    pub by: Origin,
}

/// What is known of a store's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Highest intake sequence that is finished.
    pub watermark: u64,
    /// Sequence of the store's last outcome in `OUTCOMES`, 0 when there is none: what our next outcome expects.
    pub fence: u64,
    /// Whether the last event about the POS said that it is down.
    pub pos_down: bool,
}

/// Something to do outside; each is answered by the method named.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Learn the store's past: [`Lane::marked`].
    LoadMark,
    /// Read an entry back from `QUEUES`: [`Lane::read_back`].
    ReadBack(u64),
    /// Post the order to the POS: [`Lane::attempted`].
    Attempt {
        /// The order.
        entry: Arc<QueueEntry>,
        /// Number of the attempt, from 1.
        attempt: u32,
    },
    /// Publish the outcome, expecting the store's last outcome to be at `fence`: [`Lane::stored`].
    Store {
        /// The outcome.
        outcome: Box<Outcome>,
        /// Value of `Nats-Expected-Last-Subject-Sequence`.
        fence: u64,
    },
    /// Acknowledge an entry of `QUEUES`, confirmed: [`Lane::acked`].
    Ack {
        /// Its sequence.
        queue_seq: u64,
        /// Where acknowledgements go.
        reply: String,
        /// It was done before it was delivered.
        replay: bool,
    },
    /// Publish an event; not answered.
    Tell(EventKind),
}

/// What to do now.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Do this, then ask again.
    Do(Deed),
    /// Nothing before this monotonic time; for ever when `None`, unless something arrives.
    Wait(Option<u64>),
    /// Somebody else stored an outcome that we do not understand: we are not the owner any more.
    Fenced,
}

/// What became of storing an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// At this sequence of `OUTCOMES`.
    At(u64),
    /// The fence held; this is the store's mark as it really is.
    Conflict(Mark),
    /// No answer.
    Unknown,
}

#[derive(Debug)]
struct Waiting {
    reply: Option<String>,
    entry: Option<Arc<QueueEntry>>,
}

#[derive(Debug, Default)]
struct Tries {
    queue_seq: u64,
    attempts: u32,
    /// Those that count against the order.
    spent: u32,
    first_at: Option<UtcMs>,
    last_at: Option<UtcMs>,
    pos_ms: Option<u32>,
    next_at: Option<UtcMs>,
}

#[derive(Debug)]
enum Stage {
    Idle,
    Busy,
    Finished(Box<Outcome>),
    Fenced,
}

/// The lane.
#[derive(Debug)]
pub struct Lane {
    place: Place,
    waiting: BTreeMap<u64, Waiting>,
    mark: Option<Mark>,
    stage: Stage,
    not_before_ms: u64,
    tries: Tries,
    pos_down: bool,
    unreachable_in_a_row: u32,
    probes: u32,
    tell: VecDeque<EventKind>,
}

impl Lane {
    /// An empty lane.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            waiting: BTreeMap::new(),
            mark: None,
            stage: Stage::Idle,
            not_before_ms: 0,
            tries: Tries::default(),
            pos_down: false,
            unreachable_in_a_row: 0,
            probes: 0,
            tell: VecDeque::new(),
        }
    }

    /// Entries waiting, the head included.
    pub fn depth(&self) -> usize {
        self.waiting.len()
    }

    /// Where and as whom it works.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Whether somebody else turned out to own the store.
    pub const fn is_fenced(&self) -> bool {
        matches!(self.stage, Stage::Fenced)
    }

    /// Whether a deed is under way whose answer must be awaited before the lane may be given up.
    pub fn is_busy(&self) -> bool {
        matches!(self.stage, Stage::Busy | Stage::Finished(_))
    }

    /// What the head waits for, when it does not simply flow.
    pub fn head(&self) -> Option<Head> {
        let (seq, first) = self.waiting.first_key_value()?;
        let entry = first.entry.as_ref()?;
        let tried = self.tries.queue_seq == *seq && self.tries.attempts > 0;
        let slow = self.pos_down || tried && (self.tries.attempts > 1 || self.tries.next_at.is_some());
        slow.then(|| Head {
            store: self.place.store,
            code: entry.order.code.clone(),
            attempts: if tried { self.tries.attempts } else { 0 },
            depth: u32::try_from(self.waiting.len()).unwrap_or(u32::MAX),
            next_at: self.tries.next_at.filter(|_| tried),
            pos_down: self.pos_down,
        })
    }

    /// An entry was delivered; a repeated delivery only renews where its acknowledgement goes.
    pub fn delivered(&mut self, queue_seq: u64, reply: String, entry: QueueEntry) {
        let whole = self.waiting.len() < WHOLE_MAX;
        let waiting = self.waiting.entry(queue_seq).or_insert(Waiting { reply: None, entry: None });
        waiting.reply = Some(reply);
        if whole && waiting.entry.is_none() {
            waiting.entry = Some(Arc::new(entry));
        }
    }

    /// What to do now. `may_start` is false while paused, or when the partition is to be given back: then no new
    /// attempt begins, but what was begun is finished.
    pub fn step(&mut self, now: Moment, may_start: bool) -> Step {
        if let Some(kind) = self.tell.pop_front() {
            return Step::Do(Deed::Tell(kind));
        }
        match &self.stage {
            Stage::Fenced => return Step::Fenced,
            Stage::Busy => return Step::Wait(None),
            Stage::Idle | Stage::Finished(_) => {}
        }
        let Some((&queue_seq, first)) = self.waiting.first_key_value() else { return Step::Wait(None) };
        let Some(mark) = self.mark else {
            return self.when_due(now, |lane| lane.begin(Deed::LoadMark));
        };
        if let Stage::Finished(outcome) = &self.stage {
            let deed = Deed::Store { outcome: outcome.clone(), fence: mark.fence };
            return self.when_due(now, |lane| lane.begin(deed));
        }
        let Some(entry) = first.entry.clone() else {
            return self.when_due(now, |lane| lane.begin(Deed::ReadBack(queue_seq)));
        };
        if entry.intake <= mark.watermark {
            let sent_by_us = self.tries.queue_seq == queue_seq && self.tries.attempts > 0;
            return match first.reply.clone() {
                Some(reply) => self.begin(Deed::Ack { queue_seq, reply, replay: !sent_by_us }),
                // The consumer was made anew: it will be delivered again.
                None => Step::Wait(None),
            };
        }
        if !may_start {
            return Step::Wait(None);
        }
        self.when_due(now, |lane| lane.begin_attempt(queue_seq, entry, now))
    }

    fn when_due(&mut self, now: Moment, begin: impl FnOnce(&mut Self) -> Step) -> Step {
        if now.mono_ms < self.not_before_ms { Step::Wait(Some(self.not_before_ms)) } else { begin(self) }
    }

    fn begin(&mut self, deed: Deed) -> Step {
        self.stage = Stage::Busy;
        Step::Do(deed)
    }

    fn begin_attempt(&mut self, queue_seq: u64, entry: Arc<QueueEntry>, now: Moment) -> Step {
        if self.tries.queue_seq != queue_seq {
            self.tries = Tries { queue_seq, ..Tries::default() };
        }
        self.tries.attempts += 1;
        self.tries.first_at.get_or_insert(now.utc);
        self.tries.last_at = Some(now.utc);
        self.tries.next_at = None;
        self.begin(Deed::Attempt { entry, attempt: self.tries.attempts })
    }

    /// The store's past is known, or the bus did not tell.
    pub fn marked(&mut self, mark: Option<Mark>, now: Moment) {
        self.stage = Stage::Idle;
        match mark {
            Some(mark) => {
                self.mark = Some(mark);
                self.pos_down = mark.pos_down;
            }
            None => self.not_before_ms = now.mono_ms + BUS_RETRY_MS,
        }
    }

    /// An entry was read back. `Ok(None)`: it is not in the queue any more. `Err`: the bus did not tell.
    pub fn read_back(&mut self, queue_seq: u64, entry: Result<Option<QueueEntry>, ()>, now: Moment) {
        self.stage = Stage::Idle;
        match entry {
            Ok(Some(entry)) => {
                if let Some(waiting) = self.waiting.get_mut(&queue_seq) {
                    waiting.entry = Some(Arc::new(entry));
                }
            }
            Ok(None) => drop(self.waiting.remove(&queue_seq)),
            Err(()) => self.not_before_ms = now.mono_ms + BUS_RETRY_MS,
        }
    }

    /// An attempt ended after `took_ms`. `chance` (0 to 1) spreads the retry.
    pub fn attempted(&mut self, verdict: Verdict, took_ms: u32, schedule: &Schedule, now: Moment, chance: f64) {
        self.stage = Stage::Idle;
        let entry = self.waiting.get(&self.tries.queue_seq).and_then(|waiting| waiting.entry.clone());
        let Some(entry) = entry else { return };
        match verdict {
            Verdict::Postponed => {
                self.tries.attempts -= 1;
                self.not_before_ms = now.mono_ms + BUS_RETRY_MS;
            }
            Verdict::Done { already } => {
                self.tries.pos_ms = Some(took_ms);
                self.pos_is_up("POS answers");
                self.finish(&entry, Ending::Injected { already }, now);
            }
            Verdict::Failed(failure) if failure.reason == FailReason::Unreachable => {
                self.unreachable(&entry, failure, took_ms, schedule, now, chance);
            }
            Verdict::Failed(failure) => self.failed(&entry, failure, took_ms, schedule, now, chance),
        }
    }

    /// No connection: certainly not delivered, so it costs the order nothing. After two in a row the POS is down,
    /// and the lane only probes.
    fn unreachable(
        &mut self,
        entry: &QueueEntry,
        failure: Failure,
        took_ms: u32,
        schedule: &Schedule,
        now: Moment,
        chance: f64,
    ) {
        self.unreachable_in_a_row += 1;
        let was_down = self.pos_down;
        let wait_ms = if was_down {
            self.probes += 1;
            probe_wait_ms(self.probes, chance)
        } else {
            schedule.wait_ms(1, None, chance).unwrap_or(BUS_RETRY_MS)
        };
        let retry_at = self.retry_in(wait_ms, now);
        if was_down {
            return;
        }
        let detail = failure.detail.clone();
        self.tell_failure(entry, failure, took_ms, schedule, Some(retry_at));
        if self.unreachable_in_a_row >= DOWN_AFTER {
            self.pos_down = true;
            self.probes = 0;
            self.tell_pos(PosState::Down, detail);
        }
    }

    fn failed(
        &mut self,
        entry: &QueueEntry,
        failure: Failure,
        took_ms: u32,
        schedule: &Schedule,
        now: Moment,
        chance: f64,
    ) {
        if matches!(failure.reason, FailReason::Busy | FailReason::PosError | FailReason::Refused) {
            self.pos_is_up("POS answers again");
        }
        self.tries.spent += 1;
        self.tries.pos_ms = Some(took_ms);
        let wait = match failure.reason {
            FailReason::Refused => None,
            _ => schedule.wait_ms(self.tries.spent, failure.retry_after_ms, chance),
        };
        let retry_at = wait.map(|wait_ms| self.retry_in(wait_ms, now));
        self.tell_failure(entry, failure.clone(), took_ms, schedule, retry_at);
        if retry_at.is_none() {
            let ending = Ending::NotInjected { reason: failure.reason, detail: failure.detail };
            self.finish(entry, ending, now);
        }
    }

    fn retry_in(&mut self, wait_ms: u64, now: Moment) -> UtcMs {
        self.not_before_ms = now.mono_ms + wait_ms;
        let at = now.utc.plus_millis(i64::try_from(wait_ms).unwrap_or(i64::MAX));
        self.tries.next_at = Some(at);
        at
    }

    fn pos_is_up(&mut self, detail: &str) {
        self.unreachable_in_a_row = 0;
        if std::mem::take(&mut self.pos_down) {
            self.tell_pos(PosState::Up, detail.to_owned());
        }
    }

    fn tell_pos(&mut self, state: PosState, detail: String) {
        let (country, store) = (self.place.country, self.place.store);
        self.tell.push_back(EventKind::Pos { country, store, state, detail });
    }

    fn tell_failure(
        &mut self,
        entry: &QueueEntry,
        failure: Failure,
        took_ms: u32,
        schedule: &Schedule,
        retry_at: Option<UtcMs>,
    ) {
        self.tell.push_back(EventKind::AttemptFailed {
            order: entry.order.clone(),
            intake: entry.intake,
            attempt: self.tries.attempts,
            attempts_max: schedule.attempts_max(),
            reason: failure.reason,
            detail: failure.detail,
            took_ms,
            retry_at,
        });
    }

    fn finish(&mut self, entry: &QueueEntry, ending: Ending, now: Moment) {
        let watermark = self.mark.map_or(0, |mark| mark.watermark);
        self.not_before_ms = 0;
        self.tries.next_at = None;
        self.stage = Stage::Finished(Box::new(Outcome {
            v: contract::VERSION,
            order: entry.order.clone(),
            intake: entry.intake,
            watermark: watermark.max(entry.intake),
            queue_seq: self.tries.queue_seq,
            partition: self.place.partition,
            epoch: self.place.epoch,
            queued_at: entry.queued_at,
            queued_by: entry.by.clone(),
            attempts: self.tries.attempts,
            first_attempt_at: self.tries.first_at,
            last_attempt_at: self.tries.last_at,
            pos_ms: self.tries.pos_ms,
            at: now.utc,
            by: self.place.by.clone(),
            ending,
        }));
    }

    /// Storing `outcome` was answered.
    pub fn stored(&mut self, outcome: Box<Outcome>, stored: Stored, now: Moment) {
        self.stage = Stage::Idle;
        match stored {
            Stored::At(fence) => {
                let watermark = outcome.watermark;
                self.mark = self.mark.map(|mark| Mark { watermark, fence, ..mark });
            }
            // Either an earlier try of ours was stored after all, or the next owner finished this order.
            Stored::Conflict(mark) if mark.watermark >= outcome.intake => self.mark = Some(mark),
            Stored::Conflict(_) => self.stage = Stage::Fenced,
            Stored::Unknown => {
                self.not_before_ms = now.mono_ms + BUS_RETRY_MS;
                self.stage = Stage::Finished(outcome);
            }
        }
    }

    /// Acknowledging ended. When it was not confirmed and the consumer has been made anew meanwhile, a fresh delivery
    /// is acknowledged again; without one the entry is gone, or will be delivered and found done.
    pub fn acked(&mut self, queue_seq: u64, confirmed: bool) {
        self.stage = Stage::Idle;
        if confirmed || self.waiting.get(&queue_seq).is_some_and(|waiting| waiting.reply.is_none()) {
            self.waiting.remove(&queue_seq);
        }
    }

    /// The consumer is made anew and will deliver everything that is still in the queue, in order. Only the entry
    /// of a deed under way is kept.
    pub fn reset(&mut self) {
        let head = if self.is_busy() { self.waiting.pop_first() } else { None };
        self.waiting.clear();
        if let Some((queue_seq, waiting)) = head {
            self.waiting.insert(queue_seq, Waiting { reply: None, ..waiting });
        }
    }
}

#[cfg(test)]
mod tests;
