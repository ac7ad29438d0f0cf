//! `--filter` of every command that has one: the language of the screens, and one way to say what is wrong.

use super::{Failure, env, status};
use crate::config::Config;
use crate::feed;
use crate::sanitise;
use crate::state::State;
use crate::update::rows;
use crate::view;

/// Says what is wrong with `filter` on the screen that `look` turns to, before anything is asked of the bus.
pub(super) fn check(config: &Config, look: impl FnOnce(&mut State), filter: &str) -> Result<(), Failure> {
    let mut state = State::new(feed::now(), config.file.language.resolve(env), 0);
    look(&mut state);
    set(&mut state, config, filter)
}

/// Filters the table that `state` is turned to; what is wrong is told with its place, its own words and why.
pub(super) fn set(state: &mut State, config: &Config, filter: &str) -> Result<(), Failure> {
    rows::set_filter(state, filter);
    let Some(fault) = state.filter().fault() else { return Ok(()) };
    let part: String = filter.chars().skip(fault.at.start).take(fault.at.len()).collect();
    let part = sanitise::text(&part, sanitise::SENTENCE_MAX);
    let why = view::filter_fault(state, &status::memory(state, config)).unwrap_or_default();
    Err(Failure::Usage(format!("--filter, at {}: {part}: {why}", fault.at.start + 1)))
}
