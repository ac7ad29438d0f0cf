//! One partition while it is a resolver's, as `queue_resolver::session` is: its consumer, its lanes, their deeds.

mod deeds;

use std::collections::{BTreeMap, VecDeque};

use chassis::lease::Tenure;
use contract::order::Origin;
use contract::{Country, OrderHead, Partition, QueueEntry, StoreId};
use queue_resolver::lane::{Deed, Lane, Moment, Place, Release, Step};
use queue_resolver::schedule::Schedule;

use crate::Protection;
use crate::agenda::{MS, S, Us};
use crate::distribuidor::mono_ms;
use crate::hand::{REQUEST_TIMEOUT, RETRY_DELAY};
use crate::names::utc;
use crate::rare::Rare;
use crate::wire::{Name, Push, Reply, Request};
use crate::world::{Timer, World};
use deeds::Flight;

/// How long finishing waits for a bus that is away; as in `queue_resolver::session`.
const AWAY_LIMIT: Us = 3 * S;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing is under way; the partition may be given back.
    Finished,
    /// It was, or turned out to be, somebody else's.
    Dropped,
}

#[derive(Debug)]
enum Stage {
    /// The bus is away.
    Away,
    Listing(u64),
    Deleting(u64, VecDeque<Name>),
    Creating(u64),
    /// The consumer is there; number of its last delivery.
    Open(u64),
    /// After an anomaly.
    Pausing(u64),
    /// Deletes its consumer.
    Closing(u64),
}

/// What a session is made of.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The resolver's process and run.
    pub process: usize,
    /// See `process`.
    pub run: u32,
    /// Who that is.
    pub by: Origin,
    /// Every store's country.
    pub country: Country,
    /// The resolver's lease.
    pub tenure: Tenure,
    /// When to try again.
    pub schedule: Schedule,
    /// Least time between two orders of a store, in milliseconds.
    pub pace_ms: u64,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    number: u64,
    tenant: Tenant,
    /// Its partition.
    pub partition: Partition,
    epoch: u64,
    generation: u32,
    stage: Stage,
    lanes: BTreeMap<StoreId, Lane>,
    due: BTreeMap<StoreId, u64>,
    flights: BTreeMap<u64, Flight>,
    /// Answers that came while the consumer was not open: nobody looks at them before it is.
    held: VecDeque<(u64, Option<Reply>)>,
    /// What operators asked for while the consumer was not open.
    releases: VecDeque<(StoreId, u64)>,
    finishing: bool,
    end: Option<End>,
}

impl Session {
    /// Begins.
    pub fn new(world: &mut World, tenant: Tenant, partition: Partition, epoch: u64) -> Self {
        let number = world.number();
        let mut session = Self {
            number,
            tenant,
            partition,
            epoch,
            generation: 0,
            stage: Stage::Away,
            lanes: BTreeMap::new(),
            due: BTreeMap::new(),
            flights: BTreeMap::new(),
            held: VecDeque::new(),
            releases: VecDeque::new(),
            finishing: false,
            end: None,
        };
        session.open(world);
        session
    }

    /// How it ended, if it did.
    pub const fn end(&self) -> Option<End> {
        self.end
    }

    /// Whether it would still send.
    pub const fn is_serving(&self) -> bool {
        self.end.is_none()
    }

    /// It is to finish what is under way.
    pub fn finish(&mut self, world: &mut World) {
        if !self.finishing {
            self.finishing = true;
            if matches!(self.stage, Stage::Away) {
                world.wake(self.tenant.process, self.tenant.run, AWAY_LIMIT, Timer::Due(self.number, StoreId::NONE));
            }
            self.settle(world);
        }
    }

    fn name(&self, world: &World) -> Name {
        if world.has(Protection::NewConsumer) {
            Name { partition: self.partition, epoch: self.epoch, generation: self.generation }
        } else {
            Name { partition: self.partition, epoch: 0, generation: 0 }
        }
    }

    fn ask(&self, world: &mut World, request: Request) -> u64 {
        world.ask(self.tenant.process, self.tenant.run, REQUEST_TIMEOUT, request)
    }

