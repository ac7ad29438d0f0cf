//! The configurations of nats-server that we ship, on servers of this machine: for tests of several crates.

use std::net::TcpListener;
use std::path::Path;

use bus::server::{self, Server};
use contract::permission::USERS;
use contract::permission::render::password_variable;

/// A password of each user, by its name; `sys` is the system's, `route` what nodes know each other by.
pub(crate) type Passwords<'a> = &'a dyn Fn(&str) -> String;

/// A file of the repository, wherever in it the crate under test lies.
fn repository(path: &str) -> String {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let file = folders.find_map(|folder| Some(folder.join(path)).filter(|file| file.is_file()));
    std::fs::read_to_string(file.unwrap()).unwrap()
}

/// Lines of variables: one for each user of the bus.
fn variables(passwords: Passwords<'_>) -> String {
    USERS.map(|user| format!("{}: {:?}\n", password_variable(&user), passwords(user.name))).concat()
}

/// One server with `charts/nats/users.conf`, as docs/permissions.md says.
pub(crate) async fn single(folder: &Path, passwords: Passwords<'_>) -> Server {
    std::fs::write(folder.join("passwords.conf"), variables(passwords)).unwrap();
    Server::start_configured(folder, &repository("charts/nats/users.conf")).await.unwrap()
}

/// The three nodes of `charts/nats/rendered/nats.conf`, which is what the chart makes of the values.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
    folder: std::path::PathBuf,
    routes: Vec<u16>,
}

impl Cluster {
    /// Starts the nodes in `folder`. Everything is as in the file but what has to differ where three share a machine.
    pub(crate) async fn start(folder: &Path, passwords: Passwords<'_>) -> Self {
        let held: Vec<TcpListener> = (0..6).map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
        let ports: Vec<u16> = held.iter().map(|held| held.local_addr().unwrap().port()).collect();
        drop(held);
        let (routes, monitors) = ports.split_at(3);
        let mut cluster = Self { nodes: Vec::new(), folder: folder.to_owned(), routes: routes.to_vec() };
        let shipped = repository("charts/nats/rendered/nats.conf");
        for node in 0..3 {
            let here = server::node_folder(folder, node + 1);
            std::fs::create_dir_all(&here).unwrap();
            cluster.write_passwords(node, passwords);
            let mut settings = shipped.clone();
            for (of_the_pod, of_ours) in [
                // The port for clients and the folder of the streams are flags: a port may be said twice, a folder may not.
                ("\"store_dir\": \"/data\"", String::new()),
                ("include ../nats-auth/vars.conf;", "include vars.conf;".to_owned()),
                ("\"port\": 6222,", format!("\"host\": \"127.0.0.1\", \"port\": {},", routes[node])),
                ("\"http_port\": 8222,", format!("\"http_port\": {},", monitors[node])),
                ("/var/run/nats/nats.pid", here.join("nats.pid").display().to_string()),
            ] {
                assert_eq!(settings.matches(of_the_pod).count(), 1, "{of_the_pod}");
                settings = settings.replace(of_the_pod, &of_ours);
            }
            cluster.nodes.push(Server::start_configured(&here, &settings).await.unwrap());
        }
        cluster
    }

    /// What the Secret holds, and the name that the chart gives each pod as a variable.
    fn write_passwords(&self, node: usize, passwords: Passwords<'_>) {
        let (sys, route) = (passwords("sys"), passwords("route"));
        let routes = (0..)
            .zip(&self.routes)
            .map(|(other, port)| format!("ROUTE_{other}: \"nats-route://route:{route}@127.0.0.1:{port}\"\n"));
        let others = format!("SYS_PASSWORD: {sys:?}\nROUTE_PASSWORD: {route:?}\nSERVER_NAME: \"nats-{node}\"\n");
        let lines: String = [variables(passwords), others].into_iter().chain(routes).collect();
        std::fs::write(server::node_folder(&self.folder, node + 1).join("vars.conf"), lines).unwrap();
    }

    /// Gives all nodes other passwords, as a changed Secret and the chart's reloader do.
    pub(crate) fn rotate(&self, passwords: Passwords<'_>) {
        for (index, node) in self.nodes.iter().enumerate() {
            self.write_passwords(index, passwords);
            let pid = node.pid().unwrap().to_string();
            assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        }
    }

    /// The URLs of all nodes, separated by commas.
    pub(crate) fn urls(&self) -> String {
        let urls: Vec<String> = self.nodes.iter().map(Server::url).collect();
        urls.join(",")
    }
}
