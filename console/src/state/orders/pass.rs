//! One pass of an order: from its acceptance, or from a reinjection, to an outcome.

use std::collections::BTreeMap;

use contract::event::FailReason;
use contract::order::{Ending, Origin};
use contract::{Decision, OrderHead, Outcome, UtcMs};

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

/// What is known of one pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Identity and what tables show.
    pub head: OrderHead,
    /// The decision that began it; absent for the order as it came, and while only later steps are known.
    pub decision: Option<Decision>,
    /// Whether its own message of stream `ORDERS` was seen. If not, it was put together from later steps.
    pub acceptance_seen: bool,
    /// Its sequence in `ORDERS`, once known.
    pub intake: Option<u64>,
    /// The hand-over, once known.
    pub queued: Option<Queued>,
    /// Failed attempts, oldest first.
    attempts: BTreeMap<(UtcMs, String, u32), Attempt>,
    /// How it ended, once known.
    pub outcome: Option<Outcome>,
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
    pub const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<UtcMs> {
        self.outcome.as_ref().map(|outcome| outcome.at)
    }

    /// Two heads of one pass differ only when somebody forged one; takes the same one whatever comes first.
    pub(super) fn see(&mut self, head: &OrderHead) {
        let rank = |head: &OrderHead| (head.received_at, head.sha256.as_str().to_owned());
        if rank(head) < rank(&self.head) {
            self.head = head.clone();
        }
    }

    /// A later hand-over (by a new distribuidor that repeats) does not move the first one.
    pub(super) fn queue_at(&mut self, queued: Queued) {
        let earlier =
            |known: &Queued| (queued.at, queued.by.instance.as_str()) < (known.at, known.by.instance.as_str());
        if self.queued.as_ref().is_none_or(earlier) {
            self.queued = Some(queued);
        }
    }

    pub(super) fn end(&mut self, outcome: &Outcome) {
        // A pass has one end; should it ever be told another, the later one counts.
        let later = |known: &Outcome| (known.at, known.queue_seq) < (outcome.at, outcome.queue_seq);
        if self.outcome.as_ref().is_none_or(later) {
            self.outcome = Some(outcome.clone());
        }
    }

    pub(super) fn fail(&mut self, attempt: Attempt) {
        self.attempts.insert((attempt.at, attempt.by.instance.to_string(), attempt.number), attempt);
        if self.attempts.len() > ATTEMPTS_MAX {
            self.attempts.pop_first();
        }
    }
}
