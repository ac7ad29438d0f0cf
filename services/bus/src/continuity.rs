//! Whether `ORDERS` still reaches as far as everything else says that it did.
//!
//! A server acknowledges before its disk has the bytes; after a power cut each stream may come back without its end, and
//! each without another one. An order that then got a sequence that had been given before would be taken for handed
//! over, or for done. So nothing is accepted until `ORDERS` has been brought past every sequence that is known
//! (decision 0011).

use std::fmt;

use async_nats::jetstream;
use async_nats::jetstream::message::PublishMessage;
use contract::lease::{OFFICE, OfficeLease};
use contract::stream::{LEASES, ORDERS, OUTCOMES, QUEUES};
use contract::{QueueEntry, header, subject};
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;

use crate::publish::Failed;
use crate::read::{Request, Start, Stored, extent, last_at_leader, read};
use crate::{Error, ErrorKind, REQUEST_TIMEOUT, again};

/// Fillers on their way at the same time: enough to hide the round trip.
const AT_ONCE: usize = 64;

/// Most sequences that a power cut is thought to take from `ORDERS`: what the server has not told its disk is two minutes
/// old at most, at eight thousand orders a second, near twice of what was measured. As fillers they take some 100 MB.
pub const GAP_MAX: u64 = 1_000_000;

/// How far `ORDERS` reaches, and how far it must have reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Sequence of the last message ever stored, as far as the server remembers.
    pub end: u64,
    /// Highest sequence that an outcome, an entry of `QUEUES` or the office's lease tells of.
    pub known: u64,
}

impl Reach {
    /// What follows from the end of `ORDERS`, from what was `kept` about it (outcomes and the office's lease), and from the
    /// last entry of `QUEUES`. That entry is believed as far as a hand-over can be ahead of its traces; one that names a
    /// sequence far beyond is nobody's order.
    fn weigh(end: u64, kept: u64, queued: u64) -> Self {
        let queued = if is_given(queued, end.max(kept)) { queued } else { 0 };
        Self { end, known: kept.max(queued) }
    }

    /// Nothing is missing at the end of `ORDERS`.
    pub const fn is_whole(self) -> bool {
        self.end >= self.known
    }

    /// More is missing than a power cut takes: whether to go on, and from where, is for people to decide.
    pub const fn is_too_wide(self) -> bool {
        !is_given(self.known, self.end)
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { end, known } = self;
        write!(f, "ORDERS has lost its end: it ends at {end}, and {known} was handed over before")?;
        if self.is_too_wide() { f.write_str("; too much to be filled without an operator") } else { Ok(()) }
    }
}

/// Whether `sequence` can have been given by an `ORDERS` that is known to have reached `end`, be it before a power cut.
pub const fn is_given(sequence: u64, end: u64) -> bool {
    sequence <= end.saturating_add(GAP_MAX)
}

#[derive(Deserialize)]
struct Finished {
    watermark: u64,
}

/// Asks all of them. Reads one outcome for each store: some 4 MB for 5,000 stores.
pub async fn reach(js: &jetstream::Context) -> Result<Reach, Error> {
    let mut kept = 0;
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
            kept = kept.max(finished.watermark);
        }
    };
    read(js, &request, each).await?;
    let waiting = last_at_leader(js, QUEUES.name, QUEUES.subject).await?;
    let waiting = waiting.and_then(|stored| serde_json::from_slice::<QueueEntry>(&stored.payload).ok());
    let queued = waiting.map_or(0, |entry| entry.intake);
    kept = kept.max(office(js).await?.map_or(0, |lease| lease.distributed));
    // Last: whatever became known meanwhile was in ORDERS before.
    let reach = Reach::weigh(extent(js, ORDERS.name).await?.last, kept, queued);
    if reach.known.max(reach.end) < queued {
        tracing::error!(intake = queued, end = reach.end, "an entry of QUEUES names an order that was never accepted");
    }
    Ok(reach)
}

async fn office(js: &jetstream::Context) -> Result<Option<OfficeLease>, Error> {
    const DOING: &str = "reading the office's lease";
    let leases = again::bounded(DOING, || js.get_key_value(LEASES)).await?;
    let value = again::bounded(DOING, || leases.get(OFFICE)).await?;
    Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
}

/// Brings `ORDERS` from `reach.end` to `reach.known` with messages that every reader passes over. Each expects the one
/// before it to be the last, so several that do this at once, or on the strength of a stale answer, do no harm. An
/// error is no reason not to ask and try again, unless it is [`ErrorKind::Settings`]: the gap is too wide.
pub async fn fill(js: &jetstream::Context, reach: Reach) -> Result<(), Error> {
    const DOING: &str = "filling the gap at the end of ORDERS";
    if reach.is_too_wide() {
        return Err(Error::new(ErrorKind::Settings, DOING, reach.to_string()));
    }
    futures::stream::iter(reach.end..reach.known)
        .map(|end| async move {
            // Looks like a decision about no order.
            let filler = PublishMessage::build().header(header::DECISION, "filler").expected_last_sequence(end);
            let sent =
                tokio::time::timeout(REQUEST_TIMEOUT, async { js.send_publish(subject::FILLER, filler).await?.await });
            match sent.await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(Error::new(Failed::of(&error).kind(), DOING, error)),
                Err(elapsed) => Err(Error::new(ErrorKind::Unanswered, DOING, elapsed)),
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_queues_is_believed_as_far_as_it_can_be_true() {
        for (end, kept, queued, known) in [
            (50, 50, 50, 50),
            (20, 20, 50, 50),
            (20, 50, 0, 50),
            (0, 0, GAP_MAX, GAP_MAX),
            (20, 20, 21 + GAP_MAX, 20),
            (20, 50, 50 + GAP_MAX, 50 + GAP_MAX),
            (20, 20, u64::MAX, 20),
        ] {
            assert_eq!(Reach::weigh(end, kept, queued), Reach { end, known }, "{end} {kept} {queued}");
        }
    }

    #[test]
    fn only_what_a_power_cut_takes_is_filled() {
        for (end, known, whole, too_wide) in [
            (50, 50, true, false),
            (20, 50, false, false),
            (20, 20 + GAP_MAX, false, false),
            (20, 21 + GAP_MAX, false, true),
            (u64::MAX, u64::MAX, true, false),
        ] {
            let reach = Reach { end, known };
            assert_eq!((reach.is_whole(), reach.is_too_wide()), (whole, too_wide), "{reach}");
        }
    }
}
