//! Reading the streams at start and after each return: bounded, with progress, leaving nothing behind.

use std::sync::Arc;
use std::time::Duration;

use bus::read::{self, Request, Start, Stored};
use contract::{UtcMs, stream};
use tokio::sync::{Notify, mpsc};

use super::denied::unless_blind;
use super::{Up, chain, decode, waiting};
use crate::event::{Event, Fact, History, Part};

/// Recent orders read, headers only: half an hour of the busiest hour of four countries, and more.
pub const ORDERS_READ: u64 = 5_000;

/// Outcomes and events read at most, each: several for every order read.
const STEPS_READ: u64 = 20_000;

/// Waiting entries read at most: those of an outage of hours.
const WAITING_READ: u64 = 20_000;

/// Recent refused payloads read, headers only.
const INVALID_READ: u64 = 200;

/// Recent intents and outcomes read: those of a day on which people do two hundred things.
pub const AUDIT_READ: u64 = 400;

/// Stores read at most.
const STORES_READ: usize = crate::state::stores::STORES_MAX;

/// Messages read in one go; each ends with a step of progress on screen.
const CHUNK: usize = 1_000;

/// Wait before a part that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// Reads everything each time the link comes up, and when asked to, until the loop is gone.
pub(super) async fn run(
    connection: bus::Connection,
    orders: u64,
    mut up: Up,
    asked: Arc<Notify>,
    events: mpsc::Sender<Event>,
) {
    loop {
        let life = *up.borrow_and_update();
        if let Some(life) = life {
            let still = up.clone();
            tokio::select! {
                read = read_all(&connection, orders, &events) => {
                    if read.is_err() { return }
                    tracing::debug!(life, "state is read from the streams");
                }
                // Lost meanwhile: begin anew with the next life.
                changed = left(still, life) => if !changed { return },
            }
        }
        // Only a change of life matters here; `Err` means that the feed is stopping.
        tokio::select! {
            changed = up.wait_for(|now_is| *now_is != life) => if changed.is_err() { return },
            () = asked.notified(), if life.is_some() => {}
        }
    }
}

/// Waits until the link is no longer in this life; `false` when the feed is stopping.
async fn left(mut up: Up, life: u64) -> bool {
    up.wait_for(|now_is| *now_is != Some(life)).await.is_ok()
}

/// The loop is gone.
struct Gone;

async fn tell(events: &mpsc::Sender<Event>, step: History) -> Result<(), Gone> {
    events.send(Event::History(step)).await.map_err(|_| Gone)
}

async fn read_all(connection: &bus::Connection, orders: u64, events: &mpsc::Sender<Event>) -> Result<(), Gone> {
    tell(events, History::Began).await?;
    let mut since = None;
    for part in Part::ALL {
        loop {
            let read = read_part(connection, orders, part, &mut since, events);
            let Some(read) = unless_blind(connection, part.stream(), read).await else {
                tell(events, History::Denied { part }).await?;
                break;
            };
            match read? {
                Ok(()) => break,
                Err(why) => tell(events, History::Failed { part, why }).await?,
            }
            // The trail is for the Log alone: what needs a person, and acting, must not wait for it.
            if part == Part::Audit {
                break;
            }
            tokio::time::sleep(RETRY).await;
        }
    }
    tell(events, History::Ready { since }).await
}

async fn read_part(
    connection: &bus::Connection,
    orders: u64,
    part: Part,
    since: &mut Option<UtcMs>,
    events: &mpsc::Sender<Event>,
) -> Result<Result<(), String>, Gone> {
    let done = match part {
        Part::Stores => stores(connection, events).await,
        Part::Orders => newest(connection, part, &stream::ORDERS, orders, true, None, events).await.map(|first| {
            *since = first;
        }),
        Part::Outcomes => {
            newest(connection, part, &stream::OUTCOMES, STEPS_READ, false, *since, events).await.map(drop)
        }
        Part::Events => newest(connection, part, &stream::EVENTS, STEPS_READ, false, *since, events).await.map(drop),
        Part::Invalid => newest(connection, part, &stream::INVALID, INVALID_READ, true, None, events).await.map(drop),
        Part::Audit => newest(connection, part, &stream::AUDIT, AUDIT_READ, false, None, events).await.map(drop),
        Part::Queues => queues(connection, events).await,
    };
    match done {
        Ok(()) => Ok(Ok(())),
        Err(Stopped::Gone) => Err(Gone),
        Err(Stopped::Failed(error)) => Ok(Err(chain(&error))),
    }
}

