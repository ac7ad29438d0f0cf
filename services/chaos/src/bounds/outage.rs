//! NATS is away while the apps go on sending.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::StoreId;

use super::backlog::verdict;
use super::load::{Answer, Steady};
use super::report::{Bound, Row};
use super::settings::Settings;
use super::site::{API, DISTRIBUIDOR, RESOLVERS, Site};
use super::tell;

const SCENARIO: &str = "outage";

/// Stores.
const STORES: u32 = 40;

/// Orders a second, sent whatever is answered.
const PER_SECOND: u32 = 200;

/// How long there is traffic before the outage: enough that memory is what it is under load.
const WARM: Duration = Duration::from_secs(5);

/// How long there is traffic after it.
const AFTER: Duration = Duration::from_secs(5);

/// Growth of a process that still counts as flat, in MiB: what an allocator takes and gives back. What grew with the
/// requests of the outage would be many times this in five minutes (60,000 requests of a kilobyte).
const FLAT_MIB: f64 = 12.0;

/// How long one answer may take without the bus, in milliseconds. An order that was on its way when the link broke
/// ends with the link; a server that is hung is another matter.
const ANSWER_MS: f64 = 1_000.0;

/// How long the first order may take to be accepted again once nats-server listens, in milliseconds: the client's
/// longest wait between two tries to connect is 2 s.
const BACK_MS: f64 = 10_000.0;

/// How long the orders may take to their POS afterwards.
const DRAIN_LIMIT: Duration = Duration::from_mins(2);

/// Runs it.
pub async fn run(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let mut site = Site::start(STORES, 1_000).await?;
    let ids = [API, DISTRIBUIDOR, RESOLVERS[0], RESOLVERS[1]];
    let steady = Steady::start(&site.sender, (1..=STORES).map(StoreId).collect(), PER_SECOND, "load");
    tokio::time::sleep(WARM).await;
    let before = ids.map(|id| site.resident(id));
    let watch = site.watch(&ids)?;

    tell(&format!("NATS is away for {} s", settings.away_s));
    site.deployment.kill_node(0).await?;
    // From here on nobody is there to acknowledge.
    let gone = Instant::now();
    tokio::time::sleep(Duration::from_secs(settings.away_s)).await;
    let peaks = ids.map(|id| watch.peak(id));
    let end = Instant::now();
    site.deployment.restart_node(0).await?;
    let listens = Instant::now();
    tell("NATS is back");
    tokio::time::sleep(AFTER).await;
    let answers = steady.stop().await?;
    let after = ids.map(|id| site.resident(id));

    let mut rows = Vec::new();
    let mut row = |what: String, value: f64, unit, bound| rows.push(Row::new(SCENARIO, what, value, unit, bound));
    row("NATS away".into(), (end - gone).as_secs_f64(), "s", Bound::None);
    let away: Vec<&Answer> = answers.iter().filter(|answer| answer.sent >= gone && answer.sent < end).collect();
    for (status, count) in statuses(&away) {
        row(format!("requests meanwhile, answered {status}"), count as f64, "", Bound::None);
    }
    let refused = |answer: &&&Answer| answer.status == Some(503) && answer.retry_after;
    let others = away.len() - away.iter().filter(refused).count();
    row("... anything else than 503 with Retry-After".into(), others as f64, "", Bound::Most(0.0));
    row("... in all".into(), away.len() as f64, "", Bound::Least(f64::from(PER_SECOND / 2) * settings.away_s as f64));
    let slowest = away.iter().map(|answer| answer.took).max().unwrap_or_default();
    row("... slowest answer".into(), millis(slowest), "ms", Bound::Most(ANSWER_MS));
    for (((id, before), peak), after) in ids.into_iter().zip(before).zip(peaks).zip(after) {
        let before = before?;
        row(format!("resident memory of {id} before"), before, "MiB", Bound::None);
        row("... at its peak while NATS is away".into(), peak, "MiB", Bound::Most(before + FLAT_MIB));
        row("... after".into(), after?, "MiB", Bound::None);
    }
    let accepted = answers.iter().filter(|answer| answer.sent + answer.took >= listens && answer.promised().is_some());
    let back = accepted.map(|answer| answer.sent + answer.took).min();
    let back = back.map_or(f64::INFINITY, |at| millis(at - listens));
    row("first order accepted after NATS listens again".into(), back, "ms", Bound::Most(BACK_MS));

    let promised: Vec<_> = answers.iter().filter_map(Answer::promised).collect();
    // Orders whose answer was 503 may have been stored all the same; only the promised ones must arrive.
    site.drained(promised.len() as u64, DRAIN_LIMIT).await?;
    rows.extend(verdict(SCENARIO, &promised, &site)?);
    Ok(rows)
}

fn statuses(answers: &[&Answer]) -> BTreeMap<String, usize> {
    let mut statuses = BTreeMap::new();
    for answer in answers {
        let status = answer.status.map_or_else(|| "not at all".to_owned(), |status| status.to_string());
        *statuses.entry(status).or_default() += 1;
    }
    statuses
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
