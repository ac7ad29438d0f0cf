//! What every part of the screen draws with: the buffer and the look of this frame.

use contract::heartbeat::SILENT_MS;
use contract::order::Channel;
use contract::{Country, StoreRecord, UtcMs};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::fit::{self, Align};
use crate::mask::Clear;
use crate::state::services::Instance;
use crate::state::settings::Attention;
use crate::text::attention::loudness;
use crate::text::{Lang, Msg};
use crate::theme::{Glyphs, Meaning, Theme};

/// How this frame looks: theme, language, time.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    pub(crate) lang: Lang,
    /// The time of the frame, from the last tick.
    pub(crate) now: UtcMs,
    /// The zone of times that belong to no store.
    pub(crate) zone: TimeZone,
    /// Whether times that belong to a store are shown in UTC as well.
    pub(crate) utc: bool,
    /// From which ages on what waits is loud.
    pub(crate) attention: Attention,
    /// How long ago the connection was lost, in milliseconds: what is shown is as old as that.
    pub(crate) stale_ms: Option<i64>,
    /// Since when whoever speaks is heard without a gap: silence before that says nothing.
    pub(crate) hearing_since: UtcMs,
    /// What is masked of the opened payload, where it may be drawn.
    pub(crate) clear: Option<Clear>,
}

impl Look {
    /// Whether an instance is silent, as far as it could have been heard. Without a connection everybody is silent,
    /// which says nothing: what was known last is shown, as old as it is.
    pub(crate) fn is_silent(&self, instance: &Instance) -> bool {
        self.stale_ms.is_none() && instance.is_silent(self.now) && self.now.since(self.hearing_since) > SILENT_MS
    }

    /// How loud it is that an order of this channel waits for so long.
    pub(crate) fn ageing(&self, channel: Channel, age_ms: i64) -> Meaning {
        loudness(self.attention.ageing(channel).severity(age_ms))
    }

    pub(crate) fn t(&self, msg: Msg) -> &'static str {
        self.lang.t(msg)
    }

    pub(crate) fn glyphs(&self) -> &'static Glyphs {
        self.theme.glyphs()
    }

    pub(crate) fn style(&self, meaning: Meaning) -> Style {
        self.theme.style(meaning)
    }

    /// A piece of text that means something.
    pub(crate) fn span(&self, meaning: Meaning, text: impl Into<String>) -> Span<'static> {
        Span::styled(text.into(), self.style(meaning))
    }

    pub(crate) fn line(&self, meaning: Meaning, text: impl Into<String>) -> Line<'static> {
        Line::from(self.span(meaning, text))
    }

    /// `–`: not known, which is never the same as zero.
    pub(crate) fn unknown(&self) -> Line<'static> {
        self.line(Meaning::Muted, self.glyphs().unknown)
    }

    /// Age of something that happened at `at`.
    pub(crate) fn age(&self, at: UtcMs) -> String {
        super::when::age(self.now.since(at))
    }

    /// The zone in which a store's times are shown; UTC when that was asked for, or when the system knows no such zone.
    pub(crate) fn zone_of(&self, store: Option<&StoreRecord>, country: Country) -> TimeZone {
        if self.utc {
            return TimeZone::UTC;
        }
        let name = store.map_or_else(|| contract::store::zone_of(country), StoreRecord::zone);
        TimeZone::get(name).unwrap_or(TimeZone::UTC)
    }

    /// Two facts apart: ` · `.
    pub(crate) fn dot(&self) -> Span<'static> {
        self.span(Meaning::Muted, format!(" {} ", self.glyphs().dot))
    }

    /// The facts of a line, set apart by dots.
    pub(crate) fn facts(&self, facts: Vec<Vec<Span<'static>>>) -> Line<'static> {
        let mut spans = Vec::new();
        for fact in facts {
            if !spans.is_empty() {
                spans.push(self.dot());
            }
            spans.extend(fact);
        }
        Line::from(spans)
    }
}

/// The buffer of the frame, with the look.
pub(crate) struct Pen<'a> {
    pub(crate) buffer: &'a mut Buffer,
    pub(crate) look: &'a Look,
    /// How many rows the longest text drawn so far can be scrolled down.
    pub(crate) reach: u16,
}

