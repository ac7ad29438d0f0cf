//! Personal data of one order on a bus whose users have exactly their rights: who may see it does, and it is written down.

use std::os::unix::fs::PermissionsExt as _;

use bus::access::{Access, Login, Secret};
use bus::server::Server;
use bus::topology::{self, Profile};
use contract::permission::{USERS, inbox_prefix, render};
use domicilio::effect::{Planned, Revealing};
use domicilio::event::{Done, Trouble};
use domicilio::feed::{Feed, Settings};
use tokio::sync::mpsc;

use crate::headless::{code, json, program, told};
use crate::world::{World, head};

/// An invented person.
const PAYLOAD: &[u8] =
    br#"{"cabecera":[{"codigoApp":"B-0000","nombresCliente":"Zuleyka Quispetongo","telefono":987123465}]}"#;

const PERSONAL: [&str; 3] = ["Zuleyka", "Quispetongo", "987123465"];

/// A server with the users of the table, each with its name for a password, and one that may do everything.
async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let mut users = render::configuration();
    for user in &USERS {
        users = users.replace(&format!("${}", render::password_variable(user)), &format!("{:?}", user.name));
    }
    let boss = "users: [ { user: boss, password: b },";
    let server = Server::start_configured(folder.path(), &users.replacen("users: [", boss, 1)).await.unwrap();
    let bus = bus::connect(&bus::Settings::new(server.url().replace("://", "://boss:b@"), "test")).await.unwrap();
    bus.up().await;
    topology::ensure(&bus.js, Profile { replicas: 1, storage_percent: 1 }).await.unwrap();
    let world = World::on(server, bus, folder);
    let intake = world.accept(0, PAYLOAD).await;
    world.queue(0, intake).await;
    world
}

async fn order_as(world: &World, user: &str, arguments: &[&str]) -> std::process::Output {
    let mut command = program(world);
    command.env("NATS_USER", user).env("NATS_PASSWORD", user).env("USER", "ana");
    command.args(["order", "72.B-0000"]).args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn holds(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    PERSONAL.iter().filter(|word| text.contains(*word)).count()
}

/// Every file that programs left in the state folder.
fn files(world: &World) -> Vec<Vec<u8>> {
    let mut folders = vec![world.folder().join("domicilio")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(std::fs::read(path).unwrap()) }
        }
    }
    files
}

const REVEAL: [&str; 3] = ["--reveal", "--reason", "the customer asks"];

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_payloads_is_shown_one_and_it_is_written_down_here_and_on_the_bus() {
    let world = world().await;
    let plain = order_as(&world, "ops-payload", &["--json"]).await;
    assert_eq!((code(&plain), holds(&plain.stdout)), (0, 0), "{}", told(&plain));

    let shown = order_as(&world, "ops-payload", &[&REVEAL[..], &["--json"]].concat()).await;
    assert_eq!(code(&shown), 0, "{}", told(&shown));
    let report = json(&shown);
    assert_eq!(report["payload"], serde_json::from_slice::<serde_json::Value>(PAYLOAD).unwrap());
    assert_eq!((&report["order"], &report["payload_cut"]), (&"72.B-0000".into(), &false.into()));
    assert_eq!(holds(&shown.stderr), 0, "{}", told(&shown));
    let text = order_as(&world, "ops-payload", &REVEAL).await;
    assert!(code(&text) == 0 && holds(&text.stdout) == PERSONAL.len(), "{}", told(&text));

    let files = files(&world);
    assert!(
        files.len() > 1 && files.iter().all(|bytes| holds(bytes) == 0),
        "neither the trail nor a log has any of it"
    );
    let trail: Vec<u8> = files.concat();
    assert!(String::from_utf8_lossy(&trail).contains("the customer asks"));
    for (sequence, kind) in [(1, "intent"), (2, "outcome")] {
        let kept = bus::read::at(&world.bus.js, "AUDIT", sequence).await.unwrap().unwrap();
        let record: serde_json::Value = serde_json::from_slice(&kept.payload).unwrap();
        assert_eq!(kept.subject, "domicilio.audit.ops-payload");
        assert_eq!(
            (&record["kind"], &record["operation"], &record["reason"], &record["by"]),
            (&kind.into(), &"reveal".into(), &"the customer asks".into(), &"ana".into())
        );
        assert_eq!(holds(&kept.payload), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_denied_by_the_server_and_told_so() {
    let world = world().await;
    let denied = order_as(&world, "ops-read", &REVEAL).await;
    assert_eq!((code(&denied), denied.stdout.len()), (5, 0), "{}", told(&denied));
    assert!(told(&denied).contains("ops-payload may"), "{}", told(&denied));

    // Past the part that plans, too: it is the server that says no.
    let mut settings = Settings::new(world.server.url());
    settings.target.access = Access {
        login: Login::User("ops-read".into(), Secret::new("ops-read")),
        inbox_prefix: inbox_prefix("ops-read"),
        ..Access::default()
    };
    let (tell, _events) = mpsc::channel(1_000);
    let feed = Box::pin(Feed::start(&settings, tell)).await.unwrap();
    feed.requests().up().await;
    let reveal = Planned::Reveal(Revealing { order: head(0).id(), country: "ec".parse().unwrap() });
    assert_eq!(feed.act(&reveal, None).await, Err(Trouble::Denied));
    settings.target.access = Access {
        login: Login::User("ops-payload".into(), Secret::new("ops-payload")),
        inbox_prefix: inbox_prefix("ops-payload"),
        ..Access::default()
    };
    let (tell, _events) = mpsc::channel(1_000);
    let feed = Box::pin(Feed::start(&settings, tell)).await.unwrap();
    feed.requests().up().await;
    assert!(matches!(feed.act(&reveal, None).await, Ok(Done::Revealed(..))));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trail_nothing_is_shown() {
    let world = world().await;
    // A file where the folder of the trail should be.
    let state = world.folder().join("domicilio");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(state.join("audit"), "").unwrap();
    let refused = order_as(&world, "ops-payload", &REVEAL).await;
    assert_eq!((code(&refused), refused.stdout.len()), (5, 0), "{}", told(&refused));
    assert!(told(&refused).contains("audit trail"), "{}", told(&refused));
    for wrong in [&["--reveal"][..], &["--reason", "x"], &["--reveal", "--reason", " "]] {
        let usage = order_as(&world, "ops-payload", wrong).await;
        assert_eq!((code(&usage), usage.stdout.len()), (2, 0), "{wrong:?}: {}", told(&usage));
    }
}
