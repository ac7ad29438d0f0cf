//! A server of its own for each test, and a caller that speaks to it as a queue-resolver does.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pos_simulator::fault::Faults;
use pos_simulator::{LedgerLine, Simulator, Verdict, judge_file, ledger, server};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a condition may take to come true. Generous: machines that run tests are busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A payload of an invented order; the name in it must never be seen in a ledger.
pub(crate) const PAYLOAD: &str = r#"{"cabecera":[{"cliente":"Invented Person"}], "total": 139.76000000000002}"#;

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: PathBuf,
    client: Client,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    async fn start_in(folder: TempDir) -> Self {
        let ledger = folder.path().join("ledger.jsonl");
        let simulator = Simulator::open(&ledger, Duration::ZERO, Faults::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server::serve(listener, Arc::new(simulator), async { drop(stopped.await) }));
        Self { address, ledger, client: Client::new(), folder, stop, served }
    }

    /// Stops the server and starts another on the same ledger.
    pub(crate) async fn restart(self) -> Self {
        self.stop.send(()).unwrap();
        tokio::time::timeout(DEADLINE, self.served).await.expect("stops in time").unwrap();
        Self::start_in(self.folder).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// An order as a queue-resolver sends it.
    pub(crate) fn order(&self, store: u32, code: &str, attempt: u32, sequence: u64) -> RequestBuilder {
        order_to(&self.client, self.address, store, code).headers(
            [("domicilio-attempt", attempt.to_string()), ("domicilio-sequence", sequence.to_string())]
                .into_iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
        )
    }

    pub(crate) async fn set_fault(&self, store: u32, plan: &Value) {
        let url = self.url(&format!("/admin/faults/{store}"));
        let response = self.client.put(url).json(plan).send().await.unwrap();
        assert_eq!(response.status(), 200, "{plan}");
    }

    pub(crate) async fn heal(&self, store: u32) -> Value {
        let url = self.url(&format!("/admin/faults/{store}"));
        self.client.delete(url).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn faults(&self) -> Value {
        self.get("/admin/faults").send().await.unwrap().json().await.unwrap()
    }

    /// Waits until every fault that heals by itself has: each of its requests has come and has its turn or its end.
    pub(crate) async fn wait_until_healed(&self) {
        let start = Instant::now();
        loop {
            let faults = self.faults().await;
            if faults == Value::Object(serde_json::Map::new()) {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "still in force: {faults}");
        }
    }

    /// The verdict over HTTP, which must agree with the one over the file.
    pub(crate) async fn summary(&self) -> Verdict {
        let verdict = self.get("/admin/summary").send().await.unwrap().json().await.unwrap();
        assert_eq!(judge_file(&self.ledger).unwrap(), verdict);
        verdict
    }

    pub(crate) fn lines(&self) -> Vec<LedgerLine> {
        lines(&self.ledger)
    }

    /// Kind and fate of each line, as they are written.
    pub(crate) fn story(&self) -> Vec<String> {
        let word = |value: Value| value.as_str().unwrap().to_owned();
        let tell = |line: LedgerLine| {
            let (kind, fate) = (serde_json::to_value(line.kind).unwrap(), serde_json::to_value(line.fate).unwrap());
            format!("{} {}", word(kind), word(fate))
        };
        self.lines().into_iter().map(tell).collect()
    }

    /// Waits until `met` says yes to the story, and fails with the last one seen.
    pub(crate) async fn wait_for_story(&self, met: impl Fn(&[String]) -> bool) {
        let start = Instant::now();
        loop {
            let story = self.story();
            if met(&story) {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "the ledger came only to {story:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(crate) fn order_to(client: &Client, address: SocketAddr, store: u32, code: &str) -> RequestBuilder {
    client
        .post(format!("http://{address}/stores/{store}/orders"))
        .header("Idempotency-Key", format!("{store}.{code}"))
        .header("Domicilio-Order", format!("{store}.{code}"))
        .header("Domicilio-Store", store)
        .body(PAYLOAD)
}

pub(crate) fn lines(ledger: &Path) -> Vec<LedgerLine> {
    ledger::Lines::open(ledger).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Status and JSON of an answer.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    (status, response.json().await.unwrap())
}
