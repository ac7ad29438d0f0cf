//! Dialogs: the form of a test order, and the preview of a change with Cancel in focus.

use contract::command::Verb;
use contract::header;
use contract::heartbeat::{Load, Role};
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::fit::{self, Align};
use super::orders::place;
use super::pen::{Look, Pen};
use super::{label, when};
use super::{notices, overview};
use crate::effect::{Planned, PlannedOrder};
use crate::state::State;
use crate::state::dialog::{Button, Confirm, InjectField, InjectForm, PutOff, PutOffButton, Switch};
use crate::template::Kind;
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

/// Columns of a dialog, where the screen has them.
const COLUMNS: u16 = 76;
/// Columns of the names of fields.
const NAMES: usize = 13;
/// Most rows of the payload in a preview.
const BODY_ROWS: usize = 8;

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

fn named(look: &Look, msg: Msg, value: Line<'static>) -> Line<'static> {
    let name = look.line(Meaning::Muted, look.t(msg));
    let mut spans = fit::fit_line(name, NAMES, Align::Left, look.glyphs().ellipsis).spans;
    spans.extend(value.spans);
    Line::from(spans)
}

fn template(look: &Look, kind: Kind) -> &'static str {
    look.t(match kind {
        Kind::Delivery => Msg::TemplateDelivery,
        Kind::Pickup => Msg::TemplatePickup,
        Kind::Redeem => Msg::TemplateRedeem,
        Kind::Accrue => Msg::TemplateAccrue,
        Kind::Both => Msg::TemplateBoth,
    })
}

/// Draws the form of a test order; tells where the terminal's cursor belongs.
pub(super) fn draw_form(pen: &mut Pen<'_>, area: Rect, state: &State, form: &InjectForm) -> Option<Position> {
    let look = pen.look;
    let on_store = form.focus == InjectField::Store;
    let marked = |on: bool| if on { look.glyphs().cursor } else { " " };
    let choice_meaning = if on_store { Meaning::Text } else { Meaning::Selected };
    let choice = Line::from(vec![
        look.span(Meaning::Key, format!("{} ", marked(!on_store))),
        look.span(choice_meaning, format!("< {} >", template(look, form.template))),
    ]);
    let room = usize::from(COLUMNS.min(area.width).saturating_sub(4)).saturating_sub(NAMES + 4);
    let mut typed = form.store.clone();
    while fit::width(&typed) > room {
        typed.remove(0);
    }
    let typed_columns = fit::width(&typed);
    let field = fit::fit_line(look.line(Meaning::Field, typed), room.min(30).max(typed_columns), Align::Left, "");
    let mut store = vec![look.span(Meaning::Key, format!("{} ", marked(on_store)))];
    store.extend(field.spans.into_iter().map(|span| Span::styled(span.content, look.style(Meaning::Field))));
    let found = match state.stores.find(&form.store) {
        Some(store) => look.facts(vec![
            place(look, Some(store), store.record.id).spans,
            vec![look.span(Meaning::Text, store.record.country.as_str().to_uppercase())],
            label::store_state(look, store.record.state_at(look.now)).spans,
        ]),
        None if form.store.trim().is_empty() => look.line(Meaning::Muted, look.t(Msg::StoreHint)),
        None => look.line(Meaning::AlertWarn, look.t(Msg::StoreUnknown)),
    };
    let mut below = vec![Span::raw(" ".repeat(NAMES + 2))];
    below.extend(found.spans);
    let mut lines = vec![
        Line::default(),
        named(look, Msg::FieldTemplate, choice),
        Line::default(),
        named(look, Msg::ColumnStore, Line::from(store)),
        Line::from(below),
        Line::default(),
        look.line(Meaning::Muted, look.t(Msg::TestMarker)),
    ];
    if let Some(refusal) = &form.refusal {
        lines.push(look.line(Meaning::AlertCritical, notices::refusal(look, refusal)));
    }
    let inner = frame(pen, centred(area, lines.len() + 1), look.t(Msg::InjectTitle));
    pen.lines(inner, lines);
    let x = inner.x + u16::try_from(NAMES + 2 + typed_columns).unwrap_or(0);
    on_store.then_some(Position::new(x.min(inner.right()), inner.y + 3))
}

