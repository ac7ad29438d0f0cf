//! The rules as tables: one valid order of each format, changed in one place, yields exactly one fault.

use contract::store::StoreState;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const DELIVERY: &str = include_str!("../../tests/samples/delivery.json");
const PICKUP: &str = include_str!("../../tests/samples/pickup.json");
fn sample(format: Format) -> &'static str {
    match format {
        Format::Delivery => DELIVERY,
        Format::Pickup => PICKUP,
    }
}

fn doors(state: StoreState) -> impl Fn(StoreId) -> Option<Door> {
    let country = "ec".parse().expect("a country");
    move |id| (id == StoreId(72)).then_some(Door { country, state })
}

fn judged(format: Format, bytes: &[u8]) -> Result<Accepted, Refused> {
    read(format, bytes, doors(StoreState::Open))
}

/// `code pointer` of each fault.
fn faults(result: Result<Accepted, Refused>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(refused) => refused.faults.iter().map(|fault| format!("{} {}", fault.code, fault.pointer)).collect(),
    }
}

/// The sample with the value at `pointer` replaced, or taken out when `value` is none.
fn changed(format: Format, pointer: &str, value: Option<Value>) -> Vec<u8> {
    let mut document: Value = serde_json::from_str(sample(format)).expect("JSON");
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer below the root");
    match (document.pointer_mut(parent).expect("the parent exists"), value) {
        (Value::Object(object), Some(value)) => {
            object.insert(key.to_owned(), value);
        }
        (Value::Object(object), None) => {
            object.remove(key).expect("the field was there");
        }
        (Value::Array(list), Some(value)) => list[key.parse::<usize>().expect("an index")] = value,
        (other, _) => panic!("{pointer} is in {other}"),
    }
    serde_json::to_vec(&document).expect("JSON")
}

#[test]
fn a_delivery_order_is_read() {
    let order = judged(Format::Delivery, DELIVERY.as_bytes()).expect("a valid order");
    assert_eq!(
        order,
        Accepted {
            channel: Channel::Delivery,
            format: Format::Delivery,
            store: StoreId(72),
            country: "ec".parse().expect("a country"),
            code: "0000700101-070101".parse().expect("a code"),
            total: Some(Total { amount: 139.760_000_000_000_02, currency: None }),
            lines: 2,
            loyalty: None,
            test: true,
        }
    );
}

#[test]
fn a_pickup_order_is_read() {
    let order = judged(Format::Pickup, PICKUP.as_bytes()).expect("a valid order");
    assert_eq!(order.channel, Channel::Pickup);
    assert_eq!(order.total, Some(Total { amount: 139.760_000_000_000_02, currency: Some("USD".to_owned()) }));
    assert_eq!((order.lines, order.loyalty, order.test), (2, Some(Loyalty::Both), true));
    let by_courier = changed(Format::Pickup, "/selectedShippingMethod", Some(json!("delivery")));
    assert_eq!(judged(Format::Pickup, &by_courier).map(|order| order.channel), Ok(Channel::Delivery));
}

