//! What the server says: its streams, their consumers, and what our connection to it is.

use contract::UtcMs;

/// Streams kept: ours and their buckets are eight.
pub const STREAMS_MAX: usize = 100;

/// Consumers kept of a stream: one a partition, and as many readers.
pub const CONSUMERS_MAX: usize = 100;

/// Subjects kept of a stream's configuration, and URLs of other servers.
pub const NAMES_MAX: usize = 20;

/// How often the server is asked while somebody looks, in milliseconds.
pub const READ_MS: i64 = 2_000;

/// How long an answer is awaited before the server is asked again, in milliseconds.
pub const PATIENCE_MS: i64 = 15_000;

/// How a stream forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// By its limits.
    Limits,
    /// What no consumer wants any more.
    Interest,
    /// What was acknowledged.
    WorkQueue,
}

/// Place and time of a message in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Its sequence.
    pub sequence: u64,
    /// When it was stored.
    pub at: UtcMs,
}

/// The nodes that keep a stream or consumer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nodes {
    /// The node that leads; `None` while there is none.
    pub leader: Option<String>,
    /// Other nodes.
    pub others: u64,
    /// Of these, those that are behind or away.
    pub behind: u64,
}

/// A consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// Messages that it has not been given yet.
    pub pending: u64,
    /// Messages that it was given and has not acknowledged.
    pub ack_pending: u64,
    /// Of these, those that were given more than once.
    pub redelivered: u64,
    /// Pull requests that wait for messages.
    pub waiting: u64,
    /// Sequence in the stream up to which messages were given.
    pub delivered: u64,
    /// The node that leads it; `None` when unknown.
    pub leader: Option<String>,
}

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// What it stores.
    pub subjects: Vec<String>,
    /// Messages that it holds.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Different subjects among them.
    pub subject_count: u64,
    /// Sequences within it that were deleted; `None` when the server does not tell.
    pub deleted: Option<u64>,
    /// The oldest message; `None` when there is none.
    pub first: Option<Mark>,
    /// The newest message; `None` when there never was one.
    pub last: Option<Mark>,
    /// When it was made.
    pub made: UtcMs,
    /// How it forgets.
    pub retention: Retention,
    /// A full one refuses new messages instead of dropping old ones.
    pub refuses: bool,
    /// Oldest message kept, in milliseconds; `None` = no limit.
    pub age_max_ms: Option<i64>,
    /// Most bytes; `None` = no limit.
    pub bytes_max: Option<u64>,
    /// Most messages; `None` = no limit.
    pub messages_max: Option<u64>,
    /// Most messages a subject; `None` = no limit.
    pub per_subject_max: Option<u64>,
    /// Copies that are kept.
    pub replicas: u64,
    /// On disk rather than in memory.
    pub on_disk: bool,
    /// The nodes that keep it; `None` on a server that is alone.
    pub nodes: Option<Nodes>,
    /// Consumers there are.
    pub consumer_count: u64,
    /// The consumers, at most [`CONSUMERS_MAX`]; `None` when they could not be read.
    pub consumers: Option<Vec<Consumer>>,
}

/// What our connection is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The server's name.
    pub server: String,
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its address, `host:port`.
    pub address: String,
    /// Its cluster; `None` when it is alone.
    pub cluster: Option<String>,
    /// Its JetStream domain, if it has one.
    pub domain: Option<String>,
    /// The connection's number at this server.
    pub connection: u64,
    /// Our address as the server sees it.
    pub own_address: String,
    /// Longest message that the server takes, in bytes.
    pub payload_max: u64,
    /// Whether the server wants to know who we are.
    pub asks_who: bool,
    /// Whether the server insists on TLS.
    pub wants_tls: bool,
    /// Whether the server is about to stop.
    pub leaving: bool,
    /// Other servers that it knows, at most [`NAMES_MAX`].
    pub others: Vec<String>,
    /// There and back, in microseconds; `None` when it did not come back in time.
    pub round_trip_us: Option<u64>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// Our connection.
    pub account: Account,
    /// The streams by name, at most [`STREAMS_MAX`].
    pub streams: Vec<Stream>,
    /// Whether there are more.
    pub cut: bool,
}
