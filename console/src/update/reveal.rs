//! The personal data of one order: asked for, shown for a while, hidden. What hides it is looked at after everything that
//! happens, so that no way of leaving an order has to think of it.

use contract::OrderId;

use super::input;
use crate::action::Action;
use crate::effect::Effect;
use crate::mask::Clear;
use crate::state::reveal::{REVEALED_MS, Revealed};
use crate::state::tree::Tree;
use crate::state::{Notice, Opened, Payload, State, Tone};

/// The order whose personal data can be asked for: the one that is opened on top.
pub(super) fn asked_for(state: &State) -> Option<OrderId> {
    match state.opened.last() {
        Some(Opened::Order(id)) => Some(id.clone()),
        _ => None,
    }
}

/// The key: hides what is shown, at once; else asks for it.
pub(super) fn key(state: &mut State) -> Vec<Effect> {
    if state.revealed().is_some() {
        conceal(state);
        return Vec::new();
    }
    input::operate(state, Action::Reveal)
}

/// The payload was read, and the audit trail has who wanted it: from now on it may be drawn. The masked one goes into the
/// place of the one that was fetched before, for both are drawn line by line.
pub(super) fn begin(state: &mut State, order: &OrderId, clear: &Clear) {
    if asked_for(state).as_ref() != Some(order) {
        return; // The person has gone on.
    }
    let masked = clear.masked();
    if state.opened_payload() != Some(masked) {
        state.tree = Tree::new(masked);
        state.payload = Some((order.clone(), Payload::Shown(masked.clone())));
    }
    state.revealed = Some(Revealed { order: order.clone(), until: state.now.plus_millis(REVEALED_MS) });
}

/// Nothing personal is shown any more.
pub(super) fn conceal(state: &mut State) {
    state.revealed = None;
}

/// Hides what must not be shown any more; says so when its time is over, for then nobody pressed a key.
pub(super) fn settle(state: &mut State) {
    if state.revealed.is_none() || state.revealed().is_some() {
        return;
    }
    let over = state.revealed.take().is_some_and(|revealed| revealed.until <= state.now);
    if over {
        state.notices.post(state.now, Tone::Info, Notice::Concealed);
    }
}
