//! Who owns which partition: decided here, without I/O.
//!
//! A live owner keeps what it has; what nobody serves goes to the least-loaded live resolver; a newcomer is given
//! room by asking the fullest ones to give back as few as possible.

use std::collections::BTreeMap;

use contract::Partition;
use contract::lease::{Holder, PartitionLease, Stance};

/// What is to be written to a partition's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Name an owner.
    Assign(Partition, Holder),
    /// The owner is gone and nobody can take over: nobody owns it.
    Vacate(Partition),
    /// Ask the owner to finish what is in flight and to give it back.
    AskBack(Partition, Holder),
}

/// Live resolvers and what each does about partitions.
pub type Live = BTreeMap<Holder, Stance>;

/// The changes that lead from `partitions` towards an even share among the `live` ones; none when all is well.
pub fn plan(live: &Live, partitions: &BTreeMap<Partition, PartitionLease>) -> Vec<Change> {
    let takers: Vec<&Holder> =
        live.iter().filter(|(_, stance)| **stance == Stance::Taking).map(|(holder, _)| holder).collect();
    let mut load: BTreeMap<&Holder, usize> = takers.iter().map(|holder| (*holder, 0)).collect();
    let mut changes = Vec::new();
    let mut orphans = Vec::new();
    let mut kept: Vec<(Partition, &Holder)> = Vec::new();

    for partition in Partition::all() {
        let lease = partitions.get(&partition);
        let owner = lease.and_then(|lease| lease.owner.as_ref()).filter(|owner| live.contains_key(owner));
        match (owner, lease) {
            // On its way back: counts for nobody, will be assigned when it is free.
            (Some(_), Some(PartitionLease { releasing: true, .. })) => {}
            (Some(owner), _) if live.get(owner) == Some(&Stance::Leaving) => {
                changes.push(Change::AskBack(partition, owner.clone()));
            }
            // Its stores wait with it; moving them would undo what its operator asked for.
            (Some(owner), _) if live.get(owner) == Some(&Stance::Keeping) => {}
            (Some(owner), _) => {
                *load.entry(owner).or_default() += 1;
                kept.push((partition, owner));
            }
            (None, lease) => orphans.push((partition, lease.is_some_and(|lease| lease.owner.is_some()))),
        }
    }

    for (partition, had_owner) in orphans {
        match takers.iter().min_by_key(|holder| (load.get(*holder).copied().unwrap_or(0), **holder)) {
            Some(taker) => {
                *load.entry(taker).or_default() += 1;
                changes.push(Change::Assign(partition, (*taker).clone()));
            }
            None if had_owner => changes.push(Change::Vacate(partition)),
            None => {}
        }
    }

    // Make room for newcomers, as little as needed. Not more than one apart is even: 11, 11, 10.
    if let Some(lowest) = load.values().min().copied() {
        let fair = usize::from(Partition::COUNT).div_ceil(takers.len().max(1));
        let mut room: usize = load.values().map(|count| fair.saturating_sub(*count)).sum();
        for (partition, owner) in kept.into_iter().rev() {
            let has = load.get(owner).copied().unwrap_or(0);
            if room > 0 && has > fair && has > lowest + 1 {
                load.entry(owner).and_modify(|count| *count -= 1);
                room -= 1;
                changes.push(Change::AskBack(partition, owner.clone()));
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holder(name: &str) -> Holder {
        Holder { instance: name.parse().unwrap(), incarnation: format!("{name}-run") }
    }

    fn live(names: &[&str]) -> Live {
        names.iter().map(|name| (holder(name), Stance::Taking)).collect()
    }

    /// Applies the changes as the bucket and obedient resolvers would: what is asked back comes back.
    fn settle(live: &Live, partitions: &mut BTreeMap<Partition, PartitionLease>) -> usize {
        let mut moves = 0;
        for _round in 0..8 {
            let changes = plan(live, partitions);
            if changes.is_empty() {
                return moves;
            }
            for change in changes {
                let (partition, owner) = match change {
                    Change::Assign(partition, holder) => (partition, Some(holder)),
                    Change::Vacate(partition) | Change::AskBack(partition, _) => (partition, None),
                };
                moves += usize::from(owner.is_some());
                partitions.insert(partition, PartitionLease { v: 1, owner, releasing: false, term: 1, moved: None });
            }
        }
        panic!("does not settle: {:?}", plan(live, partitions));
    }

    fn shares(partitions: &BTreeMap<Partition, PartitionLease>) -> Vec<usize> {
        let mut count: BTreeMap<&Holder, usize> = BTreeMap::new();
        for owner in partitions.values().filter_map(|lease| lease.owner.as_ref()) {
            *count.entry(owner).or_default() += 1;
        }
        let mut shares: Vec<_> = count.into_values().collect();
        shares.sort_unstable();
        shares
    }

    #[test]
    fn the_first_resolver_gets_all_a_second_one_half() {
        let mut partitions = BTreeMap::new();
        assert_eq!(settle(&live(&["r1"]), &mut partitions), 32);
        assert_eq!(shares(&partitions), [32]);
        assert_eq!(settle(&live(&["r1", "r2"]), &mut partitions), 16, "moves as few as possible");
        assert_eq!(shares(&partitions), [16, 16]);
        settle(&live(&["r1", "r2", "r3"]), &mut partitions);
        assert_eq!(shares(&partitions), [10, 11, 11]);
    }

    #[test]
    fn a_dead_ones_share_moves_and_nothing_else() {
        let mut partitions = BTreeMap::new();
        settle(&live(&["r1", "r2", "r3", "r4"]), &mut partitions);
        let before = partitions.clone();
        let moved = settle(&live(&["r1", "r2", "r3"]), &mut partitions);
        assert_eq!(moved, 8);
        for (partition, lease) in &before {
            if lease.owner != Some(holder("r4")) {
                assert_eq!(partitions.get(partition), Some(lease));
            }
        }
    }

    #[test]
    fn another_run_under_the_same_name_is_somebody_else() {
        let mut partitions = BTreeMap::new();
        settle(&live(&["r1"]), &mut partitions);
        let reborn = Holder { incarnation: "other".into(), ..holder("r1") };
        assert_eq!(settle(&Live::from([(reborn, Stance::Taking)]), &mut partitions), 32);
    }

    #[test]
    fn who_drains_is_asked_for_everything_and_given_nothing() {
        let mut partitions = BTreeMap::new();
        let mut both = live(&["r1", "r2"]);
        settle(&both, &mut partitions);
        both.insert(holder("r1"), Stance::Leaving);
        let changes = plan(&both, &partitions);
        assert_eq!(changes.len(), 16);
        assert!(changes.iter().all(|change| matches!(change, Change::AskBack(_, who) if *who == holder("r1"))));
        settle(&both, &mut partitions);
        assert_eq!(shares(&partitions), [32]);
    }

    #[test]
    fn who_is_paused_keeps_what_it_has_and_is_given_nothing() {
        let mut partitions = BTreeMap::new();
        let mut three = live(&["r1", "r2", "r3"]);
        settle(&three, &mut partitions);
        three.insert(holder("r1"), Stance::Keeping);
        three.remove(&holder("r2"));
        settle(&three, &mut partitions);
        assert_eq!(shares(&partitions), [11, 21]);
        three.remove(&holder("r3"));
        settle(&three, &mut partitions);
        assert_eq!(shares(&partitions), [11], "nobody else takes: the rest waits, owned by nobody");
    }

    #[test]
    fn with_nobody_left_partitions_are_vacated_once() {
        let mut partitions = BTreeMap::new();
        settle(&live(&["r1"]), &mut partitions);
        assert_eq!(plan(&Live::new(), &partitions).len(), 32);
        settle(&Live::new(), &mut partitions);
        assert_eq!(shares(&partitions), [0_usize; 0]);
    }

    proptest! {
        /// From any state, with any live set: every partition ends with a live owner, evenly, and then rests.
        #[test]
        fn every_start_settles_evenly(
            owners in proptest::collection::vec(proptest::option::of(0_usize..6), 32),
            alive in proptest::collection::btree_set(0_usize..6, 1..6),
        ) {
            let name = |n: usize| holder(&format!("r{n}"));
            let mut partitions: BTreeMap<_, _> = Partition::all()
                .zip(owners)
                .map(|(partition, owner)| {
                    (partition, PartitionLease { v: 1, owner: owner.map(name), releasing: false, term: 1, moved: None })
                })
                .collect();
            let live: Live = alive.into_iter().map(|n| (name(n), Stance::Taking)).collect();
            settle(&live, &mut partitions);
            let shares = shares(&partitions);
            prop_assert_eq!(shares.iter().sum::<usize>(), 32);
            prop_assert_eq!(shares.len(), live.len());
            prop_assert!(shares.last().unwrap() - shares.first().unwrap() <= 1, "{:?}", shares);
        }
    }
}
