//! The bucket of counts against a real nats-server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bus::server::Server;
use bus::topology::Profile;
use bus::{Connection, ErrorKind, Settings, connect, counters};
use contract::counters::{Counts, Day, DayCounts};

const SMALL: Profile = Profile { replicas: 1, storage_percent: 1 };

async fn start() -> (tempfile::TempDir, Server, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await.unwrap();
    let connection = connect(&Settings::new(server.url(), "test")).await.unwrap();
    connection.up().await;
    (folder, server, connection)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn accepted(count: u64) -> DayCounts {
    let mut counts = DayCounts { v: contract::VERSION, ..DayCounts::default() };
    let clouds = counts.hours.entry(3).or_default().entry("ec".parse().unwrap()).or_default();
    clouds.insert("aws".parse().unwrap(), Counts { accepted: count, ..Counts::default() });
    counts
}

#[tokio::test]
async fn a_missing_bucket_is_told_apart_from_an_empty_one() {
    let (_folder, _server, connection) = start().await;
    let today = day("2026-11-23");
    let missing = counters::read(&connection.js, today, today).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    bus::topology::ensure(&connection.js, SMALL).await.unwrap();
    assert_eq!(counters::read(&connection.js, today, today).await.unwrap(), counters::Read::default());
}

#[tokio::test]
async fn a_day_is_written_only_over_the_one_it_was_made_from() {
    let (_folder, _server, connection) = start().await;
    let store = bus::topology::counters(&connection.js, SMALL).await.unwrap();
    let today = day("2026-11-23");
    let first = counters::write(&store, today, &accepted(1), 0).await.unwrap().unwrap();
    assert_eq!(counters::write(&store, today, &accepted(9), 0).await.unwrap(), None, "there is one already");
    let second = counters::write(&store, today, &accepted(2), first).await.unwrap().unwrap();
    assert_eq!(counters::write(&store, today, &accepted(9), first).await.unwrap(), None, "it is not the same any more");
    let kept = counters::load(&connection.js, today).await.unwrap();
    assert_eq!((kept.counts, kept.revision), (Some(accepted(2)), second));

    // A deleted day can be written again, over its deletion.
    store.delete(today.key()).await.unwrap();
    let gone = counters::load(&connection.js, today).await.unwrap();
    assert_eq!((gone.counts, gone.revision), (None, second + 1));
    assert!(counters::write(&store, today, &accepted(3), gone.revision).await.unwrap().is_some());
}

#[tokio::test]
async fn days_are_read_in_order_and_the_newest_is_the_latest_that_is_there() {
    let (_folder, _server, connection) = start().await;
    let js = &connection.js;
    let store = bus::topology::counters(js, SMALL).await.unwrap();
    // Written in another order than that of the calendar.
    for (n, text) in [(3, "2026-12-01"), (1, "2026-11-29"), (2, "2026-11-30"), (4, "2026-12-02")] {
        counters::write(&store, day(text), &accepted(n), 0).await.unwrap().unwrap();
    }
    store.delete(day("2026-12-02").key()).await.unwrap();
    let (newest, counts, _) = counters::newest(js).await.unwrap().unwrap();
    assert_eq!((newest, counts), (day("2026-12-01"), accepted(3)));
    let read = counters::read(js, day("2026-11-30"), day("2026-12-31")).await.unwrap();
    let days: Vec<_> = read.days.into_iter().collect();
    assert_eq!(days, [(day("2026-11-30"), accepted(2)), (day("2026-12-01"), accepted(3))]);
    assert_eq!(read.first, Some(day("2026-11-29")));
    assert_eq!(read.newest, Some((day("2026-12-01"), accepted(3))));
}
