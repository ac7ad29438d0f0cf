//! Counting the queues each second: exact depths from the server, and the oldest entry of each queue.

use std::time::Duration;

use bus::read;
use contract::{StoreId, UtcMs, stream, subject};
use futures::StreamExt as _;
use tokio::sync::mpsc;

use super::denied::unless_blind;
use super::{Up, chain, decode, now};
use crate::event::{Depth, Event, Fact, QueuesRead};

/// How often the queues are counted. Ten times as often was measured not to show in publish latency.
const PERIOD: Duration = Duration::from_secs(1);

/// Oldest entries read each time, of the deepest queues; a fifth of a millisecond each.
const HEADS_READ: usize = 200;

/// Oldest entries read at the same time.
const HEADS_AT_ONCE: usize = 8;

/// Counts while the link is up, until the loop is gone.
pub(super) async fn run(connection: bus::Connection, mut up: Up, events: mpsc::Sender<Event>) {
    let mut timer = tokio::time::interval(PERIOD);
    let mut failing = false;
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        if up.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let Some(read) = unless_blind(&connection, stream::QUEUES.name, read(&connection)).await else {
            // The screen says so; another connection may be allowed more.
            let life = *up.borrow_and_update();
            if up.wait_for(|now_is| *now_is != life).await.is_err() {
                return;
            }
            continue;
        };
        match read {
            Ok(read) => {
                failing = false;
                if events.send(Event::Queues(read)).await.is_err() {
                    return;
                }
            }
            // The screen shows how old the last count is; once in the log is enough.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(error = chain(&error), "the queues cannot be counted");
            }
            Err(error) => tracing::debug!(error = chain(&error), "the queues cannot be counted"),
        }
    }
}

/// Counts now.
pub async fn read(connection: &bus::Connection) -> Result<QueuesRead, bus::Error> {
    let mut depths = read::depths(&connection.js).await?;
    depths.sort_by_key(|(store, depth)| (std::cmp::Reverse(*depth), *store));
    let at: UtcMs = now();
    let heads = depths.iter().map(|(store, _)| *store).take(HEADS_READ).collect::<Vec<_>>();
    let heads: Vec<Option<contract::QueueEntry>> =
        futures::stream::iter(heads).map(|store| head(connection, store)).buffered(HEADS_AT_ONCE).collect().await;
    let mut heads = heads.into_iter();
    let depths =
        depths.into_iter().map(|(store, depth)| Depth { store, depth, head: heads.next().flatten() }).collect();
    Ok(QueuesRead { at, depths })
}

/// The oldest entry of a store's queue; `None` when it went meanwhile or cannot be read.
async fn head(connection: &bus::Connection, store: StoreId) -> Option<contract::QueueEntry> {
    let message = read::next(&connection.js, stream::QUEUES.name, &subject::queue(store), 1).await.ok()??;
    match decode::stored(&message)? {
        Fact::Queued(entry) => Some(entry),
        _ => None,
    }
}
