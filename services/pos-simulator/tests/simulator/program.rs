//! The program itself: its options, its first line, how it ends, what survives a kill.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use reqwest::Client;
use serde_json::Value;

use crate::running::{DEADLINE, lines, order_to};

struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(ledger: &Path, more: &[&str]) -> Self {
        let mut child = command(ledger).args(more).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let first: Value = serde_json::from_str(&line).expect("a first line of JSON");
        let address = first["listen"].as_str().unwrap().parse().unwrap();
        Self { child, address }
    }

    async fn order(&self, code: &str) -> u16 {
        order_to(&Client::new(), self.address, 72, code).send().await.unwrap().status().as_u16()
    }

    fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < DEADLINE, "the program does not end");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(ledger: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pos-simulator"));
    command.args(["--listen", "127.0.0.1:0", "--latency-ms", "0", "--ledger"]).arg(ledger);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn keys_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let mut program = Program::start(&ledger, &[]);
    assert_eq!(program.order("A-1").await, 201);
    program.child.kill().unwrap();
    assert!(!program.wait().success());

    let program = Program::start(&ledger, &["--fault", "73=down"]);
    assert_eq!(program.order("A-1").await, 409);
    assert_eq!(program.order("A-2").await, 201);
    let down = order_to(&Client::new(), program.address, 73, "B-1").send().await;
    assert!(down.is_err(), "store 73 is down from the start");
    assert_eq!(lines(&ledger).len(), 6);
}

#[tokio::test]
async fn ends_by_itself_when_stdin_is_closed_or_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let mut program = Program::start(&ledger, &["--stop-on-stdin-close"]);
    assert_eq!(program.order("A-1").await, 201);
    drop(program.child.stdin.take());
    assert!(program.wait().success());

    let mut program = Program::start(&ledger, &[]);
    drop(program.child.stdin.take());
    assert_eq!(program.order("A-1").await, 409, "without the option the end of stdin means nothing");
    let kill = Command::new("kill").arg(program.child.id().to_string()).status().unwrap();
    assert!(kill.success());
    assert!(program.wait().success());
}

#[tokio::test]
async fn takes_the_options_of_every_program_and_logs_to_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, log) = (folder.path().join("ledger.jsonl"), folder.path().join("simulator.log"));
    let options = ["--nats-url", "nats://127.0.0.1:1", "--country", "ec", "--cloud", "aws", "--log-level", "debug"];
    let more = [&options[..], &["--stop-on-stdin-close", "--log-file", log.to_str().unwrap()]].concat();
    let mut program = Program::start(&ledger, &more);
    assert_eq!(program.order("A-1").await, 201);
    drop(program.child.stdin.take());
    assert!(program.wait().success());
    let log = std::fs::read_to_string(log).unwrap();
    let messages: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let told: Vec<_> = messages.iter().filter_map(|line| line["message"].as_str()).collect();
    assert_eq!((told.first(), told.last()), (Some(&"started"), Some(&"stopped")), "{told:?}");
    assert!(told.contains(&"attempt") && !log.contains("Invented"));
}

#[test]
fn what_keeps_it_from_starting_is_told_on_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let program = Program::start(&ledger, &[]);
    let taken = program.address.to_string();
    let damaged = folder.path().join("damaged.jsonl");
    std::fs::write(&damaged, "no ledger\n").unwrap();
    for (ledger, more, reason) in [
        (ledger.as_path(), &[][..], "another process writes to the ledger"),
        (&folder.path().join("new.jsonl"), &["--listen", &taken], "cannot listen on"),
        (&folder.path().join("no/such/folder/l.jsonl"), &[], "cannot use the ledger"),
        (&damaged, &[], "line 1 of"),
        (&folder.path().join("new.jsonl"), &["--log-level", "a=b=c"], "--log-level"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pos-simulator"));
        if !more.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let output = command.arg("--ledger").arg(ledger).args(more).stdin(Stdio::null()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(reason), "{reason}: {stderr}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    }
}

#[test]
fn help_explains_units_and_defaults() {
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_pos-simulator")).arg("--help").stdout(Stdio::piped()).spawn().unwrap();
    let mut help = String::new();
    child.stdout.take().unwrap().read_to_string(&mut help).unwrap();
    assert!(child.wait().unwrap().success());
    let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "milliseconds, at most 600000 [default: 20]",
        "[default: 127.0.0.1:9080]",
        "makes no use of the bus",
        "[env: NATS_URL",
        "STORE=slow,ms=N",
    ] {
        assert!(flat.contains(part), "{part} is not in {help}");
    }
}
