//! The program `chaos`: chooses the seed, prints the plan, runs it, prints and writes the report.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use chaos::Settings;
use chaos::plan::Plan;
use chaos::report::Report;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Settings::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<bool> {
    let seed = settings.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let plan = Plan::new(seed, settings.rounds, settings.faults, settings.stores);
    print_plan(seed, &settings, &plan)?;
    let mut terminated = signal(SignalKind::terminate())?;
    // Whatever ends us, the deployment is dropped and with it every process.
    tokio::select! {
        passed = prove(&settings, seed, &plan) => passed,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    }
}

async fn prove(settings: &Settings, seed: u64, plan: &Plan) -> anyhow::Result<bool> {
    let started = Instant::now();
    let (run, deployment) = chaos::runner::run(settings, seed, plan).await?;
    let report = Report::of(settings, seed, &run, started.elapsed().as_secs());
    let folder = settings.report_dir();
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let file = folder.join(format!("{seed}.json"));
    let json = serde_json::to_vec_pretty(&report)?;
    std::fs::write(&file, json).with_context(|| format!("writing {}", file.display()))?;
    let mut out = io::stdout().lock();
    write!(out, "{report}")?;
    writeln!(out, "report: {}", file.display())?;
    if !report.passed {
        writeln!(out, "logs and ledger: {}", deployment.keep().display())?;
    }
    Ok(report.passed)
}

fn print_plan(seed: u64, settings: &Settings, plan: &Plan) -> io::Result<()> {
    let Settings { rounds, faults, orders, stores, .. } = settings;
    let mut out = io::stdout().lock();
    writeln!(out, "chaos --seed {seed} --rounds {rounds} --faults {faults} --orders {orders} --stores {stores}")?;
    for (number, steps) in plan.rounds.iter().enumerate() {
        let steps: Vec<String> =
            steps.iter().map(|step| format!("{} {:.1} s", step.fault, step.hold_ms as f64 / 1_000.0)).collect();
        writeln!(out, "round {}: {}", number + 1, steps.join(", "))?;
    }
    writeln!(out)?;
    out.flush()
}
