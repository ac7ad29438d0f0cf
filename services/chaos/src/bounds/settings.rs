//! The program's settings.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Orders pile up for one dead store, the others go on
    Backlog,
    /// NATS is away while the apps go on sending
    Outage,
    /// Orders over many stores are accepted while no resolver is there, which then come back
    Flood,
    /// How many orders a second go the whole way, and how long each takes
    Path,
    /// The same with every message on the disk before it is acknowledged, and without
    PowerLoss,
}

/// Shows on real processes that memory, waiting and pace are bounded.
///
/// Prints a table and writes the same as JSON. Exit code 0 when every bound holds, 1 otherwise.
#[derive(Debug, Clone, Parser)]
#[command(name = "bounds", version, max_term_width = 100)]
pub struct Settings {
    /// What to show; the first three when none is named
    #[arg(value_enum)]
    pub scenarios: Vec<Scenario>,

    /// Orders that wait for the dead store
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub backlog: u32,

    /// Seconds of traffic for each measurement of latency
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..=600))]
    pub steady_s: u64,

    /// Seconds without NATS
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(5..=3_600))]
    pub away_s: u64,

    /// Orders of the flood
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    pub flood: u32,

    /// Stores of the flood
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(10..=5_000))]
    pub flood_stores: u32,

    /// Orders that go the whole way as fast as they are answered
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub path: u32,

    /// Where the report is written; default: `bounds.json` in `CARGO_TARGET_DIR` or `target`
    #[arg(long)]
    pub report: Option<PathBuf>,
}

impl Settings {
    /// Where the report is written.
    pub fn report(&self) -> PathBuf {
        let target = || std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
        self.report.clone().unwrap_or_else(|| target().join("bounds.json"))
    }

    /// How long traffic flows for each measurement of latency.
    pub const fn steady(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.steady_s)
    }

    /// What is to be shown.
    pub fn scenarios(&self) -> Vec<Scenario> {
        if self.scenarios.is_empty() {
            vec![Scenario::Backlog, Scenario::Outage, Scenario::Flood]
        } else {
            self.scenarios.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn settings_are_consistent() {
        Settings::command().debug_assert();
    }
}
