//! Reading what waits. A work queue allows no second reader, so its entries are fetched directly, many a request
//! (the server's batched direct get, from nats-server 2.11 on); nothing is taken from the queue.

use std::time::Duration;

use bus::{Error, ErrorKind};
use contract::stream;
use futures::StreamExt as _;

use super::decode::{self, Raw};
use crate::event::Fact;

/// Entries asked for in one request.
pub(super) const BATCH: usize = 500;

/// How long the server may stay silent within a batch.
const SILENCE: Duration = bus::REQUEST_TIMEOUT;

/// What one request brought.
pub(super) struct Batch {
    pub(super) facts: Vec<Fact>,
    /// Sequence of the last entry; `None` when there was none.
    pub(super) last: Option<u64>,
}

/// The next entries of all queues, from sequence `from` on.
pub(super) async fn next(connection: &bus::Connection, from: u64) -> Result<Batch, Error> {
    const DOING: &str = "reading what waits";
    let unanswered = |error: &str| Error::new(ErrorKind::Unanswered, DOING, error);
    let client = &connection.client;
    let inbox = client.new_inbox();
    let mut replies = client.subscribe(inbox.clone()).await.map_err(|error| unanswered(&error.to_string()))?;
    let request = serde_json::json!({ "batch": BATCH, "seq": from, "next_by_subj": "domicilio.queues.*.*" });
    let subject = format!("$JS.API.DIRECT.GET.{}", stream::QUEUES.name);
    client
        .publish_with_reply(subject, inbox, request.to_string().into())
        .await
        .map_err(|error| unanswered(&error.to_string()))?;
    let mut batch = Batch { facts: Vec::new(), last: None };
    loop {
        let Ok(Some(reply)) = tokio::time::timeout(SILENCE, replies.next()).await else {
            return Err(unanswered("the server sent nothing in time"));
        };
        match reply.status.map(|status| status.as_u16()) {
            None => {}
            // 204 ends a batch, 404 says that there is nothing from there on.
            Some(204 | 404) => return Ok(batch),
            Some(503) => return Err(Error::new(ErrorKind::NotFound, DOING, "there is no such stream")),
            Some(status) => {
                let why = format!("{status} {}", reply.description.unwrap_or_default());
                return Err(Error::new(ErrorKind::Refused, DOING, why));
            }
        }
        let header = |name: &str| reply.headers.as_ref()?.get(name).map(async_nats::HeaderValue::as_str);
        let sequence: Option<u64> = header("Nats-Sequence").and_then(|text| text.parse().ok());
        let (Some(subject), Some(sequence)) = (header("Nats-Subject"), sequence) else {
            return Err(Error::new(ErrorKind::Refused, DOING, "an answer without subject and sequence"));
        };
        let raw = Raw { subject, header: &header, body: &reply.payload, sequence: Some(sequence) };
        batch.facts.extend(decode::decode(&raw, super::now()));
        batch.last = Some(sequence);
    }
}
