//! What is told of a run: rows, figures, breaches. Pure. [`crate::table`] writes it for people.

use std::collections::BTreeMap;

use contract::EventKind;
use contract::event::PosState;
use pos_simulator::{Fate, Kind, LedgerLine};
use serde::Serialize;

use crate::fault::{Blow, Fault};
use crate::oracle::{Evidence, Judgement, Violation, Wrong, judge};
use crate::outage::{Again, Waits, late, median};
use crate::runner::Run;
use crate::settings::Settings;
use crate::trace::{Injury, Scene};
use crate::witness::{Beat, replays};

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
    /// Deliveries of what was done already, and repeats at the POS, until the next fault.
    pub again: u64,
    /// Stores that it touched and that had an order waiting.
    pub stores: usize,
    /// Median over these of the longest wait, in milliseconds.
    pub wait_p50_ms: Option<i64>,
    /// Longest wait of them, in milliseconds.
    pub wait_max_ms: Option<i64>,
    /// The wait at which the run fails, in milliseconds.
    pub bound_ms: Option<i64>,
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

/// A part of the report: everything that ran on so many nodes.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// nats-servers.
    pub nodes: usize,
    /// Rounds.
    pub rounds: usize,
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

/// The whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Most faults in a round.
    pub faults: u32,
    /// Orders a second.
    pub orders: u32,
    /// Stores.
    pub stores: u32,
    /// By what the bounds of waiting were multiplied.
    pub slack: u32,
    /// Kinds of fault that cannot be caused on this machine, and why. Nothing is said about them.
    pub left_out: Vec<LeftOut>,
    /// What ran.
    pub parts: Vec<Part>,
    /// Whether every part passed, and there was one.
    pub passed: bool,
}

/// A kind of fault that was not caused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The kind.
    pub fault: Fault,
    /// Why.
    pub why: String,
}

impl Report {
    /// From the parts that ran.
    pub fn of(settings: &Settings, seed: u64, left_out: Vec<LeftOut>, parts: Vec<Part>) -> Self {
        let passed = !parts.is_empty() && parts.iter().all(|part| part.passed);
        let Settings { faults, orders, stores, slack, .. } = *settings;
        Self { seed, faults, orders, stores, slack, left_out, parts, passed }
    }
}

