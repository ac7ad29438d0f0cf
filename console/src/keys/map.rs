//! The keys in force: those of the table ([`super::BINDINGS`]), the preset's, and a person's own on top.
//!
//! Own keys are refused at start when they mean two things in one place, or when nobody could leave, go back or ask for help.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crossterm::event::KeyCode;

use super::bindings::LOOKING;
use super::shape::{Binding, Context, Key};
use super::{BINDINGS, EDITS};
use crate::action::Action;

/// Most keys of one action: more nobody can remember, nor help show.
pub const KEYS_MAX: usize = 8;

/// What must keep a key whatever a person sets: without them there is no way out, back, on, or to the list of keys.
const KEPT: [Action; 4] = [Action::Quit, Action::Help, Action::Back, Action::Open];

/// Which keys there are before a person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Those of the table.
    #[default]
    Default,
    /// What fingers that know vim look for.
    Vim,
}

/// The keys that the vim preset sets, in the syntax of the settings file.
const VIM: &[(&str, &[&str])] = &[
    ("top", &["g g", "home"]),
    ("next-screen", &["g t", "tab", "right", "l"]),
    ("previous-screen", &["g T", "s-tab", "left", "h"]),
    ("down", &["j", "down", "ctrl-e"]),
    ("up", &["k", "up", "ctrl-y"]),
];

/// A key, or two one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// The key; of two the first.
    pub key: Key,
    /// The second one.
    pub then: Option<Key>,
}

impl Chord {
    /// As it is printed on the keyboard; `ascii` spells arrows out.
    pub fn name(self, ascii: bool) -> String {
        let first = self.key.name(ascii);
        self.then.map_or_else(|| first.clone(), |then| format!("{first}{}", then.name(ascii)))
    }

    /// Whether pressing the one leaves open whether the other was meant.
    fn clashes(self, other: Self) -> bool {
        self.key == other.key && (self.then.is_none() || other.then.is_none() || self.then == other.then)
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let keys: Vec<Key> = text.split_whitespace().map(Key::from_str).collect::<Result<_, _>>()?;
        match keys[..] {
            [key] => Ok(Self { key, then: None }),
            [key, then] => Ok(Self { key, then: Some(then) }),
            _ => Err(format!("{text:?} is not one key, or two set apart by a space")),
        }
    }
}

/// Why keys cannot be as a person set them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The action whose setting is wrong.
    pub action: String,
    /// One sentence.
    pub why: String,
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.action, self.why)
    }
}

/// The keys in force, for each row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMap {
    rows: Vec<Vec<Chord>>,
}

impl Default for KeyMap {
    fn default() -> Self {
        let single = |key: &Key| Chord { key: *key, then: None };
        Self { rows: BINDINGS.iter().map(|binding| binding.keys.iter().map(single).collect()).collect() }
    }
}

impl KeyMap {
    /// The keys of a preset with a person's own: for each action named, all of its keys, or none.
    pub fn build(preset: Preset, own: &BTreeMap<String, Vec<String>>) -> Result<Self, Clash> {
        let mut map = Self::default();
        if preset == Preset::Vim {
            for (name, keys) in VIM {
                map.set(name, keys)?;
            }
        }
        for (name, keys) in own {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            map.set(name, &keys)?;
        }
        map.check(own)?;
        Ok(map)
    }

    /// The keys of a row of the table.
    pub fn of(&self, binding: &Binding) -> &[Chord] {
        let row = BINDINGS.iter().position(|known| std::ptr::eq(known, binding));
        row.and_then(|row| self.rows.get(row)).map_or(&[], Vec::as_slice)
    }

