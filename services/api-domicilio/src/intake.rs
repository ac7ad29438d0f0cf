//! Taking an order: judge it, store it, and answer only what is certain.
//!
//! Owns the decision; the streams are behind [`stored`]. An order is accepted when stream `ORDERS` has
//! acknowledged it and not before; whatever is unknown is answered 503, and the sender's repeat finds out.

pub(crate) mod stored;
mod trace;

use std::time::Instant;

use bytes::Bytes;
use chassis::now;
use contract::order::{Digest, Format, InvalidHead};
use contract::{OrderHead, OrderId, UtcMs, VERSION, subject};

use crate::api::Api;
use crate::payload::{self, Accepted, Door, Refused};
use crate::reply::{Answer, ReplyCode};
use stored::Stored;
pub(crate) use trace::context as trace;

/// Takes a payload of `format`, counts it, and answers. Never waits longer than about [`stored::ANSWER_LIMIT`] twice.
pub(crate) async fn take(api: &Api, format: Format, bytes: Bytes, traceparent: Option<&str>) -> Answer {
    let started = Instant::now();
    let answer = match api.may_take() {
        Ok(()) => decide(api, format, bytes, traceparent).await,
        Err(code) => code.into(),
    };
    api.metrics.answered(format, &answer, started.elapsed());
    tell(format, &answer);
    answer
}

async fn decide(api: &Api, format: Format, bytes: Bytes, traceparent: Option<&str>) -> Answer {
    let at = now();
    let doors = |id| {
        let store = api.catalogue.get(id)?;
        Some(Door { country: store.record.country, state: store.record.state_at(at) })
    };
    match payload::read(format, &bytes, doors) {
        Ok(order) => {
            let head = head(api, order, &bytes, at, 0);
            let trace = trace(traceparent, &head);
            let stored = stored::store(&api.bus, &head, &trace, bytes).await;
            answer(head.id(), stored)
        }
        Err(refused) => refuse(api, format, refused, bytes, at).await,
    }
}

/// The head of an order that comes in for the `again`th time.
pub(crate) fn head(api: &Api, order: Accepted, bytes: &[u8], at: UtcMs, again: u32) -> OrderHead {
    OrderHead {
        v: VERSION,
        country: order.country,
        store: order.store,
        code: order.code,
        channel: order.channel,
        format: order.format,
        received_at: at,
        by: api.instance.origin(),
        total: order.total,
        lines: order.lines,
        loyalty: order.loyalty,
        test: order.test,
        again,
        sha256: Digest::of(bytes),
        bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    }
}

/// What to answer to an order, by what became of it in the stream.
fn answer(id: OrderId, stored: Stored) -> Answer {
    let (code, sequence) = match stored {
        Stored::Now(sequence) => (ReplyCode::Accepted, Some(sequence)),
        Stored::Before { sequence, same: true } => (ReplyCode::AlreadyAccepted, Some(sequence)),
        Stored::Before { same: false, .. } => (ReplyCode::IdentityConflict, None),
        Stored::Unknown => (ReplyCode::Unconfirmed, None),
        Stored::NoRoom => (ReplyCode::StorageFull, None),
        Stored::Unavailable => (ReplyCode::BusUnavailable, None),
    };
    Answer { order: Some(id), sequence, ..code.into() }
}

/// Refuses a payload and keeps it for the operators; unless a store that closed meanwhile is all that is wrong
/// and the very order was accepted before, for its sender only wants to hear that again.
async fn refuse(api: &Api, format: Format, refused: Refused, bytes: Bytes, at: UtcMs) -> Answer {
    if let Some(order) = refused.closed {
        let id = OrderId { store: order.store, code: order.code };
        let digest = Digest::of(&bytes);
        match stored::before(&api.bus, &subject::order_of(order.country, &id), &digest).await {
            Ok(Some((sequence, same))) => return answer(id, Stored::Before { sequence, same }),
            Ok(None) => {}
            Err(()) => return answer(id, Stored::Unknown),
        }
    }
    let country = refused.store.and_then(|id| api.catalogue.get(id)).map(|store| store.record.country);
    let order = match (refused.store, &refused.code) {
        (Some(store), Some(code)) => Some(OrderId { store, code: code.clone() }),
        _ => None,
    };
    let head = InvalidHead {
        v: VERSION,
        country: country.unwrap_or(api.instance.country),
        store: refused.store,
        code: refused.code,
        format,
        faults: refused.faults.clone(),
        at,
        by: api.instance.origin(),
        bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    };
    stored::keep_invalid(&api.bus, &head, bytes).await;
    let code = if refused.malformed { ReplyCode::MalformedJson } else { ReplyCode::InvalidPayload };
    Answer { order, ..Answer::faulty(code, refused.faults) }
}

/// One line a request: ids and codes, nothing of the payload.
fn tell(format: Format, answer: &Answer) {
    let order = answer.order.as_ref().map(tracing::field::display);
    let code = answer.code.as_str();
    match answer.code {
        ReplyCode::Accepted | ReplyCode::AlreadyAccepted => {
            tracing::debug!(format = format.as_str(), code, order, sequence = answer.sequence, "order");
        }
        ReplyCode::MalformedJson | ReplyCode::InvalidPayload | ReplyCode::IdentityConflict => {
            let first = answer.faults.first().map(|fault| fault.code.as_str());
            tracing::info!(format = format.as_str(), code, order, faults = answer.faults.len(), first, "order refused");
        }
        _ => tracing::warn!(format = format.as_str(), code, order, "order not taken"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_acknowledged_order_is_accepted() {
        let id: OrderId = "72.a".parse().expect("an id");
        for (stored, code, sequence) in [
            (Stored::Now(7), ReplyCode::Accepted, Some(7)),
            (Stored::Before { sequence: 5, same: true }, ReplyCode::AlreadyAccepted, Some(5)),
            (Stored::Before { sequence: 5, same: false }, ReplyCode::IdentityConflict, None),
            (Stored::Unknown, ReplyCode::Unconfirmed, None),
            (Stored::NoRoom, ReplyCode::StorageFull, None),
            (Stored::Unavailable, ReplyCode::BusUnavailable, None),
        ] {
            let answer = answer(id.clone(), stored);
            assert_eq!((answer.code, answer.sequence, answer.order), (code, sequence, Some(id.clone())));
        }
    }
}
