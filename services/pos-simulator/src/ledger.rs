//! The ledger: what a line says, and the judgement over lines.
//!
//! One JSON object a line, appended, in the order in which things happened at the POS: a line `attempt` for each
//! request that named an order, and a line `accepted` after it when the order took effect. No line holds anything of
//! a payload but its digest. Requests that name no order (no key, no store, no body) leave no line.
//!
//! [`Verdict`] is the oracle for demo, tests and benches; the file itself is the business of [`Ledger`],
//! [`Lines`] and [`Audit`].

mod file;

use std::collections::{BTreeMap, HashMap, HashSet};

use contract::order::Digest;
use contract::{OrderId, StoreId, UtcMs};
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
pub use file::{Audit, Ledger, LedgerError, Lines, judge_file};

/// Most findings that a verdict tells one by one; the counters count all.
pub const FINDINGS_MAX: usize = 20;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A request came.
    Attempt,
    /// An order took effect.
    Accepted,
}

/// How an attempt ended. Lines of kind `accepted` say `accepted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Took effect, answered 201.
    Accepted,
    /// Took effect late because the store is set to be slow; the caller may be gone.
    SlowAccepted,
    /// Same key and body as an order that took effect before: no effect, answered 409.
    Duplicate,
    /// Same key as an order that took effect before, but another body: no effect, answered 409.
    Conflict,
    /// The store is set to refuse.
    Refused,
    /// The store is set to answer with an error, or cannot take more.
    Unavailable,
    /// Took effect now or before; the connection was closed without an answer.
    ReplyDropped,
    /// The connection was closed without an answer, nothing took effect.
    Down,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// When it was written, by this machine's clock.
    pub at: UtcMs,
    /// What it is about.
    pub kind: Kind,
    /// The store.
    pub store: StoreId,
    /// The order, as the caller named it; absent when the caller sent only a key.
    pub order: Option<OrderId>,
    /// The idempotency key.
    pub key: String,
    /// Number of the attempt, as the caller counts; absent when it does not tell.
    pub attempt: Option<u32>,
    /// Place in the order of acceptance at intake, as the caller tells; absent when it does not.
    pub sequence: Option<u64>,
    /// SHA-256 of the body.
    pub sha256: Digest,
    /// How it ended.
    pub fate: Fate,
}

/// What is wrong with an order that took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// Its key had taken effect before, at this store or at another.
    Duplicate,
    /// An order of the same store with a higher sequence had taken effect before.
    OutOfOrder,
}

/// One order that took effect when it should not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong.
    pub wrong: Wrong,
    /// When it took effect.
    pub at: UtcMs,
    /// The store.
    pub store: StoreId,
    /// Its key.
    pub key: String,
    /// Its sequence.
    pub sequence: Option<u64>,
}

/// The judgement over a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// Times that an order took effect: lines of kind `accepted`.
    pub accepted: u64,
    /// Requests that named an order: lines of kind `attempt`.
    pub attempts: u64,
    /// Attempts by how they ended. Shows that a fault which was asked for did happen.
    pub fates: BTreeMap<Fate, u64>,
    /// Stores where at least one order took effect.
    pub stores: u64,
    /// Times that a key took effect again. Must be 0.
    pub duplicates: u64,
    /// Times that an order took effect at a store after one of a higher sequence. Must be 0. Lines without a
    /// sequence are not looked at.
    pub fifo_violations: u64,
    /// Attempts with the key of an accepted order and another body. Must be 0: an accepted payload never changes.
    pub conflicts: u64,
    /// The first [`FINDINGS_MAX`] duplicates and violations.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether nothing is there that must not be.
    pub const fn is_clean(&self) -> bool {
        self.duplicates == 0 && self.fifo_violations == 0 && self.conflicts == 0
    }
}

/// Judges line by line. Memory: about 20 bytes per order that took effect, beside the table's spare room.
#[derive(Debug, Clone, Default)]
pub struct Judge {
    verdict: Verdict,
    keys: HashSet<Fingerprint>,
    /// Highest sequence that took effect, by store.
    highest: HashMap<StoreId, u64>,
}

impl Judge {
    /// Takes the next line into account.
    pub fn take(&mut self, line: &LedgerLine) {
        match line.kind {
            Kind::Attempt => {
                self.verdict.attempts += 1;
                *self.verdict.fates.entry(line.fate).or_default() += 1;
                self.verdict.conflicts += u64::from(line.fate == Fate::Conflict);
            }
            Kind::Accepted => self.take_effect(line),
        }
    }

    fn take_effect(&mut self, line: &LedgerLine) {
        self.verdict.accepted += 1;
        if !self.keys.insert(Fingerprint::of(&line.key)) {
            self.verdict.duplicates += 1;
            self.find(Wrong::Duplicate, line);
        }
        let sequence = line.sequence.unwrap_or(0);
        let highest = self.highest.entry(line.store).or_insert(sequence);
        if line.sequence.is_some() && sequence < *highest {
            self.verdict.fifo_violations += 1;
            self.find(Wrong::OutOfOrder, line);
        } else {
            *highest = sequence.max(*highest);
        }
        self.verdict.stores = u64::try_from(self.highest.len()).unwrap_or(u64::MAX);
    }

