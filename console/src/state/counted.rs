//! Orders counted by hour, country and cloud, as the active distribuidor keeps them; summed for whoever looks.

use std::collections::BTreeMap;

use contract::counters::{Counts, Day, DayCounts};
use contract::{Cloud, UtcMs};

use crate::counters;
use crate::event::{CountersRead, Trouble};

/// Days kept: the longest month, the day that may have begun elsewhere, and one more on either side.
pub const DAYS_MAX: usize = 34;

/// How many days before today are asked for: those of the longest month, whatever the zone.
const DAYS_BACK: i64 = 32;

/// How often the counts are read, in milliseconds: the distribuidor writes them every few seconds.
pub const READ_MS: i64 = 10_000;

/// How often all days are read, in milliseconds; in between only yesterday and today, for the others stand still
/// unless something is counted anew.
pub const READ_ALL_MS: i64 = 10 * 60_000;

/// Age of the last reading from which the counts count as old, in milliseconds.
pub const OLD_MS: i64 = 3 * READ_MS;

/// The counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counted {
    /// Each day that is there.
    pub days: BTreeMap<Day, DayCounts>,
    /// By cloud, all that was counted from an hour on, for each hour that is there: each frame asks for several sums of
    /// a month.
    from_hour: BTreeMap<UtcMs, BTreeMap<Cloud, Counts>>,
    /// The earliest day of which there are counts: before it nothing is known.
    pub since: Option<Day>,
    /// When the counts were written last.
    pub written_at: Option<UtcMs>,
    /// When they were read last; `None` before the first reading.
    pub read_at: Option<UtcMs>,
    /// Why the last reading failed, if it did.
    pub trouble: Option<Trouble>,
    asked_at: Option<UtcMs>,
    all_read_at: Option<UtcMs>,
    /// The first day that was asked for.
    asked_from: Option<Day>,
}

impl Counted {
    /// The days to be read now, if any are; taken as asked for then.
    pub fn ask(&mut self, now: UtcMs) -> Option<(Day, Day)> {
        // Asking again for what is denied would not help before the next connection.
        if self.trouble == Some(Trouble::Denied) || self.asked_at.is_some_and(|at| now.since(at) < READ_MS) {
            return None;
        }
        let today = Day::of(now);
        let all = self.all_read_at.is_none_or(|at| now.since(at) >= READ_ALL_MS);
        let from = today.plus_days(if all { -DAYS_BACK } else { -1 });
        (self.asked_at, self.asked_from) = (Some(now), Some(from));
        // A message may be stored by a clock that is ahead of ours.
        Some((from, today.plus_days(1)))
    }

    /// Asks anew, and for everything: the connection is another one.
    pub fn restart(&mut self) {
        (self.asked_at, self.all_read_at, self.trouble) = (None, None, None);
    }

