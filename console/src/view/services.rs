//! Screen 5: every instance heard on the bus. Silence is shown as an age, never as an absence.

use contract::heartbeat::{Head, Latency, Load};
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::fit::{Align, fit_line};
use super::pen::{Look, Pen};
use super::table::{self, Column, Rows, Scroll};
use super::{chart, label, orders, split, when};
use crate::state::services::{Instance, InstanceKey};
use crate::state::{State, Stores};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

pub(super) type Row<'a> = &'a Instance;

/// Columns from which roles have a column of their own; below it the state tells them.
const ROLES_MIN: u16 = 100;

pub(super) fn columns<'a>(roles: bool) -> Vec<Column<Row<'a>>> {
    let mut columns: Vec<Column<Row<'a>>> = vec![
        Column {
            title: Msg::ColumnInstance,
            min: 17,
            max: 26,
            align: Align::Left,
            rank: 0,
            cell: |row, look| look.line(Meaning::Name, row.heartbeat.instance.to_string()),
        },
        Column {
            title: Msg::ColumnState,
            min: 12,
            max: 20,
            align: Align::Left,
            rank: 0,
            cell: if roles { |row, look| label::instance(look, row) } else { |row, look| label::duty(look, row) },
        },
        Column { title: Msg::ColumnRole, min: 9, max: 9, align: Align::Left, rank: 3, cell: |r, l| role(l, r) },
        Column {
            title: Msg::ColumnCloud,
            min: 6,
            max: 8,
            align: Align::Left,
            rank: 2,
            cell: |row, look| look.line(Meaning::Text, row.heartbeat.cloud.to_string()),
        },
        Column { title: Msg::ColumnRate, min: 6, max: 7, align: Align::Right, rank: 0, cell: |r, l| rate(l, r) },
        Column {
            title: Msg::ColumnMedian,
            min: 6,
            max: 7,
            align: Align::Right,
            rank: 1,
            cell: |r, l| ms(l, latency(r).p50_ms),
        },
        Column {
            title: Msg::ColumnNinetyNine,
            min: 6,
            max: 7,
            align: Align::Right,
            rank: 1,
            cell: |r, l| ms(l, latency(r).p99_ms),
        },
        Column {
            title: Msg::ColumnLag,
            min: 6,
            max: 7,
            align: Align::Right,
            rank: 1,
            cell: |row, look| lag(look, row),
        },
        Column {
            title: Msg::ColumnBeat,
            min: 6,
            max: 6,
            align: Align::Right,
            rank: 0,
            cell: |row, look| beat(look, row),
        },
        Column {
            title: Msg::ColumnUptime,
            min: 10,
            max: 10,
            align: Align::Right,
            rank: 4,
            cell: |row, look| look.line(Meaning::Muted, when::age(row.uptime_ms())),
        },
        Column {
            title: Msg::ColumnDone,
            min: 8,
            max: 9,
            align: Align::Right,
            rank: 5,
            cell: |row, look| look.line(Meaning::Text, when::count(row.done())),
        },
        Column {
            title: Msg::ColumnVersion,
            min: 7,
            max: 8,
            align: Align::Left,
            rank: 6,
            cell: |row, look| look.line(Meaning::Muted, row.heartbeat.version.clone()),
        },
        Column {
            title: Msg::ColumnTrend,
            min: 12,
            max: 40,
            align: Align::Newest,
            rank: 7,
            cell: |row, look| trend(look, row, 40),
        },
    ];
    columns.retain(|column| roles || column.title != Msg::ColumnRole);
    columns
}

/// `–` for services that have no roles.
fn role(look: &Look, instance: &Instance) -> Line<'static> {
    let role = label::role(look, &instance.heartbeat.load);
    if role.spans.is_empty() { look.unknown() } else { role }
}

pub(super) fn rate(look: &Look, instance: &Instance) -> Line<'static> {
    match instance.rate() {
        Some(per_second) => look.line(Meaning::Text, when::rate(per_second)),
        None => look.unknown(),
    }
}

pub(super) fn latency(instance: &Instance) -> Latency {
    instance.latency()
}

fn ms(look: &Look, value: Option<f64>) -> Line<'static> {
    match value {
        Some(value) => look.line(Meaning::Text, when::millis(value)),
        None => look.unknown(),
    }
}

/// What an instance has before it: orders not yet handed over, or waiting in its lanes; `–` for the intake, which has no
/// such thing.
pub(super) fn lag(look: &Look, instance: &Instance) -> Line<'static> {
    let behind = match &instance.heartbeat.load {
        Load::Api(_) => return look.unknown(),
        Load::Distribuidor(load) => load.lag,
        Load::Resolver(load) => Some(load.waiting),
    };
    match behind {
        Some(0) => look.line(Meaning::Muted, "0"),
        Some(behind) => look.line(Meaning::Text, when::count(behind)),
        None => look.unknown(),
    }
}

