//! State at start, loss, and coming back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::{StoreId, subject};
use domicilio::effect::Effect;
use domicilio::event::Event;
use domicilio::feed::Settings;
use domicilio::state::{Link, OrderState, Payload, State};
use domicilio::update::update;

use crate::world::{Console, LIMIT, World, head, record};

/// What tables show of every order.
fn rows(state: &State) -> BTreeMap<String, String> {
    let row = |order: &domicilio::state::Order| {
        let row = format!("{:?} {:?} {:?} {:?}", order.pass.head, order.state(), order.pass.queued, order.pass.outcome);
        (order.pass.head.id().to_string(), row)
    };
    state.orders.newest_first().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn state_read_at_start_equals_state_watched_live() {
    let world = World::start().await;
    let settings = Settings::new(world.server.url());
    let mut watching = Console::start(&settings).await;
    watching.until("the first reading", |state| state.reading.ready).await;

    world.store_record(&record(72)).await;
    for n in 0..200 {
        let intake = world.accept(n, b"{}").await;
        world.queue(n, intake).await;
        if n % 4 != 0 {
            world.end(n, intake).await;
        }
    }
    let complete = |state: &State| {
        let ended = state.orders.newest_first().filter(|order| order.state() == OrderState::Injected).count();
        let known = state.orders.newest_first().all(|order| order.pass.intake.is_some() && order.pass.acceptance_seen);
        state.orders.len() == 200 && ended == 150 && known && state.queues.total == Some(200)
    };
    watching.until("every live message", complete).await;
    watching
        .until("the store's revision", |state| {
            state.stores.get(StoreId(72)).is_some_and(|store| store.revision == Some(1))
        })
        .await;

    let mut starting = Console::start(&settings).await;
    starting.until("the reading at start", |state| state.reading.ready).await;
    starting.until("the depths", complete).await;
    let (read, watched) = (rows(&starting.state), rows(&watching.state));
    for (id, row) in &watched {
        assert_eq!(read.get(id), Some(row), "{id}");
    }
    assert_eq!(read.len(), watched.len());
    assert_eq!(starting.state.stores.get(StoreId(72)), watching.state.stores.get(StoreId(72)));
    for store in [72, 73] {
        assert_eq!(starting.state.queues.depth(StoreId(store)), Some(100));
        let oldest = starting.state.queues.get(StoreId(store)).and_then(|queue| queue.oldest.as_ref()).unwrap();
        assert_eq!(oldest.order.id(), head(store - 72).id());
    }
    assert_eq!(watching.state.traffic.meter.lost, 0);
    assert_eq!(watching.state.traffic.unreadable, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lost_message_is_counted() {
    const PUBLISHED: u64 = 20_000;
    let world = World::start().await;
    // A small buffer, and a loop that does not take: the client must drop.
    let settings = Settings { client_buffer: 256, ..Settings::new(world.server.url()) };
    let mut console = Console::start(&settings).await;
    console.until("the first reading", |state| state.reading.ready).await;
    let before = console.state.traffic.meter;

    for n in 0..50 {
        world.accept(n, b"{}").await;
    }
    // On a subject that no stream keeps.
    let subject = subject::heartbeat(contract::Service::Api, &"api-1".parse().unwrap());
    let body = bytes::Bytes::from_static(b"not JSON");
    for _ in 0..PUBLISHED {
        world.bus.client.publish(subject.clone(), body.clone()).await.unwrap();
    }
    // A round trip: the server has them all, whatever the console does with them.
    world.accept(50, b"{}").await;
    let all = |state: &State| {
        let meter = state.traffic.meter;
        meter.received - before.received == PUBLISHED + 51 && meter.taken + meter.lost == meter.received
    };
    console.until("an account that adds up", all).await;
    let meter = console.state.traffic.meter;
    assert!(meter.lost > 0, "nothing was lost, so nothing was shown: {meter:?}");
    // What was taken was all shown: accepted orders as orders, the rest as unreadable.
    let taken = meter.taken - before.taken;
    let shown = console.state.traffic.unreadable;
    assert!(shown <= taken && shown + 51 >= taken, "{shown} of {taken}");
    // And what was lost is made up for from the streams.
    console.until("the orders whose messages were lost", |state| state.orders.len() == 51).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_noticed_within_two_seconds_and_read_anew_when_it_is_back() {
    let mut world = World::start().await;
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the first reading", |state| state.reading.ready).await;
    assert!(matches!(&console.state.link, Link::Up { version, .. } if !version.is_empty()));

    let killed = Instant::now();
    world.server.kill().await.unwrap();
    console.until("the loss", |state| matches!(state.link, Link::Lost { .. })).await;
    assert!(killed.elapsed() < Duration::from_secs(2), "noticed after {:?}", killed.elapsed());
    assert!(console.state.is_stale());

    world.server.restart().await.unwrap();
    let back = tokio::time::timeout(LIMIT, world.bus.up());
    back.await.unwrap();
    let intake = world.accept(1, b"{}").await;
    world.end(1, intake).await;
    console.until("the return", |state| !state.is_stale() && state.reading.ready).await;
    console
        .until("the order that came meanwhile", |state| {
            state.orders.get(&head(1).id()).is_some_and(|order| order.state() == OrderState::Injected)
        })
        .await;
    assert_eq!(console.state.traffic.gaps.len(), 1);

    // And the tail goes on by itself.
    world.accept(2, b"{}").await;
    console.until("a live message", |state| state.orders.get(&head(2).id()).is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_noticed_within_two_seconds() {
    let world = World::start().await;
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the first reading", |state| state.reading.ready).await;
    let pid = rustix::process::Pid::from_raw(i32::try_from(world.server.pid().unwrap()).unwrap()).unwrap();
    let stopped = Instant::now();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    console.until("the silence", |state| matches!(state.link, Link::Lost { .. })).await;
    let noticed = stopped.elapsed();
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(noticed < Duration::from_millis(2_500), "noticed after {noticed:?}");
    console.until("the return", |state| state.link.is_up() && !state.is_stale()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_the_console_says_so_and_finds_it_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = bus::server::Server::start(folder.path()).await.unwrap();
    let url = server.url();
    server.kill().await.unwrap();
    let mut console = Console::start(&Settings::new(url)).await;
    console
        .until(
            "why not",
            |state| matches!(&state.link, Link::Connecting { last_failure: Some(why), .. } if !why.is_empty()),
        )
        .await;
    server.restart().await.unwrap();
    console.until("the connection", |state| state.link.is_up()).await;
    // No streams yet: told part by part, and the program lives.
    console.until("the missing stream", |state| {
        let failed = |part: &domicilio::state::link::PartState| {
            matches!(part, domicilio::state::link::PartState::Failed(why) if !why.is_empty())
        };
        state.reading.parts.values().any(failed)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_is_fetched_masked() {
    let world = World::start().await;
    world.accept(1, br#"{"cabecera":[{"nombresCliente":"Persona Ejemplo","totalFactura":14.98}]}"#).await;
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the order", |state| state.orders.get(&head(1).id()).is_some()).await;
    update(&mut console.state, Event::Action(domicilio::action::Action::Show(domicilio::state::Screen::Orders)));
    let effects = update(&mut console.state, Event::Action(domicilio::action::Action::Open));
    assert_eq!(effects, [Effect::FetchPayload(head(1).id())]);
    console.feed.run(effects[0].clone()).await;
    console.until("the payload", |state| !matches!(state.payload, Some((_, Payload::Loading)))).await;
    let Some((_, Payload::Shown(masked))) = &console.state.payload else { panic!("{:?}", console.state.payload) };
    let shown = format!("{masked:?}");
    assert!(shown.contains("14.98") && !shown.contains("Persona"), "{shown}");
}
