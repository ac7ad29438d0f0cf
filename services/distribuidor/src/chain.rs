//! The one-writer chain: what may be published to `QUEUES` next, decided without I/O.
//!
//! Every order has one place: the k-th order after a checkpoint (so far in `ORDERS`, so far in `QUEUES`) can only ever
//! be stored k places after it, because each publish of it, by whichever distribuidor and however late, expects the
//! stream to end just before that place. A message that is lost makes all later ones fail instead of overtaking, a
//! repeat finds its place taken, and a distribuidor that no longer holds office can do no harm. Where the stream ends
//! tells what is in it.
//!
//! After any failure the chain waits until everything in flight is answered, asks where `QUEUES` ends, takes what lies
//! before for handed over, and goes on. What does not fit that picture (entries of others, a stream that was lost) is
//! met by a new checkpoint, which must be kept for good before anything is published under it.

use std::collections::VecDeque;

use contract::event::Misfit;

/// Most publishes awaiting their acknowledgement. Measured: with 512 the chain reaches nine tenths of what an
/// unchained pipeline does; more brings nothing.
pub const WINDOW: usize = 512;

/// Most orders read ahead of the window, so that the stream's reader pauses instead of filling memory.
pub const BACKLOG_MAX: usize = 1_024;

/// Most entries of `QUEUES` that are looked at in one go.
pub const LOOK_MAX: u64 = 1_024;

/// How often in a row `QUEUES` must be seen to end before what is known to be in it, until that is believed: the
/// answer of a server that has just come up may be behind for a moment.
pub const REWINDS_BELIEVED: u32 = 5;

/// How far the hand-over has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Sequence in `ORDERS` up to which every order is in `QUEUES`.
    pub intake: u64,
    /// Sequence in `QUEUES` after which the next order belongs; `None` when no checkpoint has told it yet.
    pub queued: Option<u64>,
}

/// How a publish was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Stored at this sequence of `QUEUES`.
    Stored(u64),
    /// The stream does not end where we expected.
    WrongLast,
    /// No answer, or one that says nothing: it may be stored or not, now or later.
    Unknown,
}

/// A message that is in `QUEUES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its sequence.
    pub at: u64,
    /// Sequence in `ORDERS` of the order that it holds; `None` when it is nothing that a distribuidor writes.
    pub intake: Option<u64>,
}

/// What `QUEUES` holds beyond the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Sequence of the last message ever stored.
    pub end: u64,
    /// Sequence up to which was looked: `end`, or [`LOOK_MAX`] beyond the checkpoint.
    pub seen: u64,
    /// Those messages after the checkpoint and up to `seen` that are still there, in order. Those that are not were
    /// acknowledged, which resolvers do only with what they can read.
    pub entries: VecDeque<Entry>,
}

/// What the shell is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a, T> {
    /// Publish `item` expecting the stream to end at `expected`.
    Publish {
        /// Sequence of the order in `ORDERS`; names the publish when it is answered.
        intake: u64,
        /// What to publish.
        item: &'a T,
        /// Value of `Nats-Expected-Last-Sequence`.
        expected: u64,
    },
    /// Ask the server where `QUEUES` ends and what is there after the checkpoint, then call [`Chain::synced`].
    Sync,
    /// Keep this checkpoint for good, then call [`Chain::anchored`].
    Anchor(Checkpoint, Misfit),
    /// Nothing until an order or an answer arrives.
    Wait,
}

#[derive(Debug, PartialEq, Eq)]
enum Mode {
    /// It is not known where the stream ends.
    Lost,
    /// Orders are in the stream already, as far as was looked.
    Catching(Found),
    /// Each publish expects what the one before it will leave. One goes first alone: a stream that takes nothing is
    /// not to be asked five hundred times at once.
    Chained { proven: bool },
    /// Something failed: nothing goes out until all is answered; then the end of the stream is asked for.
    Settling,
    /// The checkpoint does not hold; this one will.
    Anchoring(Checkpoint, Misfit),
}

