//! The palette: opening it, what is typed into it, and doing what was chosen.

mod rank;

use super::{commands, input, plan, rows};
use crate::action::Action;
use crate::effect::Effect;
use crate::event::Edit;
use crate::keys;
use crate::state::palette::{Choice, HITS_MAX, Hit, LINE_MAX, Palette};
use crate::state::{Dialog, Lang, State};

/// Opens the palette on an empty line.
pub(super) fn open(state: &mut State) {
    state.help = false;
    state.filtering = false;
    state.dialog = Some(Dialog::Palette(Palette::default()));
    search(state);
}

/// A key while the palette is open. Typing only looks for things; Enter alone does something.
pub(super) fn edit(state: &mut State, edit: Edit) -> Vec<Effect> {
    let Some(Dialog::Palette(palette)) = &mut state.dialog else { return Vec::new() };
    match edit {
        Edit::Submit => return submit(state),
        Edit::Cancel => {
            state.dialog = None;
            return Vec::new();
        }
        Edit::Next | Edit::Previous => {
            palette.step(if edit == Edit::Next { 1 } else { -1 });
            return Vec::new();
        }
        Edit::Forward | Edit::Backward => return Vec::new(),
        Edit::Insert(c) if c.is_control() || palette.text.chars().count() >= LINE_MAX => return Vec::new(),
        Edit::Insert(c) => palette.text.push(c),
        Edit::Backspace => {
            palette.text.pop();
        }
        Edit::Clear => palette.text.clear(),
        Edit::Complete => complete(state),
    }
    search(state);
    Vec::new()
}

/// Finds what fits the line.
fn search(state: &mut State) {
    let Some(Dialog::Palette(palette)) = &state.dialog else { return };
    let text = palette.text.clone();
    let hits = match commands::begun(&text) {
        Some((command, argument)) => arguments(state, command, argument),
        None => rank::hits(state, &text),
    };
    if let Some(Dialog::Palette(palette)) = &mut state.dialog {
        palette.hits = hits;
        palette.hits.truncate(HITS_MAX);
        palette.selected = None;
        palette.refusal = None;
    }
}

/// The argument as it is typed, then what it may become.
fn arguments(state: &State, command: &'static commands::Command, typed: &str) -> Vec<Hit> {
    let typed = typed.trim_start();
    let mut all = vec![typed.trim_end().to_owned()];
    for choice in (command.complete)(state, typed).into_iter().take(commands::CHOICES_MAX) {
        if !all.contains(&choice) {
            all.push(choice);
        }
    }
    let hit =
        |argument| Hit { choice: Choice::Command { name: command.words.en, argument: Some(argument) }, possible: true };
    all.into_iter().map(hit).collect()
}

/// Writes the selected choice into the line; of an argument's completions the first one when none is selected.
fn complete(state: &mut State) {
    let Some(Dialog::Palette(palette)) = &state.dialog else { return };
    let untouched = palette.selected.is_none() && commands::begun(&palette.text).is_some();
    let chosen = if untouched { palette.hits.get(1) } else { palette.current() };
    let Some(line) = chosen.map(|hit| line(state, &hit.choice)) else { return };
    if let Some(Dialog::Palette(palette)) = &mut state.dialog {
        palette.text = line.chars().take(LINE_MAX).collect();
    }
}

/// What would have to be typed for a choice.
fn line(state: &State, choice: &Choice) -> String {
    match choice {
        Choice::Screen(screen) => {
            let binding = keys::BINDINGS.iter().find(|binding| binding.action == Action::Show(*screen));
            binding.map_or_else(String::new, |binding| state.lang.t(binding.text).to_owned())
        }
        Choice::Act(_, text) => state.lang.t(*text).to_owned(),
        Choice::Operate(kind, _) => state.lang.t(kind.operation().text).to_owned(),
        Choice::Command { name, argument } => {
            let name = commands::named(name).map_or(*name, |command| command.words.name(state.lang));
            format!("{name} {}", argument.as_deref().unwrap_or_default())
        }
        Choice::Store(id) => state.stores.get(*id).map_or_else(|| id.to_string(), |store| store.record.code.clone()),
        Choice::Order(id) => id.code.to_string(),
    }
}

/// Does what is selected, if it makes sense.
fn submit(state: &mut State) -> Vec<Effect> {
    let Some(Dialog::Palette(palette)) = &state.dialog else { return Vec::new() };
    let Some(hit) = palette.current().filter(|hit| hit.possible).cloned() else { return Vec::new() };
    if let Choice::Command { name, argument } = hit.choice {
        return command(state, name, argument);
    }
    // Whether it makes sense is asked again: the world may have moved on since the last key.
    let possible = |action, text| {
        keys::offered(state).any(|(binding, possible)| possible && (binding.action, binding.text) == (action, text))
    };
    if matches!(hit.choice, Choice::Act(action, text) if !possible(action, text)) {
        search(state);
        return Vec::new();
    }
    if matches!(hit.choice, Choice::Operate(kind, scope) if !plan::is_possible(state, kind, scope)) {
        search(state);
        return Vec::new();
    }
    state.dialog = None;
    match hit.choice {
        Choice::Operate(kind, scope) => plan::prepare(state, kind, scope),
        Choice::Screen(screen) => input::action(state, Action::Show(screen)),
        Choice::Act(action, _) => input::action(state, action),
        Choice::Store(id) => input::show_store(state, id),
        Choice::Order(id) => input::show_order(state, &id),
        Choice::Command { .. } => Vec::new(),
    }
}

/// Runs a command, or asks for its argument; a command that refuses leaves the palette open and says why.
fn command(state: &mut State, name: &'static str, argument: Option<String>) -> Vec<Effect> {
    let Some(command) = commands::named(name) else { return Vec::new() };
    let argument = match (argument, command.words.argument) {
        (Some(argument), _) => argument,
        (None, None) => String::new(),
        (None, Some(_)) => {
            if let Some(Dialog::Palette(palette)) = &mut state.dialog {
                palette.text = format!("{} ", command.words.name(state.lang));
            }
            search(state);
            return Vec::new();
        }
    };
    // A command may open a dialog of its own.
    let palette = state.dialog.take();
    match (command.run)(state, argument.trim()) {
        Ok(effects) => {
            rows::follow(state);
            effects
        }
        Err(refusal) => {
            state.dialog = palette;
            if let Some(Dialog::Palette(palette)) = &mut state.dialog {
                palette.refusal = Some(refusal);
            }
            Vec::new()
        }
    }
}

/// Both languages' words for a message, so that either finds it.
fn both(msg: crate::text::Msg) -> [&'static str; 2] {
    Lang::ALL.map(|lang| lang.t(msg))
}
