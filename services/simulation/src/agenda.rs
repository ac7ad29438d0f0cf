//! What will happen, in the order of virtual time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Virtual time in microseconds since the run began.
pub type Us = u64;

/// Microseconds in a millisecond.
pub const MS: Us = 1_000;

/// Microseconds in a second.
pub const S: Us = 1_000_000;

/// Things to come, by time; a tie is broken by a number drawn from the seed, then by the order of scheduling.
#[derive(Debug)]
pub struct Agenda<T> {
    things: BinaryHeap<Planned<T>>,
    number: u64,
}

#[derive(Debug)]
struct Planned<T> {
    when: (Us, u32, u64),
    /// Boxed: a heap moves its elements about.
    thing: Box<T>,
}

impl<T> Ord for Planned<T> {
    /// The earliest is the greatest: that is the one a heap gives first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.when.cmp(&self.when)
    }
}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.when == other.when
    }
}

impl<T> Eq for Planned<T> {}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { things: BinaryHeap::new(), number: 0 }
    }
}

impl<T> Agenda<T> {
    /// `thing` will happen at `at`.
    pub fn put(&mut self, at: Us, tie: u32, thing: T) {
        self.number += 1;
        self.things.push(Planned { when: (at, tie, self.number), thing: Box::new(thing) });
    }

    /// The next thing and its time.
    pub fn pop(&mut self) -> Option<(Us, T)> {
        let Planned { when: (at, ..), thing } = self.things.pop()?;
        Some((at, *thing))
    }
}
