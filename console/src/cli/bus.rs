//! Command line of `bus`.

use clap::{Args, Subcommand};

/// Of `bus`.
#[derive(Debug, Args)]
pub struct Bus {
    /// What to do with it.
    #[command(subcommand)]
    pub command: BusCommand,
}

/// What can be done with the streams and buckets.
#[derive(Debug, Subcommand)]
pub enum BusCommand {
    /// Create the streams and buckets that are missing, and enlarge those that are smaller than asked
    Init(Init),
}

/// Of `bus init`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "May be repeated as often as you like. Nothing is made smaller, for that can drop what is kept; what is \
        larger than asked stays so, and is told; so does a smaller AUDIT, which no user may change. Nothing else of what exists is changed: a stream whose subjects, retention, \
        discard, storage or direct reads are not what Domicilio works with is told, and left as it is.\n\n\
        It needs a user that may manage streams: ops-admin.\n\n\
        Exit codes: 0 all are there; 1 none could be seen to; 3 some could not, or are not as they must be; 4 not connected; \
        5 refused by policy."
)]
pub struct Init {
    /// Copies of each: 1 on one node, 3 on three
    #[arg(long, env = "DOMICILIO_REPLICAS", default_value_t = 1, value_parser = parse_replicas)]
    pub replicas: usize,
    /// Size in per cent of the full 4.7 GiB of all together
    #[arg(long, env = "DOMICILIO_STORAGE_PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub storage_percent: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// An even number only adds cost, since a majority decides.
fn parse_replicas(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(replicas @ (1 | 3 | 5)) => Ok(replicas),
        _ => Err("must be 1, 3 or 5".to_owned()),
    }
}
