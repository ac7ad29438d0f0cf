//! Alarms are raised when something is wrong, and only then: silence, the active distribuidor, the POS, wrong clocks.

use contract::event::PosState;
use contract::heartbeat::Role::{Active, Standby};
use contract::heartbeat::{Head, Load, Owned, RunState};
use contract::{Event as Published, EventKind, InstanceId, Service, StoreId, UtcMs, VERSION};
use domicilio::event::{Depth, Event, Fact, History, LinkChange, Meter, Outage, QueuesRead};
use domicilio::state::State;
use domicilio::state::attention::Subject;
use domicilio::state::queues::{COUNTS_OLD_MS, QUEUES_MAX};
use domicilio::state::services::{INSTANCES_MAX, Services};
use domicilio::update::update;

use crate::making::{at, by, connected, console, ended, head, heartbeat, live};

/// What is on the list because of services.
fn alarms(state: &State) -> Vec<Subject> {
    let of_services = |subject: &Subject| {
        matches!(subject, Subject::Silent(..) | Subject::NoService(_) | Subject::Halted(..) | Subject::Troubled(..))
    };
    state.attention.iter().map(|item| item.subject.clone()).filter(of_services).collect()
}

/// One running instance of each service says so.
fn all_said(ms: i64) -> Vec<Fact> {
    Service::ALL.map(|service| heartbeat(service, "one-1", RunState::Running, ms)).to_vec()
}

/// A console at `ms` that hears one instance of each service each second.
fn hearing_until(ms: i64) -> State {
    let mut state = console();
    for second in 0..=ms / 1_000 {
        update(&mut state, Event::Tick(at(second * 1_000)));
        update(&mut state, live(all_said(second * 1_000)));
        assert_eq!(alarms(&state), [], "at {second} s");
    }
    state
}

#[test]
fn a_bus_that_comes_back_raises_no_alarm_before_somebody_had_time_to_be_heard() {
    let mut state = hearing_until(10_000);
    update(&mut state, Event::Link(LinkChange::Lost { at: at(10_500), why: Outage::Closed }));
    for tenth in 105..=200 {
        update(&mut state, Event::Tick(at(tenth * 100)));
        assert_eq!(alarms(&state), [], "away, {tenth}");
    }
    update(&mut state, connected(20_500));
    update(&mut state, Event::History(History::Began));
    for tenth in 205..=225 {
        update(&mut state, Event::Tick(at(tenth * 100)));
        assert_eq!(alarms(&state), [], "back, not read, {tenth}");
    }
    update(&mut state, Event::History(History::Ready { since: None }));
    for tenth in 225..=235 {
        update(&mut state, Event::Tick(at(tenth * 100)));
        assert_eq!(alarms(&state), [], "read, {tenth}");
    }
    update(&mut state, live(all_said(23_500)));
    assert_eq!(alarms(&state), []);
    // And who stays away after that is noticed.
    update(&mut state, Event::Tick(at(27_100)));
    assert_eq!(alarms(&state).len(), 6, "{:?}", alarms(&state));
}

#[test]
fn a_feed_that_is_behind_or_loses_messages_raises_no_alarm() {
    let mut state = hearing_until(10_000);
    update(&mut state, Event::Tick(at(13_000)));
    // Three seconds late.
    update(&mut state, live(all_said(10_100)));
    update(&mut state, Event::Tick(at(14_500)));
    assert_eq!(alarms(&state), []);
    update(&mut state, Event::Tick(at(16_600)));
    assert_eq!(alarms(&state).len(), 6);

    let mut state = hearing_until(10_000);
    update(&mut state, Event::Tick(at(13_000)));
    update(&mut state, Event::Live { facts: vec![], meter: Meter { received: 9, taken: 4, lost: 5 } });
    update(&mut state, Event::Tick(at(14_500)));
    assert_eq!(alarms(&state), []);
}

