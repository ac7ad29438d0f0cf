//! Identities. Each is a newtype whose `FromStr` refuses whatever would break a NATS subject.
//!
//! NATS subjects are tokens joined by dots; `*`, `>`, dots, spaces and control characters inside a
//! token change the meaning of a subject (<https://docs.nats.io/nats-concepts/subjects>). So everything
//! that comes from outside becomes one of these types first.

use std::fmt::{self, Write as _};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Why a text is no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}, got {got:?}")]
pub struct InvalidId {
    /// Name of the identity, for example `country`.
    pub what: &'static str,
    /// The rule that was broken.
    pub rule: &'static str,
    /// The refused text, at most its first 80 characters.
    pub got: String,
}

fn refuse<T>(what: &'static str, rule: &'static str, got: &str) -> Result<T, InvalidId> {
    Err(InvalidId { what, rule, got: got.chars().take(80).collect() })
}

/// Reads a text where it lies: messages have several identities each, and a copy of each would be made only to be dropped.
pub(crate) struct Parsed<T>(pub(crate) PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// What every identity that is a text has in common, whatever it is kept in: it is read by its rule and written as the plain text.
macro_rules! as_text {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed(PhantomData))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// A string newtype with a rule; serialises as the plain string and checks the rule when it is read.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(into = "String")]
        pub struct $name(std::sync::Arc<str>);

        as_text!($name);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $check;
                if valid(text) { Ok(Self(text.into())) } else { refuse($what, $rule, text) }
            }
        }
    };
}

text_id! {
    /// Name of one running instance, for example `queue-resolver-1`; unique within its service.
    InstanceId, "instance", "1 to 48 characters of a-z, A-Z, 0-9, '-' and '_', and not the word any",
    |t| t != crate::command::ANY && (1..=48).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

text_id! {
    /// Chosen by whoever sends a command, new for each one; the same on every repeat, so that it acts once.
    CommandId, "command id", "1 to 64 characters of a-z, A-Z, 0-9, '-' and '_'",
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

text_id! {
    /// Who gave a command: a login, never a person's full name.
    Operator, "operator", "1 to 64 visible ASCII characters",
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic())
}

text_id! {
    /// What an action was about, for the audit: kind and id, made by [`crate::audit`]: `order:72.0000900001-070101`.
    Target, "target", "1 to 256 visible ASCII characters",
    |t| (1..=256).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic())
}

text_id! {
    /// The code that the ordering app gave to an order. With the store it is the order's identity:
    /// the same code may go to two stores.
    AppCode, "app code", "1 to 64 visible ASCII characters",
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic())
}

impl Target {
    /// Of text that is known to keep the rule.
    pub(crate) fn made(text: &str) -> Self {
        debug_assert!(text.parse::<Self>().is_ok(), "{text:?}");
        Self(text.into())
    }
}

/// A text as one token of a subject: letters, digits, `-` and `_` stand for themselves, any other byte as `=XX`.
pub(crate) fn token(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            token.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(token, "={byte:02X}");
        }
    }
    token
}

impl AppCode {
    /// The code as one subject token: letters, digits, `-` and `_` stand for themselves, any other byte as `=XX`.
    pub fn token(&self) -> String {
        token(self.as_str())
    }

    /// The inverse of [`AppCode::token`].
    pub fn from_token(token: &str) -> Result<Self, InvalidId> {
        const RULE: &str = "a token of a-z, A-Z, 0-9, '-', '_' and =XX escapes";
        // Nearly all there is.
        if token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return token.parse();
        }
        let mut code = String::with_capacity(token.len());
        let mut rest = token.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'=' => {
                    let digits = [rest.next().unwrap_or(b' '), rest.next().unwrap_or(b' ')];
                    let upper = digits.iter().all(|d| d.is_ascii_digit() || (b'A'..=b'F').contains(d));
                    let value = std::str::from_utf8(&digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
                    match value {
                        Some(byte) if upper && byte.is_ascii_graphic() => code.push(char::from(byte)),
                        _ => return refuse("app code token", RULE, token),
                    }
                }
                b'-' | b'_' => code.push(char::from(byte)),
                _ if byte.is_ascii_alphanumeric() => code.push(char::from(byte)),
                _ => return refuse("app code token", RULE, token),
            }
        }
        code.parse()
    }
}

