//! What operators do to orders, through the whole path: real processes on a real bus, judged by the POS's own ledger.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(dead_code, reason = "the deployment serves other tests, too")]

#[path = "order_path/deployment.rs"]
mod deployment;

use contract::Outcome;
use contract::command::IntakeReply;
use contract::heartbeat::{Heartbeat, Load};
use contract::order::Ending;
use deployment::{Deployment, eventually};
use futures::StreamExt as _;
use pos_simulator::{Kind, LedgerLine};
use serde_json::{Value, json};

async fn command(deployment: &Deployment, to: &str, verb: &str, body: &Value) -> IntakeReply {
    let subject = format!("domicilio.cmd.{to}.{verb}");
    eventually("an answer over the bus", async || {
        let answer = deployment.connection.client.request(subject.clone(), body.to_string().into()).await;
        answer.map(|message| serde_json::from_slice(&message.payload).unwrap())
    })
    .await
}

/// The resolver whose heartbeat names an order that waits at the head of store 1, and that order's code.
async fn owner(deployment: &Deployment) -> (String, String) {
    let mut beats =
        deployment.connection.client.subscribe("domicilio.services.queue-resolver.*.heartbeat").await.unwrap();
    loop {
        let beat: Heartbeat = serde_json::from_slice(&beats.next().await.unwrap().payload).unwrap();
        if let Load::Resolver(load) = beat.load
            && let Some(head) = load.heads.iter().find(|head| head.store.0 == 1)
        {
            return (beat.instance.to_string(), head.code.to_string());
        }
    }
}

/// Codes of the orders that took effect, in the order in which they did.
fn effects(deployment: &Deployment) -> Vec<String> {
    let text = std::fs::read_to_string(deployment.ledger()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<LedgerLine>(line).unwrap());
    lines.filter(|line| line.kind == Kind::Accepted).map(|line| line.key).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_released_head_lets_the_queue_go_on_and_comes_back_at_its_end() {
    let deployment = Deployment::start(2).await;
    let revision = deployment.etag(1).await;
    // Port 9 (discard) on the loopback address: nobody listens, so the head waits and costs no attempts.
    let revision = deployment.put_store(1, "http://127.0.0.1:9/", Some(&revision)).await;
    for code in ["a", "b", "c"] {
        deployment.order(1, code).await;
    }
    let (owner, head) = owner(&deployment).await;
    assert_eq!(head, "a");
    let first = bus::read::last(&deployment.connection.js, "ORDERS", "domicilio.orders.*.1.a").await.unwrap().unwrap();
    let release = json!({"id": "r-1", "order": "1.a", "intake": first.sequence, "by": "turno.noche"});
    let to = format!("queue-resolver.{owner}");

    let wrong = json!({"id": "r-0", "order": "1.b", "intake": first.sequence + 1, "by": "turno.noche"});
    assert_eq!(command(&deployment, &to, "release", &wrong).await.code, "not_at_head");
    let other =
        if owner.ends_with('1') { "queue-resolver.queue-resolver-2" } else { "queue-resolver.queue-resolver-1" };
    assert_eq!(command(&deployment, other, "release", &release).await.code, "not_owner");
    let mistaken = json!({"id": "r-0", "order": "1.b", "intake": first.sequence, "by": "turno.noche"});
    assert_eq!(command(&deployment, &to, "release", &mistaken).await.code, "another_order");
    let nobodys = json!({"id": "r-0", "order": "1.b", "intake": 99, "by": "turno.noche"});
    assert_eq!(command(&deployment, &to, "release", &nobodys).await.code, "order_unknown");
    let last = async || bus::read::last(&deployment.connection.js, "OUTCOMES", "domicilio.outcomes.*.1").await.unwrap();
    assert!(last().await.is_none(), "nothing was given up");
    assert_eq!(command(&deployment, &to, "release", &release).await.code, "released");
    // Answered when it is done.
    let outcome: Outcome = serde_json::from_slice(&last().await.unwrap().payload).unwrap();
    let Ending::NotInjected { command: by, .. } = &outcome.ending else { unreachable!("{outcome:?}") };
    assert_eq!((outcome.order.code.as_str(), by.as_ref().unwrap().as_str()), ("a", "r-1"));
    assert_eq!(command(&deployment, &to, "release", &release).await.code, "already_ended", "a repeat acts once");

    let reinject = json!({"id": "i-1", "order": "1.a", "by": "turno.noche", "reason": "POS repaired"});
    for code in ["reinjected", "already_reinjected"] {
        assert_eq!(command(&deployment, "api-domicilio.any", "reinject", &reinject).await.code, code);
    }
    deployment.put_store(1, &format!("{}/stores/1/orders", deployment.pos), Some(&revision)).await;
    let verdict = deployment.injected(3).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!(effects(&deployment), ["1.b", "1.c", "1.a"], "at the end of the queue, once");
}
