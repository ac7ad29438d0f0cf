//! Proves the promises of the order path against real processes: orders flow, parts of a private deployment are killed,
//! frozen or misled by a seeded plan, and an oracle judges from outside what became of every order.
//!
//! It knows the services only as their users do: programs, HTTP answers, the points of sale's ledger, the streams. It
//! shares no code with them but the contract, and must not come to know how they keep their promises.
//!
//! - [`plan`]: which fault, when, where. Pure, by seed.
//! - [`oracle`]: the judgement. Pure.
//! - [`trace`]: what a fault left behind, how long stores were without service. Pure.
//! - [`deployment`], [`sender`], [`witness`], [`evidence`]: the processes, the apps, what is heard, what is read.
//! - [`runner`], [`report`], [`settings`]: the program.
//! - [`bounds`]: another program, which shows what is bounded.

pub mod bounds;
pub mod deployment;
pub mod evidence;
pub mod oracle;
pub mod plan;
pub mod report;
pub mod runner;
pub mod sender;
pub mod settings;
pub mod trace;
pub mod witness;

pub use settings::Settings;

/// This machine's clock: every process of the deployment has the same.
pub(crate) fn now() -> contract::UtcMs {
    jiff::Timestamp::now().into()
}
