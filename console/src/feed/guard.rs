//! The one place through which anything that changes the world is published.

use bytes::Bytes;
use contract::header;

use crate::effect::Planned;
use crate::template;

/// Longest body that is sent, in bytes; a test order has about two thousand.
const BODY_MAX: usize = 64 * 1_024;

/// Why something is not published. Policy: neither `--yes` nor a confirmation goes past it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// A test order that a kitchen might cook.
    #[error("the order does not carry the marker \"{}\" in name, street and observations", template::MARKER)]
    NotMarked,
    /// More than anything of ours has.
    #[error("{0} bytes are more than may be sent ({BODY_MAX})")]
    TooLong(usize),
}

/// A request that passed the guard.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: async_nats::HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Checks a change; only what comes out of here is published.
pub fn check(planned: &Planned) -> Result<Allowed, Forbidden> {
    if planned.bytes() > BODY_MAX {
        return Err(Forbidden::TooLong(planned.bytes()));
    }
    let mut headers = async_nats::HeaderMap::new();
    let body = match planned {
        Planned::Inject(order) => {
            if !template::is_marked(order.template.format(), &order.body) {
                return Err(Forbidden::NotMarked);
            }
            headers.insert(header::FORMAT, order.template.format().as_str());
            Bytes::from(order.body.clone())
        }
        other => Bytes::from(other.body(None)),
    };
    Ok(Allowed { subject: planned.subject(), headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Kind;
    use contract::Service;
    use contract::command::Verb;

    #[test]
    fn a_test_order_passes_with_its_format() {
        let order = template::tests::order(Kind::Pickup);
        let allowed = check(&Planned::Inject(order.clone())).unwrap();
        assert_eq!(allowed.subject, "domicilio.cmd.api-domicilio.any.inject");
        assert_eq!(allowed.headers.get(header::FORMAT).map(async_nats::HeaderValue::as_str), Some("pickup"));
        assert_eq!(allowed.body, order.body);
    }

    #[test]
    fn what_a_kitchen_might_cook_does_not_pass() {
        let mut order = template::tests::order(Kind::Delivery);
        order.body = String::from_utf8(order.body).unwrap().replacen(template::MARKER, "please", 1).into_bytes();
        assert_eq!(check(&Planned::Inject(order.clone())).err(), Some(Forbidden::NotMarked));
        order.body = vec![b' '; BODY_MAX + 1];
        assert_eq!(check(&Planned::Inject(order)).err(), Some(Forbidden::TooLong(BODY_MAX + 1)));
    }

    #[test]
    fn a_command_has_no_body() {
        let instance = "queue-resolver-1".parse().unwrap();
        let allowed = check(&Planned::Command { service: Service::Resolver, instance, verb: Verb::Pause }).unwrap();
        assert_eq!(allowed.subject, "domicilio.cmd.queue-resolver.queue-resolver-1.pause");
        assert!(allowed.body.is_empty());
    }
}
