//! Colours and signs by meaning, never by widget.
//!
//! A screen asks for [`Meaning::Good`]; what that looks like on true colour, 256 colours, 16 colours or none is
//! decided here once. The palette keeps to colours that stay apart under the common forms of colour blindness
//! (`tests/core/colours.rs` measures that, and contrast), and no state is told by colour alone: each has a sign and a word.

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The xterm palette of 256.
    Indexed,
    /// The terminal's own 16.
    Sixteen,
    /// None: bold, dim, underlined and reversed only.
    None,
}

/// What a piece of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Plain figures and words.
    Text,
    /// Less important: units, labels, what is long over.
    Muted,
    /// Lines and rules.
    Frame,
    /// The program's name.
    Brand,
    /// Name of a section.
    Title,
    /// Name of a column.
    Column,
    /// What one looks for first in a row: an order's code, a store's code.
    Name,
    /// In order.
    Good,
    /// Under way.
    Busy,
    /// Plots and sparklines: large, so quieter than text.
    Plot,
    /// Wants watching.
    AlertWarn,
    /// Needs a person now.
    AlertCritical,
    /// Was true when the connection was lost.
    Stale,
    /// The selected row.
    Selected,
    /// The screen that is open, in the line of tabs.
    TabActive,
    /// A key that can be pressed.
    Key,
    /// What is being typed.
    Field,
    /// Line across the screen: the connection is lost.
    Banner,
    /// The button that Enter presses.
    ButtonFocus,
}

impl Meaning {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Text,
        Self::Muted,
        Self::Frame,
        Self::Brand,
        Self::Title,
        Self::Column,
        Self::Name,
        Self::Good,
        Self::Busy,
        Self::Plot,
        Self::AlertWarn,
        Self::AlertCritical,
        Self::Stale,
        Self::Selected,
        Self::TabActive,
        Self::Key,
        Self::Field,
        Self::Banner,
        Self::ButtonFocus,
    ];
}

/// Whether the terminal's own ground is dark or light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ground {
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

/// What a person chose of the look; what is `None` the environment decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choice {
    /// The ground.
    pub ground: Option<Ground>,
    /// How many colours.
    pub depth: Option<Depth>,
    /// Whether only signs of plain ASCII are drawn.
    pub ascii: Option<bool>,
}

/// One colour in every palette.
struct Ink {
    /// On a dark ground: 24 bits, and the nearest of 256.
    dark: ((u8, u8, u8), u8),
    /// On a light ground.
    light: ((u8, u8, u8), u8),
    /// Of the terminal's own 16, on either ground.
    sixteen: Color,
}

const fn ink(dark: ((u8, u8, u8), u8), light: ((u8, u8, u8), u8), sixteen: Color) -> Ink {
    Ink { dark, light, sixteen }
}

const TEXT: Ink = ink(((0xd7, 0xda, 0xe0), 253), ((0x24, 0x29, 0x33), 235), Color::Reset);
const GREY: Ink = ink(((0x86, 0x8e, 0x9c), 245), ((0x6b, 0x72, 0x80), 243), Color::DarkGray);
const FAINT: Ink = ink(((0x4a, 0x51, 0x5e), 239), ((0xb8, 0xbe, 0xc8), 250), Color::DarkGray);
const STRONG: Ink = ink(((0xff, 0xff, 0xff), 231), ((0x00, 0x00, 0x00), 16), Color::Reset);
const BLUE: Ink = ink(((0x6c, 0xb6, 0xf5), 75), ((0x0b, 0x5c, 0xad), 25), Color::Cyan);
const STEEL: Ink = ink(((0x47, 0x7a, 0xa8), 67), ((0x7d, 0xa7, 0xd0), 110), Color::Blue);
const TEAL: Ink = ink(((0x3f, 0xc9, 0xa8), 79), ((0x00, 0x6f, 0x7a), 29), Color::Green);
const ORANGE: Ink = ink(((0xf0, 0xb4, 0x3c), 214), ((0x9a, 0x5b, 0x00), 130), Color::Yellow);
const VERMILION: Ink = ink(((0xff, 0x6e, 0x6e), 203), ((0xa8, 0x32, 0x3c), 88), Color::Red);
/// Text on a block of colour.
const ON_BLOCK: Ink = ink(((0x1b, 0x20, 0x2a), 234), ((0xff, 0xff, 0xff), 231), Color::Black);
/// Ground of what is selected.
const SLATE: Ink = ink(((0x2b, 0x39, 0x50), 237), ((0xd6, 0xe4, 0xf5), 189), Color::Blue);
/// Ground of the focused button.
const PALE: Ink = ink(TEXT.dark, TEXT.light, Color::White);

