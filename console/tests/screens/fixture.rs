//! A deterministic evening: twelve invented stores, six instances, some sixty orders, a dead POS, a silent resolver, two
//! refused payloads, a test order. Everything goes through `update`, as it would from the bus.

use std::collections::BTreeMap;

use contract::counters::{Counts, Day, DayCounts, Places};
use contract::event::{EventKind, FailReason, PosState};
use contract::heartbeat::{ApiLoad, DistribuidorLoad, Head, Latency, Load, Owned, ResolverLoad, Role, RunState};
use contract::order::{Channel, Digest, Ending, Format, InvalidHead, Loyalty, Origin, Total};
use contract::store::StoreState;
use contract::{
    Event as BusEvent, Fault, Heartbeat, OrderHead, Outcome, Partition, QueueEntry, Service, StoreId, StoreRecord,
    UtcMs, VERSION,
};
use domicilio::action::Action;
use domicilio::event::{Answer, CountersRead, Depth, Event, Fact, History, LinkChange, Meter, Part, QueuesRead};
use domicilio::state::{Lang, State};
use domicilio::update::update;

/// 2026-11-23 21:04:17 in Guayaquil.
pub(crate) const NOW_MS: i64 = 1_795_485_857_000;

/// The store whose POS does not answer.
pub(crate) const DEAD: StoreId = StoreId(24);

pub(crate) fn at(seconds_ago: i64) -> UtcMs {
    UtcMs::from_millis(NOW_MS).plus_millis(-1_000 * seconds_ago)
}

/// Does `event`; effects are nobody's here.
pub(crate) fn then(state: &mut State, event: Event) {
    let _ = update(state, event);
}

pub(crate) fn act(state: &mut State, action: Action) {
    then(state, Event::Action(action));
}

/// Just started: nothing known, not connected.
pub(crate) fn started(lang: Lang) -> State {
    let mut state = State::new(at(0), lang, 7);
    state.access.operator = Some("turno.noche".parse().unwrap());
    state
}

pub(crate) fn connected_at(state: &mut State, at: UtcMs) {
    then(state, connected(at));
}

fn connected(at: UtcMs) -> Event {
    Event::Link(LinkChange::Connected {
        at,
        server: "nats-ec-1".to_owned(),
        version: "2.15.1".to_owned(),
        address: "127.0.0.1:4222".to_owned(),
    })
}

/// Connected, streams read to the end, and nothing in them.
pub(crate) fn empty(lang: Lang) -> State {
    let mut state = started(lang);
    connected_at(&mut state, at(0));
    then(&mut state, Event::History(History::Began));
    then(&mut state, Event::Queues(QueuesRead { at: at(0), depths: Vec::new() }));
    then(&mut state, Event::History(History::Ready { since: None }));
    state
}

/// Connected, streams half read.
pub(crate) fn reading(lang: Lang) -> State {
    let mut state = started(lang);
    connected_at(&mut state, at(0));
    then(&mut state, Event::History(History::Began));
    let facts =
        stores().into_iter().zip(1..).map(|(record, revision)| Fact::Store { record, revision: Some(revision) });
    let facts: Vec<Fact> = facts.collect();
    let total = facts.len() as u64;
    then(&mut state, Event::History(History::Read { part: Part::Stores, facts, done: total, total }));
    then(
        &mut state,
        Event::History(History::Read { part: Part::Orders, facts: Vec::new(), done: 1_200, total: 4_810 }),
    );
    then(&mut state, Event::History(History::Failed { part: Part::Events, why: "no answer within 5 s".to_owned() }));
    state
}

/// The evening as it stands.
pub(crate) fn busy(lang: Lang) -> State {
    let mut state = State::new(at(BEFORE), lang, 7);
    state.access.operator = Some("turno.noche".parse().unwrap());
    for event in evening(1) {
        then(&mut state, event);
    }
    state
}

/// So many seconds ago the evening begins.
pub(crate) const BEFORE: i64 = 600;

