//! Everything but the processes: time, the broker, the connections to it, the POS, the judge and the log.

use std::fmt::Write as _;

use contract::event::FailReason;
use contract::order::Origin;
use contract::{OrderHead, Outcome, QueueEntry, StoreId};

use crate::Switches;
use crate::agenda::{Agenda, MS, S, Us};
use crate::broker::{Broker, Effects};
use crate::fault::{Fault, HEALED};
use crate::judge::Judge;
use crate::names::Names;
use crate::pos::{Manner, Pos};
use crate::rare::{Counts, Rare};
use crate::wire::{Address, Push, Reply, Request};

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
    /// The server is back.
    ServerUp,
    /// A connection is made again.
    LinkBack(usize, u32),
    /// A process is started.
    Start(usize, u32),
    /// A frozen process goes on.
    Thaw(usize, u32),
}

/// A request on its way.
#[derive(Debug)]
pub struct Letter {
    from: Address,
    number: u64,
    request: Request,
    /// After this nobody waits for the answer any more.
    until: Us,
    unheard: bool,
}

/// A process's connection.
#[derive(Debug)]
struct Link {
    up: bool,
    run: u32,
    link: u32,
    /// When the last message that was sent arrives: none overtakes another.
    to_server: Us,
    to_client: Us,
    /// Sent while it was away.
    buffer: Vec<Letter>,
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
    pub switches: Switches,
    /// Names.
    pub names: Names,
    /// Payloads that left since the judge looked.
    pub sent: Vec<Sent>,
    /// Orders that will be put in again.
    pub reinjections: u32,
    links: Vec<Link>,
    server_up: bool,
    leader_away_until: Us,
    weather_until: Us,
    number: u64,
    log: Option<String>,
}

