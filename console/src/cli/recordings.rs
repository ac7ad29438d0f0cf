//! Words of `record`, `replay`, `tail` and `watch`.

use std::path::PathBuf;
use std::str::FromStr as _;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use crate::state;
use crate::state::replay::Speed;

/// Of `record`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "A recording holds what the console sees: masked, so without personal data; without payloads, \
        and without the reasons that people wrote. It holds names and addresses of servers and stores, and the name of the NATS \
        user. It is a file of JSON lines that only its owner may read.\n\n\
        Examples:\n  \
        domicilio record tonight.jsonl --for 10m\n  \
        domicilio replay tonight.jsonl\n\n\
        Exit codes: 0 done, whoever ended it; 1 the file cannot be written; 2 it is there already; 4 not connected."
)]
pub struct Record {
    /// The file; it must not be there yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// For how long, such as 90s, 10m or 1h30m; until Ctrl-C when absent
    #[arg(long = "for", value_parser = parse_time, value_name = "TIME")]
    pub duration: Option<SignedDuration>,
    /// Largest size of the file, in megabytes; it ends there
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=4_096), value_name = "MB")]
    pub max_size: u64,
}

/// Of `replay`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "The console opens on the recording, with the recording's own clock: Space pauses, + and - change the \
        speed. Nothing can be changed from there. With --screen it needs no terminal: the same recording always gives the same \
        picture.\n\n\
        Examples:\n  \
        domicilio replay tonight.jsonl --speed 10\n  \
        domicilio replay tonight.jsonl --screen queues --at 2m --size 120x40\n\n\
        Exit codes: 0 done; 1 this is no recording, or --screen came to a line that is wrong (what was before is printed); \
        2 usage."
)]
pub struct Replay {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How many times as fast as it was
    #[arg(long, value_enum, default_value = "1")]
    pub speed: Times,
    /// Print a screen as it stands at the end, or at --at, and leave
    #[arg(long, value_enum, value_name = "SCREEN")]
    pub screen: Option<ScreenName>,
    /// How far into the recording, such as 2m
    #[arg(long, value_parser = parse_time, requires = "screen", value_name = "TIME")]
    pub at: Option<SignedDuration>,
    /// Columns and rows of the printed screen
    #[arg(long, value_parser = parse_size, default_value = "120x40", requires = "screen", value_name = "COLUMNSxROWS")]
    pub size: (u16, u16),
}

/// Of `tail`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "A line has the time, the subject and what the message says, never its body. What is missing, because         it was lost or came faster than it can be shown, is told on standard error.\n\n\
        Examples:\n  \
        domicilio tail domicilio.orders.ec\n  \
        domicilio tail --filter 'resolver-2' --for 1m\n  \
        domicilio tail domicilio.outcomes --count 10 --json\n\n\
        Exit codes: 0 done, whoever ended it; 2 usage; 4 not connected."
)]
pub struct Tail {
    /// The subject at and below which messages are shown
    #[arg(value_name = "SUBJECT", default_value = "domicilio")]
    pub subject: String,
    /// Only messages that pass: the language of the screen's filters
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// End after so many messages
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End after this time, such as 90s or 10m
    #[arg(long = "for", value_parser = parse_time, value_name = "TIME")]
    pub duration: Option<SignedDuration>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Of `watch`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "Where alerts go, how they are written and what is sent is in the settings file, table [alerts]; the token \
        comes from a file or from DOMICILIO_ALERT_TOKEN. It runs until SIGTERM or Ctrl-C.\n\n\
        Exit codes: 0 asked to end; 2 the settings are wrong or say nothing of alerts; 4 not connected at the start."
)]
pub struct Watch {
    /// Send alerts
    #[arg(long)]
    pub alerts: bool,
}

/// How fast a recording is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Times {
    /// As it was
    #[value(name = "1")]
    One,
    /// Ten times as fast
    #[value(name = "10")]
    Ten,
    /// A minute a second
    #[value(name = "60")]
    Sixty,
    /// As fast as it can be read and shown
    Max,
}

impl From<Times> for Speed {
    fn from(times: Times) -> Self {
        match times {
            Times::One => Self::One,
            Times::Ten => Self::Ten,
            Times::Sixty => Self::Sixty,
            Times::Max => Self::Most,
        }
    }
}

/// A screen by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it, and help lists them")]
pub enum ScreenName {
    Overview,
    Orders,
    Queues,
    NotInjected,
    Stores,
    Services,
    Bus,
    Log,
}

impl From<ScreenName> for state::Screen {
    fn from(name: ScreenName) -> Self {
        match name {
            ScreenName::Overview => Self::Overview,
            ScreenName::Orders => Self::Orders,
            ScreenName::Queues => Self::Queues,
            ScreenName::NotInjected => Self::NotInjected,
            ScreenName::Stores => Self::Stores,
            ScreenName::Services => Self::Services,
            ScreenName::Bus => Self::Bus,
            ScreenName::Log => Self::Log,
        }
    }
}

/// `90s`, `10m`, `1h30m`: above nothing.
pub(crate) fn parse_time(text: &str) -> Result<SignedDuration, String> {
    let time = SignedDuration::from_str(text).ok().filter(SignedDuration::is_positive);
    time.ok_or_else(|| "a time is expected, such as 90s, 10m or 1h30m".to_owned())
}

/// `120x40`, within what a terminal may have.
fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let size = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    size.filter(|(columns, rows)| (20..=500).contains(columns) && (5..=300).contains(rows))
        .ok_or_else(|| "columns and rows are expected, 20x5 to 500x300, such as 120x40".to_owned())
}
