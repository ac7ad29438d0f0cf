//! What is on the bus, as the console sees it: streams, counts, services, clocks.

use std::time::Duration;

use contract::Service;
use contract::heartbeat::RunState;

use super::Step;
use crate::cli;
use crate::config::Config;
use crate::event::Part;
use crate::headless::watching::{self, Need};
use crate::state::State;
use crate::state::link::PartState;
use crate::state::services::Instance;
use crate::view::when;

/// How long clocks are watched beyond what settling takes: five heartbeats, and one that is late.
const CLOCKS_LIMIT: Duration = Duration::from_secs(6);

pub(super) async fn look(common: &cli::Common, config: &Config, steps: &mut Vec<Step>) {
    let settled = watching::settled(common, config, Need::Everything).await;
    let mut watching = match settled {
        Ok(watching) => watching,
        Err(failure) => return steps.push(Step::failed("streams", "", failure.to_string(), "try again")),
    };
    let known = |state: &State| state.services.iter().all(|instance| instance.ahead_ms().is_some());
    if let Err(failure) = watching.until(CLOCKS_LIMIT, known).await {
        steps.push(Step::failed("streams", "", failure.to_string(), "try again"));
    }
    let state = watching.close().await;
    if let Some(inbox) = state.access.without_inbox() {
        let advice = "nothing that is asked can be answered: let this user hear its inboxes, or set NATS_INBOX_PREFIX";
        steps.push(Step::failed("inbox", inbox, "this user may not hear it", advice));
    }
    steps.extend(Part::ALL.map(|part| stream(&state, part)));
    steps.push(counts(&state));
    for service in Service::ALL {
        steps.extend(serving(&state, service));
    }
    steps.extend(clocks(&state));
}

fn stream(state: &State, part: Part) -> Step {
    let name = part.stream();
    let deaf = state.access.deaf_to(&part.live());
    match state.reading.parts.get(&part) {
        Some(PartState::Done) => match deaf {
            None => Step::ok("stream", name, "read, and heard"),
            Some(subject) => {
                let advice = "what is new shows late: let this user hear it (docs/permissions.md)";
                Step::warning("stream", name, format!("read; {subject} is denied"), advice)
            }
        },
        Some(PartState::Denied) => {
            let request = state.access.blind_to(name).unwrap_or(name);
            let advice = "what it holds is not shown to this user; docs/permissions.md has one for each duty";
            Step::warning("stream", name, format!("denied: {request}"), advice)
        }
        Some(PartState::Failed(why)) => {
            let advice = "no such stream: start api-domicilio and distribuidor, which make it; no leader: is the \
                          cluster whole?";
            Step::failed("stream", name, why, advice)
        }
        Some(PartState::Reading { done, total }) => {
            Step::warning("stream", name, format!("{done} of {total} messages in time"), "the way is slow")
        }
        Some(PartState::Waiting) | None => Step::skipped("stream", name, "its turn did not come"),
    }
}

fn counts(state: &State) -> Step {
    let counted = &state.counted;
    match (&counted.trouble, counted.since, counted.written_at) {
        (Some(trouble), ..) => {
            let advice = "a distribuidor makes the bucket; may this user read it?";
            Step::warning("counters", "", trouble.text(crate::state::Lang::En), advice)
        }
        (None, Some(since), Some(at)) => {
            Step::ok("counters", "", format!("since {since}, written {} ago", when::age(state.now.since(at))))
        }
        (None, ..) if counted.read_at.is_some() => Step::ok("counters", "", "nothing counted yet"),
        (None, ..) => Step::skipped("counters", "", "not read in time"),
    }
}

fn serving(state: &State, service: Service) -> Vec<Step> {
    const STEP: &str = "service";
    let heard: Vec<&Instance> = state.services.of(service).filter(|instance| !state.is_silent(instance)).collect();
    if heard.is_empty() {
        let found = match state.access.deaf_to(contract::subject::HEARTBEATS) {
            Some(subject) => format!("{subject} is denied: heartbeats are not heard"),
            None => "no heartbeat heard".to_owned(),
        };
        return vec![Step::failed(STEP, service.as_str(), found, "does it run, on this bus and as its own user?")];
    }
    let told = |instance: &&Instance| {
        let heartbeat = &instance.heartbeat;
        let about = heartbeat.instance.as_str();
        let run =
            format!("{}, {}", crate::state::Lang::En.t(crate::view::label::run_msg(heartbeat.state)), heartbeat.cloud);
        match (&heartbeat.trouble, heartbeat.state) {
            (Some(trouble), _) => Step::failed(STEP, about, trouble, "it says itself what keeps it from working"),
            (None, RunState::Running) => Step::ok(STEP, about, run),
            (None, _) => Step::warning(STEP, about, run, "somebody told it so: `domicilio` resumes it"),
        }
    };
    heard.iter().map(told).collect()
}

fn clocks(state: &State) -> Vec<Step> {
    let most_ms = state.settings.attention.clock_skew.0;
    let told = |instance: &Instance| {
        let about = instance.heartbeat.instance.as_str();
        let Some(ahead_ms) = instance.ahead_ms() else {
            return Step::skipped("clock", about, "not heard long enough");
        };
        let side = if ahead_ms < 0 { "behind" } else { "ahead of" };
        let found = format!("{:.1} s {side} this machine's", ahead_ms.abs() as f64 / 1_000.0);
        if ahead_ms.abs() > most_ms {
            Step::warning("clock", about, found, "let both machines follow the same time (NTP)")
        } else {
            Step::ok("clock", about, found)
        }
    };
    state.services.iter().filter(|instance| !state.is_silent(instance)).map(told).collect()
}
