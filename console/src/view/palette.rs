//! The palette: a box with a line and, below it, what fits; what kind of thing each is on the left, its key on the right.

use contract::{OrderId, StoreId};
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::dialog::frame;
use super::fit::{self, Align};
use super::label;
use super::orders::place;
use super::pen::{Look, Pen};
use crate::action::Action;
use crate::keys::{self, Binding};
use crate::operation::{Kind, Object};
use crate::state::State;
use crate::state::palette::{Choice, Hit, Palette};
use crate::text::{Msg, counts};
use crate::theme::Meaning;
use crate::update::commands;
use crate::update::plan::{self, Scope};

/// Columns of the palette, where the screen has them.
const COLUMNS: u16 = 76;
/// Most choices that are shown at a time.
const SHOWN_MAX: u16 = 14;
/// Columns of the word for a choice's kind.
const KIND_COLUMNS: usize = 9;
/// Columns of the cursor before a choice.
const CURSOR_COLUMNS: u16 = 2;

/// Draws the palette; tells where the terminal's cursor belongs.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, palette: &Palette) -> Option<Position> {
    let look = pen.look;
    let width = COLUMNS.min(area.width);
    // Always as high, so that it does not jump while one types.
    let height = (SHOWN_MAX + 4).min(area.height);
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y, width, height };
    let inner = frame(pen, outer, look.t(Msg::PaletteTitle));
    if inner.height < 2 {
        return None;
    }
    let cursor = line(pen, inner, palette);
    let below = Rect { y: inner.y + 1, height: 1, ..inner };
    match &palette.refusal {
        Some(refusal) => {
            pen.text(below.x, below.y, below.width, Meaning::AlertCritical, &refusal.text(look.lang));
        }
        None if palette.hits.is_empty() => {
            pen.text(below.x, below.y, below.width, Meaning::Muted, look.t(Msg::PaletteNone));
        }
        None => {}
    }
    let list = Rect { y: inner.y + 2, height: inner.height - 2, ..inner };
    let selected = palette.position();
    let first = selected.unwrap_or(0).saturating_sub(usize::from(list.height).saturating_sub(1));
    for ((place, hit), y) in palette.hits.iter().enumerate().skip(first).zip(list.top()..list.bottom()) {
        let row = Rect { y, height: 1, ..list };
        choice(pen, row, state, hit, selected == Some(place));
    }
    let bar = Rect { x: outer.right() - 1, width: 1, ..list };
    super::table::scroll_bar(pen, bar, palette.hits.len(), first);
    Some(cursor)
}

/// `:filtro est▏`: the end of what is typed stays in sight.
fn line(pen: &mut Pen<'_>, area: Rect, palette: &Palette) -> Position {
    let look = pen.look;
    let columns = usize::from(area.width.saturating_sub(2));
    let mut typed: Vec<char> = palette.text.chars().collect();
    let width = |text: &[char]| fit::width(&text.iter().collect::<String>());
    while width(&typed) > columns {
        typed.remove(0);
    }
    let used = width(&typed);
    let mut spans = vec![look.span(Meaning::Key, ":")];
    if typed.is_empty() {
        spans.push(Span::raw(" "));
        spans.push(look.span(Meaning::Muted, look.t(Msg::PaletteHint)));
    } else {
        spans.push(look.span(Meaning::Field, typed.into_iter().collect::<String>()));
    }
    pen.line(area.x, area.y, area.width, Line::from(spans), Align::Left);
    Position::new(area.x + 1 + u16::try_from(used).unwrap_or(0), area.y)
}

/// What a choice says at its left and its right.
struct Said {
    left: Line<'static>,
    right: Line<'static>,
}

fn choice(pen: &mut Pen<'_>, area: Rect, state: &State, hit: &Hit, selected: bool) {
    let look = pen.look;
    let Said { left, right } = said(look, state, hit);
    let kind = look.line(Meaning::Muted, look.t(hit.choice.kind()));
    let mut spans = fit::fit_line(kind, KIND_COLUMNS, Align::Left, look.glyphs().ellipsis).spans;
    spans.push(Span::raw(" "));
    spans.extend(left.spans);
    let right_columns: usize = right.spans.iter().map(|span| fit::width(&span.content)).sum();
    let room = area.width.saturating_sub(CURSOR_COLUMNS);
    let right_columns = u16::try_from(right_columns).unwrap_or(u16::MAX).min(room / 2);
    let left_columns = room.saturating_sub(right_columns + 1);
    let x = area.x + CURSOR_COLUMNS;
    pen.line(x, area.y, left_columns, Line::from(spans), Align::Left);
    pen.line(area.right() - right_columns, area.y, right_columns, right, Align::Right);
    if selected {
        pen.text(area.x, area.y, 1, Meaning::Key, look.glyphs().cursor);
        pen.paint(area, Meaning::Selected);
    }
}

