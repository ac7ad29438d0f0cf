//! Counts of orders by UTC hour, country and cloud: keys and values of the bucket [`crate::stream::COUNTERS`].
//!
//! One key a UTC day. Its value tells up to which place of each stream it counts ([`Marks`]), so that a count and the
//! progress that it stands for are one write (decision 0008).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Cloud, Country, UtcMs, stream};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day of a moment.
    pub const fn of(at: UtcMs) -> Self {
        Self(at.as_millis().div_euclid(DAY_MS))
    }

    /// Its first moment.
    pub fn start(self) -> UtcMs {
        UtcMs::from_millis(self.0.saturating_mul(DAY_MS))
    }

    /// The first moment of one of its hours.
    pub fn hour(self, hour: u8) -> UtcMs {
        self.start().plus_millis(i64::from(hour) * HOUR_MS)
    }

    /// The day so many days later, or earlier when negative.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self::of(Self(self.0.saturating_add(days)).start())
    }

    /// Its key in the bucket, `day.2026-11-23`.
    pub fn key(self) -> String {
        format!("{PREFIX}{self}")
    }

    /// The day of a key; `None` for a key of another kind.
    pub fn of_key(key: &str) -> Option<Self> {
        key.strip_prefix(PREFIX)?.parse().ok()
    }
}

/// What the keys of all days begin with.
const PREFIX: &str = "day.";

/// The hour of a moment in its UTC day, 0 to 23.
pub fn hour_of(at: UtcMs) -> u8 {
    u8::try_from(at.as_millis().rem_euclid(DAY_MS) / HOUR_MS).unwrap_or(0)
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.start().to_string().split('T').next().unwrap_or_default())
    }
}

impl FromStr for Day {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date: jiff::civil::Date = text.parse()?;
        Ok(Self::of(format!("{date}T00:00:00Z").parse()?))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A stream that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `ORDERS`.
    Orders,
    /// `OUTCOMES`.
    Outcomes,
    /// `INVALID`.
    Invalid,
}

impl Source {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Orders, Self::Outcomes, Self::Invalid];

    /// Name of the stream.
    pub const fn stream(self) -> &'static str {
        match self {
            Self::Orders => stream::ORDERS.name,
            Self::Outcomes => stream::OUTCOMES.name,
            Self::Invalid => stream::INVALID.name,
        }
    }
}

/// A place in a stream: everything up to it is counted. Ordered by [`Mark::place`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Which stream under this name: grows when the stream is found to be another one, or cut back.
    #[serde(skip_serializing_if = "is_zero_u32")]
    pub era: u32,
    /// When that stream was made, by the server; 1970 = never seen.
    pub made: UtcMs,
    /// Sequence of the last message counted; 0 = none of this era.
    pub sequence: u64,
    /// When the server stored that message: tells it from another one under the same sequence.
    pub stored_at: UtcMs,
}

impl Mark {
    /// What marks are compared by.
    pub const fn place(&self) -> (u32, u64) {
        (self.era, self.sequence)
    }
}

/// A mark for each stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "UPPERCASE")]
pub struct Marks {
    /// Of `ORDERS`.
    pub orders: Mark,
    /// Of `OUTCOMES`.
    pub outcomes: Mark,
    /// Of `INVALID`.
    pub invalid: Mark,
}

impl Marks {
    /// The mark of a stream.
    pub const fn of(&self, source: Source) -> &Mark {
        match source {
            Source::Orders => &self.orders,
            Source::Outcomes => &self.outcomes,
            Source::Invalid => &self.invalid,
        }
    }

    /// Sets the mark of a stream.
    pub const fn set(&mut self, source: Source, mark: Mark) {
        match source {
            Source::Orders => self.orders = mark,
            Source::Outcomes => self.outcomes = mark,
            Source::Invalid => self.invalid = mark,
        }
    }

    /// For each stream the later one of both.
    #[must_use]
    pub fn latest(mut self, other: &Self) -> Self {
        for source in Source::ALL {
            if other.of(source).place() > self.of(source).place() {
                self.set(source, *other.of(source));
            }
        }
        self
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tally {
    /// Orders accepted for the first time, where intake ran.
    Accepted,
    /// Orders accepted again because somebody had them injected again.
    Reinjected,
    /// Orders injected, where the resolver ran.
    Injected,
    /// Orders not injected, where the resolver ran.
    NotInjected,
    /// Orders not injected that came right later.
    Solved,
    /// Payloads refused, where intake ran.
    Invalid,
}

impl Tally {
    /// Each of them.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Reinjected, Self::Injected, Self::NotInjected, Self::Solved, Self::Invalid];

    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Reinjected => "reinjected",
            Self::Injected => "injected",
            Self::NotInjected => "not_injected",
            Self::Solved => "solved",
            Self::Invalid => "invalid",
        }
    }
}

