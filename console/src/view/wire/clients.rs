//! Who is connected in our account: who does not read, and how much passes.

use contract::subject;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::state::State;
use crate::state::wire::Pane;
use crate::state::wire::clients::{Client, Rates, UNREAD_WARN};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;
use crate::view::fit::Align;
use crate::view::pen::{Look, Pen};
use crate::view::table::{self, Column, Rows, Scroll};
use crate::view::{below_rule, empty, indent, some_of, unless_replayed, when};

type Cell<'a> = fn(&&'a Client, &Look) -> Line<'static>;

fn columns<'a>() -> Vec<Column<&'a Client>> {
    let figure = |title, rank, cell: Cell<'a>| Column { title, min: 8, max: 9, align: Align::Right, rank, cell };
    let text = |title, min, max, rank, cell: Cell<'a>| Column { title, min, max, align: Align::Left, rank, cell };
    vec![
        text(Msg::ColumnClient, 18, 30, 0, |row, look| shown(look, Meaning::Name, &row.name)),
        text(Msg::ColumnUser, 9, 16, 1, |row, look| shown(look, Meaning::Text, row.user.as_deref().unwrap_or(""))),
        figure(Msg::ColumnSends, 0, |row, look| rate(look, row, |rates| rates.sent)),
        figure(Msg::ColumnIsGiven, 0, |row, look| rate(look, row, |rates| rates.given)),
        figure(Msg::ColumnUnread, 0, |row, look| unread(look, row)),
        figure(Msg::ColumnRoundTrip, 2, |row, look| match row.round_trip_us {
            Some(us) => look.line(Meaning::Text, when::millis(us as f64 / 1_000.0)),
            None => look.unknown(),
        }),
        figure(Msg::ColumnIdle, 2, |row, look| look.line(Meaning::Muted, when::age(row.idle_ms))),
        figure(Msg::ColumnSince, 3, |row, look| look.line(Meaning::Muted, look.age(row.since))),
        figure(Msg::ColumnListens, 4, |row, look| look.line(Meaning::Text, when::count(row.subscriptions))),
        text(Msg::ColumnAddress, 15, 21, 4, |row, look| shown(look, Meaning::Muted, &row.address)),
        text(Msg::FactServer, 9, 20, 5, |row, look| shown(look, Meaning::Muted, &row.key.0)),
        text(Msg::ColumnLibrary, 10, 14, 6, |row, look| shown(look, Meaning::Muted, &row.library)),
    ]
}

/// `–` for what a client does not say of itself.
fn shown(look: &Look, meaning: Meaning, text: &str) -> Line<'static> {
    if text.is_empty() { look.unknown() } else { look.line(meaning, text.to_owned()) }
}

fn rate(look: &Look, client: &Client, of: fn(Rates) -> f64) -> Line<'static> {
    match client.rates {
        Some(rates) => look.line(Meaning::Text, when::rate(of(rates))),
        None => look.unknown(),
    }
}

fn unread(look: &Look, client: &Client) -> Line<'static> {
    match client.unread {
        0 => look.line(Meaning::Muted, "0"),
        bytes if bytes < UNREAD_WARN => look.line(Meaning::Text, when::size(bytes)),
        bytes => look.line(Meaning::AlertWarn, format!("{} {}", look.glyphs().warn, when::size(bytes))),
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scroll: &mut Scroll, several: bool) {
    let look = pen.look;
    let (wire, table) = (&state.wire, &state.wire.client_table);
    let title = super::title(pen, look.t(Msg::PaneClients), wire.pane == Pane::Clients, several);
    let told = wire.clients.as_ref().and_then(|(at, clients)| Some((*at, clients.as_ref()?)));
    let mut facts = Vec::new();
    if let Some((at, clients)) = told {
        facts.extend(super::server::told_ago(look, at));
        if clients.cut {
            facts.push(vec![look.span(Meaning::AlertWarn, look.t(Msg::ThereAreMore))]);
        }
    }
    facts.push(some_of(look, table.rows.len(), table.total).spans);
    pen.rule(area, &title, look.facts(facts));
    let body = below_rule(area);
    let Some((_, clients)) = told else {
        let asked = wire.clients.is_some() || state.access.may_not_publish(subject::CONNECTIONS).is_some();
        if asked {
            let text = phrases::clients_untold(look.lang, subject::CONNECTIONS);
            pen.sentence(indent(body), Meaning::AlertWarn, &text);
        } else {
            pen.sentence(indent(body), Meaning::Muted, look.t(unless_replayed(state, Msg::NoDataYet)));
        }
        return;
    };
    if empty(pen, body, state, table.rows.len(), table.total, Msg::NoClients) {
        return;
    }
    let at = |place: usize| clients.get(table.rows.get(place)?);
    super::keep_in_sight(scroll, table, body);
    let selected = table.position().filter(|_| wire.pane == Pane::Clients);
    let rows = Rows { count: table.rows.len(), selected, at: &at, marked: None };
    table::draw(pen, body, &columns(), &rows, scroll);
}
