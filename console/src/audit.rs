//! The audit trail: who did what, when, from where, why, and how it came out. An intent is in it before anything is
//! sent; when it cannot be written, nothing is sent.
//!
//! `chain` ties lines to each other, `file` puts them on the disk, `who` finds out who acts, `scribe` makes lines of what is
//! done. What a line says is
//! [`contract::audit`]'s; the same goes out on the bus as `domicilio.audit.<user>`.

pub mod chain;
pub mod file;
pub mod scribe;
pub mod who;

pub use file::{Error, Trail};
pub use scribe::Scribe;
pub use who::Who;
