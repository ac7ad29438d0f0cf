//! Reading streams as they are, leaving nothing behind: no acknowledgements, no consumer that outlives the read.

use std::time::Duration;

use async_nats::header::HeaderMap;
use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull as on_demand};
use async_nats::jetstream::stream::{DirectGetError, DirectGetErrorKind, RawMessageError, RawMessageErrorKind, Stream};
use bytes::Bytes;
use contract::{StoreId, UtcMs};
use futures::StreamExt as _;

use crate::error::bounded;
use crate::{Error, ErrorKind, REQUEST_TIMEOUT, again};

/// A stored message.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its subject.
    pub subject: String,
    /// Its place in the stream.
    pub sequence: u64,
    /// When the server stored it.
    pub stored_at: UtcMs,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; empty when only headers were asked for.
    pub payload: Bytes,
}

impl Stored {
    /// Value of a header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(async_nats::HeaderValue::as_str)
    }
}

impl From<jetstream::message::StreamMessage> for Stored {
    fn from(message: jetstream::message::StreamMessage) -> Self {
        Self {
            subject: message.subject.to_string(),
            sequence: message.sequence,
            stored_at: utc_ms(message.time.unix_timestamp_nanos()),
            headers: message.headers,
            payload: message.payload,
        }
    }
}

impl Stored {
    /// A message as a consumer delivers it.
    pub fn delivered(message: jetstream::Message) -> Result<Self, Error> {
        let info = message.info().map_err(|error| Error::new(ErrorKind::Refused, "reading a delivery", error))?;
        let (sequence, stored_at) = (info.stream_sequence, utc_ms(info.published.unix_timestamp_nanos()));
        let message = message.message;
        Ok(Self {
            subject: message.subject.to_string(),
            sequence,
            stored_at,
            headers: message.headers.unwrap_or_default(),
            payload: message.payload,
        })
    }
}

fn utc_ms(nanos: i128) -> UtcMs {
    UtcMs::from_millis(i64::try_from(nanos / 1_000_000).unwrap_or(0))
}

/// Where a read begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At this sequence.
    Sequence(u64),
    /// At the first message stored at or after this time.
    Time(UtcMs),
    /// At the last message of each subject, older ones left out.
    LastPerSubject,
}

/// What to read.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// Only subjects that match; empty for all. Not for work queues, which allow no second reader.
    pub filter: &'a str,
    /// Where to begin.
    pub from: Start,
    /// Leave the bodies on the server.
    pub headers_only: bool,
    /// At most this many messages.
    pub limit: usize,
}

async fn stream(js: &jetstream::Context, name: &str) -> Result<Stream, Error> {
    again::bounded(&format!("opening stream {name}"), || js.get_stream(name)).await
}

/// Reads what is there now, in stream order, and hands each message to `each`; returns how many.
///
/// The consumer is ephemeral, acknowledges nothing and is deleted at the end; should we die, the server
/// removes it after ten seconds.
pub async fn read(
    js: &jetstream::Context,
    request: &Request<'_>,
    mut each: impl FnMut(Stored),
) -> Result<usize, Error> {
    let doing = format!("reading stream {}", request.stream);
    let stream = no_info(js, request.stream).await?;
    let deliver_policy = policy(request.from, &doing)?;
    let config = on_demand::Config {
        deliver_policy,
        ack_policy: AckPolicy::None,
        // Last-per-subject wants a filter even for all.
        filter_subject: if request.filter.is_empty() { ">" } else { request.filter }.to_owned(),
        headers_only: request.headers_only,
        memory_storage: true,
        num_replicas: 1,
        inactive_threshold: Duration::from_secs(10),
        ..Default::default()
    };
    let consumer = again::bounded(&doing, || stream.create_consumer(config.clone())).await?;
    let name = consumer.cached_info().name.clone();
    let outcome = drain(&consumer, request.limit, &doing, &mut each).await;
    // Best effort: the server removes it by itself soon.
    let _ = bounded(REQUEST_TIMEOUT, &doing, stream.delete_consumer(&name)).await;
    outcome
}

/// How often in a row a pull may fail before anything came: on a cluster the node that we ask may not have heard of our
/// new consumer yet ("503 No Responders"), which takes it some tenths of a second.
const PULL_TRIES: u32 = 5;

/// Between such pulls.
const PULL_PAUSE: Duration = Duration::from_millis(250);

/// How far a read has come.
struct Progress {
    /// Messages that the consumer still has.
    pending: u64,
    /// Messages taken.
    taken: usize,
    /// At most so many.
    limit: usize,
}

