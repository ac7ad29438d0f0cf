//! Order, columns and marks of tables.

use std::collections::BTreeSet;

use contract::heartbeat::RunState;
use contract::{OrderId, Service, StoreId};
use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::{Answer, Depth, Edit, Event, History, QueuesRead};
use domicilio::state::dialog::Dialog;
use domicilio::state::sort::{self, Key, Sort};
use domicilio::state::{Notice, Screen, State, Tone};
use domicilio::text::Msg;
use domicilio::update::update;
use proptest::prelude::*;

use crate::making::{accepted, at, console, ended, failed, head, heartbeat, live, queued, solved};

fn press(state: &mut State, actions: &[Action]) {
    for action in actions {
        // The screen of the bus asks for what it shows.
        let own = |effect: &Effect| matches!(effect, Effect::Tail(_) | Effect::ReadServer | Effect::ReadClients);
        let effects: Vec<Effect> = update(state, Event::Action(*action));
        assert!(effects.iter().all(own), "{effects:?}");
    }
}

/// Thirty orders: some injected, some not, some with attempts, the rest waiting.
fn evening() -> State {
    let mut state = console();
    let facts = (0..30).flat_map(|n| match n % 5 {
        0 => vec![accepted(n), queued(n), ended(n, 1, true)],
        1 => vec![accepted(n), queued(n), ended(n, 3, false)],
        2 => vec![accepted(n), queued(n), failed(n, 1), failed(n, 2)],
        3 => vec![accepted(n), queued(n)],
        _ => vec![accepted(n)],
    });
    update(&mut state, live(facts.collect()));
    update(&mut state, Event::History(History::Ready { since: None }));
    update(&mut state, Event::Tick(at(300_000)));
    state
}

#[test]
fn every_table_goes_through_its_orders_and_comes_round() {
    for screen in Screen::ALL {
        let mut state = evening();
        press(&mut state, &[Action::Show(screen)]);
        let keys = sort::keys(screen);
        for key in keys.iter().skip(1).chain(&keys[..1]) {
            press(&mut state, &[Action::Sort]);
            assert_eq!(state.table().sort(), Sort { key: *key, reversed: false }, "{screen:?}");
        }
        press(&mut state, &[Action::SortReverse]);
        assert!(state.table().sort().reversed);
    }
}

#[test]
fn rows_that_are_kept_from_before_are_those_that_would_be_made_anew() {
    let mut state = evening();
    let newest_first =
        |state: &State| -> Vec<OrderId> { state.orders.newest_first().map(|order| order.pass.head.id()).collect() };
    press(&mut state, &[Action::Show(Screen::Orders)]);
    assert_eq!((&state.order_table.rows, state.order_table.total), (&newest_first(&state), 30));
    // News of known orders, a new one, and time.
    for (ms, (total, fact)) in
        (300_001..).zip([(30, queued(4)), (31, accepted(30)), (31, accepted(30)), (31, ended(9, 1, true))])
    {
        update(&mut state, live(vec![fact]));
        update(&mut state, Event::Tick(at(ms)));
        assert_eq!((&state.order_table.rows, state.order_table.total), (&newest_first(&state), total));
    }
    press(&mut state, &[Action::SortReverse]);
    let mut oldest_first = newest_first(&state);
    oldest_first.reverse();
    assert_eq!(state.order_table.rows, oldest_first);
    press(&mut state, &[Action::SortReverse, Action::Filter]);
    for edit in ["no_inyectado"].iter().flat_map(|text| text.chars()).map(Edit::Insert) {
        update(&mut state, Event::Edit(edit));
    }
    assert!(state.order_table.rows.len() < 31);
    update(&mut state, Event::Edit(Edit::Clear));
    assert_eq!(state.order_table.rows, newest_first(&state));
    press(&mut state, &[Action::Show(Screen::Overview)]);
    update(&mut state, live(vec![accepted(40)]));
    press(&mut state, &[Action::Show(Screen::Orders)]);
    assert_eq!(state.order_table.rows, newest_first(&state));
}

