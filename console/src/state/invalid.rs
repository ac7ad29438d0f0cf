//! Refused payloads: what was wrong with each, never the payload itself.

use contract::UtcMs;
use contract::order::InvalidHead;

use crate::state::ring::Ring;

/// Refused payloads kept, newest last.
pub const INVALID_MAX: usize = 200;

/// Recent refused payloads.
#[derive(Debug, Clone, PartialEq)]
pub struct Invalid {
    /// The newest ones, oldest first.
    pub recent: Ring<InvalidHead>,
}

impl Default for Invalid {
    fn default() -> Self {
        Self { recent: Ring::new(INVALID_MAX) }
    }
}

impl Invalid {
    /// Takes one; a repeat (live and read from the stream) is ignored.
    pub fn take(&mut self, head: &InvalidHead) {
        if !self.recent.iter().any(|known| known == head) {
            // Live ones and those read from the stream come in any order.
            self.recent.insert_by_key(head.clone(), |head| head.at);
        }
    }

    /// How many came within the last `within_ms` milliseconds, and the newest of them.
    pub fn within(&self, now: UtcMs, within_ms: i64) -> (usize, Option<&InvalidHead>) {
        let recent = |head: &&InvalidHead| now.since(head.at) <= within_ms;
        (self.recent.iter().filter(recent).count(), self.recent.iter().filter(recent).max_by_key(|head| head.at))
    }
}
