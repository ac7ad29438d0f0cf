//! Who owns which partition: decided here, without I/O.
//!
//! A live owner keeps what it has; what nobody serves goes to the least-loaded live resolver; a newcomer is given
//! room by asking the fullest ones to give back as few as possible. What an operator moved goes to whom it was meant for,
//! and stays there while that one lives ([`wish`]).

pub mod wish;

use std::collections::BTreeMap;

use contract::CommandId;
use contract::Partition;
use contract::lease::{Holder, Moved, PartitionLease, Stance};

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

impl Change {
    /// The partition.
    pub const fn partition(&self) -> Partition {
        match self {
            Self::Assign(partition, _) | Self::Vacate(partition) | Self::AskBack(partition, _) => *partition,
        }
    }

    /// What the partition's key is to say after `before`, and the command that is carried out by it, if one is.
    pub fn lease(self, before: Option<&PartitionLease>, term: u64) -> (PartitionLease, Option<CommandId>) {
        let moved = before.and_then(|before| before.moved.clone());
        let wanted = before.and_then(PartitionLease::wanted_by);
        // Whoever is given it now, the command has had its turn.
        let over = moved.clone().map(|moved| Moved { over: true, ..moved });
        let of = |owner, releasing, moved| PartitionLease { v: contract::VERSION, owner, releasing, term, moved };
        match self {
            Self::Assign(_, holder) => {
                let by = moved.filter(|_| wanted == Some(&holder)).map(|moved| moved.command);
                (of(Some(holder), false, over), by)
            }
            Self::Vacate(_) => (of(None, false, over), None),
            Self::AskBack(_, holder) => (of(Some(holder), true, moved), None),
        }
    }
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
    // What operators placed, of each one's load: neither asked back nor made up for.
    let mut placed: BTreeMap<&Holder, usize> = BTreeMap::new();

