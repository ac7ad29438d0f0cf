//! What the connection is: which way led to it, who we are to the server, and what the server does not let us do.

use std::collections::BTreeSet;

use contract::{Operator, StoreId, UtcMs, subject};
use serde::{Deserialize, Serialize};

/// Denials kept: as many as the connection itself keeps.
pub const DENIALS_MAX: usize = 64;

/// Contexts offered for a switch.
pub const CONTEXTS_MAX: usize = 200;

/// Who said how to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Nobody: it is the default.
    Nobody,
    /// The context.
    Context,
    /// A variable.
    Environment,
    /// The command line.
    Flag,
}

/// One value that decided how to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What it is: `url`, `login`, `ca`, `certificate`, `key`, `inbox prefix`.
    pub what: &'static str,
    /// Its value; of what is secret only the kind. Sanitised.
    pub value: String,
    /// Who said it.
    pub said: Said,
    /// The variable, flag or field of a context that it stands in; empty for a default.
    pub named: &'static str,
}

/// Who we are to the server, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// The user; `None` when the server knows nobody by name, or did not say.
    pub user: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// Subjects that are kept from every subscription of ours, wildcards included: the server leaves them out in
    /// silence.
    pub withheld: Vec<String>,
}

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// Sending a message or a request.
    Publishing,
    /// Listening.
    Listening,
}

/// One thing that the server denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// When it was told first.
    pub at: UtcMs,
    /// What was tried.
    pub tried: Tried,
    /// On which subject, sanitised.
    pub subject: String,
}

/// What the settings say of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Whether orders that people eat run there.
    pub production: bool,
    /// Whether nothing may be changed there from this console.
    pub read_only: bool,
    /// Whether a person may unlock it for a while.
    pub unlock: bool,
    /// Where test orders may go there.
    pub test_orders: TestOrders,
}

/// Where test orders may go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TestOrders {
    /// Nowhere.
    Off,
    /// To these stores.
    To(BTreeSet<StoreId>),
    /// To every store.
    #[default]
    Anywhere,
}

impl TestOrders {
    /// Whether one may go to `store`.
    pub fn may_go_to(&self, store: StoreId) -> bool {
        match self {
            Self::Off => false,
            Self::To(stores) => stores.contains(&store),
            Self::Anywhere => true,
        }
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self { production: false, read_only: false, unlock: true, test_orders: TestOrders::default() }
    }
}

/// The way to the bus, and what it lets us do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// The NATS context in use.
    pub context: Option<String>,
    /// What its description says.
    pub description: Option<String>,
    /// Whether orders that people eat run here: the settings say so.
    pub production: bool,
    /// Whether nothing may be changed from this console until somebody unlocks it.
    pub read_only: bool,
    /// Whether it can be unlocked for a while.
    pub unlock: bool,
    /// Until when it is unlocked.
    pub unlocked_until: Option<UtcMs>,
    /// Where test orders may go.
    pub test_orders: TestOrders,
    /// The login of whoever sits here, which commands and the audit trail name; `None` when it is not known.
    pub operator: Option<Operator>,
    /// How it was decided how to connect, the URL first.
    pub settings: Vec<Setting>,
    /// Who we are to the server; `None` until it has said so, or when it does not.
    pub identity: Option<Identity>,
    /// Whether the connection is protected by TLS; `None` before there is one.
    pub tls: Option<bool>,
    /// What was denied since the connection came up, oldest first, at most [`DENIALS_MAX`].
    pub denied: Vec<Denied>,
    /// Names of the contexts that can be switched to, in order, at most [`CONTEXTS_MAX`].
    pub contexts: Vec<String>,
    /// What the bus is called that the console was started on, when no context alone leads there: `(--nats-url)`.
    pub start: Option<String>,
}

/// How long an unlocked context stays so, in milliseconds: long enough for what it was unlocked for, too short to be
/// forgotten.
pub const UNLOCKED_MS: i64 = 15 * 60 * 1_000;

impl Access {
    /// Names that can be switched to: the contexts, and the bus that the console was started on.
    pub fn elsewhere(&self) -> impl Iterator<Item = &String> {
        self.contexts.iter().chain(&self.start)
    }

    /// Whether nothing may be changed at `now`.
    pub fn is_locked(&self, now: UtcMs) -> bool {
        self.read_only && self.unlocked_until.is_none_or(|until| until <= now)
    }

    /// How long what opens read-only stays unlocked, in milliseconds.
    pub fn unlocked_ms(&self, now: UtcMs) -> Option<i64> {
        let left = self.unlocked_until.map(|until| until.since(now));
        left.filter(|left| self.read_only && *left > 0)
    }

    /// The denial because of which publishing to `subject` is pointless.
    pub fn may_not_publish(&self, subject: &str) -> Option<&Denied> {
        let asked = self.denied.iter().filter(|denied| denied.tried == Tried::Publishing);
        asked.into_iter().find(|denied| denied.subject == subject)
    }

