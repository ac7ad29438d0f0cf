//! Tables: columns are data, rows are drawn only where they are seen.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::fit::Align;
use super::pen::{Look, Pen};
use crate::text::Msg;
use crate::theme::Meaning;

/// Columns between two columns of a table.
const GAP: u16 = 2;
/// Room at the left for the cursor and at the right for the scroll bar.
const MARGIN: u16 = 2;
/// Columns of this rank and above are a luxury: they are shown only when those of rank 0 have room to spare.
const LUXURY: u8 = 4;
/// Columns of the screen beyond the minimum that make a column of rank 0 comfortable, names of stores above all.
const COMFORT: u16 = 8;

/// One column of a table of `R`.
pub(crate) struct Column<R> {
    pub(crate) title: Msg,
    /// Columns of the screen that it needs.
    pub(crate) min: u16,
    /// Columns of the screen beyond which more are of no use.
    pub(crate) max: u16,
    pub(crate) align: Align,
    /// When room is short, columns with the greatest number go first; 0 stays to the end.
    pub(crate) rank: u8,
    pub(crate) cell: fn(&R, &Look) -> Line<'static>,
}

/// Which rows are on screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Scroll {
    /// Place of the first row that is drawn.
    pub(crate) first: usize,
    /// Where rows were drawn, one each line.
    pub(crate) area: Rect,
}

impl Scroll {
    /// Moves just far enough that `selected` is among the `height` rows drawn, and no further than the last row.
    pub(crate) fn follow(&mut self, selected: Option<usize>, rows: usize, height: usize) {
        if let Some(selected) = selected {
            self.first = self.first.clamp((selected + 1).saturating_sub(height), selected);
        }
        self.first = self.first.min(rows.saturating_sub(height));
    }
}

/// Which columns are drawn and how wide: drops luxuries until the others are comfortable, drops by rank until the rest
/// fits, then shares what is left from the first column on.
fn layout<R>(columns: &[Column<R>], room: u16) -> Vec<(usize, u16)> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let sum = |shown: &[usize], width: &dyn Fn(&Column<R>) -> u16| -> u16 {
        let gaps = GAP * u16::try_from(shown.len().saturating_sub(1)).unwrap_or(u16::MAX);
        shown.iter().map(|&at| width(&columns[at])).fold(gaps, u16::saturating_add)
    };
    let comfortable = |column: &Column<R>| match column.rank {
        0 => column.max.min(column.min.saturating_add(COMFORT)),
        _ => column.min,
    };
    while sum(&shown, &comfortable) > room {
        let luxuries = shown.iter().copied().filter(|&at| columns[at].rank >= LUXURY);
        let Some(worst) = luxuries.max_by_key(|&at| (columns[at].rank, at)) else { break };
        shown.retain(|&at| at != worst);
    }
    let needed = |shown: &[usize]| sum(shown, &|column| column.min);
    while shown.len() > 1 && needed(&shown) > room {
        let Some(worst) =
            shown.iter().copied().filter(|&at| columns[at].rank > 0).max_by_key(|&at| (columns[at].rank, at))
        else {
            break;
        };
        shown.retain(|&at| at != worst);
    }
    let mut spare = room.saturating_sub(needed(&shown));
    let mut widths: Vec<(usize, u16)> = shown.iter().map(|&at| (at, columns[at].min)).collect();
    // One at a time and in turn, so that what is left is shared and the outcome never jumps.
    while spare > 0 {
        let before = spare;
        for (at, width) in &mut widths {
            if spare > 0 && *width < columns[*at].max {
                *width += 1;
                spare -= 1;
            }
        }
        if spare == before {
            break;
        }
    }
    widths
}

/// `columns` without those that a person has hidden; the first one always stays.
pub(crate) fn chosen<R>(columns: Vec<Column<R>>, hidden: &[Msg]) -> Vec<Column<R>> {
    let keep = |(place, column): &(usize, Column<R>)| *place == 0 || !hidden.contains(&column.title);
    columns.into_iter().enumerate().filter(keep).map(|(_, column)| column).collect()
}

/// What a table is drawn from.
pub(crate) struct Rows<'a, R> {
    /// How many rows there are.
    pub(crate) count: usize,
    /// Place of the selected one.
    pub(crate) selected: Option<usize>,
    /// The row at a place; `None` when it has gone since.
    pub(crate) at: &'a dyn Fn(usize) -> Option<R>,
    /// Whether the row at a place is marked; `None` when no row is.
    pub(crate) marked: Option<&'a dyn Fn(usize) -> bool>,
}

/// Draws names of columns and, below, rows: see [`draw_rows`].
pub(crate) fn draw<R>(pen: &mut Pen<'_>, area: Rect, columns: &[Column<R>], rows: &Rows<'_, R>, scroll: &mut Scroll) {
    let area = pen.buffer.area.intersection(area);
    if area.width <= MARGIN || area.height == 0 {
        return;
    }
    let look = pen.look;
    each_cell(inset(area, rows), columns, |x, width, column| {
        pen.line(x, area.y, width, look.line(Meaning::Column, look.t(column.title)), column.align);
    });
    draw_rows(pen, Rect { y: area.y + 1, height: area.height - 1, ..area }, columns, rows, scroll);
}

