//! The truth about the connection, about loss, and about what has been read so far.

use std::collections::BTreeMap;

use contract::UtcMs;

use crate::event::{Meter, Outage, Part};
use crate::state::ring::Ring;

/// Seconds over which the rate of received messages is averaged.
pub const RATE_WINDOW_S: usize = 5;

/// Gaps that are remembered: one more than anybody reads in a shift with a bad link.
pub const GAPS_MAX: usize = 100;

/// Shortest time between two readings because of lost messages, in milliseconds: while a flood lasts, reading more
/// often would only add to it.
pub const REREAD_MS: i64 = 10_000;

/// Delay of a heartbeat between its arrival and its taking in from which the feed counts as behind, in milliseconds;
/// usual are some tens.
pub const BEHIND_MS: i64 = 1_000;

/// What the connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Not connected yet.
    Connecting {
        /// Since when.
        since: UtcMs,
        /// Why the last attempt failed, if one did.
        last_failure: Option<String>,
    },
    /// Connected.
    Up {
        /// Since when.
        since: UtcMs,
        /// Name of the server.
        server: String,
        /// Version of the server.
        version: String,
        /// Its address, `host:port`.
        address: String,
    },
    /// Was connected, is not. Everything on screen is as old as this.
    Lost {
        /// Since when.
        since: UtcMs,
        /// Why, as far as it is known.
        why: Outage,
    },
}

impl Link {
    /// Whether it is up.
    pub const fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }

    /// Since when it is what it is.
    pub const fn since(&self) -> UtcMs {
        match self {
            Self::Connecting { since, .. } | Self::Up { since, .. } | Self::Lost { since, .. } => *since,
        }
    }
}

/// A stretch of time for which live messages are missing; what the streams hold was read afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// When the connection went.
    pub from: UtcMs,
    /// When it came back.
    pub to: UtcMs,
}

/// Received, taken, lost; and how fast.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// The observing connection's account.
    pub meter: Meter,
    /// Messages that could not be read: live ones, and those that the first reading of the streams found.
    pub unreadable: u64,
    /// The last one of them: subject and reason.
    pub last_unreadable: Option<(String, String)>,
    /// Stretches without connection, oldest first.
    pub gaps: Ring<Gap>,
    /// Loss that a reading of the streams has made up for, and when that was asked for.
    pub made_up: (u64, Option<UtcMs>),
    /// Messages received each second, newest last.
    samples: Ring<(UtcMs, u64)>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            meter: Meter::default(),
            unreadable: 0,
            last_unreadable: None,
            gaps: Ring::new(GAPS_MAX),
            made_up: (0, None),
            samples: Ring::new(RATE_WINDOW_S + 1),
        }
    }
}

impl Traffic {
    /// Whether live messages were lost that no reading of the streams has made up for; asked at most once in
    /// [`REREAD_MS`], and taken as asked for when it says yes.
    pub fn must_reread(&mut self, now: UtcMs) -> bool {
        let (made_up, asked_at) = self.made_up;
        let must = self.meter.lost > made_up && asked_at.is_none_or(|asked_at| now.since(asked_at) >= REREAD_MS);
        if must {
            self.made_up = (self.meter.lost, Some(now));
        }
        must
    }

    /// Takes a sample; called once a second.
    pub fn sample(&mut self, now: UtcMs) {
        if self.samples.last().is_none_or(|(at, _)| now.since(*at) >= 1_000) {
            self.samples.push((now, self.meter.received));
        }
    }

    /// Messages received a second, over the last [`RATE_WINDOW_S`]; `None` before there are two samples.
    pub fn rate(&self) -> Option<f64> {
        let (first, last) = (self.samples.first()?, self.samples.last()?);
        let elapsed_ms = last.0.since(first.0);
        (elapsed_ms > 0).then(|| last.1.saturating_sub(first.1) as f64 * 1_000.0 / elapsed_ms as f64)
    }
}

/// How far a part has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartState {
    /// Not begun.
    Waiting,
    /// Under way.
    Reading {
        /// Messages read.
        done: u64,
        /// Messages to read.
        total: u64,
    },
    /// Read.
    Done,
    /// This user may not read it; not tried again before the next connection.
    Denied,
    /// Not readable, with the reason; tried again.
    Failed(String),
}

/// What has been read from the streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Each part.
    pub parts: BTreeMap<Part, PartState>,
    /// Everything is read at least once since the last connect.
    pub ready: bool,
    /// How many times everything was read.
    pub times: u64,
    /// Orders accepted before this moment may be missing; `None` before anything is read, or when all were read.
    pub since: Option<UtcMs>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { parts: Part::ALL.map(|part| (part, PartState::Waiting)).into(), ready: false, times: 0, since: None }
    }
}
