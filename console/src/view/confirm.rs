//! The preview of a plan: what, to whom, to the last byte, what follows, who may; then what has to be typed, and the
//! buttons.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::dialog::{COLUMNS, button, centred, frame, named};
use super::fit::{self, Align};
use super::pen::{Look, Pen};
use super::{label, order, when};
use crate::effect::Planned;
use crate::mask::{Difference, Value};
use crate::operation::{Danger, Kind, Reason};
use crate::state::State;
use crate::state::dialog::{Confirm, Focus};
use crate::state::plan::Plan;
use crate::state::services::Instance;
use crate::text::{Msg, counts, done, phrases};
use crate::theme::Meaning;

/// Most rows of a body in a preview of one thing.
const BODY_ROWS: usize = 6;
/// Most targets that are named; the results name all.
const TARGETS_SHOWN: usize = 4;
/// Most differences of an edited payload that are shown.
const DIFFERENCES_SHOWN: usize = 6;
/// Rows of the buttons, with the empty row above them.
const BUTTON_ROWS: usize = 2;

/// Draws the preview; tells where the terminal's cursor belongs.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, confirm: &Confirm) -> Option<Position> {
    let look = pen.look;
    let columns = usize::from(COLUMNS.min(area.width).saturating_sub(4));
    let operation = confirm.plan.kind.operation();
    let mut told = Vec::new();
    // On a small screen the end is cut off: a refusal, what it is done to and what follows stand before the bytes.
    if let Some(refusal) = &confirm.refusal {
        let text = fit::wrap(&refusal.text(look.lang), columns);
        told.extend(text.into_iter().map(|text| look.line(Meaning::AlertCritical, text)));
        told.push(Line::default());
    }
    told.extend(subject(look, state, confirm));
    let meaning = if operation.danger == Danger::Grave { Meaning::AlertWarn } else { Meaning::Text };
    told.push(Line::default());
    told.extend(fit::wrap(look.t(operation.means), columns).into_iter().map(|text| look.line(meaning, text)));
    told.extend(warnings(look, state, confirm, columns));
    let sent = requests(look, confirm, columns);
    told.extend((!sent.is_empty()).then(Line::default));
    told.extend(differences(look, &confirm.plan.differences));
    told.extend(sent);

    let asked = asked(look, confirm, columns);
    let below = asked.len() + usize::from(!asked.is_empty()) + BUTTON_ROWS;
    let inner = frame(pen, centred(area, told.len() + below), title(look, confirm));
    let height = usize::from(inner.height);
    if height < 2 {
        return None;
    }
    let room = height.saturating_sub(below);
    let cut = told.len() > room;
    told.truncate(if cut { room.saturating_sub(1) } else { room });
    if cut && room > 0 {
        told.push(look.line(Meaning::Muted, look.glyphs().ellipsis));
    }
    pen.lines(inner, told);
    let first = inner.bottom().saturating_sub(u16::try_from(asked.len() + BUTTON_ROWS).unwrap_or(u16::MAX));
    let first = first.max(inner.y);
    let mut cursor = None;
    for ((field, line), y) in asked.into_iter().zip(first..inner.bottom().saturating_sub(1)) {
        let row = Rect { y, height: 1, ..inner };
        pen.clear(row);
        if field == confirm.focus {
            let typed = fit::width(confirm_text(confirm, field)).min(columns.saturating_sub(NAMES_AND_MARK + 1));
            let column = u16::try_from(NAMES_AND_MARK + typed).unwrap_or(0);
            cursor = Some(Position::new((row.x + column).min(row.right()), y));
        }
        pen.line(row.x, row.y, row.width, line, Align::Left);
    }
    let row = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    pen.clear(row);
    pen.line(row.x, row.y, row.width, buttons(look, confirm), Align::Right);
    cursor
}

fn title(look: &Look, confirm: &Confirm) -> &'static str {
    look.t(match confirm.plan.kind {
        Kind::Inject if confirm.plan.items.len() > 1 => Msg::ConfirmInjects,
        Kind::Inject => Msg::ConfirmInject,
        kind => kind.operation().text,
    })
}

