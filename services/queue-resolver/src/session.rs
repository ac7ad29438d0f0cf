//! One partition while it is ours: its consumer, the lanes of its stores, and what the lanes ask for.
//!
//! The consumer is made under a name that carries the epoch, so that a late acknowledgement of a former owner hits
//! nothing, and it is made anew on any anomaly: everything unacknowledged then comes again, in stream order.

pub(crate) mod deeds;
pub(crate) mod intake;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bus::catalogue::Catalogue;
use chassis::clock::monotonic_ms;
use chassis::lease::Tenure;
use chassis::{Chassis, RETRY_DELAY};
use contract::{Partition, StoreId, command};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::figures::{Figures, LaneFigures};
use crate::lane::{self, Deed, Lane, Moment, Place, Step, Stored};
use crate::pos;
use crate::release::{Asked, Met, Releases, Waiters};
use crate::schedule::Schedule;
use deeds::{Done, Flight};
pub use intake::Epoch;
use intake::{Arrival, Consumer};

/// What all sessions of this process share.
#[derive(Debug)]
pub struct Shared {
    /// The frame of the service.
    pub chassis: Arc<Chassis>,
    /// Where each store's POS is.
    pub catalogue: Catalogue,
    /// Calls a POS.
    pub pos: pos::Client,
    /// When to try again.
    pub schedule: Schedule,
    /// How long one attempt may take.
    pub deadline: Duration,
    /// Least time between the beginnings of two orders of one store, in milliseconds.
    pub pace_ms: u64,
    /// Where operators' wishes about orders come in.
    pub releases: Releases,
    /// Attempts that may be under way at the same time.
    pub in_flight: Semaphore,
    /// What the heartbeat tells.
    pub figures: Arc<Figures>,
}

/// What the tenancy wants of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Work.
    Serve,
    /// Finish what is under way and end; the partition will be given back.
    Finish,
    /// It is somebody else's: drop everything at once.
    Drop,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing is under way; the partition may be given back.
    Finished,
    /// It was, or turned out to be, somebody else's.
    Dropped,
}

/// Entries that all lanes of a session may hold; beyond it the consumer is read no further. At about 200 bytes each
/// behind the first of a lane, this bounds a session to some 200 MB in the worst case. It is more than `QUEUES` holds at
/// its usual size, so that no dead store's backlog blocks the other stores of its partition.
const ENTRIES_MAX: usize = 1_000_000;

/// While the lanes of a session hold fewer entries than this, each is kept whole, for reading one back costs a round trip. At
/// about a kilobyte each, this bounds all 32 sessions to some 64 MB besides what each lane keeps in any case.
const ROOM: usize = 2_048;

impl Shared {
    /// Longest time that finishing what is under way may take: one attempt, then storing and acknowledging, each of
    /// which may be tried again once.
    pub fn finish_limit(&self) -> Duration {
        self.deadline + 4 * bus::REQUEST_TIMEOUT
    }
}

/// Without the bus nothing can be finished: ends when that is wished, after waiting a little for the bus.
async fn given_up(wish: &mut watch::Receiver<Wish>, bus: &bus::Connection) -> End {
    // An error means that the tenancy is gone.
    if wish.wait_for(|wish| *wish != Wish::Serve).await.is_ok_and(|wish| *wish == Wish::Finish) {
        let _ = tokio::time::timeout(AWAY_LIMIT, bus.up()).await;
    }
    End::Dropped
}

/// Remembers under which consumer a deed began.
fn tag(generation: u32, flight: Flight) -> BoxFuture<'static, (u32, StoreId, Done)> {
    flight.map(move |(store, done)| (generation, store, done)).boxed()
}

/// How long [`Wish::Finish`] waits for a bus that is away: a reconnect takes less, an outage much more.
const AWAY_LIMIT: Duration = Duration::from_secs(3);

/// One partition while it is ours.
#[derive(Debug)]
pub struct Session {
    shared: Arc<Shared>,
    partition: Partition,
    epoch: Epoch,
    /// Told to finish: what was begun is finished, nothing new begins.
    finishing: bool,
    /// The resolver's lease and, cleared by the tenancy, this partition's.
    tenure: Tenure,
    ours: Arc<AtomicBool>,
    lanes: HashMap<StoreId, Lane>,
    flights: FuturesUnordered<BoxFuture<'static, (u32, StoreId, Done)>>,
    /// Lanes that wait for a time.
    due: BTreeSet<(u64, StoreId)>,
    due_of: BTreeMap<StoreId, u64>,
    waiters: Waiters,
    held: usize,
    /// A lane found out that its store is somebody else's, and so is the partition.
    fenced: bool,
    generation: u32,
}

