//! Who leads what in the cluster, as its servers tell it.

use anyhow::Context as _;
use contract::stream::{ALL, LEASES, ORDERS, QUEUES};
use futures::TryStreamExt as _;

use crate::fault::Node;

/// Name of the node that leads; `None` while nobody does. `pick` chooses the consumer.
pub async fn leader(connection: &bus::Connection, node: Node, pick: usize) -> anyhow::Result<Option<String>> {
    let stream = connection.js.get_stream(stream_of(node)).await?;
    let cluster = if node == Node::Consumer {
        let mut names: Vec<String> = stream.consumer_names().try_collect().await?;
        names.sort();
        let name = names.get(pick % names.len().max(1)).context("QUEUES has no consumer")?;
        stream.consumer_info(name).await?.cluster
    } else {
        stream.cached_info().cluster.clone()
    };
    Ok(cluster.and_then(|cluster| cluster.leader))
}

/// The first stream that lacks a leader, or one of `nodes` copies that are up to date.
pub async fn incomplete(connection: &bus::Connection, nodes: usize) -> anyhow::Result<Option<String>> {
    let bucket = bucket();
    for name in ALL.iter().map(|spec| spec.name).chain([bucket.as_str()]) {
        let stream = connection.js.get_stream(name).await?;
        let whole = stream.cached_info().cluster.as_ref().is_some_and(|cluster| {
            let current = cluster.replicas.iter().filter(|peer| peer.current && !peer.offline).count();
            cluster.leader.is_some() && current + 1 == nodes
        });
        if !whole {
            return Ok(Some(format!("{name}: {:?}", stream.cached_info().cluster)));
        }
    }
    Ok(None)
}

fn stream_of(node: Node) -> String {
    match node {
        Node::Any | Node::Queues | Node::Consumer => QUEUES.name.to_owned(),
        Node::Orders => ORDERS.name.to_owned(),
        Node::Leases => bucket(),
    }
}

/// The stream behind the bucket of leases.
fn bucket() -> String {
    format!("KV_{LEASES}")
}
