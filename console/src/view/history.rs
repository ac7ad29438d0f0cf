//! The last minutes of one instance: rate, latency, lag.

use ratatui::layout::Rect;

use super::pen::Pen;
use super::{chart, when};
use crate::state::services::{HISTORY_MS, Instance, Sample};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

/// Fewest rows of a plot with its name.
const ROWS_MIN: u16 = 4;
/// Most rows of a plot: higher ones tell no more.
const ROWS_MAX: u16 = 12;
/// Columns from which plots may stand beside each other.
const BESIDE_MIN: u16 = 60;

/// A plot: its name, what it shows, and how its greatest value is written.
type Plot = (Msg, fn(&Sample) -> Option<f64>, fn(f64) -> String);

const PLOTS: [Plot; 3] = [
    (Msg::ColumnRate, |sample| sample.rate, when::rate),
    (Msg::ColumnNinetyNine, |sample| sample.p99_ms, when::millis),
    (Msg::ColumnLag, |sample| sample.lag.map(|lag| lag as f64), |lag| format!("{lag:.0}")),
];

/// Draws the plots into `area`, below each other where there is height, beside each other where there is width; of those
/// that never had a value nothing. As many as fit.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, instance: &Instance) {
    let plots: Vec<&Plot> =
        PLOTS.iter().filter(|(_, value, _)| instance.samples.iter().any(|sample| value(sample).is_some())).collect();
    let count = u16::try_from(plots.len()).unwrap_or(u16::MAX);
    if count == 0 || area.height < ROWS_MIN {
        return;
    }
    let beside = area.width >= BESIDE_MIN && area.height < ROWS_MIN * count;
    let (width, height) = if beside {
        (area.width / count, area.height.min(ROWS_MAX))
    } else {
        (area.width, (area.height / count.min(area.height / ROWS_MIN)).min(ROWS_MAX))
    };
    for (plot, place) in plots.into_iter().zip(0..) {
        let place = if beside {
            Rect { x: area.x + place * width, width: width.saturating_sub(2), height, ..area }
        } else {
            Rect {
                y: area.y + place * height,
                height: height.min(area.bottom().saturating_sub(area.y + place * height)),
                ..area
            }
        };
        if place.height >= ROWS_MIN && place.bottom() <= area.bottom() {
            one(pen, place, instance, plot);
        }
    }
}

fn one(pen: &mut Pen<'_>, area: Rect, instance: &Instance, (name, value, label): &Plot) {
    let look = pen.look;
    let title =
        format!("{} {} {}", look.t(*name), look.glyphs().dot, phrases::last_minutes(look.lang, HISTORY_MS / 60_000));
    pen.text(area.x, area.y, area.width, Meaning::Muted, &title);
    let inner = Rect { y: area.y + 1, height: area.height - 1, ..area };
    // The plot takes the newest values that fit beside its axis.
    let bars = instance.history(look.now, usize::from(inner.width.saturating_sub(8)).max(1), value);
    chart::plot(pen, inner, &bars, label);
}
