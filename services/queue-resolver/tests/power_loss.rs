//! A power cut on a single nats-server that had not told its disk yet: one stream after the other comes back without its
//! end. `kill -9` alone loses nothing, so an older copy of a stream's folder is put in its place.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(dead_code, reason = "the deployment serves other tests, too")]

#[path = "order_path/deployment.rs"]
mod deployment;

use std::path::{Path, PathBuf};

use bus::read::{Request, Start, Stored, read};
use contract::event::Misfit;
use contract::{Event, EventKind};
use deployment::Deployment;

const STORES: u32 = 5;

/// Where the server keeps a stream.
fn folder(deployment: &Deployment, stream: &str) -> PathBuf {
    let folder = deployment.ledger().with_file_name("jetstream").join("jetstream/$G/streams").join(stream);
    assert!(folder.is_dir(), "{}", folder.display());
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

/// So many orders, to the stores in turn.
async fn orders(deployment: &Deployment, tag: &str, count: u32) {
    for number in 0..count {
        deployment.order(number % STORES + 1, &format!("{tag}-{number}")).await;
    }
}

/// 20 orders that the disk has, 30 of which these streams forget, and 25 afterwards: each reaches its POS once.
async fn forget(streams: &[&str]) -> Deployment {
    let mut deployment = Deployment::start(STORES).await;
    orders(&deployment, "kept", 20).await;
    deployment.injected(20).await;
    deployment.nats.kill().await.unwrap();
    let older = tempfile::tempdir().unwrap();
    for stream in streams {
        copy(&folder(&deployment, stream), &older.path().join(stream));
    }
    deployment.nats.restart().await.unwrap();

    orders(&deployment, "forgotten", 30).await;
    deployment.injected(50).await;
    deployment.nats.kill().await.unwrap();
    for stream in streams {
        let folder = folder(&deployment, stream);
        std::fs::remove_dir_all(&folder).unwrap();
        copy(&older.path().join(stream), &folder);
    }
    deployment.nats.restart().await.unwrap();

    orders(&deployment, "after", 25).await;
    let verdict = deployment.injected(75).await;
    assert_eq!((verdict.accepted, verdict.duplicates, verdict.fifo_violations), (75, 0, 0), "{verdict:?}");
    deployment
}

/// The sequences after which `ORDERS` went on once its end had been lost, by the events that tell so.
async fn told(deployment: &Deployment) -> Vec<u64> {
    let filter = "domicilio.events.*.*.hand_over_anew";
    let from = Start::Sequence(1);
    let request = Request { stream: "EVENTS", filter, from, headers_only: false, limit: usize::MAX };
    let mut told = Vec::new();
    let each = |stored: Stored| {
        let event: Event = serde_json::from_slice(&stored.payload).unwrap();
        if let EventKind::HandOverAnew { why: Misfit::OrdersRewound, resumes_after, .. } = event.kind {
            told.push(resumes_after);
        }
    };
    read(&deployment.connection.js, &request, each).await.unwrap();
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sequence_of_orders_is_given_twice() {
    let deployment = forget(&["ORDERS"]).await;
    assert_eq!(told(&deployment).await, [50]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stream_that_remembers_is_enough() {
    let deployment = forget(&["ORDERS", "QUEUES", "KV_domicilio_leases"]).await;
    assert_eq!(told(&deployment).await, [50], "the outcomes tell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_queues_forget_is_passed_over_when_it_is_handed_over_again() {
    forget(&["QUEUES"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_outcomes_forget_is_not_injected_again() {
    forget(&["OUTCOMES"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_that_go_back_stop_nobody() {
    forget(&["KV_domicilio_leases"]).await;
}
