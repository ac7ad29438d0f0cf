//! The connection comes and goes; the streams are read at start and after each return.

use crate::effect::Effect;
use crate::event::{History, LinkChange, Outage};
use crate::state::link::{Gap, PartState};
use crate::state::log::Happened;
use crate::state::{Link, Notice, State, Tone};

pub(super) fn change(state: &mut State, change: LinkChange) {
    match change {
        LinkChange::Connected { at, server, version, address } => {
            if let Link::Lost { since, .. } = state.link {
                state.traffic.gaps.push(Gap { from: since, to: at });
                state.log.take(at, Happened::LinkBack(at.since(since).max(0)));
                state.notices.post(state.now, Tone::Good, Notice::Back { away_ms: at.since(since).max(0) });
            }
            state.hearing_since = at.max(state.now);
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
        LinkChange::Denied { what } => state.notices.post(state.now, Tone::Bad, Notice::Denied(what)),
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
            super::facts::take(state, &facts, super::facts::Source::History)
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
