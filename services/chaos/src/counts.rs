//! Whether the counts that people see are what the streams hold: asked of the program that people use.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::Value;
use tokio::process::Command;

/// One look at the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Everything in the streams is counted.
    pub complete: bool,
    /// Counts that differ from what the streams hold, of what is counted.
    pub differs: u64,
    /// Messages that were counted anew.
    pub messages: u64,
    /// Its words about them.
    pub told: String,
}

/// Runs `domicilio counters --recount` from the folder of programs.
pub async fn look(programs: &Path, nats_url: &str, scratch: &Path) -> anyhow::Result<Counts> {
    let program = programs.join("domicilio");
    let output = Command::new(&program)
        .args(["counters", "--recount", "--json", "--zone", "UTC"])
        .env("NATS_URL", nats_url)
        .env("XDG_STATE_HOME", scratch)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("starting {}: cargo build --workspace --bins", program.display()))?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("the counts: {told}"))?;
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).context("the counts tell no recount");
    let lags = report["lag"].as_object().context("the counts tell no lag")?;
    Ok(Counts {
        complete: lags.values().all(|lag| lag.as_u64() == Some(0)),
        differs: number("/recount/differs")?,
        messages: number("/recount/messages")?,
        told,
    })
}
