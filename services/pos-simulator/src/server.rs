//! The server loop: connections in, requests to the router, a connection closed where the router says so.
//!
//! `axum::serve` always answers; a POS that is down does not. Hence a loop of our own around hyper.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::http::{HangUp, router};
use crate::simulator::Simulator;

/// Most connections at a time; more wait in the listener's backlog. Below the usual limit of open files (1,024 on
/// many systems) less what the program itself needs.
pub const CONNECTIONS_MAX: usize = 960;

/// Longest time for a request's head to come in, in seconds, idle time before it included. Longer than callers keep
/// idle connections (90 s is usual), so that none sends into a connection that is just being closed.
const HEAD_S_MAX: u64 = 120;

/// How long requests in progress may go on after the stop, in milliseconds. A slow store may take longer: what it
/// has not taken by then never took effect, and nobody was told otherwise.
pub const STOP_MS_MAX: u64 = 2_000;

/// Pause after the system refused a connection, in milliseconds: it lacks something (mostly file handles) that only
/// time brings back.
const ACCEPT_PAUSE_MS: u64 = 50;

/// Serves `simulator` on `listener` until `stop` is there, then ends what is in progress.
pub async fn serve(listener: TcpListener, simulator: Arc<Simulator>, stop: impl Future<Output = ()>) {
    let orders = TaskTracker::new();
    let router = router(simulator, orders.clone());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(HEAD_S_MAX));
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);

    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the system refused a connection; trying again");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                continue;
            }
        };
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let answer = router.clone().oneshot(request.map(axum::body::Body::new) as Request);
            async move { unless_hung_up(answer.await) }
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // An error here is a caller that went away or a hang-up on purpose: neither is ours to mend.
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection ended");
            }
            drop(place);
        });
    }

    drop(listener);
    orders.close();
    let ended = async {
        graceful.shutdown().await;
        orders.wait().await;
    };
    if tokio::time::timeout(Duration::from_millis(STOP_MS_MAX), ended).await.is_err() {
        tracing::info!(orders = orders.len(), "stopped with requests in progress");
    }
}

/// An error makes hyper close the connection without an answer.
fn unless_hung_up(answer: Result<Response, Infallible>) -> Result<Response, HangUp> {
    match answer {
        Ok(response) if response.extensions().get::<HangUp>().is_some() => Err(HangUp),
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}
