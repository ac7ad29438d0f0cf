//! The running service: what every request needs, and whether it may be worked on now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bus::catalogue::Catalogue;
use chassis::admission::Limits;
use chassis::{Chassis, Control, Instance};
use contract::heartbeat::Load;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::door::Door;
use crate::metrics::{InFlight, Metrics};
use crate::reply::ReplyCode;

/// Most requests worked on at once. Each may hold one body ([`crate::http::ORDER_BYTES_MAX`]), so this bounds memory
/// to 128 MiB of bodies; at 5 ms a request it allows some 50,000 requests a second, far above what two cores do.
pub const IN_FLIGHT_MAX: usize = 256;

/// How many commands of one kind are taken over the bus: as many as requests in all, and a moment's burst on top.
pub const COMMANDS: Limits = Limits { at_once_max: IN_FLIGHT_MAX, waiting_max: 64 };

/// Shared by all requests.
#[derive(Debug)]
pub struct Api {
    /// Who this process is.
    pub instance: Arc<Instance>,
    /// The bus.
    pub bus: bus::Connection,
    /// What the operators want.
    pub control: Control,
    /// The stores.
    pub catalogue: Catalogue,
    /// What is counted.
    pub metrics: Metrics,
    /// Who may come in over HTTP.
    pub door: Door,
    /// Where it listens, `host:port`.
    pub listen: String,
    permits: Arc<Semaphore>,
    streams: AtomicBool,
    /// Number of the connection on which `ORDERS` was seen to be whole; 0 before any.
    whole: AtomicU64,
}

/// Leave to work on one request; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    _place: OwnedSemaphorePermit,
    _counted: InFlight,
}

impl Api {
    /// For the service that `chassis` carries.
    pub fn new(chassis: &Chassis, listen: String, door: Door) -> Self {
        Self {
            instance: Arc::clone(&chassis.instance),
            bus: chassis.bus.clone(),
            control: chassis.control.clone(),
            catalogue: Catalogue::follow(&chassis.bus),
            metrics: Metrics::new(),
            door,
            listen,
            permits: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            streams: AtomicBool::new(false),
            whole: AtomicU64::new(0),
        }
    }

    /// A place among those worked on, or at once a no: waiting here would only hide the load from the sender.
    pub fn admit(&self) -> Result<Permit, ReplyCode> {
        let place = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| ReplyCode::Overloaded)?;
        Ok(Permit { _place: place, _counted: self.metrics.work() })
    }

    /// Whether something new may be taken now.
    pub fn may_take(&self) -> Result<(), ReplyCode> {
        if !self.control.is_running() {
            return Err(ReplyCode::Paused);
        }
        self.reach_bus()?;
        if !self.stores_ready() || self.whole.load(Ordering::Acquire) != self.bus.connects() {
            return Err(ReplyCode::BusUnavailable);
        }
        Ok(())
    }

    /// Whether the bus can be asked now. A disconnected client would keep what it is given and send it later.
    pub fn reach_bus(&self) -> Result<(), ReplyCode> {
        if self.bus.is_up() { Ok(()) } else { Err(ReplyCode::BusUnavailable) }
    }

    /// Whether the stores that were there at the start have been read.
    pub fn stores_ready(&self) -> bool {
        self.catalogue.progress().borrow().ready
    }

    /// Sequence in `STORES` up to which changes are taken up.
    pub fn stores_revision(&self) -> u64 {
        self.catalogue.progress().borrow().revision
    }

    /// Whether the streams were seen since the link last came up.
    pub fn streams_seen(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }

    /// Notes whether the streams are there.
    pub fn see_streams(&self, there: bool) {
        self.streams.store(there, Ordering::Relaxed);
    }

    /// Notes that `ORDERS` was seen to be whole on the connection with this number: on another one the server may be
    /// one that has lost the end of it.
    pub fn see_whole(&self, connects: u64) {
        self.whole.store(connects, Ordering::Release);
    }

    /// What the heartbeat tells.
    pub fn load(&self) -> (Load, Option<u64>) {
        let revision = self.stores_ready().then(|| self.stores_revision());
        (Load::Api(self.metrics.load(&self.listen)), revision)
    }
}
