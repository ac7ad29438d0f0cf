//! What must hold of every screen at every size.

use contract::UtcMs;
use domicilio::action::Action;
use domicilio::event::{Event, Meter};
use domicilio::state::{Lang, Screen};
use domicilio::theme::{Depth, Ground, Theme};

use crate::fixture::{self, act, busy, stale, then};
use crate::snapshots::scenes;
use crate::{hostile, paint};

/// Every edge where something comes or goes, and some in between.
const WIDTHS: [u16; 18] = [1, 2, 5, 20, 39, 40, 41, 55, 79, 80, 97, 117, 118, 120, 149, 150, 200, 250];
const HEIGHTS: [u16; 10] = [1, 2, 9, 10, 13, 24, 33, 34, 60, 80];

#[test]
fn every_screen_draws_at_every_size() {
    for (name, state) in scenes(Lang::Es) {
        for width in WIDTHS {
            for height in HEIGHTS {
                let buffer = paint::buffer(&state, width, height, paint::theme());
                // A wide character whose second half would be off the screen would push the row.
                for y in 0..height {
                    let last = &buffer[(width - 1, y)];
                    assert_eq!(paint::width(last), 1, "{name} at {width}x{height}, row {y}");
                }
            }
        }
    }
}

#[test]
fn plain_ascii_is_plain_ascii_and_without_colours_there_are_none() {
    for (name, state) in scenes(Lang::En) {
        let buffer = paint::buffer(&state, 120, 40, Theme::new(Depth::None, Ground::Dark, true));
        for cell in buffer.content() {
            assert!(cell.symbol().is_ascii(), "{name}: {:?}", cell.symbol());
            let colours = (cell.fg, cell.bg);
            assert_eq!(colours, (ratatui::style::Color::Reset, ratatui::style::Color::Reset), "{name}");
        }
    }
}

/// Column of the screen where `title` begins in the row of names.
fn column_of(rows: &[String], title: &str) -> (usize, usize) {
    for (y, row) in rows.iter().enumerate() {
        if let Some(at) = row.find(title).filter(|_| row.trim_start().starts_with(['P', 'L'])) {
            return (row[..at].chars().count(), y);
        }
    }
    panic!("no column {title} in\n{}", rows.join("\n"));
}

#[test]
fn columns_line_up_whatever_the_names() {
    let cases: [(Screen, &str, &[&str]); 3] = [
        (Screen::Orders, "Estado", &["●", "◐", "▲", "✖", "○"]),
        (Screen::Queues, "POS", &["●", "✖", "–"]),
        (Screen::Stores, "Estado", &["●", "▲", "○"]),
    ];
    for part in 0..=hostile::STATES {
        let mut state = if part == 0 { busy(Lang::Es) } else { hostile::attacked(Lang::Es, part - 1) };
        for (screen, title, signs) in cases {
            act(&mut state, Action::Show(screen));
            for (width, height) in [(80, 24), (120, 40), (200, 60), (97, 30)] {
                let buffer = paint::buffer(&state, width, height, paint::theme());
                let (x, y) = column_of(&paint::text(&buffer), title);
                let table = match screen {
                    Screen::Orders => state.order_table.rows.len(),
                    Screen::Queues => state.queue_table.rows.len(),
                    _ => state.store_table.rows.len(),
                };
                let end = (y + 1 + table).min(usize::from(height) - 1);
                let mut seen = 0;
                for row in y + 1..end {
                    let cell = |x: usize| buffer[(u16::try_from(x).unwrap(), u16::try_from(row).unwrap())].symbol();
                    if cell(0) == "─" {
                        break;
                    }
                    assert!(signs.contains(&cell(x)), "{screen:?} {width}x{height} row {row}: {:?}", cell(x));
                    assert_eq!(cell(x - 1), " ", "{screen:?} {width}x{height} row {row}: a gap before the column");
                    seen += 1;
                }
                assert!(seen > 0, "{screen:?} {width}x{height}: no row was checked");
            }
        }
    }
}

#[test]
fn without_connection_no_section_claims_to_be_fresh() {
    for screen in Screen::ALL {
        let mut state = stale(Lang::Es);
        act(&mut state, Action::Show(screen));
        let rows = paint::text(&paint::buffer(&state, 120, 40, paint::theme()));
        assert!(rows.iter().any(|row| row.contains("SIN CONEXIÓN hace 12s")), "{screen:?}");
        assert!(rows.iter().any(|row| row.contains("── datos de hace 12s ──") || row.contains(" datos de hace 12s ─")));
    }
}

#[test]
fn what_is_unknown_is_never_a_zero() {
    let mut state = fixture::started(Lang::Es);
    for screen in Screen::ALL {
        act(&mut state, Action::Show(screen));
        let rows = paint::text(&paint::buffer(&state, 120, 40, paint::theme()));
        let body = rows[3..rows.len() - 1].join("\n");
        assert!(!body.contains('0') || screen == Screen::Overview && body.contains("10 s"), "{screen:?}\n{body}");
    }
}

#[test]
fn every_time_can_be_shown_in_utc() {
    let mut state = busy(Lang::Es);
    act(&mut state, Action::Show(Screen::Orders));
    act(&mut state, Action::Utc);
    let rows = paint::text(&paint::buffer(&state, 250, 40, paint::theme()));
    assert!(rows[0].contains("02:04:17 UTC"), "{}", rows[0]);
    assert!(rows.iter().any(|row| row.contains("2026-11-24 02:04:02 UTC")), "{}", rows.join("\n"));
    assert!(!rows.join("\n").contains(" -05") && !rows.join("\n").contains(" -03"), "{}", rows.join("\n"));
}

#[test]
fn drawing_twice_draws_the_same() {
    let state = busy(Lang::Es);
    let once = paint::buffer(&state, 120, 40, paint::theme());
    assert_eq!(once, paint::buffer(&state, 120, 40, paint::theme()));
}

#[test]
fn the_last_second_moves_the_clock_and_the_ages() {
    let mut state = busy(Lang::Es);
    let before = paint::text(&paint::buffer(&state, 120, 40, paint::theme()));
    then(&mut state, Event::Tick(UtcMs::from_millis(fixture::NOW_MS + 1_000)));
    then(&mut state, Event::Live { facts: Vec::new(), meter: Meter::default() });
    let after = paint::text(&paint::buffer(&state, 120, 40, paint::theme()));
    assert!(before[0].contains("21:04:17 -05") && after[0].contains("21:04:18 -05"), "{}\n{}", before[0], after[0]);
}

#[test]
fn details_are_told_as_text_without_personal_data() {
    let memory = || domicilio::view::Memory::new(paint::theme(), jiff::tz::TimeZone::UTC);
    let order = domicilio::view::text_of_aimed(&crate::snapshots::order_opened(Lang::Es), &memory());
    for said in ["Pedido 0000900000-070100", "intento 3/5", "nombresCliente: [oculto]", "totalFactura: 8"] {
        assert!(order.contains(said), "{said} missing in\n{order}");
    }
    assert!(!order.contains("Persona Ejemplo") && !order.chars().any(|c| c.is_control() && c != '\n'), "{order}");
    for (name, state) in scenes(Lang::En) {
        let text = domicilio::view::text_of_aimed(&state, &memory());
        assert_eq!(text.is_empty(), state.aimed().is_none(), "{name}: {text}");
    }
}