/// What is heard of the evening: what the streams hold, then the last forty seconds, with heartbeats and what passed by subject
/// every so many of them.
pub(crate) fn evening(beats_s: i64) -> Vec<Event> {
    let records = stores().into_iter().zip(11..);
    let facts = records.map(|(record, revision)| Fact::Store { record, revision: Some(revision) }).collect();
    let mut heard = vec![
        connected(at(BEFORE - 1)),
        Event::History(History::Began),
        Event::History(History::Read { part: Part::Stores, facts, done: 12, total: 12 }),
        Event::History(History::Read { part: Part::Orders, facts: history(), done: 60, total: 60 }),
        Event::History(History::Ready { since: None }),
    ];
    for second in (0..=40).rev() {
        let beats = if second % beats_s == 0 { heartbeats(second) } else { Vec::new() };
        heard.push(Event::Tick(at(second)));
        heard.push(Event::Live { facts: beats, meter: meter(second) });
        heard.push(Event::Queues(queues(second)));
        if second % beats_s == 0 {
            heard.push(Event::Heard(crate::the_bus::heard(second)));
        }
        if second == 30 {
            heard.push(Event::Live { facts: steps(), meter: meter(second) });
        }
        if second == 12 {
            heard.push(Event::Live { facts: vec![paused_store()], meter: meter(second) });
            let mut record = stores()[6].clone();
            pause(&mut record);
            let record = Ok((record, 31));
            heard.push(Event::Answer(Answer::Store { country: "co".parse().unwrap(), store: StoreId(303), record }));
        }
    }
    heard.push(Event::Answer(Answer::Counters(Ok(counters()))));
    heard
}

/// Counts of twenty-three days, the last one just begun.
fn counters() -> CountersRead {
    let count = |accepted: u64| Counts { accepted, injected: accepted - 2, not_injected: 2, ..Counts::default() };
    let hour = |day: u64| -> Places {
        let clouds = [("aws", 310 + day), ("azure", 120 + day), ("gcloud", 40 + day)];
        let clouds = clouds.map(|(cloud, accepted)| (cloud.parse().unwrap(), count(accepted)));
        [("ec".parse().unwrap(), clouds.into_iter().collect())].into()
    };
    let day = |back: i64| {
        let hours = if back == 0 { vec![1] } else { vec![3, 15, 22] };
        let hours = hours.into_iter().map(|at| (at, hour(back.unsigned_abs()))).collect();
        (Day::of(at(0)).plus_days(-back), DayCounts { v: VERSION, updated_at: at(3), hours, ..DayCounts::default() })
    };
    let days: BTreeMap<Day, DayCounts> = (0..23).map(day).collect();
    CountersRead { since: days.keys().next().copied(), written_at: Some(at(3)), days }
}

/// The same, with the connection lost twelve seconds ago.
pub(crate) fn stale(lang: Lang) -> State {
    let mut state = busy(lang);
    then(
        &mut state,
        Event::Link(LinkChange::Lost {
            at: at(0),
            why: domicilio::event::Outage::Refused("connection refused".to_owned()),
        }),
    );
    then(&mut state, Event::Tick(UtcMs::from_millis(NOW_MS + 12_000)));
    state
}

fn meter(second: i64) -> Meter {
    let received = u64::try_from(20_000 - 214 * second).unwrap();
    Meter { received, taken: received, lost: 0 }
}

fn store(id: u32, code: &str, name: &str, country: &str) -> StoreRecord {
    StoreRecord {
        v: VERSION,
        id: StoreId(id),
        code: code.to_owned(),
        name: name.to_owned(),
        country: country.parse().unwrap(),
        pos_url: format!("http://127.0.0.1:9000/pos/{id}"),
        time_zone: None,
        state: StoreState::Open,
        reason: None,
        until: None,
        labels: [("city".to_owned(), "Ejemplo".to_owned())].into(),
        changed_at: Some(at(7_200 + i64::from(id))),
        changed_by: Some("ops:turno-1".to_owned()),
        extra: std::collections::BTreeMap::new(),
    }
}

