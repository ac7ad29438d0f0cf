//! What a fault left behind. Pure.
//!
//! A run without traces proves nothing, so each fault must be seen by somebody other than the one who caused it.

use contract::event::PosState;
use contract::{Event, EventKind, StoreId, UtcMs};
use pos_simulator::{Fate, Kind, LedgerLine};

use crate::fault::{Blow, CLOCK_STEP_MS, Fault, Line, Part, Pos, Spoil, Turn};
use crate::sender::Failure;
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
    /// The instances that were hit, the nats-server last; empty for POS.
    pub targets: Vec<String>,
    /// The stores whose POS was at fault.
    pub stores: Vec<StoreId>,
    /// When it began.
    pub began: UtcMs,
    /// When its cause was gone.
    pub ended: UtcMs,
    /// Until when its consequences are looked at: the next fault but those of POS, or the end of traffic.
    pub until: UtcMs,
    /// What only the runner can ask while it lasts: the surviving nodes miss the one that was killed, a single node had
    /// to be connected to again, a node logged that its disk is full, a spoilt line was connected again.
    pub noticed: bool,
}

impl Injury {
    /// A fault that begins now; its end is filled in later.
    pub const fn new(round: usize, fault: Fault, targets: Vec<String>, stores: Vec<StoreId>, now: UtcMs) -> Self {
        Self { round, fault, targets, stores, began: now, ended: now, until: now, noticed: false }
    }

    fn covers(&self, at: UtcMs) -> bool {
        at >= self.began && at <= self.ended.plus_millis(GRACE_MS).max(self.until)
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
    /// Requests of senders that came to nothing.
    pub failures: &'a [Failure],
}

impl Scene<'_> {
    /// Whether `injury` left its trace.
    pub fn shows(&self, injury: &Injury) -> bool {
        let first = injury.targets.first().map_or("", String::as_str);
        match injury.fault {
            Fault::Calm => true,
            Fault::Node(_) | Fault::Disk | Fault::Line(_, Spoil::Reset) => injury.noticed,
            Fault::Process(part, blow) => {
                self.felt(injury, part, first, blow == Blow::Term) && self.fell_silent(injury, first)
            }
            Fault::Pair(pair) => {
                // While the leases have no leader nobody can take anything over; a process may be back before.
                let felt = |part: &Part, id: &str| pair.has_node() || self.felt(injury, *part, id, false);
                let mut each = pair.parts().iter().zip(&injury.targets);
                injury.noticed && each.all(|(part, id)| felt(part, id) && self.fell_silent(injury, id))
            }
            Fault::Line(Line::Bus(Part::Api), _) => self.refused(injury, first, true) && self.fell_silent(injury, first),
            Fault::Line(Line::Bus(part), _) => self.felt(injury, part, first, false) && self.fell_silent(injury, first),
            Fault::Line(Line::Pos, _) => {
                self.event(injury, |kind| matches!(kind, EventKind::AttemptFailed { .. } | EventKind::Pos { .. }))
            }
            Fault::Clock(turn) => injury.targets.iter().all(|id| self.stepped(injury, id, turn)),
            Fault::Pos(Pos::Down) => self.fate(injury, Fate::Down),
            Fault::Pos(Pos::Slow) => self.fate(injury, Fate::SlowAccepted),
            Fault::Pos(Pos::Error) => self.fate(injury, Fate::Unavailable),
            Fault::Pos(Pos::DropReply) => {
                self.fate(injury, Fate::ReplyDropped) && self.fate(injury, Fate::Duplicate)
            }
            Fault::Pos(Pos::Unreachable) => self.event(injury, |kind| {
                matches!(kind, EventKind::Pos { store, state: PosState::Down, .. } if injury.stores.contains(store))
            }),
        }
    }

