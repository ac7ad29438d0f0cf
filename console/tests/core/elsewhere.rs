//! What a hand meets every day: the mouse, a filter given up, and going to another bus.

use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::{Edit, Event, Said};
use domicilio::state::dialog::{Button, Dialog};
use domicilio::state::log::Level;
use domicilio::state::pointing::{Mouse, Pointed, RowId, Spot};
use domicilio::state::wire::Pane;
use domicilio::state::{Opened, Screen, State};
use domicilio::update::update;

use crate::making::{accepted, at, console, head, live, store};

fn press(state: &mut State, action: Action) -> Vec<Effect> {
    update(state, Event::Action(action))
}

fn write(state: &mut State, text: &str) {
    for c in text.chars() {
        update(state, Event::Edit(Edit::Insert(c)));
    }
}

fn point(state: &mut State, pointed: Pointed) -> Vec<Effect> {
    update(state, Event::Pointed(pointed))
}

/// A console on the screen of orders, with twenty of them.
fn with_orders() -> State {
    let mut state = console();
    update(&mut state, live((0..20).map(accepted).collect()));
    press(&mut state, Action::Show(Screen::Orders));
    state
}

/// Types a command into the palette, and Enter.
fn command(state: &mut State, line: &str) -> Vec<Effect> {
    press(state, Action::Palette);
    write(state, line);
    update(state, Event::Edit(Edit::Submit))
}

#[test]
fn a_click_selects_the_row_that_was_drawn_wherever_it_is_by_now() {
    let mut state = with_orders();
    let aimed = head(7).id();
    update(&mut state, live((20..30).map(accepted).collect()));
    assert_eq!(point(&mut state, Pointed::Click(Spot::Row(RowId::Order(aimed.clone())))), []);
    assert_eq!(state.order_table.current(), Some(&aimed));
    // One that is no longer there selects nothing else.
    point(&mut state, Pointed::Click(Spot::Row(RowId::Order(head(99).id()))));
    assert_eq!(state.order_table.current(), Some(&aimed));
    point(&mut state, Pointed::Click(Spot::Tab(Screen::Stores)));
    assert_eq!(state.screen, Screen::Stores);
}

#[test]
fn the_wheel_moves_by_rows_and_scrolls_what_is_read() {
    let mut state = with_orders();
    point(&mut state, Pointed::WheelDown);
    assert_eq!(state.order_table.position(), Some(3));
    point(&mut state, Pointed::WheelUp);
    assert_eq!(state.order_table.position(), Some(0));
    press(&mut state, Action::Help);
    point(&mut state, Pointed::WheelDown);
    assert_eq!((state.scroll, state.order_table.position()), (3, Some(0)));
}

#[test]
fn the_mouse_acts_nowhere() {
    let mut state = console();
    press(&mut state, Action::Show(Screen::Stores));
    press(&mut state, Action::Inject);
    update(&mut state, Event::Edit(Edit::Submit));
    assert!(matches!(state.dialog, Some(Dialog::Confirm(_))));
    let before = state.clone();
    for pointed in [Pointed::Click(Spot::Tab(Screen::Log)), Pointed::WheelDown, Pointed::WheelUp] {
        assert_eq!(point(&mut state, pointed), []);
        assert_eq!(state, before, "a dialog is answered by keys");
    }
    let mut state = with_orders();
    press(&mut state, Action::Filter);
    let before = state.clone();
    point(&mut state, Pointed::Click(Spot::Tab(Screen::Log)));
    assert_eq!(state, before, "a field is left by keys");
}

#[test]
fn the_mouse_is_the_terminals_until_it_is_asked_for() {
    let mut state = console();
    assert_eq!(state.mouse, Mouse::Terminal);
    press(&mut state, Action::Mouse);
    assert_eq!(state.mouse, Mouse::Console);
    press(&mut state, Action::Mouse);
    assert_eq!(state.mouse, Mouse::Terminal);
}

#[test]
fn giving_up_the_writing_of_a_filter_brings_the_applied_one_back() {
    let mut state = with_orders();
    press(&mut state, Action::Filter);
    write(&mut state, "0007");
    update(&mut state, Event::Edit(Edit::Submit));
    assert_eq!(state.order_table.rows, [head(7).id()]);
    press(&mut state, Action::Filter);
    update(&mut state, Event::Edit(Edit::Clear));
    write(&mut state, "zzz");
    assert_eq!(state.order_table.rows, []);
    update(&mut state, Event::Edit(Edit::Cancel));
    assert_eq!((state.filter_text(), &state.order_table.rows[..]), ("0007", &[head(7).id()][..]));
    press(&mut state, Action::Back);
    assert_eq!((state.filter_text(), state.order_table.rows.len()), ("", 20));
}

