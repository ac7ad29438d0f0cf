//! A program in a terminal that does what a console on a silent bus cannot do without: a message to itself and back twice a
//! second, which tells that the connection lives; on another connection a look at the queues once a second; and the clock.
//!
//! It tells no lines as other parts do, and ends when its terminal does.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use contract::stream;
use futures::StreamExt as _;

use crate::part;

/// Between two messages to itself, as the console's.
const PROBE: Duration = Duration::from_millis(500);

/// How long a message to itself may be under way: what stands still must not pass for what needs little.
const BACK_LIMIT: Duration = Duration::from_secs(1);

/// Does it until it is killed.
pub async fn run(url: &str) -> anyhow::Result<()> {
    let (watching, asking) = (async_nats::connect(url).await?, async_nats::connect(url).await?);
    let inbox = watching.new_inbox();
    let mut back = watching.subscribe(inbox.clone()).await?;
    let queues = format!("$JS.API.STREAM.INFO.{}", stream::QUEUES.name);
    part::tell(&part::Ready { ready: true })?;
    let mut probes = tokio::time::interval(PROBE);
    let mut out = std::io::stdout();
    for number in 0_u64.. {
        probes.tick().await;
        watching.publish(inbox.clone(), Bytes::new()).await?;
        tokio::time::timeout(BACK_LIMIT, back.next()).await?.context("no message came back")?;
        if number % 2 == 0 {
            asking.request(queues.clone(), Bytes::new()).await?;
            // One digit in its place: nearly all that changes on an idle screen.
            write!(out, "\x1b[D{}", number / 2 % 10)?;
            out.flush()?;
        }
    }
    Ok(())
}
