//! The truth about connection, staleness, services, queues and what needs a person.

use contract::event::PosState;
use contract::heartbeat::RunState;
use contract::{Event as Published, EventKind, Service, StoreId, VERSION};
use domicilio::action::Action;
use domicilio::event::{Depth, Event, Fact, History, LinkChange, Outage, QueuesRead};
use domicilio::state::attention::{Severity, Subject};
use domicilio::state::{Link, Notice, OrderState, Screen, State};
use domicilio::update::update;

use crate::making::{accepted, at, by, connected, console, ended, head, heartbeat, live, queued, store};

fn subjects(state: &State) -> Vec<(Severity, Subject)> {
    state.attention.iter().map(|item| (item.severity, item.subject.clone())).collect()
}

fn counted(ms: i64, store: u32, depth: u64, oldest: Option<u32>) -> Event {
    let head = oldest.map(|n| match queued(n) {
        Fact::Queued(entry) => entry,
        _ => unreachable!(),
    });
    Event::Queues(QueuesRead { at: at(ms), depths: vec![Depth { store: StoreId(store), depth, head }] })
}

#[test]
fn a_lost_connection_makes_everything_stale_until_it_is_read_anew() {
    let mut state = console();
    update(&mut state, Event::History(History::Ready { since: None }));
    assert!(!state.is_stale());
    update(&mut state, Event::Link(LinkChange::Lost { at: at(5_000), why: Outage::Closed }));
    assert_eq!((state.is_stale(), state.stale_at()), (true, Some(at(5_000))));
    update(&mut state, Event::Link(LinkChange::Refused { why: "refused".into() }));
    assert!(matches!(&state.link, Link::Lost { why: Outage::Refused(why), .. } if why == "refused"));

    update(&mut state, connected(9_000));
    assert!(state.link.is_up());
    assert_eq!(state.stale_at(), Some(at(5_000)), "back, but not read anew");
    let gap = state.traffic.gaps.last().copied().unwrap();
    assert_eq!((gap.from, gap.to), (at(5_000), at(9_000)));
    assert!(state.notices.shown.iter().any(|posted| matches!(posted.notice, Notice::Back { away_ms: 4_000 })));
    update(&mut state, Event::History(History::Began));
    assert!(!state.reading.ready && state.is_stale());
    update(&mut state, Event::History(History::Ready { since: None }));
    assert!(!state.is_stale());
}

#[test]
fn unknown_is_not_zero() {
    let mut state = console();
    assert_eq!((state.queues.depth(StoreId(72)), state.queues.total), (None, None));
    update(&mut state, counted(1_000, 73, 4, None));
    assert_eq!(state.queues.depth(StoreId(72)), Some(0));
    assert_eq!((state.queues.depth(StoreId(73)), state.queues.total), (Some(4), Some(4)));
}

#[test]
fn a_silent_instance_is_noticed_and_a_stopped_one_is_not() {
    let mut state = console();
    update(
        &mut state,
        live(vec![
            heartbeat(Service::Resolver, "queue-resolver-1", RunState::Running, 100),
            heartbeat(Service::Resolver, "queue-resolver-2", RunState::Stopping, 100),
            heartbeat(Service::Resolver, "queue-resolver-3", RunState::Paused, 100),
        ]),
    );
    update(&mut state, Event::Tick(at(10_000)));
    let found = subjects(&state);
    let named = |name: &str| name.parse::<contract::InstanceId>().unwrap();
    let silent = |name: &str| Subject::Silent(Service::Resolver, named(name));
    assert!(found.contains(&(Severity::Warning, silent("queue-resolver-1"))), "{found:?}");
    assert!(!found.iter().any(|(_, subject)| *subject == silent("queue-resolver-2")), "{found:?}");
    assert_eq!(found.first(), Some(&(Severity::Critical, Subject::NoService(Service::Api))), "worst first: {found:?}");

    update(&mut state, Event::Link(LinkChange::Lost { at: at(10_000), why: Outage::Silent }));
    update(&mut state, Event::Tick(at(20_000)));
    let silent = subjects(&state).iter().any(|(_, subject)| matches!(subject, Subject::Silent(..)));
    assert!(!silent, "without a connection everybody is silent");
}

#[test]
fn heartbeats_that_come_late_or_twice_do_not_turn_time_back() {
    let mut state = console();
    let running = heartbeat(Service::Api, "api-1", RunState::Running, 2_000);
    let older = heartbeat(Service::Api, "api-1", RunState::Paused, 1_000);
    update(&mut state, live(vec![running.clone(), older, running]));
    let instance = state.services.iter().next().unwrap();
    assert_eq!(instance.heartbeat.state, RunState::Running);
    assert_eq!(instance.rate(), None, "one reading makes no rate");
}

#[test]
fn a_queue_that_ages_or_whose_pos_is_down_needs_a_person() {
    let mut state = console();
    update(&mut state, counted(0, 72, 3, Some(2)));
    assert_eq!(subjects(&state), []);
    update(&mut state, Event::Tick(at(5 * 60_000 + 20)));
    assert_eq!(subjects(&state)[0], (Severity::Critical, Subject::Queue(StoreId(72))));

    let mut state = console();
    let down = |ms: i64, now_is: PosState| {
        let place = (head(2).country, StoreId(72));
        let kind = EventKind::Pos { country: place.0, store: place.1, state: now_is, detail: "refused".into() };
        live(vec![Fact::Step(Published { v: VERSION, at: at(ms), by: by("queue-resolver-1"), kind })])
    };
    update(&mut state, counted(0, 73, 1, None));
    update(&mut state, down(2_000, PosState::Down));
    assert_eq!(subjects(&state), [(Severity::Warning, Subject::Queue(StoreId(72)))]);
    update(&mut state, down(1_000, PosState::Up));
    assert_eq!(subjects(&state).len(), 1, "older news changes nothing");
    update(&mut state, down(3_000, PosState::Up));
    assert_eq!(subjects(&state), []);
}

