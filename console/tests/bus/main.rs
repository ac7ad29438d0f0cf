//! The console's side of the bus, against a real nats-server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod access;
mod acting;
mod bus_init;
mod feed;
mod headless;
mod info;
mod replay;
mod wire;
mod world;
