//! What a person means to do, fixed by ids when the preview opens: rows that move, come or go change nothing in it.

use std::collections::BTreeMap;

use contract::{Country, InstanceId, OrderId, StoreId, StoreRecord, UtcMs};

use super::notices::Refusal;
use super::services::InstanceKey;
use crate::effect::{Draft, Planned};
use crate::mask::Difference;
use crate::operation::{Danger, Kind};
use crate::template::Kind as Template;

/// What is wanted, before it is looked at what that comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Test orders for a store.
    Inject {
        /// From which template.
        template: Template,
        /// For which store.
        store: StoreId,
        /// How many.
        count: usize,
        /// Most of them a second.
        pace: usize,
    },
    /// Orders once more.
    Reinject(Vec<OrderId>),
    /// An order once more with another payload, which differs so.
    ReinjectEdited(OrderId, Draft, Vec<Difference>),
    /// Nothing more about these orders.
    Solve(Vec<OrderId>),
    /// The head of this store's queue is given up.
    Release(StoreId),
    /// An instance is told to answer, pause, resume or drain.
    Tell(Kind, InstanceKey),
    /// The filter of an instance's log.
    LogLevel(InstanceKey, String),
    /// A store's partition goes to this resolver.
    Move(StoreId, InstanceId),
    /// A look at a store's POS.
    PingPos(StoreId),
    /// A store takes no orders, until then.
    PauseStore(StoreId, Option<UtcMs>),
    /// A store takes orders again.
    ResumeStore(StoreId),
    /// A store takes no orders any more.
    DisableStore(StoreId),
    /// A store as it is to be, a new one or one that is there.
    PutStore(Box<StoreRecord>),
    /// The personal data of an order.
    Reveal(OrderId),
    /// Acting in this context for a while.
    Unlock,
}

impl Wanted {
    /// Which operation it is.
    pub const fn kind(&self, store_exists: bool) -> Kind {
        match self {
            Self::Inject { .. } => Kind::Inject,
            Self::Reinject(_) => Kind::Reinject,
            Self::ReinjectEdited(..) => Kind::ReinjectEdited,
            Self::Solve(_) => Kind::Solve,
            Self::Release(_) => Kind::Release,
            Self::Tell(kind, _) => *kind,
            Self::LogLevel(..) => Kind::LogLevel,
            Self::Move(..) => Kind::Move,
            Self::PingPos(_) => Kind::PingPos,
            Self::PauseStore(..) => Kind::PauseStore,
            Self::ResumeStore(_) => Kind::ResumeStore,
            Self::DisableStore(_) => Kind::DisableStore,
            Self::PutStore(_) if store_exists => Kind::EditStore,
            Self::PutStore(_) => Kind::CreateStore,
            Self::Reveal(_) => Kind::Reveal,
            Self::Unlock => Kind::Unlock,
        }
    }
}

/// One request of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The request.
    pub planned: Planned,
    /// Country of what it is done to; `zz` where that is not known.
    pub country: Country,
    /// Why it would not be sent as things stand; it is looked at again right before.
    pub refusal: Option<Refusal>,
}

/// Everything that would be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Which operation.
    pub kind: Kind,
    /// Its requests, at most [`super::jobs::BATCH_MAX`], in the order in which they would be sent; none where nothing is
    /// sent.
    pub items: Vec<Item>,
    /// In what an edited payload differs from the one before.
    pub differences: Vec<Difference>,
    /// Most requests begun within a second.
    pub pace: usize,
    /// What is typed to confirm it; `None` when a button is enough.
    pub proof: Option<String>,
    /// Name of the thing that the proof names, or what it counts; for people.
    pub named: Option<String>,
}

impl Plan {
    /// How many there are by country, in the order of the countries.
    pub fn countries(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for item in &self.items {
            *counts.entry(item.country.to_string()).or_default() += 1;
        }
        counts
    }

    /// How many would be skipped as things stand.
    pub fn refused(&self) -> usize {
        self.items.iter().filter(|item| item.refusal.is_some()).count()
    }

    /// Why none of it would be sent as things stand, if so: the first of the reasons.
    pub fn refusal(&self) -> Option<&Refusal> {
        let first = self.items.first().and_then(|item| item.refusal.as_ref());
        first.filter(|_| self.refused() == self.items.len())
    }

    /// Country and count, `ec 47`; with several countries all of them: `co ec 47`.
    fn count(&self) -> String {
        let countries: Vec<String> = self.countries().into_keys().collect();
        format!("{} {}", countries.join(" "), self.items.len())
    }

    /// What has to be typed: the name of what is stopped or given up; country and count of more than one thing, and of
    /// anything in production. What changes nothing needs no proof.
    pub(crate) fn ask_proof(&mut self, production: bool) {
        let danger = self.kind.operation().danger;
        let single = self.items.len() <= 1;
        self.proof = match (danger, &self.named) {
            (Danger::Harmless, _) => None,
            (Danger::Grave, Some(name)) if single => Some(name.clone()),
            (Danger::Ordinary, _) if single && !production => None,
            _ => Some(self.count()),
        };
    }
}
