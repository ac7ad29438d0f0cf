//! The plan: which fault, when, where. Pure; the seed decides everything.

use std::fmt;

use contract::StoreId;
use serde::Serialize;

/// A part of the deployment that runs as a process of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// One of the two api-domicilio.
    Api,
    /// Whichever distribuidor is active when the fault comes.
    Active,
    /// The other one.
    Standby,
    /// One of the three queue-resolvers.
    Resolver,
}

/// What is done to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blow {
    /// SIGKILL; started again after the hold.
    Kill,
    /// SIGTERM, and it must end with code 0; started again after the hold.
    Term,
    /// SIGSTOP, SIGCONT after the hold, which is longer than every lease: it wakes up as a zombie.
    Freeze,
}

/// What is wrong with the POS of some stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pos {
    /// Closes connections without an answer.
    Down,
    /// Takes effect later than the resolver waits: every attempt is in doubt.
    Slow,
    /// Answers 503.
    Error,
    /// Every other time takes effect and then closes the connection without an answer.
    DropReply,
    /// Nobody listens at the address in the store's record.
    Unreachable,
}

/// A kind of fault: a row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// None: what the figures are like without one.
    Calm,
    /// A process of ours.
    Process(Part, Blow),
    /// nats-server, SIGKILL; started again after the hold.
    Bus,
    /// The stores' side.
    Pos(Pos),
}

impl Fault {
    /// Every kind but [`Fault::Calm`], with its weight among the draws after each has come once.
    pub const ALL: [(Self, u32); 18] = [
        (Self::Process(Part::Resolver, Blow::Kill), 4),
        (Self::Process(Part::Resolver, Blow::Freeze), 4),
        (Self::Process(Part::Resolver, Blow::Term), 2),
        (Self::Process(Part::Active, Blow::Kill), 4),
        (Self::Process(Part::Active, Blow::Freeze), 4),
        (Self::Process(Part::Active, Blow::Term), 2),
        (Self::Process(Part::Standby, Blow::Kill), 1),
        (Self::Process(Part::Standby, Blow::Freeze), 1),
        (Self::Process(Part::Standby, Blow::Term), 1),
        (Self::Process(Part::Api, Blow::Kill), 2),
        (Self::Process(Part::Api, Blow::Freeze), 2),
        (Self::Process(Part::Api, Blow::Term), 1),
        (Self::Bus, 4),
        (Self::Pos(Pos::Down), 2),
        (Self::Pos(Pos::Slow), 2),
        (Self::Pos(Pos::Error), 1),
        (Self::Pos(Pos::DropReply), 3),
        (Self::Pos(Pos::Unreachable), 2),
    ];

    /// How long it lasts, from and to, in milliseconds.
    const fn hold_ms(self) -> (u64, u64) {
        match self {
            Self::Calm => (3_000, 3_000),
            // Longer than the two seconds after which a silent lease is given to another, so that there is a takeover.
            Self::Process(_, Blow::Kill | Blow::Term) => (2_500, 3_500),
            Self::Process(_, Blow::Freeze) => (3_000, 4_000),
            Self::Bus => (300, 2_000),
            Self::Pos(_) => (4_000, 6_000),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, blow) = match self {
            Self::Calm => return f.pad("(none)"),
            Self::Bus => return f.pad("nats-server kill -9"),
            Self::Pos(Pos::Down) => return f.pad("POS down"),
            Self::Pos(Pos::Slow) => return f.pad("POS too slow"),
            Self::Pos(Pos::Error) => return f.pad("POS answers 503"),
            Self::Pos(Pos::DropReply) => return f.pad("POS drops replies"),
            Self::Pos(Pos::Unreachable) => return f.pad("POS unreachable"),
            Self::Process(part, blow) => (part, blow),
        };
        let part = match part {
            Part::Api => "api-domicilio",
            Part::Active => "active distribuidor",
            Part::Standby => "standby distribuidor",
            Part::Resolver => "queue-resolver",
        };
        let blow = match blow {
            Blow::Kill => "kill -9",
            Blow::Term => "SIGTERM",
            Blow::Freeze => "SIGSTOP..CONT",
        };
        f.pad(&format!("{part} {blow}"))
    }
}

/// One fault at its place in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The kind.
    pub fault: Fault,
    /// Chooses among several instances, modulo their number.
    pub pick: usize,
    /// Time without a new fault before it, in milliseconds.
    pub pause_ms: u64,
    /// How long it lasts, in milliseconds. Faults of a process or of the bus end before the next step, those of a POS
    /// go on beside the following steps.
    pub hold_ms: u64,
    /// The stores whose POS is at fault; empty for other kinds.
    pub stores: Vec<StoreId>,
}