#[test]
fn without_an_active_distribuidor_nothing_is_handed_over_whoever_else_runs() {
    let of = |name: &str, role, run_state, ms| {
        let mut fact = heartbeat(Service::Distribuidor, name, run_state, ms);
        if let Fact::Heartbeat { heartbeat, .. } = &mut fact
            && let Load::Distribuidor(load) = &mut heartbeat.load
        {
            load.role = role;
        }
        fact
    };
    let none = Subject::NoService(Service::Distribuidor);
    let mut state = hearing_until(10_000);
    let mut seen = Vec::new();
    for second in 11..=20 {
        update(&mut state, Event::Tick(at(second * 1_000)));
        let mut facts = all_said(second * 1_000);
        facts.retain(
            |fact| !matches!(fact, Fact::Heartbeat { heartbeat, .. } if heartbeat.service == Service::Distribuidor),
        );
        facts.push(of("one-1", Active, RunState::Paused, second * 1_000));
        facts.push(of("two-2", Standby, RunState::Running, second * 1_000));
        update(&mut state, live(facts));
        if alarms(&state).contains(&none) {
            seen.push(second);
        }
    }
    assert_eq!(seen, (14..=20).collect::<Vec<i64>>(), "a takeover has some seconds");
    update(&mut state, live(vec![of("two-2", Active, RunState::Running, 20_500)]));
    assert!(!alarms(&state).contains(&none));
}

/// The partition of a store is owned by `instance`, whose lane of that store waits.
fn lane(instance: &str, store: StoreId, pos_down: bool, ms: i64, epoch: u64) -> Fact {
    let mut fact = heartbeat(Service::Resolver, instance, RunState::Running, ms);
    if let Fact::Heartbeat { heartbeat, .. } = &mut fact
        && let Load::Resolver(load) = &mut heartbeat.load
    {
        load.partitions = vec![Owned { partition: store.partition(), epoch }];
        let code = head(2).code;
        load.heads = vec![Head { store, code, attempts: 1, depth: 1, next_at: None, pos_down }];
    }
    fact
}

fn pos(store: StoreId, now_is: PosState, ms: i64) -> Fact {
    let kind = EventKind::Pos { country: head(2).country, store, state: now_is, detail: "said".into() };
    Fact::Step(Published { v: VERSION, at: at(ms), by: by("queue-resolver-1"), kind })
}

#[test]
fn a_lane_that_waits_says_nothing_good_of_its_pos() {
    let store = StoreId(72);
    let now_is = |state: &State| state.queues.get(store).and_then(|queue| queue.pos);
    let mut state = console();
    update(&mut state, live(vec![lane("queue-resolver-1", store, false, 100, 1)]));
    assert!(state.queues.get(store).is_some_and(|queue| queue.retry.is_some()));
    assert_eq!(now_is(&state), None, "not yet down is not up");
    update(&mut state, live(vec![pos(store, PosState::Down, 200), lane("queue-resolver-1", store, false, 300, 1)]));
    assert_eq!(now_is(&state), Some(PosState::Down));
    update(&mut state, live(vec![pos(store, PosState::Up, 400)]));
    assert_eq!(now_is(&state), Some(PosState::Up));
    update(&mut state, live(vec![lane("queue-resolver-1", store, true, 500, 1)]));
    assert_eq!(now_is(&state), Some(PosState::Down), "its resolver says so");
}

#[test]
fn a_pos_that_took_an_order_is_up_in_whatever_order_the_news_come() {
    let outcome = ended(2, 1, true);
    let Fact::Ended(ended) = &outcome else { unreachable!() };
    let (store, ended_ms) = (ended.order.store, ended.at.since(at(0)));
    let now_is = |facts: Vec<Fact>| {
        let mut state = console();
        update(&mut state, Event::Tick(at(ended_ms + 100)));
        update(&mut state, live(facts));
        state.queues.get(store).and_then(|queue| queue.pos)
    };
    let down = |ms| pos(store, PosState::Down, ms);
    assert_eq!(now_is(vec![down(ended_ms - 50), outcome.clone()]), Some(PosState::Up));
    assert_ne!(now_is(vec![outcome.clone(), down(ended_ms - 50)]), Some(PosState::Down));
    assert_eq!(now_is(vec![down(ended_ms + 50), outcome]), Some(PosState::Down));
}

