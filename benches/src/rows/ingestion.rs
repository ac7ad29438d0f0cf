//! Messages into the console's state, against a subscriber that forgets them.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::figures::{median, median_of_all};
use crate::ingestion::Ingested;
use crate::limit::drain::Drained;
use crate::part::Part;
use crate::publisher::Published;
use crate::report::{Beside, Row, Target};
use crate::settings::Scale;
use crate::site::Site;

/// How long one taking may last.
const LIMIT: Duration = Duration::from_mins(3);

/// Bytes of a MiB.
const MIB: f64 = 1_048_576.0;

/// Measures it.
pub(super) async fn measure(scale: &Scale) -> anyhow::Result<Vec<Row>> {
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..scale.runs {
        limit.push(taken::<Drained>("drain", scale.ingested).await?);
        ours.push(taken::<Ingested>("ingest", scale.ingested).await?);
    }
    let all = u64::from(scale.ingested);
    // A run that did not take all tells no speed.
    let speed = |taken: u64, seconds: f64| (taken == all && seconds > 0.0).then(|| taken as f64 / seconds);
    let speeds: Vec<_> = ours.iter().map(|run| speed(run.taken, run.seconds)).collect();
    let limits: Vec<_> = limit.iter().map(|run| speed(run.taken, run.seconds)).collect();
    let missing = ours.iter().map(|run| all - run.taken.min(all)).max();
    let each: Vec<f64> = ours
        .iter()
        .filter(|run| run.orders > 0)
        .map(|run| (run.after_mib - run.before_mib) * MIB / run.orders as f64)
        .collect();
    Ok(vec![
        Row::new("messages into the console's state, beside a bare drain", "1/s", median_of_all(&speeds))
            .beside(Beside::Limit, median_of_all(&limits))
            .target(Target::RatioLeast(0.6)),
        Row::new("messages not in its state, worst run", "", missing.map(|missing| missing as f64))
            .target(Target::Exactly(0.0)),
        Row::new("memory for each order kept", "B", median(&each)),
    ])
}

/// Lets `taker` take so many messages from a server that only passes them on.
async fn taken<T: DeserializeOwned>(taker: &str, events: u32) -> anyhow::Result<T> {
    let site = Site::start().await?;
    let count = events.to_string();
    let mut flood = Part::start(&site.url(), &["flood", &count]).await?;
    let mut taker = Part::start(&site.url(), &[taker, &count]).await?;
    // Now that the console has read them: what the server writes to its disk is not measured here.
    site.forget_streams().await?;
    taker.begin().await?;
    flood.begin().await?;
    let told = taker.line(LIMIT).await?;
    let _: Published = flood.line(LIMIT).await?;
    Ok(told)
}
