//! What it means when a publish was not acknowledged, in one place for all who must know what became of it.

use std::error::Error as _;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::{self, ErrorCode};
use contract::{Event, subject};

use crate::{ErrorKind, REQUEST_TIMEOUT};

/// Why there is no acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// Refused: the stream, or the subject, does not end where the message expects.
    WrongLast,
    /// Refused: the stream, its disk or its account is full.
    NoRoom,
    /// No stream takes the subject; also while there is no leader.
    NoStream,
    /// Refused for another reason.
    Refused,
    /// Not known: it may be stored, now or later.
    Unknown,
}

impl Failed {
    /// Reads the client's error.
    pub fn of(error: &PublishError) -> Self {
        let told = error.source().and_then(|source| source.downcast_ref::<jetstream::Error>());
        Self::read(error.kind(), told.map(jetstream::Error::error_code))
    }

    fn read(kind: PublishErrorKind, told: Option<ErrorCode>) -> Self {
        match (kind, told) {
            // A cluster's leader tells the second while another message of the subject is still being agreed on.
            (PublishErrorKind::WrongLastSequence, _)
            | (PublishErrorKind::Other, Some(ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT)) => Self::WrongLast,
            (
                PublishErrorKind::Other,
                Some(
                    ErrorCode::STREAM_STORE_FAILED
                    | ErrorCode::STORAGE_RESOURCES_EXCEEDED
                    | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
                    | ErrorCode::INSUFFICIENT_RESOURCES,
                ),
            ) => Self::NoRoom,
            (PublishErrorKind::Other, Some(_))
            | (PublishErrorKind::WrongLastMessageId | PublishErrorKind::MaxPayloadExceeded, _) => Self::Refused,
            (PublishErrorKind::StreamNotFound, _) => Self::NoStream,
            (
                PublishErrorKind::TimedOut
                | PublishErrorKind::BrokenPipe
                | PublishErrorKind::MaxAckPending
                | PublishErrorKind::Other,
                _,
            ) => Self::Unknown,
        }
    }

    /// As a kind of [`crate::Error`].
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::WrongLast => ErrorKind::Conflict,
            Self::NoStream => ErrorKind::NotFound,
            Self::NoRoom | Self::Refused => ErrorKind::Refused,
            Self::Unknown => ErrorKind::Unanswered,
        }
    }
}

/// Publishes an event. Best effort, bounded in time: what an event tells of stands elsewhere.
pub async fn event(js: &jetstream::Context, event: &Event) {
    let Ok(body) = serde_json::to_vec(event) else { return };
    let sent = async { js.publish(subject::event(event), body.into()).await?.await };
    if !matches!(tokio::time::timeout(REQUEST_TIMEOUT, sent).await, Ok(Ok(_))) {
        tracing::warn!(kind = event.kind.token(), "an event could not be published");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_meaning() {
        let other = |code| (PublishErrorKind::Other, Some(code));
        for ((kind, told), failed) in [
            ((PublishErrorKind::WrongLastSequence, None), Failed::WrongLast),
            (other(ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT), Failed::WrongLast),
            (other(ErrorCode::STREAM_STORE_FAILED), Failed::NoRoom),
            (other(ErrorCode::STORAGE_RESOURCES_EXCEEDED), Failed::NoRoom),
            (other(ErrorCode::ACCOUNT_RESOURCES_EXCEEDED), Failed::NoRoom),
            (other(ErrorCode::INSUFFICIENT_RESOURCES), Failed::NoRoom),
            (other(ErrorCode::STREAM_NOT_FOUND), Failed::Refused),
            ((PublishErrorKind::Other, None), Failed::Unknown),
            ((PublishErrorKind::StreamNotFound, None), Failed::NoStream),
            ((PublishErrorKind::MaxPayloadExceeded, None), Failed::Refused),
            ((PublishErrorKind::WrongLastMessageId, None), Failed::Refused),
            ((PublishErrorKind::TimedOut, None), Failed::Unknown),
            ((PublishErrorKind::BrokenPipe, None), Failed::Unknown),
            ((PublishErrorKind::MaxAckPending, None), Failed::Unknown),
        ] {
            assert_eq!(Failed::read(kind, told), failed, "{kind:?} {told:?}");
        }
    }
}
