//! The program `chaos`: chooses the seed, prints the plan, runs it, prints and writes the report.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use chaos::Settings;
use chaos::disk::Disk;
use chaos::fault::Fault;
use chaos::plan::{Plan, Size};
use chaos::report::{LeftOut, Part, Report};
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
    let no_disks = Disk::why_not();
    let left_out: Vec<LeftOut> = no_disks.map(|why| LeftOut { fault: Fault::Disk, why }).into_iter().collect();
    let unable: Vec<Fault> = left_out.iter().map(|left_out| left_out.fault).collect();
    let plans: Vec<Plan> =
        settings.nodes.0.iter().map(|nodes| Plan::new(seed, &size(&settings, *nodes, &unable))).collect();
    anyhow::ensure!(plans.iter().any(|plan| !plan.rounds.is_empty()), "no kind of fault is left to be caused");
    print_plans(seed, &settings, &plans)?;
    let mut terminated = signal(SignalKind::terminate())?;
    // Whatever ends us, the deployment is dropped and with it every process.
    tokio::select! {
        passed = prove(&settings, seed, &plans, left_out) => passed,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    }
}

fn size<'a>(settings: &'a Settings, nodes: usize, left_out: &'a [Fault]) -> Size<'a> {
    let Settings { rounds, faults, stores, ref only, .. } = *settings;
    Size { nodes, rounds, faults, stores, only, left_out }
}

async fn prove(settings: &Settings, seed: u64, plans: &[Plan], left_out: Vec<LeftOut>) -> anyhow::Result<bool> {
    let (mut parts, mut kept) = (Vec::new(), Vec::new());
    for plan in plans.iter().filter(|plan| !plan.rounds.is_empty()) {
        let started = Instant::now();
        let disks = plan.rounds.iter().flatten().any(|step| step.fault == Fault::Disk);
        let (run, deployment) = chaos::runner::run(settings, seed, plan, disks).await?;
        let part = Part::of(&run, plan.nodes, settings, started.elapsed().as_secs());
        if !part.passed {
            kept.push(deployment.keep());
        }
        parts.push(part);
    }
    let report = Report::of(settings, seed, left_out, parts);
    let folder = settings.report_dir();
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let file = folder.join(format!("{seed}.json"));
    let json = serde_json::to_vec_pretty(&report)?;
    std::fs::write(&file, json).with_context(|| format!("writing {}", file.display()))?;
    let mut out = io::stdout().lock();
    write!(out, "{report}")?;
    writeln!(out, "report: {}", file.display())?;
    for folder in kept {
        writeln!(out, "logs and ledger: {}", folder.display())?;
    }
    Ok(report.passed)
}

fn print_plans(seed: u64, settings: &Settings, plans: &[Plan]) -> io::Result<()> {
    let Settings { faults, orders, stores, only, slack, .. } = settings;
    let mut out = io::stdout().lock();
    write!(out, "chaos --seed {seed} --faults {faults} --orders {orders} --stores {stores} --slack {slack}")?;
    if let Some(rounds) = settings.rounds {
        write!(out, " --rounds {rounds}")?;
    }
    writeln!(out, "{}", if only.is_empty() { String::new() } else { format!(" --only {:?}", only.join(",")) })?;
    for plan in plans {
        for (number, steps) in plan.rounds.iter().enumerate() {
            let steps: Vec<String> =
                steps.iter().map(|step| format!("{} {:.1} s", step.fault, step.hold_ms as f64 / 1_000.0)).collect();
            writeln!(out, "nodes {}, round {}: {}", plan.nodes, number + 1, steps.join(", "))?;
        }
    }
    writeln!(out)?;
    out.flush()
}
