//! Playing the past again, beside the live state: beginning, the clock, keys, and going back.
//!
//! The live state takes in everything meanwhile; keys go to the replayed one. Nothing that a replayed state asks for
//! changes the world: of its effects only reading passes.

use contract::UtcMs;
use jiff::tz::TimeZone;

use super::input;
use super::moment::{self, Side};
use crate::action::Action;
use crate::effect::Effect;
use crate::event::{Answer, Around, Event, Fact, History, Meter, Part, Trouble};
use crate::filter;
use crate::state::attention::{Item, Severity};
use crate::state::replay::{
    Cursor, DAYS_MAX, PLAYED_MAX, Past, Playing, Replay, STREAMS, Speed, Stretch, WAITING_LOW, Wish,
};
use crate::state::{Refusal, State, Times};

/// Begins a replay from a time as a person writes it.
pub(super) fn begin(state: &mut State, text: &str) -> Result<Vec<Effect>, Refusal> {
    let zone = if state.times == Times::Utc { TimeZone::UTC } else { state.zone.clone() };
    if state.is_recorded() {
        return Err(Refusal::Recorded);
    }
    if !state.link.is_up() {
        return Err(Refusal::NotConnected);
    }
    if let Some(playing) = &mut state.playing {
        // A person means times by the clock on the wall, not by the one of the replay.
        let from = parse(text, playing.present, &zone).ok_or(Refusal::ReplayTime)?;
        playing.wish = Some(Wish::From(from));
        return Ok(Vec::new());
    }
    let from = parse(text, state.now, &zone).ok_or(Refusal::ReplayTime)?;
    start(state, from);
    Ok(ask(state))
}

/// Wishes for the present.
pub(super) fn leave(state: &mut State) -> Result<Vec<Effect>, Refusal> {
    if state.is_recorded() {
        return Err(Refusal::Recorded);
    }
    let playing = state.playing.as_mut().ok_or(Refusal::NotReplaying)?;
    playing.wish = Some(Wish::Live);
    Ok(Vec::new())
}

/// `18:30` (the last time it was that late), `2026-11-24T18:30`, the same with a zone's offset, or `-1h30m`. Nothing
/// that is still to come, and nothing that no stream keeps any more.
pub(crate) fn parse(text: &str, now: UtcMs, zone: &TimeZone) -> Option<UtcMs> {
    let from = if let Some(ago) = text.strip_prefix('-') {
        now.plus_millis(-filter::millis(ago)?)
    } else if let Ok(at) = text.parse::<jiff::Timestamp>() {
        UtcMs::from(at)
    } else {
        moment::parse(text, now, zone, Side::Past)?
    };
    let ago_ms = now.since(from);
    (ago_ms > 0 && ago_ms <= DAYS_MAX * 86_400_000).then_some(from)
}

fn start(live: &mut State, from: UtcMs) {
    let until = live.now;
    let mut shown = State::new(from, live.lang, live.seed);
    (shown.width, shown.height, shown.times, shown.screen) = (live.width, live.height, live.times, live.screen);
    (shown.zone, shown.settings, shown.ground) = (live.zone.clone(), live.settings.clone(), live.ground);
    shown.mouse = live.mouse;
    (shown.reading.ready, shown.reading.since) = (true, Some(from));
    shown.playing = Some(Playing {
        past: Past::Streams,
        from,
        until,
        known_to: from,
        speed: Speed::default(),
        paused: false,
        failed: None,
        wish: None,
        present: until,
        urgent: 0,
        under_way: 0,
    });
    live.replays += 1;
    live.replay = Some(Box::new(Replay {
        number: live.replays,
        shown,
        waiting: std::collections::VecDeque::new(),
        rest: Some(Cursor { from, until, next: [None; STREAMS.len()] }),
        asked: false,
        ticked_at: until,
    }));
    inform(live);
}

/// Tells the replayed state what a person must know of the present while looking at the past: the connection and what
/// it lets us do, what is urgent, the saved views. Notices go with the person, and stay as long as they would have.
pub(super) fn inform(live: &mut State) {
    let Some(replay) = &mut live.replay else { return };
    let shown = &mut replay.shown;
    tell(&mut shown.link, &live.link);
    tell(&mut shown.access, &live.access);
    tell(&mut shown.views, &live.views);
    if let Some(playing) = &mut shown.playing {
        let urgent = |item: &&Item| item.severity == Severity::Critical && !item.acknowledged;
        (playing.present, playing.urgent) = (live.now, live.attention.iter().filter(urgent).count());
        playing.under_way = live.jobs.open();
    }
    for posted in std::mem::take(&mut live.notices).shown.iter() {
        shown.notices.shown.push(posted.clone());
    }
    shown.notices.expire(live.now);
}

