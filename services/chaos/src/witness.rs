//! Listens to every heartbeat, as the console does: who is there, who is active, when somebody fell silent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use contract::heartbeat::{Heartbeat, Load, Role};
use contract::{InstanceId, Partition, UtcMs};
use futures::StreamExt as _;

use crate::now;

/// Age up to which a heartbeat counts as fresh, in milliseconds: one may be late, two may not.
const FRESH_MS: i64 = 1_700;

/// What is kept of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// When it was heard.
    pub at: UtcMs,
    /// What the wall clock of its sender said.
    pub said_at: UtcMs,
    /// Who said it.
    pub instance: InstanceId,
    /// When that process started.
    pub started_at: UtcMs,
    /// Term of office of an active distribuidor.
    pub active: Option<u64>,
    /// Partitions that a resolver owns.
    pub partitions: Vec<Partition>,
    /// Deliveries that a resolver found to be done already, since it started.
    pub replays: u64,
}

impl Beat {
    fn of(beat: Heartbeat, at: UtcMs) -> Self {
        let (instance, started_at, said_at) = (beat.instance, beat.started_at, beat.at);
        let (active, partitions, replays) = match beat.load {
            Load::Distribuidor(load) => ((load.role == Role::Active).then_some(load.term), Vec::new(), 0),
            Load::Resolver(load) => (None, load.partitions.iter().map(|owned| owned.partition).collect(), load.replays),
            Load::Api(_) => (None, Vec::new(), 0),
        };
        Self { at, said_at, instance, started_at, active, partitions, replays }
    }
}

/// Keeps every heartbeat. A run of minutes with eight instances hears a few thousand.
#[derive(Debug)]
pub struct Witness {
    heard: Arc<Mutex<Vec<Beat>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Witness {
    /// Begins to listen. The subscription outlives interruptions of the connection.
    pub async fn listen(connection: &bus::Connection) -> anyhow::Result<Self> {
        let beats = connection.client.subscribe("domicilio.services.*.*.heartbeat").await;
        let mut beats = beats.context("listening to heartbeats")?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let heard_by_task = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Some(message) = beats.next().await {
                if let Ok(beat) = serde_json::from_slice::<Heartbeat>(&message.payload) {
                    heard_by_task.lock().unwrap_or_else(PoisonError::into_inner).push(Beat::of(beat, now()));
                }
            }
        });
        Ok(Self { heard, task })
    }

    /// Everything heard so far.
    pub fn heard(&self) -> Vec<Beat> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last heartbeat of each instance that is fresh now.
    pub fn fresh(&self) -> BTreeMap<InstanceId, Beat> {
        fresh(&self.heard(), now())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn fresh(heard: &[Beat], now: UtcMs) -> BTreeMap<InstanceId, Beat> {
    let recent = heard.iter().filter(|beat| now.since(beat.at) <= FRESH_MS);
    recent.map(|beat| (beat.instance.clone(), beat.clone())).collect()
}

/// The active distribuidor among `beats`: of two that both say so, the one with the later term.
pub fn active(beats: &BTreeMap<InstanceId, Beat>) -> Option<&InstanceId> {
    beats.values().filter(|beat| beat.active.is_some()).max_by_key(|beat| beat.active).map(|beat| &beat.instance)
}

/// Whether `instances` are all there, one distribuidor is active and each partition has its owner.
pub fn settled(beats: &BTreeMap<InstanceId, Beat>, instances: usize) -> bool {
    let owned: usize = beats.values().map(|beat| beat.partitions.len()).sum();
    let active = beats.values().filter(|beat| beat.active.is_some()).count();
    beats.len() == instances && active == 1 && owned == usize::from(Partition::COUNT)
}

/// Deliveries found to be done already until `until`, over every process there was.
pub fn replays(heard: &[Beat], until: UtcMs) -> u64 {
    let mut most: BTreeMap<(&InstanceId, UtcMs), u64> = BTreeMap::new();
    for beat in heard.iter().filter(|beat| beat.at <= until) {
        // Heartbeats that were held up come late: the count never falls.
        let most = most.entry((&beat.instance, beat.started_at)).or_default();
        *most = beat.replays.max(*most);
    }
    most.values().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(instance: &str, at: i64, active: Option<u64>, partitions: u8) -> Beat {
        let instance = instance.parse().expect("an instance");
        let (at, started_at) = (UtcMs::from_millis(at), UtcMs::from_millis(0));
        let partitions = (0..partitions).filter_map(|number| Partition::try_from(number).ok()).collect();
        Beat { at, said_at: at, instance, started_at, active, partitions, replays: 2 }
    }

    #[test]
    fn a_deployment_is_settled_when_everybody_is_there_and_every_partition_is_owned() {
        let heard = [beat("d-1", 100, Some(1), 0), beat("d-2", 1_900, Some(2), 0), beat("r-1", 2_000, None, 32)];
        let at = |ms| fresh(&heard, UtcMs::from_millis(ms));
        assert_eq!(active(&at(1_500)).map(InstanceId::as_str), Some("d-2"), "the later term");
        assert!(!settled(&at(1_500), 3), "two are active");
        assert!(settled(&at(2_500), 2), "the old one is silent");
        assert!(!settled(&at(2_500), 3), "one is missing");
        assert!(!settled(&at(9_000), 2), "all are silent");
    }

    #[test]
    fn replays_are_summed_over_processes() {
        let mut restarted = beat("r-1", 3_000, None, 0);
        restarted.started_at = UtcMs::from_millis(2_500);
        restarted.replays = 5;
        let heard = [beat("r-1", 100, None, 0), beat("r-1", 1_100, None, 0), restarted];
        assert_eq!([50, 2_000, 3_000].map(|until| replays(&heard, UtcMs::from_millis(until))), [0, 2, 7]);
    }
}
