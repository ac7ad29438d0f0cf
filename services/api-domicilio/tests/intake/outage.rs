//! The bus goes away, hangs, is full, or is not there yet: 503 at once, nothing kept back, and on again by itself.

use std::time::{Duration, Instant};

use async_nats::jetstream::stream::{Config, DiscardPolicy};
use reqwest::Method;

use crate::running::{Api, Bus, store, until};

/// An answer without the bus must not wait for any time-out.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn without_the_bus_it_says_so_and_goes_on_when_it_is_back() {
    let mut bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    assert_eq!(api.order("before").await.status, 202);
    bus.server.kill().await.unwrap();
    let told = until("503 for want of the bus", async || {
        let asked = Instant::now();
        let told = api.order("during").await;
        // An order that was under way when the link broke is answered "unconfirmed", at once as well.
        assert!(asked.elapsed() < AT_ONCE, "{told:?} after {:?}", asked.elapsed());
        if told.code() == "bus_unavailable" { Ok(told) } else { Err(told) }
    })
    .await;
    assert_eq!((told.status, told.retry_after.as_deref()), (503, Some("2")), "{told:?}");
    assert_eq!(api.get("/healthz").await.status, 200);
    let ready = api.get("/readyz").await;
    assert_eq!((ready.status, &ready.body["bus"]), (503, &false.into()), "{ready:?}");
    assert_eq!(api.get("/api/orders/72.before").await.status, 503);
    assert_eq!(api.get("/api/stores/72").await.status, 503);

    bus.server.restart().await.unwrap();
    let told = until("the same order again", async || {
        let told = api.order("during").await;
        if told.status == 503 { Err(told) } else { Ok(told) }
    })
    .await;
    assert!(matches!(told.status, 200 | 202), "{told:?}");
    assert_eq!(api.order("before").await.status, 200, "what was accepted is still known");
    assert_eq!(bus.count("ORDERS").await, 2, "nothing was lost, nothing doubled");
    api.until_ready().await;
}

#[tokio::test]
async fn it_starts_before_the_bus_and_makes_the_streams() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let api = Api::start(&format!("nats://127.0.0.1:{port}")).await;
    let told = api.order("early").await;
    assert_eq!((told.status, told.code()), (503, "bus_unavailable"), "{told:?}");
    let bus = Bus::start_on(port).await;
    api.until_ready().await;
    assert_eq!(api.send(Method::PUT, "/api/stores/72", &[], store(72).to_string()).await.status, 201);
    assert_eq!(api.order("early").await.status, 202);
    assert_eq!(bus.count("ORDERS").await, 1);
}

#[tokio::test]
async fn a_hung_bus_leaves_the_outcome_open_and_the_repeat_finds_it() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let signal = async |name: &str| {
        let pid = bus.server.pid().unwrap().to_string();
        let done = tokio::process::Command::new("kill").args([name, &pid]).status().await.unwrap();
        assert!(done.success());
    };
    signal("-STOP").await;
    let asked = Instant::now();
    let told = api.order("in-doubt").await;
    let took = asked.elapsed();
    signal("-CONT").await;
    assert_eq!((told.status, told.code()), (503, "unconfirmed"), "{told:?}");
    assert_eq!(told.retry_after.as_deref(), Some("1"));
    assert!(took < Duration::from_secs(8), "{took:?}");
    let told = until("the same order again", async || {
        let told = api.order("in-doubt").await;
        if told.status == 503 { Err(told) } else { Ok(told) }
    })
    .await;
    assert!(matches!(told.status, 200 | 202), "{told:?}");
    assert_eq!(bus.count("ORDERS").await, 1);
}

#[tokio::test]
async fn a_full_stream_takes_no_order_and_loses_none() {
    let bus = Bus::start().await;
    // The service leaves an existing stream as it is: this one holds a handful of orders.
    let small = Config {
        name: "ORDERS".to_owned(),
        subjects: vec!["domicilio.orders.*.*.*".to_owned()],
        discard: DiscardPolicy::New,
        max_bytes: 16 * 1_024,
        allow_direct: true,
        ..Default::default()
    };
    bus.connection.js.create_stream(small).await.unwrap();
    let api = Api::ready(&bus).await;
    let mut accepted = 0_u64;
    let told = loop {
        let told = api.order(&format!("full-{accepted}")).await;
        if told.status != 202 {
            break told;
        }
        accepted += 1;
        assert!(accepted < 100, "the stream never fills");
    };
    assert_eq!((told.status, told.code(), told.retry_after.as_deref()), (503, "storage_full", Some("60")), "{told:?}");
    assert!(accepted > 2);
    assert_eq!(bus.count("ORDERS").await, accepted);
    assert_eq!(api.order("full-0").await.status, 200, "what is stored is still known");
}
