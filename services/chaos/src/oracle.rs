//! The judgement: what was sent and answered against what took effect and what the streams say in the end. Pure.
//!
//! The order of acceptance is known from the sequences in the answers, not from what the services tell the POS.

use std::collections::{BTreeMap, HashMap, HashSet};

use contract::order::{Digest, Ending};
use contract::{EventKind, InstanceId, OrderId, Outcome, Partition, StoreId, UtcMs};
use pos_simulator::LedgerLine;
use serde::Serialize;

/// What the sender was told in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 202, or 200 for a repeat: a promise, with the order's sequence in `ORDERS`.
    Promised(u64),
    /// 4xx: it must not take effect.
    Refused(u16),
    /// No answer, or 503: it may take effect, once.
    Unknown,
}

/// One order of the sender, its repeats included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Identity; its text is the idempotency key at the POS.
    pub id: OrderId,
    /// Digest of the body.
    pub digest: Digest,
    /// What the sender was told.
    pub answer: Answer,
    /// When it was sent for the first time: from then on it waits.
    pub sent_at: UtcMs,
    /// When its sender was told, or gave up.
    pub at: UtcMs,
}

/// A message of `OUTCOMES`, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The order.
    pub id: OrderId,
    /// Its sequence in `ORDERS`.
    pub intake: u64,
    /// Injected, or not.
    pub injected: bool,
    /// The store's partition.
    pub partition: Partition,
    /// Under which the resolver owned it.
    pub epoch: u64,
    /// The resolver.
    pub by: InstanceId,
    /// When the outcome was stored.
    pub at: UtcMs,
}

impl Ended {
    /// What matters of `outcome`, which the server stored at `at`: the resolver's own clock may be wrong.
    pub fn of(outcome: &Outcome, at: UtcMs) -> Self {
        Self {
            id: outcome.order.id(),
            intake: outcome.intake,
            injected: matches!(outcome.ending, Ending::Injected { .. }),
            partition: outcome.partition,
            epoch: outcome.epoch,
            by: outcome.by.instance.clone(),
            at,
        }
    }
}

/// An event `partition_assigned`. Such events are best effort and may come out of turn: only their content counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The partition.
    pub partition: Partition,
    /// Its owner; absent while it waits for one.
    pub owner: Option<InstanceId>,
    /// Grows with every change.
    pub epoch: u64,
    /// Term of the distribuidor that decided.
    pub term: u64,
    /// When.
    pub at: UtcMs,
}

impl Assigned {
    /// The assignment in an event, if it is one.
    pub fn of(kind: &EventKind, at: UtcMs) -> Option<Self> {
        match kind {
            EventKind::PartitionAssigned { partition, owner, epoch, term, .. } => {
                Some(Self { partition: *partition, owner: owner.clone(), epoch: *epoch, term: *term, at })
            }
            _ => None,
        }
    }
}

/// Everything that is judged, after the last drain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// What was sent; orders of one store in the order of sending.
    pub sent: &'a [Sent],
    /// Lines `accepted` of the ledger, in its order.
    pub effects: &'a [LedgerLine],
    /// `OUTCOMES`, in stream order.
    pub ended: &'a [Ended],
    /// Assignments of partitions, in any order.
    pub assigned: &'a [Assigned],
    /// Entries left in `QUEUES`.
    pub waiting: u64,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// Promised, and neither at the POS nor not injected; or said to be injected, and not at the POS.
    Lost,
    /// Took effect again, or has two outcomes.
    Duplicated,
    /// Overtook an order of the same store.
    OutOfOrder,
    /// Took effect and was never sent so: unknown, refused, or with another body, store or sequence.
    Invented,
    /// Two owners of a partition at a time, or an owner of the past at work.
    TwoOwners,
    /// Did not come to its end in time.
    Stuck,
    /// Answers to the sender that do not go together, or none for a minute.
    Contradicted,
    /// A process ended by itself, or did not end well when asked to.
    Crashed,
    /// Counts that people see are not what the streams hold.
    Miscounted,
    /// An order waited longer for its POS than the fault allows.
    Late,
    /// Something was done again after a clean stop.
    Replayed,
    /// Something that decides followed a wall clock.
    Misled,
}

