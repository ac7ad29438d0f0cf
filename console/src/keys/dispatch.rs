//! What keys and pasted text mean where the person is.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::bindings::LOOKING;
use super::{BINDINGS, Binding, Chord, Context, EDITS, Key};
use crate::event::{Edit, Event};
use crate::state::State;

use Context::{Detail, Top};

/// What the table offers on screens and in details, each with whether it makes sense where the person is, whatever is
/// being typed on top of it.
pub fn offered(state: &State) -> impl Iterator<Item = (&'static Binding, bool)> {
    let here = if state.opened.is_empty() { Top } else { Detail };
    BINDINGS
        .iter()
        // What works in a text field as well needs no other way to it.
        .filter(|binding| !binding.contexts.contains(&Context::Text))
        .filter(|binding| binding.contexts.iter().any(|context| LOOKING.contains(context)))
        .map(move |binding| (binding, binding.contexts.contains(&here) && (binding.possible)(state)))
}

/// What a key means where the person is; nothing when it is not bound there.
pub fn event(state: &State, key: KeyEvent) -> Option<Event> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let state = state.shown();
    let context = Context::of(state);
    let pressed = Key::of(key);
    let past = |binding: &Binding| binding.contexts.contains(&Context::Replay) && (binding.possible)(state);
    let chord = Chord { key: pressed, then: None };
    if LOOKING.contains(&context)
        && let Some((binding, _)) =
            state.settings.keys.iter().find(|(binding, keys)| past(binding) && keys.contains(&chord))
    {
        return Some(Event::Action(binding.action));
    }
    let first = state.begun.map(|(key, _)| key);
    let here = || state.settings.keys.iter().filter(|(binding, _)| binding.contexts.contains(&context));
    let bound = |chord: Chord| here().find(|(_, keys)| keys.contains(&chord)).map(|(binding, _)| binding.action);
    let second = first.and_then(|key| bound(Chord { key, then: Some(pressed) }));
    if let Some(action) = second.or_else(|| bound(Chord { key: pressed, then: None })) {
        return Some(Event::Action(action));
    }
    if here().any(|(_, keys)| keys.iter().any(|chord| chord.key == pressed && chord.then.is_some())) {
        return Some(Event::Begun(Some(pressed)));
    }
    if context != Context::Text {
        // Whatever else is pressed ends what was begun.
        return first.map(|_| Event::Begun(None));
    }
    if let Some(edit) = EDITS.iter().find(|edit| edit.keys.contains(&pressed)) {
        return Some(Event::Edit(edit.edit));
    }
    match pressed {
        Key { code: KeyCode::Char(c), modifiers: KeyModifiers::NONE } => Some(Event::Edit(Edit::Insert(c))),
        _ => None,
    }
}

