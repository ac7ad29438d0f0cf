//! The grammar of filters.
//!
//! ```text
//! filter = { term }              terms are joined by "and"
//! term   = [ "-" ] ( test | regex | word )
//! test   = field op ( regex | word )
//! op     = ":" | "=" | ">=" | "<=" | ">" | "<"
//! regex  = "/" text "/"
//! word   = quoted text, or anything without a space
//! ```
//!
//! What looks like a test but names no field is a fault, with its place: silently finding nothing would be a lie.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use winnow::Parser as _;
use winnow::combinator::{alt, delimited, opt, preceded, terminated};
use winnow::error::ContextError;
use winnow::token::{one_of, rest, take_till, take_while};

use super::field::{Field, Kind};
use super::words::fold;

/// Largest compiled pattern, in bytes: a person's pattern needs far less, a hostile one must not eat the console.
const PATTERN_MAX: usize = 256 * 1_024;

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Has,
    Is,
    More,
    MoreOrSame,
    Less,
    LessOrSame,
}

/// What is compared with.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Folded.
    Text(String),
    Pattern(Regex),
    /// Times in milliseconds.
    Number(f64),
}

/// What a row must show.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Word(String),
    Pattern(Regex),
    Field(Field, Op, Value),
}

/// A term.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) negated: bool,
    pub(super) test: Test,
}

/// What is wrong with a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// No field has this name here.
    NoField(String),
    /// A value is missing.
    NoValue,
    /// A number is expected.
    NotNumber,
    /// A time with a unit is expected.
    NotTime,
    /// Words cannot be compared by size.
    NotSized,
    /// The pattern is none, or is too large.
    BadPattern,
    /// A quote or a pattern has no end.
    Unclosed,
}

/// A fault and where it stands, in characters from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its place.
    pub at: Range<usize>,
    /// What it is.
    pub wrong: Wrong,
}

/// A term as it is written.
#[derive(Debug)]
struct Written<'i> {
    negated: bool,
    field: Option<(&'i str, Op)>,
    value: Token<'i>,
}

#[derive(Debug)]
enum Token<'i> {
    Plain(&'i str),
    Pattern(&'i str),
    Unclosed,
}

type Failed = ContextError;

fn quoted<'i>(input: &mut &'i str) -> Result<Token<'i>, Failed> {
    let closed = delimited('"', take_till(0.., '"'), '"').map(Token::Plain);
    alt((closed, preceded('"', rest).map(|_: &str| Token::Unclosed))).parse_next(input)
}

fn pattern<'i>(input: &mut &'i str) -> Result<Token<'i>, Failed> {
    let closed = delimited('/', take_till(0.., '/'), '/').map(Token::Pattern);
    alt((closed, preceded('/', rest).map(|_: &str| Token::Unclosed))).parse_next(input)
}

fn bare<'i>(input: &mut &'i str) -> Result<Token<'i>, Failed> {
    take_till(0.., char::is_whitespace).map(Token::Plain).parse_next(input)
}

fn op(input: &mut &str) -> Result<Op, Failed> {
    alt((
        ">=".value(Op::MoreOrSame),
        "<=".value(Op::LessOrSame),
        one_of([':', '=', '>', '<']).map(|sign| match sign {
            ':' => Op::Has,
            '=' => Op::Is,
            '>' => Op::More,
            _ => Op::Less,
        }),
    ))
    .parse_next(input)
}

fn field<'i>(input: &mut &'i str) -> Result<(&'i str, Op), Failed> {
    (take_while(1.., char::is_alphabetic), op).parse_next(input)
}

fn written<'i>(input: &mut &'i str) -> Result<Written<'i>, Failed> {
    let negated = opt(terminated('-', winnow::combinator::not(winnow::combinator::eof))).parse_next(input)?.is_some();
    let field = opt(field).parse_next(input)?;
    let value = alt((quoted, pattern, bare)).parse_next(input)?;
    Ok(Written { negated, field, value })
}

