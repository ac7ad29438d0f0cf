//! The settings: from flags, the environment and a file that is read once at start and never written.
//!
//! Precedence: flag, then a variable of ours (`DOMICILIO_...`), then the file, then the default. What is `auto` after that is
//! found in the system's own variables (`LANG`, `TERM`, `NO_COLOR` and so on). `file` has the shape, `read` tells what is
//! wrong with a file, `bounds` what figures may be; only this file touches the world.

mod bounds;
pub mod file;
pub mod read;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use self::file::{Colors, File, Language, Signs, ThemeName};
use self::read::Fault;
use crate::cli::Common;

/// Longest file that is read, in bytes: many times a file that sets everything there is.
const FILE_BYTES_MAX: u64 = 256 * 1_024;

/// Where a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag(&'static str),
    /// A variable of the environment.
    Env(&'static str),
    /// The settings file.
    File,
    /// Nobody said anything.
    Default,
}

/// The settings as they are in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The settings file; `None` without a home to look in.
    pub path: Option<PathBuf>,
    /// Whether the file is there.
    pub found: bool,
    /// What is in force.
    pub file: File,
    sources: BTreeMap<String, Source>,
}

/// One setting as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Its name, dotted.
    pub key: String,
    /// Its value.
    pub value: toml::Value,
    /// Where that comes from.
    pub source: Source,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("settings file {0}: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// It is too long to be one.
    #[error("settings file {0}: longer than {FILE_BYTES_MAX} bytes")]
    TooLong(PathBuf),
    /// Something in it is wrong.
    #[error("settings file {0}, {1}")]
    Wrong(PathBuf, Fault),
    /// A variable is wrong.
    #[error("{0}: {1}")]
    Variable(&'static str, String),
}

impl Config {
    /// Every setting, in the order of their names, with where it comes from.
    pub fn resolved(&self) -> Vec<Resolved> {
        let mut all = Vec::new();
        if let Ok(toml::Value::Table(table)) = toml::Value::try_from(&self.file) {
            flatten(table, "", &mut all);
        }
        all.into_iter()
            .map(|(key, value)| {
                let source = self.sources.get(&key).copied().unwrap_or(Source::Default);
                Resolved { key, value, source }
            })
            .collect()
    }
}

fn flatten(table: toml::Table, prefix: &str, all: &mut Vec<(String, toml::Value)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(inner, &name, all),
            value => all.push((name, value)),
        }
    }
}

/// The settings file when neither flag nor variable names one: `$XDG_CONFIG_HOME/domicilio/config.toml`, else
/// `~/.config/domicilio/config.toml`.
fn usual_path(var: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |name| var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("domicilio").join("config.toml"))
}

/// Reads the settings. A file that is not there is no fault, unless flag or variable named it.
pub fn load(flags: &Common, var: impl Fn(&str) -> Option<String>) -> Result<Config, Error> {
    let named = flags.config.clone();
    let path = named.clone().or_else(|| usual_path(&var));
    let text = match &path {
        Some(path) => text(path, named.is_some())?,
        None => None,
    };
    let mut config = Config { found: text.is_some(), path, file: File::default(), sources: BTreeMap::new() };
    if let (Some(text), Some(path)) = (text, &config.path) {
        let (file, keys) = read::read(&text).map_err(|fault| Error::Wrong(path.clone(), fault))?;
        config.sources = keys.into_iter().map(|key| (key, Source::File)).collect();
        config.file = file;
    }
    over(&mut config, flags, var)?;
    Ok(config)
}

/// The text of the file; `None` when it is not there and need not be.
fn text(path: &Path, must: bool) -> Result<Option<String>, Error> {
    let unreadable = |error| Error::Unreadable(path.to_owned(), error);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::TooLong(path.to_owned()));
    }
    Ok(Some(text))
}

