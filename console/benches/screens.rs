//! How long the console takes where somebody waits for it: `cargo bench -p domicilio`.
//!
//! As many orders as are ever kept and 2 000 stores: what one key in a filter costs (with its slowest twentieth), what
//! a batch of messages costs, and what it costs to draw each screen at 200x60.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures there")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use contract::order::{Channel, Digest, Ending, Format, Origin, Total};
use contract::store::StoreState;
use contract::{OrderHead, Outcome, QueueEntry, StoreId, StoreRecord, UtcMs, VERSION};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use domicilio::action::Action;
use domicilio::event::{Depth, Edit, Event, Fact, History, LinkChange, Meter, Part, QueuesRead};
use domicilio::state::orders::ORDERS_MAX;
use domicilio::state::{Lang, Screen, State};
use domicilio::theme::{Depth as Colours, Ground, Theme};
use domicilio::update::update;
use domicilio::view::{Memory, draw};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const STORES: u32 = 2_000;
fn now() -> UtcMs {
    UtcMs::from_millis(1_795_485_857_000)
}

fn store(n: u32) -> StoreRecord {
    let words = ["Norte", "Plaza", "Ñandú", "Río", "Almendros", "Andino", "Larga"];
    let country = ["ec", "co", "cl", "ve"][n as usize % 4];
    StoreRecord {
        v: VERSION,
        id: StoreId(n + 1),
        code: format!("K{n:04}"),
        name: format!("{} de {} {n}", words[n as usize % 7], words[n as usize % 5]),
        country: country.parse().unwrap(),
        pos_url: format!("http://127.0.0.1:9/pos/{n}"),
        time_zone: None,
        state: if n.is_multiple_of(50) { StoreState::Paused } else { StoreState::Open },
        reason: None,
        until: None,
        labels: [("city".to_owned(), "Ejemplo".to_owned())].into(),
        changed_at: Some(now()),
        changed_by: Some("ops:turno-1".to_owned()),
        extra: std::collections::BTreeMap::new(),
    }
}

fn by(instance: &str) -> Origin {
    Origin { instance: instance.parse().unwrap(), cloud: "aws".parse().unwrap() }
}

fn head(n: u32) -> OrderHead {
    let record = store(n % STORES);
    OrderHead {
        v: VERSION,
        country: record.country,
        store: record.id,
        code: format!("{:010}-{:06}", 900_000 + n, n).parse().unwrap(),
        channel: if n.is_multiple_of(3) { Channel::Pickup } else { Channel::Delivery },
        format: Format::Delivery,
        received_at: now().plus_millis(i64::from(n) * 100 - 6_000_000),
        by: by(&format!("api-domicilio-{}", n % 3)),
        total: Some(Total { amount: f64::from(n % 90), currency: Some("USD".to_owned()) }),
        lines: n % 7,
        loyalty: None,
        test: false,
        again: 0,
        sha256: Digest::of(&n.to_be_bytes()),
        bytes: 2_000,
    }
}

/// All that is told of an order: one in ten still waits, one in a hundred was not injected.
fn life(n: u32) -> Vec<Fact> {
    let order = head(n);
    let intake = u64::from(n) + 1;
    let entry = QueueEntry {
        v: VERSION,
        order: order.clone(),
        intake,
        queued_at: order.received_at,
        by: by("distribuidor-1"),
        term: 1,
    };
    let mut facts =
        vec![Fact::Accepted { head: order.clone(), intake: Some(intake), decision: None }, Fact::Queued(entry)];
    let ending = match n {
        n if n.is_multiple_of(10) => return facts,
        n if n.is_multiple_of(101) => Ending::NotInjected {
            reason: contract::event::FailReason::PosError,
            detail: "POS answered 503".to_owned(),
            command: None,
        },
        _ => Ending::Injected { already: false },
    };
    facts.push(Fact::Ended(Outcome {
        v: VERSION,
        intake,
        watermark: intake,
        queue_seq: intake,
        partition: order.store.partition(),
        epoch: 1,
        queued_at: order.received_at,
        queued_by: by("distribuidor-1"),
        attempts: 1,
        first_attempt_at: None,
        last_attempt_at: None,
        pos_ms: Some(12),
        at: order.received_at.plus_millis(400),
        by: by("queue-resolver-1"),
        ending,
        order,
    }));
    facts
}