fn beat(look: &Look, instance: &Instance) -> Line<'static> {
    let meaning = if look.is_silent(instance) { Meaning::AlertCritical } else { Meaning::Muted };
    look.line(meaning, when::age(instance.silent_ms(look.now)))
}

fn trend(look: &Look, instance: &Instance, columns: usize) -> Line<'static> {
    let values: Vec<Option<f64>> = instance.rates.iter().copied().map(Some).collect();
    chart::sparkline(look, &values, columns.min(values.len()))
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll) {
    let table = &state.service_table;
    let (main, pane) = split(area);
    let look = pen.look;
    let mut note = super::noted(look, state, None);
    note.push(super::some_of(look, table.rows.len(), table.total).spans);
    let note = look.facts(note);
    pen.rule(main, look.t(Msg::TabServices), note);
    let mut body = super::below_rule(main);
    if let Some(mute) = mute(look, state).filter(|_| body.height > 1) {
        body.height -= 1;
        pen.line(body.x, body.bottom(), body.width, mute, Align::Left);
    }
    if super::empty(pen, body, state, table.rows.len(), table.total, super::unless_replayed(state, Msg::NoServices)) {
        return;
    }
    let rows = Rows {
        count: table.rows.len(),
        selected: table.position(),
        at: &|place| state.services.get(table.rows.get(place)?),
        marked: None,
    };
    let columns = table::chosen(columns(body.width >= ROLES_MIN), &table.hidden);
    table::draw(pen, body, &columns, &rows, scroll);
    if let Some(pane) = pane {
        let title = table.current().map_or_else(String::new, |(_, instance)| instance.to_string());
        let inner = super::pane(pen, pane, main, &title);
        match table.current().and_then(|key| state.services.get(key)) {
            Some(instance) => {
                let (text, _) = beside(inner);
                let lines = facts(look, instance, state);
                let used = pen.lines(text, lines);
                plots(pen, inner, used, instance);
            }
            None => {
                pen.sentence(inner, Meaning::Muted, look.t(Msg::NothingSelected));
            }
        }
    }
}

/// Columns from which the plots stand beside the facts.
const PLOTS_BESIDE_MIN: u16 = 100;

/// Where the facts of an instance stand and, if there is room beside them, its plots.
fn beside(area: Rect) -> (Rect, Option<Rect>) {
    if area.width < PLOTS_BESIDE_MIN {
        return (area, None);
    }
    let text = Rect { width: area.width / 2, ..area };
    (text, Some(Rect { x: text.right() + 1, width: area.width - text.width - 1, ..area }))
}

/// Draws the plots beside the facts or below the `used` rows of them.
fn plots(pen: &mut Pen<'_>, area: Rect, used: u16, instance: &Instance) {
    let below = used.saturating_add(1).min(area.height);
    let below = Rect { y: area.y + below, height: area.height - below, ..area };
    super::history::draw(pen, beside(area).1.unwrap_or(below), instance);
}

/// A name, padded, and its value.
fn named(look: &Look, msg: Msg, value: Line<'static>) -> Line<'static> {
    let mut spans = fit_line(look.line(Meaning::Muted, look.t(msg)), 16, Align::Left, "").spans;
    spans.extend(value.spans);
    Line::from(spans)
}

/// Whether an instance answers to the NATS services API besides sending heartbeats.
fn answers(look: &Look, state: &State, instance: &Instance) -> Line<'static> {
    match state.services.answers(instance) {
        Some(true) => look.line(Meaning::Text, look.t(Msg::DiscoveryYes)),
        Some(false) => look.line(Meaning::AlertWarn, look.t(Msg::DiscoveryNo)),
        None => look.unknown(),
    }
}

/// Who answers to the NATS services API and sends no heartbeat, in one line; nobody as a rule.
fn mute(look: &Look, state: &State) -> Option<Line<'static>> {
    let names: Vec<String> =
        state.services.mute().map(|found| format!("{} ({})", found.instance, found.cloud)).collect();
    let text = || format!(" {} {}", look.glyphs().warn, phrases::mute(look.lang, names.join(", ")));
    (!names.is_empty()).then(|| look.line(Meaning::AlertWarn, text()))
}

