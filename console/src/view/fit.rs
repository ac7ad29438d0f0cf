//! Text in columns: width by grapheme, as the terminal counts it, never by byte or by `char`.

use std::borrow::Cow;

use ratatui::buffer::CellWidth as _;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Figures, so that digits stand below each other.
    Right,
    /// Values in time: what does not fit goes at the old end, on the left, without a mark.
    Newest,
}

/// The graphemes of `text` that take room on the screen, each with its width in columns.
///
/// Control characters and lone zero-width marks are left out, just as the screen buffer leaves them out: text from
/// outside was made harmless when it was decoded; this is the second wall.
fn cells(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.graphemes(true)
        .filter(|grapheme| !grapheme.contains(char::is_control))
        .map(|grapheme| (grapheme, usize::from(grapheme.cell_width())))
        .filter(|(_, width)| *width > 0)
}

/// Whether `c` is a grapheme of one column whatever stands beside it, as long as that is one, too.
const fn is_narrow(c: char) -> bool {
    // ASCII, the letters of Latin-1 with the punctuation of Spanish, dash, ellipsis, what lines and bars are drawn with.
    matches!(c, ' '..='~' | '¡' | '·' | '¿'..='ÿ' | '–' | '…' | '─'..='▟' | '▲'..='●')
}

/// Columns of `text` when it is a grapheme for each character: nearly everything on a screen is, and need not be taken
/// apart.
pub(super) fn plain(text: &str) -> Option<usize> {
    text.chars().try_fold(0, |columns, c| is_narrow(c).then_some(columns + 1))
}

/// Columns that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    plain(text).unwrap_or_else(|| cells(text).map(|(_, width)| width).sum())
}

/// `text` in at most `max` columns; when it is longer, `ellipsis` takes the place of what is cut.
pub(crate) fn cut(text: &str, max: usize, ellipsis: &str) -> String {
    let plain = plain(text);
    if plain.is_some_and(|columns| columns <= max) {
        return text.to_owned();
    }
    if plain.is_none() && width(text) <= max {
        return cells(text).map(|(grapheme, _)| grapheme).collect();
    }
    let room = max.saturating_sub(width(ellipsis));
    let (mut out, mut used) = (String::with_capacity(text.len().min(4 * max)), 0);
    for (grapheme, columns) in cells(text) {
        if used + columns > room {
            break;
        }
        out.push_str(grapheme);
        used += columns;
    }
    if max > 0 {
        out.push_str(ellipsis);
    }
    out
}

/// `line` in exactly `columns` columns: cut with `ellipsis` or filled up with spaces on the side away from `align`.
pub(crate) fn fit_line<'a>(line: Line<'a>, columns: usize, align: Align, ellipsis: &str) -> Line<'a> {
    let total: usize = line.spans.iter().map(|span| width(&span.content)).sum();
    if align == Align::Newest && total > columns {
        return newest(&line, columns);
    }
    let mut spans: Vec<Span<'a>> = Vec::with_capacity(line.spans.len() + 1);
    let mut left = columns;
    let too_long = total > columns;
    for span in line.spans {
        let style = line.style.patch(span.style);
        let own = width(&span.content);
        let fits = if too_long { own < left } else { own <= left };
        if fits {
            left -= own;
            let content = match plain(&span.content) {
                Some(_) => span.content,
                None => Cow::Owned(cut(&span.content, own, ellipsis)),
            };
            spans.push(Span { content, style });
        } else {
            let text = cut_hard(&span.content, left, ellipsis);
            left -= width(&text);
            spans.push(Span::styled(text, style));
            break;
        }
    }
    let filling = Span::styled(" ".repeat(left), Style::new());
    match align {
        Align::Left | Align::Newest => spans.push(filling),
        Align::Right => spans.insert(0, filling),
    }
    Line::from(spans)
}

