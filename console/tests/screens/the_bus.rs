//! The screen of the bus: what passes, what is tailed, what the server says.

use contract::{StoreId, UtcMs};
use domicilio::action::Action;
use domicilio::event::{Answer, Count, Edit, Event, Fact, Heard, Trouble};
use domicilio::mask;
use domicilio::state::replay::Stretch;
use domicilio::state::wire::Pane;
use domicilio::state::wire::clients::{Client, Clients, UNREAD_WARN};
use domicilio::state::wire::server::{Account, Consumer, Mark, Nodes, Retention, Server, Stream};
use domicilio::state::wire::tail::{Body, LINES_MAX, Raw};
use domicilio::state::{Lang, Screen, State};

use crate::fixture::{DEAD, NOW_MS, act, at, busy, head, history, stores, then};
use crate::snapshots::{LANGS, SIZES, check, check_all, check_small};

/// What passes in a second.
pub(crate) fn heard(second: i64) -> Heard {
    let mut counts = Vec::new();
    let mut pass = |subject: &str, messages: u64, each: u64| {
        counts.push(Count { subject: subject.to_owned(), messages, bytes: messages * each });
    };
    for (store, record) in stores().iter().enumerate() {
        let (country, id) = (record.country, record.id);
        let messages = u64::try_from((second + i64::try_from(store).unwrap()).rem_euclid(3)).unwrap();
        if messages > 0 {
            pass(&format!("domicilio.orders.{country}.{id}"), messages, 2_410);
            pass(&format!("domicilio.queues.{}.{id}", id.partition()), messages, 612);
            pass(&format!("domicilio.outcomes.{country}.{id}"), messages, 934);
        }
    }
    for instance in ["api-domicilio.api-domicilio-1", "queue-resolver.queue-resolver-1"] {
        pass(&format!("domicilio.services.{instance}.heartbeat"), 1, 640);
    }
    Heard { at: at(second), counts, ..Heard::default() }
}

fn stream(name: &str, subject: &str, messages: u64, bytes: u64) -> Stream {
    let mark = |sequence, seconds_ago| (messages > 0).then(|| Mark { sequence, at: at(seconds_ago) });
    Stream {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        messages,
        bytes,
        subject_count: messages.min(40),
        deleted: Some(0),
        first: mark(1_001, 86_400 * 9),
        last: mark(1_000 + messages, 2),
        made: at(86_400 * 30),
        retention: Retention::Limits,
        refuses: true,
        age_max_ms: Some(31 * 86_400_000),
        bytes_max: Some(2_147_483_648),
        messages_max: None,
        per_subject_max: None,
        replicas: 3,
        on_disk: true,
        nodes: Some(Nodes { leader: Some("nats-ec-2".to_owned()), others: 2, behind: 0 }),
        consumer_count: 0,
        consumers: Some(Vec::new()),
    }
}

/// What the server says.
pub(crate) fn server() -> Server {
    let consumer = |name: String, ack_pending| Consumer {
        name,
        pending: 0,
        ack_pending,
        redelivered: u64::from(ack_pending > 9),
        waiting: 1,
        delivered: 18_300,
        leader: Some("nats-ec-2".to_owned()),
    };
    let mut queues = stream("QUEUES", "domicilio.queues.*.*", 45, 27_540);
    queues.retention = Retention::WorkQueue;
    queues.age_max_ms = None;
    queues.consumers =
        Some((0..32).map(|n| consumer(format!("partition-{n:02}-4"), if n == 24 { 41 } else { n % 2 })).collect());
    queues.consumer_count = 32;
    let mut events = stream("EVENTS", "domicilio.events.*.*.*", 1_204, 611_000);
    events.refuses = false;
    events.nodes = Some(Nodes { leader: Some("nats-ec-3".to_owned()), others: 2, behind: 1 });
    let mut orders = stream("ORDERS", "domicilio.orders.*.*.*", 18_310, 44_127_100);
    // The server counts one, and did not show it.
    (orders.consumer_count, orders.consumers) = (1, None);
    let mut invalid = stream("INVALID", "domicilio.invalid.*", 0, 0);
    invalid.nodes = Some(Nodes { leader: None, others: 2, behind: 2 });
    let account = Account {
        server: "nats-ec-1".to_owned(),
        id: "NEXAMPLE".to_owned(),
        version: "2.15.1".to_owned(),
        address: "10.0.0.11:4222".to_owned(),
        cluster: Some("domicilio-ec".to_owned()),
        domain: None,
        connection: 41,
        own_address: "10.0.0.99".to_owned(),
        payload_max: 1_048_576,
        asks_who: true,
        wants_tls: false,
        leaving: false,
        others: vec!["10.0.0.12:4222".to_owned(), "10.0.0.13:4222".to_owned()],
        round_trip_us: Some(412),
    };
    let outcomes = stream("OUTCOMES", "domicilio.outcomes.*.*", 18_207, 17_005_338);
    let streams = vec![events, invalid, orders, outcomes, queues, stream("STORES", "domicilio.stores.*.*", 31, 14_100)];
    Server { account, streams, cut: false }
}

