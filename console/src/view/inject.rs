//! The form of test orders: which, to which store, how many and how fast.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::dialog::{COLUMNS, NAMES, centred, frame, named, template};
use super::fit::{self, Align};
use super::label;
use super::orders::place;
use super::pen::{Look, Pen};
use crate::state::State;
use crate::state::dialog::{InjectField, InjectForm, Typed};
use crate::state::jobs::{BATCH_MAX, BEGUN_PER_SECOND};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

/// Columns of the field of the store.
const STORE_COLUMNS: usize = 30;
/// Columns of the field of a number.
const NUMBER_COLUMNS: usize = 5;

/// Draws the form; tells where the terminal's cursor belongs.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, form: &InjectForm) -> Option<Position> {
    let look = pen.look;
    let columns = usize::from(COLUMNS.min(area.width).saturating_sub(4));
    let room = columns.saturating_sub(NAMES + 4);
    let on = |field| form.focus == field;
    let mark = |field| {
        let mark = if on(field) { look.glyphs().cursor } else { " " };
        look.span(Meaning::Key, format!("{mark} "))
    };
    let choice = Line::from(vec![
        mark(InjectField::Template),
        look.span(
            if on(InjectField::Template) { Meaning::Selected } else { Meaning::Text },
            format!("< {} >", template(look, form.template)),
        ),
    ]);
    let typed = |field, typed: &Typed, width: usize| {
        let (shown, mut spans) = (end(&typed.text, room), vec![mark(field)]);
        let width = room.min(width).max(fit::width(&shown));
        let cells = fit::fit_line(look.line(Meaning::Field, shown), width, Align::Left, "");
        spans.extend(cells.spans.into_iter().map(|span| Span::styled(span.content, look.style(Meaning::Field))));
        spans
    };
    let number = |field, text: &Typed, most: usize| {
        let mut spans = typed(field, text, NUMBER_COLUMNS);
        spans.push(look.span(Meaning::Muted, format!("  {}", phrases::up_to(look.lang, most))));
        Line::from(spans)
    };
    let mut lines = vec![
        Line::default(),
        named(look, Msg::FieldTemplate, choice),
        Line::default(),
        named(look, Msg::ColumnStore, Line::from(typed(InjectField::Store, &form.store, STORE_COLUMNS))),
        found(look, state, &form.store.text),
        Line::default(),
        named(look, Msg::FieldCount, number(InjectField::Count, &form.count, BATCH_MAX)),
        named(look, Msg::FieldPace, number(InjectField::Pace, &form.pace, BEGUN_PER_SECOND)),
        Line::default(),
        look.line(Meaning::Muted, look.t(Msg::TestMarker)),
    ];
    if let Some(refusal) = &form.refusal {
        lines.push(look.line(Meaning::AlertCritical, refusal.text(look.lang)));
    }
    let inner = frame(pen, centred(area, lines.len() + 1), look.t(Msg::InjectTitle));
    pen.lines(inner, lines);
    let (row, text) = match form.focus {
        InjectField::Template => return None,
        InjectField::Store => (3, &form.store),
        InjectField::Count => (6, &form.count),
        InjectField::Pace => (7, &form.pace),
    };
    let x = inner.x + u16::try_from(NAMES + 2 + fit::width(&end(&text.text, room))).unwrap_or(0);
    Some(Position::new(x.min(inner.right()), (inner.y + row).min(inner.bottom())))
}

/// The end of what is typed, as much as there is room for.
fn end(text: &str, room: usize) -> String {
    let mut shown = text.to_owned();
    while fit::width(&shown) > room {
        shown.remove(0);
    }
    shown
}

/// The store that is meant, below its field.
fn found(look: &Look, state: &State, typed: &str) -> Line<'static> {
    let found = match state.stores.find(typed) {
        Some(store) => look.facts(vec![
            place(look, Some(store), store.record.id).spans,
            vec![look.span(Meaning::Text, store.record.country.as_str().to_uppercase())],
            label::store_state(look, store.record.state_at(look.now)).spans,
        ]),
        None if typed.trim().is_empty() => look.line(Meaning::Muted, look.t(Msg::StoreHint)),
        None => look.line(Meaning::AlertWarn, look.t(Msg::StoreUnknown)),
    };
    let mut below = vec![Span::raw(" ".repeat(NAMES + 2))];
    below.extend(found.spans);
    Line::from(below)
}