/// What it would be done to: the thing itself, or how many and which of several; and who may.
fn subject(look: &Look, state: &State, confirm: &Confirm) -> Vec<Line<'static>> {
    let plan = &confirm.plan;
    let text = |text: String| look.line(Meaning::Text, text);
    let mut lines = Vec::new();
    match plan.items.as_slice() {
        [] => {
            let name = state.access.context.clone().unwrap_or_default();
            lines.push(named(look, Msg::FieldContext, look.line(Meaning::Name, name)));
        }
        [one] => {
            lines.extend(single(look, state, &one.planned));
            if plan.kind == Kind::Inject {
                lines.push(named(look, Msg::FieldTemplate, text(super::dialog::template_of(look, &one.planned))));
            }
        }
        more => {
            let countries = plan.countries().into_iter().map(|(country, n)| format!("{} {n}", country.to_uppercase()));
            let countries = phrases::targets(look.lang, more.len(), countries.collect::<Vec<_>>().join("  "));
            lines.push(named(look, Msg::FieldTargets, look.line(Meaning::Name, countries)));
            let shown = more.iter().take(TARGETS_SHOWN).map(|item| done::target(state, &item.planned.target()));
            let mut shown: Vec<String> = shown.collect();
            if more.len() > TARGETS_SHOWN {
                shown.push(phrases::more_targets(look.lang, more.len() - TARGETS_SHOWN));
            }
            lines.extend(shown.into_iter().map(|name| indented(text(name))));
            if plan.kind == Kind::Inject {
                lines.extend(burst(look, state, plan));
            }
        }
    }
    if plan.refused() > 0 && plan.items.len() > 1 {
        let why = plan.items.iter().find_map(|item| item.refusal.as_ref()).map(|why| why.text(look.lang));
        let why = format!("{} {} {}", plan.refused(), look.glyphs().dot, why.unwrap_or_default());
        lines.push(named(look, Msg::FieldSkipped, look.line(Meaning::AlertWarn, why)));
    }
    lines.push(named(look, Msg::FieldRight, right(look, state, plan.kind)));
    lines
}

/// What kind of test orders, to which store, and how fast they go out.
fn burst(look: &Look, state: &State, plan: &Plan) -> Vec<Line<'static>> {
    let Some(first) = plan.items.first() else { return Vec::new() };
    let Planned::Inject(order) = &first.planned else { return Vec::new() };
    // The last one is begun so much later than the first.
    let after_s = plan.items.len().saturating_sub(1) / plan.pace.max(1);
    let took = when::age(i64::try_from(after_s).unwrap_or(i64::MAX).saturating_mul(1_000));
    let place = super::orders::place(look, state.stores.get(order.order.store), order.order.store);
    vec![
        named(look, Msg::ColumnStore, place),
        named(look, Msg::FieldTemplate, look.line(Meaning::Text, super::dialog::template_of(look, &first.planned))),
        named(look, Msg::FieldPace, look.line(Meaning::Text, phrases::burst(look.lang, plan.pace, took))),
    ]
}

