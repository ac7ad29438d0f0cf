//! Sorting rows by what a column shows.

use std::cmp::Ordering;

use contract::order::Ending;

use crate::filter::fold;
use crate::state::log::Entry;
use crate::state::orders::Order;
use crate::state::queues::Queue;
use crate::state::services::Instance;
use crate::state::sort::{self, Key, Sort};
use crate::state::stores::Store;
use crate::state::today::today;
use crate::state::{Lang, State};
use crate::text::{Msg, happened, said};

/// What a row is sorted by. Words are compared without case and accents, as they are searched.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Figure(f64),
    Words(String),
}

fn words(text: &str) -> Option<Value> {
    Some(text).filter(|text| !text.is_empty()).map(|text| Value::Words(fold(text)))
}

/// Counts and ages are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "exact up to 285,000 years of milliseconds")]
const fn figure(value: i64) -> Value {
    Value::Figure(value as f64)
}

/// Puts `rows`, which come in the usual order, into the order of `sort`. None is lost, none comes twice.
pub(super) fn arrange<T>(rows: Vec<T>, sort: Sort, value: impl Fn(&T, Msg) -> Option<Value>) -> Vec<T> {
    let Key::Column(column) = sort.key else {
        let mut rows = rows;
        if sort.reversed {
            rows.reverse();
        }
        return rows;
    };
    let mut valued: Vec<(Option<Value>, T)> = rows.into_iter().map(|row| (value(&row, column), row)).collect();
    valued.sort_by(|(a, _), (b, _)| match (a, b) {
        // Not known comes last whichever way.
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) if sort.reversed => compare(b, a),
        (Some(a), Some(b)) => compare(a, b),
    });
    valued.into_iter().map(|(_, row)| row).collect()
}

/// Figures from the largest down, words from A to Z.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Figure(a), Value::Figure(b)) => b.total_cmp(a),
        (Value::Words(a), Value::Words(b)) => a.cmp(b),
        (Value::Figure(_), Value::Words(_)) => Ordering::Less,
        (Value::Words(_), Value::Figure(_)) => Ordering::Greater,
    }
}

