//! The console's own log: files in the state folder, never the terminal. No personal data goes in. Its warnings and errors
//! are told to the loop as well, which shows them on the screen of the log.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::{Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::event::Said;
use crate::{sanitise, state};

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

/// Warnings and errors told and not yet taken by the loop; more at once are in the file alone.
const SAID_MAX: usize = 256;

/// The log while it is kept.
pub struct Log {
    /// Writes what is left when it is dropped; absent when there is no folder to write to.
    pub guard: Option<WorkerGuard>,
    /// Warnings and errors from now on.
    pub said: mpsc::Receiver<Said>,
}

/// Starts logging; keep the guard until the end. Without a folder to write to there is no file, and all else works.
///
/// `DOMICILIO_LOG` sets what is logged, in the syntax of `tracing-subscriber`'s `EnvFilter`; `info` by default. Below `info`
/// only our own crates are ever heard.
pub fn start() -> Log {
    // What this process writes is for its user alone: log files become 0600.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let (tell, said) = mpsc::channel(SAID_MAX);
    let (lines, guard) = files().map(tracing_appender::non_blocking).unzip();
    let asked = EnvFilter::try_from_env("DOMICILIO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = lines.map(|writer: NonBlocking| {
        tracing_subscriber::fmt::layer()
            .json()
            .with_writer(move || Plain(writer.clone()))
            .with_filter(asked.and(filter_fn(is_discreet)))
    });
    let log = tracing_subscriber::registry().with(lines).with(Telling(tell).with_filter(LevelFilter::WARN));
    // Refused only when there is one already: then that one counts.
    let _ = tracing::subscriber::set_global_default(log);
    Log { guard, said }
}

/// Where lines are written, if anywhere.
fn files() -> Option<RollingFileAppender> {
    let folder = folder()?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("domicilio")
        .filename_suffix("log")
        .max_log_files(FILES_MAX)
        .build(&folder)
        .ok()
}

/// Tells warnings and errors to the loop. It never waits: who logs must not be held up by who draws.
struct Telling(mpsc::Sender<Said>);

impl<S: Subscriber> Layer<S> for Telling {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut sentence = Sentence::default();
        event.record(&mut sentence);
        let grave = *metadata.level() == Level::ERROR;
        let krate = metadata.target().split("::").next().unwrap_or_default();
        let said = Said {
            at: crate::feed::now(),
            level: if grave { state::log::Level::Error } else { state::log::Level::Warning },
            source: sanitise::text(krate, sanitise::NAME_MAX),
            text: sanitise::text(&sentence.0, sanitise::SENTENCE_MAX),
        };
        let _ = self.0.try_send(said);
    }
}

/// The message of an event, then its fields as `name=value`.
#[derive(Default)]
struct Sentence(String);

impl Visit for Sentence {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.insert_str(0, &format!("{value:?}"));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(self.0, " {}={value:?}", field.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_and_errors_are_told_harmless_and_the_rest_is_not() {
        let (tell, mut said) = mpsc::channel(2);
        let log = tracing_subscriber::registry().with(Telling(tell).with_filter(LevelFilter::WARN));
        tracing::subscriber::with_default(log, || {
            tracing::info!("as it should be");
            tracing::warn!(stream = "ORDERS", "behind\u{1b}[2J");
            tracing::error!(error = %"no room", "not saved");
            tracing::error!("one more than there is room for");
        });
        let told: Vec<Said> = std::iter::from_fn(|| said.try_recv().ok()).collect();
        let levels: Vec<_> = told.iter().map(|said| (said.level, said.source.as_str())).collect();
        assert_eq!(levels, [(state::log::Level::Warning, "domicilio"), (state::log::Level::Error, "domicilio")]);
        assert!(told[0].text.starts_with("behind") && told[0].text.ends_with("stream=\"ORDERS\""), "{told:?}");
        assert!(told[0].text.chars().all(sanitise::is_harmless), "{told:?}");
        assert_eq!(told[1].text, "not saved error=no room");
    }

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
