//! What this instance counts and tells in its heartbeat.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use chassis::latency::Window;
use contract::heartbeat::{DistribuidorLoad, Load, Role};

/// The figures; written by the work, read by the heartbeat.
#[derive(Debug, Default)]
pub struct Figures {
    /// Role and term, which change together; the lag is known only to the active one.
    office: Mutex<(Role, u64, Option<u64>)>,
    distributed: AtomicU64,
    resolvers: AtomicU32,
    unowned: AtomicU32,
    /// Time from acceptance to hand-over.
    pub latency: Window,
}

impl Figures {
    /// This instance is active under `term`.
    pub fn holds(&self, term: u64) {
        *self.office() = (Role::Active, term, None);
    }

    /// This instance waits.
    pub fn stands_by(&self) {
        let mut office = self.office();
        office.0 = Role::Standby;
        office.2 = None;
    }

    /// Orders accepted and not yet handed over; `None` when it cannot be told.
    pub fn lag(&self, lag: Option<u64>) {
        self.office().2 = lag;
    }

    /// One more order was handed over.
    pub fn distributed(&self) {
        self.distributed.fetch_add(1, Ordering::Relaxed);
    }

    /// Live resolvers, and partitions without an owner.
    pub fn registry(&self, resolvers: usize, unowned: usize) {
        self.resolvers.store(u32::try_from(resolvers).unwrap_or(u32::MAX), Ordering::Relaxed);
        self.unowned.store(u32::try_from(unowned).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// For the heartbeat.
    pub fn load(&self) -> Load {
        let (role, term, lag) = *self.office();
        Load::Distribuidor(DistribuidorLoad {
            role,
            term,
            distributed: self.distributed.load(Ordering::Relaxed),
            lag,
            resolvers: self.resolvers.load(Ordering::Relaxed),
            unowned: self.unowned.load(Ordering::Relaxed),
            latency: self.latency.read(),
        })
    }

    fn office(&self) -> std::sync::MutexGuard<'_, (Role, u64, Option<u64>)> {
        self.office.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
