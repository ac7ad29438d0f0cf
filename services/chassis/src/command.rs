//! The common commands, served through the NATS services API (ADR-32), so that `nats micro` lists us too.

mod asked;

use std::collections::HashMap;
use std::sync::Arc;

use async_nats::service::{Request, Service as Micro, ServiceExt as _};
use bytes::Bytes;
use contract::command::{ANY, IntakeReply, LogLevel, Reply, Verb};
use contract::heartbeat::RunState;
use contract::{Fault, VERSION, subject};
use futures::future::{self, BoxFuture};
use futures::{FutureExt as _, StreamExt as _, stream};

use asked::is_asked;

use crate::admission::{Limits, admit};
use crate::telemetry::Log;
use crate::{Control, Instance, RETRY_DELAY};

/// A command that only one kind of service takes, at the instance by name and at whichever instance comes first.
pub struct Duty {
    /// The command.
    pub verb: Verb,
    /// How many requests are taken; further ones are answered `busy` at once.
    pub limits: Limits,
    /// Does it and answers (see [`respond`]).
    pub handle: Arc<dyn Fn(Request) -> BoxFuture<'static, ()> + Send + Sync>,
}

/// Registers the instance and answers; tries again until the bus is there, goes on through reconnects.
pub(crate) fn spawn(instance: Arc<Instance>, bus: bus::Connection, control: Control, log: Log, duties: Vec<Duty>) {
    tokio::spawn(async move {
        loop {
            bus.up().await;
            match serve(&instance, &bus, &control, &log, &duties).await {
                // The service ends only with the client.
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "commands are not served yet, trying again"),
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
    });
}

/// Registers with the services API under the service's name.
async fn register(instance: &Instance, bus: &bus::Connection) -> Result<Micro, async_nats::Error> {
    let metadata = HashMap::from([
        ("instance".to_owned(), instance.id.to_string()),
        ("cloud".to_owned(), instance.cloud.to_string()),
        ("country".to_owned(), instance.country.to_string()),
    ]);
    bus.client
        .service_builder()
        .description("Domicilio")
        .metadata(metadata)
        .start(instance.service.as_str(), env!("CARGO_PKG_VERSION"))
        .await
}

async fn serve(
    instance: &Instance,
    bus: &bus::Connection,
    control: &Control,
    log: &Log,
    duties: &[Duty],
) -> Result<(), async_nats::Error> {
    let micro = register(instance, bus).await?;
    let own = micro.group(subject::commands(instance.service, instance.id.as_str()));
    let any = micro.group(subject::commands(instance.service, ANY));
    let mut common = Vec::new();
    for verb in Verb::COMMON {
        let endpoint = own.endpoint_builder().name(verb.as_str()).add(verb.as_str()).await?;
        let to = subject::command(instance.service, &instance.id, verb);
        let endpoint = endpoint.filter(move |request| future::ready(is_asked(&request.message, &to)));
        common.push(endpoint.map(move |request| (verb, request)).boxed());
    }
    let mut served = Vec::new();
    for Duty { verb, limits, handle } in duties {
        let to =
            [subject::command(instance.service, &instance.id, *verb), subject::command_any(instance.service, *verb)];
        let verb = verb.as_str();
        let requests = stream::select(
            own.endpoint_builder().name(verb).add(verb).await?,
            any.endpoint_builder().name(format!("{verb}-any")).add(verb).await?,
        );
        let requests =
            requests.filter(move |request| future::ready(to.iter().any(|to| is_asked(&request.message, to))));
        let handle = Arc::clone(handle);
        served.push(admit(requests, *limits, move |request| handle(request), refuse).boxed());
    }
    // One after the other: to act on one is as quick as to refuse it.
    let common = async {
        let mut requests = stream::select_all(common);
        while let Some((verb, request)) = requests.next().await {
            let fault = act(verb, &request, control, log);
            let reply = Reply { v: VERSION, ok: fault.is_none(), state: control.state(), fault };
            tracing::info!(verb = verb.as_str(), ok = reply.ok, "command");
            respond(&request, &reply).await;
        }
    };
    tokio::join!(common, future::join_all(served));
    Ok(())
}

/// Tells that there are too many requests already.
async fn refuse(request: Request) {
    respond(&request, &IntakeReply::busy()).await;
}

/// Answers with JSON; a requester that has gone away is not our trouble.
pub async fn respond(request: &Request, reply: &impl serde::Serialize) {
    let body = serde_json::to_vec(reply).map(Bytes::from).unwrap_or_default();
    if let Err(error) = request.respond(Ok(body)).await {
        tracing::debug!(%error, "nobody took the answer");
    }
}

fn act(verb: Verb, request: &Request, control: &Control, log: &Log) -> Option<Fault> {
    match verb {
        Verb::Pause => control.set(RunState::Paused),
        Verb::Resume => control.set(RunState::Running),
        Verb::Drain => control.set(RunState::Draining),
        Verb::Ping | Verb::Inject | Verb::Reinject | Verb::Solve | Verb::Release | Verb::PingPos | Verb::Move => {}
        Verb::LogLevel => {
            let wanted = serde_json::from_slice::<LogLevel>(&request.message.payload);
            let Ok(LogLevel { filter }) = wanted else {
                return Some(Fault::new("body_invalid", "/filter", r#"Expected a body such as {"filter":"debug"}."#));
            };
            if let Err(error) = log.set_filter(&filter) {
                return Some(Fault::new("filter_invalid", "/filter", format!("{error:#}.")));
            }
        }
    }
    None
}
