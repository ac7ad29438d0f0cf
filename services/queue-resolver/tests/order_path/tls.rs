//! POS behind TLS: whom a resolver trusts, and what becomes of the orders for those whom it does not.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use contract::command::{PingPart, PingPosReply};
use contract::event::{FailReason, PosState};
use contract::{EventKind, OrderHead};
use queue_resolver::pos::{Call, Client};
use queue_resolver::settings::PosLimits;
use queue_resolver::verdict::Verdict;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::deployment::{Deployment, eventually};
use crate::events;

/// A certificate that vouches for itself, and how to show it.
struct Shown {
    pem: String,
    config: Arc<ServerConfig>,
}

fn certificate(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Shown {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut parameters);
    let made = parameters.self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    Shown { pem: made.pem(), config: Arc::new(config) }
}

/// Speaks TLS, with the certificate of the moment, before a server that does not.
struct Front {
    address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
}

impl Front {
    async fn before(server: SocketAddr, shown: &Shown) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(Mutex::new(Arc::clone(&shown.config)));
        let current = Arc::clone(&config);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::clone(&current.lock().unwrap()));
                tokio::spawn(async move {
                    let mut secured = acceptor.accept(stream).await?;
                    let mut plain = TcpStream::connect(server).await?;
                    tokio::io::copy_bidirectional(&mut secured, &mut plain).await
                });
            }
        });
        Self { address, config }
    }

    fn show(&self, shown: &Shown) {
        *self.config.lock().unwrap() = Arc::clone(&shown.config);
    }
}

/// Answers what each connection says first with `answer`; how many orders there were.
async fn answering(answer: &'static str) -> (SocketAddr, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let is_open = |said: &[u8]| said.is_empty() || said.starts_with(b"POST ") && !said.ends_with(b"{}");
            while is_open(&request) && stream.read_buf(&mut request).await.unwrap_or(0) > 0 {}
            *count.lock().unwrap() += usize::from(request.starts_with(b"POST "));
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, asked)
}

fn client(folder: &Path, trusted: &str) -> Client {
    let file = folder.join("authorities.pem");
    std::fs::write(&file, trusted).unwrap();
    let limits = PosLimits { at_once: 8, deadline: Duration::from_secs(30), connect: Duration::from_millis(500) };
    Client::new(&limits, Some(&file)).unwrap()
}

async fn post(client: &Client, url: &str) -> Verdict {
    let head = include_str!("../../../contract/tests/golden/order_head.json");
    let order: OrderHead = serde_json::from_str(head).unwrap();
    let payload = Bytes::from_static(b"{}");
    client.post(Call { url, order: &order, intake: 7, attempt: 1, traceparent: None, payload }).await
}