    /// The denial because of which it is pointless to ask for single messages of `stream`.
    pub fn may_not_look(&self, stream: &str) -> Option<&Denied> {
        let looks = |denied: &&Denied| {
            let of = denied.subject.strip_prefix("$JS.API.DIRECT.GET.").and_then(|rest| rest.split('.').next());
            denied.tried == Tried::Publishing && of == Some(stream)
        };
        self.denied.iter().find(looks)
    }

    /// Variables and flags that say otherwise than the context in use.
    pub fn overrides(&self) -> impl Iterator<Item = &'static str> {
        let stronger = |setting: &&Setting| matches!(setting.said, Said::Environment | Said::Flag);
        let settings = if self.context.is_some() { self.settings.as_slice() } else { &[] };
        settings.iter().filter(stronger).map(|setting| setting.named)
    }

    /// The subject because of which live messages under `wanted` (`domicilio.orders.>` and its like) do not come, at
    /// least in part.
    pub fn deaf_to(&self, wanted: &str) -> Option<&str> {
        let denied = self.denied.iter().filter(|denied| denied.tried == Tried::Listening);
        let withheld = self.identity.iter().flat_map(|identity| identity.withheld.iter());
        // The broad subscription falls back to narrower ones: alone it says nothing.
        let told = denied.map(|denied| denied.subject.as_str()).filter(|subject| *subject != subject::ALL);
        told.chain(withheld.map(String::as_str)).find(|told| overlap(told, wanted))
    }

    /// The request because of which `stream` cannot be read.
    pub fn blind_to(&self, stream: &str) -> Option<&str> {
        let asked = self.denied.iter().filter(|denied| denied.tried == Tried::Publishing);
        asked.map(|denied| denied.subject.as_str()).find(|subject| reads(subject, stream))
    }

    /// The inbox that we may not listen on: no request of ours can be answered.
    pub fn without_inbox(&self) -> Option<&str> {
        let listening = self.denied.iter().filter(|denied| denied.tried == Tried::Listening);
        listening.map(|denied| denied.subject.as_str()).find(|subject| !subject.starts_with("domicilio."))
    }
}

/// Requests of JetStream without which a stream cannot be read.
const READS: &[&str] = &["STREAM.INFO", "STREAM.MSG.GET", "CONSUMER.CREATE", "CONSUMER.MSG.NEXT", "DIRECT.GET"];

/// Whether a request's subject is one of reading `stream`.
pub fn reads(subject: &str, stream: &str) -> bool {
    let Some(request) = subject.strip_prefix("$JS.API.") else { return false };
    let after = READS.iter().find_map(|read| request.strip_prefix(read)?.strip_prefix('.'));
    after.is_some_and(|rest| rest.split('.').next() == Some(stream))
}

/// Whether some subject matches both patterns.
pub fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        match (one.next(), other.next()) {
            (Some(">"), Some(_)) | (Some(_), Some(">")) | (None, None) => return true,
            (Some(a), Some(b)) if a == b || a == "*" || b == "*" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_overlap_when_a_subject_matches_both() {
        for (one, other, expected) in [
            ("domicilio.>", "domicilio.orders.>", true),
            ("domicilio.orders.ec.>", "domicilio.orders.>", true),
            ("domicilio.*.ec", "domicilio.orders.>", true),
            ("domicilio.events.>", "domicilio.orders.>", false),
            ("domicilio.orders", "domicilio.orders.>", false),
            ("domicilio.orders.*", "domicilio.orders.ec", true),
            ("other.>", "domicilio.>", false),
        ] {
            assert_eq!((overlap(one, other), overlap(other, one)), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn what_is_denied_is_told_for_what_it_concerns() {
        let denied = |tried, subject: &str| Denied { at: UtcMs::default(), tried, subject: subject.into() };
        let access = Access {
            denied: vec![
                denied(Tried::Listening, "domicilio.>"),
                denied(Tried::Listening, "domicilio.orders.>"),
                denied(Tried::Publishing, "$JS.API.CONSUMER.CREATE.ORDERS.x9.>"),
                denied(Tried::Publishing, "$JS.API.CONSUMER.LIST.EVENTS"),
            ],
            identity: Some(Identity { withheld: vec!["domicilio.invalid.ec".into()], ..Identity::default() }),
            ..Access::default()
        };
        assert_eq!(access.deaf_to("domicilio.orders.>"), Some("domicilio.orders.>"));
        assert_eq!(access.deaf_to("domicilio.invalid.>"), Some("domicilio.invalid.ec"));
        assert_eq!(access.deaf_to("domicilio.events.>"), None);
        assert_eq!(access.blind_to("ORDERS"), Some("$JS.API.CONSUMER.CREATE.ORDERS.x9.>"));
        assert_eq!((access.blind_to("EVENTS"), access.without_inbox()), (None, None));
    }
}
