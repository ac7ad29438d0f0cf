//! The chain against a model of the stream with the server's measured habits, and of a network that keeps publishes
//! for as long as it likes.

use std::collections::{HashSet, VecDeque};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;

/// `QUEUES` as the server keeps it: expected-last-sequence first, then the message id.
#[derive(Debug, Default)]
struct Stream {
    /// Intake sequence of each stored message; its index + 1 is the stream sequence.
    stored: Vec<u64>,
    /// Forgets ids when it restarts.
    ids: HashSet<u64>,
}

impl Stream {
    fn publish(&mut self, intake: u64, expected: u64) -> Answer {
        if expected != self.last() {
            return Answer::WrongLast;
        }
        if !self.ids.insert(intake) {
            return Answer::Duplicate;
        }
        self.stored.push(intake);
        Answer::Stored(self.last())
    }

    fn last(&self) -> u64 {
        self.stored.len() as u64
    }

    /// First appearances, in stream order: what a resolver with a watermark acts on.
    fn effective(&self) -> Vec<u64> {
        let mut mark = 0;
        self.stored
            .iter()
            .copied()
            .filter(|intake| {
                let fresh = *intake > mark;
                mark = mark.max(*intake);
                fresh
            })
            .collect()
    }
}

/// What happens to one publish on its way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Fine,
    /// Never reaches the server.
    Lost,
    /// Is stored, its acknowledgement never arrives.
    Unheard,
    /// Reaches the server long after its time-out was told.
    Late,
}

/// One thing that happens. `usize` counts, or chooses among what is there.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// The chain (the successor instead of the first, if there is one) takes this many orders.
    Read(bool, usize),
    /// The chain is asked this often what to do.
    Step(bool, usize),
    /// This many publishes of the chain meet their fate, in the order in which they were sent.
    Serve(bool, usize),
    /// The server's answer to a sync arrives; other deeds may have come between.
    Synced(bool),
    /// The chain's link went away and came back.
    Disturb(bool),
    /// A late publish arrives.
    Arrive(usize),
    /// The server starts again and has forgotten the ids; what was in flight is gone with the connections, and so is
    /// a chain that has a successor. What may happen otherwise: [`a_pipelined_publish_that_outlives_the_ids_overtakes`].
    Forget,
    /// Another chain takes over from an older checkpoint; the first goes on, as a zombie does, unless ids were
    /// forgotten: then it is gone, for the same reason.
    Succeed(usize),
}

/// A publish as it was sent.
#[derive(Debug, Clone, Copy)]
struct Letter {
    intake: u64,
    expected: u64,
    /// How often its chain had synced when it was sent.
    syncs: usize,
}

#[derive(Debug)]
struct Sender {
    chain: Chain<u64>,
    pipe: VecDeque<(Letter, Fate)>,
    late: Vec<Letter>,
    /// Where the stream ended when it was asked, until that is told.
    asked: Option<u64>,
    syncs: usize,
}

impl Sender {
    const fn new(confirmed: u64) -> Self {
        Self { chain: Chain::new(confirmed), pipe: VecDeque::new(), late: Vec::new(), asked: None, syncs: 0 }
    }
}

/// How often something happened that the chain must stand.
#[derive(Debug, Default)]
struct Seen {
    lost: usize,
    unheard: usize,
    wrong_last: usize,
    duplicates: usize,
    disturbed_in_flight: usize,
    /// An order stands in the stream once more since the ids were forgotten.
    stored_again: usize,
    /// A sync was told after the stream had moved on.
    stale_syncs: usize,
    /// Late ones that were stored, refused, or known already.
    late_stored: usize,
    late_refused: usize,
    late_duplicate: usize,
    /// Late ones that were stored after their chain had synced again.
    late_stored_after_sync: usize,
    /// Late ones that arrived after their order was sent again, and after a later order was stored.
    late_after_repeat: usize,
    late_after_others: usize,
    /// Publishes of a chain that has a successor, stored and refused; and those that were late on top.
    zombie_stored: usize,
    zombie_refused: usize,
    zombie_late: usize,
    /// Publishes of the successor that the zombie overtook.
    successor_refused: usize,
    /// Publishes that were gone when the server started again.
    gone: usize,
}

const KINDS: usize = 18;

