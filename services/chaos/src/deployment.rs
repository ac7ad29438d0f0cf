//! A whole deployment of real processes: nats-servers, the three services, the POS simulator, the network between them;
//! and what can be done to them. Decides nothing: it is told whom to hit.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bus::server::{self, Server};
use contract::StoreId;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::counts::{Counts, look};
use crate::disk::Disk;
use crate::proxy::Proxy;

/// How long a process or a request of ours may take before the run is given up.
const LIMIT: Duration = Duration::from_secs(30);

/// How long one request may take; the API that is asked may be frozen.
const REQUEST_LIMIT: Duration = Duration::from_secs(2);

/// Wait before asking again.
const AGAIN: Duration = Duration::from_millis(100);

/// Port 9 (discard) of the loopback address: nobody listens, connections are refused.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// Name of the network between the resolvers and the stores' side, for [`Deployment::lines`].
pub const POS_LINE: &str = "pos";

/// What a deployment consists of.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Folder of the programs.
    pub programs: PathBuf,
    /// How many nats-servers, 1 or 3.
    pub nodes: usize,
    /// Whether each of them has a disk of its own, which can be filled.
    pub disks: bool,
    /// How many api-domicilio.
    pub apis: u32,
    /// How many distribuidores.
    pub distribuidores: u32,
    /// How many queue-resolvers.
    pub resolvers: u32,
    /// Open stores 1 to this one, whose POS is the simulator.
    pub stores: u32,
    /// Further arguments of each queue-resolver.
    pub resolver_args: Vec<String>,
}

/// How a process is started, the first time and again.
#[derive(Debug, Clone)]
struct Recipe {
    program: PathBuf,
    args: Vec<String>,
    /// The first line on its standard output tells where it listens.
    tells: bool,
}

#[derive(Debug)]
struct Process {
    recipe: Recipe,
    /// `None` while it is down because we took it down.
    child: Option<Child>,
}

/// The deployment. Dropping it kills every process.
#[derive(Debug)]
pub struct Deployment {
    /// A connection of our own, for reading.
    pub connection: bus::Connection,
    nodes: Vec<Server>,
    /// Address of each API, `http://host:port`; stays the same over restarts.
    apis: Vec<String>,
    /// Address of the stores' side for ourselves.
    pos: String,
    /// The network between the resolvers and the stores' side.
    pos_line: Option<Proxy>,
    processes: BTreeMap<String, Process>,
    /// The network between each service and each node.
    lines: BTreeMap<String, Vec<Proxy>>,
    http: reqwest::Client,
    // Last, so that the processes are gone before their folders; in the order of the nodes.
    disks: Vec<Disk>,
    folder: tempfile::TempDir,
}

