//! Runs a plan: traffic, faults, healing, draining, probes. What it sees is judged by [`crate::report`].

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use contract::{StoreId, UtcMs};
use pos_simulator::Trouble;
use rustix::process::Signal;

use crate::deployment::{Deployment, Layout};
use crate::evidence::{self, Remains};
use crate::now;
use crate::oracle::{Violation, Wrong};
use crate::plan::{Blow, Fault, Part, Plan, Pos, Step};
use crate::sender::{Record, Senders, probe};
use crate::settings::Settings;
use crate::trace::Injury;
use crate::witness::{Beat, Witness, active, settled};

const APIS: u32 = 2;
const DISTRIBUIDORES: u32 = 2;
const RESOLVERS: u32 = 3;
const INSTANCES: usize = (APIS + DISTRIBUIDORES + RESOLVERS) as usize;

/// Five attempts within about four seconds: a POS at fault makes some orders end as not injected, not all, and a round
/// does not last longer for it.
const RETRY_SCHEDULE: &str = "0.3,0.5,1,2";

/// How long a resolver waits for a POS, in milliseconds.
const POS_DEADLINE_MS: &str = "2000";

/// Extra delay of a POS that is too slow, in milliseconds: more than a resolver waits.
const SLOW_MS: u64 = 2_200;

/// How long everybody may take to be at work again after a fault: a lease of two seconds, a start, a heartbeat, with
/// room for a busy machine. Who is not in time does not stop the run, the orders will tell.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// How long the backlog may take to drain after healing. The longest wait in it is the probe of a POS that was down, at
/// most 20 s.
const DRAIN_LIMIT: Duration = Duration::from_mins(1);

/// How long an order to an idle, healed deployment may take to its POS.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// Wait before a condition is looked at again.
const LOOK: Duration = Duration::from_millis(100);

/// What a run left behind, to be judged.
#[derive(Debug)]
pub struct Run {
    /// The faults, in the order in which they began.
    pub injuries: Vec<Injury>,
    /// What senders did and were told.
    pub record: Record,
    /// Ledger and streams.
    pub remains: Remains,
    /// Heartbeats.
    pub beats: Vec<Beat>,
    /// What the runner itself saw go wrong.
    pub violations: Vec<Violation>,
}

/// Runs `plan`. The deployment is handed back for its logs.
pub async fn run(settings: &Settings, seed: u64, plan: &Plan) -> anyhow::Result<(Run, Deployment)> {
    let layout = Layout {
        programs: programs()?,
        apis: APIS,
        distribuidores: DISTRIBUIDORES,
        resolvers: RESOLVERS,
        stores: settings.stores,
        resolver_args: ["--retry-schedule", RETRY_SCHEDULE, "--pos-deadline-ms", POS_DEADLINE_MS]
            .map(String::from)
            .to_vec(),
    };
    let deployment = Deployment::start(&layout).await?;
    let witness = Witness::listen(&deployment.connection).await?;
    let mut stage = Stage { deployment, witness, injuries: Vec::new(), ill: Vec::new(), violations: Vec::new() };
    stage.settle().await;
    let mut record = Record::default();
    for (round, steps) in plan.rounds.iter().enumerate() {
        let first = stage.injuries.len();
        let senders = Senders::start(stage.deployment.apis(), settings.stores, settings.orders, seed, round);
        for step in steps {
            stage.step(round, step).await?;
        }
        stage.last_illness().await?;
        let stopped_at = now();
        record.add(senders.stop().await?);
        stage.close(first, stopped_at);
        tell("healed; draining");
        stage.drain().await?;
        record.add(stage.probe(settings.stores, round).await?);
    }
    stage.counts(&layout.programs).await?;
    let remains = Remains::gather(&stage.deployment.connection, &stage.deployment.ledger()).await?;
    let Stage { deployment, witness, injuries, violations, .. } = stage;
    Ok((Run { injuries, record, remains, beats: witness.heard(), violations }, deployment))
}

/// Programs of the workspace lie beside our own.
fn programs() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("finding this program")?;
    Ok(own.parent().map(PathBuf::from).unwrap_or_default())
}

/// One line on standard error, for whoever watches.
fn tell(line: &str) {
    // Nobody there to read it is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{} {line}", now());
}

struct Stage {
    deployment: Deployment,
    witness: Witness,
    injuries: Vec<Injury>,
    /// Faults of POS in force: which injury, until when.
    ill: Vec<(usize, Instant)>,
    violations: Vec<Violation>,
}

