//! What will happen, in the order of virtual time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
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
    order: BinaryHeap<Reverse<(Us, u32, u64)>>,
    things: BTreeMap<u64, T>,
    number: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { order: BinaryHeap::new(), things: BTreeMap::new(), number: 0 }
    }
}

impl<T> Agenda<T> {
    /// `thing` will happen at `at`.
    pub fn put(&mut self, at: Us, tie: u32, thing: T) {
        self.number += 1;
        self.order.push(Reverse((at, tie, self.number)));
        self.things.insert(self.number, thing);
    }

    /// The next thing and its time.
    pub fn next(&mut self) -> Option<(Us, T)> {
        let Reverse((at, _, number)) = self.order.pop()?;
        self.things.remove(&number).map(|thing| (at, thing))
    }
}
