//! What the console keeps in memory over a long evening, by a clock of its own.

use std::time::Duration;

use crate::hours::{Lived, ORDERS_A_SECOND};
use crate::part::Part;
use crate::report::{Beside, Row, Target};
use crate::settings::Scale;

/// How long the evening may take.
const LIMIT: Duration = Duration::from_mins(10);

/// Measures it.
pub(super) async fn measure(scale: &Scale) -> anyhow::Result<Vec<Row>> {
    // It needs no bus.
    let mut evening = Part::start("nats://127.0.0.1:9", &["hours", &scale.lived.to_string()]).await?;
    evening.begin().await?;
    let lived: Lived = evening.line(LIMIT).await?;
    evening.end().await?;
    let [eighth, half, whole] = lived.looks;
    let row = |what: &str, unit, value| Row::new(what, unit, Some(value));
    let (after, middle) = (time(scale.lived), time(scale.lived / 2));
    Ok(vec![
        row(&format!("orders a second for {after} by its own clock"), "1/s", f64::from(ORDERS_A_SECOND)),
        row(&format!("memory after {}", time(scale.lived / 8)), "MiB", eighth.mib),
        row(&format!("orders kept after {}", time(scale.lived / 8)), "", eighth.orders as f64),
        row(&format!("memory after {after}"), "MiB", whole.mib).target(Target::Most(150.0)),
        row(&format!("memory after {after}, beside {middle}"), "MiB", whole.mib)
            .beside(Beside::Other, Some(half.mib))
            .target(super::FLAT),
        row(&format!("orders kept after {after}, beside {middle}"), "", whole.orders as f64)
            .beside(Beside::Other, Some(half.orders as f64)),
    ])
}

/// Hours, or minutes when it is less than one.
fn time(seconds: u32) -> String {
    if seconds < 3_600 { format!("{} min", seconds / 60) } else { format!("{} h", seconds / 3_600) }
}
