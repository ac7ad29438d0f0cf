//! Commands `reinject` and `solve`: what people decide about an order that was not injected.
//!
//! A decision is stored on the order's own subject, expecting the last message there to be the one that was looked at.
//! So of several decisions about the same state the server takes one, and a repeat of a command finds its decision.

use std::sync::Arc;

use async_nats::jetstream::message::PublishMessage;
use async_nats::service::Request;
use bytes::Bytes;
use chassis::command::{Duty, respond};
use chassis::now;
use contract::command::{IntakeReply, Reinject, Solve, Verb};
use contract::decision::{DecisionKind, REASON_MAX};
use contract::order::Digest;
use contract::{CommandId, Decision, Fault, Operator, OrderHead, OrderId, VERSION, header, subject};
use futures::FutureExt as _;

use crate::api::{Api, COMMANDS};
use crate::history::{self, End, History, Open};
use crate::http::ORDER_BYTES_MAX;
use crate::intake::stored::{Published, Stored, publish};
use crate::intake::{self, trace};
use crate::payload::{self, Door};
use crate::reply::ReplyCode;

/// How often a decision is tried again when somebody else decided, or a replica's answer was old.
const TRIES_MAX: u32 = 3;

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Decided(DecisionKind),
    DecidedBefore(DecisionKind),
    CommandInvalid,
    OrderUnknown,
    OrderWaiting,
    OrderInjected,
    OrderSolved,
    OutcomeForgotten,
    PayloadGone,
    PayloadInvalid,
    TooManyDecisions,
    Like(ReplyCode),
}

impl Verdict {
    /// Word on the wire, status, sentence.
    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Decided(DecisionKind::Solved) => ("solved", 202, "Nothing more is to be done about the order."),
            Self::Decided(_) => ("reinjected", 202, "The order goes to the end of its store's queue."),
            Self::DecidedBefore(DecisionKind::Solved) => ("already_solved", 200, "This command did it before."),
            Self::DecidedBefore(_) => ("already_reinjected", 200, "This command did it before."),
            Self::CommandInvalid => ("body_invalid", 400, "The command cannot be read; the fault tells why."),
            Self::OrderUnknown => ("order_unknown", 404, "No order has this id."),
            Self::OrderWaiting => ("order_waiting", 409, "The order is on its way; there is nothing to decide yet."),
            Self::OrderInjected => ("order_injected", 409, "The POS has the order."),
            Self::OrderSolved => ("order_solved", 409, "Somebody decided that nothing more is to be done."),
            Self::OutcomeForgotten => {
                ("outcome_forgotten", 409, "The order is done, but nobody can tell how it ended.")
            }
            Self::PayloadGone => ("payload_gone", 409, "The order's payload is not kept any more."),
            Self::PayloadInvalid => {
                ("invalid_payload", 422, "The payload breaks rules; each fault tells which and where.")
            }
            Self::TooManyDecisions => (
                "too_many_decisions",
                409,
                "The order was reinjected too often; ask the store what is wrong, then solve it.",
            ),
            Self::Like(ReplyCode::Unconfirmed) => {
                ("unconfirmed", 503, "The message bus did not confirm; repeat the same command to learn the outcome.")
            }
            Self::Like(code) => code.row(),
        }
    }
}

/// A verdict and what goes with it.
#[derive(Debug)]
struct Answer {
    verdict: Verdict,
    sequence: Option<u64>,
    faults: Vec<Fault>,
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, sequence: None, faults: Vec::new() }
    }
}

impl Answer {
    fn into_reply(self, order: Option<OrderId>) -> IntakeReply {
        let (code, status, message) = self.verdict.row();
        let (sequence, faults) = (self.sequence, self.faults);
        IntakeReply { v: VERSION, status, code: code.to_owned(), order, sequence, message: message.to_owned(), faults }
    }
}

/// A command, whichever it is.
#[derive(Debug)]
struct Wanted {
    command: CommandId,
    order: OrderId,
    by: Operator,
    reason: Option<String>,
    what: What,
}

#[derive(Debug)]
enum What {
    Solve,
    Reinject { payload: Option<Bytes> },
}

/// The commands as the services API serves them.
pub(crate) fn duties(api: &Arc<Api>) -> [Duty; 2] {
    [Verb::Reinject, Verb::Solve].map(|verb| {
        let api = Arc::clone(api);
        Duty {
            verb,
            limits: COMMANDS,
            handle: Arc::new(move |request| {
                let api = Arc::clone(&api);
                async move {
                    let reply = answer(&api, verb, &request).await;
                    let order = reply.order.as_ref().map(tracing::field::display);
                    tracing::info!(verb = verb.as_str(), code = reply.code, order, "decision");
                    respond(&request, &reply).await;
                }
                .boxed()
            }),
        }
    })
}

