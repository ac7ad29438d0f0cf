//! The hand-over: reads `ORDERS`, publishes to `QUEUES`; the shell around [`crate::chain`].

use std::convert::Infallible;
use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use async_nats::{HeaderMap, jetstream};
use bus::continuity::{self, Reach};
use bus::publish::Failed;
use bus::read::Stored;
use bus::{Error, ErrorKind, REQUEST_TIMEOUT};
use bytes::Bytes;
use chassis::lease::Tenure;
use chassis::{Chassis, RETRY_DELAY};
use contract::event::Misfit;
use contract::stream::{ORDERS, QUEUES};
use contract::{EventKind, OrderHead, QueueEntry, UtcMs, header, subject};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{StreamExt as _, TryStreamExt as _};

use crate::chain::{Answer, Chain, Checkpoint, Entry, Found, LOOK_MAX, Step};
use crate::desk::Desk;
use crate::figures::Figures;
use crate::registry;

/// How often the length of `ORDERS` is asked for while nothing is read from it.
const LOOK: Duration = Duration::from_secs(1);

/// How often an `ORDERS` is looked at that only an operator can make whole.
const TOO_WIDE_LOOK: Duration = Duration::from_secs(10);

/// Entries of `QUEUES` that are asked for at the same time: enough to hide the round trip.
const LOOKS_AT_ONCE: usize = 64;

/// How long one pull of the reader lasts. The client takes half of it as the reader's heartbeat, so this decides how soon a
/// reader is made anew whose node died: within two pulls. The client's own 30 s would stop the hand-over for as long.
const PULL_LASTS: Duration = Duration::from_secs(1);

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

/// How a turn of [`advance`] ended.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// The chain waits for an order or an answer.
    Waits,
    /// The server's answer settled nothing: not again before a while.
    Later,
    /// The chain goes on from another checkpoint: what is read of `ORDERS` begins there.
    Anew,
}

/// What hands over: where, under which right, and how far it is.
struct Post<'a> {
    chassis: &'a Chassis,
    figures: &'a Figures,
    term: u64,
    tenure: Tenure,
    desk: &'a Desk,
    chain: Chain<Item>,
    flights: Flights,
}

/// Hands over for as long as it is polled; the checkpoint goes over the `desk` into the lease.
pub async fn run(chassis: &Chassis, figures: &Figures, term: u64, tenure: Tenure, desk: &Desk) -> Infallible {
    let (chain, flights) = (Chain::new(desk.kept()), Flights::new());
    let mut post = Post { chassis, figures, term, tenure, desk, chain, flights };
    loop {
        chassis.bus.up().await;
        match post.pump().await {
            Ok(()) => continue,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "hand-over interrupted, resuming soon");
            }
        }
        figures.lag(None);
        chassis.trouble.over();
        post.chain.disturbed();
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