impl Seen {
    fn kinds(&self) -> [(&'static str, usize); KINDS] {
        [
            ("lost", self.lost),
            ("unheard", self.unheard),
            ("wrong last", self.wrong_last),
            ("duplicates", self.duplicates),
            ("disturbed in flight", self.disturbed_in_flight),
            ("stored again", self.stored_again),
            ("stale syncs", self.stale_syncs),
            ("late stored", self.late_stored),
            ("late refused", self.late_refused),
            ("late duplicate", self.late_duplicate),
            ("late stored after sync", self.late_stored_after_sync),
            ("late after repeat", self.late_after_repeat),
            ("late after others", self.late_after_others),
            ("zombie stored", self.zombie_stored),
            ("zombie refused", self.zombie_refused),
            ("zombie late", self.zombie_late),
            ("successor refused", self.successor_refused),
            ("gone", self.gone),
        ]
    }
}

struct World {
    /// All there is in `ORDERS`, by sequence; not every sequence is an order.
    orders: Vec<u64>,
    stream: Stream,
    senders: Vec<Sender>,
    fates: std::vec::IntoIter<Fate>,
    /// Ids were forgotten.
    forgotten: bool,
    seen: Seen,
}

impl World {
    fn new(count: u64, fates: Vec<Fate>) -> Self {
        Self {
            orders: (1..).filter(|sequence| sequence % 5 != 3).take(usize::try_from(count).unwrap_or(0)).collect(),
            stream: Stream::default(),
            senders: vec![Sender::new(0)],
            fates: fates.into_iter(),
            forgotten: false,
            seen: Seen::default(),
        }
    }

    fn run(count: u64, script: &[Deed], fates: Vec<Fate>) -> Result<Self, TestCaseError> {
        let mut world = Self::new(count, fates);
        for deed in script {
            world.happen(*deed);
            world.check()?;
        }
        world.finish()?;
        Ok(world)
    }

    fn who(&self, successor: bool) -> usize {
        usize::from(successor).min(self.senders.len() - 1)
    }

    fn happen(&mut self, deed: Deed) {
        match deed {
            Deed::Read(successor, count) => self.read(self.who(successor), count),
            Deed::Step(successor, count) => (0..count).for_each(|_| self.step(self.who(successor))),
            Deed::Serve(successor, count) => (0..count).for_each(|_| self.serve(self.who(successor))),
            Deed::Synced(successor) => self.synced(self.who(successor)),
            Deed::Disturb(successor) => {
                let who = self.who(successor);
                self.seen.disturbed_in_flight += usize::from(!self.senders[who].pipe.is_empty());
                self.senders[who].chain.disturbed();
            }
            Deed::Arrive(which) => self.arrive(which),
            Deed::Forget => self.forget(),
            Deed::Succeed(back) => self.succeed(back),
        }
    }

    fn forget(&mut self) {
        self.forgotten = true;
        self.stream.ids.clear();
        self.senders.drain(..self.senders.len() - 1);
        for sender in &mut self.senders {
            self.seen.gone += sender.late.len() + sender.pipe.len();
            sender.late.clear();
            sender.pipe.drain(..).for_each(|(letter, _)| sender.chain.answered(letter.intake, Answer::Unknown));
        }
    }

    fn succeed(&mut self, back: usize) {
        if self.senders.len() > 1 {
            return;
        }
        let confirmed = self.senders[0].chain.confirmed();
        let known = self.orders.partition_point(|order| *order <= confirmed);
        let checkpoint = known.saturating_sub(back).checked_sub(1).map_or(0, |index| self.orders[index]);
        if self.forgotten {
            self.senders.clear();
        }
        self.senders.push(Sender::new(checkpoint));
    }

    fn read(&mut self, who: usize, count: usize) {
        let chain = &mut self.senders[who].chain;
        let from = self.orders.partition_point(|order| *order <= chain.taken());
        for order in self.orders[from..].iter().take(count) {
            if chain.has_room() {
                chain.order(*order, *order);
            }
        }
    }

    fn step(&mut self, who: usize) {
        let sender = &mut self.senders[who];
        if sender.asked.is_some() {
            return;
        }
        match sender.chain.step() {
            Step::Publish { intake, item, expected } => {
                assert_eq!(intake, *item);
                let letter = Letter { intake, expected, syncs: sender.syncs };
                sender.pipe.push_back((letter, self.fates.next().unwrap_or(Fate::Fine)));
            }
            Step::Sync => sender.asked = Some(self.stream.last()),
            Step::Wait => {}
        }
    }

    fn synced(&mut self, who: usize) {
        let sender = &mut self.senders[who];
        if let Some(last) = sender.asked.take() {
            self.seen.stale_syncs += usize::from(last != self.stream.last());
            sender.syncs += 1;
            sender.chain.synced(last);
        }
    }