pub(super) fn order(state: &State, order: &Order, column: Msg) -> Option<Value> {
    let (pass, head) = (&order.pass, &order.pass.head);
    match column {
        Msg::ColumnAge => Some(figure(order.age_ms(state.now))),
        Msg::ColumnSince => pass.ended_at().map(|ended| figure(state.now.since(ended))),
        // As the table shows it: nobody has told of an attempt before the first one failed or an end is known.
        Msg::ColumnAttempts => Some(pass.attempts_made()).filter(|made| *made > 0).map(|made| figure(made.into())),
        Msg::ColumnTotal => head.total.as_ref().map(|total| Value::Figure(total.amount)),
        Msg::ColumnState => words(state.lang.t(crate::filter::words::order_state(order.state()))),
        Msg::ColumnStore => words(&place(state, head.store)),
        Msg::ColumnChannel => words(head.channel.label()),
        Msg::ColumnCloud => words(head.by.cloud.as_str()),
        Msg::ColumnReason => match pass.outcome().map(|outcome| &outcome.ending) {
            Some(Ending::NotInjected { reason, .. }) => words(state.lang.t(said::reason(*reason))),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn queue(state: &State, queue: &Queue, column: Msg) -> Option<Value> {
    match column {
        Msg::ColumnOldest => queue.oldest_age_ms(state.now).map(figure),
        Msg::ColumnStore => words(&place(state, queue.store)),
        // Those that are down first.
        Msg::ColumnPos => queue.pos.map(|_| figure(i64::from(queue.pos_down()))),
        Msg::ColumnOwner => words(state.queues.owner(queue.store)?.as_str()),
        Msg::ColumnCountry => words(state.stores.get(queue.store)?.record.country.as_str()),
        _ => None,
    }
}

pub(super) fn store(state: &State, store: &Store, column: Msg) -> Option<Value> {
    let record = &store.record;
    match column {
        Msg::ColumnStore => words(&record.code),
        Msg::ColumnName => words(&record.name),
        Msg::ColumnCountry => words(record.country.as_str()),
        Msg::ColumnState => words(state.lang.t(crate::filter::words::store_state(record.state_at(state.now)))),
        Msg::ColumnDepth => state.queues.depth(record.id).and_then(|depth| i64::try_from(depth).ok()).map(figure),
        Msg::ColumnToday => i64::try_from(today(state, record)?.orders).ok().map(figure),
        // The youngest change first, as a figure: the latest time is the largest.
        Msg::ColumnChanged => record.changed_at.map(|at| figure(at.as_millis())),
        _ => None,
    }
}

pub(super) fn instance(state: &State, instance: &Instance, column: Msg) -> Option<Value> {
    let heartbeat = &instance.heartbeat;
    match column {
        Msg::ColumnInstance => words(heartbeat.instance.as_str()),
        Msg::ColumnState => words(state.lang.t(crate::filter::words::run_state(heartbeat.state))),
        Msg::ColumnCloud => words(heartbeat.cloud.as_str()),
        Msg::ColumnRate => instance.rate().map(Value::Figure),
        Msg::ColumnNinetyNine => instance.latency().p99_ms.map(Value::Figure),
        Msg::ColumnUptime => Some(figure(instance.uptime_ms())),
        Msg::ColumnDone => i64::try_from(instance.done()).ok().map(figure),
        _ => None,
    }
}

pub(super) fn entry(state: &State, entry: &Entry, column: Msg) -> Option<Value> {
    match column {
        Msg::ColumnHappened => words(&happened::sentence(state.lang, &entry.what)),
        Msg::ColumnStore => words(&place(state, entry.store()?)),
        Msg::ColumnOrder => words(entry.order()?.code.as_str()),
        Msg::ColumnBy => words(entry.by()?),
        _ => None,
    }
}

/// Code and name of a store, or its number when it is not known.
fn place(state: &State, store: contract::StoreId) -> String {
    let place = state.stores.place(store);
    if place.is_empty() { format!("#{store}") } else { place }
}

/// The key of a screen's table that a person means by `text`: the beginning of its name in either language.
pub(super) fn named(state: &State, text: &str) -> Option<Key> {
    let text = fold(text);
    let begins = |key: &&Key| Lang::ALL.iter().any(|lang| fold(lang.t(key.name(state.screen))).starts_with(&text));
    sort::keys(state.screen).iter().find(begins).copied().filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the values, every row is there once, the unknown ones last, and equals stay as they came.
        #[test]
        fn sorting_loses_and_doubles_nothing(values in prop::collection::vec(prop::option::of(0_i64..5), 0..60), reversed: bool) {
            let rows: Vec<(usize, Option<i64>)> = values.into_iter().enumerate().collect();
            let sort = Sort { key: Key::Column(Msg::ColumnAge), reversed };
            let sorted = arrange(rows.clone(), sort, |(_, value), _| value.map(figure));
            let mut again = sorted.clone();
            again.sort_unstable();
            prop_assert_eq!(again, rows);
            for pair in sorted.windows(2) {
                let ((place, value), (next_place, next)) = (pair[0], pair[1]);
                match (value, next) {
                    (None, Some(_)) => prop_assert!(false, "an unknown value before a known one"),
                    (a, b) if a == b => prop_assert!(place < next_place),
                    (Some(a), Some(b)) => prop_assert_eq!(a < b, reversed),
                    _ => {}
                }
            }
        }

        #[test]
        fn the_usual_order_reversed_is_just_that(rows in prop::collection::vec(any::<u8>(), 0..30)) {
            let sort = Sort { key: Key::Usual, reversed: true };
            let mut back = arrange(rows.clone(), sort, |_, _| None);
            back.reverse();
            prop_assert_eq!(back, rows);
        }
    }
}
