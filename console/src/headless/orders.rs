//! `domicilio orders`: the table of orders, by the filter language of the screen. Heads only, no payload is read.

use contract::order::{Channel, Format, Total};
use contract::{AppCode, Cloud, Country, OrderId, StoreId, UtcMs};
use serde::Serialize;

use super::watching::{self, Need};
use super::{Failure, env, filtering, or_dash, print_columns, print_json, say, settings, status};
use crate::cli;
use crate::config::Config;
use crate::feed;
use crate::state::{Order, OrderState, Screen, State};
use crate::update::{replay, rows};
use crate::view::when;

/// A row of the table.
#[derive(Serialize)]
struct Row<'a> {
    order: OrderId,
    store: StoreId,
    store_code: Option<&'a str>,
    store_name: Option<&'a str>,
    code: &'a AppCode,
    country: Country,
    channel: Channel,
    format: Format,
    cloud: &'a Cloud,
    state: &'static str,
    received_at: UtcMs,
    /// Until its end, or until now.
    age_s: i64,
    ended_at: Option<UtcMs>,
    took_ms: Option<i64>,
    /// `None` while nobody has told of one.
    attempts: Option<u32>,
    test: bool,
    total: Option<&'a Total>,
    lines: u32,
    reinjections: u32,
}

pub(super) async fn run(common: &cli::Common, arguments: &cli::Orders) -> Result<(), Failure> {
    // What is asked wrongly is told before anything is read.
    let filter = arguments.filter.as_deref().unwrap_or_default();
    let config = settings(common)?;
    let since = asked(&config, arguments, filter)?;
    let watching = watching::settled(common, &config, Need::Streams).await?;
    let mut state = watching.close().await;
    state.screen = Screen::Orders;
    filtering::set(&mut state, &config, filter)?;
    rows::refill(&mut state);
    let states: Vec<OrderState> = arguments.state.iter().copied().map(OrderState::from).collect();
    let shown = |order: &&Order| {
        (states.is_empty() || states.contains(&order.state()))
            && since.is_none_or(|since| order.pass.head.received_at >= since)
    };
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let passing: Vec<&Order> =
        state.order_table.rows.iter().filter_map(|id| state.orders.get(id)).filter(shown).collect();
    let orders: Vec<Row<'_>> = passing.iter().take(limit).map(|order| row(&state, order)).collect();
    if arguments.json {
        print_json(&orders)?;
    } else {
        print_columns(&table(&orders))?;
    }
    if orders.len() < passing.len() {
        say(&format!("{} of {} orders: the newest", orders.len(), passing.len()));
    } else if let Some(read) = state.reading.since.filter(|read| since.is_none_or(|since| since < *read)) {
        say(&format!("orders accepted before {read} were not read"));
    }
    status::complete(&state)
}

/// Checks filter and time; returns the time.
fn asked(config: &Config, arguments: &cli::Orders, filter: &str) -> Result<Option<UtcMs>, Failure> {
    let mut state = State::new(feed::now(), config.file.language.resolve(env), 0);
    state.screen = Screen::Orders;
    state.zone = jiff::tz::TimeZone::system();
    filtering::set(&mut state, config, filter)?;
    let read = |text: &String| {
        let wrong = || Failure::Usage(format!("--since: expected a time that was, such as -2h or 18:30, not {text}"));
        replay::parse(text, state.now, &state.zone).ok_or_else(wrong)
    };
    arguments.since.as_ref().map(read).transpose()
}

fn row<'a>(state: &'a State, order: &'a Order) -> Row<'a> {
    let head = &order.pass.head;
    let record = state.stores.get(head.store).map(|store| &store.record);
    let made = order.pass.attempts_made();
    Row {
        order: head.id(),
        store: head.store,
        store_code: record.map(|record| record.code.as_str()),
        store_name: record.map(|record| record.name.as_str()),
        code: &head.code,
        country: head.country,
        channel: head.channel,
        format: head.format,
        cloud: &head.by.cloud,
        state: order.state().name(),
        received_at: head.received_at,
        age_s: order.age_ms(state.now) / 1_000,
        ended_at: order.pass.ended_at(),
        took_ms: order.pass.ended_at().map(|at| at.since(head.received_at)),
        attempts: Some(made).filter(|made| *made > 0),
        test: head.test,
        total: head.total.as_ref(),
        lines: head.lines,
        reinjections: head.again,
    }
}

fn table(orders: &[Row<'_>]) -> Vec<Vec<String>> {
    let names = ["RECEIVED", "CODE", "STORE", "CC", "CHANNEL", "CLOUD", "STATE", "AGE", "ATTEMPTS", "TOTAL"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    rows.extend(orders.iter().map(|order| {
        let store = order.store_code.map_or_else(|| order.store.to_string(), |code| format!("{} {code}", order.store));
        vec![
            order.received_at.to_string(),
            order.code.to_string(),
            store,
            order.country.to_string(),
            order.channel.label().to_owned(),
            order.cloud.to_string(),
            order.state.to_owned(),
            when::age(order.age_s * 1_000),
            or_dash(order.attempts),
            order.total.map_or_else(|| "-".to_owned(), amount),
        ]
    }));
    rows
}

fn amount(total: &Total) -> String {
    let currency = total.currency.as_deref().unwrap_or_default();
    format!("{:.2} {currency}", total.amount).trim_end().to_owned()
}
