//! A recording leads to the same state and the same pictures however it is read, and whatever is in a file harms nothing.

use contract::counters::{Day, DayCounts};
use contract::heartbeat::RunState;
use contract::{Service, StoreId};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use domicilio::dump;
use domicilio::effect::Effect;
use domicilio::event::{
    Answer, Around, Count, CountersRead, Depth, Event, Fact, Heard, History, LinkChange, Meter, Outage, Part,
    QueuesRead,
};
use domicilio::keys;
use domicilio::recording::file::Reader;
use domicilio::recording::player::{Player, happen};
use domicilio::recording::{FORMAT, Fault, Header, LENGTH_MAX_MS, Line, Recorded, Stop};
use domicilio::state::access::{Identity, Tried};
use domicilio::state::replay::Speed;
use domicilio::state::services::Found;
use domicilio::state::{Lang, Notice, Opened, Refusal, Screen, State};
use domicilio::theme::{Depth as Colours, Ground, Theme};
use domicilio::update::update;
use domicilio::view::Memory;
use proptest::prelude::*;

use crate::making::{accepted, at, connected, ended, failed, head, heartbeat, live, queued, reinjected, solved, store};

fn header() -> Header {
    Header { recording: FORMAT, version: "0.1.0".into(), began_at: at(0), context: None, production: true }
}

/// A decision with what its author wrote.
fn because(mut fact: Fact) -> Fact {
    if let Fact::Solved { decision, .. } | Fact::Accepted { decision: Some(decision), .. } = &mut fact {
        decision.reason = Some("in a person's own words".into());
    }
    fact
}

/// One of everything that can be heard, with its time in milliseconds.
fn heard() -> Vec<(i64, Event)> {
    let facts = vec![Fact::Store { record: store(72, "open"), revision: Some(3) }];
    let instances = |ms| Service::ALL.map(|service| heartbeat(service, "one-1", RunState::Running, ms)).to_vec();
    let counts = vec![Count { subject: "domicilio.orders.ec.72".into(), messages: 3, bytes: 900 }];
    let days = [(Day::of(at(0)), DayCounts::default())].into();
    let found = Found {
        service: Service::Api,
        instance: "one-1".parse().unwrap(),
        cloud: "aws".into(),
        version: "0.1.0".into(),
    };
    let waiting = |n| match queued(n) {
        Fact::Queued(entry) => Depth { store: StoreId(72), depth: 2, head: Some(entry) },
        _ => unreachable!(),
    };
    let identity = Identity { user: Some("ops-read".into()), account: None, withheld: vec!["domicilio.x.>".into()] };
    vec![
        (10, connected(10)),
        (12, Event::Link(LinkChange::Known { tls: true, identity: Some(identity) })),
        (15, Event::History(History::Began)),
        (20, Event::History(History::Read { part: Part::Stores, facts, done: 1, total: 1 })),
        (25, Event::History(History::Failed { part: Part::Events, why: "no answer".into() })),
        (26, Event::History(History::Denied { part: Part::Invalid })),
        (30, Event::Discovered { at: at(30), found: vec![found] }),
        (40, Event::History(History::Ready { since: Some(at(-5_000)) })),
        (500, Event::Tick(at(500))),
        (600, live(instances(600))),
        (700, live(vec![accepted(1), queued(1), failed(1, 1)])),
        (750, Event::Queues(QueuesRead { at: at(750), depths: vec![waiting(1)] })),
        (760, Event::Heard(Heard { at: at(760), counts, lost: 2, ..Heard::default() })),
        (1_000, Event::Answer(Answer::Counters(Ok(CountersRead { since: None, written_at: None, days })))),
        (2_000, live(vec![ended(1, 3, false), because(solved(1))])),
        (2_010, live([vec![accepted(2)], reinjected(2).map(because).to_vec()].concat())),
        (2_015, live(vec![accepted(3), ended(3, 3, false)])),
        (2_020, Event::Live { facts: Vec::new(), meter: Meter { received: 9, taken: 8, lost: 1 } }),
        (9_000, Event::Link(LinkChange::Denied { at: at(9_000), all: vec![(Tried::Listening, "x.>".into())] })),
        (30_000, Event::Link(LinkChange::Lost { at: at(30_000), why: Outage::Refused("refused".into()) })),
        (31_000, Event::Link(LinkChange::Refused { why: "refused".into() })),
        (40_000, Event::Tick(at(40_000))),
    ]
}

