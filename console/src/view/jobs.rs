//! What was done from here: the list of jobs, and one job item by item.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit;
use super::fit::Align;
use super::pen::{Look, Pen};
use super::table::{self, Column, Rows, Scroll};
use super::when;
use crate::state::State;
use crate::state::jobs::{Job, JobId, JobItem, Phase, Step};
use crate::text::{Msg, done, phrases};
use crate::theme::Meaning;

/// Columns of the names of a job's facts.
const NAMES: usize = 13;
/// Columns of an item's target.
const TARGET_COLUMNS: usize = 28;

fn columns<'a>() -> Vec<Column<&'a Job>> {
    vec![
        Column {
            title: Msg::ColumnNumber,
            min: 4,
            max: 5,
            align: Align::Right,
            rank: 0,
            cell: |job, look| look.line(Meaning::Muted, job.id.to_string()),
        },
        Column {
            title: Msg::ColumnTime,
            min: 8,
            max: 8,
            align: Align::Left,
            rank: 0,
            cell: |job, look| look.line(Meaning::Muted, when::clock(job.began_at, &look.zone)),
        },
        Column {
            title: Msg::ColumnWhat,
            min: 18,
            max: 34,
            align: Align::Left,
            rank: 0,
            cell: |job, look| look.line(Meaning::Name, look.t(job.kind.operation().text)),
        },
        Column {
            title: Msg::ColumnState,
            min: 20,
            max: 90,
            align: Align::Left,
            rank: 0,
            cell: |job, look| counts(job, look),
        },
    ]
}

/// How a job stands, as a sign and its counts.
fn counts(job: &Job, look: &Look) -> Line<'static> {
    let counts = job.counts();
    let glyphs = look.glyphs();
    let (meaning, glyph) = match job.phase {
        Phase::Ended if counts.all_well() => (Meaning::Good, glyphs.good),
        Phase::Ended => (Meaning::AlertWarn, glyphs.warn),
        Phase::Intending | Phase::Running => (Meaning::Busy, glyphs.busy),
    };
    let text = if job.items.is_empty() { look.t(Msg::StepVerified).to_owned() } else { counts.text(look.lang) };
    look.line(meaning, format!("{glyph} {text}"))
}

/// Draws the list.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    let table = &state.jobs.table;
    pen.rule(area, pen.look.t(Msg::JobsTitle), Line::default());
    let body = super::below_rule(area);
    let rows = Rows {
        count: table.rows.len(),
        selected: table.position(),
        at: &|place| state.jobs.get(*table.rows.get(place)?),
        marked: None,
    };
    table::draw(pen, body, &columns(), &rows, scroll);
}

/// Draws one job.
pub(super) fn draw_opened(pen: &mut Pen<'_>, area: Rect, state: &State, id: JobId) {
    let Some(job) = state.jobs.get(id) else { return };
    let look = pen.look;
    let title = phrases::job_title(look.lang, job.id, look.t(job.kind.operation().text));
    pen.rule(area, &title, counts(job, look));
    let inner = super::indent(super::below_rule(area));
    let lines = lines(look, state, job, usize::from(inner.width));
    super::order::scrolled(pen, inner, lines, state.scroll);
}

/// A job as text.
pub(super) fn text(look: &Look, state: &State, id: JobId, columns: u16) -> Vec<Line<'static>> {
    let Some(job) = state.jobs.get(id) else { return Vec::new() };
    let title = phrases::job_title(look.lang, job.id, look.t(job.kind.operation().text));
    let mut all = vec![look.line(Meaning::Title, title), counts(job, look), Line::default()];
    all.extend(lines(look, state, job, usize::from(columns)));
    all
}

fn lines(look: &Look, state: &State, job: &Job, columns: usize) -> Vec<Line<'static>> {
    let fact = |name: Msg, value: Line<'static>| {
        let mut spans = fit::fit_line(look.line(Meaning::Muted, look.t(name)), NAMES, Align::Left, "").spans;
        spans.extend(value.spans);
        Line::from(spans)
    };
    let clock = |at| look.line(Meaning::Text, when::clock(at, &look.zone));
    let mut lines = vec![fact(Msg::JobBegan, clock(job.began_at))];
    lines.extend(job.ended_at.map(|at| fact(Msg::JobEnded, clock(at))));
    lines.extend(job.reason.as_ref().map(|reason| fact(Msg::FieldReason, look.line(Meaning::Text, reason.as_str()))));
    if let Some(why) = &job.unrecorded {
        lines.push(fact(Msg::JobUnrecorded, look.line(Meaning::AlertCritical, why.as_str())));
    }
    lines.push(Line::default());
    // What a person has to look at comes first: what failed, what nobody knows, what was left out.
    let mut items: Vec<&JobItem> = job.items.iter().collect();
    items.sort_by_key(|item| rank(&item.step));
    for item in items {
        lines.extend(of_item(look, state, item, columns));
    }
    lines
}

const fn rank(step: &Step) -> u8 {
    match step {
        Step::Failed(_) => 0,
        Step::Unverified(_) => 1,
        Step::Skipped(_) => 2,
        Step::Sent | Step::Answered => 3,
        Step::Waiting => 4,
        Step::Verified => 5,
    }
}

fn of_item(look: &Look, state: &State, item: &JobItem, columns: usize) -> Vec<Line<'static>> {
    let glyphs = look.glyphs();
    let (meaning, glyph) = match item.step {
        Step::Failed(_) => (Meaning::AlertCritical, glyphs.critical),
        Step::Unverified(_) | Step::Skipped(_) => (Meaning::AlertWarn, glyphs.warn),
        Step::Sent | Step::Answered => (Meaning::Busy, glyphs.busy),
        Step::Waiting => (Meaning::Muted, glyphs.idle),
        Step::Verified => (Meaning::Good, glyphs.good),
    };
    let name = look.line(Meaning::Name, done::target(state, &item.planned.target()));
    let mut spans = vec![look.span(meaning, format!("{glyph} "))];
    spans.extend(fit::fit_line(name, TARGET_COLUMNS, Align::Left, glyphs.ellipsis).spans);
    spans.push(Span::raw(" "));
    spans.push(look.span(meaning, look.t(item.step.word())));
    let mut lines = vec![Line::from(spans)];
    if let Some(why) = item.step.why(look.lang) {
        let rows = fit::wrap(&why, columns.saturating_sub(4));
        lines.extend(rows.into_iter().map(|row| look.line(Meaning::Muted, format!("    {row}"))));
    }
    for step in &item.found {
        let (meaning, glyph) =
            if step.ok { (Meaning::Good, glyphs.good) } else { (Meaning::AlertCritical, glyphs.critical) };
        let part = look.t(done::part(step.step));
        let took = when::millis(step.took_us as f64 / 1_000.0);
        lines.push(Line::from(vec![
            look.span(meaning, format!("    {glyph} {part:<14}")),
            look.span(Meaning::Text, format!("{took:>9} ms  {}", step.detail)),
        ]));
    }
    lines
}
