use std::collections::BTreeSet;

use contract::counters::{Places, Tally};
use proptest::prelude::*;

use super::*;

const HOUR_MS: i64 = 3_600_000;

/// Two projectors, each of which may believe to be the one, over three streams and one bucket.
#[derive(Debug, Default)]
struct World {
    now: UtcMs,
    streams: [Vec<(UtcMs, Deed)>; 3],
    bucket: BTreeMap<Day, (DayCounts, u64)>,
    revision: u64,
    projectors: [Projector; 2],
}

#[derive(Debug, Default)]
struct Projector {
    projection: Projection,
    /// In the middle of a round of writes.
    writes: bool,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrote {
    One,
    /// There is nothing left to write.
    All,
    /// Somebody else wrote, or the answer was lost: the projector began anew from the bucket.
    Restarted,
}

/// What may happen.
#[derive(Debug, Clone)]
enum Act {
    /// A message is stored, so many hours after the one before (or before it: clocks of leaders differ).
    Store(Source, i64, Deed),
    /// A projector reads so many messages of a stream.
    Read(usize, Source, usize),
    /// It makes so many writes.
    Write(usize, usize),
    /// It makes one whose answer is lost.
    Lose(usize),
    /// It dies and comes back.
    Crash(usize),
}

impl World {
    fn restart(&mut self, which: usize) {
        let newest = self.bucket.last_key_value().map(|(day, (counts, revision))| (*day, counts.clone(), *revision));
        let projection = Projection::resume(newest);
        self.projectors[which] = Projector { projection, ..Projector::default() };
    }

    fn read(&mut self, which: usize, source: Source) {
        let projection = &self.projectors[which].projection;
        let sequence = projection.progress(source).sequence + 1;
        let Some((stored_at, deed)) = self.streams[source as usize].get(usize::try_from(sequence - 1).unwrap()) else {
            return;
        };
        let mark = Mark { sequence, stored_at: *stored_at, ..Mark::default() };
        let item = Item { source, mark, missed: 0, deed: Some(deed.clone()) };
        loop {
            match self.projectors[which].projection.take(&item) {
                Ok(()) => return,
                Err(Unready::Full) => {
                    if self.write_all(which) == Wrote::Restarted {
                        return;
                    }
                }
                Err(Unready::Lacks(day)) => {
                    let kept = self.bucket.get(&day).cloned();
                    let kept =
                        kept.map_or_else(Kept::default, |(counts, revision)| Kept { counts: Some(counts), revision });
                    if self.projectors[which].projection.open(day, kept).is_err() {
                        return self.restart(which);
                    }
                }
            }
        }
    }

    /// One write.
    fn write(&mut self, which: usize, answered: bool) -> Wrote {
        let Some(write) = self.projectors[which].projection.next_write(self.now) else {
            self.projectors[which].writes = false;
            return Wrote::All;
        };
        self.projectors[which].writes = true;
        let revision = self.bucket.get(&write.day).map_or(0, |(_, revision)| *revision);
        if revision != write.expected {
            self.restart(which);
            return Wrote::Restarted;
        }
        self.revision += 1;
        self.bucket.insert(write.day, (write.counts, self.revision));
        if answered {
            self.projectors[which].projection.written(write.day, self.revision);
            return Wrote::One;
        }
        self.restart(which);
        Wrote::Restarted
    }

