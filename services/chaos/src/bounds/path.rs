//! What the whole way of an order does on this machine: how many a second, and how long each takes.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use contract::StoreId;

use super::backlog::verdict;
use super::judge::{latencies, percentile};
use super::load::Steady;
use super::report::{Bound, Row};
use super::settings::Settings;
use super::site::Site;
use super::tell;

const SCENARIO: &str = "path";

/// Stores: enough that no lane waits for its pace.
const STORES: u32 = 200;

/// Orders a second when latency is measured: far from what the path can do.
const PER_SECOND: u32 = 100;

/// How long the orders may take to their POS.
const DRAIN_LIMIT: Duration = Duration::from_mins(5);

/// Runs it.
pub async fn run(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let site = Site::start(STORES, 1_000).await?;
    let stores = || (1..=STORES).map(StoreId);
    // The first orders make connections, caches and lanes; they are not measured.
    let warm = stores().map(|store| (store, "warm".to_owned())).collect();
    let mut promised = site.sender.insist_all(warm).await?;
    site.drained(promised.len() as u64, DRAIN_LIMIT).await?;

    tell(&format!("{} orders as fast as they are answered", settings.path));
    let orders = stores().cycle().zip(0..settings.path).map(|(store, number)| (store, format!("fast-{number}")));
    let started = Instant::now();
    promised.extend(site.sender.insist_all(orders.collect()).await?);
    let accepted_s = started.elapsed().as_secs_f64();
    site.drained(promised.len() as u64, DRAIN_LIMIT).await?;
    let whole_s = started.elapsed().as_secs_f64();

    tell(&format!("{PER_SECOND} orders a second"));
    let steady = Steady::start(&site.sender, stores().collect(), PER_SECOND, "steady");
    tokio::time::sleep(settings.steady()).await;
    let answers = steady.stop().await?;
    let sequences: HashSet<u64> = answers.iter().filter_map(|answer| answer.sequence).collect();
    let mut took: Vec<i64> = answers.iter().filter_map(|answer| i64::try_from(answer.took.as_micros()).ok()).collect();
    took.sort_unstable();
    promised.extend(answers.iter().filter_map(super::load::Answer::promised));
    site.drained(promised.len() as u64, DRAIN_LIMIT).await?;
    let mut arrived = site.stored_from(1).await?;
    arrived.retain(|sequence, _| sequences.contains(sequence));
    let effects = latencies(&arrived, &site.ledger()?);

    let orders = f64::from(settings.path);
    let row = |what: String, value: f64, unit| Row::new(SCENARIO, what, value, unit, Bound::None);
    let mut rows = vec![
        row("orders accepted through the API".into(), orders / accepted_s, "/s"),
        row("orders accepted and injected".into(), orders / whole_s, "/s"),
    ];
    for (share, which) in [(0.5, "p50"), (0.99, "p99")] {
        let (answer, effect) = (percentile(&took, share), percentile(&effects, share));
        rows.push(row(format!("answer at {PER_SECOND}/s, {which}"), answer as f64 / 1_000.0, "ms"));
        rows.push(row(format!("accepted to effect at {PER_SECOND}/s, {which}"), effect as f64, "ms"));
    }
    rows.extend(verdict(SCENARIO, &promised, &site)?);
    Ok(rows)
}
