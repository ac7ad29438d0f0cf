//! The whole order path, real processes on a real bus, judged by the POS's own ledger.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "order_path/cluster.rs"]
mod cluster;
#[path = "order_path/counters.rs"]
mod counters;
#[path = "order_path/deployment.rs"]
mod deployment;
#[path = "order_path/tls.rs"]
mod tls;
#[path = "order_path/users.rs"]
mod users;

use bus::read::{Request, Start, read};
use contract::command::{Reply, Verb};
use contract::event::Misfit;
use contract::heartbeat::{Heartbeat, Load, ResolverLoad, Role, RunState};
use contract::{Event, EventKind, OrderHead, Service, header, subject};
use deployment::{Deployment, eventually};
use futures::StreamExt as _;

/// Every event so far.
async fn events<N>(deployment: &Deployment<N>) -> Vec<EventKind> {
    let request =
        Request { stream: "EVENTS", filter: "", from: Start::Sequence(1), headers_only: false, limit: 10_000 };
    let mut events = Vec::new();
    let each = |stored: bus::read::Stored| events.push(serde_json::from_slice::<Event>(&stored.payload).unwrap().kind);
    read(&deployment.connection.js, &request, each).await.unwrap();
    events
}

/// The next heartbeat of an instance.
async fn beat<N>(deployment: &Deployment<N>, service: &str, id: &str) -> Heartbeat {
    let subject = format!("domicilio.services.{service}.{id}.heartbeat");
    let mut beats = deployment.connection.client.subscribe(subject).await.unwrap();
    serde_json::from_slice(&beats.next().await.unwrap().payload).unwrap()
}

/// What a resolver says of itself.
async fn load<N>(deployment: &Deployment<N>, id: &str) -> ResolverLoad {
    match beat(deployment, "queue-resolver", id).await.load {
        Load::Resolver(load) => load,
        other => panic!("{other:?}"),
    }
}

/// Until both resolvers have a share of the partitions.
async fn shared_out<N>(deployment: &Deployment<N>) {
    for id in ["queue-resolver-1", "queue-resolver-2"] {
        eventually("both resolvers have their share", async || {
            let owned = load(deployment, id).await.partitions.len();
            if owned == 16 { Ok(()) } else { Err(owned) }
        })
        .await;
    }
}

/// The active distribuidor, by its own word.
async fn active<N>(deployment: &Deployment<N>) -> String {
    let mut beats =
        deployment.connection.client.subscribe("domicilio.services.distribuidor.*.heartbeat").await.unwrap();
    loop {
        let message = beats.next().await.unwrap();
        let beat: Heartbeat = serde_json::from_slice(&message.payload).unwrap();
        if matches!(beat.load, Load::Distribuidor(load) if load.role == Role::Active) {
            return beat.instance.to_string();
        }
    }
}

async fn told(deployment: &Deployment, what: &str, is: impl Fn(&EventKind) -> bool) {
    eventually(what, async || {
        let events = events(deployment).await;
        let mut kinds: Vec<_> = events.iter().map(EventKind::token).collect();
        kinds.dedup();
        if events.iter().any(&is) { Ok(()) } else { Err(kinds) }
    })
    .await;
}