#[test]
fn one_change_yields_exactly_its_fault() {
    use Format::{Delivery as D, Pickup as P};
    let none = || None;
    let list = |n: usize| Some(json!(vec![json!({}); n]));
    let cases: Vec<(Format, &str, Option<Value>, &str)> = vec![
        (D, "/cabecera", none(), "missing /cabecera"),
        (D, "/cabecera", Some(json!([])), "header_count /cabecera"),
        (D, "/cabecera", Some(json!({})), "wrong_type /cabecera"),
        (D, "/cabecera/0", Some(json!(null)), "missing /cabecera/0"),
        (D, "/cabecera/0/codigoApp", none(), "missing /cabecera/0/codigoApp"),
        (D, "/cabecera/0/codigoApp", Some(json!(5)), "wrong_type /cabecera/0/codigoApp"),
        (D, "/cabecera/0/codigoApp", Some(json!("con espacio")), "app_code_invalid /cabecera/0/codigoApp"),
        (D, "/cabecera/0/codRestaurante", Some(json!("72")), "wrong_type /cabecera/0/codRestaurante"),
        (D, "/cabecera/0/codRestaurante", Some(json!(72.5)), "wrong_type /cabecera/0/codRestaurante"),
        (D, "/cabecera/0/codRestaurante", Some(json!(0)), "store_id_invalid /cabecera/0/codRestaurante"),
        (D, "/cabecera/0/codRestaurante", Some(json!(-72)), "store_id_invalid /cabecera/0/codRestaurante"),
        (
            D,
            "/cabecera/0/codRestaurante",
            Some(json!(4_294_967_296_u64)),
            "store_id_invalid /cabecera/0/codRestaurante",
        ),
        (D, "/cabecera/0/codRestaurante", Some(json!(73)), "store_unknown /cabecera/0/codRestaurante"),
        (D, "/cabecera/0/totalFactura", Some(json!(null)), "missing /cabecera/0/totalFactura"),
        (D, "/cabecera/0/totalFactura", Some(json!("gratis")), "wrong_type /cabecera/0/totalFactura"),
        (D, "/cabecera/0/totalFactura", Some(json!(-1)), "amount_invalid /cabecera/0/totalFactura"),
        (D, "/cabecera/0/totalFactura", Some(json!(1e300)), "amount_invalid /cabecera/0/totalFactura"),
        (D, "/cabecera/0/totalFactura", Some(json!(139.77)), "payments_short /cabecera/0/totalFactura"),
        (D, "/detalle", none(), "no_lines /detalle"),
        (D, "/detalle", Some(json!([])), "no_lines /detalle"),
        (D, "/detalle", Some(json!("x")), "wrong_type /detalle"),
        (D, "/detalle", list(LINES_MAX + 1), "too_many /detalle"),
        (D, "/detalle/1", Some(json!(7)), "wrong_type /detalle/1"),
        (D, "/detalle/1/codigoApp", Some(json!("otro")), "code_mismatch /detalle/1/codigoApp"),
        (D, "/detalle/1/codigoApp", none(), "missing /detalle/1/codigoApp"),
        (D, "/detalle/0/cantidad", Some(json!(0)), "quantity_invalid /detalle/0/cantidad"),
        (D, "/detalle/0/cantidad", Some(json!(-1)), "quantity_invalid /detalle/0/cantidad"),
        (D, "/detalle/0/cantidad", Some(json!(1e18)), "quantity_invalid /detalle/0/cantidad"),
        (D, "/detalle/0/cantidad", Some(json!(null)), "missing /detalle/0/cantidad"),
        (D, "/detalle/0/cantidad", Some(json!([1])), "wrong_type /detalle/0/cantidad"),
        (D, "/detalle/0/precioBruto", Some(json!(-5.49)), "amount_invalid /detalle/0/precioBruto"),
        (D, "/modificadores", Some(json!(1)), "wrong_type /modificadores"),
        (D, "/modificadores/0/codigoApp", Some(json!("otro")), "code_mismatch /modificadores/0/codigoApp"),
        (D, "/formasPago", none(), "missing /formasPago"),
        (D, "/formasPago", Some(json!([])), "payments_short /cabecera/0/totalFactura"),
        (D, "/formasPago", list(PAYMENTS_MAX + 1), "too_many /formasPago"),
        (D, "/formasPago/0/codigoApp", Some(json!("otro")), "code_mismatch /formasPago/0/codigoApp"),
        (D, "/formasPago/0/totalPagar", Some(json!(null)), "missing /formasPago/0/totalPagar"),
        (D, "/formasPago/0/totalPagar", Some(json!(99.99)), "payments_short /cabecera/0/totalFactura"),
        (P, "/orderId", none(), "missing /orderId"),
        (P, "/orderId", Some(json!("")), "app_code_invalid /orderId"),
        (P, "/store", none(), "missing /store"),
        (P, "/store/id", Some(json!("72")), "wrong_type /store/id"),
        (P, "/store/id", Some(json!(7)), "store_unknown /store/id"),
        (P, "/selectedShippingMethod", none(), "missing /selectedShippingMethod"),
        (P, "/selectedShippingMethod", Some(json!("drone")), "shipping_method_unknown /selectedShippingMethod"),
        (P, "/accumulatePoints", Some(json!("si")), "wrong_type /accumulatePoints"),
        (P, "/order", Some(json!(null)), "missing /order"),
        (P, "/order/products", none(), "no_lines /order/products"),
        (P, "/order/products/0/quantity", Some(json!(0)), "quantity_invalid /order/products/0/quantity"),
        (
            P,
            "/order/products/0/price/totalPrice/currencyCode",
            Some(json!("usd")),
            "currency_invalid /order/products/0/price/totalPrice/currencyCode",
        ),
        (
            P,
            "/order/products/0/price/totalPrice/total",
            Some(json!(-1)),
            "amount_invalid /order/products/0/price/totalPrice/total",
        ),
        (P, "/payments", none(), "missing /payments"),
        (P, "/payments/totals", none(), "missing /payments/totals"),
        (P, "/payments/totals/0/total", none(), "missing /payments/totals/0/total"),
        (P, "/payments/totals/0/total", Some(json!(140)), "payments_short /payments/totals/0/total"),
        (
            P,
            "/payments/totals/1/currencyCode",
            Some(json!("puntos")),
            "currency_invalid /payments/totals/1/currencyCode",
        ),
        (P, "/payments/paymentMethods", Some(json!([])), "payments_short /payments/totals/0/total"),
        (P, "/payments/paymentMethods/0/totalBill", Some(json!(null)), "payments_short /payments/totals/0/total"),
        (
            P,
            "/payments/paymentMethods/0/totalBill",
            Some(json!("x")),
            "wrong_type /payments/paymentMethods/0/totalBill",
        ),
        (P, "/payments/paymentMethods/0/currencyCode", Some(json!("COP")), "payments_short /payments/totals/0/total"),
    ];
    for (format, pointer, value, wanted) in cases {
        let payload = changed(format, pointer, value.clone());
        assert_eq!(faults(judged(format, &payload)), [wanted], "{format:?} {pointer} = {value:?}");
    }
}

