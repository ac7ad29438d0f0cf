//! Messages of the bus become facts: read once, checked against their subject, sanitised.

use contract::audit::AuditRecord;
use contract::decision::DecisionKind;
use contract::order::InvalidHead;
use contract::{
    Country, Decision, Event, Heartbeat, OrderHead, OrderId, Outcome, QueueEntry, StoreRecord, Subject, UtcMs, header,
    subject,
};
use serde::de::DeserializeOwned;

use crate::event::Fact;
use crate::sanitise;

/// Longest message that is read, in bytes; ours stay far below, payloads of orders are not read at all.
const MESSAGE_MAX: usize = 512 * 1_024;

/// A message as it came, live or from a stream.
pub struct Raw<'a> {
    /// Its subject.
    pub subject: &'a str,
    /// Value of the header that a message of this kind needs.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
    /// Its sequence, when it was read from a stream.
    pub sequence: Option<u64>,
}

/// Reads a message; `None` for what the console does not follow (commands, replies to them).
pub fn decode(raw: &Raw<'_>, received_at: UtcMs) -> Option<Fact> {
    if raw.subject == subject::FILLER {
        return None;
    }
    let subject = Subject::parse(raw.subject);
    let read = match &subject {
        Subject::Order(country, id) => order(raw, *country, id),
        Subject::Queue(partition, store) => from_body::<QueueEntry>(raw).and_then(|entry| {
            agree(entry.order.store == *store && store.partition() == *partition)?;
            Ok(Fact::Queued(entry))
        }),
        Subject::Outcome(country, store) => from_body::<Outcome>(raw).and_then(|outcome| {
            agree(outcome.order.store == *store && outcome.order.country == *country)?;
            Ok(Fact::Ended(outcome))
        }),
        Subject::Event(country, store, _) => from_body::<Event>(raw).and_then(|event| {
            agree(event.kind.place() == (*country, *store))?;
            Ok(Fact::Step(event))
        }),
        Subject::Store(country, store) => from_body::<StoreRecord>(raw).and_then(|record| {
            agree(record.id == *store && record.country == *country)?;
            Ok(Fact::Store { record, revision: raw.sequence })
        }),
        Subject::Invalid(country) => from_header::<InvalidHead>(raw, header::INVALID_HEAD).and_then(|head| {
            agree(head.country == *country)?;
            Ok(Fact::Invalid(head))
        }),
        Subject::Heartbeat(service, instance) => from_body::<Heartbeat>(raw).and_then(|heartbeat| {
            agree(heartbeat.service == *service && heartbeat.instance == *instance)?;
            Ok(Fact::Heartbeat { heartbeat, received_at })
        }),
        Subject::Command(..) => return None,
        Subject::Audit(user) => {
            from_body::<AuditRecord>(raw).map(|record| Fact::Audited { user: user.clone(), record: record.bounded() })
        }
        Subject::Other(_) => Err("the subject is not of this version".to_owned()),
    };
    let mut fact = read.unwrap_or_else(|why| Fact::Unreadable { subject: raw.subject.to_owned(), why });
    sanitise::fact(&mut fact);
    Some(fact)
}

/// A live message.
pub fn live(message: &async_nats::Message, received_at: UtcMs) -> Option<Fact> {
    let header = |name: &str| message.headers.as_ref()?.get(name).map(async_nats::HeaderValue::as_str);
    let raw = Raw { subject: &message.subject, header: &header, body: &message.payload, sequence: None };
    decode(&raw, received_at)
}

/// A message of a stream.
pub fn stored(message: &bus::read::Stored) -> Option<Fact> {
    let header = |name: &str| message.header(name);
    let body = &message.payload;
    let raw = Raw { subject: &message.subject, header: &header, body, sequence: Some(message.sequence) };
    decode(&raw, message.stored_at)
}

/// An order as it was accepted or reinjected; or, without one, the decision about it.
fn order(raw: &Raw<'_>, country: Country, id: &OrderId) -> Result<Fact, String> {
    let (head, decision) = ((raw.header)(header::ORDER_HEAD), (raw.header)(header::DECISION));
    match (head, decision) {
        (Some(head), decision) => {
            let head: OrderHead = from_text(head)?;
            agree(head.country == country && head.store == id.store && head.code == id.code)?;
            // A reinjection tells who wanted it; what cannot be read there takes nothing from the order.
            let decision = decision.and_then(|decision| from_text(decision).ok());
            Ok(Fact::Accepted { head, intake: raw.sequence, decision })
        }
        (None, Some(decision)) => {
            let decision: Decision = from_text(decision)?;
            match decision.kind {
                DecisionKind::Solved => Ok(Fact::Solved { order: id.clone(), decision }),
                DecisionKind::Reinjected { .. } => Err("a reinjection without its order".to_owned()),
                DecisionKind::Unknown => Err("a decision of a kind that is not of this version".to_owned()),
            }
        }
        (None, None) => Err(missing(header::ORDER_HEAD)),
    }
}

