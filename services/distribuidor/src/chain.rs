//! The one-writer chain: what may be published to `QUEUES` next, decided without I/O.
//!
//! Every publish expects the stream to end where the previous one left it. A message that is lost therefore makes
//! all later ones fail instead of overtaking, and a distribuidor that no longer holds office is refused by the
//! server. After any failure the chain waits until everything in flight is answered, then goes on with the first
//! order that is not confirmed; `Nats-Msg-Id` absorbs repeats.

use std::collections::VecDeque;

/// Most publishes awaiting their acknowledgement. Measured: with 512 the chain reaches nine tenths of what an
/// unchained pipeline does; more brings nothing.
pub const WINDOW: usize = 512;

/// Most orders read ahead of the window, so that the stream's reader pauses instead of filling memory.
pub const BACKLOG_MAX: usize = 1_024;

/// How a publish was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Stored at this sequence of `QUEUES`.
    Stored(u64),
    /// The server had it already.
    Duplicate,
    /// The stream does not end where we expected.
    WrongLast,
    /// No answer, or one that says nothing: it may be stored or not, now or later.
    Unknown,
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
    /// Ask the server where `QUEUES` ends, then call [`Chain::synced`].
    Sync,
    /// Nothing until an order or an answer arrives.
    Wait,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is not known where the stream ends.
    Lost,
    /// Repeats are likely, and a duplicate does not move the end of the stream, so nobody can tell what the next
    /// but one will have to expect: one at a time.
    Repeating { last: u64 },
    /// Each publish expects what the one before it will leave.
    Chained { next_expected: u64 },
    /// Something failed: nothing goes out until all is answered; then the end of the stream is asked for.
    Settling,
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
    confirmed: u64,
    taken: u64,
}

impl<T> Chain<T> {
    /// A chain that resumes after intake sequence `confirmed`.
    pub const fn new(confirmed: u64) -> Self {
        Self { waiting: VecDeque::new(), flying: VecDeque::new(), mode: Mode::Lost, confirmed, taken: confirmed }
    }

    /// Intake sequence up to which every order is known to be in `QUEUES`.
    pub const fn confirmed(&self) -> u64 {
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
        self.waiting.len() < BACKLOG_MAX
    }

    /// The next order of `ORDERS`. One that was taken before is left out: a reader that starts again may repeat.
    pub fn order(&mut self, intake: u64, item: T) {
        if intake > self.taken {
            self.taken = intake;
            self.waiting.push_back((intake, item));
        }
    }

    /// `QUEUES` ends at `last`.
    pub fn synced(&mut self, last: u64) {
        if self.mode == Mode::Lost {
            self.mode = Mode::Repeating { last };
        }
    }

    /// The bus went away and came back: nothing that is in flight can be trusted to be answered soon.
    pub fn disturbed(&mut self) {
        self.fail();
    }

    /// What to do next; to be called again after each [`Step::Publish`] until it says [`Step::Wait`] or [`Step::Sync`].
    pub fn step(&mut self) -> Step<'_, T> {
        if self.mode == Mode::Settling {
            if self.flying.iter().any(|flying| flying.answered.is_none()) {
                return Step::Wait;
            }
            self.settle();
        }
        let (expected, window) = match self.mode {
            Mode::Lost => return if self.waiting.is_empty() { Step::Wait } else { Step::Sync },
            Mode::Repeating { last } => (last, 1),
            Mode::Chained { next_expected } => (next_expected, WINDOW),
            Mode::Settling => return Step::Wait,
        };
        if self.flying.len() >= window {
            return Step::Wait;
        }
        let Some((intake, item)) = self.waiting.pop_front() else { return Step::Wait };
        if let Mode::Chained { next_expected } = &mut self.mode {
            *next_expected += 1;
        }
        self.flying.push_back(Flying { intake, item, answered: None });
        match self.flying.back() {
            Some(flying) => Step::Publish { intake, item: &flying.item, expected },
            None => Step::Wait,
        }
    }

    /// A publish was answered.
    pub fn answered(&mut self, intake: u64, answer: Answer) {
        let Ok(index) = self.flying.binary_search_by_key(&intake, |flying| flying.intake) else { return };
        let Some(flying) = self.flying.get_mut(index) else { return };
        flying.answered = Some(matches!(answer, Answer::Stored(_) | Answer::Duplicate));
        match (answer, self.mode) {
            // The first that was no repeat: from here on each publish knows what the one before it leaves.
            (Answer::Stored(sequence), Mode::Repeating { .. }) => self.mode = Mode::Chained { next_expected: sequence },
            (Answer::Stored(_), _) | (Answer::Duplicate, Mode::Repeating { .. }) => {}
            // A duplicate did not move the stream: what flies behind it expects too much.
            (Answer::Duplicate | Answer::WrongLast | Answer::Unknown, _) => self.fail(),
        }
        self.confirm();
    }

    fn fail(&mut self) {
        if self.mode != Mode::Lost {
            self.mode = Mode::Settling;
        }
    }

    /// Moves the confirmed mark over the front of what is answered.
    fn confirm(&mut self) {
        while self.flying.front().is_some_and(|flying| flying.answered == Some(true)) {
            if let Some(done) = self.flying.pop_front() {
                self.confirmed = done.intake;
            }
        }
    }

    /// Everything is answered: what is not confirmed goes back to the front, in order.
    fn settle(&mut self) {
        while let Some(flying) = self.flying.pop_back() {
            self.waiting.push_front((flying.intake, flying.item));
        }
        self.mode = Mode::Lost;
    }
}

#[cfg(test)]
mod tests;
