//! The counts of today, of days and of months: a projector that reads `ORDERS`, `OUTCOMES` and `INVALID` and keeps a
//! count by hour, country and cloud in a bucket, exact whatever dies and whenever (decision 0008).
//!
//! [`meaning`] (what a message counts as), [`align`] (where to go on in a stream) and [`fold`] (what to write, in which
//! order) are pure; [`shell`] reads and writes.

pub mod align;
pub mod fold;
pub mod meaning;
pub mod shell;

use std::convert::Infallible;

use chassis::lease::Tenure;
use chassis::{Chassis, RETRY_DELAY};

/// Counts for as long as it is polled, also while the instance is paused: nothing waits for it.
pub async fn run(chassis: &Chassis, tenure: Tenure) -> Infallible {
    loop {
        chassis.bus.up().await;
        let Err(error) = shell::project(&chassis.bus, chassis.profile, &tenure).await;
        tracing::warn!(error = &error as &dyn std::error::Error, "counting interrupted, resuming soon");
        tokio::time::sleep(RETRY_DELAY).await;
    }
}
