//! Personal data of one order: seen by whoever asked, on the terminal alone, and no longer than it may be.

use contract::OrderId;
use domicilio::action::Action;
use domicilio::dump;
use domicilio::effect::{Effect, Planned};
use domicilio::event::{Answer, Done, Edit, Event, LinkChange, Outage, Trouble};
use domicilio::mask::{self, Clear};
use domicilio::state::access::{Access, Denied, Tried};
use domicilio::state::dialog::{Dialog, Focus};
use domicilio::state::jobs::Step;
use domicilio::state::replay::{Past, Playing, Speed};
use domicilio::state::reveal::REVEALED_MS;
use domicilio::state::{Lang, Notice, Refusal, Screen, State};
use domicilio::text::Msg;
use domicilio::theme::{Depth, Ground, Theme};
use domicilio::update::update;
use domicilio::view::{self, Memory};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::making::{accepted, at, console, head, live};

/// An invented person.
const PAYLOAD: &str = r#"{"cabecera":[{"codigoApp":"A-0001","nombresCliente":"Zuleyka Quispetongo",
    "telefonoCliente":"0987123465","observaciones":"Calle Tordillo E14-237 y Pasaje Zorzal, edificio Torre Jilguero, timbre roto, preguntar por la portera del segundo piso y subir por la escalera del fondo"}]}"#;

const PERSONAL: [&str; 4] = ["Zuleyka", "0987123465", "Tordillo", "escalera del fondo"];

fn press(state: &mut State, action: Action) -> Vec<Effect> {
    update(state, Event::Action(action))
}

fn memory() -> Memory {
    Memory::new(Theme::new(Depth::None, Ground::Dark, false), jiff::tz::TimeZone::UTC)
}

