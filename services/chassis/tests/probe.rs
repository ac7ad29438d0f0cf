//! Probes against a real nats-server that comes and goes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bus::server::Server;
use chassis::{Chassis, CommonArgs, ProbeArgs};
use clap::Parser;
use contract::Service;
use contract::heartbeat::{Load, RunState};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// For whatever must happen some day.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    probes: ProbeArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// Status and body of a GET.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Asks until the body holds all of `told`.
async fn until(address: SocketAddr, path: &str, status: u16, told: &[&str]) {
    let began = Instant::now();
    loop {
        let seen = get(address, path).await;
        if seen.0 == status && told.iter().all(|told| seen.1.contains(told)) {
            return;
        }
        assert!(began.elapsed() < LIMIT, "{path} never told {status} {told:?}, but {seen:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_tell_what_the_service_can_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path()).await.unwrap();
    let url = server.url();
    let words = ["test", "--probe-listen", "127.0.0.1:0", "--storage-percent", "1", "--nats-url", &url];
    let settings = Settings::try_parse_from(words).unwrap();
    let chassis = Chassis::start(&settings.common, Service::Distribuidor, "d-1".parse().unwrap()).await.unwrap();
    let address = chassis.answer_probes(settings.probes).await.unwrap().unwrap();

    until(address, "/readyz", 503, &[r#""bus":true"#, r#""streams":false"#]).await;
    chassis.expose(|| (Load::Distribuidor(contract::heartbeat::DistribuidorLoad::default()), None), Vec::new());
    assert!(chassis.ready().await);
    until(address, "/readyz", 200, &[r#""ready":true"#]).await;
    until(address, "/metrics", 200, &["distribuidor_bus_up 1\n", "distribuidor_distributed_total 0\n", "# EOF"]).await;

    chassis.control.set(RunState::Paused);
    until(address, "/readyz", 503, &[r#""running":false"#]).await;
    until(address, "/metrics", 200, &["distribuidor_running 0\n"]).await;
    chassis.control.set(RunState::Running);

    server.kill().await.unwrap();
    until(address, "/readyz", 503, &[r#""bus":false"#]).await;
    assert_eq!(get(address, "/livez").await.0, 200, "an outage of the bus restarts nobody");
    server.restart().await.unwrap();
    until(address, "/readyz", 200, &[]).await;
}
