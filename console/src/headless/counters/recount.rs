//! Counts the streams anew, message by message, and compares. On purpose it shares no code with the projector: places
//! are taken from subjects and plain JSON, not from its types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bus::read::{Request, Start, Stored, extent, next, read};
use contract::counters::{Counts, Day, Marks, Source, Tally, hour_of};
use contract::{Cloud, Country, UtcMs, header};
use serde::Serialize;
use serde_json::Value;

use super::Failure;

/// Most differences that are told one by one.
const DIFFERENCES_MAX: usize = 100;

/// Counts by the first moment of their UTC hour, country and cloud.
type Tallies = BTreeMap<(UtcMs, Country, Cloud), Counts>;

/// What came out.
#[derive(Debug, Serialize)]
pub(super) struct Recount {
    /// Hours before this one were not compared: some stream does not hold all of them any more.
    pub(super) from: UtcMs,
    /// Messages read.
    pub(super) messages: usize,
    /// Counts that differ.
    pub(super) differs: usize,
    /// The first of them.
    pub(super) differences: Vec<Difference>,
}

/// A count that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    hour: UtcMs,
    country: Country,
    cloud: Cloud,
    what: &'static str,
    counted: u64,
    recounted: u64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hour, country, cloud, what, counted, recounted } = self;
        write!(f, "{hour} {country} {cloud} {what}: counted {counted}, in the streams {recounted}")
    }
}

/// Counts what the streams hold from `first` on up to where `kept` says that it counts, so that messages which come
/// meanwhile make no difference.
pub(super) async fn recount(
    connection: &bus::Connection,
    kept: &bus::counters::Read,
    first: Day,
) -> Result<Recount, Failure> {
    let newest = kept.newest.as_ref().map(|(_, counts)| counts.through).unwrap_or_default();
    let mut from = first.start();
    let mut messages = 0;
    let mut recounted = Tallies::new();
    for source in Source::ALL {
        let extent = extent(&connection.js, source.stream()).await?;
        // What is not complete cannot be compared: hours before the oldest message that is left, and before the stream
        // was made anew.
        if extent.first > 1 {
            let oldest = next(&connection.js, source.stream(), ">", extent.first).await?;
            from = from.max(oldest.map_or(extent.made, |oldest| following_hour(oldest.stored_at)));
        }
        if newest.of(source).era > 0 {
            from = from.max(following_hour(newest.of(source).made));
        }
        let request = Request {
            stream: source.stream(),
            filter: "",
            from: Start::Time(first.start()),
            headers_only: source != Source::Outcomes,
            limit: usize::MAX,
        };
        messages += read(&connection.js, &request, |stored| {
            let day = Day::of(stored.stored_at);
            let through = kept.days.get(&day).map_or(newest, |counts| counts.through.latest(&newest));
            if is_due(&through, source, extent.made, stored.sequence) {
                add(&mut recounted, source, &stored);
            }
        })
        .await?;
    }
    let all = differences(&counted(kept), &recounted, from);
    let differs = all.len();
    Ok(Recount { from, messages, differs, differences: all.into_iter().take(DIFFERENCES_MAX).collect() })
}

/// Whether a message should be in the counts.
fn is_due(through: &Marks, source: Source, made: UtcMs, sequence: u64) -> bool {
    let mark = through.of(source);
    mark.made == made && sequence <= mark.sequence
}

fn following_hour(at: UtcMs) -> UtcMs {
    Day::of(at).hour(hour_of(at)).plus_millis(3_600_000)
}

fn counted(kept: &bus::counters::Read) -> Tallies {
    let mut counted = Tallies::new();
    for (day, counts) in &kept.days {
        for (hour, places) in &counts.hours {
            for (country, clouds) in places {
                for (cloud, counts) in clouds {
                    counted.insert((day.hour(*hour), *country, cloud.clone()), *counts);
                }
            }
        }
    }
    counted
}

fn add(tallies: &mut Tallies, source: Source, stored: &Stored) {
    let json = |text: Option<&str>| text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let head = match source {
        Source::Orders => json(stored.header(header::ORDER_HEAD)).or_else(|| json(stored.header(header::DECISION))),
        Source::Outcomes => serde_json::from_slice(&stored.payload).ok(),
        Source::Invalid => json(stored.header(header::INVALID_HEAD)),
    };
    // domicilio.<what>.<cc>...
    let country = stored.subject.split('.').nth(2).and_then(|country| country.parse().ok());
    let (Some(head), Some(country)) = (head, country) else { return };
    // Who carried it out; of a decision `by` is a person.
    let Some(cloud) = head
        .pointer("/via/cloud")
        .or_else(|| head.pointer("/by/cloud"))
        .and_then(Value::as_str)
        .and_then(|cloud| cloud.parse().ok())
    else {
        return;
    };
    let is_again = |pointer: &str| head.pointer(pointer).and_then(Value::as_u64).is_some_and(|again| again > 0);
    let hour = Day::of(stored.stored_at).hour(hour_of(stored.stored_at));
    let counts = tallies.entry((hour, country, cloud)).or_default();
    match (source, head["result"].as_str()) {
        (Source::Orders, _) if head.get("command").is_some() => {
            counts.solved += u64::from(head["kind"] == "solved");
        }
        (Source::Orders, _) if is_again("/again") => counts.reinjected += 1,
        (Source::Orders, _) => counts.accepted += 1,
        (Source::Outcomes, Some("injected")) => {
            counts.injected += 1;
            counts.solved += u64::from(is_again("/order/again"));
        }
        (Source::Outcomes, Some("not_injected")) => counts.not_injected += 1,
        (Source::Outcomes, _) => {}
        (Source::Invalid, _) => counts.invalid += 1,
    }
}

fn differences(counted: &Tallies, recounted: &Tallies, from: UtcMs) -> Vec<Difference> {
    let places: BTreeSet<_> = counted.keys().chain(recounted.keys()).filter(|(hour, ..)| *hour >= from).collect();
    let mut differences = Vec::new();
    for place in places {
        let get = |tallies: &Tallies| tallies.get(place).copied().unwrap_or_default();
        let (counted, recounted) = (get(counted), get(recounted));
        for tally in Tally::ALL {
            let (counted, recounted) = (counted.get(tally), recounted.get(tally));
            if counted != recounted {
                let (hour, country, cloud) = place.clone();
                differences.push(Difference { hour, country, cloud, what: tally.as_str(), counted, recounted });
            }
        }
    }
    differences
}
