//! From a key or a line of the palette to a confirmed plan: what it is meant for, the form where one is needed, the
//! preview, and its confirmation.

mod build;
pub(super) mod guard;

pub use build::build;
pub(super) use build::next_id;

use contract::heartbeat::RunState;
use contract::store::StoreState;
use contract::{OrderId, StoreId};

use super::{form, inject, input, jobs, reveal};
use crate::action::Action;
use crate::effect::{Draft, Effect};
use crate::event::{Edit, Trouble};
use crate::mask::Difference;
use crate::operation::{Kind, OPERATIONS, Object, Reason};
use crate::sanitise;
use crate::state::dialog::{Confirm, Dialog, Focus};
use crate::state::plan::{Plan, Wanted};
use crate::state::services::InstanceKey;
use crate::state::{Notice, Opened, Order, OrderState, Refusal, State, Tone};

/// Which rows an operation is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The marked ones, else the one that is looked at.
    Chosen,
    /// Every row that the filter shows.
    Shown,
}

/// The operation that an action prepares where the person is, if any.
pub fn meant(state: &State, action: Action) -> Option<Kind> {
    let aimed = object(state);
    let mut possible = OPERATIONS.iter().filter(|operation| operation.action == Some(action));
    let first = possible.clone().next()?;
    let fits = possible.find(|operation| aimed.is_some_and(|aimed| is_for(operation.kind, operation.object, aimed)));
    // A test order can be written wherever one is.
    fits.or((first.kind == Kind::Inject).then_some(first)).map(|operation| operation.kind)
}

/// Whether an action that prepares an operation makes sense where the person is.
pub fn can_prepare(state: &State, action: Action) -> bool {
    meant(state, action).is_some_and(|kind| is_possible(state, kind, Scope::Chosen))
}

/// Whether an operation makes sense where the person is. What it comes to is looked at when it is prepared.
pub fn is_possible(state: &State, kind: Kind, scope: Scope) -> bool {
    if kind == Kind::Unlock {
        return state.playing.is_none() && state.access.unlock && state.access.is_locked(state.now);
    }
    if guard::at_all(state, kind).is_some() {
        return false;
    }
    let runs = || instance(state).and_then(|key| state.services.get(&key)).filter(|known| !state.is_silent(known));
    let takes = || store(state).and_then(|store| state.stores.get(store));
    let store_is_open = || takes().map(|store| store.record.state_at(state.now) == StoreState::Open);
    match kind {
        Kind::Inject | Kind::CreateStore | Kind::Unlock => true,
        Kind::Reveal => reveal::asked_for(state).is_some(),
        Kind::Pause | Kind::Drain => runs().is_some_and(|known| known.heartbeat.state == RunState::Running),
        Kind::Resume => {
            runs().is_some_and(|known| matches!(known.heartbeat.state, RunState::Paused | RunState::Draining))
        }
        Kind::Ping | Kind::LogLevel => runs().is_some(),
        Kind::PauseStore | Kind::DisableStore => store_is_open() == Some(true),
        Kind::ResumeStore => store_is_open() == Some(false),
        Kind::EditStore => takes().is_some(),
        Kind::Reinject | Kind::Solve | Kind::ReinjectEdited => orders(state, scope).is_ok_and(|orders| {
            let waits = |id: &OrderId| state.orders.get(id).map(Order::state) == Some(OrderState::NotInjected);
            orders.iter().any(waits)
        }),
        Kind::Release => store(state).is_some_and(|store| state.queues.depth(store).is_some_and(|depth| depth > 0)),
        Kind::PingPos | Kind::Move => store(state).is_some_and(|store| state.queues.owner(store).is_some()),
    }
}

/// What a person is looking at, as far as operations go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Order,
    Queue,
    Store,
    Instance,
}

fn object(state: &State) -> Option<Aim> {
    match state.aimed()? {
        Opened::Order(_) => Some(Aim::Order),
        Opened::Queue(_) => Some(Aim::Queue),
        Opened::Store(_) => Some(Aim::Store),
        Opened::Instance(_) => Some(Aim::Instance),
        _ => None,
    }
}

/// Whether a key means an operation for what is looked at. A store's record is changed where the record is in sight; what
/// concerns its queue, where the queue or an order in it is.
const fn is_for(kind: Kind, object: Object, aim: Aim) -> bool {
    match object {
        Object::Orders => matches!(aim, Aim::Order),
        Object::Instance => matches!(aim, Aim::Instance),
        Object::Store if matches!(kind, Kind::Release | Kind::PingPos) => !matches!(aim, Aim::Instance),
        Object::Store => matches!(aim, Aim::Store),
        Object::Context => false,
    }
}

