//! Streams as the server tells of them, one of them in detail, and what our connection is.

use contract::UtcMs;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::state::State;
use crate::state::wire::Pane;
use crate::state::wire::server::{Account, Consumer, Mark, Retention, Stream};
use crate::text::{Msg, counts, phrases};
use crate::theme::Meaning;
use crate::view::fit::{self, Align};
use crate::view::pen::{Look, Pen};
use crate::view::table::{self, Column, Rows, Scroll};
use crate::view::{below_rule, empty, indent, order, some_of, unless_replayed, when};

/// Age of the server's account from which it is told, in milliseconds: three readings missed.
const OLD_MS: i64 = 6_000;

fn columns<'a>() -> Vec<Column<&'a Stream>> {
    vec![
        Column {
            title: Msg::ColumnStream,
            min: 18,
            max: 30,
            align: Align::Left,
            rank: 0,
            cell: |row, look| look.line(Meaning::Name, row.name.clone()),
        },
        Column {
            title: Msg::ColumnMessages,
            min: 9,
            max: 12,
            align: Align::Right,
            rank: 0,
            cell: |row, look| look.line(Meaning::Text, when::count(row.messages)),
        },
        Column {
            title: Msg::ColumnBytes,
            min: 8,
            max: 9,
            align: Align::Right,
            rank: 0,
            cell: |row, look| look.line(Meaning::Text, when::size(row.bytes)),
        },
        Column {
            title: Msg::ColumnConsumers,
            min: 7,
            max: 8,
            align: Align::Right,
            rank: 1,
            cell: |row, look| look.line(Meaning::Text, when::count(row.consumer_count)),
        },
        Column {
            title: Msg::ColumnPending,
            min: 10,
            max: 11,
            align: Align::Right,
            rank: 1,
            cell: |row, look| sum(look, row, |consumer| consumer.pending),
        },
        Column {
            title: Msg::ColumnAckPending,
            min: 9,
            max: 10,
            align: Align::Right,
            rank: 1,
            cell: |row, look| sum(look, row, |consumer| consumer.ack_pending),
        },
        Column {
            title: Msg::ColumnRedelivered,
            min: 8,
            max: 9,
            align: Align::Right,
            rank: 4,
            cell: |row, look| sum(look, row, |consumer| consumer.redelivered),
        },
        Column {
            title: Msg::ColumnLast,
            min: 7,
            max: 8,
            align: Align::Right,
            rank: 2,
            cell: |row, look| match row.last {
                Some(last) => look.line(Meaning::Muted, look.age(last.at)),
                None => look.unknown(),
            },
        },
        Column {
            title: Msg::ColumnSubjects,
            min: 8,
            max: 9,
            align: Align::Right,
            rank: 5,
            cell: |row, look| look.line(Meaning::Text, when::count(row.subject_count)),
        },
        Column { title: Msg::ColumnLeader, min: 8, max: 20, align: Align::Left, rank: 4, cell: |r, l| leader(l, r) },
    ]
}

/// Of all consumers of a stream that were read.
fn sum(look: &Look, stream: &Stream, of: fn(&Consumer) -> u64) -> Line<'static> {
    match &stream.consumers {
        Some(consumers) if u64::try_from(consumers.len()).ok() >= Some(stream.consumer_count) => {
            look.line(Meaning::Text, when::count(consumers.iter().map(of).sum()))
        }
        _ => look.unknown(),
    }
}

/// Who leads, and how many of the others are behind; `–` on a server that is alone.
fn leader(look: &Look, stream: &Stream) -> Line<'static> {
    let Some(nodes) = &stream.nodes else { return look.unknown() };
    let Some(leader) = &nodes.leader else {
        return look.line(Meaning::AlertCritical, format!("{} {}", look.glyphs().critical, look.t(Msg::NoLeader)));
    };
    let mut spans = vec![look.span(Meaning::Text, leader.clone())];
    if nodes.behind > 0 {
        let behind = counts::nodes_behind(look.lang, nodes.behind);
        spans.push(look.span(Meaning::AlertWarn, format!(" {} {behind}", look.glyphs().warn)));
    }
    Line::from(spans)
}

