//! The real program against a real nats-server: what senders and operators see, and what the streams hold.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bounds;
mod bus_orders;
mod decisions;
mod keys;
mod orders;
mod outage;
mod running;
mod status;
mod stores;
mod tls;