impl Session {
    /// A session that has not begun.
    pub fn new(shared: Arc<Shared>, partition: Partition, epoch: Epoch, tenure: Tenure, ours: Arc<AtomicBool>) -> Self {
        Self {
            shared,
            partition,
            epoch,
            finishing: false,
            tenure,
            ours,
            lanes: HashMap::new(),
            flights: FuturesUnordered::new(),
            due: BTreeSet::new(),
            due_of: BTreeMap::new(),
            waiters: Waiters::default(),
            held: 0,
            fenced: false,
            generation: 0,
        }
    }

    /// Serves until told otherwise.
    pub async fn run(mut self, mut wish: watch::Receiver<Wish>) -> End {
        let (partition, epoch) = (self.partition, self.epoch.revision);
        self.shared.figures.session(partition, |session| session.epoch = epoch);
        let mut asked = self.shared.releases.open(partition);
        let end = loop {
            match self.serve(&mut wish, &mut asked).await {
                Ok(end) => break end,
                Err(error) => {
                    tracing::warn!(%partition, epoch, %error, "making the consumer anew");
                    self.lanes.values_mut().for_each(Lane::reset);
                    self.held = self.lanes.values().map(Lane::depth).sum();
                }
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY_DELAY) => {}
                changed = wish.wait_for(|wish| *wish == Wish::Drop) => if changed.is_ok() { break End::Dropped },
            }
        };
        self.shared.releases.close(partition);
        self.shared.figures.ended(partition);
        tracing::info!(%partition, epoch, ?end, "partition left");
        end
    }

    /// One consumer's life. An error asks for a new one.
    async fn serve(
        &mut self,
        wish: &mut watch::Receiver<Wish>,
        asked: &mut mpsc::Receiver<Asked>,
    ) -> Result<End, async_nats::Error> {
        let shared = Arc::clone(&self.shared);
        let bus = &shared.chassis.bus;
        tokio::select! {
            biased;
            () = bus.up() => {}
            end = given_up(wish, bus) => return Ok(end),
        }
        let connects = bus.connects();
        self.generation += 1;
        let opened = Consumer::open(&bus.js, self.partition, self.epoch, self.generation).await?;
        // A consumer of a later epoch exists: the partition has moved on without us.
        let Some(mut consumer) = opened else { return Ok(End::Dropped) };
        let mut state = shared.chassis.control.follow();
        self.wake_all();
        loop {
            match *wish.borrow_and_update() {
                // Here as well as below: what is seen here wakes nobody there, and a session that missed it would neither
                // begin anything nor end.
                Wish::Drop => return Ok(End::Dropped),
                Wish::Finish => self.finishing = true,
                Wish::Serve => {}
            }
            if self.finishing && !self.is_busy() {
                consumer.close(&bus.js).await;
                return Ok(End::Finished);
            }
            let next_due =
                self.due.first().map(|(at_ms, _)| Duration::from_millis(at_ms.saturating_sub(monotonic_ms())));
            tokio::select! {
                Some((generation, store, done)) = self.flights.next(), if !self.flights.is_empty() => {
                    self.done(generation, store, done)?;
                }
                arrival = consumer.next(), if self.held < ENTRIES_MAX && !self.finishing => {
                    self.take(arrival?)?;
                }
                Some(asked) = asked.recv() => self.release(asked),
                () = tokio::time::sleep(next_due.unwrap_or_default()), if next_due.is_some() => self.wake_due(),
                changed = wish.changed() => {
                    if changed.is_err() || *wish.borrow() == Wish::Drop {
                        return Ok(End::Dropped);
                    }
                }
                _ = state.changed() => self.wake_all(),
                () = bus.interrupted(connects) => return Err("the bus was away".into()),
            }
            if self.fenced {
                return Ok(End::Dropped);
            }
        }
    }

    /// An operator gives up the order at the head of a queue.
    fn release(&mut self, asked: Asked) {
        let Asked { release: command::Release { id, order, intake, .. }, reply } = asked;
        let lane = self.lanes.get_mut(&order.store);
        let met = match lane.map_or(lane::Release::NotAtHead, |lane| lane.release(&order, intake, id)) {
            lane::Release::NotAtHead => Met::NotAtHead,
            lane::Release::Now | lane::Release::Pending => Met::GivenUp(self.waiters.add(intake)),
        };
        // Whoever asked may have gone.
        let _ = reply.send(met);
        self.drive(order.store);
    }

    fn is_busy(&self) -> bool {
        self.lanes.values().any(Lane::is_busy)
    }

    /// Whether a new attempt may begin right now; asked again by the deed itself just before it sends.
    fn may_start(&self) -> bool {
        !self.finishing && self.shared.chassis.control.is_running() && self.ours.load(Ordering::Acquire)
    }

    fn take(&mut self, arrival: Arrival) -> Result<(), async_nats::Error> {
        let Arrival { store, country, queue_seq, reply, entry } = arrival;
        let place = || Place {
            country,
            store,
            partition: self.partition,
            epoch: self.epoch.revision,
            by: self.shared.chassis.instance.origin(),
            pace_ms: self.shared.pace_ms,
        };
        let lane = self.lanes.entry(store).or_insert_with(|| Lane::new(place()));
        let before = lane.depth();
        let taken = lane.delivered(queue_seq, reply, entry, self.held < ROOM);
        self.held = self.held + lane.depth() - before;
        self.drive(store);
        if taken { Ok(()) } else { Err("a place of QUEUES that is being worked on holds another order".into()) }
    }

    /// Does what a lane asks for until it waits.
    fn drive(&mut self, store: StoreId) {
        let may_start = self.may_start();
        let now = Moment { utc: chassis::now(), mono_ms: monotonic_ms() };
        if let Some(at_ms) = self.due_of.remove(&store) {
            self.due.remove(&(at_ms, store));
        }
        let Some(lane) = self.lanes.get_mut(&store) else { return };
        loop {
            match lane.step(now, may_start) {
                Step::Do(Deed::Attempt { entry, attempt }) => {
                    let (tenure, ours) = (self.tenure.clone(), Arc::clone(&self.ours));
                    let flight = deeds::attempt(Arc::clone(&self.shared), tenure, ours, entry, attempt);
                    self.flights.push(tag(self.generation, flight));
                }
                Step::Do(deed) => {
                    let flight = deeds::on_the_bus(&self.shared, store, lane.place(), deed);
                    self.flights.push(tag(self.generation, flight));
                }
                Step::Wait(at_ms) => {
                    if let Some(at_ms) = at_ms {
                        self.due.insert((at_ms, store));
                        self.due_of.insert(store, at_ms);
                    }
                    break;
                }
                Step::Fenced => {
                    self.fenced = true;
                    break;
                }
            }
        }
        let depth = u32::try_from(lane.depth()).unwrap_or(u32::MAX);
        let head = lane.head();
        self.shared.figures.session(self.partition, |session| {
            if depth == 0 {
                session.lanes.remove(&store);
            } else {
                session.lanes.insert(store, LaneFigures { depth, head });
            }
        });
    }

    fn wake_due(&mut self) {
        let now_ms = monotonic_ms();
        while let Some((at_ms, store)) = self.due.first().copied().filter(|(at_ms, _)| *at_ms <= now_ms) {
            self.due.remove(&(at_ms, store));
            self.due_of.remove(&store);
            self.drive(store);
        }
    }

    fn wake_all(&mut self) {
        let stores: Vec<_> = self.lanes.keys().copied().collect();
        for store in stores {
            self.drive(store);
        }
    }

    /// A deed was answered.
    fn done(&mut self, generation: u32, store: StoreId, done: Done) -> Result<(), async_nats::Error> {
        let now = Moment { utc: chassis::now(), mono_ms: monotonic_ms() };
        let Some(lane) = self.lanes.get_mut(&store) else { return Ok(()) };
        let before = lane.depth();
        let mut unconfirmed = false;
        match done {
            Done::Marked(mark) => lane.marked(mark, now),
            Done::ReadBack(queue_seq, entry) => lane.read_back(queue_seq, entry, now),
            Done::Attempted(verdict, took_ms) => {
                lane.attempted(verdict, took_ms, &self.shared.schedule, now, fastrand::f64());
            }
            Done::Stored(outcome, stored) => {
                match stored {
                    Stored::At(_) => self.waiters.ended(&outcome),
                    Stored::Conflict(_) => self.waiters.overtaken(outcome.intake),
                    Stored::AgedOut | Stored::Unknown => {}
                }
                lane.stored(outcome, stored, now);
            }
            Done::Acked(queue_seq, confirmed) => {
                lane.acked(queue_seq, confirmed);
                // One that a former consumer left unconfirmed says nothing about this one.
                unconfirmed = !confirmed && generation == self.generation;
            }
            Done::Told => {}
        }
        self.held = self.held + lane.depth() - before;
        self.drive(store);
        if unconfirmed { Err("an acknowledgement was not confirmed".into()) } else { Ok(()) }
    }
}
