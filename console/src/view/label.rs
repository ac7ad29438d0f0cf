//! States as people read them: a sign, a word, a colour, always all three.

use contract::UtcMs;
use contract::event::PosState;
use contract::heartbeat::{Load, Role, RunState};
use contract::store::StoreState;
use ratatui::text::Line;

use super::pen::Look;
use crate::filter::Wrong;
pub(crate) use crate::filter::words::order_state;
use crate::state::OrderState;
use crate::state::State;
use crate::state::attention::Severity;
use crate::state::services::Instance;
pub(crate) use crate::text::said::reason;
use crate::text::{Msg, attention, phrases, said};
use crate::theme::Meaning;
use crate::update::rows;

/// A sign and a word.
pub(crate) fn signed(look: &Look, meaning: Meaning, glyph: &str, word: &str) -> Line<'static> {
    look.line(meaning, format!("{glyph} {word}"))
}

pub(crate) fn order_meaning(state: OrderState) -> Meaning {
    match state {
        OrderState::Accepted => Meaning::Text,
        OrderState::Queued => Meaning::Busy,
        OrderState::Retrying => Meaning::AlertWarn,
        OrderState::Injected | OrderState::Solved => Meaning::Good,
        OrderState::NotInjected => Meaning::AlertCritical,
    }
}

pub(crate) fn order_glyph(look: &Look, state: OrderState) -> &'static str {
    let glyphs = look.glyphs();
    match state {
        OrderState::Accepted => glyphs.idle,
        OrderState::Queued => glyphs.busy,
        OrderState::Retrying => glyphs.warn,
        OrderState::Injected | OrderState::Solved => glyphs.good,
        OrderState::NotInjected => glyphs.critical,
    }
}

pub(crate) fn order(look: &Look, state: OrderState) -> Line<'static> {
    signed(look, order_meaning(state), order_glyph(look, state), look.t(order_state(state)))
}

pub(crate) fn store_state(look: &Look, state: StoreState) -> Line<'static> {
    let glyphs = look.glyphs();
    match state {
        StoreState::Open => signed(look, Meaning::Good, glyphs.good, look.t(Msg::StoreOpen)),
        StoreState::Paused => signed(look, Meaning::AlertWarn, glyphs.warn, look.t(Msg::StorePaused)),
        StoreState::Disabled => signed(look, Meaning::Muted, glyphs.idle, look.t(Msg::StoreDisabled)),
    }
}

pub(crate) fn pos(look: &Look, state: Option<PosState>) -> Line<'static> {
    let glyphs = look.glyphs();
    match state {
        Some(PosState::Up) => signed(look, Meaning::Good, glyphs.good, look.t(Msg::PosUp)),
        Some(PosState::Down) => signed(look, Meaning::AlertCritical, glyphs.critical, look.t(Msg::PosDown)),
        Some(PosState::Unknown) | None => look.unknown(),
    }
}

/// What an instance is doing, with its role where it has one: standing by is not working.
pub(crate) fn duty(look: &Look, of: &Instance) -> Line<'static> {
    let sound = !of.is_stopped(look.now) && !look.is_silent(of);
    match &of.heartbeat.load {
        Load::Distribuidor(load) if sound && of.heartbeat.state == RunState::Running => match load.role {
            Role::Active => signed(look, Meaning::Good, look.glyphs().good, look.t(Msg::RoleActive)),
            Role::Standby => signed(look, Meaning::Muted, look.glyphs().idle, look.t(Msg::RoleStandby)),
        },
        _ => instance(look, of),
    }
}

/// What an instance is doing, silence and an intended stop included.
pub(crate) fn instance(look: &Look, instance: &Instance) -> Line<'static> {
    let glyphs = look.glyphs();
    if instance.is_stopped(look.now) {
        return signed(look, Meaning::Muted, glyphs.idle, look.t(Msg::RunStopped));
    }
    if look.is_silent(instance) {
        return signed(look, Meaning::AlertCritical, glyphs.critical, look.t(Msg::RunSilent));
    }
    run_state(look, instance.heartbeat.state)
}

pub(crate) fn run_msg(state: RunState) -> Msg {
    match state {
        RunState::Running => Msg::RunRunning,
        RunState::Paused => Msg::RunPaused,
        RunState::Draining => Msg::RunDraining,
        RunState::Stopping => Msg::RunStopping,
        RunState::Unknown => Msg::RunUnknown,
    }
}

pub(crate) fn run_state(look: &Look, state: RunState) -> Line<'static> {
    let glyphs = look.glyphs();
    let (meaning, glyph) = match state {
        RunState::Running => (Meaning::Good, glyphs.good),
        RunState::Paused | RunState::Draining | RunState::Stopping => (Meaning::AlertWarn, glyphs.warn),
        RunState::Unknown => (Meaning::Muted, glyphs.unknown),
    };
    signed(look, meaning, glyph, look.t(run_msg(state)))
}

/// Active or standby; nothing for services that have no such role.
pub(crate) fn role(look: &Look, load: &Load) -> Line<'static> {
    match load {
        Load::Distribuidor(load) if load.role == Role::Active => look.line(Meaning::Good, look.t(Msg::RoleActive)),
        Load::Distribuidor(_) => look.line(Meaning::Muted, look.t(Msg::RoleStandby)),
        Load::Api(_) | Load::Resolver(_) => Line::default(),
    }
}

pub(crate) fn severity(look: &Look, severity: Severity) -> Line<'static> {
    let glyphs = look.glyphs();
    match severity {
        Severity::Critical => signed(look, Meaning::AlertCritical, glyphs.critical, look.t(Msg::Critical)),
        Severity::Warning => signed(look, Meaning::AlertWarn, glyphs.warn, look.t(Msg::Warning)),
    }
}

/// When the head of a queue is tried next: `int. 4 en 18s`, due, or under way. While its POS is down what comes next
/// is a probe, which is none of the order's attempts: `sondeo en 18s`.
pub(crate) fn next_attempt(look: &Look, attempts: u32, next_at: Option<UtcMs>, pos_down: bool) -> Line<'static> {
    let (meaning, text) = attention::next_attempt(look.lang, look.now, attempts, next_at, pos_down);
    look.line(meaning, text)
}

/// The fault of a payload in words; a code that is not known stays as it is.
pub(crate) fn fault(look: &Look, code: &str) -> String {
    said::fault(code).map_or_else(|| code.to_owned(), |msg| look.t(msg).to_owned())
}

/// What is wrong with a filter.
pub(crate) fn wrong(look: &Look, state: &State, wrong: &Wrong) -> String {
    let said = match wrong {
        Wrong::NoField(name) => {
            let fields: Vec<&str> = rows::fields(state.screen).iter().map(|field| field.name(look.lang)).collect();
            return phrases::no_field(look.lang, name, fields.join(" "));
        }
        Wrong::NoValue => Msg::FilterNoValue,
        Wrong::NotNumber => Msg::FilterNotNumber,
        Wrong::NotTime => Msg::FilterNotTime,
        Wrong::NotSized => Msg::FilterNotSized,
        Wrong::BadPattern => Msg::FilterBadPattern,
        Wrong::Unclosed => Msg::FilterUnclosed,
    };
    look.t(said).to_owned()
}
