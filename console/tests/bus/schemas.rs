//! Every `--json` is what `docs/schemas` says, and the schemas are closed: a field that changes is found out.

use std::path::PathBuf;

use clap::CommandFactory as _;
use domicilio::cli::Cli;
use serde_json::{Value, json};

use crate::headless::{code, run, serve_intake, told};
use crate::looking::{beat, heartbeats};
use crate::world::{World, head, record};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schemas"))
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// Whether a field may have another name there and still be right: labels are people's own words, and records keep fields
/// that this version does not know.
fn is_free(name: &str, path: &str) -> bool {
    const OPTIONAL: [&str; 5] = ["/time_zone", "/reason", "/until", "/changed_at", "/changed_by"];
    // Headers are those of the bus, whatever they are called.
    path.contains("/headers") && path.split('/').next_back() != Some("headers")
        || name == "stores" && (path.contains("/labels") || OPTIONAL.iter().any(|end| path.ends_with(end)))
}

/// Everything that `value` could wrongly have become: a field with another name, a value of another kind.
fn mistakes(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let at = format!("{path}/{key}");
                let mut renamed = fields.clone();
                let moved = renamed.remove(key).unwrap();
                renamed.insert(format!("{key} of old"), moved);
                found.push((format!("{at} renamed"), Value::Object(renamed)));
                let mut below = Vec::new();
                mistakes(inner, &at, &mut below);
                for (what, wrong) in below {
                    let mut changed = fields.clone();
                    changed.insert(key.clone(), wrong);
                    found.push((what, Value::Object(changed)));
                }
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                let mut below = Vec::new();
                mistakes(item, &format!("{path}/{place}"), &mut below);
                for (what, wrong) in below {
                    let mut changed = items.clone();
                    changed[place] = wrong;
                    found.push((what, Value::Array(changed)));
                }
            }
        }
        _ => {}
    }
    let other = if value.is_object() { json!([["of another kind"]]) } else { json!({"of": "another kind"}) };
    found.push((format!("{path} of another kind"), other));
}

/// Holds the output of a command against its schema, and the schema against what the output must not become.
fn hold(name: &str, output: &std::process::Output) {
    let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{name}: {error}: {} {}", String::from_utf8_lossy(&output.stdout), told(output))
    });
    let schema = schema(name);
    let wrong: Vec<String> =
        schema.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new(), "{name}: {value}");
    let mut found = Vec::new();
    mistakes(&value, "", &mut found);
    assert!(found.len() > 4, "{name} has hardly anything in it: {value}");
    for (what, mistaken) in found {
        let path = what.strip_suffix(" renamed").unwrap_or_default();
        if !is_free(name, path) {
            assert!(!schema.is_valid(&mistaken), "{name}: not found out: {what}");
        }
    }
}

/// The schema of a command, by the name of its page; what changes something prints the same, whatever it changes.
fn schema_of(command: String) -> String {
    let changes = ["reinject", "solve", "release"].contains(&command.as_str())
        || command.starts_with("cmd-")
        || command.starts_with("store-");
    if changes { "changes".to_owned() } else { command }
}

#[test]
fn every_json_has_a_schema_and_every_schema_a_json() {
    fn collect(command: &clap::Command, name: &str, names: &mut Vec<String>) {
        if command.get_arguments().any(|argument| argument.get_long() == Some("json")) && !command.is_hide_set() {
            names.push(name.to_owned());
        }
        for sub in command.get_subcommands() {
            let name = if name.is_empty() { sub.get_name().to_owned() } else { format!("{name}-{}", sub.get_name()) };
            collect(sub, &name, names);
        }
    }
    let mut commands = Vec::new();
    collect(&Cli::command(), "", &mut commands);
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut kept: Vec<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let mut commands: Vec<String> = commands.into_iter().map(schema_of).collect();
    commands.sort();
    commands.dedup();
    kept.sort();
    assert_eq!(commands, kept);
    for name in &kept {
        drop(schema(name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_program_prints_is_what_the_schemas_say() {
    let world = World::start().await;
    let mut beats = heartbeats();
    beats[2].trouble = Some("an outcome was refused: maximum bytes exceeded".to_owned());
    let mut paused = beats[2].clone();
    (paused.instance, paused.trouble) = ("queue-resolver-2".parse().unwrap(), None);
    paused.state = contract::heartbeat::RunState::Paused;
    beats.push(paused);
    let _beating = beat(&world, beats);
    let mut full = record(72);
    full.labels = [("brand".to_owned(), "sample".to_owned())].into();
    (full.time_zone, full.changed_by) = (Some("America/Guayaquil".to_owned()), Some("ops:ana".to_owned()));
    world.store_record(&full).await;
    world.store_record(&record(73)).await;
    for n in 0..4 {
        let intake = world.accept(n, b"{}").await;
        world.queue(n, intake).await;
        match n {
            0 => world.end(n, intake).await,
            1 => world.give_up(n, intake).await,
            _ => {}
        }
    }
    let mut late = head(8);
    late.received_at = late.received_at.plus_millis(-600_000);
    late.total = serde_json::from_value(json!({"amount": 14.98, "currency": "USD"})).unwrap();
    world.accept_head(&late).await;

    let file = world.folder().join("stores.jsonl");
    std::fs::write(&file, serde_json::to_string(&record(74)).unwrap()).unwrap();
    let import = ["stores", "import", file.to_str().unwrap(), "--json", "--storage-percent", "1"];
    let order = ["order", "72.B-0000", "--json"];
    let refused = ["order", "73.B-0001", "--json"];
    let revealed = ["order", "72.B-0000", "--json", "--reveal", "--reason", "the customer asks"];
    let dry = ["inject", "--template", "delivery", "--store", "72", "--dry-run", "--json"];
    for (name, arguments) in [
        ("bus-init", &["bus", "init", "--storage-percent", "1", "--json"][..]),
        ("stores-import", &import),
        ("stores", &["stores", "--json"]),
        ("status", &["status", "--json"]),
        ("orders", &["orders", "--json"]),
        ("order", &order),
        ("order", &refused),
        ("order", &revealed),
        ("queues", &["queues", "--json"]),
        ("counters", &["counters", "--json", "--recount"]),
        ("services", &["services", "--json"]),
        ("info", &["info", "--json"]),
        ("doctor", &["doctor", "--json"]),
        ("inject", &dry),
    ] {
        let output = run(&world, arguments).await;
        assert!([0, 1].contains(&code(&output)), "{name}: {}", told(&output));
        hold(name, &output);
    }
    for (status, more) in [
        (202, &["--yes"][..]),
        (422, &["--yes"]),
        (202, &["--yes", "--wait", "0"]),
        (202, &["--dry-run", "--count", "2"]),
    ] {
        let intake = serve_intake(&world, status).await;
        let send = ["inject", "--template", "delivery", "--store", "72", "--json"];
        hold("inject", &run(&world, &[&send[..], more].concat()).await);
        intake.abort();
    }
    for change in [
        &["reinject", "73.B-0001", "--dry-run"][..],
        &["solve", "73.B-0001", "--reason", "cooked by phone", "--yes", "--wait", "0"],
        &["store", "pause", "K072", "--reason", "oven", "--dry-run"],
        &["store", "pause", "K072", "--reason", "oven", "--yes"],
        &["cmd", "queue-resolver", "queue-resolver-1", "pause", "--dry-run"],
    ] {
        hold("changes", &run(&world, &[change, &["--json"]].concat()).await);
    }
    hold("audit", &run(&world, &["audit", "--verify", "--json"]).await);
    hold("tail", &run(&world, &["tail", "domicilio.services", "--count", "1", "--json"]).await);
}
