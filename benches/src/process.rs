//! What the kernel says of a process.

use std::time::{Duration, Instant};

use anyhow::Context as _;
pub use chaos::bounds::memory::{machine, resident};

/// Processor time that a process has used, in its own code and in the kernel, to a hundredth of a second.
pub fn used(pid: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("reading the time of a process")?;
    Ok(Duration::from_millis(ticks(&stat).context("reading the time of a process")? * 10))
}

/// User and system time, in hundredths of a second; the name before them may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Watches a process for a time.
#[derive(Debug)]
pub struct Watch {
    pid: u32,
    began: Instant,
    used: Duration,
}

impl Watch {
    /// Begins.
    pub fn start(pid: u32) -> anyhow::Result<Self> {
        Ok(Self { pid, began: Instant::now(), used: used(pid)? })
    }

    /// How long it has been watched, in seconds.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// How much of one processor it has used since, in per cent.
    pub fn percent(&self) -> anyhow::Result<f64> {
        Ok(used(self.pid)?.saturating_sub(self.used).as_secs_f64() / self.seconds() * 100.0)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_time_of_a_process_is_read_whatever_its_name() {
        let stat = "12 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0";
        assert_eq!(super::ticks(stat), Some(175));
        assert_eq!(super::ticks("12 (a) R 1"), None);
    }
}
