//! Format v3 (pickup, and delivery of the newer apps): English keys, one total per currency, loyalty points.
//!
//! Only what intake must know is judged; everything else goes to the POS as it came.

use contract::order::{Channel, Loyalty, Total};

use super::amount::{Amount, covers};
use super::place::{Faults, Place};
use super::{DELIVERY_KEYS, Draft, FaultCode, LINES_MAX, PAYMENTS_MAX, PICKUP_KEYS, app_code, is_test, store_id};

/// The currency of loyalty points.
const POINTS: &str = "Points";

pub(super) fn read<'n>(root: &Place<'n>, faults: &mut Faults) -> Draft<'n> {
    if !root.has_any(&PICKUP_KEYS) {
        let message = if root.has_any(&DELIVERY_KEYS) {
            "This is no v3 order; a v2 order goes to POST /api/restApp/pedidoApp."
        } else {
            "This is no v3 order: an object with orderId, store, order and payments."
        };
        faults.add(FaultCode::FormatUnknown, root, message);
        return Draft::default();
    }
    let mut draft = Draft::default();
    let code = faults.field(root, "orderId");
    draft.code = app_code(&code, faults);
    let store = faults.field(root, "store");
    if faults.object(&store) {
        let id = faults.field(&store, "id");
        draft.store = store_id(id, faults);
    }
    draft.channel = channel(root, faults);

    let redeemed = lines(root, &mut draft, faults);
    let accrue = faults.field(root, "accumulatePoints");
    let redeem = faults.field(root, "redeemPoints");
    let (accrues, redeems) = (faults.flag(&accrue), faults.flag(&redeem) || redeemed);
    draft.loyalty = match (accrues, redeems) {
        (true, true) => Some(Loyalty::Both),
        (true, false) => Some(Loyalty::Accrue),
        (false, true) => Some(Loyalty::Redeem),
        (false, false) => None,
    };

    let payments = faults.field(root, "payments");
    if faults.object(&payments) {
        draft.total = money(&payments, redeems, faults);
    }
    let client = root.peek("client");
    let delivery = root.peek("shippingMethod").peek("delivery");
    draft.test = is_test(
        &[client.peek("name"), client.peek("lastName")],
        &[root.peek("orderComment"), delivery.peek("mainStreet"), delivery.peek("observationsAddress")],
    );
    draft
}

fn channel(root: &Place<'_>, faults: &mut Faults) -> Option<Channel> {
    let at = faults.field(root, "selectedShippingMethod");
    match faults.text(&at)? {
        "pickup" => Some(Channel::Pickup),
        "delivery" => Some(Channel::Delivery),
        _ => {
            faults.add(FaultCode::ShippingMethodUnknown, &at, "The shipping method must be pickup or delivery.");
            None
        }
    }
}

/// Judges the product lines; tells whether one of them is paid with points.
fn lines<'n>(root: &Place<'n>, draft: &mut Draft<'n>, faults: &mut Faults) -> bool {
    let order = faults.field(root, "order");
    if !faults.object(&order) {
        return false;
    }
    let products = faults.field(&order, "products");
    let lines = faults.lines(&products, LINES_MAX);
    draft.lines = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let mut redeemed = false;
    for line in &lines {
        if !faults.object(line) {
            continue;
        }
        let quantity = faults.field(line, "quantity");
        faults.quantity(&quantity);
        let price = line.peek("price").peek("totalPrice");
        if price.is_object() {
            let code = faults.field(&price, "currencyCode");
            if !code.is_empty() {
                currency(&code, faults);
            }
            let total = faults.field(&price, "total");
            faults.amount_if_any(&total);
        }
        redeemed |= line.peek("additionalInfo").peek("redeemed").is_true();
    }
    redeemed
}

/// A total or a payment in its currency; the amount is absent when the payload says `null`.
struct Entry<'n> {
    currency: &'n str,
    amount: Option<Amount>,
    at: Place<'n>,
}

/// Judges that the payments cover every total, currency by currency; returns what the order costs in money,
/// or in points when it costs nothing else.
///
/// Points of an order that redeems are taken from the customer's loyalty account, which is no payment method,
/// so they count as covered.
fn money(payments: &Place<'_>, redeems: bool, faults: &mut Faults) -> Option<Total> {
    let at = faults.field(payments, "totals");
    let totals = entries(&at, "total", faults);
    let at = faults.field(payments, "paymentMethods");
    let paid = entries(&at, "totalBill", faults);
    let totals = totals?;

    for (index, entry) in totals.iter().enumerate() {
        if totals[..index].iter().any(|before| before.currency == entry.currency) {
            faults.add(FaultCode::CurrencyRepeated, &entry.at, "There must be one total for each currency.");
        }
    }
    if let Some(paid) = &paid {
        for entry in &totals {
            let in_currency = |payment: &&Entry<'_>| payment.currency == entry.currency;
            let paid: Vec<Amount> = paid.iter().filter(in_currency).filter_map(|payment| payment.amount).collect();
            let from_account = redeems && entry.currency == POINTS;
            if entry.amount.is_some_and(|total| !from_account && !covers(&paid, total)) {
                faults.add(
                    FaultCode::PaymentsShort,
                    &entry.at,
                    "The payments in this currency do not cover this total.",
                );
            }
        }
    }
    let first = |points: bool| {
        let of_kind = totals.iter().filter(move |entry| (entry.currency == POINTS) == points);
        of_kind.filter_map(|entry| Some((entry.currency, entry.amount?.value)))
    };
    let (currency, amount) = first(false).find(|(_, amount)| *amount > 0.0).or_else(|| {
        // No money to pay: points, or else a plain zero.
        first(true).find(|(_, amount)| *amount > 0.0).or_else(|| first(false).next()).or_else(|| first(true).next())
    })?;
    Some(Total { amount, currency: Some(currency.to_owned()) })
}

/// The totals or payments at `at`; none when one of them could not be read, so that no false shortage is told.
fn entries<'n>(at: &Place<'n>, key: &str, faults: &mut Faults) -> Option<Vec<Entry<'n>>> {
    let mut entries = Vec::new();
    let mut whole = true;
    for item in faults.list(at, PAYMENTS_MAX)? {
        if !faults.object(&item) {
            whole = false;
            continue;
        }
        let code = faults.field(&item, "currencyCode");
        let currency = currency(&code, faults);
        let at = faults.field(&item, key);
        // `null` is normal and means that there is nothing to pay here; a field left out is a fault.
        let amount = if at.is_empty() && !at.is_absent() { Some(None) } else { faults.amount(&at).map(Some) };
        match (currency, amount) {
            (Some(currency), Some(amount)) => entries.push(Entry { currency, amount, at }),
            _ => whole = false,
        }
    }
    whole.then_some(entries)
}

/// The currency here: three capital letters (ISO 4217) or `Points`.
fn currency<'n>(at: &Place<'n>, faults: &mut Faults) -> Option<&'n str> {
    let code = faults.text(at)?;
    if code == POINTS || (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Some(code);
    }
    faults.add(FaultCode::CurrencyInvalid, at, "A currency must be three capital letters (ISO 4217) or Points.");
    None
}
