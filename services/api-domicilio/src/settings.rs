//! Settings of the command line and the environment.

use std::net::SocketAddr;

use clap::Parser;
use contract::InstanceId;

/// HTTP intake of Domicilio: takes, validates and stores orders; changes store records
#[derive(Debug, Clone, Parser)]
#[command(version)]
pub struct Args {
    /// Address to listen on for HTTP; port 0 takes a free one. The first line on standard output tells which,
    /// as JSON: {"listen":"127.0.0.1:8080"}
    #[arg(long, env = "DOMICILIO_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Name of this instance, unique among the api-domicilio of one bus: 1 to 48 letters, digits, '-' and '_'
    #[arg(long, env = "DOMICILIO_ID", default_value = "api-domicilio-1")]
    pub id: InstanceId,

    /// What every service takes
    #[command(flatten)]
    pub common: chassis::CommonArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn settings_are_consistent() {
        Args::command().debug_assert();
    }
}
