//! The three services as real processes on a bus, one of each, with nothing between them and the server.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chaos::witness::{Witness, settled};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::http::Lines;
use crate::site::Site;

/// How long everybody may take to be at work.
const SETTLE_LIMIT: Duration = Duration::from_mins(1);

/// Wait before it is looked at again.
const LOOK: Duration = Duration::from_millis(100);

/// The running services; killed when dropped.
#[derive(Debug)]
pub struct Services {
    /// To the API.
    pub door: Lines,
    _children: Vec<Child>,
    // Kept open: a program may fail when nobody can hear it any more.
    _told: Told,
}

impl Services {
    /// Starts them on `site`, whose stores must have been written, and waits until each is at work.
    pub async fn start(site: &Site) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("finding this program")?;
        let programs = own.parent().context("finding this program's folder")?;
        let witness = Witness::listen(&site.connection).await?;
        let mut children = Vec::new();
        let (api, told) = start(programs, site, "api-domicilio", &["--listen", "127.0.0.1:0"])?;
        children.push(api);
        for (program, args) in [("distribuidor", &[][..]), ("queue-resolver", &["--store-pace", "0"])] {
            children.push(start(programs, site, program, args)?.0);
        }
        let mut told = told.context("the API tells nothing")?;
        let line = tokio::time::timeout(SETTLE_LIMIT, told.next_line()).await??;
        let line: Value = serde_json::from_str(&line.context("the API tells no address")?)?;
        let address = line["listen"].as_str().context("the API tells no address")?;
        let deadline = Instant::now() + SETTLE_LIMIT;
        while !settled(&witness.fresh(), children.len()) {
            ensure!(Instant::now() < deadline, "not everybody is at work after {} s", SETTLE_LIMIT.as_secs());
            tokio::time::sleep(LOOK).await;
        }
        let door = Lines::new(address.parse().context("the API tells no address")?);
        Ok(Self { door, _children: children, _told: told })
    }
}

type Told = tokio::io::Lines<BufReader<tokio::process::ChildStdout>>;

fn start(programs: &Path, site: &Site, name: &str, args: &[&str]) -> anyhow::Result<(Child, Option<Told>)> {
    let program = programs.join(name);
    ensure!(program.is_file(), "{} is missing: `make bench` builds it", program.display());
    let log = std::fs::File::create(site.folder().join(format!("{name}.log")))?;
    let mut command = Command::new(&program);
    // What this shell sets for a real deployment must not reach a private one.
    for variable in bus::target::VARIABLES {
        command.env_remove(variable);
    }
    let mut child = command
        .args(args)
        .args(["--nats-url", &site.url(), "--stop-on-stdin-close"])
        .stdin(Stdio::piped())
        .stdout(if args.contains(&"--listen") { Stdio::piped() } else { Stdio::null() })
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let told = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
    Ok((child, told))
}