async fn answer(api: &Api, verb: Verb, request: &Request) -> IntakeReply {
    let refused = |code| Answer::from(Verdict::Like(code)).into_reply(None);
    let _permit = match api.admit() {
        Ok(permit) => permit,
        Err(code) => return refused(code),
    };
    if let Err(code) = api.may_take() {
        return refused(code);
    }
    let wanted = match read(verb, &request.message.payload) {
        Ok(wanted) => wanted,
        Err(fault) => return Answer { faults: vec![fault], ..Verdict::CommandInvalid.into() }.into_reply(None),
    };
    let decided = decide(api, &wanted).await;
    decided.into_reply(Some(wanted.order))
}

/// Reads a command's body.
fn read(verb: Verb, body: &[u8]) -> Result<Wanted, Fault> {
    let unreadable = |error: serde_json::Error| {
        // The error's own text may quote what was sent.
        let place = format!("line {}, column {}", error.line(), error.column());
        Fault::new("body_invalid", "", format!("A field is missing or is not what it must be; see {place}."))
    };
    let wanted = if verb == Verb::Solve {
        let Solve { id, order, by, reason } = serde_json::from_slice(body).map_err(unreadable)?;
        if reason.trim().is_empty() {
            return Err(Fault::new("reason_missing", "/reason", "Say why nothing more is to be done."));
        }
        Wanted { command: id, order, by, reason: Some(reason), what: What::Solve }
    } else {
        let Reinject { id, order, by, reason, payload } = serde_json::from_slice(body).map_err(unreadable)?;
        Wanted { command: id, order, by, reason, what: What::Reinject { payload: payload.map(Bytes::from) } }
    };
    let reason = wanted.reason.as_deref().unwrap_or_default();
    if reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control) {
        let rule = format!("A reason is at most {REASON_MAX} characters, without control characters.");
        return Err(Fault::new("reason_invalid", "/reason", rule));
    }
    Ok(wanted)
}

async fn decide(api: &Api, wanted: &Wanted) -> Answer {
    let filter = subject::order_anywhere(&wanted.order);
    for _ in 0..TRIES_MAX {
        let history = match History::read(&api.bus.js, &filter).await {
            Ok(Some(history)) => history,
            Ok(None) => return Verdict::OrderUnknown.into(),
            Err(error) => return unread(&error),
        };
        let last = match history.open(&wanted.command) {
            Open::Pass { full: true, .. } if !matches!(wanted.what, What::Solve) => {
                return Verdict::TooManyDecisions.into();
            }
            Open::Pass { last, .. } => last,
            Open::Done(sequence, kind) => {
                return Answer { sequence: Some(sequence), ..Verdict::DecidedBefore(kind).into() };
            }
            Open::Solved => return Verdict::OrderSolved.into(),
        };
        let Some(head) = history.head() else { return Verdict::PayloadGone.into() };
        match history::end(&api.bus.js, head, history.pass().sequence).await {
            Ok(end) if end.is_not_injected() => {}
            Ok(End::None) => return Verdict::OrderWaiting.into(),
            Ok(End::Outcome(_)) => return Verdict::OrderInjected.into(),
            Ok(End::Forgotten) => return Verdict::OutcomeForgotten.into(),
            Err(error) => return unread(&error),
        }
        let (kind, message) = match message(api, wanted, &history, head) {
            Ok(message) => message,
            Err(answer) => return *answer,
        };
        let message = message.expected_last_subject_sequence(last);
        match publish(&api.bus, subject::order(head), message).await {
            Published::At(sequence) => return Answer { sequence: Some(sequence), ..Verdict::Decided(kind).into() },
            // Somebody decided meanwhile, perhaps an earlier try of this command: look again.
            Published::Outdated => {}
            Published::Not(Stored::NoRoom) => return Verdict::Like(ReplyCode::StorageFull).into(),
            Published::Not(Stored::Unavailable) => return Verdict::Like(ReplyCode::BusUnavailable).into(),
            Published::Not(_) => return Verdict::Like(ReplyCode::Unconfirmed).into(),
        }
    }
    Verdict::Like(ReplyCode::Unconfirmed).into()
}

