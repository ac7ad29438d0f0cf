//! The adapters against a real nats-server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use bus::catalogue::{self, Catalogue};
use bus::read::{self, Request, Start};
use bus::server::Server;
use bus::topology::Profile;
use bus::{Connection, ErrorKind, LinkState, Settings, connect};
use contract::{StoreId, StoreRecord};

const SMALL: Profile = Profile { replicas: 1, storage_percent: 1 };

async fn start() -> (tempfile::TempDir, Server, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await.unwrap();
    let connection = connect(&Settings::new(server.url(), "test")).await.unwrap();
    connection.up().await;
    (folder, server, connection)
}

fn store(id: u32, country: &str) -> StoreRecord {
    let json = serde_json::json!({
        "id": id, "code": format!("K{id:03}"), "name": "EJEMPLO", "country": country, "pos_url": "http://127.0.0.1:9/",
    });
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn the_topology_is_created_once_and_left_alone() {
    let (_folder, _server, connection) = start().await;
    bus::topology::ensure(&connection.js, SMALL).await.unwrap();
    bus::topology::ensure(&connection.js, Profile { replicas: 1, storage_percent: 2 }).await.unwrap();
    for spec in contract::stream::ALL {
        let stream = connection.js.get_stream(spec.name).await.unwrap();
        let config = &stream.cached_info().config;
        assert_eq!(config.max_bytes, i64::from(spec.mebibytes_max) * 1_024 * 1_024 / 100, "{}", spec.name);
        assert_eq!(config.subjects, [spec.subject]);
    }
}

#[tokio::test]
async fn what_is_append_only_can_be_neither_removed_nor_emptied_nor_made_removable() {
    let (_folder, _server, connection) = start().await;
    bus::topology::ensure(&connection.js, SMALL).await.unwrap();
    connection.js.publish("domicilio.audit.ops-act", "{}".into()).await.unwrap().await.unwrap();
    let stream = connection.js.get_stream("AUDIT").await.unwrap();
    assert!(stream.delete_message(1).await.is_err());
    assert!(stream.purge().await.is_err());
    let mut config = stream.cached_info().config.clone();
    (config.deny_delete, config.deny_purge) = (false, false);
    assert!(connection.js.update_stream(&config).await.is_err());
    assert_eq!(bus::read::extent(&connection.js, "AUDIT").await.unwrap().messages, 1);
    // The other streams stay manageable.
    connection.js.publish("domicilio.invalid.ec", "{}".into()).await.unwrap().await.unwrap();
    connection.js.get_stream("INVALID").await.unwrap().purge().await.unwrap();
}

#[tokio::test]
async fn stores_are_written_by_compare_and_set_and_followed() {
    let (_folder, _server, connection) = start().await;
    let catalogue = Catalogue::follow(&connection);
    bus::topology::ensure(&connection.js, SMALL).await.unwrap();
    let first = catalogue::write(&connection.js, &store(72, "ec"), 0).await.unwrap();
    let mut renamed = store(72, "ec");
    renamed.name = "EJEMPLO NORTE".into();
    let second = catalogue::write(&connection.js, &renamed, first).await.unwrap();

    let stale = catalogue::write(&connection.js, &store(72, "ec"), first).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Conflict);
    let again = catalogue::write(&connection.js, &store(72, "ec"), 0).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);
    let elsewhere = catalogue::write(&connection.js, &store(72, "co"), 0).await.unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::Conflict);

    let mut progress = catalogue.progress();
    let wait = progress.wait_for(|progress| progress.ready && progress.revision >= second);
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap().unwrap();
    let known = catalogue.get(StoreId(72)).unwrap();
    assert_eq!((known.record.name.as_str(), known.revision), ("EJEMPLO NORTE", second));
}