    fn find(&mut self, wrong: Wrong, line: &LedgerLine) {
        if self.verdict.findings.len() < FINDINGS_MAX {
            let (at, store, key, sequence) = (line.at, line.store, line.key.clone(), line.sequence);
            self.verdict.findings.push(Finding { wrong, at, store, key, sequence });
        }
    }

    /// The judgement over the lines so far.
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// Judges `lines`, which must come in the order of the ledger.
pub fn judge(lines: impl IntoIterator<Item = LedgerLine>) -> Verdict {
    let mut judge = Judge::default();
    for line in lines {
        judge.take(&line);
    }
    judge.verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: Kind, store: u32, key: &str, sequence: Option<u64>, fate: Fate) -> LedgerLine {
        LedgerLine {
            at: UtcMs::from_millis(0),
            kind,
            store: StoreId(store),
            order: key.parse().ok(),
            key: key.to_owned(),
            attempt: Some(1),
            sequence,
            sha256: Digest::of(b"{}"),
            fate,
        }
    }

    fn effects(list: &[(u32, &str, Option<u64>)]) -> Verdict {
        judge(list.iter().map(|(store, key, seq)| line(Kind::Accepted, *store, key, *seq, Fate::Accepted)))
    }

    #[test]
    fn the_lines_on_disk_look_like_this() {
        let line = line(Kind::Attempt, 72, "72.A-1", Some(9), Fate::SlowAccepted);
        let json = concat!(
            r#"{"at":"1970-01-01T00:00:00.000Z","kind":"attempt","store":72,"order":"72.A-1","key":"72.A-1","#,
            r#""attempt":1,"sequence":9,"#,
            r#""sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","fate":"slow_accepted"}"#
        );
        assert_eq!(serde_json::to_string(&line).ok().as_deref(), Some(json));
        assert_eq!(serde_json::from_str::<LedgerLine>(json).ok(), Some(line));
    }

    #[test]
    fn order_within_a_store_is_judged_across_stores_it_is_not() {
        for (list, violations) in [
            (&[(72, "72.a", Some(1)), (72, "72.b", Some(2)), (72, "72.c", Some(7))][..], 0),
            (&[(72, "72.a", Some(5)), (73, "73.b", Some(2)), (72, "72.c", Some(6))], 0),
            (&[(72, "72.a", Some(2)), (72, "72.b", Some(1))], 1),
            // One overtaker makes one violation for each order that it overtook.
            (&[(72, "72.a", Some(9)), (72, "72.b", Some(1)), (72, "72.c", Some(2)), (72, "72.d", Some(10))], 2),
            (&[(72, "72.a", None), (72, "72.b", Some(3)), (72, "72.c", None), (72, "72.d", Some(4))], 0),
        ] {
            let verdict = effects(list);
            assert_eq!((verdict.fifo_violations, verdict.duplicates), (violations, 0), "{list:?}");
            assert_eq!(verdict.is_clean(), violations == 0);
        }
    }

    #[test]
    fn a_key_that_takes_effect_again_is_a_duplicate_at_any_store() {
        let verdict = effects(&[(72, "72.a", Some(1)), (72, "72.a", Some(1)), (73, "72.a", Some(1))]);
        assert_eq!((verdict.accepted, verdict.duplicates, verdict.stores), (3, 2, 2));
        assert_eq!(verdict.findings.len(), 2);
        assert_eq!((verdict.findings[1].wrong, verdict.findings[1].store), (Wrong::Duplicate, StoreId(73)));
        assert!(!verdict.is_clean());
    }

    #[test]
    fn repeats_that_take_no_effect_are_no_duplicates() {
        let verdict = judge([
            line(Kind::Attempt, 72, "72.a", Some(1), Fate::ReplyDropped),
            line(Kind::Accepted, 72, "72.a", Some(1), Fate::Accepted),
            line(Kind::Attempt, 72, "72.a", Some(1), Fate::Duplicate),
            line(Kind::Attempt, 72, "72.a", Some(1), Fate::Conflict),
        ]);
        assert_eq!((verdict.attempts, verdict.accepted, verdict.duplicates, verdict.conflicts), (3, 1, 0, 1));
        assert_eq!(verdict.fates[&Fate::Duplicate], 1);
        assert!(!verdict.is_clean(), "a body that changed is a fault of the caller");
    }

    #[test]
    fn findings_are_bounded_counters_are_not() {
        let verdict = judge((0..100).map(|_| line(Kind::Accepted, 72, "72.a", None, Fate::Accepted)));
        assert_eq!((verdict.duplicates, verdict.findings.len()), (99, FINDINGS_MAX));
    }
}
