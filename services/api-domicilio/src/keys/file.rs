//! The file of keys: TOML, one `[[key]]` each.

use std::collections::BTreeSet;

use contract::UtcMs;
use serde::Deserialize;

use super::token::{Hash, PREFIX};
use super::{KEYS_MAX, Key, KeyId, Pace, Scope};

/// Largest file that is read, in bytes: 256 keys of 1 KiB, four times of what they have.
pub const FILE_BYTES_MAX: u64 = 256 * 1_024;

/// Why a file is not taken. Tells lines and names, never what may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is no TOML, or not of the expected form.
    #[error("line {line}: {message}")]
    Form {
        /// Counted from 1.
        line: usize,
        /// What the reader says.
        message: String,
    },
    /// A token in clear.
    #[error("line {0} holds a token in clear; only its SHA-256 belongs here, and that token should be used no more")]
    Token(usize),
    /// No key at all, as a file that is being written may look for a moment.
    #[error("it holds no keys")]
    Empty,
    /// More than [`KEYS_MAX`].
    #[error("it holds {0} keys; {KEYS_MAX} at most")]
    TooMany(usize),
    /// An id or a token that two keys have.
    #[error("key {0:?}: {1}")]
    Key(String, &'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: KeyId,
    sha256: Hash,
    scopes: Vec<Scope>,
    expires: Option<UtcMs>,
    rate: Option<u32>,
    burst: Option<u32>,
}

/// The keys of `text`, without buckets.
pub(super) fn read(text: &str) -> Result<Vec<Key>, FileError> {
    // First, for the reader's own messages repeat what they stumble over.
    if let Some(line) = text.lines().position(|line| line.contains(PREFIX)) {
        return Err(FileError::Token(line + 1));
    }
    let File { key: entries } = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        FileError::Form { line: before.matches('\n').count() + 1, message: error.message().to_owned() }
    })?;
    match entries.len() {
        0 => return Err(FileError::Empty),
        many if many > KEYS_MAX => return Err(FileError::TooMany(many)),
        _ => {}
    }
    let mut ids = BTreeSet::new();
    let mut keys: Vec<Key> = Vec::with_capacity(entries.len());
    for entry in entries {
        let wrong = |why| FileError::Key(entry.id.to_string(), why);
        if !ids.insert(entry.id.clone()) {
            return Err(wrong("another key has this id"));
        }
        if keys.iter().any(|key| key.hash == entry.sha256) {
            return Err(wrong("another key has this token"));
        }
        if entry.scopes.is_empty() {
            return Err(wrong("it has no scopes"));
        }
        let pace = match (entry.rate, entry.burst) {
            (Some(rate), burst) => Some(Pace::new(rate, burst.unwrap_or(rate)).map_err(wrong)?),
            (None, None) => None,
            (None, Some(_)) => return Err(wrong("a burst needs a rate")),
        };
        let Entry { id, sha256: hash, scopes, expires, .. } = entry;
        keys.push(Key { id, hash, scopes, expires, pace, bucket: None });
    }
    Ok(keys)
}
