//! How many orders came and how they ended: per ten seconds for the plot, per cloud since the console knows.

use std::collections::BTreeMap;

use contract::{Cloud, UtcMs};

/// Width of one bar of the plot, in milliseconds.
pub const BUCKET_MS: i64 = 10_000;

/// Bars kept: one hour.
pub const BUCKETS_MAX: usize = 360;

/// Clouds counted apart: a forged label must not fill the memory.
pub const CLOUDS_MAX: usize = 32;

/// Counts of a stretch of time or of a cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Orders accepted.
    pub accepted: u64,
    /// Orders injected.
    pub injected: u64,
    /// Orders not injected.
    pub not_injected: u64,
}

/// The plot and the sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pulse {
    buckets: BTreeMap<i64, Counts>,
    clouds: BTreeMap<Cloud, Counts>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// An order was accepted.
    Accepted,
    /// An order was injected.
    Injected,
    /// An order was not injected.
    NotInjected,
}

impl Pulse {
    /// Counts something that happened at `at` in `cloud`.
    pub fn count(&mut self, beat: Beat, at: UtcMs, cloud: &Cloud) {
        add(self.buckets.entry(at.as_millis().div_euclid(BUCKET_MS)).or_default(), beat);
        while self.buckets.len() > BUCKETS_MAX {
            self.buckets.pop_first();
        }
        if self.clouds.contains_key(cloud) || self.clouds.len() < CLOUDS_MAX {
            add(self.clouds.entry(cloud.clone()).or_default(), beat);
        }
    }

    /// The last `bars` bars before `now`, oldest first; the last one is still filling.
    pub fn bars(&self, now: UtcMs, bars: usize) -> Vec<Counts> {
        let last = now.as_millis().div_euclid(BUCKET_MS);
        let first = last - i64::try_from(bars.min(BUCKETS_MAX)).unwrap_or(0) + 1;
        (first..=last).map(|bucket| self.buckets.get(&bucket).copied().unwrap_or_default()).collect()
    }

    /// Sums per cloud over everything the console knows: acceptance where it was accepted, ends where injected.
    pub fn clouds(&self) -> impl Iterator<Item = (&Cloud, &Counts)> {
        self.clouds.iter()
    }

    /// Sum over all clouds.
    pub fn total(&self) -> Counts {
        self.clouds.values().fold(Counts::default(), |sum, counts| Counts {
            accepted: sum.accepted + counts.accepted,
            injected: sum.injected + counts.injected,
            not_injected: sum.not_injected + counts.not_injected,
        })
    }
}

fn add(counts: &mut Counts, beat: Beat) {
    match beat {
        Beat::Accepted => counts.accepted += 1,
        Beat::Injected => counts.injected += 1,
        Beat::NotInjected => counts.not_injected += 1,
    }
}
