//! The clock of a recording that is shown: what is due as time passes. Pure; whoever has a clock says how much has passed.
//!
//! State depends on the lines alone: each moves the clock to where it was and then happens, however many are due at once.

use contract::UtcMs;

use super::{Fault, Line};
use crate::event::{Around, Event};
use crate::state::replay::Playing;

/// How often a recording that is shown moves on, in milliseconds.
pub const TICK_MS: u64 = 100;

/// Lines played at once at most, so that keys are answered meanwhile.
pub const LINES_MAX: usize = 200;

/// Where a recording that is shown stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Player {
    /// The time in the recording.
    position: UtcMs,
    /// Read, and not due yet.
    next: Option<Line>,
}

impl Player {
    /// At the beginning.
    pub const fn new(began_at: UtcMs) -> Self {
        Self { position: began_at, next: None }
    }

    /// What has happened when `passed_ms` have passed for whoever looks. `lines` gives the next line; `None` when there is
    /// none yet, or none any more.
    pub fn advance(
        &mut self,
        passed_ms: i64,
        playing: &Playing,
        mut lines: impl FnMut() -> Option<Result<Line, Fault>>,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        if playing.paused {
            return events;
        }
        let times = playing.speed.times();
        if let Some(times) = times {
            self.position = self.position.plus_millis(passed_ms.saturating_mul(times)).min(playing.until);
        }
        for played in 0.. {
            let line = match self.next.take().map(Ok).or_else(&mut lines) {
                Some(Ok(line)) => line,
                Some(Err(fault)) => {
                    events.push(Event::Recording(Around::Ended(fault)));
                    break;
                }
                None => break,
            };
            if times.is_some() && line.at > self.position || played >= LINES_MAX {
                // When there is more than can be shown at once, the clock waits for it.
                self.position = self.position.min(line.at);
                self.next = Some(line);
                break;
            }
            self.position = self.position.max(line.at);
            events.extend(happen(line));
        }
        events
    }
}

/// What a line does: time first, then what was heard.
pub fn happen(line: Line) -> impl Iterator<Item = Event> {
    std::iter::once(Event::Tick(line.at)).chain(line.heard.event())
}
