//! Commands to a running instance, by request and reply on `domicilio.cmd.<service>.<instance>.<verb>`,
//! served through the NATS services (micro) API so that `nats micro` sees them too.

use serde::{Deserialize, Serialize};

use crate::heartbeat::RunState;
use crate::{CommandId, Fault, Operator, OrderId};

/// Stands for the instance in subjects that any instance of a service may serve.
pub const ANY: &str = "any";

/// What an instance can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Answer.
    Ping,
    /// Start nothing new; keep what is owned.
    Pause,
    /// End a pause or a drain.
    Resume,
    /// Finish and hand over what is held, take nothing new.
    Drain,
    /// Set the level of the instance's log ([`LogLevel`]).
    LogLevel,
    /// api-domicilio only: take an order, as over HTTP.
    Inject,
    /// api-domicilio only: send an order that was not injected to its store once more ([`Reinject`]).
    Reinject,
    /// api-domicilio only: nothing more is to be done about an order that was not injected ([`Solve`]).
    Solve,
    /// queue-resolver only, the one that owns the store: give up the order at the head of its queue ([`Release`]).
    Release,
}

impl Verb {
    /// Verbs that every service takes.
    pub const COMMON: [Self; 5] = [Self::Ping, Self::Pause, Self::Resume, Self::Drain, Self::LogLevel];

    /// Last token of the subject.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Drain => "drain",
            Self::LogLevel => "log-level",
            Self::Inject => "inject",
            Self::Reinject => "reinject",
            Self::Solve => "solve",
            Self::Release => "release",
        }
    }
}

/// Body of `log-level`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLevel {
    /// A filter in the syntax of `tracing-subscriber`'s `EnvFilter`, for example `debug` or `info,queue_resolver=trace`;
    /// at most 200 characters.
    pub filter: String,
}

/// Body of `reinject`. The order goes to the end of its store's queue. The same command repeated acts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reinject {
    /// Of this command; the same on every repeat.
    pub id: CommandId,
    /// The order.
    pub order: OrderId,
    /// Who wants it.
    pub by: Operator,
    /// Why, at most [`crate::decision::REASON_MAX`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Another payload, of the order's format and with its store and code; absent: as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

/// Body of `solve`. The same command repeated acts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solve {
    /// Of this command; the same on every repeat.
    pub id: CommandId,
    /// The order.
    pub order: OrderId,
    /// Who says so.
    pub by: Operator,
    /// Why, 1 to [`crate::decision::REASON_MAX`] characters.
    pub reason: String,
}

/// Body of `release`. The order ends as not injected; an attempt that is under way is awaited, and counts if it succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Of this command; the same on every repeat.
    pub id: CommandId,
    /// The order.
    pub order: OrderId,
    /// Its sequence in `ORDERS`: a later pass of the same order is not meant.
    pub intake: u64,
    /// Who wants it.
    pub by: Operator,
}

/// Answer to every common verb.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// Whether it was done.
    pub ok: bool,
    /// What the instance is doing now.
    pub state: RunState,
    /// Why not, when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// Answer about an order: of intake, over HTTP and over the bus alike, and to `reinject`, `solve` and `release`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeReply {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// The HTTP status, also over the bus: 202 done or set going, 200 done before, 400, 404, 409, 413, 422, 503.
    pub status: u16,
    /// `accepted`, `already_accepted`, `reinjected`, `solved`, `released` and so on, or the code of what went wrong, for example `invalid_payload`.
    pub code: String,
    /// The order, when the payload told one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// Its sequence in stream `ORDERS`, when accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// One English sentence.
    pub message: String,
    /// Every fault of a refused payload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

impl IntakeReply {
    /// The answer to a request beyond those that are taken: nothing was done, the same may be asked again later.
    pub fn busy() -> Self {
        Self {
            v: crate::VERSION,
            status: 503,
            code: "busy".to_owned(),
            order: None,
            sequence: None,
            message: "Too many commands at once; repeat the same command later.".to_owned(),
            faults: Vec::new(),
        }
    }
}
