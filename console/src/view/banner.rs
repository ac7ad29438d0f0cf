//! One line across the screen when what is shown is not the present: no connection, or the streams still being read.

use ratatui::layout::Rect;

use super::fit::Align;
use super::pen::{Look, Pen};
use super::when;
use crate::event::{Outage, Part};
use crate::state::link::PartState;
use crate::state::{Link, State};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

/// Why there is no connection, in words.
fn outage<'a>(look: &Look, why: &'a Outage) -> &'a str {
    match why {
        Outage::Closed => look.t(Msg::OutageClosed),
        Outage::Silent => look.t(Msg::OutageSilent),
        Outage::Refused(why) => why,
    }
}

/// Draws the banner if there is something to say; tells whether it did.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) -> bool {
    let look = pen.look;
    let glyphs = look.glyphs();
    let (meaning, text) = match &state.link {
        Link::Lost { since, why } => {
            let away = when::age(look.now.since(*since));
            let data = when::age(look.stale_ms.unwrap_or_default());
            (
                Meaning::Banner,
                format!(" {} {}", glyphs.warn, phrases::lost_for(look.lang, away, data, outage(look, why))),
            )
        }
        Link::Connecting { since, last_failure } => {
            let mut text = format!(" {} {}", glyphs.busy, phrases::connecting_for(look.lang, look.age(*since)));
            if let Some(why) = last_failure {
                text = format!("{text}: {why}");
            }
            (if last_failure.is_some() { Meaning::Banner } else { Meaning::Busy }, text)
        }
        Link::Up { .. } if !state.reading.ready => {
            (Meaning::Busy, format!(" {} {}", glyphs.busy, progress(look, state)))
        }
        Link::Up { .. } => return false,
    };
    if meaning == Meaning::Banner {
        pen.paint(area, Meaning::Banner);
    }
    pen.line(area.x, area.y, area.width, look.line(meaning, text), Align::Left);
    if meaning == Meaning::Banner {
        pen.paint(area, Meaning::Banner);
    }
    true
}

const fn part(part: Part) -> Msg {
    match part {
        Part::Stores => Msg::PartStores,
        Part::Orders => Msg::PartOrders,
        Part::Outcomes => Msg::PartOutcomes,
        Part::Queues => Msg::PartQueues,
        Part::Events => Msg::PartEvents,
        Part::Invalid => Msg::PartInvalid,
    }
}

/// `leyendo 3/6: locales 40/40, pedidos 120/480 ...`
fn progress(look: &Look, state: &State) -> String {
    let done = state.reading.parts.values().filter(|part| **part == PartState::Done).count();
    let details: Vec<String> = state
        .reading
        .parts
        .iter()
        .filter_map(|(which, now_is)| {
            let name = look.t(part(*which));
            match now_is {
                PartState::Waiting | PartState::Done => None,
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
