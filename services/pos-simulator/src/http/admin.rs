//! `/admin`: faults set and ended while the simulator runs, and the judgement over the ledger.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use contract::StoreId;
use serde::Serialize;

use super::{Shared, body, internal, json, refused};
use crate::fault::Plan;

/// `GET /admin/faults`: what is in force, by store.
pub(super) async fn faults(State(shared): State<Shared>) -> Response {
    json(StatusCode::OK, &shared.simulator.faults())
}

/// `PUT /admin/faults/{store}`: from the next request on.
pub(super) async fn set_fault(State(shared): State<Shared>, Path(store): Path<String>, body: Body) -> Response {
    let store = match store_of(&store) {
        Ok(store) => store,
        Err(response) => return *response,
    };
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(error) => return refused(error.status(), error.code(), &error.to_string()),
    };
    match serde_json::from_slice::<Plan>(&body) {
        Ok(plan) if shared.simulator.set_fault(store, plan.clone()) => {
            tracing::info!(%store, ?plan, "fault set");
            json(StatusCode::OK, &plan)
        }
        Ok(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "too_many_stores", "Too many stores have a fault already."),
        Err(error) => refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fault", &error.to_string()),
    }
}

#[derive(Serialize)]
struct Healed {
    /// Whether there was a fault to end.
    healed: bool,
}

/// `DELETE /admin/faults/{store}`: the store is well again.
pub(super) async fn heal(State(shared): State<Shared>, Path(store): Path<String>) -> Response {
    match store_of(&store) {
        Ok(store) => {
            let healed = shared.simulator.heal(store);
            tracing::info!(%store, healed, "fault ended");
            json(StatusCode::OK, &Healed { healed })
        }
        Err(response) => *response,
    }
}

/// `GET /admin/summary`: judged from the ledger's file.
pub(super) async fn summary(State(shared): State<Shared>) -> Response {
    match tokio::task::spawn_blocking(move || shared.simulator.verdict()).await {
        Ok(Ok(verdict)) => json(StatusCode::OK, &verdict),
        Ok(Err(error)) => internal(&error),
        Err(error) => internal(&error),
    }
}

// Boxed because a response is large and the good way is the common one.
fn store_of(text: &str) -> Result<StoreId, Box<Response>> {
    text.parse().map_err(|error| Box::new(refused(StatusCode::BAD_REQUEST, "bad_store", &format!("{error}."))))
}
