//! The overview's list: worst first, by the thresholds of each channel, acknowledged, put off, and rung for once.

use contract::heartbeat::RunState;
use contract::order::Channel;
use contract::{OrderHead, QueueEntry, Service, StoreId};
use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::{Depth, Event, Fact, History, QueuesRead};
use domicilio::state::State;
use domicilio::state::attention::handled::{BELL_PAUSE_MS, FORGOTTEN_MS, SETTLE_MS};
use domicilio::state::attention::{Severity, Subject};
use domicilio::state::settings::Ms;
use domicilio::update::update;

use crate::making::{at, connected, console, ended, heartbeat, live, queued};

const MINUTE: i64 = 60_000;

/// Ticks each half second up to `ms`, as the runtime does; tells how often the bell rang.
fn tick_to(state: &mut State, ms: i64) -> usize {
    let mut rung = 0;
    let mut now = state.now;
    while now < at(ms) {
        now = now.plus_millis(500).min(at(ms));
        let effects = update(state, Event::Tick(now));
        rung += effects.iter().filter(|effect| **effect == Effect::Bell).count();
    }
    rung
}

/// A console that has read the streams and listens.
fn listening() -> State {
    let mut state = console();
    update(&mut state, Event::History(History::Ready { since: None }));
    assert_eq!(tick_to(&mut state, SETTLE_MS), 0);
    state
}

fn press(state: &mut State, action: Action) {
    update(state, Event::Action(action));
}

fn subjects(state: &State) -> Vec<Subject> {
    state.attention.iter().map(|item| item.subject.clone()).collect()
}

/// What waits: the oldest order of each store came `ages_ms` before `now_ms`.
fn waiting(now_ms: i64, ages_ms: &[(u32, i64, Channel)]) -> Event {
    let Fact::Queued(entry) = queued(1) else { unreachable!() };
    let depth = |(store, age_ms, channel): &(u32, i64, Channel)| {
        let code = format!("W-{store}").parse().unwrap();
        let received_at = at(now_ms - age_ms);
        let order = OrderHead { store: StoreId(*store), channel: *channel, received_at, code, ..entry.order.clone() };
        let head = QueueEntry { order, queued_at: received_at.plus_millis(3), ..entry.clone() };
        Depth { store: StoreId(*store), depth: 1, head: Some(head) }
    };
    Event::Queues(QueuesRead { at: at(now_ms), depths: ages_ms.iter().map(depth).collect() })
}

#[test]
fn one_store_of_sixty_one_that_breaches_is_the_first_row() {
    let mut state = listening();
    // Sixty are merely late, one waits for longer than it may.
    let mut all: Vec<_> = (1..=60).map(|store| (store, 2 * MINUTE + i64::from(store), Channel::Delivery)).collect();
    all.insert(30, (500, 5 * MINUTE, Channel::Delivery));
    update(&mut state, waiting(SETTLE_MS, &all));
    assert_eq!(state.attention.len(), 61);
    assert_eq!(state.attention_table.rows[0], Subject::Queue(StoreId(500)));
    assert_eq!(state.attention[0].severity, Severity::Critical);
    let late: Vec<Subject> = (1..=60).rev().map(|store| Subject::Queue(StoreId(store))).collect();
    assert_eq!(state.attention_table.rows[1..], late, "the longest wait first");
}

#[test]
fn a_threshold_shows_within_a_second_of_its_time() {
    let mut state = listening();
    update(&mut state, waiting(SETTLE_MS, &[(72, 0, Channel::Delivery)]));
    for (threshold, severity) in [(2 * MINUTE, Severity::Warning), (5 * MINUTE, Severity::Critical)] {
        tick_to(&mut state, SETTLE_MS + threshold - 1);
        assert!(state.attention.iter().all(|item| item.severity != severity), "{severity:?} too early");
        tick_to(&mut state, SETTLE_MS + threshold + 1_000);
        assert_eq!(state.attention[0].severity, severity);
    }
}

