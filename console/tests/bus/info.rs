//! `domicilio info`, and settings that are wrong, without any bus.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.env_clear().env("HOME", home).env("LANG", "en_US.UTF-8").stdin(Stdio::null());
    command.args(arguments).output().unwrap()
}

fn written(home: &Path, text: &str) {
    let folder = home.join(".config/domicilio");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), text).unwrap();
}

#[test]
fn every_setting_is_told_with_where_it_comes_from() {
    let home = tempfile::tempdir().unwrap();
    written(home.path(), "[attention.pickup]\nwarn = '90s'\n");
    let output = run(home.path(), &["info", "--json", "--theme", "light"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let info: Value = serde_json::from_slice(&output.stdout).unwrap();
    let setting = |key: &str| {
        let all = info["settings"].as_array().unwrap();
        all.iter().find(|setting| setting["key"] == key).unwrap().clone()
    };
    assert_eq!(setting("attention.pickup.warn")["value"], "1m30s");
    assert_eq!(setting("attention.pickup.warn")["source"], "file");
    assert_eq!(
        (&setting("screen.theme")["source"], &setting("screen.theme")["by"]),
        (&"flag".into(), &"--theme".into())
    );
    assert_eq!(setting("attention.growing")["source"], "default");
    assert_eq!((&info["in_force"]["language"], &info["in_force"]["theme"]), (&"en".into(), &"light".into()));
    assert_eq!(info["config_found"], true);
    let way = &info["connection"]["decided_by"][0];
    assert_eq!((&way["what"], &way["source"], &way["by"]), (&"url".into(), &"default".into(), &Value::Null), "{info}");
    let output = run(home.path(), &["info", "--json", "--nats-url", "nats://someone:secret@bus.example:4222"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("bus.example:4222") && told.contains("--nats-url") && !told.contains("secret"), "{told}");
    let output = run(home.path(), &["info", "--context", "nowhere"]);
    assert_eq!(output.status.code(), Some(0), "it tells what it knows all the same: {output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("nowhere"));

    let table = String::from_utf8(run(home.path(), &["info"]).stdout).unwrap();
    assert!(table.contains("attention.pickup.warn") && table.contains("1m30s") && table.contains("file"), "{table}");
}

#[test]
fn a_console_with_wrong_settings_does_not_start() {
    let home = tempfile::tempdir().unwrap();
    written(home.path(), "language = 'es'\n[screen]\nteme = 'dark'\n");
    let output = run(home.path(), &["info"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("config.toml, line 3: screen.teme: no such setting: teme; did you mean theme?"), "{told}");
    assert!(output.stdout.is_empty());

    let output = run(home.path(), &["--config", "/nowhere/at/all.toml", "info"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
