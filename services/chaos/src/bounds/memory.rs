//! What the kernel says about the memory of processes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;

use super::report::Machine;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Resident memory of a process, in MiB.
pub fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("reading the memory of a process")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process without memory")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().context("reading the memory of a process")?;
    Ok(kib / 1_024.0)
}

/// Watches processes and keeps the most memory that each was seen to have.
#[derive(Debug)]
pub struct Watch {
    peaks: Arc<Mutex<BTreeMap<String, f64>>>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Watches `processes`, by name and process id, until dropped.
    pub fn start(processes: Vec<(String, u32)>) -> Self {
        let peaks: Arc<Mutex<BTreeMap<String, f64>>> = Arc::default();
        let kept = Arc::clone(&peaks);
        let task = tokio::spawn(async move {
            loop {
                for (name, pid) in &processes {
                    let now = resident(*pid).unwrap_or(0.0);
                    let mut peaks = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let peak = peaks.entry(name.clone()).or_default();
                    *peak = peak.max(now);
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        Self { peaks, task }
    }

    /// The most that a process was seen to have, in MiB.
    pub fn peak(&self, name: &str) -> f64 {
        self.peaks.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or(0.0)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// This machine, as its kernel describes it.
pub fn machine() -> Machine {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let memory = read("/proc/meminfo");
    let kib =
        memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().trim_end_matches(" kB").parse().ok());
    Machine {
        processors: std::thread::available_parallelism().map_or(0, usize::from),
        model: model.map_or_else(|| "unknown processor".to_owned(), |(_, model)| model.to_owned()),
        memory_mib: kib.unwrap_or(0_u64) / 1_024,
        optimised: !cfg!(debug_assertions),
    }
}
