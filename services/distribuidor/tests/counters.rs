//! The projector against a real nats-server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use bus::server::Server;
use bus::topology::Profile;
use bus::{Connection, Settings, connect, counters};
use chassis::clock::monotonic_ms;
use chassis::lease::{Tenure, Terms};
use contract::counters::{Counts, Day, Source};
use contract::header;
use distribuidor::counters::shell::project;
use serde_json::json;
use tokio::task::JoinHandle;

const SMALL: Profile = Profile { replicas: 1, storage_percent: 1 };

/// Longer than any test takes.
const LONG: Terms = Terms { ttl_ms: 600_000, renew_ms: 400, margin_ms: 500 };

/// For whatever must happen some day.
const LIMIT: Duration = Duration::from_secs(30);

struct Bench {
    folder: tempfile::TempDir,
    server: Server,
    connection: Connection,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path()).await.unwrap();
        let connection = connect(&Settings::new(server.url(), "test")).await.unwrap();
        connection.up().await;
        bus::topology::ensure(&connection.js, SMALL).await.unwrap();
        Self { folder, server, connection }
    }

    /// A projector under a tenure of its own, on a connection of its own.
    async fn projector(&self) -> JoinHandle<()> {
        let connection = connect(&Settings::new(self.server.url(), "projector")).await.unwrap();
        let tenure = Tenure::default();
        tenure.renewed(monotonic_ms(), LONG);
        tokio::spawn(async move {
            loop {
                connection.up().await;
                let Err(_) = project(&connection, SMALL, &tenure).await;
                tokio::task::yield_now().await;
            }
        })
    }

    /// Stores `count` messages of a stream.
    async fn store(&self, source: Source, count: u32) {
        for n in 0..count {
            let (subject, headers, body) = message(source, n);
            let sent = self.connection.js.publish_with_headers(subject, headers, body.into()).await.unwrap();
            sent.await.unwrap();
        }
    }

    /// Waits until each stream is counted to its end; returns the sum of everything.
    async fn counted(&self) -> Counts {
        let deadline = tokio::time::Instant::now() + LIMIT;
        loop {
            let mut missing = Vec::new();
            let newest = counters::newest(&self.connection.js).await.ok().flatten();
            for source in Source::ALL {
                let extent = bus::read::extent(&self.connection.js, source.stream()).await.unwrap();
                let mark = newest.as_ref().map(|(_, counts, _)| *counts.through.of(source)).unwrap_or_default();
                if extent.last > 0 && (mark.sequence, mark.made) != (extent.last, extent.made) {
                    missing.push((source, extent, mark));
                }
            }
            if missing.is_empty() && newest.is_some() {
                return self.sum().await;
            }
            assert!(tokio::time::Instant::now() < deadline, "not counted in time: {missing:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn sum(&self) -> Counts {
        let today = Day::of(chassis::now());
        // The test may run over midnight.
        let read = counters::read(&self.connection.js, today.plus_days(-1), today).await.unwrap();
        let mut sum = Counts::default();
        for places in read.days.values().flat_map(|day| day.hours.values()) {
            places.values().flat_map(|clouds| clouds.values()).for_each(|counts| sum.add_all(counts));
        }
        sum
    }

    /// Kills the server, lets `change` do something to its files, starts it again.
    async fn restart(&mut self, change: impl FnOnce(&Path)) {
        let connects = self.connection.connects();
        self.server.kill().await.unwrap();
        tokio::time::timeout(LIMIT, self.connection.interrupted(connects)).await.unwrap();
        change(self.folder.path());
        self.server.restart().await.unwrap();
        tokio::time::timeout(LIMIT, self.connection.up()).await.unwrap();
    }
}

/// The `n`th message of a stream: countries, clouds and ends take turns.
fn message(source: Source, n: u32) -> (String, async_nats::HeaderMap, Vec<u8>) {
    let cloud = ["aws", "azure", "gcloud"][n as usize % 3];
    let by = json!({"instance": "test-1", "cloud": cloud});
    let country = ["ec", "co"][n as usize % 2];
    let mut headers = async_nats::HeaderMap::new();
    match source {
        Source::Orders => {
            headers.insert(header::ORDER_HEAD, json!({"country": country, "by": by}).to_string());
            (format!("domicilio.orders.{country}.72.n{n}"), headers, b"payload".to_vec())
        }
        Source::Outcomes => {
            let order = json!({"country": country, "by": {"instance": "api-1", "cloud": "aws"}});
            let result = if n.is_multiple_of(10) { "not_injected" } else { "injected" };
            let body = json!({"order": order, "by": by, "result": result});
            (format!("domicilio.outcomes.{country}.72"), headers, body.to_string().into_bytes())
        }
        Source::Invalid => {
            headers.insert(header::INVALID_HEAD, json!({"country": country, "by": by}).to_string());
            (format!("domicilio.invalid.{country}"), headers, b"payload".to_vec())
        }
    }
}

fn expected(orders: u64, outcomes: [u64; 2], invalid: u64) -> Counts {
    let [injected, not_injected] = outcomes;
    Counts { accepted: orders, injected, not_injected, invalid, ..Counts::default() }
}

/// Where the server keeps a stream.
fn files(folder: &Path, source: Source) -> PathBuf {
    folder.join("jetstream/jetstream/$G/streams").join(source.stream())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_projectors_that_fight_and_die_count_every_message_once() {
    let bench = Bench::start().await;
    let mut projectors = vec![bench.projector().await, bench.projector().await];
    for round in 0..6 {
        bench.store(Source::Orders, 100).await;
        bench.store(Source::Outcomes, 100).await;
        bench.store(Source::Invalid, 10).await;
        // Dies in whatever it is at.
        projectors.remove(0).abort();
        projectors.push(bench.projector().await);
        if round == 3 {
            bench.counted().await;
        }
    }
    assert_eq!(bench.counted().await, expected(600, [540, 60], 60));
    let (_, newest, revision) = counters::newest(&bench.connection.js).await.unwrap().unwrap();
    assert!(revision > 2, "several writes were needed: {revision}");
    assert_eq!(newest.missed, 0);
    for projector in projectors {
        projector.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_made_anew_is_counted_from_its_start_and_nothing_is_forgotten() {
    let bench = Bench::start().await;
    let projector = bench.projector().await;
    bench.store(Source::Orders, 30).await;
    bench.store(Source::Invalid, 5).await;
    assert_eq!(bench.counted().await, expected(30, [0, 0], 5));
    bench.connection.js.delete_stream("ORDERS").await.unwrap();
    bus::topology::ensure(&bench.connection.js, SMALL).await.unwrap();
    // More than before: the sequences alone would not tell.
    bench.store(Source::Orders, 50).await;
    assert_eq!(bench.counted().await, expected(80, [0, 0], 5));
    let (_, newest, _) = counters::newest(&bench.connection.js).await.unwrap().unwrap();
    assert_eq!((newest.through.orders.era, newest.through.invalid.era), (1, 0));
    projector.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_lost_its_end_goes_on_without_counting_anything_twice() {
    let mut bench = Bench::start().await;
    bench.store(Source::Orders, 20).await;
    bench.restart(|folder| copy(&files(folder, Source::Orders), &folder.join("kept"))).await;
    bench.store(Source::Orders, 10).await;
    let projector = bench.projector().await;
    assert_eq!(bench.counted().await, expected(30, [0, 0], 0));
    projector.abort();
    // The last ten are gone, as after a power cut; others come under their sequences, and more.
    let lose = |folder: &Path| {
        std::fs::remove_dir_all(files(folder, Source::Orders)).unwrap();
        copy(&folder.join("kept"), &files(folder, Source::Orders));
    };
    bench.restart(lose).await;
    assert_eq!(bus::read::extent(&bench.connection.js, "ORDERS").await.unwrap().last, 20);
    bench.store(Source::Orders, 15).await;
    let projector = bench.projector().await;
    assert_eq!(bench.counted().await, expected(45, [0, 0], 0));
    let (_, newest, _) = counters::newest(&bench.connection.js).await.unwrap().unwrap();
    assert_eq!(newest.through.orders.place(), (1, 35));
    projector.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_went_before_they_were_counted_are_told() {
    let bench = Bench::start().await;
    bench.store(Source::Invalid, 12).await;
    bench.connection.js.get_stream("INVALID").await.unwrap().purge().keep(4).await.unwrap();
    let projector = bench.projector().await;
    assert_eq!(bench.counted().await, expected(0, [0, 0], 4));
    let (_, newest, _) = counters::newest(&bench.connection.js).await.unwrap().unwrap();
    assert_eq!(newest.missed, 8);
    projector.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_tenure_nothing_is_written_and_a_lost_bucket_is_counted_anew() {
    let bench = Bench::start().await;
    bench.store(Source::Orders, 25).await;
    let tenure = Tenure::default();
    let idle = project(&bench.connection, SMALL, &tenure);
    // Longer than the period of writing.
    assert!(tokio::time::timeout(Duration::from_millis(1_500), idle).await.is_err());
    assert_eq!(counters::newest(&bench.connection.js).await.unwrap(), None);
    let projector = bench.projector().await;
    assert_eq!(bench.counted().await, expected(25, [0, 0], 0));
    bench.connection.js.delete_key_value(contract::stream::COUNTERS).await.unwrap();
    bench.store(Source::Orders, 5).await;
    assert_eq!(bench.counted().await, expected(30, [0, 0], 0));
    projector.abort();
}