/// All rounds. Each begins with [`Fault::Calm`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps of each round.
    pub rounds: Vec<Vec<Step>>,
}

impl Plan {
    /// The plan for `seed`: `faults` a round, on stores 1 to `stores`.
    pub fn new(seed: u64, rounds: u32, faults: u32, stores: u32) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut kinds = in_weighted_order(&mut rng);
        let total = usize::try_from(rounds * faults).unwrap_or(usize::MAX);
        while kinds.len() < total {
            kinds.push(draw(&mut rng, &Fault::ALL));
        }
        // A quarter of the stores never has a fault of its own: what others feel is seen there.
        let mut victims: Vec<StoreId> = (1..=stores).map(StoreId).collect();
        rng.shuffle(&mut victims);
        victims.truncate(victims.len() * 3 / 4);
        let group = victims.len().div_ceil(6);
        let mut victims = victims.into_iter().cycle();
        let mut step = |rng: &mut fastrand::Rng, fault: Fault| {
            let (from, to) = fault.hold_ms();
            let stores =
                if matches!(fault, Fault::Pos(_)) { victims.by_ref().take(group).collect() } else { Vec::new() };
            Step { fault, pick: rng.usize(..1_000), pause_ms: rng.u64(0..500), hold_ms: rng.u64(from..=to), stores }
        };
        let rounds = kinds[..total]
            .chunks(usize::try_from(faults.max(1)).unwrap_or(1))
            .map(|kinds| {
                // Faults of a POS early in the round, so that others come on top of them.
                let (pos, others): (Vec<Fault>, Vec<Fault>) =
                    kinds.iter().partition(|fault| matches!(fault, Fault::Pos(_)));
                let mut order: Vec<Fault> = Vec::with_capacity(kinds.len());
                let mut others = others.into_iter();
                for fault in pos {
                    order.push(fault);
                    order.extend(others.next());
                }
                order.extend(others);
                std::iter::once(Fault::Calm).chain(order).map(|fault| step(&mut rng, fault)).collect()
            })
            .collect();
        Self { rounds }
    }
}

fn draw(rng: &mut fastrand::Rng, among: &[(Fault, u32)]) -> Fault {
    let total: u32 = among.iter().map(|(_, weight)| weight).sum();
    let mut at = rng.u32(..total.max(1));
    for (fault, weight) in among {
        match at.checked_sub(*weight) {
            Some(rest) => at = rest,
            None => return *fault,
        }
    }
    Fault::Calm
}

/// Every kind once; the heavy ones tend to come first, so that short plans hold what matters most.
fn in_weighted_order(rng: &mut fastrand::Rng) -> Vec<Fault> {
    let mut left = Fault::ALL.to_vec();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let drawn = draw(rng, &left);
        left.retain(|(fault, _)| *fault != drawn);
        order.push(drawn);
    }
    order
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_is_a_plan() {
        assert_eq!(Plan::new(7, 3, 7, 32), Plan::new(7, 3, 7, 32));
        assert_ne!(Plan::new(7, 3, 7, 32), Plan::new(8, 3, 7, 32));
    }

    #[test]
    fn every_kind_comes_before_any_comes_again() {
        for seed in 0..200 {
            let plan = Plan::new(seed, 3, 6, 32);
            let kinds: Vec<Fault> = plan.rounds.iter().flatten().map(|step| step.fault).collect();
            assert_eq!(kinds.iter().filter(|fault| **fault == Fault::Calm).count(), 3);
            assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), 1 + Fault::ALL.len(), "seed {seed}");
        }
    }

    #[test]
    fn a_quarter_of_the_stores_is_left_alone() {
        for seed in 0..50 {
            let plan = Plan::new(seed, 20, 7, 32);
            let hit: BTreeSet<StoreId> = plan.rounds.iter().flatten().flat_map(|step| step.stores.clone()).collect();
            assert!(hit.len() <= 24, "seed {seed}: {hit:?}");
            for step in plan.rounds.iter().flatten() {
                assert_eq!(matches!(step.fault, Fault::Pos(_)), !step.stores.is_empty());
            }
        }
    }

    #[test]
    fn a_frozen_process_sleeps_longer_than_its_lease() {
        let plan = Plan::new(1, 50, 7, 32);
        let freezes = plan.rounds.iter().flatten().filter(|step| matches!(step.fault, Fault::Process(_, Blow::Freeze)));
        assert!(freezes.map(|step| step.hold_ms).min() >= Some(3_000));
    }
}