fn from_body<T: DeserializeOwned>(raw: &Raw<'_>) -> Result<T, String> {
    // Looked at once as a whole, not string by string.
    match std::str::from_utf8(raw.body) {
        Ok(text) => from_text(text),
        Err(_) => json(raw.body.len(), || serde_json::from_slice(raw.body)),
    }
}

fn from_header<T: DeserializeOwned>(raw: &Raw<'_>, name: &str) -> Result<T, String> {
    (raw.header)(name).map_or_else(|| Err(missing(name)), from_text)
}

fn missing(name: &str) -> String {
    format!("header {name} is missing")
}

fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    json(text.len(), || serde_json::from_str(text))
}

fn json<T>(bytes: usize, read: impl FnOnce() -> serde_json::Result<T>) -> Result<T, String> {
    if bytes > MESSAGE_MAX {
        return Err(format!("{bytes} bytes are more than a message has"));
    }
    // Only the place of the fault: the error's own text may quote what was sent.
    read().map_err(|error| {
        let what = if error.is_data() { "a field is missing or of another kind" } else { "not JSON" };
        format!("{what} (line {}, column {})", error.line(), error.column())
    })
}

fn agree(agrees: bool) -> Result<(), String> {
    if agrees { Ok(()) } else { Err("subject and content disagree".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(subject: &str, header: Option<&'static str>, body: &[u8]) -> Option<Fact> {
        let header = |_: &str| header;
        decode(&Raw { subject, header: &header, body, sequence: Some(7) }, UtcMs::from_millis(5))
    }

    const HEAD: &str = r#"{"v":1,"country":"ec","store":72,"code":"A-1","channel":"delivery","format":"delivery",
        "received_at":"2026-11-23T21:04:17.123Z","by":{"instance":"api-1","cloud":"aws"},"lines":2,
        "total":{"amount":14.98,"currency":"US\u001b[2JDDDDDDDD"},"sha256":"00","bytes":10}"#;

    #[test]
    fn an_order_is_read_from_its_header_alone_and_sanitised() {
        let Some(Fact::Accepted { head, intake, .. }) = read("domicilio.orders.ec.72.A-1", Some(HEAD), b"\xff no json")
        else {
            panic!("not accepted")
        };
        assert_eq!((head.id().to_string().as_str(), intake), ("72.A-1", Some(7)));
        let currency = head.total.and_then(|total| total.currency).unwrap();
        assert_eq!(currency, "US^[[2JDD…");
    }

    #[test]
    fn what_cannot_be_read_is_told_without_its_content() {
        for (subject, header, body) in [
            ("domicilio.orders.ec.72.A-1", None, &b"{}"[..]),
            ("domicilio.orders.ec.73.A-1", Some(HEAD), b"{}"),
            ("domicilio.orders.co.72.A-1", Some(HEAD), b"{}"),
            ("domicilio.queues.11.72", None, b"{\"v\":1,\"secret-content\":1}"),
            ("domicilio.events.ec.72.pos", None, b"secret-content"),
            ("domicilio.outcomes.ec.72", None, b"\xff\xfe"),
            ("domicilio.services.api-domicilio.a.heartbeat", None, b"[]"),
            ("domicilio.\u{1b}[2J", None, b""),
            ("domicilio.audit.somebody", None, b"{}"),
        ] {
            let Some(Fact::Unreadable { subject: shown, why }) = read(subject, header, body) else {
                panic!("{subject} was read")
            };
            assert!(!shown.contains('\u{1b}') && !why.contains("secret-content") && !why.is_empty(), "{shown} {why}");
        }
    }

    #[test]
    fn commands_are_not_followed() {
        assert_eq!(read("domicilio.cmd.api-domicilio.any.inject", None, b"personal"), None);
    }

    #[test]
    fn a_huge_message_is_refused_unread() {
        let body = vec![b' '; MESSAGE_MAX + 1];
        assert!(matches!(read("domicilio.stores.ec.72", None, &body), Some(Fact::Unreadable { .. })));
    }
}
