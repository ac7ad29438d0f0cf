//! The distribuidor: one active instance gives every accepted order to the queue of its store, in the order of
//! acceptance, and every partition of stores to exactly one live queue-resolver.
//!
//! Decides in [`assign`] (who owns which partition), [`chain`] (what may be published next) and [`counters`] (how many
//! orders there were), all without I/O; [`moves`] lets operators move a partition; [`office`] is the shell around them while this instance is the active one, [`desk`]
//! what its tasks share.

pub mod assign;
pub mod chain;
pub mod counters;
pub mod desk;
pub mod figures;
pub mod handover;
pub mod moves;
pub mod office;
pub mod registry;
pub mod settings;

use std::sync::Arc;
use std::time::Duration;

use chassis::lease::{Candidate, TERMS, encode};
use chassis::{Chassis, RETRY_DELAY};
use contract::lease::{Holder, OFFICE, OfficeLease};

use crate::figures::Figures;
use crate::moves::Moves;

/// Stands by, serves as the active one whenever it holds the office, until told to stop.
pub async fn run(chassis: &Chassis) -> anyhow::Result<()> {
    let figures = Arc::new(Figures::default());
    let read = Arc::clone(&figures);
    let moves = Arc::new(Moves::default());
    chassis.expose(move || (read.load(), None), vec![moves::duty(&moves)]);
    if !chassis.ready().await {
        return Ok(());
    }
    let me = chassis.holder();
    while !chassis.stop.is_cancelled() {
        if !chassis.control.is_running() {
            wait(chassis, Duration::from_millis(TERMS.renew_ms)).await;
            continue;
        }
        match stand_by(chassis, &me, &figures).await {
            Ok(Some(office)) => Box::pin(office.serve(chassis, &figures, &moves)).await,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "standing by, cannot see the office");
                wait(chassis, RETRY_DELAY).await;
            }
        }
    }
    Ok(())
}

/// Waits for the office; `None` when told to stop, to drain or to pause first: who may not work must not take it.
async fn stand_by(chassis: &Chassis, me: &Holder, figures: &Figures) -> Result<Option<office::Office>, bus::Error> {
    let store = bus::topology::leases(&chassis.bus.js, chassis.profile).await?;
    let mut candidate = Candidate::new(store.clone(), OFFICE, me.incarnation.clone(), TERMS);
    loop {
        let mut taken: Option<OfficeLease> = None;
        let attempted = candidate.attempt(|before| {
            let before: Option<OfficeLease> = before.and_then(|value| serde_json::from_slice(value).ok());
            let lease = OfficeLease {
                v: contract::VERSION,
                holder: me.clone(),
                term: before.as_ref().map_or(0, |lease| lease.term) + 1,
                distributed: before.as_ref().map_or(0, |lease| lease.distributed),
                queued: before.and_then(|lease| lease.queued),
                vacant: false,
            };
            encode(taken.insert(lease))
        });
        if let Some(holder) = attempted.await?
            && let Some(lease) = taken
        {
            return Ok(Some(office::Office { store, holder, lease }));
        }
        figures.stands_by();
        wait(chassis, Duration::from_millis(TERMS.renew_ms)).await;
        if chassis.stop.is_cancelled() || !chassis.control.is_running() {
            return Ok(None);
        }
    }
}

/// Sleeps, but not beyond the end.
async fn wait(chassis: &Chassis, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = chassis.stop.cancelled() => {}
    }
}