    /// The rest of a round.
    fn write_all(&mut self, which: usize) -> Wrote {
        loop {
            let wrote = self.write(which, true);
            if wrote != Wrote::One {
                return wrote;
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Store(source, hours, deed) => {
                self.now = self.now.plus_millis(hours * HOUR_MS);
                self.streams[source as usize].push((self.now, deed));
            }
            Act::Read(which, source, count) if !self.projectors[which].writes => {
                (0..count).for_each(|_| self.read(which, source));
            }
            Act::Read(..) => {}
            Act::Write(which, count) => {
                let _ = (0..count).all(|_| self.write(which, true) == Wrote::One);
            }
            Act::Lose(which) => {
                self.write(which, false);
            }
            Act::Crash(which) => self.restart(which),
        }
    }

    /// What the streams hold for a day up to `through`, counted message by message.
    fn recount(&self, day: Day, through: &Marks) -> BTreeMap<u8, Places> {
        let mut hours: BTreeMap<u8, Places> = BTreeMap::new();
        for source in Source::ALL {
            let counted = usize::try_from(through.of(source).sequence).unwrap();
            for (at, deed) in self.streams[source as usize].iter().take(counted) {
                if Day::of(*at) == day {
                    let places = hours.entry(hour_of(*at)).or_default();
                    let counts = places.entry(deed.country).or_default().entry(deed.cloud.clone()).or_default();
                    deed.tallies.iter().for_each(|tally| counts.add(*tally, 1));
                }
            }
        }
        hours
    }

    /// The two things that hold at any moment.
    fn check(&self) -> Result<(), TestCaseError> {
        for (day, (counts, _)) in &self.bucket {
            prop_assert_eq!(&counts.hours, &self.recount(*day, &counts.through), "{} up to its own mark", day);
        }
        if let Some((newest, _)) = self.bucket.last_key_value().map(|(_, newest)| newest) {
            let days: BTreeSet<Day> = self.streams.iter().flatten().map(|(at, _)| Day::of(*at)).collect();
            for day in days {
                let kept = self.bucket.get(&day).map(|(counts, _)| counts.hours.clone()).unwrap_or_default();
                let through = self.bucket.get(&day).map_or(newest.through, |(counts, _)| counts.through);
                let due = self.recount(day, &newest.through.latest(&through));
                prop_assert_eq!(kept, due, "{} up to the newest mark", day);
            }
        }
        for projector in &self.projectors {
            prop_assert!(projector.projection.days.len() <= DAYS_MAX);
        }
        Ok(())
    }
}

fn source() -> impl Strategy<Value = Source> {
    prop::sample::select(Source::ALL.to_vec())
}

fn deed() -> impl Strategy<Value = Deed> {
    let tallies: Vec<&'static [Tally]> = vec![&[Tally::Accepted], &[Tally::Injected, Tally::Solved], &[Tally::Invalid]];
    (prop::sample::select(vec!["ec", "co"]), prop::sample::select(vec!["aws", "azure"]), prop::sample::select(tallies))
        .prop_map(|(country, cloud, tallies)| Deed {
            country: country.parse().unwrap(),
            cloud: cloud.parse().unwrap(),
            tallies,
        })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (source(), prop_oneof![Just(0), 1..30_i64, -3..0_i64], deed()).prop_map(|(s, h, d)| Act::Store(s, h, d)),
        6 => (0..2_usize, source(), 1..5_usize).prop_map(|(p, s, n)| Act::Read(p, s, n)),
        5 => (0..2_usize, 1..6_usize).prop_map(|(p, n)| Act::Write(p, n)),
        1 => (0..2_usize).prop_map(Act::Lose),
        1 => (0..2_usize).prop_map(Act::Crash),
    ]
}

proptest! {
    /// Whoever dies between which writes, and however many believe to be the projector: every day is exact up to its
    /// mark all the time, and in the end everything is counted once.
    #[test]
    fn nothing_is_lost_and_nothing_is_counted_twice(acts in prop::collection::vec(act(), 1..80)) {
        let mut world = World { now: Day::of(UtcMs::from_millis(1_795_472_957_120)).hour(20), ..World::default() };
        for act in acts {
            let before = world.revision;
            world.act(act);
            if world.revision != before {
                world.check()?;
            }
        }
        // The other one is a zombie to the end: it may hold anything.
        world.restart(0);
        for source in Source::ALL {
            for _ in 0..world.streams[source as usize].len() {
                world.read(0, source);
            }
        }
        world.write_all(0);
        world.check()?;
        world.write_all(1);
        world.check()?;
        let all = |source: Source| Mark { sequence: world.streams[source as usize].len() as u64, ..Mark::default() };
        let through =
            Marks { orders: all(Source::Orders), outcomes: all(Source::Outcomes), invalid: all(Source::Invalid) };
        for (at, _) in world.streams.iter().flatten() {
            let day = Day::of(*at);
            prop_assert_eq!(&world.bucket[&day].0.hours, &world.recount(day, &through));
        }
    }
}

fn item(sequence: u64, at: UtcMs, era: u32) -> Item {
    let deed = Deed { country: "ec".parse().unwrap(), cloud: "aws".parse().unwrap(), tallies: &[Tally::Accepted] };
    let mark = Mark { era, made: UtcMs::from_millis(5), sequence, stored_at: at };
    Item { source: Source::Orders, mark, missed: 0, deed: Some(deed) }
}

fn accepted(counts: &DayCounts) -> u64 {
    counts.hours.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values).map(|counts| counts.accepted).sum()
}

