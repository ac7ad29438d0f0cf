//! Screen 7: the bus itself. One part at a time on small screens, several side by side on large ones:
//!
//! ```text
//! ┌ Subjects ──────────────┬ Streams ─────────────────────────┐
//! │ - domicilio            │ ORDERS  12 345 ...               │
//! │   + orders             ├ Messages ────────────────────────┤
//! ├ Connection ────────────┤ 21:04:17 domicilio.orders.ec.72  │
//! └────────────────────────┴──────────────────────────────────┘
//! ```

mod clients;
mod raw;
mod server;
mod subjects;
mod tail;

use ratatui::layout::Rect;

pub(super) use self::raw::{draw as draw_raw, text as text_of_raw};
pub(super) use self::server::{draw_opened as draw_stream, text as text_of_stream};
use super::pen::Pen;
use super::table::Scroll;
use super::{BELOW_MIN, BESIDE_MIN};
use crate::state::wire::Pane;
use crate::state::{State, Table};

/// Rows of the connection's account, its rule included.
const ACCOUNT_ROWS: u16 = 8;

/// How far the parts are scrolled.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scrolls {
    pub(super) subjects: Scroll,
    pub(super) tail: Scroll,
    pub(super) streams: Scroll,
    pub(super) clients: Scroll,
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, scrolls: &mut Scrolls) {
    let high = area.height >= BELOW_MIN;
    if area.width >= BESIDE_MIN {
        let left = Rect { width: area.width * 2 / 5, ..area };
        let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
        if high {
            let (subjects, account) = cut(left, left.height - ACCOUNT_ROWS - 3);
            let (streams, tail) = cut(right, right.height * 2 / 5);
            subjects::draw(pen, subjects, state, &mut scrolls.subjects, true);
            server::account(pen, account, state);
            match state.wire.pane {
                Pane::Clients => clients::draw(pen, streams, state, &mut scrolls.clients, true),
                _ => server::draw(pen, streams, state, &mut scrolls.streams, true),
            }
            tail::draw(pen, tail, state, &mut scrolls.tail, true);
        } else {
            subjects::draw(pen, left, state, &mut scrolls.subjects, true);
            match state.wire.pane {
                Pane::Server => server::draw(pen, right, state, &mut scrolls.streams, true),
                Pane::Clients => clients::draw(pen, right, state, &mut scrolls.clients, true),
                Pane::Subjects | Pane::Tail => tail::draw(pen, right, state, &mut scrolls.tail, true),
            }
        }
        let x = left.right();
        let horizontal = pen.look.glyphs().horizontal;
        pen.text(x, area.y, 1, crate::theme::Meaning::Frame, horizontal);
        pen.divider(Rect { x, y: area.y + 1, width: 1, height: area.height - 1 });
        return;
    }
    match state.wire.pane {
        Pane::Clients => clients::draw(pen, area, state, &mut scrolls.clients, false),
        Pane::Server => {
            let rows = u16::try_from(state.wire.stream_table.rows.len()).unwrap_or(u16::MAX);
            // Names of columns, the rows, an empty one; the connection keeps its place.
            let streams = rows.saturating_add(3).max(5).min(area.height.saturating_sub(ACCOUNT_ROWS));
            let (streams, account) = cut(area, streams);
            server::draw(pen, streams, state, &mut scrolls.streams, false);
            server::account(pen, account, state);
        }
        pane if high => {
            let (subjects, tail) = cut(area, area.height * 2 / 5);
            subjects::draw(pen, subjects, state, &mut scrolls.subjects, true);
            tail::draw(pen, tail, state, &mut scrolls.tail, pane == Pane::Tail || pane == Pane::Subjects);
        }
        Pane::Subjects => subjects::draw(pen, area, state, &mut scrolls.subjects, false),
        Pane::Tail => tail::draw(pen, area, state, &mut scrolls.tail, false),
    }
}

/// The first `rows` of `area`, and the rest.
fn cut(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let upper = Rect { height: rows, ..area };
    (upper, Rect { y: upper.bottom(), height: area.height - rows, ..area })
}

/// Scrolls so that the selected row, or the newest one, is on screen, whoever has the keys.
fn keep_in_sight<Id: Clone + PartialEq>(scroll: &mut Scroll, table: &Table<Id>, body: Rect) {
    // The first row has the names of the columns.
    let rows = usize::from(body.height.saturating_sub(1).max(1));
    scroll.follow(table.position(), table.rows.len(), rows);
}

/// Name of a part, marked when it has the keys and others are beside it.
fn title(pen: &Pen<'_>, name: &str, has_keys: bool, several: bool) -> String {
    if has_keys && several { format!("{} {name}", pen.look.glyphs().cursor) } else { name.to_owned() }
}
