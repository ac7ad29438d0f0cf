//! Playing the past: its clock, its keys, and that nothing can be changed from there while the present goes on.

use contract::heartbeat::RunState;
use contract::{Service, StoreId, UtcMs};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::{Answer, Edit, Event, Fact, LinkChange, Outage, Trouble};
use domicilio::keys;
use domicilio::state::notices::BAD_MS;
use domicilio::state::replay::{Cursor, PLAYED_MAX, STREAMS, Speed, Stretch};
use domicilio::state::{GroundSeen, Notice, Opened, OrderState, Refusal, Screen, State};
use domicilio::theme::{Depth, Ground, Theme};
use domicilio::update::update;
use domicilio::view::{self, Memory};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::making::{accepted, at, connected, console, ended, head, heartbeat, live, store};

/// Types a line into the palette and presses Enter.
fn command(state: &mut State, line: &str) -> Vec<Effect> {
    update(state, Event::Action(Action::Palette));
    for c in line.chars() {
        update(state, Event::Edit(Edit::Insert(c)));
    }
    update(state, Event::Edit(Edit::Submit))
}

fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    match keys::event(state, KeyEvent::new(code, KeyModifiers::NONE)) {
        Some(event) => update(state, event),
        None => Vec::new(),
    }
}

fn tick(state: &mut State, ms: i64) -> Vec<Effect> {
    let now = state.now.plus_millis(ms);
    update(state, Event::Tick(now))
}

