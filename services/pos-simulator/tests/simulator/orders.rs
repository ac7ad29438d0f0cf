//! Orders at stores that are well.

use contract::order::Digest;
use pos_simulator::Kind;
use serde_json::json;

use crate::running::{PAYLOAD, Running, read};

#[tokio::test]
async fn an_order_takes_effect_once_and_the_ledger_tells_each_step() {
    let pos = Running::start().await;
    let first = read(pos.order(72, "A-1", 1, 10).send().await.unwrap()).await;
    assert_eq!(first, (201, json!({"status": "accepted"})));
    let repeat = read(pos.order(72, "A-1", 2, 10).send().await.unwrap()).await;
    assert_eq!(repeat, (409, json!({"status": "already_accepted"})));
    let changed = read(pos.order(72, "A-1", 3, 10).body("{}").send().await.unwrap()).await;
    assert_eq!(changed, (409, json!({"status": "already_accepted"})));
    let elsewhere = read(pos.order(73, "A-1", 1, 11).send().await.unwrap()).await;
    assert_eq!(elsewhere.0, 201, "the same code at another store is another order");

    assert_eq!(
        pos.story(),
        [
            "attempt accepted",
            "accepted accepted",
            "attempt duplicate",
            "attempt conflict",
            "attempt accepted",
            "accepted accepted"
        ]
    );
    let lines = pos.lines();
    let attempts: Vec<_> = lines.iter().map(|line| (line.store.0, line.attempt, line.sequence)).collect();
    let (once, twice, thrice) = ((72, Some(1), Some(10)), (72, Some(2), Some(10)), (72, Some(3), Some(10)));
    assert_eq!(attempts, [once, once, twice, thrice, (73, Some(1), Some(11)), (73, Some(1), Some(11))]);
    assert!(lines[..4].iter().all(|line| line.key == "72.A-1"));
    assert_eq!(lines[0].order.as_ref().map(ToString::to_string).as_deref(), Some("72.A-1"));
    assert_eq!(lines[1].sha256, Digest::of(PAYLOAD.as_bytes()));
    assert_eq!(lines[3].sha256, Digest::of(b"{}"));

    let verdict = pos.summary().await;
    assert_eq!((verdict.accepted, verdict.attempts, verdict.stores), (2, 4, 2));
    assert_eq!((verdict.duplicates, verdict.fifo_violations, verdict.conflicts), (0, 0, 1));
}

#[tokio::test]
async fn the_ledger_holds_nothing_of_a_payload() {
    let pos = Running::start().await;
    assert_eq!(pos.order(72, "A-1", 1, 1).send().await.unwrap().status(), 201);
    assert_eq!(pos.post("/stores/72").body(PAYLOAD).send().await.unwrap().status(), 400);
    let text = std::fs::read_to_string(&pos.ledger).unwrap();
    assert!(text.contains("72.A-1"));
    assert!(!text.contains("Invented") && !text.contains("139.76"), "{text}");
}

#[tokio::test]
async fn any_path_takes_orders_and_a_key_alone_is_enough() {
    let pos = Running::start().await;
    for (path, key) in [("/stores/72/orders", "a"), ("/stores/72/v2/in", "b"), ("/stores/72", "c")] {
        let answer = pos.post(path).header("Idempotency-Key", key).body(PAYLOAD).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{path}");
    }
    let answer = pos.post("/").header("Idempotency-Key", "d").header("Domicilio-Store", "72").body(PAYLOAD);
    assert_eq!(answer.send().await.unwrap().status(), 201);
    assert!(pos.lines().iter().all(|line| line.order.is_none() && line.attempt.is_none() && line.sequence.is_none()));
    assert_eq!(pos.summary().await.accepted, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_key_take_effect_once() {
    let pos = Running::start().await;
    let requests: Vec<_> = (1..=50).map(|attempt| tokio::spawn(pos.order(72, "A-1", attempt, 1).send())).collect();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.await.unwrap().unwrap().status().as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 49, "{statuses:?}");
    let verdict = pos.summary().await;
    assert_eq!((verdict.accepted, verdict.attempts, verdict.duplicates), (1, 50, 0));
}

#[tokio::test]
async fn a_store_takes_its_orders_in_turn() {
    let pos = Running::start().await;
    pos.set_fault(72, &json!({"fault": "slow", "ms": 300, "times": 1})).await;
    let first = tokio::spawn(pos.order(72, "first", 1, 1).send());
    pos.wait_until_healed().await;
    // Nothing slows this one but the turn of the other.
    assert_eq!(pos.order(72, "second", 1, 2).send().await.unwrap().status(), 201);
    assert_eq!(first.await.unwrap().unwrap().status(), 201);
    let effects: Vec<_> =
        pos.lines().into_iter().filter(|line| line.kind == Kind::Accepted).map(|line| line.key).collect();
    assert_eq!(effects, ["72.first", "72.second"]);
    assert!(pos.summary().await.is_clean());
}

#[tokio::test]
async fn no_store_waits_for_another() {
    let pos = Running::start().await;
    pos.set_fault(72, &json!({"fault": "slow", "ms": 600_000, "times": 1})).await;
    let slow = tokio::spawn(pos.order(72, "A-1", 1, 1).send());
    pos.wait_until_healed().await;
    assert_eq!(pos.order(73, "B-1", 1, 2).send().await.unwrap().status(), 201);
    assert!(!slow.is_finished());
    assert_eq!(pos.story(), ["attempt accepted", "accepted accepted"]);
}

#[tokio::test]
async fn an_order_takes_effect_even_when_its_caller_goes_away() {
    let pos = Running::start().await;
    pos.set_fault(72, &json!({"fault": "slow", "ms": 300, "times": 1})).await;
    let caller = tokio::spawn(pos.order(72, "A-1", 1, 1).send());
    pos.wait_until_healed().await;
    caller.abort();
    assert!(caller.await.is_err_and(|error| error.is_cancelled()));
    pos.wait_for_story(|story| story == ["attempt slow_accepted", "accepted accepted"]).await;
    assert_eq!(pos.order(72, "A-1", 2, 1).send().await.unwrap().status(), 409);
}

#[tokio::test]
async fn a_restart_keeps_the_keys() {
    let pos = Running::start().await;
    for (code, sequence) in [("A-1", 1), ("A-2", 2)] {
        assert_eq!(pos.order(72, code, 1, sequence).send().await.unwrap().status(), 201);
    }
    let pos = pos.restart().await;
    assert_eq!(pos.order(72, "A-1", 2, 1).send().await.unwrap().status(), 409);
    assert_eq!(pos.order(72, "A-2", 2, 2).body("{}").send().await.unwrap().status(), 409);
    assert_eq!(pos.order(72, "A-3", 1, 3).send().await.unwrap().status(), 201);
    let story = pos.story();
    assert_eq!(story[4..], ["attempt duplicate", "attempt conflict", "attempt accepted", "accepted accepted"]);
    let verdict = pos.summary().await;
    assert_eq!((verdict.accepted, verdict.duplicates, verdict.fifo_violations), (3, 0, 0));
}
