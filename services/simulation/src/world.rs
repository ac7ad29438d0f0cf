//! Everything but the processes: time, the broker, the connections to it, the POS, the judge and the log.

mod net;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use contract::event::FailReason;
use contract::order::Origin;
use contract::{CommandId, OrderHead, Outcome, Partition, QueueEntry, StoreId};

use crate::agenda::{Agenda, MS, S, Us};
use crate::broker::Broker;
use crate::fault::{Bait, Fault, HEALED};
use crate::judge::Judge;
use crate::names::Names;
use crate::pos::{Manner, Pos};
use crate::rare::{Counts, Rare};
use crate::wire::{Push, Reply};
use crate::{Options, Protection};
pub use net::Letter;
use net::Link;

/// How long one attempt at a POS may take.
pub const POS_DEADLINE: Us = 2 * S;

/// Longest time that a publish may be on its way: long after everybody has forgotten it.
const LATE_MAX: Us = 20 * S;

/// What a process is told.
#[derive(Debug, Clone)]
pub enum Input {
    /// The answer to a question; none in time when absent.
    Answer(u64, Option<Reply>),
    /// Something unasked.
    Push(Push),
    /// A time that it had set has come.
    Timer(Timer),
    /// Its connection is gone.
    LinkDown,
    /// Its connection is back.
    LinkUp,
    /// An operator gives up this order of this store.
    Release(StoreId, u64),
    /// An operator moves this partition to the resolver that is this process.
    Move(CommandId, Partition, usize),
    /// It is to stop cleanly.
    Stop,
}

/// What a process set a time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The renewal of its lease.
    Renew,
    /// A look at whatever may have become due.
    Tick,
    /// A pause of one of its parts, by number, is over.
    Resume(u64),
    /// A lane's time, by session.
    Due(u64, StoreId),
    /// A watch is tried again, by the request that failed.
    Watch(u64),
    /// A clean stop has taken too long.
    Leave,
}

/// What happens.
#[derive(Debug)]
pub enum Event {
    /// A request reaches the broker.
    Arrive(Letter),
    /// Something reaches a process, unless its run or the connection is another one by now.
    Input(usize, u32, Option<u32>, Input),
    /// A payload reaches its POS; who asked, under which number.
    Post(usize, u32, u64, Box<QueueEntry>),
    /// An order takes effect.
    Effect(Box<OrderHead>, u64),
    /// An order is accepted; nothing when it is an entry that is no order.
    Accept(Option<Box<OrderHead>>),
    /// An order that was not injected is put in again.
    Reinject(Box<OrderHead>),
    /// Something breaks.
    Fault(Fault),
    /// An operator gives up the order that waits longest at some store.
    Release(StoreId),
    /// An operator moves a partition to the resolver that is this process.
    Move(CommandId, Partition, usize),
    /// The server is back.
    ServerUp,
    /// A connection is made again.
    LinkBack(usize, u32),
    /// A process is started.
    Start(usize, u32),
    /// A frozen process goes on.
    Thaw(usize, u32),
}

/// A payload that has just left, for the judge.
#[derive(Debug)]
pub struct Sent {
    /// The order.
    pub entry: Box<QueueEntry>,
    /// Process, run, session.
    pub sender: (usize, u32, u64),
    /// Under which epoch.
    pub epoch: u64,
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// Virtual time.
    pub now: Us,
    /// What will happen.
    pub agenda: Agenda<Event>,
    /// Chance.
    pub rng: fastrand::Rng,
    /// The bus.
    pub broker: Broker,
    /// The stores' side.
    pub pos: Pos,
    /// Who judges.
    pub judge: Judge,
    /// What happened.
    pub counts: Counts,
    /// What is switched off.
    without: Option<Protection>,
    /// Names.
    pub names: Names,
    /// Payloads that left since the judge looked.
    pub sent: Vec<Sent>,
    /// Orders that will be put in again.
    pub reinjections: u32,
    /// Least time between two orders of a store, in milliseconds.
    pub pace_ms: u64,
    /// What happens to whoever asks for that.
    pub traps: Vec<(Bait, Fault)>,
    links: Vec<Link>,
    /// Questions without an answer yet.
    open: BTreeSet<u64>,
    server_up: bool,
    leader_away_until: Us,
    weather_until: Us,
    number: u64,
    log: Option<String>,
}

impl World {
    /// Before anything has happened.
    pub fn new(seed: u64, names: Names, options: Options) -> Self {
        Self {
            now: 0,
            agenda: Agenda::default(),
            rng: fastrand::Rng::with_seed(seed),
            broker: Broker::default(),
            pos: Pos::default(),
            judge: Judge::default(),
            counts: Counts::default(),
            without: options.without,
            links: names.origins.iter().map(|_| Link::new()).collect(),
            names,
            sent: Vec::new(),
            reinjections: 0,
            pace_ms: 0,
            traps: Vec::new(),
            open: BTreeSet::new(),
            server_up: true,
            leader_away_until: 0,
            weather_until: 0,
            number: 0,
            log: options.log.then(String::new),
        }
    }

    /// Whether this protection is in force.
    pub fn has(&self, protection: Protection) -> bool {
        self.without != Some(protection)
    }

    /// The log so far.
    pub fn take_log(&mut self) -> String {
        self.log.take().unwrap_or_default()
    }