#[test]
fn unresolved_orders_can_come_first_and_the_most_attempts_too() {
    let mut state = evening();
    press(&mut state, &[Action::Show(Screen::Orders), Action::Sort]);
    assert_eq!(state.order_table.rows[0], head(1).id(), "not injected, the oldest");
    press(&mut state, &[Action::Sort, Action::Sort]);
    assert_eq!(state.order_table.sort.key, Key::Column(Msg::ColumnAttempts));
    let made = |state: &State, id: &OrderId| state.orders.get(id).unwrap().pass.attempts_made();
    let first = &state.order_table.rows[0];
    assert_eq!(made(&state, first), 3);
    assert_eq!(first, &head(26).id(), "of equals the newest");
    assert_eq!(made(&state, state.order_table.rows.last().unwrap()), 0, "nobody has told of any: last");
    press(&mut state, &[Action::SortReverse]);
    assert_eq!(made(&state, &state.order_table.rows[0]), 1);
    assert_eq!(made(&state, state.order_table.rows.last().unwrap()), 0, "not known comes last either way");
}

#[test]
fn the_selected_order_stays_selected_whatever_the_order_of_rows() {
    let mut state = evening();
    press(&mut state, &[Action::Show(Screen::Orders), Action::Down, Action::Down]);
    let chosen = state.order_table.current().cloned();
    for action in [Action::Sort, Action::SortReverse].repeat(9) {
        press(&mut state, &[action]);
        assert_eq!(state.order_table.current().cloned(), chosen);
    }
}

#[test]
fn the_palette_sorts_by_the_name_of_a_column_in_either_language() {
    for (line, key) in [
        ("sort intentos", None),
        ("sort int", Some(Msg::ColumnAttempts)),
        ("orden delay", Some(Msg::ColumnAge)),
        ("orden demora", Some(Msg::ColumnAge)),
    ] {
        let mut state = evening();
        press(&mut state, &[Action::Show(Screen::Orders), Action::Palette]);
        for c in line.chars() {
            update(&mut state, Event::Edit(Edit::Insert(c)));
        }
        update(&mut state, Event::Edit(Edit::Submit));
        let sorted = key.map_or(Key::Usual, Key::Column);
        assert_eq!((state.order_table.sort.key, state.dialog.is_some()), (sorted, key.is_none()), "{line}");
    }
}

#[test]
fn columns_are_hidden_and_shown_again_but_never_the_first() {
    let mut state = evening();
    press(&mut state, &[Action::Show(Screen::Orders), Action::Columns, Action::Mark]);
    assert_eq!(state.order_table.hidden, [Msg::ColumnStore]);
    press(&mut state, &[Action::Down, Action::Mark, Action::Up, Action::Mark]);
    assert_eq!(state.order_table.hidden, [Msg::ColumnState]);
    press(&mut state, &[Action::Top, Action::Mark]);
    assert_eq!(state.order_table.hidden, [Msg::ColumnState]);
    assert!(matches!(state.dialog, Some(Dialog::Columns(_))));
    press(&mut state, &[Action::Back]);
    assert_eq!(state.dialog, None);
    assert_eq!(state.case_table.hidden, [], "each table has its own");
}

