//! The consumer of a partition: made strictly, under a name of its own, and given up on any anomaly.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::{self, Stream};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use bus::error::bounded;
use chassis::lease::last_at_leader;
use contract::lease::partition_key;
use contract::stream::QUEUES;
use contract::{Country, Partition, QueueEntry, StoreId, Subject, subject};
use futures::{StreamExt as _, TryStreamExt as _};

/// Entries asked for at a time: large enough to hide the round trip, small against the client's buffer of 65,536.
const PULL_BATCH: usize = 500;

/// How long one request of a takeover may take. A request that meets no leader is never answered, so this and the pause
/// after it are what a takeover loses on top of an election; making a consumer was seen to take 70 to 90 ms on three
/// nodes, and 0.6 s when all 32 are made at once just after an election.
const TAKEOVER_LIMIT: Duration = Duration::from_millis(1_500);

/// An entry as it was delivered.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) store: StoreId,
    pub(crate) country: Country,
    pub(crate) queue_seq: u64,
    pub(crate) reply: String,
    pub(crate) entry: QueueEntry,
}

/// The consumer and its stream of deliveries.
pub(crate) struct Consumer {
    name: String,
    messages: Stream,
    /// Sequence of the last delivery by this consumer; they come without a gap.
    delivered: u64,
}

/// Under what right a partition is owned; a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch {
    /// When the bucket of leases was made, in milliseconds since 1970: one that was lost and made anew counts its
    /// revisions from one again.
    pub era: u64,
    /// The revision at which the partition's key named the owner.
    pub revision: u64,
}

/// `p07-b1764012345678-e1234-2`: partition, epoch, and how many times this owner has made it.
fn name(partition: Partition, epoch: Epoch, generation: u32) -> String {
    format!("p{partition}-b{}-e{}-{generation}", epoch.era, epoch.revision)
}

/// Partition and epoch out of a consumer's name; `None` for a name that is not ours.
fn parse(name: &str) -> Option<(Partition, Epoch)> {
    let (partition, rest) = name.strip_prefix('p')?.split_once("-b")?;
    let (era, rest) = rest.split_once("-e")?;
    let (revision, _generation) = rest.split_once('-')?;
    Some((partition.parse().ok()?, Epoch { era: era.parse().ok()?, revision: revision.parse().ok()? }))
}

/// Whether nothing was written about the partition since the epoch of this `revision` began, by the bucket's leader.
pub(super) async fn is_last(js: &jetstream::Context, partition: Partition, revision: u64) -> Result<bool, bus::Error> {
    let last = last_at_leader(js, &partition_key(partition)).await?;
    Ok(last.is_some_and(|last| last.sequence == revision))
}

impl Consumer {
    /// Deletes whatever serves the partition and makes a new consumer. `None` when one of a later epoch exists and the
    /// bucket of leases knows of it.
    ///
    /// Consumers are listed by name: the list with details can be incomplete in a cluster.
    pub(crate) async fn open(
        js: &jetstream::Context,
        partition: Partition,
        epoch: Epoch,
        generation: u32,
    ) -> Result<Option<Self>, async_nats::Error> {
        const DOING: &str = "taking over a partition";
        let stream = bounded(TAKEOVER_LIMIT, DOING, js.get_stream_no_info(QUEUES.name)).await?;
        let names: Vec<String> = bounded(TAKEOVER_LIMIT, DOING, stream.consumer_names().try_collect()).await?;
        let others = names.iter().filter_map(|name| Some((name, parse(name)?))).filter(|(_, (p, _))| *p == partition);
        for (other, (_, other_epoch)) in others {
            // One that is later, and that the bucket does not know of, is of a bucket that has lost its end since.
            if other_epoch > epoch && !is_last(js, partition, epoch.revision).await? {
                return Ok(None);
            }
            bounded(TAKEOVER_LIMIT, DOING, stream.delete_consumer(other)).await?;
        }
        let name = name(partition, epoch, generation);
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: subject::partition(partition),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            // A lane may hold its entries for as long as its store is down. What is lost comes again with a new
            // consumer, never through this time-out.
            ack_wait: Duration::from_hours(7 * 24),
            // Limits here would let one dead store stall all others, or leave entries stuck.
            max_deliver: -1,
            max_ack_pending: -1,
            // Nothing of it is needed by whoever comes after the server's death: what is unacknowledged is in the stream, and
            // comes again. On disk, each of the 32 would be a file that is written anew ten times a second.
            memory_storage: true,
            ..Default::default()
        };
        let consumer = bounded(TAKEOVER_LIMIT, DOING, stream.create_consumer_strict(config)).await?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(PULL_BATCH)
            .expires(Duration::from_secs(10))
            // A server that does not answer shows within two of these.
            .heartbeat(Duration::from_secs(1))
            .messages();
        let messages = bounded(TAKEOVER_LIMIT, DOING, messages).await?;
        Ok(Some(Self { name, messages, delivered: 0 }))
    }

    /// The next delivery; an error on any anomaly. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Arrival, async_nats::Error> {
        loop {
            let message = self.messages.next().await.ok_or("the server ended the deliveries")??;
            let info = message.info()?;
            let (queue_seq, consumer_seq, delivered) = (info.stream_sequence, info.consumer_sequence, info.delivered);
            if consumer_seq != self.delivered + 1 || delivered != 1 {
                let last = self.delivered;
                return Err(format!("delivery {consumer_seq} (number {delivered}) after {last}").into());
            }
            self.delivered = consumer_seq;
            let reply = message.reply.as_ref().ok_or("a delivery without a place for its acknowledgement")?.to_string();
            match (Subject::parse(&message.subject), serde_json::from_slice::<QueueEntry>(&message.payload)) {
                (Subject::Queue(_, store), Ok(entry)) if entry.order.store == store => {
                    return Ok(Arrival { store, country: entry.order.country, queue_seq, reply, entry });
                }
                // Only the distribuidor writes here. It stays in the queue, visible, and blocks nothing.
                _ => tracing::error!(queue_seq, "an entry of QUEUES cannot be read: left where it is"),
            }
        }
    }

    /// Removes it from the server; best effort, for the next owner removes it too.
    pub(crate) async fn close(self, js: &jetstream::Context) {
        let deleted = js.delete_consumer_from_stream(&self.name, QUEUES.name);
        if let Err(error) = bounded(TAKEOVER_LIMIT, "giving back a partition", deleted).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the consumer was not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_partition_and_epoch() {
        let partition = Partition::try_from(7).unwrap();
        let epoch = Epoch { era: 9_000, revision: 1_234 };
        assert_eq!(name(partition, epoch, 2), "p07-b9000-e1234-2");
        assert_eq!(parse("p07-b9000-e1234-2"), Some((partition, epoch)));
        for other in ["", "p07", "p07-b1-e", "p99-b1-e1-1", "px-b1-e1-1", "p07-b1-e1", "p07-e1-1", "other"] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert!(Epoch { era: 2, revision: 1 } > Epoch { era: 1, revision: 9 });
    }
}
