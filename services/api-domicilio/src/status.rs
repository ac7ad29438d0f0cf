//! Where an order is: derived from the streams at the moment of asking, never from memory of ours.
//!
//! Owns the derivation and the reads that it needs. The answer holds no payload.

use async_nats::jetstream::Context;
use bus::read::{self, Stored};
use bus::{Error, ErrorKind};
use contract::order::Ending;
use contract::stream::{ORDERS, QUEUES};
use contract::{AppCode, OrderHead, OrderId, Outcome, QueueEntry, StoreId, Subject, UtcMs, VERSION, subject};
use futures::StreamExt as _;
use serde::Serialize;

use crate::history::{self, End, History};

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Accepted, not handed over yet.
    Received,
    /// Handed over; waits in its store's queue or is being injected.
    Queued,
    /// The POS has it.
    Injected,
    /// Given up; waits for a person.
    NotInjected,
    /// Given up, and a person said that nothing more is to be done.
    Solved,
    /// Done, by the store's watermark; its own outcome is not there (any more).
    Finished,
}

/// The answer to `GET /api/orders/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Status {
    /// Version of the message.
    pub(crate) v: u8,
    /// The order's id.
    pub(crate) id: OrderId,
    /// How far it has come.
    pub(crate) state: State,
    /// Its sequence in stream `ORDERS`; of a reinjected order, that of the last time.
    pub(crate) sequence: u64,
    /// When the stream stored it.
    pub(crate) accepted_at: UtcMs,
    /// The order without its payload.
    pub(crate) order: OrderHead,
    /// How it ended; absent while it has not, or when state is `finished`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
}

/// What an order is asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `<store>.<code token>`
    Id(OrderId),
    /// The app's code alone, as it stands or as a token.
    Code(AppCode),
}

impl Asked {
    /// Reads the last segment of the path. What begins like an id, with a store and a dot, is read as nothing else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.split_once('.').is_some_and(|(store, _)| store.parse::<StoreId>().is_ok()) {
            return text.parse().map(Self::Id).ok();
        }
        AppCode::from_token(text).or_else(|_| text.parse()).map(Self::Code).ok()
    }
}

/// Why there is no status.
#[derive(Debug)]
pub(crate) enum NoStatus {
    /// There is no such order.
    Unknown,
    /// More than one store has an order with this code.
    Ambiguous,
    /// The streams could not be read.
    Bus(Error),
}

impl From<Error> for NoStatus {
    fn from(error: Error) -> Self {
        Self::Bus(error)
    }
}

/// The status of the order that is asked for.
pub(crate) async fn of(js: &Context, asked: &Asked) -> Result<Status, NoStatus> {
    let subject = match asked {
        Asked::Id(id) => subject::order_anywhere(id),
        Asked::Code(code) => the_only(js, &subject::orders_with_code(code)).await?,
    };
    let history = History::read(js, &subject).await?.ok_or(NoStatus::Unknown)?;
    let (head, pass) = (history.head().ok_or(NoStatus::Unknown)?.clone(), history.pass());
    // The queue before the outcomes: an order that leaves the queue in between is seen by its outcome.
    let queue = read::last(js, QUEUES.name, &subject::queue(head.store)).await?;
    let queue: Option<QueueEntry> = queue.as_ref().map(|message| body("queue entry", message)).transpose()?;
    let end = history::end(js, &head, pass.sequence).await?;
    let state = derive(pass.sequence, queue.as_ref(), &end, history.is_solved());
    let outcome = match end {
        End::Outcome(outcome) => Some(*outcome),
        End::None | End::Forgotten => None,
    };
    Ok(Status {
        v: VERSION,
        id: head.id(),
        state,
        sequence: pass.sequence,
        accepted_at: pass.stored_at,
        order: head,
        outcome,
    })
}

/// The state by what the streams tell. Hand-over goes by the order of acceptance, so a later order of the same store
/// in the queue means that this one was handed over, too.
fn derive(sequence: u64, queue: Option<&QueueEntry>, end: &End, solved: bool) -> State {
    match end {
        End::Outcome(outcome) => match outcome.ending {
            Ending::Injected { .. } => State::Injected,
            Ending::NotInjected { .. } if solved => State::Solved,
            Ending::NotInjected { .. } => State::NotInjected,
        },
        End::Forgotten => State::Finished,
        End::None if queue.is_some_and(|entry| entry.intake >= sequence) => State::Queued,
        End::None => State::Received,
    }
}

