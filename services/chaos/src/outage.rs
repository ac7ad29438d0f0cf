//! How long orders had to wait for their POS because of a fault. Pure.
//!
//! Only an order that waits shows an outage: from when its app sent it for the first time, or from the fault if that
//! came later, until it took effect at its POS. A store that nobody ordered from meanwhile tells nothing, and an order
//! that its app gave up does not count.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::{Partition, StoreId, UtcMs};
use pos_simulator::{Fate, Kind, LedgerLine};

use crate::fault::{Blow, Fault, Line, Part};
use crate::oracle::{Sent, Violation, Wrong};
use crate::trace::Injury;
use crate::witness::{Beat, replays};

/// A wait that is long where nothing is at fault, in milliseconds: it takes some ten.
const STUCK_MS: i64 = 1_000;

/// An order between its app and its POS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    /// When it was sent for the first time.
    from: UtcMs,
    /// When it took effect.
    to: UtcMs,
}

/// Every order's wait, by store and in the order of taking effect.
#[derive(Debug, Default)]
pub struct Waits {
    of: BTreeMap<StoreId, Vec<Wait>>,
}

impl Waits {
    /// From what was sent, and the lines `accepted` of the ledger.
    pub fn new(sent: &[Sent], effects: &[LedgerLine]) -> Self {
        let sent_at: HashMap<String, UtcMs> = sent.iter().map(|sent| (sent.id.to_string(), sent.sent_at)).collect();
        let mut waits = Self::default();
        for line in effects {
            if let Some(from) = sent_at.get(&line.key) {
                waits.of.entry(line.store).or_default().push(Wait { from: *from, to: line.at });
            }
        }
        waits
    }

    /// For each store that `injury` touches and that had an order waiting: the longest wait, in milliseconds, sorted by
    /// it.
    ///
    /// Of a fault of POS: the wait of the first order after healing. Of any other: every order that was waiting before
    /// the next fault. Where a wait reaches into the next fault it ends there, unless the order had been waiting for long
    /// since before the cause was gone. Stores whose POS was at fault in the same round are left out.
    pub fn outages(&self, injury: &Injury, all: &[Injury], beats: &[Beat], stores: u32) -> Vec<(i64, StoreId)> {
        let mut outages: Vec<(i64, StoreId)> = touched(injury, all, beats, stores)
            .into_iter()
            .filter_map(|store| Some((longest(injury, self.of.get(&store)?)?, store)))
            .collect();
        outages.sort_unstable();
        outages
    }
}

fn touched(injury: &Injury, all: &[Injury], beats: &[Beat], stores: u32) -> Vec<StoreId> {
    if let Fault::Pos(_) = injury.fault {
        return injury.stores.clone();
    }
    let own = own_faults(injury, all);
    let healthy = (1..=stores).map(StoreId).filter(|store| !own.contains(store));
    match injury.fault {
        Fault::Process(Part::Resolver, _) | Fault::Line(Line::Bus(Part::Resolver), _) => {
            let owned = owned(injury, beats);
            healthy.filter(|store| owned.contains(&store.partition())).collect()
        }
        _ => healthy.collect(),
    }
}

/// Stores whose POS was at fault in the same round, before the end of `injury`'s window.
fn own_faults(injury: &Injury, all: &[Injury]) -> BTreeSet<StoreId> {
    let same = |other: &&Injury| other.round == injury.round && other.began < injury.until;
    all.iter().filter(same).flat_map(|other| other.stores.iter().copied()).collect()
}

/// What the resolver that was hit owned, by its last heartbeat before.
fn owned(injury: &Injury, beats: &[Beat]) -> BTreeSet<Partition> {
    let own = |beat: &&Beat| beat.at <= injury.began && injury.targets.iter().any(|id| beat.instance.as_str() == id);
    beats.iter().rfind(own).map(|beat| beat.partitions.iter().copied().collect()).unwrap_or_default()
}

fn longest(injury: &Injury, waits: &[Wait]) -> Option<i64> {
    if let Fault::Pos(_) = injury.fault {
        let first = waits.iter().find(|wait| wait.to > injury.ended)?;
        return Some(first.to.since(first.from.max(injury.ended)));
    }
    let waiting = waits.iter().filter(|wait| wait.to > injury.began && wait.from < injury.until);
    waiting
        .map(|wait| {
            let from = wait.from.max(injury.began);
            // Whoever waited when the cause was gone and was still not served long afterwards waits because of it.
            let stuck = wait.from <= injury.ended && injury.until.since(from) >= STUCK_MS;
            let to = if stuck { wait.to } else { wait.to.min(injury.until) };
            to.since(from)
        })
        .max()
}

