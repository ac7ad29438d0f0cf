//! Screen 4: the catalogue, which instances have taken up each record, and the feed of changes.

use contract::StoreId;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::fit::Align;
use super::pen::{Look, Pen};
use super::table::{self, Column, Rows, Scroll};
use super::{label, orders, split, when};
use crate::state::State;
use crate::state::stores::{Store, StoreChange};
use crate::state::today::{Today, today};
use crate::text::{Msg, counts, phrases};
use crate::theme::Meaning;

/// Rows of the feed on the smallest screen.
const FEED_MIN: u16 = 4;

/// A row: a store, and the state to look the rest up in.
pub(super) struct Row<'a> {
    store: &'a Store,
    state: &'a State,
}

pub(super) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column {
            title: Msg::ColumnStore,
            min: 6,
            max: 6,
            align: Align::Left,
            rank: 0,
            cell: |row, look| look.line(Meaning::Name, row.store.record.code.clone()),
        },
        Column {
            title: Msg::ColumnName,
            min: 12,
            max: 36,
            align: Align::Left,
            rank: 0,
            cell: |row, look| look.line(Meaning::Text, row.store.record.name.clone()),
        },
        Column {
            title: Msg::ColumnCountry,
            min: 4,
            max: 4,
            align: Align::Left,
            rank: 1,
            cell: |row, look| look.line(Meaning::Text, row.store.record.country.as_str().to_uppercase()),
        },
        Column {
            title: Msg::ColumnState,
            min: 15,
            max: 15,
            align: Align::Left,
            rank: 0,
            cell: |row, look| label::store_state(look, row.store.record.state_at(look.now)),
        },
        Column {
            title: Msg::ColumnPos,
            min: 13,
            max: 13,
            align: Align::Left,
            rank: 0,
            cell: |row, look| label::pos(look, pos_of(row)),
        },
        Column { title: Msg::ColumnDepth, min: 7, max: 7, align: Align::Right, rank: 4, cell: waiting },
        Column { title: Msg::ColumnToday, min: 6, max: 7, align: Align::Right, rank: 3, cell: of_today },
        Column { title: Msg::ColumnRevision, min: 5, max: 6, align: Align::Right, rank: 2, cell: revision },
        Column { title: Msg::ColumnTakenUp, min: 8, max: 8, align: Align::Right, rank: 2, cell: taken_up },
        Column { title: Msg::ColumnChanged, min: 7, max: 7, align: Align::Right, rank: 3, cell: changed },
        Column {
            title: Msg::ColumnReason,
            min: 14,
            max: 40,
            align: Align::Left,
            rank: 5,
            cell: |row, look| look.line(Meaning::Muted, row.store.record.reason.clone().unwrap_or_default()),
        },
        Column {
            title: Msg::ColumnNumber,
            min: 6,
            max: 6,
            align: Align::Right,
            rank: 6,
            cell: |row, look| look.line(Meaning::Muted, row.store.record.id.to_string()),
        },
    ]
}

fn pos_of(row: &Row<'_>) -> Option<contract::event::PosState> {
    row.state.queues.get(row.store.record.id).and_then(|queue| queue.pos)
}