/// Says of an account that is old how old it is.
pub(super) fn told_ago(look: &Look, at: UtcMs) -> Option<Vec<Span<'static>>> {
    let age_ms = look.now.since(at);
    let text = || phrases::told_ago(look.lang, when::age(age_ms));
    (age_ms >= OLD_MS).then(|| vec![look.span(Meaning::AlertWarn, text())])
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll, several: bool) {
    let look = pen.look;
    let (wire, table) = (&state.wire, &state.wire.stream_table);
    let has_keys = wire.pane == Pane::Server;
    let title = super::title(pen, look.t(Msg::PaneServer), has_keys, several);
    let mut facts = Vec::new();
    if let Some((at, server)) = &wire.server {
        facts.extend(told_ago(look, *at));
        if server.cut {
            facts.push(vec![look.span(Meaning::AlertWarn, look.t(Msg::ThereAreMore))]);
        }
    }
    facts.push(some_of(look, table.rows.len(), table.total).spans);
    pen.rule(area, &title, look.facts(facts));
    let mut body = below_rule(area);
    if let Some(why) = &wire.failed {
        let used =
            pen.sentence(indent(body), Meaning::AlertWarn, &phrases::server_failed(look.lang, why.text(look.lang)));
        body = Rect { y: body.y + used, height: body.height - used, ..body };
    }
    if wire.server.is_none() {
        pen.sentence(indent(body), Meaning::Muted, look.t(unless_replayed(state, Msg::NoDataYet)));
        return;
    }
    if empty(pen, body, state, table.rows.len(), table.total, Msg::NoStreams) {
        return;
    }
    let at = |place: usize| wire.stream(table.rows.get(place)?);
    super::keep_in_sight(scroll, table, body);
    let rows = Rows { count: table.rows.len(), selected: table.position().filter(|_| has_keys), at: &at, marked: None };
    table::draw(pen, body, &columns(), &rows, scroll);
}

/// Columns of the names of facts.
const NAME_COLUMNS: usize = 18;

fn fact(look: &Look, name: Msg, value: Line<'static>) -> Line<'static> {
    let name = look.line(Meaning::Muted, look.t(name));
    let mut spans = fit::fit_line(name, NAME_COLUMNS, Align::Left, look.glyphs().ellipsis).spans;
    spans.push(Span::raw(" "));
    spans.extend(value.spans);
    Line::from(spans)
}

/// Draws what our connection is.
pub(super) fn account(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let look = pen.look;
    pen.rule(area, look.t(Msg::PaneConnection), Line::default());
    let mut lines: Vec<Line<'static>> = context_line(look, state).into_iter().collect();
    lines.extend(account_lines(look, state.wire.account()));
    pen.lines(indent(below_rule(area)), lines);
}

/// The context that was asked for, and what said otherwise than it does; nothing without one.
fn context_line(look: &Look, state: &State) -> Option<Line<'static>> {
    let name = state.access.context.clone()?;
    let overrides = state.access.overrides().collect::<Vec<_>>().join(", ");
    let text = if overrides.is_empty() {
        name
    } else {
        format!("{name} {} {} {overrides}", look.glyphs().dot, look.t(Msg::OverriddenBy))
    };
    Some(fact(look, Msg::FactContext, look.line(Meaning::Text, text)))
}

fn account_lines(look: &Look, account: Option<&Account>) -> Vec<Line<'static>> {
    let known = |text: &dyn Fn(&Account) -> Option<String>| match account.and_then(text) {
        Some(text) => look.line(Meaning::Text, text),
        None => look.unknown(),
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let dot = look.glyphs().dot;
    let yes = |yes: bool| look.t(if yes { Msg::Yes } else { Msg::No }).to_owned();
    vec![
        fact(look, Msg::FactServer, known(&|a| some(format!("{} {dot} {} {dot} {}", a.server, a.version, a.address)))),
        fact(look, Msg::FactRoundTrip, known(&|a| a.round_trip_us.map(|us| when::millis(us as f64 / 1_000.0) + " ms"))),
        fact(look, Msg::FactCluster, known(&|a| a.cluster.clone().and_then(some))),
        fact(
            look,
            Msg::FactConnection,
            known(&|a| Some(phrases::connection_is(look.lang, a.connection, some(a.own_address.clone())?))),
        ),
        fact(look, Msg::FactPayloadMax, known(&|a| Some(when::size(a.payload_max)))),
        fact(
            look,
            Msg::FactSecurity,
            known(&|a| Some(phrases::security(look.lang, yes(a.wants_tls), yes(a.asks_who)))),
        ),
        fact(look, Msg::FactOthers, known(&|a| some(a.others.join(" ")))),
    ]
}

/// Draws one stream over the whole screen: what it is and its consumers.
pub(in crate::view) fn draw_opened(pen: &mut Pen<'_>, area: Rect, state: &State, name: &str) {
    let look = pen.look;
    pen.rule(area, &format!("{} {name}", look.t(Msg::ColumnStream)), Line::default());
    let inner = indent(below_rule(area));
    let Some(stream) = state.wire.stream(name) else {
        pen.sentence(inner, Meaning::Muted, look.t(Msg::Gone));
        return;
    };
    order::scrolled(pen, inner, lines(look, stream), state.scroll);
}

/// The stream as text.
pub(in crate::view) fn text(look: &Look, state: &State, name: &str) -> Vec<Line<'static>> {
    state.wire.stream(name).map_or_else(Vec::new, |stream| lines(look, stream))
}

