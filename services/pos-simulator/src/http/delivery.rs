//! Who an order is and where it goes, from path and headers. Pure.
//!
//! The key must be there, and the store: in its header, or in a path `/stores/{id}/...`. What is there must agree: an
//! order that reaches the POS of another store is refused, and not cooked in the wrong kitchen.

use std::str::FromStr;

use axum::http::HeaderMap;
use contract::{Fault, OrderId, StoreId, header};

use crate::simulator::Delivery;

/// Longest idempotency key, in characters. An order id, the longest key that the order path makes, has at most 203.
const KEY_CHARS_MAX: usize = 256;

/// Reads the delivery; the fault, if any, is for the caller.
pub(super) fn read(path: &str, headers: &HeaderMap) -> Result<Delivery, Fault> {
    let key = match text(headers, header::IDEMPOTENCY_KEY)? {
        Some(key) if (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) => key,
        Some(_) => {
            return Err(Fault::new("bad_header", "", "Idempotency-Key must be 1 to 256 visible ASCII characters."));
        }
        None => return Err(Fault::new("key_missing", "", "The header Idempotency-Key must be there.")),
    };
    let order: Option<OrderId> = value(headers, header::POS_ORDER)?;
    let store = store(path, headers, order.as_ref())?;
    Ok(Delivery {
        store,
        key: key.to_owned(),
        order,
        attempt: value(headers, header::POS_ATTEMPT)?,
        sequence: value(headers, header::POS_SEQUENCE)?,
    })
}

fn store(path: &str, headers: &HeaderMap, order: Option<&OrderId>) -> Result<StoreId, Fault> {
    let in_header: Option<StoreId> = value(headers, header::POS_STORE)?;
    let in_path = match path.strip_prefix("/stores/") {
        Some(rest) => {
            let id = rest.split('/').next().unwrap_or_default();
            Some(id.parse().map_err(|error| Fault::new("bad_store", "", format!("In the path, {error}.")))?)
        }
        None => None,
    };
    let Some(store) = in_header.or(in_path) else {
        return Err(Fault::new(
            "store_missing",
            "",
            "The store must be told by the header Domicilio-Store or by a path /stores/{id}/...",
        ));
    };
    let in_order = order.map(|order| order.store);
    if [in_path, in_order].into_iter().flatten().any(|other| other != store) {
        return Err(Fault::new("store_mismatch", "", "Header, path and order do not name the same store."));
    }
    Ok(store)
}

/// A header's value as text; none when the header is not there.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Fault> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| Fault::new("bad_header", "", format!("{name} must be visible ASCII.")))
        }
        (Some(_), Some(_)) => Err(Fault::new("bad_header", "", format!("{name} must be there only once."))),
    }
}

/// A header's value as `T`; none when the header is not there.
fn value<T: FromStr<Err: std::fmt::Display>>(headers: &HeaderMap, name: &str) -> Result<Option<T>, Fault> {
    match text(headers, name)? {
        Some(text) => match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Fault::new("bad_header", "", format!("In {name}, {error}."))),
        },
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            let name: HeaderName = name.parse().expect("a header name");
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        }
        headers
    }

    const KEY: (&str, &str) = ("Idempotency-Key", "72.A-1");

    #[test]
    fn all_that_the_order_path_sends() {
        let headers = headers(&[
            KEY,
            ("Domicilio-Order", "72.A-1"),
            ("Domicilio-Store", "72"),
            ("Domicilio-Attempt", "3"),
            ("Domicilio-Sequence", "1234567890123"),
        ]);
        let delivery = read("/any/path", &headers).expect("a delivery");
        assert_eq!(delivery.store, StoreId(72));
        assert_eq!(delivery.order.map(|order| order.to_string()).as_deref(), Some("72.A-1"));
        assert_eq!((delivery.attempt, delivery.sequence), (Some(3), Some(1_234_567_890_123)));
    }

    #[test]
    fn the_path_can_tell_the_store() {
        for path in ["/stores/72", "/stores/72/", "/stores/72/orders"] {
            let delivery = read(path, &headers(&[KEY])).expect(path);
            assert_eq!((delivery.store, delivery.order, delivery.attempt), (StoreId(72), None, None));
        }
    }

    #[test]
    fn what_does_not_tell_enough_or_contradicts_itself_is_refused() {
        let store = ("Domicilio-Store", "72");
        let long = "x".repeat(257);
        for (path, list, code) in [
            ("/stores/72", &[][..], "key_missing"),
            ("/stores/72", &[("Idempotency-Key", "")], "bad_header"),
            ("/stores/72", &[("Idempotency-Key", "a b")], "bad_header"),
            ("/stores/72", &[("Idempotency-Key", "ñ")], "bad_header"),
            ("/stores/72", &[("Idempotency-Key", &long)], "bad_header"),
            ("/stores/72", &[KEY, KEY], "bad_header"),
            ("/", &[KEY], "store_missing"),
            ("/stores", &[KEY], "store_missing"),
            ("/stores/", &[KEY], "bad_store"),
            ("/stores/x/orders", &[KEY], "bad_store"),
            ("/stores/072", &[KEY], "bad_store"),
            ("/", &[KEY, ("Domicilio-Store", "-1")], "bad_header"),
            ("/stores/73/orders", &[KEY, store], "store_mismatch"),
            ("/", &[KEY, store, ("Domicilio-Order", "73.A-1")], "store_mismatch"),
            ("/", &[KEY, store, ("Domicilio-Order", "no order")], "bad_header"),
            ("/", &[KEY, store, ("Domicilio-Attempt", "first")], "bad_header"),
            ("/", &[KEY, store, ("Domicilio-Sequence", "-1")], "bad_header"),
        ] {
            let fault = read(path, &headers(list)).expect_err(path);
            assert_eq!(fault.code, code, "{path} {list:?}: {fault}");
        }
    }
}