/// Label of the cloud where an instance runs: `aws`, `azure`, `gcloud`, or any other short word.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Cloud {
    /// The text, then zeros, which are no part of any: most messages name several clouds, so it is kept in place.
    text: [u8; 16],
}

as_text!(Cloud);

impl Cloud {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        let text = self.text.split(|byte| *byte == 0).next().unwrap_or_default();
        // ASCII by construction.
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl FromStr for Cloud {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut kept = [0; 16];
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        match kept.get_mut(..text.len()) {
            Some(place) if plain && !text.is_empty() => place.copy_from_slice(text.as_bytes()),
            _ => return refuse("cloud", "1 to 16 characters of a-z, 0-9 and '-'", text),
        }
        Ok(Self { text: kept })
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cloud({self})")
    }
}

/// Two lower-case letters of ISO 3166-1; upper case is accepted and lowered. [`Country::UNKNOWN`] when not known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Country([u8; 2]);

as_text!(Country);

impl Country {
    /// `zz`, which ISO 3166-1 leaves to users: the country could not be told.
    pub const UNKNOWN: Self = Self(*b"zz");

    /// The two letters, lower case.
    pub fn as_str(&self) -> &str {
        // Both bytes are ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or("zz")
    }
}

impl FromStr for Country {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_lowercase(), b.to_ascii_lowercase()]))
            }
            _ => refuse("country", "two letters of ISO 3166-1, for example ec", text),
        }
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({self})")
    }
}

/// Numeric id of a store, unique over all countries of one deployment; 0 stands for "no store known".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoreId(pub u32);

impl StoreId {
    /// Stands in subjects where no store could be told.
    pub const NONE: Self = Self(0);

    /// The partition that this store always belongs to.
    ///
    /// FNV-1a (64 bits) over the decimal id, modulo [`Partition::COUNT`]. Changing it would move stores
    /// between queues that still hold their orders: it is pinned by a test.
    pub fn partition(self) -> Partition {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in self.0.to_string().bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        // FNV's low bits are weak for short inputs: fold the high half in before the modulo.
        let folded = hash ^ (hash >> 32);
        Partition(u8::try_from(folded % u64::from(Partition::COUNT)).unwrap_or(0))
    }
}

impl FromStr for StoreId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let plain = text.bytes().all(|b| b.is_ascii_digit()) && !(text.len() > 1 && text.starts_with('0'));
        match text.parse() {
            Ok(id) if plain => Ok(Self(id)),
            _ => refuse("store", "a decimal number below 4 294 967 296 without leading zeros", text),
        }
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One of the fixed number of slices into which stores are divided; the unit that one resolver owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Partition(u8);

impl Partition {
    /// How many there are. The server's cost grows with the number of consumers, one a partition;
    /// 32 lets sixteen resolvers share evenly and moves a thirty-second of the stores at a time.
    pub const COUNT: u8 = 32;

    /// Every partition, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Its number, 0 to [`Partition::COUNT`] - 1.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Partition {
    type Error = InvalidId;

    fn try_from(number: u8) -> Result<Self, InvalidId> {
        if number < Self::COUNT { Ok(Self(number)) } else { refuse("partition", "0 to 31", &number.to_string()) }
    }
}

impl From<Partition> for u8 {
    fn from(partition: Partition) -> Self {
        partition.0
    }
}

impl FromStr for Partition {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.parse::<u8>() {
            Ok(number) if text.len() == 2 => Self::try_from(number),
            _ => refuse("partition", "two digits, 00 to 31", text),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// Identity of an order: the store it goes to and the code that the app gave it. Printed `<store>.<code token>`,
/// for example `72.0000900001-070101`; also the idempotency key that the POS is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderId {
    /// The store the order goes to.
    pub store: StoreId,
    /// The app's code.
    pub code: AppCode,
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.store, self.code.token())
    }
}

impl FromStr for OrderId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once('.') {
            Some((store, token)) => Ok(Self { store: store.parse()?, code: AppCode::from_token(token)? }),
            None => refuse("order", "<store>.<app code>, for example 72.0000900001-070101", text),
        }
    }
}