impl World {
    /// Before anything has happened.
    pub fn new(seed: u64, names: Names, switches: Switches, log: bool) -> Self {
        let link = |_| Link { up: true, run: 0, link: 0, to_server: 0, to_client: 0, buffer: Vec::new() };
        Self {
            now: 0,
            agenda: Agenda::default(),
            rng: fastrand::Rng::with_seed(seed),
            broker: Broker::default(),
            pos: Pos::default(),
            judge: Judge::default(),
            counts: Counts::default(),
            switches,
            links: (0..names.origins.len()).map(link).collect(),
            names,
            sent: Vec::new(),
            reinjections: 0,
            server_up: true,
            leader_away_until: 0,
            weather_until: 0,
            number: 0,
            log: log.then(String::new),
        }
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

    /// Wakes a run of a process after `wait`.
    pub fn wake(&mut self, process: usize, run: u32, wait: Us, timer: Timer) {
        self.put(self.now + wait, Event::Input(process, run, None, Input::Timer(timer)));
    }

    /// Whether a process's connection is up.
    pub fn is_up(&self, process: usize) -> bool {
        self.links.get(process).is_some_and(|link| link.up)
    }

    /// Whether something that was sent over this connection may still reach its process.
    pub fn reaches(&self, process: usize, run: u32, link: Option<u32>) -> bool {
        self.links.get(process).is_some_and(|now| now.run == run && link.is_none_or(|link| now.up && now.link == link))
    }

    /// Asks the broker; answered by [`Input::Answer`] with the number returned, at the latest after `timeout`.
    pub fn ask(&mut self, process: usize, run: u32, timeout: Us, request: Request) -> u64 {
        let number = self.number();
        let until = self.now + timeout;
        self.put(until, Event::Input(process, run, None, Input::Answer(number, None)));
        let Some(link) = self.links.get(process) else { return number };
        let from = Address { process, run, link: link.link };
        self.send(Letter { from, number, request, until, unheard: false });
        number
    }

    fn latency(&mut self) -> Us {
        let storms = self.now < self.weather_until;
        if storms && self.rng.u8(..10) == 0 { self.rng.u64(MS..400 * MS) } else { self.rng.u64(100..1_500) }
    }

    fn send(&mut self, mut letter: Letter) {
        let is_publish = matches!(letter.request, Request::Queue(..));
        let Some(link) = self.links.get_mut(letter.from.process) else { return };
        if !link.up {
            link.buffer.push(letter);
            return;
        }
        let latency = self.latency();
        let Some(link) = self.links.get_mut(letter.from.process) else { return };
        link.to_server = (self.now + latency).max(link.to_server + 1);
        let mut at = link.to_server;
        if self.now < self.weather_until {
            match self.rng.u8(..100) {
                0..8 => {
                    if is_publish {
                        self.count(Rare::PublishLost);
                    }
                    self.note(|| format!("lost: {:?}", letter.request));
                    return;
                }
                8..16 => letter.unheard = true,
                16..26 => at = self.now + self.rng.u64(100 * MS..LATE_MAX),
                _ => {}
            }
        }
        self.put(at, Event::Arrive(letter));
    }

    /// A request reaches the broker.
    pub fn arrive(&mut self, letter: Letter) {
        let Letter { from, number, request, until, unheard } = letter;
        let is_current = self.reaches(from.process, from.run, Some(from.link));
        // Of what was on its way when the connection broke, some had reached the other side.
        if !self.server_up || !is_current && self.now < until && self.rng.bool() {
            self.note(|| format!("gone with the connection: {request:?}"));
            return;
        }
        if self.now < self.leader_away_until {
            self.note(|| format!("no leader for {request:?}"));
            if self.rng.bool() {
                self.answer(from, number, Reply::Refused);
            }
            return;
        }
        let publish = match &request {
            Request::Queue(entry, _) => Some(entry.term),
            _ => None,
        };
        let said = self.log.is_some().then(|| format!("{} asks {request:?}", self.name(from.process)));
        let is_create = matches!(request, Request::Create(..));
        let (reply, pushes) = self.with_broker(|broker, effects| broker.serve(from, request, effects));
        if let Some(said) = said {
            self.note(|| format!("{said}: {reply:?}"));
        }
        if let Some(term) = publish {
            self.count_publish(&reply, term, self.now > until, unheard);
        }
        if is_create {
            // The answer comes before the deliveries.
            self.heard(unheard, from, number, reply);
            self.push_all(pushes);
        } else {
            self.push_all(pushes);
            self.heard(unheard, from, number, reply);
        }
    }

    fn heard(&mut self, unheard: bool, to: Address, number: u64, reply: Reply) {
        if !unheard {
            self.answer(to, number, reply);
        }
    }

    fn count_publish(&mut self, reply: &Reply, term: u64, late: bool, unheard: bool) {
        let stored = matches!(reply, Reply::Stored(_));
        if unheard && stored {
            self.count(Rare::PublishUnheard);
        }
        if late {
            self.count(if stored { Rare::LatePublishStored } else { Rare::LatePublishRefused });
        }
        if matches!(reply, Reply::WrongLast) {
            self.count(Rare::ChainRefused);
            let office = self.broker.value(crate::wire::Key::Office);
            if matches!(office, Some(crate::wire::Value::Office(lease)) if lease.term > term) {
                self.count(Rare::ZombieRefused);
            }
        }
    }

    fn with_broker<T>(&mut self, work: impl FnOnce(&mut Broker, &mut Effects<'_>) -> T) -> (T, Vec<(Us, Address, Push)>) {
        let mut effects = Effects { pushes: Vec::new(), judge: &mut self.judge, counts: &mut self.counts };
        let done = work(&mut self.broker, &mut effects);
        (done, effects.pushes)
    }

    fn answer(&mut self, to: Address, number: u64, reply: Reply) {
        self.to_client(to, Input::Answer(number, Some(reply)));
    }

    fn push_all(&mut self, pushes: Vec<(Us, Address, Push)>) {
        for (wait, to, push) in pushes {
            if wait == 0 {
                self.to_client(to, Input::Push(push));
            } else {
                self.put(self.now + wait, Event::Input(to.process, to.run, Some(to.link), Input::Push(push)));
            }
        }
    }

    fn to_client(&mut self, to: Address, input: Input) {
        if !self.reaches(to.process, to.run, Some(to.link)) {
            return;
        }
        let latency = self.latency();
        let Some(link) = self.links.get_mut(to.process) else { return };
        link.to_client = (self.now + latency).max(link.to_client + 1);
        let at = link.to_client;
        self.put(at, Event::Input(to.process, to.run, Some(to.link), input));
    }

    /// An order is accepted, or tried again while the server is away.
    pub fn accept(&mut self, order: Option<Box<OrderHead>>) {
        if !self.server_up || self.now < self.leader_away_until {
            self.put(self.now + 100 * MS, Event::Accept(order));
            return;
        }
        let (intake, pushes) = self.with_broker(|broker, effects| broker.accept(order.as_deref().cloned(), effects));
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
        if reason != FailReason::Refused {
            self.count(Rare::GivenUp);
        }
        if self.now < HEALED && self.rng.bool() {
            self.reinjections += 1;
            let wait = self.rng.u64(S..4 * S);
            self.put(self.now + wait, Event::Reinject(Box::new(outcome.order.clone())));
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

    /// kill -9 of the server for a while.
    pub fn kill_server(&mut self, wait: Us) {
        self.server_up = false;
        let mut rng = self.rng.fork();
        self.broker.killed(&mut rng, &mut self.counts);
        for process in 0..self.links.len() {
            self.cut(process, None);
        }
        self.put(self.now + wait, Event::ServerUp);
    }

    /// The server is back: everybody connects again.
    pub fn server_up(&mut self) {
        self.server_up = true;
        for process in 0..self.links.len() {
            let wait = self.rng.u64(10 * MS..400 * MS);
            let link = self.links.get(process).map_or(0, |link| link.link);
            self.put(self.now + wait, Event::LinkBack(process, link));
        }
    }

    /// A process's connection goes away, for `wait` when known.
    pub fn cut(&mut self, process: usize, wait: Option<Us>) {
        let Some(link) = self.links.get_mut(process) else { return };
        if !link.up {
            return;
        }
        let run = link.run;
        self.broker.queues.left(Address { process, run, link: link.link });
        link.up = false;
        link.link += 1;
        let number = link.link;
        self.put(self.now, Event::Input(process, run, None, Input::LinkDown));
        if let Some(wait) = wait {
            self.put(self.now + wait, Event::LinkBack(process, number));
        }
    }

    /// A connection is made again, and what was sent meanwhile leaves.
    pub fn link_back(&mut self, process: usize, number: u32) {
        let server_up = self.server_up;
        let Some(link) = self.links.get_mut(process) else { return };
        if link.up || link.link != number || !server_up {
            return;
        }
        link.up = true;
        let (run, address) = (link.run, link.link);
        let buffer = std::mem::take(&mut link.buffer);
        self.put(self.now, Event::Input(process, run, None, Input::LinkUp));
        for mut letter in buffer {
            self.count(Rare::Buffered);
            letter.from.link = address;
            self.send(letter);
        }
    }

    /// A process begins another run, or ends: whatever was meant for the last one reaches nobody.
    pub fn begin_run(&mut self, process: usize) -> u32 {
        let up = self.server_up;
        let Some(link) = self.links.get_mut(process) else { return 0 };
        self.broker.queues.left(Address { process, run: link.run, link: link.link });
        link.run += 1;
        link.link += 1;
        link.buffer.clear();
        link.up = up;
        link.run
    }
}
