//! Format v2 (delivery): Spanish keys, one header in the list `cabecera`, lines and payments that repeat its code.
//!
//! Only what intake must know is judged; everything else goes to the POS as it came.

use contract::order::{Channel, Total};

use super::amount::{Amount, covers};
use super::place::{Faults, Place};
use super::{DELIVERY_KEYS, Draft, FaultCode, LINES_MAX, PAYMENTS_MAX, PICKUP_KEYS, app_code, is_test, store_id};

pub(super) fn read<'n>(root: &Place<'n>, faults: &mut Faults) -> Draft<'n> {
    if !root.has_any(&DELIVERY_KEYS) {
        let message = if root.has_any(&PICKUP_KEYS) {
            "This is no v2 order; a v3 order goes to POST /pickup/api/v3/pedidoApp."
        } else {
            "This is no v2 order: an object with cabecera, detalle and formasPago."
        };
        faults.add(FaultCode::FormatUnknown, root, message);
        return Draft::default();
    }
    let mut draft = Draft { channel: Some(Channel::Delivery), ..Draft::default() };
    let total = header(root, &mut draft, faults);
    let code = draft.code.as_ref().map(contract::AppCode::as_str);

    let detalle = faults.field(root, "detalle");
    let lines = faults.lines(&detalle, LINES_MAX);
    for line in &lines {
        if faults.object(line) {
            agrees(line, code, faults);
            let quantity = faults.field(line, "cantidad");
            faults.quantity(&quantity);
            let price = faults.field(line, "precioBruto");
            faults.amount_if_any(&price);
        }
    }
    draft.lines = u32::try_from(lines.len()).unwrap_or(u32::MAX);

    let modifiers = faults.field(root, "modificadores");
    if !modifiers.is_empty() {
        for modifier in faults.list(&modifiers, LINES_MAX).unwrap_or_default() {
            // Modifiers need not name the order; one that names another is a mix-up.
            if faults.object(&modifier) && !modifier.peek("codigoApp").is_empty() {
                agrees(&modifier, code, faults);
            }
        }
    }

    if let (Some(paid), Some((total, at))) = (payments(root, code, faults), total)
        && !covers(&paid, total)
    {
        faults.add(FaultCode::PaymentsShort, &at, "The payments in formasPago do not cover this total.");
    }
    draft
}

/// Reads `cabecera` into `draft`; returns the total and where it stands.
fn header<'n>(root: &Place<'n>, draft: &mut Draft<'n>, faults: &mut Faults) -> Option<(Amount, Place<'n>)> {
    let cabecera = faults.field(root, "cabecera");
    let headers = faults.list(&cabecera, LINES_MAX)?;
    if headers.len() != 1 {
        faults.add(FaultCode::HeaderCount, &cabecera, "There must be exactly one header.");
    }
    let header = headers.into_iter().next()?;
    if !faults.object(&header) {
        return None;
    }
    let code = faults.field(&header, "codigoApp");
    draft.code = app_code(&code, faults);
    let store = faults.field(&header, "codRestaurante");
    draft.store = store_id(store, faults);
    draft.test = is_test(
        &[header.peek("nombresCliente")],
        &[header.peek("calle1Domicilio"), header.peek("observacionesDomicilio"), header.peek("observacionesPedido")],
    );
    let at = faults.field(&header, "totalFactura");
    let total = faults.amount(&at)?;
    draft.total = Some(Total { amount: total.value, currency: None });
    Some((total, at))
}

/// The payments; none when one of them could not be read, so that no false shortage is told.
fn payments(root: &Place<'_>, code: Option<&str>, faults: &mut Faults) -> Option<Vec<Amount>> {
    let at = faults.field(root, "formasPago");
    let mut paid = Vec::new();
    let mut whole = true;
    for payment in faults.list(&at, PAYMENTS_MAX)? {
        if !faults.object(&payment) {
            whole = false;
            continue;
        }
        agrees(&payment, code, faults);
        let amount = faults.field(&payment, "totalPagar");
        match faults.amount(&amount) {
            Some(amount) => paid.push(amount),
            None => whole = false,
        }
    }
    whole.then_some(paid)
}

/// Judges that `entry` repeats the header's code; without a readable header there is nothing to compare.
fn agrees(entry: &Place<'_>, code: Option<&str>, faults: &mut Faults) {
    let at = faults.field(entry, "codigoApp");
    let own = faults.text(&at);
    if let (Some(own), Some(code)) = (own, code)
        && own != code
    {
        faults.add(FaultCode::CodeMismatch, &at, "This must be the codigoApp of the header.");
    }
}
