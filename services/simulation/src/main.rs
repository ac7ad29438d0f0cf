//! The program `simulation`: runs seeds and prints what became of them.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use simulation::{Options, Protection, Rare};

/// Runs the deciding core of the order path in virtual time, and judges.
#[derive(Debug, Parser)]
#[command(name = "simulation", version)]
struct Settings {
    /// First seed
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many seeds, counting up
    #[arg(long, default_value_t = 1)]
    count: u64,

    /// Print every event
    #[arg(long)]
    log: bool,

    /// Switch one protection off, to see what it protects
    #[arg(long)]
    without: Option<Protection>,
}

fn main() -> ExitCode {
    match run(&Settings::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "simulation: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(settings: &Settings) -> io::Result<bool> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut all = simulation::Counts::default();
    let mut kept = true;
    let mut slowest = (0, settings.seed);
    for seed in settings.seed..settings.seed.saturating_add(settings.count) {
        let report = simulation::run(seed, Options { without: settings.without, log: settings.log })
            .map_err(io::Error::other)?;
        write!(out, "{}", report.log)?;
        all.merge(&report.counts);
        slowest = slowest.max((report.ended_ms, seed));
        if let Some(breach) = &report.breach {
            kept = false;
            writeln!(out, "seed {seed}: {breach}")?;
        } else if settings.count == 1 {
            let (orders, events, ms) = (report.orders, report.events, report.ended_ms);
            writeln!(
                out,
                "seed {seed}: every promise kept: {orders} orders, {events} events, {ms} ms of virtual time"
            )?;
        }
    }
    let (ended_ms, seed) = slowest;
    writeln!(out, "{ended_ms:>9}  ms of virtual time at most (seed {seed})")?;
    for rare in Rare::ALL {
        writeln!(out, "{:>9}  {rare}", all.of(*rare))?;
    }
    out.flush()?;
    Ok(kept)
}
