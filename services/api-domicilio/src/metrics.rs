//! Counters and gauges, for Prometheus and for the heartbeat alike: one count, two readers.
//!
//! Labels are our own words only (format, code), never anything of a payload, so their number is bounded.

use std::sync::atomic::AtomicU64;

use chassis::latency::Window;
use contract::heartbeat::{ApiLoad, Latency};
use contract::order::Format;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::keys::KeyId;
use crate::reply::{Answer, ReplyCode};

/// Upper bounds of the buckets of the time to an answer, in seconds; the last one is the longest that one can take.
const SECONDS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 4.0, 15.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOrder {
    format: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFault {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKey {
    key: String,
    answer: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStranger {
    code: &'static str,
}

/// What a request that was let in is counted as; others by the code that they were answered with.
const ALLOWED: &str = "allowed";

/// What this instance counts since it started.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    orders: Family<OfOrder, Counter>,
    faults: Family<OfFault, Counter>,
    key_requests: Family<OfKey, Counter>,
    strangers: Family<OfStranger, Counter>,
    seconds: Histogram,
    in_flight: Gauge,
    bus_up: Gauge,
    stores_revision: Gauge<u64, AtomicU64>,
    accepting: Window,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("api_domicilio");
        let orders = Family::<OfOrder, Counter>::default();
        // At zero from the start, or Prometheus would not see the first one: a rate needs a figure before it.
        for code in ReplyCode::ALL.into_iter().filter(|code| code.status() >= 500) {
            for format in [Format::Delivery, Format::Pickup] {
                orders.get_or_create(&OfOrder { format: format.as_str(), code: code.as_str() }).inc_by(0);
            }
        }
        registry.register("orders", "Answers to orders, by format and code", orders.clone());
        let faults = Family::<OfFault, Counter>::default();
        registry.register("faults", "Faults of refused payloads, by code", faults.clone());
        let key_requests = Family::<OfKey, Counter>::default();
        registry.register("key_requests", "Requests with a known token, by key and answer", key_requests.clone());
        let strangers = Family::<OfStranger, Counter>::default();
        registry.register("stranger_requests", "Requests without a known token, by code", strangers.clone());
        let seconds = Histogram::new(SECONDS);
        registry.register_with_unit("answer", "Time to the answer to an order", Unit::Seconds, seconds.clone());
        let in_flight = Gauge::default();
        registry.register("in_flight", "Requests being worked on", in_flight.clone());
        let bus_up = Gauge::default();
        registry.register("bus_up", "Whether the message bus is connected", bus_up.clone());
        let stores_revision = Gauge::default();
        registry.register("stores_revision", "Store changes taken up, as sequence", stores_revision.clone());
        Self {
            registry,
            orders,
            faults,
            key_requests,
            strangers,
            seconds,
            in_flight,
            bus_up,
            stores_revision,
            accepting: Window::new(),
        }
    }

    /// Counts the answer to an order and the time that it took.
    pub fn answered(&self, format: Format, answer: &Answer, took: std::time::Duration) {
        let labels = OfOrder { format: format.as_str(), code: answer.code.as_str() };
        self.orders.get_or_create(&labels).inc();
        self.seconds.observe(took.as_secs_f64());
        if matches!(answer.code, ReplyCode::Accepted | ReplyCode::AlreadyAccepted) {
            self.accepting.record_us(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
        for fault in &answer.faults {
            self.faults.get_or_create(&OfFault { code: fault.code.clone() }).inc();
        }
    }

    /// Counts a request of a key that was let in.
    pub fn let_in(&self, key: &KeyId) {
        self.key_requests.get_or_create(&OfKey { key: key.to_string(), answer: ALLOWED }).inc();
    }

    /// Counts a request that was not let in; `key` is whose token it was, when that is known.
    pub fn refused(&self, key: Option<&KeyId>, code: ReplyCode) {
        match key {
            Some(key) => {
                self.key_requests.get_or_create(&OfKey { key: key.to_string(), answer: code.as_str() }).inc();
            }
            None => {
                self.strangers.get_or_create(&OfStranger { code: code.as_str() }).inc();
            }
        }
    }

    /// Forgets a key that is no more, so that there are never more figures than keys.
    pub fn forget(&self, key: &KeyId) {
        for answer in [ALLOWED].into_iter().chain(ReplyCode::ALL.map(ReplyCode::as_str)) {
            self.key_requests.remove(&OfKey { key: key.to_string(), answer });
        }
    }

    /// Counts a request in until the guard is dropped.
    pub fn work(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// The text that Prometheus reads.
    pub fn text(&self, bus_up: bool, stores_revision: u64) -> String {
        self.bus_up.set(i64::from(bus_up));
        self.stores_revision.set(stores_revision);
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// The figures of the heartbeat.
    pub fn load(&self, listen: &str) -> ApiLoad {
        let count = |wanted: &dyn Fn(ReplyCode) -> bool| {
            let formats = [Format::Delivery, Format::Pickup];
            let codes = ReplyCode::ALL.into_iter().filter(|code| wanted(*code));
            codes
                .flat_map(|code| formats.map(|format| OfOrder { format: format.as_str(), code: code.as_str() }))
                .map(|labels| self.orders.get(&labels).map_or(0, |counter| counter.get()))
                .sum()
        };
        ApiLoad {
            listen: listen.to_owned(),
            accepted: count(&|code| code == ReplyCode::Accepted),
            repeated: count(&|code| code == ReplyCode::AlreadyAccepted),
            conflicts: count(&|code| code == ReplyCode::IdentityConflict),
            invalid: count(&|code| matches!(code.status(), 400 | 408 | 413 | 415 | 422)),
            unavailable: count(&|code| code.status() == 503),
            in_flight: u64::try_from(self.in_flight.get()).unwrap_or(0),
            latency: self.latency(),
        }
    }

    fn latency(&self) -> Latency {
        self.accepting.read()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A request being worked on.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contract::Fault;

    use super::*;

    #[test]
    fn what_the_chart_watches_is_told() {
        let metrics = Metrics::new();
        metrics.answered(Format::Delivery, &ReplyCode::Accepted.into(), Duration::from_millis(3));
        let refused = Answer::faulty(ReplyCode::InvalidPayload, vec![Fault::new("no_lines", "/detalle", "x")]);
        metrics.answered(Format::Delivery, &refused, Duration::from_millis(3));
        metrics.let_in(&"app-1".parse().unwrap());
        metrics.refused(None, ReplyCode::TokenUnknown);
        let told = metrics.text(true, 7);
        for file in [
            include_str!("../../../charts/domicilio/files/alerts.yaml"),
            include_str!("../../../charts/domicilio/files/dashboard.json"),
        ] {
            let words = file.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let mut count = 0;
            for name in words.filter(|word| word.starts_with("api_domicilio_")) {
                assert!(told.lines().any(|line| line.split([' ', '{']).next() == Some(name)), "{name} in\n{told}");
                count += 1;
            }
            assert!(count > 2);
            // Codes of answers that an alert waits for are answers that there are.
            for code in file.split("code=~\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(
                    code.split('|').all(|code| ReplyCode::ALL.iter().any(|known| known.as_str() == code)),
                    "{code}"
                );
            }
        }
    }

    #[test]
    fn what_an_alert_waits_for_is_told_before_it_happens() {
        let told = Metrics::new().text(true, 0);
        let alerts = include_str!("../../../charts/domicilio/files/alerts.yaml");
        let codes = alerts.split("code=~\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        for code in codes.split('|') {
            let zero = format!(r#"api_domicilio_orders_total{{format="pickup",code="{code}"}} 0"#);
            assert!(told.contains(&zero), "{zero} in\n{told}");
        }
    }

    #[test]
    fn the_heartbeat_and_prometheus_tell_the_same() {
        let metrics = Metrics::new();
        let took = Duration::from_millis(3);
        metrics.answered(Format::Delivery, &ReplyCode::Accepted.into(), took);
        metrics.answered(Format::Pickup, &ReplyCode::Accepted.into(), took);
        metrics.answered(Format::Pickup, &ReplyCode::BusUnavailable.into(), took);
        let refused = Answer::faulty(ReplyCode::InvalidPayload, vec![Fault::new("no_lines", "/detalle", "x")]);
        metrics.answered(Format::Delivery, &refused, took);
        let guard = metrics.work();
        let load = metrics.load("127.0.0.1:1");
        assert_eq!((load.accepted, load.invalid, load.unavailable, load.in_flight), (2, 1, 1, 1));
        assert!(load.latency.p50_ms.is_some_and(|ms| (ms - 3.0).abs() < 0.1), "{load:?}");
        let text = metrics.text(true, 7);
        for line in [
            r#"api_domicilio_orders_total{format="delivery",code="accepted"} 1"#,
            r#"api_domicilio_faults_total{code="no_lines"} 1"#,
            "api_domicilio_in_flight 1",
            "api_domicilio_bus_up 1",
            "api_domicilio_stores_revision 7",
            "api_domicilio_answer_seconds_count 4",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        drop(guard);
        let key: KeyId = "app-1".parse().unwrap();
        metrics.let_in(&key);
        metrics.refused(Some(&key), ReplyCode::ScopeMissing);
        metrics.refused(None, ReplyCode::TokenUnknown);
        let text = metrics.text(true, 7);
        for line in [
            r#"api_domicilio_key_requests_total{key="app-1",answer="allowed"} 1"#,
            r#"api_domicilio_key_requests_total{key="app-1",answer="scope_missing"} 1"#,
            r#"api_domicilio_stranger_requests_total{code="token_unknown"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        metrics.forget(&key);
        assert!(!metrics.text(true, 7).contains("app-1"));
        assert_eq!(metrics.load("").in_flight, 0);
    }
}
