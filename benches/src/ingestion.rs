//! The console without a terminal: its own feed and its own `update`, fed until every message is in its state.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use domicilio::event::{Event, History};
use domicilio::feed::{self, EVENTS_MAX, Feed};
use domicilio::state::{Lang, State};
use domicilio::update::update;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

use crate::publisher::{TAKEN, TELL_EVERY};
use crate::{part, process};

/// How long nothing may come before it gives up.
const SILENCE: Duration = Duration::from_secs(20);

/// As often as the console's own clock ticks.
const TICK: Duration = Duration::from_millis(500);

/// What it tells at its end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Ingested {
    /// Messages in its state.
    pub taken: u64,
    /// Messages that it says it has lost.
    pub lost: u64,
    /// From the first message to the last.
    pub seconds: f64,
    /// Orders that it keeps.
    pub orders: usize,
    /// Resident memory before the first message, in MiB.
    pub before_mib: f64,
    /// And after the last.
    pub after_mib: f64,
}

/// Takes so many messages into a state that was read from the streams before; tells as `limit::drain` does.
pub async fn run(url: &str, events: u32) -> anyhow::Result<()> {
    let telling = async_nats::connect(url).await?;
    let (tell, mut told) = mpsc::channel(EVENTS_MAX);
    let feed = Feed::start(&feed::Settings::new(url), tell).await?;
    let mut state = State::new(feed::now(), Lang::Es, 1);
    loop {
        let event = timeout(SILENCE, told.recv()).await.context("the streams are not read")?.context("no feed")?;
        let ready = matches!(event, Event::History(History::Ready { .. }));
        update(&mut state, event);
        if ready {
            break;
        }
    }
    let before = state.traffic.meter;
    let before_mib = process::resident(std::process::id())?;
    part::ready().await?;
    let (mut taken, mut lost, mut reported, mut began) = (0, 0, 0, None);
    let (mut ticks, mut latest) = (interval(TICK), Instant::now());
    while taken + lost < u64::from(events) && latest.elapsed() < SILENCE {
        let event = tokio::select! {
            event = told.recv() => event.context("no feed")?,
            _ = ticks.tick() => Event::Tick(feed::now()),
        };
        let live = matches!(&event, Event::Live { facts, .. } if !facts.is_empty());
        if live {
            began.get_or_insert_with(Instant::now);
        }
        // What it would ask the bus for besides is part of no message's way.
        update(&mut state, event);
        if live {
            latest = Instant::now();
        }
        taken = state.traffic.meter.taken - before.taken;
        lost = state.traffic.meter.lost - before.lost;
        if taken - reported >= TELL_EVERY || taken >= u64::from(events) {
            telling.publish(TAKEN, taken.to_string().into()).await?;
            reported = taken;
        }
    }
    let seconds = began.map_or(0.0, |began| latest.duration_since(began).as_secs_f64());
    telling.flush().await?;
    let after_mib = process::resident(std::process::id())?;
    part::tell(&Ingested { taken, lost, seconds, orders: state.orders.len(), before_mib, after_mib })?;
    feed.stop(SILENCE).await;
    Ok(())
}
