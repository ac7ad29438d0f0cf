//! Stores over HTTP: reading a record with its revision, and changing it under a condition.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use bus::catalogue::{self, Versioned};
use bus::{ErrorKind, read};
use contract::store::by_key;
use contract::stream::STORES;
use contract::{StoreId, StoreRecord};

use super::{STORE_BYTES_MAX, body};
use crate::api::Api;
use crate::keys::KeyId;
use crate::reply::{Answer, ReplyCode};
use crate::stores::{self, Change, Condition, etag};

/// How long the answer to a change waits until this instance itself has taken it up, so that the next request of the
/// same sender meets it. The answer is the same without.
const TAKE_UP_LIMIT: Duration = Duration::from_secs(2);

type Id = Result<Path<String>, PathRejection>;

/// With which key it is asked, when keys are needed.
type With = Option<Extension<KeyId>>;

pub(super) async fn read(State(api): State<Arc<Api>>, id: Id) -> Response {
    let found = async {
        let id = store_id(id)?;
        api.reach_bus()?;
        current(&api, id).await?.ok_or_else(|| ReplyCode::StoreUnknown.into())
    };
    match found.await {
        Ok(store) => document(StatusCode::OK, &store),
        Err(answer) => Answer::into_response(answer),
    }
}

pub(super) async fn write(State(api): State<Arc<Api>>, with: With, id: Id, headers: HeaderMap, body: Body) -> Response {
    let wanted = async |headers: &HeaderMap| {
        let bytes = body::read(headers, body, STORE_BYTES_MAX).await?;
        stores::record(&bytes).map(Box::new).map(Change::Put)
    };
    respond(change(&api, with, id, &headers, wanted(&headers).await).await)
}

pub(super) async fn pause(State(api): State<Arc<Api>>, with: With, id: Id, headers: HeaderMap, body: Body) -> Response {
    let wanted = hold(&headers, body, true).await.map(Change::Pause);
    respond(change(&api, with, id, &headers, wanted).await)
}

pub(super) async fn disable(
    State(api): State<Arc<Api>>,
    with: With,
    id: Id,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let wanted = hold(&headers, body, false).await.map(Change::Disable);
    respond(change(&api, with, id, &headers, wanted).await)
}

pub(super) async fn resume(State(api): State<Arc<Api>>, with: With, id: Id, headers: HeaderMap) -> Response {
    respond(change(&api, with, id, &headers, Ok(Change::Resume)).await)
}

async fn hold(headers: &HeaderMap, body: Body, until_allowed: bool) -> Result<stores::Hold, Answer> {
    let bytes = body::read(headers, body, STORE_BYTES_MAX).await?;
    stores::hold(&bytes, until_allowed)
}

/// Carries a change out; returns the status and what is stored now.
async fn change(
    api: &Api,
    with: With,
    id: Id,
    headers: &HeaderMap,
    wanted: Result<Change, Answer>,
) -> Result<(StatusCode, Versioned), Answer> {
    let id = store_id(id)?;
    let wanted = wanted?;
    if !api.control.is_running() {
        return Err(ReplyCode::Paused.into());
    }
    api.reach_bus()?;
    let current = current(api, id).await?;
    let value =
        |name: HeaderName| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let condition = Condition { if_match: value(IF_MATCH), if_none_match: value(IF_NONE_MATCH) };
    let by = with.map_or_else(|| api.instance.id.to_string(), |Extension(key)| by_key(key.as_str()));
    let plan = stores::plan(id, current.as_ref(), wanted, &condition, chassis::now(), &by)?;
    let revision = catalogue::write(&api.bus.js, &plan.record, plan.expected).await.map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, store = id.0, "store not written");
        match error.kind() {
            ErrorKind::Conflict => ReplyCode::RevisionStale,
            ErrorKind::Unanswered => ReplyCode::Unconfirmed,
            _ => ReplyCode::BusUnavailable,
        }
    })?;
    tracing::info!(store = id.0, revision, state = plan.record.state.as_str(), "store changed");
    let mut progress = api.catalogue.progress();
    let _ = tokio::time::timeout(TAKE_UP_LIMIT, progress.wait_for(|progress| progress.revision >= revision)).await;
    let status = if plan.expected == 0 { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Versioned { record: plan.record, revision }))
}

fn store_id(id: Id) -> Result<StoreId, ReplyCode> {
    let Ok(Path(text)) = id else { return Err(ReplyCode::IdInvalid) };
    text.parse().ok().filter(|id| *id != StoreId::NONE).ok_or(ReplyCode::IdInvalid)
}

/// What the stream has, which may be newer than what this instance has taken up.
async fn current(api: &Api, id: StoreId) -> Result<Option<Versioned>, Answer> {
    let subject = contract::subject::store_anywhere(id);
    let last = read::last(&api.bus.js, STORES.name, &subject).await.map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, store = id.0, "store not read");
        ReplyCode::BusUnavailable
    })?;
    let Some(message) = last else { return Ok(None) };
    match serde_json::from_slice::<StoreRecord>(&message.payload) {
        Ok(record) => Ok(Some(Versioned { record, revision: message.sequence })),
        Err(error) => {
            tracing::error!(%error, store = id.0, "stored record cannot be read");
            Err(ReplyCode::Internal.into())
        }
    }
}

fn document(status: StatusCode, store: &Versioned) -> Response {
    (status, [(ETAG, etag(store.revision))], Json(&store.record)).into_response()
}

fn respond(changed: Result<(StatusCode, Versioned), Answer>) -> Response {
    match changed {
        Ok((status, store)) => document(status, &store),
        Err(answer) => answer.into_response(),
    }
}
