//! Every operation of the table can be reached: by its key where it has one, through the palette, in help, and by a command
//! without a screen; and nothing else changes the world.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};
use domicilio::action::Action;
use domicilio::cli::Cli;
use domicilio::event::{Edit, Event};
use domicilio::keys::BINDINGS;
use domicilio::operation::{Kind, OPERATIONS, Operation};
use domicilio::state::dialog::Dialog;
use domicilio::state::palette::Choice;
use domicilio::state::{Lang, State};
use domicilio::theme::{Depth, Ground, Theme};
use domicilio::update::update;
use domicilio::view::{self, Memory};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::making::console;

/// Everything on a screen that is large enough for all of help, without the spaces that align it.
fn drawn(state: &State) -> String {
    let mut terminal = Terminal::new(TestBackend::new(200, 120)).unwrap();
    let mut memory = Memory::new(Theme::new(Depth::None, Ground::Dark, false), jiff::tz::TimeZone::UTC);
    terminal.draw(|frame| view::draw(state, &mut memory, frame)).unwrap();
    terminal.backend().to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every command without commands of its own, by its whole name.
fn leaves<'a>(command: &'a Command, name: &str, found: &mut Vec<(String, &'a Command)>) {
    for sub in command.get_subcommands() {
        let name = format!("{name} {}", sub.get_name()).trim().to_owned();
        match sub.get_subcommands().next() {
            None => found.push((name, sub)),
            Some(_) => leaves(sub, &name, found),
        }
    }
}

fn has(command: &Command, flag: &str) -> bool {
    command.get_arguments().any(|argument| argument.get_long() == Some(flag))
}

#[test]
fn every_key_of_an_operation_is_bound_and_every_operation_is_in_help() {
    for lang in Lang::ALL {
        let mut state = console();
        state.lang = lang;
        update(&mut state, Event::Action(Action::Help));
        let help = drawn(&state);
        for Operation { name, text, action, .. } in OPERATIONS {
            let Some(action) = action else {
                let entry = format!(":{name} {}", lang.t(*text));
                assert!(help.contains(&entry), "{entry} is not in help:\n{help}");
                continue;
            };
            let bound: Vec<_> = BINDINGS.iter().filter(|binding| binding.action == *action).collect();
            assert!(!bound.is_empty(), "{name} has no key");
            for binding in bound {
                let key = binding.keys.last().unwrap().name(false);
                let entry = format!("{key} {}", lang.t(binding.text));
                assert!(help.contains(&entry), "{entry} is not in help:\n{help}");
            }
        }
    }
}

#[test]
fn the_palette_offers_every_operation_by_its_name_and_by_its_words() {
    for Operation { kind, name, text, .. } in OPERATIONS {
        for typed in [*name, Lang::Es.t(*text), Lang::En.t(*text)] {
            let mut state = console();
            update(&mut state, Event::Action(Action::Palette));
            for c in typed.chars() {
                assert_eq!(update(&mut state, Event::Edit(Edit::Insert(c))), [], "typing acts");
            }
            let Some(Dialog::Palette(palette)) = &state.dialog else { panic!("{typed}: {:?}", state.dialog) };
            let offers = |choice: &Choice| matches!(choice, Choice::Operate(offered, _) if offered == kind);
            assert!(palette.hits.iter().any(|hit| offers(&hit.choice)), "{name}: {typed}: {:?}", palette.hits);
        }
    }
}

#[test]
fn every_operation_has_a_command_and_every_command_that_acts_is_of_one() {
    let cli = Cli::command();
    let mut all = Vec::new();
    leaves(&cli, "", &mut all);
    let mut named = BTreeSet::new();
    for Operation { kind, name, command, .. } in OPERATIONS {
        if command.is_empty() {
            assert_eq!(*kind, Kind::Unlock, "only a person at a screen may unlock");
            continue;
        }
        let path = command.join(" ");
        let leaf = all.iter().find(|(leaf, _)| *leaf == path);
        let (_, leaf) = leaf.unwrap_or_else(|| panic!("{name}: there is no command {path}"));
        if kind.only_reads() {
            // There is nothing to be sent: it is asked for by name, and says why.
            assert!(["reveal", "reason", "json"].iter().all(|flag| has(leaf, flag)), "{path}");
            continue;
        }
        for flag in ["dry-run", "yes", "wait", "json"] {
            assert!(has(leaf, flag), "{path} --{flag}");
        }
        // An order goes again as it was, or with another payload: the same command.
        assert!(named.insert(path.clone()) || *kind == Kind::ReinjectEdited, "{path} does two things");
        assert!(*kind != Kind::ReinjectEdited || has(leaf, "payload"), "{path} takes no payload");
    }
    let acting = all.iter().filter(|(_, command)| has(command, "yes") || has(command, "dry-run"));
    let acting: BTreeSet<String> = acting.map(|(name, _)| name.clone()).collect();
    assert_eq!(acting, named);
}