#[test]
fn marks_are_set_one_by_one_or_all_and_escape_takes_them_before_the_filter() {
    let mut state = evening();
    press(&mut state, &[Action::Show(Screen::Orders), Action::Mark, Action::Mark]);
    let rows = state.order_table.rows.clone();
    assert_eq!(state.order_table.marked, rows[..2].iter().cloned().collect::<BTreeSet<_>>());
    assert_eq!(state.order_table.position(), Some(2));
    press(&mut state, &[Action::Up, Action::Mark]);
    assert_eq!(state.order_table.marked.len(), 1, "marked again: not marked");

    press(&mut state, &[Action::Filter]);
    for c in "estado:no_inyectado".chars() {
        update(&mut state, Event::Edit(Edit::Insert(c)));
    }
    update(&mut state, Event::Edit(Edit::Submit));
    press(&mut state, &[Action::MarkAll]);
    assert_eq!((state.order_table.rows.len(), state.order_table.marked.len()), (6, 7));
    assert_eq!(state.order_table.marked_shown(), 6, "one is hidden by the filter, and marked all the same");
    press(&mut state, &[Action::Back]);
    assert_eq!((state.order_table.marked.len(), state.filter_text()), (0, "estado:no_inyectado"));
    press(&mut state, &[Action::Back]);
    assert_eq!(state.filter_text(), "");
}

#[test]
fn a_mark_goes_with_its_order_and_that_is_said() {
    let mut state = evening();
    press(&mut state, &[Action::Show(Screen::NotInjected), Action::MarkAll]);
    assert_eq!(state.case_table.marked.len(), 6);
    update(&mut state, live(vec![solved(1), solved(6)]));
    assert_eq!(state.case_table.marked.len(), 4);
    let last = state.notices.shown.last().map(|posted| posted.notice.clone());
    assert_eq!(last, Some(Notice::MarksGone(2)));
}

#[test]
fn marks_of_an_opened_queue_end_with_it() {
    let mut state = evening();
    let store = head(3).store;
    let depths = vec![Depth { store, depth: 9, head: None }];
    update(&mut state, Event::Queues(QueuesRead { at: at(300_000), depths }));
    press(&mut state, &[Action::Show(Screen::Queues), Action::Open, Action::MarkAll]);
    let marked = state.entry_table.marked.len();
    assert!(marked > 0 && state.entry_table.marked.iter().all(|id| id.store == StoreId(73)));
    // Escape takes the marks first.
    press(&mut state, &[Action::Back]);
    assert_eq!((state.opened.len(), state.entry_table.marked.len()), (1, 0));
    press(&mut state, &[Action::MarkAll, Action::Show(Screen::Orders)]);
    update(&mut state, Event::Tick(at(301_000)));
    assert_eq!(state.entry_table.marked.len(), 0);
    assert!(state.notices.shown.is_empty(), "they were left, not lost");
}

#[test]
fn what_is_looked_at_is_copied_by_the_name_that_the_command_line_takes() {
    let mut state = evening();
    update(&mut state, live(vec![heartbeat(Service::Api, "api-1", RunState::Running, 300_000)]));
    let mut copied = |actions: &[Action]| {
        press(&mut state, actions);
        update(&mut state, Event::Action(Action::Copy))
    };
    let show = Action::Show;
    assert_eq!(copied(&[show(Screen::Orders)]), [Effect::Copy("71.A-0029".into())]);
    assert_eq!(copied(&[show(Screen::Stores)]), [Effect::Copy("K072".into())]);
    assert_eq!(copied(&[show(Screen::Stores), Action::Open]), [Effect::Copy("K072".into())]);
    assert_eq!(copied(&[show(Screen::Services)]), [Effect::Copy("api-1".into())]);
    assert_eq!(copied(&[show(Screen::Queues)]), [], "nothing waits: there is nothing to copy");
    assert_eq!(update(&mut state, Event::Action(Action::CopyDetail)), []);
    assert_eq!(update(&mut state, Event::Action(Action::Dump)), [Effect::Dump]);
    update(&mut state, Event::Answer(Answer::Dumped(Err("no room".into()))));
    update(&mut state, Event::Answer(Answer::Copied { count: 9, cut: true }));
    assert_eq!(state.notices.shown.iter().filter(|posted| posted.tone == Tone::Bad).count(), 2);
}

