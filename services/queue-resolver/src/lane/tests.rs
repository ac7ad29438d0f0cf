//! The lane against a model of the bus and of a POS.

use contract::StoreId;
use contract::event::{FailReason, PosState};
use contract::order::{Ending, Origin};
use proptest::prelude::*;

use super::*;
use crate::schedule::Schedule;
use crate::verdict::{Failure, Verdict};

const SCHEDULE: &str = "1,2,4";

fn schedule() -> Schedule {
    SCHEDULE.parse().unwrap()
}

fn entry(intake: u64) -> QueueEntry {
    let json = serde_json::json!({
        "v": 1, "intake": intake, "queued_at": "2026-11-23T21:00:00.000Z", "term": 1,
        "by": {"instance": "distribuidor-1", "cloud": "aws"},
        "order": {
            "v": 1, "country": "ec", "store": 72, "code": format!("A-{intake}"), "channel": "delivery",
            "format": "delivery", "received_at": "2026-11-23T20:59:59.000Z",
            "by": {"instance": "api-1", "cloud": "aws"}, "lines": 1, "sha256": "00", "bytes": 2,
        },
    });
    serde_json::from_value(json).unwrap()
}

fn place() -> Place {
    Place {
        country: "ec".parse().unwrap(),
        store: StoreId(72),
        partition: StoreId(72).partition(),
        epoch: 5,
        by: Origin { instance: "queue-resolver-1".parse().unwrap(), cloud: "aws".parse().unwrap() },
        pace_ms: 0,
    }
}

fn at(mono_ms: u64) -> Moment {
    Moment { utc: UtcMs::from_millis(1_800_000_000_000).plus_millis(mono_ms.cast_signed()), mono_ms }
}

fn deliver(lane: &mut Lane, queue_seq: u64, intake: u64) {
    lane.delivered(queue_seq, format!("reply.{queue_seq}"), entry(intake), false);
}

fn failed(reason: FailReason) -> Verdict {
    Verdict::Failed(Failure::new(reason, "as the test says"))
}

/// A lane whose past is known and whose first attempt is under way.
fn trying() -> Lane {
    let mut lane = Lane::new(place());
    deliver(&mut lane, 1, 10);
    assert_eq!(lane.step(at(0), true), Step::Do(Deed::LoadMark));
    lane.marked(Some(Mark::default()), at(0));
    assert!(matches!(lane.step(at(0), true), Step::Do(Deed::Attempt { attempt: 1, .. })));
    lane
}

fn events(lane: &mut Lane) -> Vec<&'static str> {
    let mut told = Vec::new();
    while let Some(kind) = lane.tell.pop_front() {
        told.push(match &kind {
            EventKind::Pos { state: PosState::Down, .. } => "down",
            EventKind::Pos { .. } => "up",
            kind => kind.token(),
        });
    }
    told
}

#[test]
fn an_order_is_tried_stored_and_acknowledged_before_the_next_begins() {
    let mut lane = trying();
    deliver(&mut lane, 2, 11);
    assert_eq!(lane.step(at(1), true), Step::Wait(None), "one deed at a time");
    lane.attempted(Verdict::Done { already: false }, 20, &schedule(), at(20), 0.5);
    let Step::Do(Deed::Store { outcome, fence: 0 }) = lane.step(at(20), true) else { panic!("stores") };
    assert_eq!((outcome.intake, outcome.watermark, outcome.attempts, outcome.epoch), (10, 10, 1, 5));
    lane.stored(outcome, Stored::At(77), at(21));
    let ack = Deed::Ack { queue_seq: 1, reply: "reply.1".into(), replay: false };
    assert_eq!(lane.step(at(21), true), Step::Do(ack));
    lane.acked(1, true);
    assert!(matches!(lane.step(at(22), true), Step::Do(Deed::Attempt { attempt: 1, entry }) if entry.intake == 11));
    lane.attempted(Verdict::Done { already: true }, 5, &schedule(), at(30), 0.5);
    assert!(matches!(lane.step(at(30), true), Step::Do(Deed::Store { fence: 77, .. })));
}

