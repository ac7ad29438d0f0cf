//! Limits of size, time and number, and paths that do not exist.

use std::cell::RefCell;

use api_domicilio::api::IN_FLIGHT_MAX;
use api_domicilio::http::ORDER_BYTES_MAX;
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::running::{Api, Bus, DELIVERY, DELIVERY_PATH, delivery, until};

#[tokio::test]
async fn a_body_is_bounded_in_size_and_form() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let padded = |size: usize| format!("{DELIVERY}{}", " ".repeat(size - DELIVERY.len()));
    assert_eq!(api.post(DELIVERY_PATH, padded(ORDER_BYTES_MAX)).await.status, 202);
    for size in [ORDER_BYTES_MAX + 1, 3 * ORDER_BYTES_MAX] {
        let told = api.post(DELIVERY_PATH, padded(size)).await;
        assert_eq!((told.status, told.code()), (413, "body_too_large"), "{told:?}");
    }
    let told = api.send(Method::POST, DELIVERY_PATH, &[("content-encoding", "gzip")], "x").await;
    assert_eq!((told.status, told.code()), (415, "encoding_unsupported"), "{told:?}");
    for (method, path, status, code) in [
        (Method::GET, "/", 404, "not_found"),
        (Method::POST, "/api/restApp/pedidoApp/", 404, "not_found"),
        (Method::GET, DELIVERY_PATH, 405, "method_not_allowed"),
        (Method::DELETE, "/api/stores/72", 405, "method_not_allowed"),
    ] {
        let told = api.send(method.clone(), path, &[], "").await;
        assert_eq!((told.status, told.code()), (status, code), "{method} {path}: {told:?}");
    }
    assert_eq!(bus.count("ORDERS").await, 1);
}

/// Begins a request of `told` bytes and sends `sent` of them.
async fn begun(api: &Api, told: usize, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(&api.listen).await.unwrap();
    let head = format!("POST {DELIVERY_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {told}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream
}

#[tokio::test]
async fn more_requests_than_there_are_places_are_told_so_at_once() {
    let bus = Bus::start().await;
    let api = Api::ready(&bus).await;
    let held = RefCell::new(Vec::new());
    for _ in 0..IN_FLIGHT_MAX {
        let one = begun(&api, 100, b"{").await;
        held.borrow_mut().push(one);
    }
    let told = until("no place left", async || {
        // Some may have been given up meanwhile, for they are slow: others take their places.
        for _ in 0..IN_FLIGHT_MAX / 16 {
            let another = begun(&api, 100, b"{").await;
            held.borrow_mut().push(another);
        }
        let told = api.order("one-too-many").await;
        if told.code() == "overloaded" { Ok(told) } else { Err(told) }
    })
    .await;
    assert_eq!((told.status, told.retry_after.as_deref()), (503, Some("1")));
    assert_eq!(api.get("/readyz").await.status, 200, "operators are still answered");
    drop(held);
    until("places given back", async || {
        let told = api.order("one-too-many").await;
        if told.status == 503 { Err(told) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_the_end() {
    let bus = Bus::start().await;
    let mut api = Api::ready(&bus).await;
    let body = delivery("at-the-end");
    let mut stream = begun(&api, body.len(), &body.as_bytes()[..100]).await;
    until("the request is being worked on", async || {
        let metrics = api.get("/metrics").await.body;
        if metrics.as_str().unwrap().contains("api_domicilio_in_flight 1") { Ok(()) } else { Err(metrics) }
    })
    .await;
    drop(api.stdin.take());
    until("new connections are refused", async || match TcpStream::connect(&api.listen).await {
        Ok(_) => Err("still taken"),
        Err(_) => Ok(()),
    })
    .await;
    stream.write_all(&body.as_bytes()[100..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    // It came after the stop was told: refused with a word, not cut off.
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"code\":\"paused\""), "{answer}");
    let ended = tokio::time::timeout(crate::running::PATIENCE, api.child.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "{ended}");
    assert_eq!(bus.count("ORDERS").await, 0);
}