#[test]
fn a_filter_that_hides_the_selected_row_leaves_a_cursor() {
    let mut state = evening();
    press(&mut state, &[Action::Show(Screen::Orders), Action::Down, Action::Down]);
    let other = state.order_table.rows[7].clone();
    press(&mut state, &[Action::Filter]);
    for c in other.code.as_str().chars() {
        update(&mut state, Event::Edit(Edit::Insert(c)));
    }
    assert_eq!(state.order_table.current(), Some(&other));
}

#[test]
fn a_detail_has_nothing_to_filter_and_stays() {
    for key in [Action::Filter, Action::Search] {
        let mut state = evening();
        press(&mut state, &[Action::Show(Screen::Stores), Action::Open, key]);
        assert_eq!((state.opened.len(), state.filtering), (1, false), "{key:?}");
    }
}

fn enter(state: &mut State, line: &str) -> Vec<Effect> {
    press(state, &[Action::Palette]);
    for c in line.chars() {
        assert_eq!(update(state, Event::Edit(Edit::Insert(c))), []);
    }
    update(state, Event::Edit(Edit::Submit))
}

#[test]
fn a_view_brings_screen_filter_order_and_columns_back() {
    let mut state = evening();
    press(&mut state, &[Action::Show(Screen::Orders), Action::Columns, Action::Mark, Action::Back]);
    assert_eq!(enter(&mut state, "filter estado:error"), []);
    assert_eq!(enter(&mut state, "sort demora"), []);
    let saved = enter(&mut state, "save Mañana");
    let [Effect::SaveView(view)] = saved.as_slice() else { panic!("{saved:?}") };
    assert_eq!((view.name.as_str(), view.filter.as_str(), view.screen), ("Mañana", "estado:error", Screen::Orders));
    update(&mut state, Event::Answer(Answer::ViewSaved(Ok((view.name.clone(), vec![view.clone()])))));
    let rows = state.order_table.rows.clone();

    let mut other = evening();
    update(&mut other, Event::Views(Ok(vec![view.clone()])));
    assert_eq!(enter(&mut other, "vista manana"), []);
    assert_eq!((other.screen, other.dialog.is_none(), &other.order_table.rows), (Screen::Orders, true, &rows));
    assert_eq!((other.as_view("Mañana".into()), other.order_table.hidden.len()), (view.clone(), 1));
    assert_eq!(enter(&mut other, "view nobody"), []);
    assert!(other.dialog.is_some(), "it says why, and stays");
}

#[test]
fn views_that_could_not_be_read_are_not_overwritten() {
    let mut state = evening();
    update(&mut state, Event::Views(Err("line 3".into())));
    let said = state.notices.shown.last().map(|posted| posted.notice.clone());
    assert_eq!(said, Some(Notice::ViewsUnreadable("line 3".into())));
    assert_eq!(enter(&mut state, "save a"), []);
    assert!(state.dialog.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is sorted, turned round and marked while orders come and go: every row is there once, the marks are on
    /// orders that are there, and the selection is an id that was chosen.
    #[test]
    fn no_row_is_lost_or_doubled(steps in prop::collection::vec((0_u8..6, 0_u32..40), 1..40)) {
        let mut state = evening();
        press(&mut state, &[Action::Show(Screen::Orders)]);
        for (step, n) in steps {
            let fact = match step {
                0 => { press(&mut state, &[Action::Sort]); continue; }
                1 => { press(&mut state, &[Action::SortReverse]); continue; }
                2 => { press(&mut state, &[Action::Mark]); continue; }
                3 => accepted(n),
                4 => ended(n, 1, true),
                _ => ended(n, 2, false),
            };
            update(&mut state, live(vec![fact]));
            let rows: BTreeSet<&OrderId> = state.order_table.rows.iter().collect();
            prop_assert_eq!((rows.len(), state.order_table.rows.len()), (state.orders.len(), state.orders.len()));
            prop_assert!(state.order_table.marked.iter().all(|id| state.orders.get(id).is_some()));
        }
    }
}
