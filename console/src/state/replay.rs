//! The past, played again: a state of its own, made from the streams by the same `update`, with its own clock. The live
//! state goes on beside it. See `docs/decisions/0012-replay.md`.

use std::collections::VecDeque;

use contract::UtcMs;

use super::access::Access;
use super::{Lang, State};
use crate::event::{Fact, Trouble};
use crate::recording::Header;

/// Facts waiting to be played below which more are read: seconds of the fastest playing.
pub const WAITING_LOW: usize = 2_000;

/// Facts played in one tick at most, so that keys are answered meanwhile.
pub const PLAYED_MAX: usize = 1_000;

/// How far back a replay may begin, in days: as long as the streams keep.
pub const DAYS_MAX: i64 = 31;

/// Streams that are played, in the order in which an order passes them: at the same moment the earlier one comes
/// first.
pub const STREAMS: [&str; 5] = ["STORES", "ORDERS", "EVENTS", "OUTCOMES", "INVALID"];

/// How fast time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Speed {
    /// As it did.
    #[default]
    One,
    /// Ten times as fast.
    Ten,
    /// A minute a second.
    Sixty,
    /// As fast as it can be read and shown.
    Most,
}

impl Speed {
    /// The next faster one.
    #[must_use]
    pub const fn faster(self) -> Self {
        match self {
            Self::One => Self::Ten,
            Self::Ten => Self::Sixty,
            Self::Sixty | Self::Most => Self::Most,
        }
    }

    /// The next slower one.
    #[must_use]
    pub const fn slower(self) -> Self {
        match self {
            Self::One | Self::Ten => Self::One,
            Self::Sixty => Self::Ten,
            Self::Most => Self::Sixty,
        }
    }

    /// How many times as fast; `None` without a limit.
    pub const fn times(self) -> Option<i64> {
        match self {
            Self::One => Some(1),
            Self::Ten => Some(10),
            Self::Sixty => Some(60),
            Self::Most => None,
        }
    }
}

/// What a person wants instead of this replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The present.
    Live,
    /// Another replay, from here on.
    From(UtcMs),
}

/// Where the past comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// From the streams, which keep what was stored.
    Streams,
    /// From a recording, which holds all that was heard: connection, heartbeats and counts as well.
    Recording,
}

/// What a replayed state knows of its being one.
#[derive(Debug, Clone, PartialEq)]
pub struct Playing {
    /// Where it comes from.
    pub past: Past,
    /// Where it began.
    pub from: UtcMs,
    /// Where it ends: when it was asked for.
    pub until: UtcMs,
    /// Up to when everything was read.
    pub known_to: UtcMs,
    /// How fast.
    pub speed: Speed,
    /// Time stands still.
    pub paused: bool,
    /// Why no more could be read; playing again tries anew.
    pub failed: Option<Trouble>,
    /// What is wanted instead.
    pub wish: Option<Wish>,
    /// The time of the live state.
    pub present: UtcMs,
    /// Urgent items of the live state that nobody has acknowledged.
    pub urgent: usize,
    /// What the live state follows.
    pub under_way: usize,
}

impl Playing {
    /// Whether everything was played at `now`.
    pub fn is_over(&self, now: UtcMs) -> bool {
        now >= self.until
    }
}

/// Where the next read of each stream begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Messages stored before this moment are left out.
    pub from: UtcMs,
    /// Messages stored after this moment are left out.
    pub until: UtcMs,
    /// By stream, in the order of [`STREAMS`]: the sequence of the next message; `None` before anything was read.
    pub next: [Option<u64>; STREAMS.len()],
}

/// A stretch of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// The catalogue of stores as it is now; with the first stretch only.
    pub catalogue: Vec<Fact>,
    /// What happened, with the time at which it was stored, in order.
    pub facts: Vec<(UtcMs, Fact)>,
    /// Up to when it is complete.
    pub known_to: UtcMs,
    /// Where the next one begins; `None` when this was the last.
    pub rest: Option<Cursor>,
}

/// A replay beside the live state.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// Tells its stretches from those of an earlier one.
    pub number: u64,
    /// What is shown.
    pub shown: State,
    /// Read and not yet played; at most [`WAITING_LOW`] and one stretch.
    pub waiting: VecDeque<(UtcMs, Fact)>,
    /// Where the next read begins; `None` when all is read.
    pub rest: Option<Cursor>,
    /// Whether a stretch is being read.
    pub asked: bool,
    /// The present at the last tick.
    pub ticked_at: UtcMs,
}

impl State {
    /// The state at the beginning of a recording that goes on to `until`.
    pub fn recorded(header: &Header, until: UtcMs, speed: Speed, lang: Lang) -> Self {
        let from = header.began_at;
        let playing = Playing {
            past: Past::Recording,
            from,
            until,
            known_to: until,
            speed,
            paused: false,
            failed: None,
            wish: None,
            present: from,
            urgent: 0,
            under_way: 0,
        };
        let access = Access {
            context: header.context.clone(),
            production: header.production,
            read_only: true,
            ..Access::default()
        };
        // Nothing is made in the past: its ids need no seed.
        Self { playing: Some(playing), access, ..Self::new(from, lang, 0) }
    }

    /// Whether this is the past as the streams keep it, which is not all that was heard then.
    pub fn is_from_streams(&self) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.past == Past::Streams)
    }

    /// Whether this is a recording.
    pub fn is_recorded(&self) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.past == Past::Recording)
    }
}
