//! Changes of the world: form, preview, confirmation, and a last look at the state before they are sent.

use contract::command::Verb;
use contract::heartbeat::RunState;
use contract::store::StoreState;

use super::input::{other, refuse};
use crate::action::Action;
use crate::effect::{Effect, Planned};
use crate::state::dialog::{Button, Confirm, Dialog, InjectField, InjectForm};
use crate::state::follow::{FOLLOWED_MAX, FollowedCommand, FollowedOrder};
use crate::state::{Notice, Opened, Refusal, Screen, State, Tone};
use crate::template::{self, Kind};

/// Opens the form of a test order; the store that is looked at is filled in.
pub(super) fn open_inject(state: &mut State) {
    if state.playing.is_some() {
        return refuse(state, Refusal::Replaying);
    }
    if state.access.read_only {
        return refuse(state, Refusal::ReadOnly);
    }
    if !state.link.is_up() {
        return refuse(state, Refusal::NotConnected);
    }
    let store = match (state.opened.last(), state.screen) {
        (Some(Opened::Order(id)), _) => Some(id.store),
        (Some(Opened::Queue(store) | Opened::Store(store)), _) => Some(*store),
        (_, Screen::Orders) => state.order_table.current().map(|id| id.store),
        (_, Screen::Queues) => state.queue_table.current().copied(),
        (_, Screen::Stores) => state.store_table.current().copied(),
        _ => None,
    };
    let known = store.and_then(|store| state.stores.get(store));
    let store = known.map_or_else(String::new, |store| store.record.code.clone());
    state.help = false;
    state.filtering = false;
    state.dialog = Some(Dialog::Inject(InjectForm {
        template: Kind::Delivery,
        // What is typed at once must never be lost on another field while Enter takes the store that was filled in.
        focus: InjectField::Store,
        prefilled: !store.is_empty(),
        store,
        refusal: None,
    }));
}

/// From the form to the preview, when the form is right.
pub(super) fn preview_inject(state: &mut State) -> Vec<Effect> {
    let Some(Dialog::Inject(form)) = &mut state.dialog else { return Vec::new() };
    let Some(store) = state.stores.find(&form.store) else {
        form.refusal = Some(Refusal::NoStore(form.store.clone()));
        form.focus = InjectField::Store;
        return Vec::new();
    };
    if store.record.state_at(state.now) != StoreState::Open {
        form.refusal = Some(Refusal::StoreClosed(store.record.id));
        form.focus = InjectField::Store;
        return Vec::new();
    }
    let (next, bits) = template::next_seed(state.seed);
    let Some(code) = template::test_code(&store.record, state.now, bits) else { return Vec::new() };
    let planned = Planned::Inject(template::build(form.template, &store.record, code, state.now));
    state.seed = next;
    state.dialog = Some(Dialog::Confirm(Confirm { planned, focus: Button::Cancel, refusal: None }));
    Vec::new()
}

/// Opens the preview of a command to the selected instance.
pub(super) fn open_command(state: &mut State, verb: Verb) {
    if state.playing.is_some() {
        return refuse(state, Refusal::Replaying);
    }
    let target = match (state.opened.last(), state.screen) {
        (Some(Opened::Instance(key)), _) => Some(key.clone()),
        (None, Screen::Services) => state.service_table.current().cloned(),
        _ => return refuse(state, Refusal::OnlyOnServices),
    };
    let Some((service, instance)) = target else { return refuse(state, Refusal::NothingSelected) };
    let planned = Planned::Command { service, instance, verb };
    match refusal(state, &planned) {
        Some(refusal) => refuse(state, refusal),
        None => state.dialog = Some(Dialog::Confirm(Confirm { planned, focus: Button::Cancel, refusal: None })),
    }
}

/// Keys while a preview is open: only moving, Enter and Escape act.
pub(super) fn buttons(state: &mut State, action: Action) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &mut state.dialog else { return Vec::new() };
    match action {
        Action::FocusNext | Action::FocusPrevious => {
            confirm.focus = other(confirm.focus);
            Vec::new()
        }
        Action::Open if confirm.focus == Button::Cancel => {
            state.dialog = None;
            Vec::new()
        }
        Action::Open => {
            let planned = confirm.planned.clone();
            // The world may have moved on while the preview was read.
            if let Some(refusal) = refusal(state, &planned) {
                if let Some(Dialog::Confirm(confirm)) = &mut state.dialog {
                    confirm.refusal = Some(refusal);
                    confirm.focus = Button::Cancel;
                }
                return Vec::new();
            }
            state.dialog = None;
            send(state, planned)
        }
        _ => Vec::new(),
    }
}

/// Why a change must not be made right now, if so. The one guard that every change passes.
fn refusal(state: &State, planned: &Planned) -> Option<Refusal> {
    if state.access.read_only {
        return Some(Refusal::ReadOnly);
    }
    if !state.link.is_up() {
        return Some(Refusal::NotConnected);
    }
    match planned {
        Planned::Inject(order) => {
            let store = order.order.store;
            if state.following.orders.len() >= FOLLOWED_MAX {
                return Some(Refusal::Busy);
            }
            match state.stores.get(store) {
                None => Some(Refusal::NoStore(store.to_string())),
                Some(known) if known.record.state_at(state.now) != StoreState::Open => {
                    Some(Refusal::StoreClosed(store))
                }
                Some(_) => None,
            }
        }
        Planned::Command { service, instance, verb } => {
            let key = (*service, instance.clone());
            let following = &state.following.commands;
            if following.len() >= FOLLOWED_MAX
                || following.iter().any(|command| (command.service, &command.instance) == (*service, instance))
            {
                return Some(Refusal::Busy);
            }
            match state.services.get(&key) {
                None => Some(Refusal::NothingSelected),
                Some(known) if known.is_silent(state.now) || known.is_stopped(state.now) => {
                    Some(Refusal::Silent(instance.clone()))
                }
                Some(known) if known.heartbeat.state == expected(*verb) => {
                    Some(Refusal::AlreadyThere(instance.clone(), known.heartbeat.state))
                }
                Some(_) => None,
            }
        }
    }
}

/// The state that heartbeats should show after a command.
const fn expected(verb: Verb) -> RunState {
    match verb {
        Verb::Pause => RunState::Paused,
        Verb::Drain => RunState::Draining,
        Verb::Resume
        | Verb::Ping
        | Verb::LogLevel
        | Verb::Inject
        | Verb::Reinject
        | Verb::Solve
        | Verb::Release
        | Verb::PingPos
        | Verb::Move => RunState::Running,
    }
}

fn send(state: &mut State, planned: Planned) -> Vec<Effect> {
    let notice = match &planned {
        Planned::Inject(order) => {
            let sent_from = (state.screen, state.opened.clone());
            let (order, sent_at) = (order.order.clone(), state.now);
            state.following.orders.push(FollowedOrder { order: order.clone(), sent_at, sent_from, told: None });
            Notice::Injecting(order)
        }
        Planned::Command { service, instance, verb } => {
            state.following.commands.push(FollowedCommand {
                service: *service,
                instance: instance.clone(),
                verb: *verb,
                sent_at: state.now,
                expected: expected(*verb),
            });
            Notice::Commanding { service: *service, instance: instance.clone(), verb: *verb }
        }
    };
    state.notices.post(state.now, Tone::Info, notice);
    vec![Effect::Run(planned)]
}
