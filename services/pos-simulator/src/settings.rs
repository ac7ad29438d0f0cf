//! The program's settings.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use contract::{Cloud, Country};

use crate::fault::{SLOW_MS_MAX, StartFault};

/// Stands for the point of sale (POS) of every store: takes orders over HTTP, each key once and one order at a time
/// per store, keeps a ledger, and misbehaves on request.
///
/// Orders come by POST on any path that is not under /admin, with the headers Idempotency-Key, Domicilio-Store
/// (or a path /stores/{id}/...), Domicilio-Order, Domicilio-Attempt and Domicilio-Sequence. Answers: 201 taken now,
/// 409 taken before, 400/408/413 with a reason.
///
/// GET /admin/faults, PUT and DELETE /admin/faults/{store}, GET /admin/summary (judged from the ledger).
///
/// The first line on stdout tells the address: {"listen":"127.0.0.1:9080"}.
#[derive(Debug, Clone, Parser)]
#[command(name = "pos-simulator", version, max_term_width = 100)]
pub struct Settings {
    /// Address to listen on, host:port; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9080")]
    pub listen: SocketAddr,

    /// The ledger, JSON lines; made when it is not there, continued when it is. Keys in it stay accepted.
    #[arg(long, value_name = "FILE")]
    pub ledger: PathBuf,

    /// How long each answer takes, in milliseconds, at most 600000.
    #[arg(long, value_name = "MS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=SLOW_MS_MAX))]
    pub latency_ms: u64,

    /// A fault from the start; may be given once per store. One of `STORE=down`, `STORE=slow,ms=N`,
    /// `STORE=error,status=N`, `STORE=error,status=N,retry_after_s=N`, `STORE=refuse,status=N`, `STORE=drop_reply`;
    /// each may go on with `,share=0.2` (part of the requests that are hit) and `,times=3` (heals after that many).
    #[arg(long = "fault", value_name = "STORE=FAULT")]
    pub faults: Vec<StartFault>,

    /// Exit when stdin comes to its end, so that the simulator does not outlive the program that started it.
    #[arg(long)]
    pub stop_on_stdin_close: bool,

    /// Write the log, JSON lines, to this file instead of stderr.
    #[arg(long, value_name = "FILE", env = "DOMICILIO_LOG_FILE")]
    pub log_file: Option<PathBuf>,

    /// What to log: error, warn, info, debug, trace, or a filter such as `info,pos_simulator=debug`. No line ever holds
    /// anything of a payload.
    #[arg(long, value_name = "FILTER", env = "DOMICILIO_LOG", default_value = "info")]
    pub log_level: String,

    /// NATS URL that every program takes. The simulator makes no use of the bus: it stands outside of Domicilio.
    #[arg(long, value_name = "URL", env = "NATS_URL", hide_env_values = true)]
    pub nats_url: Option<String>,

    /// Country label that every program takes; told in the log, of no other use here.
    #[arg(long, value_name = "CC", env = "DOMICILIO_COUNTRY", default_value = "zz")]
    pub country: Country,

    /// Cloud label that every program takes; told in the log, of no other use here.
    #[arg(long, value_name = "NAME", env = "DOMICILIO_CLOUD", default_value = "local")]
    pub cloud: Cloud,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_settings_fit_together() {
        Settings::command().debug_assert();
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let parse = |more: &[&str]| {
            Settings::try_parse_from([&["pos-simulator", "--ledger", "l.jsonl"], more].concat())
                .map_err(|e| e.to_string())
        };
        let settings = parse(&["--fault", "72=down", "--fault", "73=slow,ms=3000,share=0.2"]).expect("settings");
        assert_eq!((settings.faults.len(), settings.latency_ms), (2, 20));
        for (option, value) in [
            ("--listen", "here"),
            ("--latency-ms", "600001"),
            ("--fault", "72=tired"),
            ("--country", "ecu"),
            ("--cloud", "My Cloud"),
        ] {
            let error = parse(&[option, value]).expect_err(value);
            assert!(error.contains(option), "{error}");
        }
    }
}
