//! A recording instead of the bus: the state that it leads to, and `domicilio replay --screen`.

use std::path::Path;

use contract::UtcMs;

use super::{Failure, env, print, say, settings, status};
use crate::action::Action;
use crate::cli::{self, Common};
use crate::config::Config;
use crate::dump;
use crate::event::{Around, Event};
use crate::recording::file::Reader;
use crate::recording::{Fault, player};
use crate::state::State;
use crate::state::replay::Speed;
use crate::update::update;

/// Plays the recording at `path` up to its end, or for `length_ms` of it: the state as the console has it then, and what
/// kept it from going on. Settings and language are those of the console.
pub(super) fn play(config: &Config, path: &Path, length_ms: Option<i64>) -> Result<(State, Option<Fault>), Failure> {
    let (reader, until) = Reader::open(path).map_err(|fault| wrong(path, &fault))?;
    let mut state = State::recorded(reader.header(), until, Speed::Most, config.file.language.resolve(env));
    state.settings = config.file.settings();
    state.zone = jiff::tz::TimeZone::system();
    let until = length_ms.map_or(until, |ms| reader.header().began_at.plus_millis(ms));
    let fault = through(&mut state, reader, until);
    Ok((state, fault))
}

/// Lets happen what was heard up to `until`, in order.
fn through(
    state: &mut State,
    lines: impl Iterator<Item = Result<crate::recording::Line, Fault>>,
    until: UtcMs,
) -> Option<Fault> {
    for line in lines {
        match line {
            Ok(line) if line.at > until => break,
            Ok(line) => player::happen(line).for_each(|event| drop(update(state, event))),
            Err(fault) => {
                update(state, Event::Recording(Around::Ended(fault.clone())));
                return Some(fault);
            }
        }
    }
    None
}

/// What is wrong with the recording at `path`.
pub(super) fn wrong(path: &Path, fault: &Fault) -> Failure {
    Failure::Failed(format!("{}: {fault}", path.display()))
}

/// Tells what kept a recording from going on. One that is cut off is told of and no failure: whatever ended the program that
/// wrote it did that.
pub(super) fn tell(path: &Path, fault: Option<Fault>) -> Result<(), Failure> {
    match fault {
        None => Ok(()),
        Some(fault @ Fault::Cut(_)) => {
            say(&format!("domicilio: {}: {fault}", path.display()));
            Ok(())
        }
        Some(fault) => Err(wrong(path, &fault)),
    }
}

/// Prints a screen as it stands at the end of a recording.
pub(super) fn print_screen(common: &Common, arguments: &cli::Replay, screen: cli::ScreenName) -> Result<(), Failure> {
    let length_ms = arguments.at.map(|at| i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
    let config = settings(common)?;
    let (mut state, fault) = play(&config, &arguments.file, length_ms)?;
    let (width, height) = arguments.size;
    update(&mut state, Event::Resized { width, height });
    update(&mut state, Event::Action(Action::Show(screen.into())));
    let mut memory = status::memory(&state, &config);
    print(&dump::shot(&state, &mut memory).text)?;
    tell(&arguments.file, fault)
}
