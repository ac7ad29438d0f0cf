//! `domicilio order ID`: one order from the streams, put together as the console does it.

use bus::read::{self, Request, Start};
use contract::decision::DECISIONS_MAX;
use contract::{AppCode, EventKind, OrderHead, OrderId, UtcMs, stream, subject};

use super::report::OrderReport;
use super::{Failure, act, connect, print, print_json};
use crate::cli;
use crate::event::{Event, Fact, Meter};
use crate::feed::decode;
use crate::feed::denied::unless_blind;
use crate::operation::Kind;
use crate::state::{Lang, Order, Refusal, State};
use crate::update::update;

/// Stores that one code may have gone to; more are not listed.
const STORES_MAX: usize = 50;

/// Messages of one store looked through for the order's steps, each stream: days of a busy store.
const STEPS_MAX: usize = 20_000;

/// Entries of the store's queue looked through: an order deeper than this shows as accepted.
const ENTRIES_MAX: usize = 500;

pub(super) async fn run(common: &cli::Common, arguments: &cli::Order) -> Result<(), Failure> {
    if let Some(reason) = arguments.reason.as_deref().filter(|_| arguments.reveal) {
        return Box::pin(super::reveal::run(common, arguments, reason)).await;
    }
    let connection = connect(common).await?;
    let found = find(&connection, &arguments.id).await?;
    let id = found.head.id();
    let Some(order) = gather(&connection, found).await? else {
        return Err(Failure::Failed(format!("order {id} cannot be read")));
    };
    let report = OrderReport::new(&order);
    if arguments.json { print_json(&report) } else { print(&report.text()) }
}

/// An order in `ORDERS`.
struct Found {
    /// As it came.
    head: OrderHead,
    /// Sequence of its last pass.
    intake: u64,
    /// How often it was reinjected.
    again: u32,
    /// What `ORDERS` tells of it.
    facts: Vec<Fact>,
}

/// The order's acceptance, by identity or by its code alone.
async fn find(connection: &bus::Connection, text: &str) -> Result<Found, Failure> {
    let by_id: Option<OrderId> = text.parse().ok();
    let filter = if let Some(id) = &by_id {
        subject::order_anywhere(id)
    } else {
        let code: AppCode = text.parse().map_err(|error| Failure::Usage(format!("{error}")))?;
        subject::orders_with_code(&code)
    };
    let mut found = allowed(connection, &filter).await?;
    if found.is_empty()
        && by_id.is_some()
        && let Ok(code) = text.parse::<AppCode>()
    {
        // What reads as `<store>.<code>` may also be a code with a dot in it.
        found = allowed(connection, &subject::orders_with_code(&code)).await?;
    }
    if found.len() == 1
        && let Some(one) = found.pop()
    {
        return Ok(one);
    }
    match found.as_slice() {
        [] => Err(Failure::Failed(format!("no order {} in the stream", crate::sanitise::text(text, 80)))),
        several => {
            let ids: Vec<String> = several.iter().map(|found| found.head.id().to_string()).collect();
            Err(Failure::Usage(format!("the code went to several stores, name one: {}", ids.join(", "))))
        }
    }
}

/// As [`acceptances`], told at once when this user may not read them.
async fn allowed(connection: &bus::Connection, filter: &str) -> Result<Vec<Found>, Failure> {
    let read = acceptances(connection, filter);
    let read = unless_blind(connection, stream::ORDERS.name, read).await;
    read.unwrap_or_else(|| Err(act::refused(&Refusal::Denied(Kind::Reveal.operation().user()))))
}