pub(crate) fn stores() -> Vec<StoreRecord> {
    let mut stores = vec![
        store(24, "K024", "El Norte", "ec"),
        store(72, "K072", "Plaza Ñandú", "ec"),
        store(73, "K073", "Mirador del Río", "ec"),
        store(80, "K080", "La Esquina de los Almendros Altos", "ec"),
        store(301, "B301", "Portal Andino", "co"),
        store(302, "B302", "Calle Larga", "co"),
        store(303, "B303", "El Dorado Viejo", "co"),
        store(501, "S501", "Costanera", "cl"),
        store(502, "S502", "Cerro Blanco", "cl"),
        store(503, "S503", "Estación Sur", "cl"),
        store(701, "C701", "Los Palos", "ve"),
        store(702, "C702", "Altamira Alta", "ve"),
    ];
    stores[9].state = StoreState::Disabled;
    stores[9].reason = Some("cerrado por obras".to_owned());
    stores
}

fn pause(record: &mut StoreRecord) {
    record.state = StoreState::Paused;
    record.reason = Some("sin gas".to_owned());
    record.until = Some(UtcMs::from_millis(NOW_MS + 1_800_000));
    record.changed_at = Some(at(12));
}

fn paused_store() -> Fact {
    let mut record = stores()[6].clone();
    pause(&mut record);
    Fact::Store { record, revision: None }
}

pub(crate) fn origin(instance: &str, cloud: &str) -> Origin {
    Origin { instance: instance.parse().unwrap(), cloud: cloud.parse().unwrap() }
}

/// The `n`th order, accepted `seconds_ago`.
pub(crate) fn head(n: u32, seconds_ago: i64, record: &StoreRecord) -> OrderHead {
    let delivery = !n.is_multiple_of(3);
    let currency = match record.country.as_str() {
        "co" => "COP",
        "cl" => "CLP",
        _ => "USD",
    };
    let amount = if currency == "USD" { 8.0 + f64::from(n) * 0.35 } else { 12_900.0 + f64::from(n) * 700.0 };
    OrderHead {
        v: VERSION,
        country: record.country,
        store: record.id,
        code: format!("{:010}-{:06}", 900_000 + n, 70_100 + n).parse().unwrap(),
        channel: if delivery { Channel::Delivery } else { Channel::Pickup },
        format: if delivery { Format::Delivery } else { Format::Pickup },
        received_at: at(seconds_ago).plus_millis(-i64::from(n % 7) * 130),
        by: if n.is_multiple_of(4) { origin("api-domicilio-2", "azure") } else { origin("api-domicilio-1", "aws") },
        total: (n != 9).then(|| Total { amount, currency: Some(currency.to_owned()) }),
        lines: 1 + n % 5,
        loyalty: (n.is_multiple_of(6)).then_some(if n.is_multiple_of(4) { Loyalty::Redeem } else { Loyalty::Accrue }),
        test: n == 55,
        again: 0,
        sha256: Digest::of(&n.to_be_bytes()),
        bytes: 1_800 + n,
    }
}

pub(crate) fn entry(head: &OrderHead, intake: u64) -> QueueEntry {
    QueueEntry {
        v: VERSION,
        order: head.clone(),
        intake,
        queued_at: head.received_at.plus_millis(34),
        by: origin("distribuidor-1", "aws"),
        term: 3,
    }
}

pub(crate) fn outcome(head: &OrderHead, intake: u64, attempts: u32, after_ms: i64, ending: Ending) -> Outcome {
    Outcome {
        v: VERSION,
        order: head.clone(),
        intake,
        watermark: intake,
        queue_seq: intake,
        partition: head.store.partition(),
        epoch: 2,
        queued_at: head.received_at.plus_millis(34),
        queued_by: origin("distribuidor-1", "aws"),
        attempts,
        first_attempt_at: Some(head.received_at.plus_millis(60)),
        last_attempt_at: Some(head.received_at.plus_millis(after_ms - 180)),
        pos_ms: Some(180),
        at: head.received_at.plus_millis(after_ms),
        by: origin("queue-resolver-1", if intake.is_multiple_of(2) { "aws" } else { "gcloud" }),
        ending,
    }
}

