//! `domicilio bus init` by the real program on a real bus.

use std::process::Command;

use bus::server::Server;
use contract::permission::render::password_variable;
use contract::permission::{Held, USERS};
use serde_json::Value;

/// Exit code, standard output as JSON, standard error.
async fn init(server: &Server, environment: &[(&str, &str)], arguments: &[&str]) -> (i32, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.env("NATS_URL", server.url()).env("XDG_STATE_HOME", std::env::temp_dir().join("domicilio-tests"));
    command.envs(environment.iter().copied()).args(["bus", "init", "--json"]).args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_default(), told)
}

fn done(rows: &Value) -> Vec<(&str, &str)> {
    rows.as_array().unwrap().iter().map(|row| (row["name"].as_str().unwrap(), row["done"].as_str().unwrap())).collect()
}

async fn js(server: &Server) -> async_nats::jetstream::Context {
    let bus = bus::connect(&bus::Settings::new(server.url(), "test")).await.unwrap();
    bus.up().await;
    bus.js
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_created_what_is_small_enlarged_and_nothing_shrinks() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await.unwrap();
    let (code, rows, told) = init(&server, &[], &["--storage-percent", "1"]).await;
    assert_eq!((code, told.as_str()), (0, ""));
    assert_eq!(rows.as_array().unwrap().len(), Held::all().count());
    assert!(done(&rows).iter().all(|(_, done)| *done == "created"), "{rows}");

    let (code, rows, _) = init(&server, &[], &["--storage-percent", "1"]).await;
    assert!(code == 0 && done(&rows).iter().all(|(_, done)| *done == "unchanged"), "{rows}");

    let (code, rows, told) = init(&server, &[], &["--storage-percent", "2"]).await;
    assert_eq!(code, 0);
    assert!(told.contains("stream AUDIT is smaller than asked and stays so"), "{told}");
    for (name, done) in done(&rows) {
        // Buckets have a least size, which is more than this; what tells what users did is not theirs to change.
        let stays = name.starts_with("domicilio_") || name == "AUDIT";
        assert_eq!(done, if stays { "unchanged" } else { "enlarged" }, "{name}");
    }
    let js = js(&server).await;
    let orders = js.get_stream("ORDERS").await.unwrap().cached_info().config.max_bytes;
    assert_eq!(orders, 2_048 * 1_024 * 1_024 * 2 / 100);

    let (code, rows, told) = init(&server, &[], &["--storage-percent", "1"]).await;
    assert_eq!(code, 0, "{told}");
    assert!(done(&rows).iter().all(|(_, done)| *done == "unchanged"), "{rows}");
    assert!(told.contains("stream ORDERS is larger than asked and stays so"), "{told}");
    assert_eq!(js.get_stream("ORDERS").await.unwrap().cached_info().config.max_bytes, orders);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_domicilio_cannot_work_with_is_told_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await.unwrap();
    let js = js(&server).await;
    let other = async_nats::jetstream::stream::Config {
        name: "EVENTS".to_owned(),
        subjects: vec!["elsewhere".to_owned()],
        max_bytes: 1_024,
        allow_direct: true,
        ..Default::default()
    };
    js.create_stream(other).await.unwrap();
    let (code, rows, told) = init(&server, &[], &["--storage-percent", "1"]).await;
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("stream EVENTS is not as it must be, and was left so: subjects"), "{told}");
    let events = rows.as_array().unwrap().iter().find(|row| row["name"] == "EVENTS").unwrap();
    assert_eq!(events["unfit"], serde_json::json!(["subjects"]));
    assert_eq!(js.get_stream("EVENTS").await.unwrap().cached_info().config.subjects, ["elsewhere"]);

    // More copies than there are nodes: the server refuses, and its reason is told. AUDIT is not asked about.
    let (code, _, told) = init(&server, &[], &["--storage-percent", "1", "--replicas", "3"]).await;
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("stream ORDERS: enlarging stream ORDERS: "), "{told}");
    assert_eq!(init(&server, &[], &["--replicas", "2"]).await.0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_of_the_chart_may_do_it_and_one_with_less_may_not() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/nats/users.conf");
    let passwords = USERS.map(|user| format!("{}: \"of-{}\"\n", password_variable(&user), user.name));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("passwords.conf"), passwords.concat()).unwrap();
    let settings = std::fs::read_to_string(shipped).unwrap();
    let server = Server::start_configured(folder.path(), &settings).await.unwrap();
    let as_user = [("NATS_USER", "ops-act"), ("NATS_PASSWORD", "of-ops-act")];
    let (code, rows, told) = init(&server, &as_user, &["--storage-percent", "1"]).await;
    assert_eq!(code, 1, "{told}");
    assert_eq!(rows.as_array().unwrap().len(), 1, "one wait is enough: {rows}");

    let as_admin = [("NATS_USER", "ops-admin"), ("NATS_PASSWORD", "of-ops-admin")];
    let (code, rows, told) = init(&server, &as_admin, &["--storage-percent", "1"]).await;
    assert_eq!(code, 0, "{told}");
    assert!(done(&rows).iter().all(|(_, done)| *done == "created"), "{rows}");
    let (code, rows, told) = init(&server, &as_admin, &["--storage-percent", "2"]).await;
    assert_eq!(code, 0, "{rows} {told}");
}
