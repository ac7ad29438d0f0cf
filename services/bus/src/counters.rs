//! The bucket of counts: reading days, and writing one by compare-and-set.

use std::collections::BTreeMap;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::kv::{self, UpdateErrorKind};
use async_nats::jetstream::{self, ErrorCode};
use bytes::Bytes;
use contract::counters::{Day, DayCounts};
use contract::stream::COUNTERS;
use futures::StreamExt as _;

use crate::error::bounded;
use crate::read::{self, Stored};
use crate::{Error, ErrorKind, REQUEST_TIMEOUT};

/// Name of the stream under the bucket.
pub const STREAM: &str = "KV_domicilio_counters";

/// What every subject of the bucket begins with.
const PREFIX: &str = "$KV.domicilio_counters.";

/// A day as it stands in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Its counts; `None` when the key was never written or was deleted.
    pub counts: Option<DayCounts>,
    /// What the next write has to expect; 0 when the key was never written.
    pub revision: u64,
}

/// Counts of a stretch of days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The earliest day in the bucket: of the days before it nothing is known.
    pub first: Option<Day>,
    /// The latest day in the bucket. It tells how far the projector is with all days: every message up to its
    /// `through` is counted in the day on which it was stored.
    pub newest: Option<(Day, DayCounts)>,
    /// The days asked for that are there; one that is missing between others had nothing to count.
    pub days: BTreeMap<Day, DayCounts>,
}

/// Days with a key in the bucket, deleted ones included, in order, as the stream's leader knows them: a replica might
/// not know the newest yet. [`ErrorKind::NotFound`] when there is no bucket.
async fn days(js: &jetstream::Context) -> Result<Vec<Day>, Error> {
    let doing = format!("listing bucket {COUNTERS}");
    let opened = tokio::time::timeout(REQUEST_TIMEOUT, js.get_stream(STREAM)).await;
    let opened = opened.map_err(|elapsed| Error::new(ErrorKind::Unanswered, doing.as_str(), elapsed))?;
    let stream = opened.map_err(|error| {
        let kind = match error.kind() {
            GetStreamErrorKind::JetStream(told) if told.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                ErrorKind::NotFound
            }
            GetStreamErrorKind::JetStream(_) => ErrorKind::Refused,
            _ => ErrorKind::Unanswered,
        };
        Error::new(kind, doing.as_str(), error)
    })?;
    bounded(REQUEST_TIMEOUT, &doing, async {
        let mut days = Vec::new();
        let mut subjects = stream.info_with_subjects(format!("{PREFIX}>")).await?;
        while let Some(subject) = subjects.next().await {
            days.extend(subject?.0.strip_prefix(PREFIX).and_then(Day::of_key));
        }
        days.sort_unstable();
        Ok::<_, async_nats::Error>(days)
    })
    .await
}

/// One day, asked of the stream's leader: never older than what was acknowledged before.
pub async fn load(js: &jetstream::Context, day: Day) -> Result<Kept, Error> {
    let Some(stored) = read::last_at_leader(js, STREAM, &format!("{PREFIX}{}", day.key())).await? else {
        return Ok(Kept::default());
    };
    let revision = stored.sequence;
    if is_deleted(&stored) {
        return Ok(Kept { counts: None, revision });
    }
    let counts: DayCounts = serde_json::from_slice(&stored.payload)
        .map_err(|error| Error::new(ErrorKind::Refused, format!("reading the counts of {day}"), error))?;
    Ok(Kept { counts: Some(counts), revision })
}

/// The latest day and its revision, if there is one. [`ErrorKind::NotFound`] when there is no bucket.
pub async fn newest(js: &jetstream::Context) -> Result<Option<(Day, DayCounts, u64)>, Error> {
    let mut there = days(js).await?;
    loop {
        let newest = newest_of(js, &there).await?;
        let now_there = days(js).await?;
        // A day that began in between would be newer.
        if now_there.last() == there.last() {
            return Ok(newest);
        }
        there = now_there;
    }
}

async fn newest_of(js: &jetstream::Context, days: &[Day]) -> Result<Option<(Day, DayCounts, u64)>, Error> {
    for day in days.iter().rev() {
        let kept = load(js, *day).await?;
        if let Some(counts) = kept.counts {
            return Ok(Some((*day, counts, kept.revision)));
        }
    }
    Ok(None)
}

/// Writes a day if its revision still is `expected`; `None` when it is not: somebody else wrote.
pub async fn write(store: &kv::Store, day: Day, counts: &DayCounts, expected: u64) -> Result<Option<u64>, Error> {
    let doing = || format!("writing the counts of {day}");
    let body =
        serde_json::to_vec(counts).map(Bytes::from).map_err(|error| Error::new(ErrorKind::Refused, doing(), error))?;
    match tokio::time::timeout(REQUEST_TIMEOUT, store.update(day.key(), body, expected)).await {
        Ok(Ok(revision)) => Ok(Some(revision)),
        Ok(Err(error)) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(None),
        Ok(Err(error)) => Err(Error::new(ErrorKind::Unanswered, doing(), error)),
        Err(elapsed) => Err(Error::new(ErrorKind::Unanswered, doing(), elapsed)),
    }
}

/// The days from `from` to `to`, both included. [`ErrorKind::NotFound`] when there is no bucket.
///
/// The newest day is read first: every message up to its `through` is then in the days read after it, whatever the
/// projector does meanwhile, unless a day begins meanwhile: then all is read again.
pub async fn read(js: &jetstream::Context, from: Day, to: Day) -> Result<Read, Error> {
    let mut there = days(js).await?;
    loop {
        let newest = newest_of(js, &there).await?.map(|(day, counts, _)| (day, counts));
        let mut wanted = BTreeMap::new();
        for day in there.iter().copied().filter(|day| (from..=to).contains(day)) {
            let counts = match &newest {
                Some((newest, counts)) if *newest == day => Some(counts.clone()),
                _ => load(js, day).await?.counts,
            };
            wanted.extend(counts.map(|counts| (day, counts)));
        }
        let now_there = days(js).await?;
        if now_there.last() == there.last() {
            return Ok(Read { first: there.first().copied(), newest, days: wanted });
        }
        there = now_there;
    }
}

fn is_deleted(stored: &Stored) -> bool {
    stored.header("KV-Operation").is_some() || stored.header("Nats-Marker-Reason").is_some()
}
