//! Whether `ORDERS` still reaches as far as everything else says that it did.
//!
//! A server acknowledges before its disk has the bytes; after a power cut each stream may come back without its end, and
//! each without another one. An order that then got a sequence that had been given before would be taken for handed
//! over, or for done. So nothing is accepted until `ORDERS` has been brought past every sequence that is known
//! (decision 0011).

use async_nats::jetstream;
use async_nats::jetstream::message::PublishMessage;
use contract::lease::{OFFICE, OfficeLease};
use contract::stream::{LEASES, ORDERS, OUTCOMES, QUEUES};
use contract::{QueueEntry, header, subject};
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;

use crate::read::{Request, Start, Stored, extent, last_at_leader, read};
use crate::{Error, ErrorKind, REQUEST_TIMEOUT, again};

/// Fillers on their way at the same time: enough to hide the round trip.
const AT_ONCE: usize = 64;

/// How far `ORDERS` reaches, and how far it must have reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Sequence of the last message ever stored, as far as the server remembers.
    pub end: u64,
    /// Highest sequence that an outcome, an entry of `QUEUES` or the office's lease tells of.
    pub known: u64,
}

impl Reach {
    /// Nothing is missing at the end of `ORDERS`.
    pub const fn is_whole(self) -> bool {
        self.end >= self.known
    }
}

#[derive(Deserialize)]
struct Finished {
    watermark: u64,
}

/// Asks all of them. Reads one outcome for each store: some 4 MB for 5,000 stores.
pub async fn reach(js: &jetstream::Context) -> Result<Reach, Error> {
    let mut known = 0;
    let request = Request {
        stream: OUTCOMES.name,
        filter: "",
        from: Start::LastPerSubject,
        headers_only: false,
        limit: usize::MAX,
    };
    let each = |stored: Stored| {
        // One that cannot be read stops its own store's lane; it is no reason to refuse everybody's orders.
        if let Ok(finished) = serde_json::from_slice::<Finished>(&stored.payload) {
            known = known.max(finished.watermark);
        }
    };
    read(js, &request, each).await?;
    let waiting = last_at_leader(js, QUEUES.name, QUEUES.subject).await?;
    let waiting = waiting.and_then(|stored| serde_json::from_slice::<QueueEntry>(&stored.payload).ok());
    known = known.max(waiting.map_or(0, |entry| entry.intake));
    known = known.max(office(js).await?.map_or(0, |lease| lease.distributed));
    // Last: whatever became known meanwhile was in ORDERS before.
    let end = extent(js, ORDERS.name).await?.last;
    Ok(Reach { end, known })
}

async fn office(js: &jetstream::Context) -> Result<Option<OfficeLease>, Error> {
    const DOING: &str = "reading the office's lease";
    let leases = again::bounded(DOING, || js.get_key_value(LEASES)).await?;
    let value = again::bounded(DOING, || leases.get(OFFICE)).await?;
    Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
}

/// Brings `ORDERS` from `reach.end` to `reach.known` with messages that every reader passes over. Each expects the one
/// before it to be the last, so several that do this at once, or on the strength of a stale answer, do no harm. An
/// error is no reason not to ask and try again.
pub async fn fill(js: &jetstream::Context, reach: Reach) -> Result<(), Error> {
    const DOING: &str = "filling the gap at the end of ORDERS";
    futures::stream::iter(reach.end..reach.known)
        .map(|end| async move {
            // Looks like a decision about no order.
            let filler = PublishMessage::build().header(header::DECISION, "filler").expected_last_sequence(end);
            let sent = tokio::time::timeout(REQUEST_TIMEOUT, async {
                js.send_publish(subject::filler(), filler).await?.await
            });
            match sent.await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(Error::new(ErrorKind::Refused, DOING, error)),
                Err(elapsed) => Err(Error::new(ErrorKind::Unanswered, DOING, elapsed)),
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