/// Until exactly so many entries are in the queues.
async fn waiting(deployment: &Deployment, count: u64) {
    eventually(&format!("{count} waiting"), async || {
        let waiting = bus::read::extent(&deployment.connection.js, "QUEUES").await.unwrap().messages;
        if waiting == count { Ok(()) } else { Err(waiting) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_every_order_arrives_once_and_in_order() {
    let mut deployment = Deployment::start(20).await;
    shared_out(&deployment).await;
    let mut sent = 0;
    for round in 0..4 {
        for n in 0..100 {
            deployment.order(n % 20 + 1, &format!("A{round}-{n}")).await;
            sent += 1;
        }
        match round {
            // Each fault is seen to have happened before the next one.
            0 => {
                deployment.signal("queue-resolver-1", "KILL").await;
                let lost = |kind: &EventKind| matches!(kind, EventKind::ResolverLost { partitions: 1.., .. });
                told(&deployment, "a silent resolver was found out", lost).await;
            }
            1 => {
                deployment.service("queue-resolver", "queue-resolver-1");
                let active = active(&deployment).await;
                deployment.signal(&active, "KILL").await;
                let office = |kind: &EventKind| matches!(kind, EventKind::TookOffice { term, .. } if *term >= 2);
                told(&deployment, "the office changed hands", office).await;
            }
            2 => {
                deployment.nats.kill().await.unwrap();
                deployment.nats.restart().await.unwrap();
            }
            _ => {}
        }
    }
    let verdict = deployment.injected(sent).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!((verdict.accepted, verdict.duplicates, verdict.fifo_violations), (sent, 0, 0));
    waiting(&deployment, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_store_delays_nobody_and_its_queue_drains_in_order_when_it_is_back() {
    let deployment = Deployment::start(4).await;
    // Port 9 (discard) on the loopback address: nobody listens, connections are refused.
    let revision = deployment.etag(1).await;
    let revision = deployment.put_store(1, "http://127.0.0.1:9/", Some(&revision)).await;
    for n in 0..30 {
        deployment.order(1, &format!("dead-{n}")).await;
        deployment.order(2 + n % 3, &format!("live-{n}")).await;
    }
    deployment.injected(30).await;
    assert_eq!(deployment.depth(1).await, 30);
    let down = |kind: &EventKind| matches!(kind, EventKind::Pos { store, .. } if store.0 == 1);
    told(&deployment, "the POS is told to be down", down).await;
    deployment.put_store(1, &format!("{}/stores/1/orders", deployment.pos), Some(&revision)).await;
    let verdict = deployment.injected(60).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    eventually("the queue is empty", async || {
        let depth = deployment.depth(1).await;
        if depth == 0 { Ok(()) } else { Err(depth) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_stop_under_a_backlog_finishes_what_is_on_the_wire_and_nothing_more() {
    let mut deployment = Deployment::start(20).await;
    shared_out(&deployment).await;
    // Slow enough that every lane has a backlog and an attempt under way when the signal comes.
    for store in 1..=20 {
        deployment.fault(store, serde_json::json!({"fault": "slow", "ms": 400})).await;
    }
    for n in 0..200 {
        deployment.order(n % 20 + 1, &format!("before-{n}")).await;
    }
    let busy = load(&deployment, "queue-resolver-1").await;
    assert!(busy.waiting > 20, "{busy:?}");
    deployment.signal("queue-resolver-1", "TERM").await;
    let left = load(&deployment, "queue-resolver-2").await;
    assert!(left.waiting > 0, "it left before the backlog was done: {left:?}");
    let verdict = deployment.injected(200).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!(verdict.attempts, 200, "no order was sent twice");
    assert_eq!(load(&deployment, "queue-resolver-2").await.replays, 0);
    // It said goodbye: nobody had to find out that it was silent.
    assert!(!events(&deployment).await.iter().any(|kind| matches!(kind, EventKind::ResolverLost { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolver_that_was_stopped_and_resumed_does_no_harm() {
    let deployment = Deployment::start(20).await;
    shared_out(&deployment).await;
    deployment.send("queue-resolver-1", "STOP").await;
    for n in 0..100 {
        deployment.order(n % 20 + 1, &format!("z-{n}")).await;
    }
    let lost = |kind: &EventKind| matches!(kind, EventKind::ResolverLost { partitions: 16, .. });
    told(&deployment, "the stopped one was found out", lost).await;
    // Everything is done by the other one before the zombie wakes up with its old deliveries.
    deployment.injected(100).await;
    let before = deployment.verdict();
    deployment.send("queue-resolver-1", "CONT").await;
    shared_out(&deployment).await;
    for n in 100..200 {
        deployment.order(n % 20 + 1, &format!("z-{n}")).await;
    }
    let verdict = deployment.injected(200).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!(verdict.attempts - before.attempts, 100, "the zombie sent nothing that was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_bucket_of_leases_is_made_anew_and_work_goes_on() {
    let deployment = Deployment::start(8).await;
    shared_out(&deployment).await;
    for n in 0..40 {
        deployment.order(n % 8 + 1, &format!("b-{n}")).await;
    }
    deployment.injected(40).await;
    deployment.connection.js.delete_key_value(contract::stream::LEASES).await.unwrap();
    for n in 40..80 {
        deployment.order(n % 8 + 1, &format!("b-{n}")).await;
    }
    // The checkpoint is gone too: all orders are queued again, and found done.
    let verdict = deployment.injected(80).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    waiting(&deployment, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_resolver_begins_nothing_and_keeps_what_it_owns() {
    let deployment = Deployment::start(8).await;
    shared_out(&deployment).await;
    let command = async |id: &str, verb| {
        let subject = subject::command(Service::Resolver, &id.parse().unwrap(), verb);
        eventually(&format!("{id} answers"), async || {
            match deployment.connection.client.request(subject.clone(), "".into()).await {
                Ok(message) => Ok(serde_json::from_slice::<Reply>(&message.payload).unwrap()),
                Err(error) => Err(error),
            }
        })
        .await
    };
    for id in ["queue-resolver-1", "queue-resolver-2"] {
        assert_eq!(command(id, Verb::Pause).await.state, RunState::Paused);
    }
    for n in 0..40 {
        deployment.order(n % 8 + 1, &format!("p-{n}")).await;
    }
    waiting(&deployment, 40).await;
    assert_eq!(deployment.verdict().attempts, 0);
    shared_out(&deployment).await;
    for id in ["queue-resolver-1", "queue-resolver-2"] {
        assert!(command(id, Verb::Resume).await.ok);
    }
    assert!(deployment.injected(40).await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_names_an_order_of_nobody_stops_neither_intake_nor_its_store() {
    let mut deployment = Deployment::start(2).await;
    deployment.order(1, "real").await;
    deployment.injected(1).await;
    let js = &deployment.connection.js;
    let real = bus::read::last(js, "ORDERS", "domicilio.orders.*.1.real").await.unwrap().unwrap();
    let head: OrderHead = serde_json::from_str(real.header(header::ORDER_HEAD).unwrap()).unwrap();
    let by = serde_json::json!({"instance": "somebody", "cloud": "zz"});
    let entry = serde_json::json!({
        "v": 1, "order": head, "intake": u64::MAX, "queued_at": head.received_at, "by": by, "term": 1,
    });
    js.publish(subject::queue(head.store), entry.to_string().into()).await.unwrap().await.unwrap();
    // Whether ORDERS is whole is asked each time the bus was away.
    deployment.nats.kill().await.unwrap();
    deployment.nats.restart().await.unwrap();
    for n in 0..20 {
        deployment.order(n % 2 + 1, &format!("after-{n}")).await;
    }
    let verdict = deployment.injected(21).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!(deployment.depth(1).await, 1, "it stays where everybody can see it");
    assert_eq!(bus::read::extent(&deployment.connection.js, "ORDERS").await.unwrap().last, 21, "nothing was filled");
    let foreign = |kind: &EventKind| matches!(kind, EventKind::HandOverAnew { why: Misfit::Foreign, .. });
    told(&deployment, "somebody else's entry is told", foreign).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_last_outcome_has_aged_out_goes_on_with_one_attempt_an_order() {
    let deployment = Deployment::start(2).await;
    let js = &deployment.connection.js;
    let outcomes = async |count: u64| {
        eventually("the outcomes are stored", async || {
            let messages = bus::read::extent(js, "OUTCOMES").await.unwrap().messages;
            if messages == count { Ok(()) } else { Err(messages) }
        })
        .await;
    };
    for n in 0..3 {
        deployment.order(n % 2 + 1, &format!("before-{n}")).await;
    }
    deployment.injected(3).await;
    outcomes(3).await;
    // As after a month without an order of store 1: the server has none of its outcomes any more.
    let stream = js.get_stream("OUTCOMES").await.unwrap();
    stream.purge().filter("domicilio.outcomes.*.1").await.unwrap();
    let assignments = async || {
        let events = events(&deployment).await;
        events.iter().filter(|kind| matches!(kind, EventKind::PartitionAssigned { .. })).count()
    };
    let before = assignments().await;
    for n in 0..2 {
        deployment.order(1, &format!("after-{n}")).await;
    }
    deployment.injected(5).await;
    outcomes(3).await;
    let verdict = deployment.verdict();
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!((verdict.attempts, assignments().await), (5, before), "no order was sent twice, nothing changed hands");
}
