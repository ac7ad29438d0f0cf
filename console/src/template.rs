//! Test orders that no kitchen cooks: typed templates of both formats with generated ids.
//!
//! Whatever is built here carries the marker [`MARKER`] in name, street and observations, and an invented
//! person only. Building is pure: time and seed come from outside.

mod delivery;
mod pickup;

use contract::order::{Format, Loyalty};
use contract::{AppCode, OrderId, StoreId, StoreRecord, UtcMs};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::effect::PlannedOrder;

/// Kitchens know not to cook an order that says so.
pub const MARKER: &str = "Prueba No Despachar";

/// The invented customer, with a name that no person has.
const PERSON: &str = "Persona Ejemplo";
/// A phone number that is nobody's.
const PHONE: &str = "0990000000";
/// An address of a domain that is reserved for examples (RFC 2606).
const EMAIL: &str = "persona@example.com";
/// A document number that is nobody's.
const DOCUMENT: &str = "0000000000";

/// Which test order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// To a door, the v2 format.
    Delivery,
    /// Fetched at the store, the v3 format.
    Pickup,
    /// The same, a part of it paid with loyalty points.
    Redeem,
    /// The same, earning loyalty points.
    Accrue,
    /// The same, spending points and earning some.
    Both,
}

impl Kind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Delivery, Self::Pickup, Self::Redeem, Self::Accrue, Self::Both];

    /// Its name in scripts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Pickup => "pickup",
            Self::Redeem => "redeem",
            Self::Accrue => "accrue",
            Self::Both => "both",
        }
    }

    /// The format in which it is written.
    pub const fn format(self) -> Format {
        match self {
            Self::Delivery => Format::Delivery,
            Self::Pickup | Self::Redeem | Self::Accrue | Self::Both => Format::Pickup,
        }
    }

    /// What it does to the customer's loyalty points.
    pub const fn loyalty(self) -> Option<Loyalty> {
        match self {
            Self::Delivery | Self::Pickup => None,
            Self::Redeem => Some(Loyalty::Redeem),
            Self::Accrue => Some(Loyalty::Accrue),
            Self::Both => Some(Loyalty::Both),
        }
    }

    /// The one after, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        self.away(1)
    }

    /// The one before, round and round.
    #[must_use]
    pub fn previous(self) -> Self {
        self.away(Self::ALL.len() - 1)
    }

    fn away(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0);
        Self::ALL[(at + steps) % Self::ALL.len()]
    }
}

/// One step of `SplitMix64`: the next seed, and 64 well-mixed bits of this one.
pub const fn next_seed(seed: u64) -> (u64, u64) {
    let next = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = next;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (next, bits ^ (bits >> 31))
}

/// Midday at the store, on the day that it is there at `now`.
pub fn midday(store: &StoreRecord, now: UtcMs) -> UtcMs {
    let zone = TimeZone::get(store.zone()).unwrap_or(TimeZone::UTC);
    let midday = zone.to_timestamp(local(store, now).date().at(12, 0, 0, 0));
    midday.map_or(now, UtcMs::from)
}

/// A code for a test order, recognisable at sight: `PRUEBA-20261123-1a2b3c4d`.
pub fn test_code(store: &StoreRecord, now: UtcMs, bits: u64) -> Option<AppCode> {
    let day = local(store, now).strftime("%Y%m%d").to_string();
    // 32 bits: two test orders of one store and day with the same code are refused, not cooked.
    format!("PRUEBA-{day}-{:08x}", bits >> 32).parse().ok()
}

/// Builds a test order for `store`, ready to be sent.
pub fn build(kind: Kind, store: &StoreRecord, code: AppCode, now: UtcMs) -> PlannedOrder {
    let body = match kind.format() {
        Format::Delivery => serde_json::to_vec(&delivery::order(store, &code, now)),
        Format::Pickup => serde_json::to_vec(&pickup::order(store, &code, now, kind.loyalty())),
    };
    PlannedOrder {
        template: kind,
        order: OrderId { store: store.id, code },
        country: store.country,
        place: format!("{} {}", store.code, store.name),
        // Structs of strings and numbers always serialise; were it not so, intake would refuse an empty body.
        body: body.unwrap_or_default(),
    }
}

/// Whether a body carries the marker where kitchens look for it: name, street and observations. The last guard
/// before a test order is sent.
pub fn is_marked(format: Format, body: &[u8]) -> bool {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else { return false };
    let marked = |place: &&str| json.pointer(place).and_then(|text| text.as_str()).is_some_and(|t| t.contains(MARKER));
    places(format).iter().all(marked)
}

/// The order that a body says it is: what its head has is what counts at the door.
pub fn identity(format: Format, body: &[u8]) -> Option<OrderId> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let (store, code) = match format {
        Format::Delivery => ("/cabecera/0/codRestaurante", "/cabecera/0/codigoApp"),
        Format::Pickup => ("/store/id", "/orderId"),
    };
    let store = StoreId(json.pointer(store)?.as_u64()?.try_into().ok()?);
    Some(OrderId { store, code: json.pointer(code)?.as_str()?.parse().ok()? })
}

/// JSON pointers to name, street and observations.
const fn places(format: Format) -> &'static [&'static str] {
    match format {
        Format::Delivery => {
            &["/cabecera/0/nombresCliente", "/cabecera/0/calle1Domicilio", "/cabecera/0/observacionesDomicilio"]
        }
        Format::Pickup => &["/client/lastName", "/shippingMethod/delivery/mainStreet", "/orderComment"],
    }
}

