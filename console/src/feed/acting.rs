//! Sending what passed the guard, and reading what is answered.

use std::time::Duration;

use async_nats::RequestErrorKind;
use bus::{ErrorKind, catalogue, read};
use bytes::Bytes;
use contract::command::{IntakeReply, MoveReply, PingPosReply, Reply};
use contract::{Fault, OrderId, StoreRecord, UtcMs, stream, subject};
use serde::de::DeserializeOwned;

use super::chain;
use super::denied::unless_denied;
use super::guard::{self, Policy};
use super::requests;
use crate::effect::{Fence, Planned};
use crate::event::{Done, Trouble};
use crate::{mask, sanitise};

/// How long a service may take to answer a request. Intake answers only after its stream has acknowledged; a release waits
/// for an attempt that is under way for 3 s.
const REPLY_LIMIT: Duration = Duration::from_secs(5);

/// The same of a look at a POS, whose name, connection, TLS and answer each take their time.
const POS_LIMIT: Duration = Duration::from_secs(15);

/// Steps of a look at a POS that are shown.
const STEPS_MAX: usize = 8;

/// Sends a change through the guard and waits for its answer. `payload` is the edited payload, where there is one.
pub(super) async fn send(
    connection: &bus::Connection,
    planned: &Planned,
    payload: Option<&str>,
    policy: &Policy,
    now: UtcMs,
) -> Result<Done, Trouble> {
    if let Planned::Reveal(wanted) = planned {
        return reveal(connection, &wanted.order).await;
    }
    let allowed = guard::check(planned, payload, policy, now).map_err(|why| Trouble::Forbidden(why.to_string()))?;
    if !connection.is_up() {
        // A disconnected client would keep it and send it later, when nobody expects it any more.
        return Err(Trouble::NotConnected);
    }
    let (subject, headers, body) = allowed.into_parts();
    tracing::info!(subject, bytes = body.len(), "sending");
    let work = async {
        match planned {
            Planned::Store { record, fence } => store(connection, record, *fence).await,
            _ => ask(connection, planned, (&subject, headers, body)).await,
        }
    };
    let answer = unless_denied(connection, |denied| denied == subject, work).await.unwrap_or(Err(Trouble::Denied));
    match &answer {
        Ok(_) => tracing::info!(subject, "answered"),
        Err(why) => tracing::info!(subject, why = why.code(), "not answered"),
    }
    answer
}

/// Reads a payload that may be shown as it is. Nothing is published but the question, so it goes past the guard.
async fn reveal(connection: &bus::Connection, order: &OrderId) -> Result<Done, Trouble> {
    if !connection.is_up() {
        return Err(Trouble::NotConnected);
    }
    let payload = requests::in_clear(connection, order).await?;
    tracing::info!(%order, "its payload was read to be shown as it is");
    mask::disclose(&payload).map(|clear| Done::Revealed(order.clone(), clear))
}

async fn ask(
    connection: &bus::Connection,
    planned: &Planned,
    (subject, headers, body): (&str, async_nats::HeaderMap, Bytes),
) -> Result<Done, Trouble> {
    let limit = if matches!(planned, Planned::PingPos { .. }) { POS_LIMIT } else { REPLY_LIMIT };
    let request = async_nats::Request::new().headers(headers).payload(body).timeout(Some(limit));
    let sent = connection.client.send_request(subject.to_owned(), request);
    let message = match tokio::time::timeout(limit, sent).await {
        Ok(Ok(message)) => message,
        Ok(Err(error)) => {
            return Err(match error.kind() {
                RequestErrorKind::NoResponders => Trouble::NoService,
                RequestErrorKind::TimedOut => Trouble::Unanswered(limit.as_secs()),
                _ => Trouble::Said(chain(&error)),
            });
        }
        Err(_) => return Err(Trouble::Unanswered(limit.as_secs())),
    };
    let refused = message.headers.as_ref().and_then(|headers| headers.get("Nats-Service-Error"));
    match refused {
        // The services API's own way to say no; a body that says more comes first.
        Some(error) if message.payload.is_empty() => {
            Err(Trouble::Said(sanitise::text(error.as_str(), sanitise::SENTENCE_MAX)))
        }
        _ => answer(planned, &message.payload),
    }
}

