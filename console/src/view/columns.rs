//! The list of a table's columns, each shown or hidden.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::dialog::{centred, frame};
use super::pen::Pen;
use crate::state::dialog::Columns;
use crate::state::{State, columns};
use crate::text::Msg;
use crate::theme::Meaning;

/// Rows of the hint and the empty row before it.
const HINT_ROWS: usize = 2;

/// Draws the list over the middle of `area`.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, open: &Columns) {
    let look = pen.look;
    let all = columns::of(state.screen);
    let hidden = state.table().hidden();
    let inner = frame(pen, centred(area, all.len() + HINT_ROWS), look.t(Msg::ColumnsTitle));
    let height = usize::from(inner.height).saturating_sub(HINT_ROWS);
    let at = all.iter().position(|column| *column == open.at).unwrap_or(0);
    let first = (at + 1).saturating_sub(height.max(1));
    for ((place, column), y) in all.iter().enumerate().skip(first).take(height).zip(inner.top()..inner.bottom()) {
        let row = Rect { y, height: 1, ..inner };
        let shown = place == 0 || !hidden.contains(column);
        let meaning = if place == 0 { Meaning::Muted } else { Meaning::Text };
        let spans = vec![
            look.span(Meaning::Key, if place == at { look.glyphs().cursor } else { " " }),
            Span::raw(" "),
            look.span(meaning, if shown { "[x] " } else { "[ ] " }),
            look.span(meaning, look.t(*column)),
        ];
        pen.lines(row, vec![Line::from(spans)]);
        if place == at {
            pen.paint(row, Meaning::Selected);
        }
    }
    if height > 0 {
        let row = Rect { y: inner.bottom() - 1, height: 1, ..inner };
        pen.text(row.x, row.y, row.width, Meaning::Muted, look.t(Msg::ColumnsHint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Screen;
    use crate::view::{cases, log, orders, queues, services, stores};

    #[test]
    fn the_names_are_those_of_the_tables() {
        fn titles<R>(columns: Vec<crate::view::table::Column<R>>) -> Vec<Msg> {
            columns.into_iter().map(|column| column.title).collect()
        }
        for (screen, shown) in [
            (Screen::Orders, titles(orders::columns())),
            (Screen::NotInjected, titles(cases::columns())),
            (Screen::Queues, titles(queues::columns())),
            (Screen::Stores, titles(stores::columns())),
            (Screen::Services, titles(services::columns(true))),
            (Screen::Log, titles(log::columns())),
        ] {
            assert_eq!(columns::of(screen), shown, "{screen:?}");
            // What can be sorted by is one of them.
            for key in crate::state::sort::keys(screen) {
                assert!(!matches!(key, crate::state::sort::Key::Column(name) if !shown.contains(name)), "{key:?}");
            }
        }
    }
}