    fn publish(&mut self, who: usize, letter: Letter) -> Answer {
        let before = self.stream.stored.contains(&letter.intake);
        let answer = self.stream.publish(letter.intake, letter.expected);
        let zombie = who + 1 < self.senders.len();
        match answer {
            Answer::Stored(_) => {
                self.seen.stored_again += usize::from(before);
                self.seen.zombie_stored += usize::from(zombie);
            }
            Answer::Duplicate => self.seen.duplicates += 1,
            Answer::WrongLast => {
                self.seen.wrong_last += 1;
                self.seen.zombie_refused += usize::from(zombie);
                self.seen.successor_refused += usize::from(who == 1);
            }
            Answer::Unknown => {}
        }
        answer
    }

    fn serve(&mut self, who: usize) {
        let Some((letter, fate)) = self.senders[who].pipe.pop_front() else { return };
        let answer = match fate {
            Fate::Fine => self.publish(who, letter),
            Fate::Lost => {
                self.seen.lost += 1;
                Answer::Unknown
            }
            Fate::Unheard => {
                let stored = matches!(self.publish(who, letter), Answer::Stored(_));
                self.seen.unheard += usize::from(stored);
                Answer::Unknown
            }
            Fate::Late => {
                self.senders[who].late.push(letter);
                Answer::Unknown
            }
        };
        self.senders[who].chain.answered(letter.intake, answer);
    }

    /// The `which`th of the late publishes of both chains arrives; nobody waits for its answer any more.
    fn arrive(&mut self, which: usize) {
        let late: Vec<_> = (0..self.senders.len())
            .flat_map(|who| (0..self.senders[who].late.len()).map(move |at| (who, at)))
            .collect();
        let Some((who, at)) = late.get(which % late.len().max(1)).copied() else { return };
        let letter = self.senders[who].late.remove(at);
        let sender = &self.senders[who];
        let again = sender.pipe.iter().any(|(other, _)| other.intake == letter.intake);
        self.seen.late_after_repeat += usize::from(again || sender.chain.confirmed() >= letter.intake);
        self.seen.late_after_others += usize::from(self.stream.stored.iter().any(|stored| *stored > letter.intake));
        self.seen.zombie_late += usize::from(who + 1 < self.senders.len());
        let resynced = sender.syncs > letter.syncs;
        match self.publish(who, letter) {
            Answer::Stored(_) => {
                self.seen.late_stored += 1;
                self.seen.late_stored_after_sync += usize::from(resynced);
            }
            Answer::Duplicate => self.seen.late_duplicate += 1,
            Answer::WrongLast | Answer::Unknown => self.seen.late_refused += 1,
        }
    }

    /// What must hold at every moment: the stream begins as `ORDERS` does, and no checkpoint claims what is not there.
    fn check(&self) -> Result<(), TestCaseError> {
        let effective = self.stream.effective();
        prop_assert!(self.orders.starts_with(&effective), "overtaken: {:?}", self.stream.stored);
        let reached = effective.last().copied().unwrap_or(0);
        for sender in &self.senders {
            prop_assert!(sender.chain.confirmed() <= reached, "claims {} of {reached}", sender.chain.confirmed());
            prop_assert!(sender.chain.backlog() <= BACKLOG_MAX + WINDOW);
        }
        Ok(())
    }

    /// The faults are over, but for late publishes that arrive between: every chain ends, with everything confirmed.
    fn finish(&mut self) -> Result<(), TestCaseError> {
        let rounds_max = 64 + 16 * self.orders.len();
        for round in 0..rounds_max {
            for who in 0..self.senders.len() {
                self.read(who, usize::MAX);
                (0..WINDOW).for_each(|_| self.step(who));
                self.synced(who);
                (0..=round).for_each(|_| self.serve(who));
                self.arrive(round);
                self.check()?;
            }
            let done = |sender: &Sender| sender.chain.backlog() == 0 && sender.late.is_empty();
            if self.senders.iter().all(done) {
                prop_assert_eq!(self.stream.effective(), self.orders.clone());
                let last = self.orders.last().copied().unwrap_or(0);
                prop_assert!(self.senders.iter().all(|sender| sender.chain.confirmed() == last));
                return Ok(());
            }
        }
        let ends: Vec<_> =
            self.senders.iter().map(|sender| (sender.chain.confirmed(), sender.chain.backlog())).collect();
        Err(TestCaseError::fail(format!("no end after {rounds_max} rounds; confirmed and backlog: {ends:?}")))
    }
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        12 => Just(Fate::Fine),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Unheard),
        2 => Just(Fate::Late),
    ];
    proptest::collection::vec(fate, 0..300)
}

