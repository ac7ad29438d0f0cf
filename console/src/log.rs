//! The console's own log: files in the state folder, never the terminal. No personal data goes in.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Files kept, one a day.
const FILES_MAX: usize = 7;

/// The state folder: `$XDG_STATE_HOME/domicilio`, else `~/.local/state/domicilio`; `None` without a home.
pub fn folder() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("domicilio"))
}

/// Starts logging; keep the guard until the end. Without a folder to write to there is no log, and all else works.
///
/// `DOMICILIO_LOG` sets what is logged, in the syntax of `tracing-subscriber`'s `EnvFilter`; `info` by default.
pub fn start() -> Option<WorkerGuard> {
    // What this process writes is for its user alone: log files become 0600.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let folder = folder()?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("domicilio")
        .filename_suffix("log")
        .max_log_files(FILES_MAX)
        .build(&folder)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let filter = EnvFilter::try_from_env("DOMICILIO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().json().with_writer(writer).with_env_filter(filter).finish();
    tracing::subscriber::set_global_default(log).ok()?;
    Some(guard)
}
