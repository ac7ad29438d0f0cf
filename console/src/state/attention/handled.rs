//! What persons did about items of the list: acknowledged (listed, but dim and below the others of its severity) or put
//! off (hidden and counted). Both end by time, and at once when the matter gets worse. And the bell: once for what is
//! urgent and new.
//!
//! New is what was not there within the last [`FORGOTTEN_MS`], what got worse since it was told, and what comes back after
//! it was acknowledged or put off. What is there already when the console has read the streams is on screen and rings
//! nothing: whoever opens the console looks at the list.

use std::collections::BTreeMap;

use contract::UtcMs;

use super::{ITEMS_MAX, Item, Severity, Subject, What};

/// How long an item that went is still the same when it returns, in milliseconds: a POS that comes and goes rings once.
pub const FORGOTTEN_MS: i64 = 60_000;

/// Shortest time between two bells, in milliseconds: more often nobody can tell them apart.
pub const BELL_PAUSE_MS: i64 = 5_000;

/// How long after the streams were read what shows up still counts as having been there, in milliseconds: silence and the
/// counts of queues take that long to be known.
pub const SETTLE_MS: i64 = 5_000;

/// How long after the start the bell waits for the streams to be read, in milliseconds.
pub const QUIET_MAX_MS: i64 = 60_000;

/// Items remembered: those of the list, and as many that went.
pub const MARKS_MAX: usize = 2 * ITEMS_MAX;

/// How bad a matter is, to be compared with what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gravity {
    severity: Severity,
    /// How many orders need a person, where that is the matter.
    count: usize,
}

impl Gravity {
    fn of(item: &Item) -> Self {
        let count = match item.what {
            What::NotInjected { count, .. } => count,
            _ => 0,
        };
        Self { severity: item.severity, count }
    }

    fn is_worse_than(self, before: Self) -> bool {
        self.severity < before.severity || self.severity == before.severity && self.count > before.count
    }
}

/// Something that a person did, until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    until: UtcMs,
    /// How bad it was; worse ends it.
    gravity: Gravity,
}

impl Held {
    fn stands(&mut self, gravity: Gravity, now: UtcMs) -> bool {
        let stands = now < self.until && !gravity.is_worse_than(self.gravity);
        // One case less now: the next one that comes makes it worse again.
        self.gravity.count = self.gravity.count.min(gravity.count);
        stands
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    /// When it was last on the list.
    seen_at: UtcMs,
    acknowledged: Option<Held>,
    put_off: Option<Held>,
    /// What the bell rang for, or would have if it had been listening.
    told: Option<Gravity>,
    /// What an alert was made of.
    alerted: Option<Gravity>,
}

/// Something for an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// It is new, or worse, or back.
    New(Subject),
    /// It has been gone for [`FORGOTTEN_MS`].
    Over(Subject),
}

/// How the list is looked at right now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    pub(crate) now: UtcMs,
    /// When the console started.
    pub(crate) started_at: UtcMs,
    /// Whether the streams are read.
    pub(crate) ready: bool,
    /// Whether the connection is down or what is shown is old: nothing that is missing has ended.
    pub(crate) blind: bool,
    /// Whether what is there at the start is news for an alert.
    pub(crate) tells_all: bool,
}

/// What was done about which item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handled {
    marks: BTreeMap<Subject, Mark>,
    hidden: usize,
    ready_at: Option<UtcMs>,
    owed: bool,
    rung_at: Option<UtcMs>,
    news: Vec<News>,
}

impl Handled {
    /// How many items are put off right now.
    pub const fn hidden(&self) -> usize {
        self.hidden
    }

    /// Takes the list as it is; leaves out what is put off, and marks what is acknowledged.
    pub(crate) fn take(&mut self, mut items: Vec<Item>, sight: Sight) -> Vec<Item> {
        let now = sight.now;
        if sight.ready && self.ready_at.is_none() {
            self.ready_at = Some(now);
        }
        let listening = self.ready_at.is_some_and(|ready_at| now.since(ready_at) >= SETTLE_MS)
            || now.since(sight.started_at) >= QUIET_MAX_MS;
        let before = items.len();
        items.retain_mut(|item| {
            let gravity = Gravity::of(item);
            if self.marks.len() >= MARKS_MAX && !self.marks.contains_key(&item.subject) {
                return true; // Shown, and that is all: so many are trouble enough.
            }
            let new = Mark { seen_at: now, acknowledged: None, put_off: None, told: None, alerted: None };
            let mark = self.marks.entry(item.subject.clone()).or_insert(new);
            mark.seen_at = now;
            for held in [&mut mark.acknowledged, &mut mark.put_off] {
                if held.as_mut().is_some_and(|held| !held.stands(gravity, now)) {
                    *held = None;
                    (mark.told, mark.alerted) = (None, None);
                }
            }
            item.acknowledged = mark.acknowledged.is_some();
            for told in [&mut mark.told, &mut mark.alerted].into_iter().flatten() {
                told.count = told.count.min(gravity.count);
            }
            let news = mark.alerted.is_none_or(|before| gravity.is_worse_than(before));
            let handled = item.acknowledged || mark.put_off.is_some();
            if news && !handled && !(listening && sight.blind) && (listening || !sight.tells_all) {
                mark.alerted = Some(gravity);
                if listening {
                    self.news.push(News::New(item.subject.clone()));
                }
            }
            let untold = mark.told.is_none_or(|told| gravity.is_worse_than(told));
            let quiet = item.acknowledged || mark.put_off.is_some() || gravity.severity != Severity::Critical;
            if untold && !quiet && !(listening && sight.blind) {
                mark.told = Some(gravity);
                self.owed |= listening;
            }
            mark.put_off.is_none()
        });
        self.hidden = before - items.len();
        for mark in self.marks.values_mut().filter(|_| sight.blind) {
            mark.seen_at = now;
        }
        self.marks.retain(|subject, mark| {
            let stays = now.since(mark.seen_at) <= FORGOTTEN_MS || mark.put_off.is_some_and(|held| now < held.until);
            if !stays && mark.alerted.is_some() {
                self.news.push(News::Over(subject.clone()));
            }
            stays
        });
        self.news.truncate(MARKS_MAX);
        items
    }

    /// What there is for an alert since this was asked last.
    pub(crate) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Whether the bell is to ring now; asked once a tick.
    pub(crate) fn rings(&mut self, now: UtcMs) -> bool {
        let due = self.rung_at.is_none_or(|rung_at| now.since(rung_at) >= BELL_PAUSE_MS);
        let rings = self.owed && due;
        if rings {
            self.owed = false;
            self.rung_at = Some(now);
        }
        rings
    }

    /// Acknowledges an item until then, or takes that back.
    pub(crate) fn acknowledge(&mut self, item: &Item, until: UtcMs) {
        if let Some(mark) = self.marks.get_mut(&item.subject) {
            let held = Held { until, gravity: Gravity::of(item) };
            mark.acknowledged = mark.acknowledged.is_none().then_some(held);
        }
    }

    /// Puts an item off until then.
    pub(crate) fn put_off(&mut self, item: &Item, until: UtcMs) {
        if let Some(mark) = self.marks.get_mut(&item.subject) {
            mark.put_off = Some(Held { until, gravity: Gravity::of(item) });
        }
    }

    /// Shows again everything that was put off. Nothing rings: somebody is looking.
    pub(crate) fn show_all(&mut self) {
        for mark in self.marks.values_mut() {
            if let Some(held) = mark.put_off.take() {
                mark.told = Some(held.gravity);
            }
        }
    }
}
