//! What a supervisor and Prometheus ask of a service that has no HTTP of its own: `/livez`, `/readyz`, `/metrics`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use contract::heartbeat::Load;
use tokio::time::Instant;
use tower::limit::GlobalConcurrencyLimitLayer;

use crate::figures::{self, Common};
use crate::{Control, Instance, Trouble};

/// How long the heartbeat may stand still, with the bus or without it, before the process counts as stuck: it turns every
/// second, and one turn waits two seconds for the bus at most.
const TURNS_WITHIN: Duration = Duration::from_secs(10);

/// Requests worked on at the same time: one supervisor and a few scrapers ask, each now and then.
const REQUESTS_MAX: usize = 16;

/// Where the probes are answered.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct ProbeArgs {
    /// Address for /livez, /readyz and /metrics over HTTP, open to whoever reaches it; default: none
    #[arg(long, env = "DOMICILIO_PROBE_LISTEN", value_name = "ADDRESS")]
    pub probe_listen: Option<SocketAddr>,
}

/// How the service reads its load, and the revision of the stores taken up.
pub(crate) type Read = Arc<dyn Fn() -> (Load, Option<u64>) + Send + Sync>;

/// Signs of life.
#[derive(Default)]
pub(crate) struct Vitals {
    /// When the heartbeat last turned.
    turned: Mutex<Option<Instant>>,
    /// Whether the streams were seen.
    streams: AtomicBool,
    read: OnceLock<Read>,
}

impl std::fmt::Debug for Vitals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vitals")
    }
}

impl Vitals {
    /// The heartbeat goes on.
    pub(crate) fn turn(&self) {
        *self.turned.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// The streams are there.
    pub(crate) fn streams_seen(&self) {
        self.streams.store(true, Ordering::Relaxed);
    }

    /// From now on the load can be read.
    pub(crate) fn exposes(&self, read: Read) {
        let _ = self.read.set(read);
    }

    /// Whether the process does what it always does. Before the first turn it is still starting.
    fn lives(&self) -> bool {
        let turned = *self.turned.lock().unwrap_or_else(PoisonError::into_inner);
        turned.is_none_or(|turned| turned.elapsed() < TURNS_WITHIN)
    }
}

/// Whose probes they are.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) instance: Arc<Instance>,
    pub(crate) bus: bus::Connection,
    pub(crate) control: Control,
    pub(crate) trouble: Trouble,
    pub(crate) vitals: Arc<Vitals>,
}

/// Answers on `address` until the process ends; the address that was taken.
pub(crate) async fn answer(asked: Asked, address: SocketAddr) -> anyhow::Result<SocketAddr> {
    let listener =
        tokio::net::TcpListener::bind(address).await.with_context(|| format!("listening for probes on {address}"))?;
    let taken = listener.local_addr().context("the address for probes")?;
    let routes = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .layer(GlobalConcurrencyLimitLayer::new(REQUESTS_MAX))
        .with_state(asked);
    tracing::info!(%taken, "answering probes");
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "probes are no longer answered");
        }
    });
    Ok(taken)
}

/// Says nothing of the bus, so that an outage of the bus restarts nobody.
async fn livez(State(asked): State<Asked>) -> (StatusCode, &'static str) {
    if asked.vitals.lives() { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "stuck\n") }
}

/// Whether it can work here, and if not, what is missing. A standby is ready: it can take over.
async fn readyz(State(asked): State<Asked>) -> Response {
    let (bus, running) = (asked.bus.is_up(), asked.control.is_running());
    let streams = asked.vitals.streams.load(Ordering::Relaxed);
    let ready = bus && streams && running;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = serde_json::json!({"ready": ready, "bus": bus, "streams": streams, "running": running});
    (status, Json(told)).into_response()
}

async fn metrics(State(asked): State<Asked>) -> Response {
    let common = Common {
        bus_up: asked.bus.is_up(),
        running: asked.control.is_running(),
        trouble: asked.trouble.sentence().is_some(),
    };
    let load = asked.vitals.read.get().map(|read| read().0);
    let text = figures::text(asked.instance.service, common, load.as_ref());
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_heartbeat_that_stands_still_is_no_sign_of_life() {
        let vitals = Vitals::default();
        assert!(vitals.lives(), "starting");
        vitals.turn();
        tokio::time::advance(TURNS_WITHIN.saturating_sub(Duration::from_millis(1))).await;
        assert!(vitals.lives());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!vitals.lives());
        vitals.turn();
        assert!(vitals.lives());
    }
}
