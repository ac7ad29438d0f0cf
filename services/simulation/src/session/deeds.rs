//! Doing what the lanes ask for, as `queue_resolver::session::deeds` does.

use std::sync::Arc;

use contract::event::{FailReason, PosState};
use contract::order::Ending;
use contract::{EventKind, Outcome, QueueEntry, StoreId};
use queue_resolver::lane::{Deed, Mark, Stored};
use queue_resolver::verdict::{Failure, Verdict, of_status};

use super::{Session, Tenant};
use crate::Protection;
use crate::agenda::{MS, Us};
use crate::distribuidor::mono_ms;
use crate::hand::REQUEST_TIMEOUT;
use crate::rare::Rare;
use crate::wire::{Name, Reply, Request};
use crate::world::World;

/// A deed under way.
#[derive(Debug)]
pub(super) struct Flight {
    generation: u32,
    store: StoreId,
    doing: Doing,
}

#[derive(Debug)]
enum Doing {
    Mark,
    ReadBack(u64),
    Payload(Arc<QueueEntry>),
    Post(Arc<QueueEntry>, Us),
    Outcome(Box<Outcome>),
    /// The fence held: what is there?
    Conflict(Box<Outcome>),
    Ack(u64),
}

/// Asks for it; nothing is awaited of an event.
pub(super) fn begin(
    world: &mut World,
    tenant: &Tenant,
    generation: u32,
    store: StoreId,
    deed: Deed,
) -> Option<(u64, Flight)> {
    let (request, doing) = match deed {
        Deed::LoadMark => (Request::Mark(store), Doing::Mark),
        Deed::ReadBack(queue_seq) => {
            world.count(Rare::ReadBack);
            (Request::Entry(queue_seq), Doing::ReadBack(queue_seq))
        }
        Deed::Attempt { entry, attempt: _ } => (Request::Payload(entry.intake), Doing::Payload(entry)),
        Deed::Store { outcome, fence } => {
            let fence = world.has(Protection::Fence).then_some(fence);
            (Request::Outcome(outcome.clone(), fence), Doing::Outcome(outcome))
        }
        Deed::Ack { queue_seq, reply, replay } => {
            if replay {
                world.count(Rare::ReplayAcked);
            }
            let name = parse(store, &reply)?;
            (Request::Ack(name, queue_seq), Doing::Ack(queue_seq))
        }
        Deed::Tell(kind) => {
            if matches!(kind, EventKind::Pos { state: PosState::Down, .. }) {
                world.count(Rare::PosDown);
            }
            world.ask(tenant.process, tenant.run, REQUEST_TIMEOUT, Request::Tell(kind));
            return None;
        }
    };
    let number = world.ask(tenant.process, tenant.run, REQUEST_TIMEOUT, request);
    Some((number, Flight { generation, store, doing }))
}

/// Where acknowledgements go stands in the delivery's reply subject; here epoch and generation do.
fn parse(store: StoreId, reply: &str) -> Option<Name> {
    let (epoch, generation) = reply.split_once(' ')?;
    Some(Name { partition: store.partition(), epoch: epoch.parse().ok()?, generation: generation.parse().ok()? })
}

fn judge(reply: Option<&Reply>) -> Verdict {
    let failed = |reason, detail| Verdict::Failed(Failure::new(reason, detail));
    match reply {
        Some(Reply::Status(status, after_ms)) => of_status(*status, *after_ms),
        Some(Reply::Unreachable) => failed(FailReason::Unreachable, "POS not reachable"),
        Some(_) => failed(FailReason::ConnectionLost, "connection broke before the POS answered"),
        None => failed(FailReason::Timeout, "POS did not answer in time"),
    }
}

impl Session {
    /// A deed was answered, or was not in time.
    pub(super) fn landed(&mut self, world: &mut World, number: u64, reply: Option<Reply>) {
        let Some(Flight { generation, store, doing }) = self.flights.remove(&number) else { return };
        let now = Self::moment(world);
        let sender = (self.tenant.process, self.tenant.run, self.number);
        let Some(lane) = self.lanes.get_mut(&store) else { return };
        let mut unconfirmed = false;
        match doing {
            Doing::Mark => {
                if let Some(Reply::Mark(mark)) = &reply {
                    world.judge.told(store, sender, mark.watermark);
                }
                let mark = match reply {
                    Some(Reply::Mark(mark)) if world.has(Protection::Watermark) => Some(mark),
                    Some(Reply::Mark(mark)) => Some(Mark { watermark: 0, ..mark }),
                    _ => None,
                };
                lane.marked(mark, now);
            }
            Doing::ReadBack(queue_seq) => {
                let entry = match reply {
                    Some(Reply::Entry(entry)) => Ok(entry.map(|entry| *entry)),
                    _ => Err(()),
                };
                lane.read_back(queue_seq, entry, now);
            }
            Doing::Payload(entry) => {
                let has_payload = matches!(reply, Some(Reply::Done));
                // The last look before the order leaves.
                let ours = self.tenant.tenure.holds_at(mono_ms(world.now)) || !world.has(Protection::LastLook);
                if has_payload && ours {
                    let number = world.post(sender, self.epoch, &entry);
                    let doing = Doing::Post(entry, world.now);
                    self.flights.insert(number, Flight { generation, store, doing });
                    return;
                }
                if has_payload {
                    world.count(Rare::SendPrevented);
                }
                let chance = world.rng.f64();
                lane.attempted(Verdict::Postponed, 0, &self.tenant.schedule, now, chance);
            }
            Doing::Post(entry, since) => {
                world.judge.answered(store, sender);
                let verdict = judge(reply.as_ref());
                if let Verdict::Failed(failure) = &verdict
                    && failure.reason.in_doubt()
                {
                    world.count(Rare::InDoubt);
                }
                world.note(|| format!("{}: {} at store {store}: {verdict:?}", self.tenant.by.instance, entry.intake));
                let took_ms = u32::try_from((world.now - since) / MS).unwrap_or(u32::MAX);
                let chance = world.rng.f64();
                lane.attempted(verdict, took_ms, &self.tenant.schedule, now, chance);
            }
            Doing::Outcome(outcome) => match reply {
                Some(Reply::Stored(sequence)) => {
                    world.judge.told(store, sender, outcome.watermark);
                    if let Ending::NotInjected { reason, .. } = &outcome.ending {
                        world.not_injected(&outcome, *reason);
                    }
                    lane.stored(outcome, Stored::At(sequence), now);
                }
                Some(Reply::WrongLast) => {
                    let number = world.ask(self.tenant.process, self.tenant.run, REQUEST_TIMEOUT, Request::Mark(store));
                    let doing = Doing::Conflict(outcome);
                    self.flights.insert(number, Flight { generation, store, doing });
                    return;
                }
                _ => lane.stored(outcome, Stored::Unknown, now),
            },
            Doing::Conflict(outcome) => {
                let stored = match reply {
                    Some(Reply::Mark(mark)) => {
                        world.judge.told(store, sender, mark.watermark);
                        world.count(Rare::FenceConflict);
                        Stored::Conflict(mark)
                    }
                    _ => Stored::Unknown,
                };
                lane.stored(outcome, stored, now);
            }
            Doing::Ack(queue_seq) => {
                let confirmed = matches!(reply, Some(Reply::Done));
                lane.acked(queue_seq, confirmed);
                unconfirmed = !confirmed && generation == self.generation;
            }
        }
        self.drive(world, store);
        if unconfirmed {
            self.anomaly(world, "an acknowledgement was not confirmed");
        }
    }
}
