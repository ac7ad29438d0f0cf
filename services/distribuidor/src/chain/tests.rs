//! The chain against a model of the stream with the server's measured habits, and of a network that keeps publishes
//! for as long as it likes.

use std::collections::VecDeque;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;

/// A chain that resumes after intake sequence `intake`, whose queue ends at `queued`.
const fn chain_at(intake: u64, queued: u64) -> Chain<u64> {
    Chain::new(Checkpoint { intake, queued: Some(queued) })
}

/// An entry; of somebody else when `intake` is 0.
fn entry(at: u64, intake: u64) -> Entry {
    Entry { at, intake: Some(intake).filter(|intake| *intake > 0) }
}

/// `QUEUES` as the server keeps it.
#[derive(Debug, Default)]
struct Stream {
    /// Intake sequence of each stored message; its index + 1 is the stream sequence. 0 is an entry of somebody else.
    stored: Vec<u64>,
    /// Sequence up to which entries are acknowledged and gone.
    gone: u64,
}

impl Stream {
    fn publish(&mut self, intake: u64, expected: u64) -> Answer {
        if expected != self.last() {
            return Answer::WrongLast;
        }
        self.stored.push(intake);
        Answer::Stored(self.last())
    }

    fn last(&self) -> u64 {
        self.stored.len() as u64
    }

    /// What is there after the checkpoint, as the shell looks.
    fn found(&self, checkpoint: Checkpoint) -> Found {
        let queued = checkpoint.queued.unwrap_or(self.last());
        let seen = self.last().min(queued + LOOK_MAX);
        let there = |(at, _): &(u64, &u64)| *at > queued.max(self.gone) && *at <= seen;
        let entries = (1..).zip(&self.stored).filter(there).map(|(at, intake)| entry(at, *intake)).collect();
        Found { end: self.last(), seen, entries }
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
    /// Resolvers acknowledge everything that is in the stream.
    Acknowledge,
    /// Another chain takes over from an older checkpoint; the first goes on, as a zombie does.
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
    /// What the stream held when it was asked, until that is told.
    asked: Option<Found>,
    syncs: usize,
}

impl Sender {
    const fn new(checkpoint: Checkpoint) -> Self {
        Self { chain: Chain::new(checkpoint), pipe: VecDeque::new(), late: Vec::new(), asked: None, syncs: 0 }
    }
}

/// How often something happened that the chain must stand.
#[derive(Debug, Default)]
struct Seen {
    lost: usize,
    unheard: usize,
    wrong_last: usize,
    disturbed_in_flight: usize,
    /// A sync was told after the stream had moved on.
    stale_syncs: usize,
    /// Syncs that found more than the chain had read.
    caught_up: usize,
    /// Syncs that found entries acknowledged already.
    gone: usize,
    /// Late ones that were stored or refused.
    late_stored: usize,
    late_refused: usize,
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
}

const KINDS: usize = 16;

impl Seen {
    fn kinds(&self) -> [(&'static str, usize); KINDS] {
        [
            ("lost", self.lost),
            ("unheard", self.unheard),
            ("wrong last", self.wrong_last),
            ("disturbed in flight", self.disturbed_in_flight),
            ("stale syncs", self.stale_syncs),
            ("caught up", self.caught_up),
            ("gone", self.gone),
            ("late stored", self.late_stored),
            ("late refused", self.late_refused),
            ("late stored after sync", self.late_stored_after_sync),
            ("late after repeat", self.late_after_repeat),
            ("late after others", self.late_after_others),
            ("zombie stored", self.zombie_stored),
            ("zombie refused", self.zombie_refused),
            ("zombie late", self.zombie_late),
            ("successor refused", self.successor_refused),
        ]
    }
}

struct World {
    /// All there is in `ORDERS`, by sequence; not every sequence is an order.
    orders: Vec<u64>,
    stream: Stream,
    senders: Vec<Sender>,
    fates: std::vec::IntoIter<Fate>,
    seen: Seen,
}

impl World {
    fn new(count: u64, fates: Vec<Fate>) -> Self {
        Self {
            orders: (1..).filter(|sequence| sequence % 5 != 3).take(usize::try_from(count).unwrap_or(0)).collect(),
            stream: Stream::default(),
            senders: vec![Sender::new(Checkpoint { intake: 0, queued: Some(0) })],
            fates: fates.into_iter(),
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
            Deed::Acknowledge => self.stream.gone = self.stream.last(),
            Deed::Succeed(back) => self.succeed(back),
        }
    }