#[test]
fn not_injected_comes_before_a_queue_and_accepted_ones_that_nobody_takes_are_seen() {
    let mut state = console();
    update(&mut state, live(vec![ended(1, 7, false), accepted(2)]));
    update(&mut state, counted(0, 72, 3, Some(2)));
    update(&mut state, live(vec![accepted(3)]));
    update(&mut state, Event::Tick(at(5 * 60_000 + 1_000)));
    let kinds: Vec<Subject> = subjects(&state).into_iter().map(|(_, subject)| subject).collect();
    assert_eq!(kinds, [Subject::NotInjected, Subject::Undistributed, Subject::Queue(StoreId(72))]);
}

#[test]
fn a_store_update_is_fetched_for_its_revision_and_shows_who_took_it_up() {
    let mut state = console();
    let record = store(72, "paused");
    let effects = update(&mut state, live(vec![Fact::Store { record: record.clone(), revision: None }]));
    let wanted = domicilio::effect::Effect::FetchStore { country: record.country, store: record.id };
    assert_eq!(effects, [wanted]);
    assert_eq!(state.stores.get(record.id).unwrap().revision, None);
    let answer =
        domicilio::event::Answer::Store { country: record.country, store: record.id, record: Ok((record.clone(), 3)) };
    update(&mut state, Event::Answer(answer));
    assert_eq!(state.stores.get(record.id).unwrap().revision, Some(3));
    assert_eq!(state.stores.changes.last().unwrap().revision, Some(3));
    update(&mut state, live(vec![Fact::Store { record: store(72, "open"), revision: Some(2) }]));
    assert_eq!(state.stores.get(record.id).unwrap().revision, Some(3), "an older record does not win");

    update(&mut state, live(vec![heartbeat(Service::Api, "api-1", RunState::Running, 10)]));
    assert_eq!((state.services.taken_up(3).0.len(), state.services.taken_up(4).1.len()), (1, 1));
}

#[test]
fn time_never_goes_back_on_screen() {
    let mut state = console();
    update(&mut state, Event::Tick(at(5_000)));
    update(&mut state, Event::Tick(at(1_000)));
    assert_eq!(state.now, at(5_000));
}

#[test]
fn a_filter_finds_an_order_by_the_name_of_its_store_in_any_case() {
    let mut state = console();
    update(&mut state, live(vec![accepted(2), accepted(4)]));
    update(&mut state, Event::Action(domicilio::action::Action::Show(domicilio::state::Screen::Orders)));
    update(&mut state, Event::Action(domicilio::action::Action::Filter));
    for c in "nórte RECIB".chars() {
        update(&mut state, Event::Edit(domicilio::event::Edit::Insert(c)));
    }
    assert_eq!(state.order_table.rows, [head(2).id()]);
    assert_eq!(state.row_counts(), (1, 2));
}

#[test]
fn scrolling_ends_where_the_text_ends() {
    let mut state = console();
    update(&mut state, Event::Action(domicilio::action::Action::Help));
    update(&mut state, Event::Action(domicilio::action::Action::Bottom));
    assert!(state.scroll > 1_000);
    update(&mut state, Event::Drawn { reach: 12 });
    update(&mut state, Event::Action(domicilio::action::Action::Up));
    assert_eq!(state.scroll, 11);
}

#[test]
fn what_keeps_an_instance_from_working_comes_first_and_goes_when_it_is_over() {
    let mut state = console();
    let beat = |said_ms, trouble: Option<&str>| {
        let mut fact = heartbeat(Service::Resolver, "queue-resolver-1", RunState::Running, said_ms);
        if let Fact::Heartbeat { heartbeat, .. } = &mut fact {
            heartbeat.trouble = trouble.map(str::to_owned);
        }
        live(vec![fact])
    };
    update(&mut state, connected(0));
    update(&mut state, beat(1_000, Some("OUTCOMES takes no outcomes: full")));
    update(&mut state, Event::Tick(at(1_500)));
    let troubled = (Severity::Critical, Subject::Troubled(Service::Resolver, "queue-resolver-1".parse().unwrap()));
    assert_eq!(subjects(&state).first(), Some(&troubled));
    update(&mut state, beat(2_000, None));
    update(&mut state, Event::Tick(at(2_500)));
    assert!(!subjects(&state).contains(&troubled));
}

#[test]
fn frozen_rows_stay_while_orders_are_taken_in_and_counted() {
    let mut state = console();
    update(&mut state, live(vec![accepted(1), accepted(2)]));
    update(&mut state, Event::Action(Action::Show(Screen::Orders)));
    update(&mut state, Event::Action(Action::Freeze));
    let held = state.order_table.rows.clone();
    update(&mut state, live(vec![accepted(3), ended(1, 1, true)]));
    update(&mut state, Event::Action(Action::Down));
    assert_eq!((&state.order_table.rows, state.orders.len()), (&held, 3));
    assert_eq!(state.orders.get(&head(1).id()).unwrap().state(), OrderState::Injected, "what a row tells goes on");
    assert_eq!(state.orders.ever() - state.frozen.unwrap().known, 1);
    update(&mut state, Event::Action(Action::Freeze));
    assert_eq!((state.order_table.rows.len(), state.frozen), (3, None));
}