    /// Takes an answer.
    pub fn take(&mut self, now: UtcMs, answer: Result<CountersRead, Trouble>) {
        match answer {
            Ok(read) => {
                let from = self.asked_from.unwrap_or_else(|| Day::of(now));
                if from < Day::of(now).plus_days(-1) {
                    self.all_read_at = Some(now);
                }
                // What was asked for and is not there was taken away.
                self.days.retain(|day, _| *day < from);
                self.days.extend(read.days);
                while self.days.len() > DAYS_MAX {
                    self.days.pop_first();
                }
                self.sum();
                (self.since, self.written_at) = (read.since, read.written_at);
                (self.read_at, self.trouble) = (Some(now), None);
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    fn sum(&mut self) {
        self.from_hour.clear();
        let mut sum: BTreeMap<Cloud, Counts> = BTreeMap::new();
        for (day, counts) in self.days.iter().rev() {
            for (hour, places) in counts.hours.iter().rev() {
                for (cloud, counts) in counters::by_cloud(places) {
                    sum.entry(cloud).or_default().add_all(&counts);
                }
                self.from_hour.insert(day.hour(*hour), sum.clone());
            }
        }
    }

    /// By cloud, the sum of all hours that begin at `from` or later.
    pub fn by_cloud_from(&self, from: UtcMs) -> Option<&BTreeMap<Cloud, Counts>> {
        self.from_hour.range(from..).next().map(|(_, sum)| sum)
    }

    /// How old the counts are, in milliseconds, when that is older than it should be.
    pub fn old_ms(&self, now: UtcMs) -> Option<i64> {
        self.read_at.map(|at| now.since(at)).filter(|age| *age >= OLD_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMs {
        text.parse().unwrap()
    }

    fn read(days: &[&str]) -> CountersRead {
        let days = days.iter().map(|day| (day.parse().unwrap(), DayCounts::default())).collect();
        CountersRead { since: None, written_at: None, days }
    }

    #[test]
    fn all_days_are_read_at_first_and_then_the_newest() {
        let mut counted = Counted::default();
        let now = at("2026-11-24T12:00:00.000Z");
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(counted.ask(now), Some((day("2026-10-23"), day("2026-11-25"))));
        assert_eq!(counted.ask(now.plus_millis(READ_MS - 1)), None, "asked for already");
        counted.take(now, Ok(read(&["2026-11-01", "2026-11-24"])));
        let later = now.plus_millis(READ_MS);
        assert_eq!(counted.ask(later), Some((day("2026-11-23"), day("2026-11-25"))));
        counted.take(later, Ok(read(&["2026-11-24"])));
        assert_eq!(counted.days.len(), 2, "older days stay");
        // A failed reading changes nothing but what is said of it.
        counted.take(later, Err(Trouble::Unanswered(3)));
        assert_eq!((counted.days.len(), counted.read_at), (2, Some(later)));
        assert_eq!(counted.old_ms(later.plus_millis(OLD_MS)), Some(OLD_MS));
        counted.restart();
        assert_eq!(counted.ask(later).map(|(from, _)| from), Some(day("2026-10-23")));
    }

    #[test]
    fn what_is_denied_is_not_asked_for_again_before_the_next_connection() {
        let mut counted = Counted::default();
        let now = at("2026-11-24T12:00:00.000Z");
        counted.take(now, Err(Trouble::Denied));
        assert_eq!(counted.ask(now.plus_millis(READ_ALL_MS)), None);
        counted.restart();
        assert!(counted.ask(now).is_some());
    }

    #[test]
    fn sums_are_those_of_the_hours_that_are_there() {
        let mut counted = Counted::default();
        let now = at("2026-11-24T12:00:00.000Z");
        let today = Day::of(now);
        counted.ask(now);
        let day = |back: i64, hours: &[u8]| {
            let mut counts = DayCounts::default();
            for hour in hours {
                for (country, cloud) in [("ec", "aws"), ("co", "aws"), ("co", "azure")] {
                    let clouds = counts.hours.entry(*hour).or_default().entry(country.parse().unwrap()).or_default();
                    let accepted = u64::from(*hour) + back.unsigned_abs() * 100;
                    clouds.insert(cloud.parse().unwrap(), Counts { accepted, ..Counts::default() });
                }
            }
            (today.plus_days(-back), counts)
        };
        let days = [day(0, &[0, 3, 11]), day(1, &[22, 23]), day(9, &[5])].into();
        counted.take(now, Ok(CountersRead { since: None, written_at: None, days }));
        // What was counted anew replaces what was there.
        let days = [day(0, &[0, 3, 11, 12])].into();
        counted.ask(now.plus_millis(READ_MS));
        counted.take(now, Ok(CountersRead { since: None, written_at: None, days }));
        for hours in 0..260 {
            for ms in [0, 1] {
                let from = today.start().plus_millis(86_400_000 - hours * 3_600_000 + ms);
                let sum = counters::by_cloud(&counters::sum(&counted.days, from));
                assert_eq!(counted.by_cloud_from(from).cloned().unwrap_or_default(), sum, "{from}");
            }
        }
    }

    #[test]
    fn days_are_bounded() {
        let mut counted = Counted::default();
        let now = at("2026-11-24T12:00:00.000Z");
        counted.ask(now);
        let today = Day::of(now);
        let days = (0..90).map(|back| (today.plus_days(-back), DayCounts::default())).collect();
        counted.take(now, Ok(CountersRead { since: None, written_at: None, days }));
        assert_eq!(counted.days.len(), DAYS_MAX);
        assert!(counted.days.contains_key(&today));
    }
}
