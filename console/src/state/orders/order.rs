//! One order: the pass under way, those before it, and the words that find it.

use std::collections::BTreeMap;

use contract::decision::DECISIONS_MAX;
use contract::{Decision, OrderHead, UtcMs};

use super::{OrderState, Pass};
use crate::filter::words::order_state_folded;

/// One order with everything known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The pass under way, or the last one.
    pub pass: Pass,
    /// Those before it, by how often the order had been reinjected.
    earlier: BTreeMap<u32, Pass>,
    /// The decision that nothing more is to be done.
    pub solved: Option<Decision>,
    /// Words that the filter looks at, folded.
    words: String,
}

impl Order {
    pub(super) const fn new(head: OrderHead) -> Self {
        Self { pass: Pass::new(head), earlier: BTreeMap::new(), solved: None, words: String::new() }
    }

    /// Where it is on its way.
    pub fn state(&self) -> OrderState {
        match self.pass.state() {
            // A decision about an earlier pass says nothing of a later one.
            OrderState::NotInjected if self.solved.as_ref().is_some_and(|solved| self.is_about_last(solved)) => {
                OrderState::Solved
            }
            state => state,
        }
    }

    fn is_about_last(&self, decision: &Decision) -> bool {
        self.pass.intake.is_none_or(|intake| decision.of >= intake)
    }

    /// Every pass, oldest first.
    pub fn passes(&self) -> impl Iterator<Item = &Pass> {
        self.earlier.values().chain([&self.pass])
    }

    /// Age in milliseconds of the pass under way: until its end when it has one, until `now` otherwise. Never negative.
    pub fn age_ms(&self, now: UtcMs) -> i64 {
        self.pass.ended_at().unwrap_or(now).since(self.pass.head.received_at).max(0)
    }

    /// The pass with this head, which becomes the last one if none is later.
    pub(super) fn pass_of(&mut self, head: &OrderHead) -> &mut Pass {
        if head.again > self.pass.head.again {
            let before = std::mem::replace(&mut self.pass, Pass::new(head.clone()));
            self.earlier.insert(before.head.again, before);
            if self.earlier.len() > DECISIONS_MAX {
                self.earlier.pop_first();
            }
        } else if head.again < self.pass.head.again {
            return self.earlier.entry(head.again).or_insert_with(|| Pass::new(head.clone()));
        }
        &mut self.pass
    }

    /// Folded words for the filter.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Sets the words that a person sees in the row; `place` are those of its store, folded, empty when it is not known.
    pub(super) fn reword(&mut self, place: &str) {
        use std::fmt::Write as _;
        let head = &self.pass.head;
        let mut words = String::with_capacity(WORDS_USUAL);
        // Writing to a String cannot fail.
        let _ = write!(words, "{}.{} {} ", head.store, head.code.token(), head.code);
        let _ = if place.is_empty() { write!(words, "{}", head.store) } else { words.write_str(place) };
        let _ = write!(words, " {} {} {} ", head.channel.label(), head.by.cloud, head.country);
        // The store's words are folded, and the rest is ASCII.
        words.make_ascii_lowercase();
        words.push_str(order_state_folded(self.state()));
        words.push_str(if head.test { " prueba test" } else { "" });
        words.shrink_to_fit();
        self.words = words;
    }

    /// Which of the sets of [`super::Orders`] it is in.
    pub(super) fn class(&self) -> Class {
        match self.state() {
            OrderState::Injected | OrderState::Solved => Class::Done,
            OrderState::NotInjected => Class::NotInjected,
            OrderState::Accepted | OrderState::Queued | OrderState::Retrying => Class::Open,
        }
    }
}

/// Bytes that the words of an ordinary order take.
const WORDS_USUAL: usize = 160;

/// What an order needs, as far as the sets of [`super::Orders`] tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It has no end yet.
    Open,
    /// A person.
    NotInjected,
    /// Nothing.
    Done,
}