#[test]
fn what_the_watermark_covers_is_acknowledged_and_never_sent() {
    let mut lane = Lane::new(place());
    deliver(&mut lane, 8, 10);
    assert_eq!(lane.step(at(0), true), Step::Do(Deed::LoadMark));
    lane.marked(Some(Mark { watermark: 10, fence: 3, pos_down: false }), at(0));
    let ack = Deed::Ack { queue_seq: 8, reply: "reply.8".into(), replay: true };
    assert_eq!(lane.step(at(0), false), Step::Do(ack), "even while paused");
    lane.acked(8, true);
    assert_eq!(lane.step(at(1), true), Step::Wait(None));
    deliver(&mut lane, 8, 10);
    assert!(matches!(lane.step(at(2), true), Step::Do(Deed::Ack { .. })));
}

#[test]
fn a_place_that_is_given_again_is_another_order() {
    let mut lane = trying();
    let again = |lane: &mut Lane| lane.delivered(1, "reply.again".to_owned(), entry(20), false);
    assert!(!again(&mut lane), "what is under way is finished first");
    lane.reset();
    lane.attempted(Verdict::Done { already: false }, 20, &schedule(), at(20), 0.5);
    assert!(!again(&mut lane), "and its outcome stored");
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(20), true) else { panic!("stores") };
    assert_eq!((outcome.intake, outcome.queue_seq), (10, 1));
    lane.stored(outcome, Stored::At(77), at(21));
    assert_eq!(lane.step(at(21), true), Step::Wait(None), "nothing to acknowledge: its place is not its own any more");
    assert!(again(&mut lane));
    let Step::Do(Deed::Attempt { attempt, entry }) = lane.step(at(22), true) else { panic!("tries the other one") };
    assert_eq!((entry.intake, attempt), (20, 1));
}

#[test]
fn failures_follow_the_schedule_and_end_as_not_injected() {
    let mut lane = trying();
    let mut now = 0;
    for wait_ms in [1_000, 2_000, 4_000] {
        lane.attempted(failed(FailReason::Timeout), 9, &schedule(), at(now), 0.5);
        assert_eq!(events(&mut lane), ["attempt_failed"]);
        assert_eq!(lane.step(at(now), true), Step::Wait(Some(now + wait_ms)));
        now += wait_ms;
        assert!(matches!(lane.step(at(now), true), Step::Do(Deed::Attempt { .. })));
    }
    lane.attempted(failed(FailReason::Timeout), 9, &schedule(), at(now), 0.5);
    assert_eq!(events(&mut lane), ["attempt_failed"]);
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(now), true) else { panic!("stores") };
    assert_eq!(outcome.attempts, 4);
    assert!(matches!(outcome.ending, Ending::NotInjected { reason: FailReason::Timeout, .. }));
}

#[test]
fn a_refusal_is_final_at_once() {
    let mut lane = trying();
    lane.attempted(failed(FailReason::Refused), 9, &schedule(), at(0), 0.5);
    assert_eq!(events(&mut lane), ["attempt_failed"]);
    assert!(matches!(lane.step(at(0), true), Step::Do(Deed::Store { .. })));
}

#[test]
fn a_dead_pos_costs_no_attempts_is_told_once_and_probed() {
    let mut lane = trying();
    let mut now = 0;
    let mut told = Vec::new();
    for (_, reason) in (0..50).zip([FailReason::Unreachable, FailReason::Untrusted].into_iter().cycle()) {
        lane.attempted(failed(reason), 1, &schedule(), at(now), 0.5);
        told.extend(events(&mut lane));
        let Step::Wait(Some(due)) = lane.step(at(now), true) else { panic!("waits") };
        assert!(due > now && due <= now + 20_000);
        now = due;
        assert!(matches!(lane.step(at(now), true), Step::Do(Deed::Attempt { .. })));
    }
    assert_eq!(told, ["attempt_failed", "attempt_failed", "down"]);
    assert!(lane.head().unwrap().pos_down);
    lane.attempted(Verdict::Done { already: false }, 1, &schedule(), at(now), 0.5);
    assert_eq!(events(&mut lane), ["up"]);
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(now), true) else { panic!("stores") };
    assert_eq!(outcome.attempts, 51);
}

