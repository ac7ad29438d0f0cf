//! Screen 3: what waits, one row a store. Depths are the stream's own and exact; `–` where nobody told.

use contract::StoreId;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit::Align;
use super::orders::place;
use super::pen::{Look, Pen};
use super::table::{self, Column, Rows, Scroll};
use super::{chart, label, orders, split, when};
use crate::state::queues::{Queue, Retry};
use crate::state::stores::Store;
use crate::state::{Queues, State};
use crate::text::{Msg, phrases, said};
use crate::theme::Meaning;

/// A row: the queue, its store, and who injects into it.
pub(super) struct Row<'a> {
    queue: &'a Queue,
    store: Option<&'a Store>,
    queues: &'a Queues,
}

pub(super) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column {
            title: Msg::ColumnStore,
            min: 14,
            max: 34,
            align: Align::Left,
            rank: 0,
            cell: |row, look| place(look, row.store, row.queue.store),
        },
        Column { title: Msg::ColumnDepth, min: 7, max: 7, align: Align::Right, rank: 0, cell: depth },
        Column { title: Msg::ColumnOldest, min: 9, max: 9, align: Align::Right, rank: 0, cell: oldest },
        Column {
            title: Msg::ColumnTrend,
            min: 9,
            max: 24,
            align: Align::Newest,
            rank: 2,
            cell: |row, look| trend(look, row.queue, 24),
        },
        Column {
            title: Msg::ColumnPos,
            min: 13,
            max: 13,
            align: Align::Left,
            rank: 0,
            cell: |row, look| label::pos(look, row.queue.pos),
        },
        Column { title: Msg::ColumnRetry, min: 16, max: 16, align: Align::Left, rank: 1, cell: retry_cell },
        Column {
            title: Msg::ColumnOwner,
            min: 16,
            max: 22,
            align: Align::Left,
            rank: 3,
            cell: |row, look| owner(look, row.queues, row.queue.store),
        },
        Column { title: Msg::ColumnHead, min: 17, max: 24, align: Align::Left, rank: 4, cell: head },
        Column {
            title: Msg::ColumnCountry,
            min: 4,
            max: 4,
            align: Align::Left,
            rank: 5,
            cell: |row, look| match row.store {
                Some(store) => look.line(Meaning::Text, store.record.country.as_str().to_uppercase()),
                None => look.unknown(),
            },
        },
    ]
}

fn depth(row: &Row<'_>, look: &Look) -> Line<'static> {
    match row.queue.depth {
        Some(0) => look.line(Meaning::Muted, "0"),
        Some(depth) => look.line(Meaning::Name, when::count(depth)),
        None => look.unknown(),
    }
}

fn oldest(row: &Row<'_>, look: &Look) -> Line<'static> {
    let Some(oldest) = &row.queue.oldest else { return look.unknown() };
    let ms = look.now.since(oldest.order.received_at).max(0);
    look.line(look.ageing(oldest.order.channel, ms), when::age(ms))
}

/// The newest depths, at most `columns` of them.
fn trend(look: &Look, queue: &Queue, columns: usize) -> Line<'static> {
    let values: Vec<Option<f64>> = queue.trend.iter().map(|depth| Some(*depth as f64)).collect();
    chart::sparkline(look, &values, columns.min(values.len()))
}

fn retry_cell(row: &Row<'_>, look: &Look) -> Line<'static> {
    match &row.queue.retry {
        Some(retry) => retry_line(look, row.queue, retry),
        None => look.unknown(),
    }
}

fn retry_line(look: &Look, queue: &Queue, retry: &Retry) -> Line<'static> {
    label::next_attempt(look, retry.attempts, retry.next_at, queue.pos_down())
}

pub(super) fn owner(look: &Look, queues: &Queues, store: StoreId) -> Line<'static> {
    match queues.owner(store) {
        Some(owner) => look.line(Meaning::Text, owner.to_string()),
        None => look.unknown(),
    }
}