#[test]
fn only_the_owner_of_a_partition_speaks_for_its_lanes() {
    let store = StoreId(72);
    let mut state = console();
    update(&mut state, live(vec![lane("queue-resolver-1", store, false, 100, 2)]));
    update(&mut state, live(vec![lane("queue-resolver-2", store, true, 200, 1)]));
    let queue = state.queues.get(store).unwrap();
    assert_eq!((queue.pos, queue.retry.is_some()), (None, true));
    assert_eq!(state.queues.owner(store).map(InstanceId::as_str), Some("queue-resolver-1"));
    // The owner's lane flows again.
    let mut fact = lane("queue-resolver-1", store, false, 1_100, 2);
    if let Fact::Heartbeat { heartbeat, .. } = &mut fact
        && let Load::Resolver(load) = &mut heartbeat.load
    {
        load.heads.clear();
    }
    update(&mut state, live(vec![fact]));
    assert_eq!(state.queues.get(store).unwrap().retry, None);
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_silent_and_holds_nothing_back() {
    let said = |clock: i64, heard: i64, run_state| {
        let Fact::Heartbeat { heartbeat, .. } = heartbeat(Service::Api, "one-1", run_state, clock) else {
            unreachable!()
        };
        Fact::Heartbeat { heartbeat, received_at: at(heard) }
    };
    let hour = 3_600_000;
    for (before, after) in [(0, -hour), (hour, 0), (hour, -hour)] {
        let mut state = hearing_until(5_000);
        update(&mut state, live(vec![said(before + 6_000, 6_000, RunState::Running)]));
        for second in 7..=12 {
            update(&mut state, Event::Tick(at(second * 1_000)));
            let mut facts = all_said(second * 1_000);
            facts
                .retain(|fact| !matches!(fact, Fact::Heartbeat { heartbeat, .. } if heartbeat.service == Service::Api));
            facts.push(said(after + second * 1_000, second * 1_000, RunState::Paused));
            update(&mut state, live(facts));
            let found = alarms(&state);
            assert!(!found.iter().any(|subject| matches!(subject, Subject::Silent(..))), "{found:?}");
        }
        let instance = state.services.of(Service::Api).next().unwrap();
        assert_eq!(instance.heartbeat.state, RunState::Paused, "{before} {after}");
    }
}

#[test]
fn an_event_from_the_future_does_not_hold_back_what_follows() {
    let store = StoreId(72);
    let mut state = console();
    update(&mut state, live(vec![pos(store, PosState::Down, 3_600_000)]));
    update(&mut state, Event::Tick(at(1_000)));
    update(&mut state, live(vec![pos(store, PosState::Up, 900)]));
    assert!(!state.queues.get(store).unwrap().pos_down());

    // Nor does an epoch that nobody confirms.
    update(&mut state, live(vec![lane("queue-resolver-1", store, false, 1_000, u64::MAX)]));
    update(&mut state, live(vec![lane("queue-resolver-2", store, false, 2_000, 7)]));
    assert_eq!(state.queues.owner(store).map(InstanceId::as_str), Some("queue-resolver-1"));
    update(&mut state, live(vec![lane("queue-resolver-2", store, false, 12_000, 7)]));
    assert_eq!(state.queues.owner(store).map(InstanceId::as_str), Some("queue-resolver-2"));
}

#[test]
fn depths_that_are_counted_no_more_grow_old_while_the_link_is_up() {
    let mut state = hearing_until(1_000);
    assert_eq!((state.queues.counts_age_ms(state.now), state.queues.counts_are_old(state.now)), (None, false));
    update(&mut state, Event::Queues(QueuesRead { at: at(1_000), depths: vec![] }));
    let then: UtcMs = at(1_000 + COUNTS_OLD_MS);
    assert_eq!((state.queues.counts_age_ms(then), state.queues.counts_are_old(then)), (Some(COUNTS_OLD_MS), false));
    assert!(state.queues.counts_are_old(then.plus_millis(1)));
}

#[test]
fn what_is_kept_of_queues_and_instances_is_bounded() {
    let mut state = console();
    let many = u32::try_from(QUEUES_MAX).unwrap() + 50;
    let all: Vec<Fact> = (1..=many).map(|id| pos(StoreId(id), PosState::Up, 100)).collect();
    update(&mut state, live(all));
    assert_eq!(state.queues.iter().count(), QUEUES_MAX);
    let depths = vec![Depth { store: StoreId(many), depth: 4, head: None }];
    update(&mut state, Event::Queues(QueuesRead { at: at(1_000), depths }));
    assert_eq!(state.queues.depth(StoreId(many)), Some(4), "what waits finds room");

    let mut services = Services::default();
    for n in 0..=INSTANCES_MAX {
        let ms = i64::try_from(n).unwrap();
        if let Fact::Heartbeat { heartbeat, received_at } =
            heartbeat(Service::Api, &format!("api-{n}"), RunState::Running, ms)
        {
            services.hear(&heartbeat, received_at);
        }
    }
    let named = |n: usize| (Service::Api, format!("api-{n}").parse().unwrap());
    assert_eq!(services.len(), INSTANCES_MAX);
    assert!(services.get(&named(0)).is_none() && services.get(&named(INSTANCES_MAX)).is_some());
}
