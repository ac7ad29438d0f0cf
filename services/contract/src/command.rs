//! Commands to a running instance, by request and reply on `domicilio.cmd.<service>.<instance>.<verb>`,
//! served through the NATS services (micro) API so that `nats micro` sees them too.

use serde::{Deserialize, Serialize};

use crate::heartbeat::RunState;
use crate::order::Origin;
use crate::{CommandId, Fault, InstanceId, Operator, OrderId, Partition, StoreId};

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
    /// queue-resolver only: call the POS of a store without giving it an order ([`PingPos`]).
    PingPos,
    /// distribuidor only, the active one: give a partition to another resolver ([`Move`]).
    Move,
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
            Self::PingPos => "ping-pos",
            Self::Move => "move",
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

/// Body of `ping-pos`. Changes nothing, so it has no id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingPos {
    /// The store.
    pub store: StoreId,
}

/// Body of `move`: one partition, named itself or by a store of it. The same command repeated acts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Of this command; the same on every repeat.
    pub id: CommandId,
    /// The partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// A store of the partition, all of whose stores move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// The resolver that is to have it.
    pub to: InstanceId,
    /// The epoch under which the partition was seen to be owned; when it has another one by now nothing is done. Absent:
    /// whoever owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Who wants it.
    pub by: Operator,
}

impl Move {
    /// The partition that is meant; `None` when none is named, or two.
    pub fn meant(&self) -> Option<Partition> {
        match (self.partition, self.store.map(StoreId::partition)) {
            (Some(partition), Some(of_store)) if partition != of_store => None,
            (partition, of_store) => partition.or(of_store),
        }
    }
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

/// Answer to `move`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveReply {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// As HTTP has it: 202 set going, 200 done or under way before, 400, 404, 409, 503.
    pub status: u16,
    /// `moving`, `already_moving`, `already_moved`, or the code of what went wrong, for example `not_active`.
    pub code: String,
    /// The partition, when the command named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// Its owner, when it has one and the answer is the active distribuidor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<InstanceId>,
    /// One English sentence.
    pub message: String,
    /// Every fault of a command that cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// Answer to `ping-pos`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingPosReply {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// As HTTP has it: 200 the POS was called and `code` tells what came of it, 400, 404, 503.
    pub status: u16,
    /// `pos_answered`, `pos_failed`, or why it was not called, for example `store_unknown`.
    pub code: String,
    /// One English sentence.
    pub message: String,
    /// The store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// From where it was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Origin>,
    /// Whether this is the instance that injects into the store.
    #[serde(default)]
    pub owner: bool,
    /// Scheme, host and port that were called, for example `https://pos.example:8443`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Each step that was begun, in order; the last one is the one that failed, if any did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<PingStep>,
    /// Status of the POS's answer, whatever it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pos_status: Option<u16>,
    /// Every fault of a command that cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// One step of calling a POS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingStep {
    /// Which.
    pub step: PingPart,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Whether it succeeded.
    pub ok: bool,
    /// What it found, or why it failed, for example `2 addresses` or `connection refused`.
    pub detail: String,
}

/// A part of calling a POS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PingPart {
    /// Its name becomes addresses.
    Resolve,
    /// A connection to one of them.
    Connect,
    /// The handshake of TLS, with the certificate's check; `https` only.
    Tls,
    /// A request that asks for nothing (`HEAD`).
    Http,
    /// A part that this version does not know.
    #[serde(other)]
    Unknown,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_means_one_partition_however_it_is_named() {
        for (named, meant) in [
            (r#""partition":14"#, Some(14)),
            (r#""store":72"#, Some(11)),
            (r#""store":72,"partition":11"#, Some(11)),
            (r#""store":72,"partition":14"#, None),
            (r#""other":1"#, None),
        ] {
            let json = format!(r#"{{"id":"m-1",{named},"to":"queue-resolver-2","by":"turno.noche"}}"#);
            let command: Move = serde_json::from_str(&json).unwrap();
            assert_eq!(command.meant().map(Partition::number), meant, "{named}");
        }
    }
}
