//! Playing the past: its clock, its keys, and that nothing can be changed from there while the present goes on.

use contract::{StoreId, UtcMs};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::{Answer, Edit, Event, Fact, Trouble};
use domicilio::keys;
use domicilio::state::replay::{Cursor, PLAYED_MAX, STREAMS, Speed, Stretch};
use domicilio::state::{Notice, Opened, OrderState, Refusal, Screen, State};
use domicilio::update::update;

use crate::making::{accepted, at, console, ended, head, live, store};

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
