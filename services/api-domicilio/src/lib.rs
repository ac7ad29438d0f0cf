//! api-domicilio: the door of Domicilio.
//!
//! Takes orders in two formats over HTTP (and over the bus), judges them, and stores each as it came, to the byte, in
//! stream `ORDERS`; takes changes of stores. It holds nothing of its own: without the bus it answers 503.
//! `payload`, `stores` and `keys` decide and are pure; `intake`, `status`, `inject`
//! and `decisions` talk to the bus; `door` and `reread` follow files that may change; `http` is the shell.

pub mod api;
mod decisions;
mod door;
mod history;
pub mod http;
mod inject;
mod intake;
pub mod keys;
pub mod metrics;
pub mod payload;
pub mod reply;
mod reread;
pub mod settings;
mod status;
pub mod stores;

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use bus::continuity;
use chassis::{Chassis, RETRY_DELAY};
use contract::Service;
use contract::heartbeat::RunState;
use tokio::net::TcpListener;

use api::Api;
use door::Door;
use http::tls::Tls;
use keys::{NewKey, Token};
use settings::Args;

/// Runs the service until it is told to stop.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let door = Door::open(&args.access).await?;
    let tls = Tls::open(&args.secure).await?.map(Arc::new);
    // The port first: a second instance on it must fail before it is seen on the bus.
    let listener = TcpListener::bind(args.listen).await.with_context(|| format!("listening on {}", args.listen))?;
    let listen = listener.local_addr().context("reading the address listened on")?.to_string();
    let mut out = std::io::stdout();
    writeln!(out, r#"{{"listen":"{listen}"}}"#).and_then(|()| out.flush()).context("telling the address")?;

    let chassis = Chassis::start(&args.common, Service::Api, args.id).await?;
    let api = Arc::new(Api::new(&chassis, listen, door));
    let read = Arc::clone(&api);
    let [reinject, solve] = decisions::duties(&api);
    chassis.expose(move || read.load(), vec![inject::duty(&api), reinject, solve]);
    let stopping = async {
        chassis.stop.cancelled().await;
        chassis.control.set(RunState::Stopping);
    };
    tokio::join!(
        http::serve::serve(listener, http::router(&api), tls.clone(), chassis.stop.clone()),
        keep_streams(&chassis, &api),
        api.door.keep(&api.metrics, &chassis),
        keep_certificate(&chassis, tls.as_deref()),
        stopping,
    );
    chassis.leave().await;
    Ok(())
}

/// Makes a key: the token goes to standard error, for the eyes of who asked; what belongs into the file to standard output.
pub fn new_key(wanted: &NewKey) -> anyhow::Result<()> {
    let mut chance = [0; 32];
    getrandom::fill(&mut chance).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let token = Token::of(chance);
    let entry = wanted.entry(&token).map_err(anyhow::Error::msg)?;
    // The entry first: a token whose entry went nowhere would only puzzle.
    let mut out = std::io::stdout();
    out.write_all(entry.as_bytes()).and_then(|()| out.flush()).context("writing the entry")?;
    let told = format!("The token of {}, shown this once:\n{}\n", wanted.id, token.reveal());
    std::io::stderr().write_all(told.as_bytes()).context("showing the token")
}

async fn keep_certificate(chassis: &Chassis, tls: Option<&Tls>) {
    if let Some(tls) = tls {
        tls.keep(chassis).await;
    }
}

/// Makes sure of the streams each time the link comes up, for it may lead to a server that has none yet, or that has
/// lost the end of `ORDERS`.
async fn keep_streams(chassis: &Chassis, api: &Api) {
    loop {
        let connects = chassis.bus.connects();
        if !chassis.ready().await {
            return;
        }
        tokio::select! {
            () = chassis.stop.cancelled() => return,
            () = chassis.bus.interrupted(connects) => {}
            () = until_whole(chassis) => {
                api.see_whole(connects);
                api.see_streams(true);
                tokio::select! {
                    () = chassis.stop.cancelled() => return,
                    () = chassis.bus.interrupted(connects) => {}
                }
                api.see_streams(false);
            }
        }
        chassis.trouble.over();
    }
}

/// Waits until no sequence in `ORDERS` can be given a second time; the active distribuidor sees to it.
async fn until_whole(chassis: &Chassis) {
    loop {
        match continuity::reach(&chassis.bus.js).await {
            Ok(reach) if reach.is_whole() => return chassis.trouble.over(),
            Ok(reach) => chassis.trouble.tell(format!("{reach}; no orders are taken")),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "ORDERS not looked at, trying again");
            }
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}
