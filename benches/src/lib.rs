//! What the services and the console cost, side by side in one run with the *limit*: the smallest programs that do the
//! same I/O with the same client and nothing else. What each figure means is in `docs/performance.md`.
//!
//! Nothing of the product depends on this; it knows the services as their users do, and of the console its library and its
//! program.
//!
//! - [`report`], [`figures`]: the table, what is made of many values. Pure.
//! - [`traffic`], [`filled`]: invented orders as the services tell of them, the console's state full of them. Pure.
//! - [`limit`]: the limit programs. [`publisher`], [`ingestion`]: the sources of messages, and the console without a
//!   terminal. Each is a process of its own, started by [`part`].
//! - [`site`], [`services`], [`http`], [`pos`], [`terminal`], [`process`]: a bus, the services on it, the apps' side, the stores'
//!   side, the console in a terminal, what the kernel says.
//! - [`mod@line`]: a bad line, pure; [`link`] carries packets over it, [`shaped`] measures at its end.
//! - [`hours`]: an evening of the console by a clock of its own. No I/O.
//! - [`rows`]: what is measured, one file a group. [`settings`]: the program.

pub mod figures;
pub mod filled;
pub mod hours;
pub mod http;
pub mod ingestion;
pub mod limit;
pub mod line;
pub mod link;
pub mod part;
pub mod pos;
pub mod process;
pub mod publisher;
pub mod report;
pub mod rows;
pub mod services;
pub mod settings;
pub mod shaped;
pub mod site;
pub mod terminal;
pub mod traffic;

/// Nanoseconds since 1970 by this machine's clock: the same in every process on it.
pub fn clock_ns() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(0)
}
