//! One order: the pass under way, those before it, and the words that find it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
    pub solved: Option<Box<Decision>>,
    /// Words that the filter looks at, folded; last those for its state.
    words: String,
    /// How many bytes of them its state does not change.
    lasting: usize,
}

impl Order {
    pub(super) const fn new(head: OrderHead) -> Self {
        Self { pass: Pass::new(head), earlier: BTreeMap::new(), solved: None, words: String::new(), lasting: 0 }
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

    /// The pass with this head, which becomes the last one if none is later; and whether the last one has another head.
    pub(super) fn pass_of(&mut self, head: OrderHead) -> (&mut Pass, bool) {
        match head.again.cmp(&self.pass.head.again) {
            Ordering::Equal => {
                let other = self.pass.see(head);
                (&mut self.pass, other)
            }
            Ordering::Greater => {
                let before = std::mem::replace(&mut self.pass, Pass::new(head));
                self.earlier.insert(before.head.again, before);
                if self.earlier.len() > DECISIONS_MAX {
                    self.earlier.pop_first();
                }
                (&mut self.pass, true)
            }
            Ordering::Less => match self.earlier.entry(head.again) {
                Entry::Occupied(known) => {
                    let pass = known.into_mut();
                    pass.see(head);
                    (pass, false)
                }
                Entry::Vacant(room) => (room.insert(Pass::new(head)), false),
            },
        }
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
        words.push_str(if head.test { "prueba test " } else { "" });
        // The store's words are folded, and the rest is ASCII.
        words.make_ascii_lowercase();
        words.shrink_to(words.len() + STATE_WORDS);
        self.lasting = words.len();
        self.words = words;
        self.restate();
    }

    /// Sets the words for its state.
    pub(super) fn restate(&mut self) {
        let state = order_state_folded(self.state());
        self.words.truncate(self.lasting);
        self.words.push_str(state);
    }
}

/// Bytes that the words of an ordinary order take.
const WORDS_USUAL: usize = 160;

/// Bytes kept for the words for a state: most of them fit, so that a step needs no room of its own.
const STATE_WORDS: usize = 24;

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

impl From<OrderState> for Class {
    fn from(state: OrderState) -> Self {
        match state {
            OrderState::Injected | OrderState::Solved => Self::Done,
            OrderState::NotInjected => Self::NotInjected,
            OrderState::Accepted | OrderState::Queued | OrderState::Retrying => Self::Open,
        }
    }
}
