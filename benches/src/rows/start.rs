//! How soon the console shows its first frame, and everything.

use std::time::{Duration, Instant};

use crate::figures::median;
use crate::report::{Row, Target};
use crate::settings::Scale;
use crate::site::Site;
use crate::terminal::Terminal;

use super::wire::{STORES, console_args, is_whole};

const LIMIT: Duration = Duration::from_mins(1);

/// Starts for each run.
const STARTS: u32 = 5;

/// Measures it.
pub(super) async fn measure(scale: &Scale) -> anyhow::Result<Vec<Row>> {
    let site = Site::start().await?;
    site.stores(STORES, "http://127.0.0.1:9").await?;
    site.orders(scale.orders_stored, STORES).await?;
    let program = super::console()?;
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..STARTS * scale.runs {
        let url = site.url();
        let began = Instant::now();
        let (shown, complete) = tokio::task::block_in_place(|| {
            let terminal = Terminal::start(&program, &console_args(&url), &[], (120, 40))?;
            let shown = terminal.wait("first frame", LIMIT, |screen| !screen.contents().trim().is_empty())?;
            anyhow::Ok((shown, terminal.wait("whole state", LIMIT, is_whole)?))
        })?;
        first.push(shown.duration_since(began).as_secs_f64() * 1_000.0);
        whole.push(complete.duration_since(began).as_secs_f64() * 1_000.0);
    }
    let stored = scale.orders_stored;
    Ok(vec![
        Row::new("start to first frame", "ms", median(&first)).target(Target::Most(50.0)),
        Row::new(
            format!("start to whole state, {stored} orders and {STORES} stores in the streams"),
            "ms",
            median(&whole),
        )
        .target(Target::Most(1_000.0)),
    ])
}
