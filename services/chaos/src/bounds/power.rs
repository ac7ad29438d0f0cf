//! What it costs when nats-server has every message on the disk before it acknowledges: `sync_interval: always`.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::process::Command;

use super::report::{Bound, Row};
use super::settings::Settings;
use super::site::wrap;

const SCENARIO: &str = "power-loss";

/// A row of the other process's report.
#[derive(Debug, Deserialize)]
struct Told {
    what: String,
    value: f64,
    unit: String,
    holds: bool,
}

#[derive(Debug, Deserialize)]
struct Report {
    rows: Vec<Told>,
}

/// Runs the scenario `path` with either setting, each in a process of its own.
pub async fn run(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::Builder::new().prefix("domicilio-bounds-").tempdir().context("making a folder")?;
    let server = bus::server::find()?;
    let config = folder.path().join("always.conf");
    std::fs::write(&config, "jetstream { sync_interval: always }\n")?;
    let always = folder.path().join("nats-server");
    wrap(&always, &server, &format!("--config '{}'", config.display()))?;

    let report = folder.path().join("report.json");
    let usual = measure(settings, &server, &report).await?;
    let safe = measure(settings, &always, &report).await?;
    let mut rows = Vec::new();
    for (usual, safe) in usual.into_iter().zip(safe) {
        let bound = if usual.holds && safe.holds { Bound::None } else { Bound::Most(f64::NEG_INFINITY) };
        for (told, which) in [(&usual, "default"), (&safe, "always")] {
            let unit = if told.unit == "/s" { "/s" } else { "ms" };
            let unit = if told.unit.is_empty() { "" } else { unit };
            rows.push(Row::new(SCENARIO, format!("{}, {which}", told.what), told.value, unit, bound));
        }
        if usual.value > 0.0 && !usual.unit.is_empty() {
            rows.push(Row::new(SCENARIO, "... always / default", safe.value / usual.value, "", Bound::None));
        }
    }
    Ok(rows)
}

async fn measure(settings: &Settings, server: &Path, report: &Path) -> anyhow::Result<Vec<Told>> {
    let status = Command::new(std::env::current_exe().context("finding this program")?)
        .args(["path", "--path", &settings.path.to_string(), "--steady-s", &settings.steady_s.to_string(), "--report"])
        .arg(report)
        .env("NATS_SERVER", server)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await?;
    ensure!(status.success(), "measuring with {} ended with {status}", server.display());
    let report: Report = serde_json::from_slice(&std::fs::read(report)?)?;
    Ok(report.rows)
}
