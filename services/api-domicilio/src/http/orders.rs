//! Orders over HTTP: taking them in both formats, and telling where one is.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use contract::header::TRACEPARENT;
use contract::order::Format;

use super::{ORDER_BYTES_MAX, body};
use crate::api::Api;
use crate::intake;
use crate::reply::{Answer, ReplyCode};
use crate::status::{self, Asked, NoStatus};

/// How long finding an order's state may take in all; it is at most five reads.
const STATUS_LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn take_delivery(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    take(&api, Format::Delivery, &headers, body).await
}

pub(super) async fn take_pickup(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    take(&api, Format::Pickup, &headers, body).await
}

async fn take(api: &Api, format: Format, headers: &HeaderMap, body: Body) -> Answer {
    let started = std::time::Instant::now();
    match body::read(headers, body, ORDER_BYTES_MAX).await {
        Ok(bytes) => {
            let traceparent = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
            intake::take(api, format, bytes, traceparent).await
        }
        Err(code) => {
            let answer = code.into();
            api.metrics.answered(format, &answer, started.elapsed());
            answer
        }
    }
}

pub(super) async fn status(State(api): State<Arc<Api>>, id: Result<Path<String>, PathRejection>) -> Response {
    let Some(asked) = id.ok().and_then(|Path(id)| Asked::read(&id)) else {
        return ReplyCode::IdInvalid.into_response();
    };
    if let Err(code) = api.reach_bus() {
        return code.into_response();
    }
    match tokio::time::timeout(STATUS_LIMIT, status::of(&api.bus.js, &asked)).await {
        Ok(Ok(status)) => Json(status).into_response(),
        Ok(Err(NoStatus::Unknown)) => ReplyCode::OrderUnknown.into_response(),
        Ok(Err(NoStatus::Ambiguous)) => ReplyCode::OrderAmbiguous.into_response(),
        Ok(Err(NoStatus::Bus(error))) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "order's state not found out");
            ReplyCode::BusUnavailable.into_response()
        }
        Err(_elapsed) => ReplyCode::BusUnavailable.into_response(),
    }
}