/// The orders that match, each with what is in `ORDERS` about it, oldest first.
async fn acceptances(connection: &bus::Connection, filter: &str) -> Result<Vec<Found>, Failure> {
    let request = Request {
        stream: stream::ORDERS.name,
        filter,
        from: Start::Sequence(1),
        headers_only: true,
        limit: STORES_MAX * (DECISIONS_MAX + 1),
    };
    let mut found: Vec<Found> = Vec::new();
    read::read(&connection.js, &request, |message| {
        let Some(fact) = decode::stored(&message) else { return };
        let id = match &fact {
            Fact::Accepted { head, .. } => head.id(),
            Fact::Solved { order, .. } => order.clone(),
            _ => return,
        };
        match (found.iter_mut().find(|found| found.head.id() == id), &fact) {
            (Some(found), Fact::Accepted { head, intake, .. }) => {
                found.intake = intake.unwrap_or(found.intake);
                found.again = head.again;
                found.facts.push(fact);
            }
            (Some(found), _) => found.facts.push(fact),
            (None, Fact::Accepted { head, intake: Some(intake), .. }) => {
                let (head, intake, again) = (head.clone(), *intake, head.again);
                found.push(Found { head, intake, again, facts: vec![fact] });
            }
            (None, _) => {}
        }
    })
    .await?;
    Ok(found)
}

/// Everything the streams hold about an order.
async fn gather(connection: &bus::Connection, found: Found) -> Result<Option<Order>, Failure> {
    let id = found.head.id();
    let facts = facts(connection, found).await?;
    let mut state = State::new(UtcMs::default(), Lang::En, 0);
    update(&mut state, Event::Live { facts, meter: Meter::default() });
    Ok(state.orders.get(&id).cloned())
}

async fn facts(connection: &bus::Connection, found: Found) -> Result<Vec<Fact>, Failure> {
    let Found { head, intake, again, mut facts } = found;
    let id = head.id();
    let outcomes = subject::outcome(head.country, head.store);
    let events = format!("domicilio.events.{}.{}.attempt_failed", head.country, head.store);
    for (stream, filter) in [(stream::OUTCOMES.name, outcomes), (stream::EVENTS.name, events)] {
        let request = Request {
            stream,
            filter: &filter,
            // Clocks of intake and server may differ a little: one minute of margin.
            from: Start::Time(head.received_at.plus_millis(-60_000)),
            headers_only: false,
            limit: STEPS_MAX,
        };
        read::read(&connection.js, &request, |message| {
            facts.extend(decode::stored(&message).filter(|fact| is_about(fact, &id)));
        })
        .await?;
    }
    if !facts.iter().any(|fact| matches!(fact, Fact::Ended(outcome) if outcome.order.again == again)) {
        facts.extend(waiting(connection, &id, intake).await?);
    }
    Ok(facts)
}

/// The order's entry in its store's queue.
async fn waiting(connection: &bus::Connection, id: &OrderId, intake: u64) -> Result<Option<Fact>, Failure> {
    let mut from = 1;
    for _ in 0..ENTRIES_MAX {
        let queue = subject::queue(id.store);
        let Some(message) = read::next(&connection.js, stream::QUEUES.name, &queue, from).await? else {
            return Ok(None);
        };
        from = message.sequence + 1;
        match decode::stored(&message) {
            Some(Fact::Queued(entry)) if entry.intake == intake => return Ok(Some(Fact::Queued(entry))),
            // The queue is in order of acceptance: past it means that it is not there.
            Some(Fact::Queued(entry)) if entry.intake > intake => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

/// An order by its id, or by its code alone, with all that the streams hold about it.
pub(super) async fn read(connection: &bus::Connection, text: &str) -> Result<(OrderId, Vec<Fact>), Failure> {
    let found = find(connection, text).await?;
    let id = found.head.id();
    Ok((id, facts(connection, found).await?))
}

/// Whether a fact is about this order.
fn is_about(fact: &Fact, id: &OrderId) -> bool {
    match fact {
        Fact::Accepted { head, .. } => head.id() == *id,
        Fact::Solved { order, .. } => order == id,
        Fact::Queued(entry) => entry.order.id() == *id,
        Fact::Ended(outcome) => outcome.order.id() == *id,
        Fact::Step(contract::Event { kind: EventKind::AttemptFailed { order, .. }, .. }) => order.id() == *id,
        _ => false,
    }
}
