//! Draws the state. Pure: no I/O, no clock, no change of state; [`Memory`] holds only what drawing remembers.
//!
//! ```text
//! ┌──────────────────────────────────────────────────────────┐
//! │ DOMICILIO  server  nats ●  rx  lost           21:04:17 -05 │ header.rs
//! │ 1 Overview  2 Orders  3 Queues  4 Stores  5 Services  /flt │ tabs.rs
//! │ ▲ reconnecting, data 12s old / ◐ reading orders 120/480    │ banner.rs, only when there is something to say
//! │── Section ──────────────────────────────────── note ──     │
//! │ overview.rs orders.rs queues.rs stores.rs wire.rs ...      │ the screen; beside or below it, when there is
//! │ order.rs invalid.rs: a detail covers the screen            │ room, a pane about the selected row
//! │  ╭ dialog.rs palette.rs help.rs ╮          ╭ notices.rs ╮  │
//! │ Enter open  / filter  i test order  ? help  q quit         │ footer.rs
//! └──────────────────────────────────────────────────────────┘
//! ```
//!
//! The rest are the tools of these: `pen`, `table`, `chart`, `fit`, `when`, `label`, `ascii`.

mod ascii;
mod banner;
mod cases;
mod chart;
mod columns;
mod confirm;
mod denied;
mod dialog;
mod fit;
mod footer;
mod form;
mod header;
mod help;
mod history;
mod inject;
mod invalid;
mod jobs;
pub(crate) mod label;
mod log;
mod notices;
mod order;
mod orders;
mod overview;
mod palette;
mod pen;
mod queues;
mod services;
mod spots;
mod stores;
mod summary;
mod table;
mod tabs;
mod totals;
pub(crate) mod when;
mod wire;

pub use self::summary::{Section, attention, filter_fault, summary};

use contract::OrderId;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use self::pen::{Look, Pen};
use self::table::Scroll;
use crate::mask::Clear;
use crate::state::sort::{Key, Sort};
use crate::state::{Dialog, GroundSeen, Opened, Screen, State, Table, Times};
use crate::text::{Msg, phrases};
use crate::theme::{Meaning, Theme};

/// Smallest screen that is drawn, in columns and rows; below it one line says so.
const SMALLEST: (u16, u16) = (40, 10);
/// Columns from which a pane stands beside a table.
const BESIDE_MIN: u16 = 150;
/// Rows of a table's area from which a pane stands below it.
const BELOW_MIN: u16 = 30;

/// What drawing remembers from one frame to the next: the look of the terminal and how far tables are scrolled.
#[derive(Debug)]
pub struct Memory {
    theme: Theme,
    zone: TimeZone,
    attention: Scroll,
    orders: Scroll,
    queues: Scroll,
    entries: Scroll,
    stores: Scroll,
    services: Scroll,
    cases: Scroll,
    log: Scroll,
    jobs: Scroll,
    tree: Scroll,
    wire: wire::Scrolls,
    reach: u16,
    spots: spots::Spots,
}

impl Memory {
    /// Nothing scrolled. Times that belong to no store are shown in `zone`, the zone of whoever looks.
    pub fn new(theme: Theme, zone: TimeZone) -> Self {
        let top = Scroll::default();
        Self {
            theme,
            zone,
            attention: top,
            orders: top,
            queues: top,
            entries: top,
            stores: top,
            services: top,
            cases: top,
            log: top,
            jobs: top,
            tree: top,
            wire: wire::Scrolls::default(),
            reach: 0,
            spots: spots::Spots::default(),
        }
    }

    /// How many rows the text of the last frame could be scrolled down; [`State::scroll`] beyond it shows no more.
    pub const fn reach(&self) -> u16 {
        self.reach
    }
}

/// Columns of details that are told as text.
const TEXT_COLUMNS: u16 = 100;

/// What is looked at, as text for a message or a ticket: as it is shown, personal data masked.
pub fn text_of_aimed(state: &State, memory: &Memory) -> String {
    let state = state.shown();
    let look = look(state, memory);
    let lines = match state.aimed() {
        Some(Opened::Order(id)) => order::text(&look, state, &id, TEXT_COLUMNS),
        Some(Opened::Queue(store)) => queues::text(&look, state, store),
        Some(Opened::Store(store)) => stores::text(&look, state, store),
        Some(Opened::Instance(key)) => services::text(&look, state, &key),
        Some(Opened::Job(id)) => jobs::text(&look, state, id, TEXT_COLUMNS),
        Some(Opened::Invalid) => invalid::text(&look, state, TEXT_COLUMNS),
        Some(Opened::Raw(id)) => wire::text_of_raw(&look, state, id, TEXT_COLUMNS),
        Some(Opened::Stream(name)) => wire::text_of_stream(&look, state, &name),
        Some(Opened::Jobs) | None => Vec::new(),
    };
    let rows: Vec<String> = lines.iter().map(|line| line.to_string().trim_end().to_owned()).collect();
    rows.join("\n")
}