/// What pasted text means: characters for the field that has the focus; nothing elsewhere, for pasting must not act.
pub fn paste(state: &State, text: &str) -> Vec<Event> {
    if Context::of(state.shown()) != Context::Text {
        return Vec::new();
    }
    let plain = text.chars().filter(|c| !c.is_control()).take(crate::state::dialog::FIELD_MAX);
    plain.map(|c| Event::Edit(Edit::Insert(c))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use contract::UtcMs;

    use super::super::{KeyMap, Preset};
    use super::*;
    use crate::action::Action;
    use crate::text::Lang;

    fn state() -> State {
        State::new(UtcMs::from_millis(0), Lang::Es, 1)
    }

    fn press(state: &State, code: KeyCode, modifiers: KeyModifiers) -> Option<Event> {
        event(state, KeyEvent::new(code, modifiers))
    }

    #[test]
    fn no_key_means_two_things_in_one_context() {
        let mut taken: HashMap<(Context, Key), &str> = HashMap::new();
        for binding in BINDINGS {
            assert!(!binding.keys.is_empty() && !binding.contexts.is_empty(), "{}", binding.action.name());
            for context in binding.contexts {
                for key in binding.keys {
                    let before = taken.insert((*context, *key), binding.action.name());
                    assert_eq!(before, None, "{} in {context:?}", key.name(true));
                }
            }
        }
        for edit in EDITS {
            for key in edit.keys {
                let before = taken.insert((Context::Text, *key), "edit");
                assert_eq!(before, None, "{} in a text field", key.name(true));
            }
        }
    }

    #[test]
    fn every_action_has_a_key_and_words() {
        for action in Action::ALL {
            let binding = BINDINGS.iter().find(|binding| binding.action == action);
            let binding = binding.unwrap_or_else(|| panic!("{} has no key", action.name()));
            assert!(Lang::ALL.iter().all(|lang| !lang.t(binding.text).is_empty()));
        }
    }

    #[test]
    fn in_a_text_field_characters_are_written_and_nothing_acts() {
        let mut state = state();
        state.filtering = true;
        for c in ['q', '1', '/', '?', 'i', 'p', 'L', 'ñ'] {
            assert_eq!(press(&state, KeyCode::Char(c), KeyModifiers::NONE), Some(Event::Edit(Edit::Insert(c))));
        }
        assert_eq!(press(&state, KeyCode::Char('Q'), KeyModifiers::SHIFT), Some(Event::Edit(Edit::Insert('Q'))));
        assert_eq!(press(&state, KeyCode::Char('p'), KeyModifiers::ALT), None);
        assert_eq!(press(&state, KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Event::Action(Action::Quit)));
    }

    #[test]
    fn q_leaves_only_from_the_top() {
        let mut state = state();
        assert_eq!(press(&state, KeyCode::Char('q'), KeyModifiers::NONE), Some(Event::Action(Action::Quit)));
        state.help = true;
        assert_eq!(press(&state, KeyCode::Char('q'), KeyModifiers::NONE), Some(Event::Action(Action::Back)));
    }

    #[test]
    fn pasting_writes_into_a_field_and_does_nothing_elsewhere() {
        let mut state = state();
        assert_eq!(paste(&state, "q"), []);
        state.filtering = true;
        assert_eq!(paste(&state, "a\u{1b}b\n"), [Event::Edit(Edit::Insert('a')), Event::Edit(Edit::Insert('b'))]);
    }

    #[test]
    fn two_keys_one_after_the_other_are_one() {
        let mut state = state();
        state.settings.keys = KeyMap::build(Preset::Vim, &std::collections::BTreeMap::new()).unwrap();
        let g = Key::char('g');
        assert_eq!(press(&state, KeyCode::Char('g'), KeyModifiers::NONE), Some(Event::Begun(Some(g))));
        state.begun = Some((g, state.now));
        assert_eq!(press(&state, KeyCode::Char('g'), KeyModifiers::NONE), Some(Event::Action(Action::Top)));
        assert_eq!(press(&state, KeyCode::Char('T'), KeyModifiers::SHIFT), Some(Event::Action(Action::PreviousScreen)));
        // What makes no pair with it means what it always does; what means nothing ends it.
        assert_eq!(press(&state, KeyCode::Char('j'), KeyModifiers::NONE), Some(Event::Action(Action::Down)));
        assert_eq!(press(&state, KeyCode::Char('%'), KeyModifiers::NONE), Some(Event::Begun(None)));
        state.filtering = true;
        assert_eq!(press(&state, KeyCode::Char('g'), KeyModifiers::NONE), Some(Event::Edit(Edit::Insert('g'))));
    }

    #[test]
    fn a_key_of_ones_own_counts_and_the_tables_no_more() {
        let mut state = state();
        let own = [("freeze".to_owned(), vec!["F".to_owned()])].into();
        state.settings.keys = KeyMap::build(Preset::Default, &own).unwrap();
        assert_eq!(press(&state, KeyCode::Char('F'), KeyModifiers::SHIFT), Some(Event::Action(Action::Freeze)));
        assert_eq!(press(&state, KeyCode::Char('f'), KeyModifiers::NONE), None);
    }

    #[test]
    fn releasing_a_key_does_nothing() {
        let mut key = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        key.kind = KeyEventKind::Release;
        assert_eq!(event(&state(), key), None);
    }

    #[test]
    fn keys_have_the_names_on_the_keyboard() {
        assert_eq!(Key::ctrl('c').name(false), "Ctrl-C");
        assert_eq!(Key::new(KeyCode::Up).name(false), "↑");
        assert_eq!(Key::new(KeyCode::Up).name(true), "Up");
        assert_eq!(Key::new(KeyCode::F(1)).name(true), "F1");
    }
}