impl Post<'_> {
    /// Reads and hands over until the bus fails, or until the reader must start elsewhere.
    async fn pump(&mut self) -> Result<(), Error> {
        let chassis = self.chassis;
        let connects = chassis.bus.connects();
        self.close_gap().await?;
        let mut seen = self.chain.taken();
        let mut orders = reader(chassis, seen + 1).await?;
        // Not known before somebody tells.
        let mut unread: Option<u64> = None;
        let mut state = chassis.control.follow();
        // Wakes a chain that waits for its tenure or after a failure.
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut not_before = tokio::time::Instant::now();
        loop {
            let running = chassis.control.is_running();
            if running && self.tenure.holds() && tokio::time::Instant::now() >= not_before {
                match self.advance().await? {
                    Turn::Waits => {}
                    Turn::Later => not_before = tokio::time::Instant::now() + RETRY_DELAY,
                    Turn::Anew => return Ok(()),
                }
            }
            let reading = running && self.chain.has_room();
            self.figures.lag(unread.map(|unread| unread + self.chain.backlog() as u64));
            tokio::select! {
                biased;
                Some(answered) = self.flights.next() => {
                    if answered.answer == Answer::Unknown {
                        // A tight loop would only burden a server that cannot.
                        not_before = tokio::time::Instant::now() + RETRY_DELAY;
                    }
                    self.take(&answered);
                    self.desk.hand_in(self.chain.confirmed());
                }
                () = chassis.bus.interrupted(connects) => {
                    return Err(Error::new(ErrorKind::Unanswered, "handing over", "the bus was away"));
                }
                // Nothing tells how much there is to read while nothing is read, nor when all has been read before.
                _ = look.tick() => {
                    let last = bus::read::extent(&chassis.bus.js, ORDERS.name).await?.last;
                    if last <= seen {
                        self.chain.exhausted();
                    }
                    // More than there are orders, if people decided something meanwhile; exact with the next order.
                    unread = Some(last.saturating_sub(seen));
                }
                order = orders.next(), if reading => {
                    let message = order
                        .ok_or_else(|| Error::new(ErrorKind::Unanswered, "reading ORDERS", "the server ended the stream"))?
                        .map_err(|error| Error::new(ErrorKind::Unanswered, "reading ORDERS", error))?;
                    let info = message.info().map_err(|error| Error::new(ErrorKind::Refused, "reading ORDERS", error))?;
                    (seen, unread) = (info.stream_sequence, Some(info.pending));
                    self.read(seen, message.headers.as_ref());
                }
                _ = state.changed() => {}
                _ = tick.tick() => {}
            }
        }
    }

    /// Brings `ORDERS` past every sequence that was given before its server lost the end of it; until then intake takes
    /// nothing.
    async fn close_gap(&mut self) -> Result<(), Error> {
        let js = &self.chassis.bus.js;
        let reach = continuity::reach(js).await?;
        // We outlived whatever happened to the server: what we have read and handed over was given, too.
        let known = reach.known.max(self.chain.taken()).max(self.desk.kept().intake);
        let reach = Reach { known, ..reach };
        if reach.end < self.chain.taken() {
            // What was read is there no more.
            (self.chain, self.flights) = (Chain::new(self.desk.kept()), Flights::new());
        }
        if reach.is_whole() {
            return Ok(());
        }
        let Reach { end, known } = reach;
        self.chassis.trouble.tell(reach.to_string());
        if reach.is_too_wide() {
            // Nothing changes by itself, and what keeps us from working is to be seen meanwhile.
            tokio::time::sleep(TOO_WIDE_LOOK).await;
        }
        continuity::fill(js, reach).await?;
        self.chassis.trouble.over();
        tracing::error!(end, known, "ORDERS had lost its end; the sequences that it had given are not given again");
        let (term, queue_end) = (self.term, self.chain.confirmed().queued.unwrap_or_default());
        let why = Misfit::OrdersRewound;
        registry::publish(self.chassis, EventKind::HandOverAnew { term, resumes_after: known, queue_end, why });
        Ok(())
    }

    /// Takes a message of `ORDERS`.
    fn read(&mut self, sequence: u64, headers: Option<&HeaderMap>) {
        match item(headers) {
            Ok(item) => self.chain.order(sequence, item),
            // What people decided about an order; a reinjection has a head.
            Err(_) if headers.is_some_and(is_decision) => {}
            // Only intake writes there; what has no head cannot be injected by anyone.
            Err(error) => tracing::error!(
                intake = sequence, %error, "an entry of ORDERS cannot be read: not handed over"
            ),
        }
    }

    /// Does what the chain asks for until it waits.
    async fn advance(&mut self) -> Result<Turn, Error> {
        let js = &self.chassis.bus.js;
        loop {
            let (intake, received_at, sent) = match self.chain.step() {
                Step::Wait => return Ok(Turn::Waits),
                Step::Sync => {
                    let found = look(js, self.chain.confirmed().queued).await?;
                    let end = found.end;
                    if !self.chain.synced(found) {
                        tracing::warn!(end, "QUEUES ends before what was handed over: looking again");
                        return Ok(Turn::Later);
                    }
                    self.desk.hand_in(self.chain.confirmed());
                    continue;
                }
                Step::Anchor(checkpoint, why) => {
                    self.anchor(checkpoint, why).await;
                    return Ok(Turn::Anew);
                }
                Step::Publish { intake, item, expected } => {
                    let (subject, message) = message(self.chassis, self.term, intake, item, expected);
                    let sent = tokio::time::timeout(REQUEST_TIMEOUT, js.send_publish(subject, message)).await;
                    (intake, item.head.received_at, sent)
                }
            };
            match sent {
                Ok(Ok(ack)) => self.flights.push(Box::pin(await_answer(intake, received_at, ack))),
                // It may have left the process all the same: unknown, not no.
                _ => self.chain.answered(intake, Answer::Unknown),
            }
        }
    }

    /// Has the new checkpoint written into the lease, then goes on from it.
    async fn anchor(&mut self, checkpoint: Checkpoint, why: Misfit) {
        let Checkpoint { intake: resumes_after, queued } = checkpoint;
        let queue_end = queued.unwrap_or_default();
        self.desk.keep(checkpoint).await;
        self.chain.anchored();
        match why {
            Misfit::First => tracing::info!(resumes_after, queue_end, "hand-over begins"),
            why => tracing::warn!(?why, resumes_after, queue_end, "QUEUES is not what it was: hand-over begins anew"),
        }
        let term = self.term;
        registry::publish(self.chassis, EventKind::HandOverAnew { term, resumes_after, queue_end, why });
    }

    fn take(&mut self, answered: &Answered) {
        self.chain.answered(answered.intake, answered.answer);
        let trouble = &self.chassis.trouble;
        if let Some(refused) = &answered.refused {
            trouble.tell(refused.as_str());
        }
        if let Answer::Stored(_) = answered.answer {
            trouble.over();
            self.figures.distributed();
            let took_ms = chassis::now().since(answered.received_at).max(0);
            self.figures.latency.record_us(took_ms.unsigned_abs() * 1_000);
        }
    }
}

