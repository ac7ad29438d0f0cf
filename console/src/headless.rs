//! What the screens do, for scripts: data on standard output, messages on standard error, an exit code that tells.
//!
//! The same state and the same feed as the console's; no ANSI sequence is ever printed. A reader that goes away
//! (`| head`) ends the program quietly.

mod act;
mod audit;
mod bus_init;
pub mod check;
mod counters;
mod doctor;
mod filtering;
mod import;
mod info;
mod inject;
mod input;
mod order;
mod orders;
mod pages;
mod queues;
mod record;
mod recording;
mod report;
mod reveal;
mod services;
mod status;
mod stores;
mod tail;
mod watch;
mod watching;

use std::io::{self, Write as _};
use std::time::Duration;

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::cli::{BusCommand, Command, Common, StoresCommand};
use crate::config::{self, Config};
use crate::demo;
use crate::feed::{chain, route};

/// How long to wait for the first connection: local ones take milliseconds, far ones a second.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Why a command did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It failed.
    #[error("{0}")]
    Failed(String),
    /// It was asked wrongly.
    #[error("{0}")]
    Usage(String),
    /// Some of it was done.
    #[error("{0}")]
    Partly(String),
    /// There is no connection.
    #[error("{0}")]
    NotConnected(String),
    /// It is not allowed, whatever is confirmed.
    #[error("{0}")]
    Refused(String),
    /// Whoever read our output went away; nothing is wrong.
    #[error("nobody reads the output")]
    NobodyReads,
    /// Everything is told already; what is left is the exit code.
    #[error("told, with exit code {0}")]
    Told(u8),
}

impl Failure {
    /// The exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::NobodyReads => 0,
            Self::Told(code) => *code,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Partly(_) => 3,
            Self::NotConnected(_) => 4,
            Self::Refused(_) => 5,
        }
    }
}

impl From<bus::Error> for Failure {
    fn from(error: bus::Error) -> Self {
        match error.kind() {
            bus::ErrorKind::Settings => Self::Usage(chain(&error)),
            bus::ErrorKind::Unanswered => Self::NotConnected(chain(&error)),
            _ => Self::Failed(chain(&error)),
        }
    }
}

/// Runs a command.
pub async fn run(common: &Common, command: Command) -> Result<(), Failure> {
    match command {
        Command::Status(arguments) => status::run(common, &arguments).await,
        Command::Orders(arguments) => orders::run(common, &arguments).await,
        Command::Check(arguments) => check::run(common, &arguments).await,
        Command::Doctor(arguments) => doctor::run(common, arguments.json).await,
        Command::Completions(arguments) => pages::completions(&arguments),
        Command::Man(arguments) => pages::man(&arguments),
        Command::Inject(arguments) => inject::run(common, &arguments).await,
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Reinject(arguments) => act::reinject(common, &arguments).await,
        Command::Solve(arguments) => act::solve(common, &arguments).await,
        Command::Release(arguments) => act::release(common, &arguments).await,
        Command::Store(arguments) => act::store(common, &arguments).await,
        Command::Cmd(arguments) => act::cmd(common, &arguments).await,
        Command::Order(arguments) => order::run(common, &arguments).await,
        Command::Counters(arguments) => counters::run(common, &arguments).await,
        Command::Queues(arguments) => queues::run(common, arguments.json).await,
        Command::Info(arguments) => info::run(common, arguments.json).await,
        Command::Services(arguments) => services::run(common, &arguments).await,
        Command::Bus(arguments) => match arguments.command {
            BusCommand::Init(arguments) => bus_init::run(common, &arguments).await,
        },
        Command::Record(arguments) => record::run(common, &arguments).await,
        Command::Watch(arguments) => watch::run(common, &arguments).await,
        Command::Tail(arguments) => tail::run(common, &arguments).await,
        Command::Replay(arguments) => match arguments.screen {
            Some(screen) => recording::print_screen(common, &arguments, screen),
            None => Err(Failure::Usage("a recording is shown on a terminal".to_owned())),
        },
        Command::Stores(arguments) => match arguments.command {
            None => stores::run(common, arguments.json).await,
            Some(StoresCommand::Import(arguments)) => import::run(common, &arguments).await,
        },
        Command::Demo(arguments) => match demo::headless(&arguments).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::Failed("a promise was broken, see the report".to_owned())),
            Err(error) => Err(Failure::Failed(format!("{error:#}"))),
        },
        Command::DemoStage(arguments) => {
            demo::stage::run(&arguments).await.map_err(|error| Failure::Failed(format!("{error:#}")))
        }
    }
}

/// Connects, or says why not.
async fn connect(common: &Common) -> Result<bus::Connection, Failure> {
    let target = route::target(common).await?;
    let settings = bus::Settings { access: target.access, ..bus::Settings::new(target.url, "domicilio command") };
    let connection = bus::connect(&settings).await?;
    if tokio::time::timeout(CONNECT_LIMIT, connection.up()).await.is_ok() {
        return Ok(connection);
    }
    let told = connection.last_refusal().borrow().clone();
    Err(not_connected(told.as_deref()))
}

/// That there is no connection, with the client's own sentence about it.
fn not_connected(why: Option<&str>) -> Failure {
    let why = why.map_or_else(String::new, |why| format!(": {}", crate::sanitise::text(why, 300)));
    let seconds = CONNECT_LIMIT.as_secs();
    Failure::NotConnected(format!(
        "no connection to the bus within {seconds} s{why} (see --nats-url and --context; `domicilio doctor` explains)"
    ))
}

/// The settings in force. Each command reads them once.
fn settings(common: &Common) -> Result<Config, Failure> {
    config::load(common, env).map_err(|error| Failure::Usage(chain(&error)))
}

/// A variable of the environment.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Refuses to change anything in a context that the settings mark as read-only.
async fn may_change(common: &Common, config: &Config) -> Result<(), Failure> {
    let target = route::target(common).await?;
    match target.context.as_ref() {
        Some(name) if route::marks(&target, &config.file.marks()).read_only => {
            Err(Failure::Refused(format!("context {name} is read-only: the settings say so")))
        }
        _ => Ok(()),
    }
}

/// Prints data.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::NobodyReads,
        _ => Failure::Failed(format!("writing the output: {error}")),
    })
}

/// Prints `value` as one line of JSON.
fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::Failed(format!("writing JSON: {error}")))?;
    print(&format!("{text}\n"))
}

/// Prints rows in columns, the first row being their names.
fn print_columns(rows: &[Vec<String>]) -> Result<(), Failure> {
    print(&columns(rows))
}

/// Tells a person something.
fn say(text: &str) {
    // When standard error is gone, the exit code still tells.
    let _ = writeln!(io::stderr(), "{text}");
}

fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A figure that may be unknown, which is not zero.
fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_width() {
        let rows = [["ID", "NAME", "N"], ["72", "ÑANDÚ", "1"], ["9", "汉字", "20"]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        assert_eq!(columns(&rows), "ID  NAME   N\n72  ÑANDÚ  1\n9   汉字   20\n");
    }

    #[test]
    fn exit_codes_are_what_scripts_rely_on() {
        let text = String::new;
        let codes = [
            Failure::NobodyReads,
            Failure::Failed(text()),
            Failure::Usage(text()),
            Failure::Partly(text()),
            Failure::NotConnected(text()),
            Failure::Refused(text()),
        ]
        .map(|failure| failure.code());
        assert_eq!(codes, [0, 1, 2, 3, 4, 5]);
    }
}
