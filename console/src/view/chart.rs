//! What people look at rather than read: sparklines and plots.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pen::{Look, Pen};
use crate::theme::Meaning;

/// Eighths in one column of a plot.
const EIGHTHS: f64 = 8.0;

/// One sign a value, oldest first, the newest `columns` of them. A gap (`None`) stays empty, for nothing known is not
/// zero; zero is the lowest sign.
pub(crate) fn sparkline(look: &Look, values: &[Option<f64>], columns: usize) -> Line<'static> {
    let newest = &values[values.len().saturating_sub(columns)..];
    let highest = newest.iter().flatten().copied().fold(0.0, f64::max);
    let mut text = " ".repeat(columns - newest.len());
    text.extend(newest.iter().map(|value| match value {
        Some(value) => level(look, *value, highest),
        None => " ",
    }));
    look.line(Meaning::Plot, text)
}

/// The sign for `value` when `highest` fills the column.
fn level(look: &Look, value: f64, highest: f64) -> &'static str {
    let levels = &look.glyphs().levels;
    let share = if highest > 0.0 { (value / highest).clamp(0.0, 1.0) } else { 0.0 };
    levels[to_index(share * (levels.len() - 1) as f64)]
}

/// A share of a range as an index: rounded, never negative.
fn to_index(value: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a small range before")]
    let index = value.round().clamp(0.0, 1e6) as usize;
    index
}

/// A plot of columns over all of `area`, the newest value at the right, with the greatest value written at the top
/// left. Gaps stay empty.
pub(crate) fn plot(pen: &mut Pen<'_>, area: Rect, values: &[Option<f64>], label: impl Fn(f64) -> String) {
    let area = pen.buffer.area.intersection(area);
    if area.is_empty() {
        return;
    }
    let glyphs = pen.look.glyphs();
    let highest = values.iter().flatten().copied().fold(0.0, f64::max);
    let top = label(highest);
    let axis = u16::try_from(super::fit::width(&top)).unwrap_or(u16::MAX).saturating_add(1);
    let (axis, inner) = if axis + 8 <= area.width {
        (axis, Rect { x: area.x + axis, width: area.width - axis, ..area })
    } else {
        (0, area)
    };
    if axis > 0 {
        pen.text(area.x, area.y, axis, Meaning::Muted, &top);
        if area.height > 1 {
            let zero = pen.look.line(Meaning::Muted, "0 ");
            pen.line(area.x, area.bottom() - 1, axis, zero, super::fit::Align::Right);
        }
    }
    let columns = usize::from(inner.width);
    let newest = &values[values.len().saturating_sub(columns)..];
    let start = inner.right() - u16::try_from(newest.len()).unwrap_or(0);
    for (value, x) in newest.iter().zip(start..) {
        let Some(value) = value else { continue };
        let share = if highest > 0.0 { value / highest } else { 0.0 };
        let mut eighths = to_index(share * f64::from(inner.height) * EIGHTHS);
        if *value > 0.0 {
            eighths = eighths.max(1);
        }
        for y in (inner.top()..inner.bottom()).rev() {
            let here = eighths.min(glyphs.levels.len());
            eighths -= here;
            match here.checked_sub(1) {
                Some(index) => pen.text(x, y, 1, Meaning::Plot, glyphs.levels[index]),
                None if y + 1 == inner.bottom() => pen.text(x, y, 1, Meaning::Frame, glyphs.levels[0]),
                None => break,
            }
        }
    }
}
