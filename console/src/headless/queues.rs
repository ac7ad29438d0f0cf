//! `domicilio queues`: what waits, per store; depths are the server's own account.

use std::collections::BTreeMap;

use contract::lease::{PartitionLease, partition_key};
use contract::{Country, OrderId, Partition, StoreId, UtcMs, stream};
use serde::Serialize;

use super::{Failure, connect, or_dash, print_columns, print_json};
use crate::cli;
use crate::feed::{self, chain};

#[derive(Serialize)]
struct Row {
    store: StoreId,
    code: Option<String>,
    name: Option<String>,
    country: Option<Country>,
    depth: u64,
    /// When the oldest entry's order was accepted.
    oldest_at: Option<UtcMs>,
    oldest_age_s: Option<i64>,
    oldest_order: Option<OrderId>,
    partition: Partition,
    /// The resolver that injects into this store right now.
    owner: Option<String>,
}

pub(super) async fn run(common: &cli::Common, json: bool) -> Result<(), Failure> {
    let connection = connect(common).await?;
    let read = feed::count_queues(&connection).await?;
    let stores = super::stores::read(&connection).await?;
    let owners = owners(&connection, read.depths.iter().map(|depth| depth.store.partition())).await;
    let rows: Vec<Row> = read
        .depths
        .iter()
        .map(|depth| {
            let record = stores.get(depth.store).map(|store| &store.record);
            let oldest = depth.head.as_ref().map(|entry| &entry.order);
            let partition = depth.store.partition();
            Row {
                store: depth.store,
                code: record.map(|record| record.code.clone()),
                name: record.map(|record| record.name.clone()),
                country: record.map(|record| record.country).or_else(|| oldest.map(|order| order.country)),
                depth: depth.depth,
                oldest_at: oldest.map(|order| order.received_at),
                oldest_age_s: oldest.map(|order| read.at.since(order.received_at).max(0) / 1_000),
                oldest_order: oldest.map(contract::OrderHead::id),
                partition,
                owner: owners.get(&partition).cloned(),
            }
        })
        .collect();
    if json {
        return print_json(&rows);
    }
    let mut table = vec![["STORE", "CODE", "NAME", "CC", "DEPTH", "OLDEST", "OWNER"].map(str::to_owned).to_vec()];
    table.extend(rows.into_iter().map(|row| {
        vec![
            row.store.to_string(),
            or_dash(row.code),
            or_dash(row.name),
            or_dash(row.country),
            row.depth.to_string(),
            or_dash(row.oldest_age_s.map(|age_s| crate::view::when::age(age_s * 1_000))),
            or_dash(row.owner),
        ]
    }));
    print_columns(&table)
}

/// Owners of partitions from the bucket of leases; unknown ones are left out, and so are all when it cannot be read.
async fn owners(
    connection: &bus::Connection,
    partitions: impl Iterator<Item = Partition>,
) -> BTreeMap<Partition, String> {
    let mut owners = BTreeMap::new();
    let bucket = match connection.js.get_key_value(stream::LEASES).await {
        Ok(bucket) => bucket,
        Err(error) => {
            tracing::debug!(error = chain(&error), "the leases cannot be read");
            return owners;
        }
    };
    let wanted: std::collections::BTreeSet<Partition> = partitions.collect();
    for partition in wanted {
        let Ok(Some(value)) = bucket.get(partition_key(partition)).await else { continue };
        let lease: Option<PartitionLease> = serde_json::from_slice(&value).ok();
        if let Some(owner) = lease.and_then(|lease| lease.owner) {
            owners.insert(partition, owner.instance.to_string());
        }
    }
    owners
}
