//! What is counted so far, and what has to be written in which order so that a crash between any two writes, or another
//! projector that still believes to be the one, neither loses a count nor makes it twice. Pure.
//!
//! Two things hold in the bucket at any moment:
//! 1. A day's value counts exactly the messages stored on that day up to its own `through`.
//! 2. No message up to the `through` of the *newest* day is missing in the day on which it was stored.
//!
//! The first holds because a value is only ever written over the one it was made from (compare-and-set), with the
//! messages beyond that one's `through`. The second, because a new day is created empty, with the `through` of the last
//! complete round, before any other day of the round is written, and because the newest day is written last. So
//! whoever resumes from the newest day's `through` reads everything that may be missing, and adds it only where it is.

use std::collections::BTreeMap;

use bus::counters::Kept;
use contract::UtcMs;
use contract::counters::{Day, DayCounts, Mark, Marks, Source, hour_of};

use super::meaning::Deed;

/// Days in memory at once: one that each stream is at, and one that begins. Only while old streams are counted for the
/// first time are they not one and the same.
pub const DAYS_MAX: usize = 4;

/// A message to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its stream.
    pub source: Source,
    /// Its place there and when it was stored, which decides its day and hour.
    pub mark: Mark,
    /// Messages just before it that were gone before they could be counted.
    pub missed: u64,
    /// What it counts as; `None` = nothing, only the progress counts.
    pub deed: Option<Deed>,
}

/// Why a message cannot be taken yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    /// This day has to be read from the bucket first: [`Projection::open`].
    Lacks(Day),
    /// There are [`DAYS_MAX`] days in memory: everything has to be written first.
    Full,
}

/// There is a newer day in the bucket than this projector knows: another one counts. Begin anew from the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("somebody else counts: there is a day that is newer than the newest known one")]
pub struct Superseded;

/// One write by compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The day.
    pub day: Day,
    /// Its value.
    pub counts: DayCounts,
    /// The revision that the key must have.
    pub expected: u64,
}

/// A day in memory.
#[derive(Debug)]
struct Open {
    counts: DayCounts,
    /// Of the key; 0 when it was never written.
    revision: u64,
    /// There is a value in the bucket.
    stored: bool,
    dirty: bool,
}

/// The counts of the days in memory, and how far they go.
#[derive(Debug, Default)]
pub struct Projection {
    newest: Option<Day>,
    /// Everything up to here is in the bucket.
    settled: Marks,
    /// Everything up to here is in the bucket or in `days`.
    progress: Marks,
    days: BTreeMap<Day, Open>,
    unwritten: usize,
}

impl Projection {
    /// Goes on from the newest day of the bucket and its revision.
    pub fn resume(newest: Option<(Day, DayCounts, u64)>) -> Self {
        let Some((day, counts, revision)) = newest else { return Self::default() };
        let through = counts.through;
        let open = Open { counts, revision, stored: true, dirty: false };
        Self {
            newest: Some(day),
            settled: through,
            progress: through,
            days: BTreeMap::from([(day, open)]),
            unwritten: 0,
        }
    }

    /// How far a stream has been taken.
    pub const fn progress(&self, source: Source) -> &Mark {
        self.progress.of(source)
    }

    /// Goes on in a stream from `mark`, which is not before the progress.
    pub fn align(&mut self, source: Source, mark: Mark) {
        self.progress.set(source, mark);
    }

    /// Messages taken and not written.
    pub const fn unwritten(&self) -> usize {
        self.unwritten
    }

    /// A day as it stands in the bucket, read after this projection began.
    pub fn open(&mut self, day: Day, kept: Kept) -> Result<(), Superseded> {
        let stored = kept.counts.is_some();
        if stored && self.newest.is_none_or(|newest| day > newest) {
            // Whoever began it goes on from its `through`, not from ours.
            return Err(Superseded);
        }
        let counts = kept.counts.unwrap_or_else(|| DayCounts { through: self.settled, ..DayCounts::default() });
        self.days.insert(day, Open { counts, revision: kept.revision, stored, dirty: false });
        Ok(())
    }

    /// Counts a message, unless it was counted before.
    pub fn take(&mut self, item: &Item) -> Result<(), Unready> {
        let progress = self.progress.of(item.source);
        let is_old = item.mark.place() <= progress.place()
            // Nothing of a stream that was cut was counted under its new sequences: there only the time tells.
            || (progress.sequence == 0 && item.mark.stored_at <= progress.stored_at);
        if is_old {
            return Ok(());
        }
        let day = Day::of(item.mark.stored_at);
        let has_room = self.days.len() < DAYS_MAX;
        let Some(open) = self.days.get_mut(&day) else {
            return Err(if has_room { Unready::Lacks(day) } else { Unready::Full });
        };
        if item.mark.place() > open.counts.through.of(item.source).place() {
            open.counts.missed += item.missed;
            if let Some(deed) = &item.deed {
                let hour = open.counts.hours.entry(hour_of(item.mark.stored_at)).or_default();
                let counts = hour.entry(deed.country).or_default().entry(deed.cloud.clone()).or_default();
                deed.tallies.iter().for_each(|tally| counts.add(*tally, 1));
            }
        }
        open.dirty = true;
        if let Some(newest) = self.newest.filter(|newest| *newest > day)
            && let Some(open) = self.days.get_mut(&newest)
        {
            // Its `through` is where a successor resumes.
            open.dirty = true;
        }
        self.progress.set(item.source, item.mark);
        self.unwritten += 1;
        Ok(())
    }

    /// The next write of a round, to be answered by [`Projection::written`]; `None` when everything is in the bucket.
    /// Nothing may be taken between the first write of a round and its last. A write that failed, or whose answer did
    /// not come, ends this projection: begin anew from the bucket.
    pub fn next_write(&mut self, now: UtcMs) -> Option<Write> {
        if let Some((day, open)) = self.beginning() {
            let counts =
                DayCounts { v: contract::VERSION, updated_at: now, through: self.settled, ..DayCounts::default() };
            return Some(Write { day, counts, expected: open.revision });
        }
        let Some((day, open)) = self.days.iter().find(|(_, open)| open.dirty) else {
            self.settled = self.progress;
            self.unwritten = 0;
            while self.days.len() > 2 {
                self.days.pop_first();
            }
            return None;
        };
        let counts = DayCounts {
            v: contract::VERSION,
            updated_at: now,
            through: open.counts.through.latest(&self.progress),
            ..open.counts.clone()
        };
        Some(Write { day: *day, counts, expected: open.revision })
    }

    /// The write of `day` was stored under `revision`.
    pub fn written(&mut self, day: Day, revision: u64) {
        let begins = self.beginning().is_some_and(|(beginning, _)| beginning == day);
        let Some(open) = self.days.get_mut(&day) else { return };
        open.revision = revision;
        open.stored = true;
        if begins {
            self.newest = Some(day);
        } else {
            open.counts.through = open.counts.through.latest(&self.progress);
            open.dirty = false;
        }
    }

    /// The latest day in memory, if it is newer than all in the bucket.
    fn beginning(&self) -> Option<(Day, &Open)> {
        let (day, open) = self.days.last_key_value()?;
        (!open.stored && open.dirty && self.newest.is_none_or(|newest| *day > newest)).then_some((*day, open))
    }
}

#[cfg(test)]
mod tests;