/// Prepares an operation: opens its form or its preview, or says why not.
pub fn prepare(state: &mut State, kind: Kind, scope: Scope) -> Vec<Effect> {
    if let Some(refusal) = guard::at_all(state, kind).filter(|_| kind != Kind::Unlock) {
        refuse_plainly(state, refusal);
        return Vec::new();
    }
    match wanted(state, kind, scope) {
        Ok(Next::Plan(wanted)) => preview(state, wanted),
        Ok(Next::Form(dialog)) => open(state, dialog),
        Ok(Next::Edit(order)) => return vec![Effect::EditPayload(order)],
        Err(refusal) => refuse_plainly(state, refusal),
    }
    Vec::new()
}

/// What comes before a preview.
enum Next {
    Plan(Wanted),
    Form(Dialog),
    Edit(OrderId),
}

fn wanted(state: &State, kind: Kind, scope: Scope) -> Result<Next, Refusal> {
    let wrong = || Refusal::WrongObject(kind.operation().object);
    Ok(match kind {
        Kind::Inject => Next::Form(inject::form(state)),
        Kind::Reinject => Next::Plan(Wanted::Reinject(orders(state, scope)?)),
        Kind::Solve => Next::Plan(Wanted::Solve(orders(state, scope)?)),
        Kind::ReinjectEdited => {
            let order = order(state).ok_or_else(wrong)?;
            match state.orders.get(&order).map(Order::state) {
                Some(OrderState::NotInjected) => Next::Edit(order),
                Some(other) => return Err(Refusal::OrderIs(other)),
                None => return Err(Refusal::OrderUnknown),
            }
        }
        Kind::Release => Next::Plan(Wanted::Release(store(state).ok_or_else(wrong)?)),
        Kind::Ping | Kind::Pause | Kind::Resume | Kind::Drain => {
            Next::Plan(Wanted::Tell(kind, instance(state).ok_or_else(wrong)?))
        }
        Kind::LogLevel => Next::Form(form::log_level(instance(state).ok_or_else(wrong)?)),
        Kind::Move => Next::Form(form::move_store(state, store(state).ok_or_else(wrong)?)?),
        Kind::PingPos => Next::Plan(Wanted::PingPos(store(state).ok_or_else(wrong)?)),
        Kind::PauseStore => Next::Form(form::pause_store(store(state).ok_or_else(wrong)?)),
        Kind::ResumeStore => Next::Plan(Wanted::ResumeStore(store(state).ok_or_else(wrong)?)),
        Kind::DisableStore => Next::Plan(Wanted::DisableStore(store(state).ok_or_else(wrong)?)),
        Kind::CreateStore => Next::Form(form::store(state, None)?),
        Kind::EditStore => Next::Form(form::store(state, Some(store(state).ok_or_else(wrong)?))?),
        Kind::Reveal => Next::Plan(Wanted::Reveal(reveal::asked_for(state).ok_or(Refusal::NoOpenOrder)?)),
        Kind::Unlock => Next::Plan(Wanted::Unlock),
    })
}

pub(super) fn open(state: &mut State, dialog: Dialog) {
    state.help = false;
    state.filtering = false;
    state.dialog = Some(dialog);
}

/// Opens the preview of what is wanted, on Cancel; or says why there is none.
pub(super) fn preview(state: &mut State, wanted: Wanted) {
    match build(state, wanted) {
        Ok(plan) => open(state, Dialog::Confirm(Box::new(Confirm::new(plan)))),
        Err(refusal) => refuse_plainly(state, refusal),
    }
}

/// Says why something is not possible, in a message at the bottom.
pub(super) fn refuse_plainly(state: &mut State, refusal: Refusal) {
    input::refuse(state, refusal);
}

/// How many orders an operation on rows is meant for.
pub fn meant_orders(state: &State, scope: Scope) -> usize {
    orders(state, scope).map_or(0, |orders| orders.len())
}

/// The orders that are meant, the longest accepted one first: that is the order in which they come to the end of their
/// store's queue.
fn orders(state: &State, scope: Scope) -> Result<Vec<OrderId>, Refusal> {
    let table = state.marks();
    let marked: Vec<OrderId> = match (scope, table) {
        (Scope::Shown, Some(table)) => table.rows.clone(),
        (Scope::Shown, None) => Vec::new(),
        (Scope::Chosen, Some(table)) if !table.marked.is_empty() => table.marked.iter().cloned().collect(),
        (Scope::Chosen, _) => order(state).into_iter().collect(),
    };
    if marked.is_empty() {
        return Err(Refusal::WrongObject(Object::Orders));
    }
    let mut orders = marked;
    orders.sort_by_cached_key(|id| (state.orders.get(id).map(|order| order.pass.head.received_at), id.clone()));
    Ok(orders)
}

