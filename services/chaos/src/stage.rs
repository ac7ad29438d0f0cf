//! Faults one after the other: which instance is hit, and when the next one may come. [`blows`] does it.

mod blows;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use contract::StoreId;

use crate::deployment::{Deployment, POS_LINE};
use crate::evidence::{self, Progress};
use crate::fault::{Blow, Fault, Line, Node, Part, Pos};
use crate::leaders;
use crate::now;
use crate::oracle::{Violation, Wrong};
use crate::plan::Step;
use crate::trace::Injury;
use crate::witness::{Witness, active, settled};

/// How long everybody may take to be at work again after a fault: a lease of two seconds, a start, a heartbeat, a node
/// that catches up, with room for a busy machine. Who is not in time does not stop the run, the orders will tell.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);

/// Orders that may be in no queue yet while all is well: at the default rate half a second's.
const ON_THE_WAY: u64 = 30;

/// How long the queues may take to be empty for once before a SIGTERM. The longest wait is the probe of a POS that was
/// down, at most 20 s.
const QUIET_LIMIT: Duration = Duration::from_secs(30);

/// After so long every instance has sent another heartbeat.
const HEARTBEAT: Duration = Duration::from_millis(1_200);

/// How long a leader may be looked for: an election takes some seconds.
const LEADER_LIMIT: Duration = Duration::from_secs(10);

/// Instances of each service: what a small country runs, with somebody left to take over.
pub(crate) const APIS: u32 = 2;
pub(crate) const DISTRIBUIDORES: u32 = 2;
pub(crate) const RESOLVERS: u32 = 3;
const INSTANCES: usize = (APIS + DISTRIBUIDORES + RESOLVERS) as usize;

/// Wait before a condition is looked at again.
pub(crate) const LOOK: Duration = Duration::from_millis(100);

/// The deployment with what was done to it so far.
pub(crate) struct Stage {
    pub(crate) deployment: Deployment,
    pub(crate) witness: Witness,
    pub(crate) injuries: Vec<Injury>,
    /// Faults of POS in force: which injury, until when.
    ill: Vec<(usize, Instant)>,
    pub(crate) violations: Vec<Violation>,
}

impl Stage {
    pub(crate) const fn new(deployment: Deployment, witness: Witness) -> Self {
        Self { deployment, witness, injuries: Vec::new(), ill: Vec::new(), violations: Vec::new() }
    }

    /// Causes a fault and, unless it is one of POS, ends it.
    pub(crate) async fn step(&mut self, round: usize, step: &Step) -> anyhow::Result<()> {
        tokio::time::sleep(Duration::from_millis(step.pause_ms)).await;
        self.heal(|_, due| due <= Instant::now()).await?;
        let clean = matches!(step.fault, Fault::Process(_, Blow::Term));
        if clean {
            self.quiet().await?;
        }
        let hold = Duration::from_millis(step.hold_ms);
        let node = self.node(step).await;
        let mut targets = self.processes(step);
        targets.extend(node.map(|node| self.deployment.node_name(node).to_owned()));
        let index = self.injuries.len();
        let about = if step.stores.is_empty() { targets.join(", ") } else { format!("{} stores", step.stores.len()) };
        tell(&format!("round {}: {} {about}", round + 1, step.fault));
        self.injuries.push(Injury::new(round, step.fault, targets.clone(), step.stores.clone(), now()));
        match step.fault {
            Fault::Calm => tokio::time::sleep(hold).await,
            Fault::Pos(pos) => {
                // A store has one fault at a time.
                let stores: BTreeSet<StoreId> = step.stores.iter().copied().collect();
                self.heal(|injury, _| injury.stores.iter().any(|store| stores.contains(store))).await?;
                self.infect(pos, &step.stores).await?;
                self.ill.push((index, Instant::now() + hold));
                return Ok(());
            }
            Fault::Process(_, blow) => self.strike(&targets, blow, hold).await?,
            Fault::Pair(_) | Fault::Node(_) => self.injuries[index].noticed = self.kill(step, node, hold).await?,
            Fault::Line(line, spoil) => {
                let of = if line == Line::Pos { POS_LINE } else { &targets[0] };
                self.injuries[index].noticed = self.spoil(of, spoil, hold).await;
            }
            Fault::Disk => {
                let node = node.context("a disk belongs to a node")?;
                self.injuries[index].noticed = self.fill(node, hold).await?;
            }
            Fault::Clock(turn) => self.turn(&targets, turn, hold).await?,
        }
        self.injuries[index].ended = now();
        self.crashes().await?;
        if step.fault != Fault::Calm {
            self.settle().await;
        }
        if clean {
            tokio::time::sleep(HEARTBEAT).await;
        }
        Ok(())
    }