/// Takes items and writes them; returns the newest day as the bucket would hold it.
fn project(mut projection: Projection, items: &[Item]) -> (Day, DayCounts, u64) {
    for item in items {
        while let Err(unready) = projection.take(item) {
            let Unready::Lacks(day) = unready else { unreachable!("one day only") };
            projection.open(day, Kept::default()).unwrap();
        }
    }
    let mut newest = None;
    let mut revision = 0;
    while let Some(write) = projection.next_write(UtcMs::default()) {
        revision += 1;
        projection.written(write.day, revision);
        newest = Some((write.day, write.counts, revision));
    }
    newest.unwrap()
}

#[test]
fn a_later_era_adds_to_what_was_counted() {
    let at = UtcMs::from_millis(1_795_472_957_120);
    let first = project(Projection::default(), &[item(1, at, 0), item(2, at, 0)]);
    assert_eq!(accepted(&first.1), 2);
    let mut projection = Projection::resume(Some(first));
    projection.align(Source::Orders, Mark { era: 1, made: UtcMs::from_millis(9), ..Mark::default() });
    let second = project(projection, &[item(1, at.plus_millis(10), 1), item(2, at.plus_millis(11), 1)]);
    assert_eq!((accepted(&second.1), second.1.through.orders.place()), (4, (1, 2)));
}

#[test]
fn after_a_cut_only_what_was_stored_later_counts() {
    let at = UtcMs::from_millis(1_795_472_957_120);
    let first = project(Projection::default(), &[item(1, at, 0), item(2, at.plus_millis(5), 0)]);
    let mark = first.1.through.orders;
    let mut projection = Projection::resume(Some(first));
    projection.align(Source::Orders, Mark { era: 1, sequence: 0, ..mark });
    // Read from the start all the same, as the client may: what was counted is told by its time.
    let second = project(projection, &[item(1, at, 1), item(2, at.plus_millis(6), 1), item(3, at.plus_millis(6), 1)]);
    assert_eq!(accepted(&second.1), 4);
}

#[test]
fn messages_that_nobody_counted_are_told_on_the_day_on_which_it_was_found() {
    let at = UtcMs::from_millis(1_795_472_957_120);
    let (_, counts, _) = project(Projection::default(), &[Item { missed: 7, ..item(8, at, 0) }, item(9, at, 0)]);
    assert_eq!((counts.missed, accepted(&counts)), (7, 2));
}

#[test]
fn whoever_finds_a_newer_day_than_it_knows_begins_anew() {
    let at = UtcMs::from_millis(1_795_472_957_120);
    let today = Day::of(at);
    let kept = || Kept { counts: Some(DayCounts::default()), revision: 3 };
    let mut projection = Projection::resume(Some((today, DayCounts::default(), 2)));
    assert_eq!(projection.open(today.plus_days(-1), kept()), Ok(()));
    assert_eq!(projection.open(today.plus_days(1), kept()), Err(Superseded));
    assert_eq!(Projection::default().open(today, kept()), Err(Superseded));
}