enum Stopped {
    Gone,
    Failed(bus::Error),
}

impl From<Gone> for Stopped {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<bus::Error> for Stopped {
    fn from(error: bus::Error) -> Self {
        Self::Failed(error)
    }
}

async fn stores(connection: &bus::Connection, events: &mpsc::Sender<Event>) -> Result<(), Stopped> {
    let request = Request {
        stream: stream::STORES.name,
        filter: "",
        from: Start::LastPerSubject,
        headers_only: false,
        limit: STORES_READ,
    };
    let mut facts = Vec::new();
    read::read(&connection.js, &request, |message| facts.extend(decode::stored(&message))).await?;
    let total = u64::try_from(facts.len()).unwrap_or(u64::MAX);
    Ok(tell(events, History::Read { part: Part::Stores, facts, done: total, total }).await?)
}

/// What waits: every entry up to a bound, and the depths, so that the start is complete when it says so (later they
/// are counted each second, see `queues`).
async fn queues(connection: &bus::Connection, events: &mpsc::Sender<Event>) -> Result<(), Stopped> {
    let total = read::extent(&connection.js, stream::QUEUES.name).await?.messages.min(WAITING_READ);
    let (mut done, mut from) = (0, 1);
    while done < total {
        let batch = waiting::next(connection, from).await?;
        let Some(last) = batch.last else { break };
        from = last + 1;
        done += u64::try_from(batch.facts.len()).unwrap_or(0);
        // Entries come and go meanwhile: it is done when the server has no more, not when the figure is reached.
        let step = History::Read { part: Part::Queues, facts: batch.facts, done, total: total.max(done + 1) };
        tell(events, step).await?;
    }
    let read = super::queues::read(connection).await?;
    events.send(Event::Queues(read)).await.map_err(|_| Stopped::Gone)?;
    Ok(tell(events, History::Read { part: Part::Queues, facts: Vec::new(), done, total: done }).await?)
}

/// Reads the newest `count` messages of a stream, those from `since` on when given. Returns when the first one was
/// stored, if older ones were left out.
async fn newest(
    connection: &bus::Connection,
    part: Part,
    spec: &stream::StreamSpec,
    count: u64,
    headers_only: bool,
    since: Option<UtcMs>,
    events: &mpsc::Sender<Event>,
) -> Result<Option<UtcMs>, Stopped> {
    let extent = read::extent(&connection.js, spec.name).await?;
    // Sequences without gaps; where messages were deleted fewer than `count` come.
    let first = extent.first.max((extent.last + 1).saturating_sub(count));
    let mut total = if extent.messages == 0 { 0 } else { extent.last + 1 - first };
    let mut from = since.map_or(Start::Sequence(first), Start::Time);
    let (mut done, mut first_stored) = (0, None);
    while done < total {
        let mut facts: Vec<Fact> = Vec::new();
        let mut last = None;
        let request = Request { stream: spec.name, filter: "", from, headers_only, limit: CHUNK };
        let each = |message: Stored| {
            first_stored.get_or_insert(message.stored_at);
            last = Some(message.sequence);
            facts.extend(decode::stored(&message));
        };
        let taken = read::read(&connection.js, &request, each).await?;
        let Some(last) = last else {
            break; // Nothing since that time, or deleted meanwhile.
        };
        done += u64::try_from(taken).unwrap_or(0);
        // What is left is known exactly from the sequence just read; it was an estimate for a start by time.
        total = done + extent.last.saturating_sub(last).min(total.saturating_sub(done));
        from = Start::Sequence(last + 1);
        tell(events, History::Read { part, facts, done, total }).await?;
        if last >= extent.last {
            break;
        }
    }
    tell(events, History::Read { part, facts: Vec::new(), done, total: done }).await?;
    Ok(first_stored.filter(|_| first > extent.first))
}
