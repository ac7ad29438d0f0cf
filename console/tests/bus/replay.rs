//! The past from a real server, and that nothing of the reading stays there.

use contract::stream;
use domicilio::action::Action;
use domicilio::event::{Edit, Event};
use domicilio::feed::Settings;
use domicilio::state::OrderState;
use domicilio::update::update;
use futures::StreamExt as _;

use crate::world::{Console, World, head, record};

async fn consumers(world: &World) -> Vec<String> {
    let mut names = Vec::new();
    for spec in stream::ALL {
        let stream = world.bus.js.get_stream(spec.name).await.unwrap();
        let mut consumers = stream.consumer_names();
        while let Some(name) = consumers.next().await {
            names.push(format!("{} {}", spec.name, name.unwrap()));
        }
    }
    names
}

async fn run(console: &mut Console, event: Event) {
    for effect in update(&mut console.state, event) {
        console.feed.run(effect).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_played_to_its_end_and_nothing_stays_on_the_server() {
    // More than one stretch of a stream.
    const ORDERS: u32 = 620;
    let world = World::start().await;
    world.store_record(&record(72)).await;
    for n in 0..ORDERS {
        let intake = world.accept(n, br#"{"cabecera":[{"nombresCliente":"Canario Amarillo"}]}"#).await;
        if n % 2 == 0 {
            world.end(n, intake).await;
        }
    }
    let before = consumers(&world).await;
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the first reading", |state| state.reading.ready).await;

    run(&mut console, Event::Action(Action::Palette)).await;
    for c in "from -5m".chars() {
        run(&mut console, Event::Edit(Edit::Insert(c))).await;
    }
    run(&mut console, Event::Edit(Edit::Submit)).await;
    assert!(console.state.replay.is_some());
    for _ in 0..3 {
        run(&mut console, Event::Action(Action::Faster)).await;
    }
    // The present goes on meanwhile.
    world.accept(ORDERS, b"{}").await;
    console
        .until("the end", |state| {
            let past = state.replay.as_ref().map(|replay| &replay.shown);
            let over = past.and_then(|past| past.playing.as_ref().map(|playing| playing.is_over(past.now)));
            over == Some(true) && state.orders.get(&head(ORDERS).id()).is_some()
        })
        .await;
    let past = &console.state.replay.as_ref().unwrap().shown;
    assert_eq!(past.orders.len(), usize::try_from(ORDERS).unwrap());
    let injected = past.orders.newest_first().filter(|order| order.state() == OrderState::Injected).count();
    assert_eq!(injected, usize::try_from(ORDERS / 2).unwrap());
    assert!(past.stores.get(contract::StoreId(72)).is_some() && past.traffic.unreadable == 0);
    assert!(past.orders.get(&head(ORDERS).id()).is_none(), "that was after the replay was asked for");
    assert_eq!(consumers(&world).await, before);
    assert!(!format!("{:?}", console.state).contains("Canario"));
}
