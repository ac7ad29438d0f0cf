//! What is written to a terminal makes it show what was drawn, whatever it showed before; and that is little.

use domicilio::term::encoder::{Encoder, Written};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

/// What is drawn between two frames.
#[derive(Debug, Clone)]
enum Drawn {
    /// A text, as widgets set it.
    Text(u16, u16, String, Style),
    /// One cell, whatever is beside it.
    Cell(u16, u16, &'static str, Style),
    /// A ground for a whole row.
    Ground(u16, Style),
    /// Rows between two move by some; what they leave is blank.
    Shift(u16, u16, i16),
    /// A row becomes blank.
    Blank(u16),
    /// The cursor.
    Cursor(Option<(u16, u16)>),
    /// Another size.
    Size(u16, u16),
    /// The terminal was somebody else's.
    Forget,
}

const SYMBOLS: [&str; 8] = ["a", " ", "─", "界", "e\u{301}", "\u{301}", "", "\u{1b}"];

fn style() -> impl Strategy<Value = Style> {
    let colour = || {
        prop_oneof![
            4 => Just(Color::Reset),
            1 => Just(Color::Red),
            1 => Just(Color::White),
            1 => (0_u8..=255).prop_map(Color::Indexed),
            1 => Just(Color::Rgb(1, 20, 255)),
        ]
    };
    let known = Modifier::BOLD | Modifier::DIM | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::REVERSED;
    let modifier = prop_oneof![
        3 => Just(Modifier::empty()),
        2 => any::<u16>().prop_map(move |bits| Modifier::from_bits_truncate(bits) & known),
    ];
    (colour(), colour(), modifier).prop_map(|(fg, bg, modifier)| Style::new().fg(fg).bg(bg).add_modifier(modifier))
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let place = || (0_u16..40, 0_u16..14);
    prop_oneof![
        8 => (place(), "[ a-c─界]{1,30}", style()).prop_map(|((x, y), text, style)| Drawn::Text(x, y, text, style)),
        3 => (place(), prop::sample::select(&SYMBOLS[..]), style())
            .prop_map(|((x, y), symbol, style)| Drawn::Cell(x, y, symbol, style)),
        1 => (0_u16..14, style()).prop_map(|(y, style)| Drawn::Ground(y, style)),
        4 => (0_u16..14, 1_u16..14, -3_i16..=3).prop_map(|(top, rows, by)| Drawn::Shift(top, rows, by)),
        1 => (0_u16..14).prop_map(Drawn::Blank),
        1 => prop::option::of(place()).prop_map(Drawn::Cursor),
        1 => (1_u16..40, 1_u16..14).prop_map(|(width, height)| Drawn::Size(width, height)),
        1 => Just(Drawn::Forget),
    ]
}

/// A terminal, what was drawn for it, and what turns that into bytes.
struct Bench {
    parser: vt100::Parser,
    encoder: Encoder,
    wanted: Buffer,
    cursor: Option<Position>,
}

impl Bench {
    fn new(width: u16, height: u16) -> Self {
        let mut parser = vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
        parser.process(b"\x1b[31;44mwhatever was there before");
        let wanted = Buffer::empty(Rect::new(0, 0, width, height));
        Self { parser, encoder: Encoder::new(), wanted, cursor: None }
    }

    fn draw(&mut self, drawn: &Drawn) {
        let area = self.wanted.area;
        let on = |x: u16, y: u16| (x % area.width, y % area.height);
        match drawn {
            Drawn::Text(x, y, text, style) => {
                let (x, y) = on(*x, *y);
                self.wanted.set_string(x, y, text, *style);
            }
            Drawn::Cell(x, y, symbol, style) => {
                self.wanted[on(*x, *y)].set_symbol(symbol).set_style(*style);
            }
            Drawn::Ground(y, style) => {
                self.wanted.set_style(Rect { y: on(0, *y).1, height: 1, ..area }, *style);
            }
            Drawn::Shift(top, rows, by) => {
                let before = self.wanted.clone();
                let top = on(0, *top).1;
                let bottom = (top + rows).min(area.height);
                for (x, y) in (top..bottom).flat_map(|y| (0..area.width).map(move |x| (x, y))) {
                    let from = y.checked_add_signed(-by).filter(|from| (top..bottom).contains(from));
                    self.wanted[(x, y)] = from.map(|from| before[(x, from)].clone()).unwrap_or_default();
                }
            }
            Drawn::Blank(y) => (0..area.width).for_each(|x| self.wanted[(x, on(0, *y).1)].reset()),
            Drawn::Cursor(at) => self.cursor = at.map(|(x, y)| on(x, y).into()),
            Drawn::Size(width, height) => {
                self.wanted.resize(Rect::new(0, 0, *width, *height));
                self.cursor = None;
                self.parser.screen_mut().set_size((*height).try_into().unwrap(), (*width).try_into().unwrap());
            }
            Drawn::Forget => {
                self.parser.process(b"\x1b[2;3Hshell$ \x1b[?25h\x1b[7m");
                self.encoder = Encoder::new();
            }
        }
    }

