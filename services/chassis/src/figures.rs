//! What the heartbeat tells, for Prometheus: one count, two readers.
//!
//! Names begin with the service's, as in `queue_resolver_waiting`. There are no labels, so their number is fixed. What is
//! unknown is absent, not zero.

use std::sync::atomic::AtomicU64;

use contract::Service;
use contract::heartbeat::{DistribuidorLoad, Load, ResolverLoad, Role};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What every service tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Common {
    pub(crate) bus_up: bool,
    pub(crate) running: bool,
    pub(crate) trouble: bool,
}

/// The text that Prometheus reads.
pub(crate) fn text(service: Service, common: Common, load: Option<&Load>) -> String {
    let mut page = Page(Registry::with_prefix(service.as_str().replace('-', "_")));
    page.gauge("bus_up", "Whether the message bus is connected", common.bus_up);
    page.gauge("running", "Whether it works: neither paused nor draining nor stopping", common.running);
    page.gauge("trouble", "Whether something keeps it from working or needs a hand", common.trouble);
    match load {
        Some(Load::Distribuidor(load)) => page.distribuidor(load),
        Some(Load::Resolver(load)) => page.resolver(load),
        // The API has figures of its own; what a later version tells is not known here.
        _ => {}
    }
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = encode(&mut text, &page.0);
    text
}

struct Page(Registry);

impl Page {
    fn distribuidor(&mut self, load: &DistribuidorLoad) {
        self.gauge("active", "Whether it holds the office", load.role == Role::Active);
        self.counter("distributed", "Orders handed over", load.distributed);
        if let Some(lag) = load.lag {
            self.gauge("lag", "Orders accepted and not yet handed over; only the active one knows", lag);
        }
        if load.role == Role::Active {
            self.gauge("resolvers", "Live queue-resolvers; only the active one sees them", load.resolvers);
            self.gauge("unowned", "Partitions without an owner; only the active one sees them", load.unowned);
        }
    }

    fn resolver(&mut self, load: &ResolverLoad) {
        self.gauge("partitions", "Partitions that it owns", u64::try_from(load.partitions.len()).unwrap_or(u64::MAX));
        self.gauge("lanes", "Stores with something waiting", load.lanes);
        self.gauge("waiting", "Orders waiting in lanes", load.waiting);
        self.gauge("in_flight", "Attempts under way", load.in_flight);
        self.counter("injected", "Orders injected", load.injected);
        self.counter("not_injected", "Orders given up", load.not_injected);
        self.counter("failed_attempts", "Failed attempts", load.failed_attempts);
        self.counter("replays", "Deliveries of what was done already", load.replays);
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Into<u64>) {
        let gauge = Gauge::<u64, AtomicU64>::default();
        gauge.set(value.into());
        self.0.register(name, help, gauge);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        let counter = Counter::<u64>::default();
        counter.inc_by(value);
        self.0.register(name, help, counter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Common = Common { bus_up: true, running: true, trouble: false };

    #[test]
    fn what_is_unknown_is_absent() {
        let standby = text(Service::Distribuidor, WELL, Some(&Load::Distribuidor(DistribuidorLoad::default())));
        for line in ["distribuidor_bus_up 1", "distribuidor_trouble 0", "distribuidor_active 0"] {
            assert!(standby.lines().any(|told| told == line), "{line} in\n{standby}");
        }
        for name in ["distribuidor_lag", "distribuidor_unowned"] {
            assert!(!standby.contains(name), "{name} in\n{standby}");
        }
        let load = DistribuidorLoad { role: Role::Active, lag: Some(3), unowned: 2, ..DistribuidorLoad::default() };
        let active = text(Service::Distribuidor, WELL, Some(&Load::Distribuidor(load)));
        for line in ["distribuidor_active 1", "distribuidor_lag 3", "distribuidor_unowned 2"] {
            assert!(active.lines().any(|told| told == line), "{line} in\n{active}");
        }
        assert!(!text(Service::Resolver, WELL, None).contains("queue_resolver_waiting"));
    }

    #[test]
    fn what_the_chart_watches_is_told() {
        let active = DistribuidorLoad { role: Role::Active, lag: Some(0), ..DistribuidorLoad::default() };
        let told = text(Service::Distribuidor, WELL, Some(&Load::Distribuidor(active)))
            + &text(Service::Resolver, WELL, Some(&Load::Resolver(ResolverLoad::default())));
        for file in [
            include_str!("../../../charts/domicilio/files/alerts.yaml"),
            include_str!("../../../charts/domicilio/files/dashboard.json"),
        ] {
            let words = file.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let ours = words.filter(|word| word.starts_with("distribuidor_") || word.starts_with("queue_resolver_"));
            let mut count = 0;
            for name in ours {
                assert!(told.lines().any(|line| line.split(' ').next() == Some(name)), "{name} in\n{told}");
                count += 1;
            }
            assert!(count > 5);
        }
    }

    #[test]
    fn a_resolver_tells_what_its_heartbeat_tells() {
        let load = ResolverLoad { waiting: 7, injected: 9, ..ResolverLoad::default() };
        let told = text(Service::Resolver, Common { trouble: true, ..WELL }, Some(&Load::Resolver(load)));
        for line in ["queue_resolver_waiting 7", "queue_resolver_injected_total 9", "queue_resolver_trouble 1"] {
            assert!(told.lines().any(|found| found == line), "{line} in\n{told}");
        }
    }
}
