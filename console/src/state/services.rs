//! Instances of the services, from their heartbeats. Silence is an age, never an absence.

use std::collections::BTreeMap;

use contract::heartbeat::{DistribuidorLoad, Latency, Load, Role, RunState, SILENT_MS};
use contract::{Heartbeat, InstanceId, Service, UtcMs};
use serde::{Deserialize, Serialize};

use crate::state::ring::Ring;

/// Rates kept for the plot of one instance, one a second.
pub const RATES_MAX: usize = 120;

/// Readings kept for the plots of one instance, one a second: five minutes. Of all instances some ten megabytes.
pub const SAMPLES_MAX: usize = 300;

/// Reach of the plots, in milliseconds.
pub const HISTORY_MS: i64 = 5 * 60_000;

/// Heartbeats over which a rate is averaged: smooth enough to read, quick enough to see a stop.
pub const RATE_WINDOW: usize = 10;

/// Instances kept: a forged or looping starter must not fill the memory.
pub const INSTANCES_MAX: usize = 500;

/// Silence after which a stopped instance is forgotten, in milliseconds (it said that it was stopping).
pub const STOPPED_KEPT_MS: i64 = 10 * 60 * 1_000;

/// How far another machine's clock may be ahead of this one, in milliseconds; synchronised ones differ by far less.
pub const CLOCK_AHEAD_MS: i64 = 10_000;

/// Heartbeats by which an instance's clock is judged: one of so many comes without delay.
pub const AHEAD_MAX: usize = 5;

/// Which instance.
pub type InstanceKey = (Service, InstanceId);

/// What one heartbeat told for the plots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When it came, by this machine's clock.
    pub at: UtcMs,
    /// Orders a second.
    pub rate: Option<f64>,
    /// Latency of all but the slowest of a hundred, in milliseconds.
    pub p99_ms: Option<f64>,
    /// Orders before it: not yet handed over, or waiting in its lanes.
    pub lag: Option<u64>,
}

/// One instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// What it said last.
    pub heartbeat: Heartbeat,
    /// When that came, by this machine's clock.
    pub heard_at: UtcMs,
    /// Counter readings, by the instance's own clock, for the rate.
    readings: Ring<(UtcMs, u64)>,
    /// By how much its clock was ahead when the last heartbeats came, in milliseconds.
    ahead: Ring<i64>,
    /// Orders a second after each heartbeat.
    pub rates: Ring<f64>,
    /// Readings for the plots, oldest first.
    pub samples: Ring<Sample>,
}

impl Instance {
    fn new(heartbeat: &Heartbeat, at: UtcMs) -> Self {
        let ahead = Ring::new(AHEAD_MAX);
        let mut readings = Ring::new(RATE_WINDOW + 1);
        readings.push((heartbeat.at, counter(&heartbeat.load)));
        let mut samples = Ring::new(SAMPLES_MAX);
        samples.push(sample(&heartbeat.load, at, None));
        Self { heartbeat: heartbeat.clone(), heard_at: at, readings, ahead, rates: Ring::new(RATES_MAX), samples }
    }

    /// Which instance it is.
    pub fn key(&self) -> InstanceKey {
        (self.heartbeat.service, self.heartbeat.instance.clone())
    }