fn look(state: &State, memory: &Memory) -> Look {
    Look {
        theme: if state.ground == GroundSeen::Other { memory.theme.flipped() } else { memory.theme },
        lang: state.lang,
        now: state.now,
        zone: if state.times == Times::Utc { TimeZone::UTC } else { memory.zone.clone() },
        utc: state.times == Times::Utc,
        hearing_since: state.hearing_since,
        attention: state.settings.attention,
        stale_ms: state.stale_at().map(|since| state.now.since(since)),
        clear: None,
    }
}

/// Draws `state` over all of `frame`, personal data masked.
pub fn draw(state: &State, memory: &mut Memory, frame: &mut Frame<'_>) {
    draw_clear(state, memory, None, frame);
}

/// As [`draw`], with the personal data of the order that [`State::revealed`] tells: for the terminal that somebody looks at.
/// What is kept, copied or recorded is made without it.
pub fn draw_clear(state: &State, memory: &mut Memory, clear: Option<&Clear>, frame: &mut Frame<'_>) {
    let state = state.shown();
    let clear = clear.filter(|clear| state.revealed().is_some() && state.opened_payload() == Some(clear.masked()));
    let look = Look { clear: clear.cloned(), ..look(state, memory) };
    let area = frame.area();
    let mut pen = Pen { buffer: frame.buffer_mut(), look: &look, reach: 0 };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        pen.sentence(area, Meaning::AlertWarn, look.t(Msg::TooSmall));
        memory.spots = spots::Spots::default();
        return;
    }
    let row = |y| Rect { y, height: 1, ..area };
    header::draw(&mut pen, row(area.y), state);
    let tabs = tabs::draw(&mut pen, row(area.y + 1), state);
    let banner = u16::from(banner::draw(&mut pen, row(area.y + 2), state));
    let body = Rect { y: area.y + 2 + banner, height: area.height - 3 - banner, ..area };
    body_of(&mut pen, body, state, memory);
    memory.spots = spots::Spots::of(state, memory, tabs);
    if look.stale_ms.is_some() {
        pen.paint(row(area.y + 1), Meaning::Stale);
        pen.paint(body, Meaning::Stale);
    }
    let mut cursor = footer::draw(&mut pen, row(area.bottom() - 1), state);
    if state.help {
        help::draw(&mut pen, body, state);
    }
    notices::draw(&mut pen, body, state);
    match &state.dialog {
        Some(Dialog::Inject(form)) => cursor = inject::draw(&mut pen, body, state, form),
        Some(Dialog::Form(open)) => cursor = form::draw(&mut pen, body, state, open),
        Some(Dialog::Confirm(open)) => cursor = confirm::draw(&mut pen, body, state, open),
        Some(Dialog::Columns(open)) => columns::draw(&mut pen, body, state, open),
        Some(Dialog::Palette(open)) => cursor = palette::draw(&mut pen, body, state, open),
        Some(Dialog::PutOff(put_off)) => dialog::draw_put_off(&mut pen, body, state, put_off),
        Some(Dialog::Switch(switch)) => dialog::draw_switch(&mut pen, body, state, switch),
        None => {}
    }
    if look.theme.is_ascii() {
        ascii::only(frame.buffer_mut());
    }
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

fn body_of(pen: &mut Pen<'_>, area: Rect, state: &State, memory: &mut Memory) {
    match (state.opened.last(), state.screen) {
        (Some(Opened::Order(id)), _) => order::draw(pen, area, state, id, &mut memory.tree),
        (Some(Opened::Queue(store)), _) => queues::draw_opened(pen, area, state, *store, &mut memory.entries),
        (Some(Opened::Store(store)), _) => stores::draw_opened(pen, area, state, *store),
        (Some(Opened::Instance(key)), _) => services::draw_opened(pen, area, state, key),
        (Some(Opened::Jobs), _) => jobs::draw(pen, area, state, &mut memory.jobs),
        (Some(Opened::Job(id)), _) => jobs::draw_opened(pen, area, state, *id),
        (Some(Opened::Invalid), _) => invalid::draw(pen, area, state),
        (Some(Opened::Raw(id)), _) => wire::draw_raw(pen, area, state, *id),
        (Some(Opened::Stream(name)), _) => wire::draw_stream(pen, area, state, name),
        (None, Screen::Overview) => overview::draw(pen, area, state, &mut memory.attention),
        (None, Screen::Orders) => orders::draw(pen, area, state, &mut memory.orders),
        (None, Screen::Queues) => queues::draw(pen, area, state, &mut memory.queues),
        (None, Screen::Stores) => stores::draw(pen, area, state, &mut memory.stores),
        (None, Screen::NotInjected) => cases::draw(pen, area, state, &mut memory.cases),
        (None, Screen::Services) => services::draw(pen, area, state, &mut memory.services),
        (None, Screen::Bus) => wire::draw(pen, area, state, &mut memory.wire),
        (None, Screen::Log) => log::draw(pen, area, state, &mut memory.log),
    }
}

