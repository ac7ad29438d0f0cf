//! The report for people.

use std::fmt::{self, Write as _};

use crate::oracle::Violation;
use crate::report::{LeftOut, Part, Report, Row};

/// Breaches of a part that are told one by one; the JSON tells all.
const VIOLATIONS_MAX: usize = 20;

fn seconds(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1} s", ms as f64 / 1_000.0))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            writeln!(f, "{part}")?;
        }
        writeln!(
            f,
            "p50, max: how long an order waited for its POS, from the fault or, if that was later, from its first \
             sending: the median\nand the longest over the stores that were touched; bound: from there on the run \
             fails; again: done already, delivered again."
        )?;
        for LeftOut { fault, why } in &self.left_out {
            writeln!(f, "left out: {fault}: {why}")?;
        }
        let breaches: usize = self.parts.iter().map(|part| part.judgement.violations.len()).sum();
        let took_s: u64 = self.parts.iter().map(|part| part.took_s).sum();
        let verdict = if self.passed { "passed" } else { "FAILED" };
        writeln!(f, "{verdict}: seed {}, {breaches} breaches, {took_s} s", self.seed)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = if self.nodes == 1 { "on one node".to_owned() } else { format!("on {} nodes", self.nodes) };
        writeln!(
            f,
            "{on:<35} {:>5} {:>4} {:>4} {:>5} {:>7} {:>5} {:>5} {:>6} {:>6} {:>6} {:>6}",
            "times", "seen", "lost", "twice", "unorder", "other", "again", "stores", "p50", "max", "bound"
        )?;
        for (fault, row) in &self.rows {
            let Row { times, seen, lost, duplicated, out_of_order, other, again, stores, .. } = row;
            let (p50, max, bound) = (seconds(row.wait_p50_ms), seconds(row.wait_max_ms), seconds(row.bound_ms));
            writeln!(
                f,
                "{fault:<35} {times:>5} {seen:>4} {lost:>4} {duplicated:>5} {out_of_order:>7} {other:>5} {again:>5} \
                 {stores:>6} {p50:>6} {max:>6} {bound:>6}"
            )?;
        }
        let j = &self.judgement;
        writeln!(
            f,
            "orders: {} promised, {} refused, {} without an answer ({} of them took effect)",
            j.promised, j.refused, j.unknown, j.unknown_in_effect
        )?;
        writeln!(
            f,
            "at the POS: {}; not injected: {} ({} of them at the POS all the same, which never said so)",
            j.in_effect, j.not_injected, j.not_injected_in_effect
        )?;
        let h = &self.happenings;
        let mut answers = String::new();
        for (answer, count) in &h.answers {
            write!(answers, " {answer}:{count}")?;
        }
        writeln!(f, "answers:{answers}")?;
        writeln!(
            f,
            "kill -9: {}, SIGTERM: {}, SIGSTOP: {}; resolvers found lost: {}, offices taken: {}, replays: {}, \
             repeats at the POS: {}, failed attempts: {}, POS found down: {}",
            h.kills,
            h.terms,
            h.freezes,
            h.resolvers_lost,
            h.took_office,
            h.replays,
            h.repeats_at_pos,
            h.failed_attempts,
            h.pos_down
        )?;
        for violation in j.violations.iter().take(VIOLATIONS_MAX) {
            let Violation { wrong, about, at, why } = violation;
            writeln!(f, "BREACH {wrong:?} at {at}: {about} {why}")?;
        }
        for fault in &self.vacuous {
            writeln!(f, "NO TRACE of {fault}: this run proves nothing about it")?;
        }
        Ok(())
    }
}
