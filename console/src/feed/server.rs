//! What the server says of itself: its streams with their consumers, and our connection. Asked only while somebody
//! looks; changes nothing.

use std::time::{Duration, Instant};

use async_nats::datetime::DateTime;
use async_nats::jetstream::stream::{DiscardPolicy, Info, RetentionPolicy, StorageType};
use async_nats::jetstream::{consumer, stream};
use bytes::Bytes;
use contract::UtcMs;
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::time::timeout;

use super::chain;
use crate::event::Trouble;
use crate::sanitise::{self, NAME_MAX, SENTENCE_MAX};
use crate::state::wire::server::{
    Account, CONSUMERS_MAX, Consumer, Mark, NAMES_MAX, Nodes, Retention, STREAMS_MAX, Server, Stream,
};

/// How long all of it may take: the next reading is due soon after.
const LIMIT: Duration = Duration::from_secs(5);

/// Streams whose consumers are read at the same time.
const AT_ONCE: usize = 4;

/// Asks the server.
pub(super) async fn read(connection: &bus::Connection) -> Result<Box<Server>, Trouble> {
    if !connection.is_up() {
        return Err(Trouble::NotConnected);
    }
    let (mut streams, cut) = match timeout(LIMIT, streams(connection)).await {
        Ok(read) => read.map_err(|error| Trouble::Said(chain(&*error)))?,
        Err(_) => return Err(Trouble::Unanswered(LIMIT.as_secs())),
    };
    streams.sort_by(|a, b| a.name.cmp(&b.name));
    let round_trip_us = timeout(LIMIT, round_trip(connection)).await.ok().flatten();
    Ok(Box::new(Server { account: Account { round_trip_us, ..account(connection) }, streams, cut }))
}

async fn streams(connection: &bus::Connection) -> Result<(Vec<Stream>, bool), async_nats::Error> {
    let mut infos: Vec<Info> = connection.js.streams().take(STREAMS_MAX + 1).try_collect().await?;
    let cut = infos.len() > STREAMS_MAX;
    infos.truncate(STREAMS_MAX);
    let read = futures::stream::iter(infos).map(async |info| {
        // What cannot be read is unknown; the others are shown all the same.
        let consumers = match info.state.consumer_count {
            0 => Some(Vec::new()),
            _ => consumers(connection, &info.config.name).await.ok(),
        };
        told(info, consumers)
    });
    Ok((read.buffered(AT_ONCE).collect().await, cut))
}

async fn consumers(connection: &bus::Connection, name: &str) -> Result<Vec<Consumer>, async_nats::Error> {
    let stream = connection.js.get_stream_no_info(name).await?;
    let infos: Vec<consumer::Info> = stream.consumers().take(CONSUMERS_MAX).try_collect().await?;
    let mut consumers: Vec<Consumer> = infos.into_iter().map(consumer_told).collect();
    consumers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(consumers)
}

fn consumer_told(info: consumer::Info) -> Consumer {
    Consumer {
        name: sanitise::text(&info.name, NAME_MAX),
        pending: info.num_pending,
        ack_pending: count(info.num_ack_pending),
        redelivered: count(info.num_redelivered),
        waiting: count(info.num_waiting),
        delivered: info.delivered.stream_sequence,
        leader: info.cluster.and_then(|cluster| cluster.leader).map(|leader| sanitise::text(&leader, NAME_MAX)),
    }
}

fn told(info: Info, consumers: Option<Vec<Consumer>>) -> Stream {
    let Info { config, state, .. } = info;
    let mark = |there: bool, sequence, at: DateTime| there.then(|| Mark { sequence, at: ms(at) });
    Stream {
        name: sanitise::text(&config.name, NAME_MAX),
        subjects: names(&config.subjects),
        messages: state.messages,
        bytes: state.bytes,
        subject_count: state.subjects_count,
        deleted: state.deleted_count,
        first: mark(state.messages > 0, state.first_sequence, state.first_timestamp),
        last: mark(state.last_sequence > 0, state.last_sequence, state.last_timestamp),
        made: ms(info.created),
        retention: match config.retention {
            RetentionPolicy::Limits => Retention::Limits,
            RetentionPolicy::Interest => Retention::Interest,
            RetentionPolicy::WorkQueue => Retention::WorkQueue,
        },
        refuses: config.discard == DiscardPolicy::New,
        age_max_ms: Some(config.max_age)
            .filter(|age| !age.is_zero())
            .and_then(|age| i64::try_from(age.as_millis()).ok()),
        bytes_max: limit(config.max_bytes),
        messages_max: limit(config.max_messages),
        per_subject_max: limit(config.max_messages_per_subject),
        replicas: count(config.num_replicas),
        on_disk: config.storage == StorageType::File,
        nodes: info.cluster.as_ref().filter(|cluster| cluster.name.is_some()).map(nodes),
        consumer_count: count(state.consumer_count),
        consumers,
    }
}

fn nodes(cluster: &stream::ClusterInfo) -> Nodes {
    let leader = cluster.leader.as_ref().filter(|leader| !leader.is_empty());
    Nodes {
        leader: leader.map(|leader| sanitise::text(leader, NAME_MAX)),
        others: count(cluster.replicas.len()),
        behind: count(cluster.replicas.iter().filter(|peer| !peer.current || peer.offline).count()),
    }
}

/// Nothing below one is a limit.
fn limit(limit: i64) -> Option<u64> {
    u64::try_from(limit).ok().filter(|limit| *limit > 0)
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn names(names: &[String]) -> Vec<String> {
    names.iter().take(NAMES_MAX).map(|name| sanitise::text(name, SENTENCE_MAX)).collect()
}

fn account(connection: &bus::Connection) -> Account {
    let info = connection.client.server_info();
    let name = |text: &str| sanitise::text(text, NAME_MAX);
    Account {
        server: name(&info.server_name),
        id: name(&info.server_id),
        version: name(&info.version),
        address: name(&format!("{}:{}", info.host, info.port)),
        cluster: info.cluster.as_deref().map(name),
        domain: info.domain.as_deref().map(name),
        connection: info.client_id,
        own_address: name(&info.client_ip),
        payload_max: count(info.max_payload),
        asks_who: info.auth_required,
        wants_tls: info.tls_required,
        leaving: info.lame_duck_mode,
        others: names(&info.connect_urls),
        round_trip_us: None,
    }
}

/// There and back through the server.
async fn round_trip(connection: &bus::Connection) -> Option<u64> {
    let client = &connection.client;
    let inbox = client.new_inbox();
    let mut back = client.subscribe(inbox.clone()).await.ok()?;
    let sent = Instant::now();
    client.publish(inbox, Bytes::new()).await.ok()?;
    back.next().await?;
    u64::try_from(sent.elapsed().as_micros()).ok()
}

fn ms(at: DateTime) -> UtcMs {
    UtcMs::from_millis(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(0))
}
