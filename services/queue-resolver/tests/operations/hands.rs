//! What the console does to real services, as the user that has the right to: what it reports as done, the service did.

use contract::heartbeat::{Heartbeat, Load, RunState};
use contract::order::{Digest, Ending};
use contract::{OrderHead, Outcome, header};
use futures::StreamExt as _;
use pos_simulator::{Kind, LedgerLine};
use serde_json::Value;

use crate::deployment::{Deployment, eventually};
use crate::{effects, owner_of_store_1, shared_out};

/// What a kitchen looks for before it cooks.
const MARKER: &str = "Prueba No Despachar";

/// Does it as `ops-admin`; it must be done and seen to be done.
async fn done(deployment: &Deployment, arguments: &[&str]) -> Value {
    let all = [arguments, &["--yes", "--json"]].concat();
    let (code, report) = deployment.console_of("ops-admin", &all).await;
    assert_eq!((code, &report["done"]), (Some(0), &Value::from(1)), "{arguments:?}: {report}");
    report
}

/// The next heartbeat of an instance that is as wanted.
async fn beat(deployment: &Deployment, id: &str, wanted: impl Fn(&Heartbeat) -> bool) -> Heartbeat {
    let subject = format!("domicilio.services.*.{id}.heartbeat");
    let mut beats = deployment.connection.client.subscribe(subject).await.unwrap();
    eventually(&format!("{id} is as wanted"), async || {
        let beat: Heartbeat = serde_json::from_slice(&beats.next().await.unwrap().payload).unwrap();
        if wanted(&beat) { Ok(beat) } else { Err(beat) }
    })
    .await
}

fn other(resolver: &str) -> &'static str {
    if resolver.ends_with('1') { "queue-resolver-2" } else { "queue-resolver-1" }
}

