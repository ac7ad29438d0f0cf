//! Bodies of store requests: JSON in, a record or every fault out, field by field.

use contract::store::StoreState;
use contract::{Country, Fault, StoreId, StoreRecord, UtcMs};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::reply::{Answer, ReplyCode};

/// Why, and until when, a store takes no orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// 1 to 200 characters.
    pub reason: String,
    /// End of a pause.
    pub until: Option<UtcMs>,
}

/// A field: its name, whether it must be there, whether a value fits, what fits.
type Field = (&'static str, bool, fn(&Value) -> bool, &'static str);

fn fits<T: DeserializeOwned>(value: &Value) -> bool {
    T::deserialize(value).is_ok()
}

fn fits_reason(value: &Value) -> bool {
    value.as_str().is_some_and(|text| (1..=200).contains(&text.trim().chars().count()))
}

/// The fields of a record; others are kept as they are.
const RECORD: [Field; 11] = [
    ("id", true, fits::<StoreId>, "an integer from 1 to 4294967295"),
    ("code", true, fits::<String>, "a text"),
    ("name", true, fits::<String>, "a text"),
    ("country", true, fits::<Country>, "two letters of ISO 3166-1"),
    ("pos_url", true, fits::<String>, "a text with an http:// or https:// URL"),
    ("time_zone", false, fits::<Option<String>>, "a text with an IANA time zone"),
    ("state", false, fits::<StoreState>, "open, paused or disabled"),
    ("reason", false, fits::<Option<String>>, "a text"),
    ("until", false, fits::<Option<UtcMs>>, "a time such as 2026-11-23T22:00:00Z"),
    ("labels", false, fits::<std::collections::BTreeMap<String, String>>, "an object of texts"),
    ("v", false, fits::<u8>, "the version of the record"),
];

const PAUSE: [Field; 2] = [
    ("reason", true, fits_reason, "a text of 1 to 200 characters: why"),
    ("until", false, fits::<Option<UtcMs>>, "a time such as 2026-11-23T22:00:00Z"),
];

/// A pause knows its end; whatever is disabled stays so until someone resumes it.
const DISABLE: [Field; 1] = [PAUSE[0]];

/// Reads a store record. `changed_at` and `changed_by` are ours and are ignored.
pub fn record(bytes: &[u8]) -> Result<StoreRecord, Answer> {
    let mut object = object(bytes)?;
    object.remove("changed_at");
    object.remove("changed_by");
    let mut faults = Vec::new();
    check(&object, &RECORD, &mut faults);
    if !faults.is_empty() {
        return Err(Answer::faulty(ReplyCode::InvalidStore, faults));
    }
    serde_json::from_value(Value::Object(object)).map_err(|_| {
        let fault = Fault::new("wrong_type", "", "The body must be a store record; see /openapi.json.");
        Answer::faulty(ReplyCode::InvalidStore, vec![fault])
    })
}

/// Reads the body of a pause (`until` allowed) or of a disabling.
pub fn hold(bytes: &[u8], until_allowed: bool) -> Result<Hold, Answer> {
    let object = object(bytes)?;
    let fields: &[Field] = if until_allowed { &PAUSE } else { &DISABLE };
    let mut faults = Vec::new();
    check(&object, fields, &mut faults);
    for key in object.keys().filter(|key| !fields.iter().any(|field| field.0 == key.as_str())) {
        // A misspelt `until` would pause for ever: what is not known is not ignored here.
        let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        faults.push(Fault::new("field_unknown", pointer, "This field is not known here."));
    }
    if !faults.is_empty() {
        return Err(Answer::faulty(ReplyCode::InvalidStore, faults));
    }
    let reason = object.get("reason").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let until = object.get("until").and_then(|until| Option::<UtcMs>::deserialize(until).ok()).flatten();
    Ok(Hold { reason, until })
}

fn check(object: &Map<String, Value>, fields: &[Field], faults: &mut Vec<Fault>) {
    for (name, needed, fits, what) in fields {
        match object.get(*name) {
            None if *needed => {
                let message = format!("This field is needed and must be {what}.");
                faults.push(Fault::new("missing", format!("/{name}"), message));
            }
            Some(value) if !fits(value) => {
                faults.push(Fault::new("wrong_type", format!("/{name}"), format!("This must be {what}.")));
            }
            _ => {}
        }
    }
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Answer> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => {
            let fault = Fault::new("wrong_type", "", "The body must be an object.");
            Err(Answer::faulty(ReplyCode::InvalidStore, vec![fault]))
        }
        Err(error) => {
            let place = format!("The body is no JSON, at line {}, column {}.", error.line(), error.column());
            Err(Answer::faulty(ReplyCode::MalformedJson, vec![Fault::new("malformed_json", "", place)]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes<T: std::fmt::Debug>(result: Result<T, Answer>) -> Vec<String> {
        let answer = result.expect_err("must be refused");
        answer.faults.iter().map(|fault| format!("{} {}", fault.code, fault.pointer)).collect()
    }

    #[test]
    fn a_record_is_read_and_its_faults_are_told_together() {
        let good =
            br#"{"id":72,"code":"K024","name":"L","country":"EC","pos_url":"http://x/","changed_at":0,"kiosk":true}"#;
        let read = record(good).expect("a record");
        assert_eq!((read.id, read.changed_at, read.extra.len()), (StoreId(72), None, 1));
        let bad =
            br#"{"id":"72","code":"K024","country":"ecu","pos_url":"http://x/","until":"luego","state":"closed"}"#;
        assert_eq!(
            codes(record(bad)),
            ["wrong_type /id", "missing /name", "wrong_type /country", "wrong_type /state", "wrong_type /until"]
        );
        assert_eq!(codes(record(b"[]")), ["wrong_type "]);
        assert_eq!(codes(record(b"{")), ["malformed_json "]);
    }

    #[test]
    fn a_hold_needs_a_reason_and_takes_no_unknown_field() {
        let read = hold(br#"{"reason":" sin gas ","until":"2026-11-23T22:00:00Z"}"#, true).expect("a pause");
        assert_eq!((read.reason.as_str(), read.until.is_some()), ("sin gas", true));
        assert_eq!(hold(br#"{"reason":"x","until":null}"#, true).expect("a pause").until, None);
        assert_eq!(codes(hold(br#"{"reason":" "}"#, true)), ["wrong_type /reason"]);
        assert_eq!(codes(hold(br#"{"untill":1}"#, true)), ["missing /reason", "field_unknown /untill"]);
        assert_eq!(codes(hold(br#"{"reason":"x","until":null}"#, false)), ["field_unknown /until"]);
    }
}
