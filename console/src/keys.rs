//! The one table of keys. Dispatch, the footer and help are all made from [`BINDINGS`] and [`EDITS`]; there is no other
//! place where a key means something (stopping by Ctrl-Z apart, which belongs to the terminal: `term.rs`). A person may
//! give actions other keys: [`KeyMap`] is the table with those in it, and what counts.
//!
//! The dialect is that of k9s, with arrows and hjkl. No single key changes the world: what does opens a dialog first.
//! In a text field keys write; only Ctrl-C still leaves.

mod dispatch;
mod map;
mod shape;

use crossterm::event::KeyCode;

pub use self::dispatch::{event, offered, paste};
pub use self::map::{Chord, Clash, KEYS_MAX, KeyMap, Preset};
pub use self::shape::{Binding, Context, EditKey, Group, Key};
use crate::action::Action;
use crate::event::Edit;
use crate::state::dialog::Dialog;
use crate::state::jobs::Job;
use crate::state::wire::Pane;
use crate::state::{Listed as _, Opened, Screen, State, columns, sort};
use crate::text::Msg;
use crate::update::plan::can_prepare;

use Context::{Buttons, Detail, Help, List, Top, Tree};

const ANYWHERE: &[Context] = &[Top, Detail, Tree, Help, Buttons, List, Context::Text];
const READING: &[Context] = &[Top, Detail, Tree, Help];
const LOOKING: &[Context] = &[Top, Detail, Tree];
const LISTING: &[Context] = &[Top, Detail, Tree, Help, List];

const ALWAYS: fn(&State) -> bool = |_| true;