#[test]
fn a_pos_that_was_down_under_the_last_owner_is_told_up_by_the_next() {
    let mut lane = Lane::new(place());
    deliver(&mut lane, 1, 1);
    lane.step(at(0), true);
    lane.marked(Some(Mark { pos_down: true, ..Mark::default() }), at(0));
    lane.step(at(0), true);
    lane.attempted(Verdict::Done { already: false }, 1, &schedule(), at(0), 0.5);
    assert_eq!(events(&mut lane), ["up"]);
}

#[test]
fn while_paused_nothing_new_begins_but_what_was_begun_is_finished() {
    let mut lane = trying();
    deliver(&mut lane, 2, 11);
    lane.attempted(Verdict::Done { already: false }, 1, &schedule(), at(1), 0.5);
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(1), false) else { panic!("stores") };
    assert!(lane.is_busy());
    lane.stored(outcome, Stored::Unknown, at(2));
    assert!(lane.is_busy());
    assert_eq!(lane.step(at(2), false), Step::Wait(Some(2 + BUS_RETRY_MS)));
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(600), false) else { panic!("stores again") };
    lane.stored(outcome, Stored::At(1), at(600));
    assert!(matches!(lane.step(at(600), false), Step::Do(Deed::Ack { queue_seq: 1, .. })));
    lane.acked(1, true);
    assert_eq!(lane.step(at(601), false), Step::Wait(None));
    assert!(!lane.is_busy());
}

#[test]
fn the_next_order_begins_at_the_pace_of_the_store_a_retry_does_not_wait_for_it() {
    let mut lane = Lane::new(Place { pace_ms: 5_000, ..place() });
    deliver(&mut lane, 1, 10);
    deliver(&mut lane, 2, 11);
    lane.step(at(0), true);
    lane.marked(Some(Mark::default()), at(0));
    assert!(matches!(lane.step(at(0), true), Step::Do(Deed::Attempt { attempt: 1, .. })));
    lane.attempted(failed(FailReason::PosError), 9, &schedule(), at(10), 0.5);
    events(&mut lane);
    assert!(matches!(lane.step(at(1_010), true), Step::Do(Deed::Attempt { attempt: 2, .. })));
    lane.attempted(Verdict::Done { already: false }, 9, &schedule(), at(1_020), 0.5);
    events(&mut lane);
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(1_020), true) else { panic!("stores") };
    lane.stored(outcome, Stored::At(1), at(1_020));
    lane.step(at(1_020), true);
    lane.acked(1, true);
    assert_eq!(lane.step(at(1_020), true), Step::Wait(Some(5_000)));
    assert!(matches!(lane.step(at(5_000), true), Step::Do(Deed::Attempt { .. })));
}

fn command() -> CommandId {
    "c-1".parse().unwrap()
}

/// Gives up the order with this sequence.
fn release(lane: &mut Lane, intake: u64) -> Release {
    lane.release(&entry(intake).order.id(), intake, command())
}

/// The outcome that a lane stores, as its reason and the command that it names.
fn given_up(lane: &mut Lane, now: Moment) -> (FailReason, Option<CommandId>, u32) {
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(now, false) else { panic!("stores, even while paused") };
    match &outcome.ending {
        Ending::NotInjected { reason, command, .. } => (*reason, command.clone(), outcome.attempts),
        Ending::Injected { .. } => panic!("injected"),
    }
}

#[test]
fn a_head_that_waits_is_given_up_at_once() {
    // Waiting for a retry.
    let mut lane = trying();
    lane.attempted(failed(FailReason::PosError), 9, &schedule(), at(10), 0.5);
    events(&mut lane);
    assert_eq!(release(&mut lane, 10), Release::Now);
    assert_eq!(given_up(&mut lane, at(20)), (FailReason::Released, Some(command()), 1));
    // Never tried, because its POS is down.
    let mut lane = trying();
    lane.attempted(failed(FailReason::Unreachable), 9, &schedule(), at(10), 0.5);
    events(&mut lane);
    assert_eq!(release(&mut lane, 10), Release::Now);
    assert_eq!(given_up(&mut lane, at(20)).0, FailReason::Released);
}