fn file() -> String {
    let lines = heard().into_iter().map(|(ms, event)| (at(ms), Recorded::of(&event).unwrap()));
    let end = (at(40_000), Recorded::End(Stop::Asked));
    let lines = lines.chain([end]).map(|(at, heard)| Line { at, heard }.write().unwrap());
    header().write().unwrap() + &lines.collect::<String>()
}

/// Plays all of a file, line by line.
fn played(file: &str) -> State {
    let reader = Reader::new(file.as_bytes()).unwrap();
    let mut state = State::recorded(reader.header(), at(40_000), Speed::Most, Lang::Es);
    for line in reader {
        happen(line.unwrap()).for_each(|event| drop(update(&mut state, event)));
    }
    state
}

fn pictures(state: &State) -> Vec<String> {
    let theme = Theme::new(Colours::None, Ground::Dark, false);
    let mut state = state.clone();
    update(&mut state, Event::Resized { width: 120, height: 40 });
    let picture = |screen| {
        update(&mut state, Event::Action(domicilio::action::Action::Show(screen)));
        dump::shot(&state, &mut Memory::new(theme, jiff::tz::TimeZone::UTC)).text
    };
    Screen::ALL.map(picture).to_vec()
}

#[test]
fn every_kind_of_event_survives_the_file() {
    let file = file();
    assert!(!file.contains("own words"));
    let read: Vec<(i64, Event)> = Reader::new(file.as_bytes())
        .unwrap()
        .map(Result::unwrap)
        .filter(|line| !matches!(line.heard, Recorded::End(_)))
        .map(|line| (line.at.since(at(0)), line.heard.event().unwrap_or(Event::Tick(line.at))))
        .collect();
    let mut wanted = heard();
    for (_, event) in &mut wanted {
        let Event::Live { facts, .. } = event else { continue };
        for fact in facts {
            if let Fact::Solved { decision, .. } | Fact::Accepted { decision: Some(decision), .. } = fact {
                assert!(decision.reason.is_some(), "the test lost its reasons");
                decision.reason = Some("***".into());
            }
        }
    }
    assert_eq!(read, wanted);
}

#[test]
fn a_recording_shows_what_the_console_showed() {
    let mut live = State::new(at(0), Lang::Es, 0);
    for (ms, event) in heard() {
        update(&mut live, Event::Tick(at(ms)));
        update(&mut live, event);
    }
    let state = played(&file());
    assert_eq!(state.attention, live.attention);
    assert_eq!((state.link.clone(), state.queues.clone()), (live.link.clone(), live.queues.clone()));
    assert_eq!((state.services.clone(), state.traffic.clone()), (live.services.clone(), live.traffic.clone()));
    assert!(!live.attention.is_empty() && live.orders.len() == 3);
}

#[test]
fn a_recording_says_that_it_is_one_and_changes_nothing() {
    let mut state = played(&file());
    let overview = &pictures(&state)[0];
    assert!(overview.contains("GRABACIÓN") && overview.contains("SOLO LECTURA"), "{overview}");
    assert!(overview.contains("sin conexión") && overview.contains("fin"), "{overview}");
    for key in ['i', 'a', 'z', ':'] {
        let event = keys::event(&state, KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE));
        let effects = event.map(|event| update(&mut state, event)).unwrap_or_default();
        assert_eq!(effects, [], "{key}");
    }
    for c in "en vivo".chars() {
        update(&mut state, Event::Edit(domicilio::event::Edit::Insert(c)));
    }
    assert_eq!(update(&mut state, Event::Edit(domicilio::event::Edit::Submit)), []);
    let refused =
        |state: &State| state.notices.shown.iter().any(|posted| posted.notice == Notice::Refused(Refusal::Recorded));
    assert!(refused(&state), "{:?}", state.notices);
    // A payload is not recorded, and the screen says so instead of waiting for it.
    update(&mut state, Event::Action(domicilio::action::Action::Back));
    update(&mut state, Event::Action(domicilio::action::Action::Show(Screen::Orders)));
    update(&mut state, Event::Action(domicilio::action::Action::Open));
    assert!(matches!(state.opened.last(), Some(Opened::Order(_))), "{:?}", state.opened);
    assert!(matches!(&state.payload, Some((_, domicilio::state::Payload::Missing(why))) if why.contains("grabación")));
}

