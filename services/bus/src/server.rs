//! A private nats-server, or a cluster of them: own ports, own folders, gone when dropped. For the demo and for tests.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::{Child, Command};

use crate::{Error, ErrorKind};

/// How long a start may take; on a loaded two-core machine it was seen to need well under a second.
const START_LIMIT: Duration = Duration::from_secs(20);

/// What the runtime of Go is told, as in `charts/`: its collector runs eight times less often than by itself. Each of its
/// runs keeps orders waiting (docs/performance.md).
const COLLECT: (&str, &str) = ("GOGC", "800");

/// Where the program is: `NATS_SERVER`, else `nats-server` on `PATH`, else `.tools/nats-server` in this folder or
/// one above it (where `make` puts it).
pub fn find() -> Result<PathBuf, Error> {
    if let Some(named) = std::env::var_os("NATS_SERVER").filter(|named| !named.is_empty()) {
        return Ok(named.into());
    }
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let here = std::env::current_dir().unwrap_or_default();
    let beside = here.ancestors().map(|folder| folder.join(".tools"));
    std::env::split_paths(&on_path)
        .chain(beside)
        .map(|folder| folder.join("nats-server"))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            let why =
                "none named by NATS_SERVER, none on PATH, none in .tools; `make test` and `make demo` install one";
            Error::new(ErrorKind::NotFound, "looking for nats-server", why)
        })
}

/// A running nats-server with JetStream, listening on the loopback address only.
#[derive(Debug)]
pub struct Server {
    child: Child,
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    member: Option<Member>,
}

/// What a server of a cluster has to know.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    /// Where the other servers reach it.
    port: u16,
    /// URLs under which each server of the cluster is reached by the others, separated by commas.
    routes: String,
}

#[derive(Deserialize)]
struct Ports {
    nats: Vec<String>,
}

/// The folder of node `number`, counted from 1, of a cluster in `folder`.
pub fn node_folder(folder: &Path, number: usize) -> PathBuf {
    folder.join(node_name(number))
}

fn node_name(number: usize) -> String {
    format!("n{number}")
}

/// Where a server in `folder` keeps its streams.
pub fn store_folder(folder: &Path) -> PathBuf {
    folder.join("jetstream")
}

/// The file of a server's own settings, if it has any.
fn settings_file(folder: &Path) -> PathBuf {
    folder.join("nats-server.conf")
}

/// Starts a cluster of `count` servers (1, 3 or 5), named `n1`, `n2` and so on. Its streams are ready once a leader is
/// elected, which takes some seconds. One server is no cluster: it starts alone.
///
/// Clients are not told of other servers than those whose URLs they were given (`no_advertise`).
pub async fn start_cluster(program: &Path, folder: &Path, count: usize) -> Result<Vec<Server>, Error> {
    let failed = |error: std::io::Error| Error::new(ErrorKind::Refused, "looking for free ports", error);
    // Every server must know where the others will be before any of them is. All are held until all are known.
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>().map_err(failed)?;
    let ports: Vec<u16> =
        held.iter().map(|held| Ok(held.local_addr()?.port())).collect::<Result<_, _>>().map_err(failed)?;
    let routes: Vec<String> = ports.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
    let routes = routes.join(",");
    drop(held);
    let mut servers = Vec::with_capacity(count);
    for (number, port) in (1..).zip(ports) {
        let member = Member { name: node_name(number), port, routes: routes.clone() };
        let member = (count > 1).then_some(member);
        servers.push(Server::launch(program, &node_folder(folder, number), None, member).await?);
    }
    Ok(servers)
}

impl Server {
    /// Starts one that keeps everything in `folder`, on a free port.
    pub async fn start(folder: &Path) -> Result<Self, Error> {
        Self::start_with(&find()?, folder, None).await
    }

