//! How soon the console shows a key through SSH on a bad line.

use std::time::Duration;

use super::Measured;
use super::wire::REACHED;
use crate::figures::percentile;
use crate::line::Shape;
use crate::part::Part;
use crate::report::{Beside, Row, Target};
use crate::settings::Scale;
use crate::shaped::{self, LOADS, Seen, Shaped, Told};

/// How long everything may take.
const LIMIT: Duration = Duration::from_mins(15);

/// How long a key may take to the screen besides the line's own round trip.
const KEY: Duration = Duration::from_secs(1);

/// Measures it.
pub(super) async fn measure(scale: &Scale) -> anyhow::Result<Measured> {
    let unable = |why| Ok(Measured { rows: Vec::new(), left_out: Some(why) });
    let apart = match shaped::apart().await {
        Ok(apart) => apart,
        Err(why) => return unable(why),
    };
    let apart: Vec<&str> = apart.iter().map(String::as_str).collect();
    let args = ["shaped", &scale.keys.to_string(), &scale.load.as_secs().to_string()];
    let mut far = Part::start_by(&apart, "nats://127.0.0.1:9", &args).await?;
    far.begin().await?;
    let told: Told = far.line(LIMIT).await?;
    far.end().await?;
    match told {
        Told::Unable(why) => unable(why),
        Told::Failed(why) => anyhow::bail!(why),
        Told::Measured(shaped) => Ok(rows(&shaped).into()),
    }
}

fn rows(shaped: &Shaped) -> Vec<Row> {
    let limit = |percent| percentile(&shaped.echo, percent);
    let mut rows = Vec::new();
    for (load, seen) in LOADS.into_iter().zip(&shaped.seen) {
        let what = |what: &str| format!("{load} messages/s, SSH on a bad line: {what}");
        let count = seen.keys.len();
        let known = known(load, seen);
        let key = |percent| known.and_then(|seen| percentile(&seen.keys, percent));
        let soon = (KEY + Shape::BAD.round_trip()).as_secs_f64() * 1_000.0;
        let soon = if load == 100 { Target::Most(soon) } else { Target::None };
        rows.push(Row::new(what("published"), "1/s", Some(seen.published)));
        rows.push(Row::new(what("over the line to the terminal"), "KiB/s", known.map(|seen| seen.rate / 1_024.0)));
        rows.push(
            Row::new(what(&format!("key to screen, p50 of {count}")), "ms", key(50)).beside(Beside::Limit, limit(50)),
        );
        rows.push(
            Row::new(what(&format!("key to screen, p99 of {count}")), "ms", key(99))
                .beside(Beside::Limit, limit(99))
                .target(soon),
        );
    }
    rows.push(
        Row::new("messages lost behind a bad line, by the console's own account", "", shaped.lost)
            .target(Target::Exactly(0.0)),
    );
    rows
}

/// What was seen, if the load was there: else nothing is known.
fn known(load: u32, seen: &Seen) -> Option<&Seen> {
    (seen.published >= f64::from(load) * REACHED).then_some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_a_load_that_was_not_there_only_what_was_published_is_known() {
        let seen = |published| Seen { published, rate: 2_048.0, keys: vec![400.0; 3] };
        let shaped = Shaped { echo: vec![300.0; 3], seen: vec![seen(99.0), seen(9_400.0)], lost: Some(0.0) };
        let ours: Vec<Option<f64>> = rows(&shaped).iter().map(|row| row.ours).collect();
        let known = [Some(99.0), Some(2.0), Some(400.0), Some(400.0)];
        assert_eq!(ours, [&known[..], &[Some(9_400.0), None, None, None], &[Some(0.0)]].concat());
    }
}
