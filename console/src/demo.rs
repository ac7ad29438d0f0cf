//! `domicilio demo`: a whole private deployment on this machine, with live traffic, and the console on it.
//!
//! The deployment lives in a process of its own, the *stage* ([`stage`]), which this one starts with a pipe as
//! standard input. However this process ends (leaving the console, Ctrl-C, SIGHUP, a panic, `kill -9`), the pipe
//! closes, the stage hears it, stops every child and removes its folder. Ports and folder are its own, so that two
//! demos run side by side.

mod children;
mod report;
pub mod stage;
mod stores;
mod traffic;

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long the stage may take to stand: six programs and a nats-server on a loaded machine.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How long the stage may take to settle and report, or to stop: longer than its own limits.
const END_LIMIT: Duration = Duration::from_secs(45);

/// Settings of the demo.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Run without a screen and print one JSON object at the end
    #[arg(long)]
    pub headless: bool,

    /// How long to send orders, for example 30s, 5m; only with --headless
    #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = parse_time)]
    pub time: Duration,

    /// Print only JSON on standard output (the progress goes to standard error either way)
    #[arg(long)]
    pub json: bool,

    /// What the stage is set up with
    #[command(flatten)]
    pub stage: StageArgs,
}

/// Settings of the stage.
#[derive(Debug, Clone, Args)]
pub struct StageArgs {
    /// Orders a minute, on average over the rhythm, 1 to 60000
    #[arg(long, value_name = "N", default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub rate: u32,

    /// Seed of the traffic; the same seed sends the same orders. Default: by chance, and told
    #[arg(long)]
    pub seed: Option<u64>,

    /// Keep the folder with logs and ledger, and tell where it is
    #[arg(long)]
    pub keep: bool,
}

/// `30s`, `5m`, `1h`, or plain seconds; at most a day.
fn parse_time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds: u64 = number.parse().map_err(|_| "expected for example 30s, 5m or 1h".to_owned())?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("the unit must be s, m or h".to_owned()),
    };
    match seconds.checked_mul(factor) {
        Some(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be from 1s to 24h".to_owned()),
    }
}

/// First line that the stage prints: where everything is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Standing {
    /// URL of the private nats-server.
    pub nats_url: String,
    /// Base URL of the API.
    pub api: String,
    /// Seed of the traffic.
    pub seed: u64,
    /// Folder with logs and ledger.
    pub folder: String,
}

/// A running stage; dropping it closes the pipe and so ends it.
#[derive(Debug)]
pub struct Stage {
    child: Child,
    tell: Option<ChildStdin>,
    told: Lines<BufReader<ChildStdout>>,
    /// Where everything is.
    pub standing: Standing,
}

impl Stage {
    /// Starts this very program as the stage and waits until orders flow.
    pub async fn start(args: &StageArgs) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut command = Command::new(program);
        command.arg("demo-stage").arg("--rate").arg(args.rate.to_string());
        if let Some(seed) = args.seed {
            command.arg("--seed").arg(seed.to_string());
        }
        if args.keep {
            command.arg("--keep");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The screen is the console's; the stage says on its standard output what went wrong.
            .stderr(if std::env::var_os("DOMICILIO_DEMO_STDERR").is_some() { Stdio::inherit() } else { Stdio::null() })
            // Out of the terminal's reach: Ctrl-C and SIGHUP are for the console, the pipe tells the stage.
            .process_group(0)
            .spawn()
            .context("starting the stage")?;
        let tell = child.stdin.take();
        let mut told = BufReader::new(child.stdout.take().context("the stage has no output")?).lines();
        let line = tokio::time::timeout(START_LIMIT, told.next_line()).await.context("the stage does not stand")??;
        let line = line.context("the stage ended at once")?;
        let standing = serde_json::from_str(&line).map_err(|_| anyhow::anyhow!("the stage says: {line}"))?;
        Ok(Self { child, tell, told, standing })
    }

    /// Ends the traffic, lets everything settle, and returns the report's JSON.
    pub async fn report(&mut self) -> anyhow::Result<String> {
        let tell = self.tell.as_mut().context("the stage has been ended")?;
        tell.write_all(b"finish\n").await.context("telling the stage to finish")?;
        let line =
            tokio::time::timeout(END_LIMIT, self.told.next_line()).await.context("the stage does not report")??;
        line.context("the stage ended without a report")
    }

    /// Closes the pipe and waits until every child is gone.
    pub async fn end(mut self) -> anyhow::Result<()> {
        drop(self.tell.take());
        let status = tokio::time::timeout(END_LIMIT, self.child.wait()).await.context("the stage does not end")??;
        anyhow::ensure!(status.success(), "the stage ended with {status}");
        Ok(())
    }
}

/// Runs without a screen; returns whether every promise held.
pub async fn headless(args: &DemoArgs) -> anyhow::Result<bool> {
    let mut stage = Stage::start(&args.stage).await?;
    let standing = stage.standing.clone();
    let mut err = std::io::stderr();
    writeln!(err, "demo: {}, {}, seed {}", standing.nats_url, standing.api, standing.seed)?;
    tokio::select! {
        () = tokio::time::sleep(args.time) => {}
        // Ctrl-C ends the traffic early; the report is still true.
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listening for Ctrl-C")?,
    }
    let report = stage.report().await?;
    let parsed: report::Report = serde_json::from_str(&report).with_context(|| format!("the stage says: {report}"))?;
    let mut out = std::io::stdout();
    if !args.json {
        writeln!(out, "{parsed}")?;
    }
    writeln!(out, "{report}")?;
    out.flush()?;
    stage.end().await?;
    if args.stage.keep {
        writeln!(err, "demo: kept {}", standing.folder)?;
    }
    Ok(parsed.holds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("1h", 3_600), ("7", 7)] {
            assert_eq!(parse_time(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "s", "0s", "25h", "5d", "-1s", "99999999999999999999s"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
