//! The console's state with as much in it as is asked for, made by the console's own `update`. No I/O.

use contract::UtcMs;
use domicilio::event::{Event, Fact, History, LinkChange, Part};
use domicilio::state::{Lang, State};
use domicilio::update::update;

use crate::traffic;

mod around;

/// Columns and rows of the screen that it is drawn on.
pub const SIZE: (u16, u16) = (200, 60);

/// A moment; the figures do not depend on it.
pub fn now() -> UtcMs {
    UtcMs::from_millis(1_795_485_857_000)
}

pub use crate::publisher::STORES;

/// Facts that one event brings while the state is filled.
const CHUNK: usize = 5_000;

/// Connected, every store read, so many orders read, and around them whatever else is kept. At least one order of each
/// store: some of the first ones are told besides as what waits.
pub fn state(orders: u32) -> anyhow::Result<State> {
    let mut state = State::new(now(), Lang::Es, 1);
    let (server, version, address) = ("n1".into(), "2.15.1".into(), "127.0.0.1:4222".into());
    update(&mut state, Event::Link(LinkChange::Connected { at: now(), server, version, address }));
    update(&mut state, Event::Resized { width: SIZE.0, height: SIZE.1 });
    update(&mut state, Event::History(History::Began));
    let stores = (0..STORES).map(|number| {
        Ok(Fact::Store { record: traffic::record(number, "http://127.0.0.1:9", now())?, revision: Some(1) })
    });
    read(&mut state, Part::Stores, stores.collect::<anyhow::Result<_>>()?);
    let lives = facts(0..orders, now().plus_millis(-60_000))?;
    for chunk in lives.chunks(CHUNK) {
        read(&mut state, Part::Orders, chunk.to_vec());
    }
    update(&mut state, Event::History(History::Ready { since: None }));
    around::fill(&mut state, orders, now())?;
    anyhow::ensure!(state.orders.len() == usize::try_from(orders)?, "{} orders in state", state.orders.len());
    Ok(state)
}

/// What comes in a second besides orders: heartbeats, depths of queues, counts by subject.
pub fn second(at: UtcMs) -> anyhow::Result<Vec<Event>> {
    around::second(at)
}

fn read(state: &mut State, part: Part, facts: Vec<Fact>) {
    update(state, Event::History(History::Read { part, facts, done: 1, total: 1 }));
}

/// What the console reads of these orders, accepted at `at`; one in ten still waits.
pub fn facts(numbers: std::ops::Range<u32>, at: UtcMs) -> anyhow::Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for number in numbers {
        let life = traffic::life(number, STORES, at)?;
        let told = if number.is_multiple_of(10) { 2 } else { life.len() };
        facts.extend(life.iter().take(told).filter_map(|message| traffic::fact(message, at)));
    }
    Ok(facts)
}