    /// Whether it is the active distribuidor, by its own word.
    pub const fn is_active(&self) -> bool {
        is_active(&self.heartbeat)
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

    /// By how much its clock is ahead of this machine's, in milliseconds, the way of its heartbeats not counted; below 0 it
    /// is behind. `None` before [`AHEAD_MAX`] heartbeats came.
    pub fn ahead_ms(&self) -> Option<i64> {
        // A heartbeat can only come late, never early: the least delayed one tells best.
        self.ahead.iter().copied().max().filter(|_| self.ahead.len() >= AHEAD_MAX)
    }

    /// Orders accepted, handed over or injected since it started.
    pub fn done(&self) -> u64 {
        counter(&self.heartbeat.load)
    }

    /// The last [`HISTORY_MS`] in `bars` bars, oldest first: the greatest value of each; `None` where nothing was heard.
    pub fn history(&self, now: UtcMs, bars: usize, value: impl Fn(&Sample) -> Option<f64>) -> Vec<Option<f64>> {
        let count = i64::try_from(bars.max(1)).unwrap_or(i64::MAX);
        // Bars stand on fixed marks of time, so that they move only as a whole. None is shorter than two heartbeats.
        let bar_ms = (HISTORY_MS / count).max(2_000);
        let bar = |at: UtcMs| at.as_millis().div_euclid(bar_ms);
        let first = bar(now) - count + 1;
        let mut values = vec![None; bars];
        for sample in self.samples.iter() {
            let place = usize::try_from(bar(sample.at) - first).ok();
            if let (Some(shown), Some(value)) = (place.and_then(|place| values.get_mut(place)), value(sample)) {
                *shown = Some(f64::max(value, shown.unwrap_or(value)));
            }
        }
        values
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
        self.samples.push(sample(&heartbeat.load, at, self.rates.last().copied()));
        self.heartbeat = heartbeat.clone();
    }
}

/// A time that another machine's clock told, heard at `heard_at`: one that is too far ahead counts as that, so that
/// nothing waits for the time to come.
pub fn plausible(said: UtcMs, heard_at: UtcMs) -> UtcMs {
    if said.since(heard_at) > CLOCK_AHEAD_MS { heard_at } else { said }
}

/// Whether a heartbeat is of the distribuidor that is active.
const fn is_active(heartbeat: &Heartbeat) -> bool {
    matches!(&heartbeat.load, Load::Distribuidor(DistribuidorLoad { role: Role::Active, .. }))
}

/// Whether it is of one that hands over right now.
fn hands_over(heartbeat: &Heartbeat) -> bool {
    is_active(heartbeat) && heartbeat.state == RunState::Running
}

fn sample(load: &Load, at: UtcMs, rate: Option<f64>) -> Sample {
    let (latency, lag) = match load {
        Load::Api(load) => (load.latency, None),
        Load::Distribuidor(load) => (load.latency, load.lag),
        Load::Resolver(load) => (load.latency, Some(load.waiting)),
    };
    Sample { at, rate, p99_ms: latency.p99_ms, lag }
}

/// The counter that stands for an instance's work.
fn counter(load: &Load) -> u64 {
    match load {
        Load::Api(load) => load.accepted,
        Load::Distribuidor(load) => load.distributed,
        Load::Resolver(load) => load.injected,
    }
}

/// An instance that answers to the NATS services API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its service.
    pub service: Service,
    /// Its name.
    pub instance: InstanceId,
    /// Where it runs, as it says; sanitised.
    pub cloud: String,
    /// Its version; sanitised.
    pub version: String,
}

