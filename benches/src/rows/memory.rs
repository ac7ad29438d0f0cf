//! What the console's program keeps in memory after a flood, and whether that grows.

use std::time::Duration;

use anyhow::Context as _;

use crate::part::Part;
use crate::process;
use crate::publisher::Published;
use crate::report::{Beside, Row, Target};
use crate::settings::Scale;
use crate::site::Site;
use crate::terminal::Terminal;

use super::wire::{STORES, console_args, is_whole, lost};

/// Messages a second.
const PER_SECOND: u32 = 10_000;

const LIMIT: Duration = Duration::from_mins(1);

/// What the console may be behind when the last message was published.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Measures it.
pub(super) async fn measure(scale: &Scale) -> anyhow::Result<Vec<Row>> {
    let site = Site::start().await?;
    site.stores(STORES, "http://127.0.0.1:9").await?;
    let url = site.url();
    let mut terminal = Terminal::start(&super::console()?, &console_args(&url), &[], (120, 40))?;
    tokio::task::block_in_place(|| terminal.wait("whole state", LIMIT, is_whole))?;
    // Only what the console keeps is of interest here: the server need not keep it, too.
    site.forget_streams().await?;
    let at_first = process::resident(terminal.pid()?)?;
    let half = scale.remembered / 2;
    let mut after = Vec::new();
    for part in 0..2 {
        let mut pace = Part::pace(&url, PER_SECOND, part * half, half).await?;
        // A slow machine publishes more slowly; how long it may take is no figure of this row.
        let published: Published = pace.line(LIMIT * 10).await?;
        anyhow::ensure!(published.published == u64::from(half), "{} messages published", published.published);
        tokio::time::sleep(CATCH_UP).await;
        after.push(process::resident(terminal.pid()?)?);
    }
    let (middle, end) = (after.first().copied(), after.last().copied());
    let all = half * 2;
    let lost = lost(&mut terminal).context("asking what was lost")?;
    Ok(vec![
        Row::new("memory after the start", "MiB", Some(at_first)),
        Row::new(format!("memory after {all} messages"), "MiB", end).target(Target::Most(150.0)),
        Row::new(format!("memory after {all} messages, beside {half}"), "MiB", end)
            .beside(Beside::Other, middle)
            .target(super::FLAT),
        Row::new(format!("messages lost of {all}, by the console's own account"), "", lost)
            .target(Target::Exactly(0.0)),
    ])
}
