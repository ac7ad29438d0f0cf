//! The command line: words, help and examples. What they do is in `runtime` and `headless`.

mod acting;
mod bus;
mod looking;
mod pages;
mod recordings;
mod services;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use contract::{AppCode, Country};

pub use self::acting::{
    Acting, Addressee, Audit, Cmd, Orders as ActedOrders, Reinject, Release, Solve, Store, StoreCommand, Told,
};
pub use self::looking::{Check, Doctor, Orders, Status};
pub use self::pages::{Completions, Man};
pub use self::recordings::{Record, Replay, ScreenName, Tail, Times, Watch};
use crate::config::file::{Colors, ThemeName};
use crate::demo::{DemoArgs, StageArgs};
use crate::state::Lang;
use crate::template::Kind;

pub use self::bus::{Bus, BusCommand, Init};
pub use self::services::{Expected, Services};

/// Interactive console of Domicilio, and the same engine for scripts.
#[derive(Debug, Parser)]
#[command(
    name = "domicilio",
    version,
    about = "Orders, queues, stores and services of Domicilio, live in a terminal",
    long_about = "Orders, queues, stores and services of Domicilio, live in a terminal.\n\n\
        Without a command it opens the console: it watches every message under `domicilio.>`, reads recent state from \
        the streams, shows personal data masked unless somebody reveals that of one order, and acts only after a preview and a confirmation. The commands \
        do single things for scripts: data on standard output, messages on standard error.",
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 partly done, 4 not connected, 5 refused by policy.",
    after_long_help = "Examples:\n  \
        domicilio                                        open the console\n  \
        domicilio --context ec-prod                      the same, elsewhere: as `nats context ls` knows it\n  \
        domicilio --nats-url tls://bus.example:4222      the same, by URL; who you are: NATS_CREDS=FILE\n  \
        domicilio queues --json | jq '.[] | select(.depth > 10)'\n  \
        domicilio counters --zone America/Bogota\n  \
        domicilio inject --template delivery --store K024 --dry-run\n  \
        domicilio inject --template pickup --store 72 --yes --json\n  \
        domicilio reinject --filter 'tienda:K024' --dry-run\n  \
        domicilio store pause K024 --reason 'oven' --yes\n  \
        domicilio order 72.0000900001-070101 --json\n  \
        domicilio stores import stores.jsonl\n  \
        domicilio info                                   which settings are in force, and why\n  \
        domicilio demo                                   try it out, with live traffic\n\n\
        Exit codes: 0 done, 1 failed, 2 usage, 3 partly done, 4 not connected, 5 refused by policy.\n\
        Its own log is in $XDG_STATE_HOME/domicilio (usually ~/.local/state/domicilio), one file a day, seven kept."
)]
pub struct Cli {
    /// What all commands take.
    #[command(flatten)]
    pub common: Common,
    /// What to do; the console when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What all commands take.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Where the bus is; several servers of one cluster separated by commas; `nats://127.0.0.1:4222` if nothing says so
    ///
    /// Who you are to it is told by variables, for what stands on the command line can be read by other users of the
    /// machine: `NATS_CREDS` (a file), `NATS_USER` and `NATS_PASSWORD`, `NATS_NKEY` (a file with a seed) or
    /// `NATS_TOKEN`. TLS: `NATS_CA`, `NATS_CERT`, `NATS_KEY` (files). `NATS_INBOX_PREFIX` for a user whose inboxes
    /// have one. Each of them is stronger than the same field of a context.
    #[arg(long, env = "NATS_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub nats_url: Option<String>,

    /// A context of the `nats` program that says how to connect; by default the selected one, unless a URL is given
    #[arg(long, env = "NATS_CONTEXT", value_name = "NAME", global = true)]
    pub context: Option<String>,

    /// Settings file; by default `$XDG_CONFIG_HOME/domicilio/config.toml`, where there is one
    #[arg(long, env = "DOMICILIO_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// Language of the screen; by default from `LC_ALL`, `LC_MESSAGES`, `LANG`, else Spanish
    ///
    /// Like palette and colours it can also be set in the settings file, or by `DOMICILIO_LANG`.
    #[arg(long, value_parser = parse_lang, value_name = "es|en", global = true)]
    pub lang: Option<Lang>,

    /// Palette; by default from `COLORFGBG`, else dark
    ///
    /// `DOMICILIO_THEME` does the same.
    #[arg(long, value_enum, global = true)]
    pub theme: Option<ThemeName>,

