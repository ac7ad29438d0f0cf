//! Orders over HTTP: kept to the byte, once, and refused with every fault.

use contract::order::{Digest, Format, InvalidHead, Loyalty};
use contract::{OrderHead, header};
use reqwest::Method;
use serde_json::Value;

use crate::running::{Api, Bus, DELIVERY, DELIVERY_PATH, PICKUP, PICKUP_PATH, delivery};

#[tokio::test]
async fn an_order_is_stored_to_the_byte_and_once() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let first = api.send(Method::POST, DELIVERY_PATH, &[("traceparent", trace)], DELIVERY).await;
    assert_eq!((first.status, first.code()), (202, "accepted"), "{first:?}");
    assert_eq!(first.body["order"], "72.0000700101-070101");

    let stored = bus.last("ORDERS", "domicilio.orders.ec.72.0000700101-070101").await;
    assert_eq!(Digest::of(&stored.payload), Digest::of(DELIVERY.as_bytes()));
    assert_eq!(stored.header(header::TRACEPARENT), Some(trace));
    assert_eq!(first.body["sequence"], stored.sequence);
    let head = stored.header(header::ORDER_HEAD).unwrap();
    for personal in ["Ana", "Ficticia", "+593", "example.com", "Imaginaria"] {
        assert!(DELIVERY.contains(personal) && !head.contains(personal), "{personal} in {head}");
    }
    let head: OrderHead = serde_json::from_str(head).unwrap();
    assert_eq!((head.sha256, head.bytes as usize), (Digest::of(DELIVERY.as_bytes()), DELIVERY.len()));
    assert_eq!((head.lines, head.test, head.format), (2, true, Format::Delivery));

    let again = api.post(DELIVERY_PATH, DELIVERY).await;
    assert_eq!((again.status, again.code()), (200, "already_accepted"), "{again:?}");
    assert_eq!(again.body["sequence"], first.body["sequence"]);
    let other = api.post(DELIVERY_PATH, DELIVERY.replace("Puerta verde", "Puerta azul")).await;
    assert_eq!((other.status, other.code()), (409, "identity_conflict"), "{other:?}");
    assert_eq!(bus.count("ORDERS").await, 1);

    let pickup = api.post(PICKUP_PATH, PICKUP).await;
    assert_eq!(pickup.status, 202, "{pickup:?}");
    let stored = bus.last("ORDERS", "domicilio.orders.ec.72.0000700102-070103").await;
    assert_eq!(stored.payload, PICKUP.as_bytes());
    let head: OrderHead = serde_json::from_str(stored.header(header::ORDER_HEAD).unwrap()).unwrap();
    assert_eq!((head.loyalty, head.format), (Some(Loyalty::Both), Format::Pickup));
    assert_eq!(stored.header(header::TRACEPARENT).map(str::len), Some(55), "one is made when none came");
}

#[tokio::test]
async fn a_refused_payload_tells_its_faults_and_is_kept() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let half = api.post(DELIVERY_PATH, &DELIVERY[..200]).await;
    assert_eq!((half.status, half.code()), (400, "malformed_json"), "{half:?}");
    let message = half.body["faults"][0]["message"].as_str().unwrap();
    assert!(message.contains("line 9, column 25, byte 199"), "{message}");

    let mut document: Value = serde_json::from_str(DELIVERY).unwrap();
    document.as_object_mut().unwrap().remove("detalle");
    document["cabecera"][0]["codRestaurante"] = 99.into();
    let broken = document.to_string();
    let refused = api.post(DELIVERY_PATH, broken.clone()).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid_payload"), "{refused:?}");
    let faults: Vec<_> =
        refused.body["faults"].as_array().unwrap().iter().map(|fault| (&fault["code"], &fault["pointer"])).collect();
    assert_eq!(
        faults,
        [(&"no_lines".into(), &"/detalle".into()), (&"store_unknown".into(), &"/cabecera/0/codRestaurante".into())]
    );
    assert!(!refused.body.to_string().contains("Ana"), "{refused:?}");

    assert_eq!(bus.count("INVALID").await, 2);
    assert_eq!(bus.count("ORDERS").await, 0);
    let kept = bus.last("INVALID", "domicilio.invalid.ec").await;
    assert_eq!(kept.payload, broken.as_bytes());
    let head: InvalidHead = serde_json::from_str(kept.header(header::INVALID_HEAD).unwrap()).unwrap();
    assert_eq!(head.faults.len(), 2);
    assert_eq!(head.code.map(|code| code.to_string()).as_deref(), Some("0000700101-070101"));
}

