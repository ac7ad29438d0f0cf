//! Forms that come before a preview.

use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::confirm::text_field;
use super::dialog::{COLUMNS, NAMES, centred, frame, named};
use super::fit;
use super::pen::{Look, Pen};
use crate::operation::Kind;
use crate::state::State;
use crate::state::form::{Field, Form, Purpose, Value};
use crate::text::{Msg, done};
use crate::theme::Meaning;

/// Draws a form; tells where the terminal's cursor belongs.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, form: &Form) -> Option<Position> {
    let look = pen.look;
    let columns = usize::from(COLUMNS.min(area.width).saturating_sub(4));
    let mut lines = vec![Line::default()];
    if let Some(subject) = subject(state, &form.purpose) {
        lines.push(look.line(Meaning::Name, subject));
        lines.push(Line::default());
    }
    let mut typed_at = None;
    for (place, field) in form.fields.iter().enumerate() {
        let focus = place == form.focus;
        if focus && let Value::Text { text, .. } = &field.value {
            let shown = fit::width(text).min(columns.saturating_sub(NAMES + 3));
            typed_at = Some((lines.len(), NAMES + 2 + shown));
        }
        lines.push(line(look, field, focus, columns));
    }
    lines.push(Line::default());
    lines.push(look.line(Meaning::Muted, look.t(Msg::HintPreview)));
    if let Some(refusal) = &form.refusal {
        let text = fit::wrap(&refusal.text(look.lang), columns);
        lines.extend(text.into_iter().map(|text| look.line(Meaning::AlertCritical, text)));
    }
    let inner = frame(pen, centred(area, lines.len()), look.t(kind(&form.purpose).operation().text));
    pen.lines(inner, lines);
    let (row, column) = typed_at?;
    let (row, column) = (u16::try_from(row).ok()?, u16::try_from(column).ok()?);
    Some(Position::new((inner.x + column).min(inner.right()), (inner.y + row).min(inner.bottom())))
}

const fn kind(purpose: &Purpose) -> Kind {
    match purpose {
        Purpose::LogLevel(_) => Kind::LogLevel,
        Purpose::Move(_) => Kind::Move,
        Purpose::PauseStore(_) => Kind::PauseStore,
        Purpose::Store(None) => Kind::CreateStore,
        Purpose::Store(Some(_)) => Kind::EditStore,
    }
}

/// What the form is about, as people call it.
fn subject(state: &State, purpose: &Purpose) -> Option<String> {
    use crate::effect::Target;
    let target = match purpose {
        Purpose::LogLevel((service, instance)) => Target::Instance(*service, instance.clone()),
        Purpose::Move(store) | Purpose::PauseStore(store) | Purpose::Store(Some(store)) => Target::Store(*store),
        Purpose::Store(None) => return None,
    };
    Some(done::target(state, &target))
}

fn line(look: &Look, field: &Field, focus: bool, columns: usize) -> Line<'static> {
    match &field.value {
        Value::Fixed(text) => {
            let mut line = named(look, field.name, Line::default());
            line.spans.push(look.span(Meaning::Text, format!("  {text}")));
            line
        }
        Value::Choice { .. } => {
            let choice = format!("< {} >", field.content());
            text_field(look, look.t(field.name), &choice, "", focus, columns)
        }
        Value::Text { text, .. } => {
            let hint = match field.name {
                Msg::FieldUntil => look.t(Msg::UntilHint),
                Msg::FieldZone => look.t(Msg::ZoneHint),
                _ => "",
            };
            text_field(look, look.t(field.name), text, hint, focus, columns)
        }
    }
}
