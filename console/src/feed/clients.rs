//! Who is connected to the servers in our account, as each of them tells. Where it is not allowed it is not known.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use contract::{UtcMs, subject};
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::sanitise::{self, NAME_MAX};
use crate::state::wire::clients::{CLIENTS_MAX, Client, Clients};

/// How long the first server may take.
const FIRST: Duration = Duration::from_secs(2);

/// How long another one may take after the one before: nobody says how many there are.
const NEXT: Duration = Duration::from_millis(250);

/// How long all of them may take: whoever goes on answering ends nothing.
const ALL: Duration = Duration::from_secs(4);

/// Servers that are listened to: clusters have three or five.
const SERVERS_MAX: usize = 16;

#[derive(Deserialize)]
struct Answer {
    server: Server,
    data: Told,
}

#[derive(Deserialize)]
struct Server {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Told {
    now: Timestamp,
    total: usize,
    #[serde(default, rename = "connections")]
    listed: Vec<Connection>,
}

/// As <https://docs.nats.io/running-a-nats-service/nats_admin/monitoring#connection-information-connz> tells it.
#[derive(Deserialize)]
struct Connection {
    cid: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    authorized_user: String,
    ip: String,
    port: u16,
    #[serde(default)]
    lang: String,
    #[serde(default)]
    version: String,
    start: Timestamp,
    last_activity: Timestamp,
    #[serde(default)]
    rtt: String,
    pending_bytes: u64,
    in_msgs: u64,
    out_msgs: u64,
    subscriptions: u64,
}

/// Asks every server; `None` when none answers.
pub(super) async fn read(connection: &bus::Connection) -> Option<Clients> {
    let client = &connection.client;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.ok()?;
    let wanted = serde_json::json!({ "limit": CLIENTS_MAX, "auth": true, "sort": "pending" });
    client.publish_with_reply(subject::CONNECTIONS, inbox, Bytes::from(wanted.to_string())).await.ok()?;
    let (mut told, mut list, mut cut) = (HashSet::new(), Vec::new(), false);
    let latest = Instant::now() + ALL;
    let mut until = Instant::now() + FIRST;
    while let Ok(Some(message)) = timeout_at(until, answers.next()).await {
        if message.status.is_some() {
            break; // Nobody listens there.
        }
        until = latest.min(Instant::now() + NEXT);
        let Ok(answer) = serde_json::from_slice::<Answer>(&message.payload) else {
            cut = true; // Somebody is there of whom it is not known who is connected.
            continue;
        };
        let listed = answer.data.listed.len();
        cut |= answer.data.total > listed || listed > CLIENTS_MAX;
        if told.insert(answer.server.id) {
            let (server, now) = (answer.server.name, answer.data.now);
            list.extend(answer.data.listed.iter().take(CLIENTS_MAX).map(|one| client_told(one, &server, now)));
        }
        if told.len() >= SERVERS_MAX {
            cut = true;
            break;
        }
    }
    (!told.is_empty()).then(|| Clients::new(list, cut))
}

fn client_told(told: &Connection, server: &str, now: Timestamp) -> Client {
    let name = |text: &str| sanitise::text(text, NAME_MAX);
    let round_trip = told.rtt.parse::<SignedDuration>().ok();
    Client {
        key: (name(server), told.cid),
        name: name(&told.name),
        user: Some(name(&told.authorized_user)).filter(|user| !user.is_empty()),
        address: name(&format!("{}:{}", told.ip, told.port)),
        library: name(format!("{} {}", told.lang, told.version).trim()),
        since: UtcMs::from_millis(told.start.as_millisecond()),
        idle_ms: now.as_millisecond().saturating_sub(told.last_activity.as_millisecond()).max(0),
        round_trip_us: round_trip.and_then(|there| u64::try_from(there.as_micros()).ok()),
        unread: told.pending_bytes,
        sent: told.in_msgs,
        given: told.out_msgs,
        subscriptions: told.subscriptions,
        rates: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_tells_is_made_harmless_and_what_it_leaves_out_is_not_missed() {
        let told =
            br#"{"server":{"id":"N1","name":"nats-1"},"data":{"now":"2026-11-24T21:00:04Z","total":3,"connections":[
            {"cid":6,"kind":"Client","ip":"10.0.0.7","port":49914,"start":"2026-11-24T21:00:00.5Z","name":"a\u001b[2J",
             "last_activity":"2026-11-24T21:00:03Z","rtt":"1.25ms","pending_bytes":7,"in_msgs":3,"out_msgs":4,
             "subscriptions":2,"lang":"rust","version":"0.49.1","authorized_user":"ops-read"},
            {"cid":7,"ip":"10.0.0.8","port":1,"rtt":"soon","start":"2026-11-24T21:00:00Z","last_activity":"2026-11-24T21:00:00Z",
             "pending_bytes":0,"in_msgs":0,"out_msgs":0,"subscriptions":0}]}}"#;
        let answer: Answer = serde_json::from_slice(told).unwrap();
        let now = answer.data.now;
        let clients: Vec<Client> =
            answer.data.listed.iter().map(|one| client_told(one, &answer.server.name, now)).collect();
        let first = &clients[0];
        assert!(!first.name.contains('\u{1b}') && first.name.starts_with('a'), "{}", first.name);
        assert_eq!((first.user.as_deref(), first.library.as_str()), (Some("ops-read"), "rust 0.49.1"));
        assert_eq!((first.idle_ms, first.round_trip_us, first.unread), (1_000, Some(1_250), 7));
        assert_eq!((clients[1].user.as_deref(), clients[1].round_trip_us), (None, None));
    }
}