#[tokio::test]
async fn many_senders_of_one_order_make_one_order() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let answers = futures::future::join_all((0..200).map(|_| api.order("at-once"))).await;
    let count = |status| answers.iter().filter(|told| told.status == status).count();
    assert_eq!((count(202), count(200)), (1, 199), "{:?}", answers.iter().map(|told| told.status).collect::<Vec<_>>());
    assert_eq!(bus.count("ORDERS").await, 1);
    let sequence = &answers[0].body["sequence"];
    assert!(answers.iter().all(|told| told.body["sequence"] == *sequence));

    // The same code at another store is another order.
    let other = serde_json::json!({"id": 73, "code": "K025", "name": "OTRO", "country": "co", "pos_url": "http://x/"});
    assert_eq!(api.send(Method::PUT, "/api/stores/73", &[], other.to_string()).await.status, 201);
    let elsewhere = delivery("at-once").replace("\"codRestaurante\": 72", "\"codRestaurante\": 73");
    assert_eq!(api.post(DELIVERY_PATH, elsewhere).await.status, 202);
    assert_eq!(bus.last("ORDERS", "domicilio.orders.co.73.at-once").await.sequence, 2);
}

#[tokio::test]
async fn heartbeat_and_metrics_tell_what_was_answered() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let mut beats = bus.connection.client.subscribe("domicilio.services.api-domicilio.*.heartbeat").await.unwrap();
    for (code, status) in [("a", 202), ("a", 200), ("b", 202)] {
        assert_eq!(api.order(code).await.status, status);
    }
    assert_eq!(api.post(DELIVERY_PATH, "{").await.status, 400);
    let metrics = api.get("/metrics").await.body;
    let metrics = metrics.as_str().unwrap();
    for line in [
        r#"orders_total{format="delivery",code="accepted"} 2"#,
        r#"orders_total{format="delivery",code="already_accepted"} 1"#,
        r#"faults_total{code="malformed_json"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    let figures = async {
        use futures::StreamExt as _;
        loop {
            let beat: Value = serde_json::from_slice(&beats.next().await.unwrap().payload).unwrap();
            let figures = &beat["figures"];
            if figures["accepted"] == 2 {
                assert_eq!((&figures["repeated"], &figures["invalid"]), (&1.into(), &1.into()), "{beat}");
                assert_eq!(figures["listen"], api.listen.as_str());
                assert_eq!(beat["stores_revision"], 1);
                return;
            }
        }
    };
    tokio::time::timeout(crate::running::PATIENCE, figures).await.unwrap();
}

#[tokio::test]
async fn it_stops_when_its_input_ends_and_says_so() {
    use futures::StreamExt as _;
    let bus = Bus::start().await;
    let mut api = Api::ready(&bus).await;
    let mut beats = bus.connection.client.subscribe("domicilio.services.api-domicilio.*.heartbeat").await.unwrap();
    assert_eq!(api.order("last").await.status, 202);
    drop(api.stdin.take());
    let ended = tokio::time::timeout(crate::running::PATIENCE, api.child.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "{ended}");
    let mut states = Vec::new();
    while let Ok(Some(beat)) = tokio::time::timeout(crate::running::PATIENCE, beats.next()).await {
        let beat: Value = serde_json::from_slice(&beat.payload).unwrap();
        states.push(beat["state"].as_str().unwrap().to_owned());
        if beat["state"] == "stopping" {
            break;
        }
    }
    assert_eq!(states.last().map(String::as_str), Some("stopping"), "{states:?}");
}
