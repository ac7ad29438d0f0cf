//! A recording behind the console: read aside, for the disk may be slow, and played by the clock on the wall.

use std::path::Path;

use contract::UtcMs;
use tokio::sync::mpsc;

use crate::event::{Around, Event};
use crate::recording::file::Reader;
use crate::recording::player::{LINES_MAX, Player};
use crate::recording::{Fault, Header, Line};
use crate::state::replay::Speed;
use crate::state::{Lang, State};

/// A recording that is open.
#[derive(Debug)]
pub struct Shown {
    header: Header,
    until: UtcMs,
    speed: Speed,
    lines: mpsc::Receiver<Result<Line, Fault>>,
    player: Player,
    ticked_at: Option<UtcMs>,
}

impl Shown {
    /// Opens the recording at `path` and begins to read it. To be called within the runtime.
    pub fn open(path: &Path, speed: Speed) -> Result<Self, Fault> {
        let (reader, until) = Reader::open(path)?;
        let header = reader.header().clone();
        let (tell, lines) = mpsc::channel(LINES_MAX);
        tokio::task::spawn_blocking(move || {
            for line in reader {
                // Nobody looks any more.
                if tell.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        let player = Player::new(header.began_at);
        Ok(Self { header, until, speed, lines, player, ticked_at: None })
    }

    /// The state at its beginning.
    pub(super) fn state(&self, lang: Lang) -> State {
        State::recorded(&self.header, self.until, self.speed, lang)
    }

    /// What is due at `now`, the time on the wall.
    pub(super) fn due(&mut self, now: UtcMs, state: &State) -> Vec<Event> {
        let passed_ms = self.ticked_at.map_or(0, |at| now.since(at).max(0));
        self.ticked_at = Some(now);
        let mut events = vec![Event::Recording(Around::Present(now))];
        if let Some(playing) = &state.playing {
            events.extend(self.player.advance(passed_ms, playing, || self.lines.try_recv().ok()));
        }
        events
    }
}
