//! `status`, `orders` and `check`, as a script sees them, on a bus whose services are invented heartbeats.

use std::time::Duration;

use contract::event::FailReason;
use contract::order::Ending;
use contract::{Heartbeat, OrderHead, header, subject};
use domicilio::feed;
use serde_json::Value;

use crate::headless::{code, json, program, run, told};
use crate::world::{World, head, outcome};

/// Heartbeats of one instance of each service, until dropped; `change` may change them.
pub(crate) struct Beating(tokio::task::JoinHandle<()>);

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The heartbeats that the contract keeps as samples; all of them well.
pub(crate) fn heartbeats() -> Vec<Heartbeat> {
    let samples = [
        include_str!("../../../services/contract/tests/golden/heartbeat_api.json"),
        include_str!("../../../services/contract/tests/golden/heartbeat_distribuidor.json"),
        include_str!("../../../services/contract/tests/golden/heartbeat_resolver.json"),
    ];
    let well = |text: &str| {
        let mut beat: Heartbeat = serde_json::from_str(text).unwrap();
        (beat.state, beat.trouble) = (contract::heartbeat::RunState::Running, None);
        beat
    };
    samples.into_iter().map(well).collect()
}

pub(crate) fn beat(world: &World, beats: Vec<Heartbeat>) -> Beating {
    beat_by(world.bus.client.clone(), beats)
}

/// The same as whoever `client` is.
pub(crate) fn beat_by(client: async_nats::Client, mut beats: Vec<Heartbeat>) -> Beating {
    Beating(tokio::spawn(async move {
        let mut timer = tokio::time::interval(Duration::from_millis(250));
        loop {
            timer.tick().await;
            for beat in &mut beats {
                beat.at = feed::now();
                let body = serde_json::to_vec(&beat).unwrap();
                client.publish(subject::heartbeat(beat.service, &beat.instance), body.into()).await.unwrap();
            }
        }
    }))
}

impl World {
    /// Gives the `n`th order up.
    pub(crate) async fn give_up(&self, n: u32, intake: u64) {
        let mut end = outcome(head(n), intake);
        let detail = "POS answered 422".to_owned();
        end.ending = Ending::NotInjected { reason: FailReason::Refused, detail, command: None };
        let body = serde_json::to_vec(&end).unwrap();
        self.bus
            .js
            .publish(subject::outcome(end.order.country, end.order.store), body.into())
            .await
            .unwrap()
            .await
            .unwrap();
    }

    /// Accepts an order of its own, as old as wanted.
    pub(crate) async fn accept_head(&self, head: &OrderHead) -> u64 {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(header::ORDER_HEAD, serde_json::to_string(head).unwrap());
        let sent = self.bus.js.publish_with_headers(subject::order(head), headers, "{}".into()).await.unwrap();
        sent.await.unwrap().sequence
    }
}

/// The `n`th order, `ago_s` seconds old: heads tell the time at which all tests began, which may be long ago.
fn older(n: u32, ago_s: i64) -> OrderHead {
    OrderHead { received_at: feed::now().plus_millis(-ago_s * 1_000), ..head(n) }
}

