//! The palette: one line in which everything can be named, and what fits it.
//!
//! What fits is found when a key is pressed, not when messages come: nothing moves under the cursor.

use contract::{OrderId, StoreId};

use super::notices::Refusal;
use super::{Lang, Screen};
use crate::action::Action;
use crate::operation::Kind;
use crate::text::Msg;
use crate::update::plan::Scope;

/// Characters taken by the palette's line; a filter may stand in it.
pub const LINE_MAX: usize = crate::filter::FILTER_MAX + 20;

/// Most choices kept of all that fit: nobody walks further, one more letter is nearer.
pub const HITS_MAX: usize = 100;

/// The open palette.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Palette {
    /// What is typed.
    pub text: String,
    /// What fits it, best first; at most [`HITS_MAX`].
    pub hits: Vec<Hit>,
    /// The selected one; `None` = the first, whichever that is.
    pub selected: Option<Choice>,
    /// Why what was asked for was not done.
    pub refusal: Option<Refusal>,
}

/// Something that fits what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub choice: Choice,
    /// Whether it makes sense right now; what does not is shown grey and does nothing.
    pub possible: bool,
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A screen, to be shown.
    Screen(Screen),
    /// An action of the table of keys, with its words there: some actions stand in it twice.
    Act(Action, Msg),
    /// An operation, to be prepared for what is chosen or for every row shown.
    Operate(Kind, Scope),
    /// A command, with its argument as far as it is known.
    Command {
        /// Its stable name.
        name: &'static str,
        /// Its argument; `None` while only the command is named.
        argument: Option<String>,
    },
    /// A store, to be opened.
    Store(StoreId),
    /// An order, to be opened.
    Order(OrderId),
}

impl Palette {
    /// Place of the selected choice.
    pub fn position(&self) -> Option<usize> {
        match &self.selected {
            Some(selected) => self.hits.iter().position(|hit| hit.choice == *selected),
            None => (!self.hits.is_empty()).then_some(0),
        }
    }

    /// The selected choice.
    pub fn current(&self) -> Option<&Hit> {
        self.position().and_then(|at| self.hits.get(at))
    }

    /// Moves the selection by `step`, kept within the list.
    pub fn step(&mut self, step: isize) {
        let last = self.hits.len().saturating_sub(1);
        let to = self.position().map_or(0, |at| at.saturating_add_signed(step).min(last));
        self.selected = self.hits.get(to).map(|hit| hit.choice.clone());
    }
}

impl Choice {
    /// What kind of thing it is, in one word.
    pub const fn kind(&self) -> Msg {
        match self {
            Self::Screen(_) => Msg::KindScreen,
            Self::Act(..) => Msg::KindAction,
            Self::Operate(..) => Msg::KindOperation,
            Self::Command { .. } => Msg::KindCommand,
            Self::Store(_) => Msg::KindStore,
            Self::Order(_) => Msg::KindOrder,
        }
    }
}

/// What a command is called and does, for whoever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandWords {
    /// Its name in Spanish; understood whatever the language.
    pub es: &'static str,
    /// Its name in English, the stable one; understood whatever the language.
    pub en: &'static str,
    /// What it does, in a few words.
    pub text: Msg,
    /// What its argument is; `None` when it takes none.
    pub argument: Option<Msg>,
}

impl CommandWords {
    /// Its name in `lang`.
    pub const fn name(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Es => self.es,
            Lang::En => self.en,
        }
    }
}
