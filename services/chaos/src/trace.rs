//! What a fault left behind, and how long stores were without service because of it. Pure.
//!
//! A run without traces proves nothing, so each fault must be seen by somebody other than the one who caused it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::event::PosState;
use contract::{Event, EventKind, InstanceId, Partition, StoreId, UtcMs};
use pos_simulator::{Fate, Kind, LedgerLine};

use crate::oracle::Assigned;
use crate::plan::{Blow, Fault, Part, Pos};
use crate::witness::Beat;

/// How much later than the end of a fault its trace may come, in milliseconds: leases last two seconds, heartbeats
/// come each second, and all of it on a busy machine.
const GRACE_MS: i64 = 6_000;

/// Gap between two heartbeats that counts as silence, in milliseconds.
const SILENT_MS: i64 = 2_000;

/// A fault that was caused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injury {
    /// Its round, from 0.
    pub round: usize,
    /// Its kind.
    pub fault: Fault,
    /// The instance that was hit; empty for the bus and for POS.
    pub target: String,
    /// The stores whose POS was at fault.
    pub stores: Vec<StoreId>,
    /// When it began.
    pub began: UtcMs,
    /// When its cause was gone.
    pub ended: UtcMs,
    /// Until when its consequences are looked at: the next fault of a process or of the bus, or the end of traffic.
    pub until: UtcMs,
    /// Our own connection to the bus was lost and came back.
    pub reconnected: bool,
}

impl Injury {
    /// A fault that begins now; its end is filled in later.
    pub const fn new(round: usize, fault: Fault, target: String, stores: Vec<StoreId>, now: UtcMs) -> Self {
        Self { round, fault, target, stores, began: now, ended: now, until: now, reconnected: false }
    }

    fn covers(&self, at: UtcMs) -> bool {
        at >= self.began && self.ended.plus_millis(GRACE_MS) >= at
    }
}

/// Everything in which traces are looked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scene<'a> {
    /// The ledger.
    pub ledger: &'a [LedgerLine],
    /// `EVENTS`.
    pub events: &'a [Event],
    /// Heartbeats, in the order of hearing.
    pub beats: &'a [Beat],
    /// When which API (from 0) did not answer a sender.
    pub silences: &'a [(UtcMs, usize)],
    /// Assignments of partitions.
    pub assigned: &'a [Assigned],
}

