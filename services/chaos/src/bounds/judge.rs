//! What ledger and answers say about a run. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use contract::{OrderId, StoreId, UtcMs};
use pos_simulator::{Kind, LedgerLine};

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Orders that were promised and did not take effect.
    pub lost: usize,
    /// Effects of an order beyond its first.
    pub twice: usize,
    /// Effects of an order after one of the same store that was accepted later.
    pub out_of_turn: usize,
}

/// Judges the effects in `lines` by what was promised: identity and sequence in `ORDERS`.
pub fn faults(promised: &[(OrderId, u64)], lines: &[LedgerLine]) -> Faults {
    let sequences: HashMap<String, (StoreId, u64)> =
        promised.iter().map(|(id, sequence)| (id.to_string(), (id.store, *sequence))).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut highest: HashMap<StoreId, u64> = HashMap::new();
    let mut faults = Faults::default();
    for line in lines.iter().filter(|line| line.kind == Kind::Accepted) {
        if !seen.insert(&line.key) {
            faults.twice += 1;
            continue;
        }
        let Some((store, sequence)) = sequences.get(&line.key) else { continue };
        let highest = highest.entry(*store).or_default();
        faults.out_of_turn += usize::from(sequence < highest);
        *highest = (*highest).max(*sequence);
    }
    faults.lost = sequences.keys().filter(|key| !seen.contains(key.as_str())).count();
    faults
}

/// When orders took effect, by store, in the order of the ledger.
pub fn effects(lines: &[LedgerLine]) -> BTreeMap<StoreId, Vec<UtcMs>> {
    let mut effects: BTreeMap<StoreId, Vec<UtcMs>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.kind == Kind::Accepted) {
        effects.entry(line.store).or_default().push(line.at);
    }
    effects
}

/// Most of `times` (in order) within any `window_ms` milliseconds.
pub fn busiest_window(times: &[UtcMs], window_ms: i64) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, at) in times.iter().enumerate() {
        while at.since(times[first]) >= window_ms {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

/// Time from acceptance to effect of each order in `stored` (sequence and time of storing) that took effect, in
/// milliseconds, sorted. An order is known in the ledger by the sequence that the caller told.
pub fn latencies(stored: &BTreeMap<u64, UtcMs>, lines: &[LedgerLine]) -> Vec<i64> {
    let took = |line: &LedgerLine| Some(line.at.since(*stored.get(&line.sequence?)?));
    let mut latencies: Vec<i64> = lines.iter().filter(|line| line.kind == Kind::Accepted).filter_map(took).collect();
    latencies.sort_unstable();
    latencies
}

/// The value that `share` (0 to 1) of the sorted `values` do not exceed; 0 when there are none.
pub fn percentile(values: &[i64], share: f64) -> i64 {
    let rank = (values.len() as f64 * share).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank is between 0 and the length")]
    let index = (rank as usize).clamp(1, values.len().max(1)) - 1;
    values.get(index).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use contract::order::Digest;
    use pos_simulator::Fate;

    use super::*;

    fn line(store: u32, code: &str, at: i64, sequence: u64) -> LedgerLine {
        let order: OrderId = format!("{store}.{code}").parse().unwrap();
        let (key, sha256) = (order.to_string(), Digest::of(b""));
        let (at, store, fate) = (UtcMs::from_millis(at), StoreId(store), Fate::Accepted);
        let sequence = Some(sequence);
        LedgerLine { at, kind: Kind::Accepted, store, order: Some(order), key, attempt: None, sequence, sha256, fate }
    }

    fn promised(orders: &[(&str, u64)]) -> Vec<(OrderId, u64)> {
        orders.iter().map(|(id, sequence)| (id.parse().unwrap(), *sequence)).collect()
    }

    #[test]
    fn each_kind_of_fault_is_counted() {
        let all = promised(&[("1.a", 1), ("1.b", 2), ("2.a", 3)]);
        let good = [line(1, "a", 0, 1), line(2, "a", 0, 3), line(1, "b", 1, 2)];
        assert_eq!(faults(&all, &good), Faults::default());
        assert_eq!(faults(&all, &good[..2]), Faults { lost: 1, ..Faults::default() });
        let twice = [line(1, "a", 0, 1), line(2, "a", 0, 3), line(1, "b", 1, 2), line(2, "a", 5, 3)];
        assert_eq!(faults(&all, &twice), Faults { twice: 1, ..Faults::default() });
        // What the caller told of the sequence does not count, the answer does.
        let turned = [line(1, "b", 0, 1), line(1, "a", 0, 2), line(2, "a", 0, 3)];
        assert_eq!(faults(&all, &turned), Faults { out_of_turn: 1, ..Faults::default() });
    }

    #[test]
    fn the_busiest_window_does_not_hold_its_own_end() {
        let at = |ms: &[i64]| ms.iter().map(|ms| UtcMs::from_millis(*ms)).collect::<Vec<_>>();
        for (times, most) in
            [(&[][..], 0), (&[5], 1), (&[0, 500, 999, 1_000, 1_400, 1_499], 5), (&[0, 1_000, 2_000], 1)]
        {
            assert_eq!(busiest_window(&at(times), 1_000), most, "{times:?}");
        }
    }

    #[test]
    fn latencies_are_those_of_the_orders_asked_for() {
        let stored = BTreeMap::from([(1, UtcMs::from_millis(100)), (2, UtcMs::from_millis(100))]);
        let lines = [line(1, "a", 130, 1), line(1, "b", 110, 2), line(2, "a", 999, 3)];
        let latencies = latencies(&stored, &lines);
        assert_eq!(latencies, [10, 30]);
        assert_eq!([0.0, 0.5, 0.51, 0.99, 1.0].map(|share| percentile(&latencies, share)), [10, 10, 30, 30, 30]);
        assert_eq!(percentile(&[], 0.5), 0);
    }
}
