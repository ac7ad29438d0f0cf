//! What strangers write, through the real decoding, on every screen, as the bytes that a terminal would get.
//!
//! Each text of each kind of message carries every attack of the corpus in turn. What is then drawn must be printable, must
//! hold no sequence but our own, and must look in a terminal just as the screen buffer means it: so every column stands
//! where it belongs, whatever stands in its neighbours.

use std::collections::BTreeSet;

use contract::event::PosState;
use contract::order::Ending;
use contract::{StoreId, subject};
use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::{Answer, Edit, Event, Fact, Meter};
use domicilio::feed::decode::{Raw, decode};
use domicilio::state::{Lang, Screen, State};
use domicilio::term::encoder::Encoder;
use domicilio::update::update;
use domicilio::view::{Memory, draw};
use domicilio::{keys, mask, sanitise};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use serde_json::{Value, json};

use crate::attacks::{ATTACKS, BYTES, attack, json_with};
use crate::fixture::{self, at, busy, then};
use crate::snapshots::{SIZES, scenes};
use crate::{paint, wire};

/// Rows of each kind that carry attacks; as many as there are stores.
const ROWS: usize = 12;

/// Attacks are spread over this many states, [`ROWS`] in each.
pub(crate) const STATES: usize = ATTACKS.len().div_ceil(ROWS);

/// A message as it is published, read as the console reads it.
fn heard(subject: &str, headers: &[(&str, String)], body: &[u8]) -> Option<Fact> {
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    decode(&Raw { subject, header: &header, body, sequence: Some(5_000) }, at(0))
}

fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap()
}

/// Every kind of message with a text of a stranger's, each text another attack.
fn messages(row: usize, first: usize) -> Vec<Fact> {
    let text = |place: usize| attack(first + row + place * 5);
    let record = &fixture::stores()[row];
    let n = u32::try_from(row).unwrap();
    let head = fixture::head(200 + n, 30 + i64::from(n), record);
    let mut facts = Vec::new();
    let mut told = |subject: &str, header: Option<(&str, Value)>, body: &Value| {
        let headers: Vec<(&str, String)> = header.iter().map(|(name, value)| (*name, value.to_string())).collect();
        facts.extend(heard(subject, &headers, body.to_string().as_bytes()));
    };

    let mut store = value(record);
    for (field, place) in [("code", 0), ("name", 0), ("pos_url", 1), ("reason", 2), ("changed_by", 3)] {
        store[field] = text(place).into();
    }
    store["state"] = if row.is_multiple_of(2) { "paused" } else { "open" }.into();
    store["time_zone"] = if row.is_multiple_of(3) { text(4).into() } else { Value::Null };
    store["labels"] = json!({ text(0): text(1), "city": text(2) });
    store[format!("x{}", text(3))] = text(3).into();
    told(&subject::store(record.country, record.id), None, &store);

    let mut accepted = value(&head);
    accepted["total"] = json!({ "amount": 12.5, "currency": text(0) });
    accepted[text(1)] = text(2).into();
    told(&subject::order(&head), Some((contract::header::ORDER_HEAD, accepted.clone())), &json!(text(3)));
    accepted["code"] = text(0).into();
    told(&subject::order(&head), Some((contract::header::ORDER_HEAD, accepted.clone())), &json!({}));
    accepted["by"]["instance"] = text(0).into();
    told(&subject::order(&head), Some((contract::header::ORDER_HEAD, accepted)), &json!({}));

    let mut waiting = value(&fixture::entry(&head, 2_000 + u64::from(n)));
    waiting["order"]["total"] = json!({ "amount": 12.5, "currency": text(1) });
    told(&subject::queue(record.id), None, &waiting);

    let by = fixture::origin("queue-resolver-2", "azure");
    let failed = json!({
        "v": 1, "at": at(20), "by": by, "kind": "attempt_failed", "order": head, "intake": 2_000 + u64::from(n),
        "attempt": 1, "attempts_max": 5, "reason": text(2), "detail": text(0), "took_ms": 12,
    });
    let events = |kind: &str| format!("domicilio.events.{}.{}.{kind}", record.country, record.id);
    told(&events("attempt_failed"), None, &failed);
    let pos = json!({
        "v": 1, "at": at(19), "by": by, "kind": "pos", "country": record.country, "store": record.id,
        "state": PosState::Down, "detail": text(0),
    });
    told(&events("pos"), None, &pos);
    told(
        &events("pos"),
        None,
        &json!({ "v": 1, "at": at(18), "by": by, "kind": text(0), "country": record.country, "store": record.id }),
    );

    let reason = contract::event::FailReason::Refused;
    let ending = Ending::NotInjected { reason, detail: text(0).to_owned(), command: None };
    let other = fixture::head(300 + n, 90 + i64::from(n), record);
    let mut ended = value(&fixture::outcome(&other, 1_500 + u64::from(n), 1, 900, ending));
    told(&subject::outcome(record.country, record.id), None, &ended);
    ended["command"] = text(1).into();
    told(&subject::outcome(record.country, record.id), None, &ended);
    let decision = json!({
        "v": 1, "command": format!("c-{n}"), "by": "turno.noche", "reason": text(2), "at": at(10),
        "via": fixture::origin("api-domicilio-1", "aws"), "of": 1_500 + u64::from(n), "kind": "solved",
    });
    if row.is_multiple_of(4) {
        told(&subject::order(&other), Some((contract::header::DECISION, decision)), &json!(null));
    }

    let invalid = json!({
        "v": 1, "country": record.country, "store": record.id, "code": null, "format": "delivery", "at": at(i64::from(n)),
        "by": fixture::origin("api-domicilio-1", "aws"), "bytes": 912,
        "faults": [{ "code": text(0), "pointer": text(1), "message": text(2) }, { "code": text(3), "pointer": "", "message": text(0) }],
    });
    told(
        &format!("domicilio.invalid.{}", record.country),
        Some((contract::header::INVALID_HEAD, invalid)),
        &json!(text(4)),
    );

    let beat = fixture::heartbeats(0).into_iter().find_map(|fact| match fact {
        Fact::Heartbeat { heartbeat, .. } => Some(value(&heartbeat)),
        _ => None,
    });
    let mut beat = beat.unwrap();
    let instance = format!("api-domicilio-{}", 20 + n);
    beat["instance"] = instance.as_str().into();
    for (field, place) in [("version", 0), ("trouble", 1), ("state", 2)] {
        beat[field] = text(place).into();
    }
    beat["figures"]["listen"] = text(3).into();
    told(&format!("domicilio.services.api-domicilio.{instance}.heartbeat"), None, &beat);
    beat["cloud"] = text(0).into();
    told(&format!("domicilio.services.api-domicilio.{instance}.heartbeat"), None, &beat);

    for subject in [format!("domicilio.{}", text(0)), format!("domicilio.orders.ec.72.{}", text(0)), text(0).to_owned()]
    {
        told(&subject, Some((contract::header::ORDER_HEAD, json!(text(1)))), &json!(text(2)));
    }
    for (_, bytes) in BYTES {
        facts.extend(heard("domicilio.stores.ec.72", &[], &json_with(bytes)));
        facts.extend(heard(&sanitise::bytes(bytes, 80), &[], bytes));
    }
    facts
}

