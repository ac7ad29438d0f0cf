//! Settings of the queue-resolver.

use std::path::PathBuf;
use std::time::Duration;

use chassis::{CommonArgs, ProbeArgs};
use clap::Parser;
use contract::InstanceId;

use crate::schedule::Schedule;

/// Injects orders into each store's point of sale, strictly first-in first-out per store, with retries.
///
/// Run as many as you like, each under its own name: the distribuidor shares the stores out among them.
#[derive(Debug, Clone, Parser)]
#[command(name = "queue-resolver", version)]
pub struct Settings {
    /// Name of this instance, unique among the resolvers
    #[arg(long, env = "DOMICILIO_ID", default_value = "queue-resolver-1")]
    pub id: InstanceId,

    /// Seconds to wait after the first, second ... failed attempt; one attempt more than there are waits
    #[arg(long, env = "DOMICILIO_RETRY_SCHEDULE", default_value = "3,10,20,40,80,160", value_name = "SECONDS,...")]
    pub retry_schedule: Schedule,

    /// Milliseconds that a POS may take to answer one attempt, the connection included
    #[arg(long, env = "DOMICILIO_POS_DEADLINE_MS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=120_000))]
    pub pos_deadline_ms: u32,

    /// Authorities that vouch for POS behind https://, besides the system's: a file of certificates in PEM
    #[arg(long, env = "DOMICILIO_POS_CA", value_name = "FILE")]
    pub pos_ca: Option<PathBuf>,

    /// Attempts under way at the same time, over all stores; one store never has more than one
    #[arg(long, env = "DOMICILIO_IN_FLIGHT_MAX", default_value_t = 2_048, value_parser = parse_in_flight)]
    pub in_flight_max: usize,

    /// Orders a second that begin at one store at most; 0: no limit. A backlog after an outage drains at this pace
    #[arg(long, env = "DOMICILIO_STORE_PACE", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    pub store_pace: u16,

    /// Where probes are answered
    #[command(flatten)]
    pub probes: ProbeArgs,

    /// Settings common to all services
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Limits of calls to POS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PosLimits {
    /// Calls at the same time.
    pub at_once: usize,
    /// For a whole attempt.
    pub deadline: Duration,
    /// For the connection alone: a dead store is told from a slow one early.
    pub connect: Duration,
}

impl Settings {
    /// Least time between the beginnings of two orders of one store, in milliseconds.
    pub fn pace_ms(&self) -> u64 {
        1_000_u64.checked_div(u64::from(self.store_pace)).unwrap_or(0)
    }

    /// Limits of calls to POS.
    pub fn pos(&self) -> PosLimits {
        let deadline = Duration::from_millis(u64::from(self.pos_deadline_ms));
        PosLimits { at_once: self.in_flight_max, deadline, connect: deadline.min(Duration::from_secs(3)) }
    }
}

/// Each attempt holds a socket: the bound keeps the process within the usual limit of open files.
fn parse_in_flight(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=16_384) => Ok(count),
        _ => Err("must be 1 to 16384".to_owned()),
    }
}
