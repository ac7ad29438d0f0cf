//! Command `ping-pos`: calls a store's POS from where its orders are injected, without giving it one, and tells each step.
//!
//! Every call makes a connection of its own, so that it meets what a first attempt would meet, and no lane waits for it.

use std::fmt::Display;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::service::Request;
use bytes::Bytes;
use chassis::admission::Limits;
use chassis::command::{Duty, respond};
use contract::command::{PingPart, PingPos, PingPosReply, PingStep, Verb};
use contract::{Fault, StoreId};
use futures::FutureExt as _;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::pos::address::Address;
use crate::pos::trust;
use crate::session::Shared;

/// Calls at once, and waiting: they come from people, and each holds a socket that attempts could have.
const LIMITS: Limits = Limits { at_once_max: 4, waiting_max: 16 };

/// How long a call may take, all steps together: less than requesters usually wait (`nats req`: 5 s). An attempt may have longer.
const CALL_LIMIT: Duration = Duration::from_secs(4);

/// Addresses of one name that are tried, in turn.
const ADDRESSES_MAX: usize = 8;

/// Longest detail of a step, in characters.
const DETAIL_MAX: usize = 120;

/// The command as the services API serves it.
pub(crate) fn duty(shared: &Arc<Shared>) -> Duty {
    let shared = Arc::clone(shared);
    Duty {
        verb: Verb::PingPos,
        limits: LIMITS,
        handle: Arc::new(move |request: Request| {
            let shared = Arc::clone(&shared);
            async move {
                let reply = answer(&shared, &request.message.payload).await;
                tracing::info!(code = reply.code, store = reply.store.map(|store| store.0), "ping-pos");
                respond(&request, &reply).await;
            }
            .boxed()
        }),
    }
}