    for partition in Partition::all() {
        let lease = partitions.get(&partition);
        let owner = lease.and_then(|lease| lease.owner.as_ref()).filter(|owner| live.contains_key(owner));
        match (owner, lease) {
            // On its way back: counts for whom it is meant for, if for anybody; will be assigned when it is free.
            (Some(_), Some(lease @ PartitionLease { releasing: true, .. })) => {
                if let Some(wanted) = lease.wanted_by().filter(|wanted| load.contains_key(wanted)) {
                    *load.entry(wanted).or_default() += 1;
                    *placed.entry(wanted).or_default() += 1;
                }
            }
            (Some(owner), _) if live.get(owner) == Some(&Stance::Leaving) => {
                changes.push(Change::AskBack(partition, owner.clone()));
            }
            // Its stores wait with it; moving them would undo what its operator asked for.
            (Some(owner), _) if live.get(owner) == Some(&Stance::Keeping) => {}
            (Some(owner), lease) => {
                *load.entry(owner).or_default() += 1;
                if lease.is_some_and(PartitionLease::is_placed) {
                    *placed.entry(owner).or_default() += 1;
                } else {
                    kept.push((partition, owner));
                }
            }
            (None, lease) => match lease.and_then(PartitionLease::wanted_by).filter(|wanted| load.contains_key(wanted))
            {
                Some(wanted) => {
                    *load.entry(wanted).or_default() += 1;
                    *placed.entry(wanted).or_default() += 1;
                    changes.push(Change::Assign(partition, wanted.clone()));
                }
                None => orphans.push((partition, lease.is_some_and(|lease| lease.owner.is_some()))),
            },
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
            let of = |counts: &BTreeMap<&Holder, usize>| counts.get(owner).copied().unwrap_or(0);
            let has = of(&load).saturating_sub(of(&placed));
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

    /// What becomes of a lease that its owner was asked to give back.
    fn given_back(lease: PartitionLease) -> PartitionLease {
        if lease.releasing { PartitionLease { owner: None, releasing: false, ..lease } } else { lease }
    }

    /// An operator moves a partition; its owner obeys.
    fn command(partitions: &mut BTreeMap<Partition, PartitionLease>, number: u8, to: &str) {
        let partition = Partition::try_from(number).unwrap();
        let moved = Moved { command: format!("m-{number}").parse().unwrap(), to: holder(to), over: false };
        let before = partitions.get(&partition).cloned().unwrap_or(PartitionLease::vacant());
        partitions.insert(partition, given_back(PartitionLease { releasing: true, moved: Some(moved), ..before }));
    }

    fn owner(partitions: &BTreeMap<Partition, PartitionLease>, number: u8) -> Option<Holder> {
        partitions[&Partition::try_from(number).unwrap()].owner.clone()
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
                let partition = change.partition();
                let (lease, _) = change.lease(partitions.get(&partition), 1);
                moves += usize::from(lease.owner.is_some() && !lease.releasing);
                partitions.insert(partition, given_back(lease));
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
    fn what_an_operator_moves_goes_there_alone_and_stays() {
        let mut partitions = BTreeMap::new();
        let mut both = live(&["r1", "r2"]);
        settle(&both, &mut partitions);
        let moved: Vec<u8> =
            (0..32).filter(|number| owner(&partitions, *number) == Some(holder("r1"))).take(5).collect();
        for number in &moved {
            command(&mut partitions, *number, "r2");
        }
        assert_eq!(settle(&both, &mut partitions), 5, "nothing else moves, not even to make up for it");
        assert_eq!(shares(&partitions), [11, 21]);
        assert!(moved.iter().all(|number| owner(&partitions, *number) == Some(holder("r2"))));
        // A newcomer gets its share of what nobody placed.
        both.insert(holder("r3"), Stance::Taking);
        settle(&both, &mut partitions);
        assert_eq!(shares(&partitions), [5, 11, 16]);
        assert!(moved.iter().all(|number| owner(&partitions, *number) == Some(holder("r2"))));
        // With its owner gone it is like any other.
        both.remove(&holder("r2"));
        settle(&both, &mut partitions);
        assert_eq!(shares(&partitions), [16, 16]);
    }

    #[test]
    fn what_was_meant_for_one_that_is_gone_goes_to_somebody_else_and_the_command_is_over() {
        let mut partitions = BTreeMap::new();
        settle(&live(&["r1", "r2"]), &mut partitions);
        for (number, stance) in [(0, None), (1, Some(Stance::Keeping)), (2, Some(Stance::Leaving))] {
            command(&mut partitions, number, "r3");
            let mut now = live(&["r1", "r2"]);
            now.extend(stance.map(|stance| (holder("r3"), stance)));
            settle(&now, &mut partitions);
            let lease = &partitions[&Partition::try_from(number).unwrap()];
            assert!(lease.owner.is_some() && lease.owner != Some(holder("r3")), "{stance:?} {lease:?}");
            assert!(lease.wanted_by().is_none() && !lease.is_placed(), "{lease:?}");
        }
    }

    #[test]
    fn the_change_that_carries_a_command_out_names_it() {
        let (to, partition) = (holder("r2"), Partition::try_from(7).unwrap());
        let moved = Moved { command: "m-7".parse().unwrap(), to: to.clone(), over: false };
        let pending = PartitionLease { moved: Some(moved.clone()), ..PartitionLease::vacant() };
        let over = PartitionLease { moved: Some(Moved { over: true, ..moved }), ..PartitionLease::vacant() };
        for (before, to, named) in [
            (Some(&pending), "r2", true),
            (Some(&pending), "r1", false),
            (Some(&over), "r2", false),
            (None, "r2", false),
        ] {
            let (lease, command) = Change::Assign(partition, holder(to)).lease(before, 3);
            assert_eq!(command.is_some(), named, "{before:?} {to}");
            assert_eq!((lease.term, lease.releasing, lease.wanted_by()), (3, false, None));
        }
        let (asked, _) = Change::AskBack(partition, to.clone()).lease(Some(&pending), 3);
        assert_eq!((asked.releasing, asked.wanted_by()), (true, Some(&to)), "still to be carried out");
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
            moves in proptest::collection::vec((0_u8..32, 0_usize..6), 0..40),
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
            // Whatever operators move, it settles, everything has a live owner, and what was meant for a live one is there.
            let mut last = BTreeMap::new();
            for (number, to) in moves {
                command(&mut partitions, number, &format!("r{to}"));
                settle(&live, &mut partitions);
                last.insert(number, name(to));
            }
            for lease in partitions.values() {
                prop_assert!(live.contains_key(lease.owner.as_ref().unwrap()), "{:?}", lease);
            }
            for (number, to) in last {
                if live.contains_key(&to) {
                    prop_assert_eq!(owner(&partitions, number), Some(to));
                }
            }
        }
    }
}