/// A busy evening in which everybody writes attacks, those from the `part`th dozen on.
pub(crate) fn attacked(lang: Lang, part: usize) -> State {
    let mut state = busy(lang);
    let meter = Meter { received: 30_000, taken: 30_000, lost: 0 };
    for row in 0..ROWS {
        then(&mut state, Event::Live { facts: messages(row, part * ROWS), meter });
    }
    state
}

/// A payload with attacks in keys and in the texts that are shown.
fn payload(first: usize) -> Vec<u8> {
    let lines: Vec<Value> = (0..ATTACKS.len())
        .map(|n| json!({ "product": attack(first + n), attack(n): attack(first + n), "store": { "name": attack(n), "code": attack(n) } }))
        .collect();
    json!({ "orderId": attack(first), "lines": lines, attack(first): null }).to_string().into_bytes()
}

/// Does `event` and what follows from it.
fn step(state: &mut State, event: Event, first: usize) {
    for effect in update(state, event) {
        if let Effect::FetchPayload(order) = effect {
            let payload = mask::mask(&payload(first));
            then(state, Event::Answer(Answer::Payload { order, payload }));
        }
    }
}

/// Everything that a person can look at from here: tables, details of their rows, details of those.
fn looks(mut state: State, first: usize, mut look: impl FnMut(&str, &State)) {
    for screen in Screen::ALL {
        step(&mut state, Event::Action(Action::Show(screen)), first);
        look(&format!("{screen:?}"), &state);
        let rows = state.row_counts().0.min(ROWS);
        for row in 0..rows {
            let (shown_on, depth) = (state.screen, state.opened.len());
            step(&mut state, Event::Action(Action::Open), first);
            if state.opened.len() > depth {
                look(&format!("{screen:?}, row {row}, opened"), &state);
                let opened = state.opened.len();
                step(&mut state, Event::Action(Action::Open), first);
                if state.opened.len() > opened {
                    look(&format!("{screen:?}, row {row}, opened twice"), &state);
                }
            }
            while state.opened.len() > depth {
                step(&mut state, Event::Action(Action::Back), first);
            }
            if state.screen != shown_on {
                step(&mut state, Event::Action(Action::Show(screen)), first);
            }
            step(&mut state, Event::Action(Action::Down), first);
        }
    }
}

