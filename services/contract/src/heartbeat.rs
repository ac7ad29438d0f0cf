//! What each instance says of itself every second on `domicilio.services.<service>.<instance>.heartbeat`.
//!
//! Counters count since the instance started and only grow, so that a watcher makes rates from two
//! heartbeats and a lost one costs nothing.

use serde::{Deserialize, Serialize};

use crate::{AppCode, Cloud, Country, InstanceId, Partition, Service, StoreId, UtcMs};

/// How often a heartbeat is sent, in milliseconds.
pub const PERIOD_MS: i64 = 1_000;

/// Age after which a watcher calls an instance silent: three heartbeats missed, in milliseconds.
pub const SILENT_MS: i64 = 3_500;

/// What an instance is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Works.
    Running,
    /// Alive, keeps what it owns, starts nothing new until resumed.
    Paused,
    /// Finishes and hands over what it holds; takes nothing new until resumed.
    Draining,
    /// Is about to exit.
    Stopping,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// Which service.
    pub service: Service,
    /// Which instance.
    pub instance: InstanceId,
    /// Version of the program, for example `0.1.0`.
    pub version: String,
    /// Where it runs.
    pub cloud: Cloud,
    /// The country it belongs to; `zz` for all.
    pub country: Country,
    /// When it started.
    pub started_at: UtcMs,
    /// When this was said, by the instance's clock.
    pub at: UtcMs,
    /// What it is doing.
    pub state: RunState,
    /// What keeps it from working right now, in one sentence; absent when nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Sequence in stream `STORES` up to which it has taken up changes; absent for who needs no stores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stores_revision: Option<u64>,
    /// What only this kind of service has to tell.
    #[serde(flatten)]
    pub load: Load,
}

/// What only one kind of service has to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "load", content = "figures", rename_all = "snake_case")]
pub enum Load {
    /// Of api-domicilio.
    Api(ApiLoad),
    /// Of the distribuidor.
    Distribuidor(DistribuidorLoad),
    /// Of a queue-resolver.
    Resolver(ResolverLoad),
}

/// Latency over the last minute, in milliseconds; absent figures mean that nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
}

/// Figures of api-domicilio.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiLoad {
    /// Where it listens for HTTP, `host:port`.
    pub listen: String,
    /// Orders accepted (202).
    pub accepted: u64,
    /// Repeats of accepted orders (200).
    pub repeated: u64,
    /// Same identity with another body (409).
    pub conflicts: u64,
    /// Refused payloads (400, 413, 422).
    pub invalid: u64,
    /// Answered 503.
    pub unavailable: u64,
    /// Requests being worked on.
    pub in_flight: u64,
    /// Time to acceptance.
    pub latency: Latency,
}

/// Whether a distribuidor is the one that hands over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Hands over.
    Active,
    /// Waits to take over.
    #[default]
    Standby,
}

/// Figures of a distribuidor.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DistribuidorLoad {
    /// Active or standby.
    pub role: Role,
    /// Its term of office when active, the last one seen otherwise.
    pub term: u64,
    /// Orders handed over by this instance.
    pub distributed: u64,
    /// Orders accepted and not yet handed over; known only to the active one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
    /// Live resolvers that it sees.
    pub resolvers: u32,
    /// Partitions without an owner.
    pub unowned: u32,
    /// Time from acceptance to hand-over.
    pub latency: Latency,
}

/// A partition that a resolver owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// The partition.
    pub partition: Partition,
    /// Under which epoch.
    pub epoch: u64,
}

/// A lane that is not simply flowing: what the head of a store's queue is waiting for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The store.
    pub store: StoreId,
    /// Code of the order at the head.
    pub code: AppCode,
    /// Attempts made so far.
    pub attempts: u32,
    /// Entries in the lane, the head included.
    pub depth: u32,
    /// When the next attempt or probe is due; absent while an attempt is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<UtcMs>,
    /// Whether the store's POS counts as down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pos_down: bool,
}

/// Figures of a queue-resolver.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResolverLoad {
    /// What it owns.
    pub partitions: Vec<Owned>,
    /// Stores with something waiting.
    pub lanes: u32,
    /// Entries waiting in lanes.
    pub waiting: u64,
    /// Attempts under way.
    pub in_flight: u32,
    /// Orders injected by this instance.
    pub injected: u64,
    /// Orders given up.
    pub not_injected: u64,
    /// Failed attempts.
    pub failed_attempts: u64,
    /// Deliveries that the watermark showed to be done already.
    pub replays: u64,
    /// Lanes that wait for a retry or a probe, at most [`HEADS_MAX`], deepest first.
    pub heads: Vec<Head>,
    /// Time the POS takes to answer.
    pub latency: Latency,
}

/// Most heads in one heartbeat: keeps it under 16 KiB whatever happens to the stores.
pub const HEADS_MAX: usize = 64;
