//! The stores' side: one program that stands for the point of sale (POS) of every store.
//!
//! It takes orders over HTTP as a real POS does (one at a time per store, each key once), writes everything that
//! happens into a ledger, and misbehaves on request. Demo, tests and benches judge the order path by this ledger
//! and not by the path's own counters, so nothing here may know how the other services work: it shares only
//! the header names with them, and it makes no use of the bus.
//!
//! - [`ledger`]: what a line says, reading ledgers, judging them. Of use to others.
//! - [`fault`]: what can be wrong with a store's POS, and when. Pure.
//! - [`decision`]: what one request comes to. Pure.
//! - [`simulator`]: the stores with their keys, the ledger's file, the faults in force.
//! - [`http`], [`server`]: the way in.
//! - [`settings`], [`telemetry`], [`stop`]: the program around it.

pub mod decision;
pub mod fault;
mod fingerprint;
pub mod http;
pub mod ledger;
pub mod server;
pub mod settings;
pub mod simulator;
pub mod stop;
pub mod telemetry;

pub use fault::{Plan, Trouble};
pub use ledger::{Fate, Kind, LedgerLine, Verdict, judge, judge_file};
pub use settings::Settings;
pub use simulator::Simulator;
