//! The bus itself: what passes, what is tailed, what the server says.

use std::collections::BTreeMap;

use contract::{StoreId, stream, subject};
use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::Event;
use domicilio::feed::Settings;
use domicilio::state::wire::Pane;
use domicilio::state::wire::tail::{Body, Row, What};
use domicilio::state::{Screen, State};
use domicilio::update::update;
use futures::StreamExt as _;

use crate::world::{Console, World, head, record};

const PERSON: &[u8] = br#"{"cabecera":[{"nombresCliente":"Canario Amarillo","totalFactura":14.98}]}"#;

/// Opens the screen, and has the feed do what that asks for.
async fn open(console: &mut Console) {
    for effect in update(&mut console.state, Event::Action(Action::Show(Screen::Bus))) {
        console.feed.run(effect).await;
    }
}

fn messages(state: &State) -> impl Iterator<Item = &domicilio::state::wire::tail::Raw> {
    state.wire.tail.iter().filter_map(|row: &Row| match &row.what {
        What::Message(raw) => Some(&**raw),
        What::Gap(_) => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_shows_what_was_published_and_nothing_personal() {
    let world = World::start().await;
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the first reading", |state| state.reading.ready).await;
    world.accept(1, PERSON).await;
    console.until("the order", |state| state.orders.get(&head(1).id()).is_some()).await;
    assert!(console.state.wire.tail.is_empty(), "nobody looked, nothing was copied");

    open(&mut console).await;
    let intake = world.accept(2, PERSON).await;
    world.queue(2, intake).await;
    world.store_record(&record(72)).await;
    world.bus.client.publish("domicilio.cmd.api-domicilio.any.inject", PERSON.into()).await.unwrap();
    world.bus.client.publish("domicilio.unheard.of", "Canario \u{1b}[31m".into()).await.unwrap();
    console.until("five copies", |state| messages(state).count() >= 5).await;
    let by_kind: BTreeMap<&str, &domicilio::state::wire::tail::Raw> =
        messages(&console.state).map(|raw| (raw.subject.split('.').nth(1).unwrap(), raw)).collect();
    let kinds: Vec<&str> = by_kind.keys().copied().collect();
    assert_eq!(kinds, ["cmd", "orders", "queues", "stores", "unheard"]);
    for (kind, raw) in &by_kind {
        let plain = matches!(raw.body, Body::Plain { .. });
        assert_eq!(plain, ["queues", "stores"].contains(kind), "{kind}: {:?}", raw.body);
    }
    let Body::Plain { head: bytes, .. } = &by_kind["stores"].body else { panic!("masked") };
    assert_eq!(bytes, &serde_json::to_vec(&record(72)).unwrap());
    let everything = format!("{:?}", console.state);
    assert!(!everything.contains("Canario") && everything.contains("14.98"));

    // The tree counts what came before anybody looked, and an order's code makes no subject.
    let orders = console.state.wire.subjects.get("domicilio.orders").unwrap();
    assert_eq!(orders.flow.messages, 2);
    let leaf = console.state.wire.subjects.get(&format!("domicilio.orders.ec.{}", StoreId(73))).unwrap();
    assert!(leaf.children.is_empty() && leaf.flow.messages == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_copied_is_counted() {
    const PUBLISHED: u64 = 3_000;
    let world = World::start().await;
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the first reading", |state| state.reading.ready).await;
    open(&mut console).await;
    for n in 0..PUBLISHED {
        world.bus.client.publish("domicilio.flood.x", n.to_string().into()).await.unwrap();
    }
    let accounted = |state: &State| -> u64 {
        state
            .wire
            .tail
            .iter()
            .map(|row| match row.what {
                What::Message(_) => 1,
                What::Gap(domicilio::state::wire::tail::Gap::Skipped(count)) => count,
                What::Gap(_) => 0,
            })
            .sum()
    };
    console.until("all of them", |state| accounted(state) >= PUBLISHED).await;
    assert_eq!(accounted(&console.state), PUBLISHED);
    assert!(messages(&console.state).count() < usize::try_from(PUBLISHED).unwrap(), "some were not copied");
    let flow = &console.state.wire.subjects.get("domicilio.flood.x").unwrap().flow;
    assert_eq!((flow.messages, console.state.traffic.meter.lost), (PUBLISHED, 0));
}

/// Opens the screen with the keys in the part that shows who is connected.
async fn open_clients(console: &mut Console) {
    open(console).await;
    while console.state.wire.pane != Pane::Clients {
        for effect in update(&mut console.state, Event::Action(Action::Pane)) {
            console.feed.run(effect).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_is_told_by_the_server() {
    let world = World::start().await;
    let subscriber = async_nats::ConnectOptions::new().name("informes\u{1b}[2J");
    let subscriber = subscriber.connect(world.server.url()).await.unwrap();
    let _ear = subscriber.subscribe("domicilio.>").await.unwrap();
    subscriber.flush().await.unwrap();
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the connection", |state| state.link.is_up()).await;
    open_clients(&mut console).await;
    let told = |state: &State| state.wire.clients.as_ref().and_then(|(_, clients)| clients.clone());
    console.until("the clients", |state| told(state).is_some()).await;
    let clients = told(&console.state).unwrap();
    let one = clients.list.iter().find(|client| client.name.starts_with("informes")).unwrap();
    assert!(!one.name.contains('\u{1b}'), "{:?}", one.name);
    assert_eq!((one.subscriptions, one.user.as_deref(), clients.cut), (1, None, false));
    assert!(one.library.starts_with("rust "), "{}", one.library);
    assert_eq!(one.key.0, world.bus.client.server_info().server_name);
    assert!(clients.list.iter().any(|client| client.name == "test"), "{clients:?}");
    assert_eq!(console.state.wire.client_table.total, clients.list.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_who_is_connected_is_told_so_and_does_not_ask_again() {
    let world = crate::access::world(&format!("{{ publish: {{ deny: [\"{}\"] }} }}", subject::CONNECTIONS)).await;
    let mut console = Console::start(&crate::access::ops(&world)).await;
    console.until("the connection", |state| state.link.is_up()).await;
    open_clients(&mut console).await;
    console.until("no answer", |state| state.wire.clients.as_ref().is_some_and(|(_, told)| told.is_none())).await;
    console.until("the denial", |state| state.access.may_not_publish(subject::CONNECTIONS).is_some()).await;
    let later = console.state.now.plus_millis(60_000);
    let effects = update(&mut console.state, Event::Tick(later));
    assert!(effects.contains(&Effect::ReadServer) && !effects.contains(&Effect::ReadClients), "{effects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_streams_are_as_the_server_has_them() {
    let world = World::start().await;
    for n in 0..7 {
        let intake = world.accept(n, b"{}").await;
        world.queue(n, intake).await;
    }
    let queues = world.bus.js.get_stream(stream::QUEUES.name).await.unwrap();
    let config = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("reads".to_owned()),
        filter_subject: subject::queue(StoreId(72)),
        ..Default::default()
    };
    let consumer = queues.create_consumer(config).await.unwrap();
    let mut taken = consumer.fetch().max_messages(3).messages().await.unwrap();
    for _ in 0..3 {
        let _unacknowledged = taken.next().await.unwrap().unwrap();
    }

    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the connection", |state| state.link.is_up()).await;
    open(&mut console).await;
    console.until("the server's account", |state| state.wire.server.is_some()).await;
    for spec in stream::ALL {
        let extent = bus::read::extent(&world.bus.js, spec.name).await.unwrap();
        let shown = console.state.wire.stream(spec.name).unwrap();
        assert_eq!((shown.messages, shown.made), (extent.messages, extent.made), "{}", spec.name);
        assert_eq!(shown.last.map(|mark| mark.sequence), (extent.last > 0).then_some(extent.last), "{}", spec.name);
        assert_eq!(shown.first.map(|mark| mark.sequence), (extent.messages > 0).then_some(extent.first));
        assert_eq!((shown.refuses, &shown.subjects[..]), (spec.refuse_when_full, &[spec.subject.to_owned()][..]));
    }
    let consumers = console.state.wire.stream(stream::QUEUES.name).unwrap().consumers.clone().unwrap();
    let reads = consumers.iter().find(|consumer| consumer.name == "reads").unwrap();
    assert_eq!((reads.ack_pending, reads.pending, reads.redelivered), (3, 1, 0));
    let account = console.state.wire.account().unwrap();
    let info = world.bus.client.server_info();
    assert_eq!((&account.server, &account.version), (&info.server_name, &info.version));
    assert!(account.round_trip_us.is_some() && account.payload_max == 1_048_576);
}
