//! The demo as a whole: real processes, judged by its own last line and by what it leaves behind.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a condition may take; generous, for it only matters when a test fails.
const LIMIT: Duration = Duration::from_mins(2);

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// The private folder of the deployment that a stage holds, from its first line.
async fn first_line(child: &mut Child) -> Value {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let line = tokio::time::timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
    serde_json::from_str(&line).unwrap()
}

/// Processes whose command line names `folder`: the deployment's nats-server, simulator and services' ledger.
fn processes_in(folder: &str) -> Vec<String> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read(entry.ok()?.path().join("cmdline")).ok();
    let lines = std::fs::read_dir("/proc").unwrap().filter_map(read);
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).filter(|line| line.contains(folder)).collect()
}

#[tokio::test]
async fn a_demo_without_a_screen_keeps_its_promises_and_says_so() {
    let args = ["demo", "--headless", "--for", "10s", "--json", "--rate", "1200", "--seed", "7"];
    let output = tokio::time::timeout(LIMIT, demo(&args).output()).await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let figure = |name: &str| report[name].as_u64().unwrap();
    assert!(output.status.success(), "{report}");
    assert_eq!(figure("accepted"), figure("injected") + figure("waiting") + figure("not_injected"), "{report}");
    assert_eq!((figure("fifo_violations"), figure("duplicates"), figure("unclear")), (0, 0, 0), "{report}");
    let schema: Value = serde_json::from_str(include_str!("../../docs/schemas/demo.json")).unwrap();
    assert!(jsonschema::is_valid(&schema, &report), "{report}");
    // The demo would show nothing if nothing happened, and no trouble if there were none.
    assert!(figure("injected") > 50 && figure("waiting") > 0 && figure("invalid") > 0, "{report}");
    assert_eq!(text.lines().count(), 1, "with --json the report is all there is");
}

#[tokio::test]
async fn whoever_holds_the_stage_is_killed_and_nothing_is_left() {
    // A stage held by a pipe of ours, as the console holds it; closing the pipe is what the kernel does for whoever
    // is killed.
    let mut stage = demo(&["demo-stage"]).stdin(Stdio::piped()).spawn().unwrap();
    let standing = first_line(&mut stage).await;
    let folder = standing["folder"].as_str().unwrap().to_owned();
    assert!(Path::new(&folder).is_dir());
    assert!(processes_in(&folder).len() >= 2, "{:?}", processes_in(&folder));

    drop(stage.stdin.take());
    let status = tokio::time::timeout(LIMIT, stage.wait()).await.unwrap().unwrap();
    assert!(status.success());
    assert!(!Path::new(&folder).exists());
    assert_eq!(processes_in(&folder), Vec::<String>::new());
}

#[tokio::test]
async fn a_killed_console_takes_its_deployment_with_it() {
    let mut demo = demo(&["demo", "--headless", "--for", "10m"]).spawn().unwrap();
    let mut lines = BufReader::new(demo.stderr.as_mut().unwrap()).lines();
    let told = tokio::time::timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
    // `demo: nats://127.0.0.1:PORT, …`
    let port: u16 = told.split(['/', ',', ':']).find_map(|part| part.parse().ok()).unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    demo.kill().await.unwrap();
    let deadline = Instant::now() + LIMIT;
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(Instant::now() < deadline, "its nats-server still listens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
