//! A bounded list of the newest values, for trends and plots.

use std::collections::VecDeque;

/// The newest `capacity` values, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Ring<T> {
    values: VecDeque<T>,
    capacity: usize,
}

impl<T> Ring<T> {
    /// An empty ring that will hold at most `capacity` values (at least one).
    pub fn new(capacity: usize) -> Self {
        Self { values: VecDeque::new(), capacity: capacity.max(1) }
    }

    /// Adds a value; the oldest one goes when the ring is full.
    pub fn push(&mut self, value: T) {
        if self.values.len() >= self.capacity {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// Adds a value at its place by `key`; the first one goes when there are too many.
    pub fn insert_by_key<K: Ord>(&mut self, value: T, key: impl Fn(&T) -> K) {
        let at = self.values.partition_point(|known| key(known) <= key(&value));
        self.values.insert(at, value);
        if self.values.len() > self.capacity {
            self.values.pop_front();
        }
    }

    /// The values, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.values.iter()
    }

    /// The values to change, oldest first.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.values.iter_mut()
    }

    /// The newest value.
    pub fn last(&self) -> Option<&T> {
        self.values.back()
    }

    /// The oldest value.
    pub fn first(&self) -> Option<&T> {
        self.values.front()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Keeps only what `keep` says.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.values.retain(keep);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.values.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest() {
        let mut ring = Ring::new(2);
        assert!(ring.is_empty());
        for value in 1..=3 {
            ring.push(value);
        }
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [2, 3]);
        ring.insert_by_key(1, |value| *value);
        ring.insert_by_key(4, |value| *value);
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [3, 4]);
        ring.clear();
        ring.push(2);
        ring.push(3);
        assert_eq!((ring.first(), ring.last(), ring.len()), (Some(&2), Some(&3), 2));
    }
}
