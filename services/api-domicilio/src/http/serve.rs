//! Connections: accepting a bounded number of them, giving up on slow heads, finishing what is in flight at the end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::tls::Tls;

/// Most connections at once; further ones wait in the kernel's backlog. Idle ones cost some 10 KiB each.
const CONNECTIONS_MAX: usize = 4_096;

/// How long the head of a request may take, and how long a connection may idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the end waits for requests in flight: longer than any answer may take.
const FINISH_LIMIT: Duration = Duration::from_secs(15);

/// Wait after a failed accept (too many open files): trying at once would only spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Serves until `stop` is cancelled and what was in flight is finished; over TLS only, when there is `tls`.
pub(crate) async fn serve(listener: TcpListener, router: Router, tls: Option<Arc<Tls>>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        let stream = match accepted {
            Ok((stream, _peer)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        // Answers are small and sent whole: nothing to gather.
        let _ = stream.set_nodelay(true);
        let (router, watcher) = (router.clone(), graceful.watcher());
        let (tls, stop) = (tls.clone(), stop.clone());
        tokio::spawn(async move {
            let _place = place;
            let Some(tls) = tls else { return converse(stream, router, watcher).await };
            let shaken = tokio::select! {
                () = stop.cancelled() => return,
                shaken = tls.accept(stream) => shaken,
            };
            match shaken {
                Ok(stream) => converse(stream, router, watcher).await,
                Err(error) => tracing::debug!(%error, "no handshake"),
            }
        });
    }
    // New connections are refused from here on.
    drop(listener);
    if tokio::time::timeout(FINISH_LIMIT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests in flight were cut off at the end");
    }
}

/// Answers requests on one connection until it ends.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, router: Router, watcher: Watcher) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection ended");
    }
}
