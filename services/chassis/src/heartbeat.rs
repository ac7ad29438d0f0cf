//! The heartbeat: what the instance says of itself each second.

use std::sync::Arc;
use std::time::Duration;

use contract::heartbeat::{Heartbeat, PERIOD_MS, RunState};
use contract::{VERSION, subject};
use tokio::task::JoinHandle;

use crate::probe::{Read, Vitals};
use crate::{Control, Instance, Trouble, now};

/// How long leaving may wait for what is still buffered.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// Whose heartbeat it is, and what it tells besides the load.
pub(crate) struct Teller {
    pub(crate) instance: Arc<Instance>,
    pub(crate) bus: bus::Connection,
    pub(crate) control: Control,
    pub(crate) trouble: Trouble,
    pub(crate) vitals: Arc<Vitals>,
}

/// Sends it every second and at once when the run state changes, so that a watcher sees a pause without delay.
///
/// Ends once `stopping` has been said.
pub(crate) fn spawn(Teller { instance, bus, control, trouble, vitals }: Teller, read: Read) -> JoinHandle<()> {
    let subject = subject::heartbeat(instance.service, &instance.id);
    let mut state = control.follow();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(PERIOD_MS.unsigned_abs()));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                changed = state.changed() => if changed.is_err() { return },
            }
            vitals.turn();
            // A disconnected client would keep old heartbeats and send them later, as if they were new.
            if !bus.is_up() {
                continue;
            }
            let (load, stores_revision) = read();
            let heartbeat = Heartbeat {
                v: VERSION,
                service: instance.service,
                instance: instance.id.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                cloud: instance.cloud.clone(),
                country: instance.country,
                started_at: instance.started_at,
                at: now(),
                state: control.state(),
                trouble: trouble.sentence(),
                stores_revision,
                load,
            };
            match serde_json::to_vec(&heartbeat) {
                Ok(body) => {
                    let _ = tokio::time::timeout(FLUSH_LIMIT, bus.client.publish(subject.clone(), body.into())).await;
                }
                Err(error) => tracing::error!(%error, "a heartbeat cannot be written"),
            }
            if heartbeat.state == RunState::Stopping {
                return;
            }
        }
    })
}

/// Lets the last heartbeat (sent by the change to `stopping`) go out.
pub(crate) async fn farewell(beating: JoinHandle<()>, bus: &bus::Connection) {
    if bus.is_up() {
        let _ = tokio::time::timeout(FLUSH_LIMIT, beating).await;
        let _ = tokio::time::timeout(FLUSH_LIMIT, bus.client.flush()).await;
    }
}
