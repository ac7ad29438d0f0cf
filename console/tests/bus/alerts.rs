//! The real `domicilio watch --alerts` against a real bus and a real HTTP server that refuses, asks to wait, and takes.

use std::collections::VecDeque;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse as _;
use axum::routing::any;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::world::{LIMIT, World, record};

type Hook = (VecDeque<(u16, Option<u64>)>, mpsc::UnboundedSender<(String, HeaderMap, Value)>);

/// A chat service that answers as told, then with 200; tells what it got.
async fn chat(answers: &[(u16, Option<u64>)]) -> (String, mpsc::UnboundedReceiver<(String, HeaderMap, Value)>) {
    let (tell, got) = mpsc::unbounded_channel();
    let hook: Arc<Mutex<Hook>> = Arc::new(Mutex::new((answers.iter().copied().collect(), tell)));
    let take = |State(hook): State<Arc<Mutex<Hook>>>, uri: Uri, headers: HeaderMap, body: String| async move {
        let mut hook = hook.lock().unwrap();
        hook.1.send((uri.path().to_owned(), headers, serde_json::from_str(&body).unwrap())).unwrap();
        let (status, after) = hook.0.pop_front().unwrap_or((200, None));
        let after = after.map(|seconds| [("retry-after", seconds.to_string())]);
        (StatusCode::from_u16(status).unwrap(), after.into_iter().collect::<HeaderMapOf>().0, "").into_response()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(any(take)).with_state(hook);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (format!("http://{address}"), got)
}

/// The running program; it does not outlive its test.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Headers from the one that may be there.
struct HeaderMapOf(HeaderMap);

impl FromIterator<[(&'static str, String); 1]> for HeaderMapOf {
    fn from_iter<I: IntoIterator<Item = [(&'static str, String); 1]>>(all: I) -> Self {
        let mut map = HeaderMap::new();
        for [(name, value)] in all {
            map.insert(name, value.parse().unwrap());
        }
        Self(map)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_person_arrives_once_however_the_service_behaves() {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    let intake = world.accept(1, br#"{"nombresCliente":"zzsecret"}"#).await;
    world.fail(1, intake).await;
    let (address, mut got) = chat(&[(503, None), (429, Some(1))]).await;
    let settings = world.folder().join("watch.toml");
    let text =
        format!("[alerts]\nurl = \"{address}/bot{{token}}/sendMessage\"\nchat-id = \"-100\"\nmin-interval = \"5s\"\n");
    std::fs::write(&settings, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.args(["watch", "--alerts", "--lang", "en"]).env("NATS_URL", world.server.url());
    command.env("XDG_STATE_HOME", world.folder()).env("DOMICILIO_CONFIG", &settings);
    command.env("DOMICILIO_ALERT_TOKEN", "1:secret-token").stderr(Stdio::piped()).stdin(Stdio::null());
    let mut watch = Watch(command.spawn().unwrap());
    let process = rustix::process::Pid::from_child(&watch.0);
    let mut said = watch.0.stderr.take().unwrap();
    for attempt in 1..=3 {
        let (path, _, body) = tokio::time::timeout(LIMIT, got.recv()).await.unwrap().unwrap();
        assert_eq!(path, "/bot1:secret-token/sendMessage");
        assert_eq!(body["chat_id"], "-100", "attempt {attempt}");
        let said = body["text"].as_str().unwrap();
        assert!(said.starts_with("DOMICILIO") && said.contains("✖ Not injected: 1 · the oldest"), "{said}");
        assert!(!said.contains("zzsecret"));
    }
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    let ended = tokio::task::spawn_blocking(move || {
        let mut told = String::new();
        said.read_to_string(&mut told).unwrap();
        (watch.0.wait().unwrap(), told)
    });
    let (status, told) = ended.await.unwrap();
    assert_eq!(status.code(), Some(0), "{told}");
    assert!(!told.contains("secret-token"), "{told}");
    for file in std::fs::read_dir(world.folder().join("domicilio")).unwrap().flatten() {
        let log = std::fs::read_to_string(file.path()).unwrap_or_default();
        assert!(!log.contains("secret-token"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_there_is_nothing_to_watch_for() {
    let world = World::start().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.args(["watch", "--alerts"]).env("NATS_URL", world.server.url()).env("HOME", world.folder());
    command.env("XDG_STATE_HOME", world.folder()).env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
