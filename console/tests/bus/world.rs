//! A private bus with our streams on it, and messages of invented orders.

use std::time::Duration;

use bus::server::Server;
use bus::topology::{self, Profile};
use contract::event::FailReason;
use contract::order::{Channel, Digest, Ending, Format, Origin};
use contract::{OrderHead, Outcome, QueueEntry, StoreId, StoreRecord, UtcMs, VERSION, header, subject};
use domicilio::event::Event;
use domicilio::feed;
use domicilio::state::{Lang, State};
use domicilio::update::update;
use tokio::sync::mpsc;

/// How long anything here may take on a loaded machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) bus: bus::Connection,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path()).await.unwrap();
        let bus = bus::connect(&bus::Settings::new(server.url(), "test")).await.unwrap();
        bus.up().await;
        // One per cent of the full size: the server reserves what a stream may hold.
        topology::ensure(&bus.js, Profile { replicas: 1, storage_percent: 1 }).await.unwrap();
        Self { server, bus, folder }
    }

    /// One that stands already; `folder` is the server's.
    pub(crate) fn on(server: Server, bus: bus::Connection, folder: tempfile::TempDir) -> Self {
        Self { server, bus, folder }
    }

    /// A folder of its own, gone at the end.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    async fn store(&self, subject: String, headers: async_nats::HeaderMap, body: Vec<u8>) -> u64 {
        let sent = self.bus.js.publish_with_headers(subject, headers, body.into()).await.unwrap();
        sent.await.unwrap().sequence
    }

    /// Stores a record; returns its revision.
    pub(crate) async fn store_record(&self, record: &StoreRecord) -> u64 {
        let subject = subject::store(record.country, record.id);
        self.store(subject, async_nats::HeaderMap::new(), serde_json::to_vec(record).unwrap()).await
    }

    /// Accepts the `n`th order; returns its sequence.
    pub(crate) async fn accept(&self, n: u32, payload: &[u8]) -> u64 {
        let head = head(n);
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(header::ORDER_HEAD, serde_json::to_string(&head).unwrap());
        self.store(subject::order(&head), headers, payload.to_vec()).await
    }

    /// Hands the `n`th order over.
    pub(crate) async fn queue(&self, n: u32, intake: u64) {
        let entry = QueueEntry {
            v: VERSION,
            order: head(n),
            intake,
            queued_at: head(n).received_at.plus_millis(3),
            by: by("distribuidor-1"),
            term: 1,
        };
        let body = serde_json::to_vec(&entry).unwrap();
        self.store(subject::queue(entry.order.store), async_nats::HeaderMap::new(), body).await;
    }

    /// Gives the `n`th order up.
    pub(crate) async fn fail(&self, n: u32, intake: u64) {
        let ending =
            Ending::NotInjected { reason: FailReason::Refused, detail: "POS answered 409".to_owned(), command: None };
        let outcome = Outcome { ending, ..outcome(head(n), intake) };
        let body = serde_json::to_vec(&outcome).unwrap();
        let subject = subject::outcome(outcome.order.country, outcome.order.store);
        self.store(subject, async_nats::HeaderMap::new(), body).await;
    }

    /// Ends the `n`th order well.
    pub(crate) async fn end(&self, n: u32, intake: u64) {
        let outcome = outcome(head(n), intake);
        let body = serde_json::to_vec(&outcome).unwrap();
        let subject = subject::outcome(outcome.order.country, outcome.order.store);
        self.store(subject, async_nats::HeaderMap::new(), body).await;
    }
}

pub(crate) fn by(instance: &str) -> Origin {
    Origin { instance: instance.parse().unwrap(), cloud: "aws".parse().unwrap() }
}

pub(crate) fn outcome(order: OrderHead, intake: u64) -> Outcome {
    Outcome {
        v: VERSION,
        intake,
        watermark: intake,
        queue_seq: intake,
        partition: order.store.partition(),
        epoch: 1,
        queued_at: order.received_at.plus_millis(3),
        queued_by: by("distribuidor-1"),
        attempts: 1,
        first_attempt_at: None,
        last_attempt_at: None,
        pos_ms: Some(12),
        at: order.received_at.plus_millis(20),
        by: by("queue-resolver-1"),
        ending: Ending::Injected { already: false },
        order,
    }
}

/// The `n`th order, received now; its store is 72 or 73.
pub(crate) fn head(n: u32) -> OrderHead {
    OrderHead {
        v: VERSION,
        country: "ec".parse().unwrap(),
        store: StoreId(72 + n % 2),
        code: format!("B-{n:04}").parse().unwrap(),
        channel: Channel::Delivery,
        format: Format::Delivery,
        received_at: UtcMs::from_millis(started() + i64::from(n)),
        by: by("api-1"),
        total: None,
        lines: 1,
        loyalty: None,
        test: false,
        again: 0,
        sha256: Digest::of(&n.to_be_bytes()),
        bytes: 2,
    }
}

/// The same moment for every order of a run.
fn started() -> i64 {
    static AT: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    *AT.get_or_init(|| feed::now().as_millis())
}

pub(crate) fn record(id: u32) -> StoreRecord {
    serde_json::from_value(serde_json::json!({
        "id": id, "code": format!("K{id:03}"), "name": "EL NORTE", "country": "ec", "pos_url": "http://127.0.0.1:9/",
    }))
    .unwrap()
}

/// A console without a screen.
pub(crate) struct Console {
    pub(crate) state: State,
    pub(crate) feed: feed::Feed,
    pub(crate) events: mpsc::Receiver<Event>,
}

impl Console {
    pub(crate) async fn start(settings: &feed::Settings) -> Self {
        let (tell, events) = mpsc::channel(feed::EVENTS_MAX);
        let feed = feed::Feed::start(settings, tell).await.unwrap();
        Self { state: State::new(feed::now(), Lang::Es, 1), feed, events }
    }

    /// Takes events, and runs their effects, until the state is as wanted; reports the last state otherwise.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&State) -> bool) {
        let end = tokio::time::Instant::now() + LIMIT;
        while !wanted(&self.state) {
            let Ok(event) = tokio::time::timeout_at(end, self.events.recv()).await else {
                let State { link, reading, traffic, queues, .. } = &self.state;
                panic!("{what} did not come; {link:?} {reading:?} {traffic:?} {queues:?}");
            };
            let mut effects = update(&mut self.state, Event::Tick(feed::now()));
            effects.extend(update(&mut self.state, event.unwrap()));
            for effect in effects {
                self.feed.run(effect).await;
            }
        }
    }
}