impl Deployment {
    /// Everything started, every store written.
    pub async fn start(layout: &Layout) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("domicilio-chaos-").tempdir().context("making a folder")?;
        let mut disks = Vec::new();
        for number in (1..=layout.nodes).filter(|_| layout.disks) {
            let place = server::store_folder(&server::node_folder(folder.path(), number));
            disks.push(Disk::mount(&place).context("mounting a disk")?);
        }
        let nodes = server::start_cluster(&server::find()?, folder.path(), layout.nodes).await?;
        let urls: Vec<String> = nodes.iter().map(Server::url).collect();
        let connection = bus::connect(&bus::Settings::new(urls.join(","), "chaos")).await?;
        connection.up().await;
        let http = reqwest::Client::builder().timeout(REQUEST_LIMIT).build()?;
        let mut deployment = Self {
            connection,
            nodes,
            apis: Vec::new(),
            pos: String::new(),
            pos_line: None,
            processes: BTreeMap::new(),
            lines: BTreeMap::new(),
            http,
            disks,
            folder,
        };
        let ledger = deployment.ledger().display().to_string();
        let program = |name: &str| layout.programs.join(name);
        deployment.pos = deployment
            .launch("pos-simulator", &program("pos-simulator"), &["--listen", "127.0.0.1:0", "--ledger", &ledger])
            .await?;
        let pos: SocketAddr = deployment.pos.trim_start_matches("http://").parse().context("the POS's address")?;
        deployment.pos_line = Some(Proxy::start(pos).await?);
        let replicas = layout.nodes.to_string();
        let service = ["--storage-percent", "5", "--replicas", &replicas];
        for n in 1..=layout.apis {
            let id = format!("api-domicilio-{n}");
            let args = [&["--id", &id, "--listen", "127.0.0.1:0"][..], &service].concat();
            let url = deployment.launch(&id, &program("api-domicilio"), &args).await?;
            deployment.apis.push(url);
        }
        for (name, count) in [("distribuidor", layout.distribuidores), ("queue-resolver", layout.resolvers)] {
            for n in 1..=count {
                let id = format!("{name}-{n}");
                let mut args = [&["--id", &id][..], &service].concat();
                if name == "queue-resolver" {
                    args.extend(layout.resolver_args.iter().map(String::as_str));
                }
                deployment.launch(&id, &program(name), &args).await?;
            }
        }
        for store in 1..=layout.stores {
            deployment.reachable(StoreId(store), true).await?;
        }
        Ok(deployment)
    }

    /// Addresses of the APIs.
    pub fn apis(&self) -> &[String] {
        &self.apis
    }

    /// Looks at the counts with the program `domicilio` of the folder `programs`.
    pub async fn counts(&self, programs: &Path) -> anyhow::Result<Counts> {
        let urls: Vec<String> = self.nodes.iter().map(Server::url).collect();
        look(programs, &urls.join(","), self.folder.path()).await
    }

    /// The ledger of the stores' side.
    pub fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.jsonl")
    }

    /// Starts a program under the name `id`; returns where it listens, or an empty text when it does not tell.
    async fn launch(&mut self, id: &str, program: &Path, args: &[&str]) -> anyhow::Result<String> {
        ensure!(program.is_file(), "{} is missing: cargo build --workspace --bins", program.display());
        let tells = args.contains(&"--listen");
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let mut lines = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            lines.push(Proxy::start(SocketAddr::from(([127, 0, 0, 1], node.port()))).await?);
        }
        self.lines.insert(id.to_owned(), lines);
        let mut recipe = Recipe { program: program.to_owned(), args, tells };
        let (child, url) = self.spawn(id, &recipe).await?;
        // A restart listens where the first start did.
        if let Some(address) = url.strip_prefix("http://") {
            recipe.args.iter_mut().filter(|arg| *arg == "127.0.0.1:0").for_each(|arg| address.clone_into(arg));
        }
        self.processes.insert(id.to_owned(), Process { recipe, child: Some(child) });
        Ok(url)
    }

    async fn spawn(&self, id: &str, recipe: &Recipe) -> anyhow::Result<(Child, String)> {
        let log = std::fs::OpenOptions::new().append(true).create(true).open(self.log(id))?;
        let lines = self.lines.get(id).map_or(&[][..], Vec::as_slice);
        let urls: Vec<String> = lines.iter().map(|line| format!("nats://127.0.0.1:{}", line.port())).collect();
        let mut command = Command::new(&recipe.program);
        // What this shell sets for a real deployment must not reach a private one.
        for variable in bus::target::VARIABLES {
            command.env_remove(variable);
        }
        let mut child = command
            .args(&recipe.args)
            .args(["--nats-url", &urls.join(","), "--stop-on-stdin-close"])
            .env("DOMICILIO_TEST_CLOCK", self.clock(id))
            // Held open by us: should we die in whatever way, it ends too.
            .stdin(Stdio::piped())
            .stdout(if recipe.tells { Stdio::piped() } else { Stdio::null() })
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", recipe.program.display()))?;
        let Some(stdout) = child.stdout.take() else { return Ok((child, String::new())) };
        let mut lines = BufReader::new(stdout).lines();
        let told = tokio::time::timeout(LIMIT, lines.next_line()).await;
        let line = told.ok().and_then(Result::ok).flatten();
        let line = line.with_context(|| format!("{id} did not start; see {}", self.log(id).display()))?;
        let line: Value = serde_json::from_str(&line).with_context(|| format!("{id} tells no address"))?;
        let address = line["listen"].as_str().with_context(|| format!("{id} tells no address"))?;
        // Keeps the pipe open: a program may fail when nobody can hear it any more.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((child, format!("http://{address}")))
    }

    /// The log of a process.
    fn log(&self, id: &str) -> PathBuf {
        self.folder.path().join(format!("{id}.log"))
    }

    fn child(&mut self, id: &str) -> anyhow::Result<&mut Child> {
        let process = self.processes.get_mut(id).with_context(|| format!("there is no {id}"))?;
        process.child.as_mut().with_context(|| format!("{id} is not running"))
    }

    /// Process id.
    pub fn pid(&self, id: &str) -> anyhow::Result<u32> {
        let child = self.processes.get(id).and_then(|process| process.child.as_ref());
        child.and_then(Child::id).with_context(|| format!("{id} is not running"))
    }

    /// Sends a signal.
    pub fn signal(&mut self, id: &str, signal: Signal) -> anyhow::Result<()> {
        let pid = self.child(id)?.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let pid = pid.with_context(|| format!("{id} has ended"))?;
        kill_process(pid, signal).with_context(|| format!("sending {signal:?} to {id}"))
    }

    /// Ends a process with a signal and waits for its end.
    pub async fn end(&mut self, id: &str, signal: Signal) -> anyhow::Result<ExitStatus> {
        self.signal(id, signal)?;
        let ended = tokio::time::timeout(LIMIT, self.child(id)?.wait()).await;
        let status = ended.with_context(|| format!("{id} does not end after {signal:?}"))??;
        if let Some(process) = self.processes.get_mut(id) {
            process.child = None;
        }
        Ok(status)
    }

    /// Starts a process that was ended.
    pub async fn restart(&mut self, id: &str) -> anyhow::Result<()> {
        let process = self.processes.get(id).with_context(|| format!("there is no {id}"))?;
        ensure!(process.child.is_none(), "{id} is running");
        let (child, _) = self.spawn(id, &process.recipe.clone()).await?;
        if let Some(process) = self.processes.get_mut(id) {
            process.child = Some(child);
        }
        Ok(())
    }

    /// Processes that ended though nobody ended them; they are started again.
    pub async fn crashed(&mut self) -> anyhow::Result<Vec<(String, ExitStatus)>> {
        let mut crashed = Vec::new();
        for (id, process) in &mut self.processes {
            if let Some(child) = &mut process.child
                && let Some(status) = child.try_wait()?
            {
                process.child = None;
                crashed.push((id.clone(), status));
            }
        }
        for (id, _) in &crashed {
            self.restart(id).await?;
        }
        Ok(crashed)
    }

    /// Steps the wall clock of a process to so many milliseconds off the right time.
    pub fn step_clock(&self, id: &str, ms: i64) -> anyhow::Result<()> {
        std::fs::write(self.clock(id), ms.to_string()).with_context(|| format!("setting the clock of {id}"))
    }

    fn clock(&self, id: &str) -> PathBuf {
        self.folder.path().join(format!("{id}.clock"))
    }

    /// Proxies between a process and each node, or, for [`POS_LINE`], between the resolvers and the stores' side.
    pub fn lines(&self, id: &str) -> Vec<&Proxy> {
        match id {
            POS_LINE => self.pos_line.iter().collect(),
            _ => self.lines.get(id).into_iter().flatten().collect(),
        }
    }

    /// Number of nats-servers.
    pub const fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Name of a node in its cluster; `nats-server` when it is alone.
    pub fn node_name(&self, node: usize) -> &str {
        self.nodes.get(node).and_then(Server::name).unwrap_or("nats-server")
    }

    /// Kills a nats-server, counted from 0.
    pub async fn kill_node(&mut self, node: usize) -> anyhow::Result<()> {
        Ok(self.nodes.get_mut(node).context("there is no such node")?.kill().await?)
    }

    /// Starts a nats-server again: same ports, same folder.
    pub async fn restart_node(&mut self, node: usize) -> anyhow::Result<()> {
        Ok(self.nodes.get_mut(node).context("there is no such node")?.restart().await?)
    }

    /// The disk of a node.
    pub fn disk(&self, node: usize) -> anyhow::Result<&Disk> {
        self.disks.get(node).context("this node has no disk of its own")
    }

    /// How often a node has logged `text`.
    pub fn node_log_count(&self, node: usize, text: &str) -> usize {
        let log = server::node_folder(self.folder.path(), node + 1).join("nats-server.log");
        std::fs::read_to_string(log).map_or(0, |log| log.matches(text).count())
    }

    /// Sets a fault of a store's POS.
    pub async fn set_fault(&self, store: StoreId, fault: &pos_simulator::Plan) -> anyhow::Result<()> {
        let response = self.http.put(format!("{}/admin/faults/{store}", self.pos)).json(fault).send().await?;
        response.error_for_status()?;
        Ok(())
    }

    /// Ends the fault of a store's POS.
    pub async fn clear_fault(&self, store: StoreId) -> anyhow::Result<()> {
        self.http.delete(format!("{}/admin/faults/{store}", self.pos)).send().await?.error_for_status()?;
        Ok(())
    }

    /// Writes a store's record through whichever API answers, so that its POS can be reached or not.
    pub async fn reachable(&self, store: StoreId, reachable: bool) -> anyhow::Result<()> {
        let line = self.pos_line.as_ref().filter(|_| reachable);
        let pos = line.map_or_else(
            || NOWHERE.to_owned(),
            |line| format!("http://127.0.0.1:{}/stores/{store}/orders", line.port()),
        );
        let record = serde_json::json!({
            "id": store, "code": format!("K{store:03}"), "name": format!("EJEMPLO {store}"), "country": "ec", "pos_url": pos,
        });
        let deadline = Instant::now() + LIMIT;
        let mut last = String::from("no API");
        while Instant::now() < deadline {
            for api in &self.apis {
                match self.put(&format!("{api}/api/stores/{store}"), &record).await {
                    Ok(()) => return Ok(()),
                    // It may be down, without a bus, or may have seen another revision: read again, write again.
                    Err(error) => last = format!("{error:#}"),
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
        bail!("store {store} cannot be written: {last}")
    }

    async fn put(&self, url: &str, record: &Value) -> anyhow::Result<()> {
        let mut request = self.http.put(url).json(record);
        if let Some(revision) = self.http.get(url).send().await?.headers().get("etag") {
            request = request.header("If-Match", revision);
        }
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Ends everything and keeps logs and ledger; returns where they are.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}
