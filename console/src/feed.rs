//! The console's side of the bus. Besides the commands without a screen (`headless`, `demo`), which use its parts, the
//! only place that names `async_nats`.
//!
//! Two connections. One only observes, so that its account of received messages shows every loss exactly
//! (`observe`). The other one asks: it reads the streams at start and after each return (`history`), counts the
//! queues each second (`queues`) and runs effects (`requests`, `acting`), every change of the world through one guard (`guard`).
//! Whatever fails becomes an event; nothing here ends the program or blocks the client.

mod acting;
mod clients;
pub mod decode;
pub mod denied;
mod discovery;
pub mod guard;
pub mod history;
pub mod identity;
mod link;
mod listen;
mod observe;
mod queues;
mod replay;
pub mod requests;
pub mod route;
mod server;
mod waiting;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::{OrderId, UtcMs};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use self::queues::read as count_queues;
use crate::effect::{Effect, Planned};
use crate::event::{Answer, Done, Event, Trouble};

/// Events between the feed and the loop: a second of batches at full rate. When the loop is slower than that, taking
/// stops, the client's own buffer fills, and what it must drop is counted.
pub const EVENTS_MAX: usize = 64;

/// Messages that the observing client holds before it drops: several seconds of the highest rate measured.
pub const CLIENT_BUFFER: usize = 65_536;

/// Effects that run at the same time; further ones wait.
const EFFECTS_MAX: usize = 16;

/// How the feed behaves; tests make some of it smaller.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the bus is and how to be let in.
    pub target: bus::Target,
    /// Messages that the observing client holds before it drops.
    pub client_buffer: usize,
    /// Recent orders read at start.
    pub orders: u64,
    /// What may be done there, whatever is planned.
    pub policy: guard::Policy,
}

impl Settings {
    /// The usual settings for `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self::to(bus::Target::plain(url))
    }

    /// The usual settings for the bus that `target` leads to.
    pub fn to(target: bus::Target) -> Self {
        Self { target, client_buffer: CLIENT_BUFFER, orders: history::ORDERS_READ, policy: guard::Policy::default() }
    }

    /// A connection of ours under `name`.
    fn connection(&self, name: &str) -> bus::Settings {
        bus::Settings { access: self.target.access.clone(), ..bus::Settings::new(self.target.url.clone(), name) }
    }
}

/// The running feed. Dropping it stops its tasks.
#[derive(Debug)]
pub struct Feed {
    requests: bus::Connection,
    policy: Mutex<guard::Policy>,
    reread: Arc<Notify>,
    tail: watch::Sender<Option<String>>,
    events: mpsc::Sender<Event>,
    running: tokio::sync::Semaphore,
    tasks: tokio_util::task::TaskTracker,
    stop: tokio_util::sync::DropGuard,
}

/// What the link is, for the tasks that depend on it: the number of the connection when up.
pub(crate) type Up = watch::Receiver<Option<u64>>;

impl Feed {
    /// Connects in the background and starts to tell events; returns at once. An error means an unusable URL.
    pub async fn start(settings: &Settings, events: mpsc::Sender<Event>) -> Result<Self, bus::Error> {
        let observing = bus::Settings {
            subscription_capacity: settings.client_buffer,
            ..settings.connection("domicilio console (observes)")
        };
        let observing = bus::connect(&observing).await?;
        let requests = bus::connect(&settings.connection("domicilio console (asks)")).await?;

        let stop = CancellationToken::new();
        let tasks = tokio_util::task::TaskTracker::new();
        let (healthy_tell, healthy) = watch::channel(observe::Health::default());
        let (up_tell, up) = watch::channel(None);
        let reread = Arc::new(Notify::new());
        let (tail, tailed) = watch::channel(None);
        let spawn = |task: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
            let stop = stop.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = task => {}
                }
            });
        };
        spawn(Box::pin(observe::run(observing.clone(), settings.client_buffer, events.clone(), healthy_tell, tailed)));
        spawn(Box::pin(link::run(observing, requests.clone(), healthy, events.clone(), up_tell)));
        spawn(Box::pin(history::run(
            requests.clone(),
            settings.orders,
            up.clone(),
            Arc::clone(&reread),
            events.clone(),
        )));
        spawn(Box::pin(discovery::run(requests.clone(), up.clone(), events.clone())));
        spawn(Box::pin(queues::run(requests.clone(), up, events.clone())));
        tasks.close();
        let running = tokio::sync::Semaphore::new(EFFECTS_MAX);
        Ok(Self {
            requests,
            policy: Mutex::new(settings.policy.clone()),
            reread,
            tail,
            events,
            running,
            tasks,
            stop: stop.drop_guard(),
        })
    }

    /// The connection that asks.
    pub fn requests(&self) -> &bus::Connection {
        &self.requests
    }

    /// Runs an effect; its answer comes as an event. Returns when it is done.
    pub async fn run(&self, effect: Effect) {
        match effect {
            Effect::Reread => return self.reread.notify_one(),
            Effect::Tail(subject) => {
                self.tail.send_replace(subject);
                return;
            }
            _ => {}
        }
        // The semaphore is never closed.
        let Ok(_permit) = self.running.acquire().await else { return };
        if let Some(answer) = requests::run(&self.requests, effect).await {
            // The loop is gone when the program ends; then nobody waits for the answer.
            let _ = self.events.send(Event::Answer(answer)).await;
        }
    }

    /// Sends a change, if the guard lets it pass; returns with its answer. `payload` is the edited payload, where there is
    /// one.
    pub async fn act(&self, planned: &Planned, payload: Option<&str>) -> Result<Done, Trouble> {
        let policy = self.policy.lock().unwrap_or_else(PoisonError::into_inner).clone();
        acting::send(&self.requests, planned, payload, &policy, now()).await
    }

    /// An order's payload as it is, personal data and all: only for whoever is to edit it.
    pub async fn payload(&self, order: &OrderId) -> Result<Vec<u8>, Trouble> {
        requests::in_clear(&self.requests, order).await
    }

    /// Lets changes pass until then, where nothing may be changed else; `None` = no more.
    pub fn unlock(&self, until: Option<UtcMs>) {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner).unlock(until);
    }

    /// Tells the bus what was done.
    pub async fn tell(&self, subject: String, body: Vec<u8>) -> Result<(), Trouble> {
        acting::tell(&self.requests, subject, body).await
    }

    /// Hands the loop an answer that was not found here.
    pub async fn answer(&self, answer: Answer) {
        let _ = self.events.send(Event::Answer(answer)).await;
    }

    /// Stops and waits until every task has ended, at most `limit`.
    pub async fn stop(self, limit: Duration) {
        drop(self.stop);
        let _ = tokio::time::timeout(limit, self.tasks.wait()).await;
    }
}

/// The clock, read only here and in the runtime.
pub fn now() -> UtcMs {
    UtcMs::from(jiff::Timestamp::now())
}

/// An error with its causes, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let text = bus::error::chain(error);
    crate::sanitise::text(&text, crate::sanitise::SENTENCE_MAX)
}
