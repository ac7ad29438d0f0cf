//! A bare subscriber on `domicilio.>` that takes every message and forgets it.

use std::time::{Duration, Instant};

use contract::subject;
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};

use crate::part;
use crate::publisher::{TAKEN, TELL_EVERY};

/// How long nothing may come before it gives up.
const SILENCE: Duration = Duration::from_secs(20);

/// What it tells at its end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Drained {
    /// Messages taken.
    pub taken: u64,
    /// From the first message to the last.
    pub seconds: f64,
}

/// Takes so many messages, tells how many it has after every [`TELL_EVERY`], and at the end how long it took.
pub async fn run(url: &str, events: u32) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await?;
    let mut messages = client.subscribe(subject::ALL).await?;
    client.flush().await?;
    part::ready().await?;
    let (mut taken, mut began) = (0, None);
    while taken < u64::from(events) {
        let Ok(Some(_)) = tokio::time::timeout(SILENCE, messages.next()).await else { break };
        began.get_or_insert_with(Instant::now);
        taken += 1;
        if taken % TELL_EVERY == 0 || taken == u64::from(events) {
            client.publish(TAKEN, taken.to_string().into()).await?;
        }
    }
    let seconds = began.map_or(0.0, |began: Instant| began.elapsed().as_secs_f64());
    client.flush().await?;
    part::tell(&Drained { taken, seconds })
}
