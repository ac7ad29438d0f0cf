//! Reads what is left in the end: ledger and streams.

use std::path::Path;

use bus::read::{Request, Start, Stored, read};
use contract::{Event, Outcome, UtcMs};
use pos_simulator::LedgerLine;
use pos_simulator::ledger::Lines;
use serde::de::DeserializeOwned;

use crate::oracle::{Assigned, Ended};

/// What was read.
#[derive(Debug, Default)]
pub struct Remains {
    /// Every line of the ledger.
    pub ledger: Vec<LedgerLine>,
    /// `OUTCOMES`, in stream order.
    pub ended: Vec<Ended>,
    /// `EVENTS`, in stream order; their time is when they were stored, for the clocks of services may be wrong.
    pub events: Vec<Event>,
    /// Entries in `QUEUES`.
    pub waiting: u64,
}

impl Remains {
    /// Reads everything. Some tens of megabytes after the longest runs.
    pub async fn gather(connection: &bus::Connection, ledger: &Path) -> anyhow::Result<Self> {
        let outcomes: Vec<(UtcMs, Outcome)> = all(connection, "OUTCOMES").await?;
        let events: Vec<(UtcMs, Event)> = all(connection, "EVENTS").await?;
        Ok(Self {
            ledger: lines(ledger)?,
            ended: outcomes.iter().map(|(at, outcome)| Ended::of(outcome, *at)).collect(),
            events: events.into_iter().map(|(at, event)| Event { at, ..event }).collect(),
            waiting: waiting(connection).await?,
        })
    }

    /// Assignments of partitions among the events.
    pub fn assigned(&self) -> Vec<Assigned> {
        self.events.iter().filter_map(|event| Assigned::of(&event.kind, event.at)).collect()
    }
}

/// Every line of the ledger.
pub fn lines(ledger: &Path) -> anyhow::Result<Vec<LedgerLine>> {
    Ok(Lines::open(ledger)?.collect::<Result<_, _>>()?)
}

/// How far orders have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Orders ever stored.
    pub orders: u64,
    /// Outcomes ever stored.
    pub outcomes: u64,
    /// Entries in `QUEUES`.
    pub waiting: u64,
}

impl Progress {
    /// As the streams tell it.
    pub async fn read(connection: &bus::Connection) -> Result<Self, bus::Error> {
        let count =
            |stream| async move { Ok::<_, bus::Error>(bus::read::extent(&connection.js, stream).await?.messages) };
        let (orders, outcomes) = (count("ORDERS").await?, count("OUTCOMES").await?);
        Ok(Self { orders, outcomes, waiting: waiting(connection).await? })
    }

    /// Whether every order has its outcome and no queue holds anything.
    pub const fn is_done(self) -> bool {
        self.orders <= self.outcomes && self.waiting == 0
    }

    /// Orders that are in no queue yet; somewhat wrong while orders flow, for the streams are asked one after the other.
    pub const fn not_handed_over(self) -> u64 {
        self.orders.saturating_sub(self.outcomes).saturating_sub(self.waiting)
    }
}

/// Entries in `QUEUES`.
pub async fn waiting(connection: &bus::Connection) -> Result<u64, bus::Error> {
    Ok(bus::read::extent(&connection.js, "QUEUES").await?.messages)
}

/// Every message of a stream, with the time at which it was stored.
async fn all<T: DeserializeOwned>(connection: &bus::Connection, stream: &str) -> anyhow::Result<Vec<(UtcMs, T)>> {
    let request = Request { stream, filter: "", from: Start::Sequence(1), headers_only: false, limit: usize::MAX };
    let mut all = Vec::new();
    let each = |stored: Stored| {
        all.push(serde_json::from_slice::<T>(&stored.payload).map(|message| (stored.stored_at, message)));
    };
    read(&connection.js, &request, each).await?;
    Ok(all.into_iter().collect::<Result<_, _>>()?)
}
