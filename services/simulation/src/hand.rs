//! The shell around the chain, as `distribuidor::handover` is: reads `ORDERS`, publishes to `QUEUES`.

use std::collections::{BTreeMap, VecDeque};

use contract::order::Origin;
use contract::{OrderHead, QueueEntry};
use distribuidor::chain::{Answer, Chain, Checkpoint, Entry, Found, LOOK_MAX, Step};

use crate::Protection;
use crate::agenda::{MS, S, Us};
use crate::names::utc;
use crate::rare::Rare;
use crate::wire::{Push, Reply, Request};
use crate::world::{Timer, World};

/// How long the answer to a publish or a question is awaited; as `bus::REQUEST_TIMEOUT`.
pub const REQUEST_TIMEOUT: Us = 3 * S;

/// Pause after something failed; as `chassis::RETRY_DELAY`.
pub const RETRY_DELAY: Us = 500 * MS;

/// Between looks whether all of `ORDERS` has been read; as in `distribuidor::handover`.
const LOOK: Us = S;

/// What the hand-over waits for before it looks at anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Busy {
    /// Where `QUEUES` ends.
    End(u64),
    /// What is there up to here, when it ends there.
    Entries(u64, u64, u64),
    /// Where `ORDERS` ends.
    Orders(u64),
    /// This checkpoint is being kept.
    Anchor(Checkpoint),
}

/// The hand-over of one term of office.
#[derive(Debug)]
pub struct Hand {
    process: usize,
    run: u32,
    by: Origin,
    term: u64,
    chain: Chain<OrderHead>,
    flying: BTreeMap<u64, u64>,
    busy: Option<Busy>,
    /// What came meanwhile.
    held: VecDeque<Held>,
    /// Number of the reader; none while it is not reading.
    reader: Option<u64>,
    /// Number of the request that begins it.
    opening: u64,
    /// Last sequence of `ORDERS` that was read.
    seen: u64,
    /// What the next renewal is to write.
    latest: Checkpoint,
    /// Number of the pause after a failure.
    pause: u64,
    not_before: Us,
    next_look: Us,
}

#[derive(Debug)]
enum Held {
    Answer(u64, Option<Reply>),
    Order(u64, Option<OrderHead>),
}

impl Hand {
    /// Resumes after the checkpoint that the lease holds.
    pub fn new(world: &mut World, process: usize, run: u32, by: Origin, term: u64, kept: Checkpoint) -> Self {
        let mut hand = Self {
            process,
            run,
            by,
            term,
            chain: Chain::new(kept),
            flying: BTreeMap::new(),
            busy: None,
            held: VecDeque::new(),
            reader: None,
            opening: 0,
            seen: 0,
            latest: kept,
            pause: 0,
            not_before: 0,
            next_look: 0,
        };
        hand.read(world);
        hand
    }

    /// The checkpoint to be written with the next renewal.
    pub const fn latest(&self) -> Checkpoint {
        self.latest
    }

    /// Whether a renewal is wanted before its time.
    pub const fn hurries(&self) -> bool {
        matches!(self.busy, Some(Busy::Anchor(_)))
    }

    /// A renewal wrote `checkpoint`.
    pub fn kept(&mut self, world: &mut World, checkpoint: Checkpoint, may_publish: bool) {
        if self.busy == Some(Busy::Anchor(checkpoint)) {
            self.busy = None;
            world.count(Rare::Anchored);
            self.chain.anchored();
            // What is read begins elsewhere.
            self.reader = None;
            self.held.retain(|held| matches!(held, Held::Answer(..)));
            self.read(world);
            self.advance(world, may_publish);
        }
    }

    fn ask(&self, world: &mut World, request: Request) -> u64 {
        world.ask(self.process, self.run, REQUEST_TIMEOUT, request)
    }

    fn read(&mut self, world: &mut World) {
        if self.reader.is_none() && world.is_up(self.process) {
            let number = world.number();
            self.reader = Some(number);
            self.seen = self.chain.taken();
            self.not_before = world.now;
            self.next_look = world.now;
            self.opening = self.ask(world, Request::Orders(self.seen + 1, number));
        }
    }

    /// The bus was away, or did not answer: everything in flight is doubtful. A checkpoint that is being kept is
    /// waited for all the same.
    pub fn disturbed(&mut self, world: &mut World) {
        self.reader = None;
        if self.hurries() {
            return;
        }
        self.busy = None;
        self.held.retain(|held| matches!(held, Held::Answer(..)));
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
        if self.pause == 0 && !self.hurries() {
            self.read(world);
        }
    }

