//! The lane of one store: what to do next for the order at the head of its queue, decided without I/O.
//!
//! Strictly one deed at a time. The head is tried until the POS has it or the attempts are used up; then its outcome
//! is stored, its entry acknowledged, and only then does the next one begin. Entries whose intake sequence is not
//! above the store's watermark are done already and are acknowledged without being sent.

mod trial;
mod words;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use contract::event::FailReason;
use contract::heartbeat::Head;
use contract::order::Ending;
use contract::{CommandId, EventKind, OrderId, Outcome, QueueEntry, UtcMs};

pub use words::{Deed, Mark, Moment, Place, Release, Step, Stored};

/// Entries of a lane that are kept whole in any case; of those behind, when there is no room, only the sequence is kept,
/// and they are read back when their turn comes. So a dead store's backlog of 200,000 orders costs tens of megabytes,
/// not hundreds.
pub const WHOLE_MAX: usize = 32;

/// Failed connections in a row after which the POS counts as down.
pub const DOWN_AFTER: u32 = 2;

/// Wait before something that the bus did not do is tried again, in milliseconds.
pub const BUS_RETRY_MS: u64 = 500;

#[derive(Debug)]
struct Waiting {
    reply: Option<String>,
    entry: Option<Arc<QueueEntry>>,
}

#[derive(Debug, Default)]
struct Tries {
    queue_seq: u64,
    intake: u64,
    attempts: u32,
    /// Those that count against the order.
    spent: u32,
    first_at: Option<UtcMs>,
    last_at: Option<UtcMs>,
    pos_ms: Option<u32>,
    next_at: Option<UtcMs>,
}

impl Tries {
    const fn are_of(&self, queue_seq: u64, entry: &QueueEntry) -> bool {
        self.queue_seq == queue_seq && self.intake == entry.intake
    }
}