#[test]
fn an_attempt_under_way_decides_first() {
    let mut lane = trying();
    assert_eq!(release(&mut lane, 10), Release::Pending);
    assert_eq!(lane.step(at(5), true), Step::Wait(None));
    lane.attempted(failed(FailReason::Timeout), 9, &schedule(), at(10), 0.5);
    assert_eq!(events(&mut lane), ["attempt_failed"]);
    assert_eq!(given_up(&mut lane, at(10)), (FailReason::Released, Some(command()), 1));

    let mut lane = trying();
    deliver(&mut lane, 2, 11);
    assert_eq!(release(&mut lane, 10), Release::Pending);
    lane.attempted(Verdict::Done { already: false }, 9, &schedule(), at(10), 0.5);
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(10), true) else { panic!("stores") };
    assert!(matches!(outcome.ending, Ending::Injected { .. }));
    lane.stored(outcome, Stored::At(1), at(11));
    lane.step(at(11), true);
    assert_eq!(release(&mut lane, 10), Release::NotAtHead, "it has ended, only its entry is still there");
    lane.acked(1, true);
    assert!(matches!(lane.step(at(12), true), Step::Do(Deed::Attempt { .. })), "the next one is not meant");
}

#[test]
fn only_the_head_is_given_up_and_only_the_pass_that_is_meant() {
    let mut lane = trying();
    deliver(&mut lane, 2, 11);
    for intake in [9, 11, 12] {
        assert_eq!(release(&mut lane, intake), Release::NotAtHead);
    }
    let other = entry(11).order.id();
    assert_eq!(lane.release(&other, 10, command()), Release::NotAtHead, "another order at this place is not meant");
    assert_eq!(release(&mut Lane::new(place()), 10), Release::NotAtHead);
}

#[test]
fn a_conflict_is_ours_or_fences_us_off() {
    for (watermark, fenced) in [(10, false), (9, true)] {
        let mut lane = trying();
        lane.attempted(Verdict::Done { already: false }, 1, &schedule(), at(1), 0.5);
        let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(1), true) else { panic!("stores") };
        lane.stored(outcome, Stored::Conflict(Mark { watermark, fence: 9, pos_down: false }), at(2));
        assert_eq!(lane.step(at(2), true) == Step::Fenced, fenced);
    }
}

#[test]
fn a_postponed_attempt_was_none() {
    let mut lane = trying();
    lane.attempted(Verdict::Postponed, 0, &schedule(), at(0), 0.5);
    assert_eq!(lane.step(at(0), true), Step::Wait(Some(BUS_RETRY_MS)));
    assert!(matches!(lane.step(at(BUS_RETRY_MS), true), Step::Do(Deed::Attempt { attempt: 1, .. })));
}

/// What the model of bus and POS does to one deed.
#[derive(Debug, Clone, Copy)]
enum Luck {
    Good,
    /// The POS takes it, the answer is lost.
    ReplyLost,
    /// The POS is not there.
    Unreachable,
    /// The bus does not answer; what was asked happens all the same.
    Unheard,
    /// The bus does not answer, and nothing happens.
    Unreached,
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        6 => Just(Luck::Good),
        1 => Just(Luck::ReplyLost),
        1 => Just(Luck::Unreachable),
        1 => Just(Luck::Unheard),
        1 => Just(Luck::Unreached),
    ]
}