/// Who is connected, by the servers' word: a reader that does not keep up, and an operator's console.
fn clients(after: u64) -> Clients {
    let client = |number, name: &str, user: &str, unread, per_second: u64| Client {
        key: (format!("nats-ec-{}", number % 3 + 1), number),
        name: name.to_owned(),
        user: Some(user.to_owned()).filter(|user| !user.is_empty()),
        address: format!("10.0.1.{number}:50{number:03}"),
        library: if name.is_empty() { String::new() } else { "rust 0.49.1".to_owned() },
        since: at(9_000),
        idle_ms: 200,
        round_trip_us: (number != 9).then_some(400 * number),
        unread,
        sent: 1_000 + after * per_second,
        given: 500 + 2 * after * per_second,
        subscriptions: 4,
        rates: None,
    };
    let list = vec![
        client(4, "api-domicilio api-1", "api-domicilio", 0, 107),
        client(5, "distribuidor distribuidor-1", "distribuidor", 0, 214),
        client(6, "queue-resolver resolver-aws-1", "queue-resolver", 2_048, 53),
        client(7, "domicilio turno", "ops-act", 0, 1),
        client(8, "informes", "ops-read", 7 * UNREAD_WARN, 0),
        client(9, "", "", 0, 0),
    ];
    Clients::new(list, after > 0)
}

/// The clients, told twice.
pub(crate) fn connected(lang: Lang) -> State {
    let mut state = on(Pane::Clients)(lang);
    for after in [0, 2] {
        then(&mut state, Event::Answer(Answer::Clients(Some(clients(after)))));
        let later = state.now.plus_millis(2_000);
        then(&mut state, Event::Tick(later));
    }
    state
}

/// Nobody tells.
pub(crate) fn clients_untold(lang: Lang) -> State {
    let mut state = on(Pane::Clients)(lang);
    then(&mut state, Event::Answer(Answer::Clients(None)));
    state
}

fn raw(seconds_ago: i64, subject: String, fact: Option<Fact>, body: Body, bytes: u64) -> Raw {
    let headers = match fact {
        Some(Fact::Accepted { .. }) => vec![
            ("Domicilio-Head".to_owned(), Some("{\"v\":1,\"country\":\"ec\",\"store\":24}".to_owned())),
            ("Domicilio-Decision".to_owned(), None),
        ],
        _ => Vec::new(),
    };
    Raw { at: at(seconds_ago), subject, bytes, fact, headers, body }
}

