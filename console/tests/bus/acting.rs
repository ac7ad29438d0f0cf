//! What the program changes, what it refuses to, and what it writes down of it, against a real nats-server.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bus::server::Server;
use bus::topology::{self, Profile};
use contract::command::{IntakeReply, Verb};
use contract::event::FailReason;
use contract::order::Ending;
use contract::{Service, StoreId, UtcMs, VERSION, subject};
use domicilio::audit::Trail;
use domicilio::audit::scribe::Entry;
use domicilio::effect::{Decide, Fence, Moving, Planned, Releasing, Verdict};
use domicilio::event::Trouble;
use domicilio::feed::guard::Policy;
use domicilio::feed::{Feed, Settings};
use domicilio::state::access::Marks;
use domicilio::template;
use futures::StreamExt as _;
use tokio::sync::mpsc;

use crate::looking::{beat, heartbeats};
use crate::world::{World, head, outcome, record};

/// Settings of a context `prod` that leads to the world's bus.
fn context(world: &World, settings: &str) -> PathBuf {
    let home = world.folder().join("config");
    let contexts = home.join("nats/context");
    std::fs::create_dir_all(&contexts).unwrap();
    std::fs::create_dir_all(home.join("domicilio")).unwrap();
    let url = serde_json::json!({ "url": world.server.url() });
    std::fs::write(contexts.join("prod.json"), url.to_string()).unwrap();
    std::fs::write(home.join("domicilio/config.toml"), format!("[contexts.prod]\n{settings}\n")).unwrap();
    home
}

/// The program in a state folder of its own, as `ana`.
pub(crate) fn program(world: &World) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.env_remove("NATS_CONTEXT").env("USER", "ana").env("NATS_URL", world.server.url());
    command.env("XDG_STATE_HOME", world.folder()).env("SSH_CONNECTION", "203.0.113.7 50000 10.0.0.1 22");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) async fn finish(mut command: Command) -> (i32, String, String) {
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

async fn run(world: &World, arguments: &[&str]) -> (i32, String, String) {
    let mut command = program(world);
    command.args(arguments);
    finish(command).await
}

/// The same in the context `prod` with these settings.
async fn run_in(world: &World, settings: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = program(world);
    command.env_remove("NATS_URL").env("XDG_CONFIG_HOME", context(world, settings));
    command.args(["--context", "prod"]).args(arguments);
    finish(command).await
}

/// What the trail says, oldest first; it must be whole.
fn trail(state: &Path) -> Vec<Entry> {
    let state = state.join("domicilio");
    let report = Trail::of(&state).verify().unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(state.join("audit")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let lines = files.iter().flat_map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>()
    });
    lines.collect()
}

/// One of each kind of change.
fn every() -> Vec<Planned> {
    let by = || "ana".parse().unwrap();
    let id = || "c-1".parse().unwrap();
    let order = || "72.A-1".parse().unwrap();
    let resolver = || "queue-resolver-1".parse().unwrap();
    let country = "ec".parse().unwrap();
    let decide = |verdict| Decide { id: id(), order: order(), country, by: by(), reason: Some("x".into()), verdict };
    let tell = |verb| Planned::Command { service: Service::Resolver, instance: resolver(), verb };
    vec![
        Planned::Inject(template::build(
            template::Kind::Both,
            &record(72),
            "PRUEBA-1".parse().unwrap(),
            UtcMs::from_millis(0),
        )),
        tell(Verb::Ping),
        tell(Verb::Pause),
        tell(Verb::Resume),
        tell(Verb::Drain),
        Planned::LogLevel {
            service: Service::Api,
            instance: "api-domicilio-1".parse().unwrap(),
            filter: "debug".into(),
        },
        Planned::Decide(decide(Verdict::Reinject(None))),
        Planned::Decide(decide(Verdict::Solve)),
        Planned::Release(Releasing { id: id(), instance: resolver(), order: order(), country, intake: 1, by: by() }),
        Planned::Store { record: Box::new(record(72)), fence: Fence::Record(1) },
        Planned::Store { record: Box::new(record(99)), fence: Fence::Catalogue(1) },
        Planned::PingPos { instance: resolver(), store: StoreId(72) },
        Planned::Move(Moving {
            id: id(),
            instance: "distribuidor-1".parse().unwrap(),
            store: StoreId(72),
            epoch: None,
            to: "queue-resolver-2".parse().unwrap(),
            by: by(),
        }),
    ]
}