#[test]
fn each_channel_has_its_own_thresholds() {
    let mut state = listening();
    state.settings.attention.pickup.warn = Ms::seconds(30);
    state.settings.attention.pickup.critical = Ms::minutes(1);
    let both = [(72, 90_000, Channel::Delivery), (73, 90_000, Channel::Pickup)];
    update(&mut state, waiting(SETTLE_MS, &both));
    assert_eq!(subjects(&state), [Subject::Queue(StoreId(73))]);
    assert_eq!(state.attention[0].severity, Severity::Critical);

    // A pickup order behind a delivery order that still has time.
    let mut state = listening();
    state.settings.attention.pickup.critical = Ms::minutes(2);
    let Fact::Queued(entry) = queued(3) else { unreachable!() };
    assert_eq!(entry.order.channel, Channel::Pickup);
    let store = entry.order.store;
    update(&mut state, live(vec![queued(3)]));
    tick_to(&mut state, 2 * MINUTE + 1_000);
    update(&mut state, waiting(2 * MINUTE + 1_000, &[(store.0, 2 * MINUTE + 5_000, Channel::Delivery)]));
    assert_eq!((state.attention[0].severity, subjects(&state)), (Severity::Critical, vec![Subject::Queue(store)]));
}

#[test]
fn the_bell_rings_once_for_what_is_urgent_and_new() {
    let mut state = listening();
    assert_eq!(tick_to(&mut state, 10_000), 0);
    update(&mut state, live(vec![ended(1, 7, false)]));
    assert_eq!(tick_to(&mut state, MINUTE), 1);
    // Another case of the same; a second later one more: one bell, after a pause.
    update(&mut state, live(vec![ended(2, 7, false)]));
    assert_eq!(tick_to(&mut state, MINUTE + 1_000), 1);
    update(&mut state, live(vec![ended(3, 7, false)]));
    update(&mut state, live(vec![ended(4, 7, false)]));
    assert_eq!(tick_to(&mut state, MINUTE + 1_000 + BELL_PAUSE_MS), 1);
    assert_eq!(tick_to(&mut state, 3 * MINUTE), 0);
    // A warning rings nothing, becoming urgent does.
    update(&mut state, waiting(3 * MINUTE, &[(72, 3 * MINUTE, Channel::Delivery)]));
    assert_eq!(tick_to(&mut state, 4 * MINUTE), 0);
    assert_eq!(tick_to(&mut state, 6 * MINUTE), 1);
}

#[test]
fn what_is_there_at_the_start_rings_nothing_and_a_bell_can_be_turned_off() {
    let mut state = console();
    update(&mut state, live(vec![ended(1, 7, false)]));
    update(&mut state, Event::History(History::Ready { since: None }));
    assert_eq!((tick_to(&mut state, 30_000), subjects(&state).len()), (0, 1));

    let mut state = listening();
    state.settings.attention.bell = false;
    update(&mut state, live(vec![ended(1, 7, false)]));
    assert_eq!(tick_to(&mut state, 30_000), 0);
}

#[test]
fn what_comes_and_goes_is_the_same_for_a_minute() {
    let mut state = listening();
    let late = |now_ms| waiting(now_ms, &[(72, 6 * MINUTE, Channel::Delivery)]);
    update(&mut state, late(6_000));
    assert_eq!(tick_to(&mut state, 10_000), 1);
    update(&mut state, waiting(10_000, &[]));
    assert_eq!((tick_to(&mut state, 40_000), subjects(&state)), (0, vec![]));
    update(&mut state, late(40_000));
    assert_eq!(tick_to(&mut state, 50_000), 0);
    update(&mut state, waiting(50_000, &[]));
    tick_to(&mut state, 52_000 + FORGOTTEN_MS);
    update(&mut state, late(52_000 + FORGOTTEN_MS));
    assert_eq!(tick_to(&mut state, 60_000 + FORGOTTEN_MS), 1);
}

