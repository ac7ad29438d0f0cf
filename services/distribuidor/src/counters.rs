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

use bus::Connection;
use bus::topology::Profile;
use chassis::lease::Tenure;
use chassis::{Chassis, RETRY_DELAY};
use tokio::task::JoinSet;

/// Counts for as long as it is polled, also while the instance is paused: nothing waits for it. In a task of its own, so
/// that a long stretch to be counted does not hold up the hand-over.
pub async fn run(chassis: &Chassis, tenure: Tenure) -> Infallible {
    loop {
        // Ends with us.
        let mut task = JoinSet::new();
        task.spawn(count(chassis.bus.clone(), chassis.profile, tenure.clone()));
        match task.join_next().await {
            Some(Ok(never)) => match never {},
            Some(Err(error)) => tracing::error!(%error, "counting broke down, beginning anew"),
            None => {}
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

async fn count(connection: Connection, profile: Profile, tenure: Tenure) -> Infallible {
    loop {
        connection.up().await;
        let Err(error) = shell::project(&connection, profile, &tenure).await;
        tracing::warn!(error = &error as &dyn std::error::Error, "counting interrupted, resuming soon");
        tokio::time::sleep(RETRY_DELAY).await;
    }
}