fn owned(beat: &Heartbeat) -> usize {
    match &beat.load {
        Load::Resolver(load) => load.partitions.len(),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolver_is_told_to_pause_to_go_on_and_to_hand_over_and_does() {
    let deployment = Deployment::start_with_users(2).await;
    shared_out(&deployment).await;
    let (resolver, _) = owner_of_store_1(&deployment).await;
    let tell = ["cmd", "queue-resolver", resolver.as_str()];
    let told = |more: &[&'static str]| [&tell[..], more].concat();
    done(&deployment, &told(&["ping"])).await;

    deployment.order(1, "one").await;
    deployment.injected(1).await;

    done(&deployment, &told(&["pause", "--reason", "disk"])).await;
    beat(&deployment, &resolver, |beat| beat.state == RunState::Paused).await;
    deployment.order(1, "two").await;
    eventually("the order waits", async || match deployment.depth(1).await {
        1 => Ok(()),
        depth => Err(depth),
    })
    .await;
    assert_eq!(deployment.verdict().attempts, 1, "nothing new is begun");
    done(&deployment, &told(&["resume"])).await;
    beat(&deployment, &resolver, |beat| beat.state == RunState::Running).await;
    deployment.injected(2).await;

    done(&deployment, &told(&["drain"])).await;
    beat(&deployment, &resolver, |beat| beat.state == RunState::Draining && owned(beat) == 0).await;
    beat(&deployment, other(&resolver), |beat| owned(beat) == 32).await;
    deployment.order(1, "three").await;
    deployment.injected(3).await;
    done(&deployment, &told(&["resume"])).await;
    shared_out(&deployment).await;
    assert!(deployment.verdict().is_clean(), "{:?}", deployment.verdict());
    assert_eq!(effects(&deployment), ["1.one", "1.two", "1.three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_looked_at_moved_and_rid_of_its_head_and_its_orders_stay_in_order() {
    let deployment = Deployment::start_with_users(2).await;
    shared_out(&deployment).await;
    deployment.order(1, "one").await;
    deployment.injected(1).await;

    let report = done(&deployment, &["store", "ping", "K001"]).await;
    let steps = report["items"][0]["steps"].as_array().unwrap();
    assert!(steps.len() == 3 && steps.iter().all(|step| step["ok"] == true), "{report}");
    assert_eq!(deployment.verdict().attempts, 1, "the POS was given no order");

    let (from, epoch) = owner_of_store_1(&deployment).await;
    done(&deployment, &["cmd", "distribuidor", "any", "move", "K001", other(&from)]).await;
    let (to, later) = owner_of_store_1(&deployment).await;
    assert!((to.as_str(), later > epoch) == (other(&from), true), "{from} {epoch}, {to} {later}");

    // Nobody listens at port 9 (discard) of the loopback address: the head waits.
    let revision = deployment.etag(1).await;
    let revision = deployment.put_store(1, "http://127.0.0.1:9/", Some(&revision)).await;
    for code in ["two", "three"] {
        deployment.order(1, code).await;
    }
    eventually("both wait", async || match deployment.depth(1).await {
        2 => Ok(()),
        depth => Err(depth),
    })
    .await;
    let report = done(&deployment, &["release", "K001", "--reason", "cooked by phone"]).await;
    assert_eq!(report["items"][0]["target"], "1.two");
    let last = bus::read::last(&deployment.connection.js, "OUTCOMES", "domicilio.outcomes.*.1").await.unwrap().unwrap();
    let outcome: Outcome = serde_json::from_slice(&last.payload).unwrap();
    let Ending::NotInjected { command, .. } = &outcome.ending else { unreachable!("{outcome:?}") };
    assert!(command.is_some() && outcome.order.code.as_str() == "two", "{outcome:?}");

    deployment.put_store(1, &format!("{}/stores/1/orders", deployment.pos), Some(&revision)).await;
    deployment.injected(2).await;
    done(&deployment, &["reinject", "1.two", "--reason", "not cooked after all"]).await;
    let verdict = deployment.injected(3).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!(effects(&deployment), ["1.one", "1.three", "1.two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn intake_closes_opens_and_writes_more_and_the_office_goes_to_the_other_one() {
    let deployment = Deployment::start_with_users(1).await;
    shared_out(&deployment).await;
    let client = reqwest::Client::new();
    let knock = async || {
        let sent = client.post(format!("{}/api/restApp/pedidoApp", deployment.api)).body("{}").send().await.unwrap();
        sent.status().as_u16()
    };
    done(&deployment, &["cmd", "api-domicilio", "api-domicilio-1", "pause"]).await;
    assert_eq!(knock().await, 503);
    done(&deployment, &["cmd", "api-domicilio", "api-domicilio-1", "resume"]).await;
    assert_eq!(knock().await, 422, "it is read again");

    let debug = |logs: &str| logs.lines().any(|line| line.contains(r#""level":"DEBUG""#));
    assert!(!debug(&deployment.logs()), "nobody asked for so much");
    done(&deployment, &["cmd", "api-domicilio", "api-domicilio-1", "log-level", "debug"]).await;
    eventually("it writes more", async || {
        knock().await;
        let logs = deployment.logs();
        if debug(&logs) { Ok(()) } else { Err(logs.lines().last().map(str::to_owned)) }
    })
    .await;

    let holds = |beat: &Heartbeat| match &beat.load {
        Load::Distribuidor(load) => load.role == contract::heartbeat::Role::Active,
        _ => false,
    };
    let mut beats =
        deployment.connection.client.subscribe("domicilio.services.distribuidor.*.heartbeat").await.unwrap();
    let active = eventually("somebody holds the office", async || {
        let beat: Heartbeat = serde_json::from_slice(&beats.next().await.unwrap().payload).unwrap();
        if holds(&beat) { Ok(beat.instance.to_string()) } else { Err(beat) }
    })
    .await;
    done(&deployment, &["cmd", "distribuidor", &active, "drain"]).await;
    let next = if active.ends_with('1') { "distribuidor-2" } else { "distribuidor-1" };
    beat(&deployment, next, holds).await;
    done(&deployment, &["cmd", "distribuidor", &active, "resume"]).await;
    deployment.order(1, "one").await;
    assert!(deployment.injected(1).await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_template_goes_through_both_doors_to_the_pos_and_keeps_its_marker() {
    let deployment = Deployment::start_with_users(2).await;
    let client = reqwest::Client::new();
    let mut sent = 0;
    for (seed, template, door) in [
        ("1", "delivery", "/api/restApp/pedidoApp"),
        ("2", "pickup", "/pickup/api/v3/pedidoApp"),
        ("3", "redeem", "/pickup/api/v3/pedidoApp"),
        ("4", "accrue", "/pickup/api/v3/pedidoApp"),
        ("5", "both", "/pickup/api/v3/pedidoApp"),
    ] {
        let inject = ["inject", "--template", template, "--store", "K001", "--seed", seed, "--json"];
        // As the bus gets it, and another one as an app would send it.
        let (code, shown) = deployment.console_of("ops-act", &[&inject[..], &["--dry-run"]].concat()).await;
        assert_eq!(code, Some(0), "{template}: {shown}");
        let first = shown["items"][0]["body"].as_str().unwrap().to_owned();
        let (code, report) = deployment.console_of("ops-act", &[&inject[..], &["--yes"]].concat()).await;
        assert_eq!((code, &report["state"]), (Some(0), &Value::from("injected")), "{template}: {report}");
        // The same code with another payload is another order: what is there already proves nothing.
        let namesake = if template == "delivery" { "pickup" } else { "delivery" };
        let again = ["inject", "--template", namesake, "--store", "K001", "--seed", seed, "--json", "--yes"];
        let (code, report) = deployment.console_of("ops-act", &again).await;
        assert_eq!((code, &report["code"]), (Some(1), &Value::from("identity_conflict")), "{template}: {report}");
        let other = ["inject", "--template", template, "--store", "K002", "--seed", seed, "--json", "--dry-run"];
        let (_, shown) = deployment.console_of("ops-act", &other).await;
        let second = shown["items"][0]["body"].as_str().unwrap().to_owned();
        let url = format!("{}{door}", deployment.api);
        let answer = client.post(url).body(second.clone()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 202, "{template}: {}", answer.text().await.unwrap());
        sent += 2;
        let verdict = deployment.injected(sent).await;
        assert!(verdict.is_clean(), "{template}: {verdict:?}");

        let ledger = std::fs::read_to_string(deployment.ledger()).unwrap();
        let lines: Vec<LedgerLine> = ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for body in [&first, &second] {
            let digest = Digest::of(body.as_bytes());
            let taken = lines.iter().find(|line| line.kind == Kind::Accepted && line.sha256 == digest).unwrap();
            // What the POS took is what was shown, to the byte, and every word that a kitchen reads says so.
            assert!(body.matches(MARKER).count() >= 3, "{template}: {body}");
            let order = taken.order.as_ref().unwrap();
            let subject = format!("domicilio.orders.*.{}.{}", order.store, order.code);
            let kept = bus::read::last(&deployment.connection.js, "ORDERS", &subject).await.unwrap().unwrap();
            assert_eq!(kept.payload, body.as_bytes(), "{template}");
            let head = kept.headers.get(header::ORDER_HEAD).unwrap();
            let head: OrderHead = serde_json::from_str(head.as_str()).unwrap();
            assert!(head.test, "{template}: known as a test, and told to the POS as one");
            assert_eq!(head.loyalty.is_some(), ["redeem", "accrue", "both"].contains(&template), "{template}");
        }
    }
}
