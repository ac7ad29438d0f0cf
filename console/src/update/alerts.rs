//! From the list of what needs a person to the chat group: what is new there becomes an entry in the words of the overview.

use crate::alerts::{AWAY_MS, Matter};
use crate::effect::Effect;
use crate::state::attention::Severity;
use crate::state::attention::handled::News;
use crate::state::settings::AlertsFrom;
use crate::state::{Notice, State, Tone};
use crate::text::{attention, phrases};
use crate::view::when;

/// The alert that is to be sent now, if there is one; asked once a tick.
pub(super) fn due(state: &mut State) -> Option<Effect> {
    let news = state.handled.news();
    let settings = state.settings.alerts;
    if settings.from == AlertsFrom::Nobody || state.playing.is_some() {
        return None;
    }
    if !news.is_empty() {
        take(state, news);
    }
    if settings.from == AlertsFrom::Watch {
        bus(state);
    }
    let place = state.access.context.clone().unwrap_or_default();
    state.alerts.due(state.now, &place, settings.min_interval).map(Effect::Alert)
}

fn take(state: &mut State, news: Vec<News>) {
    let warnings = state.settings.alerts.warnings;
    for news in news {
        match news {
            News::Over(subject) => state.alerts.over(&Matter::Item(subject)),
            News::New(subject) => {
                let Some(item) = state.attention.iter().find(|item| item.subject == subject) else { continue };
                let severity = item.severity;
                let about = attention::subject(state.lang, state, &item.subject);
                let text = format!("{about}: {}", attention::sentence(state.lang, state, item));
                if severity == Severity::Critical || warnings {
                    state.alerts.begin(Matter::Item(subject), severity, text);
                }
            }
        }
    }
}

/// The bus itself: while it is away nothing else is known.
fn bus(state: &mut State) {
    let away_ms = state.now.since(state.link.since());
    let known = state.alerts.knows(&Matter::Bus);
    if state.link.is_up() {
        state.alerts.over(&Matter::Bus);
    } else if away_ms >= AWAY_MS && !known {
        let text = phrases::alert_away(state.lang, when::age(away_ms));
        state.alerts.begin(Matter::Bus, Severity::Critical, text);
    }
}

/// A message arrived, or did not.
pub(super) fn sent(state: &mut State, sent: Result<(), String>) {
    state.alerts.sent(state.now, sent.is_ok());
    if let Err(why) = sent {
        state.notices.post(state.now, Tone::Bad, Notice::AlertFailed(why));
    }
}
