//! `domicilio inject`: a test order, previewed, confirmed, sent through the guard, followed to its end.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::Duration;

use contract::command::IntakeReply;
use contract::store::StoreState;
use contract::{StoreRecord, UtcMs};
use futures::StreamExt as _;
use futures::stream::SelectAll;
use tokio::time::{Instant, timeout_at};

use super::report::OrderReport;
use super::{Failure, connect, may_change, order, print, print_json, say, stores};
use crate::cli;
use crate::effect::{Planned, PlannedOrder};
use crate::event::{Done, Event, Meter, Trouble};
use crate::feed::{decode, guard, now, requests};
use crate::state::{Lang, OrderState, State};
use crate::template;
use crate::update::update;

/// How long the reply of a subscription's round trip may take, in milliseconds.
const SUBSCRIBE_LIMIT_MS: u64 = 2_000;

/// How long the live messages may stay silent before an order's end is looked up in the streams, in milliseconds.
const LOOK_UP_MS: u64 = 1_000;

pub(super) async fn run(common: &cli::Common, arguments: &cli::Inject) -> Result<(), Failure> {
    if !arguments.dry_run {
        may_change(common).await?;
    }
    let connection = connect(common).await?;
    let store = find_store(&connection, arguments).await?;
    let at = now();
    let code = match &arguments.code {
        Some(code) => code.clone(),
        None => template::test_code(&store, at, fastrand::u64(..))
            .ok_or_else(|| Failure::Failed("no code could be made".to_owned()))?,
    };
    let order = template::build(arguments.template.into(), &store, code, at);
    let planned = Planned::Inject(order.clone());
    guard::check(&planned).map_err(|forbidden| Failure::Refused(forbidden.to_string()))?;
    preview(&order, &planned, &store, at);
    if arguments.dry_run {
        return dry_run(&order, &planned, arguments.json);
    }
    if !arguments.yes {
        confirm(&store)?;
    }
    send(&connection, arguments, order, planned).await
}

async fn find_store(connection: &bus::Connection, arguments: &cli::Inject) -> Result<StoreRecord, Failure> {
    let known = stores::read(connection).await?;
    let Some(store) = known.find(&arguments.store) else {
        let text = crate::sanitise::text(&arguments.store, 40);
        return Err(Failure::Failed(format!("no store {text} in the catalogue (see `domicilio stores`)")));
    };
    let record = store.record.clone();
    if let Some(country) = arguments.country
        && country != record.country
    {
        return Err(Failure::Usage(format!("store {} is in {}, not in {country}", record.id, record.country)));
    }
    Ok(record)
}

fn preview(order: &PlannedOrder, planned: &Planned, store: &StoreRecord, at: UtcMs) {
    say(&format!("test order {}", order.order));
    say(&format!("  subject  {}", planned.subject()));
    say(&format!("  format   {}", order.template.format().as_str()));
    say(&format!("  store    {} {} ({})", order.order.store, order.place, order.country));
    say(&format!("  bytes    {}", planned.bytes()));
    if store.state_at(at) != StoreState::Open {
        say(&format!("  note     the store is {}: intake will refuse it", store.state_at(at).as_str()));
    }
}

fn dry_run(order: &PlannedOrder, planned: &Planned, json: bool) -> Result<(), Failure> {
    say("dry run: nothing was sent");
    // Built by us: always text.
    let body = String::from_utf8_lossy(&order.body);
    if !json {
        return print(&body);
    }
    print_json(&serde_json::json!({
        "order": order.order,
        "state": "dry_run",
        "subject": planned.subject(),
        "format": order.template.format(),
        "store": order.order.store,
        "country": order.country,
        "bytes": planned.bytes(),
        "body": body,
    }))
}

/// Asks on a terminal; elsewhere nobody could answer.
fn confirm(store: &StoreRecord) -> Result<(), Failure> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::Usage("nothing was sent: add --yes to send it, or --dry-run to see its bytes".to_owned()));
    }
    say(&format!("type the store's code, {}, to send it:", store.code));
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    if read.is_ok() && line.trim() == store.code { Ok(()) } else { Err(Failure::Usage("nothing was sent".to_owned())) }
}