    /// Something of `ORDERS`.
    pub fn pushed(&mut self, world: &mut World, push: Push, may_publish: bool) {
        let Push::Order(number, intake, order) = push else { return };
        if self.reader == Some(number) {
            self.held.push_back(Held::Order(intake, order.map(|order| *order)));
            self.advance(world, may_publish);
        }
    }

    /// An answer, if it is one of ours.
    pub fn answered(&mut self, world: &mut World, number: u64, reply: Option<Reply>, may_publish: bool) {
        if self.opening == number && self.reader.is_some() && !matches!(reply, Some(Reply::Done)) {
            self.disturbed(world);
        } else if self.flying.contains_key(&number) {
            self.held.push_back(Held::Answer(number, reply));
        } else {
            self.told(world, number, reply);
        }
        self.advance(world, may_publish);
    }

    /// What was waited for.
    fn told(&mut self, world: &mut World, number: u64, reply: Option<Reply>) {
        match (self.busy, reply) {
            (Some(Busy::End(asked)), Some(Reply::End(end))) if asked == number => {
                let queued = self.chain.confirmed().queued.unwrap_or(end);
                let seen = end.min(queued.saturating_add(LOOK_MAX));
                if seen > queued {
                    let asked = self.ask(world, Request::Entries(queued + 1, seen));
                    self.busy = Some(Busy::Entries(asked, seen, end));
                } else {
                    self.synced(world, Found { end, seen, entries: VecDeque::new() });
                }
            }
            (Some(Busy::Entries(asked, seen, end)), Some(Reply::Entries(entries))) if asked == number => {
                let entries = entries.into_iter().map(|(at, intake)| Entry { at, intake: Some(intake) }).collect();
                self.synced(world, Found { end, seen, entries });
            }
            (Some(Busy::Orders(asked)), Some(Reply::End(last))) if asked == number => {
                self.busy = None;
                if self.chain.has_room() && last <= self.seen {
                    self.chain.exhausted();
                }
            }
            (Some(Busy::End(asked) | Busy::Entries(asked, ..) | Busy::Orders(asked)), _) if asked == number => {
                self.disturbed(world);
            }
            _ => {}
        }
    }

    fn synced(&mut self, world: &mut World, found: Found) {
        self.busy = None;
        if found.end != world.broker.queues.last() {
            world.count(Rare::StaleSync);
        }
        if self.chain.synced(found) {
            self.latest = self.chain.confirmed();
        } else {
            self.not_before = world.now + RETRY_DELAY;
        }
    }

    /// Looks whether all has been read, from time to time, and does what the chain asks for until it waits.
    pub fn tick(&mut self, world: &mut World, may_publish: bool) {
        self.advance(world, may_publish);
        if self.busy.is_none() && self.pause == 0 && self.reader.is_some() && world.now >= self.next_look {
            self.next_look = world.now + LOOK;
            self.busy = Some(Busy::Orders(self.ask(world, Request::OrdersEnd)));
        }
    }

    fn advance(&mut self, world: &mut World, may_publish: bool) {
        if self.pause != 0 {
            return;
        }
        while self.busy.is_none()
            && let Some(held) = self.held.pop_front()
        {
            match held {
                Held::Order(intake, order) => {
                    self.seen = intake;
                    if let Some(order) = order {
                        self.chain.order(intake, order);
                    }
                }
                Held::Answer(number, reply) => self.take(world, number, reply.as_ref()),
            }
        }
        while self.busy.is_none() && may_publish && self.reader.is_some() && world.now >= self.not_before {
            match self.chain.step() {
                Step::Wait => return,
                Step::Sync => {
                    world.count(Rare::Synced);
                    self.busy = Some(Busy::End(self.ask(world, Request::QueuesEnd)));
                }
                Step::Anchor(checkpoint, why) => {
                    world.note(|| format!("{}: hand-over anew, {why:?}: {checkpoint:?}", self.by.instance));
                    self.latest = checkpoint;
                    self.busy = Some(Busy::Anchor(checkpoint));
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
                    let expected = world.has(Protection::Chain).then_some(expected);
                    let number = self.ask(world, Request::Queue(Box::new(entry), expected));
                    self.flying.insert(number, intake);
                }
            }
        }
    }

    fn take(&mut self, world: &World, number: u64, reply: Option<&Reply>) {
        let Some(intake) = self.flying.remove(&number) else { return };
        let answer = match reply {
            Some(Reply::Stored(sequence)) => Answer::Stored(*sequence),
            Some(Reply::WrongLast) => Answer::WrongLast,
            _ => {
                self.not_before = world.now + RETRY_DELAY;
                Answer::Unknown
            }
        };
        self.chain.answered(intake, answer);
        self.latest = self.chain.confirmed();
    }
}
