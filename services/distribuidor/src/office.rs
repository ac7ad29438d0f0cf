//! Holding the office: the renewals, the hand-over, the registry and the counting run side by side and end together.

use std::time::Duration;

use async_nats::jetstream::kv;
use chassis::Chassis;
use chassis::lease::{Holder, Renewal, TERMS, encode};
use contract::heartbeat::RunState;
use contract::lease::OfficeLease;
use contract::{Event, EventKind};

use crate::chain::Checkpoint;
use crate::desk::Desk;
use crate::figures::Figures;
use crate::moves::Moves;
use crate::{counters, handover, registry};

/// The office, just taken.
#[derive(Debug)]
pub struct Office {
    /// The bucket of leases.
    pub store: kv::Store,
    /// The lease itself.
    pub holder: Holder,
    /// What was written when it was taken.
    pub lease: OfficeLease,
}

/// Why it ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Lost,
    Told,
}

impl Office {
    /// Serves until the office is lost, or until this instance is told to stop or to drain; then gives it back.
    pub async fn serve(mut self, chassis: &Chassis, figures: &Figures, moves: &Moves) {
        let term = self.lease.term;
        tracing::info!(term, resumes_after = self.lease.distributed, "active");
        figures.holds(term);
        let event = EventKind::TookOffice { term, resumes_after: self.lease.distributed };
        registry::publish(chassis, event);

        let desk = Desk::new(Checkpoint { intake: self.lease.distributed, queued: self.lease.queued });
        let tenure = self.holder.tenure();
        let hand_over = handover::run(chassis, figures, term, tenure.clone(), &desk);
        let register = registry::run(chassis, figures, moves, &self.store, term, tenure);
        let count = counters::run(chassis, self.holder.tenure());
        let end = tokio::select! {
            end = renew(chassis, &mut self.holder, &mut self.lease, &desk) => end,
            never = hand_over => match never {},
            never = register => match never {},
            never = count => match never {},
        };
        figures.stands_by();
        chassis.trouble.over();
        if end == End::Told {
            note(&mut self.lease, desk.latest());
            self.lease.vacant = true;
            if let Err(error) = self.holder.release(encode(&self.lease)).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the office was not given back, it will expire"
                );
            }
        }
        tracing::info!(term, ?end, "no longer active");
    }
}

/// Renews the lease with the checkpoint until it is lost or we are told to go.
async fn renew(chassis: &Chassis, holder: &mut Holder, lease: &mut OfficeLease, desk: &Desk) -> End {
    let mut state = chassis.control.follow();
    let mut tick = tokio::time::interval(Duration::from_millis(TERMS.renew_ms));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = chassis.stop.cancelled() => return End::Told,
            _ = state.wait_for(|state| *state == RunState::Draining) => return End::Told,
            _ = tick.tick() => {}
            () = desk.hurried() => {}
        }
        let checkpoint = desk.latest();
        note(lease, checkpoint);
        match holder.renew(encode(lease)).await {
            Renewal::Held => desk.wrote(checkpoint),
            Renewal::Lost => return End::Lost,
            Renewal::Unknown => tracing::warn!(term = lease.term, "the office's renewal got no answer"),
        }
    }
}

fn note(lease: &mut OfficeLease, checkpoint: Checkpoint) {
    (lease.distributed, lease.queued) = (checkpoint.intake, checkpoint.queued);
}

/// An event of this instance.
pub(crate) fn event(chassis: &Chassis, kind: EventKind) -> Event {
    Event { v: contract::VERSION, at: chassis::now(), by: chassis.instance.origin(), kind }
}
