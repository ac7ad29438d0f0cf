//! Every operation of the table, by its command: each plans just that operation, and none does anything where it is read-only.

use std::path::Path;

use clap::{ArgMatches, CommandFactory as _};
use contract::heartbeat::RunState;
use contract::store::StoreState;
use contract::{Event, EventKind, StoreId, StoreRecord, VERSION, subject};
use domicilio::cli::Cli;
use domicilio::feed;
use domicilio::operation::{Kind, OPERATIONS, Operation};

use crate::headless::{code, json, run, told};
use crate::looking::{beat, heartbeats};
use crate::world::{World, by, record};

/// The payload of an order, as the app sent it.
pub(crate) const PAYLOAD: &str = r#"{"cabecera":[{"codigoApp":"B-0000","codRestaurante":72}],"nota":"una"}"#;

/// A command for each operation; files that they read are made in `folder`.
pub(crate) fn commands(folder: &Path) -> Vec<(Kind, Vec<String>)> {
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let written = |name: &str, record: &StoreRecord| file(name, serde_json::to_string(record).unwrap());
    let created = written("created.json", &record(99));
    let edited = written("edited.json", &StoreRecord { name: "Otra Plaza".to_owned(), ..record(72) });
    let payload = file("payload.json", PAYLOAD.replace("una", "otra"));
    let rows: [(Kind, &[&str]); 18] = [
        (Kind::Inject, &["inject", "--template", "both", "--store", "72"]),
        (Kind::Reinject, &["reinject", "72.B-0000"]),
        (Kind::Reinject, &["reinject", "--filter", ""]),
        (Kind::ReinjectEdited, &["reinject", "72.B-0000", "--payload", &payload, "--reason", "x"]),
        (Kind::Solve, &["solve", "72.B-0000", "--reason", "x"]),
        (Kind::Release, &["release", "K072"]),
        (Kind::CreateStore, &["store", "create", &created]),
        (Kind::EditStore, &["store", "edit", &edited]),
        (Kind::PauseStore, &["store", "pause", "72", "--reason", "x"]),
        (Kind::ResumeStore, &["store", "resume", "73"]),
        (Kind::DisableStore, &["store", "disable", "72", "--reason", "x"]),
        (Kind::PingPos, &["store", "ping", "72"]),
        (Kind::Ping, &["cmd", "queue-resolver", "queue-resolver-1", "ping"]),
        (Kind::Pause, &["cmd", "queue-resolver", "queue-resolver-1", "pause"]),
        (Kind::Resume, &["cmd", "queue-resolver", "queue-resolver-3", "resume"]),
        (Kind::Drain, &["cmd", "queue-resolver", "queue-resolver-1", "drain"]),
        (Kind::LogLevel, &["cmd", "queue-resolver", "queue-resolver-1", "log-level", "debug"]),
        (Kind::Move, &["cmd", "distribuidor", "any", "move", "72", "queue-resolver-2"]),
    ];
    rows.iter().map(|(kind, words)| (*kind, words.iter().map(|word| (*word).to_owned()).collect())).collect()
}

/// The names of the command that `words` are meant for.
fn path(words: &[String]) -> Vec<String> {
    let words = ["domicilio".to_owned()].into_iter().chain(words.iter().cloned());
    let matches = Cli::command().try_get_matches_from(words).unwrap();
    let mut path = Vec::new();
    let mut at: &ArgMatches = &matches;
    while let Some((name, below)) = at.subcommand() {
        path.push(name.to_owned());
        at = below;
    }
    path
}

/// A bus on which every operation makes sense.
async fn ready() -> World {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    world.store_record(&StoreRecord { state: StoreState::Paused, ..record(73) }).await;
    let given_up = world.accept(0, PAYLOAD.as_bytes()).await;
    world.give_up(0, given_up).await;
    let waits = world.accept(2, b"{}").await;
    world.queue(2, waits).await;
    let owner = Event {
        v: VERSION,
        at: feed::now(),
        by: by("distribuidor-1"),
        kind: EventKind::PartitionAssigned {
            partition: StoreId(72).partition(),
            owner: Some("queue-resolver-1".parse().unwrap()),
            epoch: 1,
            term: 1,
            command: None,
        },
    };
    let body = serde_json::to_vec(&owner).unwrap();
    world.bus.js.publish(subject::event(&owner), body.into()).await.unwrap().await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_planned_by_its_command() {
    let world = ready().await;
    let mut beats = heartbeats();
    for (number, state) in [(2, RunState::Running), (3, RunState::Paused)] {
        let mut another = beats[2].clone();
        (another.instance, another.state) = (format!("queue-resolver-{number}").parse().unwrap(), state);
        beats.push(another);
    }
    let _beating = beat(&world, beats);
    let commands = commands(world.folder());
    // What only reads plans nothing that could be shown without being done.
    let changes = |operation: &&Operation| !operation.command.is_empty() && !operation.kind.only_reads();
    for operation in OPERATIONS.iter().filter(changes) {
        let mut ours = commands.iter().filter(|(kind, _)| *kind == operation.kind).peekable();
        assert!(ours.peek().is_some(), "{} has no command here", operation.name);
        for (_, words) in ours {
            assert_eq!(path(words), operation.command, "{}", operation.name);
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["--dry-run", "--json"]).collect();
            let planned = run(&world, &words).await;
            assert_eq!(code(&planned), 0, "{words:?}: {}", told(&planned));
            let planned = json(&planned);
            let told = (planned["operation"].as_str(), planned["state"].as_str());
            assert_eq!(told, (Some(operation.name), Some("dry_run")), "{words:?}");
        }
    }
}
