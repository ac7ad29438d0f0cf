//! Effects that ask the bus: fetching a payload or a record, and sending what passed the guard.

use std::time::Duration;

use bus::read;
use contract::command::{IntakeReply, Reply};
use contract::counters::Day;
use contract::decision::DECISIONS_MAX;
use contract::{Country, OrderId, StoreId, StoreRecord, header, stream, subject};
use serde::de::DeserializeOwned;

use super::history::unless_denied;
use super::{chain, guard};
use crate::effect::{Effect, Planned};
use crate::event::{Answer, CountersRead, Done, Trouble};
use crate::mask::{self, Masked};
use crate::sanitise;

/// How long a service may take to answer a request. Intake answers only after its stream has acknowledged.
const REPLY_LIMIT: Duration = Duration::from_secs(5);

/// Runs an effect; `None` when it has no answer.
pub async fn run(connection: &bus::Connection, effect: Effect) -> Option<Answer> {
    Some(match effect {
        Effect::Quit
        | Effect::Alert(_)
        | Effect::Bell
        | Effect::Alert(_)
        | Effect::Reread
        | Effect::Copy(_)
        | Effect::CopyDetail
        | Effect::Dump
        | Effect::Tail(_)
        | Effect::SaveView(_)
        | Effect::Switch(_)
        | Effect::Unlock(_)
        | Effect::Lock => {
            return None;
        }
        Effect::ReadReplay { number, cursor } => {
            Answer::Replay { number, read: super::replay::read(connection, cursor).await }
        }
        Effect::ReadServer => Answer::Server(super::server::read(connection).await),
        Effect::FetchPayload(order) => {
            let payload = payload(connection, &order).await;
            Answer::Payload { order, payload }
        }
        Effect::FetchStore { country, store } => {
            let record = record(connection, country, store).await;
            Answer::Store { country, store, record }
        }
        Effect::ReadCounters(from, to) => Answer::Counters(counters(connection, from, to).await),
        Effect::Intend(intent) => Answer::Intended { job: intent.job, written: Ok(()) },
        Effect::Conclude(conclusion) => Answer::Concluded { job: conclusion.job, written: Ok(()) },
        Effect::EditPayload(order) => Answer::Edited { order, edited: Err(Trouble::Gone) },
        Effect::Run { job, item, planned } => {
            let subject = planned.subject();
            tracing::info!(subject, bytes = planned.bytes(), "sending");
            let reply = send(connection, &planned).await;
            tracing::info!(subject, ok = reply.is_ok(), "answered");
            Answer::Done { job, item, reply }
        }
    })
}

async fn payload(connection: &bus::Connection, order: &OrderId) -> Result<Masked, Trouble> {
    let subject = subject::order_anywhere(order);
    let said = |error| Trouble::Said(chain(&error));
    let orders = stream::ORDERS.name;
    let mut last = read::last(&connection.js, orders, &subject).await.map_err(said)?;
    // The last word may be a decision without a payload: then it stands in the message of an earlier one.
    if last.as_ref().is_some_and(|message| message.header(header::ORDER_HEAD).is_none()) {
        let mut from = 1;
        for _ in 0..=DECISIONS_MAX {
            let Some(message) = read::next(&connection.js, orders, &subject, from).await.map_err(said)? else { break };
            from = message.sequence + 1;
            if message.header(header::ORDER_HEAD).is_some() {
                last = Some(message);
            }
        }
    }
    match last {
        Some(message) => mask::mask(&message.payload),
        None => Err(Trouble::Gone),
    }
}

async fn record(connection: &bus::Connection, country: Country, store: StoreId) -> Result<(StoreRecord, u64), Trouble> {
    match read::last(&connection.js, stream::STORES.name, &subject::store(country, store)).await {
        Ok(Some(message)) => {
            let mut record: StoreRecord = serde_json::from_slice(&message.payload).map_err(|_| Trouble::Unreadable)?;
            sanitise::store(&mut record);
            Ok((record, message.sequence))
        }
        Ok(None) => Err(Trouble::Gone),
        Err(error) => Err(Trouble::Said(chain(&error))),
    }
}

async fn counters(connection: &bus::Connection, from: Day, to: Day) -> Result<CountersRead, Trouble> {
    let read = bus::counters::read(&connection.js, from, to);
    match unless_denied(connection, bus::counters::STREAM, read).await {
        None => Err(Trouble::Denied),
        Some(Ok(bus::counters::Read { first, newest, days })) => {
            let written_at = newest.map(|(_, counts)| counts.updated_at);
            Ok(CountersRead { since: first, written_at, days })
        }
        // No bucket: nobody has counted yet.
        Some(Err(error)) if error.kind() == bus::ErrorKind::NotFound => Err(Trouble::Gone),
        Some(Err(error)) => Err(Trouble::Said(chain(&error))),
    }
}

/// Sends a change through the guard and waits for its answer.
pub async fn send(connection: &bus::Connection, planned: &Planned) -> Result<Done, Trouble> {
    let body = request(connection, planned).await?;
    match planned {
        Planned::Command { .. } | Planned::LogLevel { .. } => {
            let mut reply: Reply = parse(&body)?;
            reply.fault.iter_mut().for_each(sanitise::fault);
            Ok(Done::Reply(reply))
        }
        _ => {
            let mut reply: IntakeReply = parse(&body)?;
            reply.code = sanitise::text(&reply.code, sanitise::NAME_MAX);
            reply.message = sanitise::text(&reply.message, sanitise::SENTENCE_MAX);
            reply.faults.truncate(sanitise::FAULTS_MAX);
            reply.faults.iter_mut().for_each(sanitise::fault);
            Ok(Done::Order(reply))
        }
    }
}

async fn request(connection: &bus::Connection, planned: &Planned) -> Result<bytes::Bytes, Trouble> {
    let allowed = guard::check(planned).map_err(|forbidden| Trouble::Said(forbidden.to_string()))?;
    if !connection.is_up() {
        // A disconnected client would keep it and send it later, when nobody expects it any more.
        return Err(Trouble::NotConnected);
    }
    let request = async_nats::Request::new().headers(allowed.headers).payload(allowed.body).timeout(Some(REPLY_LIMIT));
    let sent = connection.client.send_request(allowed.subject, request);
    match tokio::time::timeout(REPLY_LIMIT, sent).await {
        Ok(Ok(message)) => match message.headers.as_ref().and_then(|headers| headers.get("Nats-Service-Error")) {
            // The services API's own way to say no; a body that says more comes first.
            Some(error) if message.payload.is_empty() => {
                Err(Trouble::Said(sanitise::text(error.as_str(), sanitise::SENTENCE_MAX)))
            }
            _ => Ok(message.payload),
        },
        Ok(Err(error)) => Err(match error.kind() {
            async_nats::RequestErrorKind::NoResponders => Trouble::NoService,
            async_nats::RequestErrorKind::TimedOut => unanswered(),
            _ => Trouble::Said(chain(&error)),
        }),
        Err(_) => Err(unanswered()),
    }
}

const fn unanswered() -> Trouble {
    Trouble::Unanswered(REPLY_LIMIT.as_secs())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|_| Trouble::Unreadable)
}
