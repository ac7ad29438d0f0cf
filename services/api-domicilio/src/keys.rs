//! Who may do what over HTTP: API keys, their scopes and their pace.
//!
//! Pure: decides from a file's text, a request's token and the readings of two clocks. Knows tokens by their SHA-256 only, and
//! nothing here prints one.

mod bucket;
mod file;
mod new;
mod scope;
mod token;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use contract::UtcMs;
use serde::Deserialize;

use crate::reply::ReplyCode;

pub use bucket::Pace;
pub use file::{FILE_BYTES_MAX, FileError};
pub use new::NewKey;
pub use scope::Scope;
pub use token::Token;

use bucket::Bucket;
use token::Hash;

/// Most keys of one file. Each request is compared with every one of them, which takes some 10 µs for so many.
pub const KEYS_MAX: usize = 256;

/// Name of a key, unique in its file: 1 to 48 letters, digits, '-', '_' and '.'. It may be shown; the token may not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyId(String);

impl KeyId {
    const CHARS_MAX: usize = 48;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=Self::CHARS_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            Ok(Self(text.to_owned()))
        } else {
            Err("an id has 1 to 48 letters, digits, '-', '_' and '.'")
        }
    }
}

impl TryFrom<String> for KeyId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One key.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name.
    pub id: KeyId,
    hash: Hash,
    scopes: Vec<Scope>,
    expires: Option<UtcMs>,
    pace: Option<Pace>,
    /// Shared with what was read before and after, so that a new file gives nobody a second burst.
    bucket: Option<Arc<Mutex<Bucket>>>,
}

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The answer.
    pub code: ReplyCode,
    /// Whose key it was, when the token is known.
    pub key: Option<KeyId>,
    /// When to repeat, in seconds; only for the pace.
    pub retry_after_s: Option<u64>,
}

impl From<ReplyCode> for Refusal {
    fn from(code: ReplyCode) -> Self {
        Self { code, key: None, retry_after_s: None }
    }
}

/// The keys of one file.
#[derive(Debug, Default)]
pub struct Keys {
    all: Vec<Key>,
}

impl Keys {
    /// Reads a file. Whoever is in `before` as well, with the same token and pace, goes on with what is left of its burst.
    pub fn read(text: &str, before: &Self, now_ms: u64) -> Result<Self, FileError> {
        let mut all = file::read(text)?;
        for key in &mut all {
            let known = before.all.iter().find(|known| known.hash == key.hash && known.pace == key.pace);
            key.bucket = key.pace.map(|pace| match known.and_then(|known| known.bucket.as_ref()) {
                Some(bucket) => Arc::clone(bucket),
                None => Arc::new(Mutex::new(Bucket::full(pace, now_ms))),
            });
        }
        Ok(Self { all })
    }

    /// Names of all keys.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.all.iter().map(|key| &key.id)
    }

    /// Whether the bearer of `token` may do what needs `scope` at `now`; `now_ms` is a clock that never goes back.
    pub fn check(&self, token: &str, scope: Scope, now: UtcMs, now_ms: u64) -> Result<&KeyId, Refusal> {
        let key = self.find(token).ok_or(ReplyCode::TokenUnknown)?;
        let refused = |code, retry_after_s| Refusal { code, key: Some(key.id.clone()), retry_after_s };
        if key.expires.is_some_and(|expires| expires <= now) {
            return Err(refused(ReplyCode::TokenExpired, None));
        }
        if let Some(bucket) = &key.bucket {
            let within = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(now_ms);
            within.map_err(|wait_ms| refused(ReplyCode::RateExceeded, Some(wait_ms.div_ceil(1_000).max(1))))?;
        }
        if !key.scopes.contains(&scope) {
            return Err(refused(ReplyCode::ScopeMissing, None));
        }
        Ok(&key.id)
    }

    /// The key of this token. Compares with every key and every byte of it, found or not, so that the time taken tells
    /// nothing about how near a guess came.
    fn find(&self, token: &str) -> Option<&Key> {
        let hash = Token::hash_of(token)?;
        self.all.iter().fold(None, |found, key| if key.hash.same(&hash) { Some(key) } else { found })
    }
}

#[cfg(test)]
mod tests;
