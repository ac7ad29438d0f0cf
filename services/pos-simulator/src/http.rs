//! The HTTP surface: orders by POST on any path, and `/admin` for whoever directs the play.
//!
//! Every error is JSON, `{"code":..,"pointer":"","message":..}`. An answer that must not be given (the store is down,
//! the reply is dropped) is a response marked [`HangUp`]: the server closes the connection in its place.

mod admin;
mod body;
mod delivery;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, put};
use contract::Fault;
use contract::order::Digest;
use serde::Serialize;
use tokio_util::task::TaskTracker;

use crate::decision::Reply;
use crate::simulator::Simulator;

/// Marks a response in whose place the connection is to be closed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection is closed on purpose")]
pub struct HangUp;

#[derive(Debug, Clone)]
struct Shared {
    simulator: Arc<Simulator>,
    /// Orders being taken: they go on when their caller goes away.
    orders: TaskTracker,
}

/// The routes. Orders run as tasks of `orders`, so that the server can wait for them when it stops.
pub fn router(simulator: Arc<Simulator>, orders: TaskTracker) -> Router {
    Router::new()
        .route("/admin/faults", get(admin::faults))
        .route("/admin/faults/{store}", put(admin::set_fault).delete(admin::heal))
        .route("/admin/summary", get(admin::summary))
        .fallback(order)
        .method_not_allowed_fallback(async |method: Method| method_not_allowed(&method))
        .with_state(Shared { simulator, orders })
}

/// Takes an order.
async fn order(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if path == "/admin" || path.starts_with("/admin/") {
        return refused(StatusCode::NOT_FOUND, "not_found", "There is no such path under /admin.");
    }
    if head.method != Method::POST {
        return method_not_allowed(&head.method);
    }
    // First of all, so that a caller is not cut off in the middle of a body that is refused for its headers.
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(error) => return refused(error.status(), error.code(), &error.to_string()),
    };
    let delivery = match delivery::read(path, &head.headers) {
        Ok(delivery) => delivery,
        Err(fault) => return json(StatusCode::BAD_REQUEST, &fault),
    };
    let sha256 = Digest::of(&body);
    drop(body);
    let simulator = Arc::clone(&shared.simulator);
    match shared.orders.spawn(async move { simulator.take(delivery, sha256).await }).await {
        Ok(Ok(reply)) => respond(reply),
        Ok(Err(error)) => internal(&error),
        Err(error) => internal(&error),
    }
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

fn respond(reply: Reply) -> Response {
    match reply {
        Reply::Accepted => json(StatusCode::CREATED, &Status { status: "accepted" }),
        Reply::AlreadyAccepted => json(StatusCode::CONFLICT, &Status { status: "already_accepted" }),
        Reply::Failure { status, retry_after_s } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            let (code, message) = if status.is_server_error() || retry_after_s.is_some() {
                ("unavailable", "The store cannot take the order now; try again later.")
            } else {
                ("refused", "The store refuses the order.")
            };
            let mut response = refused(status, code, message);
            if let Some(seconds) = retry_after_s {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
        Reply::HangUp => {
            let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
            response.extensions_mut().insert(HangUp);
            response
        }
    }
}

fn method_not_allowed(method: &Method) -> Response {
    refused(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        &format!("{method} does nothing here: orders come by POST, /admin takes GET, PUT and DELETE."),
    )
}

fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    json(status, &Fault::new(code, "", message))
}

/// Our own failure: the order did not take effect and the caller may try again.
fn internal(error: &(dyn std::error::Error + 'static)) -> Response {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    tracing::error!(%error, source, "a request failed");
    refused(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The simulator failed; its log tells why.")
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    (status, axum::Json(value)).into_response()
}
