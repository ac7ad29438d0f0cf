//! `domicilio doctor`: the way of a connection, step by step; of each whether it is well, what was found, what to do.
//!
//! `reach` goes to the server by itself, without the client of the bus; `rights` says what the user may; `bus` looks at
//! streams, services and clocks as the console does.

mod bus;
mod certificate;
mod reach;
mod rights;

use std::time::Duration;

use contract::UtcMs;
use serde::Serialize;

use super::{CONNECT_LIMIT, Failure, env, print, print_json};
use crate::cli;
use crate::config::{self, Config};
use crate::feed::{self, chain, route};
use crate::sanitise::{self, SENTENCE_MAX};

/// How long one step on the way to a server may take: beyond it nobody would call it working.
const STEP_LIMIT: Duration = Duration::from_secs(3);

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    /// Works, and is worth a look.
    Warning,
    Failed,
    /// Not tried, or not to be known.
    Skipped,
}

/// A step, as it went.
#[derive(Debug, Serialize)]
struct Step {
    #[serde(rename = "step")]
    name: &'static str,
    /// Which of several: a server, a stream, an instance; empty when there is one only.
    about: String,
    outcome: Outcome,
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Step {
    fn new(name: &'static str, about: &str, outcome: Outcome, found: impl AsRef<str>) -> Self {
        // What others say of themselves stands in it.
        let text = |text: &str| sanitise::text(text, SENTENCE_MAX);
        Self { name, about: text(about), outcome, found: text(found.as_ref()), advice: None }
    }

    fn ok(step: &'static str, about: &str, found: impl AsRef<str>) -> Self {
        Self::new(step, about, Outcome::Ok, found)
    }

    fn skipped(step: &'static str, about: &str, found: impl AsRef<str>) -> Self {
        Self::new(step, about, Outcome::Skipped, found)
    }

    fn warning(step: &'static str, about: &str, found: impl AsRef<str>, advice: &str) -> Self {
        Self { advice: Some(advice.to_owned()), ..Self::new(step, about, Outcome::Warning, found) }
    }

    fn failed(step: &'static str, about: &str, found: impl AsRef<str>, advice: &str) -> Self {
        Self { advice: Some(advice.to_owned()), ..Self::new(step, about, Outcome::Failed, found) }
    }
}

/// All of it.
#[derive(Debug, Serialize)]
struct Report {
    at: UtcMs,
    version: &'static str,
    /// Whether there was a connection.
    connected: bool,
    /// Whether no step failed.
    well: bool,
    steps: Vec<Step>,
}

pub(super) async fn run(common: &cli::Common, json: bool) -> Result<(), Failure> {
    let mut steps = Vec::new();
    let (tried, connected) = Box::pin(walk(common, &mut steps)).await;
    let failed = steps.iter().filter(|step| step.outcome == Outcome::Failed).count();
    let report = Report { at: feed::now(), version: env!("CARGO_PKG_VERSION"), connected, well: failed == 0, steps };
    if json {
        print_json(&report)?;
    } else {
        print(&text(&report.steps))?;
    }
    if tried && !connected {
        return Err(Failure::NotConnected("there is no connection: see the first step that failed".to_owned()));
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Failed(format!("steps that failed: {failed}"))),
    }
}

/// Goes as far as there is a way; tells whether a connection was tried, and whether there was one.
async fn walk(common: &cli::Common, steps: &mut Vec<Step>) -> (bool, bool) {
    let Some((config, target)) = settings(common, steps).await else { return (false, false) };
    match target.url.endpoints() {
        Ok(endpoints) => {
            for endpoint in endpoints.iter().take(reach::SERVERS_MAX) {
                reach::look(endpoint, &target.access, steps).await;
            }
        }
        Err(error) => steps.push(Step::failed("server", "", chain(&error), "write it as nats://HOST:4222")),
    }
    let Some(connection) = login(&target, steps).await else { return (true, false) };
    rights::look(&connection, steps).await;
    bus::look(common, &config, steps).await;
    (true, true)
}

/// Settings, and how to connect, with where each came from.
async fn settings(common: &cli::Common, steps: &mut Vec<Step>) -> Option<(Config, ::bus::Target)> {
    let config = match config::load(common, env) {
        Ok(config) => {
            let path = config.path.as_ref();
            let path = path.map_or_else(|| "no home to look in".to_owned(), |path| path.display().to_string());
            let found = if config.found { path } else { format!("{path} is not there: the defaults count") };
            steps.push(Step::ok("settings", "", found));
            config
        }
        Err(error) => {
            let advice = "mend what it says, or name another file with --config";
            steps.push(Step::failed("settings", "", chain(&error), advice));
            return None;
        }
    };
    match route::target(common).await {
        Ok(target) => {
            if let Some(context) = &target.context {
                steps.push(Step::ok("context", "", context));
            }
            for origin in &target.origins {
                let found = format!("{} ({} {})", origin.value, origin.source, origin.named);
                steps.push(Step::ok("setting", origin.what, found.replace(" )", ")")));
            }
            Some((config, target))
        }
        Err(error) => {
            let advice = "mend what it says: flags, variables and contexts are told apart in `domicilio --help`";
            steps.push(Step::failed("setting", "", chain(&error), advice));
            None
        }
    }
}

/// Comes in as every program does.
async fn login(target: &::bus::Target, steps: &mut Vec<Step>) -> Option<::bus::Connection> {
    let settings = ::bus::Settings {
        access: target.access.clone(),
        ..::bus::Settings::new(target.url.clone(), "domicilio doctor")
    };
    let connection = match ::bus::connect(&settings).await {
        Ok(connection) => connection,
        Err(error) => {
            steps.push(Step::failed("login", "", chain(&error), "mend the file or the value that it names"));
            return None;
        }
    };
    if tokio::time::timeout(CONNECT_LIMIT, connection.up()).await.is_ok() {
        let info = connection.client.server_info();
        let tls = if connection.is_tls() { "with TLS" } else { "without TLS" };
        let found = format!("in, at {} {}:{}, {tls}", reach::named(&info.server_name), info.host, info.port);
        steps.push(Step::ok("login", "", found));
        return Some(connection);
    }
    let why = connection.last_refusal().borrow().clone().unwrap_or_else(|| "no answer".to_owned());
    let advice = if why.contains("authorization violation") {
        "the server knows no such user, or the secret is wrong: see the setting `login` above"
    } else {
        "see the steps above: the first that failed is why"
    };
    steps.push(Step::failed("login", "", why, advice));
    None
}

/// A line a step; below what is not well, what to do.
fn text(steps: &[Step]) -> String {
    let row = |step: &Step| {
        let outcome = match step.outcome {
            Outcome::Ok => "ok",
            Outcome::Warning => "LOOK",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "-",
        };
        vec![outcome.to_owned(), step.name.to_owned(), step.about.clone(), step.found.clone()]
    };
    let lines = super::columns(&steps.iter().map(row).collect::<Vec<_>>());
    let mut text = String::new();
    for (line, step) in lines.lines().zip(steps) {
        text.extend([line, "\n"]);
        if let Some(advice) = &step.advice {
            text.extend(["        > ", advice, "\n"]);
        }
    }
    text
}