/// Subjects that clients published to, by the server's own account.
fn published(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap();
    let subject = |line: &str| {
        let rest = line.split_once("<<- [PUB ").or_else(|| line.split_once("<<- [HPUB "))?.1;
        rest.split([' ', ']']).next().map(str::to_owned)
    };
    text.lines().filter_map(subject).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_read_only_the_server_sees_nothing_of_any_change() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("nats-server.log");
    let server = Server::start_configured(folder.path(), "trace: true").await.unwrap();
    let bus = bus::connect(&bus::Settings::new(server.url(), "test")).await.unwrap();
    bus.up().await;
    topology::ensure(&bus.js, Profile { replicas: 1, storage_percent: 1 }).await.unwrap();
    let world = World::on(server, bus, folder);
    world.store_record(&record(72)).await;
    let before = published(&log).len();
    assert!(published(&log).contains(&"domicilio.stores.ec.72".to_owned()), "the account tells of what is published");

    // Past the part that plans: the guard alone.
    let (tell, _events) = mpsc::channel(1_000);
    let policy = Policy::of(&Marks { read_only: true, ..Marks::default() });
    let feed = Box::pin(Feed::start(&Settings { policy, ..Settings::new(world.server.url()) }, tell)).await.unwrap();
    feed.requests().up().await;
    for planned in every() {
        let refused = feed.act(&planned, None).await;
        assert!(matches!(refused, Err(Trouble::Forbidden(_))), "{planned:?}: {refused:?}");
    }
    for (_, arguments) in crate::registry::commands(world.folder()) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--yes"]).collect();
        let (code, out, told) = run_in(&world, "production = true", &arguments).await;
        assert_eq!((code, out.as_str()), (5, ""), "{arguments:?}: {told}");
    }
    let (code, _, told) = run_in(&world, "production = true", &["stores", "--json"]).await;
    assert_eq!(code, 0, "looking goes on: {told}");

    let harmless = [
        "_INBOX.",
        "$SRV.",
        "$SYS.REQ.USER.INFO",
        "$JS.API.INFO",
        "$JS.API.STREAM.INFO.",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.MSG.GET.",
        "$JS.API.DIRECT.GET.",
        "$JS.API.CONSUMER.",
        "$JS.ACK.",
        "$JS.FC.",
    ];
    let changing: Vec<String> = published(&log)
        .split_off(before)
        .into_iter()
        .filter(|subject| !harmless.iter().any(|prefix| subject.starts_with(prefix)))
        .collect();
    assert_eq!(changing, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn test_orders_go_nowhere_that_the_settings_do_not_name() {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    let mut requests = world.bus.client.subscribe("domicilio.cmd.>").await.unwrap();
    world.bus.client.flush().await.unwrap();
    let inject = ["inject", "--template", "redeem", "--store", "72", "--yes"];
    for settings in ["production = true\nread-only = false", "test-stores = [73]", "test-orders = false"] {
        let (code, _, told) = run_in(&world, settings, &inject).await;
        assert_eq!(code, 5, "{settings}: {told}");
    }
    world.bus.client.publish("domicilio.cmd.last", bytes::Bytes::new()).await.unwrap();
    assert_eq!(requests.next().await.unwrap().subject.as_str(), "domicilio.cmd.last");
    assert!(!world.folder().join("domicilio/audit").exists(), "there was nothing to write down");
}

/// Intake that answers each request with what `answer` makes of it.
async fn intake(
    world: &World,
    verb: &str,
    answer: fn(&serde_json::Value) -> (u16, &'static str),
) -> tokio::task::JoinHandle<()> {
    let client = world.bus.client.clone();
    let mut requests = client.subscribe(format!("domicilio.cmd.api-domicilio.any.{verb}")).await.unwrap();
    client.flush().await.unwrap();
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let (status, code) = answer(&serde_json::from_slice(&request.payload).unwrap());
            let reply = IntakeReply {
                v: VERSION,
                status,
                code: code.into(),
                order: None,
                sequence: None,
                message: "Said by a test.".into(),
                faults: vec![],
            };
            client.publish(request.reply.unwrap(), serde_json::to_vec(&reply).unwrap().into()).await.unwrap();
        }
    })
}

