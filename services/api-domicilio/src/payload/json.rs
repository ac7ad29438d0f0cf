//! JSON as a tree that keeps what validation must see: repeated keys, and whether a number is an integer.
//!
//! `serde_json::Value` drops the first of two equal keys without a word; here both stay. Memory is bounded by
//! the body limit (some 30 times the body at worst) and held only while a payload is judged.

use std::borrow::Cow;
use std::fmt;

use contract::Fault;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::FaultCode;

/// Deepest nesting of arrays and objects. Orders have about 8; the parser's recursion stays small.
const DEPTH_MAX: u8 = 64;

/// One JSON value.
#[derive(Debug, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// A number without decimals or exponent, within 64 bits.
    Integer(i128),
    /// Any other number; finite, for JSON knows no others.
    Decimal(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// In the order of the document, repeated keys included.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Parses a whole document; the fault tells line, column and byte offset, and nothing of the content.
pub(super) fn parse(bytes: &[u8]) -> Result<Node<'_>, Fault> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let parsed = Nested(DEPTH_MAX).deserialize(&mut parser).and_then(|node| parser.end().map(|()| node));
    parsed.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let place = format!("line {line}, column {column}, byte {}", offset(bytes, line, column));
        // The only error of category Data is our own, about the depth.
        match error.classify() {
            Category::Data => Fault::new(
                FaultCode::TooDeep.as_str(),
                "",
                format!("The document is nested deeper than {DEPTH_MAX} levels at {place}."),
            ),
            Category::Eof => Fault::new(
                FaultCode::MalformedJson.as_str(),
                "",
                format!("The body is no JSON: it ends too early, at {place}."),
            ),
            Category::Syntax | Category::Io => Fault::new(
                FaultCode::MalformedJson.as_str(),
                "",
                format!("The body is no JSON: syntax error at {place}."),
            ),
        }
    })
}

/// Byte offset (from 0) of a line and column (both from 1, columns in bytes), never beyond the end.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        _ => bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .nth(line - 2)
            .map_or(bytes.len(), |(newline, _)| newline + 1),
    };
    (start + column.saturating_sub(1)).min(bytes.len())
}

/// Reads a value that may nest this many levels deeper.
#[derive(Clone, Copy)]
struct Nested(u8);

impl Nested {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A key: text, borrowed from the document when it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Decimal(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let deeper = self.deeper::<A::Error>()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node<'de>, A::Error> {
        let deeper = self.deeper::<A::Error>()?;
        let mut object = Vec::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            object.push((key, entries.next_value_seed(deeper)?));
        }
        Ok(Node::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(bytes: &[u8]) -> (String, String) {
        let fault = parse(bytes).expect_err("must be refused");
        (fault.code, fault.message)
    }

    #[test]
    fn keeps_repeated_keys_and_kinds_of_numbers() {
        let node = parse(br#"{"a":1,"a":1.0,"b":[null,true,"\u00e9"],"c":18446744073709551616}"#).expect("JSON");
        assert_eq!(
            node,
            Node::Object(vec![
                ("a".into(), Node::Integer(1)),
                ("a".into(), Node::Decimal(1.0)),
                ("b".into(), Node::List(vec![Node::Null, Node::Bool(true), Node::Text("é".into())])),
                ("c".into(), Node::Decimal(18_446_744_073_709_551_616.0)),
            ])
        );
    }

    #[test]
    fn tells_where_it_breaks_and_never_what_stands_there() {
        let cases: [(&[u8], &str); 8] = [
            (b"", "ends too early, at line 1, column 0, byte 0."),
            (b"{\"name\":\"Secreto", "ends too early, at line 1, column 16, byte 15."),
            (b"{\n  \"a\": 1,\n  Secreto\n}", "syntax error at line 3, column 3, byte 14."),
            (b"{} x", "syntax error at line 1, column 4, byte 3."),
            (b"\xff", "syntax error at line 1, column 1, byte 0."),
            (b"{\"a\":\"\xff\"}", "syntax error at line 1, column 7, byte 6."),
            (b"[1e999]", "syntax error at line 1, column 6, byte 5."),
            (b"\xef\xbb\xbf{}", "syntax error at line 1, column 1, byte 0."),
        ];
        for (bytes, wanted) in cases {
            let (code, message) = message(bytes);
            assert_eq!(code, "malformed_json");
            assert!(message.ends_with(wanted), "{message} / {wanted}");
            assert!(!message.contains("Secreto"), "{message}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |levels: usize| [vec![b'['; levels], vec![b']'; levels]].concat();
        assert!(parse(&deep(64)).is_ok());
        let (code, text) = message(&deep(65));
        assert_eq!(code, "too_deep");
        assert!(text.contains("64 levels at line 1, column 66, byte 65"), "{text}");
        assert_eq!(message(&vec![b'['; 400_000]).0, "too_deep");
        assert_eq!(message("{\"a\":".repeat(65).as_bytes()).0, "too_deep");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn the_offset_is_within_the_document(bytes in "[\\[\\]{}:,\"0-9\n a-c]{0,60}") {
            if let Err(error) = serde_json::from_slice::<serde_json::Value>(bytes.as_bytes()) {
                prop_assert!(parse(bytes.as_bytes()).is_err());
                prop_assert!(offset(bytes.as_bytes(), error.line(), error.column()) <= bytes.len());
            }
        }
    }
}
