//! A store is dead and its orders pile up, while the others go on.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use contract::StoreId;

use super::judge::{faults, latencies, percentile};
use super::load::{Promised, Steady};
use super::report::{Bound, Row};
use super::settings::Settings;
use super::site::Site;
use crate::bounds::tell;

const SCENARIO: &str = "backlog";

/// The dead store.
const DEAD: StoreId = StoreId(1);

/// Stores that go on: 2 and the following.
const OTHERS: u32 = 20;

/// Orders a second to the others, in total.
const PER_SECOND: u32 = 50;

/// Orders a second that begin at one store at most: more than a lane does, so that draining shows the lane.
const PACE: u32 = 1_000;

/// What one waiting entry may cost its resolver, in bytes: see `ENTRIES_MAX` in the resolver's session.
const ENTRY_BYTES: f64 = 256.0;

/// What a resolver may need besides, in MiB: deliveries that the client holds, and memory that the allocator keeps.
const SLACK_MIB: f64 = 32.0;

/// How many times longer the slowest hundredth may take with the backlog.
const RATIO: f64 = 2.0;

/// A latency below which the ratio says nothing, in milliseconds: no kitchen notices a quarter of a second, and on a
/// busy machine the scheduler alone may take that long. A queue that waits for a dead one waits for seconds.
const UNNOTICED_MS: i64 = 250;

/// How long the lanes may take to know of the whole backlog, once it is accepted.
const FILL_LIMIT: Duration = Duration::from_mins(3);

/// How long the backlog may take to drain, besides [`DRAIN_MS`] an order: the probe of a POS that was down comes after
/// 20 s at most.
const DRAIN_LIMIT: Duration = Duration::from_mins(1);

/// Longest time for one order of the backlog, in milliseconds; four round trips and a POST.
const DRAIN_MS: u32 = 20;

/// Runs it.
pub async fn run(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let site = Site::start(1 + OTHERS, PACE).await?;
    site.deployment.reachable(DEAD, false).await?;
    let owner = site.owner(DEAD).await?;
    let mut rows = Vec::new();
    let row = |what: String, value: f64, unit, bound| Row::new(SCENARIO, what, value, unit, bound);

    let mut promised = Vec::new();
    // The first orders make connections and caches; they are not measured.
    promised.extend(traffic(&site, Duration::from_secs(2), "warm").await?);
    let without = traffic(&site, settings.steady(), "without").await?;
    let before = site.resident(&owner)?;
    let watch = site.watch(&[&owner])?;

    tell(&format!("{} orders for a store whose POS is unreachable", settings.backlog));
    let started = Instant::now();
    let orders = (0..settings.backlog).map(|number| (DEAD, format!("dead-{number}"))).collect();
    let dead = site.sender.insist_all(orders).await?;
    let fill_s = started.elapsed().as_secs_f64();
    site.holds(&owner, u64::from(settings.backlog), FILL_LIMIT).await?;
    let standing = site.resident(&owner)?;

    tell("the others, beside the backlog");
    let with = traffic(&site, settings.steady(), "with").await?;
    let ledger = site.ledger()?;
    let stored = site.stored_from(1).await?;
    let of = |orders: &[Promised]| {
        let sequences: HashSet<u64> = orders.iter().map(|(_, sequence)| *sequence).collect();
        let stored = stored.iter().filter(|(sequence, _)| sequences.contains(sequence));
        latencies(&stored.map(|(sequence, at)| (*sequence, *at)).collect(), &ledger)
    };
    let (quiet, beside) = (of(&without), of(&with));

    tell("its POS is back");
    let started = Instant::now();
    site.deployment.reachable(DEAD, true).await?;
    promised.extend(without);
    promised.extend(with);
    promised.extend(dead);
    let limit = DRAIN_LIMIT + Duration::from_millis(u64::from(settings.backlog) * u64::from(DRAIN_MS));
    site.drained(promised.len() as u64, limit).await?;
    let drain_s = started.elapsed().as_secs_f64();
    let (peak, after) = (watch.peak(&owner), site.resident(&owner)?);

    let entries = f64::from(settings.backlog);
    let mib = 1_024.0 * 1_024.0;
    rows.push(row("orders waiting for the dead store".into(), entries, "", Bound::None));
    rows.push(row("accepting them through the API".into(), entries / fill_s, "/s", Bound::None));
    rows.push(row("resident memory of its resolver before".into(), before, "MiB", Bound::None));
    rows.push(row("... while they wait".into(), standing, "MiB", Bound::None));
    let most = before + SLACK_MIB + entries * ENTRY_BYTES / mib;
    rows.push(row("... at its peak".into(), peak, "MiB", Bound::Most(most)));
    rows.push(row("... after the drain".into(), after, "MiB", Bound::None));
    rows.push(row(
        "growth for each entry, while they wait".into(),
        (standing - before) * mib / entries,
        "B",
        Bound::None,
    ));
    for (latencies, which) in [(&quiet, "without"), (&beside, "with")] {
        let orders = latencies.len();
        let p50 = percentile(latencies, 0.5);
        rows.push(row(
            format!("accepted to effect, other stores, {which} it, p50 of {orders}"),
            ms(p50),
            "ms",
            Bound::None,
        ));
        rows.push(row("... p99".into(), ms(percentile(latencies, 0.99)), "ms", Bound::None));
    }
    let (quiet, beside) = (percentile(&quiet, 0.99), percentile(&beside, 0.99));
    rows.push(row("... p99, with / without".into(), ms(beside) / ms(quiet), "", Bound::None));
    let slower = if beside <= UNNOTICED_MS { 0.0 } else { ms(beside) / ms(quiet) };
    rows.push(row(format!("... the same, if it is above {UNNOTICED_MS} ms"), slower, "", Bound::Most(RATIO)));
    rows.push(row("draining when the POS is back, its probe included".into(), entries / drain_s, "/s", Bound::None));
    rows.extend(verdict(SCENARIO, &promised, &site)?);
    Ok(rows)
}

fn ms(value: i64) -> f64 {
    value as f64
}

/// Steady traffic to the other stores; returns once all of it has taken effect or a while has passed.
async fn traffic(site: &Site, time: Duration, tag: &'static str) -> anyhow::Result<Vec<Promised>> {
    let stores = (2..2 + OTHERS).map(StoreId).collect();
    let promised = Steady::start(&site.sender, stores, PER_SECOND, tag).promised_for(time).await?;
    let last = promised.iter().map(|(_, sequence)| *sequence).max().unwrap_or(0);
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline && !site.ledger()?.iter().any(|line| line.sequence == Some(last)) {
        tokio::time::sleep(super::site::LOOK).await;
    }
    Ok(promised)
}

/// Nothing lost, nothing twice, nothing out of turn.
pub(super) fn verdict(scenario: &'static str, promised: &[Promised], site: &Site) -> anyhow::Result<Vec<Row>> {
    let faults = faults(promised, &site.ledger()?);
    let none = |what: &str, count: usize| Row::new(scenario, what, count as f64, "", Bound::Most(0.0));
    Ok(vec![
        Row::new(scenario, "orders promised", promised.len() as f64, "", Bound::None),
        none("... lost", faults.lost),
        none("... injected twice", faults.twice),
        none("... out of turn", faults.out_of_turn),
    ])
}