/// The last `columns` columns of `line`; half of a wide grapheme becomes a space.
fn newest(line: &Line<'_>, columns: usize) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut left = columns;
    let all = line.spans.iter().flat_map(|span| cells(&span.content).map(|cell| (cell, line.style.patch(span.style))));
    for ((grapheme, own), style) in all.collect::<Vec<_>>().into_iter().rev() {
        if own > left {
            spans.push(Span::raw(" ".repeat(left)));
            break;
        }
        left -= own;
        spans.push(Span::styled(grapheme.to_owned(), style));
    }
    spans.reverse();
    Line::from(spans)
}

/// As [`cut`], for a text after which more was meant to come: ends with the ellipsis whatever its own length.
fn cut_hard(text: &str, max: usize, ellipsis: &str) -> String {
    cut(&format!("{text}{}", " ".repeat(max)), max, ellipsis).trim_end_matches(' ').to_owned()
}

/// `text` broken at spaces into lines of at most `columns` columns; a word that is longer is broken where it must be.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let own = width(word);
        if used > 0 && used + 1 + own > columns {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut().filter(|_| used > 0) {
            line.push(' ');
            used += 1;
        }
        for (grapheme, columns_of_it) in cells(word) {
            if used + columns_of_it > columns {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(grapheme);
                used += columns_of_it;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_and_combining_text_is_counted_in_columns() {
        assert_eq!(width("Ñandú"), 5);
        assert_eq!(width("Ñandu\u{301}"), 5);
        assert_eq!(width("北京烤鸭"), 8);
        assert_eq!(width("a\u{1b}[31mb"), 6, "the escape itself takes no room");
        assert_eq!(width("\u{200b}"), 0);
    }

    #[test]
    fn a_wide_grapheme_is_never_halved() {
        assert_eq!(cut("北京烤鸭", 5, "…"), "北京…");
        assert_eq!(cut("北京烤鸭", 4, "…"), "北…");
        assert_eq!(cut("abc", 0, "…"), "");
    }

    #[test]
    fn a_cut_line_says_so_even_between_spans() {
        let line = Line::from(vec![Span::raw("abc"), Span::raw("def")]);
        assert_eq!(fit_line(line, 3, Align::Left, "…").to_string(), "ab…");
    }

    #[test]
    fn wrapping_breaks_at_spaces_first() {
        assert_eq!(wrap("uno dos tres", 7), ["uno dos", "tres"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
    }

    #[test]
    fn what_is_narrow_is_a_grapheme_of_one_column_beside_anything_narrow() {
        let narrow: Vec<char> = ('\0'..='\u{ffff}').filter(|c| is_narrow(*c)).collect();
        assert!(narrow.len() > 300 && ['a', 'ñ', '─', '█', '●'].iter().all(|c| narrow.contains(c)));
        for c in &narrow {
            for beside in ['a', 'É', '│', '▲', '…'] {
                let text = String::from_iter([beside, *c, beside]);
                let widths: Vec<usize> = cells(&text).map(|(_, width)| width).collect();
                assert_eq!((widths.as_slice(), plain(&text)), ([1, 1, 1].as_slice(), Some(3)), "{c:?}");
            }
        }
        for text in ["\t", "\x7f", "\u{ad}", "北", "e\u{301}", "▪\u{fe0f}"] {
            assert_eq!(plain(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_fitted_line_is_exactly_as_wide_as_asked(text in "\\PC{0,24}", more in "\\PC{0,8}", columns in 0_usize..30) {
            for align in [Align::Left, Align::Right, Align::Newest] {
                let line = Line::from(vec![Span::raw(text.clone()), Span::raw(more.clone())]);
                let fitted = fit_line(line, columns, align, "…");
                let got: usize = fitted.spans.iter().map(|span| width(&span.content)).sum();
                prop_assert_eq!(got, columns);
            }
        }

        #[test]
        fn wrapped_lines_keep_to_the_width(text in "[a-z北 ]{0,60}", columns in 2_usize..20) {
            prop_assert!(wrap(&text, columns).iter().all(|line| width(line) <= columns));
        }
    }
}