#[test]
fn what_is_acknowledged_stays_below_until_it_gets_worse_or_its_time_is_over() {
    let mut state = listening();
    update(&mut state, live(vec![ended(1, 7, false)]));
    update(&mut state, waiting(SETTLE_MS, &[(72, 6 * MINUTE, Channel::Delivery)]));
    assert_eq!(tick_to(&mut state, 6_000), 1);
    assert_eq!(subjects(&state), [Subject::NotInjected, Subject::Queue(StoreId(72))]);
    press(&mut state, Action::Acknowledge);
    assert_eq!(subjects(&state), [Subject::Queue(StoreId(72)), Subject::NotInjected]);
    assert!(state.attention[1].acknowledged);

    // Pressed again on the same item it is taken back.
    press(&mut state, Action::Bottom);
    press(&mut state, Action::Acknowledge);
    assert_eq!(state.attention.iter().filter(|item| item.acknowledged).count(), 0);
    press(&mut state, Action::Acknowledge);
    assert_eq!(tick_to(&mut state, 20_000), 0);

    // One more case: worse.
    update(&mut state, live(vec![ended(2, 7, false)]));
    assert_eq!(tick_to(&mut state, 30_000), 1);
    assert!(state.attention.iter().all(|item| !item.acknowledged));
    press(&mut state, Action::Acknowledge);
    let half_an_hour = 30_000 + state.settings.attention.acknowledged_for.0;
    assert_eq!(tick_to(&mut state, half_an_hour - 1_000), 0);
    assert_eq!(state.attention.iter().filter(|item| item.acknowledged).count(), 1);
    assert_eq!(tick_to(&mut state, half_an_hour + 1_000), 1, "it is back as if it were new");
    assert!(state.attention.iter().all(|item| !item.acknowledged));
}

#[test]
fn what_is_put_off_is_hidden_counted_and_comes_back_by_itself() {
    let mut state = listening();
    update(&mut state, live(vec![ended(1, 7, false)]));
    assert_eq!(tick_to(&mut state, 6_000), 1);
    press(&mut state, Action::PutOff);
    press(&mut state, Action::FocusNext);
    press(&mut state, Action::Open);
    assert_eq!((subjects(&state), state.handled.hidden(), &state.dialog), (vec![], 1, &None));
    assert_eq!(tick_to(&mut state, 6_000 + 15 * MINUTE - 1_000), 0);
    assert_eq!(subjects(&state), []);
    assert_eq!(tick_to(&mut state, 6_000 + 15 * MINUTE + 500), 1);
    assert_eq!((subjects(&state), state.handled.hidden()), (vec![Subject::NotInjected], 0));

    // Worse, and it is back at once.
    press(&mut state, Action::PutOff);
    press(&mut state, Action::Open);
    assert_eq!(state.handled.hidden(), 1);
    update(&mut state, live(vec![ended(2, 7, false)]));
    assert_eq!((subjects(&state), state.handled.hidden()), (vec![Subject::NotInjected], 0));

    // Or when somebody asks for it: nothing rings, for somebody is looking.
    let now = state.now.since(at(0));
    tick_to(&mut state, now + 10_000);
    press(&mut state, Action::PutOff);
    press(&mut state, Action::Open);
    press(&mut state, Action::PutOff);
    press(&mut state, Action::Open);
    assert_eq!((subjects(&state), state.handled.hidden()), (vec![Subject::NotInjected], 0));
    assert_eq!(tick_to(&mut state, now + 30_000), 0);
}

#[test]
fn without_a_connection_nothing_ends_and_nothing_rings_twice() {
    let mut state = listening();
    update(&mut state, live(vec![ended(1, 7, false)]));
    assert_eq!(tick_to(&mut state, 6_000), 1);
    press(&mut state, Action::Acknowledge);
    let why = domicilio::event::Outage::Closed;
    update(&mut state, Event::Link(domicilio::event::LinkChange::Lost { at: at(7_000), why }));
    assert_eq!(tick_to(&mut state, 5 * MINUTE), 0);
    update(&mut state, connected(5 * MINUTE));
    update(&mut state, Event::History(History::Began));
    update(&mut state, Event::History(History::Ready { since: None }));
    assert_eq!(tick_to(&mut state, 6 * MINUTE), 0);
    assert!(state.attention[0].acknowledged);
}

