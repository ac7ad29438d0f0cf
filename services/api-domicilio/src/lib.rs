//! api-domicilio: the door of Domicilio.
//!
//! Takes orders in two formats over HTTP (and over the bus), judges them, and stores each as it came, to the byte, in
//! stream `ORDERS`; takes changes of stores. It holds nothing of its own: without the bus it answers 503.
//! `payload` and `stores` decide and are pure; `intake`, `status`, `inject`
//! and `decisions` talk to the bus; `http` is the shell.

pub mod api;
mod decisions;
mod history;
pub mod http;
mod inject;
mod intake;
pub mod metrics;
pub mod payload;
pub mod reply;
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
use settings::Args;

/// Runs the service until it is told to stop.
pub async fn run(args: Args) -> anyhow::Result<()> {
    // The port first: a second instance on it must fail before it is seen on the bus.
    let listener = TcpListener::bind(args.listen).await.with_context(|| format!("listening on {}", args.listen))?;
    let listen = listener.local_addr().context("reading the address listened on")?.to_string();
    let mut out = std::io::stdout();
    writeln!(out, r#"{{"listen":"{listen}"}}"#).and_then(|()| out.flush()).context("telling the address")?;

    let chassis = Chassis::start(&args.common, Service::Api, args.id).await?;
    let api = Arc::new(Api::new(&chassis, listen));
    let read = Arc::clone(&api);
    let [reinject, solve] = decisions::duties(&api);
    chassis.expose(move || read.load(), vec![inject::duty(&api), reinject, solve]);
    let stopping = async {
        chassis.stop.cancelled().await;
        chassis.control.set(RunState::Stopping);
    };
    tokio::join!(
        http::serve::serve(listener, http::router(&api), chassis.stop.clone()),
        keep_streams(&chassis, &api),
        stopping,
    );
    chassis.leave().await;
    Ok(())
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
