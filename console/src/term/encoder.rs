//! What is written to a terminal so that it shows the next screen instead of the last one: as few bytes as that takes. Pure.
//!
//! Of sequences only those are used that every terminal since the VT102 knows, Linux's own and `tmux` among them; nothing is
//! asked of the terminal. What is known of it (screen, pen, place, cursor) is kept from one frame to the next.

use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::layout::{Position, Rect};

use super::face::{Face, Faces};
use super::pen::level;
use super::shift::{self, Shift};
use super::writer::Writer;

/// Bytes from which a frame is marked as one, so that a terminal which knows the marks shows it at once. What is smaller
/// comes in one packet and is seen at once anyway.
const MARKED_BYTES: usize = 1_200;

/// How often rows are moved in a frame, at most: once for each table that a screen has.
const SHIFTS_MAX: usize = 3;

/// Cells that are written as blanks rather than erased: an erasure has three bytes.
const BLANKS_MAX: usize = 3;

const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
const SHOW_CURSOR: &str = "\x1b[?25h";
const HIDE_CURSOR: &str = "\x1b[?25l";

/// What is to be written to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Text and sequences.
    pub text: String,
    /// How many bytes of it, from its beginning, show the row where a person writes.
    pub lead: usize,
}

impl From<String> for Written {
    fn from(text: String) -> Self {
        Self { text, lead: 0 }
    }
}

/// Turns screens into bytes.
#[derive(Debug)]
pub struct Encoder {
    /// Columns and rows of what the terminal shows.
    area: Rect,
    /// What it shows, cell by cell.
    shown: Vec<Face>,
    faces: Faces,
    writer: Writer,
    /// Whether the terminal shows its cursor; `None` when that is not known.
    cursor: Option<bool>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// For a terminal of which nothing is known: the first frame is drawn in full.
    pub fn new() -> Self {
        // No screen is as small, so that the next one is another.
        Self { area: Rect::ZERO, shown: Vec::new(), faces: Faces::default(), writer: Writer::new(0), cursor: None }
    }

    /// What makes the terminal show `wanted`, with its cursor at `cursor` or hidden, the row of the cursor first. `wanted` is
    /// brought to the form in which it is shown.
    pub fn frame(&mut self, wanted: &mut Buffer, cursor: Option<Position>) -> Written {
        wanted.content.chunks_mut(usize::from(wanted.area.width).max(1)).for_each(settle);
        let mut writer = self.writer.on();
        if self.cursor != Some(false) && cursor.is_none() {
            writer.out.push_str(HIDE_CURSOR);
        }
        let anew = self.area != wanted.area;
        if anew {
            self.area = wanted.area;
            self.shown = vec![Face::BLANK; wanted.content.len()];
            let begun = std::mem::replace(&mut writer, Writer::new(wanted.area.width));
            writer.out = begun.out;
            writer.clear();
        }
        let faces: Vec<Face> = wanted.content.iter().map(|cell| self.faces.of(cell)).collect();
        let row = cursor.filter(|_| !anew);
        let lead = row.map_or(0, |at| self.lead(&mut writer, wanted, &faces, at.y));
        writer = self.body(writer, wanted, &faces);
        if let Some(Position { x, y }) = cursor {
            writer.go(x, y, &[]);
            if self.cursor != Some(true) {
                writer.out.push_str(SHOW_CURSOR);
            }
        }
        self.cursor = Some(cursor.is_some());
        self.shown = faces;
        let frame = std::mem::take(&mut writer.out);
        self.writer = writer;
        let (first, rest) = frame.split_at(lead);
        let text = if rest.len() < MARKED_BYTES { frame } else { [first, BEGIN, rest, END].concat() };
        Written { text, lead }
    }

    /// Row `y`, and how many bytes are written with it: what a person writes is seen as soon as it can be, on a line that needs
    /// its time for the rest.
    fn lead(&mut self, writer: &mut Writer, wanted: &Buffer, faces: &[Face], y: u16) -> usize {
        let width = usize::from(wanted.area.width);
        let place = usize::from(y) * width..(usize::from(y) + 1) * width;
        let (Some(old), Some(new), Some(cells)) =
            (self.shown.get_mut(place.clone()), faces.get(place.clone()), wanted.content.get(place))
        else {
            return 0;
        };
        if old == new {
            return 0;
        }
        row(writer, y, old, new, cells);
        old.copy_from_slice(new);
        writer.out.len()
    }

