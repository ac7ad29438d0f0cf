//! Calling a store's POS: one HTTP POST, bounded, its answer judged by [`crate::verdict`].

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use contract::event::FailReason;
use contract::{OrderHead, header};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use crate::settings::PosLimits;
use crate::verdict::{Failure, Verdict, of_status};

/// Idle connections kept to one POS: a lane uses one at a time, a takeover may briefly add another.
const IDLE_PER_HOST: usize = 2;

/// The HTTP client for all stores.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
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
    /// A client with these limits. Follows no redirect, uses no proxy.
    pub fn new(limits: &PosLimits) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(limits.deadline)
            .connect_timeout(limits.connect)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .pool_idle_timeout(Duration::from_secs(30))
            .no_proxy()
            .build()?;
        Ok(Self { http })
    }

    /// Posts once. The answer's body is never read: its text might hold personal data, and its status says all.
    pub async fn post(&self, call: Call<'_>) -> Verdict {
        let order = call.order.id().to_string();
        let mut request = self
            .http
            .post(call.url)
            .header(CONTENT_TYPE, "application/json")
            .header(header::IDEMPOTENCY_KEY, &order)
            .header(header::POS_ORDER, &order)
            .header(header::POS_STORE, call.order.store.to_string())
            .header(header::POS_ATTEMPT, call.attempt)
            .header(header::POS_SEQUENCE, call.intake);
        if call.order.test {
            request = request.header(header::POS_TEST, "true");
        }
        if let Some(traceparent) = call.traceparent {
            request = request.header(header::TRACEPARENT, traceparent);
        }
        match request.body(call.payload).send().await {
            Ok(response) => {
                let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let after_ms = after.and_then(|text| text.trim().parse::<u64>().ok()).map(|s| s.saturating_mul(1_000));
                of_status(response.status().as_u16(), after_ms)
            }
            Err(error) => Verdict::Failed(of_error(&error)),
        }
    }
}

fn of_error(error: &reqwest::Error) -> Failure {
    let (reason, what) = if error.is_connect() {
        (FailReason::Unreachable, "POS not reachable")
    } else if error.is_timeout() {
        (FailReason::Timeout, "POS did not answer in time")
    } else if error.is_builder() {
        (FailReason::NoPos, "the POS's URL cannot be used")
    } else {
        (FailReason::ConnectionLost, "connection broke before the POS answered")
    };
    // The kind of the innermost I/O error tells refused from unreachable; it holds no data of the order.
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Failure::new(reason, format!("{what} ({})", io.kind()));
        }
        source = inner.source();
    }
    Failure::new(reason, what)
}