    /// How many colours; by default from `NO_COLOR`, `COLORTERM` and `TERM`
    ///
    /// `DOMICILIO_COLORS` does the same.
    #[arg(long, value_enum, global = true)]
    pub colors: Option<Colors>,

    /// Draw with plain ASCII signs only
    #[arg(long, global = true)]
    pub ascii: bool,
}

fn parse_lang(text: &str) -> Result<Lang, String> {
    Lang::parse(text).ok_or_else(|| "must be es or en".to_owned())
}

/// What to do without a screen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what needs a person now, worst first, and how services, queues and the day's orders stand
    Status(Status),
    /// List orders, the newest first, never their payloads
    Orders(Orders),
    /// Tell a monitor how things are: one line and an exit code, as Nagios takes them
    Check(Check),
    /// Send a test order that no kitchen cooks, and follow it to its end
    Inject(Inject),
    /// Send orders that were not injected to their stores once more
    Reinject(Reinject),
    /// Say that nothing more is to be done about orders that were not injected
    Solve(Solve),
    /// Give up the order at the head of a store's queue
    Release(Release),
    /// Create, change, pause, resume or disable a store, or look at its POS
    Store(Store),
    /// Tell an instance of a service something
    Cmd(Cmd),
    /// Tell where this machine's audit trail is, or go over it
    Audit(Audit),
    /// Show one order: state, timeline and outcome; its payload only with --reveal
    Order(Order),
    /// Show what waits, per store
    Queues(Json),
    /// Show how many orders there were today, in seven days and in the month, per cloud and country
    Counters(Counters),
    /// Show the stores, or import them
    Stores(Stores),
    /// Show the instances of the services
    Services(Services),
    /// Create the streams and buckets, or enlarge them
    Bus(Bus),
    /// Record what the console sees, for a bug report or a demonstration; without personal data
    Record(Record),
    /// Open the console on a recording
    Replay(Replay),
    /// Show the messages of the bus as they come, one line each; masked
    Tail(Tail),
    /// Watch without a screen, and send what needs a person to a chat group
    Watch(Watch),
    /// Show every path and every setting in force, with where it comes from
    Info(Json),
    /// Explain a connection step by step: what is well, what is not, and what to do
    Doctor(Doctor),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page, or write the pages of all commands to a folder
    Man(Man),
    /// Run a whole private deployment with live traffic on this machine, and open the console on it
    ///
    /// Starts, on free ports and in a folder of its own: nats-server, the services, a simulator that stands for forty
    /// invented stores (some of them in trouble), and traffic. Everything ends with it.
    Demo(DemoArgs),
    /// The process that holds the demo's deployment
    #[command(hide = true)]
    DemoStage(StageArgs),
}

/// `--json` alone.
#[derive(Debug, Clone, Args)]
pub struct Json {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Of `counters`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "Orders are counted in the hour in which they were stored, at the cloud of the instance that took, \
        injected or refused them.\n\nExit codes: 0 done; 1 nothing is counted yet, or --recount found a difference; \
        4 not connected."
)]
pub struct Counters {
    /// Count the streams anew, message by message, and compare
    #[arg(long)]
    pub recount: bool,
    /// Time zone of the days, such as America/Bogota; the system's when absent
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Of `inject`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "Without --yes it shows what would be sent and asks on a terminal; without a terminal it sends \
        nothing and exits 2.\n\nExit codes: 0 injected, or accepted with --wait 0; 1 refused or not injected; 3 accepted, but \
        without an end within --wait; 4 not connected; 5 refused by policy."
)]
pub struct Inject {
    /// Kind of order
    #[arg(long, value_enum)]
    pub template: Template,
    /// The store: its id, or its code such as K024
    #[arg(long, value_name = "ID")]
    pub store: String,
    /// Refuse unless the store is in this country
    #[arg(long, value_name = "CC")]
    pub country: Option<Country>,
    /// The order's code; generated when absent. The same code again is refused or answered as a repeat
    #[arg(long)]
    pub code: Option<AppCode>,
    /// Makes the orders: the same seed on the same day makes the same ones, to the byte
    #[arg(long, value_name = "N", conflicts_with = "code")]
    pub seed: Option<u64>,
    /// How many, each with a code of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=500), value_name = "N")]
    pub count: u16,
    /// How many of them are begun within a second at most
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=10), value_name = "R")]
    pub rate: u16,
    /// What all changes take.
    #[command(flatten)]
    pub acting: Acting,
}