/// The breach of the bound that `injury` has, if it has one: the longest wait of each store against it.
pub fn late(injury: &Injury, outages: &[(i64, StoreId)], bound_ms: Option<i64>) -> Option<Violation> {
    let bound = bound_ms?;
    let over: Vec<&(i64, StoreId)> = outages.iter().filter(|(wait, _)| *wait >= bound).collect();
    let (wait, store) = over.last()?;
    let why = format!("store {store} waited {wait} ms, {} stores over the bound of {bound} ms", over.len());
    Some(Violation { wrong: Wrong::Late, about: injury.fault.to_string(), at: injury.began, why })
}

/// What was done again between `injury` and the next fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Again {
    /// Deliveries that a resolver found to be done already.
    pub replays: u64,
    /// Attempts that the POS knew already, at stores without a fault of their own in the same round.
    pub repeats: u64,
}

impl Again {
    /// Counts.
    pub fn of(injury: &Injury, all: &[Injury], beats: &[Beat], ledger: &[LedgerLine]) -> Self {
        let own = own_faults(injury, all);
        let repeats = ledger.iter().filter(|line| {
            let known = line.kind == Kind::Attempt && line.fate == Fate::Duplicate;
            known && line.at > injury.began && line.at <= injury.until && !own.contains(&line.store)
        });
        let replays = replays(beats, injury.until).saturating_sub(replays(beats, injury.began));
        Self { replays, repeats: repeats.count() as u64 }
    }

    /// After a SIGTERM, which comes when nothing else is in force, nothing may be done again.
    pub fn breach(self, injury: &Injury) -> Option<Violation> {
        let clean = matches!(injury.fault, Fault::Process(_, Blow::Term));
        let Self { replays, repeats } = self;
        (clean && replays + repeats > 0).then(|| {
            let about = format!("{} of {}", injury.fault, injury.targets.join(", "));
            let why = format!("{replays} deliveries of what was done, {repeats} repeats at the POS");
            Violation { wrong: Wrong::Replayed, about, at: injury.began, why }
        })
    }
}