fn indented(line: Line<'static>) -> Line<'static> {
    let mut spans = vec![Span::raw(" ".repeat(super::dialog::NAMES))];
    spans.extend(line.spans);
    Line::from(spans)
}

/// The one thing that it is done to, with its state now.
fn single(look: &Look, state: &State, planned: &Planned) -> Vec<Line<'static>> {
    let name = |text: &str| look.line(Meaning::Name, text);
    let store_in = |place: Line<'static>, country: Option<contract::Country>| {
        let mut spans = place.spans;
        spans.extend(country.map(|country| look.span(Meaning::Text, format!("  {}", country.as_str().to_uppercase()))));
        named(look, Msg::ColumnStore, Line::from(spans))
    };
    let place = |store: contract::StoreId, country: Option<contract::Country>| {
        let known = state.stores.get(store);
        let country = country.or(known.map(|store| store.record.country));
        store_in(super::orders::place(look, known, store), country)
    };
    let order_state = |id: &contract::OrderId| {
        let known = state.orders.get(id);
        known.map_or_else(|| look.unknown(), |order| label::order(look, order.state()))
    };
    match planned {
        Planned::Inject(order) => {
            vec![
                place(order.order.store, Some(order.country)),
                named(look, Msg::ColumnOrder, name(&order.order.to_string())),
            ]
        }
        Planned::Decide(decide) => vec![
            place(decide.order.store, Some(decide.country)),
            named(look, Msg::ColumnOrder, name(decide.order.code.as_str())),
            named(look, Msg::ColumnState, order_state(&decide.order)),
        ],
        Planned::Release(release) => vec![
            place(release.order.store, Some(release.country)),
            named(look, Msg::ColumnOrder, name(release.order.code.as_str())),
            named(look, Msg::ColumnState, order_state(&release.order)),
            named(look, Msg::ColumnOwner, look.line(Meaning::Text, release.instance.to_string())),
        ],
        Planned::Command { service, instance, .. } | Planned::LogLevel { service, instance, .. } => {
            let running = state.services.get(&(*service, instance.clone()));
            let now_is = running.map_or_else(|| look.unknown(), |instance| label::duty(look, instance));
            vec![
                named(look, Msg::ColumnInstance, name(instance.as_str())),
                named(look, Msg::FieldService, look.line(Meaning::Text, service.as_str())),
                named(look, Msg::ColumnState, now_is),
            ]
        }
        Planned::Store { record, .. } => {
            // Known by the name that it has so far; a new one by the name that it is given.
            let known_as = state.stores.get(record.id).map_or(&**record, |known| &known.record);
            let mut lines = vec![store_in(super::orders::named(look, known_as), Some(record.country))];
            if let Some(known) = state.stores.get(record.id) {
                let (was, is) = (known.record.state_at(look.now), record.state_at(look.now));
                let mut spans = label::store_state(look, was).spans;
                if was != is {
                    spans.push(look.span(Meaning::Muted, " > "));
                    spans.extend(label::store_state(look, is).spans);
                }
                lines.push(named(look, Msg::ColumnState, Line::from(spans)));
                lines.extend(changes(look, &known.record, record));
            }
            if let Some(until) = record.until {
                let zone = look.zone_of(Some(record), record.country);
                let at = format!("{} {}", when::clock(until, &zone), when::offset(until, &zone));
                lines.push(named(look, Msg::FieldUntil, look.line(Meaning::Text, at)));
            }
            lines
        }
        Planned::PingPos { instance, store } => {
            vec![place(*store, None), named(look, Msg::ColumnOwner, look.line(Meaning::Text, instance.to_string()))]
        }
        Planned::Reveal(reveal) => vec![
            place(reveal.order.store, Some(reveal.country)),
            named(look, Msg::ColumnOrder, name(reveal.order.code.as_str())),
            named(look, Msg::ColumnState, order_state(&reveal.order)),
        ],
        Planned::Move(moving) => {
            let from =
                state.queues.owner(moving.store).map_or_else(|| look.glyphs().unknown.to_owned(), ToString::to_string);
            vec![
                place(moving.store, None),
                named(look, Msg::ColumnOwner, look.line(Meaning::Text, from)),
                named(look, Msg::FieldTo, name(moving.to.as_str())),
            ]
        }
    }
}

/// What of a store's record is another.
fn changes(look: &Look, was: &contract::StoreRecord, is: &contract::StoreRecord) -> Vec<Line<'static>> {
    let zone = |record: &contract::StoreRecord| record.time_zone.clone().unwrap_or_default();
    [
        (Msg::FieldCode, was.code.clone(), is.code.clone()),
        (Msg::FieldName, was.name.clone(), is.name.clone()),
        (Msg::FieldPosUrl, was.pos_url.clone(), is.pos_url.clone()),
        (Msg::FieldZone, zone(was), zone(is)),
    ]
    .into_iter()
    .filter(|(_, was, is)| was != is)
    .map(|(name, was, is)| named(look, name, look.line(Meaning::Text, format!("{was} > {is}"))))
    .collect()
}

