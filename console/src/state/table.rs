//! What every table has: rows by id, a selection by id, a filter, an order, columns that are hidden, marks by id.
//!
//! A selection is never a row number: rows move under the cursor while a person aims. Neither is a mark.

use std::collections::BTreeSet;

use super::pointing::RowId;
use super::sort::Sort;
use crate::filter::Filter;
use crate::text::Msg;

/// Most rows that can be marked in a table: what is done to marked orders is done one by one, and looked at one by one.
pub const MARKS_MAX: usize = 1_000;

/// A table's rows as they are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Table<Id> {
    /// Ids of the rows that pass the filter, in the order in which they are shown.
    pub rows: Vec<Id>,
    /// How many rows there are without the filter.
    pub total: usize,
    /// The selected row. It may be hidden by the filter or be gone; then nothing is selected on screen. `None` until a
    /// person moves, and again after a jump to the top: then it is the first row, whichever that is, so that a table
    /// that nobody has touched shows its newest or worst rows.
    pub selected: Option<Id>,
    /// The filter.
    pub filter: Filter,
    /// The order of the rows.
    pub sort: Sort,
    /// Names of the columns that a person has hidden.
    pub hidden: Vec<Msg>,
    /// The marked rows, at most [`MARKS_MAX`]; the filter may hide some of them.
    pub marked: BTreeSet<Id>,
    /// The newest row is the last one: a table that nobody has touched stays at its end.
    pub newest_last: bool,
    /// What the rows were made of, where that tells whether they would be the same again: the count of changes to what
    /// they are made of, and whether they are reversed.
    pub made_of: Option<(u64, bool)>,
}

impl<Id> Default for Table<Id> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            total: 0,
            selected: None,
            filter: Filter::default(),
            sort: Sort::default(),
            hidden: Vec::new(),
            marked: BTreeSet::new(),
            newest_last: false,
            made_of: None,
        }
    }
}

/// What can be done with a table whatever its rows are: [`crate::state::State::table`] is the one on screen.
pub trait Listed {
    /// The filter.
    fn filter(&self) -> &Filter;
    /// The filter, to be written.
    fn filter_mut(&mut self) -> &mut Filter;
    /// The order of the rows.
    fn sort(&self) -> Sort;
    /// The order of the rows, to be changed.
    fn sort_mut(&mut self) -> &mut Sort;
    /// Names of the hidden columns.
    fn hidden(&self) -> &[Msg];
    /// Names of the hidden columns, to be changed.
    fn hidden_mut(&mut self) -> &mut Vec<Msg>;
    /// Rows shown and rows there are.
    fn counts(&self) -> (usize, usize);
    /// Whether a row is selected that is shown.
    fn has_current(&self) -> bool;
    /// As [`Table::step`].
    fn step(&mut self, step: isize);
    /// As [`Table::select_at`].
    fn select_at(&mut self, place: usize);
    /// Back to the top: whichever row is first is selected.
    fn deselect(&mut self);
    /// The id of the row at `place`.
    fn row_at(&self, place: usize) -> Option<RowId>;
    /// Selects the row with this id, if it is shown.
    fn select_row(&mut self, row: &RowId);
    /// The row that is selected for being the first one, where nobody has moved.
    fn untouched(&self) -> Option<RowId>;
}

impl<Id: Clone + PartialEq + Into<RowId>> Listed for Table<Id> {
    fn filter(&self) -> &Filter {
        &self.filter
    }

    fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    fn sort(&self) -> Sort {
        self.sort
    }

    fn sort_mut(&mut self) -> &mut Sort {
        &mut self.sort
    }

    fn hidden(&self) -> &[Msg] {
        &self.hidden
    }

    fn hidden_mut(&mut self) -> &mut Vec<Msg> {
        &mut self.hidden
    }

    fn counts(&self) -> (usize, usize) {
        (self.rows.len(), self.total)
    }

    fn has_current(&self) -> bool {
        self.current().is_some()
    }

    fn step(&mut self, step: isize) {
        Self::step(self, step);
    }

    fn select_at(&mut self, place: usize) {
        Self::select_at(self, place);
    }

    fn deselect(&mut self) {
        self.selected = None;
    }

    fn row_at(&self, place: usize) -> Option<RowId> {
        self.rows.get(place).cloned().map(Into::into)
    }

    fn select_row(&mut self, row: &RowId) {
        if let Some(id) = self.rows.iter().find(|id| (*id).clone().into() == *row) {
            self.selected = Some(id.clone());
        }
    }

    fn untouched(&self) -> Option<RowId> {
        self.current().filter(|_| self.selected.is_none()).cloned().map(Into::into)
    }
}

impl<Id: Clone + PartialEq> Table<Id> {
    /// Place of the selected row among the shown ones.
    pub fn position(&self) -> Option<usize> {
        match &self.selected {
            Some(selected) => self.rows.iter().position(|id| id == selected),
            None if self.newest_last => self.rows.len().checked_sub(1),
            None => (!self.rows.is_empty()).then_some(0),
        }
    }

    /// The selected row, when it is shown.
    pub fn current(&self) -> Option<&Id> {
        self.position().and_then(|at| self.rows.get(at))
    }

    /// Moves the selection by `step` rows, kept within the table; selects the first row when the selected one is gone.
    pub fn step(&mut self, step: isize) {
        let last = self.rows.len().saturating_sub(1);
        let to = self.position().map_or(0, |at| at.saturating_add_signed(step).min(last));
        self.selected = self.rows.get(to).cloned();
    }