/// Draws rows into `area`, the selected one with cursor and colour, and a scroll bar at the right edge when there are
/// more rows than room.
pub(crate) fn draw_rows<R>(
    pen: &mut Pen<'_>,
    area: Rect,
    columns: &[Column<R>],
    rows: &Rows<'_, R>,
    scroll: &mut Scroll,
) {
    let area = pen.buffer.area.intersection(area);
    if area.width <= MARGIN || area.height == 0 {
        return;
    }
    let look = pen.look;
    scroll.follow(rows.selected, rows.count, usize::from(area.height));
    scroll.area = area;
    for (place, y) in (scroll.first..rows.count).zip(area.top()..area.bottom()) {
        let Some(row) = (rows.at)(place) else { continue };
        let cells = inset(area, rows);
        each_cell(cells, columns, |x, width, column| pen.line(x, y, width, (column.cell)(&row, look), column.align));
        if rows.marked.is_some_and(|marked| marked(place)) {
            pen.text(area.x + 1, y, 1, Meaning::Key, look.glyphs().marked);
        }
        if rows.selected == Some(place) {
            pen.text(area.x, y, 1, Meaning::Key, look.glyphs().cursor);
            pen.paint(Rect::new(area.x, y, area.width - 1, 1), Meaning::Selected);
        }
    }
    scroll_bar(pen, Rect { x: area.right() - 1, width: 1, ..area }, rows.count, scroll.first);
}

/// Room for the cells: one column less when rows are marked, for the marks stand beside the cursor.
fn inset<R>(area: Rect, rows: &Rows<'_, R>) -> Rect {
    let marks = u16::from(rows.marked.is_some() && area.width > MARGIN + 1);
    Rect { x: area.x + marks, width: area.width - marks, ..area }
}

/// Calls `put` with place and width of each column that is shown in `area`.
fn each_cell<R>(area: Rect, columns: &[Column<R>], mut put: impl FnMut(u16, u16, &Column<R>)) {
    let mut x = area.x + 1;
    for (at, width) in layout(columns, area.width - MARGIN) {
        let width = width.min((area.right() - 1).saturating_sub(x));
        put(x, width, &columns[at]);
        x = x.saturating_add(width + GAP);
    }
}

/// Where in `count` rows the screen is, along `area`; nothing when all of them are on screen.
pub(crate) fn scroll_bar(pen: &mut Pen<'_>, area: Rect, count: usize, first: usize) {
    let height = usize::from(area.height);
    if height == 0 || count <= height {
        return;
    }
    let length = (height * height / count).clamp(1, height);
    let travel = height - length;
    let top = (first * travel).div_ceil((count - height).max(1)).min(travel);
    for (offset, y) in (area.top()..area.bottom()).enumerate() {
        let on = (top..top + length).contains(&offset);
        let (meaning, glyph) =
            if on { (Meaning::Muted, pen.look.glyphs().thumb) } else { (Meaning::Frame, pen.look.glyphs().vertical) };
        pen.text(area.x, y, 1, meaning, glyph);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns() -> Vec<Column<()>> {
        let column = |min, max, rank| Column {
            title: Msg::ColumnStore,
            min,
            max,
            align: Align::Left,
            rank,
            cell: |(), look| look.unknown(),
        };
        vec![column(8, 20, 0), column(6, 6, LUXURY), column(10, 40, 1), column(5, 5, 2)]
    }

    #[test]
    fn the_least_important_columns_go_first() {
        let shown = |room| layout(&columns(), room).iter().map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!(shown(60), [0, 1, 2, 3]);
        // The luxury goes although it would fit: the first column would have no room to spare.
        assert_eq!(shown(36), [0, 2, 3]);
        assert_eq!(shown(30), [0, 2, 3]);
        assert_eq!(shown(20), [0, 2]);
        assert_eq!(shown(3), [0]);
    }

    #[test]
    fn scrolling_keeps_the_selection_in_sight_and_moves_no_more_than_needed() {
        let mut scroll = Scroll::default();
        scroll.follow(Some(12), 40, 10);
        assert_eq!(scroll.first, 3);
        scroll.follow(Some(5), 40, 10);
        assert_eq!(scroll.first, 3);
        scroll.follow(Some(1), 40, 10);
        assert_eq!(scroll.first, 1);
        scroll.follow(None, 4, 10);
        assert_eq!(scroll.first, 0);
    }

    proptest! {
        #[test]
        fn columns_never_need_more_than_there_is(room in 8_u16..200) {
            let widths = layout(&columns(), room);
            let gaps = GAP * u16::try_from(widths.len() - 1).unwrap();
            let total: u16 = widths.iter().map(|(_, width)| width).sum::<u16>() + gaps;
            prop_assert!(total <= room);
        }
    }
}
