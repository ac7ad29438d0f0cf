//! Calling a store's POS: one HTTP POST, over TLS where its URL says so, bounded, its answer judged by [`crate::verdict`].

pub(crate) mod address;
mod connector;
pub(crate) mod trust;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::event::FailReason;
use contract::{OrderHead, header};
use http_body_util::Full;
use hyper::Request;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper_util::client::legacy::{self, Client as HttpClient};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio_rustls::rustls::ClientConfig;

use self::address::Address;
use self::connector::Connector;
use crate::settings::PosLimits;
use crate::verdict::{Failure, Verdict, of_status};

/// How long a connection that nothing is sent on is kept.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The HTTP client for all stores. Follows no redirect, least of all one away from TLS, and uses no proxy.
#[derive(Debug, Clone)]
pub struct Client {
    http: HttpClient<Connector, Full<Bytes>>,
    tls: Arc<ClientConfig>,
    deadline: Duration,
}

/// What is posted.
#[derive(Debug)]
pub struct Call<'a> {
    /// Where to.
    pub url: &'a str,
    /// The order.
    pub order: &'a OrderHead,
    /// Its sequence in `ORDERS`.
    pub intake: u64,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Trace context from intake.
    pub traceparent: Option<&'a str>,
    /// The payload as it came.
    pub payload: Bytes,
}

impl Client {
    /// A client with these limits. It trusts the system's authorities and those in the file `authorities`, PEM; errors name
    /// that file.
    pub fn new(limits: &PosLimits, authorities: Option<&Path>) -> anyhow::Result<Self> {
        let tls = trust::config(authorities)?;
        let http = HttpClient::builder(TokioExecutor::new())
            // Many stores may be behind one address. There are never more than were in use at the same time.
            .pool_max_idle_per_host(limits.at_once)
            .pool_idle_timeout(IDLE_MAX)
            .pool_timer(TokioTimer::new())
            .build(Connector::new(tls.clone(), limits.connect));
        Ok(Self { http, tls: Arc::new(tls), deadline: limits.deadline })
    }

    /// How TLS is spoken to a POS.
    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }

    /// Posts once. The answer's body is never read: its text might hold personal data, and its status says all.
    pub async fn post(&self, call: Call<'_>) -> Verdict {
        let Some(request) = request(call) else {
            return Verdict::Failed(Failure::new(FailReason::NoPos, "the POS's URL cannot be used"));
        };
        match tokio::time::timeout(self.deadline, self.http.request(request)).await {
            Ok(Ok(response)) => {
                let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let after_ms = after.and_then(|text| text.trim().parse::<u64>().ok()).map(|s| s.saturating_mul(1_000));
                of_status(response.status().as_u16(), after_ms)
            }
            Ok(Err(error)) => Verdict::Failed(of_error(&error)),
            Err(_elapsed) => Verdict::Failed(Failure::new(FailReason::Timeout, "POS did not answer in time")),
        }
    }
}

/// The request; none when nothing can be posted to its URL.
fn request(call: Call<'_>) -> Option<Request<Full<Bytes>>> {
    let address = Address::of(call.url)?;
    let order = call.order.id().to_string();
    let mut request = Request::post(address.uri)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "*/*")
        .header(header::IDEMPOTENCY_KEY, &order)
        .header(header::POS_ORDER, &order)
        .header(header::POS_STORE, call.order.store.to_string())
        .header(header::POS_ATTEMPT, call.attempt)
        .header(header::POS_SEQUENCE, call.intake);
    if let Some(login) = address.login {
        request = request.header(AUTHORIZATION, login);
    }
    if call.order.test {
        request = request.header(header::POS_TEST, "true");
    }
    if let Some(traceparent) = call.traceparent {
        request = request.header(header::TRACEPARENT, traceparent);
    }
    request.body(Full::new(call.payload)).ok()
}

fn of_error(error: &legacy::Error) -> Failure {
    let (reason, what) = if error.is_connect() {
        (FailReason::Unreachable, "POS not reachable")
    } else {
        (FailReason::ConnectionLost, "connection broke before the POS answered")
    };
    if let Some(tls) = trust::failure(error) {
        return match trust::distrust(tls) {
            Some(why) => Failure::new(FailReason::Untrusted, format!("the POS's certificate is not trusted: {why}")),
            None => Failure::new(reason, format!("{what} (TLS: {tls})")),
        };
    }
    // The kind of the first I/O error tells refused from unreachable; it holds no data of the order.
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Failure::new(reason, format!("{what} ({})", io.kind()));
        }
        source = inner.source();
    }
    Failure::new(reason, what)
}