impl Scene<'_> {
    /// Whether `injury` left its trace.
    pub fn shows(&self, injury: &Injury) -> bool {
        let event = |is: &dyn Fn(&EventKind) -> bool| {
            self.events.iter().any(|event| injury.covers(event.at) && is(&event.kind))
        };
        let fate = |fate: Fate| {
            let of_store = |line: &&LedgerLine| line.kind == Kind::Attempt && injury.stores.contains(&line.store);
            self.ledger.iter().filter(of_store).any(|line| line.fate == fate && injury.covers(line.at))
        };
        match injury.fault {
            Fault::Calm => true,
            Fault::Bus => injury.reconnected,
            Fault::Process(part, blow) => {
                let consequence = match (part, blow) {
                    (Part::Api, _) => self
                        .silences
                        .iter()
                        .any(|(at, api)| injury.covers(*at) && injury.target.ends_with(&format!("-{}", api + 1))),
                    (Part::Active, _) => event(&|kind| matches!(kind, EventKind::TookOffice { .. })),
                    // It had nothing to lose: its silence is all there is.
                    (Part::Standby, _) => true,
                    (Part::Resolver, Blow::Term) => {
                        let others = |owner: &InstanceId| owner.as_str() != injury.target;
                        event(
                            &|kind| matches!(kind, EventKind::PartitionAssigned { owner: Some(owner), .. } if others(owner)),
                        )
                    }
                    (Part::Resolver, Blow::Kill | Blow::Freeze) => event(
                        &|kind| matches!(kind, EventKind::ResolverLost { resolver, .. } if resolver.as_str() == injury.target),
                    ),
                };
                consequence && self.fell_silent(injury)
            }
            Fault::Pos(Pos::Down) => fate(Fate::Down),
            Fault::Pos(Pos::Slow) => fate(Fate::SlowAccepted),
            Fault::Pos(Pos::Error) => fate(Fate::Unavailable),
            Fault::Pos(Pos::DropReply) => fate(Fate::ReplyDropped) && fate(Fate::Duplicate),
            Fault::Pos(Pos::Unreachable) => event(
                &|kind| matches!(kind, EventKind::Pos { store, state: PosState::Down, .. } if injury.stores.contains(store)),
            ),
        }
    }

    /// Its heartbeats stopped and came back.
    fn fell_silent(&self, injury: &Injury) -> bool {
        let own: Vec<&Beat> = self.beats.iter().filter(|beat| beat.instance.as_str() == injury.target).collect();
        own.windows(2).any(|pair| {
            let (before, after) = (pair[0].at, pair[1].at);
            after.since(before) >= SILENT_MS && before <= injury.ended && injury.covers(after)
        })
    }

    /// For each store that `injury` touches, how long it was without service, in milliseconds, sorted.
    ///
    /// Of a process or the bus: the longest time between two orders taking effect there, counted from the fault. This
    /// includes the wait for an order to come, which the row without a fault shows alone. Stores that have a fault of
    /// their own in the same round are left out. Of a POS: the time from its healing to the first order.
    pub fn outages(&self, injury: &Injury, all: &[Injury], stores: u32) -> Vec<i64> {
        let mut effects: HashMap<StoreId, Vec<UtcMs>> = HashMap::new();
        for line in self.ledger.iter().filter(|line| line.kind == Kind::Accepted) {
            effects.entry(line.store).or_default().push(line.at);
        }
        let touched: Vec<StoreId> = match injury.fault {
            Fault::Pos(_) => injury.stores.clone(),
            fault => {
                let same = |other: &&Injury| other.round == injury.round && other.began < injury.until;
                let own: BTreeSet<StoreId> =
                    all.iter().filter(same).flat_map(|other| other.stores.iter().copied()).collect();
                let all = (1..=stores).map(StoreId).filter(|store| !own.contains(store));
                match fault {
                    Fault::Process(Part::Resolver, _) => {
                        let owned = self.owned(&injury.target, injury.began);
                        all.filter(|store| owned.contains(&store.partition())).collect()
                    }
                    _ => all.collect(),
                }
            }
        };
        let mut outages: Vec<i64> = touched
            .into_iter()
            .filter_map(|store| {
                let times = effects.get(&store).map_or(&[][..], Vec::as_slice);
                if let Fault::Pos(_) = injury.fault {
                    return times.iter().find(|at| **at > injury.ended).map(|at| at.since(injury.ended));
                }
                longest_gap(injury, times)
            })
            .collect();
        outages.sort_unstable();
        outages
    }

    /// Partitions that `resolver` owned at `at`, by the assignments made until then.
    fn owned(&self, resolver: &str, at: UtcMs) -> BTreeSet<Partition> {
        let mut last: BTreeMap<Partition, &Assigned> = BTreeMap::new();
        for assignment in self.assigned.iter().filter(|assignment| assignment.at <= at) {
            let seen = last.entry(assignment.partition).or_insert(assignment);
            if seen.epoch < assignment.epoch {
                *seen = assignment;
            }
        }
        let own = |owner: &Option<InstanceId>| owner.as_ref().is_some_and(|owner| owner.as_str() == resolver);
        last.into_iter().filter(|(_, assignment)| own(&assignment.owner)).map(|(partition, _)| partition).collect()
    }
}

fn longest_gap(injury: &Injury, times: &[UtcMs]) -> Option<i64> {
    let mut before = injury.began;
    let mut longest = None;
    for at in times.iter().filter(|at| **at > injury.began) {
        // Beyond the window only the first is of interest, and only when there was none in it.
        if *at > injury.until && longest.is_some() {
            break;
        }
        longest = longest.max(Some(at.since(before)));
        before = *at;
    }
    longest
}

