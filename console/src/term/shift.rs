//! Finds rows that moved up or down as they are. Pure.
//!
//! Tables show what is latest first, so that with everything that comes most of a screen moves by some rows. A terminal moves
//! rows by itself for a few bytes.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::face::Face;

/// Columns of the pieces by which rows are known again: wide enough to tell one row from another, narrow enough that a
/// row is still known when an age in it has changed, and when beside a table there is something that did not move.
const PIECE: usize = 12;

/// Rows that are moved as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    /// First of the rows between which they move.
    pub(super) top: u16,
    /// The one after the last.
    pub(super) bottom: u16,
    /// By how many.
    pub(super) count: u16,
    /// Whether they go down, and the first ones become blank; else up, and the last ones do.
    pub(super) down: bool,
}

impl Shift {
    /// Moves what stands for the rows.
    pub(super) fn apply<T: Clone>(self, rows: &mut [T], blank: &T) {
        let Some(rows) = rows.get_mut(self.top.into()..self.bottom.into()) else { return };
        let count = usize::from(self.count).min(rows.len());
        if self.down {
            rows.rotate_right(count);
            rows[..count].fill(blank.clone());
        } else {
            rows.rotate_left(count);
            let end = rows.len();
            rows[end - count..].fill(blank.clone());
        }
    }
}

/// The shift after which `old` is nearest to `new`, both by rows, if one seems worth it.
pub(super) fn find(old: &[&[Face]], new: &[&[Face]]) -> Option<Shift> {
    let by = most_votes(old, new)?;
    let from = |y: usize| y.checked_add_signed(-by).filter(|from| *from < old.len());
    // How many cells fewer differ in each row once it has moved.
    let gain = |y: usize| {
        let before = differing(old[y], new[y]);
        from(y).map_or(-before, |from| before - differing(old[from], new[y]))
    };
    let (first, after) = best_stretch(old.len(), |y| if from(y).is_some() { gain(y) } else { i32::MIN })?;
    let count = by.unsigned_abs();
    let (top, bottom) = if by > 0 { (first - count, after) } else { (first, after + count) };
    let row = |y: usize| u16::try_from(y).ok();
    Some(Shift { top: row(top)?, bottom: row(bottom)?, count: row(count)?, down: by > 0 })
}

/// By how many rows most pieces moved.
fn most_votes(old: &[&[Face]], new: &[&[Face]]) -> Option<isize> {
    // Where a piece stands that is in one row only.
    let mut places: HashMap<(usize, u64), Option<usize>, FixedState> = HashMap::default();
    for (y, row) in changed(old, new) {
        for piece in pieces(row) {
            places.entry(piece).and_modify(|place| *place = None).or_insert(Some(y));
        }
    }
    let mut votes: HashMap<isize, u32, FixedState> = HashMap::default();
    for (y, row) in changed(new, old) {
        for piece in pieces(row) {
            if let Some(Some(from)) = places.get(&piece) {
                *votes.entry(y.cast_signed() - from.cast_signed()).or_default() += 1;
            }
        }
    }
    // Of as many the smallest, so that the same screens always give the same bytes.
    votes.retain(|by, _| *by != 0);
    votes.into_iter().max_by_key(|(by, count)| (*count, by.abs().wrapping_neg(), *by)).map(|(by, _)| by)
}

/// The rows of `of` that are not as in `other`.
fn changed<'a>(of: &'a [&'a [Face]], other: &'a [&'a [Face]]) -> impl Iterator<Item = (usize, &'a [Face])> {
    of.iter().copied().zip(other).enumerate().filter(|(_, (row, before))| row != *before).map(|(y, (row, _))| (y, row))
}

/// The pieces of a row that hold something: which one, and a figure (FNV-1a) that stands for its text.
fn pieces(row: &[Face]) -> impl Iterator<Item = (usize, u64)> {
    let written = row.chunks(PIECE).enumerate().filter(|(_, piece)| piece.iter().any(|face| !face.is_blank()));
    written.map(|(number, piece)| {
        let texts = piece.iter().map(|face| u64::from(face.text()));
        (number, texts.fold(0xcbf2_9ce4_8422_2325, |hash, text| (hash ^ text).wrapping_mul(0x100_0000_01b3)))
    })
}

fn differing(old: &[Face], new: &[Face]) -> i32 {
    old.iter().zip(new).map(|(old, new)| i32::from(old != new)).sum()
}

/// The rows without a gap whose gains sum up to most: the first one, and the one after the last.
fn best_stretch(rows: usize, gain: impl Fn(usize) -> i32) -> Option<(usize, usize)> {
    let mut best: Option<(i32, usize, usize)> = None;
    let (mut sum, mut first) = (0_i32, 0);
    for y in 0..rows {
        if sum <= 0 {
            (sum, first) = (0, y);
        }
        sum = sum.saturating_add(gain(y));
        if sum > best.map_or(0, |(most, ..)| most) {
            best = Some((sum, first, y + 1));
        }
    }
    best.map(|(_, first, after)| (first, after))
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Cell;

    use super::super::face::Faces;
    use super::*;

    fn found(old: &[&str], new: &[&str]) -> Option<Shift> {
        let mut all = Faces::default();
        let mut faces = |rows: &[&str]| -> Vec<Vec<Face>> {
            rows.iter().map(|row| row.chars().map(|c| all.of(&Cell::from(c))).collect()).collect()
        };
        let (old, new) = (faces(old), faces(new));
        let rows =
            |faces: &[Vec<Face>]| -> Vec<&'static [Face]> { faces.iter().map(|row| &*row.clone().leak()).collect() };
        find(&rows(&old), &rows(&new))
    }

    #[test]
    fn rows_that_moved_are_found_between_those_that_did_not() {
        let shift = |top, bottom, count, down| Some(Shift { top, bottom, count, down });
        let old = ["title", "order 5", "order 4", "order 3", "order 2", "foot"];
        assert_eq!(found(&old, &["title", "order 6", "order 5", "order 4", "order 3", "foot"]), shift(1, 5, 1, true));
        assert_eq!(found(&old, &["title", "order 7", "order 6", "order 5", "order 4", "foot"]), shift(1, 5, 2, true));
        assert_eq!(found(&old, &["title", "order 4", "order 3", "order 2", "order 1", "foot"]), shift(1, 5, 1, false));
        assert_eq!(found(&old, &old), None);
        assert_eq!(found(&old, &["other", "order 5", "order 4", "order 3", "order 2", "foot"]), None);
    }

    #[test]
    fn rows_are_known_again_when_a_part_of_them_changed() {
        let old = ["K024 El Norte   1 s", "K187 Plaza Sur  2 s", "K300 La Carolina 3 s"];
        let new = ["K512 Centro     0 s", "K024 El Norte   2 s", "K187 Plaza Sur  3 s"];
        assert_eq!(found(&old, &new), Some(Shift { top: 0, bottom: 3, count: 1, down: true }));
    }

    #[test]
    fn a_shift_moves_what_stands_for_rows() {
        let moved = |top, bottom, count, down| {
            let mut rows = [0, 1, 2, 3, 4];
            Shift { top, bottom, count, down }.apply(&mut rows, &9);
            rows
        };
        assert_eq!(moved(1, 4, 1, true), [0, 9, 1, 2, 4]);
        assert_eq!(moved(1, 4, 2, false), [0, 3, 9, 9, 4]);
        assert_eq!(moved(0, 5, 5, true), [9; 5]);
    }
}
