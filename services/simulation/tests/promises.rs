//! Thousands of seeds, each a run of the whole order path in virtual time.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use simulation::{Counts, Options, Rare, Report, run};

/// How many.
const SEEDS: u64 = 2_000;

/// Longest virtual time to the end of a run: orders and faults come for 22 s, a publish may be 20 s late, probes of a
/// POS that was down are up to 22 s apart, and a store's queue is up to a hundred orders long.
const DRAINED_MS: u64 = 100_000;

fn seeds() -> Vec<Report> {
    let next = AtomicU64::new(1);
    let work = || {
        let mut reports = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > SEEDS {
                return reports;
            }
            reports.extend(run(seed, Options::default()));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    })
}

static REPORTS: LazyLock<Vec<Report>> = LazyLock::new(seeds);

#[test]
fn thousands_of_seeds_keep_the_promises() {
    assert_eq!(REPORTS.len() as u64, SEEDS, "every seed ran to its end");
    let broken = REPORTS.iter().filter_map(|report| Some((report.seed, report.breach.as_ref()?)));
    let broken: Vec<_> =
        broken.map(|(seed, breach)| format!("{breach}\n    cargo run -p simulation -- --seed {seed} --log")).collect();
    assert!(broken.is_empty(), "{} of {SEEDS} seeds:\n{}", broken.len(), broken.join("\n"));
    let slowest = REPORTS.iter().max_by_key(|report| report.ended_ms).unwrap();
    assert!(slowest.ended_ms <= DRAINED_MS, "seed {} needs {} ms to drain", slowest.seed, slowest.ended_ms);
}

#[test]
fn every_fault_and_every_rare_path_comes_up() {
    let mut all = Counts::default();
    REPORTS.iter().for_each(|report| all.merge(&report.counts));
    let missing: Vec<_> = Rare::ALL.iter().filter(|rare| all.of(**rare) == 0).collect();
    assert!(missing.is_empty(), "never seen in {SEEDS} seeds: {missing:?}");
    let orders: usize = REPORTS.iter().map(|report| report.orders).sum();
    assert!(orders > 80_000, "{orders} orders");
}

#[test]
fn a_seed_is_a_run_event_by_event() {
    for seed in [7, 77, 777] {
        let options = Options { log: true, ..Options::default() };
        let (first, second) = (run(seed, options).unwrap(), run(seed, options).unwrap());
        assert!(first.log.lines().count() > 500, "{} lines", first.log.lines().count());
        assert_eq!(first.log, second.log);
        // The log changes nothing.
        let silent = run(seed, Options::default()).unwrap();
        assert_eq!((silent.events, silent.ended_ms, &silent.counts), (first.events, first.ended_ms, &first.counts));
        assert_ne!(run(seed + 1, options).unwrap().log, first.log);
    }
}
