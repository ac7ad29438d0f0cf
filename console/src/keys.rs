//! The one table of keys. Dispatch, the footer and help are all made from [`BINDINGS`] and [`EDITS`]; there is no other
//! place where a key means something (stopping by Ctrl-Z apart, which belongs to the terminal: `term.rs`).
//!
//! The dialect is that of k9s, with arrows and hjkl. No single key changes the world: what does opens a dialog first.
//! In a text field keys write; only Ctrl-C still leaves.

mod shape;

use contract::heartbeat::RunState;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

pub use self::shape::{Binding, Context, EditKey, Group, Key};
use crate::action::Action;
use crate::event::{Edit, Event};
use crate::state::dialog::Dialog;
use crate::state::{Opened, Screen, State, columns, sort};
use crate::text::Msg;

use Context::{Buttons, Detail, Help, List, Top, Tree};

const ANYWHERE: &[Context] = &[Top, Detail, Tree, Help, Buttons, List, Context::Text];
const READING: &[Context] = &[Top, Detail, Tree, Help];
const LOOKING: &[Context] = &[Top, Detail, Tree];
const LISTING: &[Context] = &[Top, Detail, Tree, Help, List];

const ALWAYS: fn(&State) -> bool = |_| true;

/// Every key of the console outside of text fields.
pub const BINDINGS: &[Binding] = &[
    show(Screen::Overview, &[Key::char('1')], Msg::TabOverview),
    show(Screen::Orders, &[Key::char('2')], Msg::TabOrders),
    show(Screen::Queues, &[Key::char('3')], Msg::TabQueues),
    show(Screen::NotInjected, &[Key::char('4')], Msg::TabNotInjected),
    show(Screen::Stores, &[Key::char('5')], Msg::TabStores),
    show(Screen::Services, &[Key::char('6')], Msg::TabServices),
    show(Screen::Log, &[Key::char('8')], Msg::TabLog),
    Binding {
        action: Action::NextScreen,
        keys: &[Key::new(KeyCode::Tab), Key::new(KeyCode::Right), Key::char('l')],
        contexts: &[Top, Detail],
        text: Msg::DoNextScreen,
        group: Group::Screens,
        footer: 0,
        possible: ALWAYS,
    },
    Binding {
        action: Action::PreviousScreen,
        keys: &[Key::new(KeyCode::BackTab), Key::new(KeyCode::Left), Key::char('h')],
        contexts: &[Top, Detail],
        text: Msg::DoPreviousScreen,
        group: Group::Screens,
        footer: 0,
        possible: ALWAYS,
    },
    moving(Action::Down, &[Key::new(KeyCode::Down), Key::char('j')], Msg::DoDown),
    moving(Action::Up, &[Key::new(KeyCode::Up), Key::char('k')], Msg::DoUp),
    moving(Action::PageDown, &[Key::new(KeyCode::PageDown), Key::ctrl('f'), Key::ctrl('d')], Msg::DoPageDown),
    moving(Action::PageUp, &[Key::new(KeyCode::PageUp), Key::ctrl('b'), Key::ctrl('u')], Msg::DoPageUp),
    moving(Action::Top, &[Key::char('g'), Key::new(KeyCode::Home)], Msg::DoTop),
    moving(Action::Bottom, &[Key::char('G'), Key::new(KeyCode::End)], Msg::DoBottom),
    Binding {
        action: Action::Open,
        keys: &[Key::new(KeyCode::Enter)],
        contexts: LOOKING,
        text: Msg::DoOpen,
        group: Group::Acting,
        footer: 1,
        possible: can_open,
    },
    Binding {
        action: Action::Back,
        keys: &[Key::new(KeyCode::Esc)],
        contexts: &[Top],
        text: Msg::DoUnfilter,
        group: Group::Acting,
        footer: 2,
        possible: |state| !state.filter_text().is_empty() || has_marks(state),
    },
    Binding {
        action: Action::Back,
        keys: &[Key::new(KeyCode::Esc), Key::char('q'), Key::new(KeyCode::Backspace)],
        contexts: &[Detail, Tree],
        text: Msg::DoBack,
        group: Group::Acting,
        footer: 1,
        possible: |state| !state.opened.is_empty(),
    },
    Binding {
        action: Action::Filter,
        keys: &[Key::char('/')],
        contexts: &[Top],
        text: Msg::DoFilter,
        group: Group::Acting,
        footer: 3,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Palette,
        keys: &[Key::char(':'), Key::ctrl('p')],
        contexts: READING,
        text: Msg::DoPalette,
        group: Group::Acting,
        footer: 6,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Search,
        keys: &[Key::char('/')],
        contexts: &[Detail, Tree],
        text: Msg::DoSearch,
        group: Group::Acting,
        footer: 2,
        possible: |state| state.opened_payload().is_some(),
    },
    Binding {
        action: Action::FindNext,
        keys: &[Key::char('n')],
        contexts: &[Detail, Tree],
        text: Msg::DoFindNext,
        group: Group::Acting,
        footer: 3,
        possible: searches,
    },
    Binding {
        action: Action::FindPrevious,
        keys: &[Key::char('N')],
        contexts: &[Detail, Tree],
        text: Msg::DoFindPrevious,
        group: Group::Acting,
        footer: 0,
        possible: searches,
    },
    Binding {
        action: Action::Fold,
        keys: &[Key::new(KeyCode::Left), Key::char('h')],
        contexts: &[Tree],
        text: Msg::DoFold,
        group: Group::Acting,
        footer: 3,
        possible: in_tree,
    },
    Binding {
        action: Action::Unfold,
        keys: &[Key::new(KeyCode::Right), Key::char('l')],
        contexts: &[Tree],
        text: Msg::DoUnfold,
        group: Group::Acting,
        footer: 4,
        possible: in_tree,
    },
    Binding {
        action: Action::FoldAll,
        keys: &[Key::char('z')],
        contexts: &[Tree],
        text: Msg::DoFoldAll,
        group: Group::Acting,
        footer: 4,
        possible: in_tree,
    },
    Binding {
        action: Action::Details,
        keys: &[Key::char('d')],
        contexts: &[Detail, Tree],
        text: Msg::DoDetails,
        group: Group::Acting,
        footer: 5,
        possible: |state| matches!(state.opened.last(), Some(Opened::Order(_))),
    },
    Binding {
        action: Action::Mark,
        keys: &[Key::char(' ')],
        contexts: &[Top, Detail, List],
        text: Msg::DoMark,
        group: Group::Acting,
        footer: 10,
        possible: |state| state.marks().is_some_and(|table| table.current().is_some()) || in_list(state),
    },
    Binding {
        action: Action::MarkAll,
        keys: &[Key::char('*')],
        contexts: LOOKING,
        text: Msg::DoMarkAll,
        group: Group::Acting,
        footer: 0,
        possible: |state| state.marks().is_some_and(|table| !table.rows.is_empty()),
    },
    Binding {
        action: Action::Unmark,
        keys: &[Key::char('-')],
        contexts: LOOKING,
        text: Msg::DoUnmark,
        group: Group::Acting,
        footer: 0,
        possible: has_marks,
    },
    Binding {
        action: Action::Sort,
        keys: &[Key::char('s')],
        contexts: &[Top],
        text: Msg::DoSort,
        group: Group::Acting,
        footer: 5,
        possible: can_sort,
    },
    Binding {
        action: Action::SortReverse,
        keys: &[Key::char('S')],
        contexts: &[Top],
        text: Msg::DoSortReverse,
        group: Group::Acting,
        footer: 0,
        possible: can_sort,
    },
    Binding {
        action: Action::Columns,
        keys: &[Key::char('c')],
        contexts: &[Top],
        text: Msg::DoColumns,
        group: Group::Acting,
        footer: 0,
        possible: |state| !columns::of(state.screen).is_empty(),
    },
    Binding {
        action: Action::Back,
        keys: &[Key::new(KeyCode::Esc), Key::new(KeyCode::Enter), Key::char('q'), Key::char('c')],
        contexts: &[List],
        text: Msg::DoCloseList,
        group: Group::Acting,
        footer: 1,
        possible: in_list,
    },
    Binding {
        action: Action::Copy,
        keys: &[Key::char('y')],
        contexts: LOOKING,
        text: Msg::DoCopy,
        group: Group::Acting,
        footer: 0,
        possible: |state| state.aimed_id().is_some(),
    },
    Binding {
        action: Action::CopyDetail,
        keys: &[Key::char('Y')],
        contexts: LOOKING,
        text: Msg::DoCopyDetail,
        group: Group::Acting,
        footer: 0,
        possible: |state| state.aimed().is_some(),
    },
    Binding {
        action: Action::Dump,
        keys: &[Key::char('D')],
        contexts: READING,
        text: Msg::DoDump,
        group: Group::Console,
        footer: 0,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Freeze,
        keys: &[Key::char('f')],
        contexts: LOOKING,
        text: Msg::DoFreeze,
        group: Group::Acting,
        footer: 0,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Inject,
        keys: &[Key::char('i')],
        contexts: LOOKING,
        text: Msg::DoInject,
        group: Group::Acting,
        footer: 4,
        possible: |state| state.link.is_up(),
    },
    Binding {
        action: Action::Pause,
        keys: &[Key::char('p')],
        contexts: LOOKING,
        text: Msg::DoPause,
        group: Group::Acting,
        footer: 3,
        possible: |state| instance(state) == Some(RunState::Running),
    },
    Binding {
        action: Action::Resume,
        keys: &[Key::char('r')],
        contexts: LOOKING,
        text: Msg::DoResume,
        group: Group::Acting,
        footer: 3,
        possible: |state| matches!(instance(state), Some(RunState::Paused | RunState::Draining)),
    },
    Binding {
        action: Action::Dismiss,
        keys: &[Key::char('x')],
        contexts: LOOKING,
        text: Msg::DoDismiss,
        group: Group::Console,
        footer: 6,
        possible: |state| !state.notices.shown.is_empty(),
    },
    Binding {
        action: Action::Language,
        keys: &[Key::char('L')],
        contexts: READING,
        text: Msg::DoLanguage,
        group: Group::Console,
        footer: 9,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Utc,
        keys: &[Key::char('u')],
        contexts: READING,
        text: Msg::DoUtc,
        group: Group::Console,
        footer: 0,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Help,
        keys: &[Key::char('?'), Key::new(KeyCode::F(1))],
        contexts: LOOKING,
        text: Msg::DoHelp,
        group: Group::Console,
        footer: 7,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Back,
        keys: &[
            Key::new(KeyCode::Esc),
            Key::char('?'),
            Key::char('q'),
            Key::new(KeyCode::Enter),
            Key::new(KeyCode::F(1)),
        ],
        contexts: &[Help],
        text: Msg::DoCloseHelp,
        group: Group::Console,
        footer: 1,
        possible: |state| state.help,
    },
    Binding {
        action: Action::Quit,
        keys: &[Key::char('q')],
        contexts: &[Top],
        text: Msg::DoQuit,
        group: Group::Console,
        footer: 8,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Quit,
        keys: &[Key::ctrl('c')],
        contexts: ANYWHERE,
        text: Msg::DoQuitAnywhere,
        group: Group::Console,
        footer: 0,
        possible: ALWAYS,
    },
    Binding {
        action: Action::Open,
        keys: &[Key::new(KeyCode::Enter)],
        contexts: &[Buttons],
        text: Msg::DoPress,
        group: Group::Acting,
        footer: 1,
        possible: in_dialog,
    },
    Binding {
        action: Action::FocusNext,
        keys: &[Key::new(KeyCode::Tab), Key::new(KeyCode::Right), Key::char('l')],
        contexts: &[Buttons],
        text: Msg::DoFocusNext,
        group: Group::Acting,
        footer: 2,
        possible: in_dialog,
    },
    Binding {
        action: Action::FocusPrevious,
        keys: &[Key::new(KeyCode::BackTab), Key::new(KeyCode::Left), Key::char('h')],
        contexts: &[Buttons],
        text: Msg::DoFocusPrevious,
        group: Group::Acting,
        footer: 0,
        possible: in_dialog,
    },
    Binding {
        action: Action::Back,
        keys: &[Key::new(KeyCode::Esc), Key::char('q')],
        contexts: &[Buttons],
        text: Msg::DoCancel,
        group: Group::Acting,
        footer: 3,
        possible: in_dialog,
    },
];

