//! The stage's children: started with a pipe as standard input, told where to log, stopped in good order.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a child may take to tell its address.
const ADDRESS_LIMIT: Duration = Duration::from_secs(20);

/// How long children may take to finish what is in flight before they are killed.
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// The children, in the order in which they were started.
#[derive(Debug)]
pub(super) struct Children {
    folder: PathBuf,
    running: Vec<(String, Child)>,
}

/// First line of a program that listens.
#[derive(Deserialize)]
struct Listening {
    listen: String,
}

impl Children {
    /// Logs go to `folder`.
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder, running: Vec::new() }
    }

    /// Starts `program`, which lies beside this one, under `name`.
    pub(super) fn start(&mut self, program: &str, name: &str, args: &[&str]) -> anyhow::Result<()> {
        let child = self.command(program, name, args)?.stdout(Stdio::null()).spawn();
        self.running.push((name.to_owned(), child.with_context(|| format!("starting {program}"))?));
        Ok(())
    }

    /// Starts a program that tells its address in its first line; returns `http://<address>`.
    pub(super) async fn listening(&mut self, program: &str, name: &str, args: &[&str]) -> anyhow::Result<String> {
        let mut child = self
            .command(program, name, args)?
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        let output = child.stdout.take().context("no output")?;
        self.running.push((name.to_owned(), child));
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(ADDRESS_LIMIT, lines.next_line()).await;
        let line = line.with_context(|| format!("{program} tells no address"))??;
        let line = line.with_context(|| format!("{program} ended at once; see {}", self.log(name).display()))?;
        let told: Listening = serde_json::from_str(&line).with_context(|| format!("{program} says {line:?}"))?;
        Ok(format!("http://{}", told.listen))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn command(&self, program: &str, name: &str, args: &[&str]) -> anyhow::Result<Command> {
        let log = std::fs::File::create(self.log(name)).with_context(|| format!("log of {name}"))?;
        let mut command = Command::new(beside(program)?);
        command.args(args).arg("--stop-on-stdin-close").stdin(Stdio::piped()).stderr(log).kill_on_drop(true);
        // What the operator's shell sets for a real deployment must not reach a private one.
        for variable in bus::target::VARIABLES {
            command.env_remove(variable);
        }
        Ok(command)
    }

    /// The first child that has ended by itself, with how.
    pub(super) fn fallen(&mut self) -> Option<String> {
        self.running.iter_mut().find_map(|(name, child)| match child.try_wait() {
            Ok(Some(status)) => Some(format!("{name} ended with {status}")),
            _ => None,
        })
    }

    /// Closes every pipe, waits, kills what is left.
    pub(super) async fn stop(mut self) {
        for (_, child) in &mut self.running {
            drop(child.stdin.take());
        }
        let all = async {
            for (_, child) in &mut self.running {
                // A child that cannot be waited for is gone.
                let _ = child.wait().await;
            }
        };
        if tokio::time::timeout(STOP_LIMIT, all).await.is_err() {
            for (_, child) in &mut self.running {
                let _ = child.kill().await;
            }
        }
    }
}

/// The path of a program of this workspace: `cargo build` and our packages put them all into one folder.
fn beside(program: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("finding this program")?;
    let path = own.parent().unwrap_or(Path::new(".")).join(program);
    anyhow::ensure!(path.is_file(), "{} is missing; `make demo` builds everything first", path.display());
    Ok(path)
}
