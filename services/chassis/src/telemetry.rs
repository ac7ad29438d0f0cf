//! The log: JSON lines through `tracing`, to standard error or to a file, its level adjustable while running.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// Days of log files that are kept.
const FILES_MAX: usize = 14;

/// Crates that may log below `info`: ours. Libraries quote there what passes through them, payloads of orders as well.
const OURS: &[&str] =
    &["api_domicilio", "bus", "chassis", "contract", "distribuidor", "pos_simulator", "queue_resolver"];

/// Longest filter text that is accepted over the bus.
const FILTER_CHARS_MAX: usize = 200;

/// The installed log. Cheap to clone; the last clone flushes when it is dropped.
#[derive(Clone)]
pub struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
    _flush: Arc<WorkerGuard>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    /// Changes what is logged, from now on.
    pub fn set_filter(&self, filter: &str) -> anyhow::Result<()> {
        self.filter.reload(parse(filter)?).context("changing the log's filter")
    }
}

/// Whether an event may be logged at all, whatever is asked for.
fn is_discreet(event: &Metadata<'_>) -> bool {
    let krate = event.target().split("::").next().unwrap_or_default();
    *event.level() <= Level::INFO || OURS.contains(&krate)
}

fn parse(filter: &str) -> anyhow::Result<EnvFilter> {
    anyhow::ensure!(filter.len() <= FILTER_CHARS_MAX, "the log filter must be at most {FILTER_CHARS_MAX} characters");
    EnvFilter::builder().parse(filter).with_context(|| format!("log filter {filter:?}"))
}

/// Installs the process's log. Below `info` only our own crates are ever heard, whatever `filter` asks for. Writing never blocks: lines beyond the writer's buffer are dropped, not waited for.
pub fn install(file: Option<&Path>, filter: &str) -> anyhow::Result<Log> {
    let (writer, flush) = match file {
        Some(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let name = path.file_name().context("--log-file names no file")?.to_string_lossy();
            let appender = tracing_appender::rolling::Builder::new()
                .rotation(tracing_appender::rolling::Rotation::DAILY)
                .filename_prefix(name)
                .max_log_files(FILES_MAX)
                .build(folder)
                .with_context(|| format!("opening the log in {}", folder.display()))?;
            tracing_appender::non_blocking(appender)
        }
        None => tracing_appender::non_blocking(std::io::stderr()),
    };
    let (filter, handle) = reload::Layer::new(parse(filter)?);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(writer);
    tracing_subscriber::registry()
        .with(filter)
        .with(lines.with_filter(filter_fn(is_discreet)))
        .try_init()
        .context("installing the log")?;
    Ok(Log { filter: handle, _flush: Arc::new(flush) })
}
