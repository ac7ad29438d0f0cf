//! The console's side of the bus, against a real nats-server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod access;
mod acting;
mod alerts;
mod bus_init;
#[path = "../../../services/bus/tests/corpus/certificates.rs"]
mod certificates;
mod doctor;
mod feed;
mod headless;
mod info;
mod looking;
mod pages;
mod recording;
mod registry;
mod replay;
mod reveal;
mod schemas;
mod trail;
mod users;
mod wire;
mod world;
