//! Orders and commands over the bus: the same answers as over HTTP.

use std::collections::BTreeMap;

use async_nats::HeaderMap;
use contract::command::{IntakeReply, Reply};
use contract::header;
use contract::heartbeat::RunState;
use futures::StreamExt as _;
use reqwest::Method;

use crate::running::{Api, Bus, DELIVERY, DELIVERY_PATH, PATIENCE, PICKUP, delivery, until};

async fn inject(bus: &Bus, instance: &str, format: Option<&str>, payload: &str) -> IntakeReply {
    let subject = format!("domicilio.cmd.api-domicilio.{instance}.inject");
    let mut headers = HeaderMap::new();
    if let Some(format) = format {
        headers.insert(header::FORMAT, format);
    }
    let body = payload.to_owned().into_bytes();
    // The commands are there some milliseconds after HTTP is.
    until("an answer over the bus", async || {
        let client = &bus.connection.client;
        let answer = client.request_with_headers(subject.clone(), headers.clone(), body.clone().into()).await;
        answer.map(|message| serde_json::from_slice(&message.payload).unwrap())
    })
    .await
}

#[tokio::test]
async fn an_order_over_the_bus_is_answered_as_over_http() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let taken = inject(&bus, "any", Some("pickup"), PICKUP).await;
    assert_eq!((taken.status, taken.code.as_str()), (202, "accepted"), "{taken:?}");
    assert_eq!(bus.last("ORDERS", "domicilio.orders.ec.72.0000700102-070103").await.payload, PICKUP.as_bytes());

    assert_eq!(inject(&bus, "api-domicilio-1", Some("delivery"), DELIVERY).await.status, 202);
    for payload in [DELIVERY.to_owned(), DELIVERY.replace("verde", "azul"), "{".to_owned(), "{}".to_owned()] {
        let over_bus = inject(&bus, "any", Some("delivery"), &payload).await;
        let over_http: IntakeReply = serde_json::from_value(api.post(DELIVERY_PATH, payload).await.body).unwrap();
        assert_eq!(over_bus, over_http);
    }
    let unnamed = inject(&bus, "any", None, DELIVERY).await;
    assert_eq!((unnamed.status, unnamed.faults[0].code.as_str()), (422, "format_missing"));
    let large = format!("{}{}", " ".repeat(600_000), DELIVERY);
    assert_eq!(inject(&bus, "any", Some("delivery"), &large).await.status, 413);
}

#[tokio::test]
async fn a_paused_instance_takes_nothing_new_until_resumed() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let command = async |verb: &str, state: RunState| {
        let subject = format!("domicilio.cmd.api-domicilio.api-domicilio-1.{verb}");
        let answer =
            until("an answer to the command", async || bus.connection.client.request(subject.clone(), "".into()).await)
                .await;
        let reply: Reply = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!((reply.ok, reply.state), (true, state));
    };
    command("pause", RunState::Paused).await;
    let told = api.order("paused").await;
    assert_eq!((told.status, told.code(), told.retry_after.as_deref()), (503, "paused", Some("10")), "{told:?}");
    assert_eq!(inject(&bus, "any", Some("delivery"), &delivery("paused")).await.code, "paused");
    assert_eq!(api.send(Method::POST, "/api/stores/72/resume", &[("if-match", "*")], "").await.code(), "paused");
    let ready = api.get("/readyz").await;
    assert_eq!((ready.status, &ready.body["running"]), (503, &false.into()), "{ready:?}");
    assert_eq!(api.get("/api/stores/72").await.status, 200, "reading goes on");
    command("resume", RunState::Running).await;
    assert_eq!(api.order("paused").await.status, 202);
    assert_eq!(bus.count("ORDERS").await, 1);
}

/// More orders than are taken at once, ten times over.
const FLOOD: u64 = 5_000;

#[tokio::test]
async fn a_flood_over_the_bus_is_answered_at_once_and_each_answer_is_true() {
    let bus = Bus::start().await;
    let _api = Api::ready(&bus).await;
    assert_eq!(inject(&bus, "any", Some("delivery"), &delivery("before")).await.code, "accepted");
    let client = &bus.connection.client;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(format!("{inbox}.*")).await.unwrap();
    let headers = HeaderMap::from_iter([(header::FORMAT.parse().unwrap(), "delivery".parse().unwrap())]);
    for n in 0..FLOOD {
        let (reply, payload) = (format!("{inbox}.{n}"), delivery(&format!("flood-{n}")).into_bytes());
        let subject = "domicilio.cmd.api-domicilio.any.inject";
        client.publish_with_reply_and_headers(subject, reply, headers.clone(), payload.into()).await.unwrap();
    }
    let mut codes: BTreeMap<String, u64> = BTreeMap::new();
    let counting = async {
        while codes.values().sum::<u64>() < FLOOD {
            let reply: IntakeReply = serde_json::from_slice(&answers.next().await.unwrap().payload).unwrap();
            assert!(matches!((reply.status, reply.code.as_str()), (202, "accepted") | (503, "busy")), "{reply:?}");
            *codes.entry(reply.code).or_default() += 1;
        }
    };
    let all = tokio::time::timeout(PATIENCE, counting).await;
    assert!(all.is_ok() && codes.contains_key("busy"), "{codes:?}");
    assert_eq!(bus.count("ORDERS").await, codes["accepted"] + 1, "what was refused was not done");
    assert_eq!(inject(&bus, "any", Some("delivery"), &delivery("after")).await.code, "accepted");
}