/// Heartbeats of two instances whose clocks are so far ahead, heard each second up to five.
fn clocks(ahead_ms: [i64; 2], beats: i64) -> Vec<(Subject, Severity)> {
    let mut state = console();
    for second in 1..=beats {
        update(&mut state, Event::Tick(at(second * 1_000)));
        let said = [(Service::Api, "api-1"), (Service::Resolver, "queue-resolver-1")].into_iter().zip(ahead_ms);
        let facts = said.map(|((service, name), ahead_ms)| {
            let fact = heartbeat(service, name, RunState::Running, second * 1_000 + ahead_ms);
            let Fact::Heartbeat { heartbeat, .. } = fact else { unreachable!() };
            Fact::Heartbeat { heartbeat, received_at: at(second * 1_000) }
        });
        let facts = facts.collect();
        update(&mut state, live(facts));
    }
    let wrong = state.attention.iter().filter(|item| matches!(item.subject, Subject::Clock(_)));
    wrong.map(|item| (item.subject.clone(), item.severity)).collect()
}

#[test]
fn a_clock_that_is_wrong_is_told_once_enough_is_known() {
    let resolver = Subject::Clock(Some((Service::Resolver, "queue-resolver-1".parse().unwrap())));
    assert_eq!(clocks([0, -20], 6), []);
    assert_eq!(clocks([0, 60_000], 4), [], "too few heartbeats to judge by");
    assert_eq!(clocks([0, 60_000], 5), [(resolver.clone(), Severity::Warning)]);
    assert_eq!(clocks([0, -60_000], 6), [(resolver, Severity::Warning)]);
    assert_eq!(clocks([-30_000, -31_000], 6), [(Subject::Clock(None), Severity::Warning)], "it is this machine's");
}

#[test]
fn what_is_known_of_items_is_bounded() {
    let mut state = listening();
    let many: Vec<_> = (1..=900).map(|store| (store, 6 * MINUTE, Channel::Delivery)).collect();
    for part in many.chunks(150) {
        let now = state.now.since(at(0)) + 1_000;
        update(&mut state, Event::Tick(at(now)));
        update(&mut state, waiting(now, part));
    }
    assert!(state.attention.len() <= domicilio::state::attention::ITEMS_MAX);
}

#[test]
fn a_second_press_is_about_the_same_item() {
    let mut state = listening();
    let both = [(72, 6 * MINUTE, Channel::Delivery), (73, 5 * MINUTE, Channel::Delivery)];
    update(&mut state, waiting(SETTLE_MS, &both));
    let first = state.attention[0].subject.clone();
    press(&mut state, Action::Acknowledge);
    assert_eq!(state.attention_table.current(), Some(&first), "it sank, and the cursor with it");
    press(&mut state, Action::Acknowledge);
    assert!(state.attention.iter().all(|item| !item.acknowledged), "taken back, and nothing else was touched");
}

#[test]
fn a_key_means_the_item_that_was_drawn_and_not_one_that_came_since() {
    let (mild, worse) = ((72, 6 * MINUTE, Channel::Delivery), (73, 60 * MINUTE, Channel::Delivery));
    let queue = |store| Subject::Queue(StoreId(store));
    let acknowledged = |state: &State| -> Vec<Subject> {
        state.attention.iter().filter(|item| item.acknowledged).map(|item| item.subject.clone()).collect()
    };
    for (left, after) in [(&[mild][..], vec![queue(72)]), (&[], vec![])] {
        let mut state = listening();
        update(&mut state, waiting(SETTLE_MS, &[mild]));
        assert_eq!(subjects(&state), [queue(72)]);
        update(&mut state, Event::Drawn { reach: 0 });
        // Something worse comes and is not drawn yet; what was drawn stays, or is gone by now.
        update(&mut state, waiting(SETTLE_MS, &[&[worse], left].concat()));
        assert_eq!(subjects(&state)[0], queue(73));
        press(&mut state, Action::Acknowledge);
        press(&mut state, Action::Copy);
        assert_eq!(acknowledged(&state), after);
        // Drawn, it is meant.
        press(&mut state, Action::Top);
        update(&mut state, Event::Drawn { reach: 0 });
        press(&mut state, Action::Acknowledge);
        assert!(acknowledged(&state).contains(&queue(73)));
    }
}
