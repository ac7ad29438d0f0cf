//! One order: what it is, its way with the time of each hop, its payload with personal data masked.

use contract::UtcMs;
use contract::decision::DecisionKind;
use contract::order::{Ending, Origin};
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::orders::{Row, loyalty, place};
use super::pen::{Look, Pen};
use super::table::Scroll;
use super::{fit, label, table, when};
use crate::mask::{self, Value};
use crate::state::orders::{End, Pass};
use crate::state::tree::Tree;
use crate::state::{Order, OrderState, Payload, State, Telling};
use crate::text::{Msg, counts, phrases};
use crate::theme::Meaning;

/// Columns from which the payload stands beside the timeline.
const BESIDE_MIN: u16 = 110;

/// Columns of a step's word, so that times stand below each other.
const WORD_COLUMNS: usize = 16;

/// Columns before a note.
const NOTE_INDENT: usize = 4;

/// A step of an order's way.
struct Step {
    at: UtcMs,
    meaning: Meaning,
    glyph: &'static str,
    word: String,
    by: Origin,
    notes: Vec<String>,
}

/// The facts and the timeline of an order, in `columns` columns.
pub(super) fn summary(look: &Look, row: &Row<'_>, columns: u16) -> Vec<Line<'static>> {
    told(look, row, Room { columns: usize::from(columns), whole: false })
}

fn told(look: &Look, row: &Row<'_>, room: Room) -> Vec<Line<'static>> {
    let mut lines = facts(look, row);
    lines.push(Line::default());
    lines.extend(timeline(look, row, room));
    lines
}

/// How much room notes have.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Columns of the screen.
    columns: usize,
    /// Whether the sentence behind each reason is told whole, over as many rows as it needs.
    whole: bool,
}

fn facts(look: &Look, row: &Row<'_>) -> Vec<Line<'static>> {
    let head = &row.order.pass.head;
    let zone = look.zone_of(row.store.map(|store| &store.record), head.country);
    let muted = |text: String| vec![look.span(Meaning::Muted, text)];
    let plain = |text: String| vec![look.span(Meaning::Text, text)];
    let mut first = vec![label::order(look, row.order.state()).spans, place(look, row.store, head.store).spans];
    first.push(plain(head.country.as_str().to_uppercase()));
    if head.test {
        first.push(vec![look.span(Meaning::AlertWarn, look.t(Msg::TestOrder))]);
    }
    let mut second = vec![plain(head.channel.label().to_owned()), plain(phrases::lines(look.lang, head.lines))];
    if let Some(total) = &head.total {
        second.push(plain(when::amount(total.amount, total.currency.as_deref())));
    }
    if let Some(points) = head.loyalty {
        second.push(plain(look.t(loyalty(points)).to_owned()));
    }
    let mut third = vec![
        muted(when::date(head.received_at, &zone)),
        muted(counts::bytes(look.lang, when::count(u64::from(head.bytes)))),
    ];
    third.push(muted(match row.order.pass.intake {
        Some(intake) => phrases::intake(look.lang, when::count(intake)),
        None => phrases::intake(look.lang, look.glyphs().unknown),
    }));
    third.push(muted(format!("sha256 {}", &head.sha256.as_str().get(..8).unwrap_or_default())));
    vec![look.facts(first), look.facts(second), look.facts(third)]
}

/// Adds the sentence in which the reason was told, in English: behind the last note where both fit in a row; otherwise
/// below it when everything is wanted, or as a sign that there is more.
fn with_detail(look: &Look, mut notes: Vec<String>, detail: &str, room: Room) -> Vec<String> {
    let Some(last) = notes.last_mut().filter(|_| !detail.is_empty()) else { return notes };
    let both = format!("{last} {} {detail}", look.glyphs().unknown);
    if fit::width(&both) + NOTE_INDENT <= room.columns {
        *last = both;
    } else if room.whole {
        notes.push(detail.to_owned());
    } else {
        last.push(' ');
        last.push_str(look.glyphs().ellipsis);
    }
    notes
}

/// The steps known so far, in order of time.
fn steps(look: &Look, order: &Order, room: Room) -> Vec<Step> {
    let mut steps: Vec<Step> = order.passes().flat_map(|pass| steps_of(look, pass, room)).collect();
    if let Some(decision) = &order.solved {
        steps.push(Step {
            at: decision.at,
            meaning: Meaning::Good,
            glyph: look.glyphs().good,
            word: look.t(Msg::OrderSolved).to_owned(),
            by: decision.via.clone(),
            notes: vec![phrases::decided_by(look.lang, decision.by.as_str())],
        });
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// The beginning of a pass: the order came, or was reinjected.
fn beginning(look: &Look, pass: &Pass) -> Step {
    let (head, decision) = (&pass.head, pass.decision.as_ref());
    let mut notes = Vec::new();
    if !pass.acceptance_seen {
        notes.push(look.t(Msg::AcceptanceUnseen).to_owned());
    }
    notes.extend(decision.map(|decision| phrases::decided_by(look.lang, decision.by.as_str())));
    if decision.is_some_and(|decision| decision.kind == DecisionKind::Reinjected { edited: true }) {
        notes.push(look.t(Msg::PayloadEdited).to_owned());
    }
    Step {
        at: head.received_at,
        meaning: Meaning::Good,
        glyph: look.glyphs().good,
        word: look.t(if head.again > 0 { Msg::OrderReinjected } else { Msg::OrderAccepted }).to_owned(),
        by: head.by.clone(),
        notes,
    }
}

fn steps_of(look: &Look, pass: &Pass, room: Room) -> Vec<Step> {
    let glyphs = look.glyphs();
    let mut steps = vec![beginning(look, pass)];
    if let Some(queued) = &pass.queued {
        steps.push(Step {
            at: queued.at,
            meaning: Meaning::Good,
            glyph: glyphs.good,
            word: look.t(Msg::OrderQueued).to_owned(),
            by: queued.by.clone(),
            notes: Vec::new(),
        });
    }
    for attempt in pass.attempts() {
        let took = when::took(i64::from(attempt.took_ms));
        let mut notes = vec![phrases::reason_took(look.lang, look.t(label::reason(attempt.reason)), took)];
        notes = with_detail(look, notes, &attempt.detail, room);
        if attempt.reason.in_doubt() {
            notes.push(look.t(Msg::InDoubt).to_owned());
        }
        steps.push(Step {
            at: attempt.at,
            meaning: Meaning::AlertWarn,
            glyph: glyphs.warn,
            word: phrases::attempt_of(look.lang, attempt.number, attempt.number_max),
            by: attempt.by.clone(),
            notes,
        });
    }
    steps.extend(pass.outcome.as_ref().map(|outcome| ending(look, outcome, room)));
    steps
}

fn ending(look: &Look, outcome: &End, room: Room) -> Step {
    let mut notes = Vec::new();
    let state = match &outcome.ending {
        Ending::Injected { already } => {
            if let Some(ms) = outcome.pos_ms {
                notes.push(phrases::pos_took(look.lang, when::took(i64::from(ms))));
            }
            if *already {
                notes.push(look.t(Msg::AlreadyThere).to_owned());
            }
            OrderState::Injected
        }
        Ending::NotInjected { reason, detail, .. } => {
            notes.push(look.t(label::reason(*reason)).to_owned());
            notes = with_detail(look, notes, detail, room);
            OrderState::NotInjected
        }
    };
    Step {
        at: outcome.at,
        meaning: label::order_meaning(state),
        glyph: label::order_glyph(look, state),
        word: look.t(label::order_state(state)).to_owned(),
        by: outcome.by.clone(),
        notes,
    }
}

fn timeline(look: &Look, row: &Row<'_>, room: Room) -> Vec<Line<'static>> {
    let zone = look.zone_of(row.store.map(|store| &store.record), row.order.pass.head.country);
    let mut lines = Vec::new();
    let mut before: Option<UtcMs> = None;
    for step in steps(look, row.order, room) {
        lines.push(step_line(look, &step, before, &zone));
        for note in &step.notes {
            for text in fit::wrap(note, room.columns.saturating_sub(NOTE_INDENT)) {
                let bar = look.span(Meaning::Frame, format!("{}   ", look.glyphs().vertical));
                lines.push(Line::from(vec![bar, look.span(Meaning::Muted, text)]));
            }
        }
        before = Some(step.at);
    }
    lines.push(closing(look, row));
    lines
}

fn step_line(look: &Look, step: &Step, before: Option<UtcMs>, zone: &TimeZone) -> Line<'static> {
    let hop = before.map_or_else(String::new, |before| format!("+{}", when::took(step.at.since(before))));
    let mut spans: Vec<Span<'static>> = vec![look.span(step.meaning, format!("{} ", step.glyph))];
    let word = look.line(step.meaning, step.word.clone());
    spans.extend(fit::fit_line(word, WORD_COLUMNS, fit::Align::Left, look.glyphs().ellipsis).spans);
    spans.push(look.span(Meaning::Text, format!(" {} ", when::clock_ms(step.at, zone))));
    spans.push(look.span(Meaning::Name, format!("{hop:>9}  ")));
    spans.push(look.span(Meaning::Muted, format!("{} {} {}", step.by.instance, look.glyphs().dot, step.by.cloud)));
    Line::from(spans)
}

/// The last line of a timeline: how long the whole way took, or what is awaited.
fn closing(look: &Look, row: &Row<'_>) -> Line<'static> {
    let age = when::age(row.order.age_ms(look.now));
    let branch = look.span(Meaning::Frame, format!("{} ", look.glyphs().branch));
    if let Some(ended) = row.order.pass.ended_at() {
        let took = when::took(ended.since(row.order.pass.head.received_at));
        return Line::from(vec![branch, look.span(Meaning::Name, phrases::took_in_all(look.lang, took))]);
    }
    // What the resolver says of the head of a queue is newer than what was said when an attempt failed.
    let head = row.queue.and_then(|queue| queue.retry.as_ref().map(|retry| (retry, queue.pos_down())));
    let head = head.filter(|(retry, _)| retry.code == row.order.pass.head.code);
    let next = row.order.pass.last_attempt().and_then(|attempt| attempt.retry_at);
    let left = |at: UtcMs| (at > look.now).then(|| when::age(at.since(look.now)));
    let text = match (head, next) {
        (Some((retry, true)), _) => match retry.next_at.and_then(left) {
            Some(left) => phrases::next_probe_in(look.lang, left, age),
            None => phrases::probe_due(look.lang, age),
        },
        (Some((retry, false)), _) if retry.next_at.is_none() => phrases::attempt_under_way(look.lang, age),
        (_, Some(at)) => match left(at) {
            Some(left) => phrases::next_attempt_in(look.lang, left, age),
            None => phrases::attempt_due(look.lang, age),
        },
        (_, None) if row.order.state() == OrderState::Accepted => phrases::awaits_queue(look.lang, age),
        (_, None) => phrases::awaits_injection(look.lang, age),
    };
    Line::from(vec![branch, look.span(Meaning::Busy, text)])
}

/// A payload as an indented tree in `columns` columns; what is personal, or not known to be harmless, is only said to be
/// there, unless it may be seen. Tells the row of the cursor, too.
fn payload(look: &Look, payload: Option<&Payload>, tree: &Tree, columns: usize) -> (Vec<Line<'static>>, Option<usize>) {
    match payload {
        None | Some(Payload::Loading) => (vec![look.line(Meaning::Busy, look.t(Msg::Fetching))], None),
        Some(Payload::Missing(why)) => {
            (vec![look.line(Meaning::AlertWarn, phrases::payload_missing(look.lang, why))], None)
        }
        Some(Payload::Shown(masked)) => {
            let shown = tree.shown(masked);
            let found = tree.found(masked);
            let mut out: Vec<Line<'static>> = Vec::new();
            let mut cursor = None;
            for (at, line) in shown.iter().filter_map(|at| Some((at, masked.lines.get(*at)?))) {
                if tree.cursor == Some(*at) {
                    cursor = Some(out.len());
                }
                let hidden = look.clear.as_ref().and_then(|clear| clear.hidden(*at));
                let mut drawn = match hidden {
                    Some(hidden) => clear_lines(look, line, hidden, columns),
                    None => vec![payload_line(look, line)],
                };
                if let Some(last) = drawn.last_mut().filter(|_| tree.folded.contains(at)) {
                    last.push_span(look.span(Meaning::Frame, format!(" {}", look.glyphs().ellipsis)));
                }
                let underlined = found.binary_search(at).is_ok();
                let style = if underlined { Style::new().add_modifier(Modifier::UNDERLINED) } else { Style::new() };
                out.extend(drawn.into_iter().map(|line| line.patch_style(style)));
            }
            if masked.cut {
                out.push(look.line(Meaning::AlertWarn, look.t(Msg::PayloadCut)));
            }
            (out, cursor)
        }
    }
}

/// `/plu: 2 de 5`: where the search stands.
fn found(look: &Look, state: &State) -> Line<'static> {
    let Some(payload) = state.opened_payload().filter(|_| !state.tree.search.trim().is_empty()) else {
        return Line::default();
    };
    let found = state.tree.found(payload);
    let at = found.iter().position(|at| Some(*at) == state.tree.cursor);
    let at = at.map_or_else(|| look.glyphs().unknown.to_owned(), |at| (at + 1).to_string());
    let meaning = if found.is_empty() { Meaning::AlertWarn } else { Meaning::Text };
    look.line(meaning, phrases::found_of(look.lang, &state.tree.search, at, found.len()))
}

/// The lines of a body that is not folded.
pub(super) fn tree(look: &Look, mask::Masked { lines, cut }: &mask::Masked) -> Vec<Line<'static>> {
    let mut out: Vec<Line<'static>> = lines.iter().map(|line| payload_line(look, line)).collect();
    if *cut {
        out.push(look.line(Meaning::AlertWarn, look.t(Msg::PayloadCut)));
    }
    out
}

fn payload_line(look: &Look, line: &mask::Line) -> Line<'static> {
    let mut spans = vec![Span::raw("  ".repeat(usize::from(line.depth)))];
    if let Some(key) = &line.key {
        spans.push(look.span(Meaning::Muted, format!("{key}: ")));
    }
    spans.push(value(look, &line.value));
    Line::from(spans)
}

/// A line with what is masked of it. What does not fit beside its key stands below it, whole: it is there to be read to
/// somebody.
fn clear_lines(look: &Look, line: &mask::Line, hidden: &mask::Hidden, columns: usize) -> Vec<Line<'static>> {
    let indent = "  ".repeat(usize::from(line.depth));
    let mut spans = vec![Span::raw(indent.clone())];
    if let Some(key) = hidden.key.as_ref().or(line.key.as_ref()) {
        let meaning = if hidden.key.is_some() { Meaning::AlertWarn } else { Meaning::Muted };
        spans.push(look.span(meaning, format!("{key}: ")));
    }
    let Some(shown) = &hidden.value else {
        spans.push(value(look, &line.value));
        return vec![Line::from(spans)];
    };
    let text = value(look, shown).content;
    let used: usize = spans.iter().map(|span| fit::width(&span.content)).sum();
    if used + fit::width(&text) <= columns {
        spans.push(look.span(Meaning::AlertWarn, text));
        return vec![Line::from(spans)];
    }
    let room = columns.saturating_sub(fit::width(&indent) + 2).max(1);
    let below = fit::wrap(&text, room).into_iter();
    let below = below.map(|row| Line::from(vec![Span::raw(format!("{indent}  ")), look.span(Meaning::AlertWarn, row)]));
    [Line::from(spans)].into_iter().chain(below).collect()
}

/// What the payload is called: with personal data on the screen, for how long that stays there.
fn payload_title(look: &Look, state: &State) -> String {
    match state.revealed().filter(|_| look.clear.is_some()) {
        Some(revealed) => phrases::payload_revealed(look.lang, revealed.left_s(look.now)),
        None => look.t(Msg::Payload).to_owned(),
    }
}

/// A value, masked as it is.
pub(super) fn value(look: &Look, value: &Value) -> Span<'static> {
    match value {
        Value::Object(members) => look.span(Meaning::Frame, format!("{{{members}}}")),
        Value::Array(items) => look.span(Meaning::Frame, format!("[{items}]")),
        Value::Text(text) => look.span(Meaning::Text, format!("\"{text}\"")),
        Value::Number(number) => look.span(Meaning::Busy, number.clone()),
        Value::Bool(value) => look.span(Meaning::Busy, value.to_string()),
        Value::Null => look.span(Meaning::Muted, "null"),
        Value::Masked => look.span(Meaning::Stale, look.t(Msg::Masked)),
    }
}

