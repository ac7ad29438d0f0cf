//! An evening of the console by a clock of its own: traffic, heartbeats, changes of stores, screens and frames, as fast as
//! the machine can. No I/O but what it tells of itself.

use async_nats::Message;
use contract::event::{EventKind, FailReason};
use contract::heartbeat::{ApiLoad, DistribuidorLoad, Heartbeat, Load, ResolverLoad, RunState};
use contract::store::StoreState;
use contract::{Cloud, Country, Service, UtcMs, VERSION};
use domicilio::action::Action;
use domicilio::event::{Count, Edit, Event, Fact, Heard, Meter, QueuesRead, Said};
use domicilio::state::log::Level;
use domicilio::state::{Screen, State};
use domicilio::term::Painter;
use domicilio::theme::{Depth, Ground, Theme};
use domicilio::update::update;
use domicilio::view::{Memory, draw};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::filled::{self, SIZE, STORES};
use crate::{part, process, traffic};

/// Orders a second: so many that the state is full within one and a half of eight hours, and has to forget.
pub const ORDERS_A_SECOND: u32 = 10;

/// Orders that are in its state at the beginning: one of each store.
const BEFORE: u32 = STORES;

/// One order in so many tries in vain at first.
const IN_VAIN: u32 = 50;

/// Seconds between two of each.
const FRAME: u32 = 10;
const CHANGE: u32 = 20;
const DEPTHS: u32 = 5;
const SCREEN: u32 = 60;

/// Stores that change, in turn: few enough that each does so many times in eight hours.
const CHANGING: u32 = 100;

/// What it looks like at a moment.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Look {
    /// Resident memory, in MiB.
    pub mib: f64,
    /// Orders in its state.
    pub orders: usize,
}

/// What it tells at its end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Lived {
    /// After an eighth of the time, after half of it, and at the end.
    pub looks: [Look; 3],
}

/// Lives through so many seconds.
pub async fn run(seconds: u32) -> anyhow::Result<()> {
    let _asked = part::ready().await?;
    part::tell(&tokio::task::block_in_place(|| live(seconds))?)
}

fn live(seconds: u32) -> anyhow::Result<Lived> {
    let mut evening = Evening::begin()?;
    let mut looks = [Look { mib: 0.0, orders: 0 }; 3];
    for (look, until) in looks.iter_mut().zip([seconds / 8, seconds / 2, seconds]) {
        while evening.second < until {
            evening.live_a_second()?;
        }
        *look = Look { mib: process::resident(std::process::id())?, orders: evening.state.orders.len() };
    }
    Ok(Lived { looks })
}

/// The console, and how late it is.
struct Evening {
    state: State,
    memory: Memory,
    painter: Painter,
    second: u32,
    meter: Meter,
}

impl Evening {
    fn begin() -> anyhow::Result<Self> {
        Ok(Self {
            state: filled::state(BEFORE)?,
            memory: Memory::new(Theme::new(Depth::True, Ground::Dark, false), TimeZone::UTC),
            painter: Painter::sized(SIZE.into())?,
            second: 0,
            meter: Meter::default(),
        })
    }

    /// Everything that one second brings. What the console would ask the bus for is not answered.
    fn live_a_second(&mut self) -> anyhow::Result<()> {
        self.second += 1;
        let second = self.second;
        let at = filled::now().plus_millis(i64::from(second) * 1_000);
        self.take(Event::Tick(at.plus_millis(-500)));
        self.take(Event::Tick(at));
        self.orders(at)?;
        let beats = heartbeats(second, at)?;
        self.take(Event::Live { facts: beats, meter: self.meter });
        if second.is_multiple_of(DEPTHS) {
            self.take(Event::Queues(QueuesRead { at, depths: Vec::new() }));
        }
        if second.is_multiple_of(CHANGE) {
            let (store, state) = change(second / CHANGE - 1);
            let mut record = traffic::record(store, "http://127.0.0.1:9", at)?;
            (record.state, record.changed_at) = (state, Some(at));
            let revision = Some(u64::from(STORES + second));
            self.take(Event::Live { facts: vec![Fact::Store { record, revision }], meter: self.meter });
        }
        if second.is_multiple_of(SCREEN) {
            self.wander(second / SCREEN, at);
        }
        if second.is_multiple_of(FRAME) {
            let (state, memory) = (&self.state, &mut self.memory);
            self.painter.paint(|frame| draw(state, memory, frame))?;
        }
        Ok(())
    }

