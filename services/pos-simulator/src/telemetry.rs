//! The log: JSON lines to stderr or to a file, never to stdout, which belongs to the program that started this one.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Starts the log. What is still buffered goes out when the guard is dropped.
pub fn start(file: Option<&Path>, filter: &str) -> anyhow::Result<WorkerGuard> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("--log-level {filter}"))?;
    let (writer, guard) = writer(file)?;
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(writer);
    subscriber.try_init().map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))?;
    Ok(guard)
}

/// A writer that never makes the program wait: when the disk does not keep up, lines are lost and not time.
fn writer(file: Option<&Path>) -> anyhow::Result<(NonBlocking, WorkerGuard)> {
    let Some(path) = file else { return Ok(tracing_appender::non_blocking(io::stderr())) };
    let file = OpenOptions::new().append(true).create(true).open(path);
    Ok(tracing_appender::non_blocking(file.with_context(|| format!("--log-file {}", path.display()))?))
}
