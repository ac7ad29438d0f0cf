//! How many orders a store has had today: the day of its own zone, whatever zone times are shown in.

use contract::{StoreRecord, UtcMs, stream};
use jiff::tz::TimeZone;

use super::State;
use crate::counters::Window;

/// Orders of one store's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    /// Orders received.
    pub orders: u64,
    /// Whether there may be more: not all of the day is known.
    pub at_least: bool,
}

/// The orders of a store's day; `None` before anything was read.
pub fn today(state: &State, record: &StoreRecord) -> Option<Today> {
    if !state.reading.ready && state.reading.times == 0 {
        return None;
    }
    let zone = TimeZone::get(record.zone()).unwrap_or(TimeZone::UTC);
    let from = Window::Today.begins(state.now, &zone);
    let reaches = |missing: Option<UtcMs>| missing.is_some_and(|missing| missing > from);
    let at_least = reaches(state.reading.since)
        || reaches(state.orders.forgotten)
        || state.access.blind_to(stream::ORDERS.name).is_some();
    Some(Today { orders: state.orders.received_since(record.id, from), at_least })
}
