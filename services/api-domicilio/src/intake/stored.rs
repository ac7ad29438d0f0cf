//! The streams behind intake: storing an order once, looking for an earlier one, keeping a refused payload.

use std::time::Duration;

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::RawMessageErrorKind;
use bus::publish::Failed;
use bus::{Connection, LinkState};
use bytes::Bytes;
use contract::order::{Digest, InvalidHead};
use contract::stream::ORDERS;
use contract::{OrderHead, header, subject};

/// How long the bus may take over one step of an order: a second more than the client's own limit, which does not
/// cover the wait for a place in its buffer. Senders are told 503 then; their own limits are longer.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(bus::REQUEST_TIMEOUT.as_secs() + 1);

/// How long a refusal may be held up by keeping its payload. The sender's answer does not depend on it.
const KEEP_LIMIT: Duration = Duration::from_secs(1);

/// What became of an order in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Stored by this request.
    Now(u64),
    /// Stored by an earlier one, with the same bytes or with others.
    Before { sequence: u64, same: bool },
    /// Not known: it may be stored, or may still become so.
    Unknown,
    /// Refused, the stream is full.
    NoRoom,
    /// Refused, or there is no stream.
    Unavailable,
}

/// Stores the order unless its identity is taken. The body is the payload as it came, to the byte.
///
/// `Nats-Expected-Last-Subject-Sequence: 0` on the order's own subject refuses a repeat however late it comes;
/// the message id only spares the server work on quick repeats.
pub(super) async fn store(bus: &Connection, head: &OrderHead, trace: &str, bytes: Bytes) -> Stored {
    let Ok(json) = serde_json::to_string(head) else { return Stored::Unavailable };
    let subject = subject::order(head);
    let message = PublishMessage::build()
        .message_id(head.id().to_string())
        .expected_last_subject_sequence(0)
        .header(header::ORDER_HEAD, json)
        .header(header::TRACEPARENT, trace)
        .payload(bytes);
    match publish(bus, subject.clone(), message).await {
        Published::At(sequence) => return Stored::Now(sequence),
        Published::Not(stored) => return stored,
        // The identity is taken: by whom?
        Published::Outdated => {}
    }
    match before(bus, &subject, &head.sha256).await {
        Ok(Some((sequence, same))) => Stored::Before { sequence, same },
        // The other one is on its way into the stream, or the bus is silent: the repeat will find out.
        Ok(None) | Err(()) => Stored::Unknown,
    }
}

/// What became of a message for stream `ORDERS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// Stored at this sequence.
    At(u64),
    /// Refused, for its subject does not end as the message expects.
    Outdated,
    /// Not stored, or not known to be.
    Not(Stored),
}

/// Publishes a message that expects how its subject ends.
pub(crate) async fn publish(bus: &Connection, subject: String, message: PublishMessage) -> Published {
    let mut link = bus.link();
    let publishing = async { bus.js.send_publish(subject, message).await?.await };
    let published = tokio::select! {
        biased;
        // A lost link does not fail what waits for an acknowledgement; without this it would wait for its limit.
        _ = link.wait_for(|link| *link != LinkState::Up) => return Published::Not(Stored::Unknown),
        published = tokio::time::timeout(ANSWER_LIMIT, publishing) => published,
    };
    match published {
        Err(_elapsed) => Published::Not(Stored::Unknown),
        Ok(Ok(ack)) if ack.duplicate => Published::Outdated,
        Ok(Ok(ack)) => Published::At(ack.sequence),
        Ok(Err(error)) => meaning(&error).map_or(Published::Outdated, |stored| {
            tracing::warn!(error = &error as &dyn std::error::Error, "order not stored");
            Published::Not(stored)
        }),
    }
}

/// What a failed publish means; `None` when the identity is taken.
fn meaning(error: &PublishError) -> Option<Stored> {
    match Failed::of(error) {
        Failed::WrongLast => None,
        Failed::Unknown => Some(Stored::Unknown),
        Failed::NoRoom => Some(Stored::NoRoom),
        Failed::NoStream | Failed::Refused => Some(Stored::Unavailable),
    }
}

/// The order already stored under `subject`, if there is one: its sequence, and whether its bytes have `digest`. The
/// order as it came, not what was decided about it later. Asks the stream's leader, for a follower may be behind.
pub(super) async fn before(bus: &Connection, subject: &str, digest: &Digest) -> Result<Option<(u64, bool)>, ()> {
    let asking = async {
        let stream = bus.js.get_stream_no_info(ORDERS.name).await.map_err(drop)?;
        match stream.get_first_raw_message_by_subject(subject, 1).await {
            Ok(message) => Ok(Some((message.sequence, Digest::of(&message.payload) == *digest))),
            Err(error) => match error.kind() {
                RawMessageErrorKind::NoMessageFound => Ok(None),
                _ => Err(()),
            },
        }
    };
    tokio::time::timeout(ANSWER_LIMIT, asking).await.map_err(drop)?
}

/// Keeps a refused payload with its faults, if that can be done quickly; the answer is the same without.
pub(super) async fn keep_invalid(bus: &Connection, head: &InvalidHead, bytes: Bytes) {
    let Ok(json) = serde_json::to_string(head) else { return };
    let message = PublishMessage::build().header(header::INVALID_HEAD, json).payload(bytes);
    let publishing = async { bus.js.send_publish(subject::invalid(head.country), message).await?.await };
    match tokio::time::timeout(KEEP_LIMIT, publishing).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "refused payload not kept"),
        Err(_elapsed) => tracing::warn!("refused payload not kept: the bus did not confirm in time"),
    }
}
