//! The program's settings, and how much is measured.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::part::Task;

/// Measures the order path and the console against the smallest programs that do the same, and prints one table.
///
/// Everything runs on this machine, on ports and in folders of its own. Figures mean something on a quiet machine only.
/// Exit code 0 when everything was measured, whatever the targets say; 1 when something could not be measured.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Settings {
    /// One of the programs that are measured
    #[command(subcommand)]
    pub part: Option<Started>,

    /// Only these groups, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Name>,

    /// A run of about two minutes that shows that everything works
    #[arg(long)]
    pub short: bool,

    /// How often what is short is repeated; the table tells medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub runs: u32,

    /// A program that prints where the peer named to it is, and installs it if need be; without it peers are left out
    #[arg(long)]
    pub peers: Option<PathBuf>,

    /// Where the report is written, as JSON
    #[arg(long, default_value = "target/bench/report.json")]
    pub report: PathBuf,
}

/// What is started as a process of its own.
#[derive(Debug, Clone, Subcommand)]
pub enum Started {
    /// Used by the program itself
    #[command(hide = true)]
    Part {
        /// Where the bus is
        #[arg(long)]
        nats_url: String,
        /// What it does
        #[command(subcommand)]
        task: Task,
    },
}

/// A group of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Time to draw each screen
    Frames,
    /// Messages into the console's state
    Ingestion,
    /// From acceptance to the point of sale
    Path,
    /// The console's start
    Start,
    /// What the console writes and uses, and how soon it shows a key
    Wire,
    /// The same of other programs for NATS
    Peers,
    /// How soon the console shows a key through SSH on a bad line
    Ssh,
    /// The console's memory
    Memory,
    /// The console's memory over a long evening
    Hours,
}

impl Name {
    /// The name as it is written.
    pub fn text(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Runs of what is short.
    pub runs: u32,
    /// Frames of each screen.
    pub frames: u32,
    /// Orders in the state that is drawn.
    pub orders_drawn: u32,
    /// Messages into the console's state.
    pub ingested: u32,
    /// How long orders are sent at a pace.
    pub paced: Duration,
    /// Orders sent as fast as they are accepted.
    pub saturating: u32,
    /// Store counts of the order path.
    pub stores: [u32; 2],
    /// How long the terminal is left alone.
    pub idle: Duration,
    /// How long each load lasts.
    pub load: Duration,
    /// Keys under each load.
    pub keys: u32,
    /// Orders in the streams when the console starts.
    pub orders_stored: u32,
    /// Messages after which the console's memory is looked at.
    pub remembered: u32,
    /// How many seconds by its own clock the console lives through.
    pub lived: u32,
}

impl Settings {
    /// What to measure, in this order.
    pub fn groups(&self) -> Vec<Name> {
        let all = Name::value_variants().iter().copied();
        all.filter(|name| self.only.is_empty() || self.only.contains(name)).collect()
    }

    /// How much.
    pub const fn scale(&self) -> Scale {
        if self.short {
            return Scale {
                runs: 1,
                frames: 20,
                orders_drawn: 2_000,
                ingested: 6_000,
                paced: Duration::from_secs(1),
                saturating: 500,
                stores: [40, 200],
                idle: Duration::from_secs(3),
                load: Duration::from_secs(2),
                keys: 6,
                orders_stored: 1_000,
                remembered: 20_000,
                lived: 8 * 60,
            };
        }
        Scale {
            runs: self.runs,
            frames: 500,
            orders_drawn: 50_000,
            ingested: 300_000,
            paced: Duration::from_secs(6),
            saturating: 20_000,
            stores: [40, 2_000],
            idle: Duration::from_mins(1),
            load: Duration::from_secs(10),
            keys: 100,
            orders_stored: 20_000,
            remembered: 1_000_000,
            lived: 8 * 60 * 60,
        }
    }
}
