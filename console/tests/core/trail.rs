//! What people did, on the screen of what happened.

use domicilio::action::Action;
use domicilio::event::{Edit, Event, Fact};
use domicilio::feed::decode::{self, Raw};
use domicilio::state::log::Level;
use domicilio::state::{Lang, Screen, State};
use domicilio::text::{Msg, happened};
use domicilio::update::update;

use crate::making::{at, console, live};

/// What the bus tells of an action of `by`.
fn told(user: &str, by: &str, rest: &str) -> Fact {
    let body = format!(
        r#"{{"v":1,"id":"a-1","at":"{}","by":"{by}","operation":"reinject","reason":"POS repa\u001b[2Jred",{rest}}}"#,
        at(1_000)
    );
    let raw =
        Raw { subject: &format!("domicilio.audit.{user}"), header: &|_| None, body: body.as_bytes(), sequence: None };
    decode::decode(&raw, at(1_000)).unwrap()
}

fn sentences(state: &State) -> Vec<(Level, String)> {
    state.log.iter().map(|entry| (entry.level(), happened::sentence(Lang::En, &entry.what))).collect()
}

#[test]
fn what_anybody_did_is_told_with_how_it_came_out() {
    let mut state = console();
    let intent = told("ops-act", "ana", r#""kind":"intent","targets":["order:72.A-1"]"#);
    let outcome = told(
        "ops-act",
        "ana",
        r#""kind":"outcome","left_out":1,"results":[{"target":"order:72.A-1","result":"done"},
            {"target":"order:72.A-2","result":"skipped","code":"order_injected"}]"#,
    );
    update(&mut state, live(vec![intent.clone(), outcome.clone()]));
    // A repeat is the same.
    update(&mut state, live(vec![outcome, intent]));
    assert_eq!(
        sentences(&state),
        [
            (Level::Info, "ana begins reinject: 72.A-1 · POS repa^[[2Jred".to_owned()),
            (
                Level::Warning,
                "ana ended reinject: 3 items · 1 done, 1 skipped (order_injected) · POS repa^[[2Jred".to_owned()
            ),
        ]
    );
    let first = state.log.iter().next().unwrap();
    assert_eq!(first.order().map(|id| id.to_string()).as_deref(), Some("72.A-1"));
    assert_eq!((first.by(), first.store().map(|store| store.0)), (Some("ana"), Some(72)));
}

#[test]
fn a_person_is_found_by_a_filter() {
    let mut state = console();
    let intent = |by| told("ops-act", by, r#""kind":"intent","targets":["store:72"]"#);
    update(&mut state, live(vec![intent("ana"), intent("luis")]));
    state.screen = Screen::Log;
    for (filter, rows) in [("operador:ana", 1), ("operator=luis", 1), ("reinject", 2), ("-operador:/./", 0)] {
        update(&mut state, Event::Action(Action::Filter));
        update(&mut state, Event::Edit(Edit::Clear));
        for c in filter.chars() {
            update(&mut state, Event::Edit(Edit::Insert(c)));
        }
        update(&mut state, Event::Edit(Edit::Submit));
        assert_eq!(state.log_table.rows.len(), rows, "{filter}");
    }
}

#[test]
fn a_kind_of_a_later_version_is_told_as_such() {
    let mut state = console();
    update(&mut state, live(vec![told("x", "ana", r#""kind":"later""#)]));
    assert_eq!(sentences(&state)[0].1, format!("ana: {} · POS repa^[[2Jred", Lang::En.t(Msg::StepUnknown)));
}
