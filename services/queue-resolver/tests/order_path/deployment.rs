//! A whole deployment of real processes for one test: nats-server, the three services, the POS simulator.

#[path = "../../../bus/tests/permissions/shipped.rs"]
mod shipped;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use bus::access::{Access, Login, Secret};
use bus::server::Server;
use contract::{StoreId, StoreRecord};
use pos_simulator::Verdict;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

pub(crate) use shipped::Cluster;

/// How long a condition may take; generous, for it only matters when a test fails.
const LIMIT: Duration = Duration::from_mins(1);

/// On one server, or on a [`Cluster`].
pub(crate) struct Deployment<N = Server> {
    pub(crate) nats: N,
    /// Where the bus is, for all programs.
    urls: String,
    /// Copies of each stream.
    replicas: usize,
    pub(crate) connection: bus::Connection,
    pub(crate) api: String,
    pub(crate) pos: String,
    /// The password of each user, if each program is a user of its own, with no more than its rights.
    users: Option<fn(&str) -> String>,
    folder: tempfile::TempDir,
    processes: BTreeMap<String, Child>,
    http: reqwest::Client,
}

/// Of a user: told apart from everything else that is logged.
pub(crate) fn password(user: &str) -> String {
    format!("hunter2-of-{user}")
}

/// Programs of the other crates lie beside our own; `make test` builds them first.
fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_queue-resolver")).with_file_name(name);
    assert!(path.is_file(), "{} is missing: cargo build --workspace --bins", path.display());
    path
}

impl Deployment {
    /// Everything running, with `stores` open stores whose POS is the simulator.
    pub(crate) async fn start(stores: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nats = Server::start(folder.path()).await.unwrap();
        let urls = nats.url();
        Self::on(nats, urls, 1, folder, stores, None).await
    }

    /// The same on a server with the users and the rights that we ship. What the test itself does, it does as `ops-act`.
    pub(crate) async fn start_with_users(stores: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nats = shipped::single(folder.path(), &password).await;
        let urls = nats.url();
        Self::on(nats, urls, 1, folder, stores, Some(password)).await
    }
}

impl Deployment<Cluster> {
    /// The same on the three nodes of the configuration that we ship for Kubernetes, with three copies of each stream.
    pub(crate) async fn start_on_cluster(stores: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nats = Cluster::start(folder.path(), &password).await;
        let urls = nats.urls();
        Self::on(nats, urls, 3, folder, stores, Some(password)).await
    }

    /// Changes every password on the nodes. Programs that are started from now on know them.
    pub(crate) fn rotate(&mut self, passwords: fn(&str) -> String) {
        self.nats.rotate(&passwords);
        self.users = Some(passwords);
    }
}

/// Connects as `ops-act`, if there are users.
async fn connect(urls: &str, users: Option<fn(&str) -> String>) -> bus::Connection {
    let login =
        users.map_or(Login::Url, |password| Login::User("ops-act".to_owned(), Secret::new(password("ops-act"))));
    let access = Access { login, ..Access::default() };
    let connection = bus::connect(&bus::Settings { access, ..bus::Settings::new(urls, "test") }).await.unwrap();
    connection.up().await;
    connection
}

impl<N> Deployment<N> {
    async fn on(
        nats: N,
        urls: String,
        replicas: usize,
        folder: tempfile::TempDir,
        stores: u32,
        users: Option<fn(&str) -> String>,
    ) -> Self {
        let connection = connect(&urls, users).await;
        let mut deployment = Self {
            nats,
            urls,
            replicas,
            connection,
            api: String::new(),
            pos: String::new(),
            users,
            folder,
            processes: BTreeMap::new(),
            http: reqwest::Client::new(),
        };
        let ledger = deployment.ledger().display().to_string();
        let listen = ["--listen", "127.0.0.1:0"];
        deployment.pos = deployment.spawn("pos-simulator", &[listen[0], listen[1], "--ledger", &ledger]).await;
        deployment.api().await;
        for id in ["distribuidor-1", "distribuidor-2"] {
            deployment.service("distribuidor", id);
        }
        for id in ["queue-resolver-1", "queue-resolver-2"] {
            deployment.service("queue-resolver", id);
        }
        for store in 1..=stores {
            let url = format!("{}/stores/{store}/orders", deployment.pos);
            deployment.put_store(store, &url, None).await;
        }
        deployment
    }