/// An order, a heartbeat, and something that nobody knows.
fn messages() -> Vec<Raw> {
    let head = head(58, 16, &stores()[0]);
    let payload =
        br#"{"cabecera":[{"codigoApp":"0000900058-070158","nombresCliente":"Persona Ejemplo","totalFactura":28.3}]}"#;
    let order = Fact::Accepted { head: head.clone(), intake: None, decision: None };
    let store = stores()[1].clone();
    let body = serde_json::to_vec(&store).unwrap();
    let plain = Body::Plain { json: mask::open(&body, LINES_MAX), head: body.clone() };
    let unknown = Fact::Unreadable {
        subject: "domicilio.audit.somebody".to_owned(),
        why: "the subject is not of this version".to_owned(),
    };
    vec![
        raw(
            9,
            format!("domicilio.orders.ec.{DEAD}.{}", head.code),
            Some(order),
            Body::Personal(mask::mask(payload)),
            102,
        ),
        raw(6, "domicilio.cmd.api-domicilio.any.inject".to_owned(), None, Body::Personal(mask::mask(payload)), 102),
        raw(4, "domicilio.audit.somebody".to_owned(), Some(unknown), Body::Personal(Err(Trouble::NotJson(1, 1))), 9),
        raw(
            2,
            "domicilio.stores.ec.72".to_owned(),
            Some(Fact::Store { record: store, revision: None }),
            plain,
            u64::try_from(body.len()).unwrap(),
        ),
    ]
}

/// The screen of the bus with the keys in one of its parts, and some messages.
pub(crate) fn on(pane: Pane) -> impl Fn(Lang) -> State {
    move |lang| {
        let mut state = busy(lang);
        act(&mut state, Action::Show(Screen::Bus));
        then(&mut state, Event::Answer(Answer::Server(Ok(Box::new(server())))));
        let tail = Some("domicilio".to_owned());
        let mut one = Heard { at: at(2), tail: tail.clone(), kept: messages(), ..Heard::default() };
        let last = one.kept.split_off(3);
        one.skipped = 312;
        then(&mut state, Event::Heard(one));
        then(&mut state, Event::Heard(Heard { at: at(1), tail, kept: last, skipped: 0, lost: 7, counts: Vec::new() }));
        while state.wire.pane != pane {
            act(&mut state, Action::Pane);
        }
        state
    }
}

/// The tree with countries and stores unfolded.
pub(crate) fn unfolded(lang: Lang) -> State {
    let mut state = on(Pane::Subjects)(lang);
    for subject in ["domicilio.orders", "domicilio.orders.ec"] {
        state.wire.subject_table.selected = Some(subject.to_owned());
        act(&mut state, Action::Open);
    }
    state
}

pub(crate) fn order_message(lang: Lang) -> State {
    let mut state = on(Pane::Tail)(lang);
    act(&mut state, Action::Top);
    act(&mut state, Action::Open);
    state
}

pub(crate) fn store_message(lang: Lang) -> State {
    let mut state = on(Pane::Tail)(lang);
    act(&mut state, Action::Bottom);
    act(&mut state, Action::Up);
    act(&mut state, Action::Open);
    state
}

pub(crate) fn stream_opened(lang: Lang) -> State {
    let mut state = on(Pane::Server)(lang);
    state.wire.stream_table.selected = Some("QUEUES".to_owned());
    act(&mut state, Action::Open);
    state
}

/// The evening's beginning, played again and stopped.
pub(crate) fn replaying(lang: Lang) -> State {
    let mut state = busy(lang);
    state.zone = jiff::tz::TimeZone::get("America/Guayaquil").unwrap();
    act(&mut state, Action::Show(Screen::Orders));
    act(&mut state, Action::Palette);
    for c in "from 20:55 ".trim_end().chars() {
        then(&mut state, Event::Edit(Edit::Insert(c)));
    }
    then(&mut state, Event::Edit(Edit::Submit));
    let catalogue = stores().into_iter().map(|record| Fact::Store { record, revision: Some(11) }).collect();
    let facts = history().into_iter().map(|fact| (at(500), fact)).take(60).collect();
    let stretch = Stretch { catalogue, facts, known_to: at(240), rest: None };
    then(&mut state, Event::Answer(Answer::Replay { number: 1, read: Ok(stretch) }));
    act(&mut state, Action::Faster);
    then(&mut state, Event::Tick(UtcMs::from_millis(NOW_MS + 9_000)));
    act(&mut state, Action::Inject);
    state
}

