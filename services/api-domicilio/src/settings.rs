//! Settings of the command line and the environment.

use std::net::SocketAddr;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use contract::InstanceId;

use crate::keys::NewKey;

/// HTTP intake of Domicilio: takes, validates and stores orders; changes store records
#[derive(Debug, Clone, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Something else than serving
    #[command(subcommand)]
    pub task: Option<Task>,

    /// Address to listen on for HTTP; port 0 takes a free one. The first line on standard output tells which,
    /// as JSON: {"listen":"127.0.0.1:8080"}
    #[arg(long, env = "DOMICILIO_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Name of this instance, unique among the api-domicilio of one bus: 1 to 48 letters, digits, '-' and '_'
    #[arg(long, env = "DOMICILIO_ID", default_value = "api-domicilio-1")]
    pub id: InstanceId,

    /// Who may come in
    #[command(flatten)]
    pub access: Access,

    /// How it is encrypted
    #[command(flatten)]
    pub secure: Secure,

    /// What every service takes
    #[command(flatten)]
    pub common: chassis::CommonArgs,
}

/// What the program does instead of serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Task {
    /// Make an API key: prints its entry for the file of keys, and on standard error the token, this once
    NewKey(NewKey),
}

/// Who may come in over HTTP.
#[derive(Debug, Clone, clap::Args)]
pub struct Access {
    /// File of API keys (TOML); orders and stores then need one. Read again when it changes and on SIGHUP
    #[arg(long, env = "DOMICILIO_KEYS", value_name = "FILE")]
    pub keys: Option<PathBuf>,

    /// Serve everybody who reaches the port, without API keys, also beyond this machine
    #[arg(long, env = "DOMICILIO_OPEN", conflicts_with = "keys")]
    pub open: bool,

    /// Let /metrics need a key with the scope `operations`, too
    #[arg(long, env = "DOMICILIO_METRICS_NEED_KEY", requires = "keys")]
    pub metrics_need_key: bool,
}

/// TLS for HTTP.
#[derive(Debug, Clone, clap::Args)]
pub struct Secure {
    /// Certificate to show, with its chain (PEM); HTTP is then spoken over TLS 1.2 or 1.3 only. Read again, with the key, when
    /// it changes and on SIGHUP
    #[arg(long, env = "DOMICILIO_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, env = "DOMICILIO_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

impl Args {
    /// Whether the settings go together.
    pub fn check(&self) -> Result<(), String> {
        if self.access.keys.is_some() || self.access.open || self.listen.ip().is_loopback() {
            return Ok(());
        }
        Err(format!(
            "{} can be reached from other machines: name a file of API keys with --keys, or say with --open that everybody may \
             send orders and change stores",
            self.listen
        ))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn settings_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn nothing_is_open_to_other_machines_unless_said_so() {
        let fits = |flags: &str| {
            let words = format!("api-domicilio {flags}");
            let args = Args::try_parse_from(words.split_whitespace()).unwrap();
            args.check().is_ok()
        };
        for (flags, expected) in [
            ("", true),
            ("--listen 127.0.0.1:80", true),
            ("--listen [::1]:80", true),
            ("--listen 0.0.0.0:80", false),
            ("--listen [::]:80", false),
            ("--listen 192.0.2.7:80", false),
            ("--listen 0.0.0.0:80 --open", true),
            ("--listen 0.0.0.0:80 --keys keys.toml", true),
        ] {
            assert_eq!(fits(flags), expected, "{flags}");
        }
    }
}