/// What the terminal shows with what was read at hand; words that stand on several rows are put together.
fn drawn(state: &State, clear: Option<&Clear>, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw_clear(state, &mut memory(), clear, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(width));
    let rows = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

fn sees(text: &str) -> usize {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    PERSONAL.iter().filter(|word| joined.contains(*word)).count()
}

fn id() -> OrderId {
    head(1).id()
}

/// An opened order, its payload masked.
fn opened() -> State {
    let mut state = console();
    (state.width, state.height) = (120, 40);
    update(&mut state, live(vec![accepted(1), accepted(8)]));
    press(&mut state, Action::Show(Screen::Orders));
    state.order_table.selected = Some(id());
    press(&mut state, Action::Open);
    let payload = mask::mask(PAYLOAD.as_bytes());
    update(&mut state, Event::Answer(Answer::Payload { order: id(), payload }));
    state
}

/// Asks, gives a reason and presses the button: the intent.
fn asked(state: &mut State) -> Vec<Effect> {
    assert_eq!(press(state, Action::Reveal), []);
    assert!(matches!(state.dialog, Some(Dialog::Confirm(_))), "{:?}", state.notices.shown.last());
    for _ in 0..5 {
        let Some(Dialog::Confirm(open)) = &state.dialog else { panic!() };
        match open.focus {
            Focus::Reason => {
                "llama el cliente".chars().for_each(|c| drop(update(state, Event::Edit(Edit::Insert(c)))));
                update(state, Event::Edit(Edit::Next));
            }
            Focus::Confirm => return press(state, Action::Open),
            Focus::Cancel | Focus::Proof => drop(press(state, Action::FocusNext)),
        }
    }
    panic!("{:?}", state.dialog)
}

/// What the audit trail's word makes of it.
fn intended(state: &mut State, effects: &[Effect], written: Result<(), String>) -> Vec<Effect> {
    let [Effect::Intend(intent)] = effects else { panic!("{effects:?}") };
    let preview = String::from_utf8(intent.preview()).unwrap();
    assert!(preview.contains("\n$JS.API.DIRECT.GET.ORDERS.domicilio.orders.*.71.A-0001\n"), "{preview}");
    update(state, Event::Answer(Answer::Intended { job: intent.job, written }))
}

/// A revealed order, with what whoever draws has of it.
fn revealed() -> (State, Clear) {
    let mut state = opened();
    let effects = asked(&mut state);
    let effects = intended(&mut state, &effects, Ok(()));
    let [Effect::Run { job, item, planned }] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(matches!(planned.as_ref(), Planned::Reveal(wanted) if wanted.order == id()));
    let clear = mask::disclose(PAYLOAD.as_bytes()).unwrap();
    let reply = Ok(Done::Revealed(id(), clear.clone()));
    let effects = update(&mut state, Event::Answer(Answer::Done { job: *job, item: *item, reply }));
    assert!(matches!(effects.as_slice(), [Effect::Conclude(_)]), "{effects:?}");
    assert!(state.revealed().is_some());
    (state, clear)
}

#[test]
fn it_is_seen_whole_on_the_terminal_and_nowhere_else() {
    let before = opened();
    let (state, clear) = revealed();
    for size in [(80, 24), (120, 40), (200, 60)] {
        assert_eq!(sees(&drawn(&before, Some(&clear), size)), 0, "before");
        let shown = drawn(&state, Some(&clear), size);
        assert_eq!(sees(&shown), PERSONAL.len(), "{shown}");
        assert!(shown.contains("a la vista, 60 s") && !shown.contains("[oculto]"), "{shown}");
        assert_eq!(sees(&drawn(&state, None, size)), 0, "without what was read there is nothing to show");
    }
    let dumped = dump::shot(&state, &mut memory());
    assert_eq!((sees(&dumped.text), sees(&String::from_utf8(dumped.ansi).unwrap())), (0, 0), "a dump");
    assert!(dumped.text.contains("[oculto]") && !dumped.text.contains("a la vista"), "{}", dumped.text);
    assert_eq!(sees(&view::text_of_aimed(&state, &memory())), 0, "a copy");
    assert_eq!(sees(&format!("{state:?}")), 0, "the state");
    assert_eq!(sees(&format!("{clear:?}")), 0, "what is drawn from");
    // What is searched says by what it finds what there is.
    let mut state = state;
    press(&mut state, Action::Search);
    "zuleyka".chars().for_each(|c| drop(update(&mut state, Event::Edit(Edit::Insert(c)))));
    assert_eq!(state.tree.found(clear.masked()), Vec::<usize>::new());
}

#[test]
fn it_goes_when_its_time_is_over_and_says_so() {
    let (mut state, clear) = revealed();
    let mut last = state.now;
    while state.revealed().is_some() {
        last = state.now;
        let now = state.now.plus_millis(500);
        update(&mut state, Event::Tick(now));
    }
    assert_eq!(state.now.since(last), 500);
    assert!(state.jobs.last().unwrap().ended_at.is_some_and(|began| state.now.since(began) == REVEALED_MS));
    assert_eq!(state.revealed, None);
    assert_eq!(sees(&drawn(&state, Some(&clear), (120, 40))), 0);
    assert_eq!(state.notices.shown.last().map(|posted| posted.notice.clone()), Some(Notice::Concealed));
    for lang in Lang::ALL {
        assert!(lang.t(Msg::OpRevealMeans).contains(&(REVEALED_MS / 1_000).to_string()), "as the preview promises");
    }
}

#[test]
fn the_key_and_every_way_of_leaving_hide_it_at_once() {
    type Way = (&'static str, fn(&mut State));
    let ways: [Way; 9] = [
        ("the key", |state| drop(press(state, Action::Reveal))),
        ("back", |state| drop(press(state, Action::Back))),
        ("another screen", |state| drop(press(state, Action::Show(Screen::Stores)))),
        ("the next screen", |state| drop(press(state, Action::NextScreen))),
        ("what was done from here", |state| drop(press(state, Action::Jobs))),
        ("the terminal is given away", |state| drop(update(state, Event::Unattended))),
        ("another bus", |state| *state = state.elsewhere(Access::default())),
        ("the past", |state| {
            update(state, Event::Tick(at(3_600_000)));
            state.revealed.as_mut().iter_mut().for_each(|revealed| revealed.until = at(3_700_000));
            press(state, Action::Palette);
            "from -1h".chars().for_each(|c| drop(update(state, Event::Edit(Edit::Insert(c)))));
            update(state, Event::Edit(Edit::Submit));
            assert!(state.replay.is_some());
        }),
        ("another order", |state| {
            press(state, Action::Palette);
            "A-0008".chars().for_each(|c| drop(update(state, Event::Edit(Edit::Insert(c)))));
            update(state, Event::Edit(Edit::Submit));
            assert_ne!(state.opened.last(), Some(&domicilio::state::Opened::Order(id())));
        }),
    ];
    for (what, way) in ways {
        let (mut state, clear) = revealed();
        way(&mut state);
        assert_eq!(state.revealed, None, "{what}");
        assert_eq!(sees(&drawn(&state, Some(&clear), (120, 40))), 0, "{what}");
        // Coming back shows it no more.
        press(&mut state, Action::Show(Screen::Orders));
        press(&mut state, Action::Open);
        assert!(state.revealed().is_none(), "{what}");
    }
}

#[test]
fn what_cannot_be_audited_is_not_even_read() {
    let mut state = opened();
    let effects = asked(&mut state);
    assert_eq!(intended(&mut state, &effects, Err("disk full".to_owned())), []);
    for second in 1..90 {
        let effects = update(&mut state, Event::Tick(at(second * 1_000)));
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Run { .. })), "{effects:?}");
    }
    assert!(matches!(state.jobs.last().unwrap().items[0].step, Step::Skipped(Refusal::Unaudited(_))));
    assert!(state.revealed().is_none());
}

