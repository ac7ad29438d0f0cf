//! Recordings: what the console heard, as it reached `update`, in a file of JSON lines.
//!
//! The first line says what it is ([`Header`]), each further one when what was heard ([`Line`]), the last one why it ends.
//! Personal data was masked before any of it became an event, so none is in here; what people wrote as the reason of a
//! decision is left out as well. A file comes from outside: whatever is read is made harmless again, and bounded.
//! This file is the format and pure; `file` writes and reads, `player` keeps the clock.

pub mod file;
pub mod player;

use contract::UtcMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{Answer, CountersRead, Event, Fact, Heard, History, LinkChange, Meter, QueuesRead};
use crate::sanitise;
use crate::state::services::Found;

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;

/// Longest line, in bytes: a whole catalogue of stores stays far below.
pub const LINE_MAX: usize = 16 * 1_024 * 1_024;

/// Longest text, in characters: ten times the longest sentence that is kept, should every character of it be spelt out.
const TEXT_MAX: usize = 10 * sanitise::SENTENCE_MAX;

/// Longest recording, in milliseconds: as long as the streams keep.
pub const LENGTH_MAX_MS: i64 = 31 * 86_400_000;

/// What stands instead of a reason that a person wrote.
const LEFT_OUT: &str = "***";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format, [`FORMAT`].
    pub recording: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// When it began.
    pub began_at: UtcMs,
    /// The NATS context in use.
    pub context: Option<String>,
    /// Whether orders that people eat run there.
    pub production: bool,
}

/// Something that was heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When it reached the console.
    pub at: UtcMs,
    /// What.
    pub heard: Recorded,
}

/// Events that come from the bus, and the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    /// Nothing but time.
    Tick,
    /// [`Event::Link`].
    Link(LinkChange),
    /// [`Event::Live`].
    Live {
        /// What was said.
        facts: Vec<Fact>,
        /// The account of the observing connection after it.
        meter: Meter,
    },
    /// [`Event::Heard`], without copies of messages.
    Heard(Heard),
    /// [`Event::History`].
    History(History),
    /// [`Event::Queues`].
    Queues(QueuesRead),
    /// [`Event::Discovered`].
    Discovered {
        /// When.
        at: UtcMs,
        /// Who answered.
        found: Vec<Found>,
    },
    /// [`Answer::Counters`], when it was a good one.
    Counters(CountersRead),
    /// Nothing more follows, and why.
    End(Stop),
}

/// Why a recording ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It was asked to.
    Asked,
    /// It was to last no longer.
    Time,
    /// It was to become no larger.
    Size,
}

/// What is wrong with a recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It cannot be read.
    #[error("line {0}: reading failed: {1}")]
    Unreadable(usize, String),
    /// Its first line is not that of a recording.
    #[error("this is no recording of domicilio: its first line says nothing of the kind")]
    NotOne,
    /// Its format is not of this version.
    #[error("its format is {0}; this version reads {FORMAT}")]
    Format(u32),
    /// A line is not one of a recording.
    #[error("line {0}: {1}")]
    Wrong(usize, String),
    /// A line is longer than any is.
    #[error("line {0}: longer than {LINE_MAX} bytes")]
    TooLong(usize),
    /// It ends in the middle: whoever wrote it did not come to the end.
    #[error("it is cut off after line {0}")]
    Cut(usize),
}

impl Recorded {
    /// What of an event is recorded; `None` of what does not come from the bus.
    pub fn of(event: &Event) -> Option<Self> {
        Some(match event.clone() {
            Event::Tick(_) => Self::Tick,
            Event::Link(change) => Self::Link(change),
            Event::Live { mut facts, meter } => {
                facts.iter_mut().for_each(leave_out);
                Self::Live { facts, meter }
            }
            Event::Heard(heard) => Self::Heard(Heard { tail: None, kept: Vec::new(), skipped: 0, ..heard }),
            Event::History(History::Read { part, mut facts, done, total }) => {
                facts.iter_mut().for_each(leave_out);
                Self::History(History::Read { part, facts, done, total })
            }
            Event::History(step) => Self::History(step),
            Event::Queues(read) => Self::Queues(read),
            Event::Discovered { at, found } => Self::Discovered { at, found },
            Event::Answer(Answer::Counters(Ok(read))) => Self::Counters(read),
            _ => return None,
        })
    }

    /// The event; `None` for the end and for mere time.
    pub fn event(self) -> Option<Event> {
        Some(match self {
            Self::Tick | Self::End(_) => return None,
            Self::Link(change) => Event::Link(change),
            Self::Live { facts, meter } => Event::Live { facts, meter },
            Self::Heard(heard) => Event::Heard(heard),
            Self::History(step) => Event::History(step),
            Self::Queues(read) => Event::Queues(read),
            Self::Discovered { at, found } => Event::Discovered { at, found },
            Self::Counters(read) => Event::Answer(Answer::Counters(Ok(read))),
        })
    }
}

/// Leaves out what a person wrote.
fn leave_out(fact: &mut Fact) {
    let reason = match fact {
        Fact::Accepted { decision: Some(decision), .. } | Fact::Solved { decision, .. } => &mut decision.reason,
        Fact::Audited { record, .. } => &mut record.reason,
        _ => return,
    };
    if let Some(reason) = reason {
        LEFT_OUT.clone_into(reason);
    }
}

impl Line {
    /// The line as it stands in the file, its end included; why not is one sentence.
    pub fn write(&self) -> Result<String, String> {
        write(self)
    }

    /// Reads a line; the number is for the fault.
    fn read(bytes: &[u8], number: usize) -> Result<Self, Fault> {
        let wrong = |error: serde_json::Error| Fault::Wrong(number, place(&error));
        let mut value: Value = serde_json::from_slice(bytes).map_err(wrong)?;
        clean(&mut value);
        serde_json::from_value(value).map_err(wrong)
    }
}

impl Header {
    /// The line as it stands in the file, its end included.
    pub fn write(&self) -> Result<String, String> {
        write(self)
    }

    fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut value: Value = serde_json::from_slice(bytes).map_err(|_| Fault::NotOne)?;
        clean(&mut value);
        match value.get("recording").and_then(Value::as_u64).and_then(|format| u32::try_from(format).ok()) {
            None => Err(Fault::NotOne),
            Some(FORMAT) => serde_json::from_value(value).map_err(|error| Fault::Wrong(1, place(&error))),
            Some(format) => Err(Fault::Format(format)),
        }
    }
}

fn write(line: &impl Serialize) -> Result<String, String> {
    let text = serde_json::to_string(line).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// What is wrong, without a word of what stands there: that may be anything.
fn place(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => "a field is missing or of another kind".to_owned(),
        _ => format!("not JSON from column {} on", error.column()),
    }
}

/// Makes every text harmless, names of fields included. What this program wrote stays as it is.
fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = sanitise::text(text, TEXT_MAX),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(members) => {
            members.values_mut().for_each(clean);
            let harmless = |key: &String| *key == sanitise::text(key, sanitise::NAME_MAX);
            members.retain(|key, _| harmless(key));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