/// One breach of a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// What is wrong.
    pub wrong: Wrong,
    /// The order or the partition, or whatever it is about.
    pub about: String,
    /// When it happened, as far as known.
    pub at: UtcMs,
    /// One sentence.
    pub why: String,
}

/// The judgement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Every breach. A clean run has none.
    pub violations: Vec<Violation>,
    /// Orders answered 202 or 200.
    pub promised: u64,
    /// Orders answered 4xx.
    pub refused: u64,
    /// Orders without an answer that tells.
    pub unknown: u64,
    /// Of these, how many took effect.
    pub unknown_in_effect: u64,
    /// Orders that took effect.
    pub in_effect: u64,
    /// Orders that ended as not injected.
    pub not_injected: u64,
    /// Of these, how many took effect all the same: the POS took them and never said so.
    pub not_injected_in_effect: u64,
}

/// Judges.
pub fn judge(evidence: &Evidence<'_>) -> Judgement {
    let mut bench = Bench { known: evidence.sent.iter().map(|sent| (&sent.id, sent)).collect(), ..Bench::default() };
    bench.effects(evidence.effects);
    bench.endings(evidence.ended);
    bench.promises(evidence);
    bench.owners(evidence);
    bench.judgement.violations.sort_by_key(|violation| violation.at);
    bench.judgement
}

#[derive(Default)]
struct Bench<'a> {
    known: HashMap<&'a OrderId, &'a Sent>,
    /// Orders that took effect.
    effects: HashSet<String>,
    endings: HashMap<&'a OrderId, &'a Ended>,
    judgement: Judgement,
}

impl<'a> Bench<'a> {
    fn find(&mut self, wrong: Wrong, about: &dyn std::fmt::Display, at: UtcMs, why: String) {
        self.judgement.violations.push(Violation { wrong, about: about.to_string(), at, why });
    }

    fn effects(&mut self, effects: &[LedgerLine]) {
        let mut highest: HashMap<StoreId, u64> = HashMap::new();
        for line in effects {
            let (key, at) = (&line.key, line.at);
            let sent = key.parse::<OrderId>().ok().and_then(|id| self.known.get(&id).copied());
            let Some(sent) = sent else {
                self.find(Wrong::Invented, key, at, "took effect and was never sent".to_owned());
                continue;
            };
            if !self.effects.insert(key.clone()) {
                self.find(Wrong::Duplicated, key, at, "took effect again".to_owned());
                continue;
            }
            let told = format!("{:?}", line.sequence);
            let fault = match sent.answer {
                Answer::Refused(status) => Some(format!("was answered {status} and took effect")),
                _ if line.store != sent.id.store => Some(format!("took effect at store {}", line.store)),
                _ if line.sha256 != sent.digest => Some("took effect with another body".to_owned()),
                Answer::Promised(sequence) if line.sequence != Some(sequence) => {
                    Some(format!("was promised under sequence {sequence} and took effect under {told}"))
                }
                _ => None,
            };
            if let Some(why) = fault {
                self.find(Wrong::Invented, key, at, why);
            }
            let sequence = match sent.answer {
                Answer::Promised(sequence) => sequence,
                _ => line.sequence.unwrap_or(0),
            };
            let highest = highest.entry(line.store).or_default();
            let before = *highest;
            *highest = before.max(sequence);
            if sequence < before {
                self.find(Wrong::OutOfOrder, key, at, format!("has sequence {sequence} and came after {before}"));
            }
        }
        self.judgement.in_effect = self.effects.len() as u64;
    }

