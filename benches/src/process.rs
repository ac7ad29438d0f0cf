//! What the kernel says of a process.

use std::time::{Duration, Instant};

use anyhow::Context as _;
pub use chaos::bounds::memory::{machine, resident};

/// Processor time that the processes of a session have used, in their own code and in the kernel, to a hundredth of a
/// second: what was started in a terminal, and whatever that has started.
pub fn used(leader: u32) -> anyhow::Result<Duration> {
    let mut all = None;
    for entry in std::fs::read_dir("/proc").context("reading the time of processes")? {
        // What is no process, and what has ended meanwhile.
        let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else { continue };
        if let Some((session, ticks)) = of_session(&stat)
            && session == leader
        {
            all = Some(all.unwrap_or(0) + ticks);
        }
    }
    Ok(Duration::from_millis(all.context("nothing is left of what is watched")? * 10))
}

/// Session, and user and system time in hundredths of a second; the name before them may hold anything.
fn of_session(stat: &str) -> Option<(u32, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(3);
    let session = fields.next()?.parse().ok()?;
    let mut times = fields.skip(7);
    Some((session, times.next()?.parse::<u64>().ok()? + times.next()?.parse::<u64>().ok()?))
}

/// Watches a session for a time.
#[derive(Debug)]
pub struct Watch {
    leader: u32,
    began: Instant,
    used: Duration,
}

impl Watch {
    /// Begins.
    pub fn start(leader: u32) -> anyhow::Result<Self> {
        Ok(Self { leader, began: Instant::now(), used: used(leader)? })
    }

    /// How long it has been watched, in seconds.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// How much of one processor its processes have used since, in per cent.
    pub fn percent(&self) -> anyhow::Result<f64> {
        Ok(used(self.leader)?.saturating_sub(self.used).as_secs_f64() / self.seconds() * 100.0)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_time_of_a_process_is_read_whatever_its_name() {
        let stat = "12 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0";
        assert_eq!(super::of_session(stat), Some((3, 175)));
        assert_eq!(super::of_session("12 (a) R 1"), None);
    }
}
