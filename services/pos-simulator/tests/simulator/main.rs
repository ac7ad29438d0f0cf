//! The simulator as its callers see it: the real server on a free port, and the real program.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod faults;
mod hostile;
mod orders;
mod program;
mod running;
