//! Times on the wire: UTC with milliseconds.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::Parsed;

/// A moment in UTC, in milliseconds since 1970-01-01T00:00:00Z; on the wire `2026-11-23T21:04:17.123Z`.
///
/// It knows no clock: whoever needs the time is given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtcMs(i64);

impl UtcMs {
    /// 0001-01-01T00:00:00Z, so that every moment prints with a four-digit year.
    const MIN_MS: i64 = -62_135_596_800_000;
    /// 9999-12-30T22:00:00Z, the last full second that `jiff` can hold in every time zone.
    const MAX_MS: i64 = 253_402_207_200_000;

    /// From milliseconds since the epoch, clamped to the years 1 to 9999.
    pub fn from_millis(ms: i64) -> Self {
        Self(ms.clamp(Self::MIN_MS, Self::MAX_MS))
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` is the earlier one (clocks differ).
    pub const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The moment `ms` milliseconds later (or earlier, when negative).
    #[must_use]
    pub fn plus_millis(self, ms: i64) -> Self {
        Self::from_millis(self.0.saturating_add(ms))
    }

    /// The same moment for calendar arithmetic and time zones.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl From<Timestamp> for UtcMs {
    fn from(at: Timestamp) -> Self {
        Self::from_millis(at.as_millisecond())
    }
}

impl fmt::Display for UtcMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl FromStr for UtcMs {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Timestamp>().map(Self::from)
    }
}

impl Serialize for UtcMs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcMs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_milliseconds() {
        let at = UtcMs::from_millis(1_795_472_957_120);
        assert_eq!(at.to_string(), "2026-11-23T22:29:17.120Z");
        assert_eq!("2026-11-23T22:29:17.12Z".parse::<UtcMs>().ok(), Some(at));
    }

    #[test]
    fn extreme_values_are_clamped_not_wrapped() {
        assert!(UtcMs::from_millis(i64::MAX).to_string().starts_with("9999-12-30"));
        assert!(UtcMs::from_millis(i64::MIN).to_string().starts_with("0001-01-01"));
        assert_eq!(UtcMs::from_millis(5).plus_millis(i64::MIN).as_millis(), -62_135_596_800_000);
    }
}
