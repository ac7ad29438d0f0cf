//! What this user may not see, said where it would be: an empty table must not look like a quiet evening.

use super::pen::Look;
use crate::event::Part;
use crate::state::{Screen, State};
use crate::text::phrases;

/// Heartbeats: of what is published, the only thing that no stream keeps.
const HEARTBEATS: &str = "domicilio.services.>";

/// What the overview is made of: of what people did it says nothing.
const OVERVIEW: [Part; 6] = [Part::Stores, Part::Orders, Part::Outcomes, Part::Queues, Part::Events, Part::Invalid];

/// What a screen is made of.
const fn parts(screen: Screen) -> &'static [Part] {
    match screen {
        Screen::Overview => &OVERVIEW,
        Screen::Bus => &Part::ALL,
        Screen::Orders => &[Part::Orders, Part::Queues, Part::Outcomes],
        Screen::NotInjected => &[Part::Orders, Part::Outcomes],
        Screen::Queues => &[Part::Queues],
        Screen::Stores => &[Part::Stores],
        Screen::Services => &[],
        Screen::Log => &[Part::Events, Part::Invalid, Part::Audit],
    }
}

/// What of the screen's data is denied, in one sentence.
pub(super) fn sentence(look: &Look, state: &State) -> Option<String> {
    let access = &state.access;
    if let Some(inbox) = access.without_inbox() {
        return Some(phrases::denied_inbox(look.lang, inbox));
    }
    let parts = parts(state.screen);
    let beats = [HEARTBEATS.to_owned()]
        .into_iter()
        .filter(|_| matches!(state.screen, Screen::Overview | Screen::Bus | Screen::Services));
    let wanted = parts.iter().map(|part| part.live()).chain(beats);
    let mut live: Vec<&str> = wanted.filter_map(|subjects| access.deaf_to(&subjects)).collect();
    live.sort_unstable();
    live.dedup();
    let streams = parts.iter().map(|part| part.stream()).filter(|stream| access.blind_to(stream).is_some());
    let (live, streams) = (live.join(", "), streams.collect::<Vec<_>>().join(", "));
    match (live.is_empty(), streams.is_empty()) {
        (true, true) => None,
        (false, true) => Some(phrases::denied_live(look.lang, live)),
        (true, false) => Some(phrases::denied_read(look.lang, streams)),
        (false, false) => Some(phrases::denied_both(look.lang, live, streams)),
    }
}
