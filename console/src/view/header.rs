//! The first line: what this is, what it is connected to, what was received and lost, and the time.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::fit::{self, Align};
use super::pen::{Look, Pen};
use super::when;
use crate::state::{Link, State};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let look = pen.look;
    let clock = format!("{} {} ", when::clock(look.now, &look.zone), when::offset(look.now, &look.zone));
    let clock_columns = u16::try_from(fit::width(&clock)).unwrap_or(u16::MAX).min(area.width);

    // In the order in which they are shown; the rank tells which one goes first when room is short. Two never go: a screen
    // that lost messages must not look like one that did not, nor the past like the present.
    let mut parts: Vec<(u8, Vec<Span<'static>>)> = vec![
        (6, vec![look.span(Meaning::Brand, " DOMICILIO ")]),
        (MARK, mark(look, state)),
        (4, context(look, state)),
        (2, production(look, state)),
        // Of the past that goes without saying.
        (if state.playing.is_some() { 6 } else { 3 }, read_only(look, state)),
        (11, server(look, state)),
        (12, address(look, state)),
        (10, identity(look, state)),
        (LINK, link(look, state)),
        (RATE, rate(look, state)),
        (LOST, lost(look, state)),
        (8, unreadable(look, state)),
        (GAPS, gaps(look, state, true)),
    ];
    if state.is_from_streams() {
        // The past is not received: a rate and a count of what was lost would be invented.
        parts.retain(|(rank, _)| *rank != RATE && *rank != LOST);
    }
    parts.retain(|(_, spans)| !spans.is_empty());
    let columns = |parts: &[(u8, Vec<Span<'static>>)]| -> usize {
        parts.iter().map(|(_, spans)| spans.iter().map(|span| fit::width(&span.content)).sum::<usize>() + 2).sum()
    };
    let room = usize::from(area.width - clock_columns);
    if columns(&parts) > room
        && let Some((_, long)) = parts.iter_mut().find(|(rank, _)| *rank == GAPS)
    {
        *long = gaps(look, state, false);
    }
    if columns(&parts) > room
        && state.access.read_only
        && let Some((_, long)) = parts.iter_mut().find(|(rank, _)| *rank == LINK)
    {
        // The sign alone, so that what may not be done stays in sight; a link that is down has its banner.
        *long = link_short(look, state);
    }
    while columns(&parts) > room {
        let droppable = parts.iter().map(|(rank, _)| *rank).filter(|rank| *rank > LOST);
        let Some(worst) = droppable.max() else { break };
        parts.retain(|(rank, _)| *rank != worst);
    }
    let mut spans = Vec::new();
    for (_, part) in parts {
        spans.extend(part);
        spans.push(Span::raw("  "));
    }
    pen.line(area.x, area.y, area.width - clock_columns, Line::from(spans), Align::Left);
    pen.text(area.right() - clock_columns, area.y, clock_columns, Meaning::Text, &clock);
}

/// The same in words, without rate and time.
pub(super) fn words(look: &Look, state: &State) -> Line<'static> {
    let parts = [context, production, read_only, link, server, address, identity, lost, unreadable];
    let mut parts: Vec<Vec<Span<'static>>> = parts.iter().map(|part| part(look, state)).collect();
    parts.push(gaps(look, state, true));
    parts.retain(|spans| !spans.is_empty());
    look.facts(parts)
}

/// Rank of the word that this is the past: it is shown however narrow the screen is.
const MARK: u8 = 0;
/// Rank of the count of lost messages, and the last one that is always shown.
const LOST: u8 = 1;
/// Rank of the link: it has a short form.
const LINK: u8 = 5;
/// Rank of the rate of received messages.
const RATE: u8 = 7;
/// Rank of the stretches without connection: they have a short form.
const GAPS: u8 = 9;
/// Most columns of a name that somebody else chose: context, user, account.
const NAME_COLUMNS: usize = 20;

/// Characters of the id that a server without a name calls itself by; it tells a person nothing.
const SERVER_ID_CHARS: usize = 56;

/// The context in use; a star says that variables or flags overrode some of it (the Bus screen tells which).
fn context(look: &Look, state: &State) -> Vec<Span<'static>> {
    let Some(name) = &state.access.context else { return Vec::new() };
    let name = look.span(Meaning::Name, fit::cut(name, NAME_COLUMNS, look.glyphs().ellipsis));
    let star = state.access.overrides().next().map(|_| look.span(Meaning::AlertWarn, "*"));
    std::iter::once(name).chain(star).collect()
}

/// That this is the past, replayed.
fn mark(look: &Look, state: &State) -> Vec<Span<'static>> {
    let mark = if state.is_recorded() { Msg::RecordingMark } else { Msg::ReplayMark };
    state.playing.iter().map(|_| look.span(Meaning::AlertWarn, look.t(mark))).collect()
}

fn production(look: &Look, state: &State) -> Vec<Span<'static>> {
    let mark = state.access.production.then(|| look.span(Meaning::Banner, look.t(Msg::Production)));
    mark.into_iter().collect()
}

