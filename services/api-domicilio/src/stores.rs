//! Changing a store's record: from what is stored and what is wanted to what is to be written.
//!
//! Pure. The revision (`ETag`) of a store is the sequence of its last message; the writer's compare-and-set
//! makes sure that nobody wrote in between.

mod body;

use bus::catalogue::Versioned;
use contract::store::StoreState;
use contract::{Fault, StoreId, StoreRecord, UtcMs, VERSION};

use crate::reply::{Answer, ReplyCode};

pub use body::{Hold, hold, record};

/// Every code of a fault in a store request; the published interface lists the same.
pub const FAULT_CODES: [&str; 14] = [
    "malformed_json",
    "missing",
    "wrong_type",
    "field_unknown",
    "store_id_mismatch",
    "country_fixed",
    "until_past",
    "store_id_zero",
    "store_code_invalid",
    "store_name_invalid",
    "pos_url_invalid",
    "time_zone_unknown",
    "reason_invalid",
    "labels_invalid",
];

/// What is wanted of a store.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// This record, whole.
    Put(Box<StoreRecord>),
    /// No orders for now.
    Pause(Hold),
    /// No orders.
    Disable(Hold),
    /// Orders again.
    Resume,
}

/// The conditions of a request: `If-Match` and `If-None-Match`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Value of `If-Match`.
    pub if_match: Option<String>,
    /// Value of `If-None-Match`.
    pub if_none_match: Option<String>,
}

impl Condition {
    /// Whether `If-Match` is fulfilled by `revision`; none when it was not given.
    fn matches(&self, revision: u64) -> Option<bool> {
        let tags = self.if_match.as_ref()?;
        // Weak tags (`W/"7"`) never match: the comparison of If-Match is strong (RFC 9110, 13.1.1).
        Some(tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag(revision)))
    }

    /// Whether only a store that is not there yet is meant.
    fn only_new(&self) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| tags.trim() == "*")
    }
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The record.
    pub record: StoreRecord,
    /// The revision that the store must still have; 0 = none yet.
    pub expected: u64,
}

/// A revision as `ETag`.
pub fn etag(revision: u64) -> String {
    format!("\"{revision}\"")
}

/// What to write so that store `id`, which now is `current`, becomes what is wanted; `by` is who asks.
pub fn plan(
    id: StoreId,
    current: Option<&Versioned>,
    change: Change,
    condition: &Condition,
    now: UtcMs,
    by: &str,
) -> Result<Plan, Answer> {
    match current {
        Some(_) if condition.only_new() => return Err(ReplyCode::RevisionStale.into()),
        Some(current) => match condition.matches(current.revision) {
            Some(true) => {}
            Some(false) => return Err(ReplyCode::RevisionStale.into()),
            None => return Err(ReplyCode::RevisionRequired.into()),
        },
        None if !matches!(change, Change::Put(_)) => return Err(ReplyCode::StoreUnknown.into()),
        // If-Match means a store that is there.
        None if condition.if_match.is_some() => return Err(ReplyCode::RevisionStale.into()),
        None => {}
    }
    let mut faults = Vec::new();
    let mut record = match (change, current) {
        (Change::Put(record), _) => {
            if record.id != id {
                faults.push(Fault::new("store_id_mismatch", "/id", "id must be the one of the path."));
            }
            if current.is_some_and(|current| current.record.country != record.country) {
                faults.push(Fault::new("country_fixed", "/country", "A store's country never changes."));
            }
            *record
        }
        (change, Some(current)) => changed(current.record.clone(), change, now, &mut faults),
        (_, None) => return Err(ReplyCode::StoreUnknown.into()),
    };
    record.v = VERSION;
    record.changed_at = Some(now);
    record.changed_by = Some(by.to_owned());
    faults.extend(record.faults());
    if faults.is_empty() {
        Ok(Plan { record, expected: current.map_or(0, |current| current.revision) })
    } else {
        Err(Answer::faulty(ReplyCode::InvalidStore, faults))
    }
}

