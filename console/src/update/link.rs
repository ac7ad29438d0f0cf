//! The connection comes and goes; the streams are read at start and after each return.

use contract::UtcMs;

use crate::effect::Effect;
use crate::event::{History, LinkChange, Outage};
use crate::state::access::{DENIALS_MAX, Denied, Tried};
use crate::state::link::{Gap, PartState};
use crate::state::log::Happened;
use crate::state::{Link, Notice, State, Tone};

pub(super) fn change(state: &mut State, change: LinkChange) {
    match change {
        LinkChange::Connected { at, server, version, address } => {
            if let Link::Lost { since, .. } = state.link {
                state.traffic.gaps.push(Gap { from: since, to: at });
                super::wire::back(state, at.since(since).max(0));
                state.log.take(at, Happened::LinkBack(at.since(since).max(0)));
                state.notices.post(state.now, Tone::Good, Notice::Back { away_ms: at.since(since).max(0) });
            }
            state.hearing_since = at.max(state.now);
            // Another server may know us otherwise.
            state.access.identity = None;
            state.counted.restart();
            state.link = Link::Up { since: at, server, version, address };
        }
        LinkChange::Lost { at, why } => {
            if state.link.is_up() {
                // Stale since the first loss: a link that flaps before everything is read again does not refresh it.
                state.stale_since = Some(state.stale_since.unwrap_or(at));
                state.link = Link::Lost { since: at, why };
                state.log.take(at, Happened::LinkLost);
            }
        }
        LinkChange::Refused { why: failure } => match &mut state.link {
            Link::Connecting { last_failure, .. } => *last_failure = Some(failure),
            Link::Lost { why, .. } => *why = Outage::Refused(failure),
            Link::Up { .. } => {}
        },
        LinkChange::Denied { at, all } => denied(state, at, all),
        LinkChange::Known { tls, identity } => {
            state.access.tls = Some(tls);
            state.access.identity = identity;
        }
    }
}

/// Takes what the server denied. What concerns the data stands where the data would be; only the rest, what a person
/// just tried, is told in passing.
fn denied(state: &mut State, at: UtcMs, all: Vec<(Tried, String)>) {
    let known = std::mem::take(&mut state.access.denied);
    for (tried, subject) in all.into_iter().take(DENIALS_MAX) {
        let before = known.iter().find(|denied| denied.tried == tried && denied.subject == subject);
        if before.is_none() && tried == Tried::Publishing && !subject.starts_with('$') {
            state.notices.post(state.now, Tone::Bad, Notice::Denied(subject.clone()));
        }
        let at = before.map_or(at, |before| before.at);
        state.access.denied.push(Denied { at, tried, subject });
    }
}

pub(super) fn history(state: &mut State, step: History) -> Vec<Effect> {
    match step {
        History::Began => {
            state.reading.ready = false;
            for part in state.reading.parts.values_mut() {
                *part = PartState::Waiting;
            }
            Vec::new()
        }
        History::Read { part, facts, done, total } => {
            let now_is = if done >= total { PartState::Done } else { PartState::Reading { done, total } };
            state.reading.parts.insert(part, now_is);
            super::facts::take(state, facts, super::facts::Source::History)
        }
        History::Denied { part } => {
            state.reading.parts.insert(part, PartState::Denied);
            Vec::new()
        }
        History::Failed { part, why } => {
            state.reading.parts.insert(part, PartState::Failed(why));
            Vec::new()
        }
        History::Ready { since } => {
            state.reading.ready = true;
            state.reading.times += 1;
            state.reading.since = since;
            if state.stale_since.take().is_some() {
                state.hearing_since = state.now;
            }
            Vec::new()
        }
    }
}
