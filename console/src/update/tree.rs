//! Keys in the payload of the opened order.

use crate::action::Action;
use crate::event::Edit;
use crate::mask::Masked;
use crate::state::tree::{SEARCH_MAX, Tree};
use crate::state::{Opened, Payload, State};

/// The payload of the order that is opened on top and its tree, when it is shown.
fn opened(state: &mut State) -> Option<(&Masked, &mut Tree)> {
    let Some(Opened::Order(id)) = state.opened.last() else { return None };
    match &state.payload {
        Some((of, Payload::Shown(payload))) if of == id && !payload.lines.is_empty() => {
            Some((payload, &mut state.tree))
        }
        _ => None,
    }
}

/// Does what a key asks for in the tree. `false` when it is not the tree's business.
pub(super) fn action(state: &mut State, action: Action, page: isize) -> bool {
    let Some((payload, tree)) = opened(state) else { return false };
    // Into the tree: by Enter, or by searching.
    match action {
        Action::Open if tree.cursor.is_none() => {
            tree.cursor = Some(0);
            return true;
        }
        Action::Search => {
            tree.searching = true;
            tree.search.clear();
            return true;
        }
        Action::FindNext | Action::FindPrevious => {
            tree.go(payload, action == Action::FindNext, false);
            return true;
        }
        _ if tree.cursor.is_none() => return false,
        _ => {}
    }
    match action {
        Action::Open => tree.toggle(payload),
        Action::Fold => tree.fold(payload),
        Action::Unfold => tree.unfold(),
        Action::FoldAll => tree.toggle_all(payload),
        Action::Down => tree.step(payload, 1),
        Action::Up => tree.step(payload, -1),
        Action::PageDown => tree.step(payload, page),
        Action::PageUp => tree.step(payload, -page),
        Action::Top => tree.step(payload, isize::MIN),
        Action::Bottom => tree.step(payload, isize::MAX),
        _ => return false,
    }
    true
}

/// Leaves the tree, its search included; tells whether the person was in it.
pub(super) fn leave(state: &mut State) -> bool {
    let Some((_, tree)) = opened(state) else { return false };
    tree.search.clear();
    tree.searching = false;
    tree.cursor.take().is_some()
}

/// A key while a search is written: the cursor goes along.
pub(super) fn edit(state: &mut State, edit: Edit) {
    let Some((payload, tree)) = opened(state) else {
        state.tree.searching = false;
        return;
    };
    match edit {
        Edit::Insert(c) if !c.is_control() && tree.search.chars().count() < SEARCH_MAX => tree.search.push(c),
        Edit::Backspace => drop(tree.search.pop()),
        Edit::Clear => tree.search.clear(),
        Edit::Next | Edit::Previous => return tree.go(payload, edit == Edit::Next, false),
        Edit::Submit => return tree.searching = false,
        Edit::Cancel => {
            tree.searching = false;
            tree.search.clear();
            return;
        }
        _ => return,
    }
    tree.go(payload, true, true);
}
