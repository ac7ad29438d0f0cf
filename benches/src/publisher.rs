//! Sources of messages: a flood that never runs ahead of its taker by more than a window, and a steady pace.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::{Client, Message};
use futures::{FutureExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::site::now;
use crate::{part, traffic};

/// Where a taker tells how many messages it has taken. Outside `domicilio.>`, which it takes.
pub const TAKEN: &str = "bench.taken";

/// After how many messages it tells.
pub const TELL_EVERY: u64 = 1_024;

/// Messages that are on their way: half of what the console's client holds before it must drop, so that nothing is lost
/// because of the source, and far more than are under way at any speed.
const WINDOW: u64 = 32_768;

/// How long a taker may be silent before it is given up.
const SILENCE: Duration = Duration::from_secs(20);

/// Stores whose orders these are.
pub const STORES: u32 = 2_000;

/// How often the pace is kept: several times within a frame.
const BEAT: Duration = Duration::from_millis(5);

/// What a source tells at its end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Published {
    /// Messages published.
    pub published: u64,
}

/// Publishes so many messages of whole lives as fast as they are taken. All are made before, so that making them costs the
/// machine nothing while somebody is measured.
pub async fn flood(url: &str, events: u32) -> anyhow::Result<()> {
    let (at, all) = (now(), events.div_ceil(traffic::LIFE));
    // As in life, each came at a time of its own, the last one just now.
    let came = |number| at.plus_millis(i64::from(number) - i64::from(all));
    let lives = (0..all).map(|number| traffic::life(number, STORES, came(number)));
    let lives: Vec<Message> = lives.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect();
    let client = async_nats::connect(url).await?;
    let mut told = client.subscribe(TAKEN).await?;
    client.flush().await?;
    part::ready().await?;
    let (mut published, mut taken) = (0, 0);
    let mut messages = lives.into_iter().take(usize::try_from(events)?);
    while published < u64::from(events) || taken < u64::from(events) {
        if published < u64::from(events) && published - taken < WINDOW {
            let message = messages.next().context("fewer messages than were asked for")?;
            publish(&client, message).await?;
            published += 1;
            // Whatever has been told meanwhile, without waiting.
            while let Some(Some(told)) = told.next().now_or_never() {
                taken = count(&told)?;
            }
        } else {
            let Ok(Some(told)) = timeout(SILENCE, told.next()).await else { break };
            taken = count(&told)?;
        }
    }
    client.flush().await?;
    part::tell(&Published { published })
}

/// Publishes at a steady pace, lives from order `first` on, at most `most` messages; tells when asked how many so far.
pub async fn pace(url: &str, per_second: u32, first: u32, most: u64) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await?;
    let mut asked = part::ready().await?;
    let began = tokio::time::Instant::now();
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut published, mut order, mut waiting) = (0_u64, first, Vec::new().into_iter());
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            Some(()) = asked.recv() => part::tell(&Published { published })?,
        }
        // Whole numbers: after an hour as many as were due, whatever the beats were.
        let due = began.elapsed().as_millis() * u128::from(per_second) / 1_000;
        while u128::from(published) < due {
            if most > 0 && published >= most {
                client.flush().await?;
                return part::tell(&Published { published });
            }
            let next = if let Some(message) = waiting.next() {
                message
            } else {
                waiting = traffic::life(order, STORES, now())?.to_vec().into_iter();
                order = order.wrapping_add(1);
                waiting.next().context("a life without messages")?
            };
            publish(&client, next).await?;
            published += 1;
        }
    }
}

async fn publish(client: &Client, message: Message) -> anyhow::Result<()> {
    match message.headers {
        Some(headers) => client.publish_with_headers(message.subject, headers, message.payload).await?,
        None => client.publish(message.subject, message.payload).await?,
    }
    Ok(())
}

fn count(message: &Message) -> anyhow::Result<u64> {
    Ok(std::str::from_utf8(&message.payload)?.parse()?)
}
