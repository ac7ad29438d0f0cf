//! The order whose personal data is on the screen. The data itself is never in the state: whoever draws the terminal has it,
//! for as long as [`State::revealed`] tells.

use contract::{OrderId, UtcMs};

use super::{Opened, State};

/// How long personal data stays on the screen, in milliseconds: long enough to dial a number or to read an address to
/// somebody, too short to be left there.
pub const REVEALED_MS: i64 = 60_000;

/// An order whose personal data is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealed {
    /// The order.
    pub order: OrderId,
    /// Until when.
    pub until: UtcMs,
}

impl Revealed {
    /// Time that is left at `now`, in whole seconds that have begun.
    pub fn left_s(&self, now: UtcMs) -> i64 {
        self.until.since(now).max(0).unsigned_abs().div_ceil(1_000).try_into().unwrap_or(0)
    }
}

impl State {
    /// The order whose personal data may be drawn: its time is not over, it is still the one that is looked at, and
    /// what is looked at is the present.
    pub fn revealed(&self) -> Option<&Revealed> {
        let looked_at = |order: &OrderId| matches!(self.opened.last(), Some(Opened::Order(opened)) if opened == order);
        // A clock that was set back makes the minute no longer.
        let in_time = |revealed: &&Revealed| (1..=REVEALED_MS).contains(&revealed.until.since(self.now));
        let revealed = self.revealed.as_ref().filter(in_time);
        revealed.filter(|revealed| self.replay.is_none() && looked_at(&revealed.order))
    }
}
