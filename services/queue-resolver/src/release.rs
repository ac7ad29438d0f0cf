//! Command `release`: an operator gives up the order at the head of a store's queue.
//!
//! The command names the order's sequence in `ORDERS`, which ends once: a repeat finds it ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::service::Request;
use bus::read;
use chassis::command::{Duty, respond};
use contract::command::{self, IntakeReply, Verb};
use contract::stream::OUTCOMES;
use contract::{Fault, Outcome, Partition, subject};
use futures::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use crate::lane::Release;
use crate::session::Shared;

/// Wishes that may wait for one partition; they come from people.
const WAITING_MAX: usize = 16;

/// How long a session may take to answer: it answers between two deeds, unless its consumer is being made anew.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// A wish on its way to the session of its partition.
#[derive(Debug)]
pub struct Asked {
    /// What is wanted.
    pub release: command::Release,
    /// What it met.
    pub reply: oneshot::Sender<Release>,
}

/// The ways to the sessions under way.
#[derive(Debug, Default)]
pub struct Releases {
    sessions: Mutex<HashMap<Partition, mpsc::Sender<Asked>>>,
}

impl Releases {
    /// The way to the session of `partition`, which begins.
    pub fn open(&self, partition: Partition) -> mpsc::Receiver<Asked> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, sender);
        receiver
    }

    /// The session of `partition` has ended.
    pub fn close(&self, partition: Partition) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
    }

    fn way(&self, partition: Partition) -> Option<mpsc::Sender<Asked>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).cloned()
    }
}

/// The command as the services API serves it.
pub(crate) fn duty(shared: &Arc<Shared>) -> Duty {
    let shared = Arc::clone(shared);
    Duty {
        verb: Verb::Release,
        at_once_max: WAITING_MAX,
        handle: Arc::new(move |request: Request| {
            let shared = Arc::clone(&shared);
            async move {
                let reply = answer(&shared, &request.message.payload).await;
                tracing::info!(code = reply.code, order = reply.order.as_ref().map(tracing::field::display), "release");
                respond(&request, &reply).await;
            }
            .boxed()
        }),
    }
}

async fn answer(shared: &Shared, body: &[u8]) -> IntakeReply {
    let release: command::Release = match serde_json::from_slice(body) {
        Ok(release) => release,
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            let fault = Fault::new("body_invalid", "", format!("Expected id, order, intake and by; see {place}."));
            return IntakeReply {
                faults: vec![fault],
                ..told(None, 400, "body_invalid", "The command cannot be read.")
            };
        }
    };
    let Some(way) = shared.releases.way(release.order.store.partition()) else {
        return told(
            Some(&release),
            409,
            "not_owner",
            "This instance does not serve the store; ask the one that does.",
        );
    };
    match ask(&way, release.clone()).await {
        Some(Release::Now) => told(Some(&release), 202, "released", "The order ends as not injected."),
        Some(Release::Pending) => {
            let message = "An attempt is under way; unless it succeeds, the order ends as not injected.";
            told(Some(&release), 202, "release_pending", message)
        }
        Some(Release::NotAtHead) => match is_over(shared, &release).await {
            Some(true) => told(Some(&release), 200, "already_ended", "The order has its outcome already."),
            Some(false) => told(Some(&release), 409, "not_at_head", "The order is not at the head of its queue."),
            None => unconfirmed(&release),
        },
        None => unconfirmed(&release),
    }
}

async fn ask(way: &mpsc::Sender<Asked>, release: command::Release) -> Option<Release> {
    let (reply, answer) = oneshot::channel();
    way.try_send(Asked { release, reply }).ok()?;
    tokio::time::timeout(ANSWER_LIMIT, answer).await.ok()?.ok()
}

/// Whether the store's watermark covers the order; `None` when the bus does not tell.
async fn is_over(shared: &Shared, release: &command::Release) -> Option<bool> {
    let store = release.order.store;
    let country = shared.catalogue.get(store)?.record.country;
    let js = &shared.chassis.bus.js;
    let last = read::last_at_leader(js, OUTCOMES.name, &subject::outcome(country, store)).await.ok()?;
    let Some(last) = last else { return Some(false) };
    let outcome: Outcome = serde_json::from_slice(&last.payload).ok()?;
    Some(outcome.watermark >= release.intake)
}

fn unconfirmed(release: &command::Release) -> IntakeReply {
    told(Some(release), 503, "unconfirmed", "Nobody could tell in time; repeat the same command to learn the outcome.")
}

fn told(release: Option<&command::Release>, status: u16, code: &str, message: &str) -> IntakeReply {
    IntakeReply {
        v: contract::VERSION,
        status,
        code: code.to_owned(),
        order: release.map(|release| release.order.clone()),
        sequence: release.map(|release| release.intake),
        message: message.to_owned(),
        faults: Vec::new(),
    }
}
