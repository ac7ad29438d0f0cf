//! The parts that run as processes of their own, as ours do: started by this same program, they tell one JSON object a line.
//! A part ends with its task, or when its standard input ends: whatever becomes of us, none stays.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::{hours, ingestion, limit, link, publisher, shaped};

/// How long a part may take to say that it is ready.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// What a part does.
#[derive(Debug, Clone, Subcommand)]
pub enum Task {
    /// Publishes as fast as it is taken
    Flood {
        /// How many messages
        events: u32,
    },
    /// Publishes at a steady pace until it is ended
    Pace {
        /// Messages a second
        per_second: u32,
        /// Number of the first order
        first: u32,
        /// Messages at most; 0: no limit
        most: u64,
    },
    /// Takes every message and does nothing with it
    Drain {
        /// How many messages
        events: u32,
    },
    /// Takes every message into the console's state
    Ingest {
        /// How many messages
        events: u32,
    },
    /// Does on a silent bus, in a terminal, what cannot be done without; until it is ended
    Idle,
    /// Hands orders on, as the distribuidor does
    Relay,
    /// Takes what waits, as a queue-resolver does
    Sink {
        /// How many orders
        orders: u32,
    },
    /// Carries packets between two namespaces as a bad line does
    Link,
    /// Measures the console at the other end of such a line, in namespaces of its own
    Shaped {
        /// Keys under each load
        keys: u32,
        /// How long the line is looked at under each load
        load_s: u64,
    },
    /// Lives through hours of traffic by a clock of its own, and tells what that leaves in memory
    Hours {
        /// How many seconds by that clock
        seconds: u32,
    },
}

/// The first line of each part.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ready {
    /// Always true.
    pub ready: bool,
}

/// Tells a line.
pub fn tell(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Tells that it is ready, and waits for the word to begin. What is received afterwards are questions how far it is.
pub async fn ready() -> anyhow::Result<mpsc::Receiver<()>> {
    tell(&Ready { ready: true })?;
    // One question at a time; further ones wait.
    let (ask, mut asked) = mpsc::channel(1);
    // A thread of its own: a blocking read cannot be given up, and would keep the program from ending.
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines().map_while(Result::ok) {
            // Not every part answers questions.
            let _ = ask.blocking_send(());
        }
        // Whoever started it holds standard input open, and is gone when it ends.
        std::process::exit(1);
    });
    asked.recv().await.context("nobody wants it to begin")?;
    Ok(asked)
}

/// Runs a part on the bus at `url`.
pub async fn run(url: &str, task: &Task) -> anyhow::Result<()> {
    match *task {
        Task::Flood { events } => publisher::flood(url, events).await,
        Task::Pace { per_second, first, most } => publisher::pace(url, per_second, first, most).await,
        Task::Drain { events } => limit::drain::run(url, events).await,
        Task::Ingest { events } => ingestion::run(url, events).await,
        Task::Idle => limit::idle::run(url).await,
        Task::Relay => limit::pipeline::relay(url).await,
        Task::Sink { orders } => limit::pipeline::sink(url, orders).await,
        Task::Link => link::run().await,
        Task::Shaped { keys, load_s } => shaped::run_part(keys, Duration::from_secs(load_s)).await,
        Task::Hours { seconds } => hours::run(seconds).await,
    }
}

/// A running part; killed when dropped.
#[derive(Debug)]
pub struct Part {
    child: Child,
    tell: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Part {
    /// Starts it and waits until it is ready; `args` as on the command line.
    pub async fn start(url: &str, args: &[&str]) -> anyhow::Result<Self> {
        Self::start_by(&[], url, args).await
    }

    /// Starts a source of so many messages a second, of lives from order `first` on, and lets it begin; `most` messages, 0:
    /// no limit.
    pub async fn pace(url: &str, per_second: u32, first: u32, most: u32) -> anyhow::Result<Self> {
        let mut pace =
            Self::start(url, &["pace", &per_second.to_string(), &first.to_string(), &most.to_string()]).await?;
        pace.begin().await?;
        Ok(pace)
    }

    /// As [`Part::start`], through a program that runs another: `by` is that program and its arguments.
    pub async fn start_by(by: &[&str], url: &str, args: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut command = match by {
            [] => Command::new(program),
            [by, rest @ ..] => {
                let mut command = Command::new(by);
                command.args(rest).arg(program);
                command
            }
        };
        command.args(["part", "--nats-url", url]).args(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("starting a part")?;
        let tell = child.stdin.take().context("a part without input")?;
        let told = BufReader::new(child.stdout.take().context("a part without output")?).lines();
        let mut part = Self { child, tell, told };
        let _: Ready = part.line(READY_LIMIT).await.with_context(|| format!("{args:?} is not ready"))?;
        Ok(part)
    }

    /// Lets it begin.
    pub async fn begin(&mut self) -> anyhow::Result<()> {
        self.tell.write_all(b"begin\n").await.context("telling a part to begin")
    }

    /// Asks how far it is.
    pub async fn ask<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        self.tell.write_all(b"ask\n").await.context("asking a part")?;
        self.line(READY_LIMIT).await
    }

    /// The next line that it tells.
    pub async fn line<T: DeserializeOwned>(&mut self, limit: Duration) -> anyhow::Result<T> {
        let line = tokio::time::timeout(limit, self.told.next_line()).await;
        let line = line.with_context(|| format!("no word within {} s", limit.as_secs()))??;
        Ok(serde_json::from_str(&line.context("it ended without a word")?)?)
    }

    /// Process id.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("it has ended")
    }

    /// Ends it.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("ending a part")
    }
}
