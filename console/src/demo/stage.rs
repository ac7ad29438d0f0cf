//! The stage: the process that holds a demo's nats-server, services, simulator and traffic.
//!
//! It prints one line when orders flow ([`super::Standing`]), takes `finish` on standard input and then prints the
//! report, and ends everything when its standard input ends.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bus::server::Server;
use contract::StoreRecord;
use tokio::sync::{mpsc, watch};

use super::children::Children;
use super::{StageArgs, Standing, report, stores, traffic};

/// How long services may take until the API takes orders.
const READY_LIMIT: Duration = Duration::from_secs(40);

/// The services: program, name, cloud. Two distribuidores, so that a demo shows who stands by.
const SERVICES: [(&str, &str, &str); 4] = [
    ("distribuidor", "distribuidor-1", "aws"),
    ("distribuidor", "distribuidor-2", "azure"),
    ("queue-resolver", "queue-resolver-1", "aws"),
    ("queue-resolver", "queue-resolver-2", "azure"),
];

/// Runs the stage; what goes wrong is the line on standard output.
pub async fn run(args: &StageArgs) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("domicilio-demo-").tempdir().context("making the demo's folder")?;
    let mut children = Children::new(folder.path().to_owned());
    let outcome = match Server::start(folder.path()).await {
        Ok(mut nats) => {
            let played = play(args, folder.path(), &nats.url(), &mut children).await;
            children.stop().await;
            let _ = nats.kill().await;
            played
        }
        Err(error) => Err(error.into()),
    };
    if args.keep {
        let _kept = folder.keep();
    }
    if let Err(error) = &outcome {
        say(&format!("{error:#}"))?;
    }
    outcome
}

/// Lines of standard input; the channel closes with it. A thread of its own reads, for a read that nobody can cancel
/// must not hold up the end of the runtime.
fn lines() -> mpsc::Receiver<String> {
    // Only `finish` is ever said.
    let (tell, lines) = mpsc::channel(4);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if tell.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

async fn play(
    args: &StageArgs,
    folder: &std::path::Path,
    nats_url: &str,
    children: &mut Children,
) -> anyhow::Result<()> {
    let mut input = lines();
    let standing = async {
        let ledger = folder.join("ledger.jsonl").display().to_string();
        let mut pos_args = vec!["--ledger", &ledger];
        pos_args.extend(stores::FAULTS.iter().flat_map(|fault| ["--fault", fault]));
        let pos = children.listening("pos-simulator", "pos-simulator", &pos_args).await?;
        let common = |cloud| ["--nats-url", nats_url, "--cloud", cloud, "--storage-percent", "10"];
        let api = children.listening("api-domicilio", "api-domicilio-1", &common("gcloud")).await?;
        for (program, name, cloud) in SERVICES {
            let args: Vec<_> = ["--id", name].into_iter().chain(common(cloud)).collect();
            children.start(program, name, &args)?;
        }
        let stores = open_stores(&api, &pos).await?;
        Ok::<_, anyhow::Error>((pos, api, stores))
    };
    let (pos, api, stores) = tokio::select! {
        standing = standing => standing?,
        // Nobody waits for us any more.
        _ = input.recv() => return Ok(()),
    };
    let connection = bus::connect(&bus::Settings::new(nats_url, "demo")).await?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let (stop, stopped) = watch::channel(false);
    let sending = tokio::spawn(traffic::run(traffic::Plan::new(seed, args.rate, stores), api.clone(), stopped));
    let standing = Standing { nats_url: nats_url.to_owned(), api, seed, folder: folder.display().to_string() };
    say(&serde_json::to_string(&standing)?)?;

    let finish = loop {
        tokio::select! {
            line = input.recv() => match line {
                Some(line) if line.trim() == "finish" => break true,
                Some(_) => {}
                None => break false,
            },
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        if let Some(fallen) = children.fallen() {
            anyhow::bail!("{fallen}");
        }
    };
    stop.send_replace(true);
    if finish {
        let answered = sending.await.context("the traffic")?;
        let report = report::settle(&connection, &pos, answered, seed).await?;
        say(&serde_json::to_string(&report)?)?;
        // The one who asked closes the pipe when done.
        while input.recv().await.is_some() {}
    }
    Ok(())
}

/// Waits until the API takes orders, then creates the stores through it.
async fn open_stores(api: &str, pos: &str) -> anyhow::Result<Vec<StoreRecord>> {
    let http = reqwest::Client::new();
    let deadline = Instant::now() + READY_LIMIT;
    loop {
        let ready = http.get(format!("{api}/readyz")).send().await;
        if ready.is_ok_and(|ready| ready.status().is_success()) {
            break;
        }
        anyhow::ensure!(Instant::now() < deadline, "the API is not ready; see the logs (--keep)");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut open = Vec::new();
    for (id, record) in stores::records(pos) {
        let put = http.put(format!("{api}/api/stores/{id}")).json(&record).send().await;
        let status = put.with_context(|| format!("creating store {id}"))?.status();
        anyhow::ensure!(status.is_success(), "creating store {id}: {status}");
        open.push(serde_json::from_value(record)?);
    }
    Ok(open)
}
