//! What can be wrong with a store's POS, how often, and how many times. Pure: chance is a number that is handed in.
//!
//! The same words serve `PUT /admin/faults/{store}` (as JSON, `{"fault":"slow","ms":3000}`) and the option
//! `--fault` (as text, `72=slow,ms=3000`). A store has at most one plan; a new one replaces it.

use std::collections::BTreeMap;
use std::str::FromStr;

use contract::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest delay of a slow POS, in milliseconds: ten minutes, longer than any caller waits.
pub const SLOW_MS_MAX: u64 = 600_000;

/// Longest `Retry-After`, in seconds: an hour.
pub const RETRY_AFTER_S_MAX: u32 = 3_600;

/// Statuses by which a POS asks the caller to come back; they count as errors, not as refusals.
const COME_BACK: [u16; 3] = [408, 425, 429];

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The connection is closed without an answer and nothing takes effect.
    Down,
    /// The order takes effect, and the answer comes, this much later than usual.
    Slow {
        /// Extra delay in milliseconds, 1 to [`SLOW_MS_MAX`].
        ms: u64,
    },
    /// A failure that asks to be tried again: 500 to 599, 408, 425 or 429. Nothing takes effect.
    Error {
        /// The HTTP status.
        status: u16,
        /// Goes out as `Retry-After`, in seconds, at most [`RETRY_AFTER_S_MAX`].
        retry_after_s: Option<u32>,
    },
    /// A refusal for good: 400 to 499, but none that means "later" or "done already" (409). Nothing takes effect.
    Refuse {
        /// The HTTP status.
        status: u16,
    },
    /// The order takes effect and the ledger says so; then the connection is closed without an answer.
    DropReply,
}

/// A fault in force at one store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Plan {
    /// What is wrong.
    pub trouble: Trouble,
    /// Part of the requests that it hits, above 0 and up to 1.
    pub share: f64,
    /// How many more requests it hits before the store heals by itself; until healed when absent.
    pub times: Option<u32>,
}

impl Plan {
    /// `trouble` on every request until healed.
    pub const fn always(trouble: Trouble) -> Self {
        Self { trouble, share: 1.0, times: None }
    }
}

/// Why a text or a JSON object is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPlan(String);

/// The plan as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    fault: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

impl TryFrom<Wire> for Plan {
    type Error = InvalidPlan;

    fn try_from(wire: Wire) -> Result<Self, InvalidPlan> {
        let refuse = |message: &str| Err(InvalidPlan(message.to_owned()));
        let trouble = match (wire.fault.as_str(), wire.ms, wire.status, wire.retry_after_s) {
            ("down", None, None, None) => Trouble::Down,
            ("down", ..) => return refuse("`down` takes no further field but `share` and `times`"),
            ("slow", Some(ms @ 1..=SLOW_MS_MAX), None, None) => Trouble::Slow { ms },
            ("slow", ..) => return refuse("`slow` needs `ms`, 1 to 600000, and takes no status"),
            ("error", None, Some(status), retry_after_s)
                if ((500..=599).contains(&status) || COME_BACK.contains(&status))
                    && retry_after_s.is_none_or(|s| s <= RETRY_AFTER_S_MAX) =>
            {
                Trouble::Error { status, retry_after_s }
            }
            ("error", ..) => {
                return refuse(
                    "`error` needs `status`, one of 500 to 599, 408, 425 or 429; `retry_after_s` may be 0 to 3600",
                );
            }
            ("refuse", None, Some(status @ 400..=499), None) if status != 409 && !COME_BACK.contains(&status) => {
                Trouble::Refuse { status }
            }
            ("refuse", ..) => return refuse("`refuse` needs `status`, 400 to 499 but not 408, 409, 425 or 429"),
            ("drop_reply", None, None, None) => Trouble::DropReply,
            ("drop_reply", ..) => return refuse("`drop_reply` takes no further field but `share` and `times`"),
            _ => return refuse("`fault` must be `down`, `slow`, `error`, `refuse` or `drop_reply`"),
        };
        let share = wire.share.unwrap_or(1.0);
        if !(share > 0.0 && share <= 1.0) {
            return refuse("`share` must be above 0 and at most 1");
        }
        if wire.times == Some(0) {
            return refuse("`times` must be at least 1");
        }
        Ok(Self { trouble, share, times: wire.times })
    }
}