#[tokio::test]
async fn stores_of_a_stream_that_was_made_anew_are_forgotten() {
    let (folder, mut server, connection) = start().await;
    let catalogue = Catalogue::follow(&connection);
    bus::topology::ensure(&connection.js, SMALL).await.unwrap();
    catalogue::write(&connection.js, &store(1, "ec"), 0).await.unwrap();
    catalogue::write(&connection.js, &store(2, "ec"), 0).await.unwrap();
    let mut progress = catalogue.progress();
    let both = progress.wait_for(|progress| progress.revision == 2);
    tokio::time::timeout(Duration::from_secs(10), both).await.unwrap().unwrap();

    let mut link = connection.link();
    server.kill().await.unwrap();
    let lost = link.wait_for(|state| *state == LinkState::Lost);
    tokio::time::timeout(Duration::from_secs(10), lost).await.unwrap().unwrap();
    std::fs::remove_dir_all(folder.path().join("jetstream")).unwrap();
    server.restart().await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), connection.up()).await.unwrap();
    bus::topology::ensure(&connection.js, SMALL).await.unwrap();
    // As many records as before and more: the sequence alone would not tell.
    for id in 3..=9 {
        catalogue::write(&connection.js, &store(id, "ec"), 0).await.unwrap();
    }
    let anew = progress.wait_for(|progress| progress.ready && progress.revision == 7);
    tokio::time::timeout(Duration::from_secs(20), anew).await.unwrap().unwrap();
    let mut ids: Vec<_> = catalogue.all().iter().map(|store| store.record.id.0).collect();
    ids.sort_unstable();
    assert_eq!(ids, [3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn reading_leaves_nothing_behind() {
    let (_folder, _server, connection) = start().await;
    bus::topology::ensure(&connection.js, SMALL).await.unwrap();
    for id in 1..=1_200 {
        connection.js.publish(format!("domicilio.events.ec.{id}.x"), "body".into()).await.unwrap();
    }
    for (from, limit, headers_only, expected) in [
        (Start::Sequence(1), 5_000, false, 1_200),
        (Start::Sequence(1_101), 5_000, true, 100),
        (Start::LastPerSubject, 700, true, 700),
        (Start::Sequence(1_201), 10, false, 0),
    ] {
        let request = Request { stream: "EVENTS", filter: "", from, headers_only, limit };
        let mut sequences = Vec::new();
        let mut bodies = 0;
        let count = read::read(&connection.js, &request, |stored| {
            sequences.push(stored.sequence);
            bodies += stored.payload.len();
        });
        assert_eq!(count.await.unwrap(), expected);
        assert_eq!(sequences.len(), expected);
        assert!(sequences.is_sorted());
        assert_eq!(bodies, if headers_only { 0 } else { 4 * expected });
    }
    let stream = connection.js.get_stream("EVENTS").await.unwrap();
    assert_eq!(stream.cached_info().state.consumer_count, 0);
}

#[tokio::test]
async fn depths_are_counted_by_the_server_and_queues_are_read_without_taking() {
    let (_folder, _server, connection) = start().await;
    bus::topology::ensure(&connection.js, SMALL).await.unwrap();
    for (store, count) in [(StoreId(7), 3), (StoreId(8), 1)] {
        for _ in 0..count {
            connection.js.publish(contract::subject::queue(store), "{}".into()).await.unwrap().await.unwrap();
        }
    }
    let mut depths = read::depths(&connection.js).await.unwrap();
    depths.sort_unstable();
    assert_eq!(depths, [(StoreId(7), 3), (StoreId(8), 1)]);

    let subject = contract::subject::queue(StoreId(7));
    let second = read::next(&connection.js, "QUEUES", &subject, 2).await.unwrap().unwrap();
    assert_eq!((second.sequence, second.subject.as_str()), (2, subject.as_str()));
    assert!(read::next(&connection.js, "QUEUES", &subject, 4).await.unwrap().is_none());
    assert!(read::at(&connection.js, "QUEUES", 99).await.unwrap().is_none());
    assert_eq!(read::extent(&connection.js, "QUEUES").await.unwrap().messages, 4);
}

#[tokio::test]
async fn the_link_tells_the_truth_through_a_restart() {
    let (_folder, mut server, connection) = start().await;
    let mut link = connection.link();
    server.kill().await.unwrap();
    let lost = link.wait_for(|state| *state == LinkState::Lost);
    tokio::time::timeout(Duration::from_secs(10), lost).await.unwrap().unwrap();
    assert!(!connection.is_up());
    server.restart().await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), connection.up()).await.unwrap();
}

#[tokio::test]
async fn an_unusable_url_is_an_error_and_a_silent_server_is_not() {
    let error = connect(&Settings::new("", "test")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Settings);
    let connection = connect(&Settings::new("nats://127.0.0.1:9", "test")).await.unwrap();
    assert!(!connection.is_up());
}
