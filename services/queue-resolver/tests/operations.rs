//! What operators do to orders, through the whole path: real processes on a real bus, judged by the POS's own ledger.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(dead_code, reason = "the deployment serves other tests, too")]

#[path = "order_path/deployment.rs"]
mod deployment;
#[path = "operations/hands.rs"]
mod hands;

use std::collections::BTreeMap;

use contract::command::{IntakeReply, MoveReply, PingPart, PingPosReply};
use contract::heartbeat::{Heartbeat, Load};
use contract::order::Ending;
use contract::{Outcome, StoreId};
use deployment::{Deployment, eventually};
use futures::StreamExt as _;
use pos_simulator::{Kind, LedgerLine};
use serde_json::{Value, json};

async fn command(deployment: &Deployment, to: &str, verb: &str, body: &Value) -> IntakeReply {
    ask(deployment, to, verb, body).await
}

async fn ask<T: serde::de::DeserializeOwned>(deployment: &Deployment, to: &str, verb: &str, body: &Value) -> T {
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

/// Who owns partition 16, the one of store 1, by the last heartbeats; with its epoch.
async fn owner_of_store_1(deployment: &Deployment) -> (String, u64) {
    let mut beats =
        deployment.connection.client.subscribe("domicilio.services.queue-resolver.*.heartbeat").await.unwrap();
    loop {
        let beat: Heartbeat = serde_json::from_slice(&beats.next().await.unwrap().payload).unwrap();
        if let Load::Resolver(load) = beat.load
            && let Some(owned) = load.partitions.iter().find(|owned| owned.partition == StoreId(1).partition())
        {
            return (beat.instance.to_string(), owned.epoch);
        }
    }
}

/// Until both resolvers have their share, after which nothing moves by itself.
async fn shared_out(deployment: &Deployment) {
    let mut beats =
        deployment.connection.client.subscribe("domicilio.services.queue-resolver.*.heartbeat").await.unwrap();
    let mut shares = BTreeMap::new();
    eventually("both resolvers have their share", async || {
        let beat: Heartbeat = serde_json::from_slice(&beats.next().await.unwrap().payload).unwrap();
        if let Load::Resolver(load) = beat.load {
            shares.insert(beat.instance.to_string(), load.partitions.len());
        }
        if shares.len() == 2 && shares.values().all(|share| *share == 16) { Ok(()) } else { Err(shares.clone()) }
    })
    .await;
}

/// The answer of the active distribuidor; the other one stands by and says so.
async fn moved(deployment: &Deployment, body: &Value) -> MoveReply {
    let mut replies = Vec::new();
    for id in ["distribuidor-1", "distribuidor-2"] {
        replies.push(ask::<MoveReply>(deployment, &format!("distribuidor.{id}"), "move", body).await);
    }
    replies.sort_by_key(|reply| reply.code == "not_active");
    assert_eq!(replies[1].code, "not_active", "{replies:?}");
    replies.swap_remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_is_moved_under_load_keeps_its_order_and_sends_nothing_twice() {
    let deployment = Deployment::start(2).await;
    shared_out(&deployment).await;
    deployment.fault(1, json!({"fault": "slow", "ms": 60})).await;
    let (mut from, mut epoch) = owner_of_store_1(&deployment).await;
    let mut sent = 0;
    for round in 0..4 {
        for n in 0..15 {
            deployment.order(1, &format!("m{round}-{n:02}")).await;
            deployment.order(2, &format!("o{round}-{n:02}")).await;
            sent += 2;
        }
        let to = if from.ends_with('1') { "queue-resolver-2" } else { "queue-resolver-1" };
        let body = json!({"id": format!("m-{round}"), "store": 1, "to": to, "epoch": epoch, "by": "turno.noche"});
        // Both resolvers must be there, and be known; then once is enough.
        eventually("the command is taken", async || {
            let reply = moved(&deployment, &body).await;
            if reply.status == 202 || reply.status == 200 { Ok(()) } else { Err(reply) }
        })
        .await;
        eventually("it has moved", async || {
            let owner = owner_of_store_1(&deployment).await;
            if owner.0 == to { Ok(()) } else { Err(owner) }
        })
        .await;
        assert_eq!(moved(&deployment, &body).await.code, "already_moved", "a repeat acts once");
        let again = json!({"id": "m-again", "partition": 16, "to": to, "by": "turno.noche"});
        assert_eq!(moved(&deployment, &again).await.code, "already_there");
        let old = json!({"id": "m-old", "store": 1, "to": from, "epoch": epoch, "by": "turno.noche"});
        assert_eq!(moved(&deployment, &old).await.code, "moved_on", "not as it was seen");
        (from, epoch) = owner_of_store_1(&deployment).await;
    }
    let nobody = json!({"id": "m-x", "store": 1, "to": "queue-resolver-9", "by": "turno.noche"});
    assert_eq!(moved(&deployment, &nobody).await.code, "no_such_resolver");
    let both = json!({"id": "m-y", "store": 1, "partition": 3, "to": from, "by": "turno.noche"});
    let unread: MoveReply = ask(&deployment, "distribuidor.any", "move", &both).await;
    assert_eq!(unread.code, "body_invalid");
    let verdict = deployment.injected(sent).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!(verdict.attempts, sent, "no order was sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pos_is_pinged_by_its_resolver_and_gets_no_order() {
    let deployment = Deployment::start(2).await;
    shared_out(&deployment).await;
    let revision = deployment.etag(2).await;
    deployment.put_store(2, "http://127.0.0.1:9/", Some(&revision)).await;
    let (owner, _) = owner_of_store_1(&deployment).await;
    let ping = async |to: &str, store: u32| {
        ask::<PingPosReply>(&deployment, &format!("queue-resolver.{to}"), "ping-pos", &json!({"store": store})).await
    };
    let answered = eventually("the store is known", async || {
        let reply = ping(&owner, 1).await;
        if reply.status == 200 { Ok(reply) } else { Err(reply) }
    })
    .await;
    assert_eq!((answered.code.as_str(), answered.pos_status, answered.owner), ("pos_answered", Some(405), true));
    assert_eq!(answered.origin.as_ref(), Some(&deployment.pos));
    assert!(answered.by.is_some_and(|by| by.instance.as_str() == owner));
    let other = if owner.ends_with('1') { "queue-resolver-2" } else { "queue-resolver-1" };
    let elsewhere = eventually("the other one is there", async || {
        let reply = ping(other, 1).await;
        if reply.status == 200 { Ok(reply) } else { Err(reply) }
    })
    .await;
    assert_eq!((elsewhere.code.as_str(), elsewhere.owner), ("pos_answered", false), "from elsewhere");
    let failed = eventually("the record is taken up", async || {
        let reply = ping(&owner, 2).await;
        if reply.code == "pos_failed" { Ok(reply) } else { Err(reply) }
    })
    .await;
    let last = failed.steps.last().unwrap();
    assert_eq!((last.step, last.ok, failed.pos_status), (PingPart::Connect, false, None), "{failed:?}");
    assert_eq!(ping(&owner, 99).await.code, "store_unknown");
    let unread: PingPosReply = ask(&deployment, &format!("queue-resolver.{owner}"), "ping-pos", &Value::Null).await;
    assert_eq!(unread.code, "body_invalid");
    let verdict = deployment.verdict();
    assert_eq!((verdict.attempts, verdict.accepted), (0, 0), "no order was sent");
}
