//! Keys: moving, drilling, writing, and opening the dialogs that prepare a change.

use contract::{OrderId, StoreId};

use super::plan::Scope;
use super::{attend, form, inject, jobs, marks, palette, plan, pointing, reveal, rows, switch, tree};
use crate::action::Action;
use crate::effect::Effect;
use crate::event::Edit;
use crate::filter;
use crate::operation::OPERATIONS;
use crate::state::dialog::Dialog;
use crate::state::sort::{Key, Sort};
use crate::state::tree::Tree;
use crate::state::wire::Pane;
use crate::state::{
    Frozen, GroundSeen, InputMode, Notice, OPENED_MAX, Opened, Payload, Refusal, Screen, State, Telling, Times, Tone,
    attention,
};

/// Rows of the screen that are no rows of its table: header, tabs, frame, footer.
const CHROME_ROWS: u16 = 8;

/// Most rows that a detail can be scrolled down; a payload has [`crate::mask::LINES_MAX`] lines. The next frame tells
/// how many there really are, and [`crate::event::Event::Drawn`] takes back what is beyond.
const SCROLL_MAX: u16 = 6_000;

pub(super) fn action(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => {
            state.leaving = true;
            return vec![Effect::Quit];
        }
        Action::Help => {
            state.help = !state.help;
            state.scroll = 0;
        }
        Action::Back => back(state),
        _ if matches!(state.dialog, Some(Dialog::PutOff(_))) => attend::buttons(state, action),
        _ if matches!(state.dialog, Some(Dialog::Switch(_))) => return switch::buttons(state, action),
        _ if state.input_mode() == InputMode::Buttons => return plan::buttons(state, action),
        _ if state.input_mode() == InputMode::List => marks::choose(state, action),
        _ if !state.help && tree::action(state, action, page(state)) => {}
        Action::Open => return open(state),
        Action::Show(screen) => show(state, screen),
        Action::NextScreen => show(state, state.screen.next()),
        Action::PreviousScreen => show(state, state.screen.previous()),
        Action::Down | Action::FocusNext => step(state, 1),
        Action::Up | Action::FocusPrevious => step(state, -1),
        Action::PageDown => step(state, page(state)),
        Action::PageUp => step(state, -page(state)),
        Action::Top => jump(state, 0),
        Action::Bottom => jump(state, usize::MAX),
        Action::Mark => marks::mark(state),
        Action::MarkAll => marks::mark_all(state),
        Action::Unmark => drop(marks::unmark(state)),
        // Only in a payload; where there is none they do nothing.
        Action::Fold | Action::Unfold | Action::FoldAll | Action::FindNext | Action::FindPrevious => {}
        // A detail has nothing to filter; a payload has its own search.
        Action::Filter | Action::Search => {
            state.filtering = state.opened.is_empty();
            state.filter_before = state.filter_text().to_owned();
        }
        Action::Details => {
            state.telling = match state.telling {
                Telling::Short => Telling::Whole,
                Telling::Whole => Telling::Short,
            };
        }
        Action::Sort => {
            let key = state.table().sort().key.next(state.screen);
            *state.table_mut().sort_mut() = Sort { key, reversed: false };
            rows::refill(state);
        }
        Action::SortReverse => {
            let reversed = &mut state.table_mut().sort_mut().reversed;
            *reversed = !*reversed;
            rows::refill(state);
        }
        Action::Columns => marks::open_columns(state),
        Action::Freeze => {
            let known = state.orders.ever();
            state.frozen = state.frozen.is_none().then_some(Frozen { since: state.now, known });
        }
        Action::Copy => return state.aimed_id().map(Effect::Copy).into_iter().collect(),
        Action::CopyDetail => return state.aimed().map(|_| Effect::CopyDetail).into_iter().collect(),
        Action::Dump => return vec![Effect::Dump],
        Action::Palette => palette::open(state),
        Action::Pane => {
            if state.screen == Screen::Bus {
                state.wire.pane = state.wire.pane.next();
            }
        }
        Action::Tail => {
            if state.screen == Screen::Bus && state.wire.pane == Pane::Subjects {
                super::wire::tail(state);
                rows::refill(state);
            }
        }
        Action::PlayPause | Action::Faster | Action::Slower | Action::Live => super::replay::action(state, action),
        Action::Inject
        | Action::Pause
        | Action::Resume
        | Action::Reinject
        | Action::Edit
        | Action::Solve
        | Action::Release
        | Action::Ping => return operate(state, action),
        Action::Reveal => return reveal::key(state),
        Action::Jobs => return jobs::open(state),
        Action::CancelJob => {
            if let Some(Opened::Job(id)) = state.opened.last() {
                jobs::cancel(state, *id);
            }
        }
        Action::Acknowledge => attend::acknowledge(state),
        Action::PutOff => attend::open_put_off(state),
        Action::Language | Action::Theme | Action::Utc => flip(state, action),
        Action::Mouse => pointing::toggle(state),
        Action::Dismiss => state.notices.shown.clear(),
    }
    rows::follow(state);
    Vec::new()
}

