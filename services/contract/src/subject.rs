//! Subjects: building and reading them. The only place that knows their shape.

use std::fmt;

use crate::command::{ANY, Verb};
use crate::id::token;
use crate::{AppCode, Country, Event, InstanceId, OrderHead, OrderId, Partition, Service, StoreId};

/// Everything that Domicilio publishes.
pub const ALL: &str = "domicilio.>";

/// Heartbeats of every instance.
pub const HEARTBEATS: &str = "domicilio.services.>";

/// Where each server tells who is connected to it in the account of whoever asks.
pub const CONNECTIONS: &str = "$SYS.REQ.ACCOUNT.PING.CONNZ";

/// `domicilio.orders.<cc>.<store>.<code>`
pub fn order(head: &OrderHead) -> String {
    order_of(head.country, &head.id())
}

/// `domicilio.orders.<cc>.<store>.<code>`
pub fn order_of(country: Country, id: &OrderId) -> String {
    format!("domicilio.orders.{country}.{}.{}", id.store, id.code.token())
}

/// Of messages that stand in `ORDERS` for sequences that the server has lost: nobody's order, in no country.
pub const FILLER: &str = "domicilio.orders.zz.0.filler";

/// The order in whatever country: `domicilio.orders.*.<store>.<code>`.
pub fn order_anywhere(id: &OrderId) -> String {
    format!("domicilio.orders.*.{}.{}", id.store, id.code.token())
}

/// The orders with this code, at any store: `domicilio.orders.*.*.<code>`.
pub fn orders_with_code(code: &AppCode) -> String {
    format!("domicilio.orders.*.*.{}", code.token())
}

/// `domicilio.queues.<partition>.<store>`
pub fn queue(store: StoreId) -> String {
    format!("domicilio.queues.{}.{store}", store.partition())
}

/// All queues of a partition: `domicilio.queues.<partition>.*`.
pub fn partition(partition: Partition) -> String {
    format!("domicilio.queues.{partition}.*")
}

/// `domicilio.outcomes.<cc>.<store>`
pub fn outcome(country: Country, store: StoreId) -> String {
    format!("domicilio.outcomes.{country}.{store}")
}

/// `domicilio.events.<cc>.<store>.<kind>`
pub fn event(event: &Event) -> String {
    let (country, store) = event.kind.place();
    events_of(country, store, event.kind.token())
}

/// Events of one kind about a store: `domicilio.events.<cc>.<store>.<kind>`.
pub fn events_of(country: Country, store: StoreId, kind: &str) -> String {
    format!("domicilio.events.{country}.{store}.{kind}")
}

/// The store's record in whatever country: `domicilio.stores.*.<store>`.
pub fn store_anywhere(store: StoreId) -> String {
    format!("domicilio.stores.*.{store}")
}

/// `domicilio.stores.<cc>.<store>`
pub fn store(country: Country, store: StoreId) -> String {
    format!("domicilio.stores.{country}.{store}")
}

/// `domicilio.invalid.<cc>`
pub fn invalid(country: Country) -> String {
    format!("domicilio.invalid.{country}")
}

/// `domicilio.services.<service>.<instance>.heartbeat`
pub fn heartbeat(service: Service, instance: &InstanceId) -> String {
    format!("domicilio.services.{service}.{instance}.heartbeat")
}

/// Heartbeats of every instance of a service: `domicilio.services.<service>.*.heartbeat`.
pub fn heartbeats_of(service: Service) -> String {
    format!("domicilio.services.{service}.*.heartbeat")
}

/// What commands to an instance begin with, or those to [`ANY`]: `domicilio.cmd.<service>.<instance>`.
pub fn commands(service: Service, instance: &str) -> String {
    format!("domicilio.cmd.{service}.{instance}")
}

/// `domicilio.cmd.<service>.<instance>.<verb>`
pub fn command(service: Service, instance: &InstanceId, verb: Verb) -> String {
    format!("domicilio.cmd.{service}.{instance}.{}", verb.as_str())
}

/// `domicilio.cmd.<service>.any.<verb>`: whichever instance takes it first.
pub fn command_any(service: Service, verb: Verb) -> String {
    format!("domicilio.cmd.{service}.{ANY}.{}", verb.as_str())
}

/// The same command to any instance by name, or to whichever comes first: `domicilio.cmd.<service>.*.<verb>`.
pub fn command_to_each(service: Service, verb: Verb) -> String {
    format!("domicilio.cmd.{service}.*.{}", verb.as_str())
}

/// What somebody did: `domicilio.audit.<user>`. `user` is the name by which the server knows whoever publishes, or a login where
/// it knows none; what is no part of a token is written as `=XX`. Must not be empty.
pub fn audit(user: &str) -> String {
    format!("domicilio.audit.{}", token(user))
}

