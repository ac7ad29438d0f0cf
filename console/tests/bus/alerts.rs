//! The real `domicilio watch --alerts` against a real bus and a real HTTP server that refuses, asks to wait, and takes.

use std::collections::VecDeque;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse as _;
use axum::routing::any;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificates::certificates;
use crate::world::{LIMIT, World, record};

type Hook = (VecDeque<(u16, Option<u64>)>, mpsc::UnboundedSender<(String, HeaderMap, Value)>);

/// A chat service that answers as told, then with 200; tells what it got.
async fn chat(answers: &[(u16, Option<u64>)]) -> (String, mpsc::UnboundedReceiver<(String, HeaderMap, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (format!("http://{address}"), serve(listener, answers))
}

/// The same on a socket that is there.
fn serve(listener: TcpListener, answers: &[(u16, Option<u64>)]) -> mpsc::UnboundedReceiver<(String, HeaderMap, Value)> {
    let (tell, got) = mpsc::unbounded_channel();
    let hook: Arc<Mutex<Hook>> = Arc::new(Mutex::new((answers.iter().copied().collect(), tell)));
    let take = |State(hook): State<Arc<Mutex<Hook>>>, uri: Uri, headers: HeaderMap, body: String| async move {
        let mut hook = hook.lock().unwrap();
        hook.1.send((uri.path().to_owned(), headers, serde_json::from_str(&body).unwrap())).unwrap();
        let (status, after) = hook.0.pop_front().unwrap_or((200, None));
        let after = after.map(|seconds| [("retry-after", seconds.to_string())]);
        (StatusCode::from_u16(status).unwrap(), after.into_iter().collect::<HeaderMapOf>().0, "").into_response()
    };
    let app = Router::new().fallback(any(take)).with_state(hook);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    got
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

/// `watch --alerts` for that address.
fn command(world: &World, address: &str) -> Command {
    let settings = world.folder().join("watch.toml");
    let text =
        format!("[alerts]\nurl = \"{address}/bot{{token}}/sendMessage\"\nchat-id = \"-100\"\nmin-interval = \"5s\"\n");
    std::fs::write(&settings, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.args(["watch", "--alerts", "--lang", "en"]).env("NATS_URL", world.server.url());
    command.env("XDG_STATE_HOME", world.folder()).env("DOMICILIO_CONFIG", &settings);
    command.env("DOMICILIO_ALERT_TOKEN", "1:secret-token").stderr(Stdio::piped()).stdin(Stdio::null());
    command
}

/// A bus on which one order was not injected.
async fn troubled() -> World {
    let world = World::start().await;
    world.store_record(&record(72)).await;
    let intake = world.accept(1, br#"{"nombresCliente":"zzsecret"}"#).await;
    world.fail(1, intake).await;
    world
}

/// Waits until the program's log says so.
async fn logged(world: &World, words: &str) {
    let all = || -> String {
        let files = std::fs::read_dir(world.folder().join("domicilio")).into_iter().flatten().flatten();
        files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect()
    };
    let said = async {
        while !all().contains(words) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, said).await.is_ok(), "{words} was not said: {}", all());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_person_arrives_once_however_the_service_behaves() {
    let world = troubled().await;
    let (address, mut got) = chat(&[(503, None), (429, Some(1))]).await;
    let mut command = command(&world, &address);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_service_that_is_down_gets_it_when_it_is_back() {
    let world = troubled().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let _watch = Watch(command(&world, &format!("http://{address}")).spawn().unwrap());
    logged(&world, "an alert did not arrive").await;
    let mut got = serve(TcpListener::bind(address).await.unwrap(), &[]);
    let (path, _, body) = tokio::time::timeout(LIMIT, got.recv()).await.unwrap().unwrap();
    assert_eq!(path, "/bot1:secret-token/sendMessage");
    assert!(body["text"].as_str().unwrap().contains("✖ Not injected: 1 · the oldest"), "{body}");
}

/// What a chat service that speaks TLS met.
#[derive(Debug, PartialEq)]
enum Met {
    /// A request, with its body.
    Request(String, Value),
    /// Somebody who did not trust it.
    Distrust,
}

/// A chat service behind the certificate in `folder`, which takes everything.
async fn secret_chat(folder: &Path) -> (String, mpsc::UnboundedReceiver<Met>) {
    let chain = vec![CertificateDer::from_pem_file(folder.join("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, met) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = tell.send(meet(&acceptor, stream).await.unwrap_or(Met::Distrust));
        }
    });
    (format!("https://{address}"), met)
}

/// Takes one request; an error when no secret was agreed on.
async fn meet(acceptor: &TlsAcceptor, stream: TcpStream) -> std::io::Result<Met> {
    let mut stream = acceptor.accept(stream).await?;
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            let path = head.split(' ').nth(1).unwrap().to_owned();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await?;
            stream.shutdown().await?;
            return Ok(Met::Request(path, body));
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_tls_gets_it_when_its_certificate_is_trusted_and_not_else() {
    let (ours, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificates(ours.path(), &["127.0.0.1"]);
    certificates(others.path(), &["127.0.0.1"]);
    for (trusted, name) in [(true, &ours), (false, &others)] {
        let world = troubled().await;
        let (address, mut met) = secret_chat(ours.path()).await;
        let mut command = command(&world, &address);
        // The system's certificates, as far as this program goes.
        command.env("SSL_CERT_FILE", name.path().join("ca.pem")).env_remove("SSL_CERT_DIR");
        let _watch = Watch(command.spawn().unwrap());
        match tokio::time::timeout(LIMIT, met.recv()).await.unwrap().unwrap() {
            Met::Request(path, body) if trusted => {
                assert_eq!((path.as_str(), &body["chat_id"]), ("/bot1:secret-token/sendMessage", &"-100".into()));
            }
            Met::Distrust if !trusted => logged(&world, "an alert did not arrive").await,
            other => panic!("trusted: {trusted}, {other:?}"),
        }
    }
}
