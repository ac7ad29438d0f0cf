//! One order's history in stream `ORDERS`: the order as it came, then what people decided about it; and how a pass of it
//! ended.

use async_nats::jetstream::Context;
use bus::read::{self, Stored};
use bus::{Error, ErrorKind};
use contract::decision::{DECISIONS_MAX, DecisionKind};
use contract::order::Ending;
use contract::stream::{ORDERS, OUTCOMES};
use contract::{CommandId, Decision, OrderHead, Outcome, header, subject};

/// A message of the order's subject.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Its sequence.
    pub(crate) sequence: u64,
    /// The order without its payload, when it goes to its store with this message.
    pub(crate) head: Option<OrderHead>,
    /// What was decided; absent for the order as it came.
    pub(crate) decision: Option<Decision>,
}

/// The history, oldest first, and the message of the last pass.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// At least one; the first has a head.
    entries: Vec<Entry>,
    /// The last message with a head.
    pass: Stored,
}

/// What may be decided now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Open {
    /// The last pass, if it was not injected. `last` is the order's last message; `full`: it may be solved, not reinjected.
    Pass { last: u64, full: bool },
    /// The same command decided it before, with the message of this sequence.
    Done(u64, DecisionKind),
    /// Somebody said that nothing more is to be done.
    Solved,
}

impl History {
    /// Reads the history of the order whose messages match `filter`; `None` when there is no such order.
    pub(crate) async fn read(js: &Context, filter: &str) -> Result<Option<Self>, Error> {
        let mut entries = Vec::new();
        let mut pass = None;
        let mut from = 1;
        // The order itself, and a decision more than there can be.
        while entries.len() <= DECISIONS_MAX + 1 {
            let Some(stored) = read::next(js, ORDERS.name, filter, from).await? else { break };
            if stored.subject == subject::FILLER {
                break;
            }
            from = stored.sequence + 1;
            let head: Option<OrderHead> = header(&stored, header::ORDER_HEAD)?;
            let entry = Entry { sequence: stored.sequence, decision: header(&stored, header::DECISION)?, head };
            if entry.head.is_some() {
                pass = Some(stored);
            }
            entries.push(entry);
        }
        Ok(pass.map(|pass| Self { entries, pass }))
    }

    /// The head of the last pass.
    pub(crate) fn head(&self) -> Option<&OrderHead> {
        self.entries.iter().rev().find_map(|entry| entry.head.as_ref())
    }

    /// The message of the last pass.
    pub(crate) const fn pass(&self) -> &Stored {
        &self.pass
    }

    /// The order's last message.
    pub(crate) fn last(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// Whether the last word is that nothing more is to be done.
    pub(crate) fn is_solved(&self) -> bool {
        let decision = self.last().and_then(|entry| entry.decision.as_ref());
        decision.is_some_and(|decision| decision.kind == DecisionKind::Solved)
    }

    /// What `command` meets.
    pub(crate) fn open(&self, command: &CommandId) -> Open {
        let done = self.entries.iter().find_map(|entry| {
            let decision = entry.decision.as_ref()?;
            (decision.command == *command).then_some(Open::Done(entry.sequence, decision.kind))
        });
        let last = self.entries.last().map_or(0, |entry| entry.sequence);
        match done {
            Some(done) => done,
            None if self.is_solved() => Open::Solved,
            None => Open::Pass { last, full: self.entries.len() > DECISIONS_MAX },
        }
    }
}

/// A header as JSON; `None` when it is not there.
fn header<T: serde::de::DeserializeOwned>(stored: &Stored, name: &str) -> Result<Option<T>, Error> {
    let read = stored.header(name).map(serde_json::from_str).transpose();
    read.map_err(|error| {
        Error::new(ErrorKind::Refused, format!("reading {name} of message {}", stored.sequence), error)
    })
}

/// How a pass ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// Not yet.
    None,
    /// With this outcome.
    Outcome(Box<Outcome>),
    /// It did, by the store's watermark, but its own outcome is not there (any more).
    Forgotten,
}

impl End {
    /// Whether it waits for a person.
    pub(crate) fn is_not_injected(&self) -> bool {
        matches!(self, Self::Outcome(outcome) if matches!(outcome.ending, Ending::NotInjected { .. }))
    }
}

/// How the pass of `head` that began with `intake` in `ORDERS` ended.
///
/// The outcomes of a store come in the order of acceptance, so its own is found by halving: some twenty requests
/// however many there are.
pub(crate) async fn end(js: &Context, head: &OrderHead, intake: u64) -> Result<End, Error> {
    let filter = subject::outcome(head.country, head.store);
    let Some(last) = read::last(js, OUTCOMES.name, &filter).await? else { return Ok(End::None) };
    let mut covering = outcome(&last)?;
    if covering.watermark < intake {
        return Ok(End::None);
    }
    let (mut low, mut high) = (1, last.sequence);
    while low < high {
        let middle = low + (high - low) / 2;
        match read::next(js, OUTCOMES.name, &filter, middle).await? {
            Some(stored) if stored.sequence < high => {
                let seen = outcome(&stored)?;
                if seen.watermark >= intake {
                    (covering, high) = (seen, middle);
                } else {
                    low = stored.sequence + 1;
                }
            }
            // The one that is known to cover it is the next one.
            _ => high = middle,
        }
    }
    Ok(if covering.intake == intake { End::Outcome(Box::new(covering)) } else { End::Forgotten })
}

fn outcome(stored: &Stored) -> Result<Outcome, Error> {
    serde_json::from_slice(&stored.payload)
        .map_err(|error| Error::new(ErrorKind::Refused, format!("reading outcome {}", stored.sequence), error))
}
