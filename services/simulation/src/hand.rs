//! The shell around the chain, as `distribuidor::handover` is: reads `ORDERS`, publishes to `QUEUES`.

use std::collections::{BTreeMap, VecDeque};

use contract::order::Origin;
use contract::{OrderHead, QueueEntry};
use distribuidor::chain::{Answer, Chain, Step};

use crate::agenda::{MS, S, Us};
use crate::names::utc;
use crate::rare::Rare;
use crate::wire::{Push, Reply, Request};
use crate::world::{Timer, World};

/// How long the answer to a publish or a question is awaited; as `bus::REQUEST_TIMEOUT`.
pub const REQUEST_TIMEOUT: Us = 3 * S;

/// Pause after something failed; as `chassis::RETRY_DELAY`.
pub const RETRY_DELAY: Us = 500 * MS;

/// The hand-over of one term of office.
#[derive(Debug)]
pub struct Hand {
    process: usize,
    run: u32,
    by: Origin,
    term: u64,
    chain: Chain<OrderHead>,
    flying: BTreeMap<u64, u64>,
    /// Number of the question where `QUEUES` ends; nothing else is looked at until it is answered.
    syncing: Option<u64>,
    /// What came meanwhile.
    held: VecDeque<Held>,
    /// Number of the reader; none while it is not reading.
    reader: Option<u64>,
    /// Number of the request that begins it.
    opening: u64,
    /// Number of the pause after a failure.
    pause: u64,
    not_before: Us,
}

#[derive(Debug)]
enum Held {
    Answer(u64, Option<Reply>),
    Order(u64, Option<OrderHead>),
}

impl Hand {
    /// Resumes after a checkpoint.
    pub fn new(world: &mut World, process: usize, run: u32, by: Origin, term: u64, confirmed: u64) -> Self {
        let mut hand = Self {
            process,
            run,
            by,
            term,
            chain: Chain::new(confirmed),
            flying: BTreeMap::new(),
            syncing: None,
            held: VecDeque::new(),
            reader: None,
            opening: 0,
            pause: 0,
            not_before: 0,
        };
        hand.read(world);
        hand
    }

    /// The checkpoint.
    pub const fn confirmed(&self) -> u64 {
        self.chain.confirmed()
    }

    fn read(&mut self, world: &mut World) {
        if self.reader.is_none() && world.is_up(self.process) {
            let number = world.number();
            self.reader = Some(number);
            let request = Request::Orders(self.chain.taken() + 1, number);
            self.opening = world.ask(self.process, self.run, REQUEST_TIMEOUT, request);
        }
    }

    /// The bus was away, or did not answer: everything in flight is doubtful.
    pub fn disturbed(&mut self, world: &mut World) {
        self.reader = None;
        self.syncing = None;
        self.chain.disturbed();
        self.pause = world.number();
        world.wake(self.process, self.run, RETRY_DELAY, Timer::Resume(self.pause));
    }

    /// A pause is over.
    pub fn resume(&mut self, world: &mut World, pause: u64) {
        if pause == self.pause {
            self.pause = 0;
            self.read(world);
        }
    }

    /// The connection is back.
    pub fn link_up(&mut self, world: &mut World) {
        if self.pause == 0 {
            self.read(world);
        }
    }

    /// Something of `ORDERS`.
    pub fn pushed(&mut self, world: &mut World, push: Push, may_publish: bool) {
        let Push::Order(number, intake, order) = push else { return };
        if self.reader != Some(number) {
            return;
        }
        self.held.push_back(Held::Order(intake, order.map(|order| *order)));
        self.advance(world, may_publish);
    }

    /// An answer, if it is one of ours.
    pub fn answered(&mut self, world: &mut World, number: u64, reply: Option<Reply>, may_publish: bool) {
        if self.opening == number && self.reader.is_some() && !matches!(reply, Some(Reply::Done)) {
            self.disturbed(world);
        } else if self.syncing == Some(number) {
            self.syncing = None;
            match reply {
                Some(Reply::End(last, _)) => {
                    if last != world.broker.queues.last() {
                        world.count(Rare::StaleSync);
                    }
                    self.chain.synced(last);
                }
                _ => self.disturbed(world),
            }
        } else if self.flying.contains_key(&number) {
            self.held.push_back(Held::Answer(number, reply));
        }
        self.advance(world, may_publish);
    }

    /// Does what the chain asks for until it waits.
    pub fn advance(&mut self, world: &mut World, may_publish: bool) {
        if self.syncing.is_some() || self.pause != 0 {
            return;
        }
        while let Some(held) = self.held.pop_front() {
            match held {
                Held::Order(intake, Some(order)) => self.chain.order(intake, order),
                Held::Order(_, None) => {}
                Held::Answer(number, reply) => self.take(world, number, reply),
            }
        }
        while may_publish && self.reader.is_some() && world.now >= self.not_before {
            let (process, run) = (self.process, self.run);
            match self.chain.step() {
                Step::Wait => return,
                Step::Sync => {
                    self.syncing = Some(world.ask(process, run, REQUEST_TIMEOUT, Request::End));
                    return;
                }
                Step::Publish { intake, item, expected } => {
                    let entry = QueueEntry {
                        v: contract::VERSION,
                        order: item.clone(),
                        intake,
                        queued_at: utc(world.now),
                        by: self.by.clone(),
                        term: self.term,
                    };
                    let expected = world.switches.chain.then_some(expected);
                    let request = Request::Queue { entry: Box::new(entry), expected, id: Some(intake) };
                    let number = world.ask(process, run, REQUEST_TIMEOUT, request);
                    self.flying.insert(number, intake);
                }
            }
        }
    }

    fn take(&mut self, world: &World, number: u64, reply: Option<Reply>) {
        let Some(intake) = self.flying.remove(&number) else { return };
        let answer = match reply {
            Some(Reply::Stored(sequence)) => Answer::Stored(sequence),
            Some(Reply::Duplicate) => Answer::Duplicate,
            Some(Reply::WrongLast) => Answer::WrongLast,
            _ => {
                self.not_before = world.now + RETRY_DELAY;
                Answer::Unknown
            }
        };
        self.chain.answered(intake, answer);
    }
}