impl Stage {
    async fn step(&mut self, round: usize, step: &Step) -> anyhow::Result<()> {
        tokio::time::sleep(Duration::from_millis(step.pause_ms)).await;
        self.heal(|_, due| due <= Instant::now()).await?;
        let hold = Duration::from_millis(step.hold_ms);
        let target = self.target(step);
        let index = self.injuries.len();
        let about = if step.stores.is_empty() { target.clone() } else { format!("{} stores", step.stores.len()) };
        tell(&format!("round {}: {} {about}", round + 1, step.fault));
        self.injuries.push(Injury::new(round, step.fault, target.clone(), step.stores.clone(), now()));
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
            Fault::Bus => {
                let connects = self.deployment.connection.connects();
                self.deployment.kill_bus().await?;
                tokio::time::sleep(hold).await;
                self.deployment.restart_bus().await?;
                self.deployment.connection.up().await;
                self.injuries[index].reconnected = self.deployment.connection.connects() > connects;
            }
            Fault::Process(_, blow) => self.strike(&target, blow, hold).await?,
        }
        self.injuries[index].ended = now();
        self.crashes().await?;
        if step.fault != Fault::Calm {
            self.settle().await;
        }
        Ok(())
    }

    /// The instance that a step is about.
    fn target(&self, step: &Step) -> String {
        let Fault::Process(part, _) = step.fault else { return String::new() };
        let fresh = self.witness.fresh();
        let active = active(&fresh).map_or("distribuidor-1", |id| id.as_str());
        let pick = |count: u32| step.pick % usize::try_from(count).unwrap_or(1) + 1;
        match part {
            Part::Api => format!("api-domicilio-{}", pick(APIS)),
            Part::Resolver => format!("queue-resolver-{}", pick(RESOLVERS)),
            Part::Active => active.to_owned(),
            Part::Standby if active == "distribuidor-1" => "distribuidor-2".to_owned(),
            Part::Standby => "distribuidor-1".to_owned(),
        }
    }

    async fn strike(&mut self, target: &str, blow: Blow, hold: Duration) -> anyhow::Result<()> {
        match blow {
            Blow::Freeze => {
                self.deployment.signal(target, Signal::STOP)?;
                tokio::time::sleep(hold).await;
                self.deployment.signal(target, Signal::CONT)?;
                return Ok(());
            }
            Blow::Kill => drop(self.deployment.end(target, Signal::KILL).await?),
            Blow::Term => {
                let status = self.deployment.end(target, Signal::TERM).await?;
                if !status.success() {
                    self.wrong(Wrong::Crashed, target, format!("asked to stop, it ended with {status}"));
                }
            }
        }
        tokio::time::sleep(hold).await;
        self.deployment.restart(target).await
    }

    async fn infect(&self, pos: Pos, stores: &[StoreId]) -> anyhow::Result<()> {
        let (trouble, share) = match pos {
            Pos::Down => (Trouble::Down, 1.0),
            Pos::Slow => (Trouble::Slow { ms: SLOW_MS }, 1.0),
            Pos::Error => (Trouble::Error { status: 503, retry_after_s: None }, 1.0),
            Pos::DropReply => (Trouble::DropReply, 0.5),
            Pos::Unreachable => {
                for store in stores {
                    self.deployment.reachable(*store, false).await?;
                }
                return Ok(());
            }
        };
        for store in stores {
            let fault = pos_simulator::Plan { trouble, share, times: None };
            self.deployment.set_fault(*store, &fault).await?;
        }
        Ok(())
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
    async fn last_illness(&mut self) -> anyhow::Result<()> {
        if let Some(due) = self.ill.iter().map(|(_, due)| *due).max() {
            tokio::time::sleep_until(due.into()).await;
        }
        self.heal(|_, _| true).await
    }

    /// Processes that ended by themselves are a breach; they are started again so that the rest can be judged.
    async fn crashes(&mut self) -> anyhow::Result<()> {
        for (id, status) in self.deployment.crashed().await? {
            self.wrong(Wrong::Crashed, &id, format!("ended by itself with {status}"));
        }
        Ok(())
    }

    async fn settle(&self) {
        let deadline = Instant::now() + SETTLE_LIMIT;
        while !settled(&self.witness.fresh(), INSTANCES) {
            if Instant::now() >= deadline {
                return tell(&format!("not everybody is at work after {} s", SETTLE_LIMIT.as_secs()));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Fills in until when each fault of the round is looked at.
    fn close(&mut self, first: usize, stopped_at: UtcMs) {
        let mut until = stopped_at;
        for injury in self.injuries[first..].iter_mut().rev() {
            injury.until = until;
            if !matches!(injury.fault, Fault::Pos(_)) {
                until = injury.began;
            }
        }
    }

    /// Until every stored order has its outcome and no queue holds anything.
    async fn drain(&mut self) -> anyhow::Result<()> {
        self.crashes().await?;
        let deadline = Instant::now() + DRAIN_LIMIT;
        loop {
            let connection = &self.deployment.connection;
            let (orders, outcomes) =
                (evidence::count(connection, "ORDERS").await?, evidence::count(connection, "OUTCOMES").await?);
            let waiting = evidence::waiting(connection).await?;
            if orders <= outcomes && waiting == 0 {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let why = format!("{orders} orders, {outcomes} outcomes, {waiting} waiting a minute after healing");
                self.wrong(Wrong::Stuck, "drain", why);
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Liveness: one fresh order for each store goes through.
    async fn probe(&mut self, stores: u32, round: usize) -> anyhow::Result<Record> {
        let record = probe(self.deployment.apis(), stores, round).await;
        let deadline = Instant::now() + PROBE_LIMIT;
        let mut missing: BTreeSet<String> = record.sent.iter().map(|sent| sent.id.to_string()).collect();
        loop {
            for line in evidence::lines(&self.deployment.ledger())? {
                missing.remove(&line.key);
            }
            if missing.is_empty() {
                break;
            }
            if Instant::now() >= deadline {
                for id in missing {
                    self.wrong(Wrong::Stuck, &id, format!("not at its POS {} s after healing", PROBE_LIMIT.as_secs()));
                }
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.drain().await?;
        Ok(record)
    }

    /// The counts, once nothing moves any more: complete in time, and never other than the streams on the way there.
    async fn counts(&mut self, programs: &Path) -> anyhow::Result<()> {
        let deadline = Instant::now() + SETTLE_LIMIT;
        loop {
            let counts = self.deployment.counts(programs).await?;
            if counts.differs > 0 {
                self.wrong(Wrong::Miscounted, "counters", counts.told);
                return Ok(());
            }
            if counts.complete {
                tell(&format!("counts are equal to a recount of {} messages", counts.messages));
                return Ok(());
            }
            if Instant::now() >= deadline {
                self.wrong(Wrong::Stuck, "counters", counts.told);
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn wrong(&mut self, wrong: Wrong, about: &str, why: String) {
        tell(&format!("{about}: {why}"));
        self.violations.push(Violation { wrong, about: about.to_owned(), at: now(), why });
    }
}