    /// Whether a wall clock decided something: while clocks were wrong, and until the next fault, an owner changed.
    pub fn misled(&self, injury: &Injury) -> bool {
        let meanwhile = |event: &&Event| event.at >= injury.began && event.at <= injury.until;
        let moved = |event: &Event| matches!(event.kind, EventKind::TookOffice { .. } | EventKind::ResolverLost { .. });
        matches!(injury.fault, Fault::Clock(_)) && self.events.iter().filter(meanwhile).any(moved)
    }

    fn event(&self, injury: &Injury, is: impl Fn(&EventKind) -> bool) -> bool {
        self.events.iter().any(|event| injury.covers(event.at) && is(&event.kind))
    }

    fn fate(&self, injury: &Injury, fate: Fate) -> bool {
        let of_store = |line: &&LedgerLine| line.kind == Kind::Attempt && injury.stores.contains(&line.store);
        self.ledger.iter().filter(of_store).any(|line| line.fate == fate && injury.covers(line.at))
    }

    /// Whether others felt that `id` was gone. Events are best effort, so what others say in their heartbeats counts as
    /// well: that they are in office, that they own more than before.
    fn felt(&self, injury: &Injury, part: Part, id: &str, clean: bool) -> bool {
        let after = |beat: &&Beat| injury.covers(beat.at) && beat.instance.as_str() != id;
        match part {
            Part::Api => self.refused(injury, id, false),
            // It had nothing to lose: its silence is all there is.
            Part::Standby => true,
            Part::Active => {
                self.event(injury, |kind| matches!(kind, EventKind::TookOffice { .. }))
                    || self.beats.iter().filter(after).any(|beat| beat.active.is_some())
            }
            Part::Resolver => {
                let lost = self.event(injury, |kind| {
                    matches!(kind, EventKind::ResolverLost { resolver, .. } if !clean && resolver.as_str() == id)
                });
                let grown = |beat: &Beat| {
                    let before = |other: &&Beat| other.instance == beat.instance && other.at < injury.began;
                    let before = self.beats.iter().rfind(before);
                    before.is_some_and(|before| before.partitions.len() < beat.partitions.len())
                };
                lost || self.beats.iter().filter(after).any(grown)
            }
        }
    }

    /// Whether a sender got nothing from the API `id`; `told` when a 5xx is enough.
    fn refused(&self, injury: &Injury, id: &str, told: bool) -> bool {
        let of_it = |failure: &&Failure| id.ends_with(&format!("-{}", failure.api + 1));
        let mut failures = self.failures.iter().filter(of_it);
        failures.any(|failure| injury.covers(failure.at) && (told || failure.status.is_none()))
    }

    /// Its heartbeats stopped and came back.
    fn fell_silent(&self, injury: &Injury, id: &str) -> bool {
        let own: Vec<&Beat> = self.beats.iter().filter(|beat| beat.instance.as_str() == id).collect();
        own.windows(2).any(|pair| {
            let (before, after) = (pair[0].at, pair[1].at);
            after.since(before) >= SILENT_MS && before <= injury.ended && injury.covers(after)
        })
    }

    /// Its heartbeats told a time that was off, by half a step at least.
    fn stepped(&self, injury: &Injury, id: &str, turn: Turn) -> bool {
        let mut own = self.beats.iter().filter(|beat| beat.instance.as_str() == id && injury.covers(beat.at));
        own.any(|beat| match turn {
            Turn::Ahead => beat.said_at.since(beat.at) > CLOCK_STEP_MS / 2,
            Turn::Back => beat.at.since(beat.said_at) > CLOCK_STEP_MS / 2,
        })
    }
}

#[cfg(test)]
mod tests {
    use contract::order::Digest;

    use super::*;
    use crate::fault::Pair;

    fn ms(at: i64) -> UtcMs {
        UtcMs::from_millis(at)
    }

    fn injury(fault: Fault, target: &str, stores: &[u32], began: i64, ended: i64, until: i64) -> Injury {
        let stores = stores.iter().copied().map(StoreId).collect();
        let mut injury = Injury::new(0, fault, vec![target.to_owned()], stores, ms(began));
        (injury.ended, injury.until) = (ms(ended), ms(until));
        injury
    }

