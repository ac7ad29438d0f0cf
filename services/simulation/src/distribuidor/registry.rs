//! The shell around [`distribuidor::assign`], as `distribuidor::registry` is.

use std::collections::{BTreeMap, VecDeque};

use chassis::lease::{Silence, TERMS, Tenure};
use contract::lease::{PartitionLease, ResolverLease, Stance};
use contract::{CommandId, Partition, command};
use distribuidor::assign::wish::{self, Met};
use distribuidor::assign::{self, Live};

use super::{CALL_LIMIT, mono_ms};
use crate::hand::{REQUEST_TIMEOUT, RETRY_DELAY};
use crate::rare::Rare;
use crate::wire::{Key, Push, Reply, Request, Value};
use crate::world::{Timer, World};

#[derive(Debug)]
struct Seen {
    lease: ResolverLease,
    revision: u64,
    silence: Silence,
}

/// A write to be done; they are done one after the other.
#[derive(Debug)]
enum Work {
    Expire(usize, ResolverLease, u64),
    /// Once everybody silent is expired.
    Plan,
    Settle(Partition, PartitionLease, u64),
    /// What an operator wants.
    Want(Partition, PartitionLease, u64),
}

/// What is seen of the bucket, and what is being written.
#[derive(Debug)]
pub(super) struct Registry {
    process: usize,
    run: u32,
    term: u64,
    watch: Option<u64>,
    /// Number of the request that begins the watch.
    opening: u64,
    complete: bool,
    pause: u64,
    resolvers: BTreeMap<usize, Seen>,
    partitions: BTreeMap<Partition, (PartitionLease, u64)>,
    work: VecDeque<Work>,
    doing: Option<(u64, Work)>,
    /// Something changed since the plan was empty.
    dirty: bool,
}

impl Registry {
    pub(super) fn new(world: &mut World, process: usize, run: u32, term: u64) -> Self {
        let mut registry = Self {
            process,
            run,
            term,
            watch: None,
            opening: 0,
            complete: false,
            pause: 0,
            resolvers: BTreeMap::new(),
            partitions: BTreeMap::new(),
            work: VecDeque::new(),
            doing: None,
            dirty: true,
        };
        registry.link_up(world);
        registry
    }

    pub(super) fn link_up(&mut self, world: &mut World) {
        if self.watch.is_none() && self.pause == 0 && world.is_up(self.process) {
            let number = world.number();
            self.watch = Some(number);
            self.complete = false;
            self.opening = world.ask(self.process, self.run, REQUEST_TIMEOUT, Request::Watch(number));
        }
    }

    /// The bus was away, or a write had no answer.
    pub(super) fn disturbed(&mut self, world: &mut World) {
        self.watch = None;
        self.complete = false;
        self.work.clear();
        self.doing = None;
        self.dirty = true;
        self.pause = world.number();
        world.wake(self.process, self.run, RETRY_DELAY, Timer::Resume(self.pause));
    }

    pub(super) fn resume(&mut self, world: &mut World, pause: u64) {
        if pause == self.pause {
            self.pause = 0;
            // What was not seen was not silence.
            let now_ms = mono_ms(world.now);
            self.resolvers.values_mut().for_each(|seen| seen.silence.restart(now_ms));
            self.link_up(world);
        }
    }

    pub(super) fn pushed(&mut self, world: &World, push: Push) {
        match push {
            Push::Complete(number) if self.watch == Some(number) => self.complete = true,
            Push::Key(number, key, value, revision) if self.watch == Some(number) => {
                self.dirty = true;
                self.see(world, key, value, revision);
            }
            _ => {}
        }
    }

    fn see(&mut self, world: &World, key: Key, value: Value, revision: u64) {
        let now_ms = mono_ms(world.now);
        match (key, value) {
            (Key::Resolver(process), Value::Resolver(lease)) => match self.resolvers.get_mut(&process) {
                Some(seen) => {
                    seen.silence.observe(revision, now_ms);
                    seen.lease = lease;
                    seen.revision = revision;
                }
                None => {
                    self.resolvers.insert(process, Seen { lease, revision, silence: Silence::new(revision, now_ms) });
                }
            },
            (Key::Partition(partition), Value::Partition(lease)) => self.learn(partition, lease, revision),
            _ => {}
        }
    }

    /// An older writing than the one known says nothing.
    fn learn(&mut self, partition: Partition, lease: PartitionLease, revision: u64) {
        if self.partitions.get(&partition).is_none_or(|(_, known)| *known < revision) {
            self.partitions.insert(partition, (lease, revision));
        }
    }

