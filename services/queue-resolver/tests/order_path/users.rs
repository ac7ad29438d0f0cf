//! Every program as a user of its own with exactly its rights: all do the whole of their work, and nothing beyond it.

use contract::EventKind;
use contract::command::Verb;
use contract::permission::USERS;
use contract::{Service, subject};
use serde_json::{Value, json};

use crate::deployment::{Deployment, eventually, password};
use crate::{active, shared_out, told};

/// What services say when the server denies them something.
const DENIED: &str = "denied by the server";

/// Gives a command as `ops-act`.
async fn command(deployment: &Deployment, subject: &str, body: &Value) -> Value {
    eventually(&format!("an answer to {subject}"), async || {
        let answer = deployment.connection.client.request(subject.to_owned(), body.to_string().into()).await;
        answer.map(|message| serde_json::from_slice::<Value>(&message.payload).unwrap())
    })
    .await
}

/// Nothing was denied, and nobody's password was written down.
fn is_in_order(deployment: &Deployment) {
    assert_eq!(*deployment.connection.denials().borrow(), []);
    let logs = deployment.logs();
    let denied: Vec<&str> = logs.lines().filter(|line| line.contains(DENIED)).collect();
    assert!(denied.is_empty(), "{denied:#?}");
    assert!(logs.contains("starting"), "these are the logs");
    for user in &USERS {
        assert!(!logs.contains(&password(user.name)), "the password of {} is in a log", user.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_each_program_does_all_its_work_with_the_rights_of_its_user() {
    let mut deployment = Deployment::start_with_users(8).await;
    shared_out(&deployment).await;
    // Each order of this store is refused by its POS, and not injected.
    deployment.fault(8, json!({"fault": "refuse", "status": 422})).await;
    for round in 0..4 {
        for n in 0..40 {
            deployment.order(n % 8 + 1, &format!("U{round}-{n}")).await;
        }
        deployment.refused().await;
        match round {
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
    let verdict = deployment.injected(4 * 35).await;
    assert!(verdict.is_clean(), "{verdict:?}");

    // Decisions and commands, as operators give them.
    let api = |verb: Verb| subject::command_any(Service::Api, verb);
    let solve = json!({"id": "s-1", "order": "8.U0-7", "by": "turno.noche", "reason": "taken by telephone"});
    let solved = command(&deployment, &api(Verb::Solve), &solve).await;
    let reinject = json!({"id": "r-1", "order": "8.U0-15", "by": "turno.noche"});
    let reinjected = command(&deployment, &api(Verb::Reinject), &reinject).await;
    assert_eq!((&solved["code"], &reinjected["code"]), (&"solved".into(), &"reinjected".into()));
    let id = "queue-resolver-2".parse().unwrap();
    let resolver = |verb: Verb| subject::command(Service::Resolver, &id, verb);
    let pinged = command(&deployment, &resolver(Verb::Ping), &Value::Null).await;
    let release = json!({"id": "l-1", "order": "8.U0-7", "intake": 8, "by": "turno.noche"});
    let released = command(&deployment, &resolver(Verb::Release), &release).await;
    assert_eq!(pinged["ok"], true);
    let released = released["code"].as_str().unwrap();
    assert!(["already_ended", "not_owner"].contains(&released), "{released}");

    // Whoever counts counted everything, and the streams say the same.
    eventually("everything is counted", async || {
        let (code, report) = deployment.console_of("ops-payload", &["counters", "--recount", "--json"]).await;
        assert_eq!((code, &report["recount"]["differs"]), (Some(0), &Value::from(0)), "{report}");
        let behind = report["lag"].as_object().unwrap().values().any(|lag| lag != 0);
        if behind { Err(report) } else { Ok(()) }
    })
    .await;
    is_in_order(&deployment);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_does_for_each_user_what_that_user_may() {
    let deployment = Deployment::start_with_users(2).await;
    deployment.order(1, "one").await;
    deployment.injected(1).await;
    let import = deployment.file(
        "stores.json",
        &json!([{
            "id": 9, "code": "K009", "name": "EJEMPLO NUEVE", "country": "ec", "pos_url": "http://127.0.0.1:9/",
        }]),
    );
    let inject = ["inject", "--template", "delivery", "--store", "2", "--yes", "--json"];
    for (user, arguments, may) in [
        ("ops-read", &["stores", "--json"][..], true),
        ("ops-read", &["queues", "--json"], true),
        ("ops-read", &["services", "--json"], true),
        ("ops-read", &["counters", "--json"], true),
        ("ops-read", &["order", "1.one", "--json"], false),
        ("ops-payload", &["order", "1.one", "--json"], true),
        ("ops-payload", &inject, false),
        ("ops-act", &inject, true),
        ("ops-act", &["stores", "import", &import], false),
        ("ops-admin", &["stores", "import", &import], true),
    ] {
        let (code, told) = deployment.console_of(user, arguments).await;
        assert_eq!(code == Some(0), may, "{user} {arguments:?}: {code:?} {told}");
    }
    is_in_order(&deployment);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_with_the_user_of_another_says_what_it_is_denied_and_does_nothing() {
    let mut deployment = Deployment::start_with_users(2).await;
    for id in ["distribuidor-1", "distribuidor-2"] {
        deployment.signal(id, "TERM").await;
    }
    is_in_order(&deployment);
    deployment.service_of("queue-resolver", "distribuidor", "distribuidor-3");
    eventually("the log tells what was denied", async || {
        let logs = deployment.logs();
        let office = |line: &str| line.contains(DENIED) && line.contains("$KV.domicilio_leases.office");
        if logs.lines().any(office) { Ok(()) } else { Err(logs.lines().last().map(str::to_owned)) }
    })
    .await;
    deployment.order(1, "one").await;
    assert_eq!(bus::read::extent(&deployment.connection.js, "QUEUES").await.unwrap().messages, 0);
    // Whoever has the right does it.
    deployment.service("distribuidor", "distribuidor-4");
    let verdict = deployment.injected(1).await;
    assert!(verdict.is_clean(), "{verdict:?}");
}
