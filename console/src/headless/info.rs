//! `domicilio info`: every path and every setting in force, with where it comes from. No secrets, no connection.

use std::path::PathBuf;

use serde::Serialize;

use super::{Failure, env, or_dash, print_columns, print_json, settings};
use crate::action::Action;
use crate::cli::Common;
use crate::config::{Config, Resolved, Source};
use crate::feed::{chain, route};
use crate::keys::KeyMap;
use crate::log;
use crate::state::access::{Said, Setting};
use crate::theme::{Depth, Ground, Theme};

#[derive(Serialize)]
struct Info {
    version: &'static str,
    /// The settings file, whether it is there or not.
    config: Option<PathBuf>,
    config_found: bool,
    /// Where the console's own log is.
    state: Option<PathBuf>,
    settings: Vec<Row>,
    in_force: InForce,
    connection: Connection,
    /// Every action, with the keys that ask for it wherever that is.
    keys: Vec<Bound>,
}

/// How the console would connect; it does not.
#[derive(Serialize, Default)]
struct Connection {
    /// The NATS context in use.
    context: Option<String>,
    /// What the settings say of it.
    production: bool,
    read_only: bool,
    /// What decides how to connect, the URL first.
    decided_by: Vec<Decided>,
    /// Why it cannot be decided, if so.
    error: Option<String>,
}

#[derive(Serialize)]
struct Decided {
    /// `url`, `login`, `ca`, `certificate`, `key` or `inbox prefix`.
    what: &'static str,
    /// Of what is secret only the kind.
    value: String,
    /// `flag`, `env`, `context` or `default`.
    source: &'static str,
    /// Name of the flag, of the variable, or of the field of the context.
    by: Option<&'static str>,
}

/// How the console would connect.
async fn connection(common: &Common, config: &Config) -> Connection {
    let target = match route::target(common).await {
        Ok(target) => target,
        Err(error) => return Connection { error: Some(chain(&error)), ..Connection::default() },
    };
    let access = route::access(&target, &route::marks(&target, &config.file.marks()));
    let decided = |setting: Setting| Decided {
        what: setting.what,
        value: setting.value,
        source: match setting.said {
            Said::Nobody => "default",
            Said::Context => "context",
            Said::Environment => "env",
            Said::Flag => "flag",
        },
        by: Some(setting.named).filter(|named| !named.is_empty()),
    };
    Connection {
        context: access.context,
        production: access.production,
        read_only: access.read_only,
        decided_by: access.settings.into_iter().map(decided).collect(),
        error: None,
    }
}

#[derive(Serialize)]
struct Bound {
    action: &'static str,
    keys: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    key: String,
    value: toml::Value,
    /// `flag`, `env`, `file` or `default`.
    source: &'static str,
    /// Name of the flag or of the variable.
    by: Option<&'static str>,
}

/// What is `auto` among the settings, as the environment decides it.
#[derive(Serialize)]
struct InForce {
    language: &'static str,
    theme: &'static str,
    colors: &'static str,
    signs: &'static str,
    frames_per_second: u64,
    kilobytes_per_second: u64,
    /// Whether the terminal is at the other end of an SSH connection.
    ssh: bool,
}

pub(super) async fn run(common: &Common, json: bool) -> Result<(), Failure> {
    let config = settings(common)?;
    let theme = Theme::detect(config.file.screen.look(), env);
    let ssh = env("SSH_CONNECTION").is_some_and(|value| !value.is_empty());
    let info = Info {
        version: env!("CARGO_PKG_VERSION"),
        settings: config.resolved().into_iter().map(row).collect(),
        in_force: InForce {
            language: config.file.language.resolve(env).as_str(),
            theme: if theme.ground() == Ground::Dark { "dark" } else { "light" },
            colors: match theme.depth() {
                Depth::True => "true",
                Depth::Indexed => "256",
                Depth::Sixteen => "16",
                Depth::None => "none",
            },
            signs: if theme.is_ascii() { "ascii" } else { "unicode" },
            frames_per_second: 1_000 / config.file.screen.frame_ms(ssh).max(1),
            kilobytes_per_second: config.file.screen.bytes_per_second(ssh) / 1_024,
            ssh,
        },
        connection: connection(common, &config).await,
        keys: bound(&config.file.settings().keys),
        config: config.path,
        config_found: config.found,
        state: log::folder(),
    };
    if json { print_json(&info) } else { print_columns(&table(&info)) }
}

fn row(resolved: Resolved) -> Row {
    let (source, by) = match resolved.source {
        Source::Flag(name) => ("flag", Some(name)),
        Source::Env(name) => ("env", Some(name)),
        Source::File => ("file", None),
        Source::Default => ("default", None),
    };
    Row { key: resolved.key, value: resolved.value, source, by }
}

fn bound(map: &KeyMap) -> Vec<Bound> {
    let of = |action: Action| {
        let mut keys: Vec<String> = Vec::new();
        for (_, own) in map.iter().filter(|(binding, _)| binding.action == action) {
            for key in own.iter().map(|key| key.name(true)) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        Bound { action: action.name(), keys }
    };
    Action::ALL.into_iter().map(of).collect()
}

fn table(info: &Info) -> Vec<Vec<String>> {
    let line = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    let path = |path: &Option<PathBuf>| or_dash(path.as_ref().map(|path| path.display()));
    let force = &info.in_force;
    let mut rows = vec![
        line(["version", info.version, ""]),
        line(["settings file", &path(&info.config), if info.config_found { "" } else { "not there" }]),
        line(["log folder", &path(&info.state), ""]),
        line(["", "", ""]),
        line(["SETTING", "VALUE", "FROM"]),
    ];
    rows.extend(info.settings.iter().map(|row| {
        let from = row.by.map_or_else(|| row.source.to_owned(), |by| format!("{} {by}", row.source));
        vec![row.key.clone(), shown(&row.value), from]
    }));
    let (frames, kilobytes) = (force.frames_per_second.to_string(), force.kilobytes_per_second.to_string());
    let over = if force.ssh { "over SSH" } else { "" };
    rows.extend([
        line(["", "", ""]),
        line(["IN FORCE", "", ""]),
        line(["language", force.language, ""]),
        line(["theme", force.theme, ""]),
        line(["colors", force.colors, ""]),
        line(["signs", force.signs, ""]),
        line(["frames-per-second", &frames, over]),
        line(["kilobytes-per-second", &kilobytes, over]),
    ]);
    rows.extend([line(["", "", ""]), line(["CONNECTION", "VALUE", "FROM"])]);
    let way = &info.connection;
    if let Some(error) = &way.error {
        rows.push(line(["error", error, ""]));
    }
    if let Some(context) = &way.context {
        let mark = match (way.production, way.read_only) {
            (true, true) => "production, read-only",
            (true, false) => "production",
            (false, true) => "read-only",
            (false, false) => "",
        };
        rows.push(line(["context", context, mark]));
    }
    rows.extend(way.decided_by.iter().map(|decided| {
        let from = decided.by.map_or_else(|| decided.source.to_owned(), |by| format!("{} {by}", decided.source));
        vec![decided.what.to_owned(), decided.value.clone(), from]
    }));
    rows.extend([line(["", "", ""]), line(["ACTION", "KEYS", ""])]);
    rows.extend(info.keys.iter().map(|bound| vec![bound.action.to_owned(), bound.keys.join(" "), String::new()]));
    rows
}

fn shown(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
