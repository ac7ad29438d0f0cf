//! Going to another bus. What is under way here goes on without anybody who follows it: that is asked about first.

use crate::action::Action;
use crate::effect::Effect;
use crate::state::State;
use crate::state::dialog::{Button, Dialog, Switch};

/// Goes to the bus of this name, or asks whether to when something is followed here.
pub(super) fn to(state: &mut State, name: String) -> Vec<Effect> {
    if state.under_way() == 0 {
        return vec![Effect::Switch(name)];
    }
    state.dialog = Some(Dialog::Switch(Switch { name, focus: Button::Cancel }));
    Vec::new()
}

/// Keys while the question is open.
pub(super) fn buttons(state: &mut State, action: Action) -> Vec<Effect> {
    let Some(Dialog::Switch(switch)) = &mut state.dialog else { return Vec::new() };
    match action {
        Action::FocusNext | Action::FocusPrevious => switch.focus = switch.focus.other(),
        Action::Open => {
            let go = switch.focus == Button::Confirm;
            let name = std::mem::take(&mut switch.name);
            state.dialog = None;
            return if go { vec![Effect::Switch(name)] } else { Vec::new() };
        }
        _ => {}
    }
    Vec::new()
}
