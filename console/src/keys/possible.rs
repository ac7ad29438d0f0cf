//! Whether a key makes sense where the person is, as far as more than one binding asks for it.

use super::shape::Context;
use crate::state::dialog::Dialog;
use crate::state::wire::Pane;
use crate::state::{Opened, Screen, State, sort};

/// Whether there is a row to drill into.
pub(super) fn can_open(state: &State) -> bool {
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
pub(super) fn attends(state: &State) -> bool {
    state.screen == Screen::Overview && state.playing.is_none()
}

/// Whether something is searched in the payload that is opened.
pub(super) fn searches(state: &State) -> bool {
    state.opened_payload().is_some() && !state.tree.search.trim().is_empty()
}

/// Whether the person is in a payload, whatever lies on top.
pub(super) fn in_tree(state: &State) -> bool {
    Context::below(state) == Context::Tree
}

/// Whether rows of the table that has the keys are marked.
pub(super) fn has_marks(state: &State) -> bool {
    state.marks().is_some_and(|table| !table.marked.is_empty())
}

/// Whether the table on screen has more orders than one.
pub(super) const fn can_sort(state: &State) -> bool {
    sort::keys(state.screen).len() > 1
}

pub(super) const fn in_list(state: &State) -> bool {
    matches!(state.dialog, Some(Dialog::Columns(_)))
}

pub(super) const fn in_dialog(state: &State) -> bool {
    matches!(state.dialog, Some(Dialog::Confirm(_) | Dialog::PutOff(_) | Dialog::Switch(_)))
}
