//! What a plan needs to be told before there is anything to preview: the end of a pause, a level, a resolver, a record.

use contract::StoreId;

use super::dialog::FIELD_MAX;
use super::notices::Refusal;
use super::services::InstanceKey;
use crate::text::Msg;

/// Choices of a field: resolvers of a deployment, or levels.
pub const CHOICES_MAX: usize = 64;

/// What the form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The level of this instance's log.
    LogLevel(InstanceKey),
    /// The resolver that is to serve this store.
    Move(StoreId),
    /// The end of this store's pause.
    PauseStore(StoreId),
    /// The record of a new store, or of this one.
    Store(Option<StoreId>),
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What it is, for people.
    pub name: Msg,
    /// What is in it.
    pub value: Value,
}

/// What is in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text as typed, at most [`FIELD_MAX`] characters unless the field says otherwise.
    Text {
        /// The text.
        text: String,
        /// Most characters.
        max: usize,
    },
    /// One of several.
    Choice {
        /// All of them, at most [`CHOICES_MAX`].
        all: Vec<String>,
        /// Place of the chosen one.
        at: usize,
    },
    /// Something that cannot be changed here.
    Fixed(String),
}

/// An open form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What it is for.
    pub purpose: Purpose,
    /// Its fields; at least one can be changed.
    pub fields: Vec<Field>,
    /// Place of the field that has the focus.
    pub focus: usize,
    /// What is wrong with it, after an attempt to go on.
    pub refusal: Option<Refusal>,
}

impl Field {
    /// A text of at most [`FIELD_MAX`] characters.
    pub const fn text(name: Msg, text: String) -> Self {
        Self::long(name, text, FIELD_MAX)
    }

    /// A text of at most `max` characters.
    pub const fn long(name: Msg, text: String, max: usize) -> Self {
        Self { name, value: Value::Text { text, max } }
    }

    /// What is in it, as text.
    pub fn content(&self) -> &str {
        match &self.value {
            Value::Text { text, .. } | Value::Fixed(text) => text,
            Value::Choice { all, at } => all.get(*at).map_or("", String::as_str),
        }
    }
}

impl Form {
    /// A form whose first field that can be changed has the focus.
    pub fn new(purpose: Purpose, fields: Vec<Field>) -> Self {
        let focus = fields.iter().position(|field| !matches!(field.value, Value::Fixed(_))).unwrap_or(0);
        Self { purpose, fields, focus, refusal: None }
    }

    /// What is in the field called `name`.
    pub fn content(&self, name: Msg) -> &str {
        self.fields.iter().find(|field| field.name == name).map_or("", Field::content).trim()
    }

    /// Moves the focus by so many fields, round and round, past those that cannot be changed.
    pub fn turn(&mut self, forward: bool) {
        let count = self.fields.len().max(1);
        for _ in 0..count {
            let to = if forward { self.focus + 1 } else { self.focus + count - 1 };
            self.focus = to % count;
            if self.fields.get(self.focus).is_some_and(|field| !matches!(field.value, Value::Fixed(_))) {
                return;
            }
        }
    }
}