async fn send(
    connection: &bus::Connection,
    arguments: &cli::Inject,
    order: PlannedOrder,
    planned: Planned,
) -> Result<(), Failure> {
    let id = order.order.clone();
    // First the ears, then the mouth: the order may be injected before the reply is here.
    let mut steps = listen(connection, &order).await?;
    let reply = match requests::send(connection, &planned).await {
        Ok(Done::Order(reply)) if matches!(reply.status, 200 | 202) => reply,
        Ok(Done::Order(reply)) => return refused(&order, &reply, arguments.json),
        Ok(_) => return Err(Failure::Failed("the answer is of another kind".to_owned())),
        Err(Trouble::NotConnected) => return Err(Failure::NotConnected(Trouble::NotConnected.text(Lang::En))),
        Err(why) => return Err(Failure::Failed(why.text(Lang::En))),
    };
    say(&format!("{} {}", reply.status, reply.code));

    let mut state = State::new(now(), Lang::En, 0);
    let end = Instant::now() + Duration::from_secs(arguments.wait);
    let mut told = None;
    loop {
        let known = state.orders.get(&id);
        let now_is = known.map(crate::state::Order::state);
        if now_is != told {
            told = now_is;
            if let Some(now_is) = now_is {
                say(now_is.name());
            }
        }
        if now_is.is_some_and(OrderState::is_final) || Instant::now() >= end {
            break;
        }
        let until = end.min(Instant::now() + Duration::from_millis(LOOK_UP_MS));
        let facts = match timeout_at(until, steps.next()).await {
            Ok(Some(message)) => decode::live(&message, now()).into_iter().collect(),
            // Silence, or messages that were lost on the way: the streams know.
            _ => order::look_up(connection, order.country, &id).await?,
        };
        let facts = facts.into_iter().filter(|fact| order::is_about(fact, &id)).collect();
        update(&mut state, Event::Live { facts, meter: Meter::default() });
    }
    conclude(&state, arguments, &id, &reply)
}

/// Subscribes to every step of the order; returns when the subscriptions are in place.
async fn listen(
    connection: &bus::Connection,
    order: &PlannedOrder,
) -> Result<SelectAll<async_nats::Subscriber>, Failure> {
    let failed = |why: String| Failure::NotConnected(format!("subscribing: {why}"));
    let client = &connection.client;
    let mut steps = SelectAll::new();
    for subject in order::subjects(order.country, &order.order) {
        steps.push(client.subscribe(subject).await.map_err(|error| failed(error.to_string()))?);
    }
    // A round trip on the same connection proves that the server has them.
    let inbox = client.new_inbox();
    let mut echo = client.subscribe(inbox.clone()).await.map_err(|error| failed(error.to_string()))?;
    client.publish(inbox, bytes::Bytes::new()).await.map_err(|error| failed(error.to_string()))?;
    let limit = Duration::from_millis(SUBSCRIBE_LIMIT_MS);
    tokio::time::timeout(limit, echo.next()).await.map_err(|_| failed("the server does not answer".to_owned()))?;
    Ok(steps)
}

fn refused(order: &PlannedOrder, reply: &IntakeReply, json: bool) -> Result<(), Failure> {
    if json {
        print_json(&serde_json::json!({
            "order": order.order, "state": "refused", "status": reply.status, "code": reply.code,
            "message": reply.message, "faults": reply.faults,
        }))?;
    }
    for fault in &reply.faults {
        say(&fault.to_string());
    }
    Err(Failure::Failed(format!("{} {}: {}", reply.status, reply.code, reply.message)))
}

fn conclude(
    state: &State,
    arguments: &cli::Inject,
    id: &contract::OrderId,
    reply: &IntakeReply,
) -> Result<(), Failure> {
    let known = state.orders.get(id);
    match known.map(OrderReport::new) {
        Some(report) if arguments.json => print_json(&report)?,
        Some(report) => print(&report.text())?,
        // Accepted, and not followed long enough to see a message of it.
        None if arguments.json => {
            print_json(&serde_json::json!({ "order": id, "state": "accepted", "sequence": reply.sequence }))?;
        }
        None => print(&format!("{id} accepted\n"))?,
    }
    match known.map(crate::state::Order::state) {
        Some(OrderState::Injected | OrderState::Solved) => Ok(()),
        Some(OrderState::NotInjected) => Err(Failure::Failed(format!("{id} was not injected"))),
        _ if arguments.wait == 0 => Ok(()),
        _ => Err(Failure::Partly(format!("{id} is accepted, but has no end after {} s", arguments.wait))),
    }
}
