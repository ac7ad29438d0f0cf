//! Times as a person types them, in a zone.

use contract::UtcMs;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

/// On which side of now a time of day is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The last time that it was that late.
    Past,
    /// The next time that it is that late.
    Future,
}

/// `2026-11-24T18:30` as it stands, and `18:30` on that side of `now`.
pub(super) fn parse(text: &str, now: UtcMs, zone: &TimeZone, side: Side) -> Option<UtcMs> {
    let in_zone = |at: DateTime| zone.to_timestamp(at).ok().map(UtcMs::from);
    if let Ok(at) = text.parse::<DateTime>() {
        return in_zone(at);
    }
    let time: Time = text.parse().ok()?;
    let today = zone.to_datetime(now.timestamp()).date();
    let at = in_zone(today.to_datetime(time))?;
    match side {
        Side::Past if at >= now => in_zone(today.yesterday().ok()?.to_datetime(time)),
        Side::Future if at <= now => in_zone(today.tomorrow().ok()?.to_datetime(time)),
        Side::Past | Side::Future => Some(at),
    }
}
