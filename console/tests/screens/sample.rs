//! A recording that is kept beside these tests, and what scripts are told of it: `status --recording FILE --json` says what
//! the screens show, field by field.
//!
//! The recording is the evening of `fixture.rs`; `INSTA_UPDATE=always` writes it anew, as it does the snapshots.

use std::path::PathBuf;
use std::process::{Command, Output};

use contract::UtcMs;
use domicilio::action::Action;
use domicilio::dump;
use domicilio::event::{Event, Fact, History, LinkChange, Meter, Part};
use domicilio::recording::file::Reader;
use domicilio::recording::player::happen;
use domicilio::recording::{FORMAT, Header, Line, Recorded, Stop};
use domicilio::state::access::Identity;
use domicilio::state::replay::Speed;
use domicilio::state::{Lang, Screen, State};
use domicilio::theme::{Depth, Ground, Theme};
use domicilio::view::Memory;
use serde_json::Value;

use crate::fixture::{BEFORE, at, evening, then};

/// The screens by the names that `replay --screen` takes, in the order of [`Screen::ALL`].
const SCREENS: [&str; 8] = ["overview", "orders", "queues", "not-injected", "stores", "services", "bus", "log"];

/// Columns and rows that have room for everything.
const WIDE: (u16, u16) = (200, 60);

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/evening.jsonl"))
}

/// What was heard: the evening with a heartbeat every sixth second, who we are to the server, and something lost and something unreadable at
/// the very start.
fn heard() -> Vec<Event> {
    let identity = Identity { user: Some("ops-read".to_owned()), account: Some("EC".to_owned()), withheld: Vec::new() };
    let known = Event::Link(LinkChange::Known { tls: true, identity: Some(identity) });
    let odd = Fact::Unreadable { subject: "domicilio.orders.ec.72".to_owned(), why: "not JSON".to_owned() };
    let odd = Event::Live { facts: vec![odd], meter: Meter { received: 9, taken: 9, lost: 0 } };
    let mut heard = evening(6);
    for event in &mut heard {
        if let Event::Live { meter, .. } = event {
            (meter.lost, meter.taken) = (3, meter.received - 3);
        }
    }
    let read = |part| Event::History(History::Read { part, facts: Vec::new(), done: 0, total: 0 });
    let ready = heard.iter().position(|event| matches!(event, Event::History(History::Ready { .. }))).unwrap();
    heard.splice(ready..ready, Part::ALL.map(read));
    heard.splice(1..1, [known, odd]);
    heard
}

fn sample() -> String {
    let began_at = at(BEFORE);
    let context = Some("ec-prod".to_owned());
    let header = Header { recording: FORMAT, version: "0.1.0".into(), began_at, context, production: true };
    let mut text = header.write().unwrap();
    let mut now = began_at;
    let mut add = |at: UtcMs, heard: Recorded| text.push_str(&Line { at, heard }.write().unwrap());
    for event in heard() {
        if let Event::Tick(at) = event {
            now = at;
        } else if let Some(heard) = Recorded::of(&event) {
            add(now, heard);
        }
    }
    add(now, Recorded::End(Stop::Asked));
    text
}

fn state(lang: Lang) -> State {
    let (reader, until) = Reader::open(&path()).unwrap();
    let mut state = State::recorded(reader.header(), until, Speed::Most, lang);
    for line in reader {
        happen(line.unwrap()).for_each(|event| then(&mut state, event));
    }
    state
}

fn picture(state: &State, screen: Screen, (width, height): (u16, u16)) -> String {
    let mut state = state.clone();
    then(&mut state, Event::Resized { width, height });
    then(&mut state, Event::Action(Action::Show(screen)));
    let theme = Theme::new(Depth::None, Ground::Dark, false);
    dump::shot(&state, &mut Memory::new(theme, jiff::tz::TimeZone::UTC)).text
}

