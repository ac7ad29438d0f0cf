//! Keys mean the row that a person sees selected. In a table where nobody has moved that is the first one, and what has come
//! since the last frame may have put another one there.

use crate::action::Action;
use crate::effect::Effect;
use crate::state::{InputMode, State};

/// A frame was drawn; its text can be scrolled down by so many rows.
pub(super) fn drawn(state: &mut State, reach: u16) -> Vec<Effect> {
    state.scroll = state.scroll.min(reach);
    state.seen_first = state.keyed_table().untouched();
    Vec::new()
}

/// What `action` is to mean, after what was drawn last: the row that was the first one then is selected if another one is by
/// now. `false` when that row is no longer there: then nothing is meant that is.
pub(super) fn aim(state: &mut State, action: Action) -> bool {
    let seen = state.seen_first.take();
    let Some(seen) = seen.filter(|_| means_row(action) && state.input_mode() == InputMode::Normal) else { return true };
    match state.keyed_table().untouched() {
        Some(first) if first != seen => {
            state.keyed_table_mut().select_row(&seen);
            let selected = state.keyed_table().untouched().is_none();
            // The next frame shows what is there instead.
            if !selected {
                state.seen_first = Some(seen);
            }
            selected
        }
        _ => {
            state.seen_first = Some(seen);
            true
        }
    }
}

/// Whether an action is about the selected row, or goes from it to another.
const fn means_row(action: Action) -> bool {
    matches!(
        action,
        Action::Open
            | Action::Down
            | Action::Up
            | Action::PageDown
            | Action::PageUp
            | Action::Mark
            | Action::Copy
            | Action::CopyDetail
            | Action::Pause
            | Action::Resume
            | Action::Reinject
            | Action::Edit
            | Action::Solve
            | Action::Release
            | Action::Ping
            | Action::Tail
            | Action::Acknowledge
            | Action::PutOff
    )
}