fn lines(look: &Look, stream: &Stream) -> Vec<Line<'static>> {
    let mut lines = facts(look, stream);
    lines.push(Line::default());
    lines.extend(consumers(look, stream));
    lines
}

fn facts(look: &Look, stream: &Stream) -> Vec<Line<'static>> {
    let text = |text: String| look.line(Meaning::Text, text);
    let limit = |limit: Option<String>| match limit {
        Some(limit) => text(limit),
        None => look.line(Meaning::Muted, look.t(Msg::NoLimit)),
    };
    let mark = |mark: Option<Mark>| match mark {
        Some(Mark { sequence, at }) => {
            text(format!("{} {} {}", when::count(sequence), look.glyphs().dot, moment(look, at)))
        }
        None => look.unknown(),
    };
    let retention = look.t(match stream.retention {
        Retention::Limits => Msg::RetentionLimits,
        Retention::Interest => Msg::RetentionInterest,
        Retention::WorkQueue => Msg::RetentionWorkQueue,
    });
    let full = look.t(if stream.refuses { Msg::FullRefuses } else { Msg::FullDrops });
    let dot = look.glyphs().dot;
    let kept = look.t(if stream.on_disk { Msg::OnDisk } else { Msg::InMemory });
    vec![
        fact(look, Msg::ColumnSubjects, text(stream.subjects.join(" "))),
        fact(
            look,
            Msg::ColumnMessages,
            text(format!(
                "{} {dot} {} {dot} {}",
                when::count(stream.messages),
                when::size(stream.bytes),
                phrases::subject_count(look.lang, when::count(stream.subject_count))
            )),
        ),
        fact(
            look,
            Msg::FactDeleted,
            match stream.deleted {
                Some(deleted) => text(when::count(deleted)),
                None => look.unknown(),
            },
        ),
        fact(look, Msg::ColumnFirst, mark(stream.first)),
        fact(look, Msg::ColumnLast, mark(stream.last)),
        fact(look, Msg::FactMade, text(moment(look, stream.made))),
        fact(look, Msg::FactRetention, text(retention.to_owned())),
        fact(look, Msg::FactFull, text(full.to_owned())),
        fact(look, Msg::FactAgeMax, limit(stream.age_max_ms.map(when::age))),
        fact(look, Msg::FactBytesMax, limit(stream.bytes_max.map(when::size))),
        fact(look, Msg::FactMessagesMax, limit(stream.messages_max.map(when::count))),
        fact(look, Msg::FactPerSubjectMax, limit(stream.per_subject_max.map(when::count))),
        fact(look, Msg::FactReplicas, text(format!("{} {dot} {kept}", stream.replicas))),
        fact(look, Msg::ColumnLeader, leader(look, stream)),
    ]
}

fn moment(look: &Look, at: UtcMs) -> String {
    when::date(at, &look.zone)
}

/// Columns of a consumer's name and of each of its figures.
const CONSUMER_COLUMNS: (usize, usize) = (26, 11);

fn consumers(look: &Look, stream: &Stream) -> Vec<Line<'static>> {
    let ellipsis = look.glyphs().ellipsis;
    let line = |meaning, name: &str, figures: [String; 4]| {
        let mut spans = fit::fit_line(look.line(meaning, name), CONSUMER_COLUMNS.0, Align::Left, ellipsis).spans;
        for figure in figures {
            let figure = look.line(if meaning == Meaning::Column { meaning } else { Meaning::Text }, figure);
            spans.push(Span::raw(" "));
            spans.extend(fit::fit_line(figure, CONSUMER_COLUMNS.1, Align::Right, ellipsis).spans);
        }
        Line::from(spans)
    };
    let title = format!("{} {}", look.t(Msg::FactConsumers), when::count(stream.consumer_count));
    let mut lines = vec![look.line(Meaning::Title, title)];
    let Some(consumers) = &stream.consumers else {
        lines.push(look.unknown());
        return lines;
    };
    if consumers.is_empty() {
        return lines;
    }
    let names = [Msg::ColumnPending, Msg::ColumnAckPending, Msg::ColumnRedelivered, Msg::ColumnDelivered];
    lines.push(line(Meaning::Column, look.t(Msg::ColumnName), names.map(|name| look.t(name).to_owned())));
    for consumer in consumers {
        let figures = [consumer.pending, consumer.ack_pending, consumer.redelivered, consumer.delivered];
        lines.push(line(Meaning::Name, &consumer.name, figures.map(when::count)));
    }
    if u64::try_from(consumers.len()).is_ok_and(|shown| shown < stream.consumer_count) {
        lines.push(look.line(Meaning::AlertWarn, look.t(Msg::ThereAreMore)));
    }
    lines
}