    fn orders(&mut self, at: UtcMs) -> anyhow::Result<()> {
        let (mut facts, mut counts) = (Vec::new(), Vec::new());
        for number in (self.second - 1) * ORDERS_A_SECOND..self.second * ORDERS_A_SECOND {
            let life = traffic::life(BEFORE + number, STORES, at.plus_millis(-400))?;
            counts.extend(life.iter().map(count));
            let mut told: Vec<Fact> = life.iter().filter_map(|message| traffic::fact(message, at)).collect();
            if number.is_multiple_of(IN_VAIN)
                && let Some(step) = in_vain(told.last(), at)
            {
                // Between that it waits and how that ended.
                told.insert(told.len() - 1, step);
            }
            facts.extend(told);
        }
        let messages = u64::try_from(facts.len())?;
        self.meter.received += messages;
        self.meter.taken += messages;
        self.take(Event::Live { facts, meter: self.meter });
        self.take(Event::Heard(Heard { at, counts, ..Heard::default() }));
        Ok(())
    }

    /// Another screen, a filter written on it and taken back, a row opened and left, a warning.
    fn wander(&mut self, minute: u32, at: UtcMs) {
        let screens = Screen::ALL;
        let screen = screens.get(minute as usize % screens.len()).copied().unwrap_or(Screen::Overview);
        self.take(Event::Action(Action::Show(screen)));
        self.take(Event::Action(Action::Filter));
        self.take(Event::Edit(Edit::Insert('k')));
        self.take(Event::Edit(Edit::Submit));
        for action in [Action::Down, Action::Open, Action::Back, Action::Back, Action::Back] {
            self.take(Event::Action(action));
        }
        let (source, text) = ("bench".to_owned(), format!("minute {minute}"));
        self.take(Event::Said(Said { at, level: Level::Warning, source, text }));
    }

    fn take(&mut self, event: Event) {
        update(&mut self.state, event);
    }
}

/// Which store change `number` is about, and what it becomes: each is paused and resumed alternately.
const fn change(number: u32) -> (u32, StoreState) {
    let state = if (number / CHANGING).is_multiple_of(2) { StoreState::Paused } else { StoreState::Open };
    (number % CHANGING, state)
}

/// How the console's feed counts a message: an order by its store.
fn count(message: &Message) -> Count {
    let subject = message.subject.as_str();
    let store = subject.starts_with("domicilio.orders.").then(|| subject.rsplit_once('.')).flatten();
    let subject = store.map_or(subject, |(store, _)| store).to_owned();
    Count { subject, messages: 1, bytes: u64::try_from(message.length).unwrap_or(u64::MAX) }
}

/// The step that comes before the end of an order: an attempt that failed.
fn in_vain(ended: Option<&Fact>, at: UtcMs) -> Option<Fact> {
    let Fact::Ended(outcome) = ended? else { return None };
    let kind = EventKind::AttemptFailed {
        order: outcome.order.clone(),
        intake: outcome.intake,
        attempt: 1,
        attempts_max: 5,
        reason: FailReason::Timeout,
        detail: "no answer".to_owned(),
        took_ms: 4_000,
        retry_at: Some(at.plus_millis(50)),
    };
    Some(Fact::Step(contract::Event { v: VERSION, at: at.plus_millis(-1), by: outcome.by.clone(), kind }))
}

/// What two instances of each service say of themselves.
fn heartbeats(second: u32, at: UtcMs) -> anyhow::Result<Vec<Fact>> {
    let orders = u64::from(second * ORDERS_A_SECOND);
    let each = [
        (Service::Api, Load::Api(ApiLoad { accepted: orders, ..ApiLoad::default() })),
        (
            Service::Distribuidor,
            Load::Distribuidor(DistribuidorLoad { distributed: orders, ..DistribuidorLoad::default() }),
        ),
        (Service::Resolver, Load::Resolver(ResolverLoad { injected: orders, ..ResolverLoad::default() })),
    ];
    let mut facts = Vec::new();
    for (service, load) in each {
        for number in 1..=2 {
            let heartbeat = Heartbeat {
                v: VERSION,
                service,
                instance: format!("{service}-{number}").parse()?,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                cloud: "aws".parse::<Cloud>()?,
                country: Country::UNKNOWN,
                started_at: filled::now(),
                at,
                state: RunState::Running,
                trouble: None,
                stores_revision: None,
                load: load.clone(),
            };
            facts.push(Fact::Heartbeat { heartbeat, received_at: at });
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_store_that_changes_is_paused_and_resumed_alternately() {
        let of = |store| (0..3 * CHANGING).map(change).filter(move |change| change.0 == store).map(|change| change.1);
        for store in 0..CHANGING {
            let states: Vec<StoreState> = of(store).collect();
            assert_eq!(states, [StoreState::Paused, StoreState::Open, StoreState::Paused], "store {store}");
        }
    }
}