/// Sixty orders over the last ten minutes: most injected, two not, the dead store's waiting.
pub(crate) fn history() -> Vec<Fact> {
    let stores = stores();
    let mut facts = Vec::new();
    for n in 0_u32..60 {
        let record = &stores[(n as usize * 5) % 9];
        let seconds_ago = 596 - i64::from(n) * 10 + i64::from(n % 5) * 2;
        let head = head(n, seconds_ago, record);
        let intake = u64::from(n) + 1_001;
        facts.push(Fact::Accepted { head: head.clone(), intake: Some(intake), decision: None });
        if n == 59 {
            continue;
        }
        facts.push(Fact::Queued(entry(&head, intake)));
        let refused = |reason, detail: &str| Ending::NotInjected { reason, detail: detail.to_owned(), command: None };
        if n == 20 {
            let ending = refused(FailReason::Refused, "POS answered 422");
            facts.push(Fact::Ended(outcome(&head, intake, 1, 412, ending)));
        } else if n == 31 {
            let ending = refused(FailReason::PosError, "POS answered 503 five times");
            facts.push(Fact::Ended(outcome(&head, intake, 5, 31_400, ending)));
        } else if head.store != DEAD && n < 58 {
            let slow = n.is_multiple_of(11);
            let ended = outcome(
                &head,
                intake,
                if slow { 2 } else { 1 },
                if slow { 2_940 } else { 380 },
                Ending::Injected { already: n == 33 },
            );
            facts.push(Fact::Ended(ended));
        }
    }
    facts
}

fn failed(head: &OrderHead, number: u32, seconds_ago: i64, reason: FailReason, detail: &str, retry_in: i64) -> Fact {
    Fact::Step(BusEvent {
        v: VERSION,
        at: at(seconds_ago),
        by: origin("queue-resolver-2", "azure"),
        kind: EventKind::AttemptFailed {
            order: head.clone(),
            intake: 1_010,
            attempt: number,
            attempts_max: 5,
            reason,
            detail: detail.to_owned(),
            took_ms: if reason == FailReason::Timeout { 5_000 } else { 3 },
            retry_at: Some(at(seconds_ago).plus_millis(retry_in * 1_000)),
        },
    })
}

/// The dead store's first order fails again and again; its POS is called down; two payloads are refused.
fn steps() -> Vec<Fact> {
    let stores = stores();
    let first = dead_head();
    let invalid = |seconds_ago: i64, store: Option<u32>, faults: Vec<Fault>| {
        Fact::Invalid(InvalidHead {
            v: VERSION,
            country: "ec".parse().unwrap(),
            store: store.map(StoreId),
            code: store.map(|_| "0000900777-070777".parse().unwrap()),
            format: Format::Delivery,
            faults,
            at: at(seconds_ago),
            by: origin("api-domicilio-1", "aws"),
            bytes: 912,
        })
    };
    vec![
        failed(&first, 1, 585, FailReason::Timeout, "no answer within 5 s", 2),
        failed(&first, 2, 470, FailReason::Unreachable, "connection refused", 60),
        failed(&first, 3, 200, FailReason::Unreachable, "connection refused", 218),
        Fact::Step(BusEvent {
            v: VERSION,
            at: at(470),
            by: origin("queue-resolver-2", "azure"),
            kind: EventKind::Pos {
                country: stores[0].country,
                store: DEAD,
                state: PosState::Down,
                detail: "connection refused".to_owned(),
            },
        }),
        Fact::Step(BusEvent {
            v: VERSION,
            at: at(400),
            by: origin("queue-resolver-1", "aws"),
            kind: EventKind::Pos {
                country: stores[1].country,
                store: StoreId(72),
                state: PosState::Up,
                detail: "answers".to_owned(),
            },
        }),
        invalid(
            95,
            Some(72),
            vec![
                Fault::new("quantity_not_positive", "/detalle/0/cantidad", "cantidad must be greater than 0."),
                Fault::new("payments_short", "/formasPago", "The payments do not cover the total."),
            ],
        ),
        invalid(40, None, vec![Fault::new("store_unknown", "/cabecera/0/codRestaurante", "No such store.")]),
    ]
}

/// The head of the dead store's queue.
fn dead_head() -> OrderHead {
    head(0, 596, &stores()[0])
}

fn queues(second: i64) -> QueuesRead {
    let stores = stores();
    let depth = |record: &StoreRecord, depth: i64, head: Option<QueueEntry>| Depth {
        store: record.id,
        depth: u64::try_from(depth).unwrap(),
        head,
    };
    let dead = depth(&stores[0], 41 - second / 2, Some(entry(&dead_head(), 1_001)));
    let slow = depth(&stores[8], 3 + (second / 3) % 3, None);
    let last = head(58, 16, &stores[(58 * 5) % 9]);
    let fresh = depth(&stores[(58 * 5) % 9], 1, Some(entry(&last, 1_059)));
    QueuesRead { at: at(second), depths: vec![dead, slow, fresh] }
}

