//! Marks, and the list of columns that is marked the same way.

use contract::StoreId;

use super::rows;
use crate::action::Action;
use crate::state::dialog::Columns;
use crate::state::{Dialog, Notice, Opened, OrderState, State, Tone, columns};

/// Marks the selected row, or takes its mark away, and steps down.
pub(super) fn mark(state: &mut State) {
    let Some(table) = state.marking() else { return };
    let room = table.toggle_mark();
    table.step(1);
    tell(state, room);
}

/// Marks every row that is shown.
pub(super) fn mark_all(state: &mut State) {
    let Some(table) = state.marking() else { return };
    let room = table.mark_shown();
    tell(state, room);
}

/// Takes all marks away; tells whether there were any.
pub(super) fn unmark(state: &mut State) -> bool {
    let Some(table) = state.marking() else { return false };
    let any = !table.marked.is_empty();
    table.marked.clear();
    any
}

fn tell(state: &mut State, room: bool) {
    if !room {
        state.notices.post(state.now, Tone::Bad, Notice::MarksFull);
    }
}

/// Drops marks of orders that are no longer what their table lists, and says so: a mark that is not seen must not be
/// acted on.
pub(super) fn settle(state: &mut State) {
    let State { orders, order_table, case_table, entry_table, opened, .. } = state;
    let mut gone = order_table.drop_marks(|id| orders.get(id).is_some());
    gone += case_table.drop_marks(|id| orders.get(id).is_some_and(|order| order.state() == OrderState::NotInjected));
    let queue = opened.iter().find_map(|opened| match opened {
        Opened::Queue(store) => Some(*store),
        _ => None,
    });
    match queue {
        Some(store) => gone += entry_table.drop_marks(|id| waits(orders, id, store)),
        // Marks of a queue that was left are nobody's.
        None => entry_table.marked.clear(),
    }
    if gone > 0 {
        state.notices.post(state.now, Tone::Bad, Notice::MarksGone(gone));
    }
}

fn waits(orders: &crate::state::Orders, id: &contract::OrderId, store: StoreId) -> bool {
    id.store == store && orders.get(id).is_some_and(|order| !order.state().is_final())
}

/// Opens the list of columns.
pub(super) fn open_columns(state: &mut State) {
    if let Some(second) = columns::of(state.screen).get(1) {
        state.dialog = Some(Dialog::Columns(Columns { at: *second }));
    }
}

/// A key while the list of columns is open.
pub(super) fn choose(state: &mut State, action: Action) {
    let Some(Dialog::Columns(open)) = &mut state.dialog else { return };
    let all = columns::of(state.screen);
    let at = all.iter().position(|column| *column == open.at).unwrap_or(0);
    let to = match action {
        Action::Down => at.saturating_add(1),
        Action::Up => at.saturating_sub(1),
        Action::Bottom | Action::PageDown => usize::MAX,
        Action::Top | Action::PageUp => 0,
        Action::Mark => {
            let column = open.at;
            // The first column says what a row is about.
            if at > 0 {
                let hidden = state.table_mut().hidden_mut();
                match hidden.iter().position(|known| *known == column) {
                    Some(place) => drop(hidden.remove(place)),
                    None => hidden.push(column),
                }
            }
            return rows::follow(state);
        }
        _ => return,
    };
    if let Some(column) = all.get(to.min(all.len().saturating_sub(1))) {
        open.at = *column;
    }
}