fn script() -> impl Strategy<Value = Vec<Deed>> {
    let who = any::<bool>;
    let deed = prop_oneof![
        4 => (who(), 1_usize..40).prop_map(|(who, count)| Deed::Read(who, count)),
        12 => (who(), 1_usize..12).prop_map(|(who, count)| Deed::Step(who, count)),
        12 => (who(), 1_usize..12).prop_map(|(who, count)| Deed::Serve(who, count)),
        8 => who().prop_map(Deed::Synced),
        1 => who().prop_map(Deed::Disturb),
        6 => any::<usize>().prop_map(Deed::Arrive),
        1 => (0_usize..40).prop_map(Deed::Succeed),
    ];
    // Half of the scripts forget nothing, so that zombies and late publishes have the whole run.
    let forgets = prop_oneof![Just(Vec::new()), proptest::collection::vec(any::<usize>(), 1..3)];
    (proptest::collection::vec(deed, 0..300), forgets).prop_map(|(mut script, forgets)| {
        for at in forgets {
            script.insert(at % (script.len() + 1), Deed::Forget);
        }
        script
    })
}

proptest! {
    /// Whatever is lost, unheard or late, with two chains at once or a stream that forgets its ids: every order is
    /// there, their first appearances are in order, no checkpoint claims too much, and there is an end.
    #[test]
    fn nothing_is_lost_and_nothing_overtakes(count in 1_u64..300, script in script(), fates in fates()) {
        World::run(count, &script, fates)?;
    }
}

/// The generators make what they are for, and not only on some days.
#[test]
fn every_kind_of_trouble_occurs() {
    const RUNS: usize = 100;
    let mut runner = TestRunner::deterministic();
    let mut totals = [("", 0); KINDS];
    for _ in 0..RUNS {
        let (script, fates) = (script(), fates()).new_tree(&mut runner).unwrap().current();
        let world = World::run(200, &script, fates).unwrap();
        for (total, (kind, count)) in totals.iter_mut().zip(world.seen.kinds()) {
            *total = (kind, total.1 + count);
        }
    }
    for (kind, count) in totals {
        assert!(count >= RUNS / 10, "{kind}: {count} times in {RUNS} runs; all: {totals:?}");
    }
}

/// The limit of the above. Once ids are forgotten, a repeat is stored again and moves the end of the stream; a publish
/// of the former pipeline then finds the end it expected, though its predecessor was lost. The lane passes over the
/// lost one if both are of one store. It takes a publish that is in flight across the forgetting and the sync.
#[test]
fn a_pipelined_publish_that_outlives_the_ids_overtakes() {
    let (mut chain, mut stream) = (Chain::new(0), Stream::default());
    chain.order(1, 1);
    drive(&mut chain, &mut stream);
    (2..=4).for_each(|intake| chain.order(intake, intake));
    assert_eq!(round(&mut chain), (vec![(2, 1), (3, 2), (4, 3)], false));
    // The second is stored, the third lost, the fourth late; no answer to any.
    assert_eq!(stream.publish(2, 1), Answer::Stored(2));
    (2..=4).for_each(|intake| chain.answered(intake, Answer::Unknown));
    stream.ids.clear();
    assert_eq!(round(&mut chain), (vec![], true));
    chain.synced(stream.last());
    assert_eq!(round(&mut chain), (vec![(2, 2)], false));
    assert_eq!(stream.publish(2, 2), Answer::Stored(3));
    assert_eq!(stream.publish(4, 3), Answer::Stored(4));
    chain.answered(2, Answer::Stored(3));
    drive(&mut chain, &mut stream);
    assert_eq!(stream.stored, [1, 2, 2, 4, 3]);
    assert_eq!(stream.effective(), [1, 2, 4]);
}

/// Everything that can be done without an answer, all of it answered: one round of a shell without trouble.
fn drive(chain: &mut Chain<u64>, stream: &mut Stream) {
    loop {
        match round(chain) {
            (flight, _) if !flight.is_empty() => {
                for (intake, expected) in flight {
                    let answer = stream.publish(intake, expected);
                    chain.answered(intake, answer);
                }
            }
            (_, true) => chain.synced(stream.last()),
            _ => return,
        }
    }
}

/// What the chain publishes until it waits or wants to sync, and whether it wants to sync.
fn round(chain: &mut Chain<u64>) -> (Vec<(u64, u64)>, bool) {
    let mut flight = Vec::new();
    loop {
        match chain.step() {
            Step::Publish { intake, expected, .. } => flight.push((intake, expected)),
            Step::Sync => return (flight, true),
            Step::Wait => return (flight, false),
        }
    }
}