/// A subject read back. Whoever receives a message takes its meaning from here, never from string pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An accepted order.
    Order(Country, OrderId),
    /// An order waiting for injection.
    Queue(Partition, StoreId),
    /// A final outcome.
    Outcome(Country, StoreId),
    /// A step, with its kind.
    Event(Country, StoreId, String),
    /// A store's record.
    Store(Country, StoreId),
    /// A refused payload.
    Invalid(Country),
    /// An instance's heartbeat.
    Heartbeat(Service, InstanceId),
    /// What somebody did, with the token that names who.
    Audit(String),
    /// A command, with service, instance (or `any`) and verb.
    Command(String, String, String),
    /// Anything else: not of this version, or forged.
    Other(String),
}

impl Subject {
    /// Reads `subject`; never fails, for whatever does not fit is [`Subject::Other`].
    pub fn parse(subject: &str) -> Self {
        Self::known(subject).unwrap_or_else(|| Self::Other(subject.to_owned()))
    }

    fn known(subject: &str) -> Option<Self> {
        // Five at most: each message is read here first, and a list of its own for each would cost more than the reading.
        let (mut tokens, mut count) = ([""; 5], 0);
        for token in subject.split('.') {
            *tokens.get_mut(count)? = token;
            count += 1;
        }
        Some(match tokens.get(..count)? {
            ["domicilio", "orders", cc, store, code] => Self::Order(
                cc.parse().ok()?,
                OrderId { store: store.parse().ok()?, code: AppCode::from_token(code).ok()? },
            ),
            ["domicilio", "queues", partition, store] => Self::Queue(partition.parse().ok()?, store.parse().ok()?),
            ["domicilio", "outcomes", cc, store] => Self::Outcome(cc.parse().ok()?, store.parse().ok()?),
            ["domicilio", "events", cc, store, kind] => {
                Self::Event(cc.parse().ok()?, store.parse().ok()?, (*kind).to_owned())
            }
            ["domicilio", "stores", cc, store] => Self::Store(cc.parse().ok()?, store.parse().ok()?),
            ["domicilio", "invalid", cc] => Self::Invalid(cc.parse().ok()?),
            ["domicilio", "services", service, instance, "heartbeat"] => {
                Self::Heartbeat(service.parse().ok()?, instance.parse().ok()?)
            }
            ["domicilio", "audit", user] => Self::Audit((*user).to_owned()),
            ["domicilio", "cmd", service, instance, verb] => {
                Self::Command((*service).to_owned(), (*instance).to_owned(), (*verb).to_owned())
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(country, id) => f.write_str(&order_of(*country, id)),
            Self::Queue(partition, store) => write!(f, "domicilio.queues.{partition}.{store}"),
            Self::Outcome(country, store) => f.write_str(&outcome(*country, *store)),
            Self::Event(country, store, kind) => f.write_str(&events_of(*country, *store, kind)),
            Self::Store(country, id) => f.write_str(&store(*country, *id)),
            Self::Invalid(country) => f.write_str(&invalid(*country)),
            Self::Heartbeat(service, instance) => f.write_str(&heartbeat(*service, instance)),
            Self::Audit(user) => write!(f, "domicilio.audit.{user}"),
            Self::Command(service, instance, verb) => write!(f, "domicilio.cmd.{service}.{instance}.{verb}"),
            Self::Other(subject) => f.write_str(subject),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_subject_reads_back() {
        for text in [
            "domicilio.orders.ec.72.0000900001-070101",
            "domicilio.orders.ec.72.a=2Eb",
            "domicilio.queues.07.72",
            "domicilio.outcomes.co.72",
            "domicilio.events.zz.0.took_office",
            "domicilio.stores.cl.9",
            "domicilio.invalid.ve",
            "domicilio.services.queue-resolver.queue-resolver-1.heartbeat",
            "domicilio.audit.ops-act",
            "domicilio.cmd.api-domicilio.any.inject",
        ] {
            let subject = Subject::parse(text);
            assert!(!matches!(subject, Subject::Other(_)), "{text}");
            assert_eq!(subject.to_string(), text);
        }
    }

    #[test]
    fn whoever_acted_is_one_token() {
        for (user, subject) in [
            ("ops-act", "domicilio.audit.ops-act"),
            ("ana.p", "domicilio.audit.ana=2Ep"),
            ("*", "domicilio.audit.=2A"),
            ("a b>", "domicilio.audit.a=20b=3E"),
        ] {
            assert_eq!(audit(user), subject);
            assert!(matches!(Subject::parse(subject), Subject::Audit(_)));
        }
    }

    #[test]
    fn what_does_not_fit_is_other() {
        for text in ["", "domicilio", "domicilio.orders.ec.x.y", "domicilio.queues.7.72", "domicilio.queues.99.72"] {
            assert_eq!(Subject::parse(text), Subject::Other(text.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn any_text_prints_as_it_was(text in "domicilio\\.[a-z]{1,8}(\\.[a-z0-9=-]{0,6}){0,4}|\\PC{0,40}") {
            prop_assert_eq!(Subject::parse(&text).to_string(), text);
        }
    }
}
