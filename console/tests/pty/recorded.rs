//! `domicilio replay FILE`, as a person sees it: played to its end, walked through, changed by nothing.

use std::process::Command;

use crate::terminal::Terminal;
use crate::{LONG, SHORT};

const EVENING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/evening.jsonl");

/// What `--screen` prints of it, on as many columns and rows.
fn printed(screen: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.args(["replay", EVENING, "--lang", "es", "--screen", screen, "--size", "80x24"]);
    command.env_clear().env("HOME", home.path()).env("TZ", "UTC").env("LANG", "es_EC.UTF-8");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn rows(text: &str) -> Vec<&str> {
    text.trim_end().lines().map(str::trim_end).collect()
}

#[test]
fn a_recording_is_played_to_its_end_and_is_the_same_with_and_without_a_terminal() {
    let mut screen = Terminal::open_recording(&[EVENING, "--speed", "max"]);
    screen.wait_for("its end", LONG, |s| s.contains("GRABACIÓN") && s.contains("· fin") && s.contains("K024 El Norte"));
    for (key, name) in [("3", "queues"), ("4", "not-injected"), ("6", "services"), ("8", "log"), ("1", "overview")] {
        let wanted = printed(name);
        screen.press(key);
        // Above the footer, which has other keys for whoever is at a terminal.
        let shown = |text: &str| rows(text)[..23].join("\n");
        screen.wait_for(name, SHORT, |s| shown(s) == shown(&wanted));
    }
    screen.press("i");
    screen.wait_for("that nothing is changed here", SHORT, |s| s.contains("Esto es una grabación"));
    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}

#[test]
fn a_recording_stands_still_and_goes_on_as_asked() {
    // At its own speed the evening takes ten minutes: here nothing but a key brings it on.
    let mut screen = Terminal::open_recording(&[EVENING]);
    screen.wait_for("its beginning", LONG, |s| s.contains("GRABACIÓN") && s.contains("01:54:1"));
    screen.press(" ");
    screen.wait_for("the pause", SHORT, |s| s.contains("en pausa"));
    screen.press(" +++");
    screen.wait_for("its end", LONG, |s| s.contains("· fin") && s.contains("02:04:17"));
    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}
