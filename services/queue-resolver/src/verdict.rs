//! What an answer of a POS means.

use contract::event::FailReason;

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The POS has the order; `already` when an earlier attempt had taken effect.
    Done {
        /// The POS said that it had it before.
        already: bool,
    },
    /// It has not, or does not say.
    Failed(Failure),
    /// The attempt never began: the bus did not give us the payload. Costs nothing, is tried again soon.
    Postponed,
    /// The entry names an order that was never accepted: somebody else wrote it. It is left where it is.
    NoOrder,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: FailReason,
    /// One sentence of ours: the POS's own text might hold personal data.
    pub detail: String,
    /// How long the POS asked us to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Failure {
    /// A failure without a wish of the POS.
    pub fn new(reason: FailReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), retry_after_ms: None }
    }
}

/// Judges an HTTP answer.
pub fn of_status(status: u16, retry_after_ms: Option<u64>) -> Verdict {
    let failed = |reason| Verdict::Failed(Failure { reason, detail: format!("POS answered {status}"), retry_after_ms });
    match status {
        200..=299 => Verdict::Done { already: false },
        409 => Verdict::Done { already: true },
        408 | 425 | 429 => failed(FailReason::Busy),
        400..=499 => failed(FailReason::Refused),
        // Redirections too: a POS that moved is for an operator to follow, not for us.
        _ => failed(FailReason::PosError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_of_answer_has_its_meaning() {
        let reason = |status| match of_status(status, Some(7)) {
            Verdict::Failed(failure) => {
                assert_eq!(failure.retry_after_ms, Some(7));
                Some(failure.reason)
            }
            _ => None,
        };
        assert_eq!(of_status(201, None), Verdict::Done { already: false });
        assert_eq!(of_status(409, None), Verdict::Done { already: true });
        for (status, expected) in [
            (408, FailReason::Busy),
            (425, FailReason::Busy),
            (429, FailReason::Busy),
            (400, FailReason::Refused),
            (404, FailReason::Refused),
            (422, FailReason::Refused),
            (302, FailReason::PosError),
            (500, FailReason::PosError),
            (503, FailReason::PosError),
            (199, FailReason::PosError),
        ] {
            assert_eq!(reason(status), Some(expected), "{status}");
        }
    }
}
