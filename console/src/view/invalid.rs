//! Refused payloads, newest on top: where each came from and every fault of it, never the payload.

use contract::order::InvalidHead;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::orders::place;
use super::pen::{Look, Pen};
use super::{fit, label, when};
use crate::state::State;
use crate::text::{Msg, counts};
use crate::theme::Meaning;

/// Draws them over the whole screen.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let look = pen.look;
    let recent = &state.invalid.recent;
    pen.rule(area, look.t(Msg::SubjectInvalid), look.line(Meaning::Muted, when::count(recent.len() as u64)));
    let inner = super::indent(super::below_rule(area));
    super::order::scrolled(pen, inner, text(look, state, inner.width), state.scroll);
}

/// All of them with their faults, the newest on top.
pub(super) fn text(look: &Look, state: &State, columns: u16) -> Vec<Line<'static>> {
    let mut newest: Vec<&InvalidHead> = state.invalid.recent.iter().collect();
    newest.sort_by_key(|head| std::cmp::Reverse(head.at));
    newest.into_iter().flat_map(|head| entry(look, state, head, usize::from(columns))).collect()
}

fn entry(look: &Look, state: &State, head: &InvalidHead, columns: usize) -> Vec<Line<'static>> {
    let store = head.store.and_then(|store| state.stores.get(store));
    let zone = look.zone_of(store.map(|store| &store.record), head.country);
    let code = head.code.as_ref().map_or_else(|| look.glyphs().unknown.to_owned(), ToString::to_string);
    let mut facts = vec![
        vec![look.span(Meaning::Text, format!("{} {}", when::clock(head.at, &zone), when::offset(head.at, &zone)))],
        vec![look.span(Meaning::Name, code)],
    ];
    if let Some(id) = head.store {
        facts.push(place(look, store, id).spans);
    }
    facts.push(vec![look.span(Meaning::Muted, head.format.as_str())]);
    facts.push(vec![look.span(Meaning::Muted, counts::bytes(look.lang, when::count(u64::from(head.bytes))))]);
    facts
        .push(vec![look.span(Meaning::Muted, format!("{} {} {}", head.by.instance, look.glyphs().dot, head.by.cloud))]);
    let mut lines = vec![look.facts(facts)];
    for fault in &head.faults {
        let place = if fault.pointer.is_empty() { String::new() } else { format!(" ({})", fault.pointer) };
        let text = format!("{}{place} {} {}", label::fault(look, &fault.code), look.glyphs().unknown, fault.message);
        for (index, text) in fit::wrap(&text, columns.saturating_sub(5)).into_iter().enumerate() {
            let mark = if index == 0 { look.glyphs().warn } else { " " };
            lines.push(
                look.line(if index == 0 { Meaning::AlertWarn } else { Meaning::Muted }, format!("  {mark} {text}")),
            );
        }
    }
    lines.push(Line::default());
    lines
}
