//! What other programs for NATS write to their terminal and use of a processor under the same traffic.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use super::Measured;
use super::wire::{LEAD, LIMIT, ORDERS, REACHED, STORES, busiest, console_args, is_whole, look};
use crate::part::Part;
use crate::publisher::Published;
use crate::report::{Beside, Row, Target};
use crate::settings::Scale;
use crate::site::Site;
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (120, 40);

/// Messages a second.
const LOADS: [u32; 3] = [10, 100, 1_000];

/// How long the installation of a peer may take.
const INSTALL_LIMIT: Duration = Duration::from_mins(2);

/// A program that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    /// The console.
    Ours,
    /// Rows of messages as they come, the latest first.
    Tui,
    /// Messages printed as they come.
    View,
}

impl Program {
    /// As the package index names it.
    const fn name(self) -> &'static str {
        match self {
            Self::Ours => "domicilio",
            Self::Tui => "nats-tui",
            Self::View => "nats-view",
        }
    }

    /// Starts it and brings it to where it shows `domicilio.>`.
    fn open(self, program: &Path, url: &str) -> anyhow::Result<Terminal> {
        match self {
            Self::Ours => {
                let terminal = Terminal::start(program, &console_args(url), &[], SIZE)?;
                terminal.wait("whole state", LIMIT, is_whole)?;
                Ok(terminal)
            }
            Self::Tui => {
                let mut terminal = Terminal::start(program, &["--server", url], &[], SIZE)?;
                let shows = |terminal: &Terminal, text: &'static str| {
                    terminal.wait(text, LIMIT, |screen| screen.contents().contains(text))
                };
                shows(&terminal, "Status: Connected")?;
                terminal.press("s")?;
                shows(&terminal, "Subscribe to Subject")?;
                terminal.press("domicilio.>")?;
                shows(&terminal, "domicilio.>")?;
                terminal.press("\r")?;
                shows(&terminal, "Subscribed to domicilio.>")?;
                Ok(terminal)
            }
            Self::View => {
                let port = url.rsplit_once(':').map_or("", |(_, port)| port);
                Terminal::start(program, &["-h", "127.0.0.1", "-p", port, "domicilio.>"], &[], SIZE)
            }
        }
    }
}

/// What was seen under one load; unknown when the load was not there.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// KiB a second to the terminal.
    rate: Option<f64>,
    /// Per cent of a processor.
    percent: Option<f64>,
}

/// Measures it; `installer` tells where a peer is.
pub(super) async fn measure(scale: &Scale, installer: Option<&Path>) -> anyhow::Result<Measured> {
    let Some(installer) = installer else {
        let why = "nobody says where they are (--peers); `make bench` installs them".to_owned();
        return Ok(Measured { rows: Vec::new(), left_out: Some(why) });
    };
    let site = Site::start().await?;
    site.stores(STORES, "http://127.0.0.1:9").await?;
    let ours = seen(Program::Ours, &super::console()?, &site, scale, 0).await?;
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for (first, peer) in [(1, Program::Tui), (2, Program::View)] {
        let theirs = match install(installer, peer.name()).await {
            Ok(program) => seen(peer, &program, &site, scale, first).await,
            Err(error) => Err(error),
        };
        match theirs {
            Ok(theirs) => rows.extend(told(peer, &ours, &theirs)),
            // Not ours to mend: it is told and holds nothing up.
            Err(error) => missing.push(format!("{}: {error:#}", peer.name())),
        }
    }
    Ok(Measured { rows, left_out: (!missing.is_empty()).then(|| missing.join("; ")) })
}

/// Where a peer is. What the installer has to say goes to standard error.
async fn install(installer: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let output = Command::new(installer).arg(name).stderr(std::process::Stdio::inherit()).kill_on_drop(true).output();
    let output = tokio::time::timeout(INSTALL_LIMIT, output).await.context("it is not installed in time")?;
    let output = output.with_context(|| format!("running {}", installer.display()))?;
    ensure!(output.status.success(), "it could not be installed");
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

/// One program under each load.
async fn seen(which: Program, program: &Path, site: &Site, scale: &Scale, number: u32) -> anyhow::Result<Vec<Seen>> {
    let url = site.url();
    let mut terminal = tokio::task::block_in_place(|| which.open(program, &url))?;
    let mut all = Vec::new();
    for (load, per_second) in (0_u32..).zip(LOADS) {
        let first = (number * 10 + load) * ORDERS;
        let mut pace = Part::pace(&url, per_second, first, 0).await?;
        let (before, began) = (pace.ask::<Published>().await?, Instant::now());
        let (rate, percent) = if which == Program::Ours {
            busiest(&mut terminal, scale.load).await?
        } else {
            tokio::task::block_in_place(|| {
                terminal.wait("message", LIMIT, |screen| screen.contents().contains("domicilio.orders."))
            })?;
            tokio::time::sleep(LEAD).await;
            look(&terminal, scale.load).await?
        };
        let published = pace.ask::<Published>().await?.published - before.published;
        let reached = published as f64 / began.elapsed().as_secs_f64() >= f64::from(per_second) * REACHED;
        pace.end().await?;
        all.push(Seen { rate: reached.then_some(rate / 1_024.0), percent: reached.then_some(percent) });
    }
    Ok(all)
}

fn told(peer: Program, ours: &[Seen], theirs: &[Seen]) -> Vec<Row> {
    let mut rows = Vec::new();
    for ((load, ours), theirs) in LOADS.iter().zip(ours).zip(theirs) {
        let what = |what: &str| format!("{load} messages/s, 120x40: {what}, beside {}", peer.name());
        let fifth = if (peer, *load) == (Program::Tui, 100) { Target::RatioMost(0.2) } else { Target::None };
        rows.push(Row::new(what("to the terminal"), "KiB/s", ours.rate).beside(Beside::Peer, theirs.rate));
        rows.push(Row::new(what("processor"), "%", ours.percent).beside(Beside::Peer, theirs.percent).target(fifth));
    }
    rows
}
