//! What a message counts as. Pure.
//!
//! Reads no more of a message than it needs, so that fields of later versions do no harm. A message that cannot be read
//! counts as nothing; intake and the resolvers write none.

use contract::counters::{Source, Tally};
use contract::decision::DecisionKind;
use contract::order::Origin;
use contract::{Cloud, Country, Decision, Subject, header};
use serde::Deserialize;

/// What one message adds: one to each of `tallies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// The store's country.
    pub country: Country,
    /// The cloud of the instance that did it.
    pub cloud: Cloud,
    /// What to add to.
    pub tallies: &'static [Tally],
}

/// What counts of an order's head.
#[derive(Deserialize)]
struct Head {
    country: Country,
    by: Origin,
    /// 0 = accepted for the first time, n = injected again for the nth time.
    #[serde(default)]
    again: u32,
}

/// What counts of an outcome.
#[derive(Deserialize)]
struct Ended {
    order: Head,
    by: Origin,
    result: String,
}

/// What counts of a refused payload's head.
#[derive(Deserialize)]
struct Refused {
    country: Country,
    by: Origin,
}

/// What a message of `source` on `subject` counts as; `headers` finds a header by its name.
pub fn of<'a>(source: Source, subject: &str, headers: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> Option<Deed> {
    match source {
        Source::Orders => of_orders(subject, headers),
        Source::Outcomes => of_outcome(body),
        Source::Invalid => {
            let Refused { country, by } = serde_json::from_str(headers(header::INVALID_HEAD)?).ok()?;
            Some(Deed { country, cloud: by.cloud, tallies: &[Tally::Invalid] })
        }
    }
}

/// A message of `ORDERS`: an order, its reinjection, or the decision that nothing more is to be done about it. Whatever
/// else is written on an order's subject counts as nothing.
fn of_orders<'a>(subject: &str, headers: impl Fn(&str) -> Option<&'a str>) -> Option<Deed> {
    let Some(head) = headers(header::ORDER_HEAD) else {
        let decision: Decision = serde_json::from_str(headers(header::DECISION)?).ok()?;
        let Subject::Order(country, _) = Subject::parse(subject) else { return None };
        return (decision.kind == DecisionKind::Solved).then_some(Deed {
            country,
            cloud: decision.via.cloud,
            tallies: &[Tally::Solved],
        });
    };
    let Head { country, by, again } = serde_json::from_str(head).ok()?;
    let tallies: &[Tally] = if again == 0 { &[Tally::Accepted] } else { &[Tally::Reinjected] };
    Some(Deed { country, cloud: by.cloud, tallies })
}

/// An order that was injected again and took effect solves what was not injected before.
fn of_outcome(body: &[u8]) -> Option<Deed> {
    let Ended { order, by, result } = serde_json::from_slice(body).ok()?;
    let tallies: &[Tally] = match (result.as_str(), order.again) {
        ("injected", 0) => &[Tally::Injected],
        ("injected", _) => &[Tally::Injected, Tally::Solved],
        ("not_injected", _) => &[Tally::NotInjected],
        _ => return None,
    };
    Some(Deed { country: order.country, cloud: by.cloud, tallies })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn golden(name: &str) -> Value {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../contract/tests/golden");
        serde_json::from_slice(&std::fs::read(format!("{folder}/{name}.json")).unwrap()).unwrap()
    }

    const ORDER: &str = "domicilio.orders.ec.72.a";

    fn with_header(source: Source, name: &str, value: &Value) -> Option<Deed> {
        let value = value.to_string();
        of(source, ORDER, |asked| (asked == name).then_some(value.as_str()), b"")
    }

    fn outcome(value: &Value) -> Option<Deed> {
        of(Source::Outcomes, "", |_| None, value.to_string().as_bytes())
    }

    fn deed(cloud: &str, tallies: &'static [Tally]) -> Deed {
        Deed { country: "ec".parse().unwrap(), cloud: cloud.parse().unwrap(), tallies }
    }

    #[test]
    fn each_message_counts_where_it_was_done() {
        let head = golden("order_head");
        assert_eq!(with_header(Source::Orders, header::ORDER_HEAD, &head), Some(deed("aws", &[Tally::Accepted])));
        let injected = golden("outcome_injected");
        assert_eq!(outcome(&injected), Some(deed("gcloud", &[Tally::Injected])), "the resolver's cloud, not intake's");
        let invalid = golden("invalid_head");
        let found = with_header(Source::Invalid, header::INVALID_HEAD, &invalid).unwrap();
        assert_eq!(found.tallies, [Tally::Invalid]);
        assert_eq!(found.cloud.as_str(), invalid["by"]["cloud"]);
        assert_eq!(outcome(&golden("outcome_not_injected")).unwrap().tallies, [Tally::NotInjected]);
    }

    #[test]
    fn an_order_injected_again_is_not_accepted_again_and_solves_what_failed() {
        let mut head = golden("order_head");
        head["again"] = json!(2);
        assert_eq!(with_header(Source::Orders, header::ORDER_HEAD, &head), Some(deed("aws", &[Tally::Reinjected])));
        let mut injected = golden("outcome_injected");
        injected["order"]["again"] = json!(1);
        assert_eq!(outcome(&injected), Some(deed("gcloud", &[Tally::Injected, Tally::Solved])));
        injected["result"] = json!("not_injected");
        assert_eq!(outcome(&injected), Some(deed("gcloud", &[Tally::NotInjected])));
    }

    #[test]
    fn a_decision_that_nothing_more_is_to_be_done_solves() {
        let mut decision = golden("decision_solved");
        assert_eq!(with_header(Source::Orders, header::DECISION, &decision), Some(deed("azure", &[Tally::Solved])));
        decision["kind"] = json!("of_a_later_version");
        assert_eq!(with_header(Source::Orders, header::DECISION, &decision), None);
    }

    #[test]
    fn what_cannot_be_read_counts_as_nothing() {
        for source in Source::ALL {
            assert_eq!(of(source, ORDER, |_| None, b""), None);
            assert_eq!(of(source, ORDER, |_| Some("{}"), b"{}"), None);
        }
        let mut later = golden("outcome_injected");
        later["result"] = json!("of_a_later_version");
        assert_eq!(outcome(&later), None);
    }
}
