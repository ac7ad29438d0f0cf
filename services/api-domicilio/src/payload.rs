//! Reading an order: bytes in, what tables show or every fault at once out.
//!
//! Owns the two payload formats and the rules of intake. Pure: no I/O and no clock; it is given
//! a way to ask whether a store is open. It never changes the bytes, and no fault ever repeats a value of the
//! payload, because payloads hold personal data.

mod amount;
mod delivery;
mod fault_code;
mod json;
mod pickup;
mod place;

use contract::order::{Channel, Format, Loyalty, Total};
use contract::store::StoreState;
use contract::{AppCode, Country, Fault, StoreId};

pub use fault_code::FaultCode;
use place::{Faults, Place};

/// Most faults told of one payload; the first ones of a hopeless document say enough.
pub const FAULTS_MAX: usize = 50;

/// Keys of which at least one stands in every order of format v2 (delivery).
const DELIVERY_KEYS: [&str; 3] = ["cabecera", "detalle", "formasPago"];

/// Keys of which at least one stands in every order of format v3 (pickup).
const PICKUP_KEYS: [&str; 4] = ["orderId", "store", "order", "payments"];

/// Most lines (or modifiers) of one order. The largest orders seen have some dozens; a list beyond this is a mistake.
const LINES_MAX: usize = 500;

/// Most payments, and most totals, of one order.
const PAYMENTS_MAX: usize = 50;

/// What kitchens know not to cook. Compared without regard to case.
const TEST_MARKER: &str = "prueba no despachar";

/// What a payload's store looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// The store's country.
    pub country: Country,
    /// Whether it takes orders at this moment.
    pub state: StoreState,
}

/// An order that may be accepted: all that intake needs to know of the payload. No personal data.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Delivery or pickup.
    pub channel: Channel,
    /// Shape of the payload.
    pub format: Format,
    /// The store it goes to.
    pub store: StoreId,
    /// The store's country.
    pub country: Country,
    /// The app's code.
    pub code: AppCode,
    /// What it costs; absent when the payload leaves it open (`null`).
    pub total: Option<Total>,
    /// Number of product lines, at least 1.
    pub lines: u32,
    /// Points earned or spent.
    pub loyalty: Option<Loyalty>,
    /// Carries the test marker.
    pub test: bool,
}

/// A payload that is refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// It is no JSON at all (400), as opposed to JSON that breaks a rule (422).
    pub malformed: bool,
    /// The store, as far as it could be read.
    pub store: Option<StoreId>,
    /// The app's code, as far as it could be read.
    pub code: Option<AppCode>,
    /// Every fault, at least 1 and at most [`FAULTS_MAX`], in the order of the rules.
    pub faults: Vec<Fault>,
    /// The order, when a paused or disabled store is all that is wrong with it: a repeat of an order
    /// that was accepted while the store was still open must not be refused.
    pub closed: Option<Box<Accepted>>,
}

/// What one format's rules found; whole only when there was no fault.
#[derive(Debug, Default)]
struct Draft<'n> {
    channel: Option<Channel>,
    store: Option<(StoreId, Place<'n>)>,
    code: Option<AppCode>,
    total: Option<Total>,
    lines: u32,
    loyalty: Option<Loyalty>,
    test: bool,
}

/// Reads and judges a payload of `format`; `doors` tells of a store whether it is there and takes orders.
pub fn read(format: Format, bytes: &[u8], doors: impl Fn(StoreId) -> Option<Door>) -> Result<Accepted, Refused> {
    let document = match json::parse(bytes) {
        Ok(document) => document,
        Err(fault) => {
            return Err(Refused { malformed: true, store: None, code: None, faults: vec![fault], closed: None });
        }
    };
    let mut faults = Faults::default();
    let root = Place::root(&document);
    let draft = match format {
        Format::Delivery => delivery::read(&root, &mut faults),
        Format::Pickup => pickup::read(&root, &mut faults),
    };
    judge(format, draft, faults, doors)
}

fn judge(
    format: Format,
    draft: Draft<'_>,
    mut faults: Faults,
    doors: impl Fn(StoreId) -> Option<Door>,
) -> Result<Accepted, Refused> {
    let sound = faults.is_empty();
    let door = draft.store.as_ref().and_then(|(id, at)| knock(doors(*id), at, &mut faults));
    let store = draft.store.map(|(id, _)| id);
    let order = match (draft.channel, store, door, &draft.code) {
        (Some(channel), Some(store), Some(door), Some(code)) if sound => Some(Accepted {
            channel,
            format,
            store,
            country: door.country,
            code: code.clone(),
            total: draft.total,
            lines: draft.lines,
            loyalty: draft.loyalty,
            test: draft.test,
        }),
        _ => None,
    };
    match order {
        Some(order) if faults.is_empty() => Ok(order),
        closed => Err(Refused {
            malformed: false,
            store,
            code: draft.code,
            faults: faults.into_vec(),
            closed: closed.map(Box::new),
        }),
    }
}

/// The door of the store named at `at`; a fault when there is none, or when it is not open.
fn knock(door: Option<Door>, at: &Place<'_>, faults: &mut Faults) -> Option<Door> {
    match door.map(|door| door.state) {
        Some(StoreState::Open) => {}
        Some(StoreState::Paused) => faults.add(FaultCode::StorePaused, at, "The store takes no orders for now."),
        Some(StoreState::Disabled) => faults.add(FaultCode::StoreDisabled, at, "The store takes no orders."),
        None => faults.add(FaultCode::StoreUnknown, at, "No store has this id."),
    }
    door
}

/// Whether the marker stands in a name and in one more place: one alone may be a customer's own words.
fn is_test(names: &[Place<'_>], others: &[Place<'_>]) -> bool {
    let marked = |place: &Place<'_>| place.str().is_some_and(|text| text.to_lowercase().contains(TEST_MARKER));
    names.iter().any(marked) && others.iter().any(marked)
}

/// The app's code at `at`; a fault when there is none.
fn app_code(at: &Place<'_>, faults: &mut Faults) -> Option<AppCode> {
    let text = faults.text(at)?;
    let code = text.parse().ok();
    if code.is_none() {
        faults.add(FaultCode::AppCodeInvalid, at, "An app code must be 1 to 64 visible ASCII characters.");
    }
    code
}

/// The store's id at `at`; a fault when there is none. A text or a number with decimals is no id.
fn store_id<'n>(at: Place<'n>, faults: &mut Faults) -> Option<(StoreId, Place<'n>)> {
    let id = faults.integer(&at)?;
    match u32::try_from(id) {
        Ok(id) if id > 0 => Some((StoreId(id), at)),
        _ => {
            faults.add(FaultCode::StoreIdInvalid, &at, "A store id must be from 1 to 4294967295.");
            None
        }
    }
}

#[cfg(test)]
mod tests;
