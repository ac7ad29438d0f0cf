//! In what two payloads differ, without personal data: where, and what is shown there before and after.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{LINES_MAX, Masked, Value, mask};
use crate::event::Trouble;

/// Differences kept for the screen: who changes more has made another order.
pub const DIFFERENCES_MAX: usize = 200;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where, as a JSON pointer whose keys are masked like those of a payload.
    pub pointer: String,
    /// What was there, masked; `None` when nothing was.
    pub before: Option<Value>,
    /// What is there now, masked; `None` when nothing is.
    pub after: Option<Value>,
}

/// What stands at one place: its value in clear, to be compared only, and what may be shown of it.
struct Leaf {
    clear: String,
    pointer: String,
    shown: Value,
}

/// In what `after` differs from `before`, at most [`DIFFERENCES_MAX`] places, in the order of their pointers.
pub fn compare(before: &[u8], after: &[u8]) -> Result<Vec<Difference>, Trouble> {
    let (mut before, mut after) = (leaves(before)?, leaves(after)?);
    let places: std::collections::BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    let mut differences = Vec::new();
    for place in places {
        let (was, is) = (before.remove(&place), after.remove(&place));
        if was.as_ref().map(|leaf| &leaf.clear) == is.as_ref().map(|leaf| &leaf.clear) {
            continue;
        }
        if differences.len() == DIFFERENCES_MAX {
            break;
        }
        let pointer = is.as_ref().or(was.as_ref()).map(|leaf| leaf.pointer.clone()).unwrap_or_default();
        let shown = |leaf: Option<Leaf>| leaf.map(|leaf| leaf.shown);
        differences.push(Difference { pointer, before: shown(was), after: shown(is) });
    }
    Ok(differences)
}

/// Every value of a payload that has no other values in it, by its place.
fn leaves(payload: &[u8]) -> Result<BTreeMap<String, Leaf>, Trouble> {
    let json: Json = serde_json::from_slice(payload).map_err(|error| Trouble::NotJson(error.line(), error.column()))?;
    // Both are walked in the same order of keys, so that the lines of one are the values of the other.
    let ordered = serde_json::to_vec(&json).unwrap_or_default();
    let Masked { lines, .. } = mask(&ordered)?;
    let mut walk = Walk { lines: lines.into_iter(), found: BTreeMap::new() };
    walk.at(&json, "", "");
    Ok(walk.found)
}

struct Walk {
    lines: std::vec::IntoIter<super::Line>,
    found: BTreeMap<String, Leaf>,
}

impl Walk {
    fn at(&mut self, json: &Json, place: &str, pointer: &str) {
        // A payload longer than what is masked has an end that is not compared; intake takes none that is.
        let Some(line) = self.lines.next().filter(|_| self.found.len() < LINES_MAX) else { return };
        let pointer = line.key.as_ref().map_or_else(|| pointer.to_owned(), |key| format!("{pointer}/{key}"));
        match json {
            Json::Array(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    self.at(item, &format!("{place}/{at:05}"), &format!("{pointer}/{at}"));
                }
            }
            Json::Object(members) if !members.is_empty() => {
                for (key, value) in members {
                    self.at(value, &format!("{place}/{key}"), &pointer);
                }
            }
            leaf => {
                self.found.insert(place.to_owned(), Leaf { clear: leaf.to_string(), pointer, shown: line.value });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_by_place_and_masked() {
        let before = br#"{"detalle":[{"cantidad":1,"nota":"Ana"},{"cantidad":2}],"total":5,"telefono":"0990000000"}"#;
        let after = br#"{"total":6,"detalle":[{"cantidad":1,"nota":"Eva"},{"cantidad":3}],"lugar":{}}"#;
        let told: Vec<_> = compare(before, after)
            .unwrap()
            .into_iter()
            .map(|difference| (difference.pointer, difference.before, difference.after))
            .collect();
        let number = |n: &str| Some(Value::Number(n.to_owned()));
        assert_eq!(
            told,
            [
                ("/detalle/0/nota".to_owned(), Some(Value::Masked), Some(Value::Masked)),
                ("/detalle/1/cantidad".to_owned(), number("2"), number("3")),
                ("/lugar".to_owned(), None, Some(Value::Object(0))),
                ("/telefono".to_owned(), Some(Value::Masked), None),
                ("/total".to_owned(), number("5"), number("6")),
            ]
        );
        assert_eq!(compare(before, before), Ok(Vec::new()));
        assert!(compare(before, b"{").is_err());
    }

    #[test]
    fn a_key_that_is_no_field_stays_hidden() {
        let told = compare(br#"{"total":5}"#, br#"{"Ana Perez 0990000000":1,"total":5}"#).unwrap();
        assert!(told.iter().all(|difference| !difference.pointer.contains("Ana")), "{told:?}");
        assert_eq!(told.len(), 1);
    }
}
