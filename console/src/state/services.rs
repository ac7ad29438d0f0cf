//! Instances of the services, from their heartbeats. Silence is an age, never an absence.

use std::collections::BTreeMap;

use contract::heartbeat::{Latency, Load, Role, RunState, SILENT_MS};
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

/// How far another machine's clock may be ahead of this one, in milliseconds; synchronised ones differ by far less.
pub const CLOCK_AHEAD_MS: i64 = 10_000;

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

    /// How long its work takes.
    pub fn latency(&self) -> Latency {
        match &self.heartbeat.load {
            Load::Api(load) => load.latency,
            Load::Distribuidor(load) => load.latency,
            Load::Resolver(load) => load.latency,
        }
    }

    /// Orders accepted, handed over or injected since it started.
    pub fn done(&self) -> u64 {
        counter(&self.heartbeat.load)
    }

    fn hear(&mut self, heartbeat: &Heartbeat, at: UtcMs) {
        // Whatever its clock says, it lives.
        self.heard_at = at;
        let back_ms = self.heartbeat.at.since(heartbeat.at);
        // A message is never overtaken by as much: a new life, or a clock that was set back.
        if heartbeat.started_at != self.heartbeat.started_at || back_ms > CLOCK_AHEAD_MS {
            self.readings.clear();
        } else if back_ms >= 0 {
            return; // A repeat, or one that was overtaken.
        }
        self.readings.push((heartbeat.at, counter(&heartbeat.load)));
        if let (Some(first), Some(last)) = (self.readings.first(), self.readings.last()) {
            let elapsed_ms = last.0.since(first.0);
            if elapsed_ms > 0 {
                self.rates.push(last.1.saturating_sub(first.1) as f64 * 1_000.0 / elapsed_ms as f64);
            }
        }
        self.heartbeat = heartbeat.clone();
    }
}

/// A time that another machine's clock told, heard at `heard_at`: one that is too far ahead counts as that, so that
/// nothing waits for the time to come.
pub fn plausible(said: UtcMs, heard_at: UtcMs) -> UtcMs {
    if said.since(heard_at) > CLOCK_AHEAD_MS { heard_at } else { said }
}

/// Whether a heartbeat is of a distribuidor that hands over right now.
fn hands_over(heartbeat: &Heartbeat) -> bool {
    matches!(&heartbeat.load, Load::Distribuidor(load) if load.role == Role::Active)
        && heartbeat.state == RunState::Running
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
    active_at: Option<UtcMs>,
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

    /// When a distribuidor was last heard that hands over, by this machine's clock.
    pub const fn active_at(&self) -> Option<UtcMs> {
        self.active_at
    }

    /// Takes a heartbeat that came at `at`; beyond [`INSTANCES_MAX`] the longest silent instance makes room.
    pub fn hear(&mut self, heartbeat: &Heartbeat, at: UtcMs) {
        let heartbeat = &Heartbeat { at: plausible(heartbeat.at, at), ..heartbeat.clone() };
        if hands_over(heartbeat) {
            self.active_at = Some(at);
        }
        let key = (heartbeat.service, heartbeat.instance.clone());
        if let Some(instance) = self.by_key.get_mut(&key) {
            return instance.hear(heartbeat, at);
        }
        if self.by_key.len() >= INSTANCES_MAX {
            let longest = self.by_key.iter().min_by_key(|(_, instance)| instance.heard_at);
            if let Some(longest) = longest.map(|(key, _)| key.clone()) {
                self.by_key.remove(&longest);
            }
        }
        self.by_key.insert(key, Instance::new(heartbeat, at));
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
