//! `domicilio tail`: messages as they come, one line each, as the Bus screen tells them. What is missing is told as well.

use serde::Serialize;
use tokio::time::Instant;

use super::watching::{Watching, reached};
use super::{Failure, filtering, print, print_json, say, settings};
use crate::cli::{self, Common};
use crate::state::wire::Pane;
use crate::state::wire::subjects::ROOT;
use crate::state::wire::tail::{Gap, Row, What};
use crate::state::{Screen, State};
use crate::term;
use crate::text::told;
use crate::view::when;

#[derive(Serialize)]
struct Message<'a> {
    at: contract::UtcMs,
    subject: &'a str,
    bytes: u64,
    says: String,
}

/// How far the rows were told.
#[derive(Default)]
struct Told {
    /// The last row.
    id: u64,
    /// How much was missing by then, if that is what it says.
    missing: u64,
    /// Messages printed.
    messages: u64,
}

pub(super) async fn run(common: &Common, arguments: &cli::Tail) -> Result<(), Failure> {
    let subject = subject(&arguments.subject)?;
    let mut ended = std::pin::pin!(term::asked_to_end());
    let config = settings(common)?;
    let filter = arguments.filter.as_deref().unwrap_or_default();
    let look = |state: &mut State| (state.screen, state.wire.pane) = (Screen::Bus, Pane::Tail);
    // What is asked wrongly is told before anything is connected to.
    filtering::check(&config, look, filter)?;
    let mut watching = Watching::open(common, &config).await?;
    let state = &mut watching.state;
    state.wire.tail.choose(&subject);
    look(state);
    filtering::set(state, &config, filter)?;
    let until = arguments.duration.map(|time| Instant::now() + time.unsigned_abs());
    let mut told = Told::default();
    while arguments.count.is_none_or(|count| told.messages < count) {
        tokio::select! {
            biased;
            signal = &mut ended => {
                signal.map_err(|error| Failure::Failed(format!("waiting for signals: {error}")))?;
                break;
            }
            () = reached(until) => break,
            turned = watching.turn() => turned?,
        }
        tell(&watching.state, arguments, &mut told)?;
    }
    watching.close().await;
    Ok(())
}

/// The subject at and below which messages are shown, without a wildcard at its end.
fn subject(asked: &str) -> Result<String, Failure> {
    let subject = asked.strip_suffix(".>").unwrap_or(asked);
    let tokens = || subject.split('.');
    let plain = |token: &str| !token.is_empty() && !token.contains(['*', '>']) && !token.contains(char::is_whitespace);
    if tokens().all(plain) && tokens().next() == Some(ROOT) {
        return Ok(subject.to_owned());
    }
    Err(Failure::Usage(format!("the subject begins with {ROOT} and has no wildcard but .> at its end")))
}

/// Prints what has come since.
fn tell(state: &State, arguments: &cli::Tail, told: &mut Told) -> Result<(), Failure> {
    let shown = &state.wire.tail_table.rows;
    let from = told.id;
    for row in state.wire.tail.iter().filter(|row| row.id >= from) {
        match &row.what {
            What::Gap(gap) => missing(row, *gap, told),
            What::Message(_) if row.id == from => {}
            What::Message(_) => {
                told.missing = 0;
                let full = arguments.count.is_some_and(|count| told.messages >= count);
                if shown.binary_search(&row.id).is_ok() && !full {
                    told.messages += 1;
                    line(state, row, arguments.json)?;
                }
            }
        }
        told.id = row.id;
    }
    Ok(())
}

fn line(state: &State, row: &Row, json: bool) -> Result<(), Failure> {
    let What::Message(raw) = &row.what else { return Ok(()) };
    let says = told::line(state.lang, raw.fact.as_ref());
    if json {
        return print_json(&Message { at: raw.at, subject: &raw.subject, bytes: raw.bytes, says });
    }
    print(&format!("{}  {}  {says}\n", when::clock_ms(raw.at, &state.zone), raw.subject))
}

/// Says what is missing; what is missing for the same reason as just before grows in its row.
fn missing(row: &Row, gap: Gap, told: &mut Told) {
    let before = if row.id == told.id { told.missing } else { 0 };
    let (count, text) = match gap {
        Gap::Skipped(count) => (count, "messages left out, more than can be shown"),
        Gap::Lost(count) => (count, "messages lost, of any subject"),
        Gap::Away(ms) => (ms.unsigned_abs(), "milliseconds without connection, of which what passed is missing"),
        // This command looks all the time.
        Gap::Unwatched(_) => return,
    };
    if count > before {
        say(&format!("domicilio: {text}: {}", count - before));
    }
    told.missing = count;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_ours_and_whole() {
        for (asked, found) in [
            ("domicilio", Some("domicilio")),
            ("domicilio.>", Some("domicilio")),
            ("domicilio.orders.ec", Some("domicilio.orders.ec")),
            ("domicilio.orders.*", None),
            ("domicilio..orders", None),
            ("domiciliox", None),
            (">", None),
            ("", None),
        ] {
            assert_eq!(subject(asked).ok().as_deref(), found, "{asked}");
        }
    }
}
