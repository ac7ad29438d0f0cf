//! Doing what the lanes ask for: on the bus, or at a store's POS.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_nats::client::Request;
use async_nats::jetstream;
use async_nats::jetstream::message::PublishMessage;
use bus::publish::Failed;
use bus::read::Stored as Message;
use bus::{REQUEST_TIMEOUT, continuity, read};
use chassis::lease::Tenure;
use contract::event::{FailReason, PosState};
use contract::order::{Digest, Ending};
use contract::stream::{EVENTS, ORDERS, OUTCOMES, QUEUES};
use contract::{Event, EventKind, Outcome, QueueEntry, StoreId, header, subject};
use futures::future::BoxFuture;
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use super::intake::is_last;
use crate::lane::{Deed, Mark, Place, Stored};
use crate::pos::Call;
use crate::verdict::{Failure, Verdict};

/// How long storing an outcome may take before it is tried again, which its fence makes harmless. One that meets no leader
/// is never answered: waiting the whole of [`REQUEST_TIMEOUT`] would hold the store's next order up after an election.
const OUTCOME_LIMIT: Duration = Duration::from_millis(1_500);

/// A deed under way.
pub(crate) type Flight = BoxFuture<'static, (StoreId, Done)>;

/// The answer to a deed.
#[derive(Debug)]
pub(crate) enum Done {
    Marked(Option<Mark>),
    ReadBack(u64, Result<Option<QueueEntry>, ()>),
    Attempted(Verdict, u32),
    Stored(Box<Outcome>, Stored),
    Acked(u64, bool),
    Told,
}

/// Everything but an attempt.
pub(crate) fn on_the_bus(shared: &Arc<Shared>, store: StoreId, place: &Place, deed: Deed) -> Flight {
    let shared = Arc::clone(shared);
    let place = place.clone();
    Box::pin(async move {
        let done = match deed {
            Deed::LoadMark => Done::Marked(mark(&shared, &place).await),
            Deed::ReadBack(queue_seq) => Done::ReadBack(queue_seq, read_back(&shared, queue_seq).await),
            Deed::Store { outcome, fence } => {
                let stored = store_outcome(&shared, &place, &outcome, fence).await;
                count(&shared, &outcome, stored);
                Done::Stored(outcome, stored)
            }
            Deed::Ack { queue_seq, reply, replay } => {
                if replay {
                    shared.figures.replays.fetch_add(1, Ordering::Relaxed);
                }
                Done::Acked(queue_seq, acknowledge(&shared, reply).await)
            }
            Deed::Tell(kind) => {
                tell(&shared, kind).await;
                Done::Told
            }
            Deed::Attempt { .. } => Done::Attempted(Verdict::Postponed, 0),
        };
        (store, done)
    })
}

/// Fetches the payload and posts it, if we still own the store just before.
pub(crate) fn attempt(
    shared: Arc<Shared>,
    tenure: Tenure,
    ours: Arc<AtomicBool>,
    entry: Arc<QueueEntry>,
    attempt: u32,
) -> Flight {
    Box::pin(async move {
        let store = entry.order.store;
        let Ok(_place) = shared.in_flight.acquire().await else {
            return (store, Done::Attempted(Verdict::Postponed, 0));
        };
        let is_it = |stored: &Message| Digest::of(&stored.payload) == entry.order.sha256;
        let js = &shared.chassis.bus.js;
        let payload = match read::at(js, ORDERS.name, entry.intake).await {
            Ok(Some(stored)) if is_it(&stored) => Ok(Some(stored)),
            // A replica may be behind: only the leader's no is one.
            Ok(_) => read::at_leader(js, ORDERS.name, entry.intake).await,
            Err(error) => Err(error),
        };
        let (payload, traceparent) = match payload {
            Ok(Some(stored)) if is_it(&stored) => {
                let traceparent = stored.header(header::TRACEPARENT).map(str::to_owned);
                (stored.payload, traceparent)
            }
            Ok(_) => return (store, Done::Attempted(without_payload(js, entry.intake).await, 0)),
            Err(_) => return (store, Done::Attempted(Verdict::Postponed, 0)),
        };
        let Some(record) = shared.catalogue.get(store) else {
            let failure = Failure::new(FailReason::NoPos, "the store's record is missing");
            return (store, Done::Attempted(Verdict::Failed(failure), 0));
        };
        // The last look before the order leaves: a process that was stopped and resumed finds out here.
        if !(tenure.holds() && ours.load(Ordering::Acquire)) {
            return (store, Done::Attempted(Verdict::Postponed, 0));
        }
        let under_way = shared.figures.begin();
        let started = Instant::now();
        let (pos, order) = (shared.pos.clone(), Arc::clone(&entry));
        // A task of its own: should nobody look at this deed for a while (the bus is away), the answer is taken all
        // the same and does not turn into a time-out.
        let call = AbortOnDropHandle::new(tokio::spawn(async move {
            let call = Call {
                url: &record.record.pos_url,
                order: &order.order,
                intake: order.intake,
                attempt,
                traceparent: traceparent.as_deref(),
                payload,
            };
            pos.post(call).await
        }));
        let verdict = call.await.unwrap_or(Verdict::Postponed);
        let took = started.elapsed();
        drop(under_way);
        match &verdict {
            Verdict::Done { .. } => shared.figures.latency.record_us(micros(took)),
            Verdict::Failed(_) => drop(shared.figures.failed_attempts.fetch_add(1, Ordering::Relaxed)),
            Verdict::Postponed | Verdict::NoOrder => {}
        }
        (store, Done::Attempted(verdict, u32::try_from(took.as_millis()).unwrap_or(u32::MAX)))
    })
}

