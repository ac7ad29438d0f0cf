//! One order as JSON: stable names, no payload.

use contract::order::{Channel, Ending, Format, Loyalty, Origin, Total};
use contract::{Country, OrderId, StoreId, UtcMs};
use serde::Serialize;

use crate::state::Order;

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
        }
    }
}

impl OrderReport {
    pub(super) fn new(order: &Order) -> Self {
        let head = &order.head;
        let state = order.state();
        Self {
            order: head.id(),
            store: head.store,
            code: head.code.to_string(),
            country: head.country,
            channel: head.channel,
            format: head.format,
            state: state.name(),
            sequence: order.intake,
            received_at: head.received_at,
            ended_at: order.ended_at(),
            took_ms: order.ended_at().map(|at| at.since(head.received_at)),
            attempts: order.attempts_made(),
            test: head.test,
            total: head.total.clone(),
            lines: head.lines,
            loyalty: head.loyalty,
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
            let more = [attempt.as_deref().unwrap_or_default(), reason, detail].join(" ");
            rows.push(vec![step.at.to_string(), step.name.to_owned(), by, more.trim().to_owned()]);
        }
        format!("{} {} {}\n{}", self.order, self.country, self.state, super::columns(&rows))
    }
}

fn timeline(order: &Order) -> Vec<Step> {
    let mut steps = vec![Step::new(order.head.received_at, "accepted", &order.head.by)];
    if let Some(queued) = &order.queued {
        steps.push(Step::new(queued.at, "queued", &queued.by));
    }
    for attempt in order.attempts() {
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
    if let Some(outcome) = &order.outcome {
        let end = Step::new(outcome.at, order.state().name(), &outcome.by);
        steps.push(match &outcome.ending {
            Ending::Injected { already } => Step { already: Some(*already), pos_ms: outcome.pos_ms, ..end },
            Ending::NotInjected { reason, detail, .. } => {
                Step { reason: Some(reason.as_str()), detail: Some(detail.clone()), pos_ms: outcome.pos_ms, ..end }
            }
        });
    }
    steps.sort_by_key(|step| step.at);
    steps
}