/// A number for each [`Tally`]. Those that are left out in JSON are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// See [`Tally::Accepted`].
    #[serde(skip_serializing_if = "is_zero")]
    pub accepted: u64,
    /// See [`Tally::Reinjected`].
    #[serde(skip_serializing_if = "is_zero")]
    pub reinjected: u64,
    /// See [`Tally::Injected`].
    #[serde(skip_serializing_if = "is_zero")]
    pub injected: u64,
    /// See [`Tally::NotInjected`].
    #[serde(skip_serializing_if = "is_zero")]
    pub not_injected: u64,
    /// See [`Tally::Solved`].
    #[serde(skip_serializing_if = "is_zero")]
    pub solved: u64,
    /// See [`Tally::Invalid`].
    #[serde(skip_serializing_if = "is_zero")]
    pub invalid: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero_u32(count: &u32) -> bool {
    *count == 0
}

impl Counts {
    /// One of them.
    pub const fn get(&self, tally: Tally) -> u64 {
        match tally {
            Tally::Accepted => self.accepted,
            Tally::Reinjected => self.reinjected,
            Tally::Injected => self.injected,
            Tally::NotInjected => self.not_injected,
            Tally::Solved => self.solved,
            Tally::Invalid => self.invalid,
        }
    }

    /// Adds `count` to one of them.
    pub const fn add(&mut self, tally: Tally, count: u64) {
        let field = match tally {
            Tally::Accepted => &mut self.accepted,
            Tally::Reinjected => &mut self.reinjected,
            Tally::Injected => &mut self.injected,
            Tally::NotInjected => &mut self.not_injected,
            Tally::Solved => &mut self.solved,
            Tally::Invalid => &mut self.invalid,
        };
        *field = field.saturating_add(count);
    }

    /// Adds all of `other`.
    pub fn add_all(&mut self, other: &Self) {
        for tally in Tally::ALL {
            self.add(tally, other.get(tally));
        }
    }
}

/// Counts by country and cloud.
pub type Places = BTreeMap<Country, BTreeMap<Cloud, Counts>>;

/// Value of a day's key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayCounts {
    /// Version, [`crate::VERSION`].
    pub v: u8,
    /// When it was written, by the clock of the distribuidor.
    pub updated_at: UtcMs,
    /// Up to where of each stream it counts: every message stored on this day up to there, and none beyond.
    pub through: Marks,
    /// Messages that were gone from their stream before they could be counted, found out on this day: the counts of
    /// this day and of earlier ones may lack them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// Counts by UTC hour, 0 to 23, of the moment at which the server stored the message. An hour without a message is
    /// left out.
    pub hours: BTreeMap<u8, Places>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_print_and_read_back() {
        let at: UtcMs = "2026-11-23T21:04:17.123Z".parse().unwrap_or_default();
        let day = Day::of(at);
        assert_eq!((day.key().as_str(), hour_of(at)), ("day.2026-11-23", 21));
        assert_eq!(Day::of_key("day.2026-11-23"), Some(day));
        assert_eq!(day.hour(21).to_string(), "2026-11-23T21:00:00.000Z");
        assert_eq!(day.plus_days(8).to_string(), "2026-12-01");
        for other in ["", "day.", "day.x", "day.2026-11-31", "2026-11-23", "days.2026-11-23"] {
            assert_eq!(Day::of_key(other), None, "{other}");
        }
    }

    #[test]
    fn midnight_belongs_to_the_day_that_begins() {
        let midnight = UtcMs::from_millis(20_780 * DAY_MS);
        assert_eq!((Day::of(midnight).start(), hour_of(midnight)), (midnight, 0));
        let before = midnight.plus_millis(-1);
        assert_eq!((Day::of(before).plus_days(1), hour_of(before)), (Day::of(midnight), 23));
        // Before 1970 no different: nothing rounds towards zero.
        let old = UtcMs::from_millis(-1);
        assert_eq!((Day::of(old).to_string().as_str(), hour_of(old)), ("1969-12-31", 23));
    }

    #[test]
    fn a_later_era_is_later_whatever_the_sequence() {
        let old = Mark { sequence: 900, ..Mark::default() };
        let new = Mark { era: 1, sequence: 3, ..Mark::default() };
        let marks = |mark| Marks { orders: mark, ..Marks::default() };
        assert_eq!(marks(old).latest(&marks(new)), marks(new));
        assert_eq!(marks(new).latest(&marks(old)), marks(new));
    }
}