fn meter() -> Meter {
    Meter::default()
}

/// As much as the console ever keeps.
fn full() -> State {
    let mut state = State::new(now(), Lang::Es, 1);
    let connected = LinkChange::Connected {
        at: now(),
        server: "n1".into(),
        version: "2.15.1".into(),
        address: "127.0.0.1:4222".into(),
    };
    update(&mut state, Event::Link(connected));
    update(&mut state, Event::Resized { width: 200, height: 60 });
    update(&mut state, Event::History(History::Began));
    let facts = (0..STORES).map(|n| Fact::Store { record: store(n), revision: Some(1) }).collect();
    update(&mut state, Event::History(History::Read { part: Part::Stores, facts, done: 1, total: 1 }));
    let orders = u32::try_from(ORDERS_MAX).unwrap();
    for first in (0..orders).step_by(5_000) {
        let facts = (first..(first + 5_000).min(orders)).flat_map(life).collect();
        update(&mut state, Event::History(History::Read { part: Part::Orders, facts, done: 1, total: 1 }));
    }
    let depths =
        (0..STORES).step_by(4).map(|n| Depth { store: StoreId(n + 1), depth: u64::from(n % 60) + 1, head: None });
    update(&mut state, Event::Queues(QueuesRead { at: now(), depths: depths.collect() }));
    update(&mut state, Event::History(History::Ready { since: None }));
    assert_eq!(state.orders.len(), ORDERS_MAX);
    state
}

fn show(state: &mut State, screen: Screen) {
    update(state, Event::Action(Action::Show(screen)));
}

/// One key after the other, as a person writes; the slowest twentieth is what a person notices.
fn keystrokes(state: &State) {
    for text in [
        "norte k0072",
        "estado:no_inyectado tienda:norte",
        "edad>5m intentos>=1 -pickup total>20",
        "/^9.*norte$/ nube:aws",
        "zzzzzz",
    ] {
        let mut state = state.clone();
        show(&mut state, Screen::Orders);
        update(&mut state, Event::Action(Action::Filter));
        let mut took: Vec<Duration> = Vec::new();
        for _ in 0..5 {
            for c in text.chars() {
                let began = Instant::now();
                black_box(update(&mut state, Event::Edit(Edit::Insert(c))));
                took.push(began.elapsed());
            }
            for _ in text.chars() {
                let began = Instant::now();
                black_box(update(&mut state, Event::Edit(Edit::Backspace)));
                took.push(began.elapsed());
            }
        }
        took.sort();
        let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
        println!(
            "keystroke over {ORDERS_MAX} orders, {text:?}: p50 {:?}, p95 {:?}, most {:?}",
            at(50),
            at(95),
            at(100)
        );
    }
}

fn all(criterion: &mut Criterion) {
    let state = full();
    keystrokes(&state);

    let mut group = criterion.benchmark_group("update");
    for screen in [Screen::Overview, Screen::Orders] {
        let mut shown = state.clone();
        show(&mut shown, screen);
        let mut n = u32::try_from(ORDERS_MAX).unwrap();
        group.bench_function(format!("batch of 512 new messages on {screen:?}"), |bencher| {
            let batch = || {
                let facts: Vec<Fact> = (n..n + 180).flat_map(life).take(512).collect();
                n += 180;
                facts
            };
            bencher.iter_batched(
                batch,
                |facts| update(&mut shown, Event::Live { facts, meter: meter() }),
                BatchSize::LargeInput,
            );
        });
    }
    let mut ticking = state.clone();
    let mut now = now();
    group.bench_function("tick", |bencher| {
        bencher.iter(|| {
            now = now.plus_millis(500);
            update(&mut ticking, Event::Tick(now))
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("draw 200x60");
    for screen in Screen::ALL {
        let mut shown = state.clone();
        show(&mut shown, screen);
        let theme = Theme::new(Colours::True, Ground::Dark, false);
        let mut memory = Memory::new(theme, TimeZone::UTC);
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
        group.bench_function(format!("{screen:?}"), |bencher| {
            bencher.iter(|| {
                terminal.draw(|frame| draw(&shown, &mut memory, frame)).unwrap();
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = all
}
criterion_main!(benches);
