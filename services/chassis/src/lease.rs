//! Leases: a key that its holder rewrites by compare-and-set, and that others may take when it falls silent.
//!
//! Safety rests on one inequality and on no clock comparison between machines: the holder counts from the moment
//! *before* it sent its last successful renewal and stops [`Terms::margin_ms`] early; a candidate counts the full
//! [`Terms::ttl_ms`] from the moment *after* it saw that renewal. So the holder has stopped before anyone else starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::kv::{self, Operation, UpdateErrorKind};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use bus::read::Stored;
use bus::{Error, ErrorKind};
use contract::stream::LEASES;

use crate::clock::monotonic_ms;

/// How a lease is kept, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Silence after which others may take it.
    pub ttl_ms: u64,
    /// Time between renewals; several must fit into `ttl_ms`.
    pub renew_ms: u64,
    /// How long before its end the holder stops relying on it.
    pub margin_ms: u64,
}

/// Measured on two cores: with 2 s, work resumes 1.8 to 2.1 s after a holder was killed and never had two holders.
/// Three renewals fit before the holder has to stop.
pub const TERMS: Terms = Terms { ttl_ms: 2_000, renew_ms: 400, margin_ms: 500 };

/// Until when the holder may rely on its lease. Cheap to clone; asked just before every deed that only an owner may do.
#[derive(Debug, Clone, Default)]
pub struct Tenure {
    /// Monotonic milliseconds; 0 = not held.
    until_ms: Arc<AtomicU64>,
}

impl Tenure {
    /// Whether it holds at `now_ms` (monotonic).
    pub fn holds_at(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms.load(Ordering::Acquire)
    }

    /// Whether it holds now.
    pub fn holds(&self) -> bool {
        self.holds_at(monotonic_ms())
    }

    /// A renewal that was sent at `sent_ms` succeeded.
    pub fn renewed(&self, sent_ms: u64, terms: Terms) {
        self.until_ms.store(sent_ms + terms.ttl_ms - terms.margin_ms, Ordering::Release);
    }

    /// It is over.
    pub fn end(&self) {
        self.until_ms.store(0, Ordering::Release);
    }
}

/// How long a key has been silent, as seen by one observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    revision: u64,
    since_ms: u64,
}

impl Silence {
    /// Begins to count at `now_ms` (monotonic).
    pub const fn new(revision: u64, now_ms: u64) -> Self {
        Self { revision, since_ms: now_ms }
    }

    /// The key was seen at `revision`; a new one restarts the count.
    pub fn observe(&mut self, revision: u64, now_ms: u64) {
        if revision != self.revision {
            *self = Self::new(revision, now_ms);
        }
    }

    /// The observer could not look (no connection): it must not take its own blindness for the other's silence.
    pub fn restart(&mut self, now_ms: u64) {
        self.since_ms = now_ms;
    }

    /// Milliseconds without a renewal.
    pub const fn lasted_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.since_ms)
    }
}

/// What every lease's value tells, whatever else it holds.
#[derive(Debug, Deserialize)]
struct Signed {
    /// Tells one run of a process from the next one under the same name.
    incarnation: String,
    /// Given back.
    #[serde(default)]
    vacant: bool,
}