    /// The processes of ours that a step is about.
    fn processes(&self, step: &Step) -> Vec<String> {
        let fresh = self.witness.fresh();
        let active = active(&fresh).map_or("distribuidor-1", |id| id.as_str());
        let pick = |count: u32| step.pick % usize::try_from(count).unwrap_or(1) + 1;
        let id = |part: &Part| match part {
            Part::Api => format!("api-domicilio-{}", pick(APIS)),
            Part::Resolver => format!("queue-resolver-{}", pick(RESOLVERS)),
            Part::Active => active.to_owned(),
            Part::Standby if active == "distribuidor-1" => "distribuidor-2".to_owned(),
            Part::Standby => "distribuidor-1".to_owned(),
        };
        let parts: &[Part] = match &step.fault {
            Fault::Process(part, _) | Fault::Line(Line::Bus(part), _) => std::slice::from_ref(part),
            Fault::Pair(pair) => pair.parts(),
            Fault::Clock(_) => &[Part::Api, Part::Active, Part::Resolver],
            Fault::Calm | Fault::Node(_) | Fault::Line(Line::Pos, _) | Fault::Disk | Fault::Pos(_) => &[],
        };
        parts.iter().map(id).collect()
    }

    /// The nats-server that a step is about, counted from 0; `None` as well when a leader was to be hit and there is none.
    async fn node(&self, step: &Step) -> Option<usize> {
        let any = step.pick % self.deployment.nodes();
        let seat = match step.fault {
            Fault::Node(node) => node,
            Fault::Disk => Node::Any,
            Fault::Pair(pair) if pair.has_node() => Node::Any,
            _ => return None,
        };
        if seat == Node::Any {
            return Some(any);
        }
        let deadline = Instant::now() + LEADER_LIMIT;
        while Instant::now() < deadline {
            let leader = leaders::leader(&self.deployment.connection, seat, step.pick).await.ok().flatten();
            let node = leader.and_then(|leader| {
                (0..self.deployment.nodes()).find(|node| self.deployment.node_name(*node) == leader)
            });
            if node.is_some() {
                return node;
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }

    /// Ends the faults of POS for which `which` says so.
    async fn heal(&mut self, which: impl Fn(&Injury, Instant) -> bool) -> anyhow::Result<()> {
        let (healed, ill) = self.ill.drain(..).partition(|(index, due)| which(&self.injuries[*index], *due));
        self.ill = ill;
        let healed: Vec<(usize, Instant)> = healed;
        for (index, _) in healed {
            let injury = &mut self.injuries[index];
            for store in &injury.stores {
                if injury.fault == Fault::Pos(Pos::Unreachable) {
                    self.deployment.reachable(*store, true).await?;
                } else {
                    self.deployment.clear_fault(*store).await?;
                }
            }
            injury.ended = now();
        }
        Ok(())
    }

    /// Waits for the end of the faults of POS that are still in force.
    pub(crate) async fn last_illness(&mut self) -> anyhow::Result<()> {
        if let Some(due) = self.ill.iter().map(|(_, due)| *due).max() {
            tokio::time::sleep_until(due.into()).await;
        }
        self.heal(|_, _| true).await
    }

    /// Until nothing else is at fault, nothing of earlier faults waits, and everybody has told what there was of it.
    async fn quiet(&mut self) -> anyhow::Result<()> {
        self.last_illness().await?;
        self.settle().await;
        let deadline = Instant::now() + QUIET_LIMIT;
        while !matches!(evidence::waiting(&self.deployment.connection).await, Ok(0)) && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(HEARTBEAT).await;
        Ok(())
    }

    /// Processes that ended by themselves are a breach; they are started again so that the rest can be judged.
    pub(crate) async fn crashes(&mut self) -> anyhow::Result<()> {
        for (id, status) in self.deployment.crashed().await? {
            self.wrong(Wrong::Crashed, &id, format!("ended by itself with {status}"));
        }
        Ok(())
    }

    /// Until everybody has been at work, every node has had everything and orders have been flowing for the time of a
    /// heartbeat: whoever has just come back takes partitions from others first.
    pub(crate) async fn settle(&self) {
        let deadline = Instant::now() + SETTLE_LIMIT;
        let mut since: Option<Instant> = None;
        // Where nothing is accepted nothing waits, either: an order must have gone all the way since.
        let mut done: Option<u64> = None;
        loop {
            match self.unsettled(&mut done).await {
                None if since.get_or_insert_with(Instant::now).elapsed() >= HEARTBEAT => return,
                None => {}
                Some(why) if Instant::now() >= deadline => {
                    return tell(&format!("not everybody is at work after {} s: {why}", SETTLE_LIMIT.as_secs()));
                }
                Some(_) => since = None,
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is not as it should be; `done` is how many orders had ended when that was first told.
    async fn unsettled(&self, done: &mut Option<u64>) -> Option<String> {
        let nodes = self.deployment.nodes();
        if nodes > 1 {
            match leaders::incomplete(&self.deployment.connection, nodes).await {
                Ok(None) => {}
                Ok(Some(stream)) => return Some(stream),
                Err(error) => return Some(error.to_string()),
            }
        }
        let fresh = self.witness.fresh();
        if !settled(&fresh, INSTANCES) {
            let who: Vec<&str> = fresh.keys().map(contract::InstanceId::as_str).collect();
            return Some(format!("only {} serve as they should", who.join(", ")));
        }
        (!self.flows(done).await).then(|| "orders wait in queues, or none goes through".to_owned())
    }

    /// Whether an order has ended since `done`, orders are handed over, and no queue holds more than one, but those of
    /// stores whose POS was at fault in this round. Before the first fault there is no traffic.
    async fn flows(&self, done: &mut Option<u64>) -> bool {
        let round = self.injuries.last().map_or(0, |injury| injury.round);
        let ill: BTreeSet<StoreId> = self
            .injuries
            .iter()
            .filter(|injury| injury.round == round)
            .flat_map(|injury| injury.stores.iter().copied())
            .collect();
        let Ok(progress) = Progress::read(&self.deployment.connection).await else { return false };
        let none_since = progress.outcomes <= *done.get_or_insert(progress.outcomes);
        if progress.not_handed_over() > ON_THE_WAY || none_since && !self.injuries.is_empty() {
            return false;
        }
        let depths = bus::read::depths(&self.deployment.connection.js).await;
        depths.is_ok_and(|depths| depths.iter().all(|(store, depth)| *depth <= 1 || ill.contains(store)))
    }

    pub(crate) fn wrong(&mut self, wrong: Wrong, about: &str, why: String) {
        tell(&format!("{about}: {why}"));
        self.violations.push(Violation { wrong, about: about.to_owned(), at: now(), why });
    }
}

/// One line on standard error, for whoever watches.
pub(crate) fn tell(line: &str) {
    // Nobody there to read it is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{} {line}", now());
}