    fn open(&mut self, world: &mut World) {
        if !world.is_up(self.tenant.process) {
            self.stage = Stage::Away;
            return;
        }
        self.generation += 1;
        if self.generation > 1 {
            world.count(Rare::ConsumerMadeAnew);
        }
        self.stage = if world.has(Protection::NewConsumer) {
            Stage::Listing(self.ask(world, Request::Consumers(self.partition)))
        } else {
            Stage::Creating(self.ask(world, Request::Create(self.name(world), false)))
        };
    }

    /// The consumer is no good any more: after a pause it is made anew.
    fn anomaly(&mut self, world: &mut World, why: &str) {
        world.note(|| format!("{} p{} e{}: {why}", self.tenant.by.instance, self.partition, self.epoch));
        if world.has(Protection::NewConsumer) {
            self.lanes.values_mut().for_each(Lane::reset);
        }
        let pause = world.number();
        self.stage = Stage::Pausing(pause);
        world.wake(self.tenant.process, self.tenant.run, RETRY_DELAY, Timer::Resume(pause));
    }

    /// A pause is over.
    pub fn resume(&mut self, world: &mut World, pause: u64) {
        if matches!(self.stage, Stage::Pausing(current) if current == pause) {
            self.open(world);
        }
    }

    /// The connection is gone.
    pub fn link_down(&mut self, world: &mut World) {
        match self.stage {
            Stage::Away | Stage::Pausing(_) => {}
            Stage::Closing(_) => self.end = Some(End::Finished),
            _ => self.anomaly(world, "the bus was away"),
        }
    }

    /// The connection is back.
    pub fn link_up(&mut self, world: &mut World) {
        if matches!(self.stage, Stage::Away) {
            self.open(world);
        }
    }

    /// Something from the consumer.
    pub fn pushed(&mut self, world: &mut World, push: Push) {
        match push {
            Push::Delivery { name, consumer_seq, count, queue_seq, entry } => {
                let last = match self.stage {
                    Stage::Open(last) if name == self.name(world) && !self.finishing => last,
                    _ => return,
                };
                if world.has(Protection::NewConsumer) && (consumer_seq != last + 1 || count != 1) {
                    self.anomaly(world, &format!("delivery {consumer_seq} (number {count}) after {last}"));
                    return;
                }
                self.stage = Stage::Open(consumer_seq);
                self.delivered(world, queue_seq, name, *entry);
            }
            Push::Ended(name) if matches!(self.stage, Stage::Open(_)) && name == self.name(world) => {
                self.anomaly(world, "the server ended the deliveries");
            }
            _ => {}
        }
    }

    fn delivered(&mut self, world: &mut World, queue_seq: u64, name: Name, entry: QueueEntry) {
        let store = entry.order.store;
        let place = || Place {
            country: self.tenant.country,
            store,
            partition: self.partition,
            epoch: self.epoch,
            by: self.tenant.by.clone(),
            pace_ms: self.tenant.pace_ms,
        };
        let lane = self.lanes.entry(store).or_insert_with(|| Lane::new(place()));
        // As where lanes hold much: entries are read back.
        let taken = lane.delivered(queue_seq, format!("{} {}", name.epoch, name.generation), entry, false);
        self.drive(world, store);
        if taken {
            self.settle(world);
        } else {
            self.anomaly(world, "a place that is being worked on holds another order");
        }
    }

    /// An operator gives up the order at the head of a queue.
    pub fn release(&mut self, world: &mut World, store: StoreId, intake: u64) {
        self.releases.push_back((store, intake));
        self.take_held(world);
    }

