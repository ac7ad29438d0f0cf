//! What can be typed into the palette with an argument: one table of commands.

use super::{arrange, input, replay, rows, switch};
use crate::action::Action;
use crate::effect::Effect;
use crate::filter;
use crate::sanitise;
use crate::state::palette::CommandWords;
use crate::state::sort::{self, Sort};
use crate::state::views::NAME_MAX;
use crate::state::{Refusal, Screen, State};
use crate::text::Msg;

/// Most completions that a command offers.
pub(crate) const CHOICES_MAX: usize = 50;

/// One command.
pub(crate) struct Command {
    /// What it is called and does.
    pub(crate) words: CommandWords,
    /// What its argument may become, best first; at most [`CHOICES_MAX`] are used.
    pub(crate) complete: fn(&State, &str) -> Vec<String>,
    /// Does it. The argument comes without spaces at its ends.
    pub(crate) run: fn(&mut State, &str) -> Result<Vec<Effect>, Refusal>,
}

/// Every command, in the order in which the palette lists them.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        words: CommandWords {
            es: "filtro",
            en: "filter",
            text: Msg::CommandFilterDoes,
            argument: Some(Msg::ArgumentFilter),
        },
        complete: |state, text| {
            let fields = rows::fields(state.screen);
            filter::complete(text, fields, state.lang).into_iter().collect()
        },
        run: |state, text| {
            state.opened.clear();
            rows::set_filter(state, text);
            rows::refill(state);
            Ok(Vec::new())
        },
    },
    Command {
        words: CommandWords { es: "orden", en: "sort", text: Msg::CommandSortDoes, argument: Some(Msg::ArgumentSort) },
        complete: |state, text| {
            let names = sort::keys(state.screen).iter().map(|key| state.lang.t(key.name(state.screen)).to_lowercase());
            names.filter(|name| filter::fold(name).starts_with(&filter::fold(text))).collect()
        },
        run: |state, text| {
            let key = arrange::named(state, text).ok_or(Refusal::NoSort)?;
            *state.table_mut().sort_mut() = Sort { key, reversed: false };
            rows::refill(state);
            Ok(Vec::new())
        },
    },
    Command {
        words: CommandWords {
            es: "ctx",
            en: "ctx",
            text: Msg::CommandContextDoes,
            argument: Some(Msg::ArgumentContext),
        },
        complete: contexts,
        run: |state, text| {
            let known = state.access.elsewhere().find(|name| *name == text).cloned();
            let meant = known.or_else(|| match contexts(state, text).as_slice() {
                // Part of a name is enough when only one has it.
                [only] if !text.is_empty() => Some(only.clone()),
                _ => None,
            });
            let name = meant.ok_or_else(|| Refusal::NoContext(text.to_owned()))?;
            Ok(switch::to(state, name))
        },
    },
    Command {
        words: CommandWords { es: "bloquear", en: "lock", text: Msg::CommandLockDoes, argument: None },
        complete: |_, _| Vec::new(),
        run: |state, _| match super::jobs::lock(state) {
            effects if effects.is_empty() => Err(Refusal::NotUnlocked),
            effects => Ok(effects),
        },
    },
    Command {
        words: CommandWords { es: "desde", en: "from", text: Msg::CommandFromDoes, argument: Some(Msg::ArgumentFrom) },
        complete: |_, _| ["-15m", "-1h", "-2h", "-8h"].map(str::to_owned).into(),
        run: replay::begin,
    },
    Command {
        words: CommandWords { es: "actual", en: "live", text: Msg::CommandLiveDoes, argument: None },
        complete: |_, _| Vec::new(),
        run: |state, _| replay::leave(state),
    },
    Command {
        words: CommandWords { es: "salir", en: "quit", text: Msg::DoQuit, argument: None },
        complete: |_, _| Vec::new(),
        run: |state, _| Ok(input::action(state, Action::Quit)),
    },
    Command {
        words: CommandWords { es: "vista", en: "view", text: Msg::CommandViewDoes, argument: Some(Msg::ArgumentName) },
        complete: |state, text| {
            let text = filter::fold(text);
            let names = state.views.all.iter().map(|view| view.name.clone());
            names.filter(|name| filter::fold(name).contains(text.trim())).collect()
        },
        run: |state, text| {
            let view = state.views.find(text).cloned().ok_or_else(|| Refusal::NoView(text.to_owned()))?;
            if view.screen == Screen::Bus {
                state.wire.pane = view.pane;
            }
            input::show(state, view.screen);
            rows::set_filter(state, &view.filter);
            *state.table_mut().sort_mut() = view.sort;
            *state.table_mut().hidden_mut() = view.hidden;
            rows::refill(state);
            Ok(Vec::new())
        },
    },
    Command {
        words: CommandWords {
            es: "guardar",
            en: "save",
            text: Msg::CommandSaveDoes,
            argument: Some(Msg::ArgumentName),
        },
        complete: |state, text| {
            let text = filter::fold(text);
            let names = state.views.all.iter().map(|view| view.name.clone());
            names.filter(|name| filter::fold(name).starts_with(text.trim())).collect()
        },
        run: |state, text| {
            let name = sanitise::text(text, NAME_MAX);
            match &state.views.fault {
                Some(why) => Err(Refusal::ViewsUnreadable(why.clone())),
                None if name.is_empty() => Err(Refusal::NoViewName),
                None => Ok(vec![Effect::SaveView(state.as_view(name))]),
            }
        },
    },
];

/// What else a command is called, by fingers that know k9s or vim.
const ALSO: &[(&str, &str)] = &[("q", "quit"), ("q!", "quit"), ("exit", "quit")];

/// The other names of the command with this stable name.
pub(crate) fn also(name: &str) -> impl Iterator<Item = &'static str> {
    ALSO.iter().filter(move |(_, of)| *of == name).map(|(also, _)| *also)
}

/// Contexts, and the bus of the start, whose names hold `text`.
fn contexts(state: &State, text: &str) -> Vec<String> {
    let text = filter::fold(text.trim());
    state.access.elsewhere().filter(|name| filter::fold(name).contains(&text)).cloned().collect()
}

/// The command with this stable name.
pub(crate) fn named(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.words.en == name)
}

/// The command that a line begins with, and the rest of the line: `filter estado:error`. A line that holds nothing
/// but a command's name has not got to its argument yet.
pub(crate) fn begun(line: &str) -> Option<(&'static Command, &str)> {
    let (name, argument) = line.trim_start().split_once(char::is_whitespace)?;
    let name = filter::fold(name);
    let command = COMMANDS.iter().find(|command| [command.words.es, command.words.en].contains(&name.as_str()))?;
    command.words.argument?;
    Some((command, argument))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_plain_words_in_either_language() {
        let mut seen = HashSet::new();
        for command in COMMANDS {
            let names: HashSet<&str> = [command.words.es, command.words.en].into();
            for name in names {
                assert!(seen.insert(name), "{name} is taken");
                assert!(name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
            }
        }
    }

    #[test]
    fn a_command_has_begun_once_a_space_follows_its_name() {
        assert!(begun("filter").is_none() && begun("norte k024").is_none());
        for line in ["filter norte ", "  Filtro norte ", "FILTER\tnorte "] {
            let (command, argument) = begun(line).map(|(command, rest)| (command.words.en, rest)).unwrap_or_default();
            assert_eq!((command, argument.trim()), ("filter", "norte"), "{line}");
        }
    }
}
