//! A drawn screen as text that can be read and compared: what it says, and below it what each cell means.

use std::collections::HashMap;
use std::fmt::Write as _;

use domicilio::mask::Clear;
use domicilio::state::State;
use domicilio::theme::{Depth, Ground, Meaning, Theme};
use domicilio::view::{Memory, draw_clear};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Style;

/// Draws `state` on a screen of `width` by `height`, from nothing remembered.
pub(crate) fn buffer(state: &State, width: u16, height: u16, theme: Theme) -> Buffer {
    buffer_clear(state, None, width, height, theme)
}

/// The same with personal data that may be seen.
fn buffer_clear(state: &State, clear: Option<&Clear>, width: u16, height: u16, theme: Theme) -> Buffer {
    let mut memory = Memory::new(theme, TimeZone::get("America/Guayaquil").unwrap());
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw_clear(state, &mut memory, clear, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The theme of the snapshots.
pub(crate) const fn theme() -> Theme {
    Theme::new(Depth::True, Ground::Dark, false)
}

/// What the screen says, row by row, without spaces at the end.
pub(crate) fn text(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    (area.top()..area.bottom())
        .map(|y| {
            let mut row = String::new();
            let mut x = area.left();
            while x < area.right() {
                let cell = &buffer[(x, y)];
                row.push_str(cell.symbol());
                x += width(cell);
            }
            row.trim_end().to_owned()
        })
        .collect()
}

/// Columns that a cell takes.
pub(crate) fn width(cell: &Cell) -> u16 {
    use ratatui::buffer::CellWidth as _;
    cell.symbol().cell_width().max(1)
}

/// The letter of a meaning in the lower half of a snapshot; capital on the selected row.
const LETTERS: [(Meaning, char); 18] = [
    (Meaning::Muted, 'm'),
    (Meaning::Frame, 'f'),
    (Meaning::Brand, 'b'),
    (Meaning::Title, 't'),
    (Meaning::Name, 'n'),
    (Meaning::Good, 'g'),
    (Meaning::Busy, 'u'),
    (Meaning::Plot, 'l'),
    (Meaning::AlertWarn, 'w'),
    (Meaning::AlertCritical, 'c'),
    (Meaning::Stale, 's'),
    (Meaning::TabActive, 'a'),
    (Meaning::Key, 'k'),
    (Meaning::Field, 'e'),
    (Meaning::Banner, 'r'),
    (Meaning::ButtonFocus, 'p'),
    (Meaning::Selected, 'z'),
    (Meaning::Text, '.'),
];

/// Text above, meanings below; with personal data that may be seen.
pub(crate) fn styled(state: &State, clear: Option<&Clear>, width: u16, height: u16) -> String {
    let theme = theme();
    let buffer = buffer_clear(state, clear, width, height, theme);
    let mut out = String::new();
    for row in text(&buffer) {
        let _ = writeln!(out, "{row}");
    }
    let _ = writeln!(out, "{}", "=".repeat(usize::from(width)));
    let known = letters(theme);
    for y in 0..height {
        let row: String = (0..width)
            .map(|x| {
                let cell = &buffer[(x, y)];
                let empty = cell.symbol() == " ";
                match known.get(&key(cell.style())) {
                    Some('.') | None if empty => ' ',
                    Some(letter) => *letter,
                    None => '!',
                }
            })
            .collect();
        let _ = writeln!(out, "{}", row.trim_end());
    }
    out
}

type Key = String;

/// Cells and styles write "no colour" differently; compared as printed, they agree.
fn key(style: Style) -> Key {
    let plain = Cell::default().style().patch(style);
    format!("{:?} {:?} {:?}", plain.fg, plain.bg, plain.add_modifier)
}

fn letters(theme: Theme) -> HashMap<Key, char> {
    let mut known = HashMap::new();
    let ground = Cell::default().style();
    known.insert(key(ground), '.');
    let over = |upper: Meaning, letter: fn(char) -> char, known: &mut HashMap<Key, char>| {
        for (meaning, own) in LETTERS {
            let both = ground.patch(theme.style(meaning)).patch(theme.style(upper));
            known.entry(key(both)).or_insert(letter(own));
        }
    };
    for (meaning, letter) in LETTERS {
        known.insert(key(ground.patch(theme.style(meaning))), letter);
    }
    over(Meaning::Selected, |letter| letter.to_ascii_uppercase(), &mut known);
    over(Meaning::Banner, |_| 'r', &mut known);
    over(Meaning::Stale, |_| 's', &mut known);
    let selected: Vec<Style> = LETTERS
        .iter()
        .map(|(meaning, _)| ground.patch(theme.style(*meaning)).patch(theme.style(Meaning::Selected)))
        .collect();
    for style in selected {
        known.entry(key(style.patch(theme.style(Meaning::Stale)))).or_insert('S');
    }
    known.entry(key(ground.patch(theme.style(Meaning::Selected)))).or_insert('Z');
    known
}