/// Reads `text`; terms with a fault are left out.
pub(super) fn read(text: &str, fields: &[Field]) -> (Vec<Term>, Vec<Fault>) {
    let (mut terms, mut faults) = (Vec::new(), Vec::new());
    let mut input = text;
    loop {
        input = input.trim_start();
        if input.is_empty() {
            return (terms, faults);
        }
        let start = text.len() - input.len();
        let before = input;
        match written.parse_next(&mut input) {
            // Nothing was taken: cannot be, for a bare word takes whatever there is; but this must end.
            _ if input.len() == before.len() => return (terms, faults),
            Ok(term) => match meant(&term, fields) {
                Ok(term) => terms.extend(term),
                Err(wrong) => {
                    let place = |at: usize| text[..at].chars().count();
                    faults.push(Fault { at: place(start)..place(text.len() - input.len()), wrong });
                }
            },
            Err(_) => return (terms, faults),
        }
    }
}

/// The term, or nothing for a word that is not one yet.
fn meant(written: &Written<'_>, fields: &[Field]) -> Result<Option<Term>, Wrong> {
    let test = match (&written.field, &written.value) {
        (_, Token::Unclosed) => return Err(Wrong::Unclosed),
        // A minus alone is one that is being written.
        (None, Token::Plain("" | "-")) => return Ok(None),
        (None, Token::Plain(word)) => Test::Word(fold(word)),
        (None, Token::Pattern(pattern)) => Test::Pattern(compile(pattern)?),
        (Some((name, op)), value) => {
            let field = Field::named(&fold(name)).filter(|field| fields.contains(field));
            let field = field.ok_or_else(|| Wrong::NoField((*name).to_owned()))?;
            Test::Field(field, *op, compared(field.kind(), *op, value)?)
        }
    };
    Ok(Some(Term { negated: written.negated, test }))
}

fn compared(kind: Kind, op: Op, value: &Token<'_>) -> Result<Value, Wrong> {
    match (kind, value) {
        (_, Token::Plain("")) => Err(Wrong::NoValue),
        (_, Token::Unclosed) => Err(Wrong::Unclosed),
        (Kind::Text, _) if !matches!(op, Op::Has | Op::Is) => Err(Wrong::NotSized),
        // Several words without quotes: `estado:no_inyectado`.
        (Kind::Text, Token::Plain(text)) => Ok(Value::Text(fold(&text.replace('_', " ")))),
        (Kind::Text, Token::Pattern(pattern)) => compile(pattern).map(Value::Pattern),
        (Kind::Number, Token::Plain(text)) => number(text).map(Value::Number).ok_or(Wrong::NotNumber),
        (Kind::Number, Token::Pattern(_)) => Err(Wrong::NotNumber),
        (Kind::Time, Token::Plain(text)) => time(text).map(Value::Number).ok_or(Wrong::NotTime),
        (Kind::Time, Token::Pattern(_)) => Err(Wrong::NotTime),
    }
}

fn compile(pattern: &str) -> Result<Regex, Wrong> {
    // Rows are folded, a pattern is not: its classes would change (`\D` is not `\d`).
    let mut builder = RegexBuilder::new(pattern);
    let builder = builder.case_insensitive(true).size_limit(PATTERN_MAX).dfa_size_limit(PATTERN_MAX);
    builder.build().map_err(|_| Wrong::BadPattern)
}

/// A number, with a comma or a point before its decimals.
fn number(text: &str) -> Option<f64> {
    text.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite())
}

/// `90s`, `5m`, `1h30m`, `2d`, in milliseconds; as filters take times.
#[expect(clippy::cast_possible_truncation, reason = "a float that is too large becomes the largest number")]
pub fn millis(text: &str) -> Option<i64> {
    time(text).map(|ms| ms as i64)
}

/// `90s`, `5m`, `1h30m`, `2d`, in milliseconds.
fn time(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
        let (count, after) = rest.split_at(digits);
        let unit = after.chars().next()?;
        let ms = match unit {
            's' => 1_000.0,
            'm' => 60_000.0,
            'h' => 3_600_000.0,
            'd' => 86_400_000.0,
            _ => return None,
        };
        total += number(count)? * ms;
        rest = &after[unit.len_utf8()..];
    }
    (!text.is_empty()).then_some(total)
}
