//! Text for a terminal whose pen and place are known: the shortest ways to a place and to a pen. Pure.
//!
//! Not a single control character is written, escape sequences apart: so each of them on the wire is known for one that came
//! from outside.

use std::fmt::Write as _;

use ratatui::buffer::Cell;

use super::pen::Pen;

/// Cells that are written once more at most: a sequence that goes past them is no longer.
const AGAIN_MAX: usize = 6;

/// What was written, and what it leaves the terminal with.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    /// Text and sequences.
    pub(super) out: String,
    /// `None` when it is not known.
    pen: Option<Pen>,
    /// Column and row where the next cell is written; `None` when that is not sure, as beyond the last column.
    at: Option<(u16, u16)>,
    width: u16,
}

impl Writer {
    /// Nothing is known of the terminal but its columns.
    pub(super) const fn new(width: u16) -> Self {
        Self { out: String::new(), pen: None, at: None, width }
    }

    /// The same terminal, nothing written yet.
    pub(super) const fn on(&self) -> Self {
        Self { out: String::new(), pen: self.pen, at: self.at, width: self.width }
    }

    /// Empties the screen.
    pub(super) fn clear(&mut self) {
        self.take_up(Pen::PLAIN);
        self.out.push_str("\x1b[2J");
    }

    /// Writes `cell` where the writer is, `width` columns wide.
    pub(super) fn put(&mut self, cell: &Cell, width: u16) {
        self.take_up(self.pen.unwrap_or(Pen::PLAIN).to_show(cell));
        self.out.push_str(cell.symbol());
        // Terminals do not agree on what is wide, nor on where they are after the last column.
        let sure = width == 1 && cell.symbol().chars().nth(1).is_none();
        self.at = self.at.map(|(x, y)| (x + width, y)).filter(|(x, _)| sure && *x < self.width);
    }

    /// Makes the rest of the row blank.
    pub(super) fn erase(&mut self) {
        self.take_up_to_erase();
        self.out.push_str("\x1b[K");
    }

    /// Takes `count` rows away at row `y`; those below come up, blank ones after them.
    pub(super) fn delete_rows(&mut self, y: u16, count: u16) {
        self.rows(y, count, 'M');
    }

    /// Puts `count` blank rows in at row `y`; those below go down, the last ones away.
    pub(super) fn insert_rows(&mut self, y: u16, count: u16) {
        self.rows(y, count, 'L');
    }

    fn rows(&mut self, y: u16, count: u16, what: char) {
        self.take_up_to_erase();
        // Some terminals are in the first column afterwards, others where they were: so it is the first one.
        self.go(0, y, &[]);
        sequence(&mut self.out, &[count], what);
    }

    /// Goes to column `x` of row `y`. `row` is what that row shows up to there: where it is shorter, some of it is written
    /// once more.
    pub(super) fn go(&mut self, x: u16, y: u16, row: &[Cell]) {
        if self.at == Some((x, y)) {
            return;
        }
        let mut best = String::with_capacity(16);
        let place = [y + 1, x + 1];
        sequence(&mut best, if x == 0 { &place[..1] } else { &place }, 'H');
        if let Some((from_x, from_y)) = self.at {
            let mut way = String::with_capacity(16);
            match from_y.cmp(&y) {
                std::cmp::Ordering::Less => sequence(&mut way, &[y - from_y], 'B'),
                std::cmp::Ordering::Equal => {}
                std::cmp::Ordering::Greater => sequence(&mut way, &[from_y - y], 'A'),
            }
            self.along(from_x, x, row, &mut way);
            shorter(&mut best, way);
        }
        self.out.push_str(&best);
        self.at = Some((x, y));
    }

    /// Adds the way from one column to another in the same row.
    fn along(&self, from: u16, to: u16, row: &[Cell], way: &mut String) {
        if from == to {
            return;
        }
        if from > to {
            sequence(way, &[from - to], 'D');
            return;
        }
        let mut best = String::with_capacity(8);
        sequence(&mut best, &[to - from], 'C');
        if let Some(again) = self.again(row.get(from.into()..to.into())) {
            shorter(&mut best, again);
        }
        way.push_str(&best);
    }

