//! Reinjection and solution over the bus, as operators ask for them: each acts once, and on nothing that has moved on.

use contract::command::IntakeReply;
use contract::{Decision, OrderHead, header, subject};
use futures::StreamExt as _;
use futures::stream;
use serde_json::{Value, json};

use crate::running::{Api, Bus, delivery, now, until};

/// Writes the outcome of the order with sequence `intake`, as a resolver would.
async fn end(bus: &Bus, head: &OrderHead, intake: u64, result: &str) {
    let by = |instance: &str| json!({"instance": instance, "cloud": "local"});
    let outcome = json!({"v": 1, "order": head, "intake": intake, "watermark": intake, "queue_seq": intake,
        "partition": head.store.partition(), "epoch": 1, "queued_at": now(), "queued_by": by("distribuidor-1"), "attempts": 1,
        "at": now(), "by": by("queue-resolver-1"), "result": result, "reason": "refused", "detail": "POS answered 422"});
    let subject = subject::outcome(head.country, head.store);
    bus.connection.js.publish(subject, outcome.to_string().into()).await.unwrap().await.unwrap();
}

async fn stored(bus: &Bus, sequence: u64) -> bus::read::Stored {
    bus::read::at(&bus.connection.js, "ORDERS", sequence).await.unwrap().unwrap()
}

fn head(stored: &bus::read::Stored) -> OrderHead {
    serde_json::from_str(stored.header(header::ORDER_HEAD).unwrap()).unwrap()
}

/// Accepts an order and ends it as not injected; returns its sequence.
async fn not_injected(bus: &Bus, api: &Api, code: &str) -> u64 {
    let told = api.order(code).await;
    assert_eq!(told.status, 202, "{told:?}");
    let sequence = told.body["sequence"].as_u64().unwrap();
    end(bus, &head(&stored(bus, sequence).await), sequence, "not_injected").await;
    sequence
}

async fn command(bus: &Bus, verb: &str, body: &Value) -> IntakeReply {
    let subject = format!("domicilio.cmd.api-domicilio.any.{verb}");
    until("an answer over the bus", async || {
        let answer = bus.connection.client.request(subject.clone(), body.to_string().into()).await;
        answer.map(|message| serde_json::from_slice(&message.payload).unwrap())
    })
    .await
}

fn reinject(id: &str, order: &str) -> Value {
    json!({"id": id, "order": order, "by": "turno.noche"})
}

fn solve(id: &str, order: &str) -> Value {
    json!({"id": id, "order": order, "by": "turno.noche", "reason": "taken by telephone"})
}

#[tokio::test]
async fn an_order_is_reinjected_as_it_was_once_for_each_command() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let first = not_injected(&bus, &api, "one").await;
    let told = command(&bus, "reinject", &reinject("c-1", "72.one")).await;
    assert_eq!((told.status, told.code.as_str()), (202, "reinjected"), "{told:?}");
    let again = stored(&bus, told.sequence.unwrap()).await;
    assert_eq!(again.payload, stored(&bus, first).await.payload, "to the byte");
    let decision: Decision = serde_json::from_str(again.header(header::DECISION).unwrap()).unwrap();
    assert_eq!((head(&again).again, decision.of, decision.by.as_str()), (1, first, "turno.noche"));

    let repeated = command(&bus, "reinject", &reinject("c-1", "72.one")).await;
    assert_eq!((repeated.status, repeated.code.as_str()), (200, "already_reinjected"));
    assert_eq!(repeated.sequence, told.sequence);
    assert_eq!(command(&bus, "reinject", &reinject("c-2", "72.one")).await.code, "order_waiting");
    // The app's own repeat is still the order as it came.
    let repeat = api.order("one").await;
    assert_eq!((repeat.status, repeat.body["sequence"].as_u64()), (200, Some(first)), "{repeat:?}");

    end(&bus, &head(&again), again.sequence, "not_injected").await;
    assert_eq!(command(&bus, "reinject", &reinject("c-1", "72.one")).await.code, "already_reinjected", "however late");
    let third = command(&bus, "reinject", &reinject("c-2", "72.one")).await;
    assert_eq!(third.code, "reinjected");
    let third = stored(&bus, third.sequence.unwrap()).await;
    assert_eq!(head(&third).again, 2);
    end(&bus, &head(&third), third.sequence, "injected").await;
    for verb in ["reinject", "solve"] {
        assert_eq!(command(&bus, verb, &solve("c-3", "72.one")).await.code, "order_injected");
    }
    let status = api.get("/api/orders/72.one").await.body;
    assert_eq!((&status["state"], &status["order"]["again"]), (&"injected".into(), &2.into()));
    assert_eq!(bus.count("ORDERS").await, 3);
}

