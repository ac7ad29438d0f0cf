//! Alerts: what of the list of what needs a person goes to the chat group, and when. Pure; `alerting` sends.
//!
//! What is new goes once, and again when it gets worse or comes back after it was acknowledged or put off, as the bell has it
//! (`state/attention/handled.rs`). What comes while a message is under way, or too soon after one, is folded into the next.

use std::collections::VecDeque;

use contract::UtcMs;

use crate::state::attention::{Severity, Subject};
use crate::state::settings::Ms;
use crate::text::{Lang, Msg, phrases};

/// Entries that wait to be told; beyond it the oldest goes, and is counted.
pub const WAITING_MAX: usize = 200;

/// Entries of one message; the others are counted in it. More than a dozen lines nobody reads on a telephone.
pub const LINES_MAX: usize = 12;

/// Longest line of a message, in characters.
const LINE_MAX: usize = 300;

/// How long after a message that did not arrive the next one is tried, in milliseconds.
pub const AGAIN_MS: i64 = 60_000;

/// How long the bus is away before that is told, in milliseconds: a restart of the server takes less.
pub const AWAY_MS: i64 = 30_000;

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// The connection to the bus: without it nothing else is known.
    Bus,
    /// An item of the list.
    Item(Subject),
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is there, or worse than it was.
    New(Severity),
    /// It is over.
    Over,
}

/// One line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// About what.
    pub matter: Matter,
    /// What became of it.
    pub turn: Turn,
    /// In words, as the overview has them; no personal data.
    pub text: String,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it was put together.
    pub at: UtcMs,
    /// The NATS context, or nothing.
    pub place: String,
    /// Its lines, at most [`LINES_MAX`]; the oldest first.
    pub entries: Vec<Entry>,
    /// How many more there are.
    pub more: usize,
    /// How many had to be given up since the last message.
    pub lost: u64,
}

impl Message {
    /// The message for people.
    pub fn text(&self, lang: Lang) -> String {
        let place = if self.place.is_empty() { String::new() } else { format!(" {}", self.place) };
        let mut text = format!("DOMICILIO{place} · {}", self.at);
        for entry in &self.entries {
            let line = match entry.turn {
                Turn::New(Severity::Critical) => format!("✖ {}", entry.text),
                Turn::New(Severity::Warning) => format!("▲ {}", entry.text),
                Turn::Over => format!("✔ {}: {}", lang.t(Msg::AlertOver), entry.text),
            };
            text.push('\n');
            text.extend(line.chars().take(LINE_MAX));
        }
        if self.more > 0 {
            text.push('\n');
            text.push_str(&phrases::alert_more(lang, self.more));
        }
        if self.lost > 0 {
            text.push('\n');
            text.push_str(&phrases::alert_lost(lang, self.lost));
        }
        text
    }
}

/// What was told and what is still to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Desk {
    waiting: VecDeque<Entry>,
    under_way: Vec<Entry>,
    /// What was told and is not over, with its words; at most [`WAITING_MAX`].
    open: Vec<(Matter, String)>,
    lost: u64,
    /// Before this moment nothing is sent.
    not_before: Option<UtcMs>,
}

impl Desk {
    /// Something is new, or worse.
    pub fn begin(&mut self, matter: Matter, severity: Severity, text: String) {
        self.waiting.retain(|entry| entry.matter != matter);
        self.waiting.push_back(Entry { matter, turn: Turn::New(severity), text });
        self.bound();
    }

    /// Something is over. What was never told needs no word about its end.
    pub fn over(&mut self, matter: &Matter) {
        self.waiting.retain(|entry| entry.matter != *matter || entry.turn == Turn::Over);
        let over = |entry: &Entry| entry.matter == *matter && entry.turn == Turn::Over;
        if self.waiting.iter().chain(&self.under_way).any(over) {
            return; // That is on its way already.
        }
        let told = self.open.iter().find(|(open, _)| open == matter).map(|(_, text)| text.clone());
        let telling = self.under_way.iter().find(|entry| entry.matter == *matter).map(|entry| entry.text.clone());
        if let Some(text) = telling.or(told) {
            self.waiting.push_back(Entry { matter: matter.clone(), turn: Turn::Over, text });
            self.bound();
        }
    }

