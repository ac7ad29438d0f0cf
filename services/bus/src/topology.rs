//! The streams and the buckets come to exist here, idempotently; any service may be the first.

use std::time::Duration;

use async_nats::jetstream::{self, kv, stream};
use contract::stream::{Retention, StreamSpec};

use crate::{Error, again};

/// How large the deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Copies of each stream: 1 on a single node, 3 on three.
    pub replicas: usize,
    /// Size of each stream in per cent of its full size; the server reserves the space.
    pub storage_percent: u32,
}

impl Default for Profile {
    fn default() -> Self {
        Self { replicas: 1, storage_percent: 100 }
    }
}

/// Creates what is missing. What exists stays as it is: changing a live stream is an operator's decision.
pub async fn ensure(js: &jetstream::Context, profile: Profile) -> Result<(), Error> {
    for spec in contract::stream::ALL {
        create(js, spec, profile).await?;
    }
    leases(js, profile).await?;
    counters(js, profile).await.map(drop)
}

/// The stream, created if missing.
pub(crate) async fn create(js: &jetstream::Context, spec: &StreamSpec, profile: Profile) -> Result<(), Error> {
    let config = config(spec, profile);
    let doing = format!("creating stream {}", spec.name);
    again::bounded(&doing, || js.get_or_create_stream(config.clone())).await.map(drop)
}

/// The bucket of leases, created if missing.
pub async fn leases(js: &jetstream::Context, profile: Profile) -> Result<kv::Store, Error> {
    bucket(js, leases_config(profile)).await
}

/// The bucket of counts, created if missing.
pub async fn counters(js: &jetstream::Context, profile: Profile) -> Result<kv::Store, Error> {
    bucket(js, counters_config(profile)).await
}

async fn bucket(js: &jetstream::Context, config: kv::Config) -> Result<kv::Store, Error> {
    let doing = format!("creating bucket {}", config.bucket);
    again::bounded(&doing, || get_or_create(js, config.clone())).await
}

/// How the bucket of leases is to be.
pub(crate) fn leases_config(profile: Profile) -> kv::Config {
    kv::Config {
        bucket: contract::stream::LEASES.to_owned(),
        description: "Active distribuidor, live resolvers, owners of partitions".to_owned(),
        history: 1,
        // A few dozen keys of some hundred bytes.
        max_bytes: 16 * 1_024 * 1_024,
        storage: stream::StorageType::File,
        num_replicas: profile.replicas,
        ..Default::default()
    }
}

/// How the bucket of counts is to be.
pub(crate) fn counters_config(profile: Profile) -> kv::Config {
    kv::Config {
        bucket: contract::stream::COUNTERS.to_owned(),
        description: "Orders by UTC hour, country and cloud, one key a day".to_owned(),
        history: 1,
        max_age: Duration::from_secs(u64::from(contract::stream::COUNTERS_AGE_DAYS) * 86_400),
        max_bytes: (COUNTERS_BYTES * i64::from(profile.storage_percent) / 100).max(COUNTERS_BYTES_LEAST),
        storage: stream::StorageType::File,
        num_replicas: profile.replicas,
        ..Default::default()
    }
}

/// The bucket, created if missing. Creating an existing one of the same shape is no error, so losing a race here is
/// harmless.
async fn get_or_create(js: &jetstream::Context, config: kv::Config) -> Result<kv::Store, async_nats::Error> {
    match js.get_key_value(config.bucket.as_str()).await {
        Ok(store) => Ok(store),
        Err(_) => Ok(js.create_key_value(config).await?),
    }
}

/// Four hundred days of 225 KB: 24 hours of ten countries with eight clouds, each count in each of them.
const COUNTERS_BYTES: i64 = 96 * 1_024 * 1_024;

/// For small deployments: as many days of 40 KB, two countries with four clouds and some room.
const COUNTERS_BYTES_LEAST: i64 = 16 * 1_024 * 1_024;

/// How the stream is to be.
pub(crate) fn config(spec: &StreamSpec, profile: Profile) -> stream::Config {
    let bytes = i64::from(spec.mebibytes_max) * 1_024 * 1_024 * i64::from(profile.storage_percent) / 100;
    stream::Config {
        name: spec.name.to_owned(),
        description: Some(spec.description.to_owned()),
        subjects: vec![spec.subject.to_owned()],
        retention: match spec.retention {
            Retention::Limits => stream::RetentionPolicy::Limits,
            Retention::WorkQueue => stream::RetentionPolicy::WorkQueue,
        },
        discard: if spec.refuse_when_full { stream::DiscardPolicy::New } else { stream::DiscardPolicy::Old },
        max_age: Duration::from_secs(u64::from(spec.age_days_max) * 86_400),
        max_bytes: bytes,
        max_messages_per_subject: i64::from(spec.messages_per_subject_max),
        duplicate_window: Duration::from_secs(u64::from(spec.duplicate_window_s)),
        storage: stream::StorageType::File,
        num_replicas: profile.replicas,
        allow_direct: true,
        deny_delete: spec.append_only,
        deny_purge: spec.append_only,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever sizes a disk reads it in one of these places.
    #[test]
    fn what_all_together_reserve_is_told_the_same_everywhere() {
        let full = Profile::default();
        let streams: i64 = contract::stream::ALL.iter().map(|spec| config(spec, full).max_bytes).sum();
        let buckets = leases_config(full).max_bytes + counters_config(full).max_bytes;
        let tenths = (streams + buckets) * 10 / (1_024 * 1_024 * 1_024);
        let told = format!("{}.{} GiB", tenths / 10, tenths % 10);
        for (name, text) in [
            ("console/src/cli/bus.rs", include_str!("../../../console/src/cli/bus.rs")),
            ("chassis/src/settings.rs", include_str!("../../chassis/src/settings.rs")),
            ("charts/domicilio/values.yaml", include_str!("../../../charts/domicilio/values.yaml")),
            ("charts/nats/single-node.conf", include_str!("../../../charts/nats/single-node.conf")),
            (
                "charts/nats/install-config-clustering-seed.yaml",
                include_str!("../../../charts/nats/install-config-clustering-seed.yaml"),
            ),
        ] {
            assert!(text.contains(&told), "{name} does not say {told}");
        }
    }
}