/// What would be sent; of several the first one stands for the others.
fn requests(look: &Look, confirm: &Confirm, columns: usize) -> Vec<Line<'static>> {
    let plan = &confirm.plan;
    let Some(first) = plan.items.first() else { return Vec::new() };
    let mut planned = first.planned.clone();
    if plan.kind.gives_reason() {
        planned.give_reason(confirm.given_reason().as_deref());
    }
    request(look, &planned, plan.items.len() == 1, columns)
}

/// The request to the last byte; of several the first one stands for the others.
fn request(look: &Look, planned: &Planned, single: bool, columns: usize) -> Vec<Line<'static>> {
    let text = |text: String| look.line(Meaning::Text, text);
    let subject = super::dialog::chunks(&planned.subject(), columns.saturating_sub(super::dialog::NAMES).max(1));
    let mut subject = subject.into_iter();
    let mut lines = vec![named(look, Msg::FieldSubject, text(subject.next().unwrap_or_default()))];
    lines.extend(subject.map(|more| indented(text(more))));
    for (name, value) in planned.headers() {
        lines.push(named(look, Msg::FieldHeader, text(format!("{name}: {value}"))));
    }
    let bytes = counts::bytes(look.lang, when::count(planned.bytes() as u64));
    let note = match planned {
        Planned::Inject(_) => format!("{bytes} {} {}", look.glyphs().dot, look.t(Msg::MarkerThere)),
        _ => bytes,
    };
    lines.push(named(look, Msg::FieldBody, text(note)));
    if single && planned.bytes() > 0 {
        // Our own words, a template with an invented person, or a store's record: nothing personal; a draft is its digest.
        let body = planned.body(None);
        let mut rows = super::dialog::chunks(&String::from_utf8_lossy(&body), columns);
        let left = rows.len().saturating_sub(BODY_ROWS);
        rows.truncate(BODY_ROWS);
        lines.extend(rows.into_iter().map(|row| look.line(Meaning::Muted, row)));
        if left > 0 {
            lines.push(look.line(Meaning::Muted, counts::more_rows(look.lang, left)));
        }
    }
    lines
}

fn differences(look: &Look, differences: &[Difference]) -> Vec<Line<'static>> {
    if differences.is_empty() {
        return Vec::new();
    }
    let shown = |shown: &Option<Value>| {
        let value = shown.as_ref().map(|shown| order::value(look, shown));
        value.unwrap_or_else(|| look.span(Meaning::Muted, look.glyphs().unknown))
    };
    let mut lines = vec![named(look, Msg::FieldDifferences, look.line(Meaning::Name, differences.len().to_string()))];
    for difference in differences.iter().take(DIFFERENCES_SHOWN) {
        lines.push(Line::from(vec![
            look.span(Meaning::Text, format!("{}  ", difference.pointer)),
            shown(&difference.before),
            look.span(Meaning::Muted, " > "),
            shown(&difference.after),
        ]));
    }
    if differences.len() > DIFFERENCES_SHOWN {
        let left = differences.len() - DIFFERENCES_SHOWN;
        lines.push(look.line(Meaning::Muted, counts::more_rows(look.lang, left)));
    }
    lines
}

/// Who may, by the table of permissions, and who this is.
fn right(look: &Look, state: &State, kind: Kind) -> Line<'static> {
    let user = kind.operation().user();
    let me = state.access.identity.as_ref().and_then(|identity| identity.user.as_deref());
    match me {
        Some(me) if me != user => look.line(Meaning::Text, phrases::right_of(look.lang, user, me)),
        _ => look.line(Meaning::Text, phrases::right(look.lang, user)),
    }
}