/// Lays flags and variables over what the file says.
fn over(config: &mut Config, flags: &Common, var: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
    let Config { file, sources, .. } = config;
    let mut set = |key: &str, source: Option<Source>| {
        if let Some(source) = source {
            sources.insert(key.to_owned(), source);
        }
    };
    let language = flags.lang.map(Language::from);
    set("language", pick(&mut file.language, language, "--lang", "DOMICILIO_LANG", &var)?);
    set("screen.theme", pick::<ThemeName>(&mut file.screen.theme, flags.theme, "--theme", "DOMICILIO_THEME", &var)?);
    set("screen.colors", pick::<Colors>(&mut file.screen.colors, flags.colors, "--colors", "DOMICILIO_COLORS", &var)?);
    let signs = flags.ascii.then_some(Signs::Ascii);
    set("screen.signs", pick(&mut file.screen.signs, signs, "--ascii", "DOMICILIO_SIGNS", &var)?);
    Ok(())
}

/// Takes the flag, else the variable, else leaves the value; tells which of them it took. An empty variable says nothing.
fn pick<T: ValueEnum>(
    value: &mut T,
    flag: Option<T>,
    flag_name: &'static str,
    name: &'static str,
    var: impl Fn(&str) -> Option<String>,
) -> Result<Option<Source>, Error> {
    if let Some(flag) = flag {
        *value = flag;
        return Ok(Some(Source::Flag(flag_name)));
    }
    let Some(text) = var(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    *value = T::from_str(&text, true).map_err(|_| {
        let known: Vec<String> =
            T::value_variants().iter().filter_map(|one| Some(one.to_possible_value()?.get_name().to_owned())).collect();
        Error::Variable(name, format!("no such value: {text}. There are: {}", known.join(", ")))
    })?;
    Ok(Some(Source::Env(name)))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn loaded(arguments: &[&str], vars: &[(&str, &str)]) -> Result<Config, Error> {
        let arguments = std::iter::once("domicilio").chain(arguments.iter().copied());
        let flags = Cli::try_parse_from(arguments).unwrap().common;
        load(&flags, |name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    /// Value and source of one key.
    fn one(config: &Config, key: &str) -> (String, Source) {
        let resolved = config.resolved().into_iter().find(|one| one.key == key).unwrap();
        (resolved.value.as_str().unwrap().to_owned(), resolved.source)
    }

    #[test]
    fn flag_goes_before_variable_before_file_before_default() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("domicilio");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), "language = 'en'\n[screen]\ntheme = 'light'\ncolors = '16'\n")
            .unwrap();
        let home = home.path().to_str().unwrap();
        let vars = [("XDG_CONFIG_HOME", home), ("DOMICILIO_THEME", "dark"), ("DOMICILIO_COLORS", "256")];
        let config = loaded(&["--colors", "none"], &vars).unwrap();
        assert!(config.found);
        assert_eq!(one(&config, "language"), ("en".to_owned(), Source::File));
        assert_eq!(one(&config, "screen.theme"), ("dark".to_owned(), Source::Env("DOMICILIO_THEME")));
        assert_eq!(one(&config, "screen.colors"), ("none".to_owned(), Source::Flag("--colors")));
        assert_eq!(one(&config, "screen.signs"), ("auto".to_owned(), Source::Default));
    }

    #[test]
    fn a_file_need_not_be_there_unless_it_was_named() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().to_str().unwrap();
        let config = loaded(&[], &[("HOME", home)]).unwrap();
        assert_eq!((config.found, config.file), (false, File::default()));
        assert!(config.path.unwrap().ends_with(".config/domicilio/config.toml"));
        assert_eq!(loaded(&[], &[]).unwrap().path, None);
        let missing = format!("{home}/missing.toml");
        assert!(matches!(loaded(&["--config", &missing], &[]), Err(Error::Unreadable(..))));
        assert!(matches!(loaded(&["--config", home], &[]), Err(Error::Unreadable(..))));
    }

    #[test]
    fn a_variable_with_a_wrong_value_is_told_and_an_empty_one_says_nothing() {
        let told = loaded(&[], &[("DOMICILIO_COLORS", "512")]).unwrap_err().to_string();
        assert_eq!(told, "DOMICILIO_COLORS: no such value: 512. There are: auto, true, 256, 16, none");
        assert!(loaded(&[], &[("DOMICILIO_LANG", "")]).is_ok());
    }

    #[test]
    fn a_file_too_long_to_be_one_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "#".repeat(300 * 1_024)).unwrap();
        let path = file.path().to_str().unwrap();
        assert!(matches!(loaded(&["--config", path], &[]), Err(Error::TooLong(_))));
    }
}
