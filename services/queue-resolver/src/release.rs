//! Command `release`: an operator gives up the order at the head of a store's queue.
//!
//! The command names the order and its sequence in `ORDERS`, which ends once: a repeat finds it ended. It is answered when
//! the outcome is stored, or tells that this is still to come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::service::Request;
use bus::read;
use chassis::admission::Limits;
use chassis::command::{Duty, respond};
use contract::command::{self, IntakeReply, Verb};
use contract::order::Ending;
use contract::stream::{ORDERS, OUTCOMES};
use contract::{Fault, OrderHead, Outcome, Partition, header, subject};
use futures::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use crate::session::Shared;

/// Wishes that may wait for one partition; they come from people.
const WAITING_MAX: usize = 16;

/// How long the answer may wait for the outcome, which takes milliseconds unless an attempt is under way or the partition's
/// consumer is being made anew. Less than the requester waits.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// A wish on its way to the session of its partition.
#[derive(Debug)]
pub struct Asked {
    /// What is wanted.
    pub release: command::Release,
    /// What it met.
    pub reply: oneshot::Sender<Met>,
}

/// What a wish met.
#[derive(Debug)]
pub enum Met {
    /// Another order is at the head, or none.
    NotAtHead,
    /// The order is given up; this tells how it ended.
    GivenUp(oneshot::Receiver<Ending>),
}

/// Those who wait for the outcome of an order that they gave up.
#[derive(Debug, Default)]
pub struct Waiters {
    waiting: Vec<(u64, oneshot::Sender<Ending>)>,
}

impl Waiters {
    /// One more for the order with sequence `intake`. Beyond `WAITING_MAX` the oldest is told nothing.
    pub fn add(&mut self, intake: u64) -> oneshot::Receiver<Ending> {
        self.waiting.retain(|(_, waiter)| !waiter.is_closed());
        if self.waiting.len() == WAITING_MAX {
            self.waiting.remove(0);
        }
        let (waiter, ending) = oneshot::channel();
        self.waiting.push((intake, waiter));
        ending
    }

    /// An outcome is stored.
    pub fn ended(&mut self, outcome: &Outcome) {
        for (_, waiter) in self.waiting.extract_if(.., |(intake, _)| *intake == outcome.intake) {
            // Whoever asked may have gone.
            let _ = waiter.send(outcome.ending.clone());
        }
    }

    /// Somebody else stored the outcome of the order with this sequence.
    pub fn overtaken(&mut self, intake: u64) {
        self.waiting.retain(|(waiting, _)| *waiting != intake);
    }
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

    /// Whether the stores of `partition` are served here.
    pub fn serves(&self, partition: Partition) -> bool {
        self.way(partition).is_some()
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
        limits: Limits { at_once_max: WAITING_MAX, waiting_max: WAITING_MAX },
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
    match accepted(shared, release.intake).await {
        Ok(Some(head)) if head.id() == release.order => {}
        Ok(Some(_)) => return told(Some(&release), 409, "another_order", "The sequence is that of another order."),
        Ok(None) => return told(Some(&release), 404, "order_unknown", "No order has this sequence."),
        Err(_) => return unconfirmed(&release),
    }
    match ask(&way, release.clone()).await {
        Some(Word::Ended(Ending::Injected { .. })) => told(
            Some(&release),
            409,
            "order_injected",
            "The attempt that was under way succeeded: the POS has the order.",
        ),
        Some(Word::Ended(Ending::NotInjected { command: Some(command), .. })) if command == release.id => {
            told(Some(&release), 202, "released", "The order has ended as not injected.")
        }
        Some(Word::Ended(Ending::NotInjected { .. })) => already_ended(&release),
        Some(Word::Pending) => {
            let message =
                "The order is given up, its outcome still to come; an attempt under way counts if it succeeds.";
            told(Some(&release), 202, "release_pending", message)
        }
        Some(Word::NotAtHead) => match is_over(shared, &release).await {
            Some(true) => already_ended(&release),
            Some(false) => told(Some(&release), 409, "not_at_head", "The order is not at the head of its queue."),
            None => unconfirmed(&release),
        },
        None => match is_over(shared, &release).await {
            Some(true) => already_ended(&release),
            Some(false) | None => unconfirmed(&release),
        },
    }
}

/// The order that `ORDERS` holds at `intake`.
async fn accepted(shared: &Shared, intake: u64) -> Result<Option<OrderHead>, bus::Error> {
    let stored = read::at_leader(&shared.chassis.bus.js, ORDERS.name, intake).await?;
    Ok(stored.and_then(|stored| serde_json::from_str(stored.header(header::ORDER_HEAD)?).ok()))
}

/// What a session tells of a wish within the limit.
enum Word {
    NotAtHead,
    Ended(Ending),
    Pending,
}

/// `None` when the session did not say, or ended before it could.
async fn ask(way: &mpsc::Sender<Asked>, release: command::Release) -> Option<Word> {
    let limit = tokio::time::Instant::now() + ANSWER_LIMIT;
    let (reply, answer) = oneshot::channel();
    way.try_send(Asked { release, reply }).ok()?;
    match tokio::time::timeout_at(limit, answer).await.ok()?.ok()? {
        Met::NotAtHead => Some(Word::NotAtHead),
        Met::GivenUp(ending) => match tokio::time::timeout_at(limit, ending).await {
            Ok(ending) => ending.ok().map(Word::Ended),
            Err(_elapsed) => Some(Word::Pending),
        },
    }
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

fn already_ended(release: &command::Release) -> IntakeReply {
    told(Some(release), 200, "already_ended", "The order has its outcome already.")
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