async fn answer(shared: &Shared, body: &[u8]) -> PingPosReply {
    let told = |status, code: &str, message: &str, store: Option<StoreId>| PingPosReply {
        v: contract::VERSION,
        status,
        code: code.to_owned(),
        message: message.to_owned(),
        store,
        by: Some(shared.chassis.instance.origin()),
        owner: store.is_some_and(|store| shared.releases.serves(store.partition())),
        origin: None,
        steps: Vec::new(),
        pos_status: None,
        faults: Vec::new(),
    };
    let Ok(PingPos { store }) = serde_json::from_slice(body) else {
        let fault = Fault::new("body_invalid", "/store", r#"Expected a body such as {"store":72}."#);
        return PingPosReply { faults: vec![fault], ..told(400, "body_invalid", "The command cannot be read.", None) };
    };
    let Some(entry) = shared.catalogue.get(store) else {
        return told(404, "store_unknown", "This instance knows no such store.", Some(store));
    };
    let called = call(&entry.record.pos_url, shared.pos.tls(), CALL_LIMIT).await;
    let (code, message) = match called.pos_status {
        Some(_) => ("pos_answered", "The POS answered."),
        None => ("pos_failed", "The POS did not answer; the last step tells why."),
    };
    PingPosReply {
        origin: called.origin,
        steps: called.steps,
        pos_status: called.pos_status,
        ..told(200, code, message, Some(store))
    }
}

/// What came of a call.
#[derive(Debug, Default)]
struct Called {
    origin: Option<String>,
    steps: Vec<PingStep>,
    pos_status: Option<u16>,
}

impl Called {
    /// Does one step and notes it; `None` when it failed or was not done by `until`.
    async fn step<T>(
        &mut self,
        part: PingPart,
        until: Instant,
        work: impl Future<Output = Result<(T, String), String>>,
    ) -> Option<T> {
        let begun = Instant::now();
        let done = tokio::time::timeout_at(until, work).await.unwrap_or_else(|_elapsed| Err("not in time".to_owned()));
        let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (value, ok, detail) = match done {
            Ok((value, detail)) => (Some(value), true, detail),
            Err(why) => (None, false, why),
        };
        let detail = detail.chars().filter(|c| !c.is_control()).take(DETAIL_MAX).collect();
        self.steps.push(PingStep { step: part, took_us, ok, detail });
        value
    }
}

fn because(error: impl Display) -> String {
    error.to_string()
}

/// Calls `url` within `limit`, as attempts do: see `crate::pos`.
async fn call(url: &str, tls: Arc<ClientConfig>, limit: Duration) -> Called {
    let until = Instant::now() + limit;
    let mut called = Called::default();
    let Some(address) = Address::of(url) else {
        let failed = async { Err::<((), _), _>("the POS's URL cannot be used".to_owned()) };
        called.step(PingPart::Resolve, until, failed).await;
        return called;
    };
    // Without what else may stand in a URL, such as a password.
    called.origin = Some(address.origin());
    let resolved = called.step(PingPart::Resolve, until, resolve(&address.host, address.port)).await;
    let Some(addresses) = resolved else { return called };
    let Some(stream) = called.step(PingPart::Connect, until, connect(&addresses)).await else { return called };
    if address.secure {
        let secured = called.step(PingPart::Tls, until, secure(stream, &address.host, tls)).await;
        let Some(stream) = secured else { return called };
        called.pos_status = called.step(PingPart::Http, until, ask(stream, &address)).await;
    } else {
        called.pos_status = called.step(PingPart::Http, until, ask(stream, &address)).await;
    }
    called
}

async fn resolve(host: &str, port: u16) -> Result<(Vec<SocketAddr>, String), String> {
    let found: Vec<SocketAddr> = lookup_host((host, port)).await.map_err(because)?.take(ADDRESSES_MAX).collect();
    match found.len() {
        0 => Err("no address".to_owned()),
        1 => Ok((found, "1 address".to_owned())),
        count => Ok((found, format!("{count} addresses"))),
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, String), String> {
    let stream = TcpStream::connect(addresses).await.map_err(|error| error.kind().to_string())?;
    let peer = stream.peer_addr().map_err(because)?;
    Ok((stream, peer.to_string()))
}

/// Shakes hands; what was agreed, or why the certificate is not trusted.
async fn secure(
    stream: TcpStream,
    host: &str,
    tls: Arc<ClientConfig>,
) -> Result<(TlsStream<TcpStream>, String), String> {
    let name = ServerName::try_from(host.to_owned()).map_err(because)?;
    let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(|error| match trust::failure(&error) {
        Some(failure) => match trust::distrust(failure) {
            Some(why) => format!("certificate not trusted: {why}"),
            None => failure.to_string(),
        },
        None => error.kind().to_string(),
    })?;
    let version = stream.get_ref().1.protocol_version().and_then(|version| version.as_str());
    Ok((stream, version.unwrap_or("agreed").to_owned()))
}

/// `HEAD`: asks for nothing, and must change nothing. Any answer will do.
async fn ask<S>(stream: S, address: &Address) -> Result<(u16, String), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(because)?;
    let request = hyper::Request::head(address.target())
        .header(hyper::header::HOST, address.host_header())
        .header(hyper::header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(because)?;
    let mut answer = pin!(sender.send_request(request));
    // The connection must be driven for the answer to come, and need not end with it.
    let answer = tokio::select! {
        answer = &mut answer => answer,
        _ended = connection => answer.await,
    };
    let status = answer.map_err(because)?.status();
    Ok((status.as_u16(), status.to_string()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers one request with `answer`, or with nothing for ever; its address, and what it was asked.
    async fn server(answer: Option<&'static str>) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).await.unwrap();
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        (address, asked)
    }

    /// Trusts nobody.
    fn nobody() -> Arc<ClientConfig> {
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let roots = tokio_rustls::rustls::RootCertStore::empty();
        Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
    }

    fn seen(called: &Called) -> Vec<(PingPart, bool)> {
        called.steps.iter().map(|step| (step.step, step.ok)).collect()
    }

    #[tokio::test]
    async fn a_pos_is_asked_for_nothing_and_any_answer_counts() {
        for (answer, status) in [
            // One that goes on holding the connection.
            ("HTTP/1.1 204 No Content\r\n\r\n", 204),
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200),
            ("HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\n\r\n", 405),
            ("HTTP/1.0 503 Busy\r\n\r\n", 503),
        ] {
            let (address, asked) = server(Some(answer)).await;
            let called =
                call(&format!("http://user:hunter2@{address}/stores/7/orders?x=1"), nobody(), CALL_LIMIT).await;
            assert_eq!(called.pos_status, Some(status), "{called:?}");
            assert_eq!(called.origin, Some(format!("http://{address}")));
            let parts = [PingPart::Resolve, PingPart::Connect, PingPart::Http].map(|part| (part, true));
            assert_eq!(seen(&called), parts);
            let asked = asked.await.unwrap();
            assert!(asked.starts_with("HEAD /stores/7/orders?x=1 HTTP/1.1\r\n"), "{asked}");
            assert!(!asked.contains("hunter2") && asked.ends_with("\r\n\r\n"), "no body, no password: {asked}");
        }
    }

    #[tokio::test]
    async fn the_last_step_tells_what_failed() {
        let short = Duration::from_millis(200);
        let (silent, _held) = server(None).await;
        let (garbled, _) = server(Some("220 mail ready\r\n")).await;
        let (secret, _) = server(None).await;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        for (url, last, steps) in [
            ("no url".to_owned(), PingPart::Resolve, 1),
            (format!("http://{free}/"), PingPart::Connect, 2),
            (format!("https://{secret}/"), PingPart::Tls, 3),
            (format!("http://{silent}/"), PingPart::Http, 3),
            (format!("http://{garbled}/"), PingPart::Http, 3),
        ] {
            let called = call(&url, nobody(), short).await;
            assert_eq!(called.pos_status, None, "{url}: {called:?}");
            assert_eq!((seen(&called).last(), called.steps.len()), (Some(&(last, false)), steps), "{url}: {called:?}");
            assert!(called.steps.iter().rev().skip(1).all(|step| step.ok), "{url}: {called:?}");
        }
    }
}