/// The look that a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    depth: Depth,
    ground: Ground,
    glyphs: &'static Glyphs,
}

impl Theme {
    /// A theme with so many colours on a ground, with signs of Unicode or of plain ASCII.
    pub const fn new(depth: Depth, ground: Ground, ascii: bool) -> Self {
        Self { depth, ground, glyphs: if ascii { &ASCII } else { &UNICODE } }
    }

    /// What was chosen, and of the rest what the environment promises. `COLORFGBG` tells a light ground, where a terminal
    /// sets it; `NO_COLOR` (<https://no-color.org>) and `TERM=dumb` take every colour away; a locale that is not UTF-8 takes
    /// every sign beyond ASCII. A choice goes before all of them, `NO_COLOR` included, as its authors ask.
    pub fn detect(choice: Choice, var: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| var(name).unwrap_or_default();
        let term = value("TERM");
        let found = if !value("NO_COLOR").is_empty() || term == "dumb" {
            Depth::None
        } else if ["truecolor", "24bit"].contains(&value("COLORTERM").as_str()) || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256color") {
            Depth::Indexed
        } else {
            Depth::Sixteen
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(value).find(|value| !value.is_empty());
        let plain = locale.is_some_and(|locale| {
            let charset = locale.split_once('.').map(|(_, charset)| charset.to_ascii_lowercase());
            match charset {
                Some(charset) => !charset.starts_with("utf-8") && !charset.starts_with("utf8"),
                None => locale == "C" || locale == "POSIX",
            }
        });
        // `15;0` is light on dark, `0;15` dark on light; the last number is the ground's, 7 and 15 are light.
        let light = ["7", "15"].contains(&value("COLORFGBG").rsplit(';').next().unwrap_or_default());
        let ground = choice.ground.unwrap_or(if light { Ground::Light } else { Ground::Dark });
        Self::new(choice.depth.unwrap_or(found), ground, choice.ascii.unwrap_or(plain))
    }

    /// The signs.
    pub const fn glyphs(&self) -> &'static Glyphs {
        self.glyphs
    }

    /// Whether nothing but ASCII is to be drawn.
    pub fn is_ascii(&self) -> bool {
        self.glyphs == &ASCII
    }

    /// How many colours there are.
    pub const fn depth(&self) -> Depth {
        self.depth
    }

    /// The same for the other ground.
    #[must_use]
    pub const fn flipped(self) -> Self {
        let ground = match self.ground {
            Ground::Dark => Ground::Light,
            Ground::Light => Ground::Dark,
        };
        Self { ground, ..self }
    }

    /// The ground.
    pub const fn ground(&self) -> Ground {
        self.ground
    }

    fn color(&self, ink: &Ink) -> Color {
        let ((red, green, blue), indexed) = match self.ground {
            Ground::Dark => ink.dark,
            Ground::Light => ink.light,
        };
        match self.depth {
            Depth::True => Color::Rgb(red, green, blue),
            Depth::Indexed => Color::Indexed(indexed),
            Depth::Sixteen => ink.sixteen,
            Depth::None => Color::Reset,
        }
    }

    /// How `meaning` looks.
    pub fn style(&self, meaning: Meaning) -> Style {
        use Meaning as M;
        let plain = Style::new();
        if self.depth == Depth::None {
            return match meaning {
                M::Text | M::Good | M::Busy | M::Plot | M::Frame => plain,
                M::Muted | M::Column | M::Stale => plain.add_modifier(Modifier::DIM),
                M::Title | M::Name | M::AlertWarn | M::Key => plain.add_modifier(Modifier::BOLD),
                M::Field => plain.add_modifier(Modifier::UNDERLINED),
                M::AlertCritical => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
                M::Brand | M::Selected | M::TabActive | M::Banner | M::ButtonFocus => {
                    plain.add_modifier(Modifier::REVERSED | Modifier::BOLD)
                }
            };
        }
        let fg = |ink: &Ink| plain.fg(self.color(ink));
        let block = |text: &Ink, ground: &Ink| fg(text).bg(self.color(ground)).add_modifier(Modifier::BOLD);
        match meaning {
            M::Text => fg(&TEXT),
            M::Muted | M::Column => fg(&GREY),
            M::Frame => fg(&FAINT),
            M::Brand => block(&ON_BLOCK, &BLUE),
            M::Title => fg(&BLUE).add_modifier(Modifier::BOLD),
            M::Name => fg(&STRONG).add_modifier(Modifier::BOLD),
            M::Good => fg(&TEAL),
            M::Busy => fg(&BLUE),
            M::Plot => fg(&STEEL),
            M::AlertWarn => fg(&ORANGE),
            M::AlertCritical => fg(&VERMILION).add_modifier(Modifier::BOLD),
            M::Stale => fg(&GREY).add_modifier(Modifier::ITALIC),
            // With 16 colours none is both a calm ground and readable under all the others.
            M::Selected if self.depth == Depth::Sixteen => plain.add_modifier(Modifier::REVERSED),
            M::Selected => plain.bg(self.color(&SLATE)).add_modifier(Modifier::BOLD),
            M::TabActive if self.depth == Depth::Sixteen => plain.add_modifier(Modifier::REVERSED | Modifier::BOLD),
            M::TabActive => block(&STRONG, &SLATE),
            M::Key => fg(&ORANGE).add_modifier(Modifier::BOLD),
            M::Field => fg(&STRONG).add_modifier(Modifier::UNDERLINED),
            M::Banner => block(&ON_BLOCK, &ORANGE),
            M::ButtonFocus => block(&ON_BLOCK, &PALE),
        }
    }
}

