//! The pickup format (v3, English keys) as it is spelt on the wire.

use contract::order::Loyalty;
use contract::{AppCode, StoreRecord, UtcMs};
use serde::Serialize;

use super::{DOCUMENT, EMAIL, LINES, MARKER, PERSON, PHONE, Product, local};

/// The currency of what is paid.
const MONEY: &str = "USD";

/// The currency of loyalty points, as the apps spell it.
const POINTS: &str = "Points";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pickup {
    order_id: AppCode,
    account_id: u32,
    account: &'static str,
    platform: &'static str,
    created_at: String,
    channel_id: u32,
    channel_name: &'static str,
    selected_shipping_method: &'static str,
    accumulate_points: bool,
    redeem_points: bool,
    order_comment: &'static str,
    client: Client,
    store: Store,
    order: Products,
    shipping_method: ShippingMethod,
    payments: Payments,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    uid: &'static str,
    name: &'static str,
    last_name: String,
    phone: &'static str,
    email: &'static str,
    gov_id_type: &'static str,
    gov_id_number: &'static str,
    billing_information: Billing,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Billing {
    business_name: &'static str,
    gov_id_type: &'static str,
    gov_id_number: &'static str,
    phone: &'static str,
    email: &'static str,
    address: &'static str,
}

#[derive(Serialize)]
struct Store {
    id: u32,
    name: String,
    code: String,
}

#[derive(Serialize)]
struct Products {
    products: Vec<ProductLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductLine {
    product_id: u32,
    product: &'static str,
    quantity: u32,
    product_comment: &'static str,
    price: Price,
    modifier_groups: [(); 0],
    additional_info: LineInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    unit_price: Amount,
    total_price: Amount,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Amount {
    currency_code: &'static str,
    total: f64,
}

#[derive(Serialize)]
struct LineInfo {
    redeemed: bool,
    sort: usize,
}

#[derive(Serialize)]
struct ShippingMethod {
    delivery: Place,
    pickup: Fetch,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    main_street: String,
    secondary_street: &'static str,
    observations_address: &'static str,
    number_contact_address: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fetch {
    pickup_date: String,
    prep_date: String,
    prep_time_unit: &'static str,
    prep_time: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payments {
    totals: Vec<Amount>,
    payment_methods: [Paid; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Paid {
    processor: &'static str,
    currency_code: &'static str,
    payment_method_code: &'static str,
    transaction_status: &'static str,
    exact_payment: bool,
    total_bill: f64,
}

pub(super) fn order(store: &StoreRecord, code: &AppCode, now: UtcMs, loyalty: Option<Loyalty>) -> Pickup {
    /// Minutes until the customer would come.
    const PREPARATION_MIN: u32 = 10;
    let written = |at: UtcMs| local(store, at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let ready = written(now.plus_millis(i64::from(PREPARATION_MIN) * 60_000));
    let redeems = matches!(loyalty, Some(Loyalty::Redeem | Loyalty::Both));
    let bill = sum(redeems, MONEY).unwrap_or_default();
    let totals = [MONEY, POINTS].into_iter().filter_map(|currency| Some(amount(currency, sum(redeems, currency)?)));
    Pickup {
        order_id: code.clone(),
        account_id: 1,
        account: "EJEMPLO",
        platform: "domicilio",
        created_at: written(now),
        channel_id: 3,
        channel_name: "Pickup",
        selected_shipping_method: "pickup",
        accumulate_points: matches!(loyalty, Some(Loyalty::Accrue | Loyalty::Both)),
        redeem_points: redeems,
        order_comment: MARKER,
        client: Client {
            uid: "u-ejemplo",
            name: PERSON,
            last_name: format!("Ejemplo - {MARKER}"),
            phone: PHONE,
            email: EMAIL,
            gov_id_type: "CI",
            gov_id_number: DOCUMENT,
            billing_information: Billing {
                business_name: PERSON,
                gov_id_type: "CI",
                gov_id_number: DOCUMENT,
                phone: PHONE,
                email: EMAIL,
                address: MARKER,
            },
        },
        store: Store { id: store.id.0, name: store.name.clone(), code: store.code.clone() },
        order: Products { products: LINES.iter().zip(1..).map(|(line, sort)| product(line, sort, redeems)).collect() },
        shipping_method: ShippingMethod {
            delivery: Place {
                main_street: format!("Calle Uno - {MARKER}"),
                secondary_street: "Calle Dos",
                observations_address: MARKER,
                number_contact_address: PHONE,
            },
            pickup: Fetch {
                pickup_date: ready.clone(),
                prep_date: ready,
                prep_time_unit: "minute",
                prep_time: PREPARATION_MIN,
            },
        },
        payments: Payments {
            totals: totals.collect(),
            payment_methods: [Paid {
                processor: "Ejemplo",
                currency_code: MONEY,
                payment_method_code: "1585",
                transaction_status: "APPROVED",
                exact_payment: true,
                total_bill: bill,
            }],
        },
    }
}

const fn amount(currency_code: &'static str, total: f64) -> Amount {
    Amount { currency_code, total }
}

/// What one of a product costs, and in which currency.
fn price(product: &Product, redeems: bool) -> (&'static str, f64) {
    match product.points.filter(|_| redeems) {
        Some(points) => (POINTS, points),
        None => (MONEY, product.price),
    }
}

/// What the lines in this currency come to; `None` without such a line.
fn sum(redeems: bool, currency: &str) -> Option<f64> {
    let lines = LINES.iter().map(|line| (price(line, redeems), f64::from(line.quantity)));
    let prices = lines.filter(|((of, _), _)| *of == currency).map(|((_, price), quantity)| price * quantity);
    // Cents: sums of floats may be off by less than any.
    prices.reduce(|a, b| a + b).map(|sum| (sum * 100.0).round() / 100.0)
}

fn product(line: &'static Product, sort: usize, redeems: bool) -> ProductLine {
    let (currency, price) = price(line, redeems);
    ProductLine {
        product_id: line.code,
        product: line.name,
        quantity: line.quantity,
        product_comment: MARKER,
        price: Price {
            unit_price: amount(currency, price),
            total_price: amount(currency, price * f64::from(line.quantity)),
        },
        modifier_groups: [],
        additional_info: LineInfo { redeemed: currency == POINTS, sort },
    }
}
