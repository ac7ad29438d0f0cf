//! Every answer that is no plain document: one machine code, one HTTP status, one sentence.
//!
//! The same answers go over HTTP and over the bus. None of them repeats anything of a request but the order's id.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::command::IntakeReply;
use contract::{Fault, OrderId, VERSION};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyCode {
    /// The order is stored.
    Accepted,
    /// The same order was stored before.
    AlreadyAccepted,
    /// The body is no JSON.
    MalformedJson,
    /// The body broke off.
    BodyIncomplete,
    /// An id in the path cannot be one.
    IdInvalid,
    /// A request without a token where one is needed.
    TokenMissing,
    /// A token that no key has.
    TokenUnknown,
    /// A token whose time is over.
    TokenExpired,
    /// A token that is not for this.
    ScopeMissing,
    /// No such path.
    NotFound,
    /// No such order.
    OrderUnknown,
    /// No such store.
    StoreUnknown,
    /// The path does not take this method.
    MethodNotAllowed,
    /// The body came too slowly.
    BodyTimeout,
    /// The order's identity is taken by another payload.
    IdentityConflict,
    /// More than one store has an order with this code.
    OrderAmbiguous,
    /// The store was changed meanwhile.
    RevisionStale,
    /// The body is too large.
    BodyTooLarge,
    /// The body is compressed.
    EncodingUnsupported,
    /// The payload breaks rules.
    InvalidPayload,
    /// The store record, or the change of it, breaks rules.
    InvalidStore,
    /// A change of an existing store came without `If-Match`.
    RevisionRequired,
    /// A token is used faster than agreed.
    RateExceeded,
    /// A defect of ours.
    Internal,
    /// Too many requests at once.
    Overloaded,
    /// The instance is paused, draining or stopping.
    Paused,
    /// No connection to the bus, or the streams or stores are not there yet.
    BusUnavailable,
    /// The bus did not confirm: the order may be stored or not.
    Unconfirmed,
    /// The bus has no room for orders.
    StorageFull,
}

impl ReplyCode {
    /// All of them; the published interface lists the same.
    pub const ALL: [Self; 29] = [
        Self::Accepted,
        Self::AlreadyAccepted,
        Self::MalformedJson,
        Self::BodyIncomplete,
        Self::IdInvalid,
        Self::TokenMissing,
        Self::TokenUnknown,
        Self::TokenExpired,
        Self::ScopeMissing,
        Self::NotFound,
        Self::OrderUnknown,
        Self::StoreUnknown,
        Self::MethodNotAllowed,
        Self::BodyTimeout,
        Self::IdentityConflict,
        Self::OrderAmbiguous,
        Self::RevisionStale,
        Self::BodyTooLarge,
        Self::EncodingUnsupported,
        Self::InvalidPayload,
        Self::InvalidStore,
        Self::RevisionRequired,
        Self::RateExceeded,
        Self::Internal,
        Self::Overloaded,
        Self::Paused,
        Self::BusUnavailable,
        Self::Unconfirmed,
        Self::StorageFull,
    ];