/// Copies what is not the same already.
fn tell<T: Clone + PartialEq>(shown: &mut T, live: &T) {
    if shown != live {
        shown.clone_from(live);
    }
}

/// Reads the next stretch when few facts wait.
fn ask(live: &mut State) -> Vec<Effect> {
    let Some(replay) = &mut live.replay else { return Vec::new() };
    let failed = replay.shown.playing.as_ref().is_none_or(|playing| playing.failed.is_some());
    if replay.asked || failed || replay.waiting.len() >= WAITING_LOW {
        return Vec::new();
    }
    let Some(cursor) = replay.rest.clone() else { return Vec::new() };
    replay.asked = true;
    vec![Effect::ReadReplay { number: replay.number, cursor }]
}

/// Gives an event to the replayed state if it is meant for what is shown; `None` when it is not.
pub(super) fn route(live: &mut State, event: &Event) -> Option<Vec<Effect>> {
    let replay = live.replay.as_mut()?;
    match event {
        Event::Action(_)
        | Event::Edit(_)
        | Event::Begun(_)
        | Event::Pointed(_)
        | Event::SwitchFailed { .. }
        | Event::Drawn { .. }
        | Event::Answer(Answer::Payload { .. } | Answer::Copied { .. } | Answer::Dumped(_))
        | Event::Resized { .. } => {}
        _ => return None,
    }
    let mut effects = harmless(&mut replay.shown, live.now, event.clone());
    // Both have a size.
    if let Event::Resized { width, height } = event {
        (live.width, live.height) = (*width, *height);
    }
    effects.extend(granted(live));
    Some(effects)
}

/// What an event does to a replayed state at `present`, and what of it may be done outside.
fn harmless(shown: &mut State, present: UtcMs, event: Event) -> Vec<Effect> {
    let effects = super::update(shown, event);
    if effects.iter().any(|effect| matches!(effect, Effect::Intend(_) | Effect::EditPayload(_))) {
        input::refuse(shown, Refusal::Replaying);
    }
    say_at(shown, present);
    let allowed = |effect: &Effect| {
        matches!(
            effect,
            Effect::FetchPayload(_)
                | Effect::Quit
                | Effect::Copy(_)
                | Effect::CopyDetail
                | Effect::Dump
                | Effect::SaveView(_)
                | Effect::Switch(_)
        )
    };
    effects.into_iter().filter(allowed).collect()
}

/// What was said just now was said by the clock of the past, which may stand still or run: people read by the other.
fn say_at(shown: &mut State, present: UtcMs) {
    for posted in shown.notices.shown.iter_mut().filter(|posted| posted.at == shown.now) {
        let stays_ms = posted.until.since(posted.at);
        (posted.at, posted.until) = (present, present.plus_millis(stays_ms));
    }
}

/// What of `effects` may be done outside while a recording is shown: there is no bus behind it.
pub(super) fn of_recording(state: &mut State, effects: Vec<Effect>) -> Vec<Effect> {
    let mut allowed = Vec::new();
    for effect in effects {
        match effect {
            Effect::Quit | Effect::Copy(_) | Effect::CopyDetail | Effect::Dump | Effect::SaveView(_) => {
                allowed.push(effect);
            }
            Effect::FetchPayload(order) => {
                let missing = Answer::Payload { order, payload: Err(Trouble::NotRecorded) };
                let _ = super::take(state, Event::Answer(missing));
            }
            Effect::Intend(_) | Effect::EditPayload(_) | Effect::Run { .. } | Effect::Unlock(_) => {
                input::refuse(state, Refusal::Replaying);
            }
            Effect::Switch(_) => input::refuse(state, Refusal::Recorded),
            _ => {}
        }
    }
    if let Some(present) = state.playing.as_ref().map(|playing| playing.present) {
        say_at(state, present);
    }
    allowed
}

/// Something happened around the recording that is shown.
pub(super) fn around(state: &mut State, around: Around) {
    let Some(playing) = &mut state.playing else { return };
    match around {
        Around::Present(now) => {
            playing.present = now;
            state.notices.expire(now);
        }
        Around::Ended(fault) => playing.failed = Some(Trouble::Recording(fault)),
    }
}

/// Does what was wished for in the replayed state.
fn granted(live: &mut State) -> Vec<Effect> {
    let Some(replay) = &mut live.replay else { return Vec::new() };
    let wish = replay.shown.playing.as_mut().and_then(|playing| playing.wish.take());
    live.leaving |= replay.shown.leaving;
    if wish.is_some() {
        let shown = &mut replay.shown;
        (live.lang, live.times, live.ground) = (shown.lang, shown.times, shown.ground);
        live.mouse = shown.mouse;
        live.notices = std::mem::take(&mut shown.notices);
        live.replay = None;
    }
    match wish {
        Some(Wish::From(from)) => start(live, from),
        // What is shown now was not refilled meanwhile.
        Some(Wish::Live) => super::rows::follow(live),
        None => {}
    }
    ask(live)
}

