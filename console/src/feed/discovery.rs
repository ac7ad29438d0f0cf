//! Who answers to the NATS services API: instances are known by their heartbeats and by this, each on its own.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use contract::Service;
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Up, now};
use crate::event::Event;
use crate::sanitise;
use crate::state::services::{Found, INSTANCES_MAX};

/// How often everybody is asked.
const PERIOD: Duration = Duration::from_secs(5);

/// How long answers are waited for: whoever lives needs some milliseconds.
const WAIT: Duration = Duration::from_secs(1);

/// What an instance answers.
#[derive(Deserialize)]
struct Info {
    name: String,
    version: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// Asks while the link is up, until the loop is gone.
pub(super) async fn run(connection: bus::Connection, mut up: Up, events: mpsc::Sender<Event>) {
    let mut timer = tokio::time::interval(PERIOD);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        if up.wait_for(Option::is_some).await.is_err() {
            return;
        }
        // Who may not ask does not know, until another connection is allowed more.
        if connection.denials().borrow().iter().any(|denial| denial.subject.starts_with("$SRV.")) {
            continue;
        }
        if let Some(found) = ask(&connection).await
            && events.send(Event::Discovered { at: now(), found }).await.is_err()
        {
            return;
        }
    }
}

/// Asks everybody once; `None` when the question could not be sent.
async fn ask(connection: &bus::Connection) -> Option<Vec<Found>> {
    let client = &connection.client;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.ok()?;
    for service in Service::ALL {
        let subject = format!("$SRV.INFO.{service}");
        client.publish_with_reply(subject, inbox.clone(), Bytes::new()).await.ok()?;
    }
    let until = Instant::now() + WAIT;
    let mut found = Vec::new();
    while let Ok(Some(answer)) = tokio::time::timeout_at(until, answers.next()).await {
        if found.len() < INSTANCES_MAX {
            found.extend(read(&answer.payload));
        }
    }
    // A link that went meanwhile makes everybody silent, which says nothing.
    connection.is_up().then_some(found)
}

/// Reads an answer; `None` when it is not one of ours, or nobody's (no responders).
fn read(body: &[u8]) -> Option<Found> {
    let info: Info = serde_json::from_slice(body).ok()?;
    Some(Found {
        service: info.name.parse().ok()?,
        instance: info.metadata.get("instance")?.parse().ok()?,
        cloud: info.metadata.get("cloud").map_or_else(String::new, |cloud| sanitise::text(cloud, sanitise::NAME_MAX)),
        version: sanitise::text(&info.version, sanitise::NAME_MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_anything_else_is_nobodys() {
        let found = read(
            br#"{"type":"io.nats.micro.v1.info_response","name":"queue-resolver","id":"x","version":"0.1.0",
                "metadata":{"instance":"queue-resolver-1","cloud":"a\u001bws"},"endpoints":[]}"#,
        )
        .unwrap();
        assert_eq!((found.service, found.instance.as_str()), (Service::Resolver, "queue-resolver-1"));
        assert!(!found.cloud.contains('\u{1b}'), "{}", found.cloud);
        for body in [&b""[..], b"{}", br#"{"name":"other","version":"1","metadata":{"instance":"x"}}"#] {
            assert!(read(body).is_none());
        }
    }
}