/// What `QUEUES` holds after `queued`, by its leader.
async fn look(js: &jetstream::Context, queued: Option<u64>) -> Result<Found, Error> {
    let end = bus::read::extent(js, QUEUES.name).await?.last;
    let queued = queued.unwrap_or(end);
    let seen = end.min(queued.saturating_add(LOOK_MAX));
    let entries = futures::stream::iter(queued + 1..=seen)
        .map(|at| async move {
            let stored = bus::read::at_leader(js, QUEUES.name, at).await?;
            let entry = |stored: Stored| serde_json::from_slice::<QueueEntry>(&stored.payload).ok();
            Ok::<_, Error>(stored.map(|stored| Entry { at, intake: entry(stored).map(|entry| entry.intake) }))
        })
        .buffered(LOOKS_AT_ONCE)
        .try_filter_map(|entry| std::future::ready(Ok(entry)))
        .try_collect()
        .await?;
    Ok(Found { end, seen, entries })
}

/// An ordered, headers-only reader: the hand-over needs no payload, and the reader leaves nothing on the server.
async fn reader(chassis: &Chassis, start_sequence: u64) -> Result<Ordered, Error> {
    const DOING: &str = "reading ORDERS";
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
        headers_only: true,
        max_expires: PULL_LASTS,
        ..Default::default()
    };
    bus::again::bounded(DOING, || async {
        let stream = chassis.bus.js.get_stream_no_info(ORDERS.name).await?;
        Ok::<_, async_nats::Error>(stream.create_consumer(config.clone()).await?.messages().await?)
    })
    .await
}

/// A decision without an order, or a filler.
fn is_decision(headers: &HeaderMap) -> bool {
    headers.get(header::DECISION).is_some() && headers.get(header::ORDER_HEAD).is_none()
}

fn item(headers: Option<&HeaderMap>) -> Result<Item, async_nats::Error> {
    let headers = headers.ok_or("no headers")?;
    let head = headers.get(header::ORDER_HEAD).ok_or("no order head")?;
    let traceparent = headers.get(header::TRACEPARENT).map(|value| value.as_str().to_owned());
    Ok(Item { head: serde_json::from_str(head.as_str())?, traceparent })
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
    // No message id: an order has one place, and its repeat finds that taken.
    let mut message = PublishMessage::build().payload(body).expected_last_sequence(expected);
    if let Some(traceparent) = &item.traceparent {
        message = message.header(header::TRACEPARENT, traceparent.as_str());
    }
    (subject::queue(item.head.store), message)
}

async fn await_answer(intake: u64, received_at: UtcMs, ack: PublishAckFuture) -> Answered {
    let mut refused = None;
    let answer = match ack.await {
        Ok(ack) => Answer::Stored(ack.sequence),
        Err(error) => {
            tracing::debug!(intake, %error, "a hand-over failed");
            match Failed::of(&error) {
                Failed::WrongLast => Answer::WrongLast,
                Failed::Unknown | Failed::NoStream => Answer::Unknown,
                Failed::NoRoom | Failed::Refused => {
                    refused = Some(format!("QUEUES takes no orders: {error}"));
                    Answer::Unknown
                }
            }
        }
    };
    Answered { intake, answer, received_at, refused }
}
