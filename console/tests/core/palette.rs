//! The palette: what it finds, in which order, and what Enter does. Typing alone does nothing.

use contract::StoreRecord;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::{Edit, Event, Fact, LinkChange, Outage};
use domicilio::keys;
use domicilio::state::dialog::Dialog;
use domicilio::state::palette::{Choice, HITS_MAX, LINE_MAX, Palette};
use domicilio::state::{Lang, Opened, Screen, State};
use domicilio::update::plan::Scope;
use domicilio::update::update;
use proptest::prelude::*;

use crate::making::{accepted, at, console, head, live, store};

fn named(id: u32, code: &str, name: &str) -> Fact {
    let record = StoreRecord { code: code.into(), name: name.into(), ..store(id, "open") };
    Fact::Store { record, revision: Some(u64::from(id)) }
}

/// Some stores and orders that get in each other's way.
fn town() -> State {
    let mut state = console();
    let stores = [
        named(200, "B200", "Bogotá Centro"),
        named(201, "B201", "Portal de Bogotá"),
        named(24, "K024", "El Norte"),
        named(242, "K242", "Norte K024 Anexo"),
        named(72, "K072", "Plaza Ñandú"),
    ];
    update(&mut state, live(stores.into()));
    update(&mut state, live((0..30).map(accepted).collect()));
    state
}

fn write(state: &mut State, text: &str) {
    for c in text.chars() {
        assert_eq!(update(state, Event::Edit(Edit::Insert(c))), [], "typing acts");
    }
}

fn opened(state: &mut State, text: &str) {
    assert_eq!(update(state, Event::Action(Action::Palette)), []);
    write(state, text);
}

fn palette(state: &State) -> &Palette {
    match &state.dialog {
        Some(Dialog::Palette(palette)) => palette,
        other => panic!("the palette is closed: {other:?}"),
    }
}

/// What fits `text`, best first, each in one word.
fn found(text: &str) -> Vec<String> {
    let mut state = town();
    opened(&mut state, text);
    palette(&state).hits.iter().map(|hit| word(&state, &hit.choice)).collect()
}

fn word(state: &State, choice: &Choice) -> String {
    match choice {
        Choice::Screen(screen) => format!("screen {}", screen.number()),
        Choice::Act(action, _) => action.name().to_owned(),
        Choice::Command { name, argument: None } => format!("{name} ?"),
        Choice::Command { name, argument: Some(argument) } => format!("{name} {argument}"),
        Choice::Operate(kind, Scope::Chosen) => kind.name().to_owned(),
        Choice::Operate(kind, Scope::Shown) => format!("{} shown", kind.name()),
        Choice::Store(id) => state.stores.get(*id).unwrap().record.code.clone(),
        Choice::Order(id) => id.code.to_string(),
    }
}

#[test]
fn the_best_fit_comes_first() {
    for (typed, best) in [
        ("k024", "K024"),
        ("24", "K024"),
        ("K 024", "K024"),
        ("bogota", "B200"),
        ("BOGOTÁ", "B200"),
        ("bogot\u{61}\u{301}", "B200"),
        ("port bog", "B201"),
        ("nandu", "K072"),
        ("ñandú", "K072"),
        ("plznandu", "K072"),
        ("pedidos", "screen 2"),
        ("orders", "screen 2"),
        ("serv", "screen 6"),
        ("3", "screen 3"),
        ("ayuda", "help"),
        ("help", "help"),
        ("filtro", "filter ?"),
        ("a-0007", "A-0007"),
        ("0007", "A-0007"),
        ("70.a-0007", "A-0007"),
        ("q", "quit ?"),
        ("quit", "quit ?"),
        ("salir", "quit ?"),
    ] {
        let found = found(typed);
        assert_eq!(found.first().map(String::as_str), Some(best), "{typed}: {found:?}");
    }
    assert_eq!(found("zzzz"), Vec::<String>::new());
}

#[test]
fn the_thing_itself_comes_before_what_begins_with_it_before_what_holds_it() {
    // A store's number; the beginning of another's; the end of an order's code.
    assert_eq!(found("24"), ["K024", "K242", "A-0024"]);
    let nothing_typed = self::found("");
    assert!(nothing_typed.starts_with(&["screen 1".into(), "screen 2".into()]), "{nothing_typed:?}");
    assert!(!nothing_typed.iter().any(|word| word.starts_with('K') || word.starts_with("A-")), "{nothing_typed:?}");
}

#[test]
fn enter_goes_to_what_is_selected() {
    let enter = |state: &mut State| update(state, Event::Edit(Edit::Submit));
    let mut state = town();
    opened(&mut state, "colas");
    assert_eq!((enter(&mut state), state.screen), (vec![], Screen::Queues));

    opened(&mut state, "k072");
    enter(&mut state);
    assert_eq!((state.screen, state.opened.clone()), (Screen::Stores, vec![Opened::Store(contract::StoreId(72))]));

    opened(&mut state, "a-0007");
    let effects = enter(&mut state);
    assert_eq!(effects, [Effect::FetchPayload(head(7).id())]);
    assert_eq!((state.screen, state.opened.clone()), (Screen::Orders, vec![Opened::Order(head(7).id())]));

    opened(&mut state, "english");
    enter(&mut state);
    assert_eq!((state.lang, &state.dialog), (Lang::En, &None));

    // The second of two that fit.
    opened(&mut state, "bogota");
    update(&mut state, Event::Edit(Edit::Next));
    enter(&mut state);
    assert_eq!(state.opened, [Opened::Store(contract::StoreId(201))]);
}