#[test]
fn notices_go_by_the_time_of_whoever_looks() {
    let mut state = played(&file());
    let wall = at(900_000);
    update(&mut state, Event::Recording(Around::Present(wall)));
    update(&mut state, Event::Answer(Answer::Copied { count: 3, cut: false }));
    assert_eq!(state.notices.shown.len(), 1);
    update(&mut state, Event::Recording(Around::Present(wall.plus_millis(60_000))));
    assert_eq!(state.notices.shown.len(), 0);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_nothing_follows() {
    let whole = file();
    let all: Vec<Result<Line, Fault>> = Reader::new(whole.as_bytes()).unwrap().collect();
    assert!(all.iter().all(Result::is_ok));
    let faults = |file: &str| -> Vec<Fault> {
        Reader::new(file.as_bytes()).map_or_else(|fault| vec![fault], |all| all.filter_map(Result::err).collect())
    };
    let lines: Vec<&str> = whole.lines().collect();
    let cut = &whole[..whole.len() / 2];
    assert_eq!(faults(cut), [Fault::Cut(cut.lines().count() - 1)]);
    assert_eq!(faults(&(lines[..5].join("\n") + "\n")), [Fault::Cut(5)], "without its last line");
    let with = |place: usize, line: &str| {
        let mut lines = lines.clone();
        lines[place] = line;
        lines.join("\n") + "\n"
    };
    let data = "a field is missing or of another kind".to_owned();
    let odd = r#"{"at":"2026-11-24T00:00:00Z","heard":{"odd":1}}"#;
    assert_eq!(faults(&with(4, odd)), [Fault::Wrong(5, data)]);
    assert_eq!(faults(&with(4, "{\"at\"")), [Fault::Wrong(5, "not JSON from column 5 on".into())]);
    assert_eq!(faults(""), [Fault::NotOne]);
    assert_eq!(faults("{\"orders\":[]}\n"), [Fault::NotOne]);
    assert_eq!(faults(&with(0, r#"{"recording":2,"what":"of a later version"}"#)), [Fault::Format(2)]);
}

#[test]
fn text_in_a_file_is_made_harmless_again() {
    let file = file().replace("EL NORTE", r"EL\u001b[2JNOR\u202eTE");
    let state = played(&file);
    assert_eq!(state.stores.get(StoreId(72)).unwrap().record.name, "EL^[[2JNOR<U+202E>TE");
    assert!(pictures(&state).iter().all(|picture| !picture.contains('\u{1b}')));
}

#[test]
fn time_neither_turns_back_nor_leaps_beyond_any_recording() {
    let tick = |ms| Line { at: at(ms), heard: Recorded::Tick }.write().unwrap();
    let far = tick(0).replace("2026", "9998").replace("2025", "9998");
    let file = header().write().unwrap() + &tick(5_000) + &tick(2_000) + &tick(-900_000) + &far;
    let read: Vec<i64> = Reader::new(file.as_bytes()).unwrap().flatten().map(|line| line.at.since(at(0))).collect();
    assert_eq!(read, [5_000, 5_000, 5_000, LENGTH_MAX_MS]);
}

#[test]
fn the_clock_goes_as_fast_as_asked_and_stands_while_paused() {
    let file = file();
    let mut lines = Reader::new(file.as_bytes()).unwrap();
    let mut state = State::recorded(lines.header(), at(40_000), Speed::One, Lang::Es);
    let mut player = Player::new(at(0));
    let mut pass = |state: &mut State, ms| {
        let playing = state.playing.clone().unwrap();
        for event in player.advance(ms, &playing, || lines.next()) {
            let effects = update(state, event);
            assert!(!effects.iter().any(|effect| *effect != Effect::Quit), "{effects:?}");
        }
        state.now.since(at(0))
    };
    let press = |state: &mut State, key| {
        let event = keys::event(state, KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)).unwrap();
        update(state, event);
    };
    assert_eq!(pass(&mut state, 499), 40);
    assert_eq!(pass(&mut state, 1), 500);
    press(&mut state, ' ');
    assert_eq!(pass(&mut state, 60_000), 500, "paused");
    press(&mut state, ' ');
    press(&mut state, '+');
    assert_eq!(pass(&mut state, 150), 2_000, "ten times");
    press(&mut state, '+');
    press(&mut state, '+');
    assert_eq!(pass(&mut state, 0), 40_000, "as fast as it goes");
    assert!(state.playing.as_ref().unwrap().is_over(state.now));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_it_is_played_the_pictures_are_the_same(steps in proptest::collection::vec(0..9_000_i64, 1..40)) {
        let file = file();
        let mut lines = Reader::new(file.as_bytes()).unwrap();
        let mut state = State::recorded(lines.header(), at(40_000), Speed::One, Lang::Es);
        let mut player = Player::new(at(0));
        for ms in steps.into_iter().chain([60_000]) {
            let playing = state.playing.clone().unwrap();
            for event in player.advance(ms, &playing, || lines.next()) {
                update(&mut state, event);
            }
        }
        let mut whole = played(&file);
        // Nothing but the speed that was asked for tells them apart.
        whole.playing.as_mut().unwrap().speed = Speed::One;
        prop_assert_eq!(pictures(&state), pictures(&whole));
        prop_assert!(state == whole);
    }

    #[test]
    fn whatever_is_in_a_file_harms_nothing(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = file().into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(reader) = Reader::new(&bytes[..]) {
            let mut state = State::recorded(reader.header(), at(40_000), Speed::Most, Lang::En);
            for line in reader.flatten() {
                happen(line).for_each(|event| drop(update(&mut state, event)));
            }
            let hostile = pictures(&state).iter().any(|picture| picture.contains('\u{1b}'));
            prop_assert!(!hostile);
        }
    }

    #[test]
    fn numbers_of_any_size_harm_nothing(number in prop_oneof![Just(u64::MAX), Just(1_u64 << 53), any::<u64>()], place in any::<prop::sample::Index>()) {
        let file = file();
        let figures: Vec<(usize, usize)> = file
            .match_indices(':')
            .map(|(at, _)| at + 1)
            .filter_map(|from| {
                let digits = file[from..].bytes().take_while(u8::is_ascii_digit).count();
                let ends = file[from + digits..].starts_with([',', '}']);
                (digits > 0 && ends).then_some((from, from + digits))
            })
            .collect();
        let (from, to) = figures[place.index(figures.len())];
        let changed = format!("{}{number}{}", &file[..from], &file[to..]);
        if let Ok(reader) = Reader::new(changed.as_bytes()) {
            let mut state = State::recorded(reader.header(), at(40_000), Speed::Most, Lang::En);
            for line in reader.flatten() {
                happen(line).for_each(|event| drop(update(&mut state, event)));
            }
            drop(pictures(&state));
        }
    }
}

#[test]
fn nothing_but_what_comes_from_the_bus_is_recorded() {
    let order = head(1).id();
    let payload = Answer::Payload { order, payload: domicilio::mask::mask(b"{}") };
    for event in [Event::Answer(payload), Event::Resized { width: 1, height: 1 }, Event::Views(Ok(Vec::new()))] {
        assert_eq!(Recorded::of(&event), None);
    }
}
