//! Proves the promises of the order path against real processes: orders flow, parts of a private deployment are killed,
//! frozen or misled by a seeded plan, and an oracle judges from outside what became of every order.
//!
//! It knows the services only as their users do: programs, HTTP answers, the points of sale's ledger, the streams. It
//! shares no code with them but the contract, and must not come to know how they keep their promises.
//!
//! - [`fault`], [`plan`]: the kinds of fault; which, when, where. Pure, by seed.
//! - [`oracle`]: the judgement. Pure.
//! - [`trace`], [`outage`]: what a fault left behind, how long orders waited because of it. Pure.
//! - [`deployment`], [`proxy`], [`disk`], [`leaders`]: the processes, the network, the disks, who leads.
//! - [`sender`], [`witness`], [`evidence`]: the apps, what is heard, what is read. [`counts`]: the counts of the console.
//! - [`runner`], [`report`], [`table`], [`settings`]: the program. What it does to a deployment is in `stage`.
//! - [`bounds`]: another program, which shows what is bounded.

pub mod bounds;
pub mod counts;
pub mod deployment;
pub mod disk;
pub mod evidence;
pub mod fault;
pub mod leaders;
pub mod oracle;
pub mod outage;
pub mod plan;
pub mod proxy;
pub mod report;
pub mod runner;
pub mod sender;
pub mod settings;
pub(crate) mod stage;
pub mod table;
pub mod trace;
pub mod witness;

pub use settings::Settings;

/// This machine's clock: every process of the deployment has the same.
pub(crate) fn now() -> contract::UtcMs {
    jiff::Timestamp::now().into()
}
