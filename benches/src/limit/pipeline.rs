//! The bare pipeline: publish, consume, publish again, consume, acknowledge, through the same streams. Three processes, as
//! ours: a source in the measuring program, where the apps are, [`relay`] in place of the distribuidor, [`sink`] in place of
//! a queue-resolver.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::HeaderMap;
use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull, push};
use bytes::Bytes;
use contract::{StoreId, header, stream, subject};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{clock_ns, part};

/// Header with the time when an order is due to be sent, by [`clock_ns`].
const DUE: &str = "Bench-Due";

/// Published and not yet acknowledged, at most: more than are under way at any speed.
const UNDER_WAY: usize = 256;

/// How long nothing may come before it gives up.
const SILENCE: Duration = Duration::from_secs(20);

/// The sink's consumer.
const CONSUMER: &str = "bench-sink";

/// What the sink tells at its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sunk {
    /// From due to taken, one an order, in milliseconds.
    pub took_ms: Vec<f64>,
    /// When the last one was taken, by [`clock_ns`].
    pub last_ns: u64,
}

/// Publishes an order that was due at `due_ns`; returns once it is stored. `head` is as long as that of ours.
pub async fn publish(
    js: &jetstream::Context,
    store: StoreId,
    code: &str,
    head: &str,
    body: Bytes,
    due_ns: u64,
) -> anyhow::Result<()> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ORDER_HEAD, head);
    headers.insert(DUE, due_ns.to_string());
    js.publish_with_headers(format!("domicilio.orders.ec.{store}.{code}"), headers, body).await?.await?;
    Ok(())
}

/// Reads `ORDERS` in order, heads only, and publishes each head to its store's queue.
pub async fn relay(url: &str) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await?;
    let js = jetstream::new(client.clone());
    let orders = js.get_stream(stream::ORDERS.name).await?;
    let config = push::OrderedConfig {
        deliver_subject: client.new_inbox(),
        deliver_policy: DeliverPolicy::New,
        headers_only: true,
        ..Default::default()
    };
    let mut messages = orders.create_consumer(config).await?.messages().await?;
    part::ready().await?;
    let mut stored = FuturesUnordered::new();
    loop {
        tokio::select! {
            message = messages.next(), if stored.len() < UNDER_WAY => {
                let message = message.context("ORDERS ended")??;
                let headers = message.headers.as_ref().context("an order without headers")?;
                let due = headers.get(DUE).context("an order without its time")?.clone();
                let head = headers.get(header::ORDER_HEAD).context("an order without its head")?;
                let store = message.subject.split('.').nth(3).and_then(|store| store.parse().ok());
                let queue = subject::queue(StoreId(store.context("an order without a store")?));
                let mut headers = HeaderMap::new();
                headers.insert(DUE, due);
                let body = Bytes::copy_from_slice(head.as_str().as_bytes());
                stored.push(js.publish_with_headers(queue, headers, body).await?.into_future());
            }
            Some(ack) = stored.next() => { ack?; }
        }
    }
}

/// Takes so many orders from `QUEUES`, acknowledges each, and tells how long each was under way.
pub async fn sink(url: &str, orders: u32) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await?;
    let js = jetstream::new(client.clone());
    let queues = js.get_stream(stream::QUEUES.name).await?;
    let config = pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        ack_policy: AckPolicy::Explicit,
        max_ack_pending: -1,
        ..Default::default()
    };
    let consumer = queues.create_consumer(config).await?;
    let mut messages = consumer.messages().await?;
    part::ready().await?;
    let (mut took_ms, mut last_ns) = (Vec::new(), 0);
    while took_ms.len() < usize::try_from(orders)? {
        let Ok(Some(message)) = timeout(SILENCE, messages.next()).await else { break };
        let message = message?;
        last_ns = clock_ns();
        let due = message.headers.as_ref().and_then(|headers| headers.get(DUE)).context("an order without its time")?;
        took_ms.push(last_ns.saturating_sub(due.as_str().parse()?) as f64 / 1e6);
        message.ack().await.map_err(|error| anyhow::anyhow!("acknowledging: {error}"))?;
    }
    client.flush().await?;
    drop(messages);
    queues.delete_consumer(CONSUMER).await?;
    part::tell(&Sunk { took_ms, last_ns })
}
