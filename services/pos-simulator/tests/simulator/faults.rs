//! Orders at stores that are not well. Each test also sees in the ledger that the fault happened.

use serde_json::json;

use crate::running::{Running, read};

#[tokio::test]
async fn down_closes_the_connection_and_nothing_takes_effect() {
    let pos = Running::start().await;
    pos.set_fault(72, &json!({"fault": "down"})).await;
    let error = pos.order(72, "A-1", 1, 1).send().await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(pos.story(), ["attempt down"]);
    assert_eq!(pos.order(73, "A-1", 1, 2).send().await.unwrap().status(), 201, "another store is not down");

    assert_eq!(pos.heal(72).await, json!({"healed": true}));
    assert_eq!(pos.order(72, "A-1", 2, 1).send().await.unwrap().status(), 201);
    assert!(pos.summary().await.is_clean());
}

#[tokio::test]
async fn drop_reply_takes_effect_and_closes_the_connection() {
    let pos = Running::start().await;
    pos.set_fault(72, &json!({"fault": "drop_reply", "times": 2})).await;
    for attempt in [1, 2] {
        let error = pos.order(72, "A-1", attempt, 1).send().await.unwrap_err();
        assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    }
    assert_eq!(pos.story(), ["attempt reply_dropped", "accepted accepted", "attempt reply_dropped"]);
    assert_eq!(pos.faults().await, json!({}), "it has healed by itself");
    let answer = read(pos.order(72, "A-1", 3, 1).send().await.unwrap()).await;
    assert_eq!(answer, (409, json!({"status": "already_accepted"})));
    assert_eq!(pos.summary().await.accepted, 1);
}

#[tokio::test]
async fn slow_takes_at_least_its_time() {
    let pos = Running::start().await;
    pos.set_fault(72, &json!({"fault": "slow", "ms": 120})).await;
    let start = std::time::Instant::now();
    assert_eq!(pos.order(72, "A-1", 1, 1).send().await.unwrap().status(), 201);
    assert!(start.elapsed().as_millis() >= 120);
    assert_eq!(pos.story(), ["attempt slow_accepted", "accepted accepted"]);
}

#[tokio::test]
async fn error_and_refuse_answer_as_told_and_nothing_takes_effect() {
    let pos = Running::start().await;
    for (plan, status, retry_after, code) in [
        (json!({"fault": "error", "status": 503, "retry_after_s": 2}), 503, Some("2"), "unavailable"),
        (json!({"fault": "error", "status": 500}), 500, None, "unavailable"),
        (json!({"fault": "error", "status": 429, "retry_after_s": 1}), 429, Some("1"), "unavailable"),
        (json!({"fault": "refuse", "status": 422}), 422, None, "refused"),
    ] {
        pos.set_fault(72, &plan).await;
        let answer = pos.order(72, "A-1", 1, 1).send().await.unwrap();
        assert_eq!(answer.headers().get("retry-after").map(|value| value.to_str().unwrap()), retry_after);
        let (seen, body) = read(answer).await;
        assert_eq!((seen, body["code"].as_str()), (status, Some(code)), "{plan}");
    }
    assert_eq!(pos.story(), ["attempt unavailable", "attempt unavailable", "attempt unavailable", "attempt refused"]);
    assert_eq!(pos.summary().await.accepted, 0);
}

#[tokio::test]
async fn a_share_hits_some_and_spares_some() {
    let pos = Running::start().await;
    pos.set_fault(72, &json!({"fault": "error", "status": 500, "share": 0.5})).await;
    let mut seen = [false; 2];
    // The chance that 200 even draws all fall on one side is 2^-199.
    for number in 0..200 {
        let status = pos.order(72, &format!("A-{number}"), 1, number).send().await.unwrap().status();
        seen[usize::from(status == 500)] = true;
        if seen == [true, true] {
            return;
        }
    }
    panic!("hit, spared: {seen:?}");
}

#[tokio::test]
async fn faults_are_listed_replaced_and_ended() {
    let pos = Running::start().await;
    assert_eq!(pos.faults().await, json!({}));
    pos.set_fault(73, &json!({"fault": "refuse", "status": 400})).await;
    pos.set_fault(72, &json!({"fault": "down", "share": 0.25, "times": 3})).await;
    pos.set_fault(73, &json!({"fault": "slow", "ms": 5})).await;
    let expected = json!({"72": {"fault": "down", "share": 0.25, "times": 3}, "73": {"fault": "slow", "ms": 5}});
    assert_eq!(pos.faults().await, expected);
    assert_eq!(pos.heal(72).await, json!({"healed": true}));
    assert_eq!(pos.heal(72).await, json!({"healed": false}));
    assert_eq!(pos.faults().await, json!({"73": {"fault": "slow", "ms": 5}}));
}
