//! `domicilio status`: what the overview shows, made by the same state and told by the same code.

mod report;

pub(super) use report::Status;

use std::time::Duration;

use super::watching::{self, Need, Watching};
use super::{Failure, env, print, print_json, say, settings};
use crate::cli;
use crate::config::Config;
use crate::state::State;
use crate::theme::Theme;
use crate::view::{self, Memory};

pub(super) async fn run(common: &cli::Common, arguments: &cli::Status) -> Result<(), Failure> {
    let config = settings(common)?;
    if let Some(path) = &arguments.recording {
        let (state, fault) = super::recording::play(&config, path, None)?;
        tell(&state, &config, arguments.json)?;
        return super::recording::tell(path, fault);
    }
    let mut watching = watching::settled(common, &config, Need::Everything).await?;
    watch(&mut watching, arguments.watch).await?;
    let state = watching.close().await;
    tell(&state, &config, arguments.json)?;
    complete(&state)
}

/// Goes on for so many seconds: a queue that grows and a clock that is wrong show only with time.
pub(super) async fn watch(watching: &mut Watching, seconds: u64) -> Result<(), Failure> {
    // Nothing is waited for but time.
    watching.until(Duration::from_secs(seconds), |_| false).await?;
    watching.tick();
    Ok(())
}

/// Prints what the overview of `state` shows, whatever the state was made from.
pub(super) fn tell(state: &State, config: &Config, json: bool) -> Result<(), Failure> {
    let memory = memory(state, config);
    if json {
        return print_json(&Status::new(state, &memory));
    }
    print(&text(state, &memory))
}

/// How words are told: with the signs that the settings and the locale allow.
pub(super) fn memory(state: &State, config: &Config) -> Memory {
    Memory::new(Theme::detect(config.file.screen.look(), env), state.zone.clone())
}

fn text(state: &State, memory: &Memory) -> String {
    let mut text = String::new();
    for section in view::summary(state, memory) {
        if !section.title.is_empty() {
            text.extend(["\n", &section.title, "\n"]);
        }
        text.push_str(&super::columns(&section.rows));
    }
    text
}

/// Says what may not be read, and what could not be, which leaves the rest only partly true.
pub(super) fn complete(state: &State) -> Result<(), Failure> {
    for stream in watching::denied(state) {
        say(&format!("{stream}: this user may not read it"));
    }
    let unread = watching::unread(state);
    if unread.is_empty() {
        return Ok(());
    }
    for (stream, why) in &unread {
        say(&format!("{stream}: {}", why.unwrap_or("not read in time")));
    }
    Err(Failure::Partly(format!("streams that are not read: {}; what is told is not all there is", unread.len())))
}
