//! The real program against a real bus, as scripts use it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use contract::command::IntakeReply;
use contract::counters::{Day, DayCounts, Mark, hour_of};
use contract::order::{Channel, Digest};
use contract::{OrderId, StoreId, VERSION, header, subject};
use domicilio::feed::Settings;
use futures::StreamExt as _;
use serde_json::Value;

use crate::looking::{beat, heartbeats};
use crate::world::{Console, World, head, outcome, record};

pub(crate) fn program(world: &World) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.env("NATS_URL", world.server.url()).env("XDG_STATE_HOME", world.folder()).stdin(Stdio::null());
    command
}

pub(crate) async fn run(world: &World, arguments: &[&str]) -> Output {
    let mut command = program(world);
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub(crate) fn json(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "one line of JSON: {text}");
    assert!(!text.contains('\u{1b}'), "no ANSI when piped");
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_are_imported_once_and_listed() {
    let world = World::start().await;
    let file = world.folder().join("stores.jsonl");
    let lines = [record(72), record(73)].map(|record| serde_json::to_string(&record).unwrap()).join("\n");
    std::fs::write(&file, &lines).unwrap();
    let file = file.to_str().unwrap();
    let import = ["stores", "import", file, "--json", "--storage-percent", "1"];
    let first = run(&world, &import).await;
    assert_eq!(code(&first), 0, "{}", told(&first));
    assert_eq!((json(&first)["created"].as_u64(), json(&first)["failed"].as_u64()), (Some(2), Some(0)));
    let again = json(&run(&world, &import).await);
    assert_eq!((again["created"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(2)));

    std::fs::write(file, lines.replace("EL NORTE", "EL SUR")).unwrap();
    assert_eq!(json(&run(&world, &import).await)["changed"], 2);
    let listed = json(&run(&world, &["stores", "--json"]).await);
    assert_eq!((&listed[0]["name"], &listed[0]["revision"]), (&Value::from("EL SUR"), &Value::from(3)));
    assert!(listed[0]["changed_by"].as_str().unwrap().starts_with("ops:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_faults_changes_nothing_and_standard_input_works() {
    let world = World::start().await;
    let mut command = program(&world);
    command.args(["stores", "import", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let good = serde_json::to_string(&record(72)).unwrap();
    let bad = good.replace("72", "74").replace("http:", "gopher:");
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{good}\n{bad}\n").as_bytes()).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(code(&output), 1);
    assert!(told(&output).contains("line 2: pos_url_invalid at /pos_url"), "{}", told(&output));
    assert_eq!(json(&run(&world, &["stores", "--json"]).await), Value::from(Vec::<Value>::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_told_with_its_timeline_and_without_its_payload() {
    let world = World::start().await;
    let first = world.accept(0, br#"{"nombresCliente":"Persona Ejemplo"}"#).await;
    world.queue(0, first).await;
    world.end(0, first).await;
    let waiting = world.accept(2, b"{}").await;
    world.queue(2, waiting).await;

    let output = run(&world, &["order", "72.B-0000", "--json"]).await;
    assert_eq!(code(&output), 0, "{}", told(&output));
    let order = json(&output);
    assert_eq!((&order["state"], &order["sequence"]), (&Value::from("injected"), &Value::from(first)));
    let steps: Vec<&str> =
        order["timeline"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["accepted", "queued", "injected"]);
    assert!(!order.to_string().contains("Persona"));

    let by_code = json(&run(&world, &["order", "B-0002", "--json"]).await);
    assert_eq!((&by_code["order"], &by_code["state"]), (&Value::from("72.B-0002"), &Value::from("queued")));
    assert_eq!(code(&run(&world, &["order", "72.B-9999", "--json"]).await), 1);
    assert_eq!(code(&run(&world, &["order", "no order"]).await), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_exact() {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    for n in 0..7 {
        let intake = world.accept(n, b"{}").await;
        world.queue(n, intake).await;
    }
    let queues = json(&run(&world, &["queues", "--json"]).await);
    assert_eq!(queues.as_array().unwrap().len(), 2);
    let first = &queues[0];
    assert_eq!((&first["store"], &first["code"], &first["depth"]), (&72.into(), &"K072".into(), &4.into()));
    assert_eq!((&first["oldest_order"], &first["owner"]), (&Value::from("72.B-0000"), &Value::Null));
    assert_eq!((&queues[1]["store"], &queues[1]["code"], &queues[1]["depth"]), (&73.into(), &Value::Null, &3.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_are_summed_compared_and_never_zero_when_unknown() {
    let world = World::start().await;
    let arguments = ["counters", "--recount", "--json", "--zone", "America/Guayaquil"];
    let mut last = 0;
    for n in 0..3 {
        last = world.accept(n, b"{}").await;
    }
    world.end(0, 1).await;
    // Nobody counted anything: the figures are zero and the lag says why.
    let unknown = run(&world, &arguments).await;
    assert_eq!((code(&unknown), &json(&unknown)["lag"]["ORDERS"]), (0, &3.into()));
    assert!(told(&unknown).contains("ORDERS: 3, OUTCOMES: 1; last written never"), "{}", told(&unknown));

    // A projector wrote two of the three orders, as it should.
    let js = &world.bus.js;
    let at = bus::read::at(js, "ORDERS", last - 1).await.unwrap().unwrap().stored_at;
    let places: Value = serde_json::json!({"ec": {"aws": {"accepted": 2}}});
    let mut counts = DayCounts { v: VERSION, updated_at: at, ..DayCounts::default() };
    counts.hours.insert(hour_of(at), serde_json::from_value(places).unwrap());
    let made = bus::read::extent(js, "ORDERS").await.unwrap().made;
    counts.through.orders = Mark { made, sequence: last - 1, stored_at: at, ..Mark::default() };
    let bucket = js.get_key_value(contract::stream::COUNTERS).await.unwrap();
    let revision = bus::counters::write(&bucket, Day::of(at), &counts, 0).await.unwrap().unwrap();
    let output = run(&world, &arguments).await;
    assert_eq!(code(&output), 0, "{}", told(&output));
    let report = json(&output);
    for window in ["today", "seven_days", "month"] {
        assert_eq!(report[window]["total"]["accepted"], 2, "{window}");
        assert_eq!(report[window]["clouds"]["aws"]["accepted"], 2, "{window}");
        assert_eq!(report[window]["countries"]["ec"]["aws"]["injected"], 0, "{window}");
    }
    assert_eq!((&report["lag"]["ORDERS"], &report["recount"]["differs"]), (&1.into(), &0.into()));

    // The console's overview has them too.
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console
        .until("the counts", |state| {
            let counted = domicilio::counters::sum(&state.counted.days, Day::of(at).start());
            state.counted.since == Some(Day::of(at))
                && domicilio::counters::total(domicilio::counters::by_cloud(&counted).values()).accepted == 2
        })
        .await;

    // It lost one, and wrote it nowhere.
    counts.through.orders.sequence = last;
    bus::counters::write(&bucket, Day::of(at), &counts, revision).await.unwrap().unwrap();
    let output = run(&world, &arguments).await;
    assert_eq!(code(&output), 1);
    let found = json(&output)["recount"]["differences"][0].clone();
    assert_eq!((&found["what"], &found["counted"], &found["recounted"]), (&"accepted".into(), &2.into(), &3.into()));

    js.delete_key_value(contract::stream::COUNTERS).await.unwrap();
    let missing = run(&world, &["counters"]).await;
    assert_eq!((code(&missing), missing.stdout.len()), (1, 0));
    assert!(told(&missing).contains("nothing is counted yet"), "{}", told(&missing));
}

/// What is wrong with an order that intake refuses here.
fn fault() -> contract::Fault {
    contract::Fault::new("quantity_not_positive", "/detalle/0/cantidad", "cantidad must be greater than 0.")
}

/// Intake that takes every order, and a resolver that injects it at once.
pub(crate) async fn serve_intake(world: &World, status: u16) -> tokio::task::JoinHandle<()> {
    let client = world.bus.client.clone();
    let js = world.bus.js.clone();
    let mut requests = client.subscribe("domicilio.cmd.api-domicilio.any.inject").await.unwrap();
    // A round trip, so that the subscription is in place.
    world.store_record(&record(99)).await;
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let body: Value = serde_json::from_slice(&request.payload).unwrap();
            let format = request.headers.as_ref().and_then(|headers| headers.get(header::FORMAT)).unwrap().as_str();
            assert_eq!(format, "delivery");
            let code = body.pointer("/cabecera/0/codigoApp").and_then(Value::as_str).unwrap();
            let store = body.pointer("/cabecera/0/codRestaurante").and_then(Value::as_u64).unwrap();
            let id = OrderId { store: StoreId(u32::try_from(store).unwrap()), code: code.parse().unwrap() };
            let mut order = head(0);
            (order.store, order.code, order.test, order.channel) = (id.store, id.code.clone(), true, Channel::Delivery);
            order.sha256 = Digest::of(&request.payload);
            let mut sequence = None;
            if status == 202 {
                let mut headers = async_nats::HeaderMap::new();
                headers.insert(header::ORDER_HEAD, serde_json::to_string(&order).unwrap());
                let sent = js.publish_with_headers(subject::order(&order), headers, request.payload.clone()).await;
                sequence = Some(sent.unwrap().await.unwrap().sequence);
            }
            let reply = IntakeReply {
                v: VERSION,
                status,
                code: if status == 202 { "accepted".into() } else { "store_closed".into() },
                order: Some(id),
                sequence,
                message: "Said by a test.".into(),
                faults: if status == 202 { vec![] } else { vec![fault()] },
            };
            client.publish(request.reply.unwrap(), serde_json::to_vec(&reply).unwrap().into()).await.unwrap();
            if let Some(sequence) = sequence {
                let end = outcome(order.clone(), sequence);
                let body = serde_json::to_vec(&end).unwrap();
                let subject = subject::outcome(order.country, order.store);
                js.publish(subject, body.into()).await.unwrap().await.unwrap();
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_order_is_sent_and_followed_to_its_end() {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    let intake = serve_intake(&world, 202).await;
    let _beating = beat(&world, heartbeats());
    let output = run(&world, &["inject", "--template", "delivery", "--store", "72", "--yes", "--json"]).await;
    assert_eq!(code(&output), 0, "{}", told(&output));
    let order = json(&output);
    assert_eq!((&order["state"], &order["test"], &order["store"]), (&"injected".into(), &true.into(), &72.into()));
    intake.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_without_yes_or_with_dry_run_or_to_another_country() {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    let mut requests = world.bus.client.subscribe("domicilio.cmd.>").await.unwrap();
    world.store_record(&record(73)).await;
    let _beating = beat(&world, heartbeats());
    let base = ["inject", "--template", "pickup", "--store", "K072"];
    let unconfirmed = run(&world, &base).await;
    assert_eq!((code(&unconfirmed), unconfirmed.stdout.len()), (2, 0), "{}", told(&unconfirmed));
    let dry = run(&world, &[&base[..], &["--dry-run"]].concat()).await;
    assert_eq!(code(&dry), 0);
    assert!(domicilio::template::is_marked(contract::order::Format::Pickup, &dry.stdout));
    assert_eq!(code(&run(&world, &[&base[..], &["--country", "co", "--yes"]].concat()).await), 2);
    assert_eq!(code(&run(&world, &["inject", "--template", "pickup", "--store", "1", "--yes"]).await), 1);
    // A message of our own comes through, and nothing came before it.
    world.bus.client.publish("domicilio.cmd.last", bytes::Bytes::new()).await.unwrap();
    assert_eq!(requests.next().await.unwrap().subject.as_str(), "domicilio.cmd.last");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_a_missing_service_are_told() {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    let arguments = ["inject", "--template", "delivery", "--store", "72", "--yes", "--json"];
    // Whoever listens to everything hears the request, too: it is not the server that says that nobody serves it.
    let nobody = run(&world, &arguments).await;
    assert_eq!((code(&nobody), nobody.stdout.len()), (1, 0), "{}", told(&nobody));
    assert!(told(&nobody).contains("No instance of api-domicilio"), "{}", told(&nobody));
    let _beating = beat(&world, heartbeats());
    // One that lives and does not answer may have done it.
    let mute = run(&world, &[&arguments[..], &["--wait", "1"]].concat()).await;
    assert_eq!((code(&mute), &json(&mute)["state"]), (3, &"unverified".into()), "{}", told(&mute));
    let intake = serve_intake(&world, 422).await;
    let refused = run(&world, &arguments).await;
    assert_eq!((code(&refused), &json(&refused)["code"]), (1, &"store_closed".into()));
    assert_eq!(json(&refused)["state"], "refused");
    assert_eq!(json(&refused)["status"], 422);
    assert_eq!(json(&refused)["faults"], serde_json::json!([fault()]));
    let several = run(&world, &[&arguments[..], &["--count", "2"]].concat()).await;
    let item = &json(&several)["items"][1];
    assert_eq!((&item["status"], &item["faults"][0]["code"]), (&422.into(), &"quantity_not_positive".into()));
    intake.abort();
    let intake = serve_intake(&world, 202).await;
    let accepted = json(&run(&world, &[&arguments[..], &["--wait", "0"]].concat()).await);
    assert!(accepted["sequence"].as_u64().is_some_and(|sequence| sequence > 0), "{accepted}");
    intake.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_bus_the_exit_code_says_so() {
    let world = World::start().await;
    let mut command = program(&world);
    command.env("NATS_URL", "nats://127.0.0.1:1").args(["queues", "--json"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!((code(&output), output.stdout.len()), (4, 0), "{}", told(&output));
    let usage = run(&world, &[]).await;
    assert_eq!(code(&usage), 2, "the console without a terminal: {}", told(&usage));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_no_failure() {
    let world = World::start().await;
    for id in 1..200 {
        world.store_record(&record(id)).await;
    }
    let mut command = program(&world);
    command.args(["stores", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!((code(&output), told(&output)), (0, String::new()));
}
