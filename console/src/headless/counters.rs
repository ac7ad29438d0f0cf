//! `domicilio counters`: today, seven days and the month, by country and cloud.

mod recount;

use std::collections::BTreeMap;

use bus::counters::Read;
use contract::counters::{Counts, Day, Marks, Places, Source, Tally};
use contract::{Cloud, Country, UtcMs};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Failure, connect, print_columns, print_json, say};
use crate::cli;
use crate::counters::{self, Window};
use crate::feed::now;
use recount::Recount;

#[derive(Serialize)]
struct Report {
    at: UtcMs,
    zone: String,
    /// The earliest day of which there are counts.
    since: Option<String>,
    updated_at: Option<UtcMs>,
    age_s: Option<i64>,
    /// Messages of each stream that are not counted yet.
    lag: BTreeMap<&'static str, Option<u64>>,
    /// Messages that were gone before they could be counted, in the days read.
    missed: u64,
    today: Sums,
    seven_days: Sums,
    month: Sums,
    #[serde(skip_serializing_if = "Option::is_none")]
    recount: Option<Recount>,
}

/// The sums of a window.
#[derive(Serialize)]
struct Sums {
    from: UtcMs,
    total: Every,
    clouds: BTreeMap<Cloud, Every>,
    countries: BTreeMap<Country, BTreeMap<Cloud, Every>>,
}

/// Counts with all their names, zeros included.
struct Every(Counts);

impl Serialize for Every {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Tally::ALL.map(|tally| (tally.as_str(), self.0.get(tally))))
    }
}

impl Sums {
    fn new(places: Places, from: UtcMs) -> Self {
        let clouds = counters::by_cloud(&places);
        let every = |clouds: BTreeMap<Cloud, Counts>| clouds.into_iter().map(|(cloud, counts)| (cloud, Every(counts)));
        Self {
            from,
            total: Every(counters::total(clouds.values())),
            clouds: every(clouds).collect(),
            countries: places.into_iter().map(|(country, clouds)| (country, every(clouds).collect())).collect(),
        }
    }

    fn rows(&self, window: Window) -> Vec<Vec<String>> {
        let row = |country: &str, cloud: &str, counts: &Every| {
            let mut row = vec![window.as_str().to_owned(), country.to_owned(), cloud.to_owned()];
            row.extend(Tally::ALL.map(|tally| counts.0.get(tally).to_string()));
            row
        };
        let mut rows = vec![row("all", "all", &self.total)];
        rows.extend(self.clouds.iter().map(|(cloud, counts)| row("all", cloud.as_str(), counts)));
        for (country, clouds) in &self.countries {
            rows.extend(clouds.iter().map(|(cloud, counts)| row(country.as_str(), cloud.as_str(), counts)));
        }
        rows
    }
}

pub(super) async fn run(common: &cli::Common, arguments: &cli::Counters) -> Result<(), Failure> {
    let zone = match &arguments.zone {
        Some(name) => TimeZone::get(name).map_err(|error| Failure::Usage(format!("--zone {name}: {error}")))?,
        None => TimeZone::system(),
    };
    let connection = connect(common).await?;
    let at = now();
    let first = counters::first_day(at, &zone);
    // A message may be stored by a clock that is ahead of ours.
    let read = bus::counters::read(&connection.js, first, Day::of(at).plus_days(1)).await;
    let read = read.map_err(|error| match error.kind() {
        bus::ErrorKind::NotFound => {
            let bucket = contract::stream::COUNTERS;
            Failure::Failed(format!("nothing is counted yet: there is no bucket {bucket}; no distribuidor made it"))
        }
        _ => error.into(),
    })?;
    let through = counters::through(read.newest.as_ref());
    let mut lag = BTreeMap::new();
    for source in Source::ALL {
        let extent = bus::read::extent(&connection.js, source.stream()).await?;
        lag.insert(source.stream(), counters::lag(through.of(source), extent.last, extent.made));
    }
    let recount = if arguments.recount { Some(recount::recount(&connection, &read, first).await?) } else { None };
    let report = report(&read, at, &zone, lag, recount);
    tell(&report, at, &zone, &through);
    if arguments.json {
        print_json(&report)?;
    } else {
        let names =
            ["WINDOW", "CC", "CLOUD", "ACCEPTED", "REINJECTED", "INJECTED", "NOT INJECTED", "SOLVED", "INVALID"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        for (window, sums) in Window::ALL.into_iter().zip([&report.today, &report.seven_days, &report.month]) {
            rows.extend(sums.rows(window));
        }
        print_columns(&rows)?;
    }
    match report.recount {
        Some(recount) if recount.differs > 0 => {
            Err(Failure::Failed(format!("{} counts differ from what the streams hold", recount.differs)))
        }
        _ => Ok(()),
    }
}

fn report(
    read: &Read,
    at: UtcMs,
    zone: &TimeZone,
    lag: BTreeMap<&'static str, Option<u64>>,
    recount: Option<Recount>,
) -> Report {
    let sums = |window: Window| {
        let from = window.begins(at, zone);
        Sums::new(counters::sum(&read.days, from), from)
    };
    let updated_at = read.newest.as_ref().map(|(_, counts)| counts.updated_at);
    Report {
        at,
        zone: zone.iana_name().unwrap_or("local").to_owned(),
        since: read.first.map(|day| day.to_string()),
        updated_at,
        age_s: updated_at.map(|updated_at| at.since(updated_at).max(0) / 1_000),
        lag,
        missed: read.days.values().map(|day| day.missed).sum(),
        today: sums(Window::Today),
        seven_days: sums(Window::SevenDays),
        month: sums(Window::Month),
        recount,
    }
}

/// What a person has to know about the figures before reading them.
fn tell(report: &Report, at: UtcMs, zone: &TimeZone, through: &Marks) {
    let behind: Vec<String> = report
        .lag
        .iter()
        .filter(|(_, lag)| **lag != Some(0))
        .map(|(stream, lag)| lag.map_or(format!("{stream}: unknown"), |lag| format!("{stream}: {lag}")))
        .collect();
    if !behind.is_empty() {
        let age =
            report.age_s.map_or("never".to_owned(), |age_s| format!("{} ago", crate::view::when::age(age_s * 1_000)));
        say(&format!("not counted yet: {}; last written {age}", behind.join(", ")));
    }
    if let Some(since) = report.since.as_ref().filter(|since| **since > counters::first_day(at, zone).to_string()) {
        say(&format!("counts begin on {since}"));
    }
    if report.missed > 0 {
        say(&format!("{} messages were gone before they could be counted", report.missed));
    }
    if !counters::is_whole_hours(at, zone) {
        say("local days do not begin with a UTC hour: an hour counts for the day in which it begins");
    }
    let Some(recount) = &report.recount else { return };
    for source in counters::renewed(through) {
        say(&format!("{} was made anew or cut: it does not hold all that was counted", source.stream()));
    }
    for difference in &recount.differences {
        say(&difference.to_string());
    }
    let outcome = if recount.differs == 0 { "equal" } else { "they differ" };
    say(&format!("recounted {} messages stored since {}: {outcome}", recount.messages, recount.from));
}
