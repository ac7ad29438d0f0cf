//! The two clocks. Deciding code takes their readings as arguments.

use std::sync::LazyLock;
use std::time::Instant;

use contract::UtcMs;

/// What the wall clock says: for messages and people, never for deadlines.
pub fn now() -> UtcMs {
    UtcMs::from(jiff::Timestamp::now())
}

/// Milliseconds since this process first asked; never goes back, whatever happens to the wall clock. For leases.
pub fn monotonic_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}
