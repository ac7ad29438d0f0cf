//! `doctor` says which step of a connection fails, and what to do.

use std::process::{Command, Output};

use bus::server::Server;
use contract::permission::{USERS, render};
use serde_json::Value;

use crate::certificates::certificates;
use crate::headless::{code, json, program, run, told};
use crate::looking::{beat, heartbeats};
use crate::world::World;

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Outcome and finding of the step `name`, of the one about `about` if there are several.
fn step(report: &Value, name: &str, about: &str) -> (String, String) {
    let steps = report["steps"].as_array().unwrap();
    let found = steps.iter().find(|step| step["step"] == name && step["about"].as_str().unwrap().contains(about));
    let step = found.unwrap_or_else(|| panic!("no step {name} {about}: {report}"));
    let text = |field: &str| step[field].as_str().unwrap().to_owned();
    (text("outcome"), text("found"))
}

fn failed(report: &Value) -> Vec<&str> {
    let steps = report["steps"].as_array().unwrap().iter();
    steps.filter(|step| step["outcome"] == "failed").map(|step| step["step"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_well_has_no_step_that_failed() {
    let world = World::start().await;
    let beating = beat(&world, heartbeats());
    let output = run(&world, &["doctor", "--json"]).await;
    let report = json(&output);
    assert_eq!((code(&output), failed(&report)), (0, vec![]), "{report} {}", told(&output));
    assert_eq!((&report["connected"], &report["well"]), (&true.into(), &true.into()));
    assert!(step(&report, "setting", "url").1.ends_with("(environment NATS_URL)"), "{report}");
    assert_eq!(step(&report, "stream", "ORDERS"), ("ok".into(), "read, and heard".into()));
    assert_eq!(step(&report, "clock", "queue-resolver-1").0, "ok");

    // A stream is gone, and so is everybody.
    drop(beating);
    world.bus.js.delete_stream("EVENTS").await.unwrap();
    let output = run(&world, &["doctor", "--json"]).await;
    let report = json(&output);
    assert_eq!(code(&output), 1, "{report}");
    assert_eq!(step(&report, "stream", "EVENTS").0, "failed", "{report}");
    assert_eq!(step(&report, "service", "api-domicilio"), ("failed".into(), "no heartbeat heard".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_not_to_get_there_has_its_step() {
    let world = World::start().await;
    // Somebody else's port: it listens and says nothing of NATS.
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let other_url = format!("nats://127.0.0.1:{}", other.local_addr().unwrap().port());
    let answers = std::thread::spawn(move || {
        for stream in other.incoming().take(8).flatten() {
            let _ = std::io::Write::write_all(&mut &stream, b"SSH-2.0-none\r\n");
        }
    });
    for (url, first) in
        [("nats://no-such-host.invalid:4222", "name"), ("nats://127.0.0.1:1", "tcp"), (other_url.as_str(), "server")]
    {
        let mut command = program(&world);
        command.env("NATS_URL", url).args(["doctor", "--json"]);
        let output = output(command).await;
        let report = json(&output);
        assert_eq!((code(&output), failed(&report).first()), (4, Some(&first)), "{url}: {report}");
        assert_eq!(report["connected"], false);
        assert!(told(&output).contains("there is no connection"), "{}", told(&output));
    }
    drop(answers);
    let settings = run(&world, &["doctor", "--json", "--config", "/nowhere/config.toml"]).await;
    assert_eq!((code(&settings), failed(&json(&settings))), (1, vec!["settings"]));
    let mut half = program(&world);
    half.env("NATS_USER", "ops").env("NATS_PASSWORD", "x").env("NATS_TOKEN", "hunter2").args(["doctor", "--json"]);
    let half = output(half).await;
    assert_eq!((code(&half), failed(&json(&half))), (1, vec!["setting"]));
    assert!(!String::from_utf8_lossy(&half.stdout).contains("hunter2"));
}

/// A server with the users that we ship, with streams, and the password of each: its name.
async fn with_users() -> World {
    let folder = tempfile::tempdir().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/nats/users.conf");
    let passwords = USERS.map(|user| format!("{}: \"p-{}\"\n", render::password_variable(&user), user.name));
    std::fs::write(folder.path().join("passwords.conf"), passwords.concat()).unwrap();
    let server = Server::start_configured(folder.path(), &std::fs::read_to_string(shipped).unwrap()).await.unwrap();
    let url = |user: &str| server.url().replace("://", &format!("://{user}:p-{user}@"));
    // Each service makes the streams that it needs; together they make all of them.
    let mut last = None;
    for user in ["distribuidor", "queue-resolver", "api-domicilio"] {
        let bus = bus::connect(&bus::Settings::new(url(user), "test")).await.unwrap();
        bus.up().await;
        bus::topology::ensure(&bus.js, bus::topology::Profile { replicas: 1, storage_percent: 1 }).await.unwrap();
        last = Some(bus);
    }
    let bus = last.unwrap();
    World::on(server, bus, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_told_what_it_may_and_a_wrong_password_is_not_repeated() {
    let world = with_users().await;
    let as_user = |password: &str| {
        let mut command = program(&world);
        command.env("NATS_USER", "ops-read").env("NATS_PASSWORD", password).args(["doctor", "--json"]);
        command
    };
    let wrong = output(as_user("hunter2")).await;
    let report = json(&wrong);
    assert_eq!((code(&wrong), failed(&report)), (4, vec!["login"]), "{report}");
    assert!(step(&report, "login", "").1.contains("authorization violation"), "{report}");
    assert!(!report.to_string().contains("hunter2") && !told(&wrong).contains("hunter2"));

    // An empty stream needs no reader.
    world.accept(0, b"{}").await;
    let report = json(&output(as_user("p-ops-read")).await);
    assert!(step(&report, "user", "").1.starts_with("ops-read"), "{report}");
    assert_eq!(step(&report, "may", "read").1, "STORES QUEUES OUTCOMES EVENTS; not: ORDERS INVALID AUDIT");
    assert!(step(&report, "may", "act").1.starts_with("nothing; not: inject"), "{report}");
    let (outcome, found) = step(&report, "stream", "ORDERS");
    assert!(outcome == "warning" && found.starts_with("denied: $JS.API."), "{report}");
    assert_eq!(step(&report, "stream", "QUEUES").0, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_described_and_what_is_wrong_with_it_told() {
    let world = World::start().await;
    for (name, trusted, expected) in
        [("127.0.0.1", true, "ok"), ("127.0.0.1", false, "failed"), ("other.example", true, "failed")]
    {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path(), &[name]);
        let file = |name: &str| folder.path().join(name);
        let settings = format!("tls {{ cert_file: {:?}, key_file: {:?} }}", file("server.pem"), file("server.key"));
        let server = Server::start_configured(folder.path(), &settings).await.unwrap();
        let mut command = program(&world);
        command.env("NATS_URL", server.url().replace("nats:", "tls:")).args(["doctor", "--json"]);
        if trusted {
            command.env("NATS_CA", file("ca.pem"));
        } else {
            // An authority, but another one.
            let other = tempfile::tempdir().unwrap();
            certificates(other.path(), &[name]);
            std::fs::copy(other.path().join("ca.pem"), file("other.pem")).unwrap();
            command.env("NATS_CA", file("other.pem"));
        }
        let report = json(&output(command).await);
        assert_eq!(step(&report, "tls", "").0, expected, "{name} {trusted}: {report}");
        assert_eq!(report["connected"], expected == "ok", "{report}");
        // It is described even when it is not trusted.
        assert!(step(&report, "certificate", "").1.starts_with(&format!("for {name}, by ")), "{report}");
    }
}
