//! The chain against a model of the stream with the server's measured habits.

use proptest::prelude::*;

use super::*;

/// `QUEUES` as the server keeps it: expected-last-sequence first, then the message id.
#[derive(Debug, Default)]
struct Stream {
    /// Intake sequence of each stored message; its index + 1 is the stream sequence.
    stored: Vec<u64>,
    /// Forgets ids when it restarts.
    ids: std::collections::HashSet<u64>,
}

impl Stream {
    fn publish(&mut self, intake: u64, expected: u64) -> Answer {
        if expected != self.stored.len() as u64 {
            return Answer::WrongLast;
        }
        if !self.ids.insert(intake) {
            return Answer::Duplicate;
        }
        self.stored.push(intake);
        Answer::Stored(self.stored.len() as u64)
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
    /// Reaches the server only after everything else of its window.
    Late,
}

fn drive(chain: &mut Chain<u64>, stream: &mut Stream, mut fate: impl FnMut() -> Fate) {
    loop {
        let mut flight = Vec::new();
        let mut sync = false;
        loop {
            match chain.step() {
                Step::Publish { intake, item, expected } => {
                    assert_eq!(intake, *item);
                    flight.push((intake, expected, fate()));
                }
                Step::Sync => {
                    sync = true;
                    break;
                }
                Step::Wait => break,
            }
        }
        if sync {
            chain.synced(stream.stored.len() as u64);
            continue;
        }
        if flight.is_empty() {
            return;
        }
        let mut late = Vec::new();
        for (intake, expected, fate) in flight {
            match fate {
                Fate::Fine => {
                    let answer = stream.publish(intake, expected);
                    chain.answered(intake, answer);
                }
                Fate::Lost => chain.answered(intake, Answer::Unknown),
                Fate::Unheard => {
                    stream.publish(intake, expected);
                    chain.answered(intake, Answer::Unknown);
                }
                Fate::Late => late.push((intake, expected)),
            }
        }
        for (intake, expected) in late {
            stream.publish(intake, expected);
            chain.answered(intake, Answer::Unknown);
        }
    }
}

#[test]
fn without_trouble_everything_is_stored_once_in_order() {
    let (mut chain, mut stream) = (Chain::new(0), Stream::default());
    for intake in 1..=1_000 {
        chain.order(intake, intake);
    }
    drive(&mut chain, &mut stream, || Fate::Fine);
    assert_eq!(stream.stored, (1..=1_000).collect::<Vec<_>>());
    assert_eq!((chain.confirmed(), chain.backlog()), (1_000, 0));
}

#[test]
fn a_successor_repeats_what_its_checkpoint_missed_and_nothing_is_stored_twice() {
    let mut stream = Stream::default();
    let mut first = Chain::new(0);
    (1..=700).for_each(|intake| first.order(intake, intake));
    drive(&mut first, &mut stream, || Fate::Fine);
    let mut second = Chain::new(100);
    (101..=900).for_each(|intake| second.order(intake, intake));
    drive(&mut second, &mut stream, || Fate::Fine);
    assert_eq!(stream.stored, (1..=900).collect::<Vec<_>>());
}

#[test]
fn a_zombie_is_refused_by_the_stream() {
    let mut stream = Stream::default();
    let mut zombie = Chain::new(0);
    (1..=3).for_each(|intake| zombie.order(intake, intake));
    drive(&mut zombie, &mut stream, || Fate::Fine);
    zombie.order(4, 4);
    let Step::Publish { expected, .. } = zombie.step() else { panic!("something to publish") };
    let mut successor = Chain::new(3);
    (4..=6).for_each(|intake| successor.order(intake, intake));
    drive(&mut successor, &mut stream, || Fate::Fine);
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

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        20 => Just(Fate::Fine),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Unheard),
        1 => Just(Fate::Late),
    ]
}

proptest! {
    /// Whatever is lost, unheard or late, and even if the stream forgets its ids: every order is there, and their
    /// first appearances are in order.
    #[test]
    fn nothing_is_lost_and_nothing_overtakes(
        count in 1_u64..400,
        resumes_at in 0_u64..50,
        script in proptest::collection::vec(fates(), 0..300),
        forgets in proptest::option::of(0_usize..300),
    ) {
        let mut stream = Stream::default();
        let mut before = Chain::new(0);
        (1..=resumes_at.min(count)).for_each(|intake| before.order(intake, intake));
        drive(&mut before, &mut stream, || Fate::Fine);

        let mut chain = Chain::new(resumes_at.min(count) / 2);
        (chain.confirmed() + 1..=count).for_each(|intake| chain.order(intake, intake));
        let mut script = script.into_iter();
        let mut sent = 0;
        // A restart of the server forgets ids; it happens between two windows.
        let half = forgets.unwrap_or(usize::MAX);
        drive(&mut chain, &mut stream, || {
            sent += 1;
            script.next().unwrap_or(Fate::Fine)
        });
        if sent > half {
            stream.ids.clear();
            let mut again = Chain::new(chain.confirmed() / 2);
            (again.confirmed() + 1..=count).for_each(|intake| again.order(intake, intake));
            drive(&mut again, &mut stream, || Fate::Fine);
            prop_assert_eq!(again.confirmed(), count);
        }
        prop_assert_eq!(chain.confirmed(), count);
        prop_assert_eq!(stream.effective(), (1..=count).collect::<Vec<_>>());
    }
}
