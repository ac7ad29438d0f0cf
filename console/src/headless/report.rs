//! One order as JSON: stable names, no payload.

use contract::order::{Channel, Ending, Format, Loyalty, Origin, Total};
use contract::{Country, Decision, OrderId, StoreId, UtcMs};
use serde::Serialize;

use crate::state::Order;
use crate::state::orders::Pass;

/// An order with its timeline.
#[derive(Debug, Serialize)]
pub(super) struct OrderReport {
    pub(super) order: OrderId,
    store: StoreId,
    code: String,
    country: Country,
    channel: Channel,
    format: Format,
    pub(super) state: &'static str,
    sequence: Option<u64>,
    received_at: UtcMs,
    ended_at: Option<UtcMs>,
    /// From acceptance to the end, in milliseconds.
    took_ms: Option<i64>,
    attempts: u32,
    test: bool,
    total: Option<Total>,
    lines: u32,
    loyalty: Option<Loyalty>,
    /// How often it was reinjected.
    reinjections: u32,
    bytes: u32,
    sha256: String,
    timeline: Vec<Step>,
}

/// One step of an order's way.
#[derive(Debug, Serialize)]
struct Step {
    at: UtcMs,
    #[serde(rename = "step")]
    name: &'static str,
    instance: String,
    cloud: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_max: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// How long the POS took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pos_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<UtcMs>,
    /// The POS had it from an earlier attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    already: Option<bool>,
    /// Who decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
}

impl Step {
    fn new(at: UtcMs, name: &'static str, by: &Origin) -> Self {
        Self {
            at,
            name,
            instance: by.instance.to_string(),
            cloud: by.cloud.to_string(),
            attempt: None,
            attempts_max: None,
            reason: None,
            detail: None,
            pos_ms: None,
            retry_at: None,
            already: None,
            operator: None,
        }
    }
}

impl OrderReport {
    /// The same with the sequence that intake told, where its own message was not seen yet.
    pub(super) fn accepted_as(self, sequence: Option<u64>) -> Self {
        Self { sequence: self.sequence.or(sequence), ..self }
    }

    pub(super) fn new(order: &Order) -> Self {
        let head = &order.pass.head;
        let state = order.state();
        Self {
            order: head.id(),
            store: head.store,
            code: head.code.to_string(),
            country: head.country,
            channel: head.channel,
            format: head.format,
            state: state.name(),
            sequence: order.pass.intake,
            received_at: head.received_at,
            ended_at: order.pass.ended_at(),
            took_ms: order.pass.ended_at().map(|at| at.since(head.received_at)),
            attempts: order.pass.attempts_made(),
            test: head.test,
            total: head.total.clone(),
            lines: head.lines,
            loyalty: head.loyalty,
            reinjections: head.again,
            bytes: head.bytes,
            sha256: head.sha256.to_string(),
            timeline: timeline(order),
        }
    }

    /// For people: the order in a line, then a line a step.
    pub(super) fn text(&self) -> String {
        let mut rows = Vec::new();
        for step in &self.timeline {
            let attempt = step.attempt.map(|attempt| format!("{attempt}/{}", step.attempts_max.unwrap_or(attempt)));
            let reason = step.reason.unwrap_or_default();
            let detail = step.detail.as_deref().unwrap_or_default();
            let by = format!("{} {}", step.instance, step.cloud);
            let operator = step.operator.as_deref().unwrap_or_default();
            let more = [attempt.as_deref().unwrap_or_default(), reason, detail, operator].join(" ");
            rows.push(vec![step.at.to_string(), step.name.to_owned(), by, more.trim().to_owned()]);
        }
        format!("{} {} {}\n{}", self.order, self.country, self.state, super::columns(&rows))
    }
}

fn timeline(order: &Order) -> Vec<Step> {
    let mut steps: Vec<Step> = order.passes().flat_map(steps_of).collect();
    steps.extend(order.solved.as_ref().map(|decision| decided("solved", decision)));
    steps.sort_by_key(|step| step.at);
    steps
}

/// What a person decided; the reason, in his own words, stays in the stream.
fn decided(name: &'static str, decision: &Decision) -> Step {
    Step { operator: Some(decision.by.to_string()), ..Step::new(decision.at, name, &decision.via) }
}

fn steps_of(pass: &Pass) -> Vec<Step> {
    let mut steps = vec![match &pass.decision {
        Some(decision) => decided("reinjected", decision),
        None if pass.head.again > 0 => Step::new(pass.head.received_at, "reinjected", &pass.head.by),
        None => Step::new(pass.head.received_at, "accepted", &pass.head.by),
    }];
    if let Some(queued) = &pass.queued {
        steps.push(Step::new(queued.at, "queued", &queued.by));
    }
    for attempt in pass.attempts() {
        steps.push(Step {
            attempt: Some(attempt.number),
            attempts_max: Some(attempt.number_max),
            reason: Some(attempt.reason.as_str()),
            detail: Some(attempt.detail.clone()),
            pos_ms: Some(attempt.took_ms),
            retry_at: attempt.retry_at,
            ..Step::new(attempt.at, "attempt_failed", &attempt.by)
        });
    }
    if let Some(outcome) = &pass.outcome {
        let end = |name| Step { pos_ms: outcome.pos_ms, ..Step::new(outcome.at, name, &outcome.by) };
        steps.push(match &outcome.ending {
            Ending::Injected { already } => Step { already: Some(*already), ..end("injected") },
            Ending::NotInjected { reason, detail, .. } => {
                Step { reason: Some(reason.as_str()), detail: Some(detail.clone()), ..end("not_injected") }
            }
        });
    }
    steps
}
