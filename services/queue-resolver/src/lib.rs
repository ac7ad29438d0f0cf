//! The queue-resolver: injects orders into each store's POS, strictly first-in first-out per store, with retries.
//!
//! [`lane`] decides for one store, [`schedule`] and [`verdict`] for one attempt; none of them does I/O.
//! [`tenancy`] learns which partitions are ours, [`session`] serves one of them, [`pos`] calls a store,
//! [`release`] lets operators give up an order, [`ping`] lets them see whether a POS can be reached.

pub mod figures;
pub mod lane;
pub mod ping;
pub mod pos;
pub mod release;
pub mod schedule;
pub mod session;
pub mod settings;
pub mod tenancy;
pub mod verdict;

use std::sync::Arc;

use anyhow::Context as _;
use bus::catalogue::Catalogue;
use chassis::Chassis;

use crate::figures::Figures;
use crate::release::Releases;
use crate::session::Shared;
use crate::settings::Settings;

/// Serves the partitions it is given until told to stop, then gives them back.
pub async fn run(chassis: Arc<Chassis>, settings: &Settings) -> anyhow::Result<()> {
    let figures = Arc::new(Figures::default());
    let catalogue = Catalogue::follow(&chassis.bus);
    if !chassis.ready().await {
        return Ok(());
    }
    // An order whose store is not known yet would burn its retries.
    let mut known = catalogue.progress();
    tokio::select! {
        progress = known.wait_for(|progress| progress.ready) => { progress.context("following the stores")?; }
        () = chassis.stop.cancelled() => return Ok(()),
    }
    let shared = Arc::new(Shared {
        pos: pos::Client::new(&settings.pos(), settings.pos_ca.as_deref()).context("setting up the POS client")?,
        schedule: settings.retry_schedule.clone(),
        deadline: settings.pos().deadline,
        pace_ms: settings.pace_ms(),
        releases: Releases::default(),
        in_flight: tokio::sync::Semaphore::new(settings.in_flight_max),
        chassis,
        catalogue,
        figures,
    });
    tenancy::serve(&shared).await;
    Ok(())
}