    fn succeed(&mut self, back: usize) {
        if self.senders.len() > 1 {
            return;
        }
        let confirmed = self.senders[0].chain.confirmed();
        let known = self.orders.partition_point(|order| *order <= confirmed.intake).saturating_sub(back);
        let intake = known.checked_sub(1).map_or(0, |index| self.orders[index]);
        self.senders.push(Sender::new(Checkpoint { intake, queued: Some(known as u64) }));
        // It asks where the stream ends as soon as there is an order.
        self.read(1, 1);
        self.step(1);
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
            Step::Sync => sender.asked = Some(self.stream.found(sender.chain.confirmed())),
            Step::Anchor(..) => panic!("nobody else writes here"),
            Step::Wait => {}
        }
    }

    fn synced(&mut self, who: usize) {
        let sender = &mut self.senders[who];
        if let Some(found) = sender.asked.take() {
            let known = sender.chain.confirmed().queued.unwrap();
            self.seen.stale_syncs += usize::from(found.end != self.stream.last());
            self.seen.gone += usize::from((found.entries.len() as u64) < found.seen - known);
            self.seen.caught_up += usize::from(found.seen > known + sender.chain.backlog() as u64);
            sender.syncs += 1;
            assert!(sender.chain.synced(found), "the stream loses nothing here");
        }
    }