/// A table's area and, when there is room, the area of a pane about the selected row: beside it on wide screens, below
/// it on high ones.
fn split(area: Rect) -> (Rect, Option<Rect>) {
    if area.width >= BESIDE_MIN {
        let pane = area.width * 2 / 5;
        let main = Rect { width: area.width - pane - 1, ..area };
        (main, Some(Rect { x: main.right() + 1, width: pane, ..area }))
    } else if area.height >= BELOW_MIN {
        let main = Rect { height: area.height * 3 / 5, ..area };
        (main, Some(Rect { y: main.bottom(), height: area.height - main.height, ..area }))
    } else {
        (area, None)
    }
}

/// Draws the frame of a pane that stands beside or below `main`; what is inside is left to the caller.
fn pane(pen: &mut Pen<'_>, pane: Rect, main: Rect, title: &str) -> Rect {
    pane_noted(pen, pane, main, title, Line::default())
}

/// As [`pane`], with a note at the right end of its rule.
fn pane_noted(pen: &mut Pen<'_>, pane: Rect, main: Rect, title: &str, note: Line<'static>) -> Rect {
    pen.rule(pane, title, note);
    if pane.y == main.y && pane.x > 0 {
        let glyphs = pen.look.glyphs();
        pen.text(pane.x - 1, pane.y, 1, Meaning::Frame, glyphs.horizontal);
        pen.divider(Rect { x: pane.x - 1, ..below_rule(pane) });
    }
    indent(below_rule(pane))
}

/// What is left of `area` below its rule.
fn below_rule(area: Rect) -> Rect {
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

/// `area` without its first and last column.
fn indent(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// Says why a table has no rows, if so: not read yet, nothing there, or nothing that matches the filter.
fn empty(pen: &mut Pen<'_>, area: Rect, state: &State, shown: usize, total: usize, none: Msg) -> bool {
    if shown > 0 {
        return false;
    }
    if let (0, Some(denied)) = (total, denied::sentence(pen.look, state)) {
        pen.sentence(indent(area), Meaning::AlertWarn, &format!("{} {denied}", pen.look.glyphs().warn));
        return true;
    }
    let msg = match (total, state.reading.ready) {
        (0, false) => Msg::NoDataYet,
        (0, true) => none,
        _ => Msg::NoMatch,
    };
    pen.sentence(indent(area), Meaning::Muted, pen.look.t(msg));
    true
}

/// `none`, or that what would be here is in no stream and so not in a replay: unknown is not none.
fn unless_replayed(state: &State, none: Msg) -> Msg {
    if state.is_from_streams() { Msg::NotReplayed } else { none }
}

/// How many of a table's rows are shown; nothing when there is nothing to count, for unknown is not zero.
fn some_of(look: &Look, shown: usize, total: usize) -> Line<'static> {
    match total {
        0 => look.unknown(),
        _ => look.line(Meaning::Muted, phrases::some_of(look.lang, shown, total)),
    }
}

/// What a section's note says of its table besides its own facts: the order when it is not the usual one, then the
/// marks.
fn noted(look: &Look, state: &State, marks: Option<&Table<OrderId>>) -> Vec<Vec<Span<'static>>> {
    let Sort { key, reversed } = state.table().sort();
    let name = look.t(key.name(state.screen));
    let glyphs = look.glyphs();
    let order = match (key, reversed) {
        (Key::Usual, false) => None,
        (Key::Column(_), _) => {
            // Words go up from A, figures down from the largest.
            let up = key.is_words() != reversed;
            let arrow = if up { glyphs.ascending } else { glyphs.descending };
            Some(phrases::sorted_by(look.lang, name, arrow))
        }
        (Key::Usual | Key::OldestOpen, true) => Some(phrases::sorted_reversed(look.lang, name)),
        (Key::OldestOpen, false) => Some(name.to_owned()),
    };
    let order = order.map(|text| vec![look.span(Meaning::Text, text)]);
    order.into_iter().chain(marks.and_then(|table| marked(look, table))).collect()
}

/// How many rows are marked, those that the filter hides told apart.
fn marked(look: &Look, table: &Table<OrderId>) -> Option<Vec<Span<'static>>> {
    let (count, hidden) = (table.marked.len(), table.marked.len() - table.marked_shown());
    let text = match (count, hidden) {
        (0, _) => return None,
        (_, 0) => phrases::marked(look.lang, count),
        _ => phrases::marked_some_hidden(look.lang, count, hidden),
    };
    Some(vec![look.span(Meaning::Key, format!("{} {text}", look.glyphs().marked))])
}

/// How long ago depths were counted, in milliseconds, when that is longer than it should be; without a connection
/// everything is old, and said to be so elsewhere.
fn counts_age_ms(look: &Look, state: &State) -> Option<i64> {
    let old = state.link.is_up() && state.queues.counts_are_old(look.now);
    state.queues.counts_age_ms(look.now).filter(|_| old)
}

/// Name of an order's pane or detail.
fn title_of_order(look: &Look, id: Option<&OrderId>) -> String {
    match id {
        Some(id) => format!("{} {}", look.t(Msg::ColumnOrder), id.code),
        None => look.t(Msg::ColumnOrder).to_owned(),
    }
}