fn changed(mut record: StoreRecord, change: Change, now: UtcMs, faults: &mut Vec<Fault>) -> StoreRecord {
    (record.state, record.reason, record.until) = match change {
        Change::Pause(hold) => (StoreState::Paused, Some(hold.reason), hold.until),
        Change::Disable(hold) => (StoreState::Disabled, Some(hold.reason), None),
        Change::Resume | Change::Put(_) => (StoreState::Open, None, None),
    };
    if record.until.is_some_and(|until| until <= now) {
        faults.push(Fault::new("until_past", "/until", "until must be in the future."));
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    fn store(country: &str) -> StoreRecord {
        let json = format!(
            r#"{{"id":72,"code":"K024","name":"LOCAL","country":"{country}","pos_url":"http://127.0.0.1:9/","kiosk":1}}"#
        );
        serde_json::from_str(&json).expect("a record")
    }

    fn current() -> Versioned {
        Versioned { record: store("ec"), revision: 7 }
    }

    fn condition(if_match: &str) -> Condition {
        Condition { if_match: Some(if_match.to_owned()), if_none_match: None }
    }

    fn planned(current: Option<&Versioned>, change: Change, condition: &Condition) -> Result<Plan, Answer> {
        plan(StoreId(72), current, change, condition, UtcMs::from_millis(NOW), "api-1")
    }

    fn put(country: &str) -> Change {
        Change::Put(Box::new(store(country)))
    }

    fn pause(until: Option<i64>) -> Change {
        Change::Pause(Hold { reason: "no gas".to_owned(), until: until.map(UtcMs::from_millis) })
    }

    #[test]
    fn conditions_decide_before_anything_else() {
        let current = current();
        let none = Condition::default();
        let new = Condition { if_match: None, if_none_match: Some("*".to_owned()) };
        for (there, change, condition, wanted) in [
            (true, put("ec"), &none, Err(ReplyCode::RevisionRequired)),
            (true, put("ec"), &condition("\"6\""), Err(ReplyCode::RevisionStale)),
            (true, put("ec"), &condition("W/\"7\""), Err(ReplyCode::RevisionStale)),
            (true, put("ec"), &condition("7"), Err(ReplyCode::RevisionStale)),
            (true, put("ec"), &condition("\"7\""), Ok(7)),
            (true, put("ec"), &condition("\"1\", \"7\""), Ok(7)),
            (true, put("ec"), &condition("*"), Ok(7)),
            (true, put("ec"), &new, Err(ReplyCode::RevisionStale)),
            (true, pause(None), &none, Err(ReplyCode::RevisionRequired)),
            (false, put("ec"), &none, Ok(0)),
            (false, put("ec"), &new, Ok(0)),
            (false, put("ec"), &condition("\"7\""), Err(ReplyCode::RevisionStale)),
            (false, pause(None), &condition("\"7\""), Err(ReplyCode::StoreUnknown)),
            (false, Change::Resume, &none, Err(ReplyCode::StoreUnknown)),
        ] {
            let told = planned(there.then_some(&current), change.clone(), condition);
            let told = told.map(|plan| plan.expected).map_err(|answer| answer.code);
            assert_eq!(told, wanted, "{there} {change:?} {condition:?}");
        }
    }

    #[test]
    fn a_pause_keeps_the_rest_and_a_resume_forgets_the_reason() {
        let current = current();
        let paused = planned(Some(&current), pause(Some(NOW + 60_000)), &condition("\"7\"")).expect("a plan").record;
        assert_eq!((paused.state, paused.reason.as_deref()), (StoreState::Paused, Some("no gas")));
        assert_eq!(paused.until, Some(UtcMs::from_millis(NOW + 60_000)));
        assert_eq!((paused.changed_by.as_deref(), paused.extra["kiosk"].as_i64()), (Some("api-1"), Some(1)));
        let paused = Versioned { record: paused, revision: 8 };
        let open = planned(Some(&paused), Change::Resume, &condition("\"8\"")).expect("a plan").record;
        assert_eq!((open.state, open.reason, open.until), (StoreState::Open, None, None));
    }

    #[test]
    fn faults_are_told_together() {
        let current = current();
        let mut other = store("co");
        other.id = StoreId(73);
        other.name = String::new();
        let refused = planned(Some(&current), Change::Put(Box::new(other)), &condition("*")).expect_err("faults");
        let codes: Vec<_> = refused.faults.iter().map(|fault| fault.code.as_str()).collect();
        assert_eq!(
            (refused.code.status(), codes),
            (422, vec!["store_id_mismatch", "country_fixed", "store_name_invalid"])
        );
        let refused = planned(Some(&current), pause(Some(NOW)), &condition("*")).expect_err("a fault");
        assert_eq!(refused.faults[0].code, "until_past");
    }
}
