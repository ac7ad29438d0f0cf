//! One change of the world, complete to the last byte: what the preview shows, the audit trail hashes and the guard lets
//! pass is the same value.

use std::fmt;

use contract::command::{LogLevel, Move, PingPos, Reinject, Release, Solve, Verb};
use contract::order::Digest;
use contract::permission::{Held, Right};
use contract::{
    CommandId, Country, InstanceId, Operator, OrderId, Service, StoreId, StoreRecord, header, stream, subject,
};

use crate::template::Kind;

/// A change of the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// A test order.
    Inject(PlannedOrder),
    /// A command without a body to an instance.
    Command {
        /// The service.
        service: Service,
        /// The instance.
        instance: InstanceId,
        /// What it is told.
        verb: Verb,
    },
    /// Another level for an instance's log.
    LogLevel {
        /// The service.
        service: Service,
        /// The instance.
        instance: InstanceId,
        /// The filter, for example `debug`.
        filter: String,
    },
    /// A decision about an order that was not injected.
    Decide(Decide),
    /// The head of a store's queue is given up.
    Release(Releasing),
    /// A store's record.
    Store {
        /// The record as it is to be.
        record: Box<StoreRecord>,
        /// What must still be so.
        fence: Fence,
    },
    /// A look at a store's POS from where its orders are injected.
    PingPos {
        /// The resolver that looks: the store's owner.
        instance: InstanceId,
        /// The store.
        store: StoreId,
    },
    /// A partition goes to another resolver.
    Move(Moving),
    /// An order's payload is read, to be shown as it is. Nothing is published but the question.
    Reveal(Revealing),
}

/// A test order, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOrder {
    /// What it is made from.
    pub template: Kind,
    /// Identity of the order.
    pub order: OrderId,
    /// Country of its store.
    pub country: Country,
    /// The store's code and name, for people.
    pub place: String,
    /// The payload, byte for byte.
    pub body: Vec<u8>,
}

/// A decision about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decide {
    /// Of this command; the same on every repeat.
    pub id: CommandId,
    /// The order.
    pub order: OrderId,
    /// Country of its store.
    pub country: Country,
    /// Who decides.
    pub by: Operator,
    /// Why.
    pub reason: Option<String>,
    /// What is decided.
    pub verdict: Verdict,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Once more, as it was or with this payload.
    Reinject(Option<Draft>),
    /// Nothing more is to be done.
    Solve,
}

/// An edited payload. The payload itself holds personal data and stays outside of state, with whoever let it be
/// edited; here is what it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Digest of the edited payload.
    pub digest: Digest,
    /// Its length, in bytes.
    pub bytes: usize,
    /// Its length as a text of JSON, quotes included, in bytes.
    pub quoted: usize,
}

impl Draft {
    /// What `text` is known by.
    pub fn of(text: &str) -> Self {
        // A text always serialises.
        let quoted = serde_json::to_string(text).map_or(0, |quoted| quoted.len());
        Self { digest: Digest::of(text.as_bytes()), bytes: text.len(), quoted }
    }
}

/// What must still be so when a store's record is written: the server refuses the write when somebody wrote in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fence {
    /// The store's record has this revision.
    Record(u64),
    /// Of all stores, nothing was written after this revision: the id of a new one must be free in every country.
    Catalogue(u64),
}

impl Fence {
    /// The header that says so to the server.
    pub fn header(self) -> (&'static str, String) {
        match self {
            Self::Record(revision) => ("Nats-Expected-Last-Subject-Sequence", revision.to_string()),
            Self::Catalogue(revision) => ("Nats-Expected-Last-Sequence", revision.to_string()),
        }
    }
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releasing {
    /// Of this command; the same on every repeat.
    pub id: CommandId,
    /// The resolver that owns the store.
    pub instance: InstanceId,
    /// The order at the head.
    pub order: OrderId,
    /// Country of its store.
    pub country: Country,
    /// Its sequence in `ORDERS`.
    pub intake: u64,
    /// Who wants it.
    pub by: Operator,
}

/// A look at an order's payload as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealing {
    /// The order.
    pub order: OrderId,
    /// Country of its store.
    pub country: Country,
}

/// A move of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moving {
    /// Of this command; the same on every repeat.
    pub id: CommandId,
    /// The active distribuidor.
    pub instance: InstanceId,
    /// The store because of which it is moved.
    pub store: StoreId,
    /// The epoch of the owner that it is taken from; with another one nothing is done.
    pub epoch: Option<u64>,
    /// The resolver that is to own it.
    pub to: InstanceId,
    /// Who wants it.
    pub by: Operator,
}

/// What a change is done to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An order.
    Order(OrderId),
    /// An instance.
    Instance(Service, InstanceId),
    /// A store.
    Store(StoreId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(id) => id.fmt(f),
            Self::Instance(_, instance) => instance.fmt(f),
            Self::Store(id) => id.fmt(f),
        }
    }
}

