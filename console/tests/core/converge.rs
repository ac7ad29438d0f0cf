//! Orders, not messages: shuffled, repeated and missing messages give the same rows.

use std::collections::{BTreeMap, BTreeSet};

use contract::UtcMs;
use domicilio::event::{Event, Fact, History, Part};
use domicilio::state::orders::{ORDERS_MAX, OrderState, Orders};
use domicilio::state::{Lang, State};
use domicilio::update::update;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::making::{accepted, at, ended, failed, head, live, queued, reinjected, solved};

const ORDERS: u32 = 100;

/// Every message of the `n`th order: one in five fails first, one in ten is not injected (of
/// which some are reinjected or solved), one in ten has no end yet.
fn life(n: u32) -> Vec<Fact> {
    let failures = if n.is_multiple_of(5) { n / 5 % 4 } else { 0 };
    let mut facts = vec![accepted(n), queued(n)];
    facts.extend((1..=failures).map(|attempt| failed(n, attempt)));
    if n % 10 != 3 {
        facts.push(ended(n, failures + 1, n % 10 != 7));
    }
    match n % 40 {
        7 => facts.extend(reinjected(n)),
        17 => facts.push(solved(n)),
        _ => {}
    }
    facts
}

/// What a row shows: everything but what only the dropped message could tell.
fn rows(state: &State) -> BTreeMap<String, String> {
    let shown = state.orders.newest_first().map(|order| {
        let row = format!(
            "{:?} {:?} attempts {} intake {:?} queued {:?} ended {:?} age {}",
            order.pass.head,
            order.state(),
            order.pass.attempts_made(),
            order.pass.intake,
            order.pass.queued,
            order.pass.outcome,
            order.age_ms(at(100_000)),
        );
        (order.pass.head.id().to_string(), row)
    });
    shown.collect()
}

fn taken(batches: &[Vec<Fact>]) -> State {
    let mut state = State::new(at(0), Lang::Es, 1);
    for facts in batches {
        update(&mut state, live(facts.clone()));
    }
    state
}