    fn endings(&mut self, ended: &'a [Ended]) {
        let mut last: HashMap<StoreId, &Ended> = HashMap::new();
        for end in ended {
            if !self.known.contains_key(&end.id) {
                self.find(Wrong::Invented, &end.id, end.at, "has an outcome and was never sent".to_owned());
            }
            if self.endings.insert(&end.id, end).is_some() {
                self.find(Wrong::Duplicated, &end.id, end.at, "has two outcomes".to_owned());
            }
            if let Some(before) = last.insert(end.id.store, end) {
                let (at, id) = (end.at, &end.id);
                if end.intake < before.intake {
                    let why = format!("sequence {} has its outcome after {}", end.intake, before.intake);
                    self.find(Wrong::OutOfOrder, id, at, why);
                }
                if end.epoch < before.epoch {
                    let why = format!("{} wrote under epoch {} after epoch {}", end.by, end.epoch, before.epoch);
                    self.find(Wrong::TwoOwners, id, at, why);
                }
            }
            if end.injected && !self.effects.contains(&end.id.to_string()) {
                self.find(Wrong::Lost, &end.id, end.at, "is said to be injected and is not at the POS".to_owned());
            }
            if !end.injected {
                self.judgement.not_injected += 1;
                self.judgement.not_injected_in_effect += u64::from(self.effects.contains(&end.id.to_string()));
            }
        }
    }

    fn promises(&mut self, evidence: &Evidence<'_>) {
        let mut last: HashMap<StoreId, u64> = HashMap::new();
        for sent in evidence.sent {
            let in_effect = self.effects.contains(&sent.id.to_string());
            match sent.answer {
                Answer::Refused(_) => self.judgement.refused += 1,
                Answer::Unknown => {
                    self.judgement.unknown += 1;
                    self.judgement.unknown_in_effect += u64::from(in_effect);
                    if in_effect && !self.endings.contains_key(&sent.id) {
                        self.find(Wrong::Stuck, &sent.id, sent.at, "took effect and has no outcome".to_owned());
                    }
                }
                Answer::Promised(sequence) => {
                    self.judgement.promised += 1;
                    let before = last.insert(sent.id.store, sequence).unwrap_or(0);
                    if sequence <= before {
                        let why = format!("was sent later and stored earlier: sequence {sequence} after {before}");
                        self.find(Wrong::OutOfOrder, &sent.id, sent.at, why);
                    }
                    match self.endings.get(&sent.id) {
                        None if in_effect => {
                            self.find(Wrong::Stuck, &sent.id, sent.at, "took effect and has no outcome".to_owned());
                        }
                        None => self.find(
                            Wrong::Lost,
                            &sent.id,
                            sent.at,
                            format!("was promised ({sequence}) and is nowhere"),
                        ),
                        // An injected one that is not at the POS was found among the endings.
                        Some(_) => {}
                    }
                }
            }
        }
        if evidence.waiting > 0 {
            let at = evidence.sent.last().map_or_else(UtcMs::default, |sent| sent.at);
            self.find(Wrong::Stuck, &"QUEUES", at, format!("{} entries are left", evidence.waiting));
        }
    }

    fn owners(&mut self, evidence: &Evidence<'_>) {
        let mut assigned: BTreeMap<(Partition, u64), &Assigned> = BTreeMap::new();
        for assignment in evidence.assigned {
            let (partition, epoch) = (assignment.partition, assignment.epoch);
            if let Some(before) = assigned.insert((partition, epoch), assignment)
                && before.owner != assignment.owner
            {
                let why = format!("epoch {epoch} has two owners, {:?} and {:?}", before.owner, assignment.owner);
                self.find(Wrong::TwoOwners, &format!("partition {partition}"), assignment.at, why);
            }
        }
        // In the order of epochs the terms may only grow: a distribuidor of the past assigned nothing.
        for (before, after) in assigned.values().zip(assigned.values().skip(1)) {
            if before.partition == after.partition && after.term < before.term {
                let why = format!("epoch {} is of term {}, after term {}", after.epoch, after.term, before.term);
                self.find(Wrong::TwoOwners, &format!("partition {}", after.partition), after.at, why);
            }
        }
        for end in evidence.ended {
            let Some(assignment) = assigned.get(&(end.partition, end.epoch)) else { continue };
            if assignment.owner.as_ref() != Some(&end.by) {
                let why = format!("{} worked under epoch {} of {:?}", end.by, end.epoch, assignment.owner);
                self.find(Wrong::TwoOwners, &end.id, end.at, why);
            }
        }
    }
}

#[cfg(test)]
mod tests;
