//! Counts stay exact while whoever counts is killed.

use contract::EventKind;
use serde_json::Value;

use crate::deployment::{Deployment, eventually};
use crate::{active, shared_out, told};

/// Revision of the newest day: grows with every write.
async fn writes(deployment: &Deployment) -> u64 {
    let newest = bus::counters::newest(&deployment.connection.js).await.ok().flatten();
    newest.map_or(0, |(_, _, revision)| revision)
}

/// Until the counts were written after `before`.
async fn written_since(deployment: &Deployment, before: u64) -> u64 {
    eventually("the counts are written", async || {
        let now = writes(deployment).await;
        if now > before { Ok(now) } else { Err(now) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_counts_may_be_killed_and_the_counts_are_what_the_streams_hold() {
    let mut deployment = Deployment::start(10).await;
    shared_out(&deployment).await;
    // Each order of this store is refused by its POS, and not injected.
    deployment.fault(10, serde_json::json!({"fault": "refuse", "status": 422})).await;
    let (mut sent, mut refused, mut written) = (0, 0, 0);
    for round in 0..4 {
        let mut holder = String::new();
        for n in 0..60 {
            deployment.order(n % 10 + 1, &format!("C{round}-{n}")).await;
            if n % 20 == 0 {
                deployment.refused().await;
                refused += 1;
            }
            sent += 1;
            if n == 40 {
                // Every term writes something before it ends.
                written = written_since(&deployment, written).await;
                holder = active(&deployment).await;
            }
        }
        if round == 3 {
            // This one comes back while another one counts, and believes for a moment to be the one.
            deployment.send(&holder, "STOP").await;
        } else {
            deployment.signal(&holder, "KILL").await;
        }
        let term_now = round + 2;
        let office = |kind: &EventKind| matches!(kind, EventKind::TookOffice { term, .. } if *term >= term_now);
        told(&deployment, "the office changed hands", office).await;
        if round == 3 {
            deployment.send(&holder, "CONT").await;
        } else {
            deployment.service("distribuidor", &holder);
        }
        if round == 1 {
            deployment.nats.kill().await.unwrap();
            deployment.nats.restart().await.unwrap();
        }
    }
    for n in 0..60 {
        deployment.order(n % 10 + 1, &format!("last-{n}")).await;
        sent += 1;
    }
    let report = eventually("everything is counted", async || {
        let (code, report) = deployment.console(&["counters", "--recount", "--json"]).await;
        // Also while messages come and others count, what is counted is what the streams hold.
        assert_eq!((code, &report["recount"]["differs"]), (Some(0), &Value::from(0)), "{report}");
        let total = &report["seven_days"]["total"];
        let ended = total["injected"].as_u64().unwrap() + total["not_injected"].as_u64().unwrap();
        let behind = report["lag"].as_object().unwrap().values().any(|lag| lag != 0);
        if ended == sent && !behind { Ok(report) } else { Err(report) }
    })
    .await;
    let total = &report["seven_days"]["total"];
    assert_eq!((&total["accepted"], &total["invalid"]), (&Value::from(sent), &Value::from(refused)), "{report}");
    assert_eq!((&total["injected"], &total["not_injected"]), (&Value::from(sent / 10 * 9), &Value::from(sent / 10)));
    assert_eq!(report["recount"]["messages"], 2 * sent + refused);
    let clouds = &report["seven_days"]["clouds"];
    assert_eq!(clouds["local"]["accepted"], sent, "where intake runs");
    let injected = |cloud: &str| clouds[cloud]["injected"].as_u64().unwrap();
    assert_eq!(injected("aws") + injected("azure"), sent / 10 * 9, "where the resolvers run");
}