/// Reads the answer to `planned`, sanitised.
fn answer(planned: &Planned, body: &[u8]) -> Result<Done, Trouble> {
    Ok(match planned {
        Planned::Command { .. } | Planned::LogLevel { .. } => {
            let mut reply: Reply = parse(body)?;
            reply.fault.iter_mut().for_each(sanitise::fault);
            Done::Reply(reply)
        }
        Planned::Inject(_) | Planned::Decide(_) | Planned::Release(_) => {
            let mut reply: IntakeReply = parse(body)?;
            plain(&mut reply.code, &mut reply.message, &mut reply.faults);
            Done::Order(reply)
        }
        Planned::Move(_) => {
            let mut reply: MoveReply = parse(body)?;
            plain(&mut reply.code, &mut reply.message, &mut reply.faults);
            Done::Move(reply)
        }
        Planned::PingPos { .. } => Done::Pos(looked(parse(body)?)),
        Planned::Store { .. } | Planned::Reveal(_) => return Err(Trouble::Unreadable),
    })
}

fn plain(code: &mut String, message: &mut String, faults: &mut Vec<Fault>) {
    *code = sanitise::text(code, sanitise::NAME_MAX);
    *message = sanitise::text(message, sanitise::SENTENCE_MAX);
    faults.truncate(sanitise::FAULTS_MAX);
    faults.iter_mut().for_each(sanitise::fault);
}

fn looked(mut reply: PingPosReply) -> PingPosReply {
    plain(&mut reply.code, &mut reply.message, &mut reply.faults);
    reply.origin.iter_mut().for_each(|origin| *origin = sanitise::text(origin, sanitise::URL_MAX));
    reply.steps.truncate(STEPS_MAX);
    for step in &mut reply.steps {
        step.detail = sanitise::text(&step.detail, sanitise::SENTENCE_MAX);
    }
    reply
}

/// Writes a record by compare-and-set.
async fn store(connection: &bus::Connection, record: &StoreRecord, fence: Fence) -> Result<Done, Trouble> {
    let written = match fence {
        Fence::Record(revision) => catalogue::write(&connection.js, record, revision).await,
        Fence::Catalogue(last) => catalogue::create(&connection.js, record, last).await,
    };
    match written {
        Ok(revision) => Ok(Done::Stored(revision)),
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(ours(connection, record).await.unwrap_or(Done::Stale)),
        Err(error) if error.kind() == ErrorKind::Unanswered => Err(Trouble::Unanswered(REPLY_LIMIT.as_secs())),
        Err(error) => Err(Trouble::Said(chain(&error))),
    }
}

/// The revision of `record` when it is what is stored: an earlier try was written, and only its answer was lost.
async fn ours(connection: &bus::Connection, record: &StoreRecord) -> Option<Done> {
    let subject = subject::store(record.country, record.id);
    let last = read::last_at_leader(&connection.js, stream::STORES.name, &subject).await.ok()??;
    let stored: StoreRecord = serde_json::from_slice(&last.payload).ok()?;
    (stored == *record).then_some(Done::Stored(last.sequence))
}

/// Tells the bus what was done; waits until it is kept. What changes nothing passes without the guard.
pub(super) async fn tell(connection: &bus::Connection, subject: String, body: Vec<u8>) -> Result<(), Trouble> {
    if !connection.is_up() {
        return Err(Trouble::NotConnected);
    }
    let sent = async { connection.js.publish(subject.clone(), body.into()).await?.await };
    let kept = async {
        match tokio::time::timeout(REPLY_LIMIT, sent).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Trouble::Said(chain(&error))),
            Err(_) => Err(Trouble::Unanswered(REPLY_LIMIT.as_secs())),
        }
    };
    unless_denied(connection, |denied| denied == subject, kept).await.unwrap_or(Err(Trouble::Denied))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|_| Trouble::Unreadable)
}