fn unread(error: &bus::Error) -> Answer {
    tracing::warn!(error = error as &dyn std::error::Error, "an order's history cannot be read");
    Verdict::Like(ReplyCode::BusUnavailable).into()
}

/// The message that says what was decided.
fn message(
    api: &Api,
    wanted: &Wanted,
    history: &History,
    head: &OrderHead,
) -> Result<(DecisionKind, PublishMessage), Box<Answer>> {
    let pass = history.pass();
    let (kind, again) = match &wanted.what {
        What::Solve => (DecisionKind::Solved, None),
        What::Reinject { payload: None } => {
            if Digest::of(&pass.payload) != head.sha256 {
                return Err(Box::new(Verdict::PayloadGone.into()));
            }
            let again =
                OrderHead { again: head.again + 1, received_at: now(), by: api.instance.origin(), ..head.clone() };
            (DecisionKind::Reinjected { edited: false }, Some((again, pass.payload.clone())))
        }
        What::Reinject { payload: Some(payload) } => {
            let again = edited(api, head, payload)?;
            (DecisionKind::Reinjected { edited: again.sha256 != head.sha256 }, Some((again, payload.clone())))
        }
    };
    let decision = Decision {
        v: VERSION,
        command: wanted.command.clone(),
        by: wanted.by.clone(),
        reason: wanted.reason.clone(),
        at: now(),
        via: api.instance.origin(),
        of: pass.sequence,
        kind,
    };
    let json = |error: serde_json::Error| {
        tracing::error!(%error, "a decision cannot be written");
        Box::new(Answer::from(Verdict::Like(ReplyCode::Internal)))
    };
    let mut message =
        PublishMessage::build().header(header::DECISION, serde_json::to_string(&decision).map_err(json)?.as_str());
    if let Some((head, payload)) = again {
        message = message
            .header(header::ORDER_HEAD, serde_json::to_string(&head).map_err(json)?.as_str())
            .header(header::TRACEPARENT, trace(None, &head).as_str())
            .payload(payload);
    }
    Ok((kind, message))
}

/// The head of an edited payload, which must be an order of the same identity that intake would take; a store that is
/// closed for new orders still gets this one.
fn edited(api: &Api, head: &OrderHead, payload: &Bytes) -> Result<OrderHead, Box<Answer>> {
    let invalid = |faults| Box::new(Answer { faults, ..Verdict::PayloadInvalid.into() });
    if payload.len() > ORDER_BYTES_MAX {
        let rule = format!("A payload is at most {ORDER_BYTES_MAX} bytes.");
        return Err(invalid(vec![Fault::new("body_too_large", "", rule)]));
    }
    let at = now();
    let doors = |id| {
        let store = api.catalogue.get(id)?;
        Some(Door { country: store.record.country, state: store.record.state_at(at) })
    };
    let order = match payload::read(head.format, payload, doors) {
        Ok(order) => order,
        Err(payload::Refused { closed: Some(order), .. }) => *order,
        Err(refused) => return Err(invalid(refused.faults)),
    };
    if (order.store, &order.code, order.country) != (head.store, &head.code, head.country) {
        let rule = "The payload must keep the order's store and code; another order is sent by intake.";
        return Err(invalid(vec![Fault::new("identity_changed", "", rule)]));
    }
    Ok(intake::head(api, order, payload, at, head.again + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_or_refused_without_repeating_it() {
        let solve = r#"{"id":"c-1","order":"72.a","by":"ana","reason":"taken by telephone"}"#;
        let wanted = read(Verb::Solve, solve.as_bytes()).expect("a command");
        assert_eq!((wanted.command.as_str(), wanted.order.to_string().as_str()), ("c-1", "72.a"));
        for (body, code) in [
            (String::new(), "body_invalid"),
            (solve.replace("c-1", "c 1"), "body_invalid"),
            (solve.replace("72.a", "secret"), "body_invalid"),
            (solve.replace("ana", ""), "body_invalid"),
            (solve.replace("taken by telephone", "  "), "reason_missing"),
            (solve.replace("taken", "\\u001b[2J"), "reason_invalid"),
            (solve.replace("taken", &"x".repeat(200)), "reason_invalid"),
        ] {
            let fault = read(Verb::Solve, body.as_bytes()).expect_err("refused");
            assert_eq!(fault.code, code, "{body}");
            assert!(!fault.message.contains("secret"), "{fault}");
        }
        let reinject = read(Verb::Reinject, br#"{"id":"c-1","order":"72.a","by":"ana"}"#).expect("a command");
        assert!(matches!(reinject.what, What::Reinject { payload: None }));
    }
}
