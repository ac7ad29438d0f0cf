//! What is wrong with something that came from outside, for people and for programs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One fault of a payload or a request.
///
/// Never holds personal data: the pointer tells where to look, the message what is expected there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Machine-readable, stable, `snake_case`, for example `store_unknown`.
    pub code: String,
    /// JSON pointer (RFC 6901) to the place, for example `/detalle/0/cantidad`; empty for the whole document.
    pub pointer: String,
    /// One English sentence: what is wrong and what to do.
    pub message: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(code: &str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            write!(f, "{}: {}", self.code, self.message)
        } else {
            write!(f, "{} at {}: {}", self.code, self.pointer, self.message)
        }
    }
}