#[test]
fn without_a_reason_nothing_is_asked() {
    let mut state = opened();
    press(&mut state, Action::Reveal);
    press(&mut state, Action::FocusPrevious);
    assert_eq!(press(&mut state, Action::Open), []);
    let Some(Dialog::Confirm(open)) = &state.dialog else { panic!() };
    assert_eq!((&open.refusal, open.focus), (&Some(Refusal::NoReason), Focus::Reason));
}

#[test]
fn who_has_gone_on_meanwhile_sees_nothing() {
    let mut state = opened();
    let effects = asked(&mut state);
    intended(&mut state, &effects, Ok(()));
    press(&mut state, Action::Back);
    let clear = mask::disclose(PAYLOAD.as_bytes()).unwrap();
    update(&mut state, Event::Answer(Answer::Done { job: 1, item: 0, reply: Ok(Done::Revealed(id(), clear)) }));
    assert_eq!(state.revealed, None);
}

#[test]
fn the_lock_of_a_context_does_not_keep_from_looking_and_looking_does_not_open_it() {
    let mut state = opened();
    (state.access.production, state.access.read_only) = (true, true);
    let effects = asked(&mut state);
    let effects = intended(&mut state, &effects, Ok(()));
    assert!(matches!(effects.as_slice(), [Effect::Run { .. }]), "{effects:?}");
    assert!(state.access.is_locked(state.now));
}

#[test]
fn what_the_server_denies_is_told_with_who_may() {
    let mut state = opened();
    let effects = asked(&mut state);
    intended(&mut state, &effects, Ok(()));
    update(&mut state, Event::Answer(Answer::Done { job: 1, item: 0, reply: Err(Trouble::Denied) }));
    assert_eq!((state.jobs.last().unwrap().items[0].step.code(), state.revealed()), (Some("denied"), None));
    // Known from before, it is not even asked.
    let subject = "$JS.API.DIRECT.GET.ORDERS.domicilio.orders.*.78.A-0008".to_owned();
    state.access.denied = vec![Denied { at: at(0), tried: Tried::Publishing, subject }];
    press(&mut state, Action::Reveal);
    let told = state.notices.shown.last().map(|posted| posted.notice.clone());
    assert_eq!((&state.dialog, told), (&None, Some(Notice::Refused(Refusal::Denied("ops-payload")))));
}

#[test]
fn only_what_is_opened_can_be_revealed_and_only_in_the_present() {
    let refused = |state: &mut State| {
        assert_eq!(press(state, Action::Reveal), []);
        assert_eq!(state.shown().dialog, None);
        match state.shown().notices.shown.last().map(|posted| posted.notice.clone()) {
            Some(Notice::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    };
    let mut state = opened();
    press(&mut state, Action::Back);
    assert_eq!(refused(&mut state), Refusal::NoOpenOrder);
    let mut state = opened();
    update(&mut state, Event::Link(LinkChange::Lost { at: at(10), why: Outage::Closed }));
    assert_eq!(refused(&mut state), Refusal::NotConnected);
    let mut state = opened();
    state.playing = Some(Playing {
        past: Past::Streams,
        from: at(0),
        until: at(1),
        known_to: at(1),
        speed: Speed::default(),
        paused: false,
        failed: None,
        wish: None,
        present: at(1),
        urgent: 0,
        under_way: 0,
    });
    assert_eq!(refused(&mut state), Refusal::Replaying);
}
