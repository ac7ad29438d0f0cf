//! A distribuidor as its shell drives it: stands by, holds the office, hands over, keeps the register.

mod registry;

use chassis::lease::{Silence, TERMS, Tenure};
use contract::lease::{Holder, OfficeLease};
use contract::order::Origin;
use distribuidor::chain::Checkpoint;

use crate::agenda::{MS, Us};
use crate::hand::Hand;
use crate::rare::Rare;
use crate::wire::{Key, Push, Reply, Request, Value};
use crate::world::{Input, Timer, World};
use registry::Registry;

/// How long a call on the bucket of leases may take; as in `chassis::lease`.
pub const CALL_LIMIT: Us = 700 * MS;

/// Between looks at what may have become due.
pub const TICK: Us = 100 * MS;

/// What the bucket was asked about the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Look {
        sent_ms: u64,
    },
    Take {
        sent_ms: u64,
    },
    Renew {
        sent_ms: u64,
    },
    /// After a renewal was refused.
    Check,
    Release,
}

#[derive(Debug)]
struct Office {
    tenure: Tenure,
    revision: u64,
    lease: OfficeLease,
    hand: Hand,
    registry: Registry,
}

/// A distribuidor.
#[derive(Debug)]
pub struct Distribuidor {
    process: usize,
    run: u32,
    by: Origin,
    me: Holder,
    silence: Option<Silence>,
    asked: Option<(u64, Asked)>,
    taking: Option<OfficeLease>,
    office: Option<Office>,
    stopping: bool,
    /// The checkpoint to be kept has led to a renewal.
    hurried: bool,
}

const fn note(lease: &mut OfficeLease, checkpoint: Checkpoint) {
    lease.distributed = checkpoint.intake;
    lease.queued = checkpoint.queued;
}

/// Virtual time as processes see it: steady milliseconds.
pub const fn mono_ms(now: Us) -> u64 {
    // A process never sees the time 0, which stands for "never".
    now / MS + 1_000
}

impl Distribuidor {
    /// Starts standing by.
    pub fn start(world: &mut World, process: usize, run: u32, by: Origin) -> Self {
        let me = Holder { instance: by.instance.clone(), incarnation: format!("run-{run}") };
        world.wake(process, run, world.rng.clone().u64(MS..50 * MS), Timer::Renew);
        Self {
            process,
            run,
            by,
            me,
            silence: None,
            asked: None,
            taking: None,
            office: None,
            stopping: false,
            hurried: false,
        }
    }

    /// Whether it holds the office, or believes so.
    pub const fn is_active(&self) -> bool {
        self.office.is_some()
    }

    /// Whether a clean stop is done.
    pub const fn is_done(&self) -> bool {
        self.stopping && self.office.is_none() && self.asked.is_none()
    }

    /// Something comes in.
    pub fn take(&mut self, world: &mut World, input: Input) {
        self.handle(world, input);
        // A checkpoint to be kept does not wait for the next renewal.
        let hurries = self.office.as_ref().is_some_and(|office| office.hand.hurries());
        if hurries && !std::mem::replace(&mut self.hurried, hurries) {
            self.renew(world);
        }
        self.hurried = hurries;
    }

    fn handle(&mut self, world: &mut World, input: Input) {
        match input {
            Input::Answer(number, reply) => self.answered(world, number, reply),
            Input::Push(push) => {
                if let Some(office) = &mut self.office {
                    let may = office.tenure.holds_at(mono_ms(world.now));
                    match push {
                        Push::Order(..) => office.hand.pushed(world, push, may),
                        _ => office.registry.pushed(world, push),
                    }
                }
            }
            Input::Timer(Timer::Renew) => {
                self.renew(world);
                world.wake(self.process, self.run, TERMS.renew_ms * MS, Timer::Renew);
            }
            Input::Timer(Timer::Tick) => {
                if let Some(office) = &mut self.office {
                    let may = office.tenure.holds_at(mono_ms(world.now));
                    office.hand.tick(world, may);
                    office.registry.tick(world, &office.tenure);
                    world.wake(self.process, self.run, TICK, Timer::Tick);
                }
            }
            Input::Timer(Timer::Resume(number)) => {
                if let Some(office) = &mut self.office {
                    office.hand.resume(world, number);
                    office.registry.resume(world, number);
                }
            }
            Input::Move(command, partition, to) => {
                if let Some(office) = &mut self.office {
                    office.registry.wanted(world, (command, partition, to), &office.tenure);
                }
            }
            Input::Timer(Timer::Due(..) | Timer::Watch(_) | Timer::Leave) | Input::Release(..) => {}
            Input::LinkDown => {
                if let Some(office) = &mut self.office {
                    office.hand.disturbed(world);
                    office.registry.disturbed(world);
                }
            }
            Input::LinkUp => {
                if let Some(office) = &mut self.office {
                    office.hand.link_up(world);
                    office.registry.link_up(world);
                }
            }
            Input::Stop => {
                self.stopping = true;
                if let Some(mut office) = self.office.take() {
                    office.tenure.end();
                    note(&mut office.lease, office.hand.latest());
                    office.lease.vacant = true;
                    let request = Request::Write(Key::Office, Value::Office(office.lease), office.revision);
                    self.ask(world, Asked::Release, request);
                }
            }
        }
    }

