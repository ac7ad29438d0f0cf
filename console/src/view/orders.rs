//! Screen 2: orders, one row each, and beside or below them the way of the selected one when there is room.

use contract::OrderId;
use contract::order::Loyalty;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit::Align;
use super::pen::{Look, Pen};
use super::table::{self, Column, Rows, Scroll};
use super::{label, order, split, when};
use crate::state::queues::Queue;
use crate::state::sort::Sort;
use crate::state::stores::Store;
use crate::state::{Order, OrderState, State, Table};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

/// A row: the order, and its store when the catalogue has it.
pub(crate) struct Row<'a> {
    pub(crate) order: &'a Order,
    pub(crate) store: Option<&'a Store>,
    /// The queue of the order's store.
    pub(crate) queue: Option<&'a Queue>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(state: &'a State, order: &'a Order) -> Self {
        let store = order.pass.head.store;
        Self { order, store: state.stores.get(store), queue: state.queues.get(store) }
    }
}

/// Code and name of a row's store; its number when the catalogue does not have it.
pub(crate) fn place(look: &Look, store: Option<&Store>, id: contract::StoreId) -> Line<'static> {
    store.map_or_else(|| look.line(Meaning::Text, format!("#{id}")), |store| named(look, &store.record))
}

/// Code and name of a store.
pub(crate) fn named(look: &Look, record: &contract::StoreRecord) -> Line<'static> {
    Line::from(vec![
        look.span(Meaning::Name, record.code.clone()),
        look.span(Meaning::Text, format!(" {}", record.name)),
    ])
}

/// The columns of every table of orders.
pub(crate) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column {
            title: Msg::ColumnOrder,
            min: 19,
            max: 26,
            align: Align::Left,
            rank: 0,
            cell: |row, look| {
                let code = look.span(Meaning::Name, row.order.pass.head.code.to_string());
                // Before the code, where a long one cannot push it away.
                let test =
                    row.order.pass.head.test.then(|| look.span(Meaning::AlertWarn, format!("{} ", look.glyphs().test)));
                test.into_iter().chain([code]).collect()
            },
        },
        Column {
            title: Msg::ColumnStore,
            min: 14,
            max: 34,
            align: Align::Left,
            rank: 0,
            cell: |row, look| place(look, row.store, row.order.pass.head.store),
        },
        Column {
            title: Msg::ColumnState,
            min: 14,
            max: 14,
            align: Align::Left,
            rank: 0,
            cell: |row, look| label::order(look, row.order.state()),
        },
        Column { title: Msg::ColumnAge, min: 6, max: 6, align: Align::Right, rank: 0, cell: age },
        Column { title: Msg::ColumnAttempts, min: 4, max: 5, align: Align::Right, rank: 2, cell: attempts },
        Column {
            title: Msg::ColumnChannel,
            min: 9,
            max: 9,
            align: Align::Left,
            rank: 1,
            cell: |row, look| look.line(Meaning::Text, row.order.pass.head.channel.label()),
        },
        Column {
            title: Msg::ColumnCloud,
            min: 6,
            max: 8,
            align: Align::Left,
            rank: 3,
            cell: |row, look| look.line(Meaning::Text, row.order.pass.head.by.cloud.to_string()),
        },
        Column { title: Msg::ColumnTotal, min: 10, max: 12, align: Align::Right, rank: 4, cell: total },
        Column {
            title: Msg::ColumnTime,
            min: 12,
            max: 12,
            align: Align::Left,
            rank: 5,
            cell: |row, look| {
                let at = row.order.pass.head.received_at;
                let zone = look.zone_of(row.store.map(|store| &store.record), row.order.pass.head.country);
                look.line(Meaning::Muted, format!("{} {}", when::clock(at, &zone), when::offset(at, &zone)))
            },
        },
        Column {
            title: Msg::ColumnLines,
            min: 6,
            max: 6,
            align: Align::Right,
            rank: 7,
            cell: |row, look| look.line(Meaning::Muted, row.order.pass.head.lines.to_string()),
        },
        Column {
            title: Msg::ColumnLoyalty,
            min: 7,
            max: 7,
            align: Align::Left,
            rank: 6,
            cell: |row, look| match row.order.pass.head.loyalty {
                Some(points) => look.line(Meaning::Text, look.t(loyalty(points))),
                None => look.unknown(),
            },
        },
    ]
}

pub(crate) const fn loyalty(points: Loyalty) -> Msg {
    match points {
        Loyalty::Accrue => Msg::LoyaltyAccrue,
        Loyalty::Redeem => Msg::LoyaltyRedeem,
        Loyalty::Both => Msg::LoyaltyBoth,
    }
}