impl TryFrom<String> for OrderId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<OrderId> for String {
    fn from(id: OrderId) -> Self {
        id.to_string()
    }
}

/// The three services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Service {
    /// HTTP intake of orders and store updates.
    #[serde(rename = "api-domicilio")]
    Api,
    /// Assigns partitions to resolvers and hands orders over in order.
    #[serde(rename = "distribuidor")]
    Distribuidor,
    /// Injects orders into the stores' POS.
    #[serde(rename = "queue-resolver")]
    Resolver,
}

impl Service {
    /// All of them, in the order of an order's way.
    pub const ALL: [Self; 3] = [Self::Api, Self::Distribuidor, Self::Resolver];

    /// Its name in subjects, logs and on screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api-domicilio",
            Self::Distribuidor => "distribuidor",
            Self::Resolver => "queue-resolver",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match Self::ALL.into_iter().find(|service| service.as_str() == text) {
            Some(service) => Ok(service),
            None => refuse("service", "api-domicilio, distribuidor or queue-resolver", text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_break_a_subject_is_refused() {
        for bad in ["", "any", "a.b", "a b", "*", ">", "a\u{7f}", "ñ", &"x".repeat(49)] {
            assert!(bad.parse::<InstanceId>().is_err(), "{bad:?}");
        }
        for bad in ["", "AWS", "a b", "a_b", "a\0", "ñ", &"x".repeat(17)] {
            assert!(bad.parse::<Cloud>().is_err(), "{bad:?}");
        }
        for bad in ["", "a b", "a\n", "ñ", &"x".repeat(65)] {
            assert!(bad.parse::<AppCode>().is_err(), "{bad:?}");
        }
        for bad in ["", "-1", "+1", "01", "4294967296", "1 ", "*"] {
            assert!(bad.parse::<StoreId>().is_err(), "{bad:?}");
        }
        for bad in ["", "e", "ecu", "e.", "é"] {
            assert!(bad.parse::<Country>().is_err(), "{bad:?}");
        }
        for bad in ["72", "72.", ".x", "x.72", "72.a b", "72.=2", "72.=zz", "72.=0A"] {
            assert!(bad.parse::<OrderId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn clouds_are_as_written_and_sorted_as_their_texts() {
        let texts = ["a", "aws", "aws-2", "azure", "gcloud", "sixteen-letters-"];
        let clouds = texts.map(|text| text.parse::<Cloud>().unwrap());
        assert_eq!(clouds.each_ref().map(Cloud::as_str), texts);
        assert!(clouds.is_sorted());
        assert_eq!(serde_json::to_value(&clouds).unwrap(), serde_json::json!(texts));
    }

    #[test]
    fn country_is_lowered() {
        assert_eq!("EC".parse::<Country>().map(|c| c.to_string()), Ok("ec".to_owned()));
    }

    #[test]
    fn partitions_are_pinned_and_spread() {
        // These figures must never change: orders may be waiting under them.
        let pinned: Vec<u8> = [1, 2, 3, 72, 500, 4_294_967_295].map(|id| StoreId(id).partition().number()).to_vec();
        assert_eq!(pinned, PINNED);
        let mut count = [0_u32; Partition::COUNT as usize];
        for id in 1..=2_000 {
            count[usize::from(StoreId(id).partition().number())] += 1;
        }
        assert!(count.iter().all(|n| (30..=100).contains(n)), "{count:?}");
    }
    const PINNED: [u8; 6] = [16, 25, 14, 11, 8, 9];

    proptest! {
        #[test]
        fn any_app_code_survives_its_token(code in "[!-~]{1,64}", store: u32) {
            let code: AppCode = code.parse().map_err(|e| TestCaseError::fail(format!("{e}")))?;
            let id = OrderId { store: StoreId(store), code };
            prop_assert!(!id.code.token().contains(['.', '*', '>', ' ']));
            prop_assert_eq!(id.to_string().parse::<OrderId>(), Ok(id));
        }

        #[test]
        fn reading_any_text_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<OrderId>();
            let _ = AppCode::from_token(&text);
            let _ = text.parse::<Country>();
        }
    }
}