/// The signs that the console draws with; each is one column wide.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Needs a person now.
    pub critical: &'static str,
    /// Wants watching.
    pub warn: &'static str,
    /// In order, present, alive.
    pub good: &'static str,
    /// Present, but standing by or paused.
    pub idle: &'static str,
    /// Under way.
    pub busy: &'static str,
    /// A test order.
    pub test: &'static str,
    /// Unknown: never shown as zero.
    pub unknown: &'static str,
    /// The row that keys act on.
    pub cursor: &'static str,
    /// A marked row.
    pub marked: &'static str,
    /// Sorted from the smallest up, or from A to Z.
    pub ascending: &'static str,
    /// Sorted from the largest down, or from Z to A.
    pub descending: &'static str,
    /// Text goes on.
    pub ellipsis: &'static str,
    /// Between two facts.
    pub dot: &'static str,
    /// Horizontal line.
    pub horizontal: &'static str,
    /// Vertical line.
    pub vertical: &'static str,
    /// A vertical line starts below a horizontal one.
    pub tee_down: &'static str,
    /// A vertical line ends on a horizontal one.
    pub tee_up: &'static str,
    /// Lines cross.
    pub cross: &'static str,
    /// Corners of a box: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// The part of the scroll bar that is on screen.
    pub thumb: &'static str,
    /// A step of a timeline.
    pub step: &'static str,
    /// Last branch of a tree.
    pub branch: &'static str,
    /// Columns of a plot from one eighth to full; index 0 is the lowest that is not nothing.
    pub levels: [&'static str; 8],
}

const UNICODE: Glyphs = Glyphs {
    critical: "✖",
    warn: "▲",
    good: "●",
    idle: "○",
    busy: "◐",
    test: "◆",
    unknown: "–",
    cursor: "▸",
    marked: "■",
    ascending: "↑",
    descending: "↓",
    ellipsis: "…",
    dot: "·",
    horizontal: "─",
    vertical: "│",
    tee_down: "┬",
    tee_up: "┴",
    cross: "┼",
    corners: ["╭", "╮", "╰", "╯"],
    thumb: "┃",
    step: "●",
    branch: "└",
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
};

