//! The tree of subjects: how fast, and how much.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::state::State;
use crate::state::wire::Pane;
use crate::state::wire::subjects::Flow;
use crate::text::Msg;
use crate::theme::Meaning;
use crate::view::fit::Align;
use crate::view::pen::{Look, Pen};
use crate::view::table::{self, Column, Rows, Scroll};
use crate::view::{below_rule, empty, some_of, unless_replayed, when};

/// A row: the subject, what passed there, and what its sign is.
struct Row<'a> {
    subject: &'a str,
    flow: &'a Flow,
    rate: Option<(f64, f64)>,
    sign: &'static str,
    /// Whether its parents are not shown: then its whole name is.
    whole: bool,
}

fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column { title: Msg::ColumnSubject, min: 26, max: 60, align: Align::Left, rank: 0, cell: subject },
        Column {
            title: Msg::ColumnPerSecond,
            min: 8,
            max: 9,
            align: Align::Right,
            rank: 0,
            cell: |row, look| rate(look, row.rate.map(|(messages, _)| messages), when::rate),
        },
        Column {
            title: Msg::ColumnBytesPerSecond,
            min: 9,
            max: 10,
            align: Align::Right,
            rank: 1,
            cell: |row, look| rate(look, row.rate.map(|(_, bytes)| bytes), size_rate),
        },
        Column {
            title: Msg::ColumnMessages,
            min: 9,
            max: 12,
            align: Align::Right,
            rank: 2,
            cell: |row, look| look.line(Meaning::Text, when::count(row.flow.messages)),
        },
        Column {
            title: Msg::ColumnBytes,
            min: 8,
            max: 9,
            align: Align::Right,
            rank: 3,
            cell: |row, look| look.line(Meaning::Muted, when::size(row.flow.bytes)),
        },
    ]
}

fn subject(row: &Row<'_>, look: &Look) -> Line<'static> {
    if row.whole {
        return look.line(Meaning::Name, row.subject);
    }
    let depth = row.subject.matches('.').count();
    let name = row.subject.rsplit('.').next().unwrap_or(row.subject);
    Line::from(vec![
        Span::raw("  ".repeat(depth)),
        look.span(Meaning::Muted, format!("{} ", row.sign)),
        look.span(if row.sign == LEAF { Meaning::Text } else { Meaning::Name }, name),
    ])
}

/// Of a subject that has nothing below it.
const LEAF: &str = " ";

fn rate(look: &Look, value: Option<f64>, text: fn(f64) -> String) -> Line<'static> {
    match value {
        Some(value) if value > 0.0 => look.line(Meaning::Text, text(value)),
        Some(_) => look.line(Meaning::Muted, "0"),
        None => look.unknown(),
    }
}

/// Bytes a second are whole ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is no negative number")]
fn size_rate(bytes: f64) -> String {
    format!("{}/s", when::size(bytes.round() as u64))
}

fn row<'a>(state: &'a State, id: &'a str) -> Option<Row<'a>> {
    let subjects = &state.wire.subjects;
    let (flow, sign) = if let Some(parent) = id.strip_suffix(".…") {
        (&subjects.get(parent)?.beyond, LEAF)
    } else {
        let node = subjects.get(id)?;
        let sign = match node.children.is_empty() {
            true => LEAF,
            false if state.wire.unfolded.contains(id) => "-",
            false => "+",
        };
        (&node.flow, sign)
    };
    // Without a connection nothing is heard, which is not the same as nothing being said.
    let rate = state.link.is_up().then(|| subjects.rate(flow, state.now)).flatten();
    let whole = !state.wire.subject_table.filter.is_empty();
    Some(Row { subject: id, flow, rate, sign, whole })
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll, several: bool) {
    let table = &state.wire.subject_table;
    let has_keys = state.wire.pane == Pane::Subjects;
    let title = super::title(pen, pen.look.t(Msg::PaneSubjects), has_keys, several);
    let note = some_of(pen.look, table.rows.len(), table.total);
    pen.rule(area, &title, note);
    let body = below_rule(area);
    if empty(pen, body, state, table.rows.len(), table.total, unless_replayed(state, Msg::NoMessages)) {
        return;
    }
    let at = |place: usize| row(state, table.rows.get(place)?);
    super::keep_in_sight(scroll, table, body);
    let rows = Rows { count: table.rows.len(), selected: table.position().filter(|_| has_keys), at: &at, marked: None };
    table::draw(pen, body, &columns(), &rows, scroll);
}
