//! The program's settings.

use std::path::PathBuf;

use clap::Parser;

/// Runs a private deployment of real processes, sends orders, breaks things by a seeded plan, and judges from outside
/// whether an order was lost, duplicated, invented, overtaken, or late.
///
/// Prints a table and writes the same as JSON. Exit code 0 when every promise was kept and every planned kind of fault
/// left a trace, 1 otherwise.
#[derive(Debug, Clone, Parser)]
#[command(name = "chaos", version, max_term_width = 100)]
pub struct Settings {
    /// Seed of plan and orders; the same seed and sizes give the same plan. Chosen and printed when not given
    #[arg(long)]
    pub seed: Option<u64>,

    /// On how many nats-servers: 1, 3, or both, one after the other
    #[arg(long, default_value = "both", value_parser = parse_nodes)]
    pub nodes: Nodes,

    /// Rounds on each: faults under traffic, then healing, draining and one probe order for each store; default: as many
    /// as it takes for each kind of fault to come once
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: Option<u32>,

    /// Most faults in a round. Each kind comes once before any comes again
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub faults: u32,

    /// Only kinds of fault whose name contains one of these texts, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,

    /// Orders a second while faults are at work, over all stores
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub orders: u32,

    /// Stores
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(8..=1000))]
    pub stores: u32,

    /// Multiplies the bounds of waiting, for a machine that has something else to do meanwhile
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub slack: u32,

    /// Folder of the report, `<seed>.json`; default: `chaos` in `CARGO_TARGET_DIR` or `target`
    #[arg(long)]
    pub report_dir: Option<PathBuf>,
}

/// How many nats-servers; a part of the run for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nodes(pub &'static [usize]);

fn parse_nodes(text: &str) -> Result<Nodes, String> {
    match text {
        "1" => Ok(Nodes(&[1])),
        "3" => Ok(Nodes(&[3])),
        "both" => Ok(Nodes(&[1, 3])),
        _ => Err("must be 1, 3 or both".to_owned()),
    }
}

impl Settings {
    /// Folder of the report.
    pub fn report_dir(&self) -> PathBuf {
        let target = || std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
        self.report_dir.clone().unwrap_or_else(|| target().join("chaos"))
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
