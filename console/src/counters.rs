//! Counts of UTC hours summed into today, seven days and the month of a time zone. Pure.

use std::collections::BTreeMap;

use contract::counters::{Counts, Day, DayCounts, Mark, Marks, Places, Source};
use contract::{Cloud, UtcMs};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, ZonedDateTime};

/// A stretch of local days up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The local day.
    Today,
    /// The local day and the six before it.
    SevenDays,
    /// The calendar month.
    Month,
}

impl Window {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Today, Self::SevenDays, Self::Month];

    /// Its name in JSON and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::SevenDays => "seven_days",
            Self::Month => "month",
        }
    }

    /// Its first moment in `zone`.
    pub fn begins(self, now: UtcMs, zone: &TimeZone) -> UtcMs {
        let now = now.timestamp().to_zoned_datetime(zone.clone());
        let day = match self {
            Self::Today => Ok(now),
            Self::SevenDays => now.checked_sub(6.days()),
            Self::Month => now.first_of_month(),
        };
        // Fails only at the ends of time, some thousand years from now.
        let begins = day.as_ref().ok().and_then(|day| ZonedDateTime::start_of_day(day).ok());
        begins.map_or_else(UtcMs::default, |begins| begins.timestamp().into())
    }
}

/// The earliest UTC day that any window needs.
pub fn first_day(now: UtcMs, zone: &TimeZone) -> Day {
    Day::of(Window::Month.begins(now, zone).min(Window::SevenDays.begins(now, zone)))
}

/// Whether local days of `zone` begin with a UTC hour. Where they do not, an hour counts for the day in which it begins.
pub fn is_whole_hours(now: UtcMs, zone: &TimeZone) -> bool {
    Window::ALL.iter().all(|window| window.begins(now, zone).as_millis() % 3_600_000 == 0)
}

/// The sum of all hours that begin at `from` or later.
pub fn sum(days: &BTreeMap<Day, DayCounts>, from: UtcMs) -> Places {
    let mut sum = Places::new();
    for (day, counts) in days {
        for (_, places) in counts.hours.iter().filter(|(hour, _)| day.hour(**hour) >= from) {
            for (country, clouds) in places {
                for (cloud, counts) in clouds {
                    sum.entry(*country).or_default().entry(cloud.clone()).or_default().add_all(counts);
                }
            }
        }
    }
    sum
}

/// The sum of all countries for each cloud.
pub fn by_cloud(places: &Places) -> BTreeMap<Cloud, Counts> {
    let mut sum: BTreeMap<Cloud, Counts> = BTreeMap::new();
    for (cloud, counts) in places.values().flatten() {
        sum.entry(cloud.clone()).or_default().add_all(counts);
    }
    sum
}

/// The sum of everything.
pub fn total<'a>(counts: impl IntoIterator<Item = &'a Counts>) -> Counts {
    let mut sum = Counts::default();
    counts.into_iter().for_each(|counts| sum.add_all(counts));
    sum
}

/// How many messages of a stream are not counted yet: by its last sequence and when it was made. `None` when it cannot
/// be told, for the stream is not the one that was counted.
pub fn lag(mark: &Mark, last: u64, made: UtcMs) -> Option<u64> {
    let never_seen = *mark == Mark::default();
    (never_seen || mark.made == made).then(|| last.checked_sub(mark.sequence)).flatten()
}

/// Up to where each stream is counted in every day: what the newest day says.
pub fn through(newest: Option<&(Day, DayCounts)>) -> Marks {
    newest.map(|(_, counts)| counts.through).unwrap_or_default()
}

/// Which streams were made anew or cut since counting began: they no longer hold all that was counted.
pub fn renewed(marks: &Marks) -> Vec<Source> {
    Source::ALL.into_iter().filter(|source| marks.of(*source).era > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMs {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn windows_begin_at_local_midnight() {
        let guayaquil = zone("America/Guayaquil");
        // Still the 30th in Ecuador.
        let now = at("2026-12-01T03:30:00.000Z");
        let begins = |window: Window| window.begins(now, &guayaquil).to_string();
        assert_eq!(begins(Window::Today), "2026-11-30T05:00:00.000Z");
        assert_eq!(begins(Window::SevenDays), "2026-11-24T05:00:00.000Z");
        assert_eq!(begins(Window::Month), "2026-11-01T05:00:00.000Z");
        assert_eq!(first_day(now, &guayaquil).to_string(), "2026-11-01");
        // Early in a month the seven days reach further back.
        assert_eq!(first_day(at("2026-12-02T12:00:00.000Z"), &guayaquil).to_string(), "2026-11-26");
    }

    #[test]
    fn days_of_a_change_of_offset_have_their_own_length() {
        // Chile went from -04 to -03 at midnight of Sunday 6 September 2026: that day began at 01:00.
        let begins = Window::Today.begins(at("2026-09-06T15:00:00.000Z"), &zone("America/Santiago"));
        assert_eq!(begins.to_string(), "2026-09-06T04:00:00.000Z");
        assert!(is_whole_hours(begins, &zone("America/Santiago")));
        assert!(!is_whole_hours(begins, &zone("Asia/Kolkata")));
    }

    #[test]
    fn each_hour_counts_in_the_day_it_belongs_to() {
        let bogota = zone("America/Bogota");
        let mut days = BTreeMap::new();
        // One order in each hour of three UTC days, in two clouds by turns.
        for day in ["2026-11-22", "2026-11-23", "2026-11-24"] {
            let mut counts = DayCounts::default();
            for hour in 0..24 {
                let cloud = if hour % 2 == 0 { "aws" } else { "azure" }.parse().unwrap();
                let places = counts.hours.entry(hour).or_default();
                places.entry("co".parse().unwrap()).or_default().entry(cloud).or_insert(Counts::default()).accepted = 1;
            }
            days.insert(day.parse().unwrap(), counts);
        }
        let now = at("2026-11-24T23:59:59.999Z");
        // From 05:00 UTC on: 19 hours, of which 06, 08 ... 22 are even.
        let today = sum(&days, Window::Today.begins(now, &bogota));
        let clouds = by_cloud(&today);
        assert_eq!(total(clouds.values()).accepted, 19);
        assert_eq!((clouds[&"aws".parse().unwrap()].accepted, clouds[&"azure".parse().unwrap()].accepted), (9, 10));
        let week = sum(&days, Window::SevenDays.begins(now, &bogota));
        assert_eq!(total(week.values().flat_map(BTreeMap::values)).accepted, 72);
    }

    #[test]
    fn a_lag_that_cannot_be_told_is_not_zero() {
        let made = UtcMs::from_millis(5);
        let mark = Mark { made, sequence: 40, ..Mark::default() };
        assert_eq!(lag(&mark, 43, made), Some(3));
        assert_eq!(lag(&mark, 39, made), None, "it lost its end");
        assert_eq!(lag(&mark, 43, UtcMs::from_millis(6)), None, "it is another one");
        assert_eq!(lag(&Mark::default(), 43, made), Some(43));
    }
}