impl Planned {
    /// What it is done to.
    pub fn target(&self) -> Target {
        match self {
            Self::Inject(order) => Target::Order(order.order.clone()),
            Self::Command { service, instance, .. } | Self::LogLevel { service, instance, .. } => {
                Target::Instance(*service, instance.clone())
            }
            Self::Decide(decide) => Target::Order(decide.order.clone()),
            Self::Release(release) => Target::Order(release.order.clone()),
            Self::Store { record, .. } => Target::Store(record.id),
            Self::PingPos { store, .. } => Target::Store(*store),
            Self::Move(moving) => Target::Store(moving.store),
            Self::Reveal(reveal) => Target::Order(reveal.order.clone()),
        }
    }

    /// The exact subject of the request.
    pub fn subject(&self) -> String {
        match self {
            Self::Inject(_) => subject::command_any(Service::Api, Verb::Inject),
            Self::Command { service, instance, verb } => subject::command(*service, instance, *verb),
            Self::LogLevel { service, instance, .. } => subject::command(*service, instance, Verb::LogLevel),
            Self::Decide(Decide { verdict: Verdict::Reinject(_), .. }) => {
                subject::command_any(Service::Api, Verb::Reinject)
            }
            Self::Decide(Decide { verdict: Verdict::Solve, .. }) => subject::command_any(Service::Api, Verb::Solve),
            Self::Release(release) => subject::command(Service::Resolver, &release.instance, Verb::Release),
            Self::Store { record, .. } => subject::store(record.country, record.id),
            Self::PingPos { instance, .. } => subject::command(Service::Resolver, instance, Verb::PingPos),
            Self::Move(moving) => subject::command(Service::Distribuidor, &moving.instance, Verb::Move),
            Self::Reveal(reveal) => reading(&reveal.order),
        }
    }

    /// The exact headers of the request.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Inject(order) => vec![(header::FORMAT, order.template.format().as_str().to_owned())],
            Self::Store { fence, .. } => vec![fence.header()],
            _ => Vec::new(),
        }
    }

    /// The draft that whoever sends it must put in its place.
    pub const fn draft(&self) -> Option<&Draft> {
        match self {
            Self::Decide(Decide { verdict: Verdict::Reinject(draft), .. }) => draft.as_ref(),
            _ => None,
        }
    }

    /// The exact body of the request. Where there is a draft, `payload` is its text; without it, the draft's digest
    /// stands for it.
    pub fn body(&self, payload: Option<&str>) -> Vec<u8> {
        // Structs of strings and numbers always serialise; were it not so, an empty body would be refused.
        match self {
            Self::Inject(order) => order.body.clone(),
            // The question is in the subject.
            Self::Command { .. } | Self::Reveal(_) => Vec::new(),
            Self::LogLevel { filter, .. } => json(&LogLevel { filter: filter.clone() }),
            Self::Decide(decide) => decide.body(payload),
            Self::Release(release) => json(&Release {
                id: release.id.clone(),
                order: release.order.clone(),
                intake: release.intake,
                by: release.by.clone(),
            }),
            Self::Store { record, .. } => json(record),
            Self::PingPos { store, .. } => json(&PingPos { store: *store }),
            Self::Move(moving) => json(&Move {
                id: moving.id.clone(),
                partition: None,
                store: Some(moving.store),
                to: moving.to.clone(),
                epoch: moving.epoch,
                by: moving.by.clone(),
            }),
        }
    }

    /// Length of the request's body, in bytes.
    pub fn bytes(&self) -> usize {
        match self.draft() {
            // The digest, quoted, makes room for the payload, quoted.
            Some(draft) => self.body(None).len() - (draft.digest.as_str().len() + 2) + draft.quoted,
            None => self.body(None).len(),
        }
    }

    /// Puts the operator's reason where the request has a place for it: in a decision, and in a store's record that it
    /// closes.
    pub fn give_reason(&mut self, reason: Option<&str>) {
        match self {
            Self::Decide(decide) => decide.reason = reason.map(str::to_owned),
            Self::Store { record, .. } => record.reason = reason.map(str::to_owned),
            _ => {}
        }
    }
}

impl Decide {
    fn body(&self, payload: Option<&str>) -> Vec<u8> {
        let (id, order, by) = (self.id.clone(), self.order.clone(), self.by.clone());
        match &self.verdict {
            Verdict::Solve => json(&Solve { id, order, by, reason: self.reason.clone().unwrap_or_default() }),
            Verdict::Reinject(draft) => {
                let payload = draft.as_ref().map(|draft| payload.unwrap_or(draft.digest.as_str()).to_owned());
                json(&Reinject { id, order, by, reason: self.reason.clone(), payload })
            }
        }
    }
}

/// Where the last message about an order is asked for.
pub fn reading(order: &OrderId) -> String {
    let asked = Right::Look(Held::Stream(&stream::ORDERS)).subjects("").publish;
    format!("{}.{}", asked.first().map_or("", String::as_str), subject::order_anywhere(order))
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