impl From<Plan> for Wire {
    fn from(plan: Plan) -> Self {
        let share = (plan.share < 1.0).then_some(plan.share);
        let bare = |fault: &str| Self {
            fault: fault.to_owned(),
            ms: None,
            status: None,
            retry_after_s: None,
            share,
            times: plan.times,
        };
        match plan.trouble {
            Trouble::Down => bare("down"),
            Trouble::Slow { ms } => Self { ms: Some(ms), ..bare("slow") },
            Trouble::Error { status, retry_after_s } => Self { status: Some(status), retry_after_s, ..bare("error") },
            Trouble::Refuse { status } => Self { status: Some(status), ..bare("refuse") },
            Trouble::DropReply => bare("drop_reply"),
        }
    }
}

/// The value of one `--fault`: `STORE=FAULT[,FIELD=NUMBER]...`.
#[derive(Debug, Clone, PartialEq)]
pub struct StartFault {
    /// The store.
    pub store: StoreId,
    /// What is wrong with it from the start.
    pub plan: Plan,
}

impl FromStr for StartFault {
    type Err = InvalidPlan;

    fn from_str(text: &str) -> Result<Self, InvalidPlan> {
        const FORM: &str = "must look like 72=down or 72=slow,ms=3000,share=0.2";
        let form = || InvalidPlan(FORM.to_owned());
        let (store, rest) = text.split_once('=').ok_or_else(form)?;
        let store = store.parse().map_err(|error| InvalidPlan(format!("{error}")))?;
        let mut parts = rest.split(',');
        let mut fields = Map::new();
        fields.insert("fault".to_owned(), Value::from(parts.next().unwrap_or_default()));
        for part in parts {
            let (name, number) = part.split_once('=').ok_or_else(form)?;
            let number = serde_json::from_str(number).map_err(|_| InvalidPlan(format!("`{name}` must be a number")))?;
            fields.insert(name.to_owned(), number);
        }
        let plan = serde_json::from_value(Value::Object(fields)).map_err(|error| InvalidPlan(error.to_string()))?;
        Ok(Self { store, plan })
    }
}

/// The faults in force, by store.
#[derive(Debug, Default)]
pub struct Faults {
    plans: BTreeMap<StoreId, Plan>,
}

impl Faults {
    /// Puts `plan` in force at `store`, in place of any other.
    pub fn set(&mut self, store: StoreId, plan: Plan) {
        self.plans.insert(store, plan);
    }

    /// Ends the fault of `store`; tells whether there was one.
    pub fn heal(&mut self, store: StoreId) -> bool {
        self.plans.remove(&store).is_some()
    }

    /// What is in force.
    pub fn plans(&self) -> &BTreeMap<StoreId, Plan> {
        &self.plans
    }