#[test]
fn what_makes_no_sense_now_is_grey_and_does_nothing() {
    let mut state = town();
    update(&mut state, Event::Link(LinkChange::Lost { at: at(1), why: Outage::Silent }));
    opened(&mut state, "pedido de prueba");
    let first = palette(&state).current().unwrap().clone();
    assert_eq!((word(&state, &first.choice).as_str(), first.possible), ("inject", false));
    let before = state.clone();
    assert_eq!(update(&mut state, Event::Edit(Edit::Submit)), []);
    assert_eq!(state, before);
}

#[test]
fn what_has_become_senseless_since_it_was_listed_is_not_done() {
    let mut state = town();
    opened(&mut state, "pedido de prueba");
    assert!(palette(&state).current().unwrap().possible);
    update(&mut state, Event::Link(LinkChange::Lost { at: at(1), why: Outage::Silent }));
    assert_eq!(update(&mut state, Event::Edit(Edit::Submit)), []);
    assert!(!palette(&state).current().unwrap().possible);
}

#[test]
fn a_command_asks_for_its_argument_completes_it_and_runs() {
    let mut state = town();
    update(&mut state, Event::Action(Action::Show(Screen::Orders)));
    opened(&mut state, "filt");
    // What the key `/` does may come first; the command is below.
    while word(&state, &palette(&state).current().unwrap().choice) != "filter ?" {
        update(&mut state, Event::Edit(Edit::Next));
    }
    update(&mut state, Event::Edit(Edit::Submit));
    assert_eq!(palette(&state).text, "filtro ");
    write(&mut state, "est");
    update(&mut state, Event::Edit(Edit::Complete));
    assert_eq!(palette(&state).text, "filtro estado:");
    write(&mut state, "en");
    assert_eq!(update(&mut state, Event::Edit(Edit::Submit)), []);
    assert_eq!((state.filter_text(), &state.dialog), ("estado:en", &None));
}

#[test]
fn it_opens_and_moves_by_the_usual_keys_and_escape_leaves_everything_as_it_was() {
    let press = |state: &mut State, code, modifiers| {
        let event = keys::event(state, KeyEvent::new(code, modifiers)).unwrap();
        update(state, event)
    };
    let mut state = town();
    let before = state.clone();
    for (code, modifiers) in [(KeyCode::Char(':'), KeyModifiers::NONE), (KeyCode::Char('p'), KeyModifiers::CONTROL)] {
        press(&mut state, code, modifiers);
        press(&mut state, KeyCode::Char('n'), KeyModifiers::CONTROL);
        press(&mut state, KeyCode::Down, KeyModifiers::NONE);
        assert_eq!(palette(&state).position(), Some(2));
        press(&mut state, KeyCode::Char('p'), KeyModifiers::CONTROL);
        assert_eq!(palette(&state).position(), Some(1));
        press(&mut state, KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!((palette(&state).text.as_str(), palette(&state).position().unwrap_or(0)), ("q", 0));
        press(&mut state, KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!(state, before);
    }
}

#[test]
fn nothing_moves_under_the_cursor_while_messages_come() {
    let mut state = town();
    opened(&mut state, "a-00");
    let before = palette(&state).clone();
    update(&mut state, live((30..60).map(accepted).collect()));
    assert_eq!(*palette(&state), before);
}

#[test]
fn the_work_and_the_list_are_bounded() {
    let mut state = console();
    update(&mut state, live((0..400).map(accepted).collect()));
    opened(&mut state, "a-");
    assert_eq!(palette(&state).hits.len(), HITS_MAX);
    write(&mut state, &"x".repeat(2 * LINE_MAX));
    assert_eq!(palette(&state).text.chars().count(), LINE_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is typed, nothing happens outside, nothing is found twice, and the selection is one of what is found.
    #[test]
    fn typing_only_looks_for_things(text in "[a-zñáA-Z0-9 .:ßİ\u{301}-]{0,24}", steps in prop::collection::vec(any::<bool>(), 0..6)) {
        let mut state = town();
        opened(&mut state, &text);
        for down in steps {
            update(&mut state, Event::Edit(if down { Edit::Next } else { Edit::Previous }));
        }
        let palette = palette(&state);
        prop_assert!(palette.hits.len() <= HITS_MAX);
        for (place, hit) in palette.hits.iter().enumerate() {
            prop_assert!(!palette.hits[..place].iter().any(|before| before.choice == hit.choice), "{hit:?} twice");
        }
        prop_assert_eq!(palette.current().is_some(), !palette.hits.is_empty());
    }
}