fn head(row: &Row<'_>, look: &Look) -> Line<'static> {
    let code = row.queue.oldest.as_ref().map(|oldest| oldest.order.code.to_string());
    match code.or_else(|| row.queue.retry.as_ref().map(|retry| retry.code.to_string())) {
        Some(code) => look.line(Meaning::Text, code),
        None => look.unknown(),
    }
}

fn row(state: &State, id: StoreId) -> Option<Row<'_>> {
    Some(Row { queue: state.queues.get(id)?, store: state.stores.get(id), queues: &state.queues })
}

/// Columns from which there is room for the sums besides the age of the count.
const SUMS_MIN: u16 = 70;

/// `contado hace 12s`, when depths could not be counted again.
fn counted(look: &Look, state: &State) -> Vec<Span<'static>> {
    let age_ms = super::counts_age_ms(look, state);
    let text = age_ms.map(|ms| phrases::counted_ago(look.lang, when::age(ms)));
    text.map(|text| look.span(Meaning::AlertWarn, text)).into_iter().collect()
}

/// How many orders wait in all; before it the age of that knowledge, when it is not of now.
fn total(look: &Look, state: &State, columns: u16) -> Line<'static> {
    let counted = counted(look, state);
    if !counted.is_empty() && columns < SUMS_MIN {
        return Line::from(counted);
    }
    let total = state.queues.total.map_or_else(|| look.glyphs().unknown.to_owned(), when::count);
    let table = &state.queue_table;
    let waiting = vec![look.span(Meaning::Text, phrases::waiting(look.lang, total))];
    let shown = super::some_of(look, table.rows.len(), table.total).spans;
    let mut facts = super::noted(look, state, None);
    facts.extend([counted, waiting, shown].into_iter().filter(|fact| !fact.is_empty()));
    look.facts(facts)
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    let table = &state.queue_table;
    let (main, pane) = split(area);
    pen.rule(main, pen.look.t(Msg::TabQueues), total(pen.look, state, main.width));
    let body = super::below_rule(main);
    let none = if state.queues.read_at.is_some() { Msg::NothingWaiting } else { Msg::NoDataYet };
    if super::empty(pen, body, state, table.rows.len(), table.total, none) {
        return;
    }
    let rows = Rows {
        count: table.rows.len(),
        selected: table.position(),
        at: &|place| row(state, *table.rows.get(place)?),
        marked: None,
    };
    table::draw(pen, body, &table::chosen(columns(), &table.hidden), &rows, scroll);
    if let Some(pane) = pane {
        let inner = super::pane(pen, pane, main, pen.look.t(Msg::StoreQueue));
        match table.current().and_then(|id| row(state, *id)) {
            Some(row) => {
                let mut lines = facts(pen.look, &row);
                lines.push(Line::default());
                let used = pen.lines(inner, lines);
                let rest = Rect { y: inner.y + used, height: inner.height - used, ..inner };
                entries(pen, rest, state, row.queue.store);
            }
            None => {
                pen.sentence(inner, Meaning::Muted, pen.look.t(Msg::NothingSelected));
            }
        }
    }
}