fn read_only(look: &Look, state: &State) -> Vec<Span<'static>> {
    let mark = match state.access.unlocked_ms(look.now) {
        Some(left) => Some(phrases::unlocked_left(look.lang, when::took(left))),
        None => state.access.read_only.then(|| look.t(Msg::ReadOnly).to_owned()),
    };
    mark.map(|text| look.span(Meaning::AlertWarn, text)).into_iter().collect()
}

/// Who we are to the server, as it says itself, and whether others can read along: `ops@EC TLS`.
fn identity(look: &Look, state: &State) -> Vec<Span<'static>> {
    if !state.link.is_up() {
        return Vec::new();
    }
    let mut spans = Vec::new();
    let cut = |name: &String| fit::cut(name, NAME_COLUMNS, look.glyphs().ellipsis);
    if let Some(identity) = &state.access.identity {
        let user = identity.user.as_ref().map(cut).unwrap_or_default();
        // The global account is nobody's choice and tells nothing.
        let account = identity.account.as_ref().filter(|account| *account != "$G").map(cut);
        let account = account.map_or_else(String::new, |account| format!("@{account}"));
        if !(user.is_empty() && account.is_empty()) {
            spans.push(look.span(Meaning::Text, format!("{user}{account} ")));
        }
    }
    match state.access.tls {
        Some(true) => spans.push(look.span(Meaning::Good, "TLS")),
        Some(false) => spans.push(look.span(Meaning::Muted, look.t(Msg::WithoutTls))),
        None => {}
    }
    spans
}

/// What the connection is, from the server itself.
fn server(look: &Look, state: &State) -> Vec<Span<'static>> {
    match &state.link {
        Link::Up { server, .. } if server.len() == SERVER_ID_CHARS && !server.contains(['-', '.']) => Vec::new(),
        Link::Up { server, .. } => vec![look.span(Meaning::Text, fit::cut(server, 24, look.glyphs().ellipsis))],
        Link::Connecting { .. } | Link::Lost { .. } => Vec::new(),
    }
}

fn address(look: &Look, state: &State) -> Vec<Span<'static>> {
    match &state.link {
        Link::Up { address, .. } => vec![look.span(Meaning::Muted, address.clone())],
        Link::Connecting { .. } | Link::Lost { .. } => Vec::new(),
    }
}

fn link(look: &Look, state: &State) -> Vec<Span<'static>> {
    let (meaning, glyph, word) = link_signs(look, state);
    vec![look.span(Meaning::Muted, "nats "), look.span(meaning, format!("{glyph} {}", look.t(word)))]
}

/// The same by its sign alone.
fn link_short(look: &Look, state: &State) -> Vec<Span<'static>> {
    let (meaning, glyph, _) = link_signs(look, state);
    vec![look.span(Meaning::Muted, "nats "), look.span(meaning, glyph)]
}

fn link_signs(look: &Look, state: &State) -> (Meaning, &'static str, Msg) {
    let glyphs = look.glyphs();
    match &state.link {
        Link::Up { .. } => (Meaning::Good, glyphs.good, Msg::LinkUp),
        Link::Connecting { .. } => (Meaning::Busy, glyphs.busy, Msg::LinkConnecting),
        Link::Lost { .. } => (Meaning::AlertCritical, glyphs.critical, Msg::LinkLost),
    }
}

fn rate(look: &Look, state: &State) -> Vec<Span<'static>> {
    let rate = match state.traffic.rate() {
        Some(rate) if state.link.is_up() => when::rate(rate),
        _ => look.glyphs().unknown.to_owned(),
    };
    vec![look.span(Meaning::Muted, "rx "), look.span(Meaning::Text, rate)]
}

/// Messages that the client received and had to drop.
fn lost(look: &Look, state: &State) -> Vec<Span<'static>> {
    let lost = state.traffic.meter.lost;
    let meaning = if lost > 0 { Meaning::AlertCritical } else { Meaning::Text };
    vec![look.span(Meaning::Muted, format!("{} ", look.t(Msg::Lost))), look.span(meaning, when::count(lost))]
}

/// Messages that could not be read, if there are any.
fn unreadable(look: &Look, state: &State) -> Vec<Span<'static>> {
    match state.traffic.unreadable {
        0 => Vec::new(),
        count => vec![look.span(Meaning::AlertWarn, phrases::unreadable(look.lang, when::count(count)))],
    }
}

/// Stretches without connection, if there were any: their live messages are missing.
fn gaps(look: &Look, state: &State, long: bool) -> Vec<Span<'static>> {
    let Some(gap) = state.traffic.gaps.last() else { return Vec::new() };
    let count = state.traffic.gaps.len();
    let text =
        if long { phrases::gaps(look.lang, count, look.age(gap.to)) } else { phrases::gaps_short(look.lang, count) };
    vec![look.span(Meaning::AlertWarn, text)]
}
