//! What each command wants done.

use std::path::Path;

use contract::{OrderId, Service, StoreId, StoreRecord};

use super::super::watching::{Need, Watching};
use super::super::{Failure, filtering, input, order, settings};
use super::{need, open, perform, tell};
use crate::cli::{self, Acting, Common, StoreCommand, Told};
use crate::config::Config;
use crate::editing;
use crate::event::{Event, Trouble};
use crate::operation::Kind;
use crate::state::jobs::BATCH_MAX;
use crate::state::plan::Wanted;
use crate::state::{Lang, Screen, State};
use crate::update::rows;

pub(in crate::headless) async fn reinject(common: &Common, arguments: &cli::Reinject) -> Result<(), Failure> {
    // Before anything is asked of the bus.
    let payload = arguments.payload.as_deref().map(input::text).transpose()?;
    let ids = listed(&arguments.orders)?;
    let config = settings(common)?;
    let mut watching = open(common, &config, need(&arguments.acting, Service::Api)).await?;
    let orders = orders(&config, &mut watching, &arguments.orders, ids).await?;
    let wanted = match (payload, orders.as_slice()) {
        (None, _) => Wanted::Reinject(orders),
        (Some(text), [order]) => edited(&watching, order, text).await?,
        (Some(_), _) => return Err(Failure::Usage("--payload goes with one order".to_owned())),
    };
    act(watching, wanted, arguments.reason.as_deref(), &arguments.acting).await
}

/// Another payload for an order, kept where it is found when it is sent.
async fn edited(watching: &Watching, order: &OrderId, text: String) -> Result<Wanted, Failure> {
    let said = |why: Trouble| Failure::Failed(why.text(Lang::En));
    let before = watching.feed().payload(order).await.map_err(said)?;
    match editing::drafted(&before, text).map_err(said)? {
        Some((text, draft, differences)) => {
            watching.hands().keep(text);
            Ok(Wanted::ReinjectEdited(order.clone(), draft, differences))
        }
        None => Err(Failure::Failed("the payload says the same as the one before".to_owned())),
    }
}

pub(in crate::headless) async fn solve(common: &Common, arguments: &cli::Solve) -> Result<(), Failure> {
    let ids = listed(&arguments.orders)?;
    let config = settings(common)?;
    let mut watching = open(common, &config, need(&arguments.acting, Service::Api)).await?;
    let orders = orders(&config, &mut watching, &arguments.orders, ids).await?;
    act(watching, Wanted::Solve(orders), Some(&arguments.reason), &arguments.acting).await
}

pub(in crate::headless) async fn release(common: &Common, arguments: &cli::Release) -> Result<(), Failure> {
    let watching = open(common, &settings(common)?, Need::Services).await?;
    let store = match arguments.what.parse::<OrderId>() {
        Ok(order) => {
            let queue = watching.state.queues.get(order.store);
            if queue.and_then(|queue| queue.oldest.as_ref()).map(|oldest| oldest.order.id()).as_ref() != Some(&order) {
                return Err(Failure::Failed(format!("{order} is not at the head of its store's queue")));
            }
            order.store
        }
        Err(_) => find(&watching.state, &arguments.what)?,
    };
    act(watching, Wanted::Release(store), arguments.reason.as_deref(), &arguments.acting).await
}

pub(in crate::headless) async fn store(common: &Common, arguments: &cli::Store) -> Result<(), Failure> {
    let record = match &arguments.what {
        StoreCommand::Create(record) | StoreCommand::Edit(record) => Some(read(&record.file)?),
        _ => None,
    };
    let need = if matches!(arguments.what, StoreCommand::Ping(_)) { Need::Services } else { Need::Streams };
    let watching = open(common, &settings(common)?, need).await?;
    let known = |name: &str| find(&watching.state, name);
    let (wanted, reason, acting) = match &arguments.what {
        StoreCommand::Create(record_of) | StoreCommand::Edit(record_of) => {
            let Some(record) = record else { return Ok(()) };
            let exists = watching.state.stores.get(record.id).is_some();
            if exists == matches!(arguments.what, StoreCommand::Create(_)) {
                let how = if exists { "is there already" } else { "is not there" };
                return Err(Failure::Failed(format!("store {} {how}", record.id)));
            }
            (Wanted::PutStore(Box::new(record)), record_of.reason.as_deref(), &record_of.acting)
        }
        StoreCommand::Pause(pause) => {
            (Wanted::PauseStore(known(&pause.store)?, pause.until), Some(pause.reason.as_str()), &pause.acting)
        }
        StoreCommand::Resume(named) => {
            (Wanted::ResumeStore(known(&named.store)?), named.reason.as_deref(), &named.acting)
        }
        StoreCommand::Disable(named) => {
            (Wanted::DisableStore(known(&named.store)?), named.reason.as_deref(), &named.acting)
        }
        StoreCommand::Ping(named) => (Wanted::PingPos(known(&named.store)?), named.reason.as_deref(), &named.acting),
    };
    act(watching, wanted, reason, acting).await
}

