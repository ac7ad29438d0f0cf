//! What the table of keys is made of: keys, where they count, what they ask for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::action::Action;
use crate::event::Edit;
use crate::state::{InputMode, State};
use crate::text::Msg;

/// Where a person is, as far as keys are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// On a screen.
    Top,
    /// In a detail that was drilled into.
    Detail,
    /// In the payload of an opened order.
    Tree,
    /// Reading help.
    Help,
    /// In a dialog with buttons.
    Buttons,
    /// In a dialog with a list of choices.
    List,
    /// In a text field.
    Text,
    /// On a screen or in a detail of the past; what is bound here comes before what is bound there.
    Replay,
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Top, Self::Detail, Self::Tree, Self::Help, Self::Buttons, Self::List, Self::Text, Self::Replay];

    /// Where the person is now.
    pub fn of(state: &State) -> Self {
        match state.input_mode() {
            InputMode::Text => Self::Text,
            InputMode::Buttons => Self::Buttons,
            InputMode::List => Self::List,
            InputMode::Normal if state.help => Self::Help,
            InputMode::Normal => Self::below(state),
        }
    }

    /// Where the person is below whatever lies on top: help, a dialog, a field.
    pub fn below(state: &State) -> Self {
        match (state.opened.is_empty(), state.opened_payload()) {
            (true, _) => Self::Top,
            (false, Some(_)) if state.tree.cursor.is_some() => Self::Tree,
            (false, _) => Self::Detail,
        }
    }
}

/// A key with its modifiers. Shift is not one of them: it shows in the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub(super) code: KeyCode,
    pub(super) modifiers: KeyModifiers,
}

impl Key {
    /// A key without modifiers.
    pub const fn new(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    /// A character.
    pub const fn char(c: char) -> Self {
        Self::new(KeyCode::Char(c))
    }

    /// A character with Ctrl.
    pub const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), modifiers: KeyModifiers::CONTROL }
    }

    /// The key that was pressed.
    pub fn of(event: KeyEvent) -> Self {
        Self { code: event.code, modifiers: event.modifiers.difference(KeyModifiers::SHIFT) }
    }

    /// As it is printed on the keyboard; `ascii` spells arrows out.
    pub fn name(self, ascii: bool) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Esc => "Esc".to_owned(),
            KeyCode::BackTab => "S-Tab".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::Up if !ascii => "↑".to_owned(),
            KeyCode::Down if !ascii => "↓".to_owned(),
            KeyCode::Left if !ascii => "←".to_owned(),
            KeyCode::Right if !ascii => "→".to_owned(),
            code => code.to_string(),
        };
        if self.modifiers.contains(KeyModifiers::CONTROL) { format!("Ctrl-{}", name.to_uppercase()) } else { name }
    }
}

/// Part of help that an action stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Going from screen to screen.
    Screens,
    /// Moving on a screen.
    Moving,
    /// Looking closer, and acting.
    Acting,
    /// The console itself.
    Console,
}

impl Group {
    /// All of them, in help's order.
    pub const ALL: [Self; 4] = [Self::Screens, Self::Moving, Self::Acting, Self::Console];

    /// Its name.
    pub const fn title(self) -> Msg {
        match self {
            Self::Screens => Msg::GroupScreens,
            Self::Moving => Msg::GroupMoving,
            Self::Acting => Msg::GroupActing,
            Self::Console => Msg::GroupConsole,
        }
    }
}

/// One action with the keys that ask for it.
pub struct Binding {
    /// What is asked for.
    pub action: Action,
    /// Each of these keys; the first one is shown in the footer.
    pub keys: &'static [Key],
    /// Where they do.
    pub contexts: &'static [Context],
    /// What it does, in a few words.
    pub text: Msg,
    /// Part of help.
    pub group: Group,
    /// Place in the footer: the smaller the earlier; 0 = not there.
    pub footer: u8,
    /// Whether it makes sense right now. What does not is left out of the footer and greyed in help.
    pub possible: fn(&State) -> bool,
}

/// One edit of a text field with the keys that make it.
pub struct EditKey {
    /// What it does to the text.
    pub edit: Edit,
    /// Each of these keys.
    pub keys: &'static [Key],
    /// What it does, in a few words.
    pub text: Msg,
}
