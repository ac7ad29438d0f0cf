//! The program `bounds`: runs the scenarios, prints and writes the report.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use chaos::bounds::report::Report;
use chaos::bounds::settings::{Scenario, Settings};
use chaos::bounds::{backlog, flood, memory, outage, path, power};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Settings::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "bounds: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<bool> {
    let mut terminated = signal(SignalKind::terminate())?;
    // Whatever ends us, the deployment is dropped and with it every process.
    tokio::select! {
        passed = show(&settings) => passed,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    }
}

async fn show(settings: &Settings) -> anyhow::Result<bool> {
    let started = Instant::now();
    let mut rows = Vec::new();
    for scenario in settings.scenarios() {
        rows.extend(match scenario {
            Scenario::Backlog => backlog::run(settings).await?,
            Scenario::Outage => outage::run(settings).await?,
            Scenario::Flood => flood::run(settings).await?,
            Scenario::Path => path::run(settings).await?,
            Scenario::PowerLoss => power::run(settings).await?,
        });
    }
    let report = Report::new(memory::machine(), rows, started.elapsed().as_secs());
    let file = settings.report();
    std::fs::write(&file, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("writing {}", file.display()))?;
    let mut out = io::stdout().lock();
    write!(out, "{report}")?;
    writeln!(out, "report: {}", file.display())?;
    Ok(report.passed)
}