const fn show(screen: Screen, keys: &'static [Key], text: Msg) -> Binding {
    Binding {
        action: Action::Show(screen),
        keys,
        contexts: READING,
        text,
        group: Group::Screens,
        footer: 0,
        possible: ALWAYS,
    }
}

const fn moving(action: Action, keys: &'static [Key], text: Msg) -> Binding {
    Binding { action, keys, contexts: LISTING, text, group: Group::Moving, footer: 0, possible: ALWAYS }
}

/// Whether there is a row to drill into.
fn can_open(state: &State) -> bool {
    match state.opened.last() {
        Some(Opened::Queue(_)) => state.entry_table.current().is_some(),
        Some(Opened::Order(_)) => state.opened_payload().is_some(),
        Some(_) => false,
        None => state.table().has_current(),
    }
}

/// What the instance that is looked at is doing, if it could be told something.
fn instance(state: &State) -> Option<RunState> {
    let key = match state.opened.last() {
        Some(Opened::Instance(key)) => key,
        None if state.screen == Screen::Services => state.service_table.current()?,
        _ => return None,
    };
    let instance = state.services.get(key).filter(|instance| !instance.is_silent(state.now))?;
    state.link.is_up().then_some(instance.heartbeat.state)
}

/// Whether something is searched in the payload that is opened.
fn searches(state: &State) -> bool {
    state.opened_payload().is_some() && !state.tree.search.trim().is_empty()
}