/// The bytes for one frame, and what the frame is meant to be.
fn frame(state: &State, width: u16, height: u16) -> (Vec<u8>, Buffer) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut memory = Memory::new(paint::theme(), TimeZone::get("America/Guayaquil").unwrap());
    let meant = terminal.draw(|frame| draw(state, &mut memory, frame)).unwrap().buffer.clone();
    (Encoder::new().frame(&mut meant.clone(), None).text.into_bytes(), meant)
}

/// Checks one frame as a terminal gets it.
fn check(what: &str, state: &State, (width, height): (u16, u16)) {
    let (bytes, meant) = frame(state, width, height);
    let wire = wire::read(&bytes).unwrap_or_else(|fault| panic!("{what} at {width}x{height}: {fault}"));
    assert!(wire.characters > 0, "{what}: nothing was drawn");
    assert_eq!(wire.sequences.get("]52"), None, "{what}: only a person copies");
    let mut emulator = vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
    emulator.process(&bytes);
    for y in 0..height {
        let mut x = 0;
        while x < width {
            let symbol = meant[(x, y)].symbol();
            let shown = emulator
                .screen()
                .cell(y, x)
                .map_or(" ", |cell| if cell.has_contents() { cell.contents() } else { " " });
            // The emulator keeps each character by itself; the first one tells whether the cell is where it should be.
            let (meant_first, shown_first) = (symbol.chars().next(), shown.chars().next());
            assert_eq!(
                meant_first,
                shown_first,
                "{what} at {width}x{height}, row {y}, column {x}: {symbol:?} became {shown:?} in\n{}",
                emulator.screen().contents()
            );
            x += paint::width(&meant[(x, y)]);
        }
        assert_eq!(x, width, "{what} at {width}x{height}: row {y} is {x} columns wide");
    }
}

#[test]
fn no_text_of_a_stranger_becomes_anything_but_text_on_any_screen() {
    let mut seen = BTreeSet::new();
    for part in 0..STATES {
        let mut looked = 0;
        looks(attacked(Lang::Es, part), part * ROWS, |what, state| {
            // Tables at every size; details by turns, for there are many.
            let sizes = if what.contains(',') { &SIZES[looked % 3..=looked % 3] } else { &SIZES[..] };
            for size in sizes {
                check(what, state, *size);
            }
            seen.insert(
                what.split(", row").next().unwrap_or_default().to_owned()
                    + if what.contains("opened") { "+" } else { "" },
            );
            looked += 1;
        });
    }
    let details = seen.iter().filter(|what| what.ends_with('+')).count();
    assert!(seen.len() - details == Screen::ALL.len() && details >= 5, "{seen:?}");
}

#[test]
fn every_scene_is_sent_as_it_is_meant() {
    for (name, state) in scenes(Lang::Es).into_iter().chain(scenes(Lang::En)) {
        for size in SIZES {
            check(name, &state, size);
        }
    }
}

#[test]
fn what_is_pasted_into_a_field_is_harmless_too() {
    let evening = busy(Lang::Es);
    for (name, text) in ATTACKS {
        for prepare in [Action::Filter, Action::Inject] {
            let mut state = evening.clone();
            then(&mut state, Event::Action(Action::Show(Screen::Stores)));
            then(&mut state, Event::Action(prepare));
            for event in keys::paste(&state, text) {
                then(&mut state, event);
            }
            check(&format!("{name} pasted"), &state, SIZES[0]);
            then(&mut state, Event::Edit(Edit::Submit));
            check(&format!("{name} pasted and submitted"), &state, SIZES[0]);
        }
    }
}

/// The corpus would show nothing if its texts did not arrive.
#[test]
fn attacks_arrive_where_they_should() {
    let mut shown = String::new();
    looks(attacked(Lang::Es, 0), 0, |_, state| {
        let rows = paint::text(&paint::buffer(state, 200, 60, paint::theme()));
        shown.push_str(&rows.join("\n"));
    });
    for trace in
        ["a^@b", "^[[2J^[[H^[[31;1mrojo", "^[]52;c;Y3VybA==^G", "uno^Idos^Jtres^M^Jcuatro^M", "abc^?^?^?", "^[P$qm"]
    {
        assert!(shown.contains(trace), "{trace} is nowhere");
    }
    let state = attacked(Lang::Es, 0);
    assert!(state.traffic.unreadable >= u64::try_from(ROWS * 3).unwrap(), "{}", state.traffic.unreadable);
    assert!(state.stores.get(StoreId(24)).is_some_and(|store| store.record.extra.is_empty()));
}