#[derive(Debug)]
struct Flying<T> {
    intake: u64,
    item: T,
    /// `None` while unanswered; then whether it is known to be in the stream.
    answered: Option<bool>,
}

/// The chain. `T` is what the shell publishes; the chain never looks inside.
#[derive(Debug)]
pub struct Chain<T> {
    waiting: VecDeque<(u64, T)>,
    flying: VecDeque<Flying<T>>,
    mode: Mode,
    confirmed: Checkpoint,
    /// Orders after `confirmed` that were left out while catching up.
    passed: u64,
    taken: u64,
    rewinds: u32,
}

impl<T> Chain<T> {
    /// A chain that resumes after a checkpoint.
    pub const fn new(checkpoint: Checkpoint) -> Self {
        Self {
            waiting: VecDeque::new(),
            flying: VecDeque::new(),
            mode: Mode::Lost,
            confirmed: checkpoint,
            passed: 0,
            taken: checkpoint.intake,
            rewinds: 0,
        }
    }

    /// How far the hand-over is known to have come.
    pub const fn confirmed(&self) -> Checkpoint {
        self.confirmed
    }

    /// Intake sequence up to which orders have been taken; the reader resumes after it.
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Orders taken and not confirmed.
    pub fn backlog(&self) -> usize {
        self.waiting.len() + self.flying.len()
    }

    /// Whether another order may be given to [`Chain::order`].
    pub fn has_room(&self) -> bool {
        self.waiting.len() < BACKLOG_MAX && !matches!(self.mode, Mode::Anchoring(..))
    }

    /// The next order of `ORDERS`. One that was taken before is left out: a reader that starts again may repeat.
    pub fn order(&mut self, intake: u64, item: T) {
        // Until the new checkpoint is kept, the reader is still where the old one had led it.
        if intake > self.taken && !matches!(self.mode, Mode::Anchoring(..)) {
            self.taken = intake;
            self.waiting.push_back((intake, item));
            self.catch_up();
        }
    }

    /// Every order that `ORDERS` held when `QUEUES` was last asked for has been taken.
    pub fn exhausted(&mut self) {
        if let Mode::Catching(found) = &self.mode {
            // More entries than there are orders: they are not ours.
            let end = found.end;
            self.reanchor(end, Misfit::Foreign);
        }
    }

    /// What was found in `QUEUES`. Returns whether that settles anything; if not, it is to be asked again after a while.
    pub fn synced(&mut self, found: Found) -> bool {
        if self.mode != Mode::Lost {
            return true;
        }
        let Some(queued) = self.confirmed.queued else {
            self.reanchor(found.end, Misfit::First);
            return true;
        };
        if found.end < queued {
            self.rewinds += 1;
            if self.rewinds < REWINDS_BELIEVED {
                return false;
            }
            self.reanchor(found.end, Misfit::Rewound);
            return true;
        }
        self.rewinds = 0;
        self.mode = Mode::Catching(found);
        self.catch_up();
        true
    }

    /// The checkpoint of [`Step::Anchor`] is kept for good. The reader must start again after [`Chain::taken`].
    pub fn anchored(&mut self) {
        if let Mode::Anchoring(checkpoint, _) = self.mode {
            self.confirmed = checkpoint;
            // Asked once more: nothing is taken for granted of a stream that did not look as it should.
            self.mode = Mode::Lost;
        }
    }

    /// The bus went away and came back: nothing that is in flight can be trusted to be answered soon.
    pub fn disturbed(&mut self) {
        self.fail();
    }