    /// Cells, rows moved first if that is shorter.
    fn body(&self, begun: Writer, wanted: &Buffer, faces: &[Face]) -> Writer {
        let width = usize::from(wanted.area.width).max(1);
        let blank = vec![Face::BLANK; width];
        let new: Vec<&[Face]> = faces.chunks(width).collect();
        let mut old: Vec<&[Face]> = self.shown.chunks(width).collect();
        let mut best = begun;
        // With fewer shifts each.
        let mut others = Vec::new();
        while others.len() < SHIFTS_MAX
            && let Some(shift) = shift::find(&old, &new)
        {
            others.push((best.clone(), old.clone()));
            shift.apply(&mut old, &blank.as_slice());
            move_rows(&mut best, shift, new.len());
        }
        rows(&mut best, &old, &new, wanted, usize::MAX);
        // Mostly each shift is worth it, so that the others are soon too long and given up.
        for (mut other, old) in others.into_iter().rev() {
            let limit = best.out.len();
            rows(&mut other, &old, &new, wanted, limit);
            if other.out.len() <= limit {
                best = other;
            }
        }
        best
    }
}

/// Brings a row to the form in which rows are compared: nothing that does not show, nothing that a terminal would not keep
/// in its columns, and no text in the columns behind what is wide.
fn settle(row: &mut [Cell]) {
    let mut left = row;
    while let [cell, rest @ ..] = left {
        let symbol = cell.symbol();
        let width = if symbol.len() == 1 { 1 } else { usize::from(symbol.cell_width()) };
        let shows = width > 0 && width <= rest.len() + 1 && !symbol.chars().any(char::is_control);
        if !shows {
            cell.set_symbol(" ");
        }
        level(cell);
        let (behind, next) = rest.split_at_mut(if shows { width - 1 } else { 0 });
        for one in behind {
            *one = cell.clone();
            one.set_symbol("");
        }
        left = next;
    }
}

/// Moves rows by taking some away at one end and putting blank ones in at the other: what is below them ends where it was,
/// and no margins are left behind.
fn move_rows(writer: &mut Writer, shift: Shift, rows: usize) {
    let Shift { top, bottom, count, down } = shift;
    let last = usize::from(bottom) == rows;
    if down {
        if !last {
            writer.delete_rows(bottom - count, count);
        }
        writer.insert_rows(top, count);
    } else {
        writer.delete_rows(top, count);
        if !last {
            writer.insert_rows(bottom - count, count);
        }
    }
}

/// Writes the rows that differ, until there are more than `limit` bytes.
fn rows(writer: &mut Writer, old: &[&[Face]], new: &[&[Face]], wanted: &Buffer, limit: usize) {
    let width = usize::from(wanted.area.width).max(1);
    for (y, ((old, new), cells)) in (0..).zip(old.iter().zip(new).zip(wanted.content.chunks(width))) {
        if writer.out.len() > limit {
            return;
        }
        if old != new {
            row(writer, y, old, new, cells);
        }
    }
}

fn row(writer: &mut Writer, y: u16, old: &[Face], new: &[Face], cells: &[Cell]) {
    let differs = |x: usize| old[x] != new[x];
    // From here on there is nothing.
    let end = new.iter().rposition(|face| *face != Face::BLANK).map_or(0, |last| last + 1);
    let erased = (end..new.len()).filter(|x| differs(*x)).count() > BLANKS_MAX;
    let stop = if erased { end } else { new.len() };
    let mut x = 0;
    while let Some(next) = (x..stop).find(|x| differs(*x)) {
        // What is wide is written from its first column.
        let first = (0..=next).rev().find(|x| !cells[*x].symbol().is_empty()).unwrap_or(next);
        let behind = cells[first + 1..].iter().take_while(|cell| cell.symbol().is_empty()).count();
        let (column, width) = (u16::try_from(first), u16::try_from(behind + 1));
        if let (Ok(column), Ok(width)) = (column, width) {
            writer.go(column, y, cells);
            writer.put(&cells[first], width);
        }
        x = first + behind + 1;
    }
    if erased && let Some(first) = (end..new.len()).find(|x| differs(*x)).and_then(|x| u16::try_from(x).ok()) {
        writer.go(first, y, cells);
        writer.erase();
    }
}