/// Draws the preview of a change with its two buttons.
pub(super) fn draw_confirm(pen: &mut Pen<'_>, area: Rect, state: &State, confirm: &Confirm) {
    let look = pen.look;
    let columns = usize::from(COLUMNS.min(area.width).saturating_sub(4));
    let (title, act, mut lines) = match &confirm.planned {
        Planned::Inject(order) => (Msg::ConfirmInject, Msg::ButtonInject, inject_lines(look, order, columns)),
        Planned::Command { service, instance, verb } => {
            let text = |text: &str| look.line(Meaning::Name, text);
            let running = state.services.get(&(*service, instance.clone()));
            let now_is = running.map_or_else(|| look.unknown(), |instance| label::duty(look, instance));
            let active = running.is_some_and(
                |instance| matches!(&instance.heartbeat.load, Load::Distribuidor(load) if load.role == Role::Active),
            );
            let (act, effect) = match verb {
                Verb::Pause => (Msg::ButtonPause, Msg::PauseMeans),
                _ => (Msg::ButtonResume, Msg::ResumeMeans),
            };
            let mut lines = vec![
                named(look, Msg::ColumnInstance, text(instance.as_str())),
                named(look, Msg::FieldService, text(service.as_str())),
                named(look, Msg::ColumnState, now_is),
                named(look, Msg::FieldSubject, look.line(Meaning::Text, confirm.planned.subject())),
                Line::default(),
            ];
            lines.extend(fit::wrap(look.t(effect), columns).into_iter().map(|text| look.line(Meaning::Text, text)));
            if active && *verb == Verb::Pause {
                let warning = fit::wrap(look.t(Msg::PauseActiveMeans), columns);
                lines.extend(warning.into_iter().map(|text| look.line(Meaning::AlertWarn, text)));
            }
            let title = if *verb == Verb::Pause { Msg::ConfirmPause } else { Msg::ConfirmResume };
            (title, act, lines)
        }
    };
    if let Some(refusal) = &confirm.refusal {
        lines.push(Line::default());
        let text = notices::refusal(look, refusal);
        lines.extend(fit::wrap(&text, columns).into_iter().map(|text| look.line(Meaning::AlertCritical, text)));
    }
    // Room for an empty row, the buttons and an empty row above: the buttons are always there.
    let inner = frame(pen, centred(area, lines.len() + 3), look.t(title));
    if inner.height < 2 {
        return;
    }
    pen.lines(Rect { y: inner.y + 1, height: inner.height - 2, ..inner }, lines);
    let row = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    pen.clear(row);
    pen.line(row.x, row.y, row.width, buttons(look, confirm.focus, look.t(act)), Align::Right);
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

/// A button; brackets tell which one is focused where there are no colours.
fn button(look: &Look, text: &str, on: bool) -> Span<'static> {
    let (meaning, text) =
        if on { (Meaning::ButtonFocus, format!("[ {text} ]")) } else { (Meaning::Text, format!("  {text}  ")) };
    look.span(meaning, text)
}

fn buttons(look: &Look, focus: Button, act: &str) -> Line<'static> {
    Line::from(vec![
        button(look, look.t(Msg::ButtonCancel), focus == Button::Cancel),
        Span::raw("  "),
        button(look, act, focus == Button::Confirm),
    ])
}

/// Everything about a test order to the last byte; of the payload as much as there is room for.
fn inject_lines(look: &Look, order: &PlannedOrder, columns: usize) -> Vec<Line<'static>> {
    let text = |text: String| look.line(Meaning::Text, text);
    let planned = Planned::Inject(order.clone());
    let mut lines = vec![
        named(
            look,
            Msg::ColumnStore,
            Line::from(vec![
                look.span(Meaning::Name, order.place.clone()),
                look.span(Meaning::Text, format!("  {}", order.country.as_str().to_uppercase())),
            ]),
        ),
        named(look, Msg::ColumnOrder, look.line(Meaning::Name, order.order.to_string())),
        named(look, Msg::FieldTemplate, text(template(look, order.template).to_owned())),
        named(look, Msg::FieldSubject, text(planned.subject())),
        named(look, Msg::FieldHeader, text(format!("{}: {}", header::FORMAT, order.template.format().as_str()))),
        named(
            look,
            Msg::FieldBody,
            text(format!(
                "{} {} {}",
                phrases::bytes(look.lang, when::count(planned.bytes() as u64)),
                look.glyphs().dot,
                look.t(Msg::MarkerThere)
            )),
        ),
        Line::default(),
    ];
    // Our own template, which holds an invented person only.
    let body = String::from_utf8_lossy(&order.body);
    let mut rows = chunks(&body, columns);
    let left = rows.len().saturating_sub(BODY_ROWS);
    rows.truncate(BODY_ROWS);
    lines.extend(rows.into_iter().map(|row| look.line(Meaning::Muted, row)));
    if left > 0 {
        lines.push(look.line(Meaning::Muted, phrases::more_rows(look.lang, left)));
    }
    lines
}

/// `text` in pieces of at most `columns` columns, without regard to spaces: the bytes as they are sent.
fn chunks(text: &str, columns: usize) -> Vec<String> {
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
