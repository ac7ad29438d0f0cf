//! Completions that the shells take, pages that `man` takes, and readers that go away.
//!
//! bash must be there; other shells and checkers are used where they are, and their absence is said.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use clap::CommandFactory as _;
use domicilio::cli::Cli;

use crate::headless::{code, program, told};
use crate::looking::{beat, heartbeats};
use crate::world::{World, record};

fn domicilio(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    let home = tempfile::tempdir().unwrap();
    command.env_clear().env("HOME", home.path()).stdin(Stdio::null()).args(arguments).output().unwrap()
}

/// Where `name` is; says so when it is not there, past what the test harness keeps to itself.
fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {name} is not installed, so it was not asked");
    }
    found
}

fn completions(shell: &str, folder: &Path) -> String {
    let script = domicilio(&["completions", shell]);
    assert_eq!(code(&script), 0, "{}", told(&script));
    let file = folder.join(format!("_domicilio.{shell}"));
    std::fs::write(&file, script.stdout).unwrap();
    file.to_str().unwrap().to_owned()
}

/// What a shell prints; it must not complain.
fn printed(mut shell: Command) -> String {
    let output = shell.env_remove("BASH_ENV").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{shell:?}: {}", told(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bash_completes_commands_and_their_options() {
    let folder = tempfile::tempdir().unwrap();
    let file = completions("bash", folder.path());
    for (words, expected) in [
        ("domicilio stat", "status"),
        ("domicilio orders --sin", "--since"),
        ("domicilio inject --template p", "pickup"),
    ] {
        let count = words.split(' ').count() - 1;
        let mut bash = Command::new("bash");
        let script = format!(
            "set -e; . '{file}'; complete -p domicilio >/dev/null; COMP_WORDS=({words}); COMP_CWORD={count}; \
             _domicilio domicilio \"${{COMP_WORDS[{count}]}}\" \"${{COMP_WORDS[{count}-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        bash.args(["--norc", "-c", &script]);
        let completed = printed(bash);
        assert!(completed.split_whitespace().any(|word| word == expected), "{words}: {completed}");
    }
}

#[test]
fn zsh_and_fish_take_theirs() {
    let folder = tempfile::tempdir().unwrap();
    if let Some(zsh) = found("zsh") {
        let file = completions("zsh", folder.path());
        let mut zsh = Command::new(zsh);
        let script = format!("autoload -U compinit && compinit -D -u && . '{file}' && print $_comps[domicilio]");
        zsh.args(["-f", "-c", &script]).env("HOME", folder.path());
        assert_eq!(printed(zsh).trim(), "_domicilio");
    }
    if let Some(fish) = found("fish") {
        let file = completions("fish", folder.path());
        let mut fish = Command::new(fish);
        fish.args(["--no-config", "-c", &format!("source '{file}'; complete -C 'domicilio stat'")]);
        fish.env("HOME", folder.path());
        let completed = printed(fish);
        assert!(completed.lines().any(|line| line.starts_with("status\t")), "{completed}");
    }
}

/// Every command that is shown, as its page is named.
fn page_names(command: &clap::Command, name: &str, names: &mut Vec<String>) {
    names.push(format!("{name}.1"));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        page_names(sub, &format!("{name}-{}", sub.get_name()), names);
    }
}

#[test]
fn every_command_has_a_page_that_man_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = domicilio(&["man", pages.to_str().unwrap()]);
    assert_eq!((code(&output), output.stdout.len()), (0, 0), "{}", told(&output));
    let mut wanted = Vec::new();
    page_names(&Cli::command(), "domicilio", &mut wanted);
    assert!(wanted.len() > 15 && wanted.contains(&"domicilio-stores-import.1".to_owned()), "{wanted:?}");
    let written: Vec<String> =
        std::fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!written.contains(&"domicilio-demo-stage.1".to_owned()), "{written:?}");
    let groff = found("groff");
    for name in wanted {
        let page = pages.join(&name);
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{name}");
        if let Some(groff) = &groff {
            let mut groff = Command::new(groff);
            groff.args(["-man", "-Tutf8", "-ww", "-z"]).arg(&page);
            assert_eq!(printed(groff), "", "{name}");
        }
    }
    let printed = domicilio(&["man"]);
    assert_eq!(printed.stdout, std::fs::read(pages.join("domicilio.1")).unwrap(), "the same page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_met_with_silence_by_every_command() {
    let world = World::start().await;
    let _beating = beat(&world, heartbeats());
    for id in 1..200 {
        world.store_record(&record(id)).await;
    }
    let intake = world.accept(0, b"{}").await;
    world.queue(0, intake).await;
    for arguments in [
        &["stores", "--json"][..],
        &["stores"],
        &["status", "--json"],
        &["status"],
        &["orders", "--json"],
        &["order", "B-0000", "--json"],
        &["queues", "--json"],
        &["counters", "--json"],
        &["services", "--json"],
        &["doctor", "--json"],
        &["tail", "domicilio.services"],
        &["tail", "domicilio.services", "--json"],
        &["info", "--json"],
        &["inject", "--template", "pickup", "--store", "72", "--dry-run"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
    ] {
        let mut command = program(&world);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            // As `head -c 1`: one byte, then gone. Those that print less than a pipe holds never notice.
            let mut first = [0];
            let _ = child.stdout.as_mut().unwrap().read(&mut first);
            drop(child.stdout.take());
            child.wait_with_output().unwrap()
        })
        .await
        .unwrap();
        let complaints = ["roken pipe", "panicked", "writing"];
        assert!(!complaints.iter().any(|word| told(&output).contains(word)), "{arguments:?}: {}", told(&output));
        assert_eq!(code(&output), 0, "{arguments:?}: {}", told(&output));
    }
    // The code of a check stands though nobody reads its line.
    let mut check = program(&world);
    check.env("NATS_URL", "nats://127.0.0.1:1").arg("check").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = check.spawn().unwrap();
    drop(child.stdout.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!((code(&output), told(&output)), (3, String::new()));
}
