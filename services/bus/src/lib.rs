//! The NATS side of the contract, shared by the services and the console.
//!
//! Owns: how we connect and as whom, how the streams of [`contract::stream`] come to exist, how store records are
//! written and followed, how a stretch of a stream is read without leaving anything behind, and how a
//! private nats-server is started for demos and tests. Decides nothing about orders.

pub mod access;
pub mod again;
pub mod catalogue;
pub mod connect;
pub mod context;
pub mod continuity;
pub mod counters;
pub mod denial;
pub mod enlarge;
pub mod error;
pub mod publish;
pub mod read;
pub mod server;
pub mod target;
pub mod topology;

pub use access::{Access, Url};
pub use connect::{Connection, LinkState, Settings, connect};
pub use denial::{Denial, Verb};
pub use error::{Error, ErrorKind};
pub use target::{Target, Told};

/// How long a request to JetStream may take before it counts as unanswered. Leader elections of a three-node
/// cluster were seen to last 4 to 9 s; waiting longer than this in one call only hides them.
pub const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3);