proptest! {
    /// Repeated entries, lost answers, a bus that forgets acknowledgements: every order takes effect once, in order.
    #[test]
    fn every_order_takes_effect_once_in_order(
        repeats in proptest::collection::vec(0_usize..40, 0..20),
        script in proptest::collection::vec(luck(), 0..400),
        count in 1_u64..60,
    ) {
        // The queue: every order once, some again behind (the hand-over began anew).
        let mut queue: Vec<u64> = (1..=count).collect();
        queue.extend(repeats.into_iter().map(|n| n as u64 % count + 1));
        let mut held: BTreeMap<u64, u64> = queue.iter().enumerate().map(|(i, intake)| (i as u64 + 1, *intake)).collect();
        let mut lane = Lane::new(place());
        for (seq, intake) in &held {
            deliver(&mut lane, *seq, *intake);
        }
        let mut script = script.into_iter();
        let mut taken: Vec<u64> = Vec::new();
        let mut last: Option<Outcome> = None;
        let (mut now, mut outcomes, mut steps) = (0, 0, 0);
        while !held.is_empty() {
            steps += 1;
            prop_assert!(steps < 20_000, "does not end: {lane:?}");
            let luck = script.next().unwrap_or(Luck::Good);
            let mark = || Mark { watermark: last.as_ref().map_or(0, |o| o.watermark), fence: outcomes, pos_down: false };
            match lane.step(at(now), true) {
                Step::Fenced => prop_assert!(false, "nobody else writes here"),
                // Nothing to do though entries are held: an acknowledgement failed, the consumer is made anew.
                Step::Wait(None) => held.iter().for_each(|(seq, intake)| deliver(&mut lane, *seq, *intake)),
                Step::Wait(Some(due)) => now = due,
                Step::Do(Deed::Tell(_)) => {}
                Step::Do(Deed::LoadMark) => {
                    let told = matches!(luck, Luck::Good).then(mark);
                    lane.marked(told, at(now));
                }
                Step::Do(Deed::ReadBack(seq)) => lane.read_back(seq, Ok(held.get(&seq).map(|i| entry(*i))), at(now)),
                Step::Do(Deed::Attempt { entry, .. }) => {
                    let verdict = match luck {
                        Luck::Unreachable => failed(FailReason::Unreachable),
                        Luck::Unreached => Verdict::Postponed,
                        luck => {
                            let already = taken.contains(&entry.intake);
                            if !already {
                                taken.push(entry.intake);
                            }
                            // Answers may be lost now and then, but not so often that the order is given up.
                            if matches!(luck, Luck::ReplyLost) && !already {
                                failed(FailReason::ConnectionLost)
                            } else {
                                Verdict::Done { already }
                            }
                        }
                    };
                    lane.attempted(verdict, 1, &schedule(), at(now), 0.5);
                }
                Step::Do(Deed::Store { outcome, fence }) => {
                    let stored = match luck {
                        Luck::Unreached => Stored::Unknown,
                        _ if fence != outcomes => Stored::Conflict(mark()),
                        luck => {
                            outcomes += 1;
                            last = Some((*outcome).clone());
                            if matches!(luck, Luck::Unheard) { Stored::Unknown } else { Stored::At(outcomes) }
                        }
                    };
                    lane.stored(outcome, stored, at(now));
                }
                Step::Do(Deed::Ack { queue_seq, .. }) => {
                    if !matches!(luck, Luck::Unreached) {
                        held.remove(&queue_seq);
                    }
                    let confirmed = !matches!(luck, Luck::Unreached | Luck::Unheard);
                    // The session makes its consumer anew, sometimes already before it hears of the failure.
                    let early = steps % 2 == 0;
                    if !confirmed && early {
                        lane.reset();
                        if steps % 4 == 0 {
                            for (seq, intake) in &held {
 deliver(&mut lane, *seq, *intake);
 }
                        }
                    }
                    lane.acked(queue_seq, confirmed);
                    if !confirmed && !early {
                        lane.reset();
                    }
                    if !confirmed {
                        for (seq, intake) in &held {
                            deliver(&mut lane, *seq, *intake);
                        }
                    }
                }
            }
        }
        prop_assert_eq!(taken, (1..=count).collect::<Vec<_>>());
    }
}

#[test]
fn a_new_consumer_keeps_only_what_is_under_way() {
    let mut lane = trying();
    deliver(&mut lane, 2, 11);
    lane.reset();
    assert_eq!(lane.depth(), 1);
    lane.attempted(Verdict::Done { already: false }, 1, &schedule(), at(1), 0.5);
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(1), true) else { panic!("stores") };
    lane.stored(outcome, Stored::At(1), at(1));
    assert_eq!(lane.step(at(1), true), Step::Wait(None), "its acknowledgement needs the new delivery");
    deliver(&mut lane, 1, 10);
    deliver(&mut lane, 2, 11);
    assert!(matches!(lane.step(at(2), true), Step::Do(Deed::Ack { queue_seq: 1, replay: false, .. })));
    lane.acked(1, true);
    lane.reset();
    assert_eq!(lane.depth(), 0);
}

#[test]
fn an_entry_that_the_queue_has_lost_does_not_hold_up_the_next_one() {
    let mut lane = trying();
    lane.reset();
    lane.attempted(Verdict::Done { already: false }, 1, &schedule(), at(1), 0.5);
    let Step::Do(Deed::Store { outcome, .. }) = lane.step(at(1), true) else { panic!("stores") };
    lane.stored(outcome, Stored::At(1), at(1));
    assert_eq!(lane.step(at(1), true), Step::Wait(None));
    // Without entry 1, which was lost with the end of the stream.
    deliver(&mut lane, 2, 11);
    assert!(matches!(lane.step(at(2), true), Step::Do(Deed::Attempt { entry, .. }) if entry.intake == 11));
    assert_eq!(lane.depth(), 1);
}

