//! The rows of each table: which, in what order, past which filter.

use contract::{OrderId, StoreId};

use crate::filter::{Field, field};
use crate::state::log::Entry;
use crate::state::orders::Order;
use crate::state::queues::Queue;
use crate::state::services::{Instance, InstanceKey};
use crate::state::sort::Key;
use crate::state::stores::Store;
use crate::state::{Opened, OrderState, Screen, State, attention};
use crate::update::arrange;
use crate::update::asked::{AttentionRow, InstanceRow, LogRow, OrderRow, QueueRow, StoreRow};

/// Refills the tables that are on screen, unless a person holds them.
pub(crate) fn follow(state: &mut State) {
    if state.frozen.is_none() {
        refill(state);
    }
}

/// Refills the tables that are on screen; the others are refilled when they come on screen.
pub(crate) fn refill(state: &mut State) {
    match state.screen {
        Screen::Overview => overview(state),
        Screen::Orders => orders(state),
        Screen::Queues => queues(state),
        Screen::Stores => stores(state),
        Screen::NotInjected => cases(state),
        Screen::Services => services(state),
        Screen::Bus => super::wire::refill(state),
        Screen::Log => log(state),
    }
    if let Some(Opened::Queue(store)) = state.opened.last() {
        entries(state, *store);
    }
}

fn overview(state: &mut State) {
    let filter = &state.attention_table.filter;
    let rows: Vec<attention::Subject> = state
        .attention
        .iter()
        .filter(|item| filter.is_empty() || filter.matches(&AttentionRow { state, item }))
        .map(|item| item.subject.clone())
        .collect();
    let total = state.attention.len();
    state.attention_table.refill(rows, total);
}

fn orders(state: &mut State) {
    let sort = state.order_table.sort;
    if sort.key == Key::Usual && state.order_table.filter.is_empty() {
        // As many as are ever kept, and mostly the same as before: they are taken only when some came or went.
        let made_of = Some((state.orders.moves(), sort.reversed));
        if state.order_table.made_of != made_of {
            let ids = state.orders.ids_newest_first().cloned();
            let rows = if sort.reversed { ids.rev().collect() } else { ids.collect() };
            state.order_table.refill(rows, state.orders.len());
            state.order_table.made_of = made_of;
        }
        return;
    }
    let filter = &state.order_table.filter;
    let shown = |order: &&Order| filter.is_empty() || filter.matches(&OrderRow { state, order });
    let rows: Vec<&Order> = match sort.key {
        Key::OldestOpen => {
            let mut waiting: Vec<&Order> =
                state.orders.not_injected_oldest_first().chain(state.orders.open_oldest_first()).collect();
            waiting.sort_by_key(|order| order.pass.head.received_at);
            let done = |order: &&Order| matches!(order.state(), OrderState::Injected | OrderState::Solved);
            waiting.into_iter().chain(state.orders.newest_first().filter(done)).filter(shown).collect()
        }
        Key::Usual | Key::Column(_) if filter.is_empty() => state.orders.newest_first().collect(),
        Key::Usual | Key::Column(_) => state.orders.passing(|order| shown(&order)),
    };
    let rows = arrange::arrange(rows, sort, |order, column| arrange::order(state, order, column));
    let rows = rows.into_iter().map(|order| order.pass.head.id()).collect();
    let total = state.orders.len();
    state.order_table.refill(rows, total);
}

/// Queues with something waiting or a POS that is down; deepest first, the older one first among equals.
fn queues(state: &mut State) {
    let mut shown: Vec<&Queue> =
        state.queues.iter().filter(|queue| queue.depth.unwrap_or(0) > 0 || queue.pos_down()).collect();
    shown.sort_by_key(|queue| {
        let oldest = queue.oldest.as_ref().map(|oldest| oldest.order.received_at);
        (std::cmp::Reverse(queue.depth), oldest.is_none(), oldest, queue.store)
    });
    let filter = &state.queue_table.filter;
    let total = shown.len();
    shown.retain(|queue| filter.is_empty() || filter.matches(&QueueRow { state, queue }));
    let rows = arrange::arrange(shown, state.queue_table.sort, |row, column| arrange::queue(state, row, column));
    let rows: Vec<StoreId> = rows.into_iter().map(|queue| queue.store).collect();
    state.queue_table.refill(rows, total);
}

/// The oldest first: it has waited longest for a person.
fn cases(state: &mut State) {
    let filter = &state.case_table.filter;
    let shown = |order: &&Order| filter.is_empty() || filter.matches(&OrderRow { state, order });
    let waiting = state.orders.not_injected_oldest_first();
    let sort = state.case_table.sort;
    let rows =
        arrange::arrange(waiting.filter(shown).collect(), sort, |row, column| arrange::order(state, row, column));
    let rows: Vec<OrderId> = rows.into_iter().map(|order| order.pass.head.id()).collect();
    let total = state.orders.not_injected_len();
    state.case_table.refill(rows, total);
}

/// The newest first.
fn log(state: &mut State) {
    let filter = &state.log_table.filter;
    let shown = |entry: &&Entry| filter.is_empty() || filter.matches(&LogRow { state, entry });
    let rows: Vec<&Entry> = state.log.iter().rev().filter(shown).collect();
    let rows = arrange::arrange(rows, state.log_table.sort, |row, column| arrange::entry(state, row, column));
    let rows: Vec<u64> = rows.into_iter().map(|entry| entry.id).collect();
    let total = state.log.iter().len();
    state.log_table.refill(rows, total);
}

fn entries(state: &mut State, store: StoreId) {
    let rows: Vec<OrderId> = state.orders.waiting_at(store).into_iter().map(|order| order.pass.head.id()).collect();
    let total = rows.len();
    state.entry_table.refill(rows, total);
}

fn stores(state: &mut State) {
    let filter = &state.store_table.filter;
    let shown = |store: &&Store| filter.is_empty() || filter.matches(&StoreRow { now: state.now, store });
    let rows: Vec<&Store> = state.stores.iter().filter(shown).collect();
    let rows = arrange::arrange(rows, state.store_table.sort, |row, column| arrange::store(state, row, column));
    let rows: Vec<StoreId> = rows.into_iter().map(|store| store.record.id).collect();
    let total = state.stores.len();
    state.store_table.refill(rows, total);
}

fn services(state: &mut State) {
    let filter = &state.service_table.filter;
    let shown = |instance: &&Instance| filter.is_empty() || filter.matches(&InstanceRow { now: state.now, instance });
    let rows: Vec<&Instance> = state.services.iter().filter(shown).collect();
    let rows = arrange::arrange(rows, state.service_table.sort, |row, column| arrange::instance(state, row, column));
    let rows: Vec<InstanceKey> = rows.into_iter().map(Instance::key).collect();
    let total = state.services.len();
    state.service_table.refill(rows, total);
}

/// Writes the filter of the table on screen.
pub(crate) fn set_filter(state: &mut State, text: &str) {
    let fields = fields(state.screen);
    state.table_mut().filter_mut().set(text, fields);
}

/// The fields that a filter may name on a screen.
pub(crate) const fn fields(screen: Screen) -> &'static [Field] {
    match screen {
        Screen::Overview | Screen::Bus => &[],
        Screen::Orders | Screen::NotInjected => field::ORDERS,
        Screen::Queues => field::QUEUES,
        Screen::Stores => field::STORES,
        Screen::Services => field::SERVICES,
        Screen::Log => field::LOG,
    }
}
