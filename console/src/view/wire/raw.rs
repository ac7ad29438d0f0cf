//! One message: what it says, its headers, its body as JSON and as bytes.

use std::fmt::Write as _;

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::state::State;
use crate::state::wire::tail::{Body, Raw};
use crate::text::{Msg, counts, told};
use crate::theme::Meaning;
use crate::view::pen::{Look, Pen};
use crate::view::{below_rule, fit, indent, order, when};

/// Bytes in a row of the hex view.
const HEX_ROW: usize = 16;

/// Draws the message of row `id` over the whole screen.
pub(in crate::view) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, id: u64) {
    let look = pen.look;
    let Some(raw) = state.wire.tail.message_at(id) else {
        pen.rule(area, look.t(Msg::MessageTitle), Line::default());
        pen.sentence(indent(below_rule(area)), Meaning::Muted, look.t(Msg::Gone));
        return;
    };
    let size = counts::bytes(look.lang, when::count(raw.bytes));
    pen.rule(area, look.t(Msg::MessageTitle), look.line(Meaning::Muted, size));
    let inner = indent(below_rule(area));
    let lines = lines(look, raw, usize::from(inner.width));
    order::scrolled(pen, inner, lines, state.scroll);
}

/// The message of row `id` as text.
pub(in crate::view) fn text(look: &Look, state: &State, id: u64, columns: u16) -> Vec<Line<'static>> {
    state.wire.tail.message_at(id).map_or_else(Vec::new, |raw| lines(look, raw, usize::from(columns)))
}

fn lines(look: &Look, raw: &Raw, columns: usize) -> Vec<Line<'static>> {
    let when = format!("{} {}", when::clock_ms(raw.at, &look.zone), when::offset(raw.at, &look.zone));
    let mut lines = vec![
        look.line(Meaning::Name, raw.subject.clone()),
        look.facts(vec![
            vec![look.span(Meaning::Muted, when)],
            vec![look.span(Meaning::Text, told::line(look.lang, raw.fact.as_ref()))],
        ]),
    ];
    if !raw.headers.is_empty() {
        lines.extend(section(look, Msg::Headers));
        for (name, value) in &raw.headers {
            lines.push(look.line(Meaning::Muted, format!("{name}:")));
            match value {
                Some(value) => {
                    let rows = fit::wrap(value, columns.saturating_sub(3));
                    lines.extend(rows.into_iter().map(|row| look.line(Meaning::Text, format!("  {row}"))));
                }
                None => lines.push(look.line(Meaning::Stale, format!("  {}", look.t(Msg::Masked)))),
            }
        }
    }
    let personal = matches!(raw.body, Body::Personal(_));
    lines.extend(section(look, if personal { Msg::BodyMasked } else { Msg::BodyJson }));
    match raw.body.json() {
        Ok(masked) => lines.extend(order::tree(look, masked)),
        Err(why) => lines.push(look.line(Meaning::AlertWarn, why.text(look.lang))),
    }
    lines.extend(section(look, Msg::BodyHex));
    match &raw.body {
        Body::Personal(_) => lines.push(look.line(Meaning::Stale, look.t(Msg::HexMasked))),
        Body::Plain { head, .. } => {
            lines.extend(head.chunks(HEX_ROW).enumerate().map(|(row, bytes)| hex(look, row * HEX_ROW, bytes)));
            let shown = u64::try_from(head.len()).unwrap_or(u64::MAX);
            if raw.bytes > shown {
                lines.push(look.line(Meaning::AlertWarn, look.t(Msg::PayloadCut)));
            }
        }
    }
    lines
}

fn section(look: &Look, title: Msg) -> [Line<'static>; 2] {
    [Line::default(), look.line(Meaning::Title, look.t(title))]
}

/// `0010  7b 22 76 22 3a 31 2c 22  61 74 22 3a 22 32 30 32   {"v":1,"at":"202`
fn hex(look: &Look, offset: usize, bytes: &[u8]) -> Line<'static> {
    let mut digits = String::with_capacity(3 * HEX_ROW + 1);
    for place in 0..HEX_ROW {
        if place == HEX_ROW / 2 {
            digits.push(' ');
        }
        // Writing to a String cannot fail.
        let _ = match bytes.get(place) {
            Some(byte) => write!(digits, "{byte:02x} "),
            None => write!(digits, "   "),
        };
    }
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
    let text: String = bytes.iter().map(shown).collect();
    Line::from(vec![
        look.span(Meaning::Muted, format!("{offset:04x}  ")),
        look.span(Meaning::Text, digits),
        look.span(Meaning::Muted, format!(" {text}")),
    ])
}
