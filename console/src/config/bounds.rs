//! What the figures of the settings file may be, each with its reason. Pure.

use super::file::File;
use crate::state::settings::{Ageing, Ms};

/// A figure with what it may be.
struct Bound {
    key: &'static str,
    of: fn(&File) -> i64,
    least: i64,
    most: i64,
    /// Whether it is a time, in milliseconds.
    time: bool,
}

const fn count(key: &'static str, of: fn(&File) -> i64, least: i64, most: i64) -> Bound {
    Bound { key, of, least, most, time: false }
}

const fn time(key: &'static str, of: fn(&File) -> i64, least: Ms, most: Ms) -> Bound {
    Bound { key, of, least: least.0, most: most.0, time: true }
}

/// A minute of heartbeats at most: beyond it nobody would call it watching.
const WATCH: Ms = Ms::minutes(1);
/// A shift at most: beyond it nothing said before holds.
const SHIFT: Ms = Ms::minutes(12 * 60);

const BOUNDS: &[Bound] = &[
    // Fewer than one would look dead; more than 60 no terminal shows.
    count("screen.frames-per-second", |file| file.screen.frames_per_second.into(), 1, 60),
    count("screen.frames-per-second-ssh", |file| file.screen.frames_per_second_ssh.into(), 1, 60),
    // With less a screen would take longer than anybody waits; more than this no terminal takes in.
    count("screen.kilobytes-per-second", |file| file.screen.kilobytes_per_second.into(), 1, 10_000),
    count("screen.kilobytes-per-second-ssh", |file| file.screen.kilobytes_per_second_ssh.into(), 1, 10_000),
    time("attention.acknowledged-for", |file| file.attention.acknowledged_for.0, Ms::minutes(1), SHIFT),
    // More often than this no chat service lets a bot write; less often than hourly is no alert.
    time("alerts.min-interval", |file| file.alerts.min_interval.0, Ms::seconds(5), Ms::minutes(60)),
    count("attention.growing", |file| file.attention.growing.into(), 1, 10_000),
    time("attention.invalid-for", |file| file.attention.invalid_for.0, Ms::minutes(1), SHIFT),
    // Less than what everybody calls silent would raise alarms on heartbeats that are on their way.
    time("attention.silent-after", |file| file.attention.silent_after.0, Ms(contract::heartbeat::SILENT_MS), WATCH),
    // Below a second the way of a heartbeat would count; beyond this one a clock is not off, it is another day's.
    time("attention.clock-skew", |file| file.attention.clock_skew.0, Ms::seconds(1), Ms::minutes(60)),
    time("attention.delivery.warn", |file| file.attention.delivery.warn.0, Ms::seconds(1), SHIFT),
    time("attention.delivery.critical", |file| file.attention.delivery.critical.0, Ms::seconds(1), SHIFT),
    time("attention.pickup.warn", |file| file.attention.pickup.warn.0, Ms::seconds(1), SHIFT),
    time("attention.pickup.critical", |file| file.attention.pickup.critical.0, Ms::seconds(1), SHIFT),
];

/// Checks every figure; an error holds the key and what is allowed.
pub(super) fn check(file: &File) -> Result<(), (&'static str, String)> {
    for bound in BOUNDS {
        let value = (bound.of)(file);
        if !(bound.least..=bound.most).contains(&value) {
            let allowed = if bound.time {
                format!("allowed is {} to {}", Ms(bound.least), Ms(bound.most))
            } else {
                format!("allowed is {} to {}", bound.least, bound.most)
            };
            return Err((bound.key, allowed));
        }
    }
    ordered("attention.delivery.warn", "attention.delivery.critical", file.attention.delivery)?;
    ordered("attention.pickup.warn", "attention.pickup.critical", file.attention.pickup)
}

/// What is worth a look becomes so before it is urgent.
fn ordered(warn: &'static str, critical: &str, ageing: Ageing) -> Result<(), (&'static str, String)> {
    if ageing.warn > ageing.critical {
        return Err((warn, format!("must not be above {critical} ({})", ageing.critical)));
    }
    Ok(())
}
