//! The words that the services and the console share: identities, subjects, messages, streams.
//!
//! This crate owns every name and every shape that crosses the bus, and nothing that moves one:
//! no I/O, no clock, no async, no randomness. Messages are versioned JSON ([`VERSION`]); old versions
//! must keep parsing (see the golden files under `tests/golden`), unknown fields are tolerated and
//! unknown kinds survive as such.

pub mod audit;
pub mod command;
pub mod counters;
pub mod decision;
pub mod event;
pub mod fault;
pub mod heartbeat;
pub mod id;
pub mod lease;
pub mod order;
pub mod permission;
pub mod store;
pub mod stream;
pub mod subject;
pub mod time;

pub use audit::AuditRecord;
pub use decision::Decision;
pub use event::{Event, EventKind};
pub use fault::Fault;
pub use heartbeat::Heartbeat;
pub use id::{AppCode, Cloud, CommandId, Country, InstanceId, Operator, OrderId, Partition, Service, StoreId, Target};
pub use order::{OrderHead, Outcome, QueueEntry};
pub use store::StoreRecord;
pub use subject::Subject;
pub use time::UtcMs;

/// Version that every message carries in its field `v`.
pub const VERSION: u8 = 1;

/// Names of the headers that messages and POS requests carry.
pub mod header {
    /// JSON of [`crate::OrderHead`] on messages of stream `ORDERS`, whose body is the payload as it came.
    pub const ORDER_HEAD: &str = "Domicilio-Head";
    /// JSON of [`crate::Decision`] on messages of stream `ORDERS` that follow the order's own.
    pub const DECISION: &str = "Domicilio-Decision";
    /// JSON of [`crate::order::InvalidHead`] on messages of stream `INVALID`, whose body is the refused payload.
    pub const INVALID_HEAD: &str = "Domicilio-Invalid";
    /// Payload format (`delivery` or `pickup`) of an `inject` request over the bus.
    pub const FORMAT: &str = "Domicilio-Format";
    /// W3C trace context, copied from intake to the POS request.
    pub const TRACEPARENT: &str = "traceparent";

    /// To the POS: the order's identity; the same on every attempt, so that the POS can refuse a repeat.
    pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
    /// To the POS: order id, `<store>.<code>`.
    pub const POS_ORDER: &str = "Domicilio-Order";
    /// To the POS: store id.
    pub const POS_STORE: &str = "Domicilio-Store";
    /// To the POS: number of the attempt, from 1.
    pub const POS_ATTEMPT: &str = "Domicilio-Attempt";
    /// To the POS: sequence of the order in stream `ORDERS`; grows with the order of acceptance.
    pub const POS_SEQUENCE: &str = "Domicilio-Sequence";
    /// To the POS: `true` on a test order that no kitchen must cook.
    pub const POS_TEST: &str = "Domicilio-Test";
}
