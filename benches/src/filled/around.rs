//! What the console keeps besides orders and stores: queues, instances, counts, subjects, the log. As much as two thousand
//! stores make of it, so that no screen is drawn empty.

use std::collections::BTreeMap;

use contract::counters::{Counts, Day, DayCounts};
use contract::event::FailReason;
use contract::heartbeat::{ApiLoad, DistribuidorLoad, Latency, Load, Owned, ResolverLoad, Role, RunState};
use contract::{EventKind, Heartbeat, Partition, QueueEntry, Service, StoreId, UtcMs, VERSION};
use domicilio::event::{Answer, Count, CountersRead, Depth, Event, Fact, Heard, Meter, QueuesRead};
use domicilio::state::State;
use domicilio::state::services::SAMPLES_MAX;
use domicilio::update::update;

use super::STORES;
use crate::traffic;

/// One store in so many has something waiting.
const WAITING_EVERY: u32 = 4;

/// Instances of each service.
const INSTANCES: u32 = 4;

/// Days that are counted.
const DAYS: i64 = 33;

/// Failed attempts, more than the log keeps.
const FAILED: u32 = 1_200;

/// Takes all of it into `state`, as it is at `now`; attempts failed for one in ten of the first of `orders`.
pub(super) fn fill(state: &mut State, orders: u32, now: UtcMs) -> anyhow::Result<()> {
    let steps = (0..FAILED.min(orders / 10)).map(|number| failed(number * 10, now)).collect::<anyhow::Result<_>>()?;
    update(state, Event::Live { facts: steps, meter: Meter::default() });
    let samples = i64::try_from(SAMPLES_MAX)?;
    for before in (0..samples).rev() {
        for event in second(now.plus_millis(-before * 1_000))? {
            update(state, event);
        }
    }
    update(state, Event::Answer(Answer::Counters(Ok(counters(now)?))));
    Ok(())
}

/// What comes in a second besides orders.
pub(super) fn second(at: UtcMs) -> anyhow::Result<Vec<Event>> {
    let beats = Event::Live { facts: heartbeats(at)?, meter: Meter::default() };
    Ok(vec![beats, Event::Queues(queues(at)?), Event::Heard(heard(at))])
}

fn queues(now: UtcMs) -> anyhow::Result<QueuesRead> {
    let depths = (0..STORES).step_by(WAITING_EVERY as usize).map(|store| {
        let head = entry(store, now.plus_millis(-60_000))?;
        Ok(Depth { store: head.order.store, depth: u64::from(store % 60) + 1, head: Some(head) })
    });
    Ok(QueuesRead { at: now, depths: depths.collect::<anyhow::Result<_>>()? })
}

/// What waits of order `number`, accepted at `at`.
fn entry(number: u32, at: UtcMs) -> anyhow::Result<QueueEntry> {
    let [_, queued, _] = traffic::life(number, STORES, at)?;
    match traffic::fact(&queued, at) {
        Some(Fact::Queued(entry)) => Ok(entry),
        other => anyhow::bail!("no entry of a queue: {other:?}"),
    }
}

/// A failed attempt for order `number`.
fn failed(number: u32, at: UtcMs) -> anyhow::Result<Fact> {
    let entry = entry(number, at.plus_millis(-60_000))?;
    let kind = EventKind::AttemptFailed {
        order: entry.order,
        intake: entry.intake,
        attempt: 1,
        attempts_max: 5,
        reason: FailReason::PosError,
        detail: "POS answered 503".to_owned(),
        took_ms: 40,
        retry_at: Some(at.plus_millis(5_000)),
    };
    Ok(Fact::Step(contract::Event { v: VERSION, at, by: entry.by, kind }))
}

/// One heartbeat of each instance; all of them started an hour before [`super::now`].
fn heartbeats(at: UtcMs) -> anyhow::Result<Vec<Fact>> {
    let started_at = super::now().plus_millis(-3_600_000);
    let nth = at.since(started_at).unsigned_abs() / 1_000;
    let latency = Latency { p50_ms: Some(3.5), p99_ms: Some(40.0 + (nth % 20) as f64) };
    let mut facts = Vec::new();
    for service in Service::ALL {
        for number in 0..INSTANCES {
            let load = match service {
                Service::Api => Load::Api(ApiLoad { accepted: nth * 200, latency, ..ApiLoad::default() }),
                Service::Distribuidor => {
                    let role = if number == 0 { Role::Active } else { Role::Standby };
                    let lag = (number == 0).then_some(nth % 30);
                    Load::Distribuidor(DistribuidorLoad {
                        role,
                        lag,
                        distributed: nth * 800,
                        latency,
                        ..Default::default()
                    })
                }
                Service::Resolver => Load::Resolver(ResolverLoad {
                    partitions: partitions(number).collect(),
                    injected: nth * 200,
                    waiting: nth % 300,
                    latency,
                    ..ResolverLoad::default()
                }),
            };
            let heartbeat = Heartbeat {
                v: VERSION,
                service,
                instance: format!("{}-{}", service.as_str(), number + 1).parse()?,
                version: "0.1.0".to_owned(),
                cloud: "aws".parse()?,
                country: "zz".parse()?,
                started_at,
                at,
                state: RunState::Running,
                trouble: None,
                stores_revision: Some(1),
                load,
            };
            facts.push(Fact::Heartbeat { heartbeat, received_at: at });
        }
    }
    Ok(facts)
}

fn partitions(instance: u32) -> impl Iterator<Item = Owned> {
    let own = move |partition: &Partition| u32::from(partition.number()) % INSTANCES == instance;
    Partition::all().filter(own).map(|partition| Owned { partition, epoch: 1 })
}

/// Messages on every subject that the stores have.
fn heard(at: UtcMs) -> Heard {
    let each = |store: u32| {
        let id = StoreId(store + 1);
        let kinds = [format!("orders.ec.{id}"), format!("queues.{}.{id}", id.partition()), format!("outcomes.ec.{id}")];
        kinds.map(|rest| Count { subject: format!("domicilio.{rest}"), messages: 25, bytes: 30_000 })
    };
    Heard { at, counts: (0..STORES).flat_map(each).collect(), ..Heard::default() }
}

fn counters(now: UtcMs) -> anyhow::Result<CountersRead> {
    let mut hour = BTreeMap::new();
    for country in ["cl", "co", "ec", "ve"] {
        let places: &mut BTreeMap<_, _> = hour.entry(country.parse()?).or_default();
        for cloud in ["aws", "azure", "gcloud"] {
            places
                .insert(cloud.parse()?, Counts { accepted: 700, injected: 690, not_injected: 10, ..Counts::default() });
        }
    }
    let day = DayCounts { hours: (0..24).map(|of_day| (of_day, hour.clone())).collect(), ..DayCounts::default() };
    let days = (0..DAYS).map(|back| (Day::of(now).plus_days(-back), day.clone())).collect();
    Ok(CountersRead { since: Some(Day::of(now).plus_days(-DAYS)), written_at: Some(now), days })
}