/// Age of an order that is under way, time to its end of one that is not; the older the louder.
fn age(row: &Row<'_>, look: &Look) -> Line<'static> {
    let ms = row.order.age_ms(look.now);
    let meaning = match row.order.state() {
        OrderState::Injected | OrderState::Solved => Meaning::Muted,
        OrderState::NotInjected => Meaning::AlertCritical,
        _ => return look.line(look.ageing(row.order.pass.head.channel, ms), when::age(ms)),
    };
    look.line(meaning, when::span(ms))
}

/// `2/5` while attempts go on, `2` once there is an end, `–` while nobody has told.
fn attempts(row: &Row<'_>, look: &Look) -> Line<'static> {
    let made = row.order.pass.attempts_made();
    match (row.order.state(), row.order.pass.last_attempt()) {
        (OrderState::Accepted | OrderState::Queued, _) => look.unknown(),
        (OrderState::Retrying, Some(last)) => look.line(Meaning::AlertWarn, format!("{made}/{}", last.number_max)),
        (_, _) => look.line(if made > 1 { Meaning::AlertWarn } else { Meaning::Muted }, made.to_string()),
    }
}

fn total(row: &Row<'_>, look: &Look) -> Line<'static> {
    match &row.order.pass.head.total {
        Some(total) => look.line(Meaning::Text, when::amount(total.amount, total.currency.as_deref())),
        None => look.unknown(),
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    let table = &state.order_table;
    let (main, pane) = split(area);
    let look = pen.look;
    let mut facts = super::noted(look, state, Some(table));
    if table.sort == Sort::default() {
        facts.insert(0, vec![look.span(Meaning::Muted, look.t(Msg::SortNewest))]);
    }
    // What is not here is said, for a table that looks complete would be believed.
    if let Some(since) = state.reading.since {
        let since = format!("{} {}", when::clock(since, &look.zone), when::offset(since, &look.zone));
        facts.push(vec![look.span(Meaning::AlertWarn, phrases::known_since(look.lang, since))]);
    }
    if state.orders.evicted > 0 {
        let evicted = when::count(state.orders.evicted);
        facts.push(vec![look.span(Meaning::AlertWarn, phrases::forgotten(look.lang, evicted))]);
    }
    let part = Part { title: Msg::TabOrders, none: Msg::NoOrders, columns: columns() };
    draw_table(pen, (main, pane), state, table, facts, part, scroll);
}

/// What tells one table of orders from another.
pub(super) struct Part<'a> {
    /// Its name.
    pub(super) title: Msg,
    /// Said when there is none.
    pub(super) none: Msg,
    /// Its columns.
    pub(super) columns: Vec<Column<Row<'a>>>,
}

/// Draws a table of orders with its `facts` and, where there is room, the way of the selected one.
pub(super) fn draw_table<'a>(
    pen: &mut Pen<'_>,
    (main, pane): (Rect, Option<Rect>),
    state: &'a State,
    table: &'a Table<OrderId>,
    mut facts: Vec<Vec<Span<'static>>>,
    part: Part<'a>,
    scroll: &mut Scroll,
) {
    let look = pen.look;
    facts.push(super::some_of(look, table.rows.len(), table.total).spans);
    pen.rule(main, look.t(part.title), look.facts(facts));
    let body = super::below_rule(main);
    if super::empty(pen, body, state, table.rows.len(), table.total, part.none) {
        return;
    }
    let marked = |place: usize| table.rows.get(place).is_some_and(|id| table.marked.contains(id));
    let rows = Rows {
        count: table.rows.len(),
        selected: table.position(),
        at: &|place| row(state, table.rows.get(place)?),
        marked: (!table.marked.is_empty()).then_some(&marked),
    };
    table::draw(pen, body, &table::chosen(part.columns, &table.hidden), &rows, scroll);
    if let Some(pane) = pane {
        let inner = super::pane(pen, pane, main, &super::title_of_order(look, table.current()));
        match table.current().and_then(|id| row(state, id)) {
            Some(row) => {
                let lines = order::summary(look, &row, inner.width);
                pen.lines(inner, lines);
            }
            None => {
                pen.sentence(inner, Meaning::Muted, look.t(Msg::NothingSelected));
            }
        }
    }
}

/// The row of an order, if it is still known.
pub(crate) fn row<'a>(state: &'a State, id: &OrderId) -> Option<Row<'a>> {
    Some(Row::new(state, state.orders.get(id)?))
}
