//! One run: takes what happens next, gives it to whom it concerns, and lets the judge look.

use contract::OrderHead;
use queue_resolver::schedule::Schedule;

use crate::agenda::{MS, S, Us};
use crate::distribuidor::Distribuidor;
use crate::fault::{DISTRIBUIDORES, Fault, HEALED, RESOLVERS, names, plan};
use crate::judge::Sending;
use crate::rare::Rare;
use crate::resolver::{DRAIN_LIMIT, Resolver, SCHEDULE};
use crate::world::{Event, Input, World};
use crate::{Error, Options, Report};

/// How many stores there are.
const STORES: u32 = 24;

/// Longest freeze that no lease outlives; longer ones make a zombie.
const ZOMBIE: Us = 2 * S;

#[derive(Debug)]
enum Body {
    Distribuidor(Box<Distribuidor>),
    Resolver(Box<Resolver>),
}

#[derive(Debug, Default)]
struct Process {
    run: u32,
    body: Option<Body>,
    /// Since when and under which number it is frozen, and what came meanwhile.
    frozen: Option<u32>,
    inbox: Vec<Input>,
    /// When to start again after a clean stop.
    again: Option<Us>,
}

struct Run {
    world: World,
    processes: Vec<Process>,
    schedule: Schedule,
    freezes: u32,
}

/// Runs one seed to its end, or to the first broken promise.
pub fn run(seed: u64, options: Options) -> Result<Report, Error> {
    let names = names().map_err(|error| Error(error.to_string()))?;
    let schedule = SCHEDULE.parse().map_err(|error| Error(format!("{SCHEDULE}: {error}")))?;
    let mut world = World::new(seed, names, options);
    plan(&mut world, STORES);
    let processes = (0..DISTRIBUIDORES + RESOLVERS).map(|_| Process::default()).collect();
    let mut run = Run { world, processes, schedule, freezes: 0 };
    for process in 0..DISTRIBUIDORES + RESOLVERS {
        run.start(process);
    }
    let mut events = 0;
    while let Some((at, event)) = run.world.agenda.pop() {
        run.world.now = at;
        run.happen(event);
        run.judge_sent();
        events += 1;
        if run.world.judge.breach().is_some() || at > HEALED + DRAIN_LIMIT || run.is_over() {
            break;
        }
    }
    Ok(run.report(seed, events))
}

impl Run {
    /// Whether everything has drained, and nothing that could still arrive late has not.
    fn is_over(&self) -> bool {
        let world = &self.world;
        world.now > HEALED + 8 * S
            && world.broker.queues.is_empty()
            && world.reinjections == 0
            && world.judge.all_ended(world.broker.orders())
    }

    fn report(mut self, seed: u64, events: u64) -> Report {
        let world = &mut self.world;
        if world.judge.breach().is_none() {
            world.judge.end(world.broker.orders(), world.broker.queues.len(), &mut world.counts);
        }
        let orders = world.broker.orders().iter().flatten().count();
        if let Some(breach) = world.judge.breach().cloned() {
            world.note(|| breach.to_string());
        }
        Report {
            seed,
            breach: world.judge.breach().cloned(),
            orders,
            events,
            ended_ms: world.now / MS,
            counts: world.counts.clone(),
            log: world.take_log(),
        }
    }

    fn start(&mut self, number: usize) {
        let run = self.world.begin_run(number);
        let (Some(process), Some(by)) = (self.processes.get_mut(number), self.world.origin(number)) else { return };
        self.world.note(|| format!("{} starts", by.instance));
        let body = if number < DISTRIBUIDORES {
            Body::Distribuidor(Box::new(Distribuidor::start(&mut self.world, number, run, by)))
        } else {
            let schedule = self.schedule.clone();
            Body::Resolver(Box::new(Resolver::start(&mut self.world, number, run, by, schedule)))
        };
        *process = Process { run, body: Some(body), ..Process::default() };
    }

    fn happen(&mut self, event: Event) {
        let world = &mut self.world;
        match event {
            Event::Arrive(letter) => world.arrive(letter),
            Event::Input(number, run, link, input) => {
                if world.reaches(number, run, link) {
                    self.input(number, input);
                }
            }
            Event::Post(number, run, question, entry) => world.posted(number, run, question, &entry),
            Event::Effect(order, intake) => self.effect(&order, intake),
            Event::Accept(order) => world.accept(order),
            Event::Reinject(order) => {
                world.reinjections -= 1;
                world.count(Rare::Reinjected);
                world.accept(Some(order));
            }
            Event::Fault(fault) => self.fault(fault),
            Event::Release(store) => {
                if let Some(intake) = world.broker.queues.head(store) {
                    world.note(|| format!("an operator gives up {intake} of store {store}"));
                    // Whoever believes to serve the store takes the command; of a frozen one it waits.
                    for number in DISTRIBUIDORES..DISTRIBUIDORES + RESOLVERS {
                        self.input(number, Input::Release(store, intake));
                    }
                }
            }
            Event::Move(command, partition, to) => {
                world.note(|| format!("an operator moves partition {partition} to process {to}"));
                // Whoever believes to be the active one takes the command; of a frozen one it waits.
                for number in 0..DISTRIBUIDORES {
                    self.input(number, Input::Move(command.clone(), partition, to));
                }
            }
            Event::ServerUp => world.server_up(),
            Event::LinkBack(number, link) => world.link_back(number, link),
            Event::Start(number, run) => {
                if self.processes.get(number).is_some_and(|process| process.run == run && process.body.is_none()) {
                    self.start(number);
                }
            }
            Event::Thaw(number, freeze) => self.thaw(number, freeze),
        }
    }

