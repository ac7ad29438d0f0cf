//! What happens to the state when something happens outside. Pure: no I/O, no clock, no randomness.
//!
//! One file for each kind of happening: `facts` (messages), `link` (connection and reading), `input` (keys), `pointing` (the mouse),
//! `attend` (the overview's list), `palette` and `commands` (what is typed there), `plan` and `form` (preparing changes),
//! `jobs` (doing what was confirmed), `answers` (what effects came back with), `rows` and `arrange` (tables and their order), `marks`, `tree` (in a payload),
//! `seen` (the row that a key is about), `switch` (to another bus), `asked` (what filters ask of rows), `reveal` (personal data of one order, for a while).

mod alerts;
mod answers;
mod arrange;
mod asked;
mod attend;
pub(crate) mod commands;
mod facts;
mod form;
mod inject;
mod input;
pub mod jobs;
mod link;
mod marks;
mod moment;
mod palette;
pub mod plan;
mod pointing;
pub(crate) mod replay;
mod reveal;
pub(crate) mod rows;
mod seen;
mod switch;
mod tree;
mod wire;

use crate::effect::Effect;
use crate::event::{Edit, Event, Fact, Meter, Said};
use crate::sanitise;
use crate::state::attention::handled::Sight;
use crate::state::link::BEHIND_MS;
use crate::state::log::Happened;
use crate::state::settings::AlertsFrom;
use crate::state::{Notice, State, Tone, attention};

/// How long the second of two keys is waited for, in milliseconds: as long as vim does.
const SECOND_KEY_MS: i64 = 1_000;

/// Takes `event` into `state` and says what is to be done outside.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    if let Some(effects) = replay::route(state, &event) {
        return effects;
    }
    let ticks = matches!(event, Event::Tick(_));
    let mut effects = take(state, event);
    if state.is_recorded() {
        return replay::of_recording(state, effects);
    }
    effects.extend(jobs::settle(state));
    reveal::settle(state);
    replay::inform(state);
    effects.extend(wire::follow(state));
    if ticks {
        effects.extend(replay::tick(state));
    }
    effects
}

fn take(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Tick(now) => tick(state, now),
        Event::Resized { width, height } => {
            (state.width, state.height) = (width, height);
            Vec::new()
        }
        Event::Drawn { reach } => seen::drawn(state, reach),
        Event::Begun(key) => {
            state.begun = key.map(|key| (key, state.now));
            Vec::new()
        }
        Event::Action(action) => {
            state.begun = None;
            if seen::aim(state, action) { input::action(state, action) } else { Vec::new() }
        }
        // What hides or reverses can be pasted without being seen: no field takes it.
        Event::Edit(Edit::Insert(c)) if !sanitise::is_harmless(c) => Vec::new(),
        Event::Edit(edit) => {
            state.begun = None;
            state.seen_first = None;
            input::edit(state, edit)
        }
        Event::Pointed(pointed) => {
            state.begun = None;
            state.seen_first = None;
            pointing::take(state, &pointed);
            Vec::new()
        }
        Event::Unattended => {
            reveal::conceal(state);
            Vec::new()
        }
        Event::Link(change) => {
            link::change(state, change);
            Vec::new()
        }
        Event::Live { facts, meter } => {
            if behind(state, &facts, meter) {
                state.hearing_since = state.now;
            }
            state.traffic.meter = meter;
            let effects = facts::take(state, facts, facts::Source::Live);
            refresh(state);
            effects
        }
        Event::Heard(heard) => {
            wire::heard(state, heard);
            rows::follow(state);
            Vec::new()
        }
        Event::History(step) => {
            let effects = link::history(state, step);
            refresh(state);
            effects
        }
        Event::Queues(read) => {
            state.queues.read(&read);
            for head in read.depths.into_iter().filter_map(|depth| depth.head) {
                facts::queued(state, head);
            }
            refresh(state);
            Vec::new()
        }
        Event::Discovered { at, found } => {
            state.services.discover(at, found);
            Vec::new()
        }
        Event::SwitchFailed { name, why } => {
            state.notices.post(state.now, Tone::Bad, Notice::SwitchFailed { name, why });
            Vec::new()
        }
        Event::Views(read) => {
            match read {
                Ok(all) => state.views.all = all,
                Err(why) => {
                    state.notices.post(state.now, Tone::Bad, Notice::ViewsUnreadable(why.clone()));
                    state.views.fault = Some(why);
                }
            }
            Vec::new()
        }
        Event::Recording(around) => {
            replay::around(state, around);
            Vec::new()
        }
        Event::Said(said) => {
            let Said { at, level, source, text } = said;
            state.log.take(at, Happened::Said { level, source, text });
            rows::follow(state);
            Vec::new()
        }
        Event::Answer(answer) => {
            let effects = answers::take(state, answer);
            refresh(state);
            effects
        }
    }
}

/// Whether heartbeats that were sent may not have been taken in yet, or were lost.
fn behind(state: &State, facts: &[Fact], meter: Meter) -> bool {
    let late = |fact: &Fact| match fact {
        Fact::Heartbeat { received_at, .. } => state.now.since(*received_at) > BEHIND_MS,
        _ => false,
    };
    meter.lost > state.traffic.meter.lost || facts.iter().any(late)
}

/// Moves time on. Time never goes back on screen: an older tick is ignored.
fn tick(state: &mut State, now: contract::UtcMs) -> Vec<Effect> {
    if now <= state.now {
        return Vec::new();
    }
    state.now = now;
    state.traffic.sample(now);
    state.notices.expire(now);
    state.begun = state.begun.filter(|(_, at)| now.since(*at) <= SECOND_KEY_MS);
    state.services.forget_stopped(now);
    refresh(state);
    let alert = alerts::due(state);
    let bell = (state.handled.rings(now) && state.settings.attention.bell).then_some(Effect::Bell);
    if !state.link.is_up() {
        return bell.into_iter().chain(alert).collect();
    }
    let reread = (state.reading.ready && state.traffic.must_reread(now)).then_some(Effect::Reread);
    let count = state.counted.ask(now).map(|(from, to)| Effect::ReadCounters(from, to));
    bell.into_iter().chain(alert).chain(reread).chain(count).collect()
}

/// Derives what follows from the rest.
fn refresh(state: &mut State) {
    let sight = Sight {
        now: state.now,
        started_at: state.started_at,
        ready: state.reading.ready,
        // The connection is that of the present: the past is seen without one.
        tells_all: state.settings.alerts.from == AlertsFrom::Watch,
        blind: !state.is_from_streams() && (!state.link.is_up() || state.is_stale()),
    };
    let items = attention::derive(state);
    state.attention = state.handled.take(items, sight);
    attention::sort(&mut state.attention);
    marks::settle(state);
    rows::follow(state);
}