#[test]
fn what_passes_a_filter_stands_in_the_order_of_all() {
    let mut state = with_orders();
    // Two of the same moment, so that the identity decides.
    let facts = [40_u32, 41].map(|n| {
        let mut order = head(n);
        order.received_at = at(0);
        domicilio::event::Fact::Accepted { head: order, intake: None, decision: None }
    });
    update(&mut state, live(facts.into()));
    let all: Vec<_> = state.orders.newest_first().map(|order| order.pass.head.id()).collect();
    let passing: Vec<_> = state.orders.passing(|_| true).iter().map(|order| order.pass.head.id()).collect();
    assert_eq!(passing, all);
}

#[test]
fn the_bus_of_the_start_is_offered_by_its_own_name() {
    let mut state = console();
    state.access.contexts = vec!["ec-prod".into()];
    state.access.start = Some("(--nats-url)".into());
    assert_eq!(command(&mut state, "ctx nats"), [Effect::Switch("(--nats-url)".into())]);
    let there =
        state.elsewhere(domicilio::state::access::Access { context: Some("ec-prod".into()), ..Default::default() });
    let names: Vec<&String> = there.access.elsewhere().collect();
    assert_eq!(names, ["ec-prod", "(--nats-url)"]);
}

#[test]
fn going_elsewhere_asks_first_while_something_is_under_way() {
    let mut state = console();
    state.access.contexts = vec!["ec-prod".into()];
    press(&mut state, Action::Show(Screen::Stores));
    press(&mut state, Action::Inject);
    update(&mut state, Event::Edit(Edit::Submit));
    press(&mut state, Action::FocusNext);
    assert!(matches!(press(&mut state, Action::Open)[..], [Effect::Intend(_)]));
    assert_eq!(state.under_way(), 1);
    for (focus, effects) in [(Button::Cancel, vec![]), (Button::Confirm, vec![Effect::Switch("ec-prod".into())])] {
        assert_eq!(command(&mut state, "ctx ec-prod"), []);
        let Some(Dialog::Switch(asked)) = &state.dialog else { panic!("{:?}", state.dialog) };
        assert_eq!(asked.focus, Button::Cancel, "Enter alone changes nothing");
        if focus == Button::Confirm {
            press(&mut state, Action::FocusNext);
        }
        assert_eq!(press(&mut state, Action::Open), effects);
        assert_eq!(state.dialog, None);
    }
}

#[test]
fn a_view_of_the_bus_keeps_its_part() {
    let mut state = console();
    press(&mut state, Action::Show(Screen::Bus));
    press(&mut state, Action::Pane);
    let view = state.as_view("mensajes".into());
    assert_eq!(view.pane, Pane::Tail);
    state.views.all = vec![view];
    press(&mut state, Action::Pane);
    press(&mut state, Action::Show(Screen::Orders));
    command(&mut state, "view mensajes");
    assert_eq!((state.screen, state.wire.pane), (Screen::Bus, Pane::Tail));
}

#[test]
fn what_this_program_warns_of_is_in_the_log_and_can_be_looked_for() {
    let mut state = console();
    update(&mut state, live(vec![domicilio::event::Fact::Store { record: store(74, "open"), revision: None }]));
    let said = |text: &str| {
        Event::Said(Said { at: at(5), level: Level::Error, source: "domicilio".into(), text: text.into() })
    };
    update(&mut state, said("no room for the log"));
    update(&mut state, said("no room for the log"));
    press(&mut state, Action::Show(Screen::Log));
    assert_eq!(state.log_table.rows.len(), 1, "a repeat of the same moment is one");
    for (filter, shown) in [("consola room", 1), ("domicilio", 1), ("instancia:domicilio", 1), ("orders", 0)] {
        press(&mut state, Action::Filter);
        update(&mut state, Event::Edit(Edit::Clear));
        write(&mut state, filter);
        update(&mut state, Event::Edit(Edit::Submit));
        assert_eq!(state.log_table.rows.len(), shown, "{filter}");
    }
    let entry = state.log.iter().last().unwrap();
    assert_eq!((entry.level(), entry.by(), entry.store()), (Level::Error, Some("domicilio"), None));
    assert!(!state.opened.iter().any(|opened| matches!(opened, Opened::Order(_))));
}