fn order(state: &State) -> Option<OrderId> {
    match state.aimed()? {
        Opened::Order(id) => Some(id),
        _ => None,
    }
}

pub(super) fn store(state: &State) -> Option<StoreId> {
    match state.aimed()? {
        Opened::Order(id) => Some(id.store),
        Opened::Queue(store) | Opened::Store(store) => Some(store),
        _ => None,
    }
}

fn instance(state: &State) -> Option<InstanceKey> {
    match state.aimed()? {
        Opened::Instance(key) => Some(key),
        _ => None,
    }
}

/// The payload came back from the editor: its preview, or why there is none.
pub(super) fn edited(state: &mut State, order: OrderId, edited: Result<Option<(Draft, Vec<Difference>)>, Trouble>) {
    match edited {
        Ok(Some((draft, differences))) => preview(state, Wanted::ReinjectEdited(order, draft, differences)),
        Ok(None) => state.notices.post(state.now, Tone::Info, Notice::NotEdited(order)),
        Err(why) => state.notices.post(state.now, Tone::Bad, Notice::EditFailed { order, why }),
    }
}

/// Keys while the buttons of a preview have the focus: only moving, Enter and Escape act.
pub(super) fn buttons(state: &mut State, action: Action) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &mut state.dialog else { return Vec::new() };
    match (action, confirm.focus) {
        (Action::FocusNext | Action::Down, _) => confirm.turn(1),
        (Action::FocusPrevious | Action::Up, _) => confirm.turn(-1),
        (Action::Open, Focus::Confirm) => return press(state),
        (Action::Open, _) => state.dialog = None,
        _ => {}
    }
    Vec::new()
}

/// Keys while a text of a preview has the focus. Enter goes on to the next text and from the last one to Cancel: never
/// to what would act.
pub(super) fn write(state: &mut State, edit: Edit) {
    let Some(Dialog::Confirm(confirm)) = &mut state.dialog else { return };
    confirm.refusal = None;
    match edit {
        Edit::Cancel => state.dialog = None,
        Edit::Complete | Edit::Next => confirm.turn(1),
        Edit::Previous => confirm.turn(-1),
        Edit::Submit => {
            confirm.turn(1);
            if confirm.focus == Focus::Confirm {
                confirm.focus = Focus::Cancel;
            }
        }
        Edit::Insert(c) => {
            if let Some((text, max)) = confirm.field()
                && !c.is_control()
                && text.chars().count() < max
            {
                text.push(c);
            }
        }
        Edit::Backspace => {
            if let Some((text, _)) = confirm.field() {
                text.pop();
            }
        }
        Edit::Clear => {
            if let Some((text, _)) = confirm.field() {
                text.clear();
            }
        }
        Edit::Forward | Edit::Backward => {}
    }
}

/// The button that acts. What is missing or has changed is told, and Cancel has the focus again.
fn press(state: &mut State) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &state.dialog else { return Vec::new() };
    let reason = confirm.given_reason().map(|reason| sanitise::text(&reason, contract::decision::REASON_MAX));
    let required = confirm.plan.kind.operation().reason == Reason::Required;
    let missing = match &confirm.plan.proof {
        _ if required && reason.is_none() => Some((Refusal::NoReason, Focus::Reason)),
        Some(proof) if !confirm.is_proven() => Some((Refusal::NotProven(proof.clone()), Focus::Proof)),
        _ => None,
    };
    let plan = confirm.plan.clone();
    let begun = match missing {
        Some(missing) => Err(missing),
        // The world may have moved on while the preview was read.
        None => still(state, &plan).and_then(|()| jobs::begin(state, plan, reason)).map_err(|why| (why, Focus::Cancel)),
    };
    match begun {
        Ok(effects) => {
            state.dialog = None;
            effects
        }
        Err((refusal, focus)) => {
            if let Some(Dialog::Confirm(confirm)) = &mut state.dialog {
                confirm.refusal = Some(refusal);
                confirm.focus = focus;
            }
            Vec::new()
        }
    }
}

/// Whether there is still anything to do: a plan whose every request would be skipped is not begun.
fn still(state: &State, plan: &Plan) -> Result<(), Refusal> {
    let mut refusals = plan.items.iter().map(|item| guard::change(state, plan.kind, &item.planned));
    match refusals.next() {
        Some(Some(first)) if refusals.all(|refusal| refusal.is_some()) => Err(first),
        _ => Ok(()),
    }
}
