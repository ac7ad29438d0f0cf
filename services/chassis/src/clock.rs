//! The two clocks. Deciding code takes their readings as arguments.

use std::sync::LazyLock;
use std::time::Instant;

use contract::UtcMs;

/// What the wall clock says: for messages and people, never for deadlines.
pub fn now() -> UtcMs {
    UtcMs::from(jiff::Timestamp::now()).plus_millis(step_ms())
}

/// Milliseconds since this process first asked; never goes back, whatever happens to the wall clock. For leases.
pub fn monotonic_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// How far the wall clock is off. Development builds read it, in milliseconds, from the file that `DOMICILIO_TEST_CLOCK`
/// names, each time, so that the fault runner can step the clock of one process; a release build has no such thing.
#[cfg(debug_assertions)]
fn step_ms() -> i64 {
    static FILE: LazyLock<Option<std::ffi::OsString>> = LazyLock::new(|| std::env::var_os("DOMICILIO_TEST_CLOCK"));
    let step = FILE.as_ref().and_then(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok());
    step.unwrap_or(0)
}

#[cfg(not(debug_assertions))]
const fn step_ms() -> i64 {
    0
}
