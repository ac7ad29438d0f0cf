//! What must stay pure stays pure: no clock, no chance, no I/O, no async in state, update and view.

use std::path::{Path, PathBuf};

/// Files and folders of the pure part.
const PURE: &[&str] = &[
    "action.rs",
    "alerts.rs",
    "audit/chain.rs",
    "config/bounds.rs",
    "config/file.rs",
    "config/read.rs",
    "counters.rs",
    "effect",
    "effect.rs",
    "event",
    "event.rs",
    "filter.rs",
    "keys",
    "keys.rs",
    "mask",
    "mask.rs",
    "operation.rs",
    "recording.rs",
    "recording/player.rs",
    "runtime/pace.rs",
    "sanitise.rs",
    "state",
    "state.rs",
    "template.rs",
    "term/encoder.rs",
    "term/pen.rs",
    "term/shift.rs",
    "term/writer.rs",
    "text",
    "text.rs",
    "theme.rs",
    "update",
    "update.rs",
    "view",
    "view.rs",
];

/// What none of them may name.
const IMPURE: &[&str] = &[
    "async_nats",
    "bus::",
    "tokio::",
    ".await",
    "async fn",
    "Instant::",
    "SystemTime",
    "Timestamp::now",
    "feed::",
    "fastrand",
    "std::fs",
    "std::env",
    "std::io",
    "std::net",
    "std::thread",
    "std::process",
    "reqwest",
    "println!",
];

/// The only folders that may name the client of the bus.
const CLIENT: &[&str] = &["feed", "feed.rs", "headless", "demo", "demo.rs"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|entry| files(&entry)).collect()
}

/// The code without comments, and without what stands under `#[cfg(test)]` at the end.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn state_update_and_view_are_pure() {
    let pure: Vec<PathBuf> = PURE.iter().flat_map(|part| files(&source().join(part))).collect();
    assert!(pure.len() > 40, "the list lost its files: {}", pure.len());
    for file in pure {
        let code = code(&file);
        for word in IMPURE {
            assert!(!code.contains(word), "{} names {word}", file.display());
        }
    }
}

#[test]
fn only_the_feed_and_the_commands_know_the_client() {
    let mut seen = 0;
    for file in files(&source()) {
        let place = file.strip_prefix(source()).unwrap().iter().next().unwrap().to_str().unwrap().to_owned();
        if code(&file).contains("async_nats") {
            assert!(CLIENT.contains(&place.as_str()), "{} names async_nats", file.display());
            seen += 1;
        }
    }
    assert!(seen > 0, "nobody names it: this test looks in the wrong place");
}
