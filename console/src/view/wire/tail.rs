//! Messages of a subtree, the newest last, with the places where some are missing.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::state::State;
use crate::state::wire::Pane;
use crate::state::wire::tail::{Gap, Raw, Row, What};
use crate::text::{Msg, counts, phrases, told};
use crate::theme::Meaning;
use crate::view::fit::Align;
use crate::view::pen::{Look, Pen};
use crate::view::table::{self, Column, Rows, Scroll};
use crate::view::{below_rule, empty, unless_replayed, when};

fn columns<'a>() -> Vec<Column<&'a Row>> {
    vec![
        Column {
            title: Msg::ColumnTime,
            min: 12,
            max: 12,
            align: Align::Left,
            rank: 0,
            cell: |row, look| look.line(Meaning::Muted, when::clock_ms(row.at, &look.zone)),
        },
        Column {
            title: Msg::ColumnSubject,
            min: 22,
            max: 52,
            align: Align::Left,
            rank: 0,
            // Every subject begins with the same word.
            cell: |row, look| match &row.what {
                What::Message(raw) => look.line(Meaning::Name, without_root(raw)),
                What::Gap(_) => look.line(Meaning::AlertWarn, look.glyphs().horizontal.repeat(8)),
            },
        },
        Column {
            title: Msg::ColumnSays,
            min: 24,
            max: 80,
            align: Align::Left,
            rank: 0,
            cell: |row, look| match &row.what {
                What::Message(raw) => look.line(Meaning::Text, told::line(look.lang, raw.fact.as_ref())),
                What::Gap(gap) => gap_line(look, *gap),
            },
        },
        Column {
            title: Msg::ColumnSize,
            min: 8,
            max: 8,
            align: Align::Right,
            rank: 1,
            cell: |row, look| match &row.what {
                What::Message(raw) => look.line(Meaning::Muted, when::size(raw.bytes)),
                What::Gap(_) => Line::default(),
            },
        },
    ]
}

fn without_root(raw: &Raw) -> String {
    let subject = raw.subject.strip_prefix("domicilio.");
    subject.unwrap_or(&raw.subject).to_owned()
}

fn gap_line(look: &Look, gap: Gap) -> Line<'static> {
    let (meaning, text) = match gap {
        Gap::Skipped(count) => (Meaning::AlertWarn, counts::tail_skipped(look.lang, when::count(count))),
        Gap::Lost(count) => (Meaning::AlertCritical, counts::tail_lost(look.lang, when::count(count))),
        Gap::Away(ms) => (Meaning::AlertCritical, phrases::tail_away(look.lang, when::age(ms))),
        Gap::Unwatched(ms) => (Meaning::AlertWarn, phrases::tail_unwatched(look.lang, when::age(ms))),
    };
    look.line(meaning, format!("{} {text}", look.glyphs().warn))
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll, several: bool) {
    let (tail, table) = (&state.wire.tail, &state.wire.tail_table);
    let look = pen.look;
    let has_keys = state.wire.pane == Pane::Tail;
    let title = super::title(pen, look.t(Msg::PaneTail), has_keys, several);
    let mut facts = vec![vec![look.span(Meaning::Text, phrases::tail_of(look.lang, &tail.subject))]];
    if table.total > 0 {
        facts.push(vec![look.span(Meaning::Muted, counts::tail_seen(look.lang, when::count(tail.seen)))]);
    }
    pen.rule(area, &title, look.facts(facts));
    let body = below_rule(area);
    if empty(pen, body, state, table.rows.len(), table.total, unless_replayed(state, Msg::NoMessages)) {
        return;
    }
    let at = |place: usize| tail.get(*table.rows.get(place)?);
    super::keep_in_sight(scroll, table, body);
    let rows = Rows { count: table.rows.len(), selected: table.position().filter(|_| has_keys), at: &at, marked: None };
    table::draw(pen, body, &columns(), &rows, scroll);
}