/// The one subject that matches `filter`.
async fn the_only(js: &Context, filter: &str) -> Result<String, NoStatus> {
    let looking = async {
        let stream = js.get_stream_no_info(ORDERS.name).await?;
        let mut subjects = stream.info_with_subjects(filter).await?;
        let mut found = Vec::new();
        while let Some(subject) = subjects.next().await {
            let (subject, _) = subject?;
            if subject != subject::FILLER {
                found.push(subject);
            }
            if found.len() > 1 {
                break;
            }
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(found)
    };
    let mut found = bus::error::bounded(bus::REQUEST_TIMEOUT, "looking for an app code", looking).await?;
    match (found.pop(), found.pop()) {
        (Some(subject), None) if matches!(Subject::parse(&subject), Subject::Order(..)) => Ok(subject),
        (Some(_), Some(_)) => Err(NoStatus::Ambiguous),
        _ => Err(NoStatus::Unknown),
    }
}

fn body<T: serde::de::DeserializeOwned>(what: &str, message: &Stored) -> Result<T, Error> {
    serde_json::from_slice(&message.payload)
        .map_err(|error| Error::new(ErrorKind::Refused, format!("reading the last {what} of a store"), error))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn order() -> Value {
        json!({"v": 1, "country": "ec", "store": 72, "code": "a", "channel": "delivery", "format": "delivery",
            "received_at": "2026-11-23T22:29:17.120Z", "by": {"instance": "api-1", "cloud": "local"}, "lines": 1,
            "sha256": "00", "bytes": 2})
    }

    fn entry(intake: u64) -> QueueEntry {
        let json = json!({"v": 1, "order": order(), "intake": intake, "queued_at": "2026-11-23T22:29:18Z",
            "by": {"instance": "d-1", "cloud": "local"}, "term": 1});
        serde_json::from_value(json).expect("an entry")
    }

    fn outcome(result: &str) -> Outcome {
        let json = json!({"v": 1, "order": order(), "intake": 5, "watermark": 5, "queue_seq": 3, "partition": 1,
            "epoch": 1, "queued_at": "2026-11-23T22:29:18Z", "queued_by": {"instance": "d-1", "cloud": "local"},
            "attempts": 1, "at": "2026-11-23T22:29:19Z", "by": {"instance": "r-1", "cloud": "local"},
            "result": result, "reason": "refused", "detail": "POS answered 422"});
        serde_json::from_value(json).expect("an outcome")
    }

    #[test]
    fn the_state_follows_from_the_streams() {
        let injected = || End::Outcome(Box::new(outcome("injected")));
        let given_up = || End::Outcome(Box::new(outcome("not_injected")));
        for (queue, end, solved, state) in [
            (None, End::None, false, State::Received),
            (Some(4), End::None, false, State::Received),
            (Some(5), End::None, false, State::Queued),
            (Some(9), End::None, false, State::Queued),
            (None, End::Forgotten, false, State::Finished),
            (Some(9), End::Forgotten, false, State::Finished),
            (None, injected(), false, State::Injected),
            (Some(5), injected(), false, State::Injected),
            (None, given_up(), false, State::NotInjected),
            (None, given_up(), true, State::Solved),
        ] {
            assert_eq!(derive(5, queue.map(entry).as_ref(), &end, solved), state, "{queue:?} {end:?} {solved}");
        }
    }

    #[test]
    fn an_order_is_asked_for_by_id_or_by_code() {
        assert_eq!(Asked::read("72.a=2Eb"), "72.a=2Eb".parse().map(Asked::Id).ok());
        assert_eq!(Asked::read("0000-07"), "0000-07".parse().map(Asked::Code).ok());
        assert_eq!(Asked::read("a=2Eb"), "a.b".parse().map(Asked::Code).ok());
        assert_eq!(Asked::read("a#b"), "a#b".parse().map(Asked::Code).ok());
        assert_eq!(Asked::read("a.b"), "a.b".parse().map(Asked::Code).ok());
        for bad in ["", "a b", "ñ", "72.", "72.>", "72.a b"] {
            assert_eq!(Asked::read(bad), None, "{bad}");
        }
    }
}
