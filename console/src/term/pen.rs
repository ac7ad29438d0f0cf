//! What cells are drawn with: colours and attributes, and the shortest sequence from one pen to another. Pure.
//!
//! The colour of underlines is left out: terminals that do not know it take its figures for other attributes.

use std::fmt::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// Attributes that show on a blank, too.
const ON_BLANK: Modifier = Modifier::UNDERLINED
    .union(Modifier::SLOW_BLINK)
    .union(Modifier::RAPID_BLINK)
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT);

/// Each attribute with the figures that set it and take it away.
const ATTRIBUTES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Colours and attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    /// The terminal's own.
    pub(super) const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    /// The pen that shows `cell`, as near to `self` as that can be: on a blank most of a pen does not show.
    pub(super) fn to_show(self, cell: &Cell) -> Self {
        let Cell { fg, bg, modifier, .. } = *cell;
        if cell.symbol() == " " && !modifier.intersects(ON_BLANK) {
            Self { bg, modifier: self.modifier.difference(ON_BLANK), ..self }
        } else {
            Self { fg, bg, modifier }
        }
    }

    /// Whether what is erased with it is as if it was never written.
    pub(super) fn erases(self) -> bool {
        self == self.to_show(&Cell::EMPTY)
    }

    /// Adds the shortest sequence that makes it from `before`, if any is needed; unknown is what `None` says.
    pub(super) fn take_up(self, before: Option<Self>, out: &mut String) {
        if before == Some(self) {
            return;
        }
        let anew = self.changes(Self::PLAIN);
        let anew = if anew.is_empty() { anew } else { format!("0;{anew}") };
        let changed = before.map(|before| self.changes(before)).filter(|changed| changed.len() <= anew.len());
        out.push_str("\x1b[");
        out.push_str(&changed.unwrap_or(anew));
        out.push('m');
    }

    /// The figures that differ from `before`, with `;` between them.
    fn changes(self, before: Self) -> String {
        let mut figures = String::with_capacity(32);
        let mut kept = before.modifier;
        for (one, _, off) in ATTRIBUTES {
            // Two may have their end in common.
            if kept.contains(one) && !self.modifier.contains(one) {
                kept.remove(ended_by(off));
                add(&mut figures, format_args!("{off}"));
            }
        }
        for (one, on, _) in ATTRIBUTES {
            if self.modifier.contains(one) && !kept.contains(one) {
                add(&mut figures, format_args!("{on}"));
            }
        }
        if self.fg != before.fg {
            colour(&mut figures, self.fg, 30);
        }
        if self.bg != before.bg {
            colour(&mut figures, self.bg, 40);
        }
        figures
    }
}

/// Brings what does not show to one form, so that two cells are equal when they look equal.
pub(super) fn level(cell: &mut Cell) {
    cell.underline_color = Color::Reset;
    if cell.symbol() == " " && !cell.modifier.intersects(ON_BLANK) {
        cell.fg = Color::Reset;
        cell.modifier = Modifier::empty();
    }
}

fn ended_by(off: u8) -> Modifier {
    ATTRIBUTES.iter().filter(|(_, _, end)| *end == off).fold(Modifier::empty(), |all, (one, ..)| all | *one)
}

fn add(figures: &mut String, figure: std::fmt::Arguments<'_>) {
    if !figures.is_empty() {
        figures.push(';');
    }
    // Writing to a String does not fail.
    let _ = figures.write_fmt(figure);
}

/// Adds a colour; `base` is 30 for that of the text, 40 for the ground's.
fn colour(figures: &mut String, colour: Color, base: u8) {
    let (named, bright, chosen) = (base, base + 60, base + 8);
    match colour {
        Color::Reset => add(figures, format_args!("{}", base + 9)),
        Color::Indexed(index) => add(figures, format_args!("{chosen};5;{index}")),
        Color::Rgb(red, green, blue) => add(figures, format_args!("{chosen};2;{red};{green};{blue}")),
        Color::Black => add(figures, format_args!("{named}")),
        Color::Red => add(figures, format_args!("{}", named + 1)),
        Color::Green => add(figures, format_args!("{}", named + 2)),
        Color::Yellow => add(figures, format_args!("{}", named + 3)),
        Color::Blue => add(figures, format_args!("{}", named + 4)),
        Color::Magenta => add(figures, format_args!("{}", named + 5)),
        Color::Cyan => add(figures, format_args!("{}", named + 6)),
        Color::Gray => add(figures, format_args!("{}", named + 7)),
        Color::DarkGray => add(figures, format_args!("{bright}")),
        Color::LightRed => add(figures, format_args!("{}", bright + 1)),
        Color::LightGreen => add(figures, format_args!("{}", bright + 2)),
        Color::LightYellow => add(figures, format_args!("{}", bright + 3)),
        Color::LightBlue => add(figures, format_args!("{}", bright + 4)),
        Color::LightMagenta => add(figures, format_args!("{}", bright + 5)),
        Color::LightCyan => add(figures, format_args!("{}", bright + 6)),
        Color::White => add(figures, format_args!("{}", bright + 7)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pen(fg: Color, bg: Color, modifier: Modifier) -> Pen {
        Pen { fg, bg, modifier }
    }

    fn taken(pen: Pen, before: Option<Pen>) -> String {
        let mut out = String::new();
        pen.take_up(before, &mut out);
        out
    }

    #[test]
    fn the_shortest_way_from_pen_to_pen_is_taken() {
        let (plain, none) = (Pen::PLAIN, Modifier::empty());
        let red = pen(Color::Red, Color::Reset, none);
        let loud = pen(Color::Indexed(203), Color::Indexed(237), Modifier::BOLD);
        for (to, from, wanted) in [
            (plain, None, "\x1b[m"),
            (plain, Some(plain), ""),
            (plain, Some(loud), "\x1b[m"),
            (red, Some(plain), "\x1b[31m"),
            (red, None, "\x1b[0;31m"),
            (red, Some(loud), "\x1b[0;31m"),
            (loud, Some(red), "\x1b[1;38;5;203;48;5;237m"),
            (pen(Color::Indexed(203), Color::Indexed(237), none), Some(loud), "\x1b[22m"),
            (pen(Color::White, Color::DarkGray, none), Some(plain), "\x1b[97;100m"),
            (pen(Color::Rgb(1, 2, 3), Color::Reset, none), Some(red), "\x1b[38;2;1;2;3m"),
        ] {
            assert_eq!(taken(to, from), wanted, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn attributes_that_end_together_are_set_again_when_one_stays() {
        let both = pen(Color::Indexed(1), Color::Indexed(2), Modifier::BOLD | Modifier::DIM);
        assert_eq!(taken(Pen { modifier: Modifier::DIM, ..both }, Some(both)), "\x1b[22;2m");
        assert_eq!(taken(Pen { modifier: Modifier::ITALIC, ..both }, Some(both)), "\x1b[22;3m");
    }

    #[test]
    fn a_blank_leaves_of_a_pen_what_does_not_show() {
        let loud = pen(Color::Red, Color::Blue, Modifier::BOLD | Modifier::UNDERLINED);
        let shown = loud.to_show(&Cell::EMPTY);
        assert_eq!(shown, pen(Color::Red, Color::Reset, Modifier::BOLD));
        assert!(shown.erases() && !loud.erases());
    }
}