/// A lease's value as it is stored.
pub fn encode(value: &impl Serialize) -> Bytes {
    // Our own plain structs always serialise; an empty value would only be read as a lease of nobody.
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// Whoever waits for a lease.
#[derive(Debug)]
pub struct Candidate {
    store: kv::Store,
    key: String,
    incarnation: String,
    terms: Terms,
    silence: Option<Silence>,
}

impl Candidate {
    /// Waits for `key`; `incarnation` must stand in every value as field `incarnation`.
    pub fn new(store: kv::Store, key: impl Into<String>, incarnation: impl Into<String>, terms: Terms) -> Self {
        Self { store, key: key.into(), incarnation: incarnation.into(), terms, silence: None }
    }

    /// One look, and one try if the lease is free; to be called every [`Terms::renew_ms`].
    ///
    /// `value` makes the value to write from the one that was there. `None` when somebody holds it. An error
    /// restarts the wait.
    pub async fn attempt(&mut self, value: impl FnOnce(Option<&[u8]>) -> Bytes) -> Result<Option<Holder>, Error> {
        let attempted = self.attempt_inner(value).await;
        if attempted.is_err() {
            self.silence = None;
        }
        attempted
    }

    async fn attempt_inner(&mut self, value: impl FnOnce(Option<&[u8]>) -> Bytes) -> Result<Option<Holder>, Error> {
        let sent_ms = monotonic_ms();
        let entry = read(&self.store, &self.key).await?;
        let seen_ms = monotonic_ms();
        let written = match entry {
            Some(entry) if entry.operation == Operation::Put => {
                let silence = self.silence.get_or_insert(Silence::new(entry.revision, seen_ms));
                silence.observe(entry.revision, seen_ms);
                let vacant = serde_json::from_slice::<Signed>(&entry.value).is_ok_and(|signed| signed.vacant);
                if !vacant && silence.lasted_ms(seen_ms) < self.terms.ttl_ms {
                    return Ok(None);
                }
                write(&self.store, &self.key, value(Some(&entry.value)), entry.revision).await?
            }
            // Deleted by an operator: no need to wait.
            Some(deleted) => write(&self.store, &self.key, value(None), deleted.revision).await?,
            None => write(&self.store, &self.key, value(None), 0).await?,
        };
        let Some(revision) = written else {
            self.silence = None;
            return Ok(None);
        };
        let tenure = Tenure::default();
        tenure.renewed(sent_ms, self.terms);
        Ok(Some(Holder {
            store: self.store.clone(),
            key: self.key.clone(),
            incarnation: self.incarnation.clone(),
            terms: self.terms,
            revision,
            tenure,
        }))
    }
}

/// What became of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Still ours.
    Held,
    /// Somebody else has it: stop at once.
    Lost,
    /// No answer: try again; [`Tenure`] tells how long it may still be relied on.
    Unknown,
}

/// Whoever holds a lease.
#[derive(Debug)]
pub struct Holder {
    store: kv::Store,
    key: String,
    incarnation: String,
    terms: Terms,
    revision: u64,
    tenure: Tenure,
}

impl Holder {
    /// Until when it may be relied on.
    pub fn tenure(&self) -> Tenure {
        self.tenure.clone()
    }

    /// Revision of the last value that we know to be ours.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Renews, writing `value`; to be called every [`Terms::renew_ms`].
    pub async fn renew(&mut self, value: Bytes) -> Renewal {
        let sent_ms = monotonic_ms();
        match write(&self.store, &self.key, value, self.revision).await {
            Ok(Some(revision)) => {
                self.revision = revision;
                self.tenure.renewed(sent_ms, self.terms);
                Renewal::Held
            }
            // Either somebody took it, or an earlier renewal of ours without an answer was stored after all.
            Ok(None) => match read(&self.store, &self.key).await {
                Ok(Some(entry)) if self.is_ours(&entry.value) => {
                    self.revision = entry.revision;
                    Renewal::Unknown
                }
                Ok(_) => {
                    self.tenure.end();
                    Renewal::Lost
                }
                Err(_) => Renewal::Unknown,
            },
            Err(_) => Renewal::Unknown,
        }
    }

    fn is_ours(&self, value: &[u8]) -> bool {
        serde_json::from_slice::<Signed>(value)
            .is_ok_and(|signed| signed.incarnation == self.incarnation && !signed.vacant)
    }

    /// Gives it back by writing `value`, which must tell `vacant`, so that nobody has to wait for its end.
    pub async fn release(self, value: Bytes) -> Result<(), Error> {
        self.tenure.end();
        write(&self.store, &self.key, value, self.revision).await.map(drop)
    }
}

/// How long one call on the bucket may take: less than the time that two renewals leave.
const CALL_LIMIT: Duration = Duration::from_millis(700);