impl Part {
    /// Judges what ran on `nodes` nodes.
    pub fn of(run: &Run, nodes: usize, settings: &Settings, took_s: u64) -> Self {
        let accepted = |line: &&LedgerLine| line.kind == Kind::Accepted;
        let effects: Vec<LedgerLine> = run.remains.ledger.iter().filter(accepted).cloned().collect();
        let mut judgement = judge(&Evidence {
            sent: &run.record.sent,
            effects: &effects,
            ended: &run.remains.ended,
            assigned: &run.remains.assigned(),
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
            failures: &run.record.failures,
        };
        let waits = Waits::new(&run.record.sent, &effects);
        let bound_ms = |fault: Fault| Some(fault.bound_ms(nodes)? * i64::from(settings.slack));
        let (mut rows, found) = table(&run.injuries, &scene, &waits, bound_ms, settings.stores);
        judgement.violations.extend(found);
        attribute(&mut rows, &run.injuries, &judgement.violations);
        let vacuous: Vec<Fault> = rows.iter().filter(|(_, row)| row.seen == 0).map(|(fault, _)| *fault).collect();
        let passed = vacuous.is_empty() && judgement.violations.is_empty() && judgement.promised > 0;
        let rounds = run.injuries.last().map_or(0, |injury| injury.round + 1);
        Self { nodes, rounds, took_s, rows, judgement, happenings: happenings(run), vacuous, passed }
    }
}

/// The rows without the breaches of the judgement, and the breaches that only a fault's own figures show.
fn table(
    injuries: &[Injury],
    scene: &Scene<'_>,
    waits: &Waits,
    bound_ms: impl Fn(Fault) -> Option<i64>,
    stores: u32,
) -> (BTreeMap<Fault, Row>, Vec<Violation>) {
    let (mut rows, mut found): (BTreeMap<Fault, Row>, _) = (BTreeMap::new(), Vec::new());
    let mut all_waits: BTreeMap<Fault, Vec<i64>> = BTreeMap::new();
    for injury in injuries {
        let outages = waits.outages(injury, injuries, scene.beats, stores);
        let again = Again::of(injury, injuries, scene.beats, scene.ledger);
        let row = rows.entry(injury.fault).or_default();
        row.times += 1;
        row.seen += u64::from(scene.shows(injury));
        row.again += again.replays + again.repeats;
        row.bound_ms = bound_ms(injury.fault);
        found.extend(late(injury, &outages, bound_ms(injury.fault)));
        found.extend(again.breach(injury));
        found.extend(scene.misled(injury).then(|| Violation {
            wrong: Wrong::Misled,
            about: injury.fault.to_string(),
            at: injury.began,
            why: "an owner changed because of a wall clock".to_owned(),
        }));
        all_waits.entry(injury.fault).or_default().extend(outages.iter().map(|(wait, _)| wait));
    }
    for (fault, mut waits) in all_waits {
        waits.sort_unstable();
        let row = rows.entry(fault).or_default();
        row.stores = waits.len();
        (row.wait_p50_ms, row.wait_max_ms) = (median(&waits), waits.last().copied());
    }
    (rows, found)
}

/// A breach counts in the row of the last fault that began before it.
fn attribute(rows: &mut BTreeMap<Fault, Row>, injuries: &[Injury], violations: &[Violation]) {
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
}

fn happenings(run: &Run) -> Happenings {
    let blows = |wanted: Blow| {
        let hit = |injury: &&Injury| matches!(injury.fault, Fault::Process(_, blow) if blow == wanted);
        run.injuries.iter().filter(hit).count() as u64
    };
    let kills = run.injuries.iter().map(|injury| match injury.fault {
        Fault::Process(_, Blow::Kill) | Fault::Pair(_) | Fault::Node(_) | Fault::Disk => injury.targets.len() as u64,
        _ => 0,
    });
    let events = |is: fn(&EventKind) -> bool| run.remains.events.iter().filter(|event| is(&event.kind)).count() as u64;
    let repeats = |line: &&LedgerLine| line.kind == Kind::Attempt && line.fate == Fate::Duplicate;
    Happenings {
        answers: run.record.answers.clone(),
        kills: kills.sum(),
        terms: blows(Blow::Term),
        freezes: blows(Blow::Freeze),
        resolvers_lost: events(|kind| matches!(kind, EventKind::ResolverLost { .. })),
        took_office: events(|kind| matches!(kind, EventKind::TookOffice { .. })),
        replays: run.beats.last().map_or(0, |last: &Beat| replays(&run.beats, last.at)),
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

#[cfg(test)]
mod tests {
    use contract::UtcMs;

    use super::*;
    use crate::fault::{Node, Pos};

    #[test]
    fn a_breach_counts_in_the_row_of_the_last_fault_before_it() {
        let at = UtcMs::from_millis;
        let injury = |fault, began| Injury::new(0, fault, Vec::new(), Vec::new(), at(began));
        let injuries =
            [injury(Fault::Calm, 0), injury(Fault::Node(Node::Any), 100), injury(Fault::Pos(Pos::Down), 200)];
        let breach = |wrong, ms| Violation { wrong, about: String::new(), at: at(ms), why: String::new() };
        let breaches = [
            breach(Wrong::Lost, 150),
            breach(Wrong::Duplicated, 200),
            breach(Wrong::OutOfOrder, 999),
            breach(Wrong::Stuck, 10),
        ];
        let (mut rows, found) = table(&injuries, &Scene::default(), &Waits::default(), |_| None, 0);
        assert_eq!(found, []);
        attribute(&mut rows, &injuries, &breaches);
        let figures = |fault: Fault| {
            let row = &rows[&fault];
            (row.lost, row.duplicated, row.out_of_order, row.other)
        };
        assert_eq!(figures(Fault::Calm), (0, 0, 0, 1));
        assert_eq!(figures(Fault::Node(Node::Any)), (1, 0, 0, 0));
        assert_eq!(figures(Fault::Pos(Pos::Down)), (0, 1, 1, 0));
        assert_eq!(
            (rows[&Fault::Node(Node::Any)].times, rows[&Fault::Node(Node::Any)].seen),
            (1, 0),
            "nothing shows it"
        );
    }
}