    /// Adds a line to the log, if there is one.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            let (s, us) = (self.now / S, self.now % S);
            // Writing to a String cannot fail.
            let _ = writeln!(log, "{s:>4}.{us:06}  {}", text());
        }
    }

    /// One more of a rare thing.
    pub fn count(&mut self, rare: Rare) {
        self.counts.add(rare);
    }

    /// Who a process is.
    pub fn origin(&self, process: usize) -> Option<Origin> {
        self.names.origins.get(process).cloned()
    }

    /// A process's name for the log.
    pub fn name(&self, process: usize) -> &str {
        self.names.origins.get(process).map_or("?", |origin| origin.instance.as_str())
    }

    /// A new number: for questions, watches, sessions.
    pub const fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// `event` will happen at `at`.
    pub fn put(&mut self, at: Us, event: Event) {
        let tie = self.rng.u32(..);
        self.agenda.put(at, tie, event);
    }

    /// Whether what comes in says something: an answer after the time-out does not, nor a time-out after the answer.
    pub fn is_news(&mut self, input: &Input) -> bool {
        !matches!(input, Input::Answer(number, _) if !self.open.remove(number))
    }

    /// Wakes a run of a process after `wait`.
    pub fn wake(&mut self, process: usize, run: u32, wait: Us, timer: Timer) {
        self.put(self.now + wait, Event::Input(process, run, None, Input::Timer(timer)));
    }

    fn spring(&mut self, process: usize, bait: impl Fn(Bait) -> bool) {
        if let Some(sprung) = self.traps.iter().position(|(trap, _)| bait(*trap)) {
            let (_, fault) = self.traps.swap_remove(sprung);
            self.count(Rare::Trapped);
            self.put(self.now, Event::Fault(fault.of(process)));
        }
    }

    /// An order is accepted, or tried again while the server is away.
    pub fn accept(&mut self, order: Option<Box<OrderHead>>) {
        if !self.server_up || self.now < self.leader_away_until {
            self.put(self.now + 100 * MS, Event::Accept(order));
            return;
        }
        let (intake, pushes) = self.with_broker(|broker, effects| broker.accept(order.as_deref(), effects));
        self.note(|| match &order {
            Some(order) => format!("accepted {intake}: store {}, {}", order.store, order.code),
            None => format!("accepted {intake}: no order"),
        });
        self.push_all(pushes);
    }

    /// Posts to a POS; answered like [`World::ask`].
    pub fn post(&mut self, sender: (usize, u32, u64), epoch: u64, entry: &QueueEntry) -> u64 {
        let (process, run, _) = sender;
        let number = self.number();
        self.open.insert(number);
        self.spring(process, |bait| bait == Bait::Post);
        self.put(self.now + POS_DEADLINE, Event::Input(process, run, None, Input::Answer(number, None)));
        let entry = Box::new(entry.clone());
        let distant = self.pos.manner(entry.order.store, self.now) == Manner::Distant;
        let latency = self.rng.u64(MS..if distant { 8 * S } else { 10 * MS });
        if latency > POS_DEADLINE {
            self.count(Rare::PosDistant);
        }
        if self.log.is_some() {
            let name = self.name(process).to_owned();
            self.note(|| format!("{name} sends {} to store {}", entry.intake, entry.order.store));
        }
        self.put(self.now + latency, Event::Post(process, run, number, entry.clone()));
        self.sent.push(Sent { entry, sender, epoch });
        number
    }

    /// A payload reaches its POS.
    pub fn posted(&mut self, process: usize, run: u32, number: u64, entry: &QueueEntry) {
        let judgement = self.pos.take(entry, self.now, &mut self.rng);
        let (at, reply) = judgement.reply;
        self.note(|| format!("store {}: {} arrives: {reply:?}", entry.order.store, entry.intake));
        if judgement.repeated {
            self.count(Rare::Repeated);
        }
        match reply {
            Reply::Status(422, _) => self.count(Rare::PosRefused),
            ref other => {
                let manner = self.pos.manner(entry.order.store, self.now);
                if !matches!(other, Reply::Status(201 | 409, _))
                    && let Some(rare) = manner.rare()
                {
                    self.count(rare);
                }
            }
        }
        if let Some(at) = judgement.effect {
            if at > self.now + POS_DEADLINE {
                self.count(Rare::PosSlow);
            }
            self.put(at, Event::Effect(Box::new(entry.order.clone()), entry.intake));
        }
        self.put(at, Event::Input(process, run, None, Input::Answer(number, Some(reply))));
    }

    /// An order was given up; some people put it in again.
    pub fn not_injected(&mut self, outcome: &Outcome, reason: FailReason) {
        if !matches!(reason, FailReason::Refused | FailReason::Released) {
            self.count(Rare::GivenUp);
        }
        if self.now < HEALED && self.rng.bool() {
            self.reinjections += 1;
            let wait = self.rng.u64(S..4 * S);
            let again = OrderHead { again: outcome.order.again + 1, ..outcome.order.clone() };
            self.put(self.now + wait, Event::Reinject(Box::new(again)));
        }
    }

    /// Messages are lost, unheard or late for a while.
    pub const fn storm(&mut self, wait: Us) {
        self.weather_until = self.now + wait;
    }

    /// No stream has a leader for a while.
    pub const fn lose_leader(&mut self, wait: Us) {
        self.leader_away_until = self.now + wait;
    }

    /// A consumer loses its leader.
    pub fn upset(&mut self) {
        let mut rng = self.rng.fork();
        let ((), pushes) = self.with_broker(|broker, effects| broker.queues.upset(&mut rng, effects));
        self.push_all(pushes);
    }
}
