//! The state behind the HTTP surface: the stores with the keys they have accepted, the faults in force, the ledger.
//!
//! Each store works as a real POS: one order at a time, in the order in which requests came, and no store waits for
//! another. A line is in the ledger before its answer goes out.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::order::Digest;
use contract::{OrderId, StoreId, UtcMs};
use tokio::sync::Semaphore;

use crate::decision::{Decision, Known, Reply, decide};
use crate::fault::{Faults, Plan, Trouble};
use crate::fingerprint::Fingerprint;
use crate::ledger::{Audit, Fate, Kind, Ledger, LedgerError, LedgerLine, Verdict};

/// Most stores that one simulator stands for; the largest deployment thought of has some thousands.
pub const STORES_MAX: usize = 10_000;

/// Most orders that one simulator remembers. A key is never forgotten, for forgetting would break idempotency: with
/// about 25 bytes each (in a table that may be half empty) and as much again for the audit, this is some 300 MB.
pub const ORDERS_MAX: u64 = 4_000_000;

/// Most requests that one store holds at a time. A caller that works as it should sends one.
pub const WAITING_MAX: usize = 256;

/// Seconds after which a caller turned away because of a bound may come back.
const BUSY_RETRY_AFTER_S: u32 = 1;

/// A request to take an order, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The store.
    pub store: StoreId,
    /// The idempotency key.
    pub key: String,
    /// The order, when the caller names it.
    pub order: Option<OrderId>,
    /// Number of the attempt, when the caller tells.
    pub attempt: Option<u32>,
    /// Place in the order of acceptance, when the caller tells.
    pub sequence: Option<u64>,
}

/// Keys that took effect at a store, with the fingerprint of the body's digest.
type Keys = HashMap<Fingerprint, Fingerprint>;

#[derive(Debug)]
struct Store {
    /// Held by the request whose turn it is; handed on in the order of asking.
    turn: tokio::sync::Mutex<Keys>,
    places: Semaphore,
}

impl Store {
    fn with(keys: Keys) -> Self {
        Self { turn: tokio::sync::Mutex::new(keys), places: Semaphore::new(WAITING_MAX) }
    }
}

/// Every store's POS.
#[derive(Debug)]
pub struct Simulator {
    ledger: Ledger,
    audit: Mutex<Audit>,
    stores: Mutex<HashMap<StoreId, Arc<Store>>>,
    faults: Mutex<Faults>,
    latency: Duration,
    orders: AtomicU64,
}

impl Simulator {
    /// Opens the ledger at `path` and takes up the keys that it holds; each answer takes `latency`.
    pub fn open(path: &Path, latency: Duration, faults: Faults) -> Result<Self, LedgerError> {
        let mut keys: HashMap<StoreId, Keys> = HashMap::new();
        let ledger = Ledger::open(path, |line| {
            if line.kind == Kind::Accepted {
                let body = Fingerprint::of(line.sha256.as_str());
                keys.entry(line.store).or_default().insert(Fingerprint::of(&line.key), body);
            }
        })?;
        let orders = keys.values().map(|keys| keys.len() as u64).sum();
        let stores = keys.into_iter().map(|(id, keys)| (id, Arc::new(Store::with(keys)))).collect();
        Ok(Self {
            audit: Mutex::new(Audit::open(path)?),
            ledger,
            stores: Mutex::new(stores),
            faults: Mutex::new(faults),
            latency,
            orders: AtomicU64::new(orders),
        })
    }

    /// Number of orders that have taken effect.
    pub fn orders(&self) -> u64 {
        self.orders.load(Ordering::Relaxed)
    }

    /// Puts `plan` in force at `store`. False when [`STORES_MAX`] other stores have one already.
    pub fn set_fault(&self, store: StoreId, plan: Plan) -> bool {
        let mut faults = held(&self.faults);
        let room = faults.plans().len() < STORES_MAX || faults.plans().contains_key(&store);
        if room {
            faults.set(store, plan);
        }
        room
    }

