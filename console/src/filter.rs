//! Filters of tables: plain words, fields, patterns; the same language everywhere (`grammar.rs`).
//!
//! A plain word just works: a row passes when it holds every word, whatever the case or the accents. A term with a fault
//! is left out, and the fault is told with its place.

mod complete;
pub mod field;
mod grammar;
pub mod words;

use std::borrow::Cow;

pub use complete::complete;
pub use field::Field;
pub use grammar::{Fault, Wrong, millis};
use grammar::{Op, Term, Test, Value};
pub use words::fold;

/// Characters of a filter.
pub const FILTER_MAX: usize = 200;

/// What a filter can ask of a row.
pub trait Row {
    /// Everything that a plain word may find, folded.
    fn words(&self) -> Cow<'_, str>;

    /// A field's words, folded; `None` when they are not known.
    fn text(&self, field: Field) -> Option<Cow<'_, str>>;

    /// A field's number, times in milliseconds; `None` when it is not known.
    fn number(&self, field: Field) -> Option<f64>;
}

/// A filter, as written and as used.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
    faults: Vec<Fault>,
}

/// Two filters are the same when they are written the same; which fields there are follows from their table.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Filter {
    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether every row passes.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The first fault, which keeps its term from being used.
    pub fn fault(&self) -> Option<&Fault> {
        self.faults.first()
    }

    /// Takes a new text for a table with `fields`; characters beyond [`FILTER_MAX`] are left out.
    pub fn set(&mut self, text: &str, fields: &[Field]) {
        self.text = text.chars().filter(|c| !c.is_control()).take(FILTER_MAX).collect();
        (self.terms, self.faults) = grammar::read(&self.text, fields);
    }

    /// Whether a row passes.
    pub fn matches(&self, row: &impl Row) -> bool {
        self.terms.iter().all(|term| holds(&term.test, row) != term.negated)
    }
}

/// What is not known passes no test.
fn holds(test: &Test, row: &impl Row) -> bool {
    match test {
        Test::Word(word) => row.words().contains(word.as_str()),
        Test::Pattern(pattern) => pattern.is_match(&row.words()),
        Test::Field(field, op, value) => match value {
            Value::Text(wanted) => row.text(*field).is_some_and(|text| match op {
                Op::Is => text.as_ref() == wanted || text.split_whitespace().any(|word| word == wanted),
                _ => text.contains(wanted.as_str()),
            }),
            Value::Pattern(pattern) => row.text(*field).is_some_and(|text| pattern.is_match(&text)),
            Value::Number(wanted) => row.number(*field).is_some_and(|number| compare(number, *op, *wanted)),
        },
    }
}

fn compare(number: f64, op: Op, wanted: f64) -> bool {
    match op {
        Op::Has | Op::Is => (number - wanted).abs() < f64::EPSILON * wanted.abs().max(1.0),
        Op::More => number > wanted,
        Op::MoreOrSame => number >= wanted,
        Op::Less => number < wanted,
        Op::LessOrSame => number <= wanted,
    }
}

#[cfg(test)]
mod tests;
