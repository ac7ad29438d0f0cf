//! The overview's list: acknowledging an item, and putting one off by a dialog.

use super::input::refuse;
use crate::action::Action;
use crate::state::dialog::{Dialog, PutOff, PutOffButton};
use crate::state::{Refusal, Screen, State, attention};

/// The item that the cursor is on.
fn current(state: &State) -> Option<&attention::Item> {
    let on_list = state.screen == Screen::Overview && state.opened.is_empty();
    let subject = state.attention_table.current().filter(|_| on_list)?;
    state.attention.iter().find(|item| item.subject == *subject)
}

/// Acknowledges the selected item, or takes that back.
pub(super) fn acknowledge(state: &mut State) {
    if state.playing.is_some() {
        return refuse(state, Refusal::Replaying);
    }
    let Some(item) = current(state).cloned() else { return };
    // The cursor goes with it: another item that takes its place is not what a second press is about.
    state.attention_table.selected = Some(item.subject.clone());
    let until = state.now.plus_millis(state.settings.attention.acknowledged_for.0);
    state.handled.acknowledge(&item, until);
    super::refresh(state);
}

/// Asks for how long to put off the selected item.
pub(super) fn open_put_off(state: &mut State) {
    if state.playing.is_some() {
        return refuse(state, Refusal::Replaying);
    }
    let subject = current(state).map(|item| item.subject.clone());
    let hidden = state.handled.hidden();
    if (subject.is_some() || hidden > 0) && state.screen == Screen::Overview {
        state.help = false;
        state.attention_table.selected.clone_from(&subject);
        state.dialog = Some(Dialog::PutOff(PutOff { subject, hidden, focus: 0 }));
    }
}

/// Keys while the dialog is open.
pub(super) fn buttons(state: &mut State, action: Action) {
    let Some(Dialog::PutOff(dialog)) = &mut state.dialog else { return };
    let buttons = dialog.buttons();
    match action {
        Action::FocusNext => dialog.focus = (dialog.focus + 1) % buttons.len(),
        Action::FocusPrevious => dialog.focus = (dialog.focus + buttons.len() - 1) % buttons.len(),
        Action::Open => {
            let (subject, pressed) = (dialog.subject.clone(), buttons.get(dialog.focus).copied());
            state.dialog = None;
            press(state, subject.as_ref(), pressed);
        }
        _ => {}
    }
}

fn press(state: &mut State, subject: Option<&attention::Subject>, pressed: Option<PutOffButton>) {
    match pressed {
        Some(PutOffButton::Minutes(minutes)) => {
            let until = state.now.plus_millis(minutes * 60_000);
            // It may have gone while the dialog was open.
            let item = state.attention.iter().find(|item| Some(&item.subject) == subject).cloned();
            if let Some(item) = item {
                state.handled.put_off(&item, until);
                // It is hidden now: the cursor goes on with what is left.
                state.attention_table.selected = None;
            }
        }
        Some(PutOffButton::ShowAll) => state.handled.show_all(),
        Some(PutOffButton::Cancel) | None => {}
    }
    super::refresh(state);
}
