//! How many orders there were today, in seven days and in the month, by cloud: from the counts that the active
//! distribuidor keeps, not from what this console happened to see.
//!
//! ```text
//! ─ Por nube ──────────────── contado hace 3s ──
//!                   aws   azure  gcloud   Total
//! Hoy    recibidos  800     434       0   1 234
//!        inyectados 790     ...
//! ```

use std::collections::BTreeMap;

use contract::Cloud;
use contract::counters::Counts;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit::{self, Align};
use super::pen::{Look, Pen};
use super::when;
use crate::counters::{self, Window};
use crate::event::Trouble;
use crate::state::State;
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

/// Columns of the names of the rows.
const NAME: u16 = 18;
/// Fewest columns of a figure.
const FIGURE: u16 = 7;

/// What is shown of each window: its name, how it is summed and how it is meant.
type Figure = (Msg, fn(&Counts) -> u64, Meaning);

const FIGURES: [Figure; 3] = [
    (Msg::Accepted, |counts| counts.accepted, Meaning::Text),
    (Msg::Injected, |counts| counts.injected, Meaning::Good),
    (Msg::NotInjected, |counts| counts.not_injected, Meaning::AlertCritical),
];

/// No cloud has counted anything.
static NOTHING: BTreeMap<Cloud, Counts> = BTreeMap::new();

const fn name(window: Window) -> Msg {
    match window {
        Window::Today => Msg::CountsToday,
        Window::SevenDays => Msg::CountsSevenDays,
        Window::Month => Msg::CountsMonth,
    }
}

/// The sums of a window by cloud; `None` when nothing is known of it.
fn sums<'a>(look: &Look, state: &'a State, window: Window) -> Option<&'a BTreeMap<Cloud, Counts>> {
    // A bucket without a single day: nobody has counted, which is not zero.
    state.counted.since?;
    let begins = window.begins(look.now, &look.zone);
    Some(state.counted.by_cloud_from(begins).unwrap_or(&NOTHING))
}

/// How old the counts are, and since when there are any when that is within the month.
fn note(look: &Look, state: &State) -> Line<'static> {
    let counted = &state.counted;
    let since = counted.since.filter(|since| *since > counters::first_day(look.now, &look.zone));
    let since = since.map(|since| look.span(Meaning::AlertWarn, phrases::counts_since(look.lang, since)));
    let age = match (counted.old_ms(look.now), counted.written_at) {
        (Some(old), _) => Some(look.span(Meaning::AlertWarn, phrases::counts_read_ago(look.lang, when::age(old)))),
        (None, Some(at)) => Some(look.span(Meaning::Muted, phrases::counts_written_ago(look.lang, look.age(at)))),
        (None, None) => None,
    };
    look.facts([since, age].into_iter().flatten().map(|span| vec![span]).collect())
}

/// The sums of today in a line; `None` when they are not known.
pub(super) fn today(look: &Look, state: &State) -> Option<Line<'static>> {
    let total = counters::total(sums(look, state, Window::Today)?.values());
    let figure = |meaning, text: String| vec![look.span(meaning, text)];
    let bad = if total.not_injected > 0 { Meaning::AlertCritical } else { Meaning::Muted };
    Some(look.facts(vec![
        figure(Meaning::Muted, phrases::today_count(look.lang, when::count(total.accepted))),
        figure(Meaning::Muted, phrases::injected_count(look.lang, when::count(total.injected))),
        figure(bad, phrases::not_injected_count(look.lang, when::count(total.not_injected))),
    ]))
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, left: Rect, state: &State) {
    let look = pen.look;
    let inner = super::pane_noted(pen, area, left, look.t(Msg::Clouds), note(look, state));
    let windows = Window::ALL.map(|window| (window, sums(look, state, window)));
    if windows.iter().all(|(_, sums)| sums.is_none()) {
        let why = match &state.counted.trouble {
            None if state.counted.read_at.is_none() => look.t(super::unless_replayed(state, Msg::NoDataYet)).to_owned(),
            None | Some(Trouble::Gone) => look.t(Msg::CountsNone).to_owned(),
            Some(trouble) => trouble.text(look.lang),
        };
        pen.sentence(inner, Meaning::Muted, &why);
        return;
    }
    // The busiest clouds of the month, in the order of their names; all of them are in the sum.
    let mut clouds: Vec<(u64, Cloud)> =
        windows[2].1.into_iter().flatten().map(|(cloud, counts)| (counts.accepted, cloud.clone())).collect();
    clouds.sort_unstable_by(|a, b| b.cmp(a));
    clouds.truncate(usize::from(inner.width.saturating_sub(NAME) / FIGURE).saturating_sub(1));
    let mut clouds: Vec<Cloud> = clouds.into_iter().map(|(_, cloud)| cloud).collect();
    clouds.sort_unstable();

    let names = clouds.iter().map(|cloud| look.span(Meaning::Column, cloud.to_string()));
    let names: Vec<Span<'static>> = names.chain([look.span(Meaning::Column, look.t(Msg::ColumnTotal))]).collect();
    let mut lines = vec![row(inner.width, Span::raw(""), names)];
    for (window, sums) in &windows {
        for (place, (msg, get, meaning)) in FIGURES.into_iter().enumerate() {
            let figure = |count: Option<u64>| match count {
                Some(0) => look.span(Meaning::Muted, "0"),
                Some(count) => look.span(meaning, when::count(count)),
                None => look.span(Meaning::Muted, look.glyphs().unknown),
            };
            let of = |cloud: &Cloud| sums.as_ref().map(|sums| sums.get(cloud).map_or(0, get));
            let total = sums.as_ref().map(|sums| get(&counters::total(sums.values())));
            let figures = clouds.iter().map(of).chain([total]).map(figure).collect();
            let title = if place == 0 { look.t(name(*window)) } else { "" };
            let title = look
                .span(if place == 0 { Meaning::Name } else { Meaning::Muted }, format!("{title:<7}{}", look.t(msg)));
            lines.push(row(inner.width, title, figures));
        }
    }
    pen.lines(inner, lines);
}

/// A name and, at the right, figures below each other.
fn row(width: u16, name: Span<'static>, figures: Vec<Span<'static>>) -> Line<'static> {
    let count = u16::try_from(figures.len()).unwrap_or(u16::MAX);
    let each = usize::from((width.saturating_sub(NAME) / count.max(1)).min(12));
    let left = usize::from(width).saturating_sub(each * figures.len());
    let mut spans = fit::fit_line(Line::from(name), left, Align::Left, "").spans;
    for figure in figures {
        spans.extend(fit::fit_line(Line::from(figure), each, Align::Right, "").spans);
    }
    Line::from(spans)
}