/// Every key of the console outside of text fields.
pub static BINDINGS: &[Binding] = &[
    show(Screen::Overview, &[Key::char('1')], Msg::TabOverview),
    show(Screen::Orders, &[Key::char('2')], Msg::TabOrders),
    show(Screen::Queues, &[Key::char('3')], Msg::TabQueues),
    show(Screen::NotInjected, &[Key::char('4')], Msg::TabNotInjected),
    show(Screen::Stores, &[Key::char('5')], Msg::TabStores),
    show(Screen::Services, &[Key::char('6')], Msg::TabServices),
    show(Screen::Bus, &[Key::char('7')], Msg::TabBus),
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
        action: Action::Pane,
        keys: &[Key::char('v')],
        contexts: &[Top],
        text: Msg::DoPane,
        group: Group::Acting,
        footer: 2,
        possible: |state| state.screen == Screen::Bus,
    },
    Binding {
        action: Action::Tail,
        keys: &[Key::char('t')],
        contexts: &[Top],
        text: Msg::DoTail,
        group: Group::Acting,
        footer: 2,
        possible: |state| {
            let wire = &state.wire;
            state.screen == Screen::Bus && wire.pane == Pane::Subjects && wire.subject_table.current().is_some()
        },
    },
    replaying(Action::PlayPause, &[Key::char(' ')], Msg::DoPlayPause, |state| state.playing.is_some()),
    replaying(Action::Faster, &[Key::char('+')], Msg::DoFaster, |state| state.playing.is_some()),
    replaying(Action::Slower, &[Key::char('-')], Msg::DoSlower, |state| state.playing.is_some()),
    replaying(Action::Live, &[Key::new(KeyCode::Esc)], Msg::DoLive, |state| {
        state.is_from_streams() && state.opened.is_empty() && state.filter_text().is_empty() && !has_marks(state)
    }),
    operating(Action::Inject, &[Key::char('i')], Msg::DoInject, 4, |state| can_prepare(state, Action::Inject)),
    operating(Action::Pause, &[Key::char('p')], Msg::DoPause, 3, |state| can_prepare(state, Action::Pause)),
    operating(Action::Resume, &[Key::char('r')], Msg::DoResume, 3, |state| can_prepare(state, Action::Resume)),
    operating(Action::Reinject, &[Key::char('R')], Msg::DoReinject, 3, |state| can_prepare(state, Action::Reinject)),
    operating(Action::Edit, &[Key::char('E')], Msg::DoEdit, 8, |state| can_prepare(state, Action::Edit)),
    operating(Action::Solve, &[Key::char('X')], Msg::DoSolve, 8, |state| can_prepare(state, Action::Solve)),
    operating(Action::Release, &[Key::char('K')], Msg::DoRelease, 8, |state| can_prepare(state, Action::Release)),
    operating(Action::Ping, &[Key::char('P')], Msg::DoPing, 0, |state| can_prepare(state, Action::Ping)),
    operating(Action::Reveal, &[Key::char('V')], Msg::DoReveal, 8, |state| {
        state.revealed().is_some() || can_prepare(state, Action::Reveal)
    }),
    Binding {
        action: Action::Jobs,
        keys: &[Key::char('J')],
        contexts: LOOKING,
        text: Msg::DoJobs,
        group: Group::Acting,
        footer: 0,
        possible: |state| state.jobs.last().is_some(),
    },
    Binding {
        action: Action::CancelJob,
        keys: &[Key::char('C')],
        contexts: &[Detail],
        text: Msg::DoCancelJob,
        group: Group::Acting,
        footer: 2,
        possible: |state| match state.opened.last() {
            Some(Opened::Job(id)) => state.jobs.get(*id).is_some_and(Job::can_be_cancelled),
            _ => false,
        },
    },
    Binding {
        action: Action::Acknowledge,
        keys: &[Key::char('a')],
        contexts: &[Top],
        text: Msg::DoAcknowledge,
        group: Group::Acting,
        footer: 3,
        possible: |state| attends(state) && state.attention_table.has_current(),
    },
    Binding {
        action: Action::PutOff,
        keys: &[Key::char('z')],
        contexts: &[Top],
        text: Msg::DoPutOff,
        group: Group::Acting,
        footer: 8,
        possible: |state| attends(state) && (state.attention_table.has_current() || state.handled.hidden() > 0),
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
        action: Action::Theme,
        keys: &[Key::char('T')],
        contexts: READING,
        text: Msg::DoTheme,
        group: Group::Console,
        footer: 0,
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
        action: Action::Mouse,
        keys: &[Key::char('m')],
        contexts: READING,
        text: Msg::DoMouse,
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
        keys: &[Key::new(KeyCode::Tab), Key::new(KeyCode::Right), Key::new(KeyCode::Down), Key::char('l')],
        contexts: &[Buttons],
        text: Msg::DoFocusNext,
        group: Group::Acting,
        footer: 2,
        possible: in_dialog,
    },
    Binding {
        action: Action::FocusPrevious,
        keys: &[Key::new(KeyCode::BackTab), Key::new(KeyCode::Left), Key::new(KeyCode::Up), Key::char('h')],
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

/// What prepares an operation: whether it makes sense, the operation itself tells.
const fn operating(
    action: Action,
    keys: &'static [Key],
    text: Msg,
    footer: u8,
    possible: fn(&State) -> bool,
) -> Binding {
    Binding { action, keys, contexts: LOOKING, text, group: Group::Acting, footer, possible }
}

const fn replaying(action: Action, keys: &'static [Key], text: Msg, possible: fn(&State) -> bool) -> Binding {
    Binding { action, keys, contexts: &[Context::Replay], text, group: Group::Acting, footer: 1, possible }
}

/// Whether there is a row to drill into.
fn can_open(state: &State) -> bool {
    match state.opened.last() {
        Some(Opened::Queue(_)) => state.entry_table.current().is_some(),
        Some(Opened::Jobs) => state.jobs.table.current().is_some(),
        Some(Opened::Order(_)) => state.opened_payload().is_some(),
        Some(_) => false,
        // Of a client there is no more to be told.
        None if state.screen == Screen::Bus && state.wire.pane == Pane::Clients => false,
        None => state.table().has_current(),
    }
}

/// Whether the list of what needs a person is on screen, that of the present.
fn attends(state: &State) -> bool {
    state.screen == Screen::Overview && state.playing.is_none()
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
    matches!(state.dialog, Some(Dialog::Confirm(_) | Dialog::PutOff(_) | Dialog::Switch(_)))
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