    /// As [`Server::start`], with more settings in nats-server's own language: users, permissions, certificates.
    pub async fn start_configured(folder: &Path, settings: &str) -> Result<Self, Error> {
        let failed = |error| Error::new(ErrorKind::Refused, "writing the settings of nats-server", error);
        tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        tokio::fs::write(settings_file(folder), settings).await.map_err(failed)?;
        Self::start(folder).await
    }

    /// Starts `program` in `folder`, on `port` or on a free one.
    pub async fn start_with(program: &Path, folder: &Path, port: Option<u16>) -> Result<Self, Error> {
        Self::launch(program, folder, port, None).await
    }

    async fn launch(program: &Path, folder: &Path, port: Option<u16>, member: Option<Member>) -> Result<Self, Error> {
        const DOING: &str = "starting nats-server";
        let ports = folder.join("ports");
        // A ports file of an earlier run would tell the wrong port.
        let _ = tokio::fs::remove_dir_all(&ports).await;
        let failed = |error: std::io::Error| Error::new(ErrorKind::Refused, DOING, error);
        tokio::fs::create_dir_all(&ports).await.map_err(failed)?;
        let mut command = Command::new(program);
        command
            .args(["--addr", "127.0.0.1", "--jetstream"])
            .args(["--port", &port.map_or("-1".to_owned(), |port| port.to_string())])
            .arg("--store_dir")
            .arg(store_folder(folder))
            .arg("--ports_file_dir")
            .arg(&ports)
            .arg("--log")
            .arg(folder.join("nats-server.log"));
        if settings_file(folder).is_file() {
            command.arg("--config").arg(settings_file(folder));
        }
        if let Some(Member { name, port, routes }) = &member {
            command.args(["--server_name", name, "--cluster_name", "domicilio", "--routes", routes]).args([
                "--cluster",
                &format!("nats://127.0.0.1:{port}"),
                "--no_advertise",
            ]);
        }
        let mut child = command
            .env(COLLECT.0, COLLECT.1)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Keys of the terminal are for the console: Ctrl-C must not take the bus away before the services stop.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Error::new(ErrorKind::NotFound, format!("starting {}", program.display()), error))?;
        let told = tokio::time::timeout(START_LIMIT, async {
            loop {
                if let Some(status) = child.try_wait().map_err(failed)? {
                    let why = format!("it ended with {status}; see {}", folder.join("nats-server.log").display());
                    return Err(Error::new(ErrorKind::Refused, DOING, why));
                }
                if let Some(port) = told_port(&ports).await {
                    return Ok(port);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .map_err(|elapsed| Error::new(ErrorKind::Unanswered, DOING, elapsed))??;
        Ok(Self { child, program: program.to_owned(), folder: folder.to_owned(), port: told, member })
    }

    /// Its name in the cluster; `None` when it runs alone.
    pub fn name(&self) -> Option<&str> {
        self.member.as_ref().map(|member| member.name.as_str())
    }

    /// Where it listens for clients.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// `nats://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Process id; `None` once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it the hard way (SIGKILL) and waits until it is gone.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.child.kill().await.map_err(|error| Error::new(ErrorKind::Refused, "killing nats-server", error))
    }

    /// Starts it again after [`Server::kill`]: same ports, same folder, same place in its cluster.
    pub async fn restart(&mut self) -> Result<(), Error> {
        *self = Self::launch(&self.program, &self.folder, Some(self.port), self.member.clone()).await?;
        Ok(())
    }
}

/// The port from the file that nats-server writes once it listens: `nats-server_<pid>.ports`.
async fn told_port(ports: &Path) -> Option<u16> {
    let mut entries = tokio::fs::read_dir(ports).await.ok()?;
    while let Ok(Some(entry)) = entries.next_entry().await {
        let text = tokio::fs::read(entry.path()).await.ok()?;
        let told: Option<Ports> = serde_json::from_slice(&text).ok();
        let port = told.and_then(|told| told.nats.first()?.rsplit(':').next()?.parse().ok());
        if port.is_some() {
            return port;
        }
    }
    None
}
