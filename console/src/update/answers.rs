//! What effects came back with.

use super::{facts, jobs, plan};
use crate::effect::Effect;
use crate::event::Answer;
use crate::state::tree::Tree;
use crate::state::{Notice, Payload, State, Tone};

/// Takes an answer.
pub(super) fn take(state: &mut State, answer: Answer) -> Vec<Effect> {
    match answer {
        Answer::Payload { order, payload } => {
            // Only for the order that is still being looked at.
            if let Some((wanted, shown)) = &mut state.payload
                && *wanted == order
            {
                let lang = state.lang;
                state.tree = payload.as_ref().map_or_else(|_| Tree::default(), Tree::new);
                *shown = payload.map_or_else(|why| Payload::Missing(why.text(lang)), Payload::Shown);
            }
            Vec::new()
        }
        Answer::Store { record, .. } => {
            // When it fails, the record stays without a revision, and the screen says so.
            if let Ok((record, revision)) = record {
                facts::store(state, &record, Some(revision));
            }
            Vec::new()
        }
        Answer::Counters(read) => {
            state.counted.take(state.now, read);
            Vec::new()
        }
        Answer::Alerted(sent) => {
            super::alerts::sent(state, sent);
            Vec::new()
        }
        Answer::Copied { count, cut } => {
            let tone = if cut { Tone::Bad } else { Tone::Good };
            state.notices.post(state.now, tone, Notice::Copied { count, cut });
            Vec::new()
        }
        Answer::ViewSaved(Ok((name, all))) => {
            state.views.all = all;
            state.notices.post(state.now, Tone::Good, Notice::ViewSaved(name));
            Vec::new()
        }
        Answer::ViewSaved(Err(why)) => {
            state.notices.post(state.now, Tone::Bad, Notice::ViewNotSaved(why));
            Vec::new()
        }
        Answer::Dumped(path) => {
            let tone = if path.is_ok() { Tone::Good } else { Tone::Bad };
            state.notices.post(state.now, tone, Notice::Dumped(path));
            Vec::new()
        }
        Answer::Replay { number, read } => {
            super::replay::read(state, number, read);
            Vec::new()
        }
        Answer::Server(server) => {
            super::wire::server(state, server);
            Vec::new()
        }
        Answer::Clients(clients) => {
            super::wire::clients(state, clients);
            Vec::new()
        }
        Answer::Intended { job, written } => jobs::intended(state, job, written),
        Answer::Done { job, item, reply } => jobs::done(state, job, item, reply),
        Answer::Concluded { job, written } => {
            jobs::concluded(state, job, written);
            Vec::new()
        }
        Answer::Unheard(why) => {
            let why = why.text(state.lang);
            state.notices.post(state.now, Tone::Bad, Notice::Unheard(why));
            Vec::new()
        }
        Answer::Edited { order, edited } => {
            plan::edited(state, order, edited);
            Vec::new()
        }
    }
}
