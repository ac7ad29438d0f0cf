//! What becomes of an operator's wish to move a partition: decided here, without I/O.
//!
//! The wish is written into the partition's own key, by compare-and-set, together with the request that its owner give it
//! back. So it survives whoever took it, a repeat of the command finds it, and handing over is what it always is.

use contract::command;
use contract::lease::{Moved, PartitionLease, ResolverLease, Stance};

/// What a wish meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// This is to be written to the partition's key; then it is set going.
    Go(PartitionLease),
    /// This command is being carried out.
    AlreadyMoving,
    /// This command was carried out, and its partition is where it was meant to be.
    AlreadyMoved,
    /// Nothing is known of the resolver.
    NoSuchResolver,
    /// The resolver is gone.
    NotLive,
    /// The resolver takes no partitions: it is paused, drains or stops.
    NotTaking,
    /// The resolver has the partition.
    AlreadyThere,
    /// Another command is being carried out.
    AnotherMove,
    /// The partition has had another owner since it was seen, or since this command was carried out.
    MovedOn,
}

/// Decides about `wish`, by what the bucket says of the resolver `to` and of the partition: its value and its revision, which is
/// its epoch while an owner holds it. `term` is that of whoever writes.
pub fn decide(
    wish: &command::Move,
    to: Option<&ResolverLease>,
    partition: Option<&(PartitionLease, u64)>,
    term: u64,
) -> Met {
    let vacant = (PartitionLease::vacant(), 0);
    let (lease, revision) = partition.unwrap_or(&vacant);
    if let Some(moved) = lease.moved.as_ref().filter(|moved| moved.command == wish.id) {
        return match (moved.over, lease.owner == Some(moved.to.clone())) {
            (false, _) => Met::AlreadyMoving,
            (true, true) => Met::AlreadyMoved,
            (true, false) => Met::MovedOn,
        };
    }
    let Some(to) = to else { return Met::NoSuchResolver };
    if to.vacant {
        return Met::NotLive;
    }
    if wish.epoch.is_some_and(|epoch| lease.owner.is_none() || lease.releasing || epoch != *revision) {
        return Met::MovedOn;
    }
    if lease.owner.as_ref() == Some(&to.holder) && !lease.releasing {
        return Met::AlreadyThere;
    }
    if to.stance != Stance::Taking {
        return Met::NotTaking;
    }
    if lease.wanted_by().is_some() {
        return Met::AnotherMove;
    }
    let moved = Moved { command: wish.id.clone(), to: to.holder.clone(), over: false };
    Met::Go(PartitionLease {
        v: contract::VERSION,
        owner: lease.owner.clone(),
        releasing: lease.owner.is_some(),
        term,
        moved: Some(moved),
    })
}

#[cfg(test)]
mod tests {
    use contract::lease::Holder;

    use super::*;

    fn holder(name: &str) -> Holder {
        Holder { instance: name.parse().unwrap(), incarnation: format!("{name}-run") }
    }

    fn resolver(name: &str, stance: Stance, vacant: bool) -> ResolverLease {
        ResolverLease { v: 1, holder: holder(name), stance, vacant }
    }

    fn wish(id: &str, epoch: Option<u64>) -> command::Move {
        command::Move {
            id: id.parse().unwrap(),
            partition: Some(7.try_into().unwrap()),
            store: None,
            to: "r2".parse().unwrap(),
            epoch,
            by: "turno.noche".parse().unwrap(),
        }
    }

    fn moved(command: &str, to: &str, over: bool) -> Moved {
        Moved { command: command.parse().unwrap(), to: holder(to), over }
    }

    fn lease(owner: Option<&str>, releasing: bool, moved: impl Into<Option<Moved>>) -> (PartitionLease, u64) {
        (PartitionLease { v: 1, owner: owner.map(holder), releasing, term: 1, moved: moved.into() }, 313)
    }

    #[test]
    fn what_a_wish_meets() {
        let taking = resolver("r2", Stance::Taking, false);
        let of_r1 = lease(Some("r1"), false, None);
        let releasing = lease(Some("r1"), true, None);
        let go = |owner: Option<&str>| {
            Met::Go(PartitionLease {
                v: 1,
                owner: owner.map(holder),
                releasing: owner.is_some(),
                term: 3,
                moved: Some(moved("m-1", "r2", false)),
            })
        };
        for (case, to, partition, epoch, expected) in [
            ("an owner is asked to give it back", Some(&taking), Some(&of_r1), None, go(Some("r1"))),
            ("as it was seen", Some(&taking), Some(&of_r1), Some(313), go(Some("r1"))),
            ("not as it was seen", Some(&taking), Some(&of_r1), Some(312), Met::MovedOn),
            ("nobody has it", Some(&taking), Some(&lease(None, false, None)), None, go(None)),
            ("nobody has it as it was seen", Some(&taking), Some(&lease(None, false, None)), Some(313), Met::MovedOn),
            ("nobody ever had it", Some(&taking), None, None, go(None)),
            ("it is on its way back anyway", Some(&taking), Some(&releasing), None, go(Some("r1"))),
            ("it is, and was seen before", Some(&taking), Some(&releasing), Some(313), Met::MovedOn),
            ("nobody of that name", None, Some(&of_r1), None, Met::NoSuchResolver),
            ("gone", Some(&resolver("r2", Stance::Leaving, true)), Some(&of_r1), None, Met::NotLive),
            ("paused", Some(&resolver("r2", Stance::Keeping, false)), Some(&of_r1), None, Met::NotTaking),
            ("drains", Some(&resolver("r2", Stance::Leaving, false)), Some(&of_r1), None, Met::NotTaking),
            ("has it", Some(&taking), Some(&lease(Some("r2"), false, None)), None, Met::AlreadyThere),
            ("has it back soon", Some(&taking), Some(&lease(Some("r2"), true, None)), None, go(Some("r2"))),
            (
                "another command before",
                Some(&taking),
                Some(&lease(Some("r1"), false, moved("m-0", "r1", true))),
                None,
                go(Some("r1")),
            ),
            (
                "another command now",
                Some(&taking),
                Some(&lease(Some("r1"), true, moved("m-0", "r3", false))),
                None,
                Met::AnotherMove,
            ),
        ] {
            assert_eq!(decide(&wish("m-1", epoch), to, partition, 3), expected, "{case}");
        }
    }

    #[test]
    fn a_repeat_acts_once_whatever_has_become_of_everybody() {
        for (partition, expected) in [
            (lease(Some("r1"), true, moved("m-1", "r2", false)), Met::AlreadyMoving),
            (lease(None, false, moved("m-1", "r2", false)), Met::AlreadyMoving),
            (lease(Some("r2"), false, moved("m-1", "r2", true)), Met::AlreadyMoved),
            (lease(Some("r1"), false, moved("m-1", "r2", true)), Met::MovedOn),
            (lease(None, false, moved("m-1", "r2", true)), Met::MovedOn),
        ] {
            for to in [None, Some(resolver("r2", Stance::Taking, false)), Some(resolver("r2", Stance::Leaving, true))] {
                for epoch in [None, Some(313), Some(1)] {
                    let met = decide(&wish("m-1", epoch), to.as_ref(), Some(&partition), 3);
                    assert_eq!(met, expected, "{partition:?} {to:?}");
                }
            }
        }
    }
}
