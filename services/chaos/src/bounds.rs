//! Shows on real processes that what the documents call bounded is bounded: memory, waiting and pace under a dead
//! store's backlog, without the bus, and under the flood after an outage; and what a safe disk costs.
//!
//! Judged from outside like everything in this crate: by the answers that senders got, the points of sale's ledger,
//! the streams, and the kernel's word on memory.
//!
//! - [`judge`]: lost, twice, out of turn, pace, percentiles. Pure.
//! - [`report`]: the rows and whether each bound holds. Pure.
//! - [`load`], [`site`], [`memory`]: senders, the deployment, what the kernel tells.
//! - [`backlog`], [`outage`], [`flood`], [`path`], [`power`]: one scenario each.
//! - [`settings`]: the program's settings.

pub mod backlog;
pub mod flood;
pub mod judge;
pub mod load;
pub mod memory;
pub mod outage;
pub mod path;
pub mod power;
pub mod report;
pub mod settings;
pub mod site;

pub use settings::Settings;

/// One line on standard error, for whoever watches.
pub(crate) fn tell(line: &str) {
    use std::io::Write as _;

    // Nobody there to read it is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{} {line}", crate::now());
}
