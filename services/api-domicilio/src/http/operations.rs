//! What operators and machines ask of the process itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::api::Api;

/// The published interface.
pub(super) const OPENAPI: &str = include_str!("../../openapi.json");

/// The process lives; says nothing of the bus, so that an outage of the bus restarts nobody.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether orders can be taken here, and if not, what is missing.
pub(super) async fn readyz(State(api): State<Arc<Api>>) -> Response {
    let (bus, streams) = (api.bus.is_up(), api.streams_seen());
    let (stores, running) = (api.stores_ready(), api.control.is_running());
    let ready = bus && streams && stores && running;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = json!({"ready": ready, "bus": bus, "streams": streams, "stores": stores, "running": running});
    (status, Json(told)).into_response()
}

pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Response {
    let text = api.metrics.text(api.bus.is_up(), api.stores_revision());
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

pub(super) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
