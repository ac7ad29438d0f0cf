//! What is done to the deployment, and how it ends.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use contract::StoreId;
use pos_simulator::Trouble;
use rustix::process::Signal;

use super::{LOOK, Stage};
use crate::fault::{Blow, CLOCK_STEP_MS, Pos, Spoil, Turn};
use crate::oracle::Wrong;
use crate::plan::Step;
use crate::proxy::Way;

/// Extra delay of a POS that is too slow, in milliseconds: more than a resolver waits.
const SLOW_MS: u64 = 2_200;

/// What a nats-server logs when it loses another.
const NODE_GONE: &str = "Router connection closed";

/// What a nats-server logs when its disk is full.
const DISK_FULL: &str = "no space left on device";

impl Stage {
    pub(super) async fn strike(&mut self, targets: &[String], blow: Blow, hold: Duration) -> anyhow::Result<()> {
        for target in targets {
            match blow {
                Blow::Freeze => self.deployment.signal(target, Signal::STOP)?,
                Blow::Kill => drop(self.deployment.end(target, Signal::KILL).await?),
                Blow::Term => {
                    let status = self.deployment.end(target, Signal::TERM).await?;
                    if !status.success() {
                        self.wrong(Wrong::Crashed, target, format!("asked to stop, it ended with {status}"));
                    }
                }
            }
        }
        tokio::time::sleep(hold).await;
        for target in targets {
            match blow {
                Blow::Freeze => self.deployment.signal(target, Signal::CONT)?,
                Blow::Kill | Blow::Term => self.deployment.restart(target).await?,
            }
        }
        Ok(())
    }

    /// Kills processes and a nats-server in the same moment, and starts them again after `hold`. Tells whether others
    /// noticed that the server was gone.
    pub(super) async fn kill(&mut self, step: &Step, node: Option<usize>, hold: Duration) -> anyhow::Result<bool> {
        let processes = self.processes(step);
        let connects = self.deployment.connection.connects();
        let missed = node.map_or(0, |node| self.missed(node));
        for process in &processes {
            self.deployment.signal(process, Signal::KILL)?;
        }
        if let Some(node) = node {
            self.deployment.kill_node(node).await?;
        }
        for process in &processes {
            self.deployment.end(process, Signal::KILL).await?;
        }
        tokio::time::sleep(hold).await;
        let mut noticed = node.is_none() && !processes.is_empty();
        if let Some(node) = node {
            noticed |= self.missed(node) > missed;
            self.deployment.restart_node(node).await?;
            self.deployment.connection.up().await;
            noticed |= self.deployment.nodes() == 1 && self.deployment.connection.connects() > connects;
        }
        for process in &processes {
            self.deployment.restart(process).await?;
        }
        Ok(noticed)
    }

    /// How often the nodes but `node` lost one of the others.
    fn missed(&self, node: usize) -> usize {
        let others = (0..self.deployment.nodes()).filter(|other| *other != node);
        others.map(|other| self.deployment.node_log_count(other, NODE_GONE)).sum()
    }

    /// Spoils all lines of `of`. Tells whether connections were made again.
    pub(super) async fn spoil(&self, of: &str, spoil: Spoil, hold: Duration) -> bool {
        let lines = self.deployment.lines(of);
        let accepted = || lines.iter().map(|line| line.accepted()).sum::<u64>();
        let before = accepted();
        for line in &lines {
            match spoil {
                Spoil::Cut => line.set(Way::Cut),
                Spoil::Stall => line.set(Way::Stalled),
                Spoil::Reset => line.reset(),
            }
        }
        tokio::time::sleep(hold).await;
        for line in &lines {
            line.set(Way::Open);
        }
        accepted() > before
    }

    /// Fills the disk of a node, keeps it full, makes room and starts the server again, for it does not write any more
    /// after the first write that failed. Tells whether the server found its disk full.
    pub(super) async fn fill(&mut self, node: usize, hold: Duration) -> anyhow::Result<bool> {
        let before = self.deployment.node_log_count(node, DISK_FULL);
        let until = Instant::now() + hold;
        while Instant::now() < until {
            // A third of a gigabyte at most, in memory.
            self.deployment.disk(node)?.fill().context("filling a disk")?;
            tokio::time::sleep(LOOK).await;
        }
        self.deployment.disk(node)?.free().context("making room on a disk")?;
        let found = self.deployment.node_log_count(node, DISK_FULL) > before;
        self.deployment.kill_node(node).await?;
        self.deployment.restart_node(node).await?;
        self.deployment.connection.up().await;
        Ok(found)
    }

    pub(super) async fn turn(&self, targets: &[String], turn: Turn, hold: Duration) -> anyhow::Result<()> {
        let step = if turn == Turn::Ahead { CLOCK_STEP_MS } else { -CLOCK_STEP_MS };
        for target in targets {
            self.deployment.step_clock(target, step)?;
        }
        tokio::time::sleep(hold).await;
        for target in targets {
            self.deployment.step_clock(target, 0)?;
        }
        Ok(())
    }

    pub(super) async fn infect(&self, pos: Pos, stores: &[StoreId]) -> anyhow::Result<()> {
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
}
