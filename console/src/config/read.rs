//! From text to [`File`]: what is wrong is told with its line, its key and the nearest right one. Pure.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::bounds;
use super::file::File;
use crate::keys::KeyMap;

/// What is wrong with a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line in which it stands, from 1 on; `None` when it concerns no line.
    pub line: Option<usize>,
    /// The key, from the outermost table on; empty when it concerns none.
    pub key: String,
    /// One sentence.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.why)
    }
}

/// The settings that `text` holds, and which keys it names.
pub fn read(text: &str) -> Result<(File, Vec<String>), Fault> {
    let file: File = toml::from_str(text).map_err(|error| of_toml(text, &error))?;
    let named = keys(text);
    bounds::check(&file).map_err(|(key, why)| {
        // Of a pair that does not fit together one key may be there only by default.
        let found = named.iter().find(|(name, _)| *name == key);
        Fault { line: found.map(|(_, at)| line_of(text, at.start)), key: key.to_owned(), why }
    })?;
    KeyMap::build(file.keys.preset, &file.keys.own).map_err(|clash| {
        let key = format!("keys.{}", clash.action);
        let found = named.iter().find(|(name, _)| *name == key);
        Fault { line: found.map(|(_, at)| line_of(text, at.start)), key, why: clash.why }
    })?;
    Ok((file, named.into_iter().map(|(name, _)| name).collect()))
}

fn of_toml(text: &str, error: &toml::de::Error) -> Fault {
    let span = error.span();
    let at = span.clone().unwrap_or_default();
    // The innermost key that holds the place: the longest, for tables hold their keys.
    let mut holding: Vec<(String, Range<usize>)> =
        keys(text).into_iter().filter(|(_, held)| held.start <= at.start && at.end <= held.end).collect();
    holding.sort_by_key(|(_, held)| held.len());
    let key = holding.into_iter().next().map(|(key, _)| key).unwrap_or_default();
    Fault { line: span.map(|span| line_of(text, span.start)), key, why: sentence(error.message()) }
}

/// The sentence of serde about what it does not know, with the nearest known one first.
fn sentence(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let Some(wrong) = quoted.next().filter(|_| unknown) else { return message.trim().replace('\n', ", ") };
    let known: Vec<&str> = quoted.collect();
    let what = if message.starts_with("unknown field") { "no such setting" } else { "no such value" };
    match nearest(wrong, &known) {
        Some(near) => format!("{what}: {wrong}; did you mean {near}? There are: {}", known.join(", ")),
        None => format!("{what}: {wrong}. There are: {}", known.join(", ")),
    }
}

/// The known word that is most like `wrong`, if any is.
pub(crate) fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    /// Likeness from which a word counts as a slip of another, as `clap` has it.
    const ALIKE: f64 = 0.7;
    let rated = known.iter().map(|word| (strsim::jaro_winkler(wrong, word), *word));
    rated.filter(|(alike, _)| *alike > ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// Every key that has a value, dotted, with the place of key and value; empty when the text is no TOML.
fn keys(text: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        walk(table.get_ref(), "", &mut found);
    }
    found
}

fn walk(table: &DeTable<'_>, prefix: &str, found: &mut Vec<(String, Range<usize>)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        match Spanned::get_ref(value) {
            DeValue::Table(inner) => walk(inner, &name, found),
            _ => found.push((name, key.span().start..value.span().end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_all_defaults() {
        assert_eq!(read("# nothing\n"), Ok((File::default(), vec![])));
    }

    #[test]
    fn what_is_named_counts_and_the_rest_stays() {
        let (file, named) = read("language = 'en'\n[attention.pickup]\nwarn = '1m'\n").unwrap();
        assert_eq!(file.language, super::super::file::Language::En);
        assert_eq!((file.attention.pickup.warn.0, file.attention.pickup.critical.0), (60_000, 300_000));
        assert_eq!(file.attention.delivery.warn.0, 120_000);
        assert_eq!(named, ["attention.pickup.warn", "language"]);
    }

    #[test]
    fn faults_tell_line_key_and_the_nearest_right_word() {
        for (text, told) in [
            ("langage = 'es'", "line 1: langage: no such setting: langage; did you mean language? There are: "),
            (
                "\n[screen]\nteme = 'dark'",
                "line 3: screen.teme: no such setting: teme; did you mean theme? There are: ",
            ),
            ("\n[atention]\nbell = true", "line 2: no such setting: atention; did you mean attention? There are: "),
            (
                "[screen]\ntheme = 'drak'",
                "line 2: screen.theme: no such value: drak; did you mean dark? There are: auto, dark, light",
            ),
            ("[attention]\ngrowing = 'x'", "line 2: attention.growing: invalid type: string \"x\", expected u32"),
            ("[attention.pickup]\nwarn = 'soon'", "line 2: attention.pickup.warn: a time is expected"),
            (
                "[attention.pickup]\nwarn = '10m'",
                "line 2: attention.pickup.warn: must not be above attention.pickup.critical (5m)",
            ),
            ("[screen]\nframes-per-second = 0", "line 2: screen.frames-per-second: allowed is 1 to 60"),
            ("[attention]\n\ninvalid-for = '36h'", "line 3: attention.invalid-for: allowed is 1m to 12h"),
            ("language = 'es", "line 1: "),
            ("[keys]\npreset = 'emacs'", "line 2: keys.preset: no such value: emacs. There are: default, vim"),
            ("[keys]\nhelp = ['H']\nfreeze = ['u']", "line 3: keys.freeze: u already means utc in the same place"),
            ("[keys]\nfreez = ['u']", "line 2: keys.freez: no such action; did you mean freeze?"),
            ("xyz = 1", "line 1: xyz: no such setting: xyz. There are: language"),
        ] {
            let found = fault(text);
            assert!(found.starts_with(told), "{text:?}\n found {found}\n wanted {told}");
        }
    }
}