    /// Word on the wire, HTTP status, sentence.
    pub(crate) const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Accepted => ("accepted", 202, "The order is stored and will be injected."),
            Self::AlreadyAccepted => ("already_accepted", 200, "The same order was accepted before."),
            Self::MalformedJson => ("malformed_json", 400, "The body is no JSON; the fault tells where it breaks."),
            Self::BodyIncomplete => ("body_incomplete", 400, "The body broke off before its end."),
            Self::IdInvalid => ("id_invalid", 400, "The id in the path is not of the expected form."),
            Self::TokenMissing => ("token_missing", 401, "This needs a token: Authorization: Bearer <token>."),
            Self::TokenUnknown => ("token_unknown", 401, "This token is not, or no longer, known here."),
            Self::TokenExpired => ("token_expired", 401, "This token has expired; ask for a new one."),
            Self::ScopeMissing => ("scope_missing", 403, "This token lacks the scope that this needs."),
            Self::NotFound => ("not_found", 404, "There is nothing at this path; see /openapi.json."),
            Self::OrderUnknown => ("order_unknown", 404, "No order has this id."),
            Self::StoreUnknown => ("store_unknown", 404, "No store has this id."),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "This path does not take this method."),
            Self::BodyTimeout => ("body_timeout", 408, "The body did not arrive in time."),
            Self::IdentityConflict => {
                ("identity_conflict", 409, "An order with this store and code was accepted with another body.")
            }
            Self::OrderAmbiguous => {
                ("order_ambiguous", 409, "More than one store has this code; ask with <store>.<code>.")
            }
            Self::RevisionStale => {
                ("revision_stale", 412, "The store's revision is another one; read it again and repeat the change.")
            }
            Self::BodyTooLarge => ("body_too_large", 413, "The body is larger than this endpoint takes."),
            Self::EncodingUnsupported => ("encoding_unsupported", 415, "Send the body without content encoding."),
            Self::InvalidPayload => {
                ("invalid_payload", 422, "The order breaks rules; each fault tells which and where.")
            }
            Self::InvalidStore => ("invalid_store", 422, "The change breaks rules; each fault tells which and where."),
            Self::RevisionRequired => {
                ("revision_required", 428, "Changing a store needs If-Match with the ETag that was read.")
            }
            Self::RateExceeded => {
                ("rate_exceeded", 429, "This token is used faster than agreed; repeat after Retry-After.")
            }
            Self::Internal => ("internal", 500, "This is a defect of the service; the request may be repeated."),
            Self::Overloaded => ("overloaded", 503, "Too many requests at once; repeat later."),
            Self::Paused => ("paused", 503, "This instance takes nothing new now; repeat later or elsewhere."),
            Self::BusUnavailable => {
                ("bus_unavailable", 503, "The message bus is away; nothing was taken; repeat later.")
            }
            Self::Unconfirmed => {
                ("unconfirmed", 503, "The message bus did not confirm; repeat the same request to learn the outcome.")
            }
            Self::StorageFull => ("storage_full", 503, "There is no room for orders; nothing was taken; repeat later."),
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status, also over the bus.
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// When to repeat, in seconds; only where repeating helps.
    pub const fn retry_after_s(self) -> Option<u16> {
        match self {
            Self::Overloaded | Self::Unconfirmed => Some(1),
            // A leader election of a cluster takes 4 to 9 s, a restart of one server about 1.
            Self::BusUnavailable => Some(2),
            Self::Paused => Some(10),
            // Until an operator makes room.
            Self::StorageFull => Some(60),
            _ => None,
        }
    }
}

/// An answer: the code and what goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What became of the request.
    pub code: ReplyCode,
    /// The order, when there is one.
    pub order: Option<OrderId>,
    /// Its sequence in stream `ORDERS`.
    pub sequence: Option<u64>,
    /// What is wrong with the request.
    pub faults: Vec<Fault>,
}

impl From<ReplyCode> for Answer {
    fn from(code: ReplyCode) -> Self {
        Self { code, order: None, sequence: None, faults: Vec::new() }
    }
}

impl Answer {
    /// An answer with faults.
    pub fn faulty(code: ReplyCode, faults: Vec<Fault>) -> Self {
        Self { faults, ..code.into() }
    }

    /// The message of the contract.
    pub fn into_reply(self) -> IntakeReply {
        let (code, status, message) = self.code.row();
        IntakeReply {
            v: VERSION,
            status,
            code: code.to_owned(),
            order: self.order,
            sequence: self.sequence,
            message: message.to_owned(),
            faults: self.faults,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let code = self.code;
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.into_reply())).into_response();
        if let Some(seconds) = code.retry_after_s() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for ReplyCode {
    fn into_response(self) -> Response {
        Answer::from(self).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unavailability_tells_when_to_repeat() {
        for code in ReplyCode::ALL {
            assert_eq!(code.status() == 503, code.retry_after_s().is_some(), "{code:?}");
        }
    }

    #[test]
    fn words_are_unique() {
        let mut words: Vec<_> = ReplyCode::ALL.iter().map(|code| code.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ReplyCode::ALL.len());
    }
}