#[derive(Debug)]
enum Stage {
    Idle,
    /// A deed is under way; about which entry, unless about the store.
    Busy(Option<u64>),
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
    /// When the next order may begin.
    next_order_ms: u64,
    tries: Tries,
    /// The order that a person gives up, by its intake sequence, and the command that says so.
    given_up: Option<(u64, CommandId)>,
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
            next_order_ms: 0,
            tries: Tries::default(),
            given_up: None,
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
        matches!(self.stage, Stage::Busy(_) | Stage::Finished(_))
    }

    /// What the head waits for, when it does not simply flow.
    pub fn head(&self) -> Option<Head> {
        let (seq, first) = self.waiting.first_key_value()?;
        let entry = first.entry.as_ref()?;
        let tried = self.tries.are_of(*seq, entry) && self.tries.attempts > 0;
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

    /// An entry was delivered; a repeated delivery only renews where its acknowledgement goes. With `room` it is kept whole
    /// however many are before it.
    ///
    /// `false` when the place holds another order than the one that a deed is under way about: `QUEUES` lost its end, and
    /// the place was given again. Then nothing was taken; the entry must be delivered once more, later.
    pub fn delivered(&mut self, queue_seq: u64, reply: String, entry: QueueEntry, room: bool) -> bool {
        let held = self.waiting.get(&queue_seq).and_then(|waiting| waiting.entry.as_ref());
        if held.is_some_and(|held| held.intake != entry.intake) {
            if self.kept() == Some(queue_seq) {
                return false;
            }
            self.waiting.remove(&queue_seq);
        }
        let whole = room || self.waiting.len() < WHOLE_MAX;
        let waiting = self.waiting.entry(queue_seq).or_insert(Waiting { reply: None, entry: None });
        waiting.reply = Some(reply);
        if whole && waiting.entry.is_none() {
            waiting.entry = Some(Arc::new(entry));
        }
        true
    }

    /// A person gives up `order` with sequence `intake` in `ORDERS`, if it is at the head. What is under way is awaited
    /// first.
    pub fn release(&mut self, order: &OrderId, intake: u64, command: CommandId) -> Release {
        let head = self.waiting.first_key_value().and_then(|(_, waiting)| waiting.entry.as_ref());
        let ended = self.mark.is_some_and(|mark| intake <= mark.watermark);
        if ended || head.is_none_or(|entry| entry.intake != intake || entry.order.id() != *order) {
            return Release::NotAtHead;
        }
        self.given_up = Some((intake, command));
        if self.is_busy() { Release::Pending } else { Release::Now }
    }

    /// What to do now. `may_start` is false while paused, or when the partition is to be given back: then no new
    /// attempt begins, but what was begun is finished.
    pub fn step(&mut self, now: Moment, may_start: bool) -> Step {
        if let Some(kind) = self.tell.pop_front() {
            return Step::Do(Deed::Tell(kind));
        }
        match &self.stage {
            Stage::Fenced => return Step::Fenced,
            Stage::Busy(_) => return Step::Wait(None),
            Stage::Idle | Stage::Finished(_) => {}
        }
        let Some((&queue_seq, first)) = self.waiting.first_key_value() else { return Step::Wait(None) };
        let Some(mark) = self.mark else {
            return self.when_due(now, |lane| lane.begin(None, Deed::LoadMark));
        };
        if let Stage::Finished(outcome) = &self.stage {
            let deed = Deed::Store { outcome: outcome.clone(), fence: mark.fence };
            return self.when_due(now, |lane| lane.begin(Some(lane.tries.queue_seq), deed));
        }
        let Some(entry) = first.entry.clone() else {
            return self.when_due(now, |lane| lane.begin(Some(queue_seq), Deed::ReadBack(queue_seq)));
        };
        if entry.intake <= mark.watermark {
            let sent_by_us = self.tries.are_of(queue_seq, &entry) && self.tries.attempts > 0;
            return match first.reply.clone() {
                Some(reply) => self.begin(Some(queue_seq), Deed::Ack { queue_seq, reply, replay: !sent_by_us }),
                // The consumer was made anew: it will be delivered again.
                None if self.waiting.len() == 1 => Step::Wait(None),
                // It came with later ones and without this one, in order: the queue has lost it.
                None => {
                    self.waiting.remove(&queue_seq);
                    self.step(now, may_start)
                }
            };
        }
        if let Some((_, command)) = self.given_up.take_if(|(intake, _)| *intake == entry.intake) {
            self.turn_to(queue_seq, &entry);
            let detail = "given up by an operator".to_owned();
            let ending = Ending::NotInjected { reason: FailReason::Released, detail, command: Some(command) };
            self.finish(&entry, ending, now);
            return self.step(now, may_start);
        }
        if !may_start {
            return Step::Wait(None);
        }
        if !self.tries.are_of(queue_seq, &entry) && now.mono_ms < self.next_order_ms {
            return Step::Wait(Some(self.next_order_ms));
        }
        self.when_due(now, |lane| lane.begin_attempt(queue_seq, entry, now))
    }

    fn when_due(&mut self, now: Moment, begin: impl FnOnce(&mut Self) -> Step) -> Step {
        if now.mono_ms < self.not_before_ms { Step::Wait(Some(self.not_before_ms)) } else { begin(self) }
    }

    fn begin(&mut self, about: Option<u64>, deed: Deed) -> Step {
        self.stage = Stage::Busy(about);
        Step::Do(deed)
    }

    /// Begins to count the attempts of this entry, unless they are counted already; returns whether it is another one.
    fn turn_to(&mut self, queue_seq: u64, entry: &QueueEntry) -> bool {
        let another = !self.tries.are_of(queue_seq, entry);
        if another {
            self.tries = Tries { queue_seq, intake: entry.intake, ..Tries::default() };
        }
        another
    }

    fn begin_attempt(&mut self, queue_seq: u64, entry: Arc<QueueEntry>, now: Moment) -> Step {
        if self.turn_to(queue_seq, &entry) {
            self.next_order_ms = now.mono_ms + self.place.pace_ms;
        }
        self.tries.attempts += 1;
        self.tries.first_at.get_or_insert(now.utc);
        self.tries.last_at = Some(now.utc);
        self.tries.next_at = None;
        self.begin(Some(queue_seq), Deed::Attempt { entry, attempt: self.tries.attempts })
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
            // Once more, now expecting that there is none. What we know to be done stays done.
            Stored::AgedOut => {
                self.mark = self.mark.map(|mark| Mark { fence: 0, ..mark });
                self.stage = Stage::Finished(outcome);
            }
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

    /// The entry that a deed under way is about.
    const fn kept(&self) -> Option<u64> {
        match self.stage {
            Stage::Busy(about) => about,
            Stage::Finished(_) => Some(self.tries.queue_seq),
            Stage::Idle | Stage::Fenced => None,
        }
    }

    /// The consumer is made anew and will deliver everything that is still in the queue, in order. Only the entry
    /// of a deed under way is kept.
    pub fn reset(&mut self) {
        let kept = self.kept();
        if kept.is_none() && !matches!(self.stage, Stage::Busy(_)) {
            // Asked again: a stream that lost its end knows less than we do, and counts on from there.
            self.mark = None;
        }
        self.waiting.retain(|queue_seq, _| Some(*queue_seq) == kept);
        self.waiting.values_mut().for_each(|waiting| waiting.reply = None);
    }
}

#[cfg(test)]
mod tests;
