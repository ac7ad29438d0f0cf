//! The last line: the keys that make sense right now, from the table of keys; or the filter while it is written.

use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::fit::{self, Align};
use super::pen::{Look, Pen};
use crate::event::Edit;
use crate::keys::{Binding, Chord, Context, EDITS};
use crate::state::{Dialog, State};
use crate::text::phrases;
use crate::theme::Meaning;

/// Draws the footer; tells where the terminal's cursor belongs, if a filter is being written.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) -> Option<Position> {
    if state.filtering && state.dialog.is_none() {
        return Some(filter(pen, area, state));
    }
    if state.tree.searching && state.dialog.is_none() {
        return Some(search(pen, area, state));
    }
    let look = pen.look;
    let context = Context::of(state);
    let hints: Vec<Vec<Span<'static>>> = if context == Context::Text {
        let edits = match state.dialog {
            Some(Dialog::Palette(_)) => [Edit::Submit, Edit::Cancel, Edit::Complete, Edit::Next],
            _ => [Edit::Submit, Edit::Next, Edit::Forward, Edit::Cancel],
        };
        edits.into_iter().filter_map(|edit| edit_hint(look, edit)).collect()
    } else {
        let past = matches!(context, Context::Top | Context::Detail) && state.playing.is_some();
        let here = |binding: &Binding| {
            binding.contexts.contains(&context) || past && binding.contexts.contains(&Context::Replay)
        };
        let mut shown: Vec<(&Binding, &[Chord])> = state
            .settings
            .keys
            .iter()
            .filter(|(binding, _)| binding.footer > 0 && here(binding) && (binding.possible)(state))
            .collect();
        shown.sort_by_key(|(binding, _)| binding.footer);
        let named = |keys: &[Chord]| keys.first().map(|key| key.name(look.theme.is_ascii()));
        shown.iter().filter_map(|(binding, keys)| Some(hint(look, named(keys)?, look.t(binding.text)))).collect()
    };
    let room = usize::from(area.width).saturating_sub(1);
    let mut spans = vec![Span::raw(" ")];
    let mut used = 0;
    for hint in hints {
        let gap = if used > 0 { 2 } else { 0 };
        let own = hint.iter().map(|span| fit::width(&span.content)).sum::<usize>() + gap;
        // What does not fit is left out whole; help has everything.
        if used + own <= room {
            if used > 0 {
                spans.push(Span::raw("  "));
            }
            used += own;
            spans.extend(hint);
        }
    }
    pen.line(area.x, area.y, area.width, Line::from(spans), Align::Left);
    None
}

fn hint(look: &Look, key: String, text: &str) -> Vec<Span<'static>> {
    vec![look.span(Meaning::Key, key), look.span(Meaning::Muted, format!(" {text}"))]
}

fn edit_hint(look: &Look, edit: Edit) -> Option<Vec<Span<'static>>> {
    let key = EDITS.iter().find(|key| key.edit == edit)?;
    Some(hint(look, key.keys.first()?.name(look.theme.is_ascii()), look.t(key.text)))
}

/// `/norte▏           12 de 480   Enter aplicar  Esc cancelar`; what is wrong instead of the count, and where.
fn filter(pen: &mut Pen<'_>, area: Rect, state: &State) -> Position {
    let look = pen.look;
    let (shown, total) = state.row_counts();
    let fault = state.filter().fault();
    let mut right = vec![match fault {
        Some(fault) => look.span(Meaning::AlertCritical, super::label::wrong(look, state, &fault.wrong)),
        None => look.span(Meaning::Text, phrases::some_of(look.lang, shown, total)),
    }];
    right.push(Span::raw("  "));
    let hints: &[Edit] = if fault.is_some() { &[Edit::Cancel] } else { &[Edit::Submit, Edit::Cancel] };
    for edit in hints.iter().copied() {
        right.extend(edit_hint(look, edit).into_iter().flatten());
        right.push(Span::raw("  "));
    }
    let right_columns: usize = right.iter().map(|span| fit::width(&span.content)).sum();
    let right_columns = u16::try_from(right_columns).unwrap_or(u16::MAX).min(area.width * 2 / 3);
    let room = area.width - right_columns - 2;
    let columns = usize::from(room.saturating_sub(1));
    // The end of what is written stays in sight.
    let mut text: Vec<(usize, char)> = state.filter_text().chars().enumerate().collect();
    let width = |text: &[(usize, char)]| fit::width(&text.iter().map(|(_, c)| *c).collect::<String>());
    while width(&text) > columns {
        text.remove(0);
    }
    let used = u16::try_from(width(&text)).unwrap_or(room);
    let wrong = |at: &usize| fault.is_some_and(|fault| fault.at.contains(at));
    let mut spans = vec![look.span(Meaning::Key, "/")];
    for stretch in text.chunk_by(|a, b| wrong(&a.0) == wrong(&b.0)) {
        let style = match stretch.first() {
            Some((at, _)) if wrong(at) => look.style(Meaning::AlertCritical).add_modifier(Modifier::UNDERLINED),
            _ => look.style(Meaning::Field),
        };
        spans.push(Span::styled(stretch.iter().map(|(_, c)| *c).collect::<String>(), style));
    }
    let line = Line::from(spans);
    pen.line(area.x + 1, area.y, room, line, Align::Left);
    pen.line(area.right() - right_columns, area.y, right_columns, Line::from(right), Align::Right);
    Position::new(area.x + 2 + used, area.y)
}

/// `/plu▏   Enter aceptar  ↓ siguiente  Esc cancelar`: what it found is told in the section's rule.
fn search(pen: &mut Pen<'_>, area: Rect, state: &State) -> Position {
    let look = pen.look;
    let mut spans = vec![look.span(Meaning::Key, " /"), look.span(Meaning::Field, state.tree.search.clone())];
    let used: usize = spans.iter().map(|span| fit::width(&span.content)).sum();
    for edit in [Edit::Submit, Edit::Cancel, Edit::Next] {
        spans.push(Span::raw("   "));
        spans.extend(edit_hint(look, edit).into_iter().flatten());
    }
    pen.line(area.x, area.y, area.width, Line::from(spans), Align::Left);
    Position::new((area.x + u16::try_from(used).unwrap_or(0)).min(area.right().saturating_sub(1)), area.y)
}
