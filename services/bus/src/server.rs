//! A private nats-server: own ports, own folder, gone when dropped. For the demo and for tests.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::{Child, Command};

use crate::{Error, ErrorKind};

/// How long a start may take; on a loaded two-core machine it was seen to need well under a second.
const START_LIMIT: Duration = Duration::from_secs(20);

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
}

#[derive(Deserialize)]
struct Ports {
    nats: Vec<String>,
}

impl Server {
    /// Starts one that keeps everything in `folder`, on a free port.
    pub async fn start(folder: &Path) -> Result<Self, Error> {
        Self::start_with(&find()?, folder, None).await
    }

    /// Starts `program` in `folder`, on `port` or on a free one.
    pub async fn start_with(program: &Path, folder: &Path, port: Option<u16>) -> Result<Self, Error> {
        const DOING: &str = "starting nats-server";
        let ports = folder.join("ports");
        // A ports file of an earlier run would tell the wrong port.
        let _ = tokio::fs::remove_dir_all(&ports).await;
        let failed = |error: std::io::Error| Error::new(ErrorKind::Refused, DOING, error);
        tokio::fs::create_dir_all(&ports).await.map_err(failed)?;
        let mut child = Command::new(program)
            .args(["--addr", "127.0.0.1", "--jetstream"])
            .args(["--port", &port.map_or("-1".to_owned(), |port| port.to_string())])
            .arg("--store_dir")
            .arg(folder.join("jetstream"))
            .arg("--ports_file_dir")
            .arg(&ports)
            .arg("--log")
            .arg(folder.join("nats-server.log"))
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
        Ok(Self { child, program: program.to_owned(), folder: folder.to_owned(), port: told })
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

    /// Starts it again after [`Server::kill`]: same port, same folder.
    pub async fn restart(&mut self) -> Result<(), Error> {
        *self = Self::start_with(&self.program, &self.folder, Some(self.port)).await?;
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