fn waiting(row: &Row<'_>, look: &Look) -> Line<'static> {
    match row.state.queues.depth(row.store.record.id) {
        Some(0) => look.line(Meaning::Muted, "0"),
        Some(depth) => look.line(Meaning::Name, when::count(depth)),
        None => look.unknown(),
    }
}

/// `214`, or `214+` where part of the day is not known.
fn of_today(row: &Row<'_>, look: &Look) -> Line<'static> {
    match today(row.state, &row.store.record) {
        Some(Today { orders: 0, at_least: false }) => look.line(Meaning::Muted, "0"),
        Some(Today { orders, at_least: false }) => look.line(Meaning::Text, when::count(orders)),
        Some(Today { orders, at_least: true }) => look.line(Meaning::Muted, format!("{}+", when::count(orders))),
        None => look.unknown(),
    }
}

fn revision(row: &Row<'_>, look: &Look) -> Line<'static> {
    match row.store.revision {
        Some(revision) => look.line(Meaning::Text, revision.to_string()),
        None => look.unknown(),
    }
}

/// `5/5`: how many of the instances that follow the catalogue have this revision.
fn taken_up(row: &Row<'_>, look: &Look) -> Line<'static> {
    match row.store.revision.map(|revision| row.state.services.taken_up(revision)) {
        Some((have, not)) if have.len() + not.len() > 0 => {
            let meaning = if not.is_empty() { Meaning::Good } else { Meaning::AlertWarn };
            look.line(meaning, format!("{}/{}", have.len(), have.len() + not.len()))
        }
        _ => look.unknown(),
    }
}

fn changed(row: &Row<'_>, look: &Look) -> Line<'static> {
    match row.store.record.changed_at {
        Some(at) => look.line(Meaning::Muted, look.age(at)),
        None => look.unknown(),
    }
}

fn row(state: &State, id: StoreId) -> Option<Row<'_>> {
    Some(Row { store: state.stores.get(id)?, state })
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    let feed = (area.height / 4).max(FEED_MIN).min(area.height / 2);
    let upper = Rect { height: area.height - feed, ..area };
    let lower = Rect { y: upper.bottom(), height: feed, ..area };
    // The pane stands beside; below is where the feed is.
    let (main, pane) = if area.width >= super::BESIDE_MIN { split(upper) } else { (upper, None) };
    let table = &state.store_table;
    let look = pen.look;
    let mut note = super::noted(look, state, None);
    note.push(super::some_of(look, table.rows.len(), table.total).spans);
    let note = look.facts(note);
    pen.rule(main, look.t(Msg::TabStores), note);
    let body = super::below_rule(main);
    if !super::empty(pen, body, state, table.rows.len(), table.total, Msg::NoStores) {
        let rows = Rows {
            count: table.rows.len(),
            selected: table.position(),
            at: &|place| row(state, *table.rows.get(place)?),
            marked: None,
        };
        table::draw(pen, body, &table::chosen(columns(), &table.hidden), &rows, scroll);
    }
    updates(pen, lower, state);
    if let Some(pane) = pane {
        let inner = super::pane(pen, pane, main, look.t(Msg::StoreRecord));
        match table.current().and_then(|id| row(state, *id)) {
            Some(row) => {
                pen.lines(inner, facts(look, &row));
            }
            None => {
                pen.sentence(inner, Meaning::Muted, look.t(Msg::NothingSelected));
            }
        }
    }
}

/// The feed: changes as they were published, newest on top.
fn updates(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let look = pen.look;
    pen.rule(area, look.t(Msg::Updates), Line::default());
    let body = super::indent(super::below_rule(area));
    if state.stores.changes.is_empty() {
        pen.sentence(body, Meaning::Muted, look.t(Msg::NoUpdates));
        return;
    }
    let lines = state.stores.changes.iter().rev().map(|change| update(look, state, change)).collect();
    pen.lines(body, lines);
}

fn update(look: &Look, state: &State, change: &StoreChange) -> Line<'static> {
    let word = if change.new { Msg::StoreAdded } else { Msg::StoreChanged };
    let mut facts = vec![
        vec![look.span(Meaning::Muted, format!("{:>6}", look.age(change.at)))],
        vec![look.span(Meaning::Text, look.t(word))],
        orders::place(look, state.stores.get(change.store), change.store).spans,
        vec![look.span(Meaning::Text, change.country.as_str().to_uppercase())],
    ];
    match change.revision {
        Some(revision) => {
            facts.push(vec![look.span(Meaning::Muted, phrases::revision(look.lang, revision))]);
            let (have, not) = state.services.taken_up(revision);
            if have.len() + not.len() > 0 {
                let meaning = if not.is_empty() { Meaning::Good } else { Meaning::AlertWarn };
                facts
                    .push(vec![look.span(meaning, counts::taken_up_by(look.lang, have.len(), have.len() + not.len()))]);
            }
        }
        None => facts.push(vec![look.span(Meaning::Muted, phrases::revision(look.lang, look.glyphs().unknown))]),
    }
    if let Some(by) = &change.by {
        facts.push(vec![look.span(Meaning::Muted, by.clone())]);
    }
    look.facts(facts)
}

/// Everything known of a store.
fn facts(look: &Look, row: &Row<'_>) -> Vec<Line<'static>> {
    let record = &row.store.record;
    let zone = look.zone_of(Some(record), record.country);
    let named = |msg: Msg, value: Line<'static>| {
        let mut spans = super::fit::fit_line(look.line(Meaning::Muted, look.t(msg)), 12, Align::Left, "").spans;
        spans.extend(value.spans);
        Line::from(spans)
    };
    let text = |text: String| look.line(Meaning::Text, text);
    let mut lines = vec![
        orders::place(look, Some(row.store), record.id),
        Line::default(),
        named(Msg::ColumnState, label::store_state(look, record.state_at(look.now))),
    ];
    if let Some(reason) = &record.reason {
        lines.push(named(Msg::ColumnReason, text(reason.clone())));
    }
    if let Some(until) = record.until {
        lines.push(named(Msg::Until, text(when::date(until, &zone))));
    }
    lines.push(named(Msg::ColumnPos, label::pos(look, pos_of(row))));
    lines.push(named(Msg::PosAddress, text(record.pos_url.clone())));
    lines.push(named(Msg::ColumnDepth, waiting(row, look)));
    lines.push(named(Msg::ColumnToday, of_today(row, look)));
    lines.push(named(Msg::ColumnOwner, super::queues::owner(look, &row.state.queues, record.id)));
    lines.push(named(Msg::ColumnNumber, text(record.id.to_string())));
    lines.push(named(Msg::ColumnCountry, text(record.country.as_str().to_uppercase())));
    lines.push(named(Msg::Zone, text(format!("{} {}", record.zone(), when::offset(look.now, &zone)))));
    if let Some(at) = record.changed_at {
        let by = record.changed_by.as_deref().map_or_else(String::new, |by| format!(" {} {by}", look.glyphs().dot));
        lines.push(named(Msg::ColumnChanged, text(format!("{}{by}", when::date(at, &zone)))));
    }
    for (key, value) in &record.labels {
        lines.push(named(Msg::Label, text(format!("{key}: {value}"))));
    }
    lines.push(named(Msg::ColumnRevision, revision(row, look)));
    lines.push(Line::default());
    lines.push(look.line(Meaning::Title, look.t(Msg::TakenUpBy)));
    match row.store.revision.map(|revision| row.state.services.taken_up(revision)) {
        None => lines.push(look.line(Meaning::Muted, look.t(Msg::RevisionUnknown))),
        Some((have, not)) => {
            for (instances, meaning, glyph) in
                [(not, Meaning::AlertWarn, look.glyphs().warn), (have, Meaning::Good, look.glyphs().good)]
            {
                for instance in instances {
                    let seen = instance.heartbeat.stores_revision.unwrap_or_default();
                    lines.push(Line::from(vec![
                        look.span(meaning, format!("{glyph} {}", instance.heartbeat.instance)),
                        look.span(Meaning::Muted, format!("  {}", phrases::revision(look.lang, seen))),
                    ]));
                }
            }
        }
    }
    lines
}

/// Everything known of a store as text.
pub(super) fn text(look: &Look, state: &State, id: StoreId) -> Vec<Line<'static>> {
    row(state, id).map_or_else(Vec::new, |row| facts(look, &row))
}

/// Draws the opened store over the whole screen.
pub(super) fn draw_opened(pen: &mut Pen<'_>, area: Rect, state: &State, id: StoreId) {
    let look = pen.look;
    pen.rule(area, look.t(Msg::StoreRecord), Line::default());
    let inner = super::indent(super::below_rule(area));
    match row(state, id) {
        Some(row) => super::order::scrolled(pen, inner, facts(look, &row), state.scroll),
        None => {
            pen.sentence(inner, Meaning::Muted, look.t(Msg::Gone));
        }
    }
}
