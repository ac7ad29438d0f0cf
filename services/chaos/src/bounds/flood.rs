//! Resolvers were away while orders were accepted; now they come back.

use std::time::{Duration, Instant};

use contract::StoreId;
use rustix::process::Signal;

use super::backlog::verdict;
use super::judge::{busiest_window, effects};
use super::report::{Bound, Row};
use super::settings::Settings;
use super::site::{RESOLVERS, Site};
use super::tell;

const SCENARIO: &str = "flood";

/// Orders a second that begin at one store at most: the default of the resolvers.
const PACE: u32 = 20;

/// One store in so many has a deep queue, a tenth of which the others have.
const DEEP_EVERY: u32 = 40;

/// How many times deeper those queues are.
const DEEPER: u32 = 10;

/// How many times the time of the deepest queue at full pace the whole drain may take.
const TIMES_IDEAL: f64 = 1.5;

/// Besides that, in seconds: starting, taking the partitions over, and a probe.
const START_S: f64 = 10.0;

/// Effects in one second at a store beyond its pace: one, because a second that begins with an effect holds one more
/// than there are gaps; and one more, because an effect comes later than its beginning by a time that varies.
const BEYOND: u32 = 2;

/// What a resolver may need for each entry, in bytes, when queues are short enough to be kept whole; see `WHOLE_MAX`
/// in the resolver's lane.
const ENTRY_BYTES: f64 = 2_048.0;

/// What a resolver may need besides, in MiB.
const SLACK_MIB: f64 = 48.0;

/// Runs it.
pub async fn run(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let mut site = Site::start(settings.flood_stores, PACE).await?;
    tell(&format!("{} orders while no resolver is there", settings.flood));
    for id in RESOLVERS {
        site.deployment.end(id, Signal::TERM).await?;
    }
    let (orders, deepest) = orders(settings.flood, settings.flood_stores);
    let started = Instant::now();
    let promised = site.sender.insist_all(orders).await?;
    let fill_s = started.elapsed().as_secs_f64();

    tell("the resolvers are back");
    let started = Instant::now();
    for id in RESOLVERS {
        site.deployment.restart(id).await?;
    }
    let before = RESOLVERS.map(|id| site.resident(id));
    let watch = site.watch(&RESOLVERS)?;
    let ideal_s = f64::from(deepest) / f64::from(PACE);
    let most_s = ideal_s * TIMES_IDEAL + START_S;
    site.drained(promised.len() as u64, Duration::from_secs_f64(4.0 * most_s)).await?;
    let drain_s = started.elapsed().as_secs_f64();

    let mut rows = Vec::new();
    let mut row = |what: String, value: f64, unit, bound| rows.push(Row::new(SCENARIO, what, value, unit, bound));
    let orders = promised.len() as f64;
    row(format!("orders over {} stores", settings.flood_stores), orders, "", Bound::None);
    row("accepting them".into(), orders / fill_s, "/s", Bound::None);
    row("deepest queue".into(), f64::from(deepest), "", Bound::None);
    row("... at full pace".into(), ideal_s, "s", Bound::None);
    row("whole drain, from the start of the resolvers".into(), drain_s, "s", Bound::Most(most_s));
    let begins = site.begins().await?;
    let effects = effects(&site.ledger()?);
    let busiest = |times: &std::collections::BTreeMap<StoreId, Vec<contract::UtcMs>>| {
        times.values().map(|times| busiest_window(times, 1_000)).max().unwrap_or(0) as f64
    };
    row("stores with effects".into(), effects.len() as f64, "", Bound::Least(f64::from(settings.flood_stores)));
    row("most beginnings in any second at any store".into(), busiest(&begins), "", Bound::Most(f64::from(PACE + 1)));
    row("most effects in any second at any store".into(), busiest(&effects), "", Bound::Most(f64::from(PACE + BEYOND)));
    let entries = orders / RESOLVERS.len() as f64;
    for (id, before) in RESOLVERS.into_iter().zip(before) {
        let before = before?;
        row(format!("resident memory of {id} at its start"), before, "MiB", Bound::None);
        let most = before + SLACK_MIB + entries * ENTRY_BYTES / (1_024.0 * 1_024.0);
        row("... at its peak".into(), watch.peak(id), "MiB", Bound::Most(most));
        row("... after".into(), site.resident(id)?, "MiB", Bound::None);
    }
    rows.extend(verdict(SCENARIO, &promised, &site)?);
    Ok(rows)
}

/// `total` orders, those of different stores mixed; and how many the deepest store has.
fn orders(total: u32, stores: u32) -> (Vec<(StoreId, String)>, u32) {
    let deep = stores.div_ceil(DEEP_EVERY);
    let share = total / (stores + deep * (DEEPER - 1));
    let depth = |store: u32| if store % DEEP_EVERY == 1 { share * DEEPER } else { share };
    let mut orders = Vec::new();
    for number in 0..share * DEEPER {
        let waiting = (1..=stores).filter(|store| number < depth(*store));
        orders.extend(waiting.map(|store| (StoreId(store), format!("flood-{number}"))));
    }
    (orders, share * DEEPER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_deep_and_shallow_queues() {
        let (orders, deepest) = orders(100_000, 400);
        assert!((99_000..=100_000).contains(&orders.len()), "{}", orders.len());
        let of = |store| orders.iter().filter(|(id, _)| *id == StoreId(store)).count();
        assert_eq!([of(1), of(2), of(41)], [deepest as usize, deepest as usize / 10, deepest as usize]);
    }
}