/// All instances.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Services {
    /// Who answered when everybody was asked last.
    found: BTreeMap<InstanceKey, Found>,
    /// The last two times at which everybody was asked, the newer one first.
    asked: (Option<UtcMs>, Option<UtcMs>),
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

    /// When everybody was asked last who is there; `None` before the first time.
    pub const fn asked_at(&self) -> Option<UtcMs> {
        self.asked.0
    }

    /// Takes the answers to a question to everybody.
    pub fn discover(&mut self, at: UtcMs, found: Vec<Found>) {
        self.asked = (Some(at), self.asked.0);
        let keyed = |found: Found| ((found.service, found.instance.clone()), found);
        self.found = found.into_iter().take(INSTANCES_MAX).map(keyed).collect();
    }

    /// Whether an instance that is heard answered when everybody was asked last; `None` when nobody was asked, or it has
    /// not been there long enough to have been.
    pub fn answers(&self, instance: &Instance) -> Option<bool> {
        self.asked.0?;
        let found = self.found.contains_key(&instance.key());
        let was_there =
            instance.samples.first().is_some_and(|first| self.asked.1.is_some_and(|asked| first.at < asked));
        (found || was_there).then_some(found)
    }

    /// Instances that answered and of which no heartbeat is known. Who has just started may be among them for a second.
    pub fn mute(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|(key, _)| !self.by_key.contains_key(key)).map(|(_, found)| found)
    }

    /// Whether some instance of a service lives at `now`, as far as can be told: it is heard, or it answered when everybody
    /// was asked last. `None` while its heartbeat may still come, listened to since `hearing_since`, or nobody was asked.
    pub fn is_served(&self, service: Service, now: UtcMs, hearing_since: UtcMs) -> Option<bool> {
        let lives = |instance: &Instance| !instance.is_silent(now) && !instance.is_stopped(now);
        if self.of(service).any(lives) || self.found.keys().any(|(found, _)| *found == service) {
            return Some(true);
        }
        let listened = now.since(hearing_since) > SILENT_MS;
        (listened && self.asked_at().is_some()).then_some(false)
    }

    /// Takes a heartbeat that came at `at`; beyond [`INSTANCES_MAX`] the longest silent instance makes room.
    pub fn hear(&mut self, heartbeat: &Heartbeat, at: UtcMs) {
        let ahead_ms = heartbeat.at.since(at);
        let heartbeat = &Heartbeat { at: plausible(heartbeat.at, at), ..heartbeat.clone() };
        if hands_over(heartbeat) {
            self.active_at = Some(at);
        }
        let key = (heartbeat.service, heartbeat.instance.clone());
        if let Some(instance) = self.by_key.get_mut(&key) {
            instance.ahead.push(ahead_ms);
            return instance.hear(heartbeat, at);
        }
        if self.by_key.len() >= INSTANCES_MAX {
            let longest = self.by_key.iter().min_by_key(|(_, instance)| instance.heard_at);
            if let Some(longest) = longest.map(|(key, _)| key.clone()) {
                self.by_key.remove(&longest);
            }
        }
        let mut instance = Instance::new(heartbeat, at);
        instance.ahead.push(ahead_ms);
        self.by_key.insert(key, instance);
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

#[cfg(test)]
mod tests {
    use contract::heartbeat::ApiLoad;

    use super::*;

    fn heartbeat(second: i64, accepted: u64) -> Heartbeat {
        Heartbeat {
            v: contract::VERSION,
            service: Service::Api,
            instance: "api-1".parse().unwrap(),
            version: "0.1.0".to_owned(),
            cloud: "aws".parse().unwrap(),
            country: "zz".parse().unwrap(),
            started_at: UtcMs::from_millis(0),
            at: UtcMs::from_millis(second * 1_000),
            state: RunState::Running,
            trouble: None,
            stores_revision: None,
            load: Load::Api(ApiLoad { accepted, ..ApiLoad::default() }),
        }
    }

    #[test]
    fn a_silence_is_a_gap_in_the_plot_and_no_zero() {
        let mut services = Services::default();
        for second in (0..100).chain(160..200) {
            services.hear(&heartbeat(second, 10 * u64::try_from(second).unwrap()), UtcMs::from_millis(second * 1_000));
        }
        let instance = services.iter().next().unwrap();
        // Thirty bars of ten seconds, up to second 200.
        let bars = instance.history(UtcMs::from_millis(199_999), 30, |sample| sample.rate);
        assert_eq!(bars.len(), 30);
        assert!(bars[..10].iter().all(Option::is_none), "before it was heard: {bars:?}");
        assert!(bars[10..20].iter().all(Option::is_some) && bars[26..].iter().all(Option::is_some), "{bars:?}");
        assert!(bars[20..26].iter().all(Option::is_none), "silent from 100 to 160: {bars:?}");
        assert!(instance.history(UtcMs::from_millis(199_999), 30, |sample| sample.p99_ms).iter().all(Option::is_none));
    }

    #[test]
    fn heartbeat_and_discovery_are_told_apart() {
        let at = |second: i64| UtcMs::from_millis(second * 1_000);
        let found = |instance: &str| Found {
            service: Service::Api,
            instance: instance.parse().unwrap(),
            cloud: "aws".to_owned(),
            version: "0.1.0".to_owned(),
        };
        let mut services = Services::default();
        services.hear(&heartbeat(0, 0), at(0));
        let answers = |services: &Services| services.answers(services.iter().next().unwrap());
        assert_eq!(answers(&services), None, "nobody was asked");
        services.discover(at(5), vec![found("api-1"), found("api-9")]);
        assert_eq!(answers(&services), Some(true));
        assert_eq!(services.mute().map(|found| found.instance.as_str()).collect::<Vec<_>>(), ["api-9"]);
        services.hear(&heartbeat(11, 0), at(11));
        services.discover(at(10), Vec::new());
        assert_eq!(answers(&services), Some(false), "it is heard and does not answer");
        assert_eq!(services.mute().count(), 0);
    }

    #[test]
    fn readings_are_bounded() {
        let mut services = Services::default();
        for second in 0..2_000 {
            services.hear(&heartbeat(second, 0), UtcMs::from_millis(second * 1_000));
        }
        assert_eq!(services.iter().next().unwrap().samples.len(), SAMPLES_MAX);
    }
}