impl Progress {
    const fn done(&self) -> bool {
        self.pending == 0 || self.taken >= self.limit
    }
}

/// Takes what a fresh consumer has to give, at most `limit`, without a gap: a message that was sent and did not come is
/// an error, for it is not sent again.
async fn drain(
    consumer: &Consumer<on_demand::Config>,
    limit: usize,
    doing: &str,
    each: &mut impl FnMut(Stored),
) -> Result<usize, Error> {
    let mut progress = Progress { pending: consumer.cached_info().num_pending, taken: 0, limit };
    let mut failed = 0;
    while !progress.done() {
        let before = progress.taken;
        let answer = pull(consumer, &mut progress, doing, each).await;
        match answer {
            Ok(()) if progress.taken > before => failed = 0,
            Err(error) if progress.taken > before || error.kind() != ErrorKind::Unanswered => return Err(error),
            // Nothing came, so nothing is missing yet: the next message shows whether it is ours.
            answer => {
                failed += 1;
                if failed >= PULL_TRIES {
                    let silent = || Error::new(ErrorKind::Unanswered, doing, "the server sent nothing in time");
                    return Err(answer.err().unwrap_or_else(silent));
                }
                tokio::time::sleep(PULL_PAUSE).await;
            }
        }
    }
    Ok(progress.taken)
}

/// One pull: large enough for speed, small enough to stop soon at the limit.
async fn pull(
    consumer: &Consumer<on_demand::Config>,
    progress: &mut Progress,
    doing: &str,
    each: &mut impl FnMut(Stored),
) -> Result<(), Error> {
    let batch = (progress.limit - progress.taken).clamp(2, 500);
    let asking = consumer.batch().max_messages(batch).expires(REQUEST_TIMEOUT).messages();
    let mut messages = bounded(REQUEST_TIMEOUT, doing, asking).await?;
    while !progress.done()
        && let Some(message) = messages.next().await
    {
        let message = message.map_err(|error| Error::new(ErrorKind::Unanswered, doing, error))?;
        let info = message.info().map_err(|error| Error::new(ErrorKind::Refused, doing, error))?;
        if info.consumer_sequence != progress.taken as u64 + 1 {
            return Err(Error::new(ErrorKind::Refused, doing, "messages were lost on the way"));
        }
        progress.pending = info.pending;
        progress.taken += 1;
        each(Stored::delivered(message)?);
    }
    Ok(())
}

/// Follows a stream from `from` on, for as long as the answer is polled: every message in stream order. Leaves nothing
/// behind.
///
/// The client makes the consumer anew when it finds a gap. Should that happen before the first message came, it begins
/// at the first message of the stream, whatever `from` was: whoever reads must know what it has.
pub async fn follow(
    js: &jetstream::Context,
    name: &str,
    from: Start,
    headers_only: bool,
) -> Result<on_demand::Ordered, Error> {
    let doing = format!("following stream {name}");
    let deliver_policy = policy(from, &doing)?;
    let config = on_demand::OrderedConfig { deliver_policy, headers_only, ..Default::default() };
    again::bounded(&doing, || async {
        let stream = js.get_stream_no_info(name).await?;
        Ok::<_, async_nats::Error>(stream.create_consumer(config.clone()).await?.messages().await?)
    })
    .await
}

