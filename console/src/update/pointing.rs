//! The mouse: it moves and selects, and never acts. Over fields and dialogs it does nothing at all.

use super::{input, rows};
use crate::action::Action;
use crate::state::pointing::{Mouse, Pointed, Spot};
use crate::state::{InputMode, Notice, State, Tone};

/// Rows that one notch of the wheel moves.
const WHEEL_ROWS: usize = 3;

/// Takes what the mouse did.
pub(super) fn take(state: &mut State, pointed: &Pointed) {
    if state.input_mode() != InputMode::Normal {
        return;
    }
    match pointed {
        Pointed::WheelDown => turn(state, Action::Down),
        Pointed::WheelUp => turn(state, Action::Up),
        Pointed::Click(_) if state.help => {}
        Pointed::Click(Spot::Tab(screen)) => drop(input::action(state, Action::Show(*screen))),
        Pointed::Click(Spot::Row(row)) => {
            state.keyed_table_mut().select_row(row);
            rows::follow(state);
        }
    }
}

fn turn(state: &mut State, action: Action) {
    for _ in 0..WHEEL_ROWS {
        input::action(state, action);
    }
}

/// Takes the mouse, or leaves it to the terminal again.
pub(super) fn toggle(state: &mut State) {
    state.mouse = Mouse::of(!state.mouse.is_ours());
    state.notices.post(state.now, Tone::Info, Notice::Mouse(state.mouse));
}