/// A console an hour later, replaying that hour; with what it asked for.
fn replaying() -> (State, Cursor) {
    let mut state = console();
    update(&mut state, Event::Tick(at(3_600_000)));
    let effects = command(&mut state, "from -1h");
    let [Effect::ReadReplay { number: 1, cursor }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((cursor.from, cursor.until), (at(0), at(3_600_000)));
    (state, cursor.clone())
}

fn told(state: &mut State, facts: Vec<(UtcMs, Fact)>, known_to: UtcMs, rest: Option<Cursor>) -> Vec<Effect> {
    let number = state.replay.as_ref().unwrap().number;
    let catalogue = vec![Fact::Store { record: store(70, "open"), revision: Some(1) }];
    let read = Ok(Stretch { catalogue, facts, known_to, rest });
    update(state, Event::Answer(Answer::Replay { number, read }))
}

fn past(state: &State) -> &State {
    &state.replay.as_ref().unwrap().shown
}

#[test]
fn the_clock_goes_as_fast_as_asked_and_never_past_what_was_read() {
    let (mut state, cursor) = replaying();
    assert_eq!(past(&state).now, at(0));
    tick(&mut state, 500);
    assert_eq!(past(&state).now, at(0), "nothing is read yet");
    told(&mut state, vec![(at(2_000), accepted(1))], at(90_000), Some(cursor));
    tick(&mut state, 500);
    assert_eq!((past(&state).now, past(&state).orders.len()), (at(500), 0));
    press(&mut state, KeyCode::Char('+'));
    tick(&mut state, 500);
    assert_eq!((past(&state).now, past(&state).orders.len()), (at(5_500), 1));
    press(&mut state, KeyCode::Char(' '));
    tick(&mut state, 5_000);
    assert_eq!(past(&state).now, at(5_500), "paused");
    press(&mut state, KeyCode::Char(' '));
    press(&mut state, KeyCode::Char('+'));
    tick(&mut state, 1_000);
    assert_eq!(past(&state).now, at(65_500));
    tick(&mut state, 1_000);
    assert_eq!(past(&state).now, at(90_000), "no further than what was read");
    let speed = |state: &State| past(state).playing.as_ref().map(|playing| playing.speed);
    press(&mut state, KeyCode::Char('-'));
    assert_eq!(speed(&state), Some(Speed::Ten));
    told(&mut state, Vec::new(), at(3_600_000), None);
    for _ in 0..3 {
        press(&mut state, KeyCode::Char('+'));
    }
    tick(&mut state, 500);
    assert!(past(&state).playing.as_ref().is_some_and(|playing| playing.is_over(past(&state).now)));
    assert_eq!(past(&state).now, at(3_600_000));
}

#[test]
fn a_tick_plays_no_more_than_it_may_and_more_is_read_when_little_waits() {
    let (mut state, cursor) = replaying();
    let many: Vec<(UtcMs, Fact)> = (0..1_500).map(|n| (at(i64::from(n)), accepted(n))).collect();
    let effects = told(&mut state, many, at(1_499), Some(cursor));
    assert_eq!(effects, [], "a stretch is asked for with the next tick");
    for _ in 0..3 {
        press(&mut state, KeyCode::Char('+'));
    }
    let effects = tick(&mut state, 100);
    assert_eq!(past(&state).orders.len(), PLAYED_MAX);
    assert!(effects.iter().all(|effect| matches!(effect, Effect::ReadReplay { .. })), "{effects:?}");
    assert!(tick(&mut state, 100).is_empty(), "one stretch is asked for at a time");
    assert_eq!(past(&state).orders.len(), 1_500);
}

#[test]
fn the_present_goes_on_and_is_there_again_with_escape() {
    let (mut state, _) = replaying();
    told(&mut state, vec![(at(10), accepted(1)), (at(20), ended(1, 1, true))], at(3_600_000), None);
    update(&mut state, live(vec![accepted(2), accepted(3)]));
    tick(&mut state, 1_000);
    assert_eq!((state.orders.len(), past(&state).orders.len()), (2, 1));
    let played = past(&state).orders.get(&head(1).id()).map(domicilio::state::Order::state);
    assert_eq!(played, Some(OrderState::Injected));
    // Keys go to the past: a detail is closed before the past is left.
    press(&mut state, KeyCode::Char('2'));
    press(&mut state, KeyCode::Enter);
    assert_eq!(past(&state).opened, [Opened::Order(head(1).id())]);
    assert_eq!((state.screen, state.opened.len()), (Screen::Overview, 0));
    press(&mut state, KeyCode::Esc);
    assert!(past(&state).opened.is_empty());
    press(&mut state, KeyCode::Esc);
    assert!(state.replay.is_none() && !state.leaving);
    assert_eq!(state.shown().orders.len(), 2);
}

#[test]
fn nothing_is_changed_from_the_past() {
    let (mut state, _) = replaying();
    told(&mut state, vec![(at(10), accepted(1))], at(3_600_000), None);
    tick(&mut state, 1_000);
    let mut seen = Vec::new();
    for screen in Screen::ALL {
        seen.extend(update(&mut state, Event::Action(Action::Show(screen))));
        for action in Action::ALL.into_iter().filter(|action| !matches!(action, Action::Quit | Action::Live)) {
            seen.extend(update(&mut state, Event::Action(action)));
            seen.extend(update(&mut state, Event::Edit(Edit::Cancel)));
            assert!(state.replay.is_some(), "{} left the past", action.name());
        }
    }
    let harmless = |effect: &Effect| {
        matches!(
            effect,
            Effect::FetchPayload(_) | Effect::ReadReplay { .. } | Effect::Copy(_) | Effect::CopyDetail | Effect::Dump
        )
    };
    assert!(seen.iter().all(harmless), "{seen:?}");
    // Whatever is still open is closed first.
    while past(&state).dialog.is_some() || past(&state).help || !past(&state).opened.is_empty() {
        update(&mut state, Event::Action(Action::Back));
    }
    update(&mut state, Event::Action(Action::Inject));
    let refused = past(&state).notices.shown.last().map(|posted| posted.notice.clone());
    assert_eq!(refused, Some(Notice::Refused(Refusal::Replaying)));
    assert_eq!(past(&state).dialog, None);
}

#[test]
fn a_time_that_is_none_is_refused_with_the_palette_open_and_live_leaves() {
    let mut state = console();
    assert_eq!(command(&mut state, "from yesterday"), []);
    assert!(state.replay.is_none() && state.dialog.is_some());
    let (mut state, _) = replaying();
    command(&mut state, "live");
    assert!(state.replay.is_none());
    command(&mut state, "from -1h");
    let effects = command(&mut state, "desde -2h");
    let number = state.replay.as_ref().map(|replay| replay.number);
    assert!(matches!(&effects[..], [Effect::ReadReplay { number: 3, .. }]) && number == Some(3), "{effects:?}");
    // A stretch of the one before comes late.
    let late = Stretch { catalogue: vec![], facts: vec![(at(0), accepted(1))], known_to: at(9), rest: None };
    update(&mut state, Event::Answer(Answer::Replay { number: 2, read: Ok(late) }));
    assert!(state.replay.as_ref().is_some_and(|replay| replay.waiting.is_empty() && replay.asked));
}

#[test]
fn a_failed_read_stops_the_clock_says_why_and_is_tried_again_on_demand() {
    let (mut state, cursor) = replaying();
    assert_eq!(cursor.next, [None; STREAMS.len()]);
    let failed = Answer::Replay { number: 1, read: Err(Trouble::NotConnected) };
    update(&mut state, Event::Answer(failed));
    assert_eq!(tick(&mut state, 1_000), []);
    assert_eq!(past(&state).playing.as_ref().and_then(|playing| playing.failed.clone()), Some(Trouble::NotConnected));
    let effects = press(&mut state, KeyCode::Char(' '));
    assert!(matches!(&effects[..], [Effect::ReadReplay { number: 1, .. }]), "{effects:?}");
}

#[test]
fn what_no_stream_keeps_is_unknown_and_alarms_nobody() {
    let (mut state, _) = replaying();
    told(&mut state, vec![(at(10), accepted(1))], at(3_600_000), None);
    for _ in 0..3 {
        press(&mut state, KeyCode::Char('+'));
    }
    tick(&mut state, 1_000);
    assert_eq!(past(&state).now, at(3_600_000));
    assert_eq!((past(&state).attention.len(), past(&state).queues.total), (0, None));
    assert_eq!(past(&state).queues.depth(StoreId(70)), None);
}

#[test]
fn the_loss_of_the_connection_and_what_is_urgent_are_told_in_the_past() {
    let (mut state, _) = replaying();
    told(&mut state, vec![(at(10), accepted(1))], at(3_600_000), None);
    let present = |state: &State| past(state).playing.as_ref().map(|playing| (playing.present, playing.urgent));
    assert_eq!(present(&state), Some((at(3_600_000), 0)));
    update(&mut state, live(vec![ended(2, 7, false)]));
    tick(&mut state, 1_000);
    assert_eq!(present(&state), Some((at(3_601_000), 1)));
    update(&mut state, Event::Link(LinkChange::Lost { at: at(3_601_000), why: Outage::Closed }));
    assert!(!past(&state).link.is_up() && !past(&state).is_stale(), "the past does not grow old");
    let drawn = drawn(&state);
    assert!(drawn.contains("ahora: sin conexión ✖1"), "{drawn}");
    let refused = command(&mut state, "from -1h");
    assert!(refused.is_empty() && state.replay.as_ref().is_some_and(|replay| replay.number == 1), "{refused:?}");
    press(&mut state, KeyCode::Esc);
    // The connection comes back; so it does in the past, and the notice of it is seen there.
    update(&mut state, connected(3_602_000));
    assert!(past(&state).link.is_up());
    let said = |state: &State| state.notices.shown.iter().map(|posted| posted.notice.clone()).collect::<Vec<_>>();
    assert!(said(past(&state)).iter().any(|notice| matches!(notice, Notice::Back { .. })));
    assert_eq!(said(&state), []);
}

#[test]
fn notices_last_by_the_clock_of_the_person_and_go_along() {
    let (mut state, _) = replaying();
    told(&mut state, Vec::new(), at(3_600_000), None);
    press(&mut state, KeyCode::Char('+'));
    press(&mut state, KeyCode::Char('+'));
    update(&mut state, Event::Action(Action::Inject));
    tick(&mut state, BAD_MS - 1);
    assert_eq!(past(&state).notices.shown.len(), 1, "a minute a second makes none shorter");
    tick(&mut state, 1);
    assert_eq!(past(&state).notices.shown.len(), 0);
    update(&mut state, Event::Action(Action::Inject));
    press(&mut state, KeyCode::Esc);
    assert_eq!((state.replay.is_none(), state.notices.shown.len()), (true, 1));
}

#[test]
fn times_are_meant_by_the_clock_on_the_wall() {
    let (mut state, _) = replaying();
    tick(&mut state, 600_000);
    let effects = command(&mut state, "from -2m");
    let [Effect::ReadReplay { cursor, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((cursor.from, cursor.until), (at(4_080_000), at(4_200_000)));
}

#[test]
fn views_are_known_in_the_past_and_saved_from_there() {
    let mut state = console();
    let view = state.as_view("mine".to_owned());
    update(&mut state, Event::Views(Ok(vec![view.clone()])));
    update(&mut state, Event::Tick(at(3_600_000)));
    command(&mut state, "from -1h");
    assert_eq!(past(&state).views.all, std::slice::from_ref(&view));
    let effects = command(&mut state, "save other");
    let [Effect::SaveView(other)] = &effects[..] else { panic!("{effects:?}") };
    let all = vec![view, other.clone()];
    update(&mut state, Event::Answer(Answer::ViewSaved(Ok(("other".to_owned(), all.clone())))));
    assert_eq!((&state.views.all, &past(&state).views.all), (&all, &all));
    let said = past(&state).notices.shown.last().map(|posted| posted.notice.clone());
    assert_eq!(said, Some(Notice::ViewSaved("other".to_owned())));
}

#[test]
fn the_theme_goes_along_and_comes_back() {
    let mut state = console();
    update(&mut state, Event::Tick(at(3_600_000)));
    update(&mut state, Event::Action(Action::Theme));
    command(&mut state, "from -1h");
    assert_eq!(past(&state).ground, GroundSeen::Other);
    update(&mut state, Event::Action(Action::Theme));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.ground, GroundSeen::AsFound);
}

#[test]
fn escape_takes_marks_away_before_it_leaves_the_past() {
    let (mut state, _) = replaying();
    told(&mut state, vec![(at(10), accepted(1))], at(3_600_000), None);
    tick(&mut state, 1_000);
    press(&mut state, KeyCode::Char('2'));
    press(&mut state, KeyCode::Char('*'));
    assert_eq!(past(&state).order_table.marked.len(), 1);
    press(&mut state, KeyCode::Esc);
    assert!(state.replay.is_some() && past(&state).order_table.marked.is_empty());
    press(&mut state, KeyCode::Esc);
    assert!(state.replay.is_none());
}

#[test]
fn what_would_change_something_is_offered_only_where_it_can() {
    const CHANGES: [Action; 5] = [Action::Inject, Action::Pause, Action::Resume, Action::Acknowledge, Action::PutOff];
    let offered = |state: &State| -> Vec<Action> {
        let all = keys::offered(state).filter(|(_, possible)| *possible).map(|(binding, _)| binding.action);
        all.filter(|action| CHANGES.contains(action)).collect()
    };
    let (mut state, _) = replaying();
    told(&mut state, vec![(at(10), ended(1, 7, false))], at(3_600_000), None);
    tick(&mut state, 1_000);
    assert!(past(&state).attention_table.current().is_some());
    assert_eq!(offered(past(&state)), []);
    update(&mut state, Event::Action(Action::Acknowledge));
    assert!(!past(&state).attention[0].acknowledged);

    let mut state = console();
    update(&mut state, live(vec![ended(1, 7, false), heartbeat(Service::Resolver, "r-1", RunState::Running, 0)]));
    assert_eq!(offered(&state), [Action::Inject, Action::Acknowledge, Action::PutOff]);
    update(&mut state, Event::Action(Action::Show(Screen::Services)));
    assert_eq!(offered(&state), [Action::Inject, Action::Pause]);
    state.access.read_only = true;
    assert_eq!(offered(&state), []);
}

#[test]
fn what_no_stream_keeps_is_said_to_be_no_part_of_it() {
    let (mut state, _) = replaying();
    state.access.context = Some("cocina".to_owned());
    tick(&mut state, 500);
    let at_start = drawn(&state);
    assert!(at_start.contains("cocina") && !at_start.contains("rx "), "{at_start}");
    assert_eq!(past(&state).reading.since, Some(at(0)), "nothing is known of what was before");
    assert_eq!(at_start.matches("No forma parte de una repetición.").count(), 2, "{at_start}");
    for screen in [Screen::Services, Screen::Bus] {
        update(&mut state, Event::Action(Action::Show(screen)));
        let drawn = drawn(&state);
        assert!(drawn.contains("No forma parte de una repetición."), "{drawn}");
    }
}

/// What the screen shows, 140 columns wide.
fn drawn(state: &State) -> String {
    let theme = Theme::new(Depth::True, Ground::Dark, false);
    let mut terminal = Terminal::new(TestBackend::new(140, 40)).unwrap();
    let mut memory = Memory::new(theme, jiff::tz::TimeZone::UTC);
    terminal.draw(|frame| view::draw(state, &mut memory, frame)).unwrap();
    terminal.backend().to_string()
}
