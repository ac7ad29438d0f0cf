//! Screen 1: what needs a person now, worst first; then how the services do, how many orders come, the latest ones.
//!
//! ```text
//! ── Needs attention ─────────────────────────────
//!  ✖ URGENT  K024 EL NORTE   POS down · oldest ...
//! ── Services ──────────┬─ Orders / 10 s ─┬─ By cloud (from 110 columns) ─
//!  ● queue-resolver-1   │      ▂▄▆█▆▄     │
//! ── Latest orders ─────┴─────────────────┴──────
//! ```

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit::Align;
use super::orders::place;
use super::pen::{Look, Pen};
use super::table::{self, Column, Rows, Scroll};
use super::{chart, label, orders, services, totals, when};
use crate::action::Action;
use crate::state::attention::{Item, Subject};
use crate::state::pulse::BUCKET_MS;
use crate::state::services::Instance;
use crate::state::{Order, Screen, State};
use crate::text::{Msg, attention, phrases};
use crate::theme::Meaning;

/// Columns from which there is room for the sums per cloud.
const CLOUDS_MIN: u16 = 118;
/// Columns of the sums per cloud.
const CLOUDS_COLUMNS: u16 = 50;
/// Columns below which the first section is brief.
const NARROW_MAX: u16 = 100;
/// Rows beyond which the upper two sections do not grow: the rest is the latest orders'.
const SECTION_MAX: u16 = 13;

/// A row of the first section.
struct Row<'a> {
    item: &'a Item,
    state: &'a State,
    /// Whether words that go without saying are left out.
    narrow: bool,
}

fn columns<'a>(narrow: bool) -> Vec<Column<Row<'a>>> {
    vec![
        Column {
            title: Msg::Attention,
            min: 8,
            max: 8,
            align: Align::Left,
            rank: 0,
            cell: |row, look| seen(row, look, label::severity(look, row.item.severity)),
        },
        Column {
            title: Msg::ColumnName,
            min: 16,
            max: if narrow { 18 } else { 24 },
            align: Align::Left,
            rank: 0,
            cell: |row, look| seen(row, look, subject(look, row.state, &row.item.subject)),
        },
        Column { title: Msg::ColumnReason, min: 40, max: 200, align: Align::Left, rank: 0, cell: told },
        Column { title: Msg::ColumnTrend, min: 10, max: 16, align: Align::Newest, rank: 1, cell: trend },
        Column { title: Msg::TabOverview, min: 3, max: 3, align: Align::Right, rank: 0, cell: screen_key },
    ]
}

/// The number key of the screen that Enter leads to, if it leads to one.
fn screen_key(row: &Row<'_>, look: &Look) -> Line<'static> {
    let screen = match &row.item.subject {
        Subject::Invalid => return Line::default(),
        Subject::Undistributed => Screen::Orders,
        Subject::Queue(_) => Screen::Queues,
        Subject::NotInjected => Screen::NotInjected,
        Subject::Clock(_)
        | Subject::NoService(_)
        | Subject::Troubled(..)
        | Subject::Silent(..)
        | Subject::Halted(..) => Screen::Services,
    };
    let key = row.state.settings.keys.first(Action::Show(screen));
    key.map_or_else(Line::default, |key| look.line(Meaning::Key, format!("[{}]", key.name(look.theme.is_ascii()))))
}

/// What an item is about, in a few words.
pub(super) fn subject(look: &Look, state: &State, subject: &Subject) -> Line<'static> {
    match subject {
        Subject::Queue(store) => place(look, state.stores.get(*store), *store),
        other => look.line(Meaning::Name, attention::subject(look.lang, state, other)),
    }
}

/// `line`, dim when the item was acknowledged.
fn seen(row: &Row<'_>, look: &Look, line: Line<'static>) -> Line<'static> {
    if !row.item.acknowledged {
        return line;
    }
    let dim = |span: Span<'static>| Span::styled(span.content, look.style(Meaning::Muted));
    Line::from(line.spans.into_iter().map(dim).collect::<Vec<_>>())
}

