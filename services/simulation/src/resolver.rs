//! A queue-resolver as its shell drives it (`queue_resolver::tenancy`): its lease, its partitions, their sessions.

use std::collections::BTreeMap;

use chassis::lease::{Silence, TERMS, Tenure};
use contract::Partition;
use contract::lease::{Holder, PartitionLease, ResolverLease, Stance};
use contract::order::Origin;
use queue_resolver::schedule::Schedule;

use crate::agenda::{MS, S, Us};
use crate::distribuidor::{CALL_LIMIT, mono_ms};
use crate::hand::{REQUEST_TIMEOUT, RETRY_DELAY};
use crate::rare::Rare;
use crate::session::{End, Session, Tenant};
use crate::wire::{Key, Push, Reply, Request, Value};
use crate::world::{Input, POS_DEADLINE, Timer, World};

#[derive(Debug)]
enum Asked {
    Look { sent_ms: u64 },
    Take { sent_ms: u64 },
    Renew { sent_ms: u64 },
    Check,
    GiveBack(Partition, PartitionLease),
    Release,
}

/// What is held while the lease is.
#[derive(Debug)]
struct Tenancy {
    tenure: Tenure,
    revision: u64,
    watch: u64,
    /// Number of the request that begins the watch.
    opening: u64,
    known: BTreeMap<Partition, (PartitionLease, u64)>,
    sessions: BTreeMap<Partition, Session>,
    pause: BTreeMap<Partition, Us>,
}

/// A queue-resolver.
#[derive(Debug)]
pub struct Resolver {
    process: usize,
    run: u32,
    by: Origin,
    schedule: Schedule,
    me: Holder,
    /// How often the lease was taken.
    takes: u32,
    not_before: Us,
    silence: Option<Silence>,
    asked: BTreeMap<u64, Asked>,
    tenancy: Option<Tenancy>,
    stopping: bool,
    released: bool,
}

impl Resolver {
    /// Starts.
    pub fn start(world: &mut World, process: usize, run: u32, by: Origin, schedule: Schedule) -> Self {
        world.wake(process, run, world.rng.clone().u64(MS..50 * MS), Timer::Renew);
        Self {
            process,
            run,
            me: Self::incarnate(&by, run, 1),
            by,
            schedule,
            takes: 1,
            not_before: 0,
            silence: None,
            asked: BTreeMap::new(),
            tenancy: None,
            stopping: false,
            released: false,
        }
    }

    /// Whether a clean stop is done.
    pub const fn is_done(&self) -> bool {
        self.stopping && (self.released || self.tenancy.is_none())
    }

    /// Whether it would send to a store of this partition right now.
    pub fn would_send(&self, partition: Partition, now: Us) -> bool {
        self.tenancy.as_ref().is_some_and(|tenancy| {
            tenancy.tenure.holds_at(mono_ms(now)) && tenancy.sessions.get(&partition).is_some_and(Session::is_serving)
        })
    }

    /// Each time the lease is taken is another incarnation: what was lost under the last one is not ours again.
    fn incarnate(by: &Origin, run: u32, takes: u32) -> Holder {
        Holder { instance: by.instance.clone(), incarnation: format!("run-{run}-{takes}") }
    }

    fn lease(&self, vacant: bool) -> Value {
        let stance = if self.stopping { Stance::Leaving } else { Stance::Taking };
        Value::Resolver(ResolverLease { v: contract::VERSION, holder: self.me.clone(), stance, vacant })
    }

    fn ask(&mut self, world: &mut World, asked: Asked, request: Request) {
        let number = world.ask(self.process, self.run, CALL_LIMIT, request);
        self.asked.insert(number, asked);
    }

    /// Something comes in.
    pub fn take(&mut self, world: &mut World, input: Input) {
        let concerns_session = match &input {
            Input::Push(Push::Delivery { .. } | Push::Ended(_)) | Input::Timer(Timer::Due(..) | Timer::Resume(_)) => {
                true
            }
            Input::Answer(number, _) => !self.asked.contains_key(number),
            _ => false,
        };
        match input {
            Input::Answer(number, reply) => self.answered(world, number, reply),
            Input::Push(push) => self.pushed(world, push),
            Input::Timer(Timer::Renew) => {
                self.renew(world);
                world.wake(self.process, self.run, TERMS.renew_ms * MS, Timer::Renew);
            }
            Input::Timer(Timer::Resume(number)) => {
                self.each(|session| session.resume(world, number));
            }
            Input::Timer(Timer::Due(number, store)) => self.each(|session| session.is_due(world, number, store)),
            Input::Timer(Timer::Leave) => {
                if let Some(tenancy) = &mut self.tenancy {
                    tenancy.sessions.clear();
                    tenancy.known.clear();
                }
            }
            Input::Timer(Timer::Watch(number)) => {
                if self.tenancy.as_ref().is_some_and(|tenancy| tenancy.opening == number) {
                    self.watch(world);
                }
            }
            Input::Timer(Timer::Tick) | Input::Move(..) => {}
            Input::LinkDown => self.each(|session| session.link_down(world)),
            Input::LinkUp => {
                self.watch(world);
                self.each(|session| session.link_up(world));
            }
            Input::Release(store, intake) => {
                if let Some(tenancy) = &mut self.tenancy
                    && let Some(session) = tenancy.sessions.get_mut(&store.partition())
                {
                    session.release(world, store, intake);
                }
            }
            Input::Stop => {
                self.stopping = true;
                let limit = POS_DEADLINE + 4 * REQUEST_TIMEOUT;
                world.wake(self.process, self.run, limit, Timer::Leave);
            }
        }
        let ended = |tenancy: &Tenancy| tenancy.sessions.values().any(|session| session.end().is_some());
        if !concerns_session || self.tenancy.as_ref().is_some_and(ended) {
            self.reconcile(world);
        }
    }

