//! The limit: the smallest programs that do the same I/O with async-nats and nothing else. No validation, no state, no
//! retries; whatever they need besides, the measured programs need, too.

pub mod drain;
pub mod idle;
pub mod pipeline;
