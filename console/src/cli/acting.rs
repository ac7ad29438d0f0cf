//! Of the commands that change something.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use contract::{InstanceId, Service};

/// Seconds within which what was done must show.
const WAIT_S: u64 = 30;

/// What all of them take.
#[derive(Debug, Clone, Args)]
pub struct Acting {
    /// Show what would be sent, to the last byte, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Send without asking; it goes past no policy
    #[arg(long)]
    pub yes: bool,
    /// How long to wait until it shows that it took effect, in seconds; 0 = only until it is answered
    #[arg(long, default_value_t = WAIT_S, value_parser = clap::value_parser!(u64).range(0..=3600), value_name = "SECONDS")]
    pub wait: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What becomes of each thing, and the exit codes.
const CODES: &str = "Without --yes it shows what would be done and asks on a terminal; without a terminal it does nothing \
    and exits 2. Every item is looked at again right before it is sent, and what it came to stands in the audit trail.\n\n\
    Exit codes: 0 all done, 1 nothing done, 2 usage, 3 partly done, 4 not connected, 5 refused by policy.";

/// Of `audit`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Exit codes: 0 whole, 1 something in it was changed or taken away, or it cannot be read.")]
pub struct Audit {
    /// Go over every line: whether it is ours, and holds on to the one before it
    #[arg(long)]
    pub verify: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Of `reinject`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = format!("Examples:\n  \
    domicilio reinject 72.0000900001-070101 --yes\n  \
    domicilio reinject --filter 'tienda:K024 edad<2h' --dry-run\n  \
    domicilio reinject 72.0000900001-070101 --payload new.json --reason 'wrong price' --yes\n\n{CODES}"))]
pub struct Reinject {
    /// Which orders
    #[command(flatten)]
    pub orders: Orders,
    /// Another payload, of the order's format and with its store and code; with one order only
    #[arg(long, value_name = "FILE")]
    pub payload: Option<PathBuf>,
    /// Why, at most 200 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What all of them take.
    #[command(flatten)]
    pub acting: Acting,
}

/// Of `solve`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = format!("Example:\n  \
    domicilio solve 72.0000900001-070101 --reason 'the store cooked it by phone' --yes\n\n{CODES}"))]
pub struct Solve {
    /// Which orders
    #[command(flatten)]
    pub orders: Orders,
    /// Why, at most 200 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// What all of them take.
    #[command(flatten)]
    pub acting: Acting,
}

/// Orders that were not injected: by id, by a filter, or from a file.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Orders {
    /// `<store>.<code>`, or the code alone when it went to one store only
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// All orders that were not injected and pass this filter, as on the screen; '' = all of them
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// A file with one id a line; `-` = standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Of `release`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = format!("The order at the head of the queue ends as not injected.\n\nExample:\n  \
    domicilio release K024 --yes\n\n{CODES}"))]
pub struct Release {
    /// The store, by id or code; or the order, which must be at the head of its queue
    #[arg(value_name = "STORE|ID")]
    pub what: String,
    /// Why, at most 200 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What all of them take.
    #[command(flatten)]
    pub acting: Acting,
}

/// Of `store`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = CODES)]
pub struct Store {
    /// What to do with it
    #[command(subcommand)]
    pub what: StoreCommand,
}

/// What can be done with a store.
#[derive(Debug, Clone, Subcommand)]
pub enum StoreCommand {
    /// A new store, from a file with its record as `stores import` takes it
    Create(Record),
    /// Another record for a store that is there
    Edit(Record),
    /// It takes no orders for now
    Pause(Pause),
    /// It takes orders again
    Resume(Named),
    /// It takes no orders any more; records are never removed
    #[command(visible_alias = "delete")]
    Disable(Named),
    /// Look at its POS from where its orders are injected
    Ping(Named),
}

/// Of `store create` and `store edit`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = CODES)]
pub struct Record {
    /// The file with one JSON object; `-` = standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Why, at most 200 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What all of them take.
    #[command(flatten)]
    pub acting: Acting,
}

/// Of `store pause`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = CODES)]
pub struct Pause {
    /// The store, by id or code
    #[arg(value_name = "STORE")]
    pub store: String,
    /// Until then, such as 2026-11-24T18:30:00-05:00; without it until somebody resumes it
    #[arg(long, value_name = "TIME")]
    pub until: Option<contract::UtcMs>,
    /// Why, at most 200 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// What all of them take.
    #[command(flatten)]
    pub acting: Acting,
}

/// Of the others of `store`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = CODES)]
pub struct Named {
    /// The store, by id or code
    #[arg(value_name = "STORE")]
    pub store: String,
    /// Why, at most 200 characters; needed to disable a store
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What all of them take.
    #[command(flatten)]
    pub acting: Acting,
}

/// Of `cmd`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = format!("Examples:\n  \
    domicilio cmd queue-resolver queue-resolver-1 pause --reason 'disk' --yes\n  \
    domicilio cmd api-domicilio api-domicilio-1 log-level debug --yes\n  \
    domicilio cmd distribuidor any move K024 queue-resolver-2 --yes\n\n{CODES}"))]
pub struct Cmd {
    /// api-domicilio, distribuidor or queue-resolver
    #[arg(value_name = "SERVICE")]
    pub service: Service,
    /// Its name, such as queue-resolver-1; of a move `any`: the active one moves
    #[arg(value_name = "INSTANCE")]
    pub instance: Addressee,
    /// What it is told
    #[command(subcommand)]
    pub verb: Told,
}

/// Who is told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// Whichever instance is the one for it.
    Any,
    /// This one.
    One(InstanceId),
}

impl std::str::FromStr for Addressee {
    type Err = <InstanceId as std::str::FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == contract::command::ANY { Ok(Self::Any) } else { Ok(Self::One(text.parse()?)) }
    }
}

/// What an instance can be told.
#[derive(Debug, Clone, Subcommand)]
pub enum Told {
    /// Answer
    Ping(Plain),
    /// Begin nothing new
    Pause(Plain),
    /// Go on
    Resume(Plain),
    /// Finish and hand over what it holds
    Drain(Plain),
    /// Write more or less to its log
    LogLevel(LogLevel),
    /// Give the partition of a store to another resolver
    Move(Move),
}

/// Of verbs without a word more.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = CODES)]
pub struct Plain {
    /// Why, at most 200 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What all of them take.
    #[command(flatten)]
    pub acting: Acting,
}

/// Of `log-level`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = CODES)]
pub struct LogLevel {
    /// For example `debug`, or `info,queue_resolver=trace`
    #[arg(value_name = "FILTER")]
    pub filter: String,
    /// What verbs without a word more take.
    #[command(flatten)]
    pub plain: Plain,
}

/// Of `move`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = CODES)]
pub struct Move {
    /// The store, by id or code; all stores of its partition move with it
    #[arg(value_name = "STORE")]
    pub store: String,
    /// The resolver that is to have it
    #[arg(value_name = "RESOLVER")]
    pub to: InstanceId,
    /// What verbs without a word more take.
    #[command(flatten)]
    pub plain: Plain,
}
