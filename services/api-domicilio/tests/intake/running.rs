//! A nats-server and an api-domicilio of a test's own, and what tests ask of them.

use std::process::Stdio;
use std::time::Duration;

use bus::server::Server;
use contract::UtcMs;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// How long a condition may take to become true on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const DELIVERY: &str = include_str!("../samples/delivery.json");
pub(crate) const PICKUP: &str = include_str!("../samples/pickup.json");
pub(crate) const DELIVERY_PATH: &str = "/api/restApp/pedidoApp";
pub(crate) const PICKUP_PATH: &str = "/pickup/api/v3/pedidoApp";

/// A private bus in a folder of its own.
pub(crate) struct Bus {
    pub(crate) server: Server,
    pub(crate) connection: bus::Connection,
    _folder: TempDir,
}

impl Bus {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path()).await.unwrap();
        Self::around(server, folder).await
    }

    /// On a port that somebody already tries to reach.
    pub(crate) async fn start_on(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = bus::server::find().unwrap();
        let server = Server::start_with(&program, folder.path(), Some(port)).await.unwrap();
        Self::around(server, folder).await
    }

    async fn around(server: Server, folder: TempDir) -> Self {
        let connection = bus::connect(&bus::Settings::new(server.url(), "test")).await.unwrap();
        tokio::time::timeout(PATIENCE, connection.up()).await.unwrap();
        Self { server, connection, _folder: folder }
    }

    /// The last message of `stream` under `subject`.
    pub(crate) async fn last(&self, stream: &str, subject: &str) -> bus::read::Stored {
        bus::read::last(&self.connection.js, stream, subject).await.unwrap().unwrap()
    }

    /// How many messages `stream` holds.
    pub(crate) async fn count(&self, stream: &str) -> u64 {
        bus::read::extent(&self.connection.js, stream).await.unwrap().messages
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) etag: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) challenge: Option<String>,
}

impl Told {
    async fn read(response: Response) -> Self {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, etag, retry_after) = (response.status().as_u16(), header("etag"), header("retry-after"));
        let challenge = header("www-authenticate");
        let text = response.text().await.unwrap();
        Self { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)), etag, retry_after, challenge }
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// A running api-domicilio; stops with the test.
pub(crate) struct Api {
    pub(crate) listen: String,
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    http: reqwest::Client,
}

impl Api {
    /// Starts one and waits until it takes orders for store 72.
    pub(crate) async fn ready(bus: &Bus) -> Self {
        let api = Self::start(&bus.server.url()).await;
        api.until_ready().await;
        let created = api.send(Method::PUT, "/api/stores/72", &[], store(72).to_string()).await;
        assert_eq!(created.status, 201, "{created:?}");
        api
    }

    /// Starts one; the bus need not be there.
    pub(crate) async fn start(nats_url: &str) -> Self {
        Self::start_with(nats_url, &[]).await
    }

    /// Starts one with `more` flags.
    pub(crate) async fn start_with(nats_url: &str, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_api-domicilio"))
            .args(["--listen", "127.0.0.1:0", "--stop-on-stdin-close", "--storage-percent", "2", "--country", "ec"])
            .args(["--nats-url", nats_url])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        tokio::time::timeout(PATIENCE, stdout.read_line(&mut line)).await.unwrap().unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let stdin = child.stdin.take();
        Self { listen: told["listen"].as_str().unwrap().to_owned(), child, stdin, http: reqwest::Client::new() }
    }

    pub(crate) async fn until_ready(&self) {
        until("ready", async || {
            let told = self.get("/readyz").await;
            (told.status == 200).then_some(()).ok_or(told)
        })
        .await;
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Told {
        let mut request = self.http.request(method, format!("http://{}{path}", self.listen)).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Told::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Told {
        self.send(Method::POST, path, &[], body).await
    }

    /// Sends a delivery order with this code.
    pub(crate) async fn order(&self, code: &str) -> Told {
        self.post(DELIVERY_PATH, delivery(code)).await
    }
}

/// The delivery sample under another code.
pub(crate) fn delivery(code: &str) -> String {
    DELIVERY.replace("0000700101-070101", code)
}

/// A store's record as operators send it.
pub(crate) fn store(id: u32) -> Value {
    json!({"id": id, "code": "K024", "name": "LOCAL INVENTADO", "country": "ec", "pos_url": "http://127.0.0.1:9/", "kiosk": true})
}

pub(crate) fn now() -> UtcMs {
    chassis::now()
}

/// Waits until `look` succeeds; fails with the last state seen.
pub(crate) async fn until<T, S: std::fmt::Debug>(what: &str, look: impl AsyncFn() -> Result<T, S>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(value) => return value,
            Err(seen) => assert!(tokio::time::Instant::now() < deadline, "{what}: last seen {seen:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