#[tokio::test]
async fn an_edited_payload_is_judged_like_any_other_and_keeps_its_identity() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    not_injected(&bus, &api, "one").await;
    let edited = |payload: String| {
        let mut body = reinject("c-1", "72.one");
        body["payload"] = payload.into();
        body
    };
    for (payload, code) in [
        ("{".to_owned(), "malformed_json"),
        (delivery("two"), "identity_changed"),
        (delivery("one").replace("\"detalle\"", "\"other\""), "no_lines"),
        (format!("{}{}", " ".repeat(600_000), delivery("one")), "body_too_large"),
    ] {
        let told = command(&bus, "reinject", &edited(payload)).await;
        assert_eq!((told.status, told.faults[0].code.as_str()), (422, code), "{told:?}");
    }
    assert_eq!(bus.count("ORDERS").await, 1, "nothing of it was stored");
    // A store that takes no new orders for now still gets this one.
    let paused =
        api.send(reqwest::Method::POST, "/api/stores/72/pause", &[("if-match", "*")], r#"{"reason":"x"}"#).await;
    assert_eq!(paused.status, 200, "{paused:?}");
    until("paused", async || {
        let told = api.order("three").await;
        (told.status == 422).then_some(()).ok_or(told)
    })
    .await;
    let payload = delivery("one").replace("verde", "azul");
    let told = command(&bus, "reinject", &edited(payload.clone())).await;
    assert_eq!(told.code, "reinjected", "{told:?}");
    let again = stored(&bus, told.sequence.unwrap()).await;
    assert_eq!(again.payload, payload.as_bytes());
    assert!(again.header(header::DECISION).unwrap().contains(r#""edited":true"#));
}

#[tokio::test]
async fn what_is_no_command_and_what_is_no_order_is_told() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    assert_eq!(command(&bus, "solve", &json!({})).await.code, "body_invalid");
    assert_eq!(command(&bus, "solve", &reinject("c-1", "72.one")).await.code, "body_invalid", "without a reason");
    assert_eq!(command(&bus, "solve", &solve("c-1", "72.one")).await.code, "order_unknown");
    assert_eq!(api.order("one").await.status, 202);
    assert_eq!(command(&bus, "solve", &solve("c-1", "72.one")).await.code, "order_waiting");
}

/// Five hundred orders are chosen on a screen; while the operator reads the preview, a hundred of them are solved.
#[tokio::test]
async fn reinjecting_five_hundred_of_which_a_hundred_were_solved_meanwhile_acts_on_four_hundred() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    for n in 0..500 {
        not_injected(&bus, &api, &format!("order-{n}")).await;
    }
    let many = async |verb: &'static str, orders: std::ops::Range<u32>| {
        let bus = &bus;
        let answers = stream::iter(orders).map(|n| async move {
            let body = solve(&format!("{verb}-{n}"), &format!("72.order-{n}"));
            command(bus, verb, &body).await.code
        });
        let mut codes: Vec<String> = answers.buffer_unordered(16).collect().await;
        codes.sort_unstable();
        codes.chunk_by(|a, b| a == b).map(|same| (same[0].clone(), same.len())).collect::<Vec<_>>()
    };
    let count = |code: &str, n| (code.to_owned(), n);
    assert_eq!(many("solve", 200..300).await, [count("solved", 100)]);
    assert_eq!(many("reinject", 0..500).await, [count("order_solved", 100), count("reinjected", 400)]);
    assert_eq!(bus.count("ORDERS").await, 500 + 100 + 400);
    // The whole selection once more, for its answers were lost: nothing happens.
    assert_eq!(many("reinject", 0..500).await, [count("already_reinjected", 400), count("order_solved", 100)]);
    assert_eq!(bus.count("ORDERS").await, 1_000);
    assert_eq!(api.get("/api/orders/72.order-250").await.body["state"], "solved");
    assert_eq!(api.get("/api/orders/72.order-0").await.body["state"], "received");
}

/// How many orders two people decide about.
const CONTESTED: u32 = 60;

/// Two people decide about the same orders at the same time: one of them wins each.
#[tokio::test]
async fn of_two_decisions_at_once_one_is_taken() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    for n in 0..CONTESTED {
        not_injected(&bus, &api, &format!("order-{n}")).await;
    }
    let (mut solved, mut reinjected) = (0, 0);
    for n in 0..CONTESTED {
        let body = |id: &str| solve(&format!("{id}-{n}"), &format!("72.order-{n}"));
        let (a, b) = (body("a"), body("b"));
        let (one, other) = tokio::join!(command(&bus, "solve", &a), command(&bus, "reinject", &b));
        match (one.code.as_str(), other.code.as_str()) {
            ("solved", "order_solved") => solved += 1,
            ("order_waiting", "reinjected") => reinjected += 1,
            both => panic!("{both:?}"),
        }
    }
    assert_eq!(solved + reinjected, CONTESTED);
    assert_eq!(bus.count("ORDERS").await, u64::from(2 * CONTESTED));
}
