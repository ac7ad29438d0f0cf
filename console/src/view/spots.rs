//! Where on the last frame a mouse can point, and what stands there. Rows under a dialog or help are out of reach.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Memory;
use super::table::Scroll;
use crate::state::pointing::{Pointed, RowId, Spot};
use crate::state::wire::Pane;
use crate::state::{Opened, Screen, State};

/// What a click on the last frame means.
#[derive(Debug, Default)]
pub(crate) struct Spots {
    tabs: Vec<(Rect, Screen)>,
    /// Rows of the table that has the keys, from the top on, one each line.
    area: Rect,
    rows: Vec<RowId>,
}

impl Spots {
    /// What was drawn: `tabs`, and the rows of the table that has the keys.
    pub(super) fn of(state: &State, memory: &Memory, tabs: Vec<(Rect, Screen)>) -> Self {
        if state.help || state.dialog.is_some() {
            return Self::default();
        }
        let Some(Scroll { first, area }) = scroll(state, memory) else { return Self { tabs, ..Self::default() } };
        let places = first..first + usize::from(area.height);
        Self { tabs, area, rows: places.map_while(|place| state.keyed_table().row_at(place)).collect() }
    }

    fn at(&self, at: Position) -> Option<Spot> {
        if let Some((_, screen)) = self.tabs.iter().find(|(area, _)| area.contains(at)) {
            return Some(Spot::Tab(*screen));
        }
        let line = self.area.contains(at).then(|| usize::from(at.y - self.area.y))?;
        self.rows.get(line).cloned().map(Spot::Row)
    }
}

/// How far the table that has the keys is scrolled, and where it was drawn.
const fn scroll(state: &State, memory: &Memory) -> Option<Scroll> {
    Some(match (state.opened.as_slice(), state.screen) {
        ([.., Opened::Queue(_)], _) => memory.entries,
        ([.., _], _) => return None,
        ([], Screen::Overview) => memory.attention,
        ([], Screen::Orders) => memory.orders,
        ([], Screen::Queues) => memory.queues,
        ([], Screen::NotInjected) => memory.cases,
        ([], Screen::Stores) => memory.stores,
        ([], Screen::Services) => memory.services,
        ([], Screen::Bus) => match state.wire.pane {
            Pane::Subjects => memory.wire.subjects,
            Pane::Tail => memory.wire.tail,
            Pane::Server => memory.wire.streams,
            Pane::Clients => memory.wire.clients,
        },
        ([], Screen::Log) => memory.log,
    })
}

impl Memory {
    /// What an event of the mouse means on the last frame; nothing where nothing is to be pointed at.
    pub fn pointed(&self, mouse: MouseEvent) -> Option<Pointed> {
        match mouse.kind {
            MouseEventKind::ScrollDown => Some(Pointed::WheelDown),
            MouseEventKind::ScrollUp => Some(Pointed::WheelUp),
            MouseEventKind::Down(MouseButton::Left) => {
                self.spots.at(Position::new(mouse.column, mouse.row)).map(Pointed::Click)
            }
            _ => None,
        }
    }
}
