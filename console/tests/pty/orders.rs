//! The bus as the services would fill it, with invented orders.

use async_nats::HeaderMap;
use contract::event::FailReason;
use contract::order::{Channel, Digest, Ending, Format, Origin};
use contract::store::StoreState;
use contract::{OrderHead, Outcome, QueueEntry, StoreId, StoreRecord, VERSION, header, subject};
use tempfile::TempDir;

use crate::now;

const STORE: StoreId = StoreId(72);

/// A private nats-server with our streams, and a connection to it.
pub(crate) struct Bus {
    pub(crate) server: bus::server::Server,
    connection: bus::Connection,
    _folder: TempDir,
}

impl Bus {
    pub(crate) async fn start() -> Self {
        let bus = Self::start_bare().await;
        let profile = bus::topology::Profile { replicas: 1, storage_percent: 1 };
        bus::topology::ensure(&bus.connection.js, profile).await.unwrap();
        bus
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Waits until our own connection is back after a restart.
    pub(crate) async fn up(&self) {
        self.connection.up().await;
    }

    /// Publishes as anybody may, and waits until the server has it.
    pub(crate) async fn say(&self, subject: &str, headers: HeaderMap, body: Vec<u8>) {
        let client = &self.connection.client;
        client.publish_with_headers(subject.to_owned(), headers, body.into()).await.unwrap();
        client.flush().await.unwrap();
    }

    /// The connection that publishes.
    pub(crate) const fn client(&self) -> &async_nats::Client {
        &self.connection.client
    }

    /// A nats-server without our streams.
    pub(crate) async fn start_bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = bus::server::Server::start(folder.path()).await.unwrap();
        let connection = bus::connect(&bus::Settings::new(server.url(), "pty-test")).await.unwrap();
        connection.up().await;
        Self { server, connection, _folder: folder }
    }

    pub(crate) async fn publish(&self, subject: String, headers: HeaderMap, body: Vec<u8>) -> u64 {
        let sent = self.connection.js.publish_with_headers(subject, headers, body.into()).await.unwrap();
        sent.await.unwrap().sequence
    }

    async fn publish_json(&self, subject: String, message: &impl serde::Serialize) -> u64 {
        self.publish(subject, HeaderMap::new(), serde_json::to_vec(message).unwrap()).await
    }

    pub(crate) async fn store(&self, id: u32, code: &str, name: &str) {
        let record = StoreRecord {
            v: VERSION,
            id: StoreId(id),
            code: code.to_owned(),
            name: name.to_owned(),
            country: "ec".parse().unwrap(),
            pos_url: "http://127.0.0.1:9/pos".to_owned(),
            time_zone: None,
            state: StoreState::Open,
            reason: None,
            until: None,
            labels: std::collections::BTreeMap::new(),
            changed_at: Some(now()),
            changed_by: None,
            extra: std::collections::BTreeMap::new(),
        };
        self.publish_json(subject::store(record.country, record.id), &record).await;
    }

    /// Accepts an order, as api-domicilio does; tells its sequence.
    pub(crate) async fn accept(&self, code: &str) -> u64 {
        self.accept_with(code, std::str::from_utf8(&payload(code)).unwrap()).await
    }

    /// The same, with this payload.
    pub(crate) async fn accept_with(&self, code: &str, payload: &str) -> u64 {
        let head = head(code, payload.as_bytes());
        let mut headers = HeaderMap::new();
        headers.insert(header::ORDER_HEAD, serde_json::to_string(&head).unwrap());
        self.publish(subject::order(&head), headers, payload.as_bytes().to_vec()).await
    }

    /// Hands it over, as the distribuidor does.
    pub(crate) async fn queue(&self, code: &str, intake: u64) {
        let entry = QueueEntry {
            v: VERSION,
            order: head(code, &payload(code)),
            intake,
            queued_at: now(),
            by: origin("distribuidor-1"),
            term: 1,
        };
        self.publish_json(subject::queue(STORE), &entry).await;
    }

    /// Injects it, as a queue-resolver does.
    pub(crate) async fn inject(&self, code: &str, intake: u64) {
        self.end(code, intake, Ending::Injected { already: false }).await;
    }

    /// Gives it up, as a queue-resolver does when the POS refuses it.
    pub(crate) async fn give_up(&self, code: &str, intake: u64) {
        let detail = "POS answered 422".to_owned();
        self.end(code, intake, Ending::NotInjected { reason: FailReason::Refused, detail, command: None }).await;
    }

    async fn end(&self, code: &str, intake: u64, ending: Ending) {
        let outcome = Outcome {
            v: VERSION,
            order: head(code, &payload(code)),
            intake,
            watermark: intake,
            queue_seq: 1,
            partition: STORE.partition(),
            epoch: 1,
            queued_at: now(),
            queued_by: origin("distribuidor-1"),
            attempts: 1,
            first_attempt_at: Some(now()),
            last_attempt_at: Some(now()),
            pos_ms: Some(12),
            at: now(),
            by: origin("queue-resolver-1"),
            ending,
        };
        self.publish_json(subject::outcome(outcome.order.country, STORE), &outcome).await;
    }
}

pub(crate) fn origin(instance: &str) -> Origin {
    Origin { instance: instance.parse().unwrap(), cloud: "aws".parse().unwrap() }
}

fn payload(code: &str) -> Vec<u8> {
    format!(r#"{{"cabecera":[{{"codigoApp":"{code}","codRestaurante":72,"nombresCliente":"Persona Ejemplo"}}]}}"#)
        .into()
}

pub(crate) fn head(code: &str, body: &[u8]) -> OrderHead {
    OrderHead {
        v: VERSION,
        country: "ec".parse().unwrap(),
        store: STORE,
        code: code.parse().unwrap(),
        channel: Channel::Delivery,
        format: Format::Delivery,
        received_at: now(),
        by: origin("api-domicilio-1"),
        total: None,
        lines: 1,
        loyalty: None,
        test: false,
        again: 0,
        sha256: Digest::of(body),
        bytes: u32::try_from(body.len()).unwrap(),
    }
}
