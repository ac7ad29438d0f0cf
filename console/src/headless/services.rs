//! `domicilio services`: who is there, from heartbeats and from the services (micro) API.

use std::collections::BTreeMap;
use std::time::Duration;

use contract::Heartbeat;
use contract::heartbeat::RunState;
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::{Failure, connect, or_dash, print_columns, print_json};
use crate::cli;
use crate::event::Fact;
use crate::feed::{decode, now};
use crate::sanitise;
use crate::state::Services;
use crate::state::services::Instance;

/// How long to listen: one heartbeat of everybody and half of the next, in milliseconds.
const LISTEN_MS: u64 = 1_600;

/// Most answers of the services API that are read.
const ANSWERS_MAX: usize = 1_000;

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    heartbeat: &'a Heartbeat,
    uptime_s: i64,
    /// Orders a second, when two heartbeats came.
    rate: Option<f64>,
    /// Whether it answers on the services API, where `nats micro` sees it.
    discovered: bool,
}

/// Part of an answer to `$SRV.PING`.
#[derive(Deserialize)]
struct Discovered {
    name: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

pub(super) async fn run(common: &cli::Common, arguments: &cli::Services) -> Result<(), Failure> {
    let connection = connect(common).await?;
    let end = Instant::now() + Duration::from_secs(arguments.wait);
    let (heard, missing) = loop {
        let heard = listen(&connection.client).await?;
        let missing = missing(&heard.services, &arguments.expect);
        // Whoever watches out of impatience sees what is still missing.
        for sentence in &missing {
            super::say(sentence);
        }
        if missing.is_empty() || Instant::now() >= end {
            break (heard, missing);
        }
    };
    print_services(&heard.services, &heard.discovered, arguments.json)?;
    if missing.is_empty() { Ok(()) } else { Err(Failure::Failed("fewer instances at work than expected".to_owned())) }
}

/// Who was heard.
struct Heard {
    services: Services,
    discovered: Vec<Discovered>,
}

async fn listen(client: &async_nats::Client) -> Result<Heard, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::NotConnected(format!("asking the services: {error}"));
    let everyone = "domicilio.services.*.*.heartbeat";
    let mut heartbeats = client.subscribe(everyone).await.map_err(|error| failed(&error))?;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.map_err(|error| failed(&error))?;
    client.publish_with_reply("$SRV.PING", inbox, bytes::Bytes::new()).await.map_err(|error| failed(&error))?;

    let mut services = Services::default();
    let mut discovered = Vec::new();
    let end = Instant::now() + Duration::from_millis(LISTEN_MS);
    loop {
        tokio::select! {
            message = timeout_at(end, heartbeats.next()) => match message {
                Ok(Some(message)) => {
                    let at = now();
                    if let Some(Fact::Heartbeat { heartbeat, .. }) = decode::live(&message, at) {
                        services.hear(&heartbeat, at);
                    }
                }
                Ok(None) | Err(_) => return Ok(Heard { services, discovered }),
            },
            Some(answer) = answers.next(), if discovered.len() < ANSWERS_MAX => {
                discovered.extend(serde_json::from_slice::<Discovered>(&answer.payload).ok());
            }
        }
    }
}

/// A sentence for each service of which fewer are at work than expected.
fn missing(services: &Services, expected: &[cli::Expected]) -> Vec<String> {
    let at_work = |instance: &&Instance| {
        let heartbeat = &instance.heartbeat;
        heartbeat.state == RunState::Running && heartbeat.trouble.is_none()
    };
    let count = |wanted: contract::Service| {
        services.iter().filter(|instance| instance.heartbeat.service == wanted).filter(at_work).count()
    };
    let short = expected.iter().filter(|expected| count(expected.service) < expected.count);
    short
        .map(|expected| format!("{}: {} of {} at work", expected.service, count(expected.service), expected.count))
        .collect()
}

fn print_services(services: &Services, discovered: &[Discovered], json: bool) -> Result<(), Failure> {
    let is_discovered = |instance: &Instance| {
        discovered.iter().any(|found| {
            found.name == instance.heartbeat.service.as_str()
                && found.metadata.get("instance").map(String::as_str) == Some(instance.heartbeat.instance.as_str())
        })
    };
    for found in discovered {
        let name = found.metadata.get("instance");
        let known = |name: &&String| services.iter().any(|known| known.heartbeat.instance.as_str() == name.as_str());
        let ours = contract::Service::ALL.iter().any(|service| service.as_str() == found.name);
        if ours && name.is_some_and(|name| !known(&name)) {
            let name = sanitise::text(name.map_or("", String::as_str), sanitise::NAME_MAX);
            super::say(&format!("{name} answers on the services API, but sends no heartbeat"));
        }
    }
    if json {
        let rows: Vec<Row<'_>> = services
            .iter()
            .map(|instance| Row {
                heartbeat: &instance.heartbeat,
                uptime_s: instance.uptime_ms() / 1_000,
                rate: instance.rate(),
                discovered: is_discovered(instance),
            })
            .collect();
        return print_json(&rows);
    }
    let names = ["SERVICE", "INSTANCE", "STATE", "CLOUD", "CC", "VERSION", "UPTIME", "DONE", "RATE"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    rows.extend(services.iter().map(|instance| {
        let heartbeat = &instance.heartbeat;
        let state = serde_json::to_value(heartbeat.state).ok();
        vec![
            heartbeat.service.to_string(),
            heartbeat.instance.to_string(),
            or_dash(state.as_ref().and_then(|state| state.as_str())),
            heartbeat.cloud.to_string(),
            heartbeat.country.to_string(),
            heartbeat.version.clone(),
            crate::view::when::age(instance.uptime_ms()),
            instance.done().to_string(),
            or_dash(instance.rate().map(|rate| format!("{rate:.1}/s"))),
        ]
    }));
    print_columns(&rows)
}