/// Whether the person is in a payload, whatever lies on top.
fn in_tree(state: &State) -> bool {
    Context::below(state) == Tree
}

/// Whether rows of the table that has the keys are marked.
fn has_marks(state: &State) -> bool {
    state.marks().is_some_and(|table| !table.marked.is_empty())
}

/// Whether the table on screen has more orders than one.
const fn can_sort(state: &State) -> bool {
    sort::keys(state.screen).len() > 1
}

const fn in_list(state: &State) -> bool {
    matches!(state.dialog, Some(Dialog::Columns(_)))
}

const fn in_dialog(state: &State) -> bool {
    matches!(state.dialog, Some(Dialog::Confirm(_)))
}

/// Every key of text fields that is not a character to be written.
pub const EDITS: &[EditKey] = &[
    EditKey { edit: Edit::Submit, keys: &[Key::new(KeyCode::Enter)], text: Msg::EditSubmit },
    EditKey { edit: Edit::Cancel, keys: &[Key::new(KeyCode::Esc)], text: Msg::EditCancel },
    EditKey { edit: Edit::Complete, keys: &[Key::new(KeyCode::Tab)], text: Msg::EditComplete },
    EditKey { edit: Edit::Next, keys: &[Key::new(KeyCode::Down), Key::ctrl('n')], text: Msg::EditNext },
    EditKey {
        edit: Edit::Previous,
        keys: &[Key::new(KeyCode::BackTab), Key::new(KeyCode::Up), Key::ctrl('p')],
        text: Msg::EditPrevious,
    },
    EditKey { edit: Edit::Forward, keys: &[Key::new(KeyCode::Right)], text: Msg::EditForward },
    EditKey { edit: Edit::Backward, keys: &[Key::new(KeyCode::Left)], text: Msg::EditBackward },
    EditKey { edit: Edit::Backspace, keys: &[Key::new(KeyCode::Backspace), Key::ctrl('h')], text: Msg::EditBackspace },
    EditKey { edit: Edit::Clear, keys: &[Key::ctrl('u')], text: Msg::EditClear },
];

/// What the table offers on screens and in details, each with whether it makes sense where the person is, whatever is
/// being typed on top of it.
pub fn offered(state: &State) -> impl Iterator<Item = (&'static Binding, bool)> {
    let here = Context::below(state);
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
    let context = Context::of(state);
    let pressed = Key::of(key);
    if let Some(binding) = BINDINGS.iter().find(|b| b.contexts.contains(&context) && b.keys.contains(&pressed)) {
        return Some(Event::Action(binding.action));
    }
    if context != Context::Text {
        return None;
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
    if Context::of(state) != Context::Text {
        return Vec::new();
    }
    let plain = text.chars().filter(|c| !c.is_control()).take(crate::state::dialog::FIELD_MAX);
    plain.map(|c| Event::Edit(Edit::Insert(c))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use contract::UtcMs;

    use super::*;
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