fn with_end(n: u32) -> bool {
    life(n).iter().any(|fact| matches!(fact, Fact::Ended(_)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shuffled_repeated_and_dropped_messages_give_the_same_rows(
        places in prop::collection::vec(any::<u64>(), 600),
        repeats in prop::collection::vec(any::<Index>(), 0..80),
        drops in prop::collection::vec(any::<Index>(), 0..80),
        batch in 1_usize..60,
    ) {
        let all: Vec<Fact> = (0..ORDERS).flat_map(life).collect();
        let expected = rows(&taken(std::slice::from_ref(&all)));
        prop_assert_eq!(expected.len(), 100);

        // Drops: of orders with an end everything but the end may be missing.
        let dropped: Vec<usize> = drops.iter().map(|drop| drop.index(all.len())).collect();
        let droppable = |at: &usize| match &all[*at] {
            Fact::Accepted { head, .. } => with_end(number(head.code.as_str())),
            Fact::Queued(entry) => with_end(number(entry.order.code.as_str())),
            Fact::Step(contract::Event { kind: contract::EventKind::AttemptFailed { order, .. }, .. }) => {
                with_end(number(order.code.as_str()))
            }
            _ => false,
        };
        let mut messages: Vec<&Fact> = all
            .iter()
            .enumerate()
            .filter(|(at, _)| !(dropped.contains(at) && droppable(at)))
            .map(|(_, fact)| fact)
            .collect();
        let repeated: Vec<&Fact> = repeats.iter().map(|repeat| *repeat.get(&messages)).collect();
        messages.extend(repeated);
        let mut shuffled: Vec<(u64, &Fact)> =
            messages.into_iter().enumerate().map(|(at, fact)| (places[at % places.len()], fact)).collect();
        shuffled.sort_by_key(|(place, _)| *place);
        let batches: Vec<Vec<Fact>> =
            shuffled.chunks(batch).map(|chunk| chunk.iter().map(|(_, fact)| (*fact).clone()).collect()).collect();

        let state = taken(&batches);
        prop_assert_eq!(rows(&state), expected);
        // Counted once each, whatever was repeated.
        let total = state.pulse.total();
        prop_assert_eq!((total.accepted, total.injected, total.not_injected), (100, 83, 10));
        prop_assert_eq!((state.orders.open_len(), state.orders.not_injected_len()), (10, 4));
        for order in state.orders.newest_first() {
            let (store, from) = (order.pass.head.store, order.pass.head.received_at);
            let since = state.orders.newest_first().filter(|order| {
                order.pass.head.store == store && order.pass.head.received_at >= from
            });
            prop_assert_eq!(state.orders.received_since(store, from), since.count() as u64);
            let open = state.orders.open_oldest_first().filter(|order| order.pass.head.store == store);
            let open: BTreeSet<_> = open.map(|order| order.pass.head.id()).collect();
            let waiting: BTreeSet<_> =
                state.orders.waiting_at(store).iter().map(|order| order.pass.head.id()).collect();
            prop_assert_eq!(waiting, open);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever was lost as it was published, ends, reinjections and decisions too: the reading of the streams that
    /// follows makes up for it, and counts nothing twice.
    #[test]
    fn whatever_is_lost_the_streams_make_up_for(
        places in prop::collection::vec(any::<u64>(), 600),
        kept in prop::collection::vec(any::<bool>(), 600),
        chunk in 1_usize..200,
    ) {
        let all: Vec<Fact> = (0..ORDERS).flat_map(life).collect();
        let whole = taken(std::slice::from_ref(&all));
        let mut heard: Vec<(u64, Fact)> = all
            .iter()
            .enumerate()
            .filter(|(at, _)| kept[at % kept.len()])
            .map(|(at, fact)| (places[at % places.len()], fact.clone()))
            .collect();
        heard.sort_by_key(|(place, _)| *place);
        let mut state = taken(&[heard.into_iter().map(|(_, fact)| fact).collect()]);
        update(&mut state, Event::History(History::Began));
        for facts in all.chunks(chunk) {
            let read = History::Read { part: Part::Orders, facts: facts.to_vec(), done: 0, total: 0 };
            update(&mut state, Event::History(read));
        }
        update(&mut state, Event::History(History::Ready { since: None }));
        prop_assert_eq!(rows(&state), rows(&whole));
        let counted = |state: &State| {
            let total = state.pulse.total();
            (total.accepted, total.injected, total.not_injected, state.orders.open_len(), state.orders.not_injected_len())
        };
        prop_assert_eq!(counted(&state), counted(&whole));
    }
}

fn number(code: &str) -> u32 {
    code.trim_start_matches("A-").parse().unwrap()
}

#[test]
fn the_order_of_messages_decides_nothing_about_a_state() {
    for (facts, state) in [
        (vec![accepted(1)], OrderState::Accepted),
        (vec![queued(1)], OrderState::Queued),
        (vec![failed(1, 1), accepted(1)], OrderState::Retrying),
        (vec![ended(1, 1, true), failed(1, 1), queued(1), accepted(1)], OrderState::Injected),
        (vec![ended(1, 7, false), accepted(1)], OrderState::NotInjected),
        (vec![solved(1), ended(1, 7, false), accepted(1)], OrderState::Solved),
        (vec![accepted(1), ended(1, 7, false), reinjected(1)[0].clone()], OrderState::Accepted),
        (vec![reinjected(1)[1].clone(), solved(1), ended(1, 7, false)], OrderState::Queued),
        (vec![reinjected(1)[2].clone(), ended(1, 7, false), accepted(1)], OrderState::Solved),
    ] {
        let console = taken(std::slice::from_ref(&facts));
        assert_eq!(console.orders.get(&head(1).id()).unwrap().state(), state, "{facts:?}");
    }
}

#[test]
fn an_order_known_only_from_later_steps_says_so() {
    let state = taken(&[vec![ended(1, 1, true)]]);
    let order = state.orders.get(&head(1).id()).unwrap();
    assert!(!order.pass.acceptance_seen);
    assert_eq!(order.pass.intake, Some(2));
}

#[test]
fn memory_is_bounded_and_what_waits_stays_longest() {
    let mut orders = Orders::default();
    let most = u32::try_from(ORDERS_MAX).unwrap();
    let Fact::Ended(outcome) = ended(1, 1, true) else { unreachable!() };
    orders.accept(head(0), None, None, ""); // Waits, and is the oldest.
    orders.end(outcome, ""); // Injected, and the second oldest.
    for n in 2..=most + 1 {
        orders.accept(head(n), None, None, "");
    }
    assert_eq!((orders.len(), orders.evicted), (ORDERS_MAX, 2));
    assert!(orders.get(&head(1).id()).is_none(), "the injected one goes first");
    assert!(orders.get(&head(0).id()).is_none(), "then the oldest of all");
    assert!(orders.get(&head(2).id()).is_some());
    assert_eq!(orders.newest_first().count(), ORDERS_MAX);
    assert_eq!(orders.open_len(), ORDERS_MAX);
    // Nobody is counted who was forgotten, and the day of the youngest of these is known to be incomplete.
    let stores: BTreeSet<_> = orders.newest_first().map(|order| order.pass.head.store).collect();
    let received = |from| stores.iter().map(|store| orders.received_since(*store, from)).sum::<u64>();
    assert_eq!(received(UtcMs::default()), ORDERS_MAX as u64);
    assert_eq!(orders.forgotten, Some(head(1).received_at));
}
