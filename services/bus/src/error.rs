//! Why something on the bus did not happen.

use std::fmt;

/// What kind of failure, for those who decide what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The settings are unusable; trying again does not help.
    Settings,
    /// Not connected, or the server did not answer in time: **unknown**, it may still take effect.
    Unanswered,
    /// A fence held: somebody else wrote first.
    Conflict,
    /// There is no such stream, message or key.
    NotFound,
    /// The server refused for another reason.
    Refused,
}

/// A failure with what was being done and why it failed.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    doing: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Error {
    /// A failure of `kind` while `doing` something, for example `"creating stream ORDERS"`.
    pub fn new(
        kind: ErrorKind,
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, doing: doing.into(), source: source.into() }
    }

    /// What kind of failure.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// An error with its causes, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat the cause in their own sentence.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Runs `work` for at most `limit`: a request's own time-out does not cover the wait for a place in the buffer of
/// a disconnected client, so every call on the bus is bounded here.
pub async fn bounded<T, E>(
    limit: std::time::Duration,
    doing: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Error>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Error::new(ErrorKind::Refused, doing, error)),
        Err(elapsed) => Err(Error::new(ErrorKind::Unanswered, doing, elapsed)),
    }
}
