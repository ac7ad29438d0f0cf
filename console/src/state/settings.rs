//! What a person may set and `update` or `draw` go by. Read once at start from the settings file (`config.rs`, which knows
//! the bounds); nothing in here changes while the console runs.

use std::fmt;
use std::str::FromStr as _;

use contract::heartbeat::SILENT_MS;
use contract::order::Channel;
use jiff::SignedDuration;
use jiff::fmt::friendly::SpanPrinter;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::attention::Severity;
use crate::keys::KeyMap;

/// The settings that state and screen depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// When something asks for attention.
    pub attention: Attention,
    /// The keys in force.
    pub keys: KeyMap,
    /// What goes to the chat group.
    pub alerts: Alerting,
    /// Whether the mouse is ours from the start.
    pub mouse: bool,
}

/// What goes to the chat group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alerting {
    /// Whose alerts are sent, if any.
    pub from: AlertsFrom,
    /// Whether warnings are sent as well as what is urgent.
    pub warnings: bool,
    /// Shortest time between two messages.
    pub min_interval: Ms,
}

/// Whose alerts are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlertsFrom {
    /// None are.
    #[default]
    Nobody,
    /// A console: somebody looks at it, so what is there when it starts is no news.
    Console,
    /// A watch without anybody: what is there when it starts is news, and so is the bus itself being away.
    Watch,
}

impl Default for Alerting {
    fn default() -> Self {
        Self { from: AlertsFrom::default(), warnings: false, min_interval: Ms::minutes(1) }
    }
}

/// A stretch of time, in milliseconds; written as `90s`, `5m`, `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ms(pub i64);

impl Ms {
    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }

    /// So many minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes * 60)
    }
}

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&SpanPrinter::new().duration_to_string(&SignedDuration::from_millis(self.0)).replace(' ', ""))
    }
}

impl Serialize for Ms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = SignedDuration::from_str(&text).ok().and_then(|time| i64::try_from(time.as_millis()).ok());
        time.map(Self).ok_or_else(|| serde::de::Error::custom("a time is expected, such as 90s, 5m or 1h30m"))
    }
}

/// When something asks for attention, and how loudly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attention {
    /// Whether the terminal's bell rings for what is urgent and new.
    pub bell: bool,
    /// How long an acknowledgement stands.
    pub acknowledged_for: Ms,
    /// Entries by which a queue must grow within half a minute to be called growing.
    pub growing: u32,
    /// How long a refused payload stays on the list.
    pub invalid_for: Ms,
    /// Silence from which an instance is on the list.
    pub silent_after: Ms,
    /// How far an instance's clock may be from this machine's.
    pub clock_skew: Ms,
    /// Ages of waiting delivery orders.
    pub delivery: Ageing,
    /// Ages of waiting pickup orders.
    pub pickup: Ageing,
}

/// Ages since acceptance of an order that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ageing {
    /// From here it is worth a look.
    pub warn: Ms,
    /// From here it is urgent: food was promised in half an hour.
    pub critical: Ms,
}

impl Ageing {
    /// How bad it is that an order waits for so long, in milliseconds; nothing while it is young.
    pub const fn severity(self, age_ms: i64) -> Option<Severity> {
        if age_ms >= self.critical.0 {
            Some(Severity::Critical)
        } else if age_ms >= self.warn.0 {
            Some(Severity::Warning)
        } else {
            None
        }
    }
}

impl Default for Ageing {
    fn default() -> Self {
        Self { warn: Ms::minutes(2), critical: Ms::minutes(5) }
    }
}

impl Default for Attention {
    fn default() -> Self {
        Self {
            bell: true,
            acknowledged_for: Ms::minutes(30),
            growing: 5,
            invalid_for: Ms::minutes(15),
            silent_after: Ms(SILENT_MS),
            clock_skew: Ms::seconds(5),
            delivery: Ageing::default(),
            pickup: Ageing::default(),
        }
    }
}

impl Attention {
    /// The ages for an order of this channel.
    pub const fn ageing(&self, channel: Channel) -> Ageing {
        match channel {
            Channel::Pickup => self.pickup,
            Channel::Delivery => self.delivery,
        }
    }

    /// The least age at which any order is worth a look, in milliseconds.
    pub fn youngest_warn_ms(&self) -> i64 {
        self.delivery.warn.min(self.pickup.warn).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_they_are_read() {
        for (ms, text) in [(90_000, "1m30s"), (300_000, "5m"), (5_400_000, "1h30m"), (1_600, "1s600ms"), (0, "0s")] {
            assert_eq!(Ms(ms).to_string(), text);
            assert_eq!(serde_json::from_value::<Ms>(serde_json::json!(text)).unwrap(), Ms(ms));
        }
        for text in ["90s", "1.5m", "1m 30s"] {
            assert_eq!(serde_json::from_value::<Ms>(serde_json::json!(text)).unwrap(), Ms(90_000), "{text}");
        }
        for text in ["", "5", "five", "1y"] {
            assert!(serde_json::from_value::<Ms>(serde_json::json!(text)).is_err(), "{text}");
        }
    }
}