    /// What to do next; to be called again after each [`Step::Publish`] until it says something else.
    pub fn step(&mut self) -> Step<'_, T> {
        if self.mode == Mode::Settling {
            if self.flying.iter().any(|flying| flying.answered.is_none()) {
                return Step::Wait;
            }
            self.settle();
        }
        let window = match self.mode {
            Mode::Lost if self.waiting.is_empty() => return Step::Wait,
            Mode::Lost => return Step::Sync,
            Mode::Anchoring(checkpoint, misfit) => return Step::Anchor(checkpoint, misfit),
            Mode::Catching(_) | Mode::Settling => return Step::Wait,
            Mode::Chained { proven: false } => 1,
            Mode::Chained { proven: true } => WINDOW,
        };
        let (Some(queued), true) = (self.confirmed.queued, self.flying.len() < window) else { return Step::Wait };
        let Some((intake, item)) = self.waiting.pop_front() else { return Step::Wait };
        let expected = queued + self.flying.len() as u64;
        self.flying.push_back(Flying { intake, item, answered: None });
        match self.flying.back() {
            Some(flying) => Step::Publish { intake, item: &flying.item, expected },
            None => Step::Wait,
        }
    }

    /// A publish was answered.
    pub fn answered(&mut self, intake: u64, answer: Answer) {
        let Ok(index) = self.flying.binary_search_by_key(&intake, |flying| flying.intake) else { return };
        let place = self.confirmed.queued.map(|queued| queued + 1 + index as u64);
        let Some(flying) = self.flying.get_mut(index) else { return };
        let stored = matches!(answer, Answer::Stored(sequence) if Some(sequence) == place);
        flying.answered = Some(stored);
        match self.mode {
            Mode::Chained { .. } if stored => self.mode = Mode::Chained { proven: true },
            _ if stored => {}
            _ => self.fail(),
        }
        while self.flying.front().is_some_and(|flying| flying.answered == Some(true)) {
            if let Some(done) = self.flying.pop_front() {
                self.confirm(done.intake);
            }
        }
    }

    /// The order with this sequence in `ORDERS` has its place, and so have all before it.
    fn confirm(&mut self, intake: u64) {
        self.confirmed = Checkpoint { intake, queued: self.confirmed.queued.map(|queued| queued + 1) };
    }

    fn fail(&mut self) {
        if matches!(self.mode, Mode::Chained { .. }) {
            self.mode = Mode::Settling;
        }
    }

    /// Everything is answered: what is not confirmed goes back to the front, in order.
    fn settle(&mut self) {
        while let Some(flying) = self.flying.pop_back() {
            self.waiting.push_front((flying.intake, flying.item));
        }
        self.mode = Mode::Lost;
    }

    /// Passes over the orders that are in `QUEUES` already; each entry that is still there must be what belongs there.
    fn catch_up(&mut self) {
        let (Mode::Catching(found), Some(queued)) = (&mut self.mode, self.confirmed.queued) else { return };
        while queued + self.passed < found.seen {
            let Some((intake, _)) = self.waiting.pop_front() else { return };
            self.passed += 1;
            let place = queued + self.passed;
            let there = found.entries.pop_front_if(|entry| entry.at == place);
            if there.is_some_and(|entry| entry.intake != Some(intake)) {
                let end = found.end;
                return self.reanchor(end, Misfit::Foreign);
            }
            if place == found.seen {
                self.confirmed = Checkpoint { intake, queued: Some(place) };
            }
        }
        self.passed = 0;
        self.mode = if found.seen < found.end { Mode::Lost } else { Mode::Chained { proven: false } };
    }

    /// From here on the next order belongs after `end`.
    fn reanchor(&mut self, end: u64, misfit: Misfit) {
        // Of a stream that lost entries nobody knows which. All orders once more: the lanes pass over what is done.
        let intake = if misfit == Misfit::Rewound { 0 } else { self.confirmed.intake };
        self.waiting.clear();
        self.passed = 0;
        self.rewinds = 0;
        self.taken = intake;
        self.mode = Mode::Anchoring(Checkpoint { intake, queued: Some(end) }, misfit);
    }
}

#[cfg(test)]
mod tests;
