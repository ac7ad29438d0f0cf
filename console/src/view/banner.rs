//! One line across the screen when what is shown is not the present: no connection, or the streams still being read.

use ratatui::layout::Rect;

use super::denied;
use super::fit::{self, Align};
use super::pen::{Look, Pen};
use super::when;
use crate::event::{Outage, Part};
use crate::state::link::PartState;
use crate::state::{Link, State};
use crate::text::{Msg, phrases, said};
use crate::theme::Meaning;

/// Why there is no connection, in words, and the client's own sentence if there is one behind them.
fn outage<'a>(look: &Look, why: &'a Outage) -> (&'a str, Option<&'a str>) {
    match why {
        Outage::Closed => (look.t(Msg::OutageClosed), None),
        Outage::Silent => (look.t(Msg::OutageSilent), None),
        Outage::Refused(sentence) => refused(look, sentence),
    }
}

/// The client's sentence in words, and itself behind them; alone when there are no words for it.
fn refused<'a>(look: &Look, sentence: &'a str) -> (&'a str, Option<&'a str>) {
    match said::outage(sentence) {
        Some(msg) => (look.t(msg), Some(sentence)),
        None => (sentence, None),
    }
}

/// `text` with the client's `sentence` behind it where both fit into `columns`.
fn with_sentence(look: &Look, text: String, sentence: Option<&str>, columns: u16) -> String {
    let both = sentence.map(|sentence| format!("{text} {} {sentence}", look.glyphs().unknown));
    both.filter(|both| fit::width(both) <= usize::from(columns)).unwrap_or(text)
}

/// Draws the banner if there is something to say; tells whether it did.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) -> bool {
    let look = pen.look;
    let glyphs = look.glyphs();
    // Rows that are held stay held whatever else there is to say.
    let frozen = state.frozen.map_or_else(String::new, |frozen| {
        let count = when::count(state.orders.ever().saturating_sub(frozen.known));
        format!(" {} {}", glyphs.busy, phrases::frozen(look.lang, look.age(frozen.since), count))
    });
    let columns = area.width.saturating_sub(u16::try_from(fit::width(&frozen)).unwrap_or(u16::MAX));
    let (meaning, text) = match &state.link {
        _ if state.playing.is_some() => (Meaning::Banner, replaying(look, state, columns)),
        Link::Lost { since, why } => {
            let away = when::age(look.now.since(*since));
            let data = when::age(look.stale_ms.unwrap_or_default());
            let (why, sentence) = outage(look, why);
            let text = format!(" {} {}", glyphs.warn, phrases::lost_for(look.lang, away, data, why));
            (Meaning::Banner, with_sentence(look, text, sentence, columns))
        }
        Link::Connecting { since, last_failure } => {
            let mut text = format!(" {} {}", glyphs.busy, phrases::connecting_for(look.lang, look.age(*since)));
            if let Some(why) = last_failure {
                let (why, sentence) = refused(look, why);
                text = with_sentence(look, format!("{text}: {why}"), sentence, columns);
            }
            (if last_failure.is_some() { Meaning::Banner } else { Meaning::Busy }, text)
        }
        Link::Up { .. } if !state.reading.ready => {
            (Meaning::Busy, format!(" {} {}", glyphs.busy, progress(look, state)))
        }
        Link::Up { .. } => match denied::sentence(look, state) {
            None if frozen.is_empty() => return false,
            None => (Meaning::Busy, String::new()),
            Some(denied) => (Meaning::AlertWarn, format!(" {} {denied}", glyphs.warn)),
        },
    };
    // A list of what is denied may be longer than the line: what is held is told before it.
    let text = if meaning == Meaning::AlertWarn { frozen + &text } else { text + &frozen };
    if meaning == Meaning::Banner {
        pen.paint(area, Meaning::Banner);
    }
    pen.line(area.x, area.y, area.width, look.line(meaning, text), Align::Left);
    if meaning == Meaning::Banner {
        pen.paint(area, Meaning::Banner);
    }
    true
}

/// What is amiss in the present while the past is shown: `sin conexión ✖2`; nothing when nothing is.
fn present(look: &Look, state: &State, urgent: usize) -> String {
    let link = match &state.link {
        Link::Up { .. } => None,
        Link::Connecting { .. } => Some(look.t(Msg::LinkConnecting).to_owned()),
        Link::Lost { .. } => Some(look.t(Msg::LinkLost).to_owned()),
    };
    let urgent = (urgent > 0).then(|| format!("{}{}", look.glyphs().critical, when::count(urgent as u64)));
    link.into_iter().chain(urgent).collect::<Vec<_>>().join(" ")
}

/// `REPETICIÓN desde 18:30:00 hasta 19:05:00 · 10x`, what is amiss in the present, and what stands in the way of
/// more; up to when the past is read only where that fits into `columns`.
fn replaying(look: &Look, state: &State, columns: u16) -> String {
    let Some(playing) = &state.playing else { return String::new() };
    let clock = |at| when::clock(at, &look.zone);
    let speed = match playing.speed.times() {
        _ if playing.is_over(state.now) => look.t(Msg::ReplayOver).to_owned(),
        _ if playing.paused => look.t(Msg::ReplayPaused).to_owned(),
        Some(times) => format!("{times}x"),
        None => look.t(Msg::ReplayMost).to_owned(),
    };
    let mut text = format!(
        " {} {}",
        look.glyphs().warn,
        phrases::replaying(look.lang, when::date(playing.from, &look.zone), clock(playing.until), speed)
    );
    let now = present(look, state, playing.urgent);
    if !now.is_empty() {
        let now = if state.is_recorded() { now } else { phrases::replay_now(look.lang, now) };
        text = format!("{text} {} {now}", look.glyphs().dot);
    }
    if let Some(why) = &playing.failed {
        text = format!("{text} {} {}", look.glyphs().dot, why.text(look.lang));
    } else if playing.known_to < playing.until {
        let read = phrases::replay_read(look.lang, clock(playing.known_to));
        let both = format!("{text} {} {read}", look.glyphs().dot);
        text = if fit::width(&both) <= usize::from(columns) { both } else { text };
    }
    text
}

const fn part(part: Part) -> Msg {
    match part {
        Part::Stores => Msg::PartStores,
        Part::Orders => Msg::PartOrders,
        Part::Outcomes => Msg::PartOutcomes,
        Part::Queues => Msg::PartQueues,
        Part::Events => Msg::PartEvents,
        Part::Invalid => Msg::PartInvalid,
        Part::Audit => Msg::PartAudit,
    }
}

/// `leyendo el bus, 3/6: pedidos 120/480, ...`; parts that wait or are done are not named.
fn progress(look: &Look, state: &State) -> String {
    let done = state.reading.parts.values().filter(|part| matches!(part, PartState::Done | PartState::Denied)).count();
    let details: Vec<String> = state
        .reading
        .parts
        .iter()
        .filter_map(|(which, now_is)| {
            let name = look.t(part(*which));
            match now_is {
                PartState::Waiting | PartState::Done | PartState::Denied => None,
                PartState::Reading { done, total } => {
                    Some(format!("{name} {}/{}", when::count(*done), when::count(*total)))
                }
                PartState::Failed(why) => Some(phrases::part_failed(look.lang, name, why)),
            }
        })
        .collect();
    let head = phrases::reading(look.lang, done, state.reading.parts.len());
    if details.is_empty() { head } else { format!("{head}: {}", details.join(", ")) }
}
