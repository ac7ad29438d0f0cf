//! In which order a table's rows are: each table has its list of keys, the usual order first.

use super::Screen;
use crate::text::Msg;

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Key {
    /// The table's own order: what wants looking at comes first.
    #[default]
    Usual,
    /// Orders without a good end first, the oldest on top; then the rest, newest first.
    OldestOpen,
    /// What the column with this name shows: figures from the largest down, words from A to Z. What is not known comes
    /// last whatever the direction; equal rows stay in the usual order.
    Column(Msg),
}

/// The order of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort {
    /// What rows are sorted by.
    pub key: Key,
    /// Whether the other way round.
    pub reversed: bool,
}

const ORDERS: &[Key] = &[
    Key::Usual,
    Key::OldestOpen,
    Key::Column(Msg::ColumnAge),
    Key::Column(Msg::ColumnAttempts),
    Key::Column(Msg::ColumnTotal),
    Key::Column(Msg::ColumnState),
    Key::Column(Msg::ColumnStore),
    Key::Column(Msg::ColumnChannel),
    Key::Column(Msg::ColumnCloud),
];
const CASES: &[Key] = &[
    Key::Usual,
    Key::Column(Msg::ColumnSince),
    Key::Column(Msg::ColumnStore),
    Key::Column(Msg::ColumnReason),
    Key::Column(Msg::ColumnAttempts),
    Key::Column(Msg::ColumnChannel),
    Key::Column(Msg::ColumnCloud),
];
const QUEUES: &[Key] = &[
    Key::Usual,
    Key::Column(Msg::ColumnOldest),
    Key::Column(Msg::ColumnStore),
    Key::Column(Msg::ColumnPos),
    Key::Column(Msg::ColumnOwner),
    Key::Column(Msg::ColumnCountry),
];
const STORES: &[Key] = &[
    Key::Usual,
    Key::Column(Msg::ColumnStore),
    Key::Column(Msg::ColumnName),
    Key::Column(Msg::ColumnCountry),
    Key::Column(Msg::ColumnState),
    Key::Column(Msg::ColumnDepth),
    Key::Column(Msg::ColumnToday),
    Key::Column(Msg::ColumnChanged),
];
const SERVICES: &[Key] = &[
    Key::Usual,
    Key::Column(Msg::ColumnInstance),
    Key::Column(Msg::ColumnState),
    Key::Column(Msg::ColumnCloud),
    Key::Column(Msg::ColumnRate),
    Key::Column(Msg::ColumnNinetyNine),
    Key::Column(Msg::ColumnUptime),
    Key::Column(Msg::ColumnDone),
];
const LOG: &[Key] = &[
    Key::Usual,
    Key::Column(Msg::ColumnHappened),
    Key::Column(Msg::ColumnStore),
    Key::Column(Msg::ColumnOrder),
    Key::Column(Msg::ColumnBy),
];

/// The keys of a screen's table, in the order in which they are offered. What needs a person is always worst first.
pub const fn keys(screen: Screen) -> &'static [Key] {
    match screen {
        Screen::Overview | Screen::Bus => &[Key::Usual],
        Screen::Orders => ORDERS,
        Screen::Queues => QUEUES,
        Screen::NotInjected => CASES,
        Screen::Stores => STORES,
        Screen::Services => SERVICES,
        Screen::Log => LOG,
    }
}

impl Key {
    /// The key after this one, round and round.
    #[must_use]
    pub fn next(self, screen: Screen) -> Self {
        let keys = keys(screen);
        let at = keys.iter().position(|key| *key == self).map_or(0, |at| at + 1);
        keys.get(at).copied().unwrap_or_default()
    }

    /// Whether it compares words rather than figures.
    pub const fn is_words(self) -> bool {
        !matches!(
            self,
            Self::Column(
                Msg::ColumnAge
                    | Msg::ColumnAttempts
                    | Msg::ColumnTotal
                    | Msg::ColumnSince
                    | Msg::ColumnOldest
                    | Msg::ColumnPos
                    | Msg::ColumnDepth
                    | Msg::ColumnToday
                    | Msg::ColumnChanged
                    | Msg::ColumnRate
                    | Msg::ColumnNinetyNine
                    | Msg::ColumnUptime
                    | Msg::ColumnDone
            )
        )
    }

    /// Its name.
    pub const fn name(self, screen: Screen) -> Msg {
        match (self, screen) {
            (Self::Usual, Screen::Orders | Screen::Log) => Msg::SortNewest,
            (Self::Usual, Screen::NotInjected) => Msg::SortOldest,
            (Self::Usual, Screen::Queues) => Msg::SortDeepest,
            (Self::Usual, Screen::Stores) => Msg::SortNumber,
            (Self::Usual, Screen::Overview) => Msg::SortWorst,
            (Self::Usual, Screen::Bus) => Msg::SortName,
            (Self::Usual, Screen::Services) => Msg::SortService,
            (Self::OldestOpen, _) => Msg::SortOldestOpen,
            (Self::Column(title), _) => title,
        }
    }
}
