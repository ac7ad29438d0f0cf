//! The store catalogue, its changes, and which instance has taken each up.

use std::collections::BTreeMap;

use contract::{Country, StoreId, StoreRecord, UtcMs};

use crate::filter::fold;
use crate::state::ring::Ring;

/// Changes kept for the feed.
pub const CHANGES_MAX: usize = 200;

/// Stores kept: a group has several hundred; beyond this new ones are counted and left out.
pub const STORES_MAX: usize = 10_000;

/// A record as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// The record.
    pub record: StoreRecord,
    /// Its revision, once known; live messages do not tell it, it is fetched right after.
    pub revision: Option<u64>,
    /// Number, code and name, folded: what a filter of orders asks of each of many thousand rows.
    pub words: String,
}

/// A change of a record, as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreChange {
    /// When it came, by this machine's clock.
    pub at: UtcMs,
    /// The store.
    pub store: StoreId,
    /// Its country.
    pub country: Country,
    /// The revision, once known.
    pub revision: Option<u64>,
    /// Whether the store was not known before.
    pub new: bool,
    /// Who wrote it, if the record says so.
    pub by: Option<String>,
}

/// All stores.
#[derive(Debug, Clone, PartialEq)]
pub struct Stores {
    by_id: BTreeMap<StoreId, Store>,
    /// Changes seen live, oldest first.
    pub changes: Ring<StoreChange>,
    /// Stores left out for want of room.
    pub left_out: u64,
    /// The newest revision that was told, of any store.
    last: u64,
}

impl Default for Stores {
    fn default() -> Self {
        Self { by_id: BTreeMap::new(), changes: Ring::new(CHANGES_MAX), left_out: 0, last: 0 }
    }
}

impl Stores {
    /// The store with this id.
    pub fn get(&self, id: StoreId) -> Option<&Store> {
        self.by_id.get(&id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Store> {
        self.by_id.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Code and name for people, `K024 EL NORTE`; empty when the store is not known.
    pub fn place(&self, id: StoreId) -> String {
        self.get(id).map_or_else(String::new, |store| format!("{} {}", store.record.code, store.record.name))
    }

    /// Number, code and name, folded; empty when the store is not known.
    pub fn words(&self, id: StoreId) -> &str {
        self.get(id).map_or("", |store| store.words.as_str())
    }

    /// The store that a person means: its id, or its code whatever the case.
    pub fn find(&self, text: &str) -> Option<&Store> {
        let text = text.trim();
        let by_id = text.parse().ok().and_then(|id| self.get(id));
        by_id.or_else(|| self.iter().find(|store| store.record.code.to_lowercase() == text.to_lowercase()))
    }

    /// The newest revision of all, 0 while there are no stores; `None` while that of a store that was just changed is not known.
    pub fn last(&self) -> Option<u64> {
        self.iter().all(|store| store.revision.is_some()).then_some(self.last)
    }

    /// Takes a record. One with a known revision never gives way to an older one. Returns whether it was taken.
    pub fn take(&mut self, record: &StoreRecord, revision: Option<u64>) -> bool {
        self.last = self.last.max(revision.unwrap_or(0));
        let known = self.by_id.get(&record.id);
        if known.is_none() && self.by_id.len() >= STORES_MAX {
            self.left_out += 1;
            return false;
        }
        let newer = match (known, revision) {
            (Some(Store { revision: Some(known), .. }), Some(revision)) => revision >= *known,
            // A live message without revision is newer than whatever was read before.
            _ => true,
        };
        if newer {
            let words = fold(&format!("{} {} {}", record.id, record.code, record.name));
            self.by_id.insert(record.id, Store { record: record.clone(), revision, words });
        }
        if let Some(revision) = revision {
            self.changes.settle(record.id, revision);
        }
        newer
    }

    /// Notes a change seen live.
    pub fn note(&mut self, change: StoreChange) {
        self.changes.push(change);
    }
}

impl Ring<StoreChange> {
    /// Tells the newest change of a store its revision, once that is known.
    fn settle(&mut self, store: StoreId, revision: u64) {
        if let Some(change) = self.iter_mut().rev().find(|change| change.store == store)
            && change.revision.is_none()
        {
            change.revision = Some(revision);
        }
    }
}
