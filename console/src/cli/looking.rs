//! Of the commands that look at everything: `status`, `orders`, `check`, `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::state::OrderState;

/// Longest watching, in seconds.
const WATCH_MAX: u64 = 300;

/// Of `status`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "It is told as it is after one to four seconds: the streams are read, and every instance has had its \
        heartbeat. What shows only with time needs --watch: a queue that grows half a minute, a clock that is wrong five \
        seconds.\n\nExit codes: 0 told, whatever it is; 3 some stream could not be read; 4 not connected. For an exit \
        code that tells how things are: domicilio check."
)]
pub struct Status {
    /// Watch for so many seconds more before telling
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=WATCH_MAX))]
    pub watch: u64,
    /// Tell what the screen shows at the end of a recording, instead of the bus
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub recording: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Of `orders`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  \
    domicilio orders --filter 'tienda:K024 intentos>=3'\n  \
    domicilio orders --state not-injected --since -2h --json\n  \
    domicilio orders --since 18:30 --limit 1000 --json | jq '.[].order'\n\n\
    The newest five thousand orders are looked through, and none of their payloads is read; when that does not reach back to \
    --since, it is said.\n\nExit codes: 0 told, also when there are none; 2 the filter or the time is wrong; 3 some stream \
    could not be read; 4 not connected.")]
pub struct Orders {
    /// Only those that pass: the language of the screen's filters, in Spanish or English
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Only those accepted since: `-2h`, `18:30`, `2026-11-24T18:30`, or with a zone's offset
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Only those in this state; several separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATE")]
    pub state: Vec<State>,
    /// At most so many, the newest
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Print a JSON array
    #[arg(long)]
    pub json: bool,
}

/// State of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Stored, not handed over yet
    Accepted,
    /// Waits in its store's queue
    Queued,
    /// An attempt failed, another one follows
    Retrying,
    /// The POS has it
    Injected,
    /// Given up: waits for a person
    NotInjected,
    /// Somebody said that nothing more is to be done
    Solved,
}

impl From<State> for OrderState {
    fn from(state: State) -> Self {
        match state {
            State::Accepted => Self::Accepted,
            State::Queued => Self::Queued,
            State::Retrying => Self::Retrying,
            State::Injected => Self::Injected,
            State::NotInjected => Self::NotInjected,
            State::Solved => Self::Solved,
        }
    }
}

/// Of `check`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "The line is DOMICILIO, then OK, WARNING, CRITICAL or UNKNOWN, the worst of what needs a person, and \
        figures behind a bar. What is a warning and what is critical follows from the settings file ([attention]).\n\n\
        Exit codes: 0 nothing needs a person; 1 something is worth a look; 2 somebody goes without food unless a person \
        acts; 3 it cannot be said: not connected, a stream could not be read, or wrong usage."
)]
pub struct Check {
    /// Watch for so many seconds more before judging: a queue that grows needs 30
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=WATCH_MAX))]
    pub watch: u64,
}

/// Of `doctor`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "It goes the way of a connection step by step and says of each whether it is well, what was found, and \
        what to do: settings and where they come from, names, TCP, the server's first word, TLS and its certificate, the \
        login, what this user may, the streams, the services and their clocks. It changes nothing.\n\n\
        Exit codes: 0 all is well, or worth a look; 1 something is wrong; 4 there is no connection."
)]
pub struct Doctor {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
