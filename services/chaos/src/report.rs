//! What is told of a run: the table, the figures, the breaches. Pure.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use contract::EventKind;
use contract::event::PosState;
use pos_simulator::{Fate, Kind, LedgerLine};
use serde::Serialize;

use crate::oracle::{Evidence, Judgement, Violation, Wrong, judge};
use crate::plan::{Blow, Fault};
use crate::runner::Run;
use crate::settings::Settings;
use crate::trace::{Injury, Scene, median};
use crate::witness::replays;

/// Breaches that the text tells one by one; the JSON tells all.
const VIOLATIONS_MAX: usize = 20;

/// A row of the table: a kind of fault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// How often it was caused.
    pub times: u64,
    /// How often it left its trace.
    pub seen: u64,
    /// Orders lost while it was the last fault.
    pub lost: u64,
    /// Orders duplicated.
    pub duplicated: u64,
    /// Orders out of order.
    pub out_of_order: u64,
    /// Any other breach.
    pub other: u64,
    /// Stores that it touched and whose outage was measured.
    pub stores: usize,
    /// Median over these of the time without service, in milliseconds.
    pub recovery_p50_ms: Option<i64>,
    /// Longest of them, in milliseconds.
    pub recovery_max_ms: Option<i64>,
}

/// Counts that show that something happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Happenings {
    /// Requests of the senders by what came back.
    pub answers: BTreeMap<String, u64>,
    /// SIGKILLs.
    pub kills: u64,
    /// SIGTERMs.
    pub terms: u64,
    /// SIGSTOPs.
    pub freezes: u64,
    /// Resolvers that the distribuidor found silent.
    pub resolvers_lost: u64,
    /// Times that a distribuidor took office.
    pub took_office: u64,
    /// Deliveries that a resolver found to be done already.
    pub replays: u64,
    /// Attempts that the POS knew already: an answer was lost, or an owner changed on the way.
    pub repeats_at_pos: u64,
    /// Failed attempts.
    pub failed_attempts: u64,
    /// Times that a POS counted as down.
    pub pos_down: u64,
}

/// The whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Rounds.
    pub rounds: u32,
    /// Faults in a round.
    pub faults: u32,
    /// Orders a second.
    pub orders: u32,
    /// Stores.
    pub stores: u32,
    /// How long it took, in seconds.
    pub took_s: u64,
    /// The table.
    #[serde(serialize_with = "rows")]
    pub rows: BTreeMap<Fault, Row>,
    /// The judgement over the orders.
    pub judgement: Judgement,
    /// What happened.
    pub happenings: Happenings,
    /// Kinds of fault that were planned and left no trace.
    pub vacuous: Vec<Fault>,
    /// No breach, and no kind of fault without a trace.
    pub passed: bool,
}

impl Report {
    /// Judges `run`.
    pub fn of(settings: &Settings, seed: u64, run: &Run, took_s: u64) -> Self {
        let assigned = run.remains.assigned();
        let accepted = |line: &&LedgerLine| line.kind == Kind::Accepted;
        let effects: Vec<LedgerLine> = run.remains.ledger.iter().filter(accepted).cloned().collect();
        let mut judgement = judge(&Evidence {
            sent: &run.record.sent,
            effects: &effects,
            ended: &run.remains.ended,
            assigned: &assigned,
            waiting: run.remains.waiting,
        });
        judgement.violations.extend(run.violations.iter().cloned());
        judgement.violations.extend(run.record.complaints.iter().map(|(id, at, why)| Violation {
            wrong: Wrong::Contradicted,
            about: id.to_string(),
            at: *at,
            why: why.clone(),
        }));
        let scene = Scene {
            ledger: &run.remains.ledger,
            events: &run.remains.events,
            beats: &run.beats,
            silences: &run.record.silences,
            assigned: &assigned,
        };
        let rows = table(&run.injuries, &scene, &judgement.violations, settings.stores);
        let vacuous: Vec<Fault> = rows.iter().filter(|(_, row)| row.seen == 0).map(|(fault, _)| *fault).collect();
        let passed = vacuous.is_empty() && judgement.violations.is_empty() && judgement.promised > 0;
        let (rounds, faults, orders, stores) = (settings.rounds, settings.faults, settings.orders, settings.stores);
        let happenings = happenings(run);
        Self { seed, rounds, faults, orders, stores, took_s, rows, judgement, happenings, vacuous, passed }
    }
}

