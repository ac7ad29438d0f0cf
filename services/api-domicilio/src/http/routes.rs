//! Every route as data. The router is built from this table, and the published interface is held against it.

use std::sync::Arc;

use axum::routing::{MethodRouter, get, post, put};

use super::{operations, orders, stores};
use crate::api::Api;
use crate::keys::Scope;
use crate::reply::ReplyCode as R;

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// `GET`, `POST` or `PUT`.
    pub method: &'static str,
    /// Path, with `{id}` for a part that varies.
    pub path: &'static str,
    /// Statuses of answers that are documents of their own.
    pub documents: &'static [u16],
    /// Every other answer, but the ones that any request may get ([`ANYWHERE`]).
    pub codes: &'static [R],
    /// What the bearer of a token must have; nothing where everybody may ask.
    pub scope: Option<Scope>,
    /// Whether it counts against the limit of requests at once; what operators watch does not.
    pub limited: bool,
    pub(super) handler: fn() -> MethodRouter<Arc<Api>>,
}

impl Route {
    /// Every answer that is no document, but the ones that any request may get.
    pub fn answers(&self) -> impl Iterator<Item = R> {
        let limited = if self.limited { LIMITED } else { &[] };
        let guarded = if self.scope.is_some() { GUARDED } else { &[] };
        self.codes.iter().chain(limited).chain(guarded).copied()
    }

    /// Every HTTP status that it may answer with, in order.
    pub fn statuses(&self) -> Vec<u16> {
        let mut statuses: Vec<u16> = self.answers().map(R::status).chain(self.documents.iter().copied()).collect();
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}

/// Answers that any path may give: no such path, wrong method, a defect.
pub const ANYWHERE: &[R] = &[R::NotFound, R::MethodNotAllowed, R::Internal];

/// Answers of the limit on requests at once.
const LIMITED: &[R] = &[R::Overloaded];

/// Answers to who is not let in.
const GUARDED: &[R] = &[R::TokenMissing, R::TokenUnknown, R::TokenExpired, R::ScopeMissing, R::RateExceeded];

const TAKE: &[R] = &[
    R::Accepted,
    R::AlreadyAccepted,
    R::MalformedJson,
    R::BodyIncomplete,
    R::BodyTimeout,
    R::IdentityConflict,
    R::BodyTooLarge,
    R::EncodingUnsupported,
    R::InvalidPayload,
    R::Paused,
    R::BusUnavailable,
    R::Unconfirmed,
    R::StorageFull,
];

const CHANGE: &[R] = &[
    R::MalformedJson,
    R::BodyIncomplete,
    R::IdInvalid,
    R::StoreUnknown,
    R::BodyTimeout,
    R::RevisionStale,
    R::BodyTooLarge,
    R::EncodingUnsupported,
    R::InvalidStore,
    R::RevisionRequired,
    R::Paused,
    R::BusUnavailable,
    R::Unconfirmed,
];

const PUT: &[R] = &[
    R::MalformedJson,
    R::BodyIncomplete,
    R::IdInvalid,
    R::BodyTimeout,
    R::RevisionStale,
    R::BodyTooLarge,
    R::EncodingUnsupported,
    R::InvalidStore,
    R::RevisionRequired,
    R::Paused,
    R::BusUnavailable,
    R::Unconfirmed,
];

const RESUME: &[R] = &[
    R::IdInvalid,
    R::StoreUnknown,
    R::RevisionStale,
    R::InvalidStore,
    R::RevisionRequired,
    R::Paused,
    R::BusUnavailable,
    R::Unconfirmed,
];

/// All routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: "POST",
        path: "/api/restApp/pedidoApp",
        documents: &[],
        codes: TAKE,
        scope: Some(Scope::OrdersWrite),
        limited: true,
        handler: || post(orders::take_delivery),
    },
    Route {
        method: "POST",
        path: "/pickup/api/v3/pedidoApp",
        documents: &[],
        codes: TAKE,
        scope: Some(Scope::OrdersWrite),
        limited: true,
        handler: || post(orders::take_pickup),
    },
    Route {
        method: "GET",
        path: "/api/orders/{id}",
        documents: &[200],
        codes: &[R::IdInvalid, R::OrderUnknown, R::OrderAmbiguous, R::BusUnavailable],
        scope: Some(Scope::OrdersRead),
        limited: true,
        handler: || get(orders::status),
    },
    Route {
        method: "GET",
        path: "/api/stores/{id}",
        documents: &[200],
        codes: &[R::IdInvalid, R::StoreUnknown, R::BusUnavailable],
        scope: Some(Scope::StoresRead),
        limited: true,
        handler: || get(stores::read),
    },
    Route {
        method: "PUT",
        path: "/api/stores/{id}",
        documents: &[200, 201],
        codes: PUT,
        scope: Some(Scope::StoresWrite),
        limited: true,
        handler: || put(stores::write),
    },
    Route {
        method: "POST",
        path: "/api/stores/{id}/pause",
        documents: &[200],
        codes: CHANGE,
        scope: Some(Scope::StoresWrite),
        limited: true,
        handler: || post(stores::pause),
    },
    Route {
        method: "POST",
        path: "/api/stores/{id}/resume",
        documents: &[200],
        codes: RESUME,
        scope: Some(Scope::StoresWrite),
        limited: true,
        handler: || post(stores::resume),
    },
    Route {
        method: "POST",
        path: "/api/stores/{id}/disable",
        documents: &[200],
        codes: CHANGE,
        scope: Some(Scope::StoresWrite),
        limited: true,
        handler: || post(stores::disable),
    },
    Route {
        method: "GET",
        path: "/healthz",
        documents: &[200],
        codes: &[],
        scope: None,
        limited: false,
        handler: || get(operations::healthz),
    },
    Route {
        method: "GET",
        path: "/readyz",
        documents: &[200, 503],
        codes: &[],
        scope: None,
        limited: false,
        handler: || get(operations::readyz),
    },
    Route {
        method: "GET",
        path: "/metrics",
        documents: &[200],
        codes: &[],
        scope: Some(Scope::Operations),
        limited: false,
        handler: || get(operations::metrics),
    },
    Route {
        method: "GET",
        path: "/openapi.json",
        documents: &[200],
        codes: &[],
        scope: None,
        limited: false,
        handler: || get(operations::openapi),
    },
];
