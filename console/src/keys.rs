//! The one table of keys. Dispatch, the footer and help are all made from [`BINDINGS`] and [`EDITS`]; there is no other
//! place where a key means something (stopping by Ctrl-Z apart, which belongs to the terminal: `term.rs`). A person may
//! give actions other keys: [`KeyMap`] is the table with those in it, and what counts.
//!
//! The dialect is that of k9s, with arrows and hjkl. No single key changes the world: what does opens a dialog first.
//! In a text field keys write; only Ctrl-C still leaves.

mod bindings;
mod dispatch;
mod map;
mod possible;
mod shape;

use crossterm::event::KeyCode;

pub use self::bindings::BINDINGS;
pub use self::dispatch::{event, offered, paste};
pub use self::map::{Chord, Clash, KEYS_MAX, KeyMap, Preset};
pub use self::shape::{Binding, Context, EditKey, Group, Key};
use crate::event::Edit;
use crate::text::Msg;

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