/// Prepares what an action of the table of operations means for what is looked at.
pub(super) fn operate(state: &mut State, action: Action) -> Vec<Effect> {
    if let Some(kind) = plan::meant(state, action) {
        return plan::prepare(state, kind, Scope::Chosen);
    }
    if let Some(operation) = OPERATIONS.iter().rfind(|operation| operation.action == Some(action)) {
        refuse(state, Refusal::WrongObject(operation.object));
    }
    Vec::new()
}

/// Turns one of the two ways in which everything is shown into the other.
fn flip(state: &mut State, action: Action) {
    match action {
        Action::Language => state.lang = state.lang.other(),
        Action::Theme => {
            state.ground = match state.ground {
                GroundSeen::AsFound => GroundSeen::Other,
                GroundSeen::Other => GroundSeen::AsFound,
            };
        }
        _ => {
            state.times = match state.times {
                Times::Local => Times::Utc,
                Times::Utc => Times::Local,
            };
        }
    }
}

/// One level back: help, dialog, filter being written, marks, detail, filter.
fn back(state: &mut State) {
    if state.help {
        state.help = false;
    } else if state.dialog.is_some() {
        state.dialog = None;
    } else if state.filtering {
        state.filtering = false;
    } else if tree::leave(state) {
        // Out of the payload, into the order.
    } else if marks::unmark(state) {
        // Marks first: what they stand for is not to be done any more.
    } else if state.opened.pop().is_some() {
        state.scroll = 0;
    } else {
        rows::set_filter(state, "");
        rows::refill(state);
    }
    if !state.opened.iter().any(|opened| matches!(opened, Opened::Order(_))) {
        // The payload is personal data, if masked: it is kept only while it is looked at.
        state.payload = None;
        state.tree = Tree::default();
    }
}

pub(super) fn show(state: &mut State, screen: Screen) {
    state.help = false;
    state.opened.clear();
    state.payload = None;
    state.tree = Tree::default();
    state.scroll = 0;
    state.screen = screen;
    rows::refill(state);
}

fn page(state: &State) -> isize {
    isize::try_from(state.height.saturating_sub(CHROME_ROWS).max(1)).unwrap_or(1)
}

/// Whether keys scroll a text rather than move in a table.
fn scrolls(state: &State) -> bool {
    state.help || !matches!(state.opened.last(), None | Some(Opened::Queue(_) | Opened::Jobs))
}

fn step(state: &mut State, by: isize) {
    if scrolls(state) {
        let by = i16::try_from(by).unwrap_or(i16::MAX);
        state.scroll = state.scroll.saturating_add_signed(by).min(SCROLL_MAX);
    } else {
        state.keyed_table_mut().step(by);
    }
}

fn jump(state: &mut State, place: usize) {
    if scrolls(state) {
        state.scroll = u16::try_from(place).unwrap_or(u16::MAX).min(SCROLL_MAX);
    } else {
        state.keyed_table_mut().select_at(place);
    }
}

/// Drills into the selected row.
fn open(state: &mut State) -> Vec<Effect> {
    let opened = match (state.opened.last(), state.screen) {
        (Some(Opened::Queue(_)), _) => state.entry_table.current().cloned().map(Opened::Order),
        (Some(Opened::Jobs), _) => state.jobs.table.current().copied().map(Opened::Job),
        (Some(_), _) => None,
        (None, Screen::Overview) => return open_attention(state),
        (None, Screen::Bus) if state.wire.pane == Pane::Subjects => {
            super::wire::open(state);
            rows::refill(state);
            None
        }
        (None, _) => state.aimed(),
    };
    opened.map_or_else(Vec::new, |opened| push(state, opened))
}

/// Opens a detail on top; an order's payload is asked for.
pub(super) fn push(state: &mut State, opened: Opened) -> Vec<Effect> {
    if state.opened.len() >= OPENED_MAX || state.opened.last() == Some(&opened) {
        return Vec::new();
    }
    state.scroll = 0;
    let mut effects = Vec::new();
    match &opened {
        Opened::Order(id) => {
            state.payload = Some((id.clone(), Payload::Loading));
            state.tree = Tree::default();
            effects.push(Effect::FetchPayload(id.clone()));
        }
        Opened::Queue(_) => {
            state.entry_table.selected = None;
            state.entry_table.marked.clear();
        }
        _ => {}
    }
    state.opened.push(opened);
    rows::refill(state);
    effects
}

