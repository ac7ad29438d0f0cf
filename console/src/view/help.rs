//! Help: every key from the table of keys, in two columns where there is room; what is not possible now is greyed.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit::{self, Align};
use super::pen::{Look, Pen};
use crate::keys::{Context, EDITS, Group};
use crate::operation::OPERATIONS;
use crate::state::State;
use crate::text::Msg;
use crate::theme::Meaning;
use crate::update::plan;

/// Columns of the names of keys.
const KEYS_COLUMNS: usize = 24;
/// Columns of one column of help.
const COLUMN: u16 = 56;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let look = pen.look;
    pen.clear(area);
    pen.rule(area, look.t(Msg::HelpTitle), Line::default());
    let inner = super::indent(super::below_rule(area));
    let sections = sections(look, state);
    let total: usize = sections.iter().map(Vec::len).sum();
    if inner.width < 2 * COLUMN || total <= usize::from(inner.height) {
        let lines = sections.into_iter().flatten().collect();
        super::order::scrolled(pen, inner, lines, state.scroll);
        return;
    }
    // Sections go left until half of the lines are there.
    let (mut left, mut right): (Vec<Line<'static>>, Vec<Line<'static>>) = (Vec::new(), Vec::new());
    for section in sections {
        let side = if left.len() * 2 < total && right.is_empty() { &mut left } else { &mut right };
        side.extend(section);
    }
    let half = inner.width / 2;
    super::order::scrolled(pen, Rect { width: half, ..inner }, left, state.scroll);
    super::order::scrolled(pen, Rect { x: inner.x + half, width: inner.width - half, ..inner }, right, state.scroll);
}

/// The sections of help, each with a title, its lines and an empty line.
fn sections(look: &Look, state: &State) -> Vec<Vec<Line<'static>>> {
    let plain = look.theme.is_ascii();
    let mut sections: Vec<Vec<Line<'static>>> = vec![signs(look)];
    for group in Group::ALL {
        let mut lines = vec![look.line(Meaning::Title, look.t(group.title()))];
        for (binding, keys) in state.settings.keys.iter().filter(|(binding, _)| binding.group == group) {
            let keys: Vec<String> = keys.iter().map(|key| key.name(plain)).collect();
            // Judged for where the person was before help was opened.
            let here = !matches!(binding.contexts, [Context::Help | Context::Buttons | Context::List]);
            let possible = here && (binding.possible)(state) || binding.contexts == [Context::Help];
            lines.push(entry(look, &keys, look.t(binding.text), possible));
        }
        lines.push(Line::default());
        sections.push(lines);
    }
    sections.push(operations(look, state));
    let mut lines = vec![look.line(Meaning::Title, look.t(Msg::GroupWriting))];
    for edit in EDITS {
        let keys: Vec<String> = edit.keys.iter().map(|key| key.name(plain)).collect();
        lines.push(entry(look, &keys, look.t(edit.text), false));
    }
    sections.push(lines);
    // The meaning of signs comes last on small screens: keys are looked up more often.
    sections.rotate_left(1);
    sections
}

/// What can be done and has no key of its own: through the palette.
fn operations(look: &Look, state: &State) -> Vec<Line<'static>> {
    let mut lines = vec![look.line(Meaning::Title, look.t(Msg::GroupOperations))];
    for operation in OPERATIONS.iter().filter(|operation| operation.action.is_none()) {
        let possible = plan::is_possible(state, operation.kind, plan::Scope::Chosen);
        lines.push(entry(look, &[format!(":{}", operation.name)], look.t(operation.text), possible));
    }
    lines.push(Line::default());
    lines
}

fn entry(look: &Look, keys: &[String], text: &str, possible: bool) -> Line<'static> {
    let key_meaning = if possible { Meaning::Key } else { Meaning::Muted };
    let text_meaning = if possible { Meaning::Text } else { Meaning::Muted };
    let keys = look.line(key_meaning, keys.join(" "));
    let mut spans = fit::fit_line(keys, KEYS_COLUMNS, Align::Left, look.glyphs().ellipsis).spans;
    spans.push(Span::raw(" "));
    spans.push(look.span(text_meaning, text));
    Line::from(spans)
}

/// What the signs mean.
fn signs(look: &Look) -> Vec<Line<'static>> {
    let glyphs = look.glyphs();
    let sign = |meaning, glyph: &str, msg| {
        Line::from(vec![look.span(meaning, format!("{glyph:<4}")), look.span(Meaning::Text, look.t(msg))])
    };
    vec![
        Line::default(),
        look.line(Meaning::Title, look.t(Msg::GroupSigns)),
        sign(Meaning::AlertCritical, glyphs.critical, Msg::SignCritical),
        sign(Meaning::AlertWarn, glyphs.warn, Msg::SignWarn),
        sign(Meaning::Good, glyphs.good, Msg::SignGood),
        sign(Meaning::Busy, glyphs.busy, Msg::SignBusy),
        sign(Meaning::Text, glyphs.idle, Msg::SignIdle),
        sign(Meaning::AlertWarn, glyphs.test, Msg::TestSign),
        sign(Meaning::Muted, glyphs.unknown, Msg::SignUnknown),
    ]
}