fn heartbeat(service: Service, instance: &str, cloud: &str, second: i64, load: Load) -> Fact {
    Fact::Heartbeat {
        heartbeat: Heartbeat {
            v: VERSION,
            service,
            instance: instance.parse().unwrap(),
            version: "0.1.0".to_owned(),
            cloud: cloud.parse().unwrap(),
            country: "zz".parse().unwrap(),
            started_at: at(11_040),
            at: at(second),
            state: if instance == "api-domicilio-2" { RunState::Paused } else { RunState::Running },
            trouble: None,
            stores_revision: match instance {
                "distribuidor-2" => None,
                "queue-resolver-2" => Some(22),
                _ => Some(if second > 12 { 22 } else { 31 }),
            },
            load,
        },
        received_at: at(second),
    }
}

pub(crate) fn heartbeats(second: i64) -> Vec<Fact> {
    let grown = |base: i64, per_second: i64| u64::try_from(base - second * per_second).unwrap();
    let latency = |p50: f64, p99: f64| Latency { p50_ms: Some(p50), p99_ms: Some(p99) };
    let api = |base, per_second, listen: &str| {
        Load::Api(ApiLoad {
            listen: listen.to_owned(),
            accepted: grown(base, per_second),
            repeated: 3,
            invalid: 2,
            in_flight: 1,
            latency: latency(4.2, 18.6),
            ..ApiLoad::default()
        })
    };
    let distribuidor = |role, distributed, lag| {
        let latency = if role == Role::Active { latency(6.1, 31.0) } else { Latency::default() };
        Load::Distribuidor(DistribuidorLoad { role, term: 3, distributed, lag, resolvers: 2, unowned: 0, latency })
    };
    let owned = |first: u8, step: u8| -> Vec<Owned> {
        Partition::all().filter(|p| p.number() % step == first).map(|partition| Owned { partition, epoch: 4 }).collect()
    };
    let dead = dead_head();
    let heads = |with: bool| {
        let head = Head {
            store: DEAD,
            code: dead.code.clone(),
            attempts: 3,
            depth: u32::try_from(41 - second / 2).unwrap(),
            next_at: Some(UtcMs::from_millis(NOW_MS + 18_000)),
            pos_down: true,
        };
        if with { vec![head] } else { Vec::new() }
    };
    let has_dead = |first: u8| DEAD.partition().number() % 2 == first;
    let resolver = |first: u8, base, per_second| {
        Load::Resolver(ResolverLoad {
            partitions: owned(first, 2),
            lanes: if has_dead(first) { 2 } else { 1 },
            waiting: if has_dead(first) { u64::try_from(44 - second / 2).unwrap() } else { 1 },
            in_flight: 1,
            injected: grown(base, per_second),
            not_injected: 2,
            failed_attempts: 9,
            replays: 0,
            heads: heads(has_dead(first)),
            latency: latency(182.0, 1_203.0),
        })
    };
    let mut facts = vec![
        heartbeat(Service::Api, "api-domicilio-1", "aws", second, api(14_210, 2, "10.0.0.5:8080")),
        heartbeat(Service::Api, "api-domicilio-2", "azure", second, api(4_120, 0, "10.0.0.6:8080")),
        heartbeat(
            Service::Distribuidor,
            "distribuidor-1",
            "aws",
            second,
            distribuidor(Role::Active, grown(18_300, 2), Some(1)),
        ),
        heartbeat(Service::Distribuidor, "distribuidor-2", "azure", second, distribuidor(Role::Standby, 0, None)),
        heartbeat(Service::Resolver, "queue-resolver-1", "aws", second, resolver(0, 9_020, 1)),
    ];
    // The other resolver has been silent for seven seconds.
    if second >= 7 {
        facts.push(heartbeat(Service::Resolver, "queue-resolver-2", "azure", second, resolver(1, 8_800, 1)));
    }
    facts
}