fn said(look: &Look, state: &State, hit: &Hit) -> Said {
    match &hit.choice {
        Choice::Screen(screen) => bound(look, state, Action::Show(*screen), None, true),
        Choice::Act(action, text) => bound(look, state, *action, Some(*text), hit.possible),
        Choice::Operate(kind, scope) => operate(look, state, *kind, *scope, hit.possible),
        Choice::Command { name, argument } => command(look, name, argument.as_deref()),
        Choice::Store(id) => store(look, state, *id),
        Choice::Order(id) => order(look, state, id),
    }
}

/// The words and the first key of a row of the table of keys.
fn bound(look: &Look, state: &State, action: Action, text: Option<Msg>, possible: bool) -> Said {
    let is_it = |binding: &&Binding| binding.action == action && text.is_none_or(|text| binding.text == text);
    let Some(binding) = keys::BINDINGS.iter().find(is_it) else {
        return Said { left: Line::default(), right: Line::default() };
    };
    let meaning = |meaning| if possible { meaning } else { Meaning::Muted };
    let key = state.settings.keys.of(binding).first().map_or_else(String::new, |key| key.name(look.theme.is_ascii()));
    Said { left: look.line(meaning(Meaning::Text), look.t(binding.text)), right: look.line(meaning(Meaning::Key), key) }
}

/// An operation with the rows it is meant for, and its key where it has one.
fn operate(look: &Look, state: &State, kind: Kind, scope: Scope, possible: bool) -> Said {
    let operation = kind.operation();
    let text = look.t(operation.text);
    let marked = state.marks().map_or(0, |table| table.marked.len());
    let text = match (operation.object, scope) {
        (Object::Orders, Scope::Shown) => counts::all_shown(look.lang, plan::meant_orders(state, scope), text),
        (Object::Orders, Scope::Chosen) if marked > 0 && kind != Kind::ReinjectEdited => {
            counts::all_marked(look.lang, marked, text)
        }
        _ => text.to_owned(),
    };
    let binding = operation.action.and_then(|action| keys::BINDINGS.iter().find(|binding| binding.action == action));
    let keys = binding.filter(|_| scope == Scope::Chosen).map(|binding| state.settings.keys.of(binding));
    let key = keys.and_then(|keys| keys.first().map(|key| key.name(look.theme.is_ascii())));
    let meaning = |meaning| if possible { meaning } else { Meaning::Muted };
    Said {
        left: look.line(meaning(Meaning::Text), text),
        right: look.line(meaning(Meaning::Key), key.unwrap_or_default()),
    }
}

fn command(look: &Look, name: &str, argument: Option<&str>) -> Said {
    let Some(words) = commands::named(name).map(|command| command.words) else {
        return Said { left: Line::default(), right: Line::default() };
    };
    let mut left = vec![look.span(Meaning::Name, words.name(look.lang))];
    match (argument, words.argument) {
        (Some(argument), _) if !argument.is_empty() => left.push(look.span(Meaning::Text, format!(" {argument}"))),
        (_, Some(wanted)) => left.push(look.span(Meaning::Muted, format!(" {}", look.t(wanted)))),
        (_, None) => {}
    }
    Said { left: Line::from(left), right: look.line(Meaning::Muted, look.t(words.text)) }
}

fn store(look: &Look, state: &State, id: StoreId) -> Said {
    let known = state.stores.get(id);
    let right = known.map_or_else(Line::default, |store| {
        look.facts(vec![
            vec![look.span(Meaning::Muted, store.record.country.as_str().to_uppercase())],
            label::store_state(look, store.record.state_at(look.now)).spans,
        ])
    });
    Said { left: place(look, known, id), right }
}

fn order(look: &Look, state: &State, id: &OrderId) -> Said {
    let mut left = vec![look.span(Meaning::Name, id.code.to_string()), Span::raw("  ")];
    let place = state.stores.get(id.store).map_or_else(|| format!("#{}", id.store), |store| store.record.code.clone());
    left.push(look.span(Meaning::Text, place));
    let right = state.orders.get(id).map_or_else(|| look.unknown(), |order| label::order(look, order.state()));
    Said { left: Line::from(left), right }
}
