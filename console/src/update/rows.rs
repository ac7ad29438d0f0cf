//! The rows of each table: which, in what order, past which filter.

use contract::{OrderId, StoreId};

use crate::filter::{self, Filter, fold};
use crate::state::orders::Order;
use crate::state::queues::Queue;
use crate::state::services::{Instance, InstanceKey};
use crate::state::stores::Store;
use crate::state::{Opened, OrderSort, OrderState, Screen, State, Table, attention};

/// Refills the tables that are on screen; the others are refilled when they come on screen.
pub(crate) fn refill(state: &mut State) {
    match state.screen {
        Screen::Overview => overview(state),
        Screen::Orders => orders(state),
        Screen::Queues => queues(state),
        Screen::Stores => stores(state),
        Screen::Services => services(state),
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
        .filter(|item| filter.is_empty() || filter.matches(&attention_words(state, &item.subject)))
        .map(|item| item.subject.clone())
        .collect();
    let total = state.attention.len();
    state.attention_table.refill(rows, total);
}

fn attention_words(state: &State, subject: &attention::Subject) -> String {
    fold(&match subject {
        attention::Subject::NotInjected => "not injected no inyectado".to_owned(),
        attention::Subject::Queue(store) => format!("{store} {}", state.stores.place(*store)),
        attention::Subject::NoService(service) => service.to_string(),
        attention::Subject::Troubled(service, instance)
        | attention::Subject::Silent(service, instance)
        | attention::Subject::Halted(service, instance) => {
            format!("{service} {instance}")
        }
        attention::Subject::Undistributed => "undistributed sin distribuir".to_owned(),
        attention::Subject::Invalid => "invalid invalido".to_owned(),
    })
}

fn orders(state: &mut State) {
    let filter = &state.order_table.filter;
    let rows: Vec<OrderId> = match state.order_sort {
        OrderSort::Newest => kept(state.orders.newest_first(), filter).collect(),
        OrderSort::OldestOpen => {
            let mut waiting: Vec<&Order> =
                state.orders.not_injected_oldest_first().chain(state.orders.open_oldest_first()).collect();
            waiting.sort_by_key(|order| order.pass.head.received_at);
            let done = state.orders.newest_first().filter(|order| order.state() == OrderState::Injected);
            kept(waiting.into_iter().chain(done), filter).collect()
        }
    };
    let total = state.orders.len();
    state.order_table.refill(rows, total);
}

fn kept<'a>(orders: impl Iterator<Item = &'a Order>, filter: &Filter) -> impl Iterator<Item = OrderId> {
    orders.filter(|order| filter.is_empty() || filter.matches(order.words())).map(|order| order.pass.head.id())
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
    let rows: Vec<StoreId> = shown
        .into_iter()
        .filter(|queue| filter.is_empty() || filter.matches(&queue_words(state, queue)))
        .map(|queue| queue.store)
        .collect();
    state.queue_table.refill(rows, total);
}

fn queue_words(state: &State, queue: &Queue) -> String {
    let owner = state.queues.owner(queue.store).map_or("", |owner| owner.as_str());
    let pos = if queue.pos_down() { "down caido" } else { "" };
    let country = state.stores.get(queue.store).map(|store| store.record.country.to_string()).unwrap_or_default();
    fold(&format!("{} {} {owner} {pos} {country}", queue.store, state.stores.place(queue.store)))
}

fn entries(state: &mut State, store: StoreId) {
    let rows: Vec<OrderId> = state.orders.waiting_at(store).into_iter().map(|order| order.pass.head.id()).collect();
    let total = rows.len();
    state.entry_table.refill(rows, total);
}

fn stores(state: &mut State) {
    let filter = &state.store_table.filter;
    let shown = |store: &&Store| filter.is_empty() || filter.matches(&store_words(store, state.now));
    let rows: Vec<StoreId> = state.stores.iter().filter(shown).map(|store| store.record.id).collect();
    let total = state.stores.len();
    state.store_table.refill(rows, total);
}

fn store_words(store: &Store, now: contract::UtcMs) -> String {
    let record = &store.record;
    let labels: Vec<&str> = record.labels.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]).collect();
    let state = filter::store_state_words(record.state_at(now));
    fold(&format!("{} {} {} {} {state} {}", record.id, record.code, record.name, record.country, labels.join(" ")))
}

fn services(state: &mut State) {
    let filter = &state.service_table.filter;
    let shown = |instance: &&Instance| filter.is_empty() || filter.matches(&instance_words(instance));
    let rows: Vec<InstanceKey> = state.services.iter().filter(shown).map(Instance::key).collect();
    let total = state.services.len();
    state.service_table.refill(rows, total);
}

fn instance_words(instance: &Instance) -> String {
    let heartbeat = &instance.heartbeat;
    let state = filter::run_state_words(heartbeat.state);
    fold(&format!(
        "{} {} {} {} {} {state}",
        heartbeat.service, heartbeat.instance, heartbeat.cloud, heartbeat.country, heartbeat.version
    ))
}

/// Moves the selection of the table that has the keys.
pub(crate) fn step(state: &mut State, step: isize) {
    with_table(state, &Step(step));
}

/// Selects the row at `place` of the table that has the keys.
pub(crate) fn select(state: &mut State, place: usize) {
    with_table(state, &At(place));
}

struct Step(isize);
struct At(usize);

trait Move {
    fn apply<Id: Clone + PartialEq>(&self, table: &mut Table<Id>);
}

impl Move for Step {
    fn apply<Id: Clone + PartialEq>(&self, table: &mut Table<Id>) {
        table.step(self.0);
    }
}

impl Move for At {
    fn apply<Id: Clone + PartialEq>(&self, table: &mut Table<Id>) {
        table.select_at(self.0);
    }
}

fn with_table(state: &mut State, movement: &impl Move) {
    if let Some(Opened::Queue(_)) = state.opened.last() {
        movement.apply(&mut state.entry_table);
        return;
    }
    match state.screen {
        Screen::Overview => movement.apply(&mut state.attention_table),
        Screen::Orders => movement.apply(&mut state.order_table),
        Screen::Queues => movement.apply(&mut state.queue_table),
        Screen::Stores => movement.apply(&mut state.store_table),
        Screen::Services => movement.apply(&mut state.service_table),
    }
}

/// The filter of the table on screen.
pub(crate) fn filter_mut(state: &mut State) -> &mut Filter {
    match state.screen {
        Screen::Overview => &mut state.attention_table.filter,
        Screen::Orders => &mut state.order_table.filter,
        Screen::Queues => &mut state.queue_table.filter,
        Screen::Stores => &mut state.store_table.filter,
        Screen::Services => &mut state.service_table.filter,
    }
}