impl Pen<'_> {
    /// Draws `line` from column `x` of row `y` in exactly `columns` columns.
    pub(crate) fn line(&mut self, x: u16, y: u16, columns: u16, line: Line<'_>, align: Align) {
        let area = self.buffer.area.intersection(Rect::new(x, y, columns, 1));
        if area.is_empty() {
            return;
        }
        let line = fit::fit_line(line, usize::from(area.width), align, self.look.glyphs().ellipsis);
        let mut x = area.x;
        for span in &line.spans {
            x = self.span(x, y, area.right(), span);
        }
    }

    /// Draws a span of a line that fits; tells where it ends.
    fn span(&mut self, x: u16, y: u16, end: u16, span: &Span<'_>) -> u16 {
        if fit::plain(&span.content).is_none() {
            return self.buffer.set_span(x, y, span, end.saturating_sub(x)).0;
        }
        let mut at = x;
        for (x, c) in (x..end).zip(span.content.chars()) {
            self.buffer[(x, y)].set_char(c).set_style(span.style);
            at = x + 1;
        }
        at
    }

    /// Draws `text` from column `x` of row `y` in at most `columns` columns.
    pub(crate) fn text(&mut self, x: u16, y: u16, columns: u16, meaning: Meaning, text: &str) {
        let style = self.look.style(meaning);
        self.line(x, y, columns, Line::from(Span::styled(text, style)), Align::Left);
    }

    /// Draws one line below the other, as many as fit; tells how many rows were used.
    pub(crate) fn lines(&mut self, area: Rect, lines: Vec<Line<'_>>) -> u16 {
        let mut used = 0;
        for (line, y) in lines.into_iter().zip(area.top()..area.bottom()) {
            self.line(area.x, y, area.width, line, Align::Left);
            used += 1;
        }
        used
    }

    /// Draws a sentence over as many rows as it needs; tells how many were used.
    pub(crate) fn sentence(&mut self, area: Rect, meaning: Meaning, text: &str) -> u16 {
        let lines = fit::wrap(text, usize::from(area.width));
        let lines = lines.into_iter().map(|line| self.look.line(meaning, line)).collect();
        self.lines(area, lines)
    }

    /// Empties `area`, halves of wide characters at its sides included.
    pub(crate) fn clear(&mut self, area: Rect) {
        let area = self.buffer.area.intersection(area);
        for y in area.top()..area.bottom() {
            if let Some(before) = area.x.checked_sub(1).and_then(|x| self.buffer.cell_mut((x, y)))
                && fit::width(before.symbol()) > 1
            {
                before.set_symbol(" ");
            }
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// Lays `meaning` over `area`, text untouched.
    pub(crate) fn paint(&mut self, area: Rect, meaning: Meaning) {
        self.buffer.set_style(area, self.look.style(meaning));
    }

    /// A rule across `area`'s first row with the section's name in it and, at its right end, `note`:
    /// `── Title ───────────── note ──`. When the connection is lost the note says so.
    pub(crate) fn rule(&mut self, area: Rect, title: &str, note: Line<'static>) {
        let area = self.buffer.area.intersection(Rect { height: 1, ..area });
        if area.is_empty() {
            return;
        }
        let look = self.look;
        let bar = look.glyphs().horizontal;
        let note = match look.stale_ms {
            Some(ms) => look.line(Meaning::Stale, crate::text::phrases::as_of_ago(look.lang, super::when::age(ms))),
            None => note,
        };
        let columns = usize::from(area.width);
        self.text(area.x, area.y, area.width, Meaning::Frame, &bar.repeat(columns));
        let title = fit::cut(title, columns.saturating_sub(6), look.glyphs().ellipsis);
        let title_columns = fit::width(&title);
        if title_columns > 0 {
            let room = u16::try_from(title_columns + 2).unwrap_or(u16::MAX);
            self.text(area.x + 2, area.y, room, Meaning::Title, &format!(" {title} "));
        }
        let note_columns: usize = note.spans.iter().map(|span| fit::width(&span.content)).sum();
        // Two bars before the title, one space each side of title and note, two bars between and after them.
        if note_columns > 0 && note_columns + title_columns + 10 <= columns {
            let room = u16::try_from(note_columns + 2).unwrap_or(u16::MAX);
            let mut spans = vec![Span::raw(" ")];
            spans.extend(note.spans);
            spans.push(Span::raw(" "));
            self.line(area.right() - room - 2, area.y, room, Line::from(spans), Align::Left);
        }
    }

    /// A vertical line along `area`'s first column, joined to the rules that it meets above and below.
    pub(crate) fn divider(&mut self, area: Rect) {
        let area = self.buffer.area.intersection(Rect { width: 1, ..area });
        if area.is_empty() {
            return;
        }
        let glyphs = self.look.glyphs();
        for y in area.top()..area.bottom() {
            self.text(area.x, y, 1, Meaning::Frame, glyphs.vertical);
        }
        self.join(area.x, area.top().checked_sub(1), glyphs.tee_down, glyphs.tee_up, glyphs.cross);
        self.join(area.x, Some(area.bottom()), glyphs.tee_up, glyphs.tee_down, glyphs.cross);
    }

    /// Where a rule runs at row `y`, puts `tee`; where another line ends there already (`other`), a `cross`.
    fn join(&mut self, x: u16, y: Option<u16>, tee: &str, other: &str, cross: &str) {
        let horizontal = self.look.glyphs().horizontal;
        if let Some(cell) = y.and_then(|y| self.buffer.cell_mut((x, y))) {
            if cell.symbol() == horizontal {
                cell.set_symbol(tee);
            } else if cell.symbol() == other {
                cell.set_symbol(cross);
            }
        }
    }
}
