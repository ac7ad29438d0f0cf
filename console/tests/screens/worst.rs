//! What must still be said when things are at their worst and room is short.

use contract::{InstanceId, UtcMs};
use domicilio::action::Action;
use domicilio::event::{Event, LinkChange, Meter, Outage};
use domicilio::state::{Lang, Screen, State};
use domicilio::text::said;

use crate::fixture::{self, act, busy, then};
use crate::paint;

fn rows(state: &State, (width, height): (u16, u16)) -> Vec<String> {
    paint::text(&paint::buffer(state, width, height, paint::theme()))
}

fn on(lang: Lang, screen: Screen) -> State {
    let mut state = busy(lang);
    act(&mut state, Action::Show(screen));
    state
}

/// `seconds` later, with live messages and without any new count of the queues.
fn later(state: &mut State, seconds: i64) {
    then(state, Event::Tick(UtcMs::from_millis(fixture::NOW_MS + 1_000 * seconds)));
}

/// Lost messages, unreadable ones, and a stretch without connection, all at once.
fn lossy(lang: Lang) -> State {
    let mut state = busy(lang);
    then(&mut state, Event::Link(LinkChange::Lost { at: fixture::at(9), why: Outage::Closed }));
    fixture::connected_at(&mut state, fixture::at(4));
    state.traffic.meter = Meter { received: 9_000, taken: 8_988, lost: 1_234 };
    state.traffic.unreadable = 3;
    state
}

#[test]
fn the_loss_is_shown_however_narrow_the_screen() {
    for (lang, word) in [(Lang::Es, "perdidos 1 234"), (Lang::En, "lost 1 234")] {
        for width in [40, 55, 80, 97, 120, 200] {
            let header = rows(&lossy(lang), (width, 24))[0].clone();
            assert!(header.contains(word), "{width}: {header}");
            assert!(header.contains("21:04:17 -05"), "{width}: {header}");
        }
    }
    let at_80 = rows(&lossy(Lang::Es), (80, 24))[0].clone();
    assert!(at_80.contains("conectado") && !at_80.contains('…'), "{at_80}");
    let at_200 = rows(&lossy(Lang::Es), (200, 24))[0].clone();
    assert!(at_200.contains("ilegibles 3") && at_200.contains("cortes 1, el último hace 4s"), "{at_200}");
}

#[test]
fn depths_that_cannot_be_counted_say_how_old_they_are() {
    let mut state = on(Lang::Es, Screen::Queues);
    later(&mut state, 3);
    let fresh = rows(&state, (80, 24)).join("\n");
    assert!(fresh.contains("3 Colas 45") && !fresh.contains("45?") && !fresh.contains("contado"), "{fresh}");
    later(&mut state, 12);
    for width in [40, 80, 120] {
        let old = rows(&state, (width, 24)).join("\n");
        assert!(old.contains("contado hace 12s"), "{width}\n{old}");
    }
    assert!(rows(&state, (80, 24))[1].contains("3 Colas 45?"));
    let english = {
        let mut state = on(Lang::En, Screen::Queues);
        later(&mut state, 12);
        rows(&state, (80, 24)).join("\n")
    };
    assert!(english.contains("counted 12s ago") && english.contains("45?"), "{english}");
}

#[test]
fn a_probe_is_not_counted_as_an_attempt() {
    let state = on(Lang::Es, Screen::Queues);
    let drawn = rows(&state, (80, 24)).join("\n");
    assert!(drawn.contains("sondeo en 18s") && !drawn.contains("int. "), "{drawn}");
    let wide = rows(&busy(Lang::En), (200, 60)).join("\n");
    assert!(wide.contains("probe in 18s"), "{wide}");
}

#[test]
fn the_head_of_a_dead_queue_waits_for_a_probe_and_a_time_that_passed_is_no_attempt() {
    let mut state = crate::snapshots::order_opened(Lang::Es);
    let before = rows(&state, (120, 40)).join("\n");
    assert!(before.contains("próximo sondeo del POS en 18s"), "{before}");
    later(&mut state, 30);
    let after = rows(&state, (120, 40)).join("\n");
    assert!(after.contains("toca sondear el POS") && !after.contains("intento en curso"), "{after}");
}

#[test]
fn pausing_the_distribuidor_that_hands_over_says_what_that_means() {
    let mut state = on(Lang::Es, Screen::Services);
    for (name, warned) in [("distribuidor-1", true), ("distribuidor-2", false)] {
        act(&mut state, Action::Top);
        let name: InstanceId = name.parse().unwrap();
        while state.service_table.current().is_none_or(|(_, instance)| *instance != name) {
            act(&mut state, Action::Down);
        }
        act(&mut state, Action::Pause);
        let drawn = rows(&state, (80, 24)).join("\n");
        assert!(drawn.contains("[ Cancelar ]"), "{drawn}");
        assert_eq!(drawn.contains("mientras esté en pausa nadie más lo hace."), warned, "{drawn}");
        act(&mut state, Action::Back);
    }
}

#[test]
fn at_eighty_columns_the_role_is_told_and_the_age_is_not_cut() {
    let services = rows(&on(Lang::Es, Screen::Services), (80, 24)).join("\n");
    assert!(services.contains("● activo") && services.contains("○ en espera"), "{services}");
    let overview = rows(&busy(Lang::Es), (80, 24)).join("\n");
    assert!(overview.contains("✖ GRAVE") && overview.contains("no responde · más viejo 9m56s · 41"), "{overview}");
}

#[test]
fn what_others_say_in_english_is_told_in_spanish() {
    let overview = rows(&busy(Lang::Es), (80, 24)).join("\n");
    assert!(overview.contains("local desconocido") && !overview.contains("store_u"), "{overview}");
    let mut state = busy(Lang::Es);
    let why = Outage::Refused("nats: IO error".to_owned());
    assert!(said::outage("nats: IO error").is_some());
    then(&mut state, Event::Link(LinkChange::Lost { at: fixture::at(0), why }));
    let banner = rows(&state, (80, 24))[2].clone();
    assert!(banner.contains("no se llega a NATS"), "{banner}");
}
