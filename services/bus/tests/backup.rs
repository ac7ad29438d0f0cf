//! What `ops-admin` needs to back up a stream and to restore it, on the nodes of the configuration that we ship.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "permissions/shipped.rs"]
#[expect(dead_code, reason = "the servers serve other tests, too")]
mod shipped;

use std::time::Duration;

use async_nats::jetstream::stream;
use async_nats::{Message, Subscriber};
use bus::access::{Access, Login, Secret};
use bus::{Connection, Settings, connect};
use bytes::Bytes;
use contract::stream::STORES;
use futures::StreamExt as _;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// Longer than one window of pieces that the server sends without an acknowledgement.
const MESSAGES: u64 = 200;

fn password(user: &str) -> String {
    format!("hunter2-of-{user}")
}

async fn ask(connection: &Connection, subject: String, body: Bytes) -> Value {
    let answer = connection.client.request(subject, body).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert_eq!(answer.get("error"), None, "{answer}");
    answer
}

async fn next(pieces: &mut Subscriber) -> Message {
    tokio::time::timeout(LIMIT, pieces.next()).await.unwrap().unwrap()
}

/// Takes a backup as the `nats` program does: its configuration and state, and the pieces.
async fn back_up(connection: &Connection, stream: &str) -> (Value, Vec<Bytes>) {
    let inbox = connection.client.new_inbox();
    let mut pieces = connection.client.subscribe(inbox.clone()).await.unwrap();
    let request = json!({"deliver_subject": inbox, "chunk_size": 1_024});
    let told = ask(connection, format!("$JS.API.STREAM.SNAPSHOT.{stream}"), request.to_string().into()).await;
    let mut backup = Vec::new();
    loop {
        let piece = next(&mut pieces).await;
        if piece.payload.is_empty() {
            assert_eq!(piece.description, None, "the server gave up");
            return (told, backup);
        }
        if let Some(reply) = piece.reply {
            connection.client.publish(reply, Bytes::new()).await.unwrap();
        }
        backup.push(piece.payload);
    }
}

async fn restore(connection: &Connection, stream: &str, told: &Value, backup: Vec<Bytes>) {
    let request = json!({"config": told["config"], "state": told["state"]});
    let place = ask(connection, format!("$JS.API.STREAM.RESTORE.{stream}"), request.to_string().into()).await;
    let place = place["deliver_subject"].as_str().unwrap();
    for piece in backup {
        connection.client.request(place.to_owned(), piece).await.unwrap();
    }
    ask(connection, place.to_owned(), Bytes::new()).await;
}

/// A byte without a pattern, so that compression does not make the backup smaller.
const fn noise(of: u64) -> u8 {
    (of + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0]
}

#[tokio::test]
async fn an_administrator_backs_up_a_stream_and_restores_it() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = shipped::Cluster::start(folder.path(), &password).await;
    let login = Login::User("ops-admin".to_owned(), Secret::new(password("ops-admin")));
    let access = Access { login, ..Access::default() };
    let settings = Settings { access, ..Settings::new(cluster.urls(), "backup") };
    let admin = connect(&settings).await.unwrap();
    admin.up().await;
    let config = stream::Config {
        name: STORES.name.to_owned(),
        subjects: vec![STORES.subject.to_owned()],
        num_replicas: 3,
        ..Default::default()
    };
    // The cluster needs some seconds until it has a leader.
    let made = async {
        while admin.js.create_stream(config.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, made).await.unwrap();
    for id in 0..MESSAGES {
        let body: Vec<u8> = (0..1_024).map(|at| noise(1_024 * id + at)).collect();
        admin.js.publish(format!("domicilio.stores.ec.{id}"), body.into()).await.unwrap().await.unwrap();
    }

    let (told, backup) = back_up(&admin, STORES.name).await;
    admin.js.delete_stream(STORES.name).await.unwrap();
    restore(&admin, STORES.name, &told, backup).await;

    let state = admin.js.get_stream(STORES.name).await.unwrap().cached_info().state.clone();
    assert_eq!((state.messages, state.last_sequence), (MESSAGES, MESSAGES));
    assert_eq!(*admin.denials().borrow(), []);
}