    fn input(&mut self, number: usize, input: Input) {
        let Some(process) = self.processes.get_mut(number) else { return };
        if process.frozen.is_some() {
            process.inbox.push(input);
            return;
        }
        if !self.world.is_news(&input) {
            return;
        }
        let is_done = match &mut process.body {
            Some(Body::Distribuidor(body)) => {
                body.take(&mut self.world, input);
                body.is_done()
            }
            Some(Body::Resolver(body)) => {
                body.take(&mut self.world, input);
                body.is_done()
            }
            None => false,
        };
        if is_done && let Some(wait) = process.again.take() {
            self.kill(number, wait);
        }
    }

    /// A process is gone; another run of it starts after `wait`.
    fn kill(&mut self, number: usize, wait: Us) {
        let run = self.world.begin_run(number);
        self.world.note(|| format!("process {number} is gone"));
        let Some(process) = self.processes.get_mut(number) else { return };
        *process = Process { run, ..Process::default() };
        self.world.put(self.world.now + wait, Event::Start(number, run));
    }

    fn thaw(&mut self, number: usize, freeze: u32) {
        let Some(process) = self.processes.get_mut(number) else { return };
        if process.frozen != Some(freeze) {
            return;
        }
        process.frozen = None;
        let mut inbox = std::mem::take(&mut process.inbox);
        self.world.note(|| format!("process {number} goes on with {} things in its hands", inbox.len()));
        // Whether it looks at its clock or at its sockets first is anybody's guess.
        match self.world.rng.u8(..3) {
            0 => inbox.sort_by_key(|input| matches!(input, Input::Timer(_) | Input::Answer(_, None))),
            1 => inbox.sort_by_key(|input| !matches!(input, Input::Timer(_) | Input::Answer(_, None))),
            _ => {}
        }
        for input in inbox {
            self.input(number, input);
            self.judge_sent();
        }
    }

    fn effect(&mut self, order: &OrderHead, intake: u64) {
        self.world.note(|| format!("store {}: {intake} takes effect", order.store));
        self.world.judge.took_effect(order, intake);
    }

    fn fault(&mut self, fault: Fault) {
        let world = &mut self.world;
        world.note(|| format!("fault: {fault:?}"));
        match fault {
            Fault::KillServer(wait) => {
                world.count(Rare::ServerKilled);
                world.kill_server(wait);
            }
            Fault::Cut(number, wait) => {
                world.count(Rare::LinkCut);
                world.cut(number, Some(wait));
            }
            Fault::Kill(number, wait) => {
                if self.processes.get(number).is_some_and(|process| process.body.is_some()) {
                    world.count(Rare::ProcessKilled);
                    self.kill(number, wait);
                }
            }
            Fault::Stop(number, wait) => {
                if let Some(process) = self.processes.get_mut(number)
                    && process.body.is_some()
                    && process.again.is_none()
                {
                    process.again = Some(wait);
                    world.count(Rare::ProcessStopped);
                    self.input(number, Input::Stop);
                }
            }
            Fault::Freeze(number, wait) => self.freeze(number, wait),
            Fault::FreezeActive(wait) => {
                let active = self
                    .processes
                    .iter()
                    .position(|process| matches!(&process.body, Some(Body::Distribuidor(body)) if body.is_active()));
                if let Some(number) = active {
                    self.freeze(number, wait);
                }
            }
            Fault::Trap(bait, fault) => {
                if world.now < HEALED {
                    world.traps.push((bait, *fault));
                }
            }
            Fault::Storm(wait) => {
                world.count(Rare::Weather);
                world.storm(wait);
            }
            Fault::NoLeader(wait) => {
                world.count(Rare::LeaderGone);
                world.lose_leader(wait);
            }
            Fault::Upset => world.upset(),
            Fault::Pos(stores, manner, wait) => {
                for store in stores {
                    world.pos.behave(store, manner, world.now + wait);
                }
            }
        }
    }

    fn freeze(&mut self, number: usize, wait: Us) {
        let Some(process) = self.processes.get_mut(number) else { return };
        if process.body.is_none() || process.frozen.is_some() {
            return;
        }
        if wait > ZOMBIE {
            self.world.count(Rare::Frozen);
        }
        self.freezes += 1;
        process.frozen = Some(self.freezes);
        self.world.put(self.world.now + wait, Event::Thaw(number, self.freezes));
    }

    fn judge_sent(&mut self) {
        for sent in std::mem::take(&mut self.world.sent) {
            let (store, now) = (sent.entry.order.store, self.world.now);
            let partition = store.partition();
            let owners = self.processes.iter().filter(|process| match &process.body {
                Some(Body::Resolver(resolver)) => resolver.would_send(partition, now),
                _ => false,
            });
            let sending = Sending {
                entry: &sent.entry,
                sender: sent.sender,
                epoch: sent.epoch,
                watermark: self.world.broker.watermark(store),
                owners: owners.count(),
            };
            if self.world.judge.sent(sending) {
                self.world.count(Rare::OutcomeBehindTheBack);
            }
        }
    }
}