    /// Whether this was told, or is about to be, and is not over.
    pub fn knows(&self, matter: &Matter) -> bool {
        let over = |entry: &Entry| entry.matter == *matter && entry.turn == Turn::Over;
        let ends = self.waiting.iter().chain(&self.under_way).any(over);
        self.open.iter().any(|(open, _)| open == matter) && !ends
            || self
                .waiting
                .iter()
                .chain(&self.under_way)
                .any(|entry| entry.matter == *matter && entry.turn != Turn::Over)
    }

    /// The next message, if one is due at `now`: one at a time, and not too soon after the last one.
    pub fn due(&mut self, now: UtcMs, place: &str, interval: Ms) -> Option<Message> {
        let soon = self.not_before.is_some_and(|at| now < at);
        if self.waiting.is_empty() || !self.under_way.is_empty() || soon {
            return None;
        }
        self.under_way = self.waiting.drain(..).collect();
        self.not_before = Some(now.plus_millis(interval.0));
        // What is there goes before what is over when not all of it can be named.
        let mut entries = self.under_way.clone();
        entries.sort_by_key(|entry| match entry.turn {
            Turn::New(severity) => (0, Some(severity)),
            Turn::Over => (1, None),
        });
        let more = entries.len().saturating_sub(LINES_MAX);
        entries.truncate(LINES_MAX);
        Some(Message { at: now, place: place.to_owned(), entries, more, lost: self.lost })
    }

    /// The message arrived, or did not: then what it said is told with the next one.
    pub fn sent(&mut self, now: UtcMs, arrived: bool) {
        let entries = std::mem::take(&mut self.under_way);
        if !arrived {
            self.not_before = Some(now.plus_millis(AGAIN_MS));
            for entry in entries.into_iter().rev() {
                // What came meanwhile about the same matter is the later word.
                if !self.waiting.iter().any(|later| later.matter == entry.matter) {
                    self.waiting.push_front(entry);
                }
            }
            // What began and ended without anybody being told needs no word.
            let open = &self.open;
            let told = |entry: &Entry| open.iter().any(|(matter, _)| *matter == entry.matter);
            self.waiting.retain(|entry| entry.turn != Turn::Over || told(entry));
            return self.bound();
        }
        self.lost = 0;
        for entry in entries {
            self.open.retain(|(open, _)| *open != entry.matter);
            if entry.turn != Turn::Over && self.open.len() < WAITING_MAX {
                self.open.push((entry.matter, entry.text));
            }
        }
    }