    fn each(&mut self, mut work: impl FnMut(&mut Session)) {
        if let Some(tenancy) = &mut self.tenancy {
            tenancy.sessions.values_mut().for_each(&mut work);
        }
    }

    fn watch(&mut self, world: &mut World) {
        if let Some(tenancy) = &mut self.tenancy {
            tenancy.watch = world.number();
            tenancy.opening = world.ask(self.process, self.run, REQUEST_TIMEOUT, Request::Watch(tenancy.watch));
        }
    }

    fn renew(&mut self, world: &mut World) {
        let key = Key::Resolver(self.process);
        let is_asking = self.asked.values().any(|asked| !matches!(asked, Asked::GiveBack(..)));
        if is_asking || world.now < self.not_before {
            return;
        }
        let sent_ms = mono_ms(world.now);
        match &self.tenancy {
            None if self.stopping => {}
            None => self.ask(world, Asked::Look { sent_ms }, Request::Read(key)),
            Some(tenancy) => {
                let request = Request::Write(key, self.lease(false), tenancy.revision);
                self.ask(world, Asked::Renew { sent_ms }, request);
            }
        }
    }

    fn pushed(&mut self, world: &mut World, push: Push) {
        let Some(tenancy) = &mut self.tenancy else { return };
        match push {
            Push::Key(watch, Key::Partition(partition), Value::Partition(lease), revision)
                if watch == tenancy.watch
                    && tenancy.known.get(&partition).is_none_or(|(_, known)| *known < revision) =>
            {
                tenancy.known.insert(partition, (lease, revision));
            }
            Push::Delivery { name, .. } | Push::Ended(name) => {
                if let Some(session) = tenancy.sessions.get_mut(&name.partition) {
                    session.pushed(world, push);
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, world: &mut World, number: u64, reply: Option<Reply>) {
        let Some(asked) = self.asked.remove(&number) else {
            if let Some(tenancy) = &mut self.tenancy {
                if tenancy.opening == number && !matches!(reply, Some(Reply::Done)) {
                    world.wake(self.process, self.run, RETRY_DELAY, Timer::Watch(number));
                    return;
                }
                // Numbers are unique: at most one session takes it.
                let _ = tenancy.sessions.values_mut().any(|session| session.answered(world, number, reply.as_ref()));
            }
            return;
        };
        match (asked, reply) {
            (Asked::Look { sent_ms }, Some(Reply::Value(value))) => self.looked(world, sent_ms, value),
            (Asked::Take { sent_ms }, Some(Reply::Written(Some(revision)))) => self.begin(world, sent_ms, revision),
            (Asked::Look { .. } | Asked::Take { .. }, _) => self.silence = None,
            (Asked::Renew { sent_ms }, Some(Reply::Written(Some(revision)))) => {
                if let Some(tenancy) = &mut self.tenancy {
                    tenancy.revision = revision;
                    tenancy.tenure.renewed(sent_ms, TERMS);
                }
            }
            (Asked::Renew { .. }, Some(Reply::Written(None))) => {
                self.ask(world, Asked::Check, Request::Read(Key::Resolver(self.process)));
            }
            (Asked::Renew { .. }, _) => world.count(Rare::RenewalUnknown),
            (Asked::Check, Some(Reply::Value(value))) => self.checked(world, value),
            (Asked::GiveBack(partition, lease), reply) => self.given_back(world, partition, lease, reply.as_ref()),
            (Asked::Release, _) => self.released = true,
            (Asked::Check, _) => {}
        }
    }

    fn looked(&mut self, world: &mut World, sent_ms: u64, value: Option<(Value, u64)>) {
        let now_ms = mono_ms(world.now);
        let mut revision = 0;
        if let Some((Value::Resolver(before), seen)) = value {
            revision = seen;
            let silence = self.silence.get_or_insert(Silence::new(seen, now_ms));
            silence.observe(seen, now_ms);
            if !before.vacant && silence.lasted_ms(now_ms) < TERMS.ttl_ms {
                return;
            }
        }
        let request = Request::Write(Key::Resolver(self.process), self.lease(false), revision);
        self.ask(world, Asked::Take { sent_ms }, request);
    }

    fn begin(&mut self, world: &mut World, sent_ms: u64, revision: u64) {
        self.silence = None;
        let tenure = Tenure::default();
        tenure.renewed(sent_ms, TERMS);
        let (known, sessions, pause) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        world.note(|| format!("{} holds its lease", self.by.instance));
        self.tenancy = Some(Tenancy { tenure, revision, watch: 0, opening: 0, known, sessions, pause });
        if world.is_up(self.process) {
            self.watch(world);
        }
    }

    fn checked(&mut self, world: &mut World, value: Option<(Value, u64)>) {
        let me = &self.me;
        match (value, &mut self.tenancy) {
            (Some((Value::Resolver(lease), revision)), Some(tenancy)) if lease.holder == *me && !lease.vacant => {
                tenancy.revision = revision;
            }
            _ => {
                world.count(Rare::LeaseLost);
                world.note(|| format!("{} lost its lease", self.by.instance));
                self.tenancy = None;
                self.asked.clear();
                self.takes += 1;
                self.me = Self::incarnate(&self.by, self.run, self.takes);
                self.not_before = world.now + RETRY_DELAY;
            }
        }
    }

    fn given_back(&mut self, world: &mut World, partition: Partition, lease: PartitionLease, reply: Option<&Reply>) {
        let Some(tenancy) = &mut self.tenancy else { return };
        match reply {
            Some(Reply::Written(Some(_))) => world.count(Rare::GivenBack),
            Some(Reply::Written(None)) => {}
            _ => {
                tenancy.pause.insert(partition, world.now + RETRY_DELAY);
                if let Some((known, _)) = tenancy.known.get_mut(&partition).filter(|(known, _)| known.owner.is_none()) {
                    *known = lease;
                }
            }
        }
    }

    /// Begins, ends and gives back whatever should be by now.
    fn reconcile(&mut self, world: &mut World) {
        let me = &self.me;
        let Some(tenancy) = &mut self.tenancy else { return };
        let pause = &mut tenancy.pause;
        tenancy.sessions.retain(|partition, session| {
            if session.end() == Some(End::Dropped) {
                pause.insert(*partition, world.now + RETRY_DELAY);
            }
            session.end().is_none()
        });
        let mut returns = Vec::new();
        for (partition, (lease, revision)) in &mut tenancy.known {
            let ours = lease.owner.as_ref() == Some(me);
            let leaving = lease.releasing || self.stopping;
            let is_pausing = tenancy.pause.get(partition).is_some_and(|until| world.now < *until);
            match (tenancy.sessions.get_mut(partition), ours) {
                (Some(session), true) if leaving => session.finish(world),
                (Some(_), false) => drop(tenancy.sessions.remove(partition)),
                (None, true) if is_pausing => {}
                (None, true) if leaving => {
                    let free = PartitionLease { owner: None, releasing: false, ..lease.clone() };
                    returns.push((*partition, std::mem::replace(lease, free.clone()), free, *revision));
                }
                (None, true) if tenancy.tenure.holds_at(mono_ms(world.now)) => {
                    let tenant = Tenant {
                        process: self.process,
                        run: self.run,
                        by: self.by.clone(),
                        country: world.names.country,
                        tenure: tenancy.tenure.clone(),
                        schedule: self.schedule.clone(),
                        pace_ms: world.pace_ms,
                    };
                    let session = Session::new(world, tenant, *partition, *revision);
                    tenancy.sessions.insert(*partition, session);
                }
                (Some(_), true) | (None, _) => {}
            }
        }
        for (partition, before, free, revision) in returns {
            let request = Request::Write(Key::Partition(partition), Value::Partition(free), revision);
            self.ask(world, Asked::GiveBack(partition, before), request);
        }
        self.leave(world);
    }

    /// Gives the lease back once nothing is left to finish.
    fn leave(&mut self, world: &mut World) {
        let Some(tenancy) = &self.tenancy else { return };
        if !self.stopping || !tenancy.sessions.is_empty() || !self.asked.is_empty() || self.released {
            return;
        }
        let request = Request::Write(Key::Resolver(self.process), self.lease(true), tenancy.revision);
        tenancy.tenure.end();
        self.ask(world, Asked::Release, request);
    }
}

/// Waits between attempts: shorter than those of a real deployment, so that a run sees them used up.
pub const SCHEDULE: &str = "0.5,1,2,3";

/// Longest time that draining may take once nothing is broken any more: the last late publish, a probe of a POS that
/// was down, and the attempts of a long queue.
pub const DRAIN_LIMIT: Us = 180 * S;