    /// Each row of the table with its keys.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Binding, &[Chord])> {
        BINDINGS.iter().zip(self.rows.iter().map(Vec::as_slice))
    }

    /// The first key of an action, wherever it counts.
    pub fn first(&self, action: Action) -> Option<Chord> {
        self.iter().find(|(binding, _)| binding.action == action).and_then(|(_, keys)| keys.first().copied())
    }

    fn set(&mut self, name: &str, keys: &[&str]) -> Result<(), Clash> {
        let wrong = |why| Clash { action: name.to_owned(), why };
        let action = named(name).map_err(wrong)?;
        if keys.len() > KEYS_MAX {
            return Err(wrong(format!("{KEYS_MAX} keys at most")));
        }
        let chords: Vec<Chord> = keys.iter().map(|key| key.parse()).collect::<Result<_, String>>().map_err(wrong)?;
        for (binding, row) in BINDINGS.iter().zip(&mut self.rows).filter(|(binding, _)| binding.action == action) {
            if binding.contexts.contains(&Context::Text) {
                // Where text is written a character is a character; and Ctrl-C leaves, always.
                row.extend(chords.iter().filter(|chord| !chord.key.writes() && chord.then.is_none()));
            } else {
                row.clone_from(&chords);
            }
        }
        Ok(())
    }

    /// Refuses keys that mean two things in one place; of the two it names the one that a person set.
    fn check(&self, own: &BTreeMap<String, Vec<String>>) -> Result<(), Clash> {
        for action in KEPT {
            let mut rows = self.iter().filter(|(binding, _)| binding.action == action);
            if rows.any(|(_, keys)| keys.is_empty()) {
                return Err(Clash { action: action.name().to_owned(), why: "must keep a key".to_owned() });
            }
        }
        for context in Context::ALL {
            let mut taken: Vec<(Chord, &str)> = Vec::new();
            if context == Context::Text {
                let edits = EDITS.iter().flat_map(|edit| edit.keys);
                taken.extend(edits.map(|key| (Chord { key: *key, then: None }, "writing")));
            }
            for (binding, keys) in self.iter().filter(|(binding, _)| binding.contexts.contains(&context)) {
                let name = binding.action.name();
                for chord in keys {
                    let before = taken.iter().find(|(other, action)| chord.clashes(*other) && *action != name);
                    if let Some((_, other)) = before {
                        let (action, other) = if own.contains_key(name) { (name, *other) } else { (*other, name) };
                        let key = chord.name(true);
                        let why = format!(
                            "{key} already means {other} in the same place; give {other} another key, or [] for none"
                        );
                        return Err(Clash { action: action.to_owned(), why });
                    }
                    taken.push((*chord, name));
                }
            }
        }
        self.check_replay(own)
    }

    /// Refuses own keys that a replay would take away: there its keys come first. Where the table itself has it so (Space
    /// marks, and lets the past go on), it is meant.
    fn check_replay(&self, own: &BTreeMap<String, Vec<String>>) -> Result<(), Clash> {
        let past = |binding: &Binding| binding.contexts.contains(&Context::Replay);
        for (replaying, taken) in self.iter().filter(|(binding, _)| past(binding)) {
            let looks = |binding: &Binding| binding.contexts.iter().any(|context| LOOKING.contains(context));
            for (binding, keys) in self.iter().filter(|(binding, _)| !past(binding) && looks(binding)) {
                let (name, other) = (binding.action.name(), replaying.action.name());
                let meant = binding.keys.iter().any(|key| replaying.keys.contains(key));
                let clash = keys.iter().find(|chord| taken.iter().any(|other| chord.clashes(*other)));
                if let Some(chord) = clash.filter(|_| !meant) {
                    let (action, other) = if own.contains_key(name) { (name, other) } else { (other, name) };
                    let key = chord.name(true);
                    let why =
                        format!("{key} already means {other} in a replay; give {other} another key, or [] for none");
                    return Err(Clash { action: action.to_owned(), why });
                }
            }
        }
        Ok(())
    }
}

/// The action of this name.
fn named(name: &str) -> Result<Action, String> {
    if let Some(action) = Action::ALL.into_iter().find(|action| action.name() == name) {
        return Ok(action);
    }
    let names = Action::ALL.map(Action::name);
    let near = crate::config::read::nearest(name, &names);
    let near = near.map_or_else(|| ".".to_owned(), |near| format!("; did you mean {near}?"));
    Err(format!("no such action{near} `domicilio info` lists them"))
}

impl Key {
    /// Whether it writes a character in a text field.
    fn writes(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }
}