    fn ask(&mut self, world: &mut World, asked: Asked, request: Request) {
        let number = world.ask(self.process, self.run, CALL_LIMIT, request);
        self.asked = Some((number, asked));
    }

    fn renew(&mut self, world: &mut World) {
        if self.asked.is_some() || self.stopping {
            return;
        }
        let sent_ms = mono_ms(world.now);
        match &mut self.office {
            None => self.ask(world, Asked::Look { sent_ms }, Request::Read(Key::Office)),
            Some(office) => {
                note(&mut office.lease, office.hand.latest());
                let request = Request::Write(Key::Office, Value::Office(office.lease.clone()), office.revision);
                self.ask(world, Asked::Renew { sent_ms }, request);
            }
        }
    }

    fn answered(&mut self, world: &mut World, number: u64, reply: Option<Reply>) {
        let Some((_, asked)) = self.asked.filter(|(waiting, _)| *waiting == number) else {
            if let Some(office) = &mut self.office {
                let may = office.tenure.holds_at(mono_ms(world.now));
                office.registry.answered(world, number, reply.as_ref(), &office.tenure);
                office.hand.answered(world, number, reply, may);
            }
            return;
        };
        self.asked = None;
        match (asked, reply) {
            (Asked::Look { sent_ms }, Some(Reply::Value(value))) => self.looked(world, sent_ms, value),
            (Asked::Take { sent_ms }, Some(Reply::Written(Some(revision)))) => self.begin(world, sent_ms, revision),
            (Asked::Look { .. } | Asked::Take { .. }, _) => self.silence = None,
            (Asked::Renew { sent_ms }, Some(Reply::Written(Some(revision)))) => {
                if let Some(office) = &mut self.office {
                    office.revision = revision;
                    office.tenure.renewed(sent_ms, TERMS);
                    let kept = Checkpoint { intake: office.lease.distributed, queued: office.lease.queued };
                    let may = office.tenure.holds_at(mono_ms(world.now));
                    office.hand.kept(world, kept, may);
                }
            }
            (Asked::Renew { .. }, Some(Reply::Written(None))) => {
                self.ask(world, Asked::Check, Request::Read(Key::Office));
            }
            (Asked::Renew { .. }, _) => world.count(Rare::RenewalUnknown),
            (Asked::Check, Some(Reply::Value(value))) => match (value, &mut self.office) {
                (Some((Value::Office(lease), revision)), Some(office)) if lease.holder == self.me && !lease.vacant => {
                    office.revision = revision;
                }
                _ => {
                    world.count(Rare::LeaseLost);
                    world.note(|| format!("{} lost the office", self.by.instance));
                    self.office = None;
                }
            },
            (Asked::Check | Asked::Release, _) => {}
        }
    }

    fn looked(&mut self, world: &mut World, sent_ms: u64, value: Option<(Value, u64)>) {
        let now_ms = mono_ms(world.now);
        let (before, revision) = match value {
            Some((Value::Office(lease), revision)) => (Some(lease), revision),
            _ => (None, 0),
        };
        if let Some(before) = &before {
            let silence = self.silence.get_or_insert(Silence::new(revision, now_ms));
            silence.observe(revision, now_ms);
            if !before.vacant && silence.lasted_ms(now_ms) < TERMS.ttl_ms {
                return;
            }
        }
        let lease = OfficeLease {
            v: contract::VERSION,
            holder: self.me.clone(),
            term: before.as_ref().map_or(0, |lease| lease.term) + 1,
            distributed: before.as_ref().map_or(0, |lease| lease.distributed),
            queued: before.and_then(|lease| lease.queued),
            vacant: false,
        };
        self.taking = Some(lease.clone());
        self.ask(world, Asked::Take { sent_ms }, Request::Write(Key::Office, Value::Office(lease), revision));
    }

    fn begin(&mut self, world: &mut World, sent_ms: u64, revision: u64) {
        let Some(lease) = self.taking.take() else { return };
        self.silence = None;
        if lease.term > 1 {
            world.count(Rare::OfficeTaken);
        }
        world.note(|| format!("{} takes the office, term {}", self.by.instance, lease.term));
        let tenure = Tenure::default();
        tenure.renewed(sent_ms, TERMS);
        let (term, kept) = (lease.term, Checkpoint { intake: lease.distributed, queued: lease.queued });
        let hand = Hand::new(world, self.process, self.run, self.by.clone(), term, kept);
        let registry = Registry::new(world, self.process, self.run, term);
        self.office = Some(Office { tenure, revision, lease, hand, registry });
        world.wake(self.process, self.run, TICK, Timer::Tick);
    }
}
