//! Dialogs: their box, questions with buttons, and the choice of how long something is put off.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit::{self, Align};
use super::overview;
use super::pen::{Look, Pen};
use crate::effect::Planned;
use crate::state::State;
use crate::state::dialog::{Button, PutOff, PutOffButton, Switch};
use crate::template::Kind;
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

/// Columns of a dialog, where the screen has them.
pub(super) const COLUMNS: u16 = 76;
/// Columns of the names of fields.
pub(super) const NAMES: usize = 13;

/// Draws an empty box over `area` with `title` in its upper edge; tells what is inside, margins left free.
pub(super) fn frame(pen: &mut Pen<'_>, area: Rect, title: &str) -> Rect {
    let area = pen.buffer.area.intersection(area);
    if area.width < 4 || area.height < 2 {
        return Rect::ZERO;
    }
    pen.clear(area);
    let glyphs = pen.look.glyphs();
    let line = glyphs.horizontal.repeat(usize::from(area.width - 2));
    let [upper_left, upper_right, lower_left, lower_right] = glyphs.corners;
    pen.text(area.x, area.y, area.width, Meaning::Muted, &format!("{upper_left}{line}{upper_right}"));
    for y in area.top() + 1..area.bottom() {
        pen.text(area.x, y, 1, Meaning::Muted, glyphs.vertical);
        pen.text(area.right() - 1, y, 1, Meaning::Muted, glyphs.vertical);
    }
    pen.text(area.x, area.bottom() - 1, area.width, Meaning::Muted, &format!("{lower_left}{line}{lower_right}"));
    if !title.is_empty() {
        let title = fit::cut(title, usize::from(area.width).saturating_sub(8), glyphs.ellipsis);
        pen.text(area.x + 2, area.y, area.width - 4, Meaning::Title, &format!(" {title} "));
        // The line goes on after the title.
        let used = u16::try_from(fit::width(&title)).unwrap_or(0) + 4;
        let rest = glyphs.horizontal.repeat(usize::from(area.width.saturating_sub(used + 1)));
        pen.text(area.x + used, area.y, area.width.saturating_sub(used + 1), Meaning::Muted, &rest);
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// A box for so many rows in the middle of `area`.
pub(super) fn centred(area: Rect, rows: usize) -> Rect {
    let width = COLUMNS.min(area.width);
    let height = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

pub(super) fn named(look: &Look, msg: Msg, value: Line<'static>) -> Line<'static> {
    let name = look.line(Meaning::Muted, look.t(msg));
    let mut spans = fit::fit_line(name, NAMES, Align::Left, look.glyphs().ellipsis).spans;
    spans.extend(value.spans);
    Line::from(spans)
}

pub(super) fn template(look: &Look, kind: Kind) -> &'static str {
    look.t(match kind {
        Kind::Delivery => Msg::TemplateDelivery,
        Kind::Pickup => Msg::TemplatePickup,
        Kind::Redeem => Msg::TemplateRedeem,
        Kind::Accrue => Msg::TemplateAccrue,
        Kind::Both => Msg::TemplateBoth,
    })
}

/// Draws the question whether to go to another bus although something is under way here.
pub(super) fn draw_switch(pen: &mut Pen<'_>, area: Rect, state: &State, switch: &Switch) {
    let look = pen.look;
    let columns = usize::from(COLUMNS.min(area.width).saturating_sub(4));
    let mut lines = vec![Line::default(), named(look, Msg::FactContext, look.line(Meaning::Name, switch.name.clone()))];
    lines.push(Line::default());
    let text = phrases::switch_means(look.lang, state.under_way());
    lines.extend(fit::wrap(&text, columns).into_iter().map(|text| look.line(Meaning::AlertWarn, text)));
    lines.extend([Line::default(), buttons(look, switch.focus, look.t(Msg::ButtonSwitch))]);
    let inner = frame(pen, centred(area, lines.len()), look.t(Msg::SwitchTitle));
    pen.lines(inner, lines);
}

/// Draws the choice of how long an item is put off.
pub(super) fn draw_put_off(pen: &mut Pen<'_>, area: Rect, state: &State, put_off: &PutOff) {
    let look = pen.look;
    let columns = usize::from(COLUMNS.min(area.width).saturating_sub(4));
    let mut lines: Vec<Line<'_>> = Vec::new();
    if let Some(subject) = &put_off.subject {
        lines.extend([overview::subject(look, state, subject), Line::default()]);
        let means = fit::wrap(look.t(Msg::PutOffMeans), columns);
        lines.extend(means.into_iter().map(|text| look.line(Meaning::Text, text)));
    }
    if put_off.hidden > 0 {
        lines.push(look.line(Meaning::AlertWarn, phrases::put_off(look.lang, put_off.hidden)));
    }
    let mut row = Vec::new();
    for (place, shown) in put_off.buttons().into_iter().enumerate() {
        let text = match shown {
            PutOffButton::Minutes(minutes) => phrases::minutes(look.lang, minutes),
            PutOffButton::ShowAll => look.t(Msg::ButtonShowAll).to_owned(),
            PutOffButton::Cancel => look.t(Msg::ButtonCancel).to_owned(),
        };
        row.push(button(look, &text, place == put_off.focus));
    }
    lines.insert(0, Line::default());
    lines.extend([Line::default(), Line::from(row)]);
    let inner = frame(pen, centred(area, lines.len()), look.t(Msg::PutOffTitle));
    pen.lines(inner, lines);
}

fn buttons(look: &Look, focus: Button, act: &str) -> Line<'static> {
    Line::from(vec![
        button(look, look.t(Msg::ButtonCancel), focus == Button::Cancel),
        Span::raw("  "),
        button(look, act, focus == Button::Confirm),
    ])
}

/// A button; brackets tell which one is focused where there are no colours.
pub(super) fn button(look: &Look, text: &str, on: bool) -> Span<'static> {
    let (meaning, text) =
        if on { (Meaning::ButtonFocus, format!("[ {text} ]")) } else { (Meaning::Text, format!("  {text}  ")) };
    look.span(meaning, text)
}

/// The template of a test order, as people call it.
pub(super) fn template_of(look: &Look, planned: &Planned) -> String {
    match planned {
        Planned::Inject(order) => template(look, order.template).to_owned(),
        _ => String::new(),
    }
}

/// `text` in pieces of at most `columns` columns, without regard to spaces: the bytes as they are sent.
pub(super) fn chunks(text: &str, columns: usize) -> Vec<String> {
    let unbroken: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rows = vec![String::new()];
    for c in unbroken.chars() {
        let full = rows.last().is_some_and(|row| fit::width(row) >= columns.max(1));
        if full {
            rows.push(String::new());
        }
        if let Some(row) = rows.last_mut() {
            row.push(c);
        }
    }
    rows
}
