//! A store's record: what intake checks, what the resolver calls, what operators edit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Country, Fault, StoreId, UtcMs};

/// Whether a store takes orders. Orders accepted before keep being injected in every state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreState {
    /// Takes orders.
    #[default]
    Open,
    /// Takes none for now, until [`StoreRecord::until`] or until resumed.
    Paused,
    /// Takes none.
    Disabled,
}

impl StoreState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// The message of stream `STORES`, one subject a store; its revision is the message's stream sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreRecord {
    /// Version of the message, [`crate::VERSION`].
    #[serde(default = "version")]
    pub v: u8,
    /// Unique over all countries; greater than 0.
    pub id: StoreId,
    /// Short code that kitchens know, for example `K024`: 1 to 16 characters.
    pub code: String,
    /// 1 to 80 characters.
    pub name: String,
    /// Never changes after the first record: it is part of the subject.
    pub country: Country,
    /// Where orders are posted: an `http://` or `https://` URL, taken as it stands.
    pub pos_url: String,
    /// IANA name, for example `America/Guayaquil`; when absent the country's usual one is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Whether it takes orders.
    #[serde(default)]
    pub state: StoreState,
    /// Why it is paused or disabled, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// End of a pause; after it the store counts as open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UtcMs>,
    /// Free labels, for example `brand` or `city`; at most 16, 64 characters each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// When the record was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<UtcMs>,
    /// Who wrote it: `key:<id>` of an API key, `ops:<user>`, or the service instance where no key is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// Fields that this version does not know; kept when the record is rewritten.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

const fn version() -> u8 {
    crate::VERSION
}

/// What [`StoreRecord::changed_by`] says of an operator.
pub fn by_operator(login: &str) -> String {
    format!("ops:{login}")
}

/// What it says of whoever wrote with an API key.
pub fn by_key(id: &str) -> String {
    format!("key:{id}")
}

impl StoreRecord {
    /// The state at `now`: a pause whose end has passed counts as open.
    pub fn state_at(&self, now: UtcMs) -> StoreState {
        match (self.state, self.until) {
            (StoreState::Paused, Some(until)) if until <= now => StoreState::Open,
            (state, _) => state,
        }
    }

    /// IANA name of the time zone in which the store's times are shown.
    pub fn zone(&self) -> &str {
        self.time_zone.as_deref().unwrap_or_else(|| zone_of(self.country))
    }

    /// Every fault of the record; empty when it may be stored.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut check = |ok: bool, code: &str, pointer: &str, message: &str| {
            if !ok {
                faults.push(Fault::new(code, pointer, message));
            }
        };
        check(self.id != StoreId::NONE, "store_id_zero", "/id", "id must be greater than 0.");
        check(
            (1..=16).contains(&self.code.chars().count()) && plain(&self.code),
            "store_code_invalid",
            "/code",
            "code must be 1 to 16 characters without control characters.",
        );
        check(
            (1..=80).contains(&self.name.chars().count()) && plain(&self.name),
            "store_name_invalid",
            "/name",
            "name must be 1 to 80 characters without control characters.",
        );
        check(
            is_http_url(&self.pos_url),
            "pos_url_invalid",
            "/pos_url",
            "pos_url must be an http:// or https:// URL with a host, at most 300 characters.",
        );
        let zone_ok = self.time_zone.as_deref().is_none_or(|zone| jiff::tz::TimeZone::get(zone).is_ok());
        check(
            zone_ok,
            "time_zone_unknown",
            "/time_zone",
            "time_zone must be an IANA name, for example America/Guayaquil.",
        );
        check(
            self.reason.as_ref().is_none_or(|reason| reason.chars().count() <= 200 && plain(reason)),
            "reason_invalid",
            "/reason",
            "reason must be at most 200 characters without control characters.",
        );
        let label_ok = |text: &String| text.chars().count() <= 64 && plain(text);
        check(
            self.labels.len() <= 16 && self.labels.iter().all(|(key, value)| label_ok(key) && label_ok(value)),
            "labels_invalid",
            "/labels",
            "labels must be at most 16 pairs of at most 64 characters without control characters.",
        );
        faults
    }
}

fn plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn is_http_url(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host_ok = rest.is_some_and(|rest| rest.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '['));
    host_ok && url.len() <= 300 && url.chars().all(|c| c.is_ascii_graphic())
}

/// The usual time zone of a country that Domicilio serves; UTC for others.
pub fn zone_of(country: Country) -> &'static str {
    match country.as_str() {
        "ec" => "America/Guayaquil",
        "co" => "America/Bogota",
        "cl" => "America/Santiago",
        "ve" => "America/Caracas",
        _ => "UTC",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> StoreRecord {
        let json =
            r#"{"id":72,"code":"K024","name":"EL NORTE","country":"EC","pos_url":"http://127.0.0.1:9/","kiosk":true}"#;
        serde_json::from_str(json).unwrap_or_else(|e| unreachable!("{e}"))
    }

    #[test]
    fn a_pause_ends_by_itself() {
        let mut store = record();
        store.state = StoreState::Paused;
        store.until = Some(UtcMs::from_millis(1_000));
        assert_eq!(store.state_at(UtcMs::from_millis(999)), StoreState::Paused);
        assert_eq!(store.state_at(UtcMs::from_millis(1_000)), StoreState::Open);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        assert_eq!(record().faults(), []);
        let mut store = record();
        store.id = StoreId::NONE;
        store.code = "x\u{1b}".into();
        store.name = String::new();
        store.pos_url = "ftp://x".into();
        store.time_zone = Some("Mars/Olympus".into());
        let codes: Vec<_> = store.faults().into_iter().map(|fault| fault.code).collect();
        assert_eq!(
            codes,
            ["store_id_zero", "store_code_invalid", "store_name_invalid", "pos_url_invalid", "time_zone_unknown"]
        );
    }

    #[test]
    fn unknown_fields_survive_a_rewrite() {
        let json = serde_json::to_value(record()).unwrap_or_default();
        assert_eq!(json["kiosk"], true);
        assert_eq!(json["country"], "ec");
    }
}