/// An action that only a replayed state knows.
pub(super) fn action(state: &mut State, action: Action) {
    let Some(playing) = &mut state.playing else { return };
    match action {
        Action::PlayPause => {
            playing.paused = !playing.paused;
            // What is wrong with a recording stays wrong.
            if playing.past == Past::Streams {
                playing.failed = None;
            }
        }
        Action::Faster => playing.speed = playing.speed.faster(),
        Action::Slower => playing.speed = playing.speed.slower(),
        Action::Live if playing.past == Past::Streams => playing.wish = Some(Wish::Live),
        _ => {}
    }
}

/// Takes a stretch, or why there is none.
pub(super) fn read(live: &mut State, number: u64, read: Result<Stretch, Trouble>) {
    let Some(replay) = live.replay.as_mut().filter(|replay| replay.number == number) else { return };
    replay.asked = false;
    let Some(playing) = &mut replay.shown.playing else { return };
    match read {
        Ok(stretch) => {
            playing.known_to = stretch.known_to;
            replay.rest = stretch.rest;
            replay.waiting.extend(stretch.facts);
            if !stretch.catalogue.is_empty() {
                let total = u64::try_from(stretch.catalogue.len()).unwrap_or(u64::MAX);
                let read = History::Read { part: Part::Stores, facts: stretch.catalogue, done: total, total };
                let _ = harmless(&mut replay.shown, live.now, Event::History(read));
            }
        }
        Err(why) => {
            playing.failed = Some(why);
            playing.paused = true;
        }
    }
}

/// Moves the replay's clock by what has passed of the present, and plays what happened meanwhile.
pub(super) fn tick(live: &mut State) -> Vec<Effect> {
    let now = live.now;
    let Some(replay) = &mut live.replay else { return Vec::new() };
    let passed_ms = now.since(replay.ticked_at).max(0);
    replay.ticked_at = now;
    let (clock, facts) = due(replay, passed_ms);
    let mut effects = Vec::new();
    if clock > replay.shown.now {
        effects.extend(harmless(&mut replay.shown, now, Event::Tick(clock)));
    }
    if !facts.is_empty() {
        effects.extend(harmless(&mut replay.shown, now, Event::Live { facts, meter: Meter::default() }));
    }
    effects.extend(ask(live));
    effects
}

/// Where the clock goes, and what has happened by then. It never passes what was read, nor a fact that had no room.
fn due(replay: &mut Replay, passed_ms: i64) -> (UtcMs, Vec<Fact>) {
    let before = replay.shown.now;
    let Some(playing) = replay.shown.playing.as_ref().filter(|playing| !playing.paused) else {
        return (before, Vec::new());
    };
    let wanted = playing.speed.times().map(|times| before.plus_millis(passed_ms.saturating_mul(times)));
    let mut clock = wanted.map_or(playing.known_to, |wanted| wanted.min(playing.known_to));
    let mut facts = Vec::new();
    while let Some((at, _)) = replay.waiting.front() {
        if *at > clock {
            break;
        }
        if facts.len() >= PLAYED_MAX {
            clock = *at;
            break;
        }
        facts.extend(replay.waiting.pop_front().map(|(_, fact)| fact));
    }
    (clock.max(before), facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMs {
        UtcMs::from(text.parse::<jiff::Timestamp>().unwrap())
    }

    #[test]
    fn times_are_read_as_people_write_them_and_lie_in_the_past() {
        let zone = TimeZone::get("America/Guayaquil").unwrap();
        // 19:05:30 there.
        let now = at("2026-11-25T00:05:30Z");
        for (text, from) in [
            ("18:30", Some("2026-11-24T23:30:00Z")),
            ("18:30:15", Some("2026-11-24T23:30:15Z")),
            ("19:30", Some("2026-11-24T00:30:00Z")),
            ("2026-11-24T18:30", Some("2026-11-24T23:30:00Z")),
            ("2026-11-24 18:30", Some("2026-11-24T23:30:00Z")),
            ("2026-11-24T18:30Z", Some("2026-11-24T18:30:00Z")),
            ("2026-11-24T18:30-03:00", Some("2026-11-24T21:30:00Z")),
            ("-2h", Some("2026-11-24T22:05:30Z")),
            ("-1h30m", Some("2026-11-24T22:35:30Z")),
            ("-32d", None),
            ("2026-11-25T18:30", None),
            ("2h", None),
            ("25:00", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(parse(text, now, &zone), from.map(at), "{text}");
        }
    }
}