#[test]
fn a_rewound_entry_before_the_one_under_way_does_not_take_its_place() {
    let mut lane = Lane::new(place());
    deliver(&mut lane, 5, 15);
    lane.step(at(0), true);
    lane.marked(Some(Mark { watermark: 14, ..Mark::default() }), at(0));
    assert!(matches!(lane.step(at(0), true), Step::Do(Deed::Attempt { .. })));
    // The server forgot that this one was acknowledged, and delivers it again.
    lane.reset();
    deliver(&mut lane, 4, 14);
    deliver(&mut lane, 5, 15);
    lane.reset();
    lane.attempted(Verdict::Done { already: false }, 1, &schedule(), at(1), 0.5);
    assert!(matches!(lane.step(at(1), true), Step::Do(Deed::Store { outcome, .. }) if outcome.intake == 15));
}

#[test]
fn a_long_backlog_keeps_only_sequences_and_reads_them_back() {
    let mut lane = Lane::new(place());
    for n in 1..=1_000 {
        deliver(&mut lane, n, n);
    }
    assert_eq!(lane.waiting.values().filter(|waiting| waiting.entry.is_some()).count(), WHOLE_MAX);
    lane.delivered(1_001, "reply.1001".to_owned(), entry(1_001), true);
    assert!(lane.waiting[&1_001].entry.is_some(), "where there is room for it");
    lane.step(at(0), true);
    lane.marked(Some(Mark { watermark: WHOLE_MAX as u64, ..Mark::default() }), at(0));
    for n in 1..=WHOLE_MAX as u64 {
        assert!(matches!(lane.step(at(0), true), Step::Do(Deed::Ack { queue_seq, .. }) if queue_seq == n));
        lane.acked(n, true);
    }
    assert_eq!(lane.step(at(0), true), Step::Do(Deed::ReadBack(33)));
    lane.read_back(33, Ok(None), at(0));
    assert_eq!(lane.step(at(0), true), Step::Do(Deed::ReadBack(34)), "one that is gone is skipped");
    lane.read_back(34, Ok(Some(entry(34))), at(0));
    assert!(matches!(lane.step(at(0), true), Step::Do(Deed::Attempt { entry, .. }) if entry.intake == 34));
}

#[test]
fn an_entry_of_nobody_is_passed_over_without_an_outcome() {
    let mut lane = Lane::new(place());
    deliver(&mut lane, 1, u64::MAX);
    deliver(&mut lane, 2, 10);
    lane.step(at(0), true);
    lane.marked(Some(Mark::default()), at(0));
    assert!(matches!(lane.step(at(0), true), Step::Do(Deed::Attempt { .. })));
    lane.attempted(Verdict::NoOrder, 0, &schedule(), at(0), 0.5);
    assert!(matches!(lane.step(at(0), true), Step::Do(Deed::Attempt { entry, attempt: 1 }) if entry.intake == 10));
    assert_eq!((lane.depth(), lane.mark), (1, Some(Mark::default())));
}

#[test]
fn an_outcome_whose_predecessor_has_aged_out_is_stored_as_the_first() {
    let mut lane = Lane::new(place());
    deliver(&mut lane, 1, 10);
    lane.step(at(0), true);
    lane.marked(Some(Mark { watermark: 9, fence: 77, pos_down: false }), at(0));
    lane.step(at(0), true);
    lane.attempted(Verdict::Done { already: false }, 9, &schedule(), at(10), 0.5);
    for fence in [77, 0] {
        let Step::Do(Deed::Store { outcome, fence: expected }) = lane.step(at(10), true) else { panic!("stores") };
        assert_eq!((outcome.intake, expected), (10, fence));
        lane.stored(outcome, if fence == 0 { Stored::At(200) } else { Stored::AgedOut }, at(10));
    }
    assert_eq!(lane.mark, Some(Mark { watermark: 10, fence: 200, pos_down: false }));
}