/// Keys by the names on the keyboard, in small letters.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("s-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
];

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let small = text.to_lowercase();
        if let Some(letter) = small.strip_prefix("ctrl-") {
            let mut letters = letter.chars();
            return match (letters.next(), letters.next()) {
                (Some('z'), None) => Err("ctrl-z stops the console, as everywhere".to_owned()),
                // The terminal sends the same byte for both.
                (Some('i'), None) => Err("ctrl-i is tab to a terminal".to_owned()),
                (Some('m' | 'j'), None) => Err(format!("{small} is enter to a terminal")),
                (Some(letter @ 'a'..='y'), None) => Ok(Self::ctrl(letter)),
                _ => Err(format!("no such key: {text}; ctrl goes with a letter")),
            };
        }
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && !letter.is_control()
        {
            return Ok(Self::char(letter));
        }
        let function = small.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
        let special = NAMED.iter().find(|(name, _)| *name == small).map(|(_, code)| *code);
        let code = special.or(function.filter(|number| (1..=12).contains(number)).map(KeyCode::F));
        code.map(Self::new).ok_or_else(|| {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            format!("no such key: {text}. There are characters, ctrl-a to ctrl-y, f1 to f12, {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(own: &[(&str, &[&str])]) -> Result<KeyMap, Clash> {
        built_on(Preset::Default, own)
    }

    fn built_on(preset: Preset, own: &[(&str, &[&str])]) -> Result<KeyMap, Clash> {
        let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        KeyMap::build(preset, &own.iter().map(|(name, keys)| ((*name).to_owned(), owned(keys))).collect())
    }

    fn names(map: &KeyMap, action: Action) -> Vec<String> {
        let mut rows = map.iter().filter(|(binding, _)| binding.action == action);
        rows.next().map(|(_, keys)| keys.iter().map(|key| key.name(true)).collect()).unwrap_or_default()
    }

    #[test]
    fn without_own_keys_the_table_counts_and_the_presets_clash_nowhere() {
        assert_eq!(built(&[]), Ok(KeyMap::default()));
        let vim = built_on(Preset::Vim, &[]).unwrap();
        assert_eq!(names(&vim, Action::Top), ["gg", "Home"]);
        assert_eq!(names(&vim, Action::Quit), ["q"]);
    }

    #[test]
    fn own_keys_take_the_place_of_the_tables() {
        let map = built(&[("freeze", &["F", "f5"]), ("utc", &[])]).unwrap();
        assert_eq!(names(&map, Action::Freeze), ["F", "F5"]);
        assert_eq!(names(&map, Action::Utc), [""; 0]);
    }

    #[test]
    fn ctrl_c_leaves_whatever_is_set() {
        let map = built(&[("quit", &["Q", "ctrl-q"])]).unwrap();
        let anywhere = map.iter().find(|(row, _)| row.action == Action::Quit && row.contexts.contains(&Context::Text));
        let keys: Vec<String> = anywhere.unwrap().1.iter().map(|key| key.name(true)).collect();
        assert_eq!(keys, ["Ctrl-C", "Ctrl-Q"]);
        assert_eq!(names(&map, Action::Quit), ["Q", "Ctrl-Q"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_the_action() {
        for (own, told) in [
            (&[("freeze", &["u"][..])][..], "freeze: u already means utc in the same place"),
            (&[("freeze", &["g g"])], "freeze: gg already means top in the same place"),
            (&[("frieze", &["F"])], "frieze: no such action; did you mean freeze?"),
            (&[("freeze", &["ctrl-z"])], "freeze: ctrl-z stops the console"),
            (&[("freeze", &["f13"])], "freeze: no such key: f13. There are"),
            (&[("freeze", &["a b c"])], "freeze: \"a b c\" is not one key"),
            (&[("freeze", &["ctrl-i"])], "freeze: ctrl-i is tab"),
            (&[("quit", &[])], "quit: must keep a key"),
            (&[("back", &[])], "back: must keep a key"),
            (&[("help", &[])], "help: must keep a key"),
            (&[("quit", &["ctrl-u"])], "quit: "),
            (&[("freeze", &["space"]), ("mark", &[])], "freeze: Space already means play-pause in a replay"),
            (&[("faster", &["u"])], "faster: u already means utc in a replay"),
        ] {
            let found = built(own).unwrap_err().to_string();
            assert!(found.starts_with(told), "{found}");
        }
    }

    #[test]
    fn every_key_of_the_table_can_be_written_in_a_file_as_it_is_shown() {
        for (binding, _) in KeyMap::default().iter() {
            for key in binding.keys {
                assert_eq!(key.name(true).parse::<Key>().as_ref(), Ok(key), "{}", binding.action.name());
            }
        }
    }
}