fn line(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn check_has_a_word_and_a_code_for_each_state_of_things() {
    let world = World::start().await;
    let beating = beat(&world, heartbeats());
    let well = run(&world, &["check", "--lang", "en"]).await;
    assert_eq!(code(&well), 0, "{} {}", line(&well), told(&well));
    assert!(line(&well).starts_with("DOMICILIO OK - nothing needs attention | critical=0;;0;0 "), "{}", line(&well));
    assert!(line(&well).contains(" waiting=0;;;0 oldest=0s;120;300;0 not_injected=0;;0;0 instances=3;;;0 lost=0"));

    // What is worth a look is so by the settings file.
    let intake = world.accept_head(&older(0, 60)).await;
    let settings = world.folder().join("config.toml");
    std::fs::write(&settings, "[attention.delivery]\nwarn = '30s'\ncritical = '1h'\n").unwrap();
    let settings = settings.to_str().unwrap();
    let young = run(&world, &["check", "--lang", "en"]).await;
    assert_eq!(code(&young), 0, "{}", line(&young));
    let warned = run(&world, &["check", "--lang", "en", "--config", settings]).await;
    assert_eq!(code(&warned), 1, "{}", line(&warned));
    assert!(line(&warned).starts_with("DOMICILIO WARNING - "), "{}", line(&warned));
    assert!(line(&warned).contains(" warning=1;0;;0 "), "{}", line(&warned));

    world.give_up(0, intake).await;
    let critical = run(&world, &["check"]).await;
    assert_eq!(code(&critical), 2, "{}", line(&critical));
    assert!(line(&critical).starts_with("DOMICILIO CRITICAL - "), "{}", line(&critical));
    assert_eq!((line(&critical).lines().count(), told(&critical)), (1, String::new()), "one line, and no other");
    drop(beating);
    // Nobody says anything: that is critical, too, and known after the time that silence needs.
    world.end(0, intake).await;
    let silent = run(&world, &["check", "--lang", "en"]).await;
    assert_eq!(code(&silent), 2, "{}", line(&silent));
    assert!(line(&silent).contains("no service was heard"), "{}", line(&silent));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_unknown_when_it_cannot_know() {
    let world = World::start().await;
    let mut command = program(&world);
    command.env("NATS_URL", "nats://127.0.0.1:1").arg("check");
    let away = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(code(&away), 3, "{}", line(&away));
    assert!(line(&away).starts_with("DOMICILIO UNKNOWN - no connection to the bus"), "{}", line(&away));
    assert!(told(&away).is_empty(), "{}", told(&away));

    let misused = run(&world, &["check", "--wrong"]).await;
    assert_eq!(code(&misused), 3, "{}", line(&misused));
    assert!(line(&misused).starts_with("DOMICILIO UNKNOWN - error: unexpected argument"), "{}", line(&misused));
    let settings = run(&world, &["check", "--config", "/nowhere/config.toml"]).await;
    assert_eq!(code(&settings), 3, "{}", line(&settings));

    // A stream is gone: what is not known is not well.
    let _beating = beat(&world, heartbeats());
    world.bus.js.delete_stream("OUTCOMES").await.unwrap();
    let blind = run(&world, &["check"]).await;
    assert_eq!(code(&blind), 3, "{}", line(&blind));
    assert!(line(&blind).contains("not read: ") && line(&blind).contains("OUTCOMES"), "{}", line(&blind));
    let status = run(&world, &["status", "--json"]).await;
    assert_eq!(code(&status), 3, "{}", told(&status));
    assert_eq!((&json(&status)["complete"], &json(&status)["streams"]["OUTCOMES"]), (&false.into(), &"failed".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_what_the_overview_shows_worst_first() {
    let world = World::start().await;
    let mut beats = heartbeats();
    beats[2].trouble = Some("an outcome was refused".to_owned());
    let _beating = beat(&world, beats);
    let intake = world.accept(0, br#"{"nombresCliente":"Persona Ejemplo"}"#).await;
    world.give_up(0, intake).await;
    world.accept_head(&older(2, 200)).await;

    let output = run(&world, &["status", "--json", "--lang", "en"]).await;
    assert_eq!(code(&output), 0, "{}", told(&output));
    let status = json(&output);
    let kinds: Vec<&str> =
        status["attention"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["troubled", "not_injected", "undistributed"], "{status}");
    assert_eq!((&status["complete"], &status["connection"]["state"]), (&true.into(), &"up".into()));
    assert_eq!(status["today"], Value::Null, "nobody counted, which is not zero");
    assert_eq!(status["queues"], serde_json::json!({"entries": 0, "stores": 0, "oldest_age_s": null}));

    let text = line(&run(&world, &["status", "--lang", "es"]).await);
    let rows: Vec<&str> = text.lines().collect();
    let at = rows.iter().position(|row| *row == "Requiere atención").unwrap();
    assert!(rows[at + 1].contains("GRAVE") && rows[at + 1].contains("queue-resolver-1"), "{text}");
    assert!(rows[at + 3].contains("AVISO"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains("Persona"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_listed_by_filter_state_and_time() {
    let world = World::start().await;
    for n in 0..5 {
        let intake = world.accept(n, br#"{"nombresCliente":"Persona Ejemplo"}"#).await;
        match n {
            0 => world.end(n, intake).await,
            1 => world.give_up(n, intake).await,
            _ => world.queue(n, intake).await,
        }
    }
    let old = older(6, 7_200);
    world.accept_head(&old).await;
    let codes = |output: &std::process::Output| -> Vec<String> {
        assert_eq!(code(output), 0, "{}", told(output));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("Persona"));
        json(output).as_array().unwrap().iter().map(|order| order["code"].as_str().unwrap().to_owned()).collect()
    };
    let all = codes(&run(&world, &["orders", "--json"]).await);
    assert_eq!(all, ["B-0004", "B-0003", "B-0002", "B-0001", "B-0000", "B-0006"], "newest first");
    let states = ["orders", "--json", "--state", "not-injected,injected"];
    assert_eq!(codes(&run(&world, &states).await), ["B-0001", "B-0000"]);
    assert_eq!(codes(&run(&world, &["orders", "--json", "--filter", "tienda=73 -B-0001"]).await), ["B-0003"]);
    let late = ["orders", "--json", "--since", "-1h", "--filter", "edad<1d", "--limit", "2"];
    let limited = run(&world, &late).await;
    assert_eq!(codes(&limited), ["B-0004", "B-0003"]);
    assert!(told(&limited).contains("2 of 5 orders"), "{}", told(&limited));
    let table = line(&run(&world, &["orders", "--state", "not-injected"]).await);
    assert!(table.lines().nth(1).unwrap().contains("not_injected"), "{table}");

    for wrong in [&["--filter", "intentos>x"][..], &["--since", "tomorrow"], &["--state", "lost"], &["--limit", "0"]] {
        let output = run(&world, &[&["orders"], wrong].concat()).await;
        assert_eq!((code(&output), output.stdout.len()), (2, 0), "{wrong:?}: {}", told(&output));
    }
    for command in [&["orders"][..], &["tail"], &["reinject"], &["solve", "--reason", "x"]] {
        let output = run(&world, &[command, &["--lang", "en", "--filter", "K072 nowhere:x"]].concat()).await;
        assert_eq!((code(&output), output.stdout.len()), (2, 0), "{command:?}: {}", told(&output));
        let wanted = "--filter, at 6: nowhere:x: no field nowhere: ";
        assert!(told(&output).contains(wanted), "{command:?}: {}", told(&output));
    }
}