/// The store's wall clock at `now`.
fn local(store: &StoreRecord, now: UtcMs) -> DateTime {
    TimeZone::get(store.zone()).unwrap_or(TimeZone::UTC).to_datetime(now.timestamp())
}

/// The invented order: two of one thing, one of another.
const LINES: [Product; 2] = [
    Product { code: 11, name: "Combo Ejemplo", quantity: 2, price: 5.99, points: None },
    Product { code: 16, name: "Bebida Ejemplo", quantity: 1, price: 3.0, points: Some(300.0) },
];

/// Sum of [`LINES`]; a test holds it against them.
const TOTAL: f64 = 14.98;

struct Product {
    code: u32,
    name: &'static str,
    quantity: u32,
    price: f64,
    /// What one costs in loyalty points, where it can be had for them.
    points: Option<f64>,
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn store(id: u32, name: &str, country: &str) -> StoreRecord {
        serde_json::from_value(serde_json::json!({
            "id": id, "code": "K024", "name": name, "country": country, "pos_url": "http://127.0.0.1:9/"
        }))
        .unwrap()
    }

    /// A test order for other tests of this crate.
    pub(crate) fn order(kind: Kind) -> PlannedOrder {
        let store = store(72, "EL NORTE", "ec");
        build(kind, &store, "PRUEBA-1".parse().unwrap(), UtcMs::from_millis(1_795_472_957_120))
    }

    #[test]
    fn the_total_is_the_sum_of_the_lines() {
        let sum: f64 = LINES.iter().map(|line| line.price * f64::from(line.quantity)).sum();
        assert!((sum - TOTAL).abs() < 0.001, "{sum}");
    }

    #[test]
    fn a_missing_marker_is_noticed_wherever_kitchens_look() {
        for kind in Kind::ALL {
            let order = order(kind);
            let format = order.template.format();
            assert!(is_marked(format, &order.body));
            for place in places(format) {
                let mut json: serde_json::Value = serde_json::from_slice(&order.body).unwrap();
                *json.pointer_mut(place).unwrap() = "somebody".into();
                assert!(!is_marked(format, json.to_string().as_bytes()), "{place}");
            }
        }
        assert!(!is_marked(Format::Delivery, b"{}"));
        assert!(!is_marked(Format::Delivery, b"no json"));
    }

    #[test]
    fn what_is_paid_with_points_is_marked_and_counted_apart() {
        let totals = |kind| {
            let json: serde_json::Value = serde_json::from_slice(&order(kind).body).unwrap();
            let flag = |name: &str| json[name].as_bool().unwrap();
            let of = |at: &serde_json::Value| {
                (at["currencyCode"].as_str().unwrap().to_owned(), at["total"].as_f64().unwrap())
            };
            let totals: Vec<_> = json["payments"]["totals"].as_array().unwrap().iter().map(of).collect();
            let products = json["order"]["products"].as_array().unwrap();
            for line in products {
                let redeemed = line["additionalInfo"]["redeemed"].as_bool().unwrap();
                assert_eq!(redeemed, line["price"]["totalPrice"]["currencyCode"] == "Points", "{line}");
            }
            let redeemed = products.iter().filter(|line| line["additionalInfo"]["redeemed"] == true).count();
            (flag("accumulatePoints"), flag("redeemPoints"), redeemed, totals)
        };
        let money = |amount: f64| ("USD".to_owned(), amount);
        let points = ("Points".to_owned(), 300.0);
        assert_eq!(totals(Kind::Pickup), (false, false, 0, vec![money(14.98)]));
        assert_eq!(totals(Kind::Accrue), (true, false, 0, vec![money(14.98)]));
        assert_eq!(totals(Kind::Redeem), (false, true, 1, vec![money(11.98), points.clone()]));
        assert_eq!(totals(Kind::Both), (true, true, 1, vec![money(11.98), points]));
    }

    #[test]
    fn going_round_the_templates_leads_to_each() {
        for kind in Kind::ALL {
            assert_eq!(kind.next().previous(), kind);
        }
        assert_eq!(Kind::Both.next(), Kind::Delivery);
    }

    #[test]
    fn dates_are_the_stores_own() {
        // 22:29 UTC is 17:29 in Guayaquil; 03:00 UTC is the day before.
        let store = store(72, "EL NORTE", "ec");
        let night = "2026-11-24T03:00:00Z".parse().unwrap();
        let code = test_code(&store, night, u64::MAX).unwrap();
        assert_eq!(code.as_str(), "PRUEBA-20261123-ffffffff");
    }

    proptest! {
        #[test]
        fn every_test_order_is_marked_and_names_its_store(
            id in 1_u32.., name in "\\PC{1,80}", seed: u64, at in 0_i64..4_102_444_800_000,
            kind in proptest::sample::select(&Kind::ALL[..]),
            country in "ec|co|cl|ve|zz",
        ) {
            let store = store(id, &name, &country);
            let now = UtcMs::from_millis(at);
            let code = test_code(&store, now, next_seed(seed).1).unwrap();
            let order = build(kind, &store, code.clone(), now);
            prop_assert!(is_marked(kind.format(), &order.body));
            prop_assert_eq!(order.order.store, StoreId(id));
            prop_assert_eq!(&order.order.code, &code);
            prop_assert_eq!(identity(kind.format(), &order.body), Some(order.order));
        }

        #[test]
        fn seeds_do_not_repeat_soon(seed: u64) {
            let mut seen = std::collections::BTreeSet::new();
            let mut seed = seed;
            for _ in 0..1_000 {
                let (next, bits) = next_seed(seed);
                seed = next;
                prop_assert!(seen.insert(bits));
            }
        }
    }
}