/// When the bucket was made, in milliseconds since 1970. Revisions of one bucket say nothing about those of another
/// that was made after it was lost.
pub async fn era(store: &kv::Store) -> Result<u64, Error> {
    // Asked anew: `Store::status` tells what was so when this handle was made.
    let info = bus::error::bounded(CALL_LIMIT, "reading the bucket of leases", store.stream.get_info()).await?;
    Ok(u64::try_from(info.created.unix_timestamp_nanos() / 1_000_000).unwrap_or(0))
}

/// The entry of a key, a deletion included.
pub async fn read(store: &kv::Store, key: &str) -> Result<Option<kv::Entry>, Error> {
    bus::error::bounded(CALL_LIMIT, &format!("reading {key}"), store.entry(key)).await
}

/// The last writing of a key, a deletion included, asked of the leader: never older than what was acknowledged before, as
/// [`read`] and a watch may be.
pub async fn last_at_leader(js: &jetstream::Context, key: &str) -> Result<Option<Stored>, Error> {
    let (stream, subject) = (format!("KV_{LEASES}"), format!("$KV.{LEASES}.{key}"));
    bus::read::last_at_leader(js, &stream, &subject).await
}

/// Removes `key` if it was last written at `revision`, as if it had never been: no marker stays. A later writing is not
/// touched (`false`); whoever counts on the removed one is refused and looks again.
pub async fn remove(store: &kv::Store, key: &str, revision: u64) -> Result<bool, Error> {
    // A deletion would leave a marker, for ever. This takes what was written up to then, of which there is one.
    let purge = store.stream.purge().filter(format!("{}{key}", store.prefix)).sequence(revision + 1);
    let purged = bus::error::bounded(CALL_LIMIT, &format!("removing {key}"), purge.into_future()).await?;
    Ok(purged.purged > 0)
}

/// Writes `key` if its revision still is `expected` (0 = never written); `None` when it is not.
pub async fn write(store: &kv::Store, key: &str, value: Bytes, expected: u64) -> Result<Option<u64>, Error> {
    let doing = || format!("writing {key}");
    match tokio::time::timeout(CALL_LIMIT, store.update(key, value, expected)).await {
        Ok(Ok(revision)) => Ok(Some(revision)),
        Ok(Err(error)) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(None),
        Ok(Err(error)) => Err(Error::new(ErrorKind::Unanswered, doing(), error)),
        Err(elapsed) => Err(Error::new(ErrorKind::Unanswered, doing(), elapsed)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blindness_is_not_silence() {
        let mut silence = Silence::new(7, 1_000);
        silence.observe(7, 2_500);
        assert_eq!(silence.lasted_ms(2_500), 1_500);
        silence.restart(2_600);
        assert_eq!(silence.lasted_ms(2_700), 100);
        silence.observe(8, 2_800);
        assert_eq!(silence.lasted_ms(2_800), 0);
    }

    proptest! {
        /// Whatever the delays: a candidate that waits out its time starts after the holder has stopped.
        #[test]
        fn the_holder_stops_before_anyone_else_starts(
            sent in 0_u64..1_000_000, to_server in 0_u64..5_000, to_candidate in 0_u64..5_000, looks in 1_u64..400,
        ) {
            let tenure = Tenure::default();
            tenure.renewed(sent, TERMS);
            let mut now = sent + to_server + to_candidate;
            let silence = Silence::new(1, now);
            while silence.lasted_ms(now) < TERMS.ttl_ms {
                now += looks;
            }
            prop_assert!(!tenure.holds_at(now));
            prop_assert!(!tenure.holds_at(now - TERMS.margin_ms));
        }
    }

    #[test]
    fn an_ended_tenure_holds_no_more() {
        let tenure = Tenure::default();
        assert!(!tenure.holds_at(0));
        tenure.renewed(100, TERMS);
        assert!(tenure.holds_at(1_599) && !tenure.holds_at(1_600));
        tenure.end();
        assert!(!tenure.holds_at(100));
    }
}
