//! The real program records a real bus, and the recording leads to what was on it; `tail` tells what passes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use contract::{StoreId, header, subject};
use serde_json::Value;

use crate::world::{World, head, record};

fn program(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.args(arguments).env("NATS_URL", world.server.url()).env("XDG_STATE_HOME", world.folder());
    command.env("DOMICILIO_LANG", "en").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn run(world: &World, arguments: &[&str]) -> Output {
    let mut command = program(world, arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A bus with an order that was not injected, recorded for a moment.
async fn recorded() -> (World, PathBuf) {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    let intake = world.accept(1, br#"{"nombresCliente":"zzsecret"}"#).await;
    world.fail(1, intake).await;
    let file = world.folder().join("bus.jsonl");
    let output = run(&world, &["record", file.to_str().unwrap(), "--for", "3s"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    (world, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_private_holds_no_payload_and_shows_the_bus_again() {
    let (world, file) = recorded().await;
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!written.contains("zzsecret") && written.contains(head(1).code.as_str()));
    assert!(written.lines().last().unwrap().contains(r#""end":"time""#), "{written}");

    let name = file.to_str().unwrap();
    let again = run(&world, &["record", name, "--for", "1s"]).await;
    assert_eq!(again.status.code(), Some(2), "{}", text(&again.stderr));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written, "nothing is written over it");

    let show = ["replay", name, "--screen", "overview", "--size", "120x40"];
    let (first, second) = (run(&world, &show).await, run(&world, &show).await);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert_eq!(text(&first.stdout), text(&second.stdout));
    let picture = text(&first.stdout);
    assert!(picture.contains("RECORDING") && picture.contains("not injected"), "{picture}");

    // What scripts are told is what the screen shows.
    let status = run(&world, &["status", "--recording", name, "--json"]).await;
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let told = status["attention"].as_array().unwrap();
    assert!(!told.is_empty(), "{status}");
    for item in told {
        let said = item["sentence"].as_str().or_else(|| item["text"].as_str()).or_else(|| item["says"].as_str());
        let said = said.unwrap_or_else(|| panic!("{item}"));
        assert!(picture.contains(said), "{said}\n{picture}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_cut_or_wrong_is_told_and_shown_as_far_as_it_goes() {
    let (world, file) = recorded().await;
    let written = std::fs::read_to_string(&file).unwrap();
    let lines = written.lines().count();
    let show = ["replay", file.to_str().unwrap(), "--screen", "orders"];
    std::fs::write(&file, &written[..written.len() - 20]).unwrap();
    let cut = run(&world, &show).await;
    assert_eq!(cut.status.code(), Some(0));
    assert!(text(&cut.stderr).contains(&format!("cut off after line {}", lines - 1)), "{}", text(&cut.stderr));
    assert!(text(&cut.stdout).contains(head(1).code.as_str()));
    let wrong = written.replace(r#""heard":{"end""#, r#""heard":{"odd""#);
    std::fs::write(&file, wrong).unwrap();
    let wrong = run(&world, &show).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stderr).contains(&format!("line {lines}: a field is missing")), "{}", text(&wrong.stderr));
    assert!(text(&wrong.stdout).contains(head(1).code.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_ends_well_with_a_signal() {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    let file = world.folder().join("bus.jsonl");
    let mut child = program(&world, &["record", file.to_str().unwrap()]).spawn().unwrap();
    let process = rustix::process::Pid::from_child(&child);
    let heard = async {
        while !std::fs::read_to_string(&file).is_ok_and(|written| written.contains(r#""ready""#)) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::world::LIMIT, heard).await.unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert!(tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap().success());
    assert!(std::fs::read_to_string(&file).unwrap().contains(r#""end":"asked""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_tells_messages_as_they_come_without_their_payloads() {
    let world = World::start().await;
    let mut command = program(&world, &["tail", "domicilio.orders", "--count", "2", "--json"]);
    let tail = tokio::task::spawn_blocking(move || command.output().unwrap());
    let mut n = 0;
    while !tail.is_finished() {
        n += 1;
        world.accept(n, br#"{"nombresCliente":"zzsecret"}"#).await;
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(header::DECISION, "{}");
        world.bus.client.publish_with_headers(subject::queue(StoreId(72)), headers, "{}".into()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let output = tail.await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{said}");
    for line in lines {
        assert!(line["subject"].as_str().unwrap().starts_with("domicilio.orders.ec."), "{line}");
        assert!(line["says"].as_str().unwrap().ends_with(": received"), "{line}");
    }
    assert!(!said.contains("zzsecret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_refuses_what_is_no_subject_of_ours() {
    let world = World::start().await;
    for arguments in [["tail", "other.>"], ["tail", "domicilio.*.x"]] {
        assert_eq!(run(&world, &arguments).await.status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(run(&world, &["tail", "--filter", "edad>x"]).await.status.code(), Some(2));
}