/// What is to be said of an order whose payload `ORDERS` does not hold.
async fn without_payload(js: &jetstream::Context, intake: u64) -> Verdict {
    let Ok(orders) = read::extent(js, ORDERS.name).await else { return Verdict::Postponed };
    if !continuity::is_given(intake, orders.last) {
        tracing::error!(intake, "an entry of QUEUES names an order that was never accepted: left where it is");
        return Verdict::NoOrder;
    }
    Verdict::Failed(Failure::new(FailReason::NoPayload, "the payload is not in ORDERS, or is another one"))
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// The store's past: its last outcome, and what was last said of its POS.
async fn mark(shared: &Shared, place: &Place) -> Option<Mark> {
    let js = &shared.chassis.bus.js;
    let outcome = read::last_at_leader(js, OUTCOMES.name, &subject::outcome(place.country, place.store)).await.ok()?;
    let pos = subject::events_of(place.country, place.store, "pos");
    let pos = read::last_at_leader(js, EVENTS.name, &pos).await.ok()?;
    let pos_down = pos.is_some_and(|stored| {
        let event = serde_json::from_slice::<Event>(&stored.payload);
        event.is_ok_and(|event| matches!(event.kind, EventKind::Pos { state: PosState::Down, .. }))
    });
    let mark = match outcome {
        Some(stored) => {
            // An outcome that we cannot read is no reason to send orders again: the lane waits, and says so.
            let outcome: Outcome = serde_json::from_slice(&stored.payload)
                .inspect_err(
                    |error| tracing::error!(store = %place.store, %error, "the store's last outcome cannot be read"),
                )
                .ok()?;
            Mark { watermark: outcome.watermark, fence: stored.sequence, pos_down }
        }
        None => Mark { pos_down, ..Mark::default() },
    };
    Some(mark)
}

async fn read_back(shared: &Shared, queue_seq: u64) -> Result<Option<QueueEntry>, ()> {
    let stored = read::at_leader(&shared.chassis.bus.js, QUEUES.name, queue_seq).await.map_err(drop)?;
    Ok(stored.and_then(|stored| serde_json::from_slice(&stored.payload).ok()))
}

/// Publishes the outcome, fenced by the store's last one.
async fn store_outcome(shared: &Shared, place: &Place, outcome: &Outcome, fence: u64) -> Stored {
    let Ok(body) = serde_json::to_vec(outcome) else { return Stored::Unknown };
    let message = PublishMessage::build().payload(body.into()).expected_last_subject_sequence(fence);
    let subject = subject::outcome(place.country, place.store);
    let published = tokio::time::timeout(OUTCOME_LIMIT, async {
        shared.chassis.bus.js.send_publish(subject, message).await?.await
    });
    match published.await {
        Ok(Ok(ack)) => {
            shared.chassis.trouble.over();
            Stored::At(ack.sequence)
        }
        Ok(Err(error)) => match Failed::of(&error) {
            Failed::WrongLast => overtaken(shared, place, fence).await,
            Failed::Unknown | Failed::NoStream => Stored::Unknown,
            // Without room for an outcome the lane waits, rather than forget that an order is done; and says so.
            Failed::NoRoom | Failed::Refused => {
                shared.chassis.trouble.tell(format!("OUTCOMES takes no outcomes: {error}"));
                Stored::Unknown
            }
        },
        Err(_) => Stored::Unknown,
    }
}

/// Why the store's last outcome is not the one at `fence`.
async fn overtaken(shared: &Shared, place: &Place, fence: u64) -> Stored {
    let Some(mark) = mark(shared, place).await else { return Stored::Unknown };
    match mark.fence {
        // By now it is: something was still being agreed on. To be tried again.
        last if last == fence => return Stored::Unknown,
        0 => {}
        _ => return Stored::Conflict(mark),
    }
    // None is left: outcomes are kept for a month. Another owner's would have aged out, too, so the lease has to tell.
    match is_last(&shared.chassis.bus.js, place.partition, place.epoch).await {
        Ok(true) => Stored::AgedOut,
        Ok(false) => Stored::Conflict(mark),
        Err(_) => Stored::Unknown,
    }
}

fn count(shared: &Shared, outcome: &Outcome, stored: Stored) {
    if let Stored::At(_) = stored {
        let counter = match outcome.ending {
            Ending::Injected { .. } => &shared.figures.injected,
            Ending::NotInjected { .. } => &shared.figures.not_injected,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Acknowledges and waits for the server's word: `double_ack` says yes even when the consumer is gone.
async fn acknowledge(shared: &Shared, reply: String) -> bool {
    let request = Request::new().payload("+ACK".into()).timeout(Some(REQUEST_TIMEOUT));
    let answered = tokio::time::timeout(REQUEST_TIMEOUT, shared.chassis.bus.client.send_request(reply, request)).await;
    matches!(answered, Ok(Ok(_)))
}

/// Tells what stands nowhere else.
async fn tell(shared: &Shared, kind: EventKind) {
    let event = Event { v: contract::VERSION, at: chassis::now(), by: shared.chassis.instance.origin(), kind };
    bus::publish::event(&shared.chassis.bus.js, &event).await;
}
