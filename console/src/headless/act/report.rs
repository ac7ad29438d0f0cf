//! What a change would be, and what became of it: as lines and as JSON with stable names.

use std::collections::BTreeMap;

use contract::Fault;
use contract::command::PingStep;
use serde::Serialize;

use super::super::{Failure, print, print_columns, print_json};
use crate::state::Lang;
use crate::state::jobs::{Job, JobItem};
use crate::state::plan::Plan;

#[derive(Serialize)]
struct DryRun<'a> {
    operation: &'static str,
    state: &'static str,
    items: Vec<Request<'a>>,
}

#[derive(Serialize)]
struct Request<'a> {
    target: String,
    country: String,
    subject: String,
    headers: BTreeMap<&'a str, String>,
    bytes: usize,
    /// An edited payload is in it as its digest.
    body: String,
    /// Why it would not be sent as things stand.
    refused: Option<&'static str>,
}

/// Prints every request; without JSON the bodies alone, one a line.
pub(super) fn dry_run(plan: &Plan, json: bool) -> Result<(), Failure> {
    let body = |planned: &crate::effect::Planned| String::from_utf8_lossy(&planned.body(None)).into_owned();
    if !json {
        let bodies: Vec<String> = plan.items.iter().map(|item| body(&item.planned)).collect();
        return print(&bodies.join("\n"));
    }
    let items = plan.items.iter().map(|item| Request {
        target: item.planned.target().to_string(),
        country: item.country.to_string(),
        subject: item.planned.subject(),
        headers: item.planned.headers().into_iter().collect(),
        bytes: item.planned.bytes(),
        body: body(&item.planned),
        refused: item.refusal.as_ref().map(crate::state::Refusal::code),
    });
    print_json(&DryRun { operation: plan.kind.name(), state: "dry_run", items: items.collect() })
}

#[derive(Serialize)]
struct JobReport<'a> {
    operation: &'static str,
    done: usize,
    unverified: usize,
    skipped: usize,
    failed: usize,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    target: String,
    state: &'static str,
    code: Option<&'a str>,
    message: Option<String>,
    tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    faults: &'a [Fault],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    steps: &'a [PingStep],
}

/// Prints what became of each item.
pub(super) fn job(job: &Job, json: bool) -> Result<(), Failure> {
    let counts = job.counts();
    if json {
        return print_json(&JobReport {
            operation: job.kind.name(),
            done: counts.verified,
            unverified: counts.unverified + counts.open,
            skipped: counts.skipped,
            failed: counts.failed,
            items: job.items.iter().map(item).collect(),
        });
    }
    let row = |item: &JobItem| {
        let found = item.found.iter().map(|step| {
            let how = if step.ok { "" } else { "failed: " };
            let part = Lang::En.t(crate::text::done::part(step.step));
            format!("{part} {how}{} ({} ms)", step.detail, step.took_us.div_ceil(1_000))
        });
        let why = item.step.why(Lang::En).unwrap_or_else(|| found.collect::<Vec<_>>().join(", "));
        vec![item.planned.target().to_string(), item.step.name().to_owned(), why]
    };
    print_columns(&job.items.iter().map(row).collect::<Vec<_>>())
}

fn item(item: &JobItem) -> Item<'_> {
    Item {
        target: item.planned.target().to_string(),
        state: item.step.name(),
        code: item.step.code(),
        message: item.step.why(Lang::En),
        tries: item.tries,
        status: item.reply.as_ref().map(|reply| reply.status),
        sequence: item.reply.as_ref().and_then(|reply| reply.sequence),
        faults: item.reply.as_ref().map_or(&[], |reply| &reply.faults),
        steps: &item.found,
    }
}