/// What is known of a queue besides its entries.
fn facts(look: &Look, row: &Row<'_>) -> Vec<Line<'static>> {
    let queue = row.queue;
    let mut lines = vec![look.facts(vec![
        place(look, row.store, queue.store).spans,
        label::pos(look, queue.pos).spans,
        owner(look, row.queues, queue.store).spans,
        vec![look.span(Meaning::Muted, phrases::partition(look.lang, queue.store.partition()))],
    ])];
    let mut second = vec![
        std::iter::once(look.span(Meaning::Muted, format!("{} ", look.t(Msg::ColumnDepth))))
            .chain(depth(row, look).spans)
            .collect(),
        std::iter::once(look.span(Meaning::Muted, format!("{} ", look.t(Msg::ColumnOldest))))
            .chain(oldest(row, look).spans)
            .collect(),
    ];
    if let Some(retry) = &queue.retry {
        second.push(retry_line(look, queue, retry).spans);
    }
    second.push(trend(look, queue, 30).spans);
    lines.push(look.facts(second));
    if !queue.pos_detail.is_empty() {
        let since = queue.pos_since.map_or_else(String::new, |at| format!(" ({})", look.age(at)));
        let words = said::pos(&queue.pos_detail).filter(|_| queue.pos_down());
        let words = words.map_or_else(String::new, |msg| format!("{} {} ", look.t(msg), look.glyphs().unknown));
        lines.push(look.line(Meaning::Muted, format!("{words}{}{since}", queue.pos_detail)));
    }
    lines
}

/// The entries of a store's queue in the order in which they will be injected, for a pane.
fn entries(pen: &mut Pen<'_>, area: Rect, state: &State, store: StoreId) {
    let waiting: Vec<contract::OrderId> =
        state.orders.waiting_at(store).iter().map(|order| order.pass.head.id()).collect();
    let rows = Rows {
        count: waiting.len(),
        selected: None,
        at: &|place| orders::row(state, waiting.get(place)?),
        marked: None,
    };
    // The pane's own margin is the cursor's.
    let area = Rect { x: area.x.saturating_sub(1), width: area.width + 1, ..area };
    table::draw(pen, area, &entry_columns(), &rows, &mut Scroll::default());
}

/// What is known of a queue as text, the codes of its orders below.
pub(super) fn text(look: &Look, state: &State, id: StoreId) -> Vec<Line<'static>> {
    let Some(row) = row(state, id) else { return Vec::new() };
    let waiting = state.orders.waiting_at(id);
    let codes = waiting.iter().map(|order| Line::from(format!("  {}", order.pass.head.code)));
    facts(look, &row).into_iter().chain(codes).collect()
}

/// Draws the opened queue: its facts, then its orders, first to be injected on top.
pub(super) fn draw_opened(pen: &mut Pen<'_>, area: Rect, state: &State, id: StoreId, scroll: &mut Scroll) {
    let look = pen.look;
    let table = &state.entry_table;
    // Older entries than the orders in memory are counted, but not known one by one.
    let note = match state.queues.depth(id) {
        Some(depth) => {
            let known = phrases::known_of(look.lang, table.rows.len(), when::count(depth));
            let marked = super::marked(look, table).unwrap_or_default();
            let facts = [marked, counted(look, state), vec![look.span(Meaning::Muted, known)]];
            look.facts(facts.into_iter().filter(|fact| !fact.is_empty()).collect())
        }
        None => Line::default(),
    };
    pen.rule(area, look.t(Msg::StoreQueue), note);
    let inner = super::below_rule(area);
    let Some(row) = row(state, id) else {
        pen.sentence(super::indent(inner), Meaning::Muted, look.t(Msg::NothingWaiting));
        return;
    };
    let mut lines = facts(look, &row);
    lines.push(Line::default());
    let used = pen.lines(super::indent(inner), lines);
    let rest = Rect { y: inner.y + used, height: inner.height - used, ..inner };
    if super::empty(pen, rest, state, table.rows.len(), table.total, Msg::NothingWaiting) {
        return;
    }
    let marked = |place: usize| table.rows.get(place).is_some_and(|id| table.marked.contains(id));
    let rows = Rows {
        count: table.rows.len(),
        selected: table.position(),
        at: &|place| orders::row(state, table.rows.get(place)?),
        marked: (!table.marked.is_empty()).then_some(&marked),
    };
    table::draw(pen, rest, &entry_columns(), &rows, scroll);
}

/// The columns of a store's own orders: the store goes without saying.
fn entry_columns<'a>() -> Vec<Column<orders::Row<'a>>> {
    orders::columns().into_iter().filter(|column| column.title != Msg::ColumnStore).collect()
}
