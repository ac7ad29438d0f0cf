//! The connections between processes and broker: what is lost, late, unheard or held back on its way.

use super::{Event, Input, LATE_MAX, World};
use crate::agenda::{MS, S, Us};
use crate::broker::{Broker, Effects};
use crate::rare::Rare;
use crate::wire::{Address, Key, Push, Reply, Request, Value};

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
pub(super) struct Link {
    up: bool,
    run: u32,
    number: u32,
    /// When the last message that was sent arrives: none overtakes another.
    to_server: Us,
    to_client: Us,
    /// Sent while it was away.
    buffer: Vec<Letter>,
}

impl Link {
    /// Before the first run.
    pub(super) const fn new() -> Self {
        Self { up: true, run: 0, number: 0, to_server: 0, to_client: 0, buffer: Vec::new() }
    }
}

impl World {
    /// Whether a process's connection is up.
    pub fn is_up(&self, process: usize) -> bool {
        self.links.get(process).is_some_and(|link| link.up)
    }

    /// Whether something that was sent over this connection may still reach its process.
    pub fn reaches(&self, process: usize, run: u32, link: Option<u32>) -> bool {
        self.links
            .get(process)
            .is_some_and(|now| now.run == run && link.is_none_or(|link| now.up && now.number == link))
    }

    /// Asks the broker; answered by [`Input::Answer`] with the number returned, at the latest after `timeout`.
    pub fn ask(&mut self, process: usize, run: u32, timeout: Us, request: Request) -> u64 {
        let number = self.number();
        let until = self.now + timeout;
        self.open.insert(number);
        self.spring(process, |bait| bait.is(&request));
        self.put(until, Event::Input(process, run, None, Input::Answer(number, None)));
        let Some(link) = self.links.get(process) else { return number };
        let from = Address { process, run, link: link.number };
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
                16..30 => {
                    let latest = if self.rng.bool() { LATE_MAX } else { 5 * S };
                    at = self.now + self.rng.u64(100 * MS..latest);
                }
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
            let office = self.broker.value(Key::Office);
            if matches!(office, Some(Value::Office(lease)) if lease.term > term) {
                self.count(Rare::ZombieRefused);
            }
        }
    }

    pub(super) fn with_broker<T>(
        &mut self,
        work: impl FnOnce(&mut Broker, &mut Effects<'_>) -> T,
    ) -> (T, Vec<(Us, Address, Push)>) {
        let mut effects = Effects { pushes: Vec::new(), judge: &mut self.judge, counts: &mut self.counts };
        let done = work(&mut self.broker, &mut effects);
        (done, effects.pushes)
    }

    fn answer(&mut self, to: Address, number: u64, reply: Reply) {
        self.send_back(to, Input::Answer(number, Some(reply)));
    }

    pub(super) fn push_all(&mut self, pushes: Vec<(Us, Address, Push)>) {
        for (wait, to, push) in pushes {
            if wait == 0 {
                self.send_back(to, Input::Push(push));
            } else {
                self.put(self.now + wait, Event::Input(to.process, to.run, Some(to.link), Input::Push(push)));
            }
        }
    }

    fn send_back(&mut self, to: Address, input: Input) {
        if !self.reaches(to.process, to.run, Some(to.link)) {
            return;
        }
        let latency = self.latency();
        let Some(link) = self.links.get_mut(to.process) else { return };
        link.to_client = (self.now + latency).max(link.to_client + 1);
        let at = link.to_client;
        self.put(at, Event::Input(to.process, to.run, Some(to.link), input));
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
            let link = self.links.get(process).map_or(0, |link| link.number);
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
        self.broker.queues.left(Address { process, run, link: link.number });
        link.up = false;
        link.number += 1;
        let number = link.number;
        self.put(self.now, Event::Input(process, run, None, Input::LinkDown));
        if let Some(wait) = wait {
            self.put(self.now + wait, Event::LinkBack(process, number));
        }
    }

    /// A connection is made again, and what was sent meanwhile leaves.
    pub fn link_back(&mut self, process: usize, number: u32) {
        let server_up = self.server_up;
        let Some(link) = self.links.get_mut(process) else { return };
        if link.up || link.number != number || !server_up {
            return;
        }
        link.up = true;
        let (run, address) = (link.run, link.number);
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
        self.broker.queues.left(Address { process, run: link.run, link: link.number });
        link.run += 1;
        link.number += 1;
        link.buffer.clear();
        link.up = up;
        link.run
    }
}