    /// The text of `cells` if they can be written with the pen as it is; of those that are no longer than a sequence.
    fn again(&self, cells: Option<&[Cell]>) -> Option<String> {
        let (cells, pen) = (cells.filter(|cells| cells.len() <= AGAIN_MAX)?, self.pen?);
        let mut again = String::with_capacity(16);
        for cell in cells {
            let symbol = cell.symbol();
            // What is wide has nothing in its second column.
            if symbol.is_empty() || symbol.chars().nth(1).is_some() || pen.to_show(cell) != pen {
                return None;
            }
            again.push_str(symbol);
        }
        Some(again)
    }

    fn take_up_to_erase(&mut self) {
        if !self.pen.is_some_and(Pen::erases) {
            self.take_up(self.pen.map_or(Pen::PLAIN, |pen| pen.to_show(&Cell::EMPTY)));
        }
    }

    fn take_up(&mut self, pen: Pen) {
        pen.take_up(self.pen, &mut self.out);
        self.pen = Some(pen);
    }
}

fn shorter(best: &mut String, way: String) {
    if way.len() < best.len() {
        *best = way;
    }
}

/// Adds a control sequence. A figure of 1 alone need not be said; of a place it is, so that `ESC [ H` is never ours.
fn sequence(out: &mut String, figures: &[u16], end: char) {
    out.push_str("\x1b[");
    // Writing to a String does not fail.
    let _ = match figures {
        [] => Ok(()),
        [1] if end != 'H' => Ok(()),
        [one] => write!(out, "{one}"),
        [one, rest @ ..] => {
            write!(out, "{one}").and_then(|()| rest.iter().try_for_each(|figure| write!(out, ";{figure}")))
        }
    };
    out.push(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: u16, y: u16) -> Writer {
        Writer { at: Some((x, y)), pen: Some(Pen::PLAIN), ..Writer::new(80) }
    }

    fn way(mut writer: Writer, x: u16, y: u16, row: &[Cell]) -> String {
        writer.go(x, y, row);
        assert_eq!(writer.at, Some((x, y)));
        writer.out
    }

    #[test]
    fn the_shortest_way_is_taken() {
        for (from, to, wanted) in [
            ((5, 5), (5, 5), ""),
            ((5, 5), (4, 5), "\x1b[D"),
            ((5, 5), (0, 5), "\x1b[6H"),
            ((50, 50), (0, 51), "\x1b[52H"),
            ((5, 5), (6, 5), "\x1b[C"),
            ((5, 5), (50, 5), "\x1b[45C"),
            ((50, 5), (40, 5), "\x1b[10D"),
            ((5, 5), (5, 4), "\x1b[A"),
            ((5, 5), (5, 25), "\x1b[20B"),
            ((5, 5), (4, 6), "\x1b[7;5H"),
            ((55, 15), (54, 16), "\x1b[B\x1b[D"),
            ((5, 5), (0, 0), "\x1b[1H"),
            ((5, 5), (60, 20), "\x1b[21;61H"),
        ] {
            assert_eq!(way(at(from.0, from.1), to.0, to.1, &[]), wanted, "{from:?} to {to:?}");
        }
        assert_eq!(way(Writer::new(80), 4, 0, &[]), "\x1b[1;5H", "from nowhere");
    }

    #[test]
    fn what_stands_between_is_written_again_where_that_is_shorter() {
        let mut row: Vec<Cell> = "abcdefgh".chars().map(Cell::from).collect();
        assert_eq!(way(at(2, 5), 4, 5, &row), "cd");
        assert_eq!(way(at(0, 5), 8, 5, &row), "\x1b[8C", "longer");
        row[3].modifier = ratatui::style::Modifier::BOLD;
        assert_eq!(way(at(2, 5), 4, 5, &row), "\x1b[2C", "another pen");
    }

    #[test]
    fn beyond_the_last_column_and_after_what_is_wide_the_place_is_not_sure() {
        let mut writer = Writer { at: Some((78, 0)), ..Writer::new(80) };
        writer.put(&Cell::from('a'), 1);
        assert_eq!(writer.at, Some((79, 0)));
        writer.put(&Cell::from('a'), 1);
        assert_eq!(writer.at, None);
        let mut writer = at(3, 0);
        writer.put(&Cell::from('界'), 2);
        assert_eq!(writer.at, None);
    }
}
