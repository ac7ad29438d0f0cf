//! The one place through which anything that changes the world is published. What it forbids, nothing goes past:
//! neither a confirmation nor `--yes`, nor a mistake in the part that plans.

use bytes::Bytes;
use contract::order::Digest;
use contract::{StoreId, UtcMs};

use crate::effect::{Planned, PlannedOrder};
use crate::state::access::{Marks, TestOrders};
use crate::template;

/// Longest body of a command, in bytes; a test order has about two thousand.
const BODY_BYTES_MAX: usize = 64 * 1_024;

/// The same of a command with a payload: intake takes 512 KiB, and quoting it as a text of JSON makes it longer.
const PAYLOAD_BYTES_MAX: usize = 800 * 1_024;

/// Why something is not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The context opens read-only, and is not unlocked.
    #[error("this context is read-only")]
    ReadOnly,
    /// No test orders here.
    #[error("no test orders go to this context: the settings do not allow them (`test-orders`)")]
    TestOrdersOff,
    /// None to this store.
    #[error("store {0} gets no test orders: it is not among `test-stores` in the settings")]
    TestStore(StoreId),
    /// A test order that a kitchen might cook.
    #[error("the order does not carry the marker \"{}\" in name, street and observations", template::MARKER)]
    NotMarked,
    /// The payload is of another order or another store than was planned.
    #[error("the payload is not of the order that was planned")]
    AnotherOrder,
    /// The edited payload is missing, or not the one that was confirmed.
    #[error("the edited payload is not the one that was confirmed")]
    AnotherPayload,
    /// The record breaks a rule of records.
    #[error("the store's record breaks a rule: {0}")]
    Record(String),
    /// More than anything of ours has.
    #[error("{0} bytes are more than may be sent ({1})")]
    TooLong(usize, usize),
}

/// What may be done on a bus, whatever is planned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether nothing may be changed unless it is unlocked.
    read_only: bool,
    /// Until when it is.
    unlocked_until: Option<UtcMs>,
    /// Where test orders may go.
    test_orders: TestOrders,
}

impl Policy {
    /// As the settings mark a context.
    pub fn of(marks: &Marks) -> Self {
        Self { read_only: marks.read_only, unlocked_until: None, test_orders: marks.test_orders.clone() }
    }

    /// Lets changes pass until then; `None` = no more.
    pub const fn unlock(&mut self, until: Option<UtcMs>) {
        self.unlocked_until = until;
    }

    fn is_locked(&self, now: UtcMs) -> bool {
        self.read_only && self.unlocked_until.is_none_or(|until| until <= now)
    }
}

/// A request that passed the guard; made nowhere else.
#[derive(Debug, Clone)]
pub struct Allowed {
    subject: String,
    headers: async_nats::HeaderMap,
    body: Bytes,
}

impl Allowed {
    /// Subject, headers and body.
    pub fn into_parts(self) -> (String, async_nats::HeaderMap, Bytes) {
        (self.subject, self.headers, self.body)
    }
}

/// Checks a change; only what comes out of here is published. `payload` is the edited payload, where there is one.
pub fn check(planned: &Planned, payload: Option<&str>, policy: &Policy, now: UtcMs) -> Result<Allowed, Forbidden> {
    if policy.is_locked(now) {
        return Err(Forbidden::ReadOnly);
    }
    match planned {
        Planned::Inject(order) => test_order(order, policy)?,
        Planned::Store { record, .. } => {
            if let Some(fault) = record.faults().first() {
                return Err(Forbidden::Record(fault.to_string()));
            }
        }
        Planned::Decide(_)
        | Planned::Command { .. }
        | Planned::LogLevel { .. }
        | Planned::Release(_)
        | Planned::PingPos { .. }
        | Planned::Move(_)
        | Planned::Reveal(_) => {}
    }
    if planned.draft().map(|draft| &draft.digest) != payload.map(|text| Digest::of(text.as_bytes())).as_ref() {
        return Err(Forbidden::AnotherPayload);
    }
    let body = planned.body(payload);
    let limit = if payload.is_some() { PAYLOAD_BYTES_MAX } else { BODY_BYTES_MAX };
    if body.len() > limit {
        return Err(Forbidden::TooLong(body.len(), limit));
    }
    let mut headers = async_nats::HeaderMap::new();
    for (name, value) in planned.headers() {
        headers.insert(name, value);
    }
    Ok(Allowed { subject: planned.subject(), headers, body: body.into() })
}

