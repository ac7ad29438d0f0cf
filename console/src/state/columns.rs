//! The columns that each screen's table has, by name, so that a person can choose among them. What they show is in `view`.

use super::Screen;
use crate::text::Msg;

const ORDERS: &[Msg] = &[
    Msg::ColumnOrder,
    Msg::ColumnStore,
    Msg::ColumnState,
    Msg::ColumnAge,
    Msg::ColumnAttempts,
    Msg::ColumnChannel,
    Msg::ColumnCloud,
    Msg::ColumnTotal,
    Msg::ColumnTime,
    Msg::ColumnLines,
    Msg::ColumnLoyalty,
];
const CASES: &[Msg] = &[
    Msg::ColumnOrder,
    Msg::ColumnStore,
    Msg::ColumnReason,
    Msg::ColumnSince,
    Msg::ColumnAttempts,
    Msg::ColumnChannel,
    Msg::ColumnCloud,
    Msg::ColumnTime,
];
const QUEUES: &[Msg] = &[
    Msg::ColumnStore,
    Msg::ColumnDepth,
    Msg::ColumnOldest,
    Msg::ColumnTrend,
    Msg::ColumnPos,
    Msg::ColumnRetry,
    Msg::ColumnOwner,
    Msg::ColumnHead,
    Msg::ColumnCountry,
];
const STORES: &[Msg] = &[
    Msg::ColumnStore,
    Msg::ColumnName,
    Msg::ColumnCountry,
    Msg::ColumnState,
    Msg::ColumnPos,
    Msg::ColumnDepth,
    Msg::ColumnToday,
    Msg::ColumnRevision,
    Msg::ColumnTakenUp,
    Msg::ColumnChanged,
    Msg::ColumnReason,
    Msg::ColumnNumber,
];
const SERVICES: &[Msg] = &[
    Msg::ColumnInstance,
    Msg::ColumnState,
    Msg::ColumnRole,
    Msg::ColumnCloud,
    Msg::ColumnRate,
    Msg::ColumnMedian,
    Msg::ColumnNinetyNine,
    Msg::ColumnLag,
    Msg::ColumnBeat,
    Msg::ColumnUptime,
    Msg::ColumnDone,
    Msg::ColumnVersion,
    Msg::ColumnTrend,
];
const LOG: &[Msg] = &[Msg::ColumnTime, Msg::ColumnHappened, Msg::ColumnStore, Msg::ColumnOrder, Msg::ColumnBy];

/// The columns of a screen's table, the first of which is always shown; none where there is nothing to choose.
pub const fn of(screen: Screen) -> &'static [Msg] {
    match screen {
        Screen::Overview | Screen::Bus => &[],
        Screen::Orders => ORDERS,
        Screen::Queues => QUEUES,
        Screen::NotInjected => CASES,
        Screen::Stores => STORES,
        Screen::Services => SERVICES,
        Screen::Log => LOG,
    }
}