    /// Connects the test itself anew.
    pub(crate) async fn connect(&mut self) {
        self.connection = connect(&self.urls, self.users).await;
    }

    /// Starts the API.
    pub(crate) async fn api(&mut self) {
        self.api = self.spawn("api-domicilio", &["--listen", "127.0.0.1:0"]).await;
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.jsonl")
    }

    /// Starts an instance of a service; its process is known by `id` afterwards.
    pub(crate) fn service(&mut self, program: &str, id: &str) {
        self.service_with(program, id, &[]);
    }

    /// The same with further arguments.
    pub(crate) fn service_with(&mut self, program: &str, id: &str, more: &[&str]) {
        // Short retries, so that a test of failures ends soon.
        // Two clouds, by the number of the instance.
        let mut args = vec!["--id", id, "--cloud", if id.ends_with('1') { "aws" } else { "azure" }];
        if program == "queue-resolver" {
            args.extend(["--retry-schedule", "0.2,0.2,0.5"]);
        }
        args.extend(more);
        let child = self.command(program, &args).spawn().unwrap();
        self.processes.insert(id.to_owned(), child);
    }

    /// Starts an instance that logs in as a `user` that is not its own.
    pub(crate) fn service_of(&mut self, user: &str, program: &str, id: &str) {
        let mut command = self.command(program, &["--id", id]);
        self.log_in(&mut command, user);
        self.processes.insert(id.to_owned(), command.spawn().unwrap());
    }

