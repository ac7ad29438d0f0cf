//! What counts as a command: a request that somebody sent to its very subject.
//!
//! The server compares with a user's rights where that user publishes, not where it wants answers and deliveries sent. So whoever
//! may read a stream can have it pushed to a command's subject, and whoever may ask anything can name one as the place for the
//! answer. None of these is a request: a delivery keeps the subject under which it was stored, an answer asks for no
//! answer, and what the server says of itself has a status.

use async_nats::Message;

/// Begins the subjects that belong to the server: it answers nowhere else, and no client has an inbox there.
const SERVERS: char = '$';

/// Whether `message`, which has come to `subject`, was sent there as a request.
pub(super) fn is_asked(message: &Message, subject: &str) -> bool {
    let wants_answer = message.reply.as_ref().is_some_and(|reply| !reply.starts_with(SERVERS));
    let is = *message.subject == *subject && message.status.is_none() && wants_answer;
    if !is {
        tracing::warn!(
            at = subject,
            sent_to = &*message.subject,
            status = message.status.map(|status| status.as_u16()),
            "came to a command and is none: left out"
        );
    }
    is
}

#[cfg(test)]
mod tests {
    use async_nats::StatusCode;

    use super::*;

    #[test]
    fn only_a_request_to_the_very_subject_is_asked() {
        let to = "domicilio.cmd.queue-resolver.queue-resolver-1.pause";
        let any = "domicilio.cmd.queue-resolver.any.pause";
        for (subject, reply, status, expected) in [
            (to, Some("_INBOX.ops-act.x.y"), None, true),
            (to, Some("own.prefix.x"), None, true),
            ("domicilio.events.ec.72.pos", Some("$JS.ACK.EVENTS.x.1.1.1.1.0"), None, false),
            ("domicilio.events.ec.72.pos", Some("_INBOX.x"), None, false),
            (any, Some("_INBOX.x"), None, false),
            (to, None, None, false),
            (to, None, Some(100), false),
            (to, Some("_INBOX.x"), Some(100), false),
            (to, Some("$JS.FC.EVENTS.x.y"), Some(100), false),
            (to, Some("$JS.FC.EVENTS.x.y"), None, false),
        ] {
            let message = Message {
                subject: subject.into(),
                reply: reply.map(Into::into),
                payload: bytes::Bytes::new(),
                headers: None,
                status: status.map(|status| StatusCode::from_u16(status).unwrap()),
                description: None,
                length: 0,
            };
            assert_eq!(is_asked(&message, to), expected, "{message:?}");
        }
    }
}