fn policy(from: Start, doing: &str) -> Result<DeliverPolicy, Error> {
    Ok(match from {
        Start::Sequence(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
        Start::Time(at) => DeliverPolicy::ByStartTime {
            start_time: async_nats::datetime::from_nanos(i128::from(at.as_millis()) * 1_000_000)
                .map_err(|error| Error::new(ErrorKind::Settings, doing, error))?,
        },
        Start::LastPerSubject => DeliverPolicy::LastPerSubject,
    })
}

/// The message at `sequence`, or `None` when there is none (any more).
pub async fn at(js: &jetstream::Context, name: &str, sequence: u64) -> Result<Option<Stored>, Error> {
    let stream = no_info(js, name).await?;
    one(|| stream.direct_get_builder().sequence(sequence).send(), name, why_direct).await
}

/// The last message whose subject matches `subject` (wildcards allowed), or `None`.
pub async fn last(js: &jetstream::Context, name: &str, subject: &str) -> Result<Option<Stored>, Error> {
    let stream = no_info(js, name).await?;
    one(|| stream.direct_get_builder().last_by_subject(subject).send(), name, why_direct).await
}

/// The message at `sequence`, asked of the stream's leader: never older than what was acknowledged before, as the
/// answer of a replica may be. For decisions about what is done and what is not.
pub async fn at_leader(js: &jetstream::Context, name: &str, sequence: u64) -> Result<Option<Stored>, Error> {
    let stream = no_info(js, name).await?;
    one(|| stream.get_raw_message(sequence), name, why_raw).await
}

/// The last message on `subject`, asked of the stream's leader (see [`at_leader`]).
pub async fn last_at_leader(js: &jetstream::Context, name: &str, subject: &str) -> Result<Option<Stored>, Error> {
    let stream = no_info(js, name).await?;
    one(|| stream.get_last_raw_message_by_subject(subject), name, why_raw).await
}

/// The first message at or after `sequence` whose subject matches `subject` (wildcards allowed), or `None`.
/// Works on a work queue without taking anything from it.
pub async fn next(js: &jetstream::Context, name: &str, subject: &str, sequence: u64) -> Result<Option<Stored>, Error> {
    let stream = no_info(js, name).await?;
    one(|| stream.direct_get_builder().next_by_subject(subject).sequence(sequence).send(), name, why_direct).await
}

async fn no_info(js: &jetstream::Context, name: &str) -> Result<Stream<()>, Error> {
    bounded(REQUEST_TIMEOUT, &format!("opening stream {name}"), js.get_stream_no_info(name)).await
}

/// Asks for one message; `why` tells the kind of a failure, or `None` when there is no such message.
async fn one<E, F>(get: impl Fn() -> F, name: &str, why: fn(&E) -> Option<ErrorKind>) -> Result<Option<Stored>, Error>
where
    E: std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<jetstream::message::StreamMessage, E>>,
{
    let doing = || format!("reading a message of stream {name}");
    match tokio::time::timeout(REQUEST_TIMEOUT, again::ask(get)).await {
        Ok(Ok(message)) => Ok(Some(message.into())),
        Ok(Err(error)) => match why(&error) {
            None => Ok(None),
            Some(kind) => Err(Error::new(kind, doing(), error)),
        },
        Err(elapsed) => Err(Error::new(ErrorKind::Unanswered, doing(), elapsed)),
    }
}

fn why_direct(error: &DirectGetError) -> Option<ErrorKind> {
    match error.kind() {
        DirectGetErrorKind::NotFound => None,
        DirectGetErrorKind::TimedOut | DirectGetErrorKind::Request => Some(ErrorKind::Unanswered),
        _ => Some(ErrorKind::Refused),
    }
}

fn why_raw(error: &RawMessageError) -> Option<ErrorKind> {
    match error.kind() {
        RawMessageErrorKind::NoMessageFound => None,
        RawMessageErrorKind::JetStream(_) | RawMessageErrorKind::InvalidSubject => Some(ErrorKind::Refused),
        RawMessageErrorKind::Other => Some(ErrorKind::Unanswered),
    }
}

/// First and last sequence of a stream and how many messages it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Sequence of the oldest message; one above `last` when the stream is empty.
    pub first: u64,
    /// Sequence of the newest message ever stored.
    pub last: u64,
    /// Messages held.
    pub messages: u64,
    /// When the stream was made: another time is another stream under the same name.
    pub made: UtcMs,
}

/// The extent of a stream right now.
pub async fn extent(js: &jetstream::Context, name: &str) -> Result<Extent, Error> {
    let stream = stream(js, name).await?;
    let (state, made) = (&stream.cached_info().state, utc_ms(stream.cached_info().created.unix_timestamp_nanos()));
    Ok(Extent { first: state.first_sequence, last: state.last_sequence, messages: state.messages, made })
}

/// Exact number of entries waiting for each store: counts of the subjects of `QUEUES`, by the server itself.
pub async fn depths(js: &jetstream::Context) -> Result<Vec<(StoreId, u64)>, Error> {
    let name = contract::stream::QUEUES.name;
    let doing = "counting the queues";
    let stream = no_info(js, name).await?;
    bounded(REQUEST_TIMEOUT, doing, async {
        let mut depths = Vec::new();
        let mut subjects = stream.info_with_subjects(contract::stream::QUEUES.subject).await?;
        while let Some(subject) = subjects.next().await {
            let (subject, count) = subject?;
            if let contract::Subject::Queue(_, store) = contract::Subject::parse(&subject) {
                depths.push((store, u64::try_from(count)?));
            }
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(depths)
    })
    .await
}