#[test]
fn without_trouble_everything_is_stored_once_in_order() {
    let (mut chain, mut stream) = (Chain::new(0), Stream::default());
    for intake in 1..=1_000 {
        chain.order(intake, intake);
    }
    drive(&mut chain, &mut stream);
    assert_eq!(stream.stored, (1..=1_000).collect::<Vec<_>>());
    assert_eq!((chain.confirmed(), chain.backlog()), (1_000, 0));
}

#[test]
fn a_successor_repeats_what_its_checkpoint_missed_and_nothing_is_stored_twice() {
    let mut stream = Stream::default();
    let mut first = Chain::new(0);
    (1..=700).for_each(|intake| first.order(intake, intake));
    drive(&mut first, &mut stream);
    let mut second = Chain::new(100);
    (101..=900).for_each(|intake| second.order(intake, intake));
    drive(&mut second, &mut stream);
    assert_eq!(stream.stored, (1..=900).collect::<Vec<_>>());
}

#[test]
fn a_zombie_is_refused_by_the_stream() {
    let mut stream = Stream::default();
    let mut zombie = Chain::new(0);
    (1..=3).for_each(|intake| zombie.order(intake, intake));
    drive(&mut zombie, &mut stream);
    zombie.order(4, 4);
    let Step::Publish { expected, .. } = zombie.step() else { panic!("something to publish") };
    let mut successor = Chain::new(3);
    (4..=6).for_each(|intake| successor.order(intake, intake));
    drive(&mut successor, &mut stream);
    assert_eq!(stream.publish(4, expected), Answer::WrongLast);
    assert_eq!(stream.stored, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn repeated_orders_of_the_reader_are_left_out_and_its_room_is_bounded() {
    let mut chain = Chain::new(5);
    for intake in [4, 5, 6, 6, 7, 6] {
        chain.order(intake, intake);
    }
    assert_eq!(chain.backlog(), 2);
    let mut next = 8;
    while chain.has_room() {
        chain.order(next, next);
        next += 1;
    }
    assert_eq!(chain.backlog(), BACKLOG_MAX);
}

/// A stream that takes nothing: the chain asks again and again where it ends, tries its first order, keeps the rest.
#[test]
fn a_stream_that_takes_nothing_is_tried_for_ever_and_costs_no_order() {
    const ROUNDS: usize = 1_000;
    let all_there_is = 4 * BACKLOG_MAX as u64;
    for (refusal, orders, stored_before) in [
        (Answer::Unknown, 1, 0),
        (Answer::Unknown, 700, 0),
        (Answer::Unknown, all_there_is, 0),
        // It begins in the midst of a full pipeline.
        (Answer::Unknown, all_there_is, 40),
        (Answer::WrongLast, all_there_is, 40),
    ] {
        let case = format!("{refusal:?}, {orders} orders, {stored_before} stored before");
        let (mut chain, mut stream) = (Chain::new(0), Stream::default());
        let read = |chain: &mut Chain<u64>| {
            while chain.has_room() && chain.taken() < orders {
                chain.order(chain.taken() + 1, chain.taken() + 1);
            }
        };
        (1..=stored_before).for_each(|intake| chain.order(intake, intake));
        drive(&mut chain, &mut stream);
        let (mut syncs, mut widest) = (0, 0);
        for _ in 0..ROUNDS {
            read(&mut chain);
            let (flight, sync) = round(&mut chain);
            // In order and without a gap, from the first that is not confirmed.
            let expected: Vec<_> =
                (0..flight.len() as u64).map(|at| (stored_before + 1 + at, stored_before + at)).collect();
            assert_eq!(flight, expected, "{case}");
            widest = widest.max(flight.len());
            for (intake, _) in flight {
                chain.answered(intake, refusal);
            }
            if sync {
                syncs += 1;
                chain.synced(stream.last());
            }
            assert_eq!(chain.confirmed(), stored_before, "{case}");
            assert!(chain.backlog() <= BACKLOG_MAX + WINDOW, "{case}: {} in memory", chain.backlog());
        }
        assert!(syncs >= ROUNDS / 2 - 1, "{case}: asked {syncs} times in {ROUNDS} rounds");
        assert_eq!(widest, if stored_before == 0 { 1 } else { WINDOW }, "{case}");
        // It takes orders again.
        while chain.confirmed() < orders {
            read(&mut chain);
            drive(&mut chain, &mut stream);
        }
        assert_eq!(stream.stored, (1..=orders).collect::<Vec<_>>(), "{case}");
        assert_eq!(chain.backlog(), 0, "{case}");
    }
}
