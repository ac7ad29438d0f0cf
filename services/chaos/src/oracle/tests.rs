//! The oracle must see each breach; a clean history must be clean.

use pos_simulator::{Fate, Kind};

use super::*;

fn id(code: &str) -> OrderId {
    format!("72.{code}").parse().expect("an id")
}

fn sent(code: &str, answer: Answer) -> Sent {
    Sent {
        id: id(code),
        digest: Digest::of(code.as_bytes()),
        answer,
        sent_at: UtcMs::from_millis(0),
        at: UtcMs::from_millis(0),
    }
}

fn effect(code: &str, sequence: u64) -> LedgerLine {
    LedgerLine {
        at: UtcMs::from_millis(1),
        kind: Kind::Accepted,
        store: StoreId(72),
        order: Some(id(code)),
        key: id(code).to_string(),
        attempt: Some(1),
        sequence: Some(sequence),
        sha256: Digest::of(code.as_bytes()),
        fate: Fate::Accepted,
    }
}

fn ended(code: &str, intake: u64, injected: bool) -> Ended {
    let (partition, by) = (StoreId(72).partition(), "r-1".parse().expect("an instance"));
    Ended { id: id(code), intake, injected, partition, epoch: 5, by, at: UtcMs::from_millis(2) }
}

fn assigned(owner: Option<&str>, epoch: u64, term: u64) -> Assigned {
    let owner = owner.map(|owner| owner.parse().expect("an instance"));
    Assigned { partition: StoreId(72).partition(), owner, epoch, term, at: UtcMs::from_millis(0) }
}

/// Two promised orders, one unanswered that took effect, one that did not, one refused, one not injected.
struct History {
    sent: Vec<Sent>,
    effects: Vec<LedgerLine>,
    ended: Vec<Ended>,
    assigned: Vec<Assigned>,
    waiting: u64,
}

impl History {
    fn clean() -> Self {
        Self {
            sent: vec![
                sent("a", Answer::Promised(1)),
                sent("u", Answer::Unknown),
                sent("v", Answer::Unknown),
                sent("r", Answer::Refused(422)),
                sent("b", Answer::Promised(3)),
                sent("n", Answer::Promised(4)),
            ],
            effects: vec![effect("a", 1), effect("u", 2), effect("b", 3)],
            ended: vec![ended("a", 1, true), ended("u", 2, true), ended("b", 3, true), ended("n", 4, false)],
            assigned: vec![assigned(Some("r-2"), 4, 1), assigned(Some("r-1"), 5, 2)],
            waiting: 0,
        }
    }

    fn judge(&self) -> Judgement {
        judge(&Evidence {
            sent: &self.sent,
            effects: &self.effects,
            ended: &self.ended,
            assigned: &self.assigned,
            waiting: self.waiting,
        })
    }
}

#[test]
fn a_clean_history_is_clean_and_counted() {
    let judgement = History::clean().judge();
    assert_eq!(judgement.violations, []);
    assert_eq!((judgement.promised, judgement.refused, judgement.unknown), (3, 1, 2));
    assert_eq!((judgement.unknown_in_effect, judgement.in_effect, judgement.not_injected), (1, 3, 1));
}

#[test]
fn each_breach_is_seen() {
    type Spoil = fn(&mut History);
    let table: [(&str, Wrong, Spoil); 22] = [
        ("promised, nowhere", Wrong::Lost, |h| {
            h.effects.remove(2);
            h.ended.remove(2);
        }),
        ("said to be injected", Wrong::Lost, |h| drop(h.effects.remove(2))),
        ("an unanswered one said to be injected", Wrong::Lost, |h| drop(h.effects.remove(1))),
        ("no outcome", Wrong::Stuck, |h| drop(h.ended.remove(2))),
        ("an unanswered one without an outcome", Wrong::Stuck, |h| drop(h.ended.remove(1))),
        ("left in a queue", Wrong::Stuck, |h| h.waiting = 1),
        ("twice at the POS", Wrong::Duplicated, |h| h.effects.push(effect("b", 3))),
        ("an unanswered one twice", Wrong::Duplicated, |h| h.effects.push(effect("u", 2))),
        ("two outcomes", Wrong::Duplicated, |h| h.ended.push(ended("n", 4, false))),
        ("overtaken at the POS", Wrong::OutOfOrder, |h| h.effects.swap(0, 2)),
        ("an unanswered one overtaken", Wrong::OutOfOrder, |h| h.effects.swap(1, 2)),
        ("outcomes overtaken", Wrong::OutOfOrder, |h| h.ended.swap(0, 2)),
        ("stored in another order than sent", Wrong::OutOfOrder, |h| h.sent.swap(0, 4)),
        ("never sent", Wrong::Invented, |h| h.effects.push(effect("x", 9))),
        ("an outcome of nothing", Wrong::Invented, |h| h.ended.push(ended("x", 9, false))),
        ("refused, in effect", Wrong::Invented, |h| h.effects.push(effect("r", 9))),
        ("another body", Wrong::Invented, |h| h.effects[0].sha256 = Digest::of(b"other")),
        ("another store", Wrong::Invented, |h| h.effects[0].store = StoreId(73)),
        ("another sequence", Wrong::Invented, |h| h.effects[2].sequence = Some(4)),
        ("an owner of the past", Wrong::TwoOwners, |h| h.ended[3].epoch = 4),
        ("two owners of an epoch", Wrong::TwoOwners, |h| h.assigned.push(assigned(Some("r-3"), 5, 2))),
        ("a distribuidor of the past", Wrong::TwoOwners, |h| h.assigned.push(assigned(Some("r-3"), 6, 1))),
    ];
    for (name, wrong, spoil) in table {
        let mut history = History::clean();
        spoil(&mut history);
        let violations = history.judge().violations;
        assert!(violations.iter().any(|violation| violation.wrong == wrong), "{name}: {violations:?}");
    }
}

#[test]
fn what_is_no_breach_is_not_reported() {
    type Change = fn(&mut History);
    let table: [(&str, Change); 4] = [
        ("not injected, in doubt, and yet at the POS", |h| h.effects.push(effect("n", 4))),
        ("events of assignments in another order", |h| h.assigned.reverse()),
        ("events of assignments lost", |h| h.assigned.clear()),
        ("an epoch without an owner between two", |h| h.assigned.push(assigned(None, 3, 1))),
    ];
    for (name, change) in table {
        let mut history = History::clean();
        change(&mut history);
        assert_eq!(history.judge().violations, [], "{name}");
    }
}