#[tokio::test]
async fn only_a_certificate_that_is_trusted_gets_an_order() {
    let folder = tempfile::tempdir().unwrap();
    let (pos, asked) = answering("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await;
    let good = certificate("localhost", |_| {});
    let old = certificate("localhost", |of| of.not_after = date_time_ymd(2020, 1, 1));
    let early = certificate("localhost", |of| of.not_before = date_time_ymd(4000, 1, 1));
    let elsewhere = certificate("elsewhere.example", |_| {});
    let unknown = certificate("localhost", |of| of.distinguished_name = DistinguishedName::new());
    let namesake = certificate("localhost", |_| {});
    let client = client(folder.path(), &[&*good.pem, &*old.pem, &*early.pem, &*elsewhere.pem].concat());

    for (shown, why) in [
        (&unknown, "its authority is not known here"),
        (&namesake, "its authority is not known here"),
        (&old, "it has expired"),
        (&early, "it is not valid yet"),
        (&elsewhere, "it is for another name"),
    ] {
        let front = Front::before(pos, shown).await;
        let verdict = post(&client, &format!("https://localhost:{}/orders", front.address.port())).await;
        let Verdict::Failed(failure) = verdict else { panic!("{why}: {verdict:?}") };
        assert_eq!(failure.reason, FailReason::Untrusted, "{failure:?}");
        assert_eq!(failure.detail, format!("the POS's certificate is not trusted: {why}"));
    }
    assert_eq!(*asked.lock().unwrap(), 0, "nothing was sent");

    let front = Front::before(pos, &good).await;
    let verdict = post(&client, &format!("https://localhost:{}/orders", front.address.port())).await;
    assert_eq!(verdict, Verdict::Done { already: false });
    assert_eq!(*asked.lock().unwrap(), 1);
}

#[tokio::test]
async fn nothing_leads_away_from_tls_and_a_handshake_without_end_delivered_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shown = certificate("localhost", |_| {});
    let client = client(folder.path(), &shown.pem);

    let (plain, taken) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let answer = format!("HTTP/1.1 {status}\r\nlocation: http://{plain}/orders\r\ncontent-length: 0\r\n\r\n");
        let (pos, asked) = answering(answer.leak()).await;
        let front = Front::before(pos, &shown).await;
        let verdict = post(&client, &format!("https://localhost:{}/orders", front.address.port())).await;
        let Verdict::Failed(failure) = verdict else { panic!("{status}: {verdict:?}") };
        assert_eq!((failure.reason, *asked.lock().unwrap()), (FailReason::PosError, 1), "{failure:?}");
    }
    // One that speaks no TLS gets nothing either.
    let (mute, _held) = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (listener.local_addr().unwrap(), listener)
    };
    for server in [plain, mute] {
        let verdict = post(&client, &format!("https://localhost:{}/orders", server.port())).await;
        let Verdict::Failed(failure) = verdict else { panic!("{verdict:?}") };
        assert_eq!(failure.reason, FailReason::Unreachable, "{failure:?}");
    }
    assert_eq!(*taken.lock().unwrap(), 0, "nothing was sent without TLS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_wait_for_a_pos_that_is_not_trusted_until_its_certificate_is_renewed() {
    let mut deployment = Deployment::start(0).await;
    let simulator: SocketAddr = deployment.pos.trim_start_matches("http://").parse().unwrap();
    let (good, bad) = (certificate("localhost", |_| {}), certificate("localhost", |_| {}));
    let authorities = deployment.path("authorities.pem");
    std::fs::write(&authorities, &good.pem).unwrap();
    for id in ["queue-resolver-1", "queue-resolver-2"] {
        deployment.signal(id, "TERM").await;
        deployment.service_with("queue-resolver", id, &["--pos-ca", authorities.to_str().unwrap()]);
    }
    let (first, second) = (Front::before(simulator, &good).await, Front::before(simulator, &bad).await);
    for (store, front) in [(1, &first), (2, &second)] {
        let url = format!("https://localhost:{}/stores/{store}/orders", front.address.port());
        deployment.put_store(store, &url, None).await;
    }
    deployment.order(1, "t1").await;
    deployment.order(2, "u1").await;
    deployment.order(2, "u2").await;
    deployment.injected(1).await;

    eventually("the POS of store 2 is down for its certificate", async || {
        let events = events(&deployment).await;
        let down = events.iter().find_map(|event| match event {
            EventKind::Pos { store, state: PosState::Down, detail, .. } if store.0 == 2 => Some(detail.clone()),
            _ => None,
        });
        down.filter(|detail| detail.contains("its authority is not known here")).ok_or(events)
    })
    .await;
    let untrusted =
        |event: &&EventKind| matches!(event, EventKind::AttemptFailed { reason: FailReason::Untrusted, .. });
    assert!(events(&deployment).await.iter().filter(untrusted).count() >= 2, "told as what it is");
    assert_eq!((deployment.depth(2).await, deployment.verdict().accepted), (2, 1), "nothing is lost, nothing was sent");

    // Asked by whoever answers: both trust the same.
    for (store, last, ok) in [(1, PingPart::Http, true), (2, PingPart::Tls, false)] {
        let body = format!(r#"{{"store":{store}}}"#);
        let subject = "domicilio.cmd.queue-resolver.queue-resolver-1.ping-pos";
        let answer = deployment.connection.client.request(subject, body.into()).await.unwrap();
        let reply: PingPosReply = serde_json::from_slice(&answer.payload).unwrap();
        let step = reply.steps.last().unwrap();
        assert_eq!((step.step, step.ok), (last, ok), "{reply:?}");
        let tls = reply.steps.iter().find(|step| step.step == PingPart::Tls).unwrap();
        let said = if ok { "TLSv1_3" } else { "certificate not trusted: its authority is not known here" };
        assert_eq!(tls.detail, said);
    }

    second.show(&good);
    let verdict = deployment.injected(3).await;
    assert_eq!((verdict.accepted, verdict.fifo_violations, verdict.duplicates), (3, 0, 0), "{verdict:?}");
}
