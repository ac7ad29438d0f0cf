//! The plan: which fault, when, where. Pure; the seed decides everything.

use contract::StoreId;

use crate::fault::{Blow, Fault};

/// One fault at its place in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The kind.
    pub fault: Fault,
    /// Chooses among several instances, modulo their number.
    pub pick: usize,
    /// Time without a new fault before it, in milliseconds.
    pub pause_ms: u64,
    /// How long it lasts, in milliseconds. Faults of a POS go on beside the following steps, all others end before the
    /// next one.
    pub hold_ms: u64,
    /// The stores whose POS is at fault; empty for other kinds.
    pub stores: Vec<StoreId>,
}

/// How large a plan is to be.
#[derive(Debug, Clone)]
pub struct Size<'a> {
    /// nats-servers: 1 or 3.
    pub nodes: usize,
    /// Rounds; as many as it takes for each kind to come once when not given.
    pub rounds: Option<u32>,
    /// Most faults in a round.
    pub faults: u32,
    /// Stores 1 to this one.
    pub stores: u32,
    /// Only kinds whose name contains one of these; all when there are none.
    pub only: &'a [String],
    /// Kinds that cannot be caused here.
    pub left_out: &'a [Fault],
}

/// All rounds on so many nodes. Each round begins with [`Fault::Calm`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// nats-servers.
    pub nodes: usize,
    /// The steps of each round.
    pub rounds: Vec<Vec<Step>>,
}

impl Plan {
    /// The plan for `seed`. Without rounds when no kind is left to plan.
    pub fn new(seed: u64, size: &Size<'_>) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ size.nodes as u64);
        let wanted = |fault: &Fault| {
            let name = fault.to_string();
            let asked_for = size.only.is_empty() || size.only.iter().any(|only| name.contains(only.as_str()));
            asked_for && !size.left_out.contains(fault)
        };
        let all: Vec<(Fault, u32)> =
            Fault::all(size.nodes).iter().filter(|(fault, _)| wanted(fault)).copied().collect();
        let mut kinds = in_weighted_order(&mut rng, &all);
        let most = usize::try_from(size.faults).unwrap_or(usize::MAX).max(1);
        let rounds = match size.rounds {
            Some(rounds) => {
                let rounds = usize::try_from(rounds).unwrap_or(usize::MAX);
                let total = if all.is_empty() { 0 } else { rounds.saturating_mul(most) };
                while kinds.len() < total {
                    kinds.push(draw(&mut rng, &all));
                }
                kinds.truncate(total);
                rounds
            }
            None => kinds.len().div_ceil(most),
        };
        // A quarter of the stores never has a fault of its own: what others feel is seen there.
        let mut victims: Vec<StoreId> = (1..=size.stores).map(StoreId).collect();
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
        let rounds = kinds
            .chunks(kinds.len().div_ceil(rounds.max(1)).max(1))
            .map(|kinds| {
                let kinds = std::iter::once(Fault::Calm).chain(within_round(kinds));
                kinds.map(|fault| step(&mut rng, fault)).collect()
            })
            .collect();
        Self { nodes: size.nodes, rounds }
    }
}

/// Faults of a POS early in the round, so that others come on top of them. SIGTERM last: what it leaves behind is
/// counted, so nothing else may be in force.
fn within_round(kinds: &[Fault]) -> Vec<Fault> {
    let (pos, others): (Vec<Fault>, Vec<Fault>) = kinds.iter().partition(|fault| matches!(fault, Fault::Pos(_)));
    let (terms, others): (Vec<Fault>, Vec<Fault>) =
        others.into_iter().partition(|fault| matches!(fault, Fault::Process(_, Blow::Term)));
    let mut order = Vec::with_capacity(kinds.len());
    let mut others = others.into_iter();
    for fault in pos {
        order.push(fault);
        order.extend(others.next());
    }
    order.extend(others);
    order.extend(terms);
    order
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
fn in_weighted_order(rng: &mut fastrand::Rng, all: &[(Fault, u32)]) -> Vec<Fault> {
    let mut left = all.to_vec();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let drawn = draw(rng, &left);
        left.retain(|(fault, _)| *fault != drawn);
        order.push(drawn);
    }
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn size(nodes: usize, rounds: Option<u32>) -> Size<'static> {
        Size { nodes, rounds, faults: 7, stores: 32, only: &[], left_out: &[] }
    }

    fn kinds(plan: &Plan) -> Vec<Fault> {
        plan.rounds.iter().flatten().map(|step| step.fault).collect()
    }

    #[test]
    fn a_seed_is_a_plan() {
        assert_eq!(Plan::new(7, &size(1, Some(3))), Plan::new(7, &size(1, Some(3))));
        assert_ne!(Plan::new(7, &size(1, Some(3))), Plan::new(8, &size(1, Some(3))));
    }

    #[test]
    fn every_kind_comes_before_any_comes_again() {
        for (seed, nodes) in (0..200).zip([1, 3].into_iter().cycle()) {
            let plan = Plan::new(seed, &size(nodes, None));
            let kinds = kinds(&plan);
            let calm = kinds.iter().filter(|fault| **fault == Fault::Calm).count();
            assert_eq!(calm, plan.rounds.len());
            assert_eq!(kinds.len() - calm, Fault::all(nodes).len());
            assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), 1 + Fault::all(nodes).len(), "seed {seed}");
            assert!(plan.rounds.iter().all(|round| round.len() <= 8), "at most 7 faults and the calm");
        }
    }

    #[test]
    fn what_cannot_be_caused_is_not_planned_and_what_was_asked_for_is() {
        let only = ["POS".to_owned(), "disk".to_owned()];
        let size = Size { only: &only, left_out: &[Fault::Disk], ..size(1, Some(4)) };
        let plan = Plan::new(1, &size);
        assert_eq!(plan.rounds.len(), 4);
        assert_eq!(kinds(&plan).len(), 4 * 8);
        for fault in kinds(&plan) {
            assert!(fault == Fault::Calm || fault.to_string().contains("POS"), "{fault}");
        }
        assert!(Plan::new(1, &Size { only: &["nothing".to_owned()], ..size }).rounds.is_empty());
    }

    #[test]
    fn a_quarter_of_the_stores_is_left_alone() {
        for seed in 0..50 {
            let plan = Plan::new(seed, &size(1, Some(20)));
            let hit: BTreeSet<StoreId> = plan.rounds.iter().flatten().flat_map(|step| step.stores.clone()).collect();
            assert!(hit.len() <= 24, "seed {seed}: {hit:?}");
            for step in plan.rounds.iter().flatten() {
                assert_eq!(matches!(step.fault, Fault::Pos(_)), !step.stores.is_empty());
            }
        }
    }

    #[test]
    fn nothing_comes_after_the_sigterms_of_a_round() {
        for seed in 0..50 {
            for round in Plan::new(seed, &size(1, None)).rounds {
                let terms = round.iter().map(|step| matches!(step.fault, Fault::Process(_, Blow::Term)));
                assert!(terms.is_sorted(), "{round:?}");
            }
        }
    }
}
