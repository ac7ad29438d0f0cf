//! Cells as figures: two cells with the same figure look the same. Pure.
//!
//! A frame is compared with the last one several times over; figures are compared far faster than cells.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What a cell shows: from the left 16 bits for attributes, 26 for each colour, and in the last 32 the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Face(u128);

/// Bits of a colour.
const COLOUR_BITS: u32 = 26;

impl Face {
    /// A blank.
    pub(super) const BLANK: Self = Self(b' ' as u128);

    /// The text, as a figure.
    pub(super) const fn text(self) -> u32 {
        // Only the lower half is wanted.
        (self.0 & 0xffff_ffff) as u32
    }

    /// Whether it has no text at all, or a blank.
    pub(super) const fn is_blank(self) -> bool {
        matches!(self.text(), 0 | 0x20)
    }
}

/// Gives cells their faces.
#[derive(Debug, Default)]
pub(super) struct Faces {
    /// Texts so far that do not fit into a figure.
    long: u32,
}

impl Faces {
    /// The face of a cell.
    pub(super) fn of(&mut self, cell: &Cell) -> Face {
        let text = u128::from(self.text(cell.symbol()));
        let modifier = u128::from((cell.modifier & Modifier::all()).bits());
        Face((((modifier << COLOUR_BITS) | colour(cell.fg)) << COLOUR_BITS | colour(cell.bg)) << 32 | text)
    }

    /// Up to four bytes as they are. A longer text has a figure that no text of four bytes has, and another one each time: it
    /// is always written again, which is right whatever it is.
    fn text(&mut self, symbol: &str) -> u32 {
        let mut figure = [0; 4];
        if let Some(place) = figure.get_mut(..symbol.len()) {
            place.copy_from_slice(symbol.as_bytes());
            return u32::from_le_bytes(figure);
        }
        self.long = self.long.wrapping_add(1);
        // A text begins with no such byte.
        u32::from_le_bytes([0xff, 0, 0, 0]) | self.long << 8
    }
}

fn colour(colour: Color) -> u128 {
    match colour {
        Color::Rgb(red, green, blue) => 1 << 24 | u128::from(u32::from_be_bytes([0, red, green, blue])),
        Color::Indexed(index) => 1 << 8 | u128::from(index),
        Color::Reset => 0,
        Color::Black => 1,
        Color::Red => 2,
        Color::Green => 3,
        Color::Yellow => 4,
        Color::Blue => 5,
        Color::Magenta => 6,
        Color::Cyan => 7,
        Color::Gray => 8,
        Color::DarkGray => 9,
        Color::LightRed => 10,
        Color::LightGreen => 11,
        Color::LightYellow => 12,
        Color::LightBlue => 13,
        Color::LightMagenta => 14,
        Color::LightCyan => 15,
        Color::White => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_look_different_have_different_faces() {
        let mut faces = Faces::default();
        let colours =
            [Color::Reset, Color::Black, Color::White, Color::Indexed(0), Color::Indexed(255), Color::Rgb(0, 0, 0)];
        let mut seen = Vec::new();
        for symbol in ["", " ", "a", "ñ", "界", "e\u{301}"] {
            for fg in colours {
                for bg in colours {
                    for modifier in [Modifier::empty(), Modifier::BOLD, Modifier::all()] {
                        let mut cell = Cell::EMPTY;
                        cell.set_symbol(symbol);
                        (cell.fg, cell.bg, cell.modifier) = (fg, bg, modifier);
                        let face = faces.of(&cell);
                        assert!(!seen.contains(&face), "{cell:?}");
                        assert_eq!(faces.of(&cell), face);
                        seen.push(face);
                    }
                }
            }
        }
        assert!(seen.contains(&Face::BLANK) && Face::BLANK == faces.of(&Cell::EMPTY));
    }

    #[test]
    fn what_is_long_is_never_taken_for_what_was_there() {
        let mut faces = Faces::default();
        let mut cell = Cell::EMPTY;
        cell.set_symbol("👨‍🍳");
        let face = faces.of(&cell);
        assert_ne!(faces.of(&cell), face);
        assert!(!face.is_blank());
    }
}