/// Everything that an instance says of itself.
fn facts(look: &Look, instance: &Instance, state: &State) -> Vec<Line<'static>> {
    let heartbeat = &instance.heartbeat;
    let text = |text: String| look.line(Meaning::Text, text);
    let mut first = vec![
        label::instance(look, instance).spans,
        vec![look.span(Meaning::Text, heartbeat.service.as_str())],
        vec![look.span(Meaning::Text, heartbeat.cloud.to_string())],
        vec![look.span(Meaning::Muted, format!("v{}", heartbeat.version))],
    ];
    let role = label::role(look, &heartbeat.load);
    if !role.spans.is_empty() {
        first.insert(1, role.spans);
    }
    let latency = latency(instance);
    let mut lines = vec![
        look.facts(first),
        look.facts(vec![
            vec![look.span(Meaning::Muted, phrases::uptime(look.lang, when::age(instance.uptime_ms())))],
            vec![look.span(Meaning::Muted, phrases::heard_ago(look.lang, when::age(instance.silent_ms(look.now))))],
        ]),
        match &heartbeat.trouble {
            Some(sentence) => look.line(Meaning::AlertCritical, sentence.clone()),
            None => Line::default(),
        },
        named(look, Msg::ColumnRate, {
            let mut line = rate(look, instance);
            line.spans.push(look.span(Meaning::Text, "  "));
            line.spans.extend(trend(look, instance, 40).spans);
            line
        }),
        named(look, Msg::ColumnDone, text(when::count(instance.done()))),
        named(look, Msg::ColumnMedian, ms(look, latency.p50_ms)),
        named(look, Msg::ColumnNinetyNine, ms(look, latency.p99_ms)),
    ];
    lines.push(named(look, Msg::Discovery, answers(look, state, instance)));
    if let Some(revision) = heartbeat.stores_revision {
        lines.push(named(look, Msg::CatalogueRevision, text(revision.to_string())));
    }
    let figure = |msg: Msg, value: u64, bad: bool| {
        let meaning = if bad && value > 0 { Meaning::AlertWarn } else { Meaning::Text };
        named(look, msg, look.line(meaning, when::count(value)))
    };
    match &heartbeat.load {
        Load::Api(load) => lines.extend([
            named(look, Msg::Listens, text(load.listen.clone())),
            figure(Msg::ColumnInFlight, load.in_flight, false),
            figure(Msg::Repeated, load.repeated, false),
            figure(Msg::Conflicts, load.conflicts, true),
            figure(Msg::InvalidPayloads, load.invalid, true),
            figure(Msg::Unavailable, load.unavailable, true),
        ]),
        Load::Distribuidor(load) => lines.extend([
            named(look, Msg::ColumnLag, lag(look, instance)),
            figure(Msg::Term, load.term, false),
            figure(Msg::LiveResolvers, u64::from(load.resolvers), false),
            figure(Msg::UnownedPartitions, u64::from(load.unowned), true),
        ]),
        Load::Resolver(load) => {
            let partitions: Vec<String> = load.partitions.iter().map(|owned| owned.partition.to_string()).collect();
            lines.extend([
                figure(Msg::ColumnDepth, load.waiting, false),
                figure(Msg::Waits, u64::from(load.lanes), false),
                figure(Msg::ColumnInFlight, u64::from(load.in_flight), false),
                figure(Msg::OrderNotInjected, load.not_injected, true),
                figure(Msg::FailedAttempts, load.failed_attempts, true),
                figure(Msg::Replays, load.replays, false),
                named(look, Msg::Partitions, text(format!("{}  {}", partitions.len(), partitions.join(" ")))),
            ]);
            if !load.heads.is_empty() {
                lines.push(Line::default());
                lines.push(look.line(Meaning::Title, look.t(Msg::Waits)));
                lines.extend(load.heads.iter().map(|head| lane(look, &state.stores, head)));
            }
        }
    }
    lines
}

/// One lane that does not simply flow.
fn lane(look: &Look, stores: &Stores, head: &Head) -> Line<'static> {
    let place = orders::place(look, stores.get(head.store), head.store);
    let mut spans = fit_line(place, 24, Align::Left, look.glyphs().ellipsis).spans;
    spans.push(look.span(Meaning::Name, format!("{:>5}  ", head.depth)));
    if head.pos_down {
        spans.push(look.span(Meaning::AlertCritical, format!("POS {}  ", look.t(Msg::PosDown))));
    }
    spans.extend(label::next_attempt(look, head.attempts, head.next_at, head.pos_down).spans);
    Line::from(spans)
}

/// Everything known of an instance as text.
pub(super) fn text(look: &Look, state: &State, key: &InstanceKey) -> Vec<Line<'static>> {
    let known = state.services.get(key);
    let title = Line::from(key.1.to_string());
    known.map_or_else(Vec::new, |known| [vec![title], facts(look, known, state)].concat())
}

/// Draws the opened instance over the whole screen.
pub(super) fn draw_opened(pen: &mut Pen<'_>, area: Rect, state: &State, key: &InstanceKey) {
    let look = pen.look;
    pen.rule(area, key.1.as_str(), Line::default());
    let inner = super::indent(super::below_rule(area));
    match state.services.get(key) {
        Some(instance) => {
            let lines = facts(look, instance, state);
            let used = u16::try_from(lines.len()).unwrap_or(u16::MAX);
            super::order::scrolled(pen, beside(inner).0, lines, state.scroll);
            plots(pen, inner, used, instance);
        }
        None => {
            pen.sentence(inner, Meaning::Muted, look.t(Msg::Gone));
        }
    }
}
