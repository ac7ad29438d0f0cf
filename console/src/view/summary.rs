//! What the overview tells, as rows of words and in its order, for whoever has no screen.

use super::{Memory, denied, header, label, overview, totals};
use crate::state::State;
use crate::text::{Msg, phrases};
use crate::view::when;

/// A part of it: a name, and rows of cells, or one sentence where there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name; empty for the first one, which says what this is.
    pub title: String,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// What needs a person, worst first, each in words: how bad, about what, and the sentence. In the order of
/// [`State::attention`].
pub fn attention(state: &State, memory: &Memory) -> Vec<Vec<String>> {
    let state = state.shown();
    overview::attention_words(&super::look(state, memory), state)
}

/// What is wrong with the filter of the table on screen, in words.
pub fn filter_fault(state: &State, memory: &Memory) -> Option<String> {
    let fault = state.filter().fault()?;
    Some(label::wrong(&super::look(state, memory), state, &fault.wrong))
}

/// The overview in words: the connection, what needs a person (worst first, as on the screen), the services, the queues
/// and the orders of today.
pub fn summary(state: &State, memory: &Memory) -> Vec<Section> {
    let state = state.shown();
    let look = super::look(state, memory);
    let section = |msg, rows| Section { title: look.t(msg).to_owned(), rows };
    let sentence = |msg| vec![vec![look.t(msg).to_owned()]];
    let or = |rows: Vec<Vec<String>>, none: Msg| match rows.is_empty() {
        true if !state.reading.ready => sentence(Msg::NoDataYet),
        true => sentence(none),
        false => rows,
    };
    let mut head = vec![vec![header::words(&look, state).to_string()]];
    head.extend(denied::sentence(&look, state).map(|denied| vec![format!("{} {denied}", look.glyphs().warn)]));
    let waiting = state.queues.total.map_or_else(|| look.glyphs().unknown.to_owned(), when::count);
    let mut queues = vec![vec![phrases::waiting(look.lang, waiting)]];
    let oldest = state.queues.iter().filter_map(|queue| queue.oldest_age_ms(state.now)).max();
    queues[0].extend(oldest.map(|ms| phrases::oldest(look.lang, when::age(ms))));
    let today = totals::today(&look, state).map(|line| vec![vec![line.to_string()]]);
    let first = Section { title: String::new(), rows: head };
    vec![
        first,
        section(Msg::Attention, or(overview::attention_words(&look, state), Msg::AllIsWell)),
        section(Msg::TabServices, or(overview::service_words(&look, state), Msg::NoServices)),
        section(Msg::TabQueues, queues),
        section(Msg::TabOrders, today.unwrap_or_else(|| sentence(Msg::CountsNone))),
    ]
}