    /// Ends the fault of `store`; tells whether there was one.
    pub fn heal(&self, store: StoreId) -> bool {
        held(&self.faults).heal(store)
    }

    /// The faults in force.
    pub fn faults(&self) -> BTreeMap<StoreId, Plan> {
        held(&self.faults).plans().clone()
    }

    /// Judges the ledger's file as it is now. Blocks while it reads what is new.
    pub fn verdict(&self) -> Result<Verdict, LedgerError> {
        held(&self.audit).catch_up().cloned()
    }

    /// Takes an order, or does what the store's fault asks for. The fault is the one in force on arrival.
    ///
    /// Waits for the store's turn. Must run to its end even when the caller goes away, as a POS does.
    pub async fn take(&self, delivery: Delivery, sha256: Digest) -> Result<Reply, LedgerError> {
        let trouble = held(&self.faults).next(delivery.store, fastrand::f64());
        if trouble == Some(Trouble::Down) {
            // A machine that is down keeps nobody waiting.
            return self.write(delivery, sha256, decide(trouble, Known::New));
        }
        let Some(store) = self.store(delivery.store) else { return self.write(delivery, sha256, BUSY) };
        let Ok(_place) = store.places.try_acquire() else { return self.write(delivery, sha256, BUSY) };
        let mut keys = store.turn.lock().await;
        let extra = if let Some(Trouble::Slow { ms }) = trouble { Duration::from_millis(ms) } else { Duration::ZERO };
        tokio::time::sleep(self.latency + extra).await;

        let (key, body) = (Fingerprint::of(&delivery.key), Fingerprint::of(sha256.as_str()));
        let known = match keys.get(&key) {
            None => Known::New,
            Some(known) if *known == body => Known::Same,
            Some(_) => Known::Different,
        };
        let decision = decide(trouble, known);
        if decision.takes_effect && self.orders() >= ORDERS_MAX {
            return self.write(delivery, sha256, BUSY);
        }
        let reply = self.write(delivery, sha256, decision)?;
        if decision.takes_effect {
            keys.insert(key, body);
            self.orders.fetch_add(1, Ordering::Relaxed);
        }
        Ok(reply)
    }

    /// The store `id`; none when there are [`STORES_MAX`] others.
    fn store(&self, id: StoreId) -> Option<Arc<Store>> {
        let mut stores = held(&self.stores);
        if stores.len() >= STORES_MAX && !stores.contains_key(&id) {
            return None;
        }
        Some(Arc::clone(stores.entry(id).or_insert_with(|| Arc::new(Store::with(Keys::new())))))
    }

    /// Writes what `decision` means. It blocks, but only for as long as the system takes to copy half a kilobyte.
    fn write(&self, delivery: Delivery, sha256: Digest, decision: Decision) -> Result<Reply, LedgerError> {
        let Delivery { store, key, order, attempt, sequence } = delivery;
        tracing::debug!(%store, key, attempt, fate = ?decision.fate, "attempt");
        let at = UtcMs::from(jiff::Timestamp::now());
        let line =
            LedgerLine { at, kind: Kind::Attempt, store, order, key, attempt, sequence, sha256, fate: decision.fate };
        if decision.takes_effect {
            let effect = LedgerLine { kind: Kind::Accepted, fate: Fate::Accepted, ..line.clone() };
            self.ledger.append(&[line, effect])?;
        } else {
            self.ledger.append(&[line])?;
        }
        Ok(decision.reply)
    }
}

/// What a request that a bound turns away comes to.
const BUSY: Decision = Decision {
    takes_effect: false,
    fate: Fate::Unavailable,
    reply: Reply::Failure { status: 503, retry_after_s: Some(BUSY_RETRY_AFTER_S) },
};

/// None of our locks is left half-changed by a panic, so a poisoned one is as good as any.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