/// Template of a test order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// Delivery, the v2 format
    Delivery,
    /// Pickup, the v3 format
    Pickup,
    /// Pickup, a part of it paid with loyalty points
    Redeem,
    /// Pickup, earning loyalty points
    Accrue,
    /// Pickup, spending points and earning some
    Both,
}

impl From<Template> for Kind {
    fn from(template: Template) -> Self {
        match template {
            Template::Delivery => Self::Delivery,
            Template::Pickup => Self::Pickup,
            Template::Redeem => Self::Redeem,
            Template::Accrue => Self::Accrue,
            Template::Both => Self::Both,
        }
    }
}

/// Of `order`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  domicilio order 72.0000900001-070101 --json\n  \
    domicilio order 72.0000900001-070101 --reveal --reason 'the customer asks where it is'\n\n\
    Exit codes: 0 told, 1 there is no such order, 2 usage, 4 not connected, 5 refused: this user may not read payloads, or \
    the audit trail cannot be written.")]
pub struct Order {
    /// `<store>.<code>`, or the code alone when it went to one store only
    #[arg(value_name = "ID")]
    pub id: String,
    /// Tell its payload as well, personal data and all: for whoever may read payloads; who did it stands in the audit trail
    #[arg(long, requires = "reason")]
    pub reveal: bool,
    /// Why its personal data is wanted, at most 200 characters
    #[arg(long, value_name = "TEXT", requires = "reveal")]
    pub reason: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Of `stores`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Stores {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What to do with them; show them when absent.
    #[command(subcommand)]
    pub command: Option<StoresCommand>,
}

/// What can be done with the stores.
#[derive(Debug, Subcommand)]
pub enum StoresCommand {
    /// Create and change stores from a file
    Import(Import),
}

/// Of `stores import`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "The file holds one JSON object a line, or one JSON array of objects:\n  \
    {\"id\": 72, \"code\": \"K024\", \"name\": \"EL NORTE\", \"country\": \"ec\", \"pos_url\": \"http://pos-72:8080/orders\"}\n\n\
    id         number above 0, unique over all countries\n  \
    code       1 to 16 characters, what kitchens call the store\n  \
    name       1 to 80 characters\n  \
    country    two letters; never changes\n  \
    pos_url    http:// or https:// URL that orders are posted to, as it stands\n  \
    time_zone  optional IANA name; the country's usual one when absent\n  \
    state      optional: open (default), paused or disabled; reason and until may go with it\n  \
    labels     optional object of short texts\n\n\
    Other fields are kept. Everything is checked before anything is written; a store that is already as the file says is \
    left alone, and one that somebody else changes at the same moment is read again.\n\n\
    Exit codes: 0 all done, 1 nothing done, 3 partly done, 4 not connected.")]
pub struct Import {
    /// The file; `-` = standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print the counts as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Copies of each stream that has to be created: 1 on one node, 3 on three
    #[arg(long, env = "DOMICILIO_REPLICAS", default_value_t = 1)]
    pub replicas: usize,
    /// Size of the streams that have to be created, in per cent of their full size
    #[arg(long, env = "DOMICILIO_STORAGE_PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub storage_percent: u32,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_argument_and_command_is_explained() {
        fn check(command: &clap::Command) {
            for argument in
                command.get_arguments().filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()))
            {
                assert!(argument.get_help().is_some(), "{} of {}", argument.get_id(), command.get_name());
            }
            for sub in command.get_subcommands() {
                assert!(sub.get_about().is_some(), "{}", sub.get_name());
                check(sub);
            }
        }
        check(&Cli::command());
    }

    #[test]
    fn global_arguments_may_follow_the_command() {
        let cli =
            Cli::try_parse_from(["domicilio", "queues", "--json", "--nats-url", "nats://x:1", "--lang", "en"]).unwrap();
        assert_eq!((cli.common.nats_url.as_deref(), cli.common.lang), (Some("nats://x:1"), Some(Lang::En)));
        assert!(Cli::try_parse_from(["domicilio", "--lang", "fr"]).is_err());
        assert!(Cli::try_parse_from(["domicilio", "inject", "--template", "delivery"]).is_err());
    }
}