const ASCII: Glyphs = Glyphs {
    critical: "X",
    warn: "!",
    good: "*",
    idle: "o",
    busy: "@",
    test: "T",
    unknown: "-",
    cursor: ">",
    marked: "+",
    ascending: "^",
    descending: "v",
    ellipsis: "~",
    dot: ".",
    horizontal: "-",
    vertical: "|",
    tee_down: "+",
    tee_up: "+",
    cross: "+",
    corners: ["+", "+", "+", "+"],
    thumb: "#",
    step: "*",
    branch: "`",
    levels: [".", "_", ":", "-", "=", "+", "*", "#"],
};

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn detect(pairs: &[(&str, &str)]) -> Theme {
        Theme::detect(Choice::default(), |name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_environment_decides_the_depth() {
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]).depth(), Depth::True);
        assert_eq!(detect(&[("TERM", "tmux-256color")]).depth(), Depth::Indexed);
        assert_eq!(detect(&[("TERM", "linux")]).depth(), Depth::Sixteen);
        assert_eq!(detect(&[("TERM", "dumb")]).depth(), Depth::None);
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]).depth(), Depth::None);
        let chosen = Choice { depth: Some(Depth::True), ..Choice::default() };
        assert_eq!(Theme::detect(chosen, |name| (name == "NO_COLOR").then(|| "1".to_owned())).depth(), Depth::True);
        // An empty NO_COLOR does not count (no-color.org).
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]).depth(), Depth::Indexed);
    }

    #[test]
    fn a_terminal_may_say_that_its_ground_is_light() {
        let ground = |value| detect(&[("TERM", "xterm-256color"), ("COLORFGBG", value)]).ground;
        assert_eq!(ground("0;15"), Ground::Light);
        assert_eq!(ground("0;default;7"), Ground::Light);
        assert_eq!(ground("15;0"), Ground::Dark);
        assert_eq!(ground(""), Ground::Dark);
    }

    #[test]
    fn the_locale_decides_the_signs() {
        let ascii = |pairs| detect(pairs).glyphs() == &ASCII;
        assert!(ascii(&[("LC_ALL", "C"), ("LANG", "es_EC.UTF-8")]));
        assert!(ascii(&[("LANG", "es_EC.ISO-8859-1")]));
        assert!(!ascii(&[("LANG", "C.UTF-8")]));
        assert!(!ascii(&[("LC_ALL", ""), ("LC_CTYPE", "es_CO.utf8")]));
        assert!(!ascii(&[]));
        let chosen = |ascii| Choice { ascii: Some(ascii), ..Choice::default() };
        assert_eq!(Theme::detect(chosen(true), |_| None).glyphs(), &ASCII);
        assert_eq!(Theme::detect(chosen(false), |name| (name == "LC_ALL").then(|| "C".to_owned())).glyphs(), &UNICODE);
    }

    #[test]
    fn without_colours_no_style_has_one() {
        for meaning in Meaning::ALL {
            let style = Theme::new(Depth::None, Ground::Dark, false).style(meaning);
            assert_eq!((style.fg, style.bg), (None, None), "{meaning:?}");
        }
    }

    #[test]
    fn what_matters_differs_from_plain_text_at_every_depth() {
        let depths = [Depth::True, Depth::Indexed, Depth::Sixteen, Depth::None];
        for (depth, ground) in depths.into_iter().flat_map(|d| [(d, Ground::Dark), (d, Ground::Light)]) {
            let theme = Theme::new(depth, ground, false);
            let plain = theme.style(Meaning::Text);
            for meaning in
                [Meaning::AlertWarn, Meaning::AlertCritical, Meaning::Selected, Meaning::Stale, Meaning::Banner]
            {
                assert_ne!(theme.style(meaning), plain, "{depth:?} {meaning:?}");
            }
            assert_ne!(theme.style(Meaning::AlertWarn), theme.style(Meaning::AlertCritical), "{depth:?}");
        }
    }

    #[test]
    fn every_sign_is_one_column_wide() {
        for glyphs in [&UNICODE, &ASCII] {
            let mut all = vec![
                glyphs.critical,
                glyphs.warn,
                glyphs.good,
                glyphs.idle,
                glyphs.busy,
                glyphs.test,
                glyphs.unknown,
                glyphs.cursor,
                glyphs.marked,
                glyphs.ascending,
                glyphs.descending,
                glyphs.ellipsis,
                glyphs.dot,
                glyphs.horizontal,
                glyphs.vertical,
                glyphs.tee_down,
                glyphs.tee_up,
                glyphs.cross,
                glyphs.thumb,
                glyphs.step,
                glyphs.branch,
            ];
            all.extend(glyphs.corners);
            all.extend(glyphs.levels);
            assert!(all.iter().all(|glyph| glyph.width() == 1), "{glyphs:?}");
            assert!(glyphs != &ASCII || all.iter().all(|glyph| glyph.is_ascii()));
        }
    }
}
