//! Where an order is, told from what the streams hold.

use contract::subject;
use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{Api, Bus, DELIVERY_PATH, delivery, now, store};

const DISTRIBUIDOR: &str = "distribuidor-1";

/// Puts a message into a stream, as the service that owns it would.
async fn publish(bus: &Bus, subject: String, body: &Value) {
    let body = serde_json::to_vec(body).unwrap();
    bus.connection.js.publish(subject, body.into()).await.unwrap().await.unwrap();
}

fn queued(order: &Value, intake: u64) -> Value {
    json!({"v": 1, "order": order, "intake": intake, "queued_at": now(), "by": origin(DISTRIBUIDOR), "term": 1})
}

fn finished(order: &Value, intake: u64, watermark: u64) -> Value {
    json!({"v": 1, "order": order, "intake": intake, "watermark": watermark, "queue_seq": 1, "partition": 14, "epoch": 1,
        "queued_at": now(), "queued_by": origin(DISTRIBUIDOR), "attempts": 1, "at": now(),
        "by": origin("queue-resolver-1"), "result": "injected"})
}

fn origin(instance: &str) -> Value {
    json!({"instance": instance, "cloud": "local"})
}

#[tokio::test]
async fn an_order_is_followed_from_reception_to_injection() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let id = 72.to_string().parse().unwrap();
    let (queue, outcomes) = (subject::queue(id), subject::outcome("ec".parse().unwrap(), id));
    for code in ["one", "two", "three", "four"] {
        assert_eq!(api.order(code).await.status, 202);
    }
    let status = async |id: &str| {
        let told = api.get(&format!("/api/orders/{id}")).await;
        assert_eq!(told.status, 200, "{told:?}");
        assert!(!told.body.to_string().contains("Ana"), "{told:?}");
        told.body
    };
    let one = status("72.one").await;
    assert_eq!((&one["state"], &one["sequence"], &one["id"]), (&"received".into(), &1.into(), &"72.one".into()));
    let (one, two) = (one["order"].clone(), status("two").await["order"].clone());
    assert_eq!(two["code"], "two", "the code alone is enough");

    publish(&bus, queue.clone(), &queued(&one, 1)).await;
    publish(&bus, queue.clone(), &queued(&two, 2)).await;
    assert_eq!(status("72.one").await["state"], "queued");
    assert_eq!(status("72.two").await["state"], "queued");
    assert_eq!(status("72.three").await["state"], "received");

    publish(&bus, outcomes.clone(), &finished(&one, 1, 1)).await;
    publish(&bus, outcomes.clone(), &finished(&two, 2, 2)).await;
    let done = status("72.one").await;
    assert_eq!((&done["state"], &done["outcome"]["intake"]), (&"injected".into(), &1.into()), "found among later ones");
    assert_eq!(status("72.two").await["outcome"]["intake"], 2);
    assert_eq!(status("72.three").await["state"], "received");
    // A watermark beyond the order without an outcome of its own: done, but nobody can tell how.
    publish(&bus, outcomes, &finished(&two, 4, 4)).await;
    assert_eq!(status("72.three").await["state"], "finished");
}

#[tokio::test]
async fn an_unknown_or_ambiguous_order_is_told() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    for (id, status, code) in [
        ("72.none", 404, "order_unknown"),
        ("none", 404, "order_unknown"),
        ("72.", 400, "id_invalid"),
        ("72.a%20b", 400, "id_invalid"),
        ("%FF", 400, "id_invalid"),
        ("72.%3E", 400, "id_invalid"),
    ] {
        let told = api.get(&format!("/api/orders/{id}")).await;
        assert_eq!((told.status, told.code()), (status, code), "{id}: {told:?}");
    }
    let mut other = store(73);
    other["country"] = "co".into();
    assert_eq!(api.send(Method::PUT, "/api/stores/73", &[], other.to_string()).await.status, 201);
    assert_eq!(api.order("twice").await.status, 202);
    let elsewhere = delivery("twice").replace("\"codRestaurante\": 72", "\"codRestaurante\": 73");
    assert_eq!(api.post(DELIVERY_PATH, elsewhere).await.status, 202);
    let told = api.get("/api/orders/twice").await;
    assert_eq!((told.status, told.code()), (409, "order_ambiguous"), "{told:?}");
    assert_eq!(api.get("/api/orders/73.twice").await.body["order"]["country"], "co");
}
