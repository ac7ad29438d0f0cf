//! The console's own log: files in the state folder, never the terminal. No personal data goes in.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use tracing::{Level, Metadata};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::sanitise;

/// Files kept, one a day.
const FILES_MAX: usize = 7;

/// Crates that may log below `info`: ours. Libraries quote there what passes through them, payloads of orders as well.
const OURS: &[&str] = &["domicilio", "bus"];

/// Whether an event may be logged at all, whatever is asked for.
fn is_discreet(event: &Metadata<'_>) -> bool {
    let krate = event.target().split("::").next().unwrap_or_default();
    *event.level() <= Level::INFO || OURS.contains(&krate)
}

/// Log lines that are harmless in a terminal too: what a server or a library quotes there was not sanitised by us. JSON
/// spells out C0 by itself, and may spell out any other character.
struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(plain(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// `json` with every dangerous character as `\uXXXX`; line ends stay.
fn plain(json: &str) -> Cow<'_, str> {
    let harmless = |c: char| c == '\n' || sanitise::is_harmless(c);
    if json.chars().all(harmless) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(out)
}

/// The state folder: `$XDG_STATE_HOME/domicilio`, else `~/.local/state/domicilio`; `None` without a home.
pub fn folder() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("domicilio"))
}

/// Starts logging; keep the guard until the end. Without a folder to write to there is no log, and all else works.
///
/// `DOMICILIO_LOG` sets what is logged, in the syntax of `tracing-subscriber`'s `EnvFilter`; `info` by default. Below `info`
/// only our own crates are ever heard.
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
    let asked = EnvFilter::try_from_env("DOMICILIO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().json().with_writer(move || Plain(writer.clone()));
    let log = tracing_subscriber::registry().with(lines.with_filter(asked.and(filter_fn(is_discreet))));
    tracing::subscriber::set_global_default(log).ok()?;
    Some(guard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_quote_is_spelt_out_and_still_json() {
        let said = "a\u{1b}[2J\u{7f}\u{9b}m\u{202e}b\u{e0041}\u{feff} ñ";
        let line = serde_json::to_string(said).unwrap() + "\n";
        let mut file = Vec::new();
        Plain(&mut file).write_all(line.as_bytes()).unwrap();
        let written = String::from_utf8(file).unwrap();
        assert!(written.trim_end().chars().all(sanitise::is_harmless), "{written:?}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), said);
        assert!(matches!(plain("{\"plain\":\"ñ\"}\n"), Cow::Borrowed(_)));
    }
}
