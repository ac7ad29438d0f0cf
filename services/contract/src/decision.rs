//! What people decided about an order that was not injected: a message of stream `ORDERS` on the order's own subject.
//!
//! Each is stored expecting the message before it to be the order's last, so of two decisions about the same state one
//! is refused. A reinjection carries the order's head and payload once more and is handed over like any order, at the
//! end of the store's queue; a solution carries neither.

use serde::{Deserialize, Serialize};

use crate::order::Origin;
use crate::{CommandId, Operator, UtcMs};

/// Most decisions about one order; then it needs a person at the store, not another click.
pub const DECISIONS_MAX: usize = 50;

/// Longest reason, in characters.
pub const REASON_MAX: usize = 200;

/// The decision: header [`crate::header::DECISION`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// The command that asked for it.
    pub command: CommandId,
    /// Who gave the command.
    pub by: Operator,
    /// Why, in the operator's own words, at most [`REASON_MAX`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was taken.
    pub at: UtcMs,
    /// The api-domicilio instance that carried it out.
    pub via: Origin,
    /// Sequence in `ORDERS` of the pass that was not injected.
    pub of: u64,
    /// What was decided.
    #[serde(flatten)]
    pub kind: DecisionKind,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DecisionKind {
    /// The order goes to its store once more.
    Reinjected {
        /// The payload is another one than before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        edited: bool,
    },
    /// Nothing more is to be done; the store has the order by other means, or it is not wanted any more.
    Solved,
    /// A decision that this version does not know.
    #[serde(other)]
    Unknown,
}
