//! Instances of the services, from their heartbeats. Silence is an age, never an absence.

use std::collections::BTreeMap;

use contract::heartbeat::{Load, RunState, SILENT_MS};
use contract::{Heartbeat, InstanceId, Service, UtcMs};

use crate::state::ring::Ring;

/// Rates kept for the plot of one instance, one a second.
pub const RATES_MAX: usize = 120;

/// Heartbeats over which a rate is averaged: smooth enough to read, quick enough to see a stop.
pub const RATE_WINDOW: usize = 10;

/// Instances kept: a forged or looping starter must not fill the memory.
pub const INSTANCES_MAX: usize = 500;

/// Silence after which a stopped instance is forgotten, in milliseconds (it said that it was stopping).
pub const STOPPED_KEPT_MS: i64 = 10 * 60 * 1_000;

/// Which instance.
pub type InstanceKey = (Service, InstanceId);

/// One instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// What it said last.
    pub heartbeat: Heartbeat,
    /// When that came, by this machine's clock.
    pub heard_at: UtcMs,
    /// Counter readings, by the instance's own clock, for the rate.
    readings: Ring<(UtcMs, u64)>,
    /// Orders a second after each heartbeat.
    pub rates: Ring<f64>,
}

impl Instance {
    fn new(heartbeat: &Heartbeat, at: UtcMs) -> Self {
        let mut readings = Ring::new(RATE_WINDOW + 1);
        readings.push((heartbeat.at, counter(&heartbeat.load)));
        Self { heartbeat: heartbeat.clone(), heard_at: at, readings, rates: Ring::new(RATES_MAX) }
    }

    /// Which instance it is.
    pub fn key(&self) -> InstanceKey {
        (self.heartbeat.service, self.heartbeat.instance.clone())
    }

    /// Milliseconds since it was last heard. Never negative.
    pub fn silent_ms(&self, now: UtcMs) -> i64 {
        now.since(self.heard_at).max(0)
    }

    /// Whether it has been silent for too long, without having said that it stops.
    pub fn is_silent(&self, now: UtcMs) -> bool {
        self.silent_ms(now) > SILENT_MS && self.heartbeat.state != RunState::Stopping
    }

    /// Whether it stopped on purpose: it said so and is heard no more.
    pub fn is_stopped(&self, now: UtcMs) -> bool {
        self.silent_ms(now) > SILENT_MS && self.heartbeat.state == RunState::Stopping
    }

    /// Milliseconds since it started, by its own clock.
    pub fn uptime_ms(&self) -> i64 {
        self.heartbeat.at.since(self.heartbeat.started_at).max(0)
    }

    /// Orders a second over the last [`RATE_WINDOW`] heartbeats; `None` before there are two.
    pub fn rate(&self) -> Option<f64> {
        self.rates.last().copied()
    }

    /// Orders accepted, handed over or injected since it started.
    pub fn done(&self) -> u64 {
        counter(&self.heartbeat.load)
    }

    fn hear(&mut self, heartbeat: &Heartbeat, at: UtcMs) {
        if heartbeat.started_at == self.heartbeat.started_at && heartbeat.at <= self.heartbeat.at {
            return; // A repeat, or one that was overtaken.
        }
        if heartbeat.started_at != self.heartbeat.started_at {
            if heartbeat.started_at < self.heartbeat.started_at {
                return; // A late word of an earlier life.
            }
            self.readings.clear();
        }
        self.readings.push((heartbeat.at, counter(&heartbeat.load)));
        if let (Some(first), Some(last)) = (self.readings.first(), self.readings.last()) {
            let elapsed_ms = last.0.since(first.0);
            if elapsed_ms > 0 {
                self.rates.push(last.1.saturating_sub(first.1) as f64 * 1_000.0 / elapsed_ms as f64);
            }
        }
        self.heartbeat = heartbeat.clone();
        self.heard_at = at;
    }
}

/// The counter that stands for an instance's work.
fn counter(load: &Load) -> u64 {
    match load {
        Load::Api(load) => load.accepted,
        Load::Distribuidor(load) => load.distributed,
        Load::Resolver(load) => load.injected,
    }
}

/// All instances.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Services {
    by_key: BTreeMap<InstanceKey, Instance>,
}

impl Services {
    /// One instance.
    pub fn get(&self, key: &InstanceKey) -> Option<&Instance> {
        self.by_key.get(key)
    }

    /// All of them, by service and name.
    pub fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.by_key.values()
    }

    /// All of one service.
    pub fn of(&self, service: Service) -> impl Iterator<Item = &Instance> {
        self.iter().filter(move |instance| instance.heartbeat.service == service)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Takes a heartbeat that came at `at`.
    pub fn hear(&mut self, heartbeat: &Heartbeat, at: UtcMs) {
        let key = (heartbeat.service, heartbeat.instance.clone());
        if let Some(instance) = self.by_key.get_mut(&key) {
            instance.hear(heartbeat, at);
        } else if self.by_key.len() < INSTANCES_MAX {
            self.by_key.insert(key, Instance::new(heartbeat, at));
        }
    }

    /// Forgets instances that stopped on purpose a while ago.
    pub fn forget_stopped(&mut self, now: UtcMs) {
        self.by_key.retain(|_, instance| !instance.is_stopped(now) || instance.silent_ms(now) < STOPPED_KEPT_MS);
    }

    /// Of the instances that follow the stores: who has taken up `revision`, and who has not yet.
    pub fn taken_up(&self, revision: u64) -> (Vec<&Instance>, Vec<&Instance>) {
        self.iter()
            .filter(|instance| instance.heartbeat.stores_revision.is_some())
            .partition(|instance| instance.heartbeat.stores_revision >= Some(revision))
    }
}
