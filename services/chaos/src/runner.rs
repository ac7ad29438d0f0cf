//! Runs a plan: traffic, faults, healing, draining, probes. What it sees is judged by [`crate::report`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use contract::UtcMs;

use crate::deployment::{Deployment, Layout};
use crate::evidence::{self, Progress, Remains};
use crate::fault::Fault;
use crate::now;
use crate::oracle::{Violation, Wrong};
use crate::plan::Plan;
use crate::sender::{Record, Senders, probe};
use crate::settings::Settings;
use crate::stage::{APIS, DISTRIBUIDORES, LOOK, RESOLVERS, Stage, tell};
use crate::trace::Injury;
use crate::witness::{Beat, Witness};

/// Five attempts within about four seconds: a POS at fault makes some orders end as not injected, not all, and a round
/// does not last longer for it.
const RETRY_SCHEDULE: &str = "0.3,0.5,1,2";

/// How long a resolver waits for a POS, in milliseconds.
const POS_DEADLINE_MS: &str = "2000";

/// How long the backlog may take to drain after healing. The longest wait in it is the probe of a POS that was down, at
/// most 20 s.
const DRAIN_LIMIT: Duration = Duration::from_mins(1);

/// How long an order to an idle, healed deployment may take to its POS.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

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

/// Runs `plan`; `disks` when each node is to have one of its own. The deployment is handed back for its logs.
pub async fn run(settings: &Settings, seed: u64, plan: &Plan, disks: bool) -> anyhow::Result<(Run, Deployment)> {
    let layout = Layout {
        programs: programs()?,
        nodes: plan.nodes,
        disks,
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
    let mut stage = Stage::new(deployment, witness);
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
        close(&mut stage.injuries[first..], stopped_at);
        tell("healed; draining");
        drain(&mut stage).await?;
        record.add(probe_all(&mut stage, settings.stores, round).await?);
    }
    counts(&mut stage, &layout.programs).await?;
    let remains = Remains::gather(&stage.deployment.connection, &stage.deployment.ledger()).await?;
    let Stage { deployment, witness, injuries, violations, .. } = stage;
    Ok((Run { injuries, record, remains, beats: witness.heard(), violations }, deployment))
}

/// Programs of the workspace lie beside our own.
fn programs() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("finding this program")?;
    Ok(own.parent().map(PathBuf::from).unwrap_or_default())
}

/// Fills in until when each fault of a round is looked at.
fn close(injuries: &mut [Injury], stopped_at: UtcMs) {
    let mut until = stopped_at;
    for injury in injuries.iter_mut().rev() {
        injury.until = until;
        if !matches!(injury.fault, Fault::Pos(_)) {
            until = injury.began;
        }
    }
}

/// Until every stored order has its outcome and no queue holds anything.
async fn drain(stage: &mut Stage) -> anyhow::Result<()> {
    stage.crashes().await?;
    let deadline = Instant::now() + DRAIN_LIMIT;
    loop {
        let told = match Progress::read(&stage.deployment.connection).await {
            Ok(progress) if progress.is_done() => return Ok(()),
            Ok(Progress { orders, outcomes, waiting }) => {
                format!("{orders} orders, {outcomes} outcomes, {waiting} waiting")
            }
            Err(error) => format!("nobody tells how many wait ({error})"),
        };
        if Instant::now() >= deadline {
            stage.wrong(Wrong::Stuck, "drain", format!("{told} a minute after healing"));
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Liveness: one fresh order for each store goes through.
async fn probe_all(stage: &mut Stage, stores: u32, round: usize) -> anyhow::Result<Record> {
    let record = probe(stage.deployment.apis(), stores, round).await;
    let deadline = Instant::now() + PROBE_LIMIT;
    let mut missing: BTreeSet<String> = record.sent.iter().map(|sent| sent.id.to_string()).collect();
    loop {
        for line in evidence::lines(&stage.deployment.ledger())? {
            missing.remove(&line.key);
        }
        if missing.is_empty() {
            break;
        }
        if Instant::now() >= deadline {
            for id in missing {
                stage.wrong(Wrong::Stuck, &id, format!("not at its POS {} s after healing", PROBE_LIMIT.as_secs()));
            }
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    drain(stage).await?;
    Ok(record)
}

/// The counts, once nothing moves any more: complete in time, and never other than the streams on the way there.
async fn counts(stage: &mut Stage, programs: &Path) -> anyhow::Result<()> {
    let deadline = Instant::now() + DRAIN_LIMIT;
    loop {
        let counts = match stage.deployment.counts(programs).await {
            Ok(counts) => counts,
            // A recount that the cluster did not answer says nothing about the counts.
            Err(error) if Instant::now() < deadline => {
                tell(&format!("a recount was not answered, again: {error:#}"));
                tokio::time::sleep(LOOK).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        if counts.differs > 0 {
            stage.wrong(Wrong::Miscounted, "counters", counts.told);
            return Ok(());
        }
        if counts.complete {
            tell(&format!("counts are equal to a recount of {} messages", counts.messages));
            return Ok(());
        }
        if Instant::now() >= deadline {
            stage.wrong(Wrong::Stuck, "counters", counts.told);
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
