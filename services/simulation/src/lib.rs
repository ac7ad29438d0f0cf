//! The deciding core of the order path, deterministic, in virtual time.
//!
//! The production code that decides (`distribuidor::chain`, `distribuidor::assign`, `queue_resolver::lane` and its
//! schedule, the leases' counting) is driven by a single-threaded shell that mirrors the real ones, against a model of
//! the bus and of the POS with their measured habits. One seed decides orders, faults, delays and ties; the same seed
//! is the same run, event by event. [`judge`] looks at every step at what reaches the streams and the POS.
//!
//! Mirrors: [`hand`] of `distribuidor::handover`, [`distribuidor`](mod@distribuidor) of `office` and `registry`,
//! [`resolver`] of `queue_resolver::tenancy`, [`session`] of `queue_resolver::session`. Intake is not simulated:
//! orders appear in `ORDERS`.

pub mod agenda;
pub mod broker;
pub mod distribuidor;
pub mod fault;
pub mod hand;
pub mod judge;
pub mod names;
pub mod pos;
pub mod rare;
pub mod resolver;
mod run;
pub mod session;
pub mod wire;
pub mod world;

use std::fmt;

pub use judge::{Breach, Promise};
pub use rare::{Counts, Rare};
pub use run::run;

/// What protects the promises; switched off one at a time, to show that the judge would see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Protection {
    /// Lanes are told the store's watermark.
    Watermark,
    /// Publishes to `QUEUES` expect where it ends.
    Chain,
    /// A consumer is made anew after any anomaly and on takeover, under a name of its own.
    NewConsumer,
    /// Outcomes expect the store's last one.
    Fence,
    /// Just before a payload leaves, its sender looks whether it still owns the store.
    LastLook,
}

/// How to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What is switched off.
    pub without: Option<Protection>,
    /// Whether to keep a log of every event.
    pub log: bool,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// The first broken promise; none when all were kept.
    pub breach: Option<Breach>,
    /// Orders accepted.
    pub orders: usize,
    /// Events that happened.
    pub events: u64,
    /// Virtual time at the end, in milliseconds.
    pub ended_ms: u64,
    /// What happened.
    pub counts: Counts,
    /// Every event, one a line; empty unless asked for.
    pub log: String,
}

/// A name of the simulation's own that the contract refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(pub(crate) String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}