/// What makes this worse than it usually is.
fn warnings(look: &Look, state: &State, confirm: &Confirm, columns: usize) -> Vec<Line<'static>> {
    let [one] = confirm.plan.items.as_slice() else { return Vec::new() };
    let Planned::Command { service, instance, .. } = &one.planned else { return Vec::new() };
    let stops = matches!(confirm.plan.kind, Kind::Pause | Kind::Drain);
    let active = state.services.get(&(*service, instance.clone())).is_some_and(Instance::is_active);
    let text = if stops && active { fit::wrap(look.t(Msg::PauseActiveMeans), columns) } else { Vec::new() };
    text.into_iter().map(|text| look.line(Meaning::AlertWarn, text)).collect()
}

/// Columns of a field's name and of the mark of the one that has the focus.
const NAMES_AND_MARK: usize = super::dialog::NAMES + 2;

fn confirm_text(confirm: &Confirm, field: Focus) -> &str {
    match field {
        Focus::Reason => &confirm.reason,
        Focus::Proof => &confirm.typed,
        Focus::Cancel | Focus::Confirm => "",
    }
}

/// The texts that are asked for, in the order of the focus.
fn asked(look: &Look, confirm: &Confirm, columns: usize) -> Vec<(Focus, Line<'static>)> {
    let mut lines = Vec::new();
    for field in confirm.ring() {
        let (name, hint) = match field {
            Focus::Reason if confirm.plan.kind.operation().reason == Reason::Required => {
                (look.t(Msg::FieldReason).to_owned(), look.t(Msg::ReasonNeeded).to_owned())
            }
            Focus::Reason => (look.t(Msg::FieldReason).to_owned(), look.t(Msg::ReasonOptional).to_owned()),
            Focus::Proof => {
                let proof = confirm.plan.proof.as_deref().unwrap_or_default();
                (look.t(Msg::FieldProof).to_owned(), phrases::prove(look.lang, proof))
            }
            Focus::Cancel | Focus::Confirm => continue,
        };
        let typed = confirm_text(confirm, field);
        lines.push((field, text_field(look, &name, typed, &hint, field == confirm.focus, columns)));
    }
    lines
}

/// One text field: its name, the mark of the focus, and the end of what is typed, or what is expected.
pub(super) fn text_field(
    look: &Look,
    name: &str,
    typed: &str,
    hint: &str,
    focus: bool,
    columns: usize,
) -> Line<'static> {
    let room = columns.saturating_sub(NAMES_AND_MARK + 1).max(1);
    let name = look.line(Meaning::Muted, name);
    let mut spans = fit::fit_line(name, super::dialog::NAMES, Align::Left, look.glyphs().ellipsis).spans;
    spans.push(look.span(Meaning::Key, format!("{} ", if focus { look.glyphs().cursor } else { " " })));
    if typed.is_empty() {
        spans.push(
            look.span(
                if focus { Meaning::Field } else { Meaning::Muted },
                fit::cut(hint, room, look.glyphs().ellipsis),
            ),
        );
    } else {
        let mut shown: Vec<char> = typed.chars().collect();
        while fit::width(&shown.iter().collect::<String>()) > room {
            shown.remove(0);
        }
        spans.push(look.span(Meaning::Field, shown.into_iter().collect::<String>()));
    }
    Line::from(spans)
}

fn buttons(look: &Look, confirm: &Confirm) -> Line<'static> {
    let act = match confirm.plan.kind {
        Kind::Inject => Msg::ButtonInject,
        Kind::Pause | Kind::PauseStore => Msg::ButtonPause,
        Kind::Resume | Kind::ResumeStore => Msg::ButtonResume,
        Kind::Reveal => Msg::ButtonReveal,
        _ => Msg::ButtonDo,
    };
    Line::from(vec![
        button(look, look.t(Msg::ButtonCancel), confirm.focus == Focus::Cancel),
        Span::raw("  "),
        button(look, look.t(act), confirm.focus == Focus::Confirm),
    ])
}