    fn line(kind: Kind, store: u32, at: i64, fate: Fate) -> LedgerLine {
        let (store, key, sha256) = (StoreId(store), String::new(), Digest::of(b""));
        LedgerLine { at: ms(at), kind, store, order: None, key, attempt: None, sequence: None, sha256, fate }
    }

    fn beat(instance: &str, at: i64) -> Beat {
        let instance = instance.parse().expect("an instance");
        let partitions = Vec::new();
        Beat { at: ms(at), said_at: ms(at), instance, started_at: ms(0), active: None, partitions, replays: 0 }
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
        let failure = |at, api, status| Failure { at: ms(at), api, status };
        for (failure, shows) in [
            (failure(3_000, 1, None), true),
            (failure(3_000, 1, Some(503)), false),
            (failure(3_000, 0, None), false),
            (failure(20_000, 1, None), false),
        ] {
            let failures = [failure];
            let scene = Scene { beats: &beats, failures: &failures, ..Scene::default() };
            assert_eq!(scene.shows(&frozen), shows, "{failure:?}");
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
    fn a_cut_resolver_is_seen_when_others_own_more_also_without_an_event() {
        let cut = injury(Fault::Line(Line::Bus(Part::Resolver), Spoil::Cut), "r-1", &[], 1_000, 4_000, 9_000);
        let owning = |instance: &str, at, partitions: u8| Beat {
            partitions: (0..partitions).filter_map(|number| number.try_into().ok()).collect(),
            ..beat(instance, at)
        };
        let own = [beat("r-1", 900), beat("r-1", 4_500)];
        let grown = [&own[..], &[owning("r-2", 500, 3), owning("r-2", 4_000, 5)]].concat();
        let steady = [&own[..], &[owning("r-2", 500, 3), owning("r-2", 4_000, 3)]].concat();
        assert!(Scene { beats: &grown, ..Scene::default() }.shows(&cut));
        assert!(!Scene { beats: &steady, ..Scene::default() }.shows(&cut));
    }

    #[test]
    fn a_stepped_clock_is_seen_in_heartbeats_and_must_not_move_anything() {
        let ahead = injury(Fault::Clock(Turn::Ahead), "r-1", &[], 1_000, 4_000, 9_000);
        let off = |ms| Beat { said_at: beat("r-1", 2_000).at.plus_millis(ms), ..beat("r-1", 2_000) };
        for (step, shows) in [(CLOCK_STEP_MS, true), (-CLOCK_STEP_MS, false), (0, false)] {
            let beats = [off(step)];
            assert_eq!(Scene { beats: &beats, ..Scene::default() }.shows(&ahead), shows, "{step}");
        }
        for (at, misled) in [(3_000, true), (9_500, false)] {
            let events = [lost(at, "r-2")];
            assert_eq!(Scene { events: &events, ..Scene::default() }.misled(&ahead), misled, "{at}");
        }
    }

    #[test]
    fn of_two_processes_each_must_be_seen() {
        let mut pair = injury(Fault::Pair(Pair::ActiveAndResolver), "d-1", &[], 1_000, 4_000, 9_000);
        pair.targets.push("r-1".to_owned());
        pair.noticed = true;
        let beats =
            [beat("d-1", 900), beat("r-1", 900), Beat { active: Some(2), ..beat("d-2", 3_500) }, beat("d-1", 4_500)];
        let all = [&beats[..], &[beat("r-1", 4_600)]].concat();
        let events = [lost(4_000, "r-1")];
        assert!(Scene { beats: &all, events: &events, ..Scene::default() }.shows(&pair));
        assert!(!Scene { beats: &beats, events: &events, ..Scene::default() }.shows(&pair), "r-1 never came back");
        assert!(!Scene { beats: &all, ..Scene::default() }.shows(&pair), "nobody took over from r-1");
    }
}
