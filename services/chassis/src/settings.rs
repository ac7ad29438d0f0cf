//! Settings that every service takes.

use std::path::PathBuf;

use clap::Args;
use contract::{Cloud, Country};

/// Flags common to all services.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// NATS server, or several of one cluster separated by commas
    ///
    /// Who this instance is to the server is told by variables, so that it does not show in the list of processes:
    /// `NATS_CREDS` (a file), `NATS_USER` and `NATS_PASSWORD`, `NATS_NKEY` (a file with a seed) or `NATS_TOKEN`. TLS:
    /// `NATS_CA`, `NATS_CERT`, `NATS_KEY` (files). `NATS_INBOX_PREFIX` for a user whose inboxes have one.
    #[arg(long, env = "NATS_URL", default_value = "nats://127.0.0.1:4222", hide_env_values = true)]
    pub nats_url: String,

    /// Country that this instance belongs to, two letters; a label: each store's own country decides the rest
    #[arg(long, env = "DOMICILIO_COUNTRY", default_value = "zz")]
    pub country: Country,

    /// Cloud where this instance runs: aws, azure, gcloud or another short word
    #[arg(long, env = "DOMICILIO_CLOUD", default_value = "local")]
    pub cloud: Cloud,

    /// Write the log (JSON lines) to this file, a new one each day, the last 14 kept; default: standard error
    #[arg(long, env = "DOMICILIO_LOG_FILE")]
    pub log_file: Option<PathBuf>,

    /// What to log: error, warn, info, debug, trace, or a filter such as `info,queue_resolver=debug`
    #[arg(long, env = "DOMICILIO_LOG", default_value = "info")]
    pub log_level: String,

    /// Copies of each stream that this instance has to create: 1 on one node, 3 on three
    #[arg(long, env = "DOMICILIO_REPLICAS", default_value_t = 1, value_parser = parse_replicas)]
    pub replicas: usize,

    /// Size of the streams that this instance has to create, in per cent of the full 4.7 GiB of all together
    #[arg(long, env = "DOMICILIO_STORAGE_PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub storage_percent: u32,

    /// Stop when standard input ends, so that this process cannot outlive the one that started it
    #[arg(long)]
    pub stop_on_stdin_close: bool,
}

/// JetStream allows 1 to 5 copies; an even number only adds cost, since a majority decides.
fn parse_replicas(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(replicas @ (1 | 3 | 5)) => Ok(replicas),
        _ => Err("must be 1, 3 or 5".to_owned()),
    }
}