/// Opens an order on the orders' screen, wherever the person is.
pub(super) fn show_order(state: &mut State, id: &OrderId) -> Vec<Effect> {
    show(state, Screen::Orders);
    state.order_table.selected = Some(id.clone());
    push(state, Opened::Order(id.clone()))
}

/// Opens a store on the stores' screen, wherever the person is.
pub(super) fn show_store(state: &mut State, id: StoreId) -> Vec<Effect> {
    show(state, Screen::Stores);
    state.store_table.selected = Some(id);
    push(state, Opened::Store(id))
}

/// Goes from an item of the overview to where it can be looked at.
fn open_attention(state: &mut State) -> Vec<Effect> {
    let Some(subject) = state.attention_table.current().cloned() else { return Vec::new() };
    let what = state.attention.iter().find(|item| item.subject == subject).map(|item| item.what.clone());
    match (subject, what) {
        (attention::Subject::NotInjected, _) => {
            show(state, Screen::NotInjected);
            rows::set_filter(state, "");
            state.case_table.selected = None;
            rows::refill(state);
            Vec::new()
        }
        (attention::Subject::Undistributed, what) => {
            show(state, Screen::Orders);
            rows::set_filter(state, "");
            state.order_table.sort = Sort { key: Key::OldestOpen, reversed: false };
            state.order_table.selected = match what {
                Some(attention::What::Undistributed { oldest, .. }) => Some(oldest.id()),
                _ => None,
            };
            rows::refill(state);
            Vec::new()
        }
        (attention::Subject::Queue(store), _) => {
            show(state, Screen::Queues);
            rows::set_filter(state, "");
            state.queue_table.selected = Some(store);
            push(state, Opened::Queue(store))
        }
        (
            attention::Subject::Troubled(service, instance)
            | attention::Subject::Silent(service, instance)
            | attention::Subject::Halted(service, instance)
            | attention::Subject::Clock(Some((service, instance))),
            _,
        ) => {
            show(state, Screen::Services);
            rows::set_filter(state, "");
            state.service_table.selected = Some((service, instance.clone()));
            push(state, Opened::Instance((service, instance)))
        }
        (attention::Subject::NoService(service), _) => {
            show(state, Screen::Services);
            rows::set_filter(state, "");
            state.service_table.selected = state.services.of(service).next().map(crate::state::services::Instance::key);
            rows::refill(state);
            Vec::new()
        }
        (attention::Subject::Clock(None), _) => {
            show(state, Screen::Services);
            Vec::new()
        }
        (attention::Subject::Invalid, _) => push(state, Opened::Invalid),
    }
}

pub(super) fn edit(state: &mut State, edit: Edit) -> Vec<Effect> {
    if matches!(state.dialog, Some(Dialog::Palette(_))) {
        return palette::edit(state, edit);
    }
    if matches!(state.dialog, Some(Dialog::Form(_))) {
        return form::edit(state, edit);
    }
    if matches!(state.dialog, Some(Dialog::Confirm(_))) {
        plan::write(state, edit);
        return Vec::new();
    }
    if matches!(state.dialog, Some(Dialog::Inject(_))) {
        return inject::edit(state, edit);
    }
    if state.tree.searching {
        tree::edit(state, edit);
        return Vec::new();
    }
    if !state.filtering {
        return Vec::new();
    }
    let mut text = state.filter_text().to_owned();
    match edit {
        Edit::Insert(c) => text.push(c),
        Edit::Backspace => {
            text.pop();
        }
        Edit::Clear => text.clear(),
        Edit::Submit => state.filtering = false,
        Edit::Cancel => {
            state.filtering = false;
            text = std::mem::take(&mut state.filter_before);
        }
        Edit::Complete => {
            let fields = rows::fields(state.screen);
            text = filter::complete(&text, fields, state.lang).unwrap_or(text);
        }
        // The filter is written above the table: the rows can be walked meanwhile.
        Edit::Next => state.keyed_table_mut().step(1),
        Edit::Previous => state.keyed_table_mut().step(-1),
        Edit::Forward | Edit::Backward => {}
    }
    rows::set_filter(state, &text);
    rows::refill(state);
    if !state.table().has_current() {
        // The selected row does not pass: there must be a cursor to go on from.
        state.table_mut().deselect();
    }
    Vec::new()
}

/// Says why something is not possible.
pub(super) fn refuse(state: &mut State, refusal: Refusal) {
    // A recording has no present to go back to.
    let recorded = refusal == Refusal::Replaying && state.is_recorded();
    let refusal = if recorded { Refusal::Recorded } else { refusal };
    state.notices.post(state.now, Tone::Bad, Notice::Refused(refusal));
}
