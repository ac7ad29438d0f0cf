//! When to try again, as data.

use std::str::FromStr;
use std::time::Duration;

/// Longest `Retry-After` that is honoured, in milliseconds: a POS must not park its orders for a night by mistake.
pub const RETRY_AFTER_MAX_MS: u64 = 300_000;

/// Waits between probes of a POS that refuses connections, in milliseconds; the last one repeats.
pub const PROBES_MS: [u64; 4] = [2_000, 5_000, 10_000, 20_000];

/// Waits between attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    waits_ms: Vec<u64>,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 20 waits in seconds, each 0 to 3600, separated by commas, for example 3,10,20")]
pub struct InvalidSchedule;

impl FromStr for Schedule {
    type Err = InvalidSchedule;

    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        let wait = |part: &str| -> Option<u64> {
            let seconds: f64 = part.trim().parse().ok()?;
            (0.0..=3_600.0).contains(&seconds).then(|| whole_ms(Duration::from_secs_f64(seconds)))
        };
        let waits_ms = text.split(',').map(wait).collect::<Option<Vec<_>>>().ok_or(InvalidSchedule)?;
        if (1..=20).contains(&waits_ms.len()) { Ok(Self { waits_ms }) } else { Err(InvalidSchedule) }
    }
}

impl Schedule {
    /// Most attempts that count against an order.
    pub fn attempts_max(&self) -> u32 {
        u32::try_from(self.waits_ms.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Milliseconds to wait after the `spent`-th failure that counts (from 1), spread by `chance` (0 to 1) over
    /// nine to eleven tenths, so that stores that failed together do not come back together. At least `retry_after_ms`
    /// when the POS asked for it. `None` when the attempts are used up.
    pub fn wait_ms(&self, spent: u32, retry_after_ms: Option<u64>, chance: f64) -> Option<u64> {
        let index = usize::try_from(spent).ok()?.checked_sub(1)?;
        let wait = spread(*self.waits_ms.get(index)?, chance);
        Some(wait.max(retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MAX_MS)))
    }
}

/// Milliseconds until the next probe, after `probes` of them found the POS still down.
pub fn probe_wait_ms(probes: u32, chance: f64) -> u64 {
    let last = PROBES_MS.len() - 1;
    spread(PROBES_MS[usize::try_from(probes).unwrap_or(last).min(last)], chance)
}

fn spread(wait_ms: u64, chance: f64) -> u64 {
    let tenth = wait_ms / 10;
    let chance = if chance.is_nan() { 0.0 } else { chance.clamp(0.0, 1.0) };
    wait_ms - tenth + whole_ms(Duration::from_millis(2 * tenth).mul_f64(chance))
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_followed_and_ends() {
        let schedule: Schedule = "3,10, 0.25".parse().unwrap();
        assert_eq!(schedule.attempts_max(), 4);
        let waits: Vec<_> = (1..=4).map(|spent| schedule.wait_ms(spent, None, 0.5)).collect();
        assert_eq!(waits, [Some(3_000), Some(10_000), Some(250), None]);
        assert_eq!(schedule.wait_ms(0, None, 0.5), None);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        let schedule: Schedule = "10".parse().unwrap();
        assert_eq!(schedule.wait_ms(1, None, 0.0), Some(9_000));
        assert_eq!(schedule.wait_ms(1, None, 1.0), Some(11_000));
        assert_eq!(schedule.wait_ms(1, None, f64::NAN), Some(9_000));
    }

    #[test]
    fn retry_after_lengthens_and_is_bounded() {
        let schedule: Schedule = "3".parse().unwrap();
        assert_eq!(schedule.wait_ms(1, Some(8_000), 0.5), Some(8_000));
        assert_eq!(schedule.wait_ms(1, Some(1), 0.5), Some(3_000));
        assert_eq!(schedule.wait_ms(1, Some(u64::MAX), 0.5), Some(RETRY_AFTER_MAX_MS));
    }

    #[test]
    fn probes_slow_down_and_go_on() {
        assert_eq!(probe_wait_ms(0, 0.5), 2_000);
        assert_eq!(probe_wait_ms(3, 0.5), 20_000);
        assert_eq!(probe_wait_ms(u32::MAX, 0.5), 20_000);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", ",", "3,", "-1", "x", "3601", "NaN", "inf", &"1,".repeat(30)] {
            assert!(text.parse::<Schedule>().is_err(), "{text:?}");
        }
    }
}