/// Everything about an order as text, its payload when it is the opened one's.
pub(super) fn text(look: &Look, state: &State, id: &contract::OrderId, columns: u16) -> Vec<Line<'static>> {
    let Some(row) = super::orders::row(state, id) else { return Vec::new() };
    let mut lines = vec![Line::from(super::title_of_order(look, Some(id)))];
    lines.extend(told(look, &row, Room { columns: usize::from(columns), whole: true }));
    if let Some((_, shown)) = state.payload.as_ref().filter(|(of, _)| of == id) {
        lines.push(Line::default());
        lines.push(Line::from(look.t(Msg::Payload)));
        // All of it, whatever is folded on the screen.
        lines.extend(payload(look, Some(shown), &Tree::default(), usize::from(columns)).0);
    }
    lines
}

/// Draws the opened order over the whole screen.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, id: &contract::OrderId, scroll: &mut Scroll) {
    let look = pen.look;
    let title = super::title_of_order(look, Some(id));
    let Some(row) = super::orders::row(state, id) else {
        pen.rule(area, &title, Line::default());
        pen.sentence(super::below_rule(area), Meaning::Muted, look.t(Msg::Gone));
        return;
    };
    let shown = state.payload.as_ref().filter(|(of, _)| of == id).map(|(_, payload)| payload);
    let told =
        |columns: u16| told(look, &row, Room { columns: usize::from(columns), whole: state.telling == Telling::Whole });
    if area.width >= BESIDE_MIN {
        let left = Rect { width: area.width * 3 / 5, ..area };
        let right = Rect { x: left.right() + 1, width: area.right() - left.right() - 1, ..area };
        pen.rule(left, &title, Line::default());
        let inner = super::indent(super::below_rule(left));
        scrolled(pen, inner, told(inner.width), state.scroll);
        let inner = super::pane_noted(pen, right, left, &payload_title(look, state), found(look, state));
        let (tree, cursor) = payload(look, shown, &state.tree, text_columns(inner));
        lined(pen, inner, tree, state.scroll, cursor, scroll);
    } else {
        pen.rule(area, &title, noted(look, state));
        let inner = super::indent(super::below_rule(area));
        let mut lines = told(inner.width);
        lines.push(Line::default());
        lines.push(look.line(Meaning::Title, payload_title(look, state)));
        let (tree, cursor) = payload(look, shown, &state.tree, text_columns(inner));
        let cursor = cursor.map(|cursor| cursor + lines.len());
        lines.extend(tree);
        lined(pen, inner, lines, state.scroll, cursor, scroll);
    }
}