/// What a test order says of itself counts, not what was planned.
fn test_order(order: &PlannedOrder, policy: &Policy) -> Result<(), Forbidden> {
    let format = order.template.format();
    if policy.test_orders == TestOrders::Off {
        return Err(Forbidden::TestOrdersOff);
    }
    if !template::is_marked(format, &order.body) {
        return Err(Forbidden::NotMarked);
    }
    let id = template::identity(format, &order.body).ok_or(Forbidden::AnotherOrder)?;
    if id != order.order {
        return Err(Forbidden::AnotherOrder);
    }
    if !policy.test_orders.may_go_to(id.store) {
        return Err(Forbidden::TestStore(id.store));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use contract::Service;
    use contract::command::Verb;
    use contract::{Country, header};

    use super::*;
    use crate::effect::{Decide, Draft, Fence, Verdict};
    use crate::template::Kind;

    fn now() -> UtcMs {
        UtcMs::from_millis(1_000)
    }

    fn passes(planned: &Planned, policy: &Policy) -> Result<Allowed, Forbidden> {
        check(planned, None, policy, now())
    }

    fn refused(planned: &Planned, policy: &Policy) -> Option<Forbidden> {
        passes(planned, policy).err()
    }

    fn inject(kind: Kind) -> Planned {
        Planned::Inject(template::tests::order(kind))
    }

    /// One of each kind of change.
    fn every() -> Vec<Planned> {
        let (service, instance) = (Service::Resolver, "queue-resolver-1".parse().unwrap());
        let record = serde_json::json!({ "id": 72, "code": "K024", "name": "EL NORTE", "country": "ec", "pos_url": "http://127.0.0.1:9/" });
        vec![
            inject(Kind::Both),
            Planned::Command { service, instance, verb: Verb::Ping },
            Planned::LogLevel { service, instance: "queue-resolver-1".parse().unwrap(), filter: "debug".to_owned() },
            Planned::Decide(decide(Verdict::Solve)),
            Planned::Store { record: serde_json::from_value(record).unwrap(), fence: Fence::Record(7) },
            Planned::PingPos { instance: "queue-resolver-1".parse().unwrap(), store: StoreId(72) },
        ]
    }

    fn decide(verdict: Verdict) -> Decide {
        Decide {
            id: "c-1".parse().unwrap(),
            order: "72.A-1".parse().unwrap(),
            country: Country::UNKNOWN,
            by: "ana".parse().unwrap(),
            reason: Some("dup".to_owned()),
            verdict,
        }
    }

    #[test]
    fn a_test_order_passes_with_its_format() {
        let order = template::tests::order(Kind::Pickup);
        let (subject, headers, body) =
            passes(&Planned::Inject(order.clone()), &Policy::default()).unwrap().into_parts();
        assert_eq!(subject, "domicilio.cmd.api-domicilio.any.inject");
        assert_eq!(headers.get(header::FORMAT).map(async_nats::HeaderValue::as_str), Some("pickup"));
        assert_eq!(body, order.body);
    }

    #[test]
    fn what_a_kitchen_might_cook_does_not_pass() {
        for kind in Kind::ALL {
            let mut order = template::tests::order(kind);
            order.body = String::from_utf8(order.body).unwrap().replacen(template::MARKER, "please", 1).into_bytes();
            assert_eq!(refused(&Planned::Inject(order.clone()), &Policy::default()), Some(Forbidden::NotMarked));
            // Marked, and for another store than the preview said.
            let mut order = template::tests::order(kind);
            order.order.store = StoreId(73);
            assert_eq!(refused(&Planned::Inject(order), &Policy::default()), Some(Forbidden::AnotherOrder));
        }
    }

    #[test]
    fn test_orders_go_where_the_settings_let_them() {
        let policy = |test_orders| Policy { test_orders, ..Policy::default() };
        let order = inject(Kind::Delivery);
        assert_eq!(refused(&order, &policy(TestOrders::Off)), Some(Forbidden::TestOrdersOff));
        assert_eq!(
            refused(&order, &policy(TestOrders::To([StoreId(9)].into()))),
            Some(Forbidden::TestStore(StoreId(72)))
        );
        assert_eq!(refused(&order, &policy(TestOrders::To([StoreId(72)].into()))), None);
        // Nothing else is a test order.
        for planned in every().iter().filter(|planned| !matches!(planned, Planned::Inject(_))) {
            assert_eq!(refused(planned, &policy(TestOrders::Off)), None);
        }
    }

    #[test]
    fn nothing_passes_a_lock_until_it_is_opened_and_only_for_as_long() {
        let mut policy = Policy { read_only: true, ..Policy::default() };
        for planned in every() {
            assert_eq!(refused(&planned, &policy), Some(Forbidden::ReadOnly));
        }
        policy.unlock(Some(now().plus_millis(1)));
        assert_eq!(refused(&inject(Kind::Pickup), &policy), None);
        policy.unlock(Some(now()));
        assert_eq!(refused(&inject(Kind::Pickup), &policy), Some(Forbidden::ReadOnly));
        policy.unlock(None);
        assert_eq!(refused(&inject(Kind::Pickup), &policy), Some(Forbidden::ReadOnly));
    }

    #[test]
    fn only_the_edited_payload_that_was_confirmed_passes() {
        let payload = "{\"a\":1}";
        let draft = Draft { digest: Digest::of(payload.as_bytes()), bytes: payload.len(), quoted: payload.len() + 4 };
        let planned = Planned::Decide(decide(Verdict::Reinject(Some(draft))));
        let policy = Policy::default();
        let (_, _, body) = check(&planned, Some(payload), &policy, now()).unwrap().into_parts();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["payload"], payload);
        assert_eq!(body.len(), planned.bytes(), "as the preview told");
        for other in [None, Some("{\"a\":2}")] {
            assert_eq!(check(&planned, other, &policy, now()).err(), Some(Forbidden::AnotherPayload));
        }
        let plain = Planned::Decide(decide(Verdict::Reinject(None)));
        assert_eq!(check(&plain, Some(payload), &policy, now()).err(), Some(Forbidden::AnotherPayload));
    }

    #[test]
    fn what_is_too_long_or_breaks_a_rule_does_not_pass() {
        let (service, instance) = (Service::Api, "api-domicilio-1".parse().unwrap());
        let long = Planned::LogLevel { service, instance, filter: "x".repeat(BODY_BYTES_MAX) };
        assert!(matches!(refused(&long, &Policy::default()), Some(Forbidden::TooLong(_, BODY_BYTES_MAX))));
        let Some(Planned::Store { mut record, fence }) =
            every().into_iter().find(|one| matches!(one, Planned::Store { .. }))
        else {
            unreachable!()
        };
        record.name.clear();
        let planned = Planned::Store { record, fence };
        assert!(matches!(refused(&planned, &Policy::default()), Some(Forbidden::Record(_))));
    }
}