/// The real program, without a bus and without a terminal.
fn domicilio(lang: &str, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.env_clear().env("HOME", home.path()).env("TZ", "UTC").env("NO_COLOR", "1");
    command.env("LANG", format!("{lang}.UTF-8")).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn printed(lang: &str, arguments: &[&str]) -> String {
    String::from_utf8(domicilio(lang, arguments).stdout).unwrap()
}

#[test]
fn the_recording_is_the_evening() {
    let made = sample();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(path(), &made).unwrap();
    }
    assert!(std::fs::read_to_string(path()).unwrap() == made, "INSTA_UPDATE=always writes it anew");
}

/// Where a field of the JSON is to be seen.
enum Seen {
    /// On the row of a screen that has this name in it, as these words.
    Row(Screen, String, String),
    /// So many rows below that row, at its end.
    Below(Screen, &'static str, usize, String),
    /// It says that something is not so: that row has not these words.
    Without(Screen, String, &'static str),
    /// On no screen of a recording, and why that is right.
    #[expect(dead_code, reason = "said for whoever reads this")]
    Nowhere(&'static str),
}

/// A value of the JSON: its path without places of rows, the object it is in, and itself.
struct Leaf<'a> {
    path: String,
    inside: &'a Value,
    value: &'a Value,
}

fn leaves<'a>(value: &'a Value, inside: &'a Value, path: &str, found: &mut Vec<Leaf<'a>>) {
    match value {
        Value::Object(fields) => {
            for (name, below) in fields {
                leaves(below, value, format!("{path}.{name}").trim_start_matches('.'), found);
            }
        }
        Value::Array(items) if !items.is_empty() => items.iter().for_each(|item| leaves(item, inside, path, found)),
        _ => found.push(Leaf { path: path.to_owned(), inside, value }),
    }
}

/// How long before the JSON's `at` a time of it is, as ages are written on the screen.
fn age(status: &Value, then: &Value) -> String {
    let time = |value: &Value| value.as_str().unwrap().parse::<UtcMs>().unwrap();
    seconds(time(&status["at"]).since(time(then)) / 1_000)
}

fn seconds(count: i64) -> String {
    match (count / 3_600, count / 60 % 60, count % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// Where the screens show a field. One that nobody thought of has no place, and fails.
fn seen(status: &Value, leaf: &Leaf<'_>) -> Seen {
    let (top, name) = leaf.path.split_once('.').unwrap_or(("", &leaf.path));
    match top {
        "" | "connection" | "messages" | "streams" => of_the_bus(leaf, name),
        "attention" => of_the_list(status, leaf, name),
        "services" => of_a_service(status, leaf, name),
        "queues" => of_the_queues(leaf, name),
        _ => of_today(leaf, name),
    }
}

fn of_the_bus(Leaf { path, inside, value }: &Leaf<'_>, name: &str) -> Seen {
    let header = |words: String| Seen::Row(Screen::Overview, " DOMICILIO ".to_owned(), words);
    match name {
        "at" => header(format!("{} UTC", &text(value)[11..19])),
        "state" if *value == "up" => header("connected".to_owned()),
        "since" => Seen::Nowhere("told while it is away"),
        "context" | "server" | "address" => header(text(value)),
        "production" if *value == true => header("PRODUCTION".to_owned()),
        "read_only" if *value == true => header("[READ ONLY]".to_owned()),
        "version" => Seen::Nowhere("the Bus screen asks the server itself, which a recording has not"),
        "user" => header(format!("{}@{}", text(value), text(&inside["account"]))),
        "account" => header(format!("{}@{}", text(&inside["user"]), text(value))),
        "tls" if *value == true => header("TLS".to_owned()),
        "denied" if value.as_array().is_some_and(Vec::is_empty) => without("denied"),
        "orders_since" if value.is_null() => without("accepted since"),
        "complete" if *value == true => without("reading the bus"),
        _ if path.starts_with("streams.") && *value == "read" => without("reading the bus"),
        "received" => Seen::Nowhere("the header has its rate"),
        "lost" => header(format!("lost {value}")),
        "unreadable" => header(format!("unreadable {value}")),
        _ => panic!("{path} is {value}: where is it to be seen?"),
    }
}

/// Nowhere on the orders' screen, which would say so.
fn without(words: &'static str) -> Seen {
    Seen::Without(Screen::Orders, String::new(), words)
}

fn of_the_list(status: &Value, Leaf { path, inside, value }: &Leaf<'_>, name: &str) -> Seen {
    let subject = text(&inside["subject"]);
    let row = |words: String| Seen::Row(Screen::Overview, subject.clone(), words);
    let queue = |words: String| Seen::Row(Screen::Queues, subject.clone(), words);
    let instance = |words: &str| Seen::Row(Screen::Services, text(&inside["instance"]), words.to_owned());
    match (name, text(&inside["kind"]).as_str()) {
        ("severity", _) => row(if *value == "critical" { "✖ URGENT" } else { "▲ WARN" }.to_owned()),
        ("acknowledged", _) if *value == false => Seen::Without(Screen::Overview, subject, "seen"),
        ("subject" | "sentence", _) => row(text(value)),
        ("kind" | "store" | "service", _) => Seen::Nowhere("for scripts: the subject says it"),
        ("count", "not_injected") => {
            Seen::Row(Screen::NotInjected, "2 Orders".to_owned(), format!("4 Not inj. ✖{value}"))
        }
        ("oldest_order", _) => {
            let code = text(value).split_once('.').unwrap().1.to_owned();
            Seen::Row(Screen::NotInjected, code, age(status, &inside["since"]))
        }
        ("since", _) => row(format!("the oldest {} ago", age(status, value))),
        ("code", "queue") | ("name" | "depth", _) => queue(text(value)),
        ("country", _) => Seen::Row(Screen::Stores, text(&inside["name"]), text(value).to_uppercase()),
        ("oldest_age_s", _) => queue(seconds(number(value))),
        ("growth", _) => row(format!("+{value} in 30 s")),
        ("pos_down", _) if *value == true => queue("✖ down".to_owned()),
        ("heard_at", _) => instance(&age(status, value)),
        ("instance", "silent") => instance("✖ silent"),
        ("instance", "halted") => instance("▲ paused"),
        ("count", "invalid") => row(format!("{value} in {} min", number(&inside["within_s"]) / 60)),
        ("within_s", _) => row(format!("in {} min", number(value) / 60)),
        ("newest_at", _) => row(format!("the last {} ago", age(status, value))),
        ("code", "invalid") if *value == "store_unknown" => row("unknown store".to_owned()),
        (_, kind) => panic!("{path} of {kind} is {value}: where is it to be seen?"),
    }
}

fn of_a_service(status: &Value, Leaf { path, inside, value }: &Leaf<'_>, name: &str) -> Seen {
    let instance = text(&inside["instance"]);
    let row = |words: String| Seen::Row(Screen::Services, instance.clone(), words);
    match name {
        "service" => Seen::Nowhere("the instance's name says it"),
        "country" => Seen::Nowhere("an instance serves all countries"),
        "silent" if *value == true => row("✖ silent".to_owned()),
        "silent" => Seen::Without(Screen::Services, instance, "silent"),
        "state" if inside["silent"] == true => Seen::Nowhere("what it said last nobody knows to be so"),
        "instance" | "cloud" | "state" => row(text(value)),
        "heard_at" => row(age(status, value)),
        "trouble" if value.is_null() => Seen::Nowhere("there is none"),
        _ => panic!("{path} is {value}: where is it to be seen?"),
    }
}

fn of_the_queues(Leaf { path, value, .. }: &Leaf<'_>, name: &str) -> Seen {
    match name {
        "entries" => Seen::Row(Screen::Queues, "2 Orders".to_owned(), format!("3 Queues {value}")),
        "stores" => Seen::Row(Screen::Queues, "── Queues".to_owned(), format!("{value} of {value}")),
        // The oldest of all is the head of the first row.
        "oldest_age_s" => Seen::Row(Screen::Queues, "▸".to_owned(), seconds(number(value))),
        _ => panic!("{path} is {value}: where is it to be seen?"),
    }
}

fn of_today(Leaf { path, value, .. }: &Leaf<'_>, name: &str) -> Seen {
    let figure = |below, name: &str| Seen::Below(Screen::Overview, "Today", below, format!("{name} {value}"));
    match name {
        "from" => Seen::Nowhere("midnight"),
        "accepted" => figure(0, "accepted"),
        "injected" => figure(1, "injected"),
        "not_injected" => figure(2, "not inj."),
        "reinjected" | "solved" | "invalid" => Seen::Nowhere("for `counters`"),
        _ => panic!("{path} is {value}: where is it to be seen?"),
    }
}

/// Whether `row` has `words` in it, not as a part of a longer word or figure.
fn has(row: &str, words: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    row.match_indices(words)
        .any(|(at, _)| !part(row[..at].chars().next_back()) && !part(row[at + words.len()..].chars().next()))
}

#[test]
fn every_field_of_status_is_what_the_screens_show() {
    let (file, status) = (path(), ["status", "--json", "--recording"]);
    let printed = printed("en_US", &[&status[..], &[file.to_str().unwrap()]].concat());
    let status: Value = serde_json::from_str(&printed).unwrap();
    let state = state(Lang::En);
    let pictures = Screen::ALL.map(|screen| (screen, picture(&state, screen, WIDE)));
    let rows = |screen: Screen, name: &str| -> Vec<&str> {
        let (_, picture) = pictures.iter().find(|(other, _)| *other == screen).unwrap();
        let rows: Vec<&str> = picture.lines().filter(|row| row.contains(name)).collect();
        assert!(!rows.is_empty(), "{screen:?} has no {name}:\n{picture}");
        rows
    };
    let mut found = Vec::new();
    leaves(&status, &status, "", &mut found);
    let mut compared = 0;
    for leaf in &found {
        let told = format!("{} is {}", leaf.path, leaf.value);
        match seen(&status, leaf) {
            Seen::Row(screen, name, words) => {
                let rows = rows(screen, &name);
                assert!(rows.iter().any(|row| has(row, &words)), "{told}, not {words} on {screen:?}: {rows:#?}");
                compared += 1;
            }
            Seen::Below(screen, name, below, words) => {
                let (_, picture) = pictures.iter().find(|(other, _)| *other == screen).unwrap();
                let row = picture.lines().skip_while(|row| !has(row, name)).nth(below).unwrap();
                let (first, last) = words.rsplit_once(' ').unwrap();
                assert!(has(row, first) && row.trim_end().ends_with(&format!(" {last}")), "{told}: {row}");
                compared += 1;
            }
            Seen::Without(screen, name, words) => {
                let rows = rows(screen, &name);
                assert!(!rows.iter().any(|row| has(row, words)), "{told}, and {words} on {screen:?}: {rows:#?}");
                compared += 1;
            }
            Seen::Nowhere(_) => {}
        }
    }
    assert!(compared > 80, "{compared} of {}", found.len());
}

/// The rows of the JSON are those of the screen, in its order, in both languages.
#[test]
fn the_list_is_that_of_the_overview_row_by_row() {
    for (lang, locale) in [(Lang::Es, "es_EC"), (Lang::En, "en_US")] {
        let told = printed(locale, &["status", "--json", "--recording", path().to_str().unwrap()]);
        let told: Value = serde_json::from_str(&told).unwrap();
        let overview = picture(&state(lang), Screen::Overview, WIDE);
        let shown = overview.lines().skip(4).take_while(|row| !row.trim().is_empty());
        let shown: Vec<&str> = shown.collect();
        let told = told["attention"].as_array().unwrap();
        assert_eq!(shown.len(), told.len(), "{overview}");
        for (row, item) in shown.iter().zip(told) {
            for words in [text(&item["subject"]), text(&item["sentence"])] {
                assert!(has(row, &words), "{words}: {row}");
            }
        }
    }
}

#[test]
fn what_is_replayed_is_what_is_drawn_and_always_the_same() {
    let file = path();
    let state = state(Lang::Es);
    for (screen, name) in Screen::ALL.into_iter().zip(SCREENS) {
        for (width, height) in [(80, 24), WIDE] {
            let size = format!("{width}x{height}");
            let replay = ["replay", file.to_str().unwrap(), "--screen", name, "--size", &size];
            let first = printed("es_EC", &replay);
            assert_eq!(first, picture(&state, screen, (width, height)), "{name} {size}");
            assert_eq!(first, printed("es_EC", &replay), "{name} {size}");
        }
    }
}
