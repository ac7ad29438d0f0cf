//! Reading a body within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt as _;

/// Largest body that is taken, in bytes: 1 MiB, as at intake.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// How much more of a body that is too large is read and thrown away, in bytes. A connection that is closed while
/// its peer still sends resets it, and the answer would be lost; beyond this much the peer has to live with that.
const DRAIN_BYTES_MAX: usize = 8 << 20;

/// Longest time for a body to come in, in seconds. Callers send it at once and from memory.
const READ_S_MAX: u64 = 30;

/// Why a body was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("The body is larger than {BYTES_MAX} bytes.")]
    TooLarge,
    #[error("The body is empty; the order's payload must be there.")]
    Missing,
    #[error("The body did not come in within {READ_S_MAX} s.")]
    TooSlow,
    #[error("The body broke off or is malformed.")]
    Broken,
}

impl BodyError {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Missing | Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "body_too_large",
            Self::Missing => "body_missing",
            Self::TooSlow => "body_too_slow",
            Self::Broken => "body_broken",
        }
    }
}

/// The whole of `body`.
pub(super) async fn read(body: Body) -> Result<Vec<u8>, BodyError> {
    tokio::time::timeout(Duration::from_secs(READ_S_MAX), read_all(body)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn read_all(mut body: Body) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        // Trailers count for nothing.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        length += data.len();
        if length <= BYTES_MAX {
            bytes.extend_from_slice(&data);
        } else if length > BYTES_MAX + DRAIN_BYTES_MAX {
            break;
        }
    }
    match length {
        0 => Err(BodyError::Missing),
        1..=BYTES_MAX => Ok(bytes),
        _ => Err(BodyError::TooLarge),
    }
}
