//! The program `bench`: measures group by group, prints the table, writes the report.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use bench::report::{Group, Report};
use bench::settings::{Settings, Started};
use bench::{part, process, rows};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

/// The console's, which is measured in this program, too, beside what has the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let settings = Settings::parse();
    let done = match &settings.part {
        Some(Started::Part { nats_url, task }) => part::run(nats_url, task).await.map(|()| true),
        None => run(&settings).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings) -> anyhow::Result<bool> {
    let mut terminated = signal(SignalKind::terminate())?;
    // Whatever ends us, every process that was started is dropped and so ended.
    tokio::select! {
        all = measure(settings) => all,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    }
}

async fn measure(settings: &Settings) -> anyhow::Result<bool> {
    let scale = settings.scale();
    let mut groups = Vec::new();
    let mut all = true;
    for name in settings.groups() {
        writeln!(io::stderr(), "bench: {}", name.text())?;
        let began = Instant::now();
        let measured = rows::measure(name, &scale, settings.peers.as_deref()).await;
        let (rows, left_out) = match measured {
            Ok(measured) => (measured.rows, measured.left_out),
            Err(error) => {
                all = false;
                (Vec::new(), Some(format!("{error:#}")))
            }
        };
        groups.push(Group { name: name.text(), seconds: began.elapsed().as_secs(), left_out, rows });
    }
    let report = Report { machine: process::machine(), short: settings.short, runs: scale.runs, groups };
    if let Some(folder) = settings.report.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    std::fs::write(&settings.report, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("writing {}", settings.report.display()))?;
    let mut out = io::stdout().lock();
    write!(out, "{report}")?;
    writeln!(out, "\nreport: {}", settings.report.display())?;
    Ok(all)
}