/// The sentence of an item, after the word that it was acknowledged.
fn told(row: &Row<'_>, look: &Look) -> Line<'static> {
    let line = what(row, look);
    if !row.item.acknowledged {
        return line;
    }
    seen(row, look, look.facts(vec![vec![look.span(Meaning::Muted, look.t(Msg::Seen))], line.spans]))
}

/// The sentence of an item, the most urgent fact first.
fn what(row: &Row<'_>, look: &Look) -> Line<'static> {
    let facts = attention::facts(look.lang, row.state, row.item, look.glyphs().unknown, row.narrow);
    look.facts(facts.into_iter().map(|(meaning, text)| vec![look.span(meaning, text)]).collect())
}

fn trend(row: &Row<'_>, look: &Look) -> Line<'static> {
    let Subject::Queue(store) = &row.item.subject else { return Line::default() };
    let Some(queue) = row.state.queues.get(*store) else { return Line::default() };
    let values: Vec<Option<f64>> = queue.trend.iter().map(|depth| Some(*depth as f64)).collect();
    chart::sparkline(look, &values, values.len().min(20))
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    // Fixed shares, so that nothing moves when an item comes or goes.
    let attention = Rect { height: (area.height * 7 / 20).min(SECTION_MAX), ..area };
    let middle = Rect { y: attention.bottom(), height: (area.height * 6 / 20).min(SECTION_MAX), ..area };
    let latest = Rect { y: middle.bottom(), height: area.bottom() - middle.bottom(), ..area };
    attention_section(pen, attention, state, scroll);
    latest_section(pen, latest, state);
    let wide = area.width >= CLOUDS_MIN;
    let services_columns = if area.width >= super::BESIDE_MIN { 70 } else { 44.min(area.width * 11 / 20) };
    let clouds_columns = if wide { CLOUDS_COLUMNS } else { 0 };
    let services = Rect { width: services_columns, ..middle };
    let plot = Rect {
        x: services.right() + 1,
        width: area.width.saturating_sub(services_columns + 1 + clouds_columns),
        ..middle
    };
    services_section(pen, services, state);
    plot_section(pen, plot, services, state);
    if wide {
        let clouds = Rect { x: plot.right() + 1, width: clouds_columns - 1, ..middle };
        totals::draw(pen, clouds, plot, state);
    }
}

/// The first section in words: how bad, about what, and the sentence.
pub(super) fn attention_words(look: &Look, state: &State) -> Vec<Vec<String>> {
    let row = |item| Row { item, state, narrow: false };
    let words =
        |item| columns(false).iter().take(3).map(|column| (column.cell)(&row(item), look).to_string()).collect();
    state.attention.iter().map(words).collect()
}

/// The services in words, a row each.
pub(super) fn service_words(look: &Look, state: &State) -> Vec<Vec<String>> {
    let words = |row| service_columns().iter().map(|column| (column.cell)(&row, look).to_string()).collect();
    state.services.iter().map(words).collect()
}

fn attention_section(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    let (look, table) = (pen.look, &state.attention_table);
    let hidden = state.handled.hidden();
    let mut notes = Vec::new();
    if let Some((subject, why)) = &state.traffic.last_unreadable {
        let text = phrases::last_unreadable(look.lang, subject, why);
        notes.push(vec![look.span(Meaning::AlertWarn, text)]);
    } else if table.total > 0 {
        notes.push(super::some_of(look, table.rows.len(), table.total).spans);
    }
    if hidden > 0 {
        notes.push(vec![look.span(Meaning::AlertWarn, phrases::put_off(look.lang, hidden))]);
    }
    let note = look.facts(notes);
    pen.rule(area, look.t(Msg::Attention), note);
    let body = super::below_rule(area);
    let nothing = match hidden {
        // Heartbeats are in no stream: of the past nobody knows whether a service was silent.
        0 if state.is_from_streams() => Msg::WellAsFarAsKnown,
        0 => Msg::AllIsWell,
        _ => Msg::OnlyPutOff,
    };
    if super::empty(pen, body, state, table.rows.len(), table.total, nothing) {
        return;
    }
    let narrow = area.width < NARROW_MAX;
    let rows = Rows {
        count: table.rows.len(),
        selected: table.position(),
        at: &|place| {
            let subject = table.rows.get(place)?;
            let item = state.attention.iter().find(|item| item.subject == *subject)?;
            Some(Row { item, state, narrow })
        },
        marked: None,
    };
    table::draw_rows(pen, body, &columns(narrow), &rows, scroll);
}

fn service_columns<'a>() -> Vec<Column<&'a Instance>> {
    vec![
        Column {
            title: Msg::ColumnInstance,
            min: 17,
            max: 22,
            align: Align::Left,
            rank: 0,
            cell: |row, look| look.line(Meaning::Name, row.heartbeat.instance.to_string()),
        },
        Column {
            title: Msg::ColumnState,
            min: 12,
            max: 13,
            align: Align::Left,
            rank: 0,
            cell: |row, look| label::duty(look, row),
        },
        Column {
            title: Msg::ColumnRate,
            min: 6,
            max: 7,
            align: Align::Right,
            rank: 0,
            cell: |row, look| services::rate(look, row),
        },
        Column {
            title: Msg::ColumnLag,
            min: 9,
            max: 11,
            align: Align::Left,
            rank: 1,
            cell: |row, look| {
                let mut line = services::lag(look, row);
                if line != look.unknown() && !line.spans.is_empty() {
                    line.spans.push(look.span(Meaning::Muted, format!(" {}", look.t(Msg::Behind))));
                }
                line
            },
        },
        Column {
            title: Msg::ColumnCloud,
            min: 6,
            max: 8,
            align: Align::Left,
            rank: 2,
            cell: |row, look| look.line(Meaning::Muted, row.heartbeat.cloud.to_string()),
        },
    ]
}

fn services_section(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let look = pen.look;
    let all: Vec<&Instance> = state.services.iter().collect();
    let alive = all.iter().filter(|instance| !look.is_silent(instance) && !instance.is_stopped(look.now)).count();
    let note = match all.len() {
        0 => Line::default(),
        known => look.line(
            if alive == known { Meaning::Good } else { Meaning::AlertWarn },
            phrases::alive(look.lang, alive, known),
        ),
    };
    pen.rule(area, look.t(Msg::TabServices), note);
    let body = super::below_rule(area);
    if all.is_empty() {
        let why = if state.reading.ready { super::unless_replayed(state, Msg::NoServices) } else { Msg::NoDataYet };
        pen.sentence(super::indent(body), Meaning::Muted, look.t(why));
        return;
    }
    let rows = Rows { count: all.len(), selected: None, at: &|place| all.get(place).copied(), marked: None };
    table::draw_rows(pen, body, &service_columns(), &rows, &mut Scroll::default());
}

fn plot_section(pen: &mut Pen<'_>, area: Rect, left: Rect, state: &State) {
    let look = pen.look;
    let bars = usize::from(area.width.saturating_sub(6));
    let counts = state.pulse.bars(look.now, bars);
    let first = look.now.as_millis().div_euclid(BUCKET_MS) - i64::try_from(counts.len()).unwrap_or(0) + 1;
    // Before what was read nothing is known, which is not zero.
    let known_from = state.reading.since.map_or(i64::MIN, contract::UtcMs::as_millis);
    let known = state.reading.ready || counts.iter().any(|count| count.accepted > 0);
    let values: Vec<Option<f64>> = (first..)
        .zip(&counts)
        .map(|(bucket, count)| (known && bucket * BUCKET_MS >= known_from).then_some(count.accepted as f64))
        .collect();
    let minutes = i64::try_from(bars).unwrap_or(0) * BUCKET_MS / 60_000;
    let inner = super::pane_noted(
        pen,
        area,
        left,
        look.t(Msg::Rate),
        look.line(Meaning::Muted, phrases::last_minutes(look.lang, minutes)),
    );
    if known {
        chart::plot(pen, inner, &values, |top| format!("{top:.0}"));
    } else {
        pen.sentence(inner, Meaning::Muted, look.t(Msg::NoDataYet));
    }
}

fn latest_section(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let look = pen.look;
    let total = state.pulse.total();
    let note = if let Some(today) = totals::today(look, state) {
        today
    } else if state.orders.is_empty() {
        Line::default()
    } else {
        let figure = |meaning, text: String| vec![look.span(meaning, text)];
        let bad = if total.not_injected > 0 { Meaning::AlertCritical } else { Meaning::Muted };
        look.facts(vec![
            figure(Meaning::Muted, phrases::accepted_count(look.lang, when::count(total.accepted))),
            figure(Meaning::Muted, phrases::injected_count(look.lang, when::count(total.injected))),
            figure(bad, phrases::not_injected_count(look.lang, when::count(total.not_injected))),
        ])
    };
    pen.rule(area, look.t(Msg::Latest), note);
    let body = super::below_rule(area);
    let held_since = state.frozen.map(|frozen| frozen.since);
    let held = |order: &&Order| held_since.is_none_or(|since| order.pass.head.received_at <= since);
    let latest: Vec<_> = state.orders.newest_first().filter(held).take(usize::from(body.height)).collect();
    if super::empty(pen, body, state, latest.len(), latest.len(), Msg::NoOrders) {
        return;
    }
    // One row less than there is room: the first row holds the names.
    let count = latest.len().min(usize::from(body.height.saturating_sub(1)));
    let rows = Rows {
        count,
        selected: None,
        at: &|place| {
            let order = latest.get(place)?;
            Some(orders::Row::new(state, order))
        },
        marked: None,
    };
    table::draw(pen, body, &orders::columns(), &rows, &mut Scroll::default());
}
