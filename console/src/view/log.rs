//! Screen 8: what happened, the newest on top.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::fit::Align;
use super::orders::place;
use super::pen::{Look, Pen};
use super::table::{self, Column, Rows, Scroll};
use super::when;
use crate::state::State;
use crate::state::log::{Entry, Level};
use crate::state::stores::Store;
use crate::text::{Msg, happened};
use crate::theme::Meaning;

/// A row: the entry, and its store when the catalogue has it.
pub(super) struct Row<'a> {
    entry: &'a Entry,
    store: Option<&'a Store>,
}

pub(super) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column {
            title: Msg::ColumnTime,
            min: 12,
            max: 12,
            align: Align::Left,
            rank: 0,
            cell: |row, look| {
                let at = row.entry.at;
                look.line(Meaning::Muted, format!("{} {}", when::clock(at, &look.zone), when::offset(at, &look.zone)))
            },
        },
        Column { title: Msg::ColumnHappened, min: 34, max: 90, align: Align::Left, rank: 0, cell: what },
        Column {
            title: Msg::ColumnStore,
            min: 12,
            max: 30,
            align: Align::Left,
            rank: 1,
            cell: |row, look| row.entry.store().map_or_else(|| look.unknown(), |store| place(look, row.store, store)),
        },
        Column {
            title: Msg::ColumnOrder,
            min: 17,
            max: 26,
            align: Align::Left,
            rank: 2,
            cell: |row, look| match row.entry.order() {
                Some(order) => look.line(Meaning::Name, order.code.to_string()),
                None => look.unknown(),
            },
        },
        Column {
            title: Msg::ColumnBy,
            min: 16,
            max: 24,
            align: Align::Left,
            rank: 3,
            cell: |row, look| match row.entry.by() {
                Some(by) => look.line(Meaning::Muted, by.to_owned()),
                None => look.unknown(),
            },
        },
    ]
}

fn what(row: &Row<'_>, look: &Look) -> Line<'static> {
    let glyphs = look.glyphs();
    let (meaning, glyph) = match row.entry.level() {
        Level::Error => (Meaning::AlertCritical, glyphs.critical),
        Level::Warning => (Meaning::AlertWarn, glyphs.warn),
        Level::Info => (Meaning::Text, glyphs.good),
    };
    look.line(meaning, format!("{glyph} {}", happened::sentence(look.lang, &row.entry.what)))
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    let table = &state.log_table;
    let look = pen.look;
    let mut facts = super::noted(look, state, None);
    facts.push(super::some_of(look, table.rows.len(), table.total).spans);
    let note = look.facts(facts);
    pen.rule(area, look.t(Msg::TabLog), note);
    let body = super::below_rule(area);
    if super::empty(pen, body, state, table.rows.len(), table.total, Msg::NoLog) {
        return;
    }
    let row = |place: usize| {
        let entry = state.log.get(*table.rows.get(place)?)?;
        Some(Row { entry, store: entry.store().and_then(|store| state.stores.get(store)) })
    };
    let rows = Rows { count: table.rows.len(), selected: table.position(), at: &row, marked: None };
    table::draw(pen, body, &table::chosen(columns(), &table.hidden), &rows, scroll);
}