/// The value below which half of the sorted `values` are.
pub fn median(values: &[i64]) -> Option<i64> {
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use contract::order::Digest;

    use super::*;
    use crate::fault::{Node, Pos};
    use crate::oracle::Answer;

    fn ms(at: i64) -> UtcMs {
        UtcMs::from_millis(at)
    }

    fn injury(fault: Fault, target: &str, stores: &[u32], began: i64, ended: i64, until: i64) -> Injury {
        let stores = stores.iter().copied().map(StoreId).collect();
        let mut injury = Injury::new(0, fault, vec![target.to_owned()], stores, ms(began));
        (injury.ended, injury.until) = (ms(ended), ms(until));
        injury
    }

    /// Orders by store, first sending, and taking effect.
    fn history(orders: &[(u32, i64, i64)]) -> (Vec<Sent>, Vec<LedgerLine>) {
        let id = |number: usize, store: u32| format!("{store}.{number}");
        let sent = orders.iter().enumerate().map(|(number, (store, from, to))| Sent {
            id: id(number, *store).parse().expect("an id"),
            digest: Digest::of(b""),
            answer: Answer::Promised(number as u64),
            sent_at: ms(*from),
            at: ms(*to),
        });
        let effects = orders.iter().enumerate().map(|(number, (store, _, to))| LedgerLine {
            at: ms(*to),
            kind: Kind::Accepted,
            store: StoreId(*store),
            order: None,
            key: id(number, *store),
            attempt: None,
            sequence: None,
            sha256: Digest::of(b""),
            fate: Fate::Accepted,
        });
        (sent.collect(), effects.collect())
    }

    fn outages(orders: &[(u32, i64, i64)], injury: &Injury, all: &[Injury], beats: &[Beat]) -> Vec<(i64, u32)> {
        let (sent, effects) = history(orders);
        let outages = Waits::new(&sent, &effects).outages(injury, all, beats, 5);
        outages.into_iter().map(|(wait, store)| (wait, store.0)).collect()
    }

    #[test]
    fn an_outage_is_the_longest_wait_of_an_order_at_a_store_that_was_touched() {
        let killed = injury(Fault::Node(Node::Any), "", &[], 1_000, 2_000, 9_000);
        let down = injury(Fault::Pos(Pos::Down), "", &[2], 1_050, 4_000, 9_000);
        let orders = [
            // Was on its way, then one that waited from before the fault, then one that did not wait.
            (1, 900, 1_010),
            (1, 950, 3_500),
            (1, 5_000, 5_020),
            // Has a fault of its own.
            (2, 1_100, 8_000),
            // Nobody ordered for long: no outage.
            (3, 8_000, 8_010),
            // Not served until the next fault, though the cause was gone.
            (4, 1_500, 11_500),
            // Came just before the next fault: what follows is not of this one.
            (5, 8_990, 12_000),
        ];
        let all = [killed.clone(), down.clone()];
        assert_eq!(outages(&orders, &killed, &all, &[]), [(10, 3), (10, 5), (2_500, 1), (10_000, 4)]);
        assert_eq!(outages(&orders, &down, &all, &[]), [(4_000, 2)], "after healing");
    }

    #[test]
    fn a_resolver_touches_the_stores_that_it_owned() {
        let beat = |instance: &str, at, store: u32| Beat {
            at: ms(at),
            said_at: ms(at),
            instance: instance.parse().expect("an instance"),
            started_at: ms(0),
            active: None,
            partitions: vec![StoreId(store).partition()],
            replays: 0,
        };
        let beats = [beat("r-1", 100, 2), beat("r-1", 900, 1), beat("r-2", 950, 2), beat("r-1", 1_500, 3)];
        let killed = injury(Fault::Process(Part::Resolver, Blow::Kill), "r-1", &[], 1_000, 4_000, 9_000);
        let orders = [(1, 1_500, 3_000), (2, 1_500, 3_000), (3, 1_500, 3_000)];
        assert_eq!(outages(&orders, &killed, &[], &beats), [(1_500, 1)]);
    }

    #[test]
    fn a_bound_is_broken_at_the_bound() {
        let outages = |wait| [(10, StoreId(1)), (wait, StoreId(2))];
        let on_three = injury(Fault::Node(Node::Queues), "", &[], 1_000, 2_000, 30_000);
        assert_eq!(late(&on_three, &outages(9_999), Some(10_000)), None);
        let found = late(&on_three, &outages(10_000), Some(10_000)).expect("a breach");
        assert_eq!((found.wrong, found.at), (Wrong::Late, ms(1_000)));
        assert_eq!(late(&on_three, &outages(60_000), None), None, "without a bound");
        assert_eq!(late(&on_three, &[], Some(10_000)), None, "nobody waited");
    }

    #[test]
    fn what_is_done_again_after_a_sigterm_is_a_breach() {
        let repeat = |store: u32, at| LedgerLine {
            kind: Kind::Attempt,
            fate: Fate::Duplicate,
            ..history(&[(store, at, at)]).1.remove(0)
        };
        let term = injury(Fault::Process(Part::Resolver, Blow::Term), "r-1", &[], 1_000, 2_000, 9_000);
        let down = injury(Fault::Pos(Pos::DropReply), "", &[2], 500, 900, 9_000);
        let ledger = [repeat(1, 900), repeat(2, 3_000), repeat(1, 9_500)];
        let none = Again::of(&term, &[down.clone(), term.clone()], &[], &ledger);
        assert_eq!((none, none.breach(&term)), (Again::default(), None));
        let one = Again::of(&term, &[down], &[], &[repeat(1, 3_000)]);
        assert_eq!(one, Again { replays: 0, repeats: 1 });
        assert_eq!(one.breach(&term).map(|found| found.wrong), Some(Wrong::Replayed));
        let killed = injury(Fault::Process(Part::Resolver, Blow::Kill), "r-1", &[], 1_000, 2_000, 9_000);
        assert_eq!(one.breach(&killed), None);
    }

    #[test]
    fn the_median_is_a_value_that_was_seen() {
        assert_eq!([&[][..], &[7], &[1, 9], &[1, 5, 9]].map(median), [None, Some(7), Some(1), Some(5)]);
    }
}
