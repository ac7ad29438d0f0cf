//! The payload of an opened order: folding, searching, and the details of its attempts.

use domicilio::action::Action;
use domicilio::event::{Answer, Edit, Event};
use domicilio::keys::Context;
use domicilio::mask::mask;
use domicilio::state::{InputMode, Opened, Screen, State};
use domicilio::update::update;

use crate::making::{accepted, console, head, live};

fn press(state: &mut State, actions: &[Action]) {
    for action in actions {
        update(state, Event::Action(*action));
    }
}

fn write(state: &mut State, text: &str) {
    for c in text.chars() {
        update(state, Event::Edit(Edit::Insert(c)));
    }
}

fn opened() -> State {
    let mut state = console();
    update(&mut state, live(vec![accepted(1)]));
    press(&mut state, &[Action::Show(Screen::Orders), Action::Open]);
    let payload =
        mask(br#"{"cabecera":[{"medio":"APP","nombresCliente":"zzsecret"}],"detalle":[{"codPlu":11},{"codPlu":12}]}"#);
    update(&mut state, Event::Answer(Answer::Payload { order: head(1).id(), payload }));
    state
}

#[test]
fn enter_goes_into_the_payload_and_escape_out_of_it_level_by_level() {
    let mut state = opened();
    assert_eq!(Context::of(&state), Context::Detail);
    press(&mut state, &[Action::Open]);
    assert_eq!((Context::of(&state), state.tree.cursor), (Context::Tree, Some(0)));
    press(&mut state, &[Action::Down, Action::Open]);
    assert_eq!((state.tree.cursor, state.tree.folded.contains(&1)), (Some(1), true));
    press(&mut state, &[Action::Down, Action::Fold, Action::Bottom]);
    assert_eq!(state.tree.cursor, Some(5), "over what is folded to the last line");
    press(&mut state, &[Action::Back]);
    assert_eq!((Context::of(&state), state.opened.len()), (Context::Detail, 1));
    assert!(state.tree.folded.contains(&1), "what was folded stays so");
    press(&mut state, &[Action::Back]);
    assert_eq!((state.opened.len(), &state.payload, state.tree.folded.len()), (0, &None, 0));
}

#[test]
fn a_search_takes_the_cursor_along_and_typing_acts_on_nothing_else() {
    let mut state = opened();
    let before = state.clone();
    press(&mut state, &[Action::Search]);
    assert_eq!(state.input_mode(), InputMode::Text);
    write(&mut state, "zzsecret");
    assert_eq!(state.tree.cursor, None, "what is masked is not found");
    update(&mut state, Event::Edit(Edit::Clear));
    write(&mut state, "plu");
    let payload = state.opened_payload().unwrap().clone();
    assert_eq!(state.tree.found(&payload).len(), 2);
    assert_eq!(state.tree.cursor, state.tree.found(&payload).first().copied());
    update(&mut state, Event::Edit(Edit::Submit));
    assert_eq!(state.input_mode(), InputMode::Normal);
    press(&mut state, &[Action::FindNext]);
    assert_eq!(state.tree.cursor, state.tree.found(&payload).last().copied());
    press(&mut state, &[Action::FindNext, Action::FindPrevious]);
    assert_eq!(state.tree.cursor, state.tree.found(&payload).last().copied());
    press(&mut state, &[Action::Back]);
    assert_eq!(state, before, "nothing but the tree had changed");
}

#[test]
fn what_belongs_to_a_payload_does_nothing_elsewhere() {
    for action in [Action::Fold, Action::Unfold, Action::FoldAll, Action::FindNext, Action::FindPrevious] {
        let mut state = console();
        update(&mut state, live(vec![accepted(1)]));
        press(&mut state, &[Action::Show(Screen::Orders)]);
        let before = state.clone();
        press(&mut state, &[action]);
        assert_eq!(state, before, "{}", action.name());
    }
    // While the payload is still awaited there is no tree.
    let mut state = console();
    update(&mut state, live(vec![accepted(1)]));
    press(&mut state, &[Action::Show(Screen::Orders), Action::Open, Action::Open, Action::Search, Action::Fold]);
    assert_eq!((state.opened.as_slice(), state.tree.cursor), ([Opened::Order(head(1).id())].as_slice(), None));
    assert_eq!(state.input_mode(), InputMode::Normal);
}