    fn publish(&mut self, who: usize, letter: Letter) -> Answer {
        let answer = self.stream.publish(letter.intake, letter.expected);
        let zombie = who + 1 < self.senders.len();
        match answer {
            Answer::Stored(_) => self.seen.zombie_stored += usize::from(zombie),
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
        self.seen.late_after_repeat += usize::from(again || sender.chain.confirmed().intake >= letter.intake);
        self.seen.late_after_others += usize::from(self.stream.stored.iter().any(|stored| *stored > letter.intake));
        self.seen.zombie_late += usize::from(who + 1 < self.senders.len());
        let resynced = sender.syncs > letter.syncs;
        match self.publish(who, letter) {
            Answer::Stored(_) => {
                self.seen.late_stored += 1;
                self.seen.late_stored_after_sync += usize::from(resynced);
            }
            Answer::WrongLast | Answer::Unknown => self.seen.late_refused += 1,
        }
    }

    /// What must hold at every moment: the stream is a beginning of `ORDERS`, each order once, and no checkpoint claims
    /// what is not there.
    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert!(self.orders.starts_with(&self.stream.stored), "overtaken: {:?}", self.stream.stored);
        let reached = self.stream.stored.last().copied().unwrap_or(0);
        for sender in &self.senders {
            let Checkpoint { intake, queued } = sender.chain.confirmed();
            prop_assert!(intake <= reached, "claims {intake} of {reached}");
            let place = self.orders.partition_point(|order| *order <= intake) as u64;
            prop_assert_eq!(queued, Some(place), "the places are those of the orders");
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
                prop_assert_eq!(&self.stream.stored, &self.orders);
                let last = self.orders.last().copied().unwrap_or(0);
                prop_assert!(self.senders.iter().all(|sender| sender.chain.confirmed().intake == last));
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
        2 => Just(Deed::Acknowledge),
    ];
    proptest::collection::vec(deed, 0..300)
}

proptest! {
    /// Whatever is lost, unheard or late, for however long, with two chains at once: every order is there once and in
    /// its place, no checkpoint claims too much, and there is an end.
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

/// A pipelined publish that comes late, after its predecessor was lost and repeats began, finds no place but its own.
#[test]
fn a_pipelined_publish_that_comes_late_never_overtakes() {
    let (mut chain, mut stream) = (chain_at(0, 0), Stream::default());
    chain.order(1, 1);
    drive(&mut chain, &mut stream);
    (2..=4).for_each(|intake| chain.order(intake, intake));
    assert_eq!(round(&mut chain), (vec![(2, 1), (3, 2), (4, 3)], false));
    // The second is stored, the third lost, the fourth late; no answer to any.
    assert_eq!(stream.publish(2, 1), Answer::Stored(2));
    (2..=4).for_each(|intake| chain.answered(intake, Answer::Unknown));
    assert_eq!(round(&mut chain), (vec![], true));
    assert!(chain.synced(stream.found(chain.confirmed())));
    assert_eq!(round(&mut chain), (vec![(3, 2)], false), "the second is known to be there");
    assert_eq!(stream.publish(4, 3), Answer::WrongLast, "the late one");
    assert_eq!(stream.publish(3, 2), Answer::Stored(3));
    chain.answered(3, Answer::Stored(3));
    assert_eq!(round(&mut chain), (vec![(4, 3)], false));
    assert_eq!(stream.publish(4, 3), Answer::Stored(4), "whichever of the two comes first");
    assert_eq!(stream.publish(4, 3), Answer::WrongLast);
    assert_eq!(stream.stored, [1, 2, 3, 4]);
}

/// What the chain wants to be kept before it goes on.
fn anchor(chain: &mut Chain<u64>) -> (Checkpoint, Misfit) {
    let Step::Anchor(checkpoint, why) = chain.step() else { panic!("a new checkpoint") };
    chain.order(u64::MAX, 0);
    assert!(!chain.has_room(), "the reader is elsewhere");
    chain.anchored();
    assert_eq!(chain.taken(), checkpoint.intake, "the reader starts again there");
    assert_eq!(chain.backlog(), 0);
    (checkpoint, why)
}

#[test]
fn nothing_is_published_before_there_is_a_checkpoint() {
    let mut stream = Stream { stored: vec![1, 2], gone: 2 };
    let mut chain = Chain::new(Checkpoint { intake: 0, queued: None });
    (1..=4).for_each(|intake| chain.order(intake, intake));
    assert_eq!(chain.step(), Step::Sync);
    assert!(chain.synced(stream.found(chain.confirmed())));
    assert_eq!(anchor(&mut chain), (Checkpoint { intake: 0, queued: Some(2) }, Misfit::First));
    (1..=4).for_each(|intake| chain.order(intake, intake));
    drive(&mut chain, &mut stream);
    assert_eq!(stream.stored, [1, 2, 1, 2, 3, 4], "the lanes pass over what is done");
    assert_eq!(chain.confirmed(), Checkpoint { intake: 4, queued: Some(6) });
}

/// Somebody writes to `QUEUES` while orders are on their way: those behind find a place that is theirs by number.
#[test]
fn entries_of_somebody_else_hide_no_order() {
    for (before, foreign, flying) in [(3, 1, 3), (3, 2, 3), (3, 2, 9), (0, 1, 1), (0, 5, 2)] {
        let case = format!("{foreign} entries after {before} orders, {flying} on their way");
        let (mut chain, mut stream) = (chain_at(0, 0), Stream::default());
        (1..=before).for_each(|intake| chain.order(intake, intake));
        drive(&mut chain, &mut stream);
        stream.stored.extend(vec![0; foreign]);
        let orders = before + flying;
        (before + 1..=orders).for_each(|intake| chain.order(intake, intake));
        let mut told = Vec::new();
        while chain.confirmed().intake < orders {
            drive(&mut chain, &mut stream);
            if let Step::Anchor(..) = chain.step() {
                told.push(anchor(&mut chain).1);
                (chain.taken() + 1..=orders).for_each(|intake| chain.order(intake, intake));
            }
        }
        assert_eq!(told, [Misfit::Foreign], "{case}");
        let there = |order| stream.stored.contains(&order);
        assert!((1..=orders).all(there), "{case}: {:?}", stream.stored);
    }
}

/// A successor finds more entries than its checkpoint knows: the orders that it reads next, or else not ours.
#[test]
fn what_a_predecessor_handed_over_is_passed_over_if_it_is_that() {
    let entries = |entries: &[(u64, u64)]| entries.iter().map(|(at, intake)| entry(*at, *intake)).collect();
    for (there, fits) in [
        (&[(3, 3), (4, 4), (5, 5)][..], true),
        (&[(4, 4)], true),
        (&[], true),
        (&[(5, 4)], false),
        (&[(4, 0), (5, 5)], false),
    ] {
        let mut chain = chain_at(2, 2);
        chain.order(3, 3);
        assert_eq!(chain.step(), Step::Sync);
        assert!(chain.synced(Found { end: 5, seen: 5, entries: entries(there) }));
        assert_eq!(chain.step(), Step::Wait, "two more are to be read");
        assert_eq!(chain.confirmed().intake, 2, "nothing is claimed before");
        (4..=6).for_each(|intake| chain.order(intake, intake));
        if fits {
            assert_eq!(chain.confirmed(), Checkpoint { intake: 5, queued: Some(5) }, "{there:?}");
            assert_eq!(round(&mut chain).0, [(6, 5)], "{there:?}");
        } else {
            assert_eq!(anchor(&mut chain), (Checkpoint { intake: 2, queued: Some(5) }, Misfit::Foreign), "{there:?}");
        }
    }
}

#[test]
fn a_long_way_is_gone_in_stretches() {
    let orders = 3 * LOOK_MAX;
    let mut stream = Stream { stored: (1..=orders).collect(), gone: 0 };
    let mut chain = chain_at(0, 0);
    let mut syncs = 0;
    while chain.confirmed().intake < orders + 1 {
        while chain.has_room() && chain.taken() <= orders {
            chain.order(chain.taken() + 1, chain.taken() + 1);
        }
        match chain.step() {
            Step::Sync => {
                syncs += 1;
                let found = stream.found(chain.confirmed());
                assert!(found.entries.len() as u64 <= LOOK_MAX);
                assert!(chain.synced(found));
            }
            Step::Publish { intake, expected, .. } => {
                let answer = stream.publish(intake, expected);
                chain.answered(intake, answer);
            }
            Step::Anchor(..) | Step::Wait => {}
        }
    }
    assert_eq!(syncs, 3, "none of them is published again");
    assert_eq!(stream.last(), orders + 1);
}

#[test]
fn more_entries_than_orders_are_not_ours() {
    let mut chain = chain_at(2, 2);
    (3..=4).for_each(|intake| chain.order(intake, intake));
    assert_eq!(chain.step(), Step::Sync);
    assert!(chain.synced(Found { end: 6, seen: 6, entries: VecDeque::new() }));
    assert_eq!(chain.step(), Step::Wait);
    chain.exhausted();
    assert_eq!(anchor(&mut chain), (Checkpoint { intake: 2, queued: Some(6) }, Misfit::Foreign));
}

#[test]
fn a_stream_that_lost_its_end_gets_every_order_again_but_is_asked_several_times_first() {
    let mut chain = chain_at(9, 9);
    chain.order(10, 10);
    let mut stream = Stream { stored: vec![1, 2, 3, 4], gone: 0 };
    for _ in 1..REWINDS_BELIEVED {
        assert_eq!(chain.step(), Step::Sync);
        assert!(!chain.synced(stream.found(chain.confirmed())), "it may only be behind");
    }
    assert_eq!(chain.step(), Step::Sync);
    assert!(chain.synced(stream.found(chain.confirmed())));
    assert_eq!(anchor(&mut chain), (Checkpoint { intake: 0, queued: Some(4) }, Misfit::Rewound));
    (1..=10).for_each(|intake| chain.order(intake, intake));
    drive(&mut chain, &mut stream);
    assert_eq!(stream.effective(), (1..=10).collect::<Vec<_>>());

    let mut chain = chain_at(9, 9);
    chain.order(10, 10);
    for end in [4, 4, 4, 4, 9] {
        assert_eq!(chain.step(), Step::Sync);
        chain.synced(Found { end, seen: end, entries: VecDeque::new() });
    }
    assert_eq!(round(&mut chain).0, [(10, 9)], "it was behind and is not any more");
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
            (_, true) => assert!(chain.synced(stream.found(chain.confirmed()))),
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
            Step::Anchor(..) | Step::Wait => return (flight, false),
        }
    }
}

#[test]
fn without_trouble_everything_is_stored_once_in_order() {
    let (mut chain, mut stream) = (chain_at(0, 0), Stream::default());
    for intake in 1..=1_000 {
        chain.order(intake, intake);
    }
    drive(&mut chain, &mut stream);
    assert_eq!(stream.stored, (1..=1_000).collect::<Vec<_>>());
    assert_eq!((chain.confirmed().intake, chain.backlog()), (1_000, 0));
}

#[test]
fn a_successor_repeats_what_its_checkpoint_missed_and_nothing_is_stored_twice() {
    let mut stream = Stream::default();
    let mut first = chain_at(0, 0);
    (1..=700).for_each(|intake| first.order(intake, intake));
    drive(&mut first, &mut stream);
    let mut second = chain_at(100, 100);
    (101..=900).for_each(|intake| second.order(intake, intake));
    drive(&mut second, &mut stream);
    assert_eq!(stream.stored, (1..=900).collect::<Vec<_>>());
}

#[test]
fn a_zombie_is_refused_by_the_stream() {
    let mut stream = Stream::default();
    let mut zombie = chain_at(0, 0);
    (1..=3).for_each(|intake| zombie.order(intake, intake));
    drive(&mut zombie, &mut stream);
    zombie.order(4, 4);
    let Step::Publish { expected, .. } = zombie.step() else { panic!("something to publish") };
    let mut successor = chain_at(3, 3);
    (4..=6).for_each(|intake| successor.order(intake, intake));
    drive(&mut successor, &mut stream);
    assert_eq!(stream.publish(4, expected), Answer::WrongLast);
    assert_eq!(stream.stored, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn repeated_orders_of_the_reader_are_left_out_and_its_room_is_bounded() {
    let mut chain = chain_at(5, 5);
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
        let (mut chain, mut stream) = (chain_at(0, 0), Stream::default());
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
                assert!(chain.synced(stream.found(chain.confirmed())));
            }
            assert_eq!(chain.confirmed().intake, stored_before, "{case}");
            assert!(chain.backlog() <= BACKLOG_MAX + WINDOW, "{case}: {} in memory", chain.backlog());
        }
        assert!(syncs >= ROUNDS / 2 - 1, "{case}: asked {syncs} times in {ROUNDS} rounds");
        assert_eq!(widest, if stored_before == 0 { 1 } else { WINDOW }, "{case}");
        // It takes orders again.
        while chain.confirmed().intake < orders {
            read(&mut chain);
            drive(&mut chain, &mut stream);
        }
        assert_eq!(stream.stored, (1..=orders).collect::<Vec<_>>(), "{case}");
        assert_eq!(chain.backlog(), 0, "{case}");
    }
}