    /// What is wrong with the next request of `store`. `chance` is drawn evenly from 0 (included) to 1 (excluded).
    pub fn next(&mut self, store: StoreId, chance: f64) -> Option<Trouble> {
        let plan = self.plans.get_mut(&store)?;
        if chance >= plan.share {
            return None;
        }
        let trouble = plan.trouble;
        match &mut plan.times {
            Some(1) => {
                self.plans.remove(&store);
            }
            Some(times) => *times -= 1,
            None => {}
        }
        Some(trouble)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = StoreId(72);

    #[test]
    fn text_and_json_say_the_same() {
        let error = |status, retry_after_s| Trouble::Error { status, retry_after_s };
        for (text, json, trouble, share, times) in [
            ("down", r#"{"fault":"down"}"#, Trouble::Down, 1.0, None),
            ("slow,ms=3000", r#"{"fault":"slow","ms":3000}"#, Trouble::Slow { ms: 3000 }, 1.0, None),
            ("error,status=503", r#"{"fault":"error","status":503}"#, error(503, None), 1.0, None),
            (
                "error,status=429,retry_after_s=2,share=0.25",
                r#"{"fault":"error","status":429,"retry_after_s":2,"share":0.25}"#,
                error(429, Some(2)),
                0.25,
                None,
            ),
            ("refuse,status=422", r#"{"fault":"refuse","status":422}"#, Trouble::Refuse { status: 422 }, 1.0, None),
            ("drop_reply,times=3", r#"{"fault":"drop_reply","times":3}"#, Trouble::DropReply, 1.0, Some(3)),
        ] {
            let plan = Plan { trouble, share, times };
            let start = format!("72={text}").parse::<StartFault>();
            assert_eq!(start, Ok(StartFault { store: STORE, plan: plan.clone() }), "{text}");
            assert_eq!(serde_json::from_str::<Plan>(json).ok(), Some(plan.clone()), "{json}");
            assert_eq!(serde_json::to_string(&plan).ok().as_deref(), Some(json));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_reason() {
        for (json, reason) in [
            (r"{}", "missing field `fault`"),
            (r#"{"fault":"tired"}"#, "must be `down`"),
            (r#"{"fault":"down","ms":5}"#, "`down` takes no further field"),
            (r#"{"fault":"drop_reply","status":500}"#, "`drop_reply` takes no further field"),
            (r#"{"fault":"slow"}"#, "`slow` needs `ms`"),
            (r#"{"fault":"slow","ms":0}"#, "`slow` needs `ms`"),
            (r#"{"fault":"slow","ms":600001}"#, "`slow` needs `ms`"),
            (r#"{"fault":"error","status":422}"#, "`error` needs `status`"),
            (r#"{"fault":"error","status":503,"retry_after_s":3601}"#, "`error` needs `status`"),
            (r#"{"fault":"refuse","status":409}"#, "`refuse` needs `status`"),
            (r#"{"fault":"refuse","status":429}"#, "`refuse` needs `status`"),
            (r#"{"fault":"refuse","status":500}"#, "`refuse` needs `status`"),
            (r#"{"fault":"down","share":0}"#, "`share` must be"),
            (r#"{"fault":"down","share":1.5}"#, "`share` must be"),
            (r#"{"fault":"down","times":0}"#, "`times` must be"),
            (r#"{"fault":"down","colour":1}"#, "unknown field `colour`"),
        ] {
            let error = serde_json::from_str::<Plan>(json).expect_err(json).to_string();
            assert!(error.contains(reason), "{json}: {error}");
        }
        for text in ["", "72", "x=down", "72=", "72=slow,ms", "72=slow,ms=many", "=down"] {
            assert!(text.parse::<StartFault>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn hits_its_share_and_heals_after_its_times() {
        let mut faults = Faults::default();
        assert_eq!(faults.next(STORE, 0.0), None);

        faults.set(STORE, Plan { trouble: Trouble::Down, share: 0.5, times: Some(2) });
        let hits: Vec<bool> =
            [0.5, 0.49, 0.99, 0.0, 0.0].into_iter().map(|chance| faults.next(STORE, chance).is_some()).collect();
        assert_eq!(hits, [false, true, false, true, false], "the plan is used up after two hits");
        assert!(faults.plans().is_empty());

        faults.set(STORE, Plan::always(Trouble::DropReply));
        assert!((0..100).all(|_| faults.next(STORE, 0.999_999) == Some(Trouble::DropReply)));
        assert_eq!(faults.next(StoreId(73), 0.0), None, "another store is not hit");
        assert!(faults.heal(STORE));
        assert!(!faults.heal(STORE));
        assert_eq!(faults.next(STORE, 0.0), None);
    }
}