    /// Selects the row at `place`, the last one when there are fewer; at the top whichever row is first (at the end
    /// whichever is last, when the newest is the last).
    pub fn select_at(&mut self, place: usize) {
        let last = self.rows.len().saturating_sub(1);
        let place = place.min(last);
        let home = if self.newest_last { last } else { 0 };
        self.selected = if place == home { None } else { self.rows.get(place).cloned() };
    }

    /// Takes new rows. The selection stays on its id.
    pub fn refill(&mut self, rows: Vec<Id>, total: usize) {
        self.rows = rows;
        self.total = total;
        self.made_of = None;
    }
}

impl<Id: Clone + Ord> Table<Id> {
    /// Marks the selected row, or takes its mark away. `false` when there is no room for one more.
    pub fn toggle_mark(&mut self) -> bool {
        let Some(id) = self.current().cloned() else { return true };
        if self.marked.remove(&id) {
            return true;
        }
        let room = self.marked.len() < MARKS_MAX;
        if room {
            self.marked.insert(id);
        }
        room
    }

    /// Marks every row that is shown, from the top on. `false` when there was not room for all.
    pub fn mark_shown(&mut self) -> bool {
        for id in &self.rows {
            if self.marked.len() >= MARKS_MAX && !self.marked.contains(id) {
                return false;
            }
            self.marked.insert(id.clone());
        }
        true
    }

    /// Marked rows that are shown.
    pub fn marked_shown(&self) -> usize {
        if self.marked.is_empty() { 0 } else { self.rows.iter().filter(|id| self.marked.contains(id)).count() }
    }

    /// Takes the marks from rows that are no longer there; tells how many.
    pub fn drop_marks(&mut self, there: impl Fn(&Id) -> bool) -> usize {
        let before = self.marked.len();
        self.marked.retain(|id| there(id));
        before - self.marked.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_bounded() {
        let mut table = Table::default();
        table.refill((0..=MARKS_MAX).collect(), MARKS_MAX + 1);
        assert!(!table.mark_shown(), "one too many");
        assert_eq!((table.marked.len(), table.marked_shown()), (MARKS_MAX, MARKS_MAX));
        table.select_at(MARKS_MAX);
        assert!(!table.toggle_mark());
        table.select_at(3);
        assert!(table.toggle_mark() && !table.marked.contains(&3));
        assert_eq!(table.drop_marks(|id| *id != 4), 1);
    }

    proptest! {
        /// Marks stay on their ids however rows come and go, and nothing is marked that was not shown.
        #[test]
        fn a_mark_is_an_id(steps in prop::collection::vec((prop::collection::vec(0_u8..20, 0..12), 0_usize..12), 1..20)) {
            let mut table = Table::default();
            let mut expected = BTreeSet::new();
            for (mut rows, place) in steps {
                rows.sort_unstable();
                rows.dedup();
                table.refill(rows, 20);
                prop_assert_eq!(&table.marked, &expected, "a refill changes no mark");
                table.select_at(place);
                if let Some(current) = table.current().copied() {
                    table.toggle_mark();
                    if !expected.remove(&current) {
                        expected.insert(current);
                    }
                }
                prop_assert_eq!(&table.marked, &expected);
            }
        }
    }

    #[test]
    fn selection_follows_the_id() {
        let mut table = Table::default();
        table.refill(vec![1, 2, 3], 3);
        table.step(1);
        assert_eq!(table.current(), Some(&2));
        table.refill(vec![9, 8, 2, 1], 4);
        assert_eq!((table.current(), table.position()), (Some(&2), Some(2)));
        table.refill(vec![9], 4);
        assert_eq!(table.current(), None);
        table.step(1);
        assert_eq!(table.current(), Some(&9));
        table.step(-5);
        assert_eq!(table.current(), Some(&9));
    }

    #[test]
    fn an_untouched_table_stays_at_its_top_and_goes_back_there_on_demand() {
        let mut table = Table::default();
        table.refill(vec![1, 2], 2);
        table.refill(vec![9, 1, 2], 3);
        assert_eq!(table.current(), Some(&9));
        table.step(1);
        table.step(-1);
        table.refill(vec![10, 9, 1, 2], 4);
        assert_eq!((table.current(), table.position()), (Some(&9), Some(1)), "a person chose this row");
        table.select_at(0);
        table.refill(vec![11, 10, 9, 1, 2], 5);
        assert_eq!(table.current(), Some(&11));
    }

    #[test]
    fn a_table_whose_newest_row_is_the_last_stays_at_its_end() {
        let mut table = Table { newest_last: true, ..Table::default() };
        table.refill(vec![1, 2], 2);
        table.refill(vec![1, 2, 3], 3);
        assert_eq!(table.current(), Some(&3));
        table.step(-1);
        table.refill(vec![1, 2, 3, 4], 4);
        assert_eq!(table.current(), Some(&2), "a person chose this row");
        table.select_at(usize::MAX);
        table.refill(vec![2, 3, 4, 5], 4);
        assert_eq!(table.current(), Some(&5));
        table.select_at(0);
        table.refill(vec![2, 3, 4, 5, 6], 5);
        assert_eq!(table.current(), Some(&2));
    }
}
