//! What a user may not see is said, and the rest goes on.

use bus::access::{Access, Login, Secret};
use bus::server::Server;
use bus::topology::{self, Profile};
use contract::{Service, StoreId, subject};
use domicilio::feed::Settings;
use domicilio::state::State;
use domicilio::state::link::PartState;

use crate::world::{Console, World, head, record};

/// `boss` may do everything, `ops` what `permissions` say.
pub(crate) async fn world(permissions: &str) -> World {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "server_name: nats-ec-1\nauthorization {{ users: [
            {{ user: boss, password: b }}, {{ user: ops, password: o, permissions: {permissions} }} ] }}"
    );
    let server = Server::start_configured(folder.path(), &settings).await.unwrap();
    let bus = bus::connect(&bus::Settings::new(server.url().replace("://", "://boss:b@"), "test")).await.unwrap();
    bus.up().await;
    topology::ensure(&bus.js, Profile { replicas: 1, storage_percent: 1 }).await.unwrap();
    World::on(server, bus, folder)
}

pub(crate) fn ops(world: &World) -> Settings {
    let mut settings = Settings::new(world.server.url());
    settings.target.access = Access { login: Login::User("ops".into(), Secret::new("o")), ..Access::default() };
    settings
}

fn denied(state: &State) -> String {
    format!("{:?}", state.access.denied)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_orders_is_told_so_and_sees_the_rest() {
    // Neither the whole nor the orders: the narrower subjects that are allowed are listened to one by one.
    let world = world(
        r#"{ publish: { deny: ["$JS.API.STREAM.INFO.ORDERS", "$JS.API.CONSUMER.CREATE.ORDERS.>", "domicilio.>"] },
             subscribe: { allow: ["domicilio.events.>", "domicilio.stores.>", "domicilio.outcomes.>",
                "domicilio.queues.>", "domicilio.invalid.>", "domicilio.services.>", "_INBOX.>"] } }"#,
    )
    .await;
    world.store_record(&record(72)).await;
    world.accept(1, b"{}").await;
    let mut console = Console::start(&ops(&world)).await;
    console.until("the end of the reading", |state| state.reading.ready).await;
    console
        .until("who we are", |state| {
            state.access.identity.as_ref().is_some_and(|known| known.user.as_deref() == Some("ops"))
        })
        .await;
    let state = &console.state;
    assert_eq!(state.reading.parts[&domicilio::event::Part::Orders], PartState::Denied);
    assert_eq!(state.reading.parts[&domicilio::event::Part::Stores], PartState::Done);
    assert_eq!(state.access.deaf_to("domicilio.orders.>"), Some("domicilio.orders.>"), "{}", denied(state));
    assert_eq!(state.access.blind_to("ORDERS"), Some("$JS.API.STREAM.INFO.ORDERS"), "{}", denied(state));
    for stream in ["QUEUES", "OUTCOMES", "EVENTS", "STORES", "INVALID"] {
        assert_eq!(state.access.blind_to(stream), None, "{}", denied(state));
    }
    assert_eq!((state.access.tls, state.orders.len()), (Some(false), 0));
    assert!(state.stores.get(StoreId(72)).is_some());

    // Live messages of the allowed subjects come, and the account of them adds up.
    let taken = state.traffic.meter.taken;
    world.store_record(&record(73)).await;
    world.queue(2, 2).await;
    let beat = subject::heartbeat(Service::Api, &"api-1".parse().unwrap());
    world.bus.client.publish(beat, "not JSON".into()).await.unwrap();
    console
        .until("live messages", |state| {
            state.stores.get(StoreId(73)).is_some()
                && state.orders.get(&head(2).id()).is_some()
                && state.traffic.unreadable == 1
        })
        .await;
    let meter = console.state.traffic.meter;
    assert_eq!((meter.lost, meter.taken - taken), (0, 3), "{meter:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withheld_in_silence_is_told_as_well() {
    // The server takes the broad subscription and leaves out what is denied, without a word.
    let world = world(r#"{ publish: { deny: "domicilio.>" }, subscribe: { deny: "domicilio.invalid.ec" } }"#).await;
    let mut console = Console::start(&ops(&world)).await;
    let told = |state: &State| state.access.deaf_to("domicilio.invalid.>") == Some("domicilio.invalid.ec");
    console.until("what is withheld", told).await;
    assert_eq!(console.state.access.deaf_to("domicilio.orders.>"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_may_not_send_itself_probes_is_connected_all_the_same() {
    let world = world(r#"{ publish: { allow: ["$JS.API.>", "$JS.ACK.>"] }, subscribe: { allow: [">"] } }"#).await;
    let mut console = Console::start(&ops(&world)).await;
    console.until("the connection", |state| state.link.is_up() && state.reading.ready).await;
    world.accept(1, b"{}").await;
    console.until("a live message", |state| state.orders.get(&head(1).id()).is_some()).await;
    // Nobody may ask who we are: then it is not known, and no reproach.
    assert_eq!(console.state.access.identity, None);
    assert!(!denied(&console.state).contains("$SYS"), "{}", denied(&console.state));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_and_sends_no_heartbeat_is_found() {
    use async_nats::service::ServiceExt as _;

    let world = World::start().await;
    let named = [("instance".to_owned(), "queue-resolver-9".to_owned()), ("cloud".to_owned(), "aws".to_owned())];
    let service = world.bus.client.service_builder().metadata(named.into());
    let _answers = service.start("queue-resolver", "0.1.0").await.unwrap();
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    let found = |state: &State| state.services.mute().any(|found| found.instance.as_str() == "queue-resolver-9");
    console.until("the silent instance", found).await;
    assert!(console.state.services.is_empty());
}
