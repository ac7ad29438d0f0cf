//! One pass of an order: from its acceptance, or from a reinjection, to an outcome.

use std::collections::BTreeMap;

use contract::event::FailReason;
use contract::order::{Ending, Origin};
use contract::{Decision, InstanceId, OrderHead, UtcMs};

use super::OrderState;

/// Failed attempts kept for one pass: the schedule has fewer than ten, takeovers repeat it.
pub(super) const ATTEMPTS_MAX: usize = 64;

/// The hand-over to the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// When.
    pub at: UtcMs,
    /// The distribuidor that did it.
    pub by: Origin,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When its failure was known.
    pub at: UtcMs,
    /// The resolver.
    pub by: Origin,
    /// Number of the attempt, from 1; starts anew when another resolver takes over.
    pub number: u32,
    /// How many there will be at most.
    pub number_max: u32,
    /// Why it failed.
    pub reason: FailReason,
    /// One sentence.
    pub detail: String,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// When the next one is due.
    pub retry_at: Option<UtcMs>,
}

/// How a pass ended: of its outcome, what the pass does not know already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// When it was known.
    pub at: UtcMs,
    /// The resolver.
    pub by: Origin,
    /// Sequence of the entry in stream `QUEUES`.
    pub queue_seq: u64,
    /// Attempts that this resolver made.
    pub attempts: u32,
    /// How long the POS took to answer the last one, in milliseconds.
    pub pos_ms: Option<u32>,
    /// How it ended.
    pub ending: Ending,
}

/// What is known of one pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Identity and what tables show.
    pub head: OrderHead,
    /// The decision that began it; absent for the order as it came, and while only later steps are known.
    pub decision: Option<Box<Decision>>,
    /// Whether its own message of stream `ORDERS` was seen. If not, it was put together from later steps.
    pub acceptance_seen: bool,
    /// Its sequence in `ORDERS`, once known.
    pub intake: Option<u64>,
    /// The hand-over, once known.
    pub queued: Option<Queued>,
    /// Failed attempts, oldest first.
    attempts: BTreeMap<(UtcMs, InstanceId, u32), Attempt>,
    /// How it ended, once known.
    pub outcome: Option<End>,
}

impl Pass {
    pub(super) const fn new(head: OrderHead) -> Self {
        Self {
            head,
            decision: None,
            acceptance_seen: false,
            intake: None,
            queued: None,
            attempts: BTreeMap::new(),
            outcome: None,
        }
    }

    /// Where it is on its way.
    pub fn state(&self) -> OrderState {
        match self.outcome.as_ref().map(|outcome| &outcome.ending) {
            // It was not injected before, and now went through.
            Some(Ending::Injected { .. }) if self.head.again > 0 => OrderState::Solved,
            Some(Ending::Injected { .. }) => OrderState::Injected,
            Some(Ending::NotInjected { .. }) => OrderState::NotInjected,
            None if !self.attempts.is_empty() => OrderState::Retrying,
            None if self.queued.is_some() => OrderState::Queued,
            None => OrderState::Accepted,
        }
    }

    /// Attempts made, as far as known.
    pub fn attempts_made(&self) -> u32 {
        let failed = self.attempts.values().map(|attempt| attempt.number).max().unwrap_or(0);
        self.outcome.as_ref().map_or(failed, |outcome| outcome.attempts.max(failed))
    }

    /// Failed attempts, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.attempts.values()
    }

    /// The last failed attempt.
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.values().next_back()
    }

    /// How it ended, once known.
    pub const fn outcome(&self) -> Option<&End> {
        self.outcome.as_ref()
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<UtcMs> {
        self.outcome.as_ref().map(|outcome| outcome.at)
    }

    /// Two heads of one pass differ only when somebody forged one; takes the same one whatever comes first. Tells whether
    /// it took this one.
    pub(super) fn see(&mut self, head: OrderHead) -> bool {
        let (this, known) = (&head, &self.head);
        let other = (this.received_at, this.sha256.as_str()) < (known.received_at, known.sha256.as_str());
        if other {
            self.head = head;
        }
        other
    }

    /// A later hand-over (by a new distribuidor that repeats) does not move the first one.
    pub(super) fn queue_at(&mut self, queued: Queued) {
        let earlier =
            |known: &Queued| (queued.at, queued.by.instance.as_str()) < (known.at, known.by.instance.as_str());
        if self.queued.as_ref().is_none_or(earlier) {
            self.queued = Some(queued);
        }
    }

    pub(super) fn end(&mut self, end: End) {
        // A pass has one end; should it ever be told another, the later one counts.
        let later = |known: &End| (known.at, known.queue_seq) < (end.at, end.queue_seq);
        if self.outcome.as_ref().is_none_or(later) {
            self.outcome = Some(end);
        }
    }

    pub(super) fn fail(&mut self, attempt: Attempt) {
        self.attempts.insert((attempt.at, attempt.by.instance.clone(), attempt.number), attempt);
        if self.attempts.len() > ATTEMPTS_MAX {
            self.attempts.pop_first();
        }
    }
}