    /// Looks who is silent, then who should own what.
    pub(super) fn tick(&mut self, world: &mut World, tenure: &Tenure) {
        let now_ms = mono_ms(world.now);
        if !self.complete || self.doing.is_some() || !tenure.holds_at(now_ms) {
            return;
        }
        for (process, seen) in &self.resolvers {
            if !seen.lease.vacant && seen.silence.lasted_ms(now_ms) >= TERMS.ttl_ms {
                let vacated = ResolverLease { vacant: true, stance: Stance::Leaving, ..seen.lease.clone() };
                self.work.push_back(Work::Expire(*process, vacated, seen.revision));
            }
        }
        if self.dirty || !self.work.is_empty() {
            self.work.push_back(Work::Plan);
        }
        self.go_on(world, tenure);
    }

    fn plan(&mut self) {
        let alive = self.resolvers.values().filter(|seen| !seen.lease.vacant);
        let live: Live = alive.map(|seen| (seen.lease.holder.clone(), seen.lease.stance)).collect();
        let leases = self.partitions.iter().map(|(partition, (lease, _))| (*partition, lease.clone())).collect();
        let changes = assign::plan(&live, &leases);
        self.dirty = !changes.is_empty();
        for change in changes {
            let partition = change.partition();
            let (was, before) =
                self.partitions.get(&partition).map_or((None, 0), |(lease, revision)| (Some(lease), *revision));
            let (lease, _) = change.lease(was, self.term);
            self.work.push_back(Work::Settle(partition, lease, before));
        }
    }

    /// An operator moves a partition. While something else is being written, or nothing is known, nobody is told anything.
    pub(super) fn wanted(
        &mut self,
        world: &mut World,
        (command, partition, to): (CommandId, Partition, usize),
        tenure: &Tenure,
    ) {
        if !self.complete || self.doing.is_some() || !tenure.holds_at(mono_ms(world.now)) {
            return;
        }
        let (Some(name), Ok(by)) = (world.origin(to), "operator".parse()) else { return };
        let wish =
            command::Move { id: command, partition: Some(partition), store: None, to: name.instance, epoch: None, by };
        let to = self.resolvers.get(&to).map(|seen| &seen.lease);
        let known = self.partitions.get(&partition);
        if let Met::Go(lease) = wish::decide(&wish, to, known, self.term) {
            world.count(Rare::Wanted);
            self.work.push_back(Work::Want(partition, lease, known.map_or(0, |(_, revision)| *revision)));
            self.dirty = true;
            self.go_on(world, tenure);
        }
    }

    fn go_on(&mut self, world: &mut World, tenure: &Tenure) {
        while self.doing.is_none() {
            let Some(work) = self.work.pop_front() else { return };
            let request = match &work {
                Work::Plan => {
                    self.plan();
                    continue;
                }
                Work::Expire(process, lease, revision) => {
                    Request::Write(Key::Resolver(*process), Value::Resolver(lease.clone()), *revision)
                }
                Work::Settle(partition, lease, revision) | Work::Want(partition, lease, revision) => {
                    if !tenure.holds_at(mono_ms(world.now)) {
                        self.work.clear();
                        self.dirty = true;
                        return;
                    }
                    Request::Write(Key::Partition(*partition), Value::Partition(lease.clone()), *revision)
                }
            };
            let number = world.ask(self.process, self.run, CALL_LIMIT, request);
            self.doing = Some((number, work));
        }
    }

    pub(super) fn answered(&mut self, world: &mut World, number: u64, reply: Option<&Reply>, tenure: &Tenure) {
        if self.opening == number && self.watch.is_some() && !matches!(reply, Some(Reply::Done)) {
            self.disturbed(world);
        }
        if self.doing.as_ref().is_none_or(|(doing, _)| *doing != number) {
            return;
        }
        let Some((_, work)) = self.doing.take() else { return };
        let written = match reply {
            Some(Reply::Written(written)) => *written,
            _ => return self.disturbed(world),
        };
        match (work, written) {
            (Work::Expire(process, lease, _), Some(revision)) => {
                world.count(Rare::ResolverExpired);
                if let Some(seen) = self.resolvers.get_mut(&process).filter(|seen| seen.revision < revision) {
                    seen.lease = lease;
                    seen.revision = revision;
                }
            }
            (Work::Expire(..), None) => world.count(Rare::ExpiryRefused),
            (Work::Settle(partition, lease, _) | Work::Want(partition, lease, _), Some(revision)) => {
                if !lease.releasing && lease.is_placed() {
                    world.count(Rare::Moved);
                }
                self.learn(partition, lease, revision);
            }
            (Work::Settle(..) | Work::Want(..) | Work::Plan, _) => {}
        }
        self.go_on(world, tenure);
    }
}