pub(in crate::headless) async fn cmd(common: &Common, arguments: &cli::Cmd) -> Result<(), Failure> {
    let watching = open(common, &settings(common)?, Need::Services).await?;
    let one = match &arguments.instance {
        cli::Addressee::One(instance) => Ok((arguments.service, instance.clone())),
        cli::Addressee::Any => Err(Failure::Usage("any is for a move alone: name the instance".to_owned())),
    };
    let (wanted, plain) = match &arguments.verb {
        Told::Ping(plain) => (Wanted::Tell(Kind::Ping, one?), plain),
        Told::Pause(plain) => (Wanted::Tell(Kind::Pause, one?), plain),
        Told::Resume(plain) => (Wanted::Tell(Kind::Resume, one?), plain),
        Told::Drain(plain) => (Wanted::Tell(Kind::Drain, one?), plain),
        Told::LogLevel(level) => (Wanted::LogLevel(one?, level.filter.clone()), &level.plain),
        Told::Move(moving) => {
            if arguments.service != contract::Service::Distribuidor {
                return Err(Failure::Usage("a partition is moved by the distribuidor".to_owned()));
            }
            (Wanted::Move(find(&watching.state, &moving.store)?, moving.to.clone()), &moving.plain)
        }
    };
    act(watching, wanted, plain.reason.as_deref(), &plain.acting).await
}

/// Does it and tells what became of it.
async fn act(watching: Watching, wanted: Wanted, reason: Option<&str>, acting: &Acting) -> Result<(), Failure> {
    match perform(watching, wanted, reason, acting, |_, _| ()).await? {
        Some((state, job)) => tell(&state, job, acting),
        None => Ok(()),
    }
}

/// The store with this id or code.
pub(in crate::headless) fn find(state: &State, text: &str) -> Result<StoreId, Failure> {
    let found = state.stores.find(text).map(|store| store.record.id);
    found.ok_or_else(|| {
        let text = crate::sanitise::text(text, 40);
        Failure::Failed(format!("no store {text} in the catalogue (see `domicilio stores`)"))
    })
}

/// Ids as they are given, or as the file lists them.
fn listed(orders: &cli::ActedOrders) -> Result<Vec<String>, Failure> {
    let ids = match &orders.file {
        Some(file) => {
            input::text(file)?.lines().map(|line| line.trim().to_owned()).filter(|id| !id.is_empty()).collect()
        }
        None => orders.ids.clone(),
    };
    if ids.len() > BATCH_MAX {
        return Err(Failure::Usage(format!("{} orders are more than {BATCH_MAX}", ids.len())));
    }
    Ok(ids)
}

/// The orders that are meant, each once, with what the streams hold of those that were not read at the start.
async fn orders(
    config: &Config,
    watching: &mut Watching,
    arguments: &cli::ActedOrders,
    ids: Vec<String>,
) -> Result<Vec<OrderId>, Failure> {
    let Some(filter) = &arguments.filter else { return named(watching, ids).await };
    let state = &mut watching.state;
    state.screen = Screen::NotInjected;
    filtering::set(state, config, filter)?;
    rows::refill(state);
    match state.case_table.rows.len() {
        0 => Err(Failure::Failed("no order that was not injected passes the filter".to_owned())),
        count if count > BATCH_MAX => Err(Failure::Usage(format!("{count} orders are more than {BATCH_MAX}"))),
        _ => Ok(state.case_table.rows.clone()),
    }
}

async fn named(watching: &mut Watching, ids: Vec<String>) -> Result<Vec<OrderId>, Failure> {
    let mut orders: Vec<OrderId> = Vec::new();
    for text in ids {
        let known = text.parse::<OrderId>().ok().filter(|id| watching.state.orders.get(id).is_some());
        let id = if let Some(id) = known {
            id
        } else {
            let (id, facts) = order::read(watching.feed().requests(), &text).await?;
            let meter = watching.state.traffic.meter;
            watching.take(Event::Live { facts, meter });
            id
        };
        if !orders.contains(&id) {
            orders.push(id);
        }
    }
    Ok(orders)
}

/// A store's record from a file.
fn read(file: &Path) -> Result<StoreRecord, Failure> {
    let text = input::text(file)?;
    serde_json::from_str(&text).map_err(|error| {
        let why = crate::sanitise::text(&error.to_string(), crate::sanitise::SENTENCE_MAX);
        Failure::Usage(format!("{}: {why}", file.display()))
    })
}