    /// Where a file of the test's own may lie.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file for a program to read; its path.
    pub(crate) fn file(&self, name: &str, content: &serde_json::Value) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content.to_string()).unwrap();
        path.display().to_string()
    }

    fn command(&self, name: &str, args: &[&str]) -> Command {
        let log = self.folder.path().join(format!("{name}.{}.log", self.processes.len()));
        let mut command = Command::new(program(name));
        command
            .args(args)
            .args(["--nats-url", &self.urls])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::options().create(true).append(true).open(log).unwrap())
            .kill_on_drop(true);
        if name != "pos-simulator" {
            command.args(["--storage-percent", "5", "--replicas", &self.replicas.to_string()]);
            self.log_in(&mut command, name);
        }
        command
    }

    /// Lets a program come in as `user`, if there are users.
    fn log_in(&self, command: &mut Command, user: &str) {
        if let Some(password) = self.users {
            command.env("NATS_USER", user).env("NATS_PASSWORD", password(user));
        }
    }

    /// Everything that the programs have logged.
    pub(crate) fn logs(&self) -> String {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path());
        let logs = files.filter(|file| file.extension().is_some_and(|extension| extension == "log"));
        logs.map(|log| std::fs::read_to_string(log).unwrap()).collect()
    }

    /// Starts a program that tells its address in the first line.
    async fn spawn(&mut self, name: &str, args: &[&str]) -> String {
        let mut child = self.command(name, args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        self.processes.insert(name.to_owned(), child);
        // Keeps the pipe open: a program may fail when nobody can hear it any more.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        format!("http://{}", line["listen"].as_str().unwrap())
    }

    /// Sends a signal to a process.
    pub(crate) async fn send(&self, id: &str, signal: &str) {
        let pid = self.processes[id].id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().await.unwrap().success());
    }

    /// Ends a process with a signal; with `KILL` it does not get to say goodbye.
    pub(crate) async fn signal(&mut self, id: &str, signal: &str) {
        self.send(id, signal).await;
        let child = self.processes.get_mut(id).unwrap();
        tokio::time::timeout(LIMIT, child.wait()).await.unwrap().unwrap();
        self.processes.remove(id);
    }

    /// Sets a fault of a store's POS.
    pub(crate) async fn fault(&self, store: u32, fault: serde_json::Value) {
        let url = format!("{}/admin/faults/{store}", self.pos);
        assert!(self.http.put(url).json(&fault).send().await.unwrap().status().is_success());
    }

    /// Writes a store's record through the API; `revision` for one that exists.
    pub(crate) async fn put_store(&self, id: u32, pos_url: &str, revision: Option<&str>) -> String {
        let record = serde_json::json!({
            "id": id, "code": format!("K{id:03}"), "name": format!("EJEMPLO {id}"), "country": "ec", "pos_url": pos_url,
        });
        let _: StoreRecord = serde_json::from_value(record.clone()).unwrap();
        let deadline = Instant::now() + LIMIT;
        loop {
            let mut request = self.http.put(format!("{}/api/stores/{id}", self.api)).json(&record);
            if let Some(revision) = revision {
                request = request.header("If-Match", revision);
            }
            let response = request.send().await.unwrap();
            if response.status().is_success() {
                return response.headers()["etag"].to_str().unwrap().to_owned();
            }
            // Until the bus is up the API says so and asks to come again.
            assert!(Instant::now() < deadline, "store {id}: {response:?}");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn etag(&self, id: u32) -> String {
        let response = self.http.get(format!("{}/api/stores/{id}", self.api)).send().await.unwrap();
        response.headers()["etag"].to_str().unwrap().to_owned()
    }

    /// Sends one order until it is accepted, as an app does; returns how often it was told to come again.
    pub(crate) async fn order(&self, store: u32, code: &str) -> u32 {
        let body = serde_json::json!({
            "cabecera": [{"codigoApp": code, "codRestaurante": store, "totalFactura": 5.5, "medio": "APP",
                          "nombresCliente": "Persona Ejemplo - Prueba No Despachar"}],
            "detalle": [{"codigoApp": code, "detalleApp": "EJ-1", "codPlu": 1, "cantidad": 1, "precioBruto": 5.5}],
            "modificadores": [],
            "formasPago": [{"codigoApp": code, "codformaPago": 4, "totalPagar": 5.5, "billete": 0}],
        });
        let deadline = Instant::now() + LIMIT;
        let mut repeats = 0;
        loop {
            let url = format!("{}/api/restApp/pedidoApp", self.api);
            match self.http.post(url).json(&body).send().await {
                Ok(response) if response.status().is_success() => return repeats,
                Ok(response) if response.status() != 503 => {
                    panic!("{}: {}", response.status(), response.text().await.unwrap())
                }
                _ => {}
            }
            repeats += 1;
            assert!(Instant::now() < deadline, "order {code} is not taken");
            tokio::task::yield_now().await;
        }
    }

    /// Sends a payload that is refused.
    pub(crate) async fn refused(&self) {
        let sent = self.http.post(format!("{}/api/restApp/pedidoApp", self.api)).body("{}").send().await.unwrap();
        assert!(sent.status().is_client_error(), "{sent:?}");
    }

    /// Runs the console without a screen; its exit code and what it printed.
    pub(crate) async fn console(&self, arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
        self.console_of("ops-act", arguments).await
    }

    /// Runs the console as `user`, if there are users.
    pub(crate) async fn console_of(&self, user: &str, arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
        let mut command = Command::new(program("domicilio"));
        command.args(arguments).env("NATS_URL", &self.urls).env("XDG_STATE_HOME", self.folder.path());
        self.log_in(&mut command, user);
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// What the ledger says.
    pub(crate) fn verdict(&self) -> Verdict {
        pos_simulator::judge_file(&self.ledger()).unwrap()
    }

    /// Waits until `accepted` orders have taken effect.
    pub(crate) async fn injected(&self, accepted: u64) -> Verdict {
        eventually(&format!("{accepted} orders injected"), async || {
            let verdict = self.verdict();
            if verdict.accepted >= accepted { Ok(verdict) } else { Err(verdict) }
        })
        .await
    }

    /// Depth of a store's queue, as the stream itself counts it.
    pub(crate) async fn depth(&self, store: u32) -> u64 {
        let depths = bus::read::depths(&self.connection.js).await.unwrap();
        depths.into_iter().find(|(id, _)| *id == StoreId(store)).map_or(0, |(_, depth)| depth)
    }
}

/// Asks until the answer is `Ok`; reports the last state seen.
pub(crate) async fn eventually<T, S: std::fmt::Debug>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, S>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        match ask().await {
            Ok(value) => return value,
            Err(state) => assert!(Instant::now() < deadline, "not in time: {what}; last seen: {state:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
