//! What one request comes to: does the order take effect, what does the ledger say, what is answered. Pure.

use crate::fault::Trouble;
use crate::ledger::Fate;

/// What the store knows of a request's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Never accepted.
    New,
    /// Accepted with the same body.
    Same,
    /// Accepted with another body.
    Different,
}

/// What the caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// 201: taken now.
    Accepted,
    /// 409: taken before. A POS does not compare bodies, so another body under the same key is answered alike;
    /// only the ledger tells the two apart.
    AlreadyAccepted,
    /// The store is set to answer so.
    Failure {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
    },
    /// The connection is closed without an answer.
    HangUp,
}

/// What one request comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the order takes effect now.
    pub takes_effect: bool,
    /// What the ledger says of the attempt.
    pub fate: Fate,
    /// What the caller gets.
    pub reply: Reply,
}

/// Decides on a request whose key is `known` so, at a POS with this `trouble`.
///
/// Trouble comes first: a POS that is down or in error says nothing of what it has.
pub const fn decide(trouble: Option<Trouble>, known: Known) -> Decision {
    let (fate, reply) = match (trouble, known) {
        (Some(Trouble::Down), _) => (Fate::Down, Reply::HangUp),
        (Some(Trouble::Error { status, retry_after_s }), _) => {
            (Fate::Unavailable, Reply::Failure { status, retry_after_s })
        }
        (Some(Trouble::Refuse { status }), _) => (Fate::Refused, Reply::Failure { status, retry_after_s: None }),
        (Some(Trouble::DropReply), _) => (Fate::ReplyDropped, Reply::HangUp),
        (_, Known::Same) => (Fate::Duplicate, Reply::AlreadyAccepted),
        (_, Known::Different) => (Fate::Conflict, Reply::AlreadyAccepted),
        (Some(Trouble::Slow { .. }), Known::New) => (Fate::SlowAccepted, Reply::Accepted),
        (None, Known::New) => (Fate::Accepted, Reply::Accepted),
    };
    let takes_effect =
        matches!(known, Known::New) && matches!(fate, Fate::Accepted | Fate::SlowAccepted | Fate::ReplyDropped);
    Decision { takes_effect, fate, reply }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_with_every_key() {
        use Known::{Different, New, Same};
        use Reply::{Accepted, AlreadyAccepted, HangUp};
        let failure = |status| Reply::Failure { status, retry_after_s: None };
        let error = Trouble::Error { status: 503, retry_after_s: None };
        let refuse = Trouble::Refuse { status: 422 };
        let slow = Trouble::Slow { ms: 1 };
        for (trouble, known, takes_effect, fate, reply) in [
            (None, New, true, Fate::Accepted, Accepted),
            (None, Same, false, Fate::Duplicate, AlreadyAccepted),
            (None, Different, false, Fate::Conflict, AlreadyAccepted),
            (Some(slow), New, true, Fate::SlowAccepted, Accepted),
            (Some(slow), Same, false, Fate::Duplicate, AlreadyAccepted),
            (Some(slow), Different, false, Fate::Conflict, AlreadyAccepted),
            (Some(Trouble::Down), New, false, Fate::Down, HangUp),
            (Some(Trouble::Down), Same, false, Fate::Down, HangUp),
            (Some(error), New, false, Fate::Unavailable, failure(503)),
            (Some(error), Same, false, Fate::Unavailable, failure(503)),
            (Some(refuse), New, false, Fate::Refused, failure(422)),
            (Some(refuse), Different, false, Fate::Refused, failure(422)),
            (Some(Trouble::DropReply), New, true, Fate::ReplyDropped, HangUp),
            (Some(Trouble::DropReply), Same, false, Fate::ReplyDropped, HangUp),
            (Some(Trouble::DropReply), Different, false, Fate::ReplyDropped, HangUp),
        ] {
            assert_eq!(decide(trouble, known), Decision { takes_effect, fate, reply }, "{trouble:?} {known:?}");
        }
    }
}
