//! Walking a document: a place is a value with its JSON pointer; `Faults` reads places and notes what is wrong.
//!
//! Every sentence here tells what is expected, never what was found.

use contract::Fault;

use super::amount::{AMOUNT_MAX, Amount, NoAmount, number};
use super::json::Node;
use super::{FAULTS_MAX, FaultCode};

/// Largest quantity of one line: beyond it someone's finger stayed on a key.
const QUANTITY_MAX: f64 = 1_000.0;

/// A value (or its absence) and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Place<'n> {
    pointer: String,
    node: Option<&'n Node<'n>>,
}

impl<'n> Place<'n> {
    /// The whole document.
    pub(super) fn root(node: &'n Node<'n>) -> Self {
        Self { pointer: String::new(), node: Some(node) }
    }

    /// Whether the field is not there at all; a `null` is there.
    pub(super) fn is_absent(&self) -> bool {
        self.node.is_none()
    }

    /// Whether the field is not there or `null`.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.node, None | Some(Node::Null))
    }

    /// Whether an object stands here.
    pub(super) fn is_object(&self) -> bool {
        matches!(self.node, Some(Node::Object(_)))
    }

    /// The text here, if it is one; for fields that are looked at but not judged.
    pub(super) fn str(&self) -> Option<&'n str> {
        match self.node {
            Some(Node::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether `true` stands here; for fields that are looked at but not judged.
    pub(super) fn is_true(&self) -> bool {
        matches!(self.node, Some(Node::Bool(true)))
    }

    /// Whether the object here has one of `keys`.
    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        match self.node {
            Some(Node::Object(entries)) => entries.iter().any(|(key, _)| keys.contains(&key.as_ref())),
            _ => false,
        }
    }

    /// The field `key` of the object here, without judging; absent when there is no object or no such field.
    pub(super) fn peek(&self, key: &str) -> Self {
        let node = match self.node {
            Some(Node::Object(entries)) => entries.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        };
        // Our keys hold neither '~' nor '/', so they need no escapes.
        Self { pointer: format!("{}/{key}", self.pointer), node }
    }
}

/// What was found wrong so far, at most [`FAULTS_MAX`].
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// Notes a fault, once.
    pub(super) fn add(&mut self, code: FaultCode, at: &Place<'_>, message: impl Into<String>) {
        let known = self.0.iter().any(|fault| fault.code == code.as_str() && fault.pointer == at.pointer);
        if self.0.len() < FAULTS_MAX && !known {
            self.0.push(Fault::new(code.as_str(), at.pointer.clone(), message));
        }
    }

    fn wrong_type(&mut self, at: &Place<'_>, expected: &str) {
        if at.is_empty() {
            self.add(FaultCode::Missing, at, format!("This field is needed and must be {expected}."));
        } else {
            self.add(FaultCode::WrongType, at, format!("This must be {expected}."));
        }
    }

    /// The field `key` of the object at `at`. Standing there twice is a fault.
    pub(super) fn field<'n>(&mut self, at: &Place<'n>, key: &str) -> Place<'n> {
        let field = at.peek(key);
        if let Some(Node::Object(entries)) = at.node
            && entries.iter().filter(|(name, _)| name == key).nth(1).is_some()
        {
            self.add(FaultCode::DuplicateKey, &field, "This field stands more than once in its object.");
        }
        field
    }

    /// Whether an object stands here; a fault when not.
    pub(super) fn object(&mut self, at: &Place<'_>) -> bool {
        if !at.is_object() {
            self.wrong_type(at, "an object");
        }
        at.is_object()
    }

    /// The text here.
    pub(super) fn text<'n>(&mut self, at: &Place<'n>) -> Option<&'n str> {
        let text = at.str();
        if text.is_none() {
            self.wrong_type(at, "a text");
        }
        text
    }

    /// The integer here.
    pub(super) fn integer(&mut self, at: &Place<'_>) -> Option<i128> {
        let Some(Node::Integer(value)) = at.node else {
            self.wrong_type(at, "an integer");
            return None;
        };
        Some(*value)
    }

    /// The switch here; absent and `null` are off.
    pub(super) fn flag(&mut self, at: &Place<'_>) -> bool {
        match at.node {
            Some(Node::Bool(value)) => *value,
            None | Some(Node::Null) => false,
            Some(_) => {
                self.wrong_type(at, "true or false");
                false
            }
        }
    }

    /// The entries of the list here, at most `max`.
    pub(super) fn list<'n>(&mut self, at: &Place<'n>, max: usize) -> Option<Vec<Place<'n>>> {
        let Some(Node::List(items)) = at.node else {
            self.wrong_type(at, "a list");
            return None;
        };
        if items.len() > max {
            self.add(FaultCode::TooMany, at, format!("This list may hold at most {max} entries."));
            return None;
        }
        let place = |(index, node)| Place { pointer: format!("{}/{index}", at.pointer), node: Some(node) };
        Some(items.iter().enumerate().map(place).collect())
    }

    /// The product lines here: at least one.
    pub(super) fn lines<'n>(&mut self, at: &Place<'n>, max: usize) -> Vec<Place<'n>> {
        let lines = if at.is_empty() { Some(Vec::new()) } else { self.list(at, max) };
        if lines.as_ref().is_some_and(Vec::is_empty) {
            self.add(FaultCode::NoLines, at, "An order needs at least one product line here.");
        }
        lines.unwrap_or_default()
    }

    /// The amount here.
    pub(super) fn amount(&mut self, at: &Place<'_>) -> Option<Amount> {
        match at.node.map_or(Err(NoAmount::NotANumber), Amount::read) {
            Ok(amount) => Some(amount),
            Err(NoAmount::OutOfRange) => {
                self.add(FaultCode::AmountInvalid, at, format!("An amount must be from 0 to {AMOUNT_MAX}."));
                None
            }
            Err(NoAmount::NotANumber) => {
                self.wrong_type(at, "a number");
                None
            }
        }
    }

    /// Judges an amount that need not be there.
    pub(super) fn amount_if_any(&mut self, at: &Place<'_>) {
        if !at.is_empty() {
            self.amount(at);
        }
    }

    /// Judges a quantity: above 0, and not beyond reason.
    pub(super) fn quantity(&mut self, at: &Place<'_>) {
        match at.node.and_then(number) {
            Some(quantity) if quantity > 0.0 && quantity <= QUANTITY_MAX => {}
            Some(_) => self.add(
                FaultCode::QuantityInvalid,
                at,
                format!("A quantity must be greater than 0 and at most {QUANTITY_MAX}."),
            ),
            None => self.wrong_type(at, "a number"),
        }
    }
}
