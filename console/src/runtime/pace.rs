//! When the next frame is drawn. Pure.
//!
//! What a person did is shown at once. What only data changed waits until the link has had time for what was written before:
//! nobody tells how slow a link is, and what waits in it is ahead of the answer to the next key.

use std::time::{Duration, Instant};

use crate::event::{Answer, Event, History};

/// Shortest time between a frame and the next one of data: figures that change more often nobody reads, and each frame is
/// work for this machine and the terminal's.
const DATA_FRAME: Duration = Duration::from_millis(100);

/// How long a frame may keep the next one of data waiting: the screen says when it was drawn, but nobody waits for longer than that.
/// A whole screen of 200x60, some 16 KB, in this time is two thirds of what 64 kbit/s carry.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// What a write costs a link besides its bytes, in bytes: the headers of IP, TCP and SSH.
const WRITE_BYTES: u64 = 100;

/// Who asks for a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// Nobody: the screen is as it should be.
    No,
    /// Something came, or the clock went on.
    ByData,
    /// A person did something, or must know at once.
    ByPerson,
}

impl Asked {
    /// Who asks for a frame with `event`.
    pub(super) const fn by(event: &Event) -> Self {
        match event {
            Event::Tick(_)
            | Event::Drawn { .. }
            | Event::Live { .. }
            | Event::Heard(_)
            | Event::History(History::Began | History::Read { .. } | History::Denied { .. } | History::Failed { .. })
            | Event::Queues(_)
            | Event::Discovered { .. }
            | Event::Said(_)
            | Event::Recording(_)
            // Asked for by the clock and by what came, in a flood of that as many.
            | Event::Answer(
                Answer::Server(_)
                | Answer::Clients(_)
                | Answer::Store { .. }
                | Answer::Counters(_)
                | Answer::Alerted(_)
                | Answer::Intended { .. }
                | Answer::Concluded { .. }
                | Answer::Unheard(_),
            ) => Self::ByData,
            // The other answers are to a person; that all is read, and whether there is a connection, nobody must learn late.
            Event::History(History::Ready { .. })
            | Event::Resized { .. }
            | Event::Action(_)
            | Event::Begun(_)
            | Event::Edit(_)
            | Event::Pointed(_)
            | Event::Unattended
            | Event::Link(_)
            | Event::Views(_)
            | Event::Answer(_)
            | Event::SwitchFailed { .. } => Self::ByPerson,
        }
    }
}

/// The frames of one terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Shortest time between two frames.
    frame: Duration,
    /// Bytes a second that data may use.
    rate: u64,
    /// When the next frame may be drawn, whoever asks.
    free_at: Instant,
    /// When what was written is paid off.
    paid_at: Instant,
}

impl Pace {
    /// From `now` on, with the shortest time between two frames and the bytes a second that data may use.
    pub(super) const fn new(now: Instant, frame: Duration, rate: u64) -> Self {
        Self { frame, rate, free_at: now, paid_at: now }
    }

    /// When the next frame is to be drawn; not at all when nobody asks.
    pub(super) fn next(&self, asked: Asked) -> Option<Instant> {
        match asked {
            Asked::No => None,
            Asked::ByData => Some(self.free_at.max(self.paid_at)),
            Asked::ByPerson => Some(self.free_at),
        }
    }

    /// A frame of so many bytes is about to be written.
    pub(super) fn drawn(&mut self, now: Instant, bytes: usize) {
        self.free_at = now + self.frame;
        let cost = if bytes > 0 { bytes as u64 + WRITE_BYTES } else { 0 };
        let time = Duration::from_micros(cost.saturating_mul(1_000_000) / self.rate.max(1));
        self.paid_at = (self.paid_at.max(now) + time).clamp(now + DATA_FRAME, now + WAIT_MAX);
    }

    /// The terminal has taken what was written. One that kept us waiting has as much time again: it has more before it than
    /// it can show.
    pub(super) fn written(&mut self, now: Instant, took: Duration) {
        self.paid_at = self.paid_at.max(now + took.min(WAIT_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_MS: u64 = 33;

    /// After frames drawn at such times with so many bytes, when the next one of data and of a person is drawn; all in
    /// milliseconds since the start, at 10 000 bytes a second.
    fn next(frames: &[(u64, usize)]) -> (u64, u64) {
        let start = Instant::now();
        let mut pace = Pace::new(start, Duration::from_millis(FRAME_MS), 10_000);
        for (at_ms, bytes) in frames {
            pace.drawn(start + Duration::from_millis(*at_ms), *bytes);
        }
        let at = |asked| pace.next(asked).map_or(0, |at| u64::try_from((at - start).as_millis()).unwrap());
        (at(Asked::ByData), at(Asked::ByPerson))
    }

    #[test]
    fn data_waits_until_what_was_written_is_paid_off_and_a_person_does_not() {
        for (frames, wanted) in [
            (&[][..], (0, 0)),
            (&[(0, 0)], (100, 33)),                  // Nothing was written.
            (&[(0, 100)], (100, 33)),                // 20 ms, less than is kept between two frames anyway.
            (&[(0, 1_900)], (200, 33)),              // 200 ms.
            (&[(0, 1_900), (50, 900)], (300, 83)),   // What was not paid off is added to.
            (&[(0, 1_900), (500, 900)], (600, 533)), // What was, is not.
            (&[(0, 1_000_000)], (3_000, 33)),        // A bound.
            (&[(0, 1_000_000), (100, 1_000)], (3_100, 133)),
        ] {
            assert_eq!(next(frames), wanted, "{frames:?}");
        }
        let pace = Pace::new(Instant::now(), Duration::ZERO, 0);
        assert_eq!(pace.next(Asked::No), None);
    }

    #[test]
    fn a_terminal_that_took_its_time_has_as_much_again() {
        for (took_ms, wanted_ms) in [(0, 200), (50, 200), (150, 300), (900, 1_800), (60_000, 63_000)] {
            let start = Instant::now();
            let mut pace = Pace::new(start, Duration::ZERO, 10_000);
            pace.drawn(start, 1_900);
            let took = Duration::from_millis(took_ms);
            pace.written(start + took, took);
            assert_eq!(pace.next(Asked::ByData), Some(start + Duration::from_millis(wanted_ms)), "{took_ms}");
            assert_eq!(pace.next(Asked::ByPerson), Some(start));
        }
    }
}
