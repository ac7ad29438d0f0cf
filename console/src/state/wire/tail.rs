//! Copies of the messages of one subtree of subjects, the newest last, and the places where some are missing.

use std::collections::VecDeque;

use contract::UtcMs;

use super::subjects::ROOT;
use crate::event::{Fact, Trouble};
use crate::mask::Masked;

/// Rows kept: minutes of usual traffic, and further than anybody scrolls back.
pub const ROWS_MAX: usize = 2_000;

/// Bytes kept in all rows together, roughly: a few large messages must not cost more than thousands of small ones.
pub const BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Bytes of a body that are kept for the hex view: 64 rows of sixteen.
pub const HEX_MAX: usize = 1_024;

/// Headers kept of a message; ours have three.
pub const HEADERS_MAX: usize = 16;

/// Lines of a body that are kept; orders have a few hundred.
pub const LINES_MAX: usize = 600;

/// Roughly what a line of a body takes, in bytes.
const LINE_BYTES: usize = 96;

/// Roughly what a row takes beside its texts, in bytes.
const ROW_BYTES: usize = 512;

/// A message's body, as far as it may be kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// It may hold personal data: masked, and nothing of its bytes is kept.
    Personal(Result<Masked, Trouble>),
    /// It holds none.
    Plain {
        /// As JSON.
        json: Result<Masked, Trouble>,
        /// Its first bytes, at most [`HEX_MAX`].
        head: Vec<u8>,
    },
}

impl Body {
    /// Its lines, or why there are none.
    pub const fn json(&self) -> &Result<Masked, Trouble> {
        match self {
            Self::Personal(json) | Self::Plain { json, .. } => json,
        }
    }
}

/// A copy of a message, sanitised and masked when it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// When it came, by this machine's clock.
    pub at: UtcMs,
    /// Its subject.
    pub subject: String,
    /// Length of its body, in bytes.
    pub bytes: u64,
    /// What it says; `None` for what the console does not follow.
    pub fact: Option<Fact>,
    /// Its headers, at most [`HEADERS_MAX`]; a value that may be personal is `None`.
    pub headers: Vec<(String, Option<String>)>,
    /// Its body.
    pub body: Body,
}

impl Raw {
    /// Roughly what it takes in memory, in bytes.
    fn weight(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len)).sum();
        let lines = self.body.json().as_ref().map_or(0, |masked| masked.lines.len());
        let head = match &self.body {
            Body::Plain { head, .. } => head.len(),
            Body::Personal(_) => 0,
        };
        ROW_BYTES + self.subject.len() + headers + head + lines * LINE_BYTES
    }
}

/// Why messages are missing at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// They came faster than copies are kept, or while a person held the rows; how many.
    Skipped(u64),
    /// The client had to drop them, on whatever subjects; how many.
    Lost(u64),
    /// The connection was away, for this many milliseconds.
    Away(i64),
    /// Nobody looked, for this many milliseconds.
    Unwatched(i64),
}

/// What a row is.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A message.
    Message(Box<Raw>),
    /// Messages are missing here.
    Gap(Gap),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Names it for as long as it is kept.
    pub id: u64,
    /// When it came.
    pub at: UtcMs,
    /// What it is.
    pub what: What,
    /// What a filter finds it by, folded.
    pub words: String,
}

/// The rows, and what they are of.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// The subject at and below which messages are copied.
    pub subject: String,
    /// What the feed was last told to copy.
    pub told: Option<String>,
    /// When it was last told to stop.
    pub left_at: Option<UtcMs>,
    /// Messages copied since the subject was chosen, those that have gone since included.
    pub seen: u64,
    /// Loss up to here has its row.
    pub lost: u64,
    rows: VecDeque<Row>,
    bytes: usize,
    next: u64,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            subject: ROOT.to_owned(),
            told: None,
            left_at: None,
            seen: 0,
            lost: 0,
            rows: VecDeque::new(),
            bytes: 0,
            next: 0,
        }
    }
}

impl Tail {
    /// Begins anew with another subject.
    pub fn choose(&mut self, subject: &str) {
        if self.subject != subject {
            let (told, lost, next) = (self.told.take(), self.lost, self.next);
            // Ids go on, so that none ever means two messages.
            *self = Self { subject: subject.to_owned(), told, lost, next, ..Self::default() };
        }
    }

