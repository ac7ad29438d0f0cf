//! Command line of `services`.

use std::str::FromStr;

use clap::Args;
use contract::Service;

/// Of `services`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Exit codes: 0 done; 1 fewer than expected are at work after --wait; 4 not connected.\n\n\
        Example:\n  domicilio services --expect distribuidor=2 --expect queue-resolver=3 --wait 60")]
pub struct Services {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Fail unless so many instances of a service are running and tell of no trouble; once for each service
    #[arg(long, value_name = "SERVICE=N")]
    pub expect: Vec<Expected>,
    /// How long to wait for them, in seconds; 0 = only as long as listening takes anyway
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=3600), value_name = "SECONDS", requires = "expect")]
    pub wait: u64,
}

/// How many instances of a service are expected at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The service.
    pub service: Service,
    /// At least so many.
    pub count: usize,
}

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "must be SERVICE=N, such as distribuidor=2";
        let (name, count) = text.split_once('=').ok_or(form)?;
        let known = || Service::ALL.map(Service::as_str).join(", ");
        let service = Service::ALL
            .into_iter()
            .find(|service| service.as_str() == name)
            .ok_or_else(|| format!("there is no service {name:?}, but {}", known()))?;
        Ok(Self { service, count: count.parse().map_err(|_| form)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_read() {
        assert_eq!("queue-resolver=3".parse(), Ok(Expected { service: Service::Resolver, count: 3 }));
        for wrong in ["distribuidor", "distribuidor=", "distribuidor=-1", "resolver=2", "=1"] {
            assert!(wrong.parse::<Expected>().is_err(), "{wrong}");
        }
    }
}
