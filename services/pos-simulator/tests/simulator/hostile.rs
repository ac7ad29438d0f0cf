//! Callers that do not behave: each gets a clear answer, and the simulator goes on.

use std::io::{Read as _, Write as _};

use reqwest::{Client, Method};

use crate::running::{PAYLOAD, Running, read};

#[tokio::test]
async fn each_mistake_has_its_code() {
    let pos = Running::start().await;
    let client = Client::new();
    let key = ("Idempotency-Key", "72.A-1");
    let huge = "x".repeat((1 << 20) + 1);
    for (method, path, headers, body, status, code) in [
        ("POST", "/stores/72", vec![], PAYLOAD, 400, "key_missing"),
        ("POST", "/orders", vec![key], PAYLOAD, 400, "store_missing"),
        ("POST", "/stores/front/orders", vec![key], PAYLOAD, 400, "bad_store"),
        ("POST", "/stores/72", vec![key, ("Domicilio-Store", "73")], PAYLOAD, 400, "store_mismatch"),
        ("POST", "/stores/72", vec![key, ("Domicilio-Attempt", "many")], PAYLOAD, 400, "bad_header"),
        ("POST", "/stores/72", vec![key], "", 400, "body_missing"),
        ("POST", "/stores/72", vec![key], &huge, 413, "body_too_large"),
        ("GET", "/stores/72", vec![key], "", 405, "method_not_allowed"),
        ("GET", "/admin", vec![], "", 404, "not_found"),
        ("POST", "/admin/orders", vec![key, ("Domicilio-Store", "72")], PAYLOAD, 404, "not_found"),
        ("POST", "/admin/summary", vec![key], PAYLOAD, 405, "method_not_allowed"),
        ("PUT", "/admin/faults/x", vec![], r#"{"fault":"down"}"#, 400, "bad_store"),
        ("DELETE", "/admin/faults/-1", vec![], "", 400, "bad_store"),
        ("PUT", "/admin/faults/72", vec![], "", 400, "body_missing"),
        ("PUT", "/admin/faults/72", vec![], "{", 422, "invalid_fault"),
        ("PUT", "/admin/faults/72", vec![], r#"{"fault":"slow"}"#, 422, "invalid_fault"),
    ] {
        let mut request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), pos.url(path));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let (seen, answer) = read(request.body(body.to_owned()).send().await.unwrap()).await;
        assert_eq!((seen, answer["code"].as_str()), (status, Some(code)), "{method} {path}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer}");
    }
    assert!(pos.lines().is_empty(), "a request that names no order leaves no line");
    assert_eq!(pos.order(72, "A-1", 1, 1).send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn the_largest_body_is_taken_and_a_body_far_too_large_cannot_exhaust_anything() {
    let pos = Running::start().await;
    let largest = "x".repeat(1 << 20);
    assert_eq!(pos.order(72, "A-1", 1, 1).body(largest).send().await.unwrap().status(), 201);
    // Beyond the part that is drained the connection may be reset before the answer is read: both are fine.
    let far_too_large = "x".repeat(32 << 20);
    if let Ok(answer) = pos.order(72, "A-2", 1, 2).body(far_too_large).send().await {
        assert_eq!(answer.status(), 413);
    }
    assert_eq!(pos.order(72, "A-2", 1, 2).send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn what_is_no_http_is_turned_away() {
    let pos = Running::start().await;
    let address = pos.address;
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"\x16\x03\x01 hello\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{}", answer.escape_ascii());
    assert_eq!(pos.order(72, "A-1", 1, 1).send().await.unwrap().status(), 201);
}
