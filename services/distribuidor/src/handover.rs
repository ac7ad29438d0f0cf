//! The hand-over: reads `ORDERS`, publishes to `QUEUES`; the shell around [`crate::chain`].

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use async_nats::jetstream::context::{PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use bus::{Error, ErrorKind, REQUEST_TIMEOUT};
use bytes::Bytes;
use chassis::lease::Tenure;
use chassis::{Chassis, RETRY_DELAY, Trouble};
use contract::lease::OfficeLease;
use contract::stream::{ORDERS, QUEUES};
use contract::{OrderHead, QueueEntry, UtcMs, header, subject};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use crate::chain::{Answer, Chain, Step};
use crate::figures::Figures;

/// How often the length of `ORDERS` is asked for while nothing is read from it.
const LOOK: Duration = Duration::from_secs(1);

/// An order on its way to its queue.
#[derive(Debug)]
struct Item {
    head: OrderHead,
    traceparent: Option<String>,
}

/// One answered publish.
struct Answered {
    intake: u64,
    answer: Answer,
    received_at: UtcMs,
    /// The server's reason, when it refused for another reason than the chain's.
    refused: Option<String>,
}

type Flights = FuturesUnordered<BoxFuture<'static, Answered>>;

/// Hands over for as long as it is polled. `confirmed` is kept at the checkpoint for the renewals.
pub async fn run(
    chassis: &Chassis,
    figures: &Figures,
    lease: OfficeLease,
    tenure: Tenure,
    confirmed: &AtomicU64,
) -> Infallible {
    let mut chain = Chain::new(lease.distributed);
    let mut flights = Flights::new();
    loop {
        chassis.bus.up().await;
        let ended = pump(chassis, figures, lease.term, &tenure, confirmed, &mut chain, &mut flights).await;
        if let Err(error) = ended {
            tracing::warn!(error = &error as &dyn std::error::Error, "hand-over interrupted, resuming soon");
        }
        figures.lag(None);
        chassis.trouble.over();
        chain.disturbed();
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

async fn pump(
    chassis: &Chassis,
    figures: &Figures,
    term: u64,
    tenure: &Tenure,
    confirmed: &AtomicU64,
    chain: &mut Chain<Item>,
    flights: &mut Flights,
) -> Result<(), Error> {
    let connects = chassis.bus.connects();
    let mut orders = reader(chassis, chain.taken() + 1).await?;
    let mut unread = 0;
    let mut state = chassis.control.follow();
    // Wakes a chain that waits for its tenure or after a failure.
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut not_before = tokio::time::Instant::now();
    loop {
        let running = chassis.control.is_running();
        if running && tenure.holds() && tokio::time::Instant::now() >= not_before {
            advance(chassis, term, chain, flights).await?;
        }
        let reading = running && chain.has_room();
        figures.lag(Some(unread + chain.backlog() as u64));
        tokio::select! {
            biased;
            Some(answered) = flights.next() => {
                if answered.answer == Answer::Unknown {
                    // A tight loop would only burden a server that cannot.
                    not_before = tokio::time::Instant::now() + RETRY_DELAY;
                }
                take(&answered, chain, figures, &chassis.trouble);
                confirmed.store(chain.confirmed(), Ordering::Release);
            }
            () = chassis.bus.interrupted(connects) => {
                return Err(Error::new(ErrorKind::Unanswered, "handing over", "the bus was away"));
            }
            // While nothing is read, nobody tells how much there is to read.
            _ = look.tick(), if !reading => {
                unread = bus::read::extent(&chassis.bus.js, ORDERS.name).await?.last.saturating_sub(chain.taken());
            }
            order = orders.next(), if reading => {
                let message = order
                    .ok_or_else(|| Error::new(ErrorKind::Unanswered, "reading ORDERS", "the server ended the stream"))?
                    .map_err(|error| Error::new(ErrorKind::Unanswered, "reading ORDERS", error))?;
                let info = message.info().map_err(|error| Error::new(ErrorKind::Refused, "reading ORDERS", error))?;
                unread = info.pending;
                match item(message.headers.as_ref()) {
                    Ok(item) => chain.order(info.stream_sequence, item),
                    // Only intake writes there; what has no head cannot be injected by anyone.
                    Err(error) => tracing::error!(
                        intake = info.stream_sequence, %error, "an entry of ORDERS cannot be read: not handed over"
                    ),
                }
            }
            _ = state.changed() => {}
            _ = tick.tick() => {}
        }
    }
}

/// An ordered, headers-only reader: the hand-over needs no payload, and the reader leaves nothing on the server.
async fn reader(chassis: &Chassis, start_sequence: u64) -> Result<Ordered, Error> {
    const DOING: &str = "reading ORDERS";
    let work = async {
        let stream = chassis.bus.js.get_stream_no_info(ORDERS.name).await?;
        let consumer = stream
            .create_consumer(OrderedConfig {
                deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
                headers_only: true,
                ..Default::default()
            })
            .await?;
        Ok::<_, async_nats::Error>(consumer.messages().await?)
    };
    bus::error::bounded(REQUEST_TIMEOUT, DOING, work).await
}

fn item(headers: Option<&HeaderMap>) -> Result<Item, async_nats::Error> {
    let headers = headers.ok_or("no headers")?;
    let head = headers.get(header::ORDER_HEAD).ok_or("no order head")?;
    let traceparent = headers.get(header::TRACEPARENT).map(|value| value.as_str().to_owned());
    Ok(Item { head: serde_json::from_str(head.as_str())?, traceparent })
}

/// Does what the chain asks for until it waits.
async fn advance(chassis: &Chassis, term: u64, chain: &mut Chain<Item>, flights: &mut Flights) -> Result<(), Error> {
    loop {
        let (intake, received_at, sent) = match chain.step() {
            Step::Wait => return Ok(()),
            Step::Sync => {
                let extent = bus::read::extent(&chassis.bus.js, QUEUES.name).await?;
                chain.synced(extent.last);
                continue;
            }
            Step::Publish { intake, item, expected } => {
                let (subject, message) = message(chassis, term, intake, item, expected);
                let sent = tokio::time::timeout(REQUEST_TIMEOUT, chassis.bus.js.send_publish(subject, message)).await;
                (intake, item.head.received_at, sent)
            }
        };
        match sent {
            Ok(Ok(ack)) => flights.push(Box::pin(await_answer(intake, received_at, ack))),
            // It may have left the process all the same: unknown, not no.
            _ => chain.answered(intake, Answer::Unknown),
        }
    }
}

fn message(chassis: &Chassis, term: u64, intake: u64, item: &Item, expected: u64) -> (String, PublishMessage) {
    let entry = QueueEntry {
        v: contract::VERSION,
        order: item.head.clone(),
        intake,
        queued_at: chassis::now(),
        by: chassis.instance.origin(),
        term,
    };
    let body = serde_json::to_vec(&entry).map(Bytes::from).unwrap_or_default();
    let mut message =
        PublishMessage::build().payload(body).message_id(format!("o{intake}")).expected_last_sequence(expected);
    if let Some(traceparent) = &item.traceparent {
        message = message.header(header::TRACEPARENT, traceparent.as_str());
    }
    (subject::queue(item.head.store), message)
}

async fn await_answer(intake: u64, received_at: UtcMs, ack: PublishAckFuture) -> Answered {
    let mut refused = None;
    let answer = match ack.await {
        Ok(ack) if ack.duplicate => Answer::Duplicate,
        Ok(ack) => Answer::Stored(ack.sequence),
        Err(error) => {
            tracing::debug!(intake, %error, "a hand-over failed");
            match error.kind() {
                PublishErrorKind::WrongLastSequence => Answer::WrongLast,
                PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe | PublishErrorKind::StreamNotFound => {
                    Answer::Unknown
                }
                _ => {
                    refused = Some(format!("QUEUES takes no orders: {error}"));
                    Answer::Unknown
                }
            }
        }
    };
    Answered { intake, answer, received_at, refused }
}

fn take(answered: &Answered, chain: &mut Chain<Item>, figures: &Figures, trouble: &Trouble) {
    chain.answered(answered.intake, answered.answer);
    if let Some(refused) = &answered.refused {
        trouble.tell(refused.as_str());
    }
    if let Answer::Stored(_) = answered.answer {
        trouble.over();
        figures.distributed();
        let took_ms = chassis::now().since(answered.received_at).max(0);
        figures.latency.record_us(took_ms.unsigned_abs() * 1_000);
    }
}