/// Its scenes, by name.
pub(crate) fn scenes(lang: Lang) -> Vec<(&'static str, State)> {
    vec![
        ("bus-subjects", unfolded(lang)),
        ("bus-tail", on(Pane::Tail)(lang)),
        ("bus-server", on(Pane::Server)(lang)),
        ("bus-clients", connected(lang)),
        ("bus-clients-untold", clients_untold(lang)),
        ("bus-order", order_message(lang)),
        ("bus-store", store_message(lang)),
        ("bus-stream", stream_opened(lang)),
        ("replay", replaying(lang)),
    ]
}

#[test]
fn the_bus() {
    check_all("bus-subjects", unfolded);
    check_all("bus-tail", on(Pane::Tail));
    check_all("bus-server", on(Pane::Server));
    check_all("bus-clients", connected);
    check_small("bus-clients-untold", clients_untold);
}

#[test]
fn the_past() {
    check_all("replay", replaying);
}

#[test]
fn one_message_and_one_stream() {
    for lang in LANGS {
        check("bus-order", &order_message(lang), SIZES[0]);
        check("bus-store", &store_message(lang), SIZES[1]);
        check("bus-stream", &stream_opened(lang), SIZES[1]);
    }
}

#[test]
fn a_tail_that_is_left_and_taken_up_again_says_so() {
    let mut state = on(Pane::Tail)(Lang::Es);
    let kept = state.wire.tail.iter().len();
    act(&mut state, Action::Show(Screen::Orders));
    assert_eq!(state.wire.tail.told, None);
    then(&mut state, Event::Tick(UtcMs::from_millis(NOW_MS + 75_000)));
    act(&mut state, Action::Show(Screen::Bus));
    assert_eq!((state.wire.tail.told.as_deref(), state.wire.tail.iter().len()), (Some("domicilio"), kept + 1));
    let rows = crate::paint::text(&crate::paint::buffer(&state, 80, 24, crate::paint::theme())).join("\n");
    assert!(rows.contains("nadie miró durante 1m15s"), "{rows}");
}

#[test]
fn choosing_a_subject_follows_it_alone_and_late_copies_of_the_one_before_are_dropped() {
    let mut state = unfolded(Lang::En);
    let subject = format!("domicilio.orders.ec.{}", StoreId(72));
    state.wire.subject_table.selected = Some(subject.clone());
    let effects = domicilio::update::update(&mut state, Event::Action(Action::Tail));
    assert!(effects.contains(&domicilio::effect::Effect::Tail(Some(subject.clone()))), "{effects:?}");
    assert!(state.wire.tail.is_empty() && state.wire.pane == Pane::Tail);
    let late =
        Heard { at: at(0), tail: Some("domicilio".to_owned()), kept: messages(), skipped: 3, ..Heard::default() };
    then(&mut state, Event::Heard(late));
    assert!(state.wire.tail.is_empty());
    let right = Heard { at: at(0), tail: Some(subject), kept: messages(), ..Heard::default() };
    then(&mut state, Event::Heard(right));
    assert_eq!(state.wire.tail_table.rows.len(), 4);
}

#[test]
fn rows_that_are_held_stay_and_what_passes_meanwhile_is_counted() {
    use domicilio::state::wire::tail::{Gap, ROWS_MAX, What};
    for hold in [Action::Freeze, Action::Open] {
        let mut state = on(Pane::Tail)(Lang::Es);
        act(&mut state, Action::Top);
        act(&mut state, hold);
        let before = state.wire.tail.iter().len();
        let flood = || Heard {
            at: at(0),
            tail: Some("domicilio".to_owned()),
            kept: messages(),
            skipped: 1,
            ..Heard::default()
        };
        let (times, each) = (ROWS_MAX, messages().len() + 1);
        for _ in 0..times {
            then(&mut state, Event::Heard(flood()));
        }
        assert_eq!(state.wire.tail.iter().len(), before + 1, "{hold:?}");
        let last = state.wire.tail.iter().next_back().map(|row| row.what.clone());
        let counted = u64::try_from(times * each).unwrap();
        assert!(matches!(last, Some(What::Gap(Gap::Skipped(count))) if count == counted), "{hold:?}: {last:?}");
    }
}
