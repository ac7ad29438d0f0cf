//! `domicilio inject`: test orders that no kitchen cooks, one or a burst, followed to their end.

use contract::{Service, StoreRecord, UtcMs};

use super::act::{self, find};
use super::report::OrderReport;
use super::{Failure, print, print_json, say, settings};
use crate::cli;
use crate::effect::Planned;
use crate::state::jobs::{Fault, Job, Step};
use crate::state::plan::{Plan, Wanted};
use crate::state::{Lang, State};
use crate::template;

pub(super) async fn run(common: &cli::Common, arguments: &cli::Inject) -> Result<(), Failure> {
    if arguments.code.is_some() && arguments.count > 1 {
        return Err(Failure::Usage("--code is one order's".to_owned()));
    }
    let watching = act::open(common, &settings(common)?, act::need(&arguments.acting, Service::Api)).await?;
    let store = find(&watching.state, &arguments.store)?;
    let record = watching.state.stores.get(store).map(|store| store.record.clone());
    let record = record.ok_or_else(|| Failure::Failed(format!("no store {store}")))?;
    if let Some(country) = arguments.country
        && country != record.country
    {
        return Err(Failure::Usage(format!("store {} is in {}, not in {country}", record.id, record.country)));
    }
    let wanted = Wanted::Inject {
        template: arguments.template.into(),
        store,
        count: usize::from(arguments.count),
        pace: usize::from(arguments.rate),
    };
    let shape = |plan: &mut Plan, state: &State| shape(plan, arguments, &record, state.now);
    let done = act::perform(watching, wanted, None, &arguments.acting, shape).await?;
    let Some((state, id)) = done else { return Ok(()) };
    let Some(job) = state.jobs.get(id) else { return Ok(()) };
    if job.items.len() > 1 {
        return act::tell(&state, id, &arguments.acting);
    }
    one(&state, job, &arguments.acting)
}

/// Gives the orders the code or the seed that was asked for. Orders of a seed are written as of the store's midday, so
/// that they are the same to the byte for the whole day.
fn shape(plan: &mut Plan, arguments: &cli::Inject, store: &StoreRecord, now: UtcMs) {
    let at = if arguments.seed.is_some() { template::midday(store, now) } else { now };
    let mut seed = arguments.seed;
    for item in &mut plan.items {
        let code = match (&arguments.code, &mut seed) {
            (Some(code), _) => Some(code.clone()),
            (None, Some(seed)) => {
                let (next, bits) = template::next_seed(*seed);
                *seed = next;
                template::test_code(store, at, bits)
            }
            (None, None) => None,
        };
        if let Some(code) = code {
            item.planned = Planned::Inject(template::build(arguments.template.into(), store, code, at));
        }
    }
}

/// One order: what became of it, as `domicilio order` shows it.
fn one(state: &State, job: &Job, acting: &cli::Acting) -> Result<(), Failure> {
    let Some((item, Planned::Inject(order))) = job.items.first().map(|item| (item, &item.planned)) else {
        return Ok(());
    };
    let reply = item.reply.as_ref();
    let sequence = reply.and_then(|reply| reply.sequence);
    let known = state.orders.get(&order.order).map(|known| OrderReport::new(known).accepted_as(sequence));
    match (&item.step, known) {
        (
            Step::Verified | Step::Sent | Step::Answered | Step::Unverified(_) | Step::Failed(Fault::NotInjected),
            Some(report),
        ) => {
            if acting.json {
                print_json(&report)?;
            } else {
                print(&report.text())?;
            }
        }
        // Accepted, and not followed long enough to see a message of it.
        (Step::Answered | Step::Unverified(None), None) if acting.json => {
            print_json(&serde_json::json!({ "order": order.order, "state": "accepted", "sequence": sequence }))?;
        }
        (Step::Answered | Step::Unverified(None), None) => print(&format!("{} accepted\n", order.order))?,
        (step, _) => {
            let state = match step {
                Step::Failed(_) => "refused",
                Step::Skipped(_) => "skipped",
                // Sent, and maybe done.
                _ => "unverified",
            };
            let (code, message) = (step.code(), step.why(Lang::En));
            if acting.json {
                let report = serde_json::json!({
                    "order": order.order, "state": state, "status": reply.map(|reply| reply.status), "code": code,
                    "message": message, "faults": reply.map_or(&[][..], |reply| &reply.faults),
                });
                print_json(&report)?;
            } else if let Some(message) = message {
                say(&message);
            }
        }
    }
    act::verdict(job, acting.wait == 0)
}