    /// Takes a message, found by `words`.
    pub fn message(&mut self, raw: Raw, words: String) {
        self.seen += 1;
        self.push(raw.at, What::Message(Box::new(raw)), words);
    }

    /// Says that messages are missing; what is missing for the same reason as just before is counted with it.
    pub fn gap(&mut self, at: UtcMs, gap: Gap) {
        if let Some(Row { what: What::Gap(last), .. }) = self.rows.back_mut() {
            match (last, gap) {
                (Gap::Skipped(count), Gap::Skipped(more)) | (Gap::Lost(count), Gap::Lost(more)) => {
                    *count += more;
                    return;
                }
                _ => {}
            }
        }
        self.push(at, What::Gap(gap), String::new());
    }

    fn push(&mut self, at: UtcMs, what: What, words: String) {
        self.next += 1;
        let row = Row { id: self.next, at, what, words };
        self.bytes += weight(&row);
        self.rows.push_back(row);
        while self.rows.len() > ROWS_MAX || self.bytes > BYTES_MAX && self.rows.len() > 1 {
            let Some(gone) = self.rows.pop_front() else { break };
            self.bytes -= weight(&gone);
        }
    }

    /// The rows, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Row> + ExactSizeIterator {
        self.rows.iter()
    }

    /// The row with this id, as long as it is kept.
    pub fn get(&self, id: u64) -> Option<&Row> {
        // Ids are given in order and only the oldest ones go.
        let first = self.rows.front()?.id;
        self.rows.get(usize::try_from(id.checked_sub(first)?).ok()?)
    }

    /// The message of this row, as long as it is kept; `None` for a gap.
    pub fn message_at(&self, id: u64) -> Option<&Raw> {
        match &self.get(id)?.what {
            What::Message(raw) => Some(raw),
            What::Gap(_) => None,
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn weight(row: &Row) -> usize {
    row.words.len()
        + match &row.what {
            What::Message(raw) => raw.weight(),
            What::Gap(_) => ROW_BYTES,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(ms: i64, head: usize) -> Raw {
        Raw {
            at: UtcMs::from_millis(ms),
            subject: "domicilio.x".to_owned(),
            bytes: 5,
            fact: None,
            headers: Vec::new(),
            body: Body::Plain { json: Err(Trouble::Unreadable), head: vec![0; head] },
        }
    }

    #[test]
    fn rows_and_bytes_are_bounded_and_ids_find_their_rows() {
        let mut tail = Tail::default();
        for ms in 0..3_000 {
            tail.message(raw(ms, 0), String::new());
        }
        assert_eq!((tail.iter().len(), tail.seen), (ROWS_MAX, 3_000));
        assert_eq!((tail.get(1_000), tail.get(3_001)), (None, None));
        assert_eq!(tail.get(1_001).map(|row| row.at.as_millis()), Some(1_000));
        for ms in 0..20 {
            tail.message(raw(ms, BYTES_MAX / 4), String::new());
        }
        assert_eq!(tail.iter().len(), 3, "three of a quarter each, with what else they take");
        assert!(tail.iter().map(weight).sum::<usize>() == tail.bytes && tail.bytes <= BYTES_MAX);
    }

    #[test]
    fn gaps_for_the_same_reason_are_one_row() {
        let mut tail = Tail::default();
        let at = UtcMs::from_millis(0);
        for gap in [Gap::Skipped(2), Gap::Skipped(3), Gap::Lost(1), Gap::Lost(4), Gap::Away(9), Gap::Away(9)] {
            tail.gap(at, gap);
        }
        let gaps: Vec<&What> = tail.iter().map(|row| &row.what).collect();
        let expected = [Gap::Skipped(5), Gap::Lost(5), Gap::Away(9), Gap::Away(9)].map(What::Gap);
        assert_eq!(gaps, expected.iter().collect::<Vec<_>>());
    }

    #[test]
    fn another_subject_begins_anew_and_ids_go_on() {
        let mut tail = Tail::default();
        tail.message(raw(0, 0), String::new());
        tail.choose(ROOT);
        assert_eq!(tail.iter().len(), 1);
        tail.choose("domicilio.x");
        assert!(tail.is_empty());
        tail.message(raw(1, 0), String::new());
        assert_eq!(tail.iter().next().map(|row| row.id), Some(2));
    }
}
