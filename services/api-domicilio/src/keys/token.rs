//! Tokens: 256 random bits, known here by their SHA-256.
//!
//! A slow hash such as Argon2 protects passwords, which people choose and others guess. Nobody guesses 256 random bits, so a
//! fast hash keeps the secret as well, and a flood of wrong tokens costs next to nothing.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Bytes of chance in a token.
const TOKEN_BYTES: usize = 32;

/// What every token begins with, so that searches for leaked secrets find it.
pub(super) const PREFIX: &str = "domi_";

/// A token, in clear. Exists once, when it is made.
pub struct Token(String);

impl Token {
    /// Of these random bytes: `domi_` and 64 hexadecimal digits.
    pub fn of(chance: [u8; TOKEN_BYTES]) -> Self {
        Self(format!("{PREFIX}{}", hex(chance)))
    }

    /// The token itself, for its owner's eyes.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The hash of what a request shows; none when it cannot be a token, whatever its length.
    pub(super) fn hash_of(shown: &str) -> Option<Hash> {
        let digits = shown.strip_prefix(PREFIX)?;
        (digits.len() == 2 * TOKEN_BYTES).then(|| Hash(Sha256::digest(shown.as_bytes()).into()))
    }

    /// What the file of keys holds of it: SHA-256 as 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        hex(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token]")
    }
}

/// SHA-256 of a token; in a file 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Hash([u8; 32]);

impl Hash {
    /// Compares without telling by its time where the two differ.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "sha256 has 64 hexadecimal digits";
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or(wrong)?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        if digits.len() == 64 { bytes.try_into().map(Self).map_err(|_| wrong) } else { Err(wrong) }
    }
}

fn hex(bytes: [u8; 32]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
