//! The stores: a copy in memory that follows stream `STORES`, and writing by compare-and-set.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_nats::jetstream::message::PublishMessage;
use contract::stream::STORES;
use contract::{StoreId, StoreRecord, Subject, subject};
use futures::StreamExt as _;
use tokio::sync::watch;

use crate::publish::Failed;
use crate::{Connection, Error, ErrorKind, REQUEST_TIMEOUT, again, read};

/// Wait between two tries to follow the stream; a leader election takes seconds, a tight loop floods the server.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// A store's record and the revision under which it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned {
    /// The record.
    pub record: StoreRecord,
    /// Sequence of its message in stream `STORES`.
    pub revision: u64,
}

/// How far a [`Catalogue`] has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Sequence in `STORES` up to which changes are taken up.
    pub revision: u64,
    /// Whether everything that was there at the start has been read.
    pub ready: bool,
}

/// All stores, kept up to date. Cheap to clone. Bounded by the number of stores: one record each.
#[derive(Debug, Clone)]
pub struct Catalogue {
    stores: Arc<RwLock<HashMap<StoreId, Arc<Versioned>>>>,
    progress: watch::Receiver<Progress>,
}

impl Catalogue {
    /// Starts following; ends when every clone is dropped. The streams need not exist yet.
    pub fn follow(connection: &Connection) -> Self {
        let stores = Arc::new(RwLock::new(HashMap::new()));
        let (tell, progress) = watch::channel(Progress::default());
        let connection = connection.clone();
        let shared = Arc::clone(&stores);
        tokio::spawn(async move {
            let mut made = None;
            loop {
                let followed = tokio::select! {
                    () = tell.closed() => return,
                    followed = follow(&connection, &mut made, &shared, &tell) => followed,
                };
                if let Err(error) = followed {
                    tracing::debug!(error = &error as &dyn std::error::Error, "following the stores again soon");
                }
                tokio::time::sleep(RETRY_DELAY).await;
            }
        });
        Self { stores, progress }
    }

    /// The store's record, if there is one.
    pub fn get(&self, id: StoreId) -> Option<Arc<Versioned>> {
        self.stores.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Every store, in no particular order.
    pub fn all(&self) -> Vec<Arc<Versioned>> {
        self.stores.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// How far it has read; can be waited on.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }
}

/// `made` is when the stream that was followed last had been made: another one holds none of what we know.
async fn follow(
    connection: &Connection,
    made: &mut Option<i128>,
    stores: &RwLock<HashMap<StoreId, Arc<Versioned>>>,
    tell: &watch::Sender<Progress>,
) -> Result<(), Error> {
    const DOING: &str = "following the stores";
    connection.up().await;
    let connects = connection.connects();
    let stream = again::bounded(DOING, || connection.js.get_stream(STORES.name)).await?;
    let last = stream.cached_info().state.last_sequence;
    let created = stream.cached_info().created.unix_timestamp_nanos();
    if made.replace(created).is_some_and(|before| before != created) {
        stores.write().unwrap_or_else(PoisonError::into_inner).clear();
        tell.send_replace(Progress::default());
    }
    let start_sequence = tell.borrow().revision + 1;
    let config =
        pull::OrderedConfig { deliver_policy: DeliverPolicy::ByStartSequence { start_sequence }, ..Default::default() };
    let consumer = again::bounded(DOING, || stream.create_consumer(config.clone())).await?;
    let mut messages = crate::error::bounded(REQUEST_TIMEOUT, DOING, consumer.messages()).await?;
    if last < start_sequence {
        tell.send_modify(|progress| progress.ready = true);
    }
    loop {
        let message = tokio::select! {
            message = messages.next() => message,
            // The consumer would find out by itself, but only after several heartbeats.
            () = connection.interrupted(connects) => None,
        };
        let Some(message) = message else {
            return Err(Error::new(ErrorKind::Unanswered, DOING, "the deliveries ended"));
        };
        let message = message.map_err(|error| Error::new(ErrorKind::Unanswered, DOING, error))?;
        let info = message.info().map_err(|error| Error::new(ErrorKind::Refused, DOING, error))?;
        let (revision, caught_up) = (info.stream_sequence, info.pending == 0);
        take(stores, &message.subject, &message.payload, revision);
        tell.send_modify(|progress| {
            progress.revision = progress.revision.max(revision);
            progress.ready |= caught_up;
        });
    }
}

fn take(stores: &RwLock<HashMap<StoreId, Arc<Versioned>>>, subject: &str, payload: &[u8], revision: u64) {
    let Subject::Store(country, id) = Subject::parse(subject) else { return };
    match serde_json::from_slice::<StoreRecord>(payload) {
        Ok(record) if record.id == id && record.country == country => {
            let mut stores = stores.write().unwrap_or_else(PoisonError::into_inner);
            // Ids are unique over all countries; should two exist, the country that came first keeps the id.
            if stores.get(&id).is_none_or(|known| known.record.country == country && known.revision < revision) {
                stores.insert(id, Arc::new(Versioned { record, revision }));
            }
        }
        Ok(_) => tracing::warn!(subject, revision, "store record does not belong to its subject: left out"),
        Err(error) => tracing::warn!(subject, revision, %error, "store record cannot be read: left out"),
    }
}

/// Writes a record if the store's revision still is `expected` (0 = there is none yet); returns the new revision.
///
/// Errors: [`ErrorKind::Conflict`] when somebody wrote first, or when another country has this id;
/// [`ErrorKind::Unanswered`] when the outcome is unknown.
pub async fn write(js: &jetstream::Context, record: &StoreRecord, expected: u64) -> Result<u64, Error> {
    if expected == 0 {
        let extent = read::extent(js, STORES.name).await?;
        return create(js, record, extent.last).await;
    }
    publish(js, record, |message| message.expected_last_subject_sequence(expected)).await
}

/// Writes the record of a new store if `last` still is the last sequence of the whole stream; returns its revision.
///
/// A new id must be free in every country, so the whole stream is the fence: if anything is written after `last`, which is known
/// before this looks for the id, the server refuses it and the caller looks again.
///
/// Errors: as those of [`write()`].
pub async fn create(js: &jetstream::Context, record: &StoreRecord, last: u64) -> Result<u64, Error> {
    if let Some(other) = read::last(js, STORES.name, &subject::store_anywhere(record.id)).await? {
        let taken = format!("the id is taken by {}", other.subject);
        return Err(Error::new(ErrorKind::Conflict, doing(record), taken));
    }
    publish(js, record, |message| message.expected_last_sequence(last)).await
}

fn doing(record: &StoreRecord) -> String {
    format!("writing store {}", record.id)
}

async fn publish(
    js: &jetstream::Context,
    record: &StoreRecord,
    fence: impl FnOnce(PublishMessage) -> PublishMessage,
) -> Result<u64, Error> {
    let body = serde_json::to_vec(record).map_err(|error| Error::new(ErrorKind::Settings, doing(record), error))?;
    let message = fence(PublishMessage::build().payload(body.into()));
    let subject = subject::store(record.country, record.id);
    let published = tokio::time::timeout(REQUEST_TIMEOUT, async { js.send_publish(subject, message).await?.await })
        .await
        .map_err(|elapsed| Error::new(ErrorKind::Unanswered, doing(record), elapsed))?;
    match published {
        Ok(ack) => Ok(ack.sequence),
        Err(error) => Err(Error::new(Failed::of(&error).kind(), doing(record), error)),
    }
}
