//! Screen 4: orders that were not injected and wait for a person, the oldest on top.

use ratatui::layout::Rect;
use ratatui::text::Line;

use contract::order::Ending;

use super::fit::Align;
use super::orders::{self, Row, place};
use super::pen::{Look, Pen};
use super::table::{Column, Scroll};
use super::{label, split, when};
use crate::state::State;
use crate::text::Msg;
use crate::theme::Meaning;

pub(super) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column {
            title: Msg::ColumnOrder,
            min: 17,
            max: 26,
            align: Align::Left,
            rank: 0,
            cell: |row, look| look.line(Meaning::Name, row.order.pass.head.code.to_string()),
        },
        Column {
            title: Msg::ColumnStore,
            min: 12,
            max: 30,
            align: Align::Left,
            rank: 0,
            cell: |row, look| place(look, row.store, row.order.pass.head.store),
        },
        Column { title: Msg::ColumnReason, min: 16, max: 60, align: Align::Left, rank: 0, cell: reason },
        Column { title: Msg::ColumnSince, min: 6, max: 7, align: Align::Right, rank: 0, cell: since },
        Column {
            title: Msg::ColumnAttempts,
            min: 4,
            max: 5,
            align: Align::Right,
            rank: 1,
            cell: |row, look| look.line(Meaning::Text, row.order.pass.attempts_made().to_string()),
        },
        Column {
            title: Msg::ColumnChannel,
            min: 9,
            max: 9,
            align: Align::Left,
            rank: 2,
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
        Column {
            title: Msg::ColumnTime,
            min: 12,
            max: 12,
            align: Align::Left,
            rank: 4,
            cell: |row, look| {
                let head = &row.order.pass.head;
                let zone = look.zone_of(row.store.map(|store| &store.record), head.country);
                let at = head.received_at;
                look.line(Meaning::Muted, format!("{} {}", when::clock(at, &zone), when::offset(at, &zone)))
            },
        },
    ]
}

fn reason(row: &Row<'_>, look: &Look) -> Line<'static> {
    match row.order.pass.outcome().map(|outcome| &outcome.ending) {
        Some(Ending::NotInjected { reason, .. }) => {
            let doubt = if reason.in_doubt() { format!("{} ", look.glyphs().warn) } else { String::new() };
            look.line(Meaning::AlertCritical, format!("{doubt}{}", look.t(label::reason(*reason))))
        }
        _ => look.unknown(),
    }
}

/// How long it has been waiting for a person.
fn since(row: &Row<'_>, look: &Look) -> Line<'static> {
    match row.order.pass.ended_at() {
        Some(ended) => {
            let ms = look.now.since(ended).max(0);
            look.line(look.ageing(row.order.pass.head.channel, ms), when::age(ms))
        }
        None => look.unknown(),
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    let table = &state.case_table;
    let facts = super::noted(pen.look, state, Some(table));
    let part = orders::Part { title: Msg::SubjectNotInjected, none: Msg::NoCases, columns: columns() };
    orders::draw_table(pen, split(area), state, table, facts, part, scroll);
}
