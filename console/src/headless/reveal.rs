//! `domicilio order ID --reveal`: an order with its payload as it is, personal data and all. The same permission, the same
//! line in the audit trail before anything is read, as on the screen.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Number, Value as Json};

use super::report::OrderReport;
use super::watching::{self, Need};
use super::{Failure, act, order, print, print_json, settings};
use crate::cli;
use crate::event::Event;
use crate::mask::{Clear, Line, Value};
use crate::sanitise;
use crate::state::plan::Wanted;
use crate::update::plan;

/// How long it may take until it is audited and read.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Revealed {
    #[serde(flatten)]
    order: OrderReport,
    payload: Json,
    /// Whether the payload is longer than what is shown of one.
    payload_cut: bool,
}

pub(super) async fn run(common: &cli::Common, arguments: &cli::Order, reason: &str) -> Result<(), Failure> {
    let mut watching = watching::settled(common, &settings(common)?, Need::Streams).await?;
    let (id, facts) = order::read(watching.feed().requests(), &arguments.id).await?;
    let meter = watching.state.traffic.meter;
    watching.take(Event::Live { facts, meter });
    let reason = sanitise::text(reason.trim(), contract::decision::REASON_MAX);
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    let plan = plan::build(&mut watching.state, Wanted::Reveal(id.clone())).map_err(|why| act::refused(&why))?;
    let job = act::carry_out(&mut watching, plan, reason, LIMIT.as_secs()).await?;
    let clear = watching.clear.take();
    let state = watching.close().await;
    let Some(job) = state.jobs.get(job) else { return Ok(()) };
    act::verdict(job, false)?;
    let (Some(clear), Some(order)) = (clear, state.orders.get(&id)) else {
        return Err(Failure::Failed(format!("order {id} cannot be read")));
    };
    let report = OrderReport::new(order);
    if arguments.json {
        let payload = json(&clear);
        return print_json(&Revealed { order: report, payload, payload_cut: clear.masked().cut });
    }
    print(&format!("{}\n{}", report.text(), text(&clear)))
}

/// The lines of the payload, what is masked of them as it is.
fn lines(clear: &Clear) -> impl Iterator<Item = Line> {
    clear.masked().lines.iter().enumerate().map(|(at, line)| {
        let hidden = clear.hidden(at);
        let key = hidden.and_then(|hidden| hidden.key.clone()).or_else(|| line.key.clone());
        let value = hidden.and_then(|hidden| hidden.value.clone()).unwrap_or_else(|| line.value.clone());
        Line { depth: line.depth, key, value }
    })
}

/// For people: a line a value.
fn text(clear: &Clear) -> String {
    let rows = lines(clear).map(|line| {
        let key = line.key.map_or_else(String::new, |key| format!("{key}: "));
        format!("{}{key}{}\n", "  ".repeat(usize::from(line.depth)), word(&line.value))
    });
    let cut = clear.masked().cut.then(|| "...\n".to_owned());
    rows.chain(cut).collect()
}

fn word(value: &Value) -> String {
    match value {
        Value::Object(members) => format!("{{{members}}}"),
        Value::Array(items) => format!("[{items}]"),
        Value::Text(text) => format!("\"{text}\""),
        Value::Number(number) => number.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Null | Value::Masked => "null".to_owned(),
    }
}

/// The payload put together again from its lines.
fn json(clear: &Clear) -> Json {
    let mut lines = lines(clear);
    lines.next().map_or(Json::Null, |first| value(&first, &mut lines))
}

/// A value whose inner lines follow. Nesting is as deep as what was read, which the reader bounds.
fn value(line: &Line, rest: &mut impl Iterator<Item = Line>) -> Json {
    match &line.value {
        Value::Object(members) => {
            let mut object = Map::new();
            for _ in 0..*members {
                let Some(member) = rest.next() else { break };
                let value = value(&member, rest);
                object.insert(member.key.unwrap_or_default(), value);
            }
            Json::Object(object)
        }
        Value::Array(items) => {
            let mut array = Vec::new();
            for _ in 0..*items {
                let Some(item) = rest.next() else { break };
                array.push(value(&item, rest));
            }
            Json::Array(array)
        }
        Value::Text(text) => Json::String(text.clone()),
        Value::Number(number) => number.parse::<Number>().map_or_else(|_| Json::String(number.clone()), Json::Number),
        Value::Bool(value) => Json::Bool(*value),
        Value::Null | Value::Masked => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::disclose;

    #[test]
    fn a_payload_is_put_together_again() {
        let payload = r#"{"cabecera":[{"nombresCliente":"Zuleyka","telefono":987123465,"vacio":[]}],
            "a b":{"x":null,"y":[[1.5,-2],{}]},"si":true}"#;
        let clear = disclose(payload.as_bytes()).unwrap();
        assert_eq!(json(&clear), serde_json::from_str::<Json>(payload).unwrap());
        let text = text(&clear);
        assert!(text.contains("      nombresCliente: \"Zuleyka\"\n"), "{text}");
        assert_eq!(text.lines().count(), clear.masked().lines.len());
    }
}