/// The value below which half of the sorted `values` are.
pub fn median(values: &[i64]) -> Option<i64> {
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use contract::order::Digest;

    use super::*;

    fn ms(at: i64) -> UtcMs {
        UtcMs::from_millis(at)
    }

    fn injury(fault: Fault, target: &str, stores: &[u32], began: i64, ended: i64, until: i64) -> Injury {
        let stores = stores.iter().copied().map(StoreId).collect();
        let mut injury = Injury::new(0, fault, target.to_owned(), stores, ms(began));
        (injury.ended, injury.until) = (ms(ended), ms(until));
        injury
    }

    fn line(kind: Kind, store: u32, at: i64, fate: Fate) -> LedgerLine {
        let (store, key, sha256) = (StoreId(store), String::new(), Digest::of(b""));
        LedgerLine { at: ms(at), kind, store, order: None, key, attempt: None, sequence: None, sha256, fate }
    }

    fn beat(instance: &str, at: i64) -> Beat {
        let instance = instance.parse().expect("an instance");
        Beat { at: ms(at), instance, started_at: ms(0), active: None, partitions: 0, replays: 0 }
    }

    fn event(at: i64, kind: EventKind) -> Event {
        let by =
            contract::order::Origin { instance: "d-1".parse().expect("id"), cloud: "local".parse().expect("cloud") };
        Event { v: contract::VERSION, at: ms(at), by, kind }
    }

    fn lost(at: i64, resolver: &str) -> Event {
        let resolver = resolver.parse().expect("an instance");
        event(at, EventKind::ResolverLost { resolver, silent_ms: 2_000, partitions: 10 })
    }

    #[test]
    fn a_killed_resolver_is_seen_when_it_was_declared_lost_and_its_heartbeats_stopped() {
        let killed = injury(Fault::Process(Part::Resolver, Blow::Kill), "r-1", &[], 1_000, 4_000, 9_000);
        let silent = [beat("r-1", 900), beat("r-2", 2_000), beat("r-1", 4_500)];
        let steady = [beat("r-1", 900), beat("r-1", 1_900), beat("r-1", 2_900), beat("r-1", 3_900)];
        for (events, beats, shows) in [
            (vec![lost(3_200, "r-1")], &silent[..], true),
            (vec![lost(3_200, "r-2")], &silent, false),
            (vec![lost(900, "r-1")], &silent, false),
            (vec![], &silent, false),
            (vec![lost(3_200, "r-1")], &steady, false),
        ] {
            let scene = Scene { events: &events, beats, ..Scene::default() };
            assert_eq!(scene.shows(&killed), shows, "{events:?} {beats:?}");
        }
    }

    #[test]
    fn a_frozen_api_is_seen_when_a_sender_got_no_answer_from_it() {
        let frozen = injury(Fault::Process(Part::Api, Blow::Freeze), "api-domicilio-2", &[], 1_000, 4_000, 9_000);
        let beats = [beat("api-domicilio-2", 900), beat("api-domicilio-2", 4_100)];
        for (silence, shows) in [((ms(3_000), 1), true), ((ms(3_000), 0), false), ((ms(20_000), 1), false)] {
            let scene = Scene { beats: &beats, silences: &[silence], ..Scene::default() };
            assert_eq!(scene.shows(&frozen), shows, "{silence:?}");
        }
    }

    #[test]
    fn a_fault_of_a_pos_is_seen_in_the_ledger_at_its_own_stores() {
        let down = injury(Fault::Pos(Pos::Down), "", &[3], 1_000, 4_000, 9_000);
        for (store, fate, shows) in [(3, Fate::Down, true), (4, Fate::Down, false), (3, Fate::Accepted, false)] {
            let ledger = [line(Kind::Attempt, store, 2_000, fate)];
            assert_eq!(Scene { ledger: &ledger, ..Scene::default() }.shows(&down), shows, "{store} {fate:?}");
        }
    }

    #[test]
    fn an_outage_is_the_longest_gap_at_a_store_that_was_touched() {
        let taken = |store, at| line(Kind::Accepted, store, at, Fate::Accepted);
        // Store 1 still gets what was on its way, then nothing for 2.5 s. Store 2 has a fault of its own. Store 3 gets
        // nothing before the window ends.
        let ledger = [
            taken(1, 900),
            taken(1, 1_010),
            taken(2, 1_100),
            taken(1, 3_510),
            taken(1, 3_600),
            taken(3, 9_500),
            taken(1, 9_900),
        ];
        let bus = injury(Fault::Bus, "", &[], 1_000, 2_000, 9_000);
        let down = injury(Fault::Pos(Pos::Down), "", &[2], 1_050, 4_000, 9_000);
        let scene = Scene { ledger: &ledger, ..Scene::default() };
        assert_eq!(scene.outages(&bus, &[bus.clone(), down.clone()], 3), [2_500, 8_500]);
        let healed = [taken(2, 4_700)];
        assert_eq!(Scene { ledger: &healed, ..Scene::default() }.outages(&down, &[], 3), [700]);
    }

    #[test]
    fn a_resolver_touches_the_stores_that_it_owned() {
        let owner = |store: u32, owner: &str, epoch, at| Assigned {
            partition: StoreId(store).partition(),
            owner: owner.parse().ok(),
            epoch,
            term: 1,
            at: ms(at),
        };
        let assigned =
            [owner(1, "r-1", 1, 0), owner(2, "r-1", 2, 0), owner(2, "r-2", 3, 500), owner(3, "r-1", 4, 5_000)];
        let ledger = [1, 2, 3].map(|store| line(Kind::Accepted, store, 2_000 + i64::from(store), Fate::Accepted));
        let killed = injury(Fault::Process(Part::Resolver, Blow::Kill), "r-1", &[], 1_000, 4_000, 9_000);
        let scene = Scene { ledger: &ledger, assigned: &assigned, ..Scene::default() };
        assert_eq!(scene.outages(&killed, &[], 3), [1_001]);
    }

    #[test]
    fn the_median_is_a_value_that_was_seen() {
        assert_eq!([&[][..], &[7], &[1, 9], &[1, 5, 9]].map(median), [None, Some(7), Some(1), Some(5)]);
    }
}