    fn bound(&mut self) {
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
            self.lost += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::{Service, StoreId};

    use super::*;

    const PAUSE: Ms = Ms::minutes(1);

    fn at(seconds: i64) -> UtcMs {
        UtcMs::from_millis(seconds * 1_000)
    }

    fn queue(n: u32) -> Matter {
        Matter::Item(Subject::Queue(StoreId(n)))
    }

    fn told(message: Option<Message>) -> Vec<(Matter, bool)> {
        let entries = message.map_or_else(Vec::new, |message| message.entries);
        entries.into_iter().map(|entry| (entry.matter, entry.turn != Turn::Over)).collect()
    }

    fn new(desk: &mut Desk, n: u32) {
        desk.begin(queue(n), Severity::Critical, format!("store {n}"));
    }

    #[test]
    fn what_comes_too_soon_is_folded_into_the_next_message() {
        let mut desk = Desk::default();
        new(&mut desk, 1);
        assert_eq!(told(desk.due(at(0), "", PAUSE)), [(queue(1), true)]);
        new(&mut desk, 2);
        assert_eq!(desk.due(at(100), "", PAUSE), None, "one is under way");
        desk.sent(at(101), true);
        new(&mut desk, 3);
        assert_eq!(told(desk.due(at(101), "", PAUSE)), [(queue(2), true), (queue(3), true)]);
        desk.sent(at(102), true);
        new(&mut desk, 4);
        assert_eq!(desk.due(at(160), "", PAUSE), None, "too soon");
        assert_eq!(told(desk.due(at(161), "", PAUSE)), [(queue(4), true)]);
    }

    #[test]
    fn an_end_is_told_of_what_was_told_and_of_nothing_else() {
        let mut desk = Desk::default();
        new(&mut desk, 1);
        new(&mut desk, 2);
        desk.over(&queue(2));
        assert_eq!(told(desk.due(at(0), "", PAUSE)), [(queue(1), true)]);
        desk.sent(at(1), true);
        desk.over(&queue(1));
        desk.over(&queue(1));
        assert_eq!(told(desk.due(at(60), "", PAUSE)), [(queue(1), false)]);
        desk.sent(at(61), true);
        assert_eq!(desk.due(at(200), "", PAUSE), None);
    }

    #[test]
    fn what_did_not_arrive_is_told_later_unless_something_newer_is_known() {
        let mut desk = Desk::default();
        new(&mut desk, 1);
        new(&mut desk, 2);
        assert!(desk.due(at(0), "", PAUSE).is_some());
        desk.begin(queue(2), Severity::Critical, "worse".to_owned());
        desk.sent(at(10), false);
        assert_eq!(desk.due(at(69), "", PAUSE), None);
        let message = desk.due(at(70), "", PAUSE).unwrap();
        let texts: Vec<&str> = message.entries.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(texts, ["store 1", "worse"]);
    }

    #[test]
    fn what_ends_while_it_is_being_told_is_told_to_have_ended_only_if_that_arrived() {
        for (arrived, wanted) in [(true, vec![(queue(1), false)]), (false, vec![])] {
            let mut desk = Desk::default();
            new(&mut desk, 1);
            assert!(desk.due(at(0), "", PAUSE).is_some());
            desk.over(&queue(1));
            desk.sent(at(1), arrived);
            assert_eq!(told(desk.due(at(100), "", PAUSE)), wanted, "{arrived}");
        }
    }

    #[test]
    fn a_flood_is_cut_counted_and_told() {
        let mut desk = Desk::default();
        for n in 0..u32::try_from(WAITING_MAX).unwrap() + 5 {
            new(&mut desk, n);
        }
        let message = desk.due(at(0), "ec-prod", PAUSE).unwrap();
        assert_eq!((message.entries.len(), message.more, message.lost), (LINES_MAX, WAITING_MAX - LINES_MAX, 5));
        let text = message.text(Lang::En);
        assert!(text.starts_with("DOMICILIO ec-prod · 1970-01-01T00:00:00.000Z\n✖ store 5\n"), "{text}");
        assert!(text.contains("and 188 more\n") && text.ends_with("alerts lost: 5"), "{text}");
        assert_eq!(text.lines().count(), 1 + LINES_MAX + 2);
    }

    #[test]
    fn what_is_urgent_is_named_first_and_what_is_over_last() {
        let mut desk = Desk::default();
        let service = |service| Matter::Item(Subject::NoService(service));
        desk.begin(service(Service::Api), Severity::Critical, "api".to_owned());
        assert!(desk.due(at(0), "", PAUSE).is_some());
        desk.sent(at(0), true);
        desk.over(&service(Service::Api));
        desk.begin(queue(1), Severity::Warning, "slow".to_owned());
        desk.begin(Matter::Bus, Severity::Critical, "bus".to_owned());
        let text = desk.due(at(60), "", PAUSE).unwrap().text(Lang::Es);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines, ["✖ bus", "▲ slow", "✔ resuelto: api"]);
    }
}
