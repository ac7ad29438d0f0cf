//! Streams and buckets made as large as asked: what is missing is created, what is smaller is enlarged. Nothing is ever
//! made smaller, for that can drop what is kept, and nothing else of what exists is changed.

use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::{self, ErrorCode, stream};
use contract::permission::Held;

use crate::topology::{self, Profile};
use crate::{Error, ErrorKind, REQUEST_TIMEOUT, again, error};

/// What no user may change once it is there, for it tells what they did.
pub const SEALED: Held = Held::Stream(&contract::stream::AUDIT);

/// What became of a stream, or of the one under a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was missing.
    Created,
    /// It got more copies, or room for more bytes.
    Enlarged,
    /// It was at least as large as asked.
    Unchanged,
}

/// A stream, or the one under a bucket, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What became of it.
    pub done: Done,
    /// Copies of it.
    pub replicas: usize,
    /// Most bytes that it may hold.
    pub bytes_max: i64,
    /// Whether it is larger than asked.
    pub larger: bool,
    /// Whether it is smaller than asked and was left so: users of the deployment may not change [`SEALED`].
    pub smaller: bool,
    /// Settings that this version cannot work with, by their names in `nats stream info --json`; left as they are.
    pub unfit: Vec<&'static str>,
}

/// Sees to one of them.
pub async fn see_to(js: &jetstream::Context, held: Held, profile: Profile) -> Result<Standing, Error> {
    let name = held.stream();
    let (wanted, existing) = (Wanted::of(held, profile), existing(js, &name).await?);
    let Some(mut config) = existing else {
        create(js, held, profile).await?;
        return Ok(wanted.standing(Done::Created));
    };
    let unfit = wanted.unfit(&config);
    let before = config.clone();
    let smaller = wanted.enlarge(&mut config) && held == SEALED;
    let done = if smaller {
        config = before;
        Done::Unchanged
    } else if config != before {
        // Bounded, but asked once: the answer to the second question could be about what the first one did.
        let update = async { js.update_stream(&config).await };
        error::bounded(REQUEST_TIMEOUT, &format!("enlarging stream {name}"), update).await?;
        Done::Enlarged
    } else {
        Done::Unchanged
    };
    let larger = config.num_replicas > wanted.replicas || config.max_bytes <= 0 || config.max_bytes > wanted.bytes_max;
    Ok(Standing { done, replicas: config.num_replicas, bytes_max: config.max_bytes, larger, smaller, unfit })
}

/// How the stream is set up; `None` when there is none.
async fn existing(js: &jetstream::Context, name: &str) -> Result<Option<stream::Config>, Error> {
    let ask = || async {
        match js.get_stream(name).await {
            Ok(stream) => Ok(Some(stream.cached_info().config.clone())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    };
    again::bounded(&format!("looking at stream {name}"), ask).await
}

fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(told) if told.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

async fn create(js: &jetstream::Context, held: Held, profile: Profile) -> Result<(), Error> {
    match held {
        Held::Stream(spec) => topology::create(js, spec, profile).await,
        Held::Bucket(contract::stream::LEASES) => topology::leases(js, profile).await.map(drop),
        Held::Bucket(contract::stream::COUNTERS) => topology::counters(js, profile).await.map(drop),
        Held::Bucket(other) => {
            Err(Error::new(ErrorKind::Settings, "creating a bucket", format!("{other} is not ours")))
        }
    }
}

/// What this version asks of a stream.
struct Wanted {
    replicas: usize,
    bytes_max: i64,
    /// Of a stream of ours; the client alone knows how the one under a bucket is set up.
    whole: Option<stream::Config>,
}

impl Wanted {
    fn of(held: Held, profile: Profile) -> Self {
        let bucket = |config: async_nats::jetstream::kv::Config| Self {
            replicas: config.num_replicas,
            bytes_max: config.max_bytes,
            whole: None,
        };
        match held {
            Held::Stream(spec) => {
                let config = topology::config(spec, profile);
                Self { replicas: config.num_replicas, bytes_max: config.max_bytes, whole: Some(config) }
            }
            Held::Bucket(contract::stream::LEASES) => bucket(topology::leases_config(profile)),
            Held::Bucket(_) => bucket(topology::counters_config(profile)),
        }
    }

    fn standing(&self, done: Done) -> Standing {
        Standing {
            done,
            replicas: self.replicas,
            bytes_max: self.bytes_max,
            larger: false,
            smaller: false,
            unfit: Vec::new(),
        }
    }

    /// Makes `config` as large as wanted; whether that changed it. No limit, 0 or below, is larger than any.
    fn enlarge(&self, config: &mut stream::Config) -> bool {
        let (copies, bytes) =
            (config.num_replicas < self.replicas, config.max_bytes > 0 && config.max_bytes < self.bytes_max);
        if copies {
            config.num_replicas = self.replicas;
        }
        if bytes {
            config.max_bytes = self.bytes_max;
        }
        copies || bytes
    }

    /// What the promises stand on and `config` does not have.
    fn unfit(&self, config: &stream::Config) -> Vec<&'static str> {
        let Some(whole) = &self.whole else { return Vec::new() };
        let checks = [
            ("subjects", config.subjects == whole.subjects),
            ("retention", config.retention == whole.retention),
            ("discard", config.discard == whole.discard),
            ("storage", config.storage == whole.storage),
            ("allow_direct", config.allow_direct == whole.allow_direct),
        ];
        checks.into_iter().filter(|(_, fits)| !fits).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(replicas: usize, storage_percent: u32) -> Wanted {
        Wanted::of(Held::Stream(&contract::stream::ORDERS), Profile { replicas, storage_percent })
    }

    #[test]
    fn it_grows_and_never_shrinks() {
        let half = |replicas| topology::config(&contract::stream::ORDERS, Profile { replicas, storage_percent: 50 });
        for (has, replicas, percent, changes, now) in [
            (half(1), 1, 50, false, (1, 50)),
            (half(1), 3, 50, true, (3, 50)),
            (half(3), 1, 50, false, (3, 50)),
            (half(1), 1, 100, true, (1, 100)),
            (half(3), 1, 10, false, (3, 50)),
            (half(3), 1, 100, true, (3, 100)),
        ] {
            let mut config = has;
            assert_eq!(wanted(replicas, percent).enlarge(&mut config), changes, "{replicas} {percent}");
            let bytes = i64::from(contract::stream::ORDERS.mebibytes_max) * 1_024 * 1_024 * now.1 / 100;
            assert_eq!((config.num_replicas, config.max_bytes), (now.0, bytes), "{replicas} {percent}");
        }
        let mut unlimited = half(1);
        unlimited.max_bytes = -1;
        assert!(!wanted(1, 100).enlarge(&mut unlimited));
    }

    #[test]
    fn what_the_promises_stand_on_is_looked_at() {
        let mut config = topology::config(&contract::stream::ORDERS, Profile::default());
        assert!(wanted(1, 100).unfit(&config).is_empty());
        config.max_age = std::time::Duration::from_mins(1);
        assert!(wanted(1, 100).unfit(&config).is_empty(), "ages are an operator's decision");
        config.discard = stream::DiscardPolicy::Old;
        config.subjects.push("other".to_owned());
        assert_eq!(wanted(1, 100).unfit(&config), ["subjects", "discard"]);
    }
}