    /// Writes a frame; tells what was written.
    fn frame(&mut self) -> String {
        let Written { text, lead } = self.encoder.frame(&mut self.wanted.clone(), self.cursor);
        assert!(text.is_char_boundary(lead));
        self.parser.process(text.as_bytes());
        text
    }

    /// Says what the terminal shows otherwise than it was drawn.
    fn fault(&self) -> Option<String> {
        let screen = self.parser.screen();
        let area = self.wanted.area;
        for y in 0..area.height {
            let mut x = 0;
            while x < area.width {
                let wanted = &self.wanted[(x, y)];
                let known = !wanted.symbol().chars().any(char::is_control);
                let width = if known { wanted.symbol().cell_width() } else { 0 };
                let symbol = if width > 0 && x + width <= area.width { wanted.symbol() } else { " " };
                let shown = screen.cell(y, x).unwrap();
                let text = if shown.contents().is_empty() { " " } else { shown.contents() };
                let same_ink = has_ink(shown, wanted, symbol == " ");
                if text != symbol || shown.bgcolor() != colour(wanted.bg) || !same_ink {
                    return Some(format!("column {x} of row {y}: wanted {wanted:?}, shown {shown:?}"));
                }
                x += if symbol == " " { 1 } else { width };
            }
        }
        let cursor = (!screen.hide_cursor()).then(|| screen.cursor_position());
        let wanted = self.cursor.map(|at| (at.y, at.x));
        (cursor != wanted).then(|| format!("cursor: wanted {wanted:?}, shown {cursor:?}"))
    }
}

/// Whether the ink is as wanted, as far as it shows.
fn has_ink(shown: &vt100::Cell, wanted: &Cell, blank: bool) -> bool {
    let wants = |one| wanted.modifier.contains(one);
    let (underlined, reversed) = (wants(Modifier::UNDERLINED), wants(Modifier::REVERSED));
    if (shown.underline(), shown.inverse()) != (underlined, reversed) {
        return false;
    }
    let (bold, dim) = (wants(Modifier::BOLD), wants(Modifier::DIM));
    // The emulator knows one of the two at a time.
    let weight = bold && dim || (shown.bold(), shown.dim()) == (bold, dim);
    let whole = weight && shown.italic() == wants(Modifier::ITALIC) && shown.fgcolor() == colour(wanted.fg);
    whole || blank && !underlined && !reversed
}

fn colour(colour: Color) -> vt100::Color {
    match colour {
        Color::Red => vt100::Color::Idx(1),
        Color::White => vt100::Color::Idx(15),
        Color::Indexed(index) => vt100::Color::Idx(index),
        Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
        _ => vt100::Color::Default,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_terminal_shows_what_was_drawn_whatever_it_showed_before(
        (width, height) in (1_u16..40, 1_u16..14),
        frames in prop::collection::vec(prop::collection::vec(drawn(), 0..6), 1..12),
    ) {
        let mut bench = Bench::new(width, height);
        for frame in &frames {
            for drawn in frame {
                bench.draw(drawn);
            }
            bench.frame();
            prop_assert_eq!(bench.fault(), None);
            prop_assert_eq!(bench.frame(), "", "the same screen is written once");
        }
    }
}

/// A screen with a clock at the end of its first row and a table of orders, the latest first, between two rules.
fn table(clock: &str, latest: u32) -> Buffer {
    let (width, height) = (120, 40);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let rule = "─".repeat(width.into());
    buffer.set_string(0, 0, format!("{clock:>119}"), Style::new().fg(Color::Indexed(245)));
    buffer.set_string(0, 1, &rule, Style::new().fg(Color::Indexed(239)));
    for y in 2..height - 2 {
        let order = latest - u32::from(y);
        let name = Style::new().fg(Color::Indexed(231)).add_modifier(Modifier::BOLD);
        let state = Style::new().fg(Color::Indexed(79));
        buffer.set_string(1, y, format!("{order:010}-071601"), name);
        buffer.set_string(20, y, format!("K{:03} Local número {}", order % 2_000, order % 77), Style::new());
        buffer.set_string(60, y, if order.is_multiple_of(3) { "inyectado" } else { "en cola" }, state);
        buffer.set_string(100, y, format!("{}.{:02}", order % 90, order % 100), Style::new());
    }
    buffer.set_string(0, height - 2, &rule, Style::new().fg(Color::Indexed(239)));
    buffer
}

/// The bytes of each of these screens after the one before.
fn bytes(screens: &[Buffer]) -> Vec<usize> {
    let mut bench = Bench::new(120, 40);
    let frame = |screen: &Buffer| {
        bench.wanted.clone_from(screen);
        let bytes = bench.frame().len();
        assert_eq!(bench.fault(), None);
        bytes
    };
    screens.iter().map(frame).collect()
}

#[test]
fn a_clock_that_goes_on_costs_a_handful_of_bytes() {
    let clocks = ["21:04:17", "21:04:18", "21:04:19", "21:04:20"].map(|clock| table(clock, 900_000));
    let bytes = bytes(&clocks);
    assert!(bytes[1..].iter().all(|one| (1..=24).contains(one)), "{bytes:?}");
    assert!(bytes[2] <= 4, "a digit that is written again: {bytes:?}");
}

#[test]
fn a_table_that_moves_costs_what_is_new_in_it() {
    let latest = [900_000, 900_001, 900_003, 900_002, 900_500];
    let bytes = bytes(&latest.map(|latest| table("21:04:17", latest)));
    let [whole, one, two, back, all] = bytes[..] else { unreachable!() };
    // Of 36 rows one or two are new.
    assert!(one * 12 < whole && two * 8 < whole && back * 12 < whole, "{bytes:?}");
    assert!(all <= whole, "{bytes:?}");
}

#[test]
fn a_large_frame_is_marked_as_one_and_a_small_one_is_not() {
    let mut encoder = Encoder::new();
    let marked = |frame: &str| frame.starts_with("\x1b[?2026h") && frame.ends_with("\x1b[?2026l");
    assert!(marked(&encoder.frame(&mut table("21:04:17", 900_000), None).text));
    let second = encoder.frame(&mut table("21:04:18", 900_000), None).text;
    assert!(!second.contains("2026"), "{second:?}");
}

#[test]
fn the_row_where_a_person_writes_comes_first_and_by_itself() {
    let field = |text: &str, latest| {
        let mut screen = table("21:04:17", latest);
        screen.set_string(0, 38, format!("Filtro: {text} "), Style::new());
        screen
    };
    let at = |column| Some(Position::new(column, 38));
    let mut bench = Bench::new(120, 40);
    let whole = bench.encoder.frame(&mut field("", 900_000), at(8));
    assert_eq!(whole.lead, 0, "a screen that is drawn in full has no order");
    bench.parser.process(whole.text.as_bytes());
    // Everything else changes with it, more than one row can hold.
    let Written { text, lead } = bench.encoder.frame(&mut field("q", 900_500), at(9));
    let (lead, rest) = text.split_at(lead);
    assert!((1..=16).contains(&lead.len()) && rest.len() > 1_200, "{lead:?}, {} more", rest.len());
    assert!(rest.starts_with("\x1b[?2026h") && rest.ends_with("\x1b[?2026l"), "the rest is one frame");
    bench.parser.process(lead.as_bytes());
    let shown = |bench: &Bench| bench.parser.screen().rows(0, 120).nth(38).unwrap();
    assert!(shown(&bench).starts_with("Filtro: q"), "{}", shown(&bench));
    bench.parser.process(rest.as_bytes());
    (bench.wanted, bench.cursor) = (field("q", 900_500), at(9));
    assert_eq!(bench.fault(), None);
    let again = bench.encoder.frame(&mut field("q", 900_501), at(9));
    assert_eq!(again.lead, 0, "nothing was written there");
}