/// Columns for text in `area`, beside the scroll bar.
fn text_columns(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(1))
}

/// At the end of the order's rule, which stays when the payload's own title is scrolled away: how long personal data stays,
/// or where the search stands.
fn noted(look: &Look, state: &State) -> Line<'static> {
    match state.revealed().filter(|_| look.clear.is_some()) {
        Some(revealed) => {
            let text = phrases::revealed(look.lang, revealed.left_s(look.now));
            look.line(Meaning::AlertWarn, format!("{} {text}", look.glyphs().warn))
        }
        None => found(look, state),
    }
}

/// As [`scrolled`]; with a cursor it is the cursor that is followed, and its line is painted.
fn lined(
    pen: &mut Pen<'_>,
    area: Rect,
    lines: Vec<Line<'static>>,
    by: u16,
    cursor: Option<usize>,
    scroll: &mut Scroll,
) {
    let Some(cursor) = cursor else {
        scroll.first = usize::from(by);
        return scrolled(pen, area, lines, by);
    };
    scroll.follow(Some(cursor), lines.len(), usize::from(area.height));
    let first = u16::try_from(scroll.first).unwrap_or(u16::MAX);
    scrolled(pen, area, lines, first);
    let y = area.y + u16::try_from(cursor - scroll.first).unwrap_or(u16::MAX);
    if y < area.bottom() && area.x > 0 {
        pen.text(area.x - 1, y, 1, Meaning::Key, pen.look.glyphs().cursor);
        pen.paint(Rect { x: area.x - 1, y, width: area.width, height: 1 }, Meaning::Selected);
    }
}

/// Draws `lines` from the `scroll`th on, never beyond the last screenful, with a scroll bar.
pub(super) fn scrolled(pen: &mut Pen<'_>, area: Rect, lines: Vec<Line<'static>>, scroll: u16) {
    let count = lines.len();
    let most = count.saturating_sub(usize::from(area.height));
    let first = usize::from(scroll).min(most);
    pen.reach = pen.reach.max(u16::try_from(most).unwrap_or(u16::MAX));
    let text = Rect { width: area.width.saturating_sub(1), ..area };
    pen.lines(text, lines.into_iter().skip(first).collect());
    table::scroll_bar(pen, Rect { x: area.right().saturating_sub(1), width: 1, ..area }, count, first);
}