#[test]
fn what_intake_need_not_know_is_not_judged() {
    use Format::{Delivery as D, Pickup as P};
    for (format, pointer, value) in [
        (D, "/modificadores", Some(json!(null))),
        (D, "/modificadores/0/codigoApp", None),
        (D, "/calback_url", None),
        (D, "/cabecera/0/fechaPedido", Some(json!(20_261_123))),
        (D, "/cabecera/0/totalFactura", Some(json!(25_000))),
        (D, "/detalle/0/precioBruto", Some(json!(null))),
        (D, "/formasPago/0/totalPagar", Some(json!(50_000))),
        (P, "/client", Some(json!(null))),
        (P, "/accumulatePoints", Some(json!(null))),
        (P, "/order/products/0/price", None),
        (P, "/payments/totals/1/total", Some(json!(null))),
        (P, "/marketing", Some(json!([1, 2, 3]))),
    ] {
        let mut payload = changed(format, pointer, value.clone());
        if pointer == "/cabecera/0/totalFactura" {
            let text = String::from_utf8(payload).expect("UTF-8");
            payload = text.replace(r#""totalPagar":100"#, r#""totalPagar":25000"#).into_bytes();
        }
        assert_eq!(faults(judged(format, &payload)), [""; 0], "{format:?} {pointer} = {value:?}");
    }
}

#[test]
fn all_faults_are_told_at_once_and_bounded() {
    let payload = json!({
        "cabecera": [{ "codigoApp": "a b", "codRestaurante": 99, "totalFactura": 10 }],
        "detalle": [],
        "formasPago": [{ "codigoApp": "x", "totalPagar": 1 }],
    });
    assert_eq!(
        faults(judged(Format::Delivery, payload.to_string().as_bytes())),
        [
            "app_code_invalid /cabecera/0/codigoApp",
            "no_lines /detalle",
            "payments_short /cabecera/0/totalFactura",
            "store_unknown /cabecera/0/codRestaurante",
        ]
    );
    let hopeless = changed(Format::Delivery, "/detalle", Some(json!(vec![json!({}); LINES_MAX])));
    assert_eq!(faults(judged(Format::Delivery, &hopeless)).len(), FAULTS_MAX);
}

#[test]
fn the_wrong_endpoint_is_told() {
    let told = |format, payload: &str| match judged(format, payload.as_bytes()) {
        Err(refused) => (faults(Err(refused.clone())), refused.faults[0].message.clone()),
        Ok(order) => panic!("{order:?}"),
    };
    let (codes, message) = told(Format::Delivery, PICKUP);
    assert_eq!(codes, ["format_unknown "]);
    assert!(message.contains("/pickup/api/v3/pedidoApp"), "{message}");
    let (codes, message) = told(Format::Pickup, DELIVERY);
    assert_eq!(codes, ["format_unknown "]);
    assert!(message.contains("/api/restApp/pedidoApp"), "{message}");
    for payload in ["{}", "[]", "null", "7", "\"cabecera\""] {
        assert_eq!(told(Format::Delivery, payload).0, ["format_unknown "], "{payload}");
    }
}

#[test]
fn a_repeated_key_that_matters_is_refused_and_others_are_not() {
    let twice = DELIVERY.replacen(r#""medio": "APP""#, r#""medio": "APP", "codigoApp": "otro""#, 1);
    assert_eq!(faults(judged(Format::Delivery, twice.as_bytes())), ["duplicate_key /cabecera/0/codigoApp"]);
    let twice = PICKUP.replacen(r#""id": 72"#, r#""id": 72, "id": 73"#, 1);
    assert_eq!(faults(judged(Format::Pickup, twice.as_bytes())), ["duplicate_key /store/id"]);
    let harmless = DELIVERY.replacen(r#""medio": "APP""#, r#""medio": "APP", "medio": "WEB""#, 1);
    assert_eq!(faults(judged(Format::Delivery, harmless.as_bytes())), [""; 0]);
}

#[test]
fn a_closed_store_refuses_but_the_order_is_known() {
    for (state, code) in [(StoreState::Paused, "store_paused"), (StoreState::Disabled, "store_disabled")] {
        let refused = read(Format::Pickup, PICKUP.as_bytes(), doors(state)).expect_err("closed");
        assert_eq!(refused.faults[0].code, code);
        assert_eq!(refused.closed.map(|order| order.code.to_string()), Some("0000700102-070103".to_owned()));
        let broken = changed(Format::Pickup, "/order/products", None);
        let refused = read(Format::Pickup, &broken, doors(state)).expect_err("closed and broken");
        assert_eq!((refused.faults.len(), refused.closed), (2, None));
    }
}

#[test]
fn points_are_covered_by_the_account_only_when_the_order_redeems() {
    let plain = PICKUP
        .replace(r#""redeemPoints": true"#, r#""redeemPoints": false"#)
        .replace(r#""redeemed": true"#, r#""redeemed": false"#);
    assert_eq!(faults(judged(Format::Pickup, plain.as_bytes())), ["payments_short /payments/totals/1/total"]);
    let paid = plain
        .replace(r#""paymentMethods": ["#, r#""paymentMethods": [ { "currencyCode": "Points", "totalBill": 250 },"#);
    let order = judged(Format::Pickup, paid.as_bytes()).expect("points paid as a method");
    assert_eq!(order.loyalty, Some(Loyalty::Accrue));
}

#[test]
fn one_currency_has_one_total() {
    let twice =
        PICKUP.replacen(r#""currencyCode": "Points", "subtotalWithoutTaxes""#, r#""currencyCode": "USD", "x""#, 1);
    let found = faults(judged(Format::Pickup, twice.as_bytes()));
    assert!(found.contains(&"currency_repeated /payments/totals/1/total".to_owned()), "{found:?}");
}

#[test]
fn the_marker_alone_in_one_place_is_no_test() {
    for (format, pointer) in [(Format::Delivery, "/cabecera/0/nombresCliente"), (Format::Pickup, "/client/lastName")] {
        let payload = changed(format, pointer, Some(json!("Ana Ficticia")));
        assert_eq!(judged(format, &payload).map(|order| order.test), Ok(false));
    }
    assert!(!is_test(&[], &[]));
}

#[test]
fn no_fault_repeats_what_the_payload_says() {
    const SECRET: &str = "Secreto Personal ñ";
    for format in [Format::Delivery, Format::Pickup] {
        let mut document: Value = serde_json::from_str(sample(format)).expect("JSON");
        blot(&mut document, SECRET);
        let refused = judged(format, document.to_string().as_bytes()).expect_err("nothing fits");
        let told = serde_json::to_string(&refused.faults).expect("JSON");
        assert!(refused.faults.len() > 3 && !told.contains("Secreto"), "{told}");
    }
}

/// Every leaf becomes `text`.
fn blot(node: &mut Value, text: &str) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| blot(item, text)),
        Value::Object(fields) => fields.values_mut().for_each(|field| blot(field, text)),
        leaf => *leaf = Value::String(text.to_owned()),
    }
}

/// Any JSON, often with the keys that the rules look for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "cabecera",
        "codigoApp",
        "codRestaurante",
        "totalFactura",
        "detalle",
        "cantidad",
        "precioBruto",
        "modificadores",
        "formasPago",
        "totalPagar",
        "orderId",
        "store",
        "id",
        "order",
        "products",
        "quantity",
        "price",
        "totalPrice",
        "currencyCode",
        "total",
        "payments",
        "totals",
        "paymentMethods",
        "totalBill",
        "selectedShippingMethod",
        "x",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

/// Every place of a document.
fn pointers(node: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match node {
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| pointers(item, &format!("{at}/{i}"), all)),
        Value::Object(fields) => fields.iter().for_each(|(key, field)| pointers(field, &format!("{at}/{key}"), all)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_json_is_judged_without_panic(document in any_json(), pickup: bool) {
        let format = if pickup { Format::Pickup } else { Format::Delivery };
        if let Err(refused) = judged(format, document.to_string().as_bytes()) {
            prop_assert!((1..=FAULTS_MAX).contains(&refused.faults.len()));
        }
    }

    #[test]
    fn a_sample_with_bytes_changed_is_judged_without_panic(at: prop::sample::Index, byte: u8, pickup: bool) {
        let format = if pickup { Format::Pickup } else { Format::Delivery };
        // Without the newline behind it, which is no part of the order.
        let mut payload = sample(format).trim_end().as_bytes().to_vec();
        let at = at.index(payload.len());
        payload[at] = byte;
        let _ = judged(format, &payload);
        prop_assert!(judged(format, &payload[..at]).is_err(), "half a body is never an order");
    }

    #[test]
    fn any_place_replaced_points_at_places_that_exist(at: prop::sample::Index, with in any_json(), pickup: bool) {
        let format = if pickup { Format::Pickup } else { Format::Delivery };
        let mut document: Value = serde_json::from_str(sample(format)).expect("JSON");
        let mut all = Vec::new();
        pointers(&document, "", &mut all);
        *document.pointer_mut(&all[at.index(all.len())]).expect("listed above") = with;
        if let Err(refused) = judged(format, document.to_string().as_bytes()) {
            for fault in refused.faults {
                // The place itself, or the object that lacks the field.
                let parent = fault.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                prop_assert!(document.pointer(parent).is_some(), "{fault}");
            }
        }
    }
}