    /// An answer; whether it was for this session.
    pub fn answered(&mut self, world: &mut World, number: u64, reply: Option<&Reply>) -> bool {
        if self.flights.contains_key(&number) {
            self.held.push_back((number, reply.cloned()));
            self.take_held(world);
            return true;
        }
        match (&mut self.stage, reply) {
            (Stage::Listing(asked), _) if *asked == number => {
                let Some(Reply::Names(names)) = reply else {
                    self.anomaly(world, "the consumers could not be listed");
                    return true;
                };
                if names.iter().any(|name| name.epoch > self.epoch) {
                    world.count(Rare::LaterEpochFound);
                    self.end = Some(End::Dropped);
                } else {
                    self.delete(world, names.iter().copied().collect());
                }
            }
            (Stage::Deleting(asked, rest), Some(Reply::Done)) if *asked == number => {
                let rest = std::mem::take(rest);
                self.delete(world, rest);
            }
            (Stage::Creating(asked), Some(Reply::Done)) if *asked == number => {
                self.stage = Stage::Open(0);
                let stores: Vec<_> = self.lanes.keys().copied().collect();
                for store in stores {
                    self.drive(world, store);
                }
                self.take_held(world);
            }
            (Stage::Deleting(asked, _) | Stage::Creating(asked), _) if *asked == number => {
                self.anomaly(world, "no consumer could be made");
            }
            (Stage::Closing(asked), _) if *asked == number => self.end = Some(End::Finished),
            _ => return false,
        }
        true
    }

    fn delete(&mut self, world: &mut World, mut rest: VecDeque<Name>) {
        self.stage = match rest.pop_front() {
            Some(name) => Stage::Deleting(self.ask(world, Request::Delete(name)), rest),
            None => Stage::Creating(self.ask(world, Request::Create(self.name(world), true))),
        };
    }

    fn take_held(&mut self, world: &mut World) {
        while matches!(self.stage, Stage::Open(_))
            && self.end.is_none()
            && let Some((number, reply)) = self.held.pop_front()
        {
            self.landed(world, number, reply);
        }
        while matches!(self.stage, Stage::Open(_))
            && self.end.is_none()
            && let Some((store, intake)) = self.releases.pop_front()
        {
            let command = world.names.command.clone();
            let order = world.broker.order(intake).map(OrderHead::id);
            match order.and_then(|order| Some(self.lanes.get_mut(&store)?.release(&order, intake, command))) {
                Some(Release::Now) => world.count(Rare::Released),
                Some(Release::Pending) => world.count(Rare::ReleasePending),
                Some(Release::NotAtHead) | None => {}
            }
            self.drive(world, store);
        }
        self.settle(world);
    }

    /// Ends when it may.
    fn settle(&mut self, world: &mut World) {
        if self.end.is_some() || !matches!(self.stage, Stage::Open(_)) {
            return;
        }
        if self.lanes.values().any(Lane::is_fenced) {
            self.end = Some(End::Dropped);
        } else if self.finishing && !self.lanes.values().any(Lane::is_busy) {
            self.stage = Stage::Closing(self.ask(world, Request::Delete(self.name(world))));
        }
    }

    /// A lane's time has come, or finishing has waited long enough for the bus.
    pub fn is_due(&mut self, world: &mut World, session: u64, store: StoreId) {
        if session != self.number {
            return;
        }
        if store == StoreId::NONE {
            if self.finishing && matches!(self.stage, Stage::Away) {
                self.end = Some(End::Dropped);
            }
            return;
        }
        self.due.remove(&store);
        if matches!(self.stage, Stage::Open(_)) {
            self.drive(world, store);
            self.settle(world);
        }
    }

    fn moment(world: &World) -> Moment {
        Moment { utc: utc(world.now), mono_ms: mono_ms(world.now) }
    }

    /// Does what a lane asks for until it waits.
    fn drive(&mut self, world: &mut World, store: StoreId) {
        let now = Self::moment(world);
        let may_start = !self.finishing;
        loop {
            let Some(lane) = self.lanes.get_mut(&store) else { return };
            match lane.step(now, may_start) {
                Step::Do(deed) => self.begin(world, store, deed),
                Step::Wait(Some(at_ms)) => {
                    if self.due.get(&store).is_none_or(|due| *due > at_ms) {
                        self.due.insert(store, at_ms);
                        let wait = at_ms.saturating_sub(now.mono_ms) * MS;
                        world.wake(self.tenant.process, self.tenant.run, wait, Timer::Due(self.number, store));
                    }
                    return;
                }
                Step::Wait(None) | Step::Fenced => return,
            }
        }
    }

    fn begin(&mut self, world: &mut World, store: StoreId, deed: Deed) {
        if let Some((number, flight)) = deeds::begin(world, &self.tenant, self.generation, store, deed) {
            self.flights.insert(number, flight);
        }
    }
}
