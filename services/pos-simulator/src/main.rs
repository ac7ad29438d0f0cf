//! The program `pos-simulator`: reads its settings, opens the ledger, serves until it is told to stop.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use pos_simulator::fault::Faults;
use pos_simulator::stop::Stop;
use pos_simulator::{Settings, Simulator, server, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Settings::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may be a file, or not there yet: whoever started the program looks at stderr.
            let _ = writeln!(std::io::stderr(), "pos-simulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let _log = telemetry::start(settings.log_file.as_deref(), &settings.log_level)?;
    let stop = Stop::listen(settings.stop_on_stdin_close)?;
    let listener = tokio::net::TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr()?;

    let mut faults = Faults::default();
    settings.faults.into_iter().for_each(|fault| faults.set(fault.store, fault.plan));
    let simulator = Simulator::open(&settings.ledger, Duration::from_millis(settings.latency_ms), faults)?;
    let (country, cloud, orders) = (settings.country, settings.cloud, simulator.orders());
    tracing::info!(%address, %country, %cloud, orders, ledger = %settings.ledger.display(), "started");

    let mut stdout = std::io::stdout();
    writeln!(stdout, "{{\"listen\":\"{address}\"}}").and_then(|()| stdout.flush()).context("cannot write to stdout")?;
    server::serve(listener, Arc::new(simulator), stop.wait()).await;
    tracing::info!("stopped");
    Ok(())
}
