//! Effects that ask the bus and change nothing. What changes something is in `acting`.

use bus::read;
use contract::counters::Day;
use contract::decision::DECISIONS_MAX;
use contract::{Country, OrderId, StoreId, StoreRecord, header, stream, subject};

use super::chain;
use super::denied::{unless_blind, unless_denied};
use crate::effect::{self, Effect};
use crate::event::{Answer, CountersRead, Trouble};
use crate::mask::{self, Masked};
use crate::sanitise;

/// Runs an effect; `None` when it has no answer.
pub async fn run(connection: &bus::Connection, effect: Effect) -> Option<Answer> {
    Some(match effect {
        Effect::Quit
        | Effect::Alert(_)
        | Effect::Bell
        | Effect::Reread
        | Effect::Copy(_)
        | Effect::CopyDetail
        | Effect::Dump
        | Effect::Tail(_)
        | Effect::SaveView(_)
        | Effect::Switch(_)
        | Effect::EditPayload(_)
        | Effect::Intend(_)
        | Effect::Run { .. }
        | Effect::Conclude(_)
        | Effect::Unlock(_)
        | Effect::Lock => {
            return None;
        }
        Effect::ReadReplay { number, cursor } => {
            Answer::Replay { number, read: super::replay::read(connection, cursor).await }
        }
        Effect::ReadServer => Answer::Server(super::server::read(connection).await),
        Effect::ReadClients => Answer::Clients(super::clients::read(connection).await),
        Effect::FetchPayload(order) => {
            let payload = payload(connection, &order).await;
            Answer::Payload { order, payload }
        }
        Effect::FetchStore { country, store } => {
            let record = record(connection, country, store).await;
            Answer::Store { country, store, record }
        }
        Effect::ReadCounters(from, to) => Answer::Counters(counters(connection, from, to).await),
    })
}

async fn payload(connection: &bus::Connection, order: &OrderId) -> Result<Masked, Trouble> {
    mask::mask(&in_clear(connection, order).await?)
}

/// An order's payload as it is, personal data and all: only for whoever is to edit it, or asked to see it.
pub async fn in_clear(connection: &bus::Connection, order: &OrderId) -> Result<Vec<u8>, Trouble> {
    let asked = effect::reading(order);
    let read = unless_denied(connection, |subject| subject == asked, read_payload(connection, order)).await;
    read.unwrap_or(Err(Trouble::Denied))
}

async fn read_payload(connection: &bus::Connection, order: &OrderId) -> Result<Vec<u8>, Trouble> {
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
        Some(message) => Ok(message.payload.to_vec()),
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
    match unless_blind(connection, bus::counters::STREAM, read).await {
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