/// The `n`th order, not injected.
async fn not_injected(world: &World, n: u32) {
    let sequence = world.accept(n, b"{\"cantidad\":1}").await;
    let mut end = outcome(head(n), sequence);
    end.ending = Ending::NotInjected { reason: FailReason::Refused, detail: String::new(), command: None };
    let body = serde_json::to_vec(&end).unwrap();
    let sent = world.bus.js.publish(subject::outcome(end.order.country, end.order.store), body.into()).await.unwrap();
    sent.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_partly_done_says_so_item_by_item_and_stands_in_the_trail_and_on_the_bus() {
    let world = World::start().await;
    let _beating = beat(&world, heartbeats());
    for n in 0..3 {
        not_injected(&world, n).await;
    }
    world.end(3, world.accept(3, b"{}").await).await;
    let answers = intake(&world, "reinject", |body| match body["order"].as_str().unwrap() {
        "73.B-0001" => (409, "order_waiting"),
        _ => (202, "reinjected"),
    })
    .await;
    let arguments = [
        "reinject",
        "72.B-0000",
        "73.B-0001",
        "B-0002",
        "73.B-0003",
        "--reason",
        "repaired",
        "--wait",
        "0",
        "--yes",
        "--json",
    ];
    let (code, out, told) = run(&world, &arguments).await;
    assert_eq!(code, 3, "{told}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let items: Vec<(&str, &str, Option<&str>)> = report["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["target"].as_str().unwrap(), item["state"].as_str().unwrap(), item["code"].as_str()))
        .collect();
    assert_eq!(
        items,
        [
            ("72.B-0000", "answered", None),
            ("73.B-0001", "failed", Some("order_waiting")),
            ("72.B-0002", "answered", None),
            ("73.B-0003", "skipped", items[3].2),
        ]
    );

    let written = trail(world.folder());
    let words: Vec<String> =
        written.iter().map(|entry| serde_json::to_value(&entry.record).unwrap()["kind"].to_string()).collect();
    assert_eq!(words, ["\"intent\"", "\"outcome\""]);
    let intent = serde_json::to_value(&written[0]).unwrap();
    assert_eq!(
        (&intent["by"], &intent["operation"], &intent["reason"]),
        (&"ana".into(), &"reinject".into(), &"repaired".into())
    );
    assert_eq!(
        (&intent["place"]["client"], &intent["bus"]["url"]),
        (&"203.0.113.7".into(), &world.server.url().into())
    );
    assert_eq!(written[0].record.id, written[1].record.id);
    // The bus keeps the same.
    for entry in &written {
        let sequence = if entry == &written[0] { 1 } else { 2 };
        let kept = bus::read::at(&world.bus.js, "AUDIT", sequence).await.unwrap().unwrap();
        assert_eq!(kept.subject, "domicilio.audit.ana");
        assert_eq!(kept.payload, serde_json::to_vec(&entry.record).unwrap());
    }
    answers.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_while_it_acts_leaves_its_intent() {
    let world = World::start().await;
    let _beating = beat(&world, heartbeats());
    world.store_record(&record(72)).await;
    // A service that takes the request and never answers.
    let mut requests = world.bus.client.subscribe("domicilio.cmd.api-domicilio.any.inject").await.unwrap();
    world.bus.client.flush().await.unwrap();
    let mut command = program(&world);
    let mut child = command.args(["inject", "--template", "pickup", "--store", "72", "--yes"]).spawn().unwrap();
    let request = requests.next().await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let written = trail(world.folder());
    assert_eq!(written.len(), 1, "{written:?}");
    let intent = serde_json::to_value(&written[0]).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&request.payload).unwrap();
    assert_eq!(intent["targets"][0], format!("order:72.{}", body["orderId"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trail_nothing_is_done_and_looking_goes_on() {
    let world = World::start().await;
    let _beating = beat(&world, heartbeats());
    world.store_record(&record(72)).await;
    let mut requests = world.bus.client.subscribe("domicilio.cmd.>").await.unwrap();
    world.bus.client.flush().await.unwrap();
    let inject = ["inject", "--template", "pickup", "--store", "72", "--yes"];
    // The state folder is no folder; then a disk without room: no file may get any longer.
    let nowhere = world.folder().join("file");
    std::fs::write(&nowhere, "").unwrap();
    for full in [false, true] {
        for (arguments, expected) in [(&inject[..], 5), (&["stores", "--json"][..], 0)] {
            let mut command = program(&world);
            if full {
                command = Command::new("sh");
                command.args(["-c", "ulimit -f 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_domicilio")]);
                command.env("USER", "ana").env("NATS_URL", world.server.url()).env("XDG_STATE_HOME", world.folder());
                command.env_remove("NATS_CONTEXT").stdin(Stdio::null());
            } else {
                command.env("XDG_STATE_HOME", &nowhere);
            }
            command.args(arguments);
            let (code, _, told) = finish(command).await;
            assert_eq!(code, expected, "full: {full}, {arguments:?}: {told}");
        }
    }
    world.bus.client.publish("domicilio.cmd.last", bytes::Bytes::new()).await.unwrap();
    assert_eq!(requests.next().await.unwrap().subject.as_str(), "domicilio.cmd.last");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_denies_is_told_as_denied() {
    let folder = tempfile::tempdir().unwrap();
    let users = "authorization { users: [ { user: boss, password: b },
        { user: ops, password: o, permissions: { publish: { deny: [\"domicilio.>\"] } } } ] }";
    let server = Server::start_configured(folder.path(), users).await.unwrap();
    let bus = bus::connect(&bus::Settings::new(server.url().replace("://", "://boss:b@"), "test")).await.unwrap();
    bus.up().await;
    topology::ensure(&bus.js, Profile { replicas: 1, storage_percent: 1 }).await.unwrap();
    let world = World::on(server, bus, folder);
    let _beating = beat(&world, heartbeats());
    let revision = world.store_record(&record(72)).await;
    for arguments in [
        &["inject", "--template", "accrue", "--store", "72", "--yes"][..],
        &["store", "pause", "72", "--reason", "oven", "--yes"][..],
    ] {
        let mut command = program(&world);
        command.env("NATS_USER", "ops").env("NATS_PASSWORD", "o").args(arguments);
        let (code, _, told) = finish(command).await;
        assert_eq!(code, 5, "{told}");
        assert!(told.contains("may not"), "{told}");
    }
    let last = bus::read::last(&world.bus.js, "STORES", "domicilio.stores.ec.72").await.unwrap().unwrap();
    assert_eq!(last.sequence, revision);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_paused_and_a_seed_makes_the_same_orders() {
    let world = World::start().await;
    let _beating = beat(&world, heartbeats());
    let before = world.store_record(&record(72)).await;
    let (code, out, told) = run(&world, &["store", "pause", "K072", "--reason", "oven", "--yes", "--json"]).await;
    assert_eq!(code, 0, "{told}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["operation"], &report["done"]), (&"pause-store".into(), &1.into()));
    let last = bus::read::last(&world.bus.js, "STORES", "domicilio.stores.ec.72").await.unwrap().unwrap();
    let stored: contract::StoreRecord = serde_json::from_slice(&last.payload).unwrap();
    assert_eq!(
        (stored.state.as_str(), stored.reason.as_deref(), stored.changed_by.as_deref()),
        ("paused", Some("oven"), Some("ops:ana"))
    );
    assert!(last.sequence > before);

    world.store_record(&record(73)).await;
    let seeded = ["inject", "--template", "both", "--store", "73", "--seed", "7", "--count", "3", "--dry-run"];
    let (first, second) = (run(&world, &seeded).await, run(&world, &seeded).await);
    assert_eq!((first.0, first.1.lines().count()), (0, 3), "{}", first.2);
    assert_eq!(first.1, second.1);
    // What is sent is what was shown.
    let mut requests = world.bus.client.subscribe("domicilio.cmd.api-domicilio.any.inject").await.unwrap();
    world.bus.client.flush().await.unwrap();
    let mut command = program(&world);
    let mut child =
        command.args(["inject", "--template", "both", "--store", "73", "--seed", "7", "--yes"]).spawn().unwrap();
    let request = requests.next().await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(request.payload, first.1.lines().next().unwrap().as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_written_with_the_very_header_that_was_shown() {
    let world = World::start().await;
    world.store_record(&record(73)).await;
    world.store_record(&record(72)).await;
    for (name, record) in
        [("create", record(74)), ("edit", contract::StoreRecord { name: "Otra".into(), ..record(72) })]
    {
        let file = world.folder().join(format!("{name}.json"));
        std::fs::write(&file, serde_json::to_string(&record).unwrap()).unwrap();
        let command = ["store", name, file.to_str().unwrap(), "--json"];
        let (code, shown, told) = run(&world, &[&command[..], &["--dry-run"]].concat()).await;
        assert_eq!(code, 0, "{told}");
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let (code, _, told) = run(&world, &[&command[..], &["--yes"]].concat()).await;
        assert_eq!(code, 0, "{told}");
        let subject = subject::store(record.country, record.id);
        let stored = bus::read::last(&world.bus.js, "STORES", &subject).await.unwrap().unwrap();
        let shown = shown["items"][0]["headers"].as_object().unwrap();
        assert_eq!(shown.len(), 1, "{shown:?}");
        for (header, value) in shown {
            assert_eq!(stored.header(header), value.as_str(), "{name}: {header}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_serves_is_refused_at_once_and_its_bytes_are_shown_all_the_same() {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    not_injected(&world, 0).await;
    let mut requests = world.bus.client.subscribe("domicilio.cmd.>").await.unwrap();
    world.bus.client.flush().await.unwrap();
    let inject = ["inject", "--template", "pickup", "--store", "72", "--yes"];
    for arguments in
        [&inject[..], &["reinject", "72.B-0000", "--yes"], &["solve", "72.B-0000", "--reason", "x", "--yes"]]
    {
        let (code, out, told) = run(&world, arguments).await;
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {told}");
        assert!(told.contains("No instance of api-domicilio gives a sign of life"), "{arguments:?}: {told}");
    }
    let (code, out, told) = run(&world, &[&inject[..], &["--dry-run"]].concat()).await;
    assert!(code == 0 && out.contains(template::MARKER), "{told}");
    world.bus.client.publish("domicilio.cmd.last", bytes::Bytes::new()).await.unwrap();
    assert_eq!(requests.next().await.unwrap().subject.as_str(), "domicilio.cmd.last");
    assert!(!world.folder().join("domicilio/audit").exists(), "there was nothing to write down");
}