/// A breach counts in the row of the last fault that began before it.
fn table(injuries: &[Injury], scene: &Scene<'_>, violations: &[Violation], stores: u32) -> BTreeMap<Fault, Row> {
    let mut rows: BTreeMap<Fault, Row> = BTreeMap::new();
    let mut outages: BTreeMap<Fault, Vec<i64>> = BTreeMap::new();
    for injury in injuries {
        let row = rows.entry(injury.fault).or_default();
        row.times += 1;
        row.seen += u64::from(scene.shows(injury));
        outages.entry(injury.fault).or_default().extend(scene.outages(injury, injuries, stores));
    }
    for violation in violations {
        let before = injuries.iter().rev().find(|injury| injury.began <= violation.at);
        let row = rows.entry(before.map_or(Fault::Calm, |injury| injury.fault)).or_default();
        match violation.wrong {
            Wrong::Lost => row.lost += 1,
            Wrong::Duplicated => row.duplicated += 1,
            Wrong::OutOfOrder => row.out_of_order += 1,
            _ => row.other += 1,
        }
    }
    for (fault, mut outages) in outages {
        outages.sort_unstable();
        let row = rows.entry(fault).or_default();
        row.stores = outages.len();
        (row.recovery_p50_ms, row.recovery_max_ms) = (median(&outages), outages.last().copied());
    }
    rows
}

fn happenings(run: &Run) -> Happenings {
    let blows = |wanted: &[Blow]| {
        let hit = |injury: &&Injury| matches!(injury.fault, Fault::Process(_, blow) if wanted.contains(&blow));
        run.injuries.iter().filter(hit).count() as u64
    };
    let events = |is: fn(&EventKind) -> bool| run.remains.events.iter().filter(|event| is(&event.kind)).count() as u64;
    let repeats = |line: &&LedgerLine| line.kind == Kind::Attempt && line.fate == Fate::Duplicate;
    Happenings {
        answers: run.record.answers.clone(),
        kills: blows(&[Blow::Kill]) + run.injuries.iter().filter(|injury| injury.fault == Fault::Bus).count() as u64,
        terms: blows(&[Blow::Term]),
        freezes: blows(&[Blow::Freeze]),
        resolvers_lost: events(|kind| matches!(kind, EventKind::ResolverLost { .. })),
        took_office: events(|kind| matches!(kind, EventKind::TookOffice { .. })),
        replays: replays(&run.beats),
        repeats_at_pos: run.remains.ledger.iter().filter(repeats).count() as u64,
        failed_attempts: events(|kind| matches!(kind, EventKind::AttemptFailed { .. })),
        pos_down: events(|kind| matches!(kind, EventKind::Pos { state: PosState::Down, .. })),
    }
}

/// As a list, each row with its fault: keys of JSON objects have no order.
fn rows<S: serde::Serializer>(rows: &BTreeMap<Fault, Row>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Line<'a> {
        fault: Fault,
        #[serde(flatten)]
        row: &'a Row,
    }
    serializer.collect_seq(rows.iter().map(|(fault, row)| Line { fault: *fault, row }))
}

fn seconds(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1} s", ms as f64 / 1_000.0))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<34} {:>5} {:>4} {:>5} {:>6} {:>7} {:>6} {:>8} {:>8}",
            "fault", "times", "seen", "lost", "twice", "unorder", "other", "p50", "max"
        )?;
        for (fault, row) in &self.rows {
            let Row { times, seen, lost, duplicated, out_of_order, other, .. } = row;
            let (p50, max) = (seconds(row.recovery_p50_ms), seconds(row.recovery_max_ms));
            writeln!(
                f,
                "{fault:<34} {times:>5} {seen:>4} {lost:>5} {duplicated:>6} {out_of_order:>7} {other:>6} {p50:>8} {max:>8}"
            )?;
        }
        let j = &self.judgement;
        writeln!(
            f,
            "\np50, max: time without service at a store; a wait for its next order is part of it, see (none)."
        )?;
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
        let verdict = if self.passed { "passed" } else { "FAILED" };
        writeln!(f, "{verdict}: seed {}, {} breaches, {} s", self.seed, j.violations.len(), self.took_s)
    }
}

#[cfg(test)]
mod tests {
    use contract::UtcMs;

    use super::*;
    use crate::plan::Pos;

    #[test]
    fn a_breach_counts_in_the_row_of_the_last_fault_before_it() {
        let at = UtcMs::from_millis;
        let injury = |fault, began| Injury::new(0, fault, String::new(), Vec::new(), at(began));
        let injuries = [injury(Fault::Calm, 0), injury(Fault::Bus, 100), injury(Fault::Pos(Pos::Down), 200)];
        let breach = |wrong, ms| Violation { wrong, about: String::new(), at: at(ms), why: String::new() };
        let breaches = [
            breach(Wrong::Lost, 150),
            breach(Wrong::Duplicated, 200),
            breach(Wrong::OutOfOrder, 999),
            breach(Wrong::Stuck, 10),
        ];
        let rows = table(&injuries, &Scene::default(), &breaches, 0);
        let figures = |fault: Fault| {
            let row = &rows[&fault];
            (row.lost, row.duplicated, row.out_of_order, row.other)
        };
        assert_eq!(figures(Fault::Calm), (0, 0, 0, 1));
        assert_eq!(figures(Fault::Bus), (1, 0, 0, 0));
        assert_eq!(figures(Fault::Pos(Pos::Down)), (0, 1, 1, 0));
        assert_eq!((rows[&Fault::Bus].times, rows[&Fault::Bus].seen), (1, 0), "nothing shows it");
    }
}
