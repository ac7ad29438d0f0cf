//! Payloads without personal data, for the screen. Deny by default: a text or a number is shown only under a key
//! that is known to be harmless and when it looks harmless itself; everything else, unknown fields included, is masked.

mod clear;
mod compare;
mod open;

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::event::Trouble;
use crate::filter::fold;
use crate::sanitise;

pub use self::clear::{Clear, Hidden, disclose};
pub use self::compare::{DIFFERENCES_MAX, Difference, compare};
pub use self::open::open;

/// Lines of a payload that are kept for the screen; orders have a few hundred.
pub const LINES_MAX: usize = 5_000;

/// Longest shown text or key, in characters.
pub const TEXT_MAX: usize = 120;

/// A masked payload as lines, in the payload's own key order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masked {
    /// Its lines.
    pub lines: Vec<Line>,
    /// Whether lines beyond [`LINES_MAX`] were left out.
    pub cut: bool,
}

/// One line of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How deep it is nested.
    pub depth: u16,
    /// The key, inside an object; `None` inside an array and at the top.
    pub key: Option<String>,
    /// What it shows.
    pub value: Value,
}

/// What a line shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An object begins, with this many members; they follow, one level deeper.
    Object(usize),
    /// An array begins, with this many items; they follow, one level deeper.
    Array(usize),
    /// A text that is known to be harmless.
    Text(String),
    /// A number that is known to be harmless.
    Number(String),
    /// True or false.
    Bool(bool),
    /// Null.
    Null,
    /// Something personal, or not known to be harmless.
    Masked,
}

/// Keys whose text is a code, a time or a word from a list, in both formats. Lower case.
const SAFE_TEXTS: &[&str] = &[
    // v2
    "codigoapp",
    "medio",
    "dispositivo",
    "fechapedido",
    "detalleapp",
    "codigomodificador",
    // v3
    "orderid",
    "platform",
    "createdat",
    "channelname",
    "selectedshippingmethod",
    "currencycode",
    "carryoutoptions",
    "deliverydate",
    "pickupdate",
    "prepdate",
    "preptimeunit",
    "processor",
    "paymentmethodcode",
    "transactiontype",
    "transactionstatus",
    "customercashamount",
    "timezonename",
    "date",
    "vendorname",
    "country",
    "govidtype",
    "strategy",
];

/// Keys whose text is a name with several words, of a thing that is sold.
const NAMES: &[&str] = &["product"];

/// Keys whose text is a name only inside a certain object: a store's name is no person's.
const NAMES_IN: &[(&str, &str)] =
    &[("store", "name"), ("store", "code"), ("taxes", "name"), ("discounts", "name"), ("extracharges", "name")];

/// Texts under these keys may hold long runs of digits: they are the order's identity.
const IDS: &[&str] = &["codigoapp", "orderid"];

/// Texts under these keys are codes, longer than a word from a list.
const CODES: &[&str] = &["detalleapp", "paymentmethodcode"];

/// Longest code or id, in characters.
const CODE_MAX: usize = 64;

/// Longest key that is the name of a field, in characters.
const KEY_MAX: usize = 48;

/// Longest word from a list, in characters; free text is longer or has spaces.
const WORD_MAX: usize = 24;

/// Keys whose number is a code from a list or a count. Lower case.
const SAFE_NUMBERS: &[&str] = &[
    // v2
    "codrestaurante",
    "codplu",
    "cantidad",
    "codformapago",
    "tipoinmueble",
    "codmodificador",
    "codigomodificador",
    // v3
    "channelid",
    "productid",
    "quantity",
    "stock",
    "sort",
    "vendorid",
    "preptime",
    "propertyid",
    "timezonetype",
    "percentage",
    "modifierid",
    "modifiergroupid",
];

/// Parts of keys whose number is an amount.
const AMOUNTS: &[&str] =
    &["total", "precio", "price", "tax", "discount", "amount", "cost", "points", "billete", "impuesto", "descuento"];

/// Keys of objects that describe a person: nothing below them is shown.
const PERSONAL: &[&str] = &["client", "cliente", "billinginformation", "customer", "delivery", "kiosk"];

/// Longest fraction of a second, in characters with its dot.
const FRACTION_MAX: usize = 7;

/// A run of digits from this length on may be a phone or a document.
const DIGITS_MAX: usize = 6;

/// Masks a payload; a payload that is no JSON gives the reason, without a word of its content.
pub fn mask(payload: &[u8]) -> Result<Masked, Trouble> {
    read(payload, Out::default()).map(|out| out.masked)
}

/// Goes over a payload.
fn read(payload: &[u8], mut out: Out) -> Result<Out, Trouble> {
    let mut reader = serde_json::Deserializer::from_slice(payload);
    let place = Place { out: &mut out, depth: 0, key: None, parent: "", personal: false };
    match place.deserialize(&mut reader).and_then(|()| reader.end()) {
        Ok(()) => Ok(out),
        Err(error) => Err(Trouble::NotJson(error.line(), error.column())),
    }
}

/// What a payload is made into.
#[derive(Default)]
struct Out {
    masked: Masked,
    /// What is masked, where that is wanted, too.
    hidden: Option<clear::ByLine>,
}

/// Where a value stands.
struct Place<'a> {
    out: &'a mut Out,
    depth: u16,
    /// Its own key as written; in an array the key of the array, which is not repeated on the line.
    key: Option<Key<'a>>,
    /// Key of the object around it, folded.
    parent: &'a str,
    /// Whether something above it is about a person.
    personal: bool,
}

/// A key on its way to a line.
#[derive(Clone, Copy)]
struct Key<'a> {
    written: &'a str,
    folded: &'a str,
    shown: bool,
}

impl Place<'_> {
    /// A value as it is shown; `under` is what it is.
    fn push(self, value: Value, under: impl FnOnce() -> Value) {
        line(self.out, self.depth, self.key, value, under);
    }

    fn folded(&self) -> &str {
        self.key.map_or("", |key| key.folded)
    }

    fn text(&self, text: &str) -> Value {
        let key = self.folded();
        let few_digits = longest_run(text) <= DIGITS_MAX;
        let harmless = if IDS.contains(&key) {
            token(text, CODE_MAX, "._:-")
        } else if CODES.contains(&key) {
            token(text, CODE_MAX, "._:-") && few_digits
        } else if SAFE_TEXTS.contains(&key) {
            let day = key == "fechapedido" && text.starts_with("20") && text.len() == 8;
            looks_like_a_time(text) || day && token(text, WORD_MAX, "") || token(text, WORD_MAX, "._/+-") && few_digits
        } else {
            let name = NAMES.contains(&key) || NAMES_IN.contains(&(self.parent, key));
            name && text.chars().count() <= TEXT_MAX && !text.contains('@') && few_digits
        };
        if !text.chars().any(char::is_alphanumeric) && text.chars().count() <= 3 || harmless && !self.personal {
            Value::Text(sanitise::text(text, TEXT_MAX))
        } else {
            Value::Masked
        }
    }

    fn number(&self, number: impl fmt::Display) -> Value {
        let key = self.folded();
        let amount = AMOUNTS.iter().any(|part| key.contains(part)) && !key.contains("balance");
        let known = amount || SAFE_NUMBERS.contains(&key) || (self.parent, key) == ("store", "id");
        if known && !self.personal { Value::Number(number.to_string()) } else { Value::Masked }
    }
}

fn line(out: &mut Out, depth: u16, key: Option<Key<'_>>, value: Value, under: impl FnOnce() -> Value) {
    let at = out.masked.lines.len();
    if at >= LINES_MAX {
        out.masked.cut = true;
        return;
    }
    let key = key.filter(|key| key.shown).map(|key| key.written);
    // A key is not expected to be personal, but nothing stops a sender from making one so: what does not look like the
    // name of a field is none.
    let harmless = key.is_none_or(|key| token(key, KEY_MAX, "_-.:$/") && longest_run(key) <= DIGITS_MAX);
    let written = key.map(|key| sanitise::text(key, TEXT_MAX));
    if let Some(hidden) = &mut out.hidden {
        let value = (value == Value::Masked).then(under);
        let key = written.clone().filter(|_| !harmless);
        if key.is_some() || value.is_some() {
            hidden.insert(at, Hidden { key, value });
        }
    }
    let key = written.map(|key| if harmless { key } else { "***".to_owned() });
    out.masked.lines.push(Line { depth, key, value });
}

/// Whether a text is one token: ASCII letters, digits and `marks`, at most `max` of them.
fn token(text: &str, max: usize, marks: &str) -> bool {
    text.len() <= max && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        // Separators do not end a number: 099-000-0000 is one.
        run = match c {
            _ if c.is_numeric() => run + 1,
            ' ' | '-' | '.' | '(' | ')' | '/' | '+' => run,
            _ => 0,
        };
        longest = longest.max(run);
    }
    // Times are written with separators too, and begin with a year: 2026-11-23 14:01:59.
    if looks_like_a_time(text) { 0 } else { longest }
}

fn looks_like_a_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    // Nothing but a fraction and a zone may follow.
    let ends = |rest: &str| {
        let zone = rest.strip_prefix('.').map_or(rest, |fraction| fraction.trim_start_matches('9'));
        rest.len() - zone.len() <= FRACTION_MAX && matches!(zone, "" | "Z" | "+99:99" | "-99:99" | "+9999" | "-9999")
    };
    matches!(shape.as_str(), "9999-99-99" | "9999-99-99 99:99" | "9999-99-99 99:99:99")
        || shape.strip_prefix("9999-99-99T99:99:99").is_some_and(ends)
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.push(Value::Bool(value), || Value::Masked);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.push(Value::Null, || Value::Masked);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        let shown = self.number(value);
        self.push(shown, || Value::Number(value.to_string()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        let shown = self.number(value);
        self.push(shown, || Value::Number(value.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        let shown = self.number(value);
        self.push(shown, || Value::Number(value.to_string()));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let shown = self.text(value);
        self.push(shown, || Value::Text(sanitise::text(value, clear::TEXT_MAX)));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let at = self.out.masked.lines.len();
        let personal = self.personal || PERSONAL.contains(&self.folded());
        line(self.out, self.depth, self.key, Value::Array(0), || Value::Masked);
        let mut count = 0;
        loop {
            let place = Place {
                out: &mut *self.out,
                depth: self.depth.saturating_add(1),
                key: self.key.map(|key| Key { shown: false, ..key }),
                parent: self.parent,
                personal,
            };
            if items.next_element_seed(place)?.is_none() {
                break;
            }
            count += 1;
        }
        if let Some(line) = self.out.masked.lines.get_mut(at) {
            line.value = Value::Array(count);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let at = self.out.masked.lines.len();
        let parent = self.folded().to_owned();
        let personal = self.personal || PERSONAL.contains(&parent.as_str());
        line(self.out, self.depth, self.key, Value::Object(0), || Value::Masked);
        let mut count = 0;
        while let Some(written) = members.next_key::<String>()? {
            let folded = fold(&written);
            members.next_value_seed(Place {
                out: &mut *self.out,
                depth: self.depth.saturating_add(1),
                key: Some(Key { written: &written, folded: &folded, shown: true }),
                parent: &parent,
                personal,
            })?;
            count += 1;
        }
        if let Some(line) = self.out.masked.lines.get_mut(at) {
            line.value = Value::Object(count);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::template;

    /// Every personal value of the payloads below carries this word, or these digits.
    const SECRETS: [&str; 4] = ["zzsecret", "0987654321", "-1.23456", "99.87654"];

    const DELIVERY: &str = r#"{"cabecera":[{"codigoApp":"0000900001-070101","medio":"APP","codRestaurante":72,
        "telefonoCliente":"+593987654321 0987654321","identificacionCliente":"0987654321","consumidorFinal":false,
        "nombresCliente":"zzsecret","direccionCliente":"zzsecret","emailCliente":"zzsecret@example.com",
        "calle1Domicilio":"zzsecret","calle2Domicilio":"zzsecret","observacionesDomicilio":"zzsecret",
        "numDirecciondomicilio":"zzsecret","codZipCode":"0987654321","totalFactura":14.98,"telefono":987654321,
        "observacionesPedido":"zzsecret","latitud":"-1.23456","longitud":"99.87654","campoNuevo":"zzsecret"}],
        "detalle":[{"codigoApp":"0000900001-070101","codPlu":11,"cantidad":2,"precioBruto":139.76000000000002}],
        "modificadores":[],"calback_url":"http://zzsecret/"}"#;

    const PICKUP: &str = r#"{"orderId":"0000900002-070103","accountId":987654321,"account":"zzsecret",
        "createdAt":"2026-11-23 14:01:59","selectedShippingMethod":"pickup","redeemPoints":false,"source":null,
        "orderComment":"zzsecret","client":{"uid":"zzsecret","name":"zzsecret","lastName":"zzsecret",
        "phone":"0987654321","email":"zzsecret@example.com","govIdType":"zzsecret","govIdNumber":"0987654321",
        "externalId":"zzsecret","product":"zzsecret","total":987654321,
        "billingInformation":{"businessName":"zzsecret","address":"zzsecret","phone":987654321},
        "additionalInfo":{"birthdate":"zzsecret","gender":"zzsecret"}},
        "store":{"id":72,"name":"EJEMPLO NORTE","code":"K024","latitude":-1.23456,"longitude":99.87654},
        "order":{"products":[{"productId":101,"product":"Combo Ejemplo","quantity":1,"productComment":"zzsecret",
        "price":{"unitPrice":{"currencyCode":"USD","total":3.99}}}]},
        "shippingMethod":{"delivery":{"latitude":"-1.23456","longitude":"99.87654","city":"zzsecret",
        "mainStreet":"zzsecret","secondaryStreet":"zzsecret","reference":"zzsecret","observationsAddress":"zzsecret",
        "numberContactAddress":"0987654321","zipCode":"zzsecret","nickName":"zzsecret","country":"zzsecret"}},
        "payments":{"taxes":[{"name":"IVA 12%","total":0.43}],"paymentMethods":[{"transactionId":"zzsecret",
        "tid":"zzsecret","mid":987654321,"authorizationCode":"zzsecret","voucher":"zzsecret",
        "referenceNumber":"0987654321","customerCashAmount":"0.0000"}]},
        "marketing":{"loyalty":{"accountBalancePoints":99.87654}},"additionalInfo":{"kiosk":{"ip":"zzsecret"}},
        "persona":{"edad":987654321},"platform":"android zzsecret@example.com"}"#;

    fn shown(payload: &str) -> String {
        let masked = mask(payload.as_bytes()).unwrap();
        masked.lines.iter().fold(String::new(), |text, line| text + &format!("{line:?}\n"))
    }

    #[test]
    fn no_personal_value_survives_in_either_format() {
        for payload in [DELIVERY, PICKUP] {
            let shown = shown(payload);
            for secret in SECRETS.iter().chain(&["987654321", "example.com"]) {
                assert!(payload.contains(secret) || *secret == "example.com", "the test lost its {secret}");
                assert!(!shown.contains(secret), "{secret} in {shown}");
            }
        }
    }

    #[test]
    fn what_operators_need_stays() {
        let delivery = shown(DELIVERY);
        for kept in ["0000900001-070101", "\"APP\"", "Number(\"72\")", "14.98", "139.76000000000002", "Bool(false)"] {
            assert!(delivery.contains(kept), "{kept} missing in {delivery}");
        }
        let pickup = shown(PICKUP);
        for kept in ["2026-11-23 14:01:59", "EJEMPLO NORTE", "K024", "Combo Ejemplo", "IVA 12%", "0.0000", "Null"] {
            assert!(pickup.contains(kept), "{kept} missing in {pickup}");
        }
    }

    #[test]
    fn free_text_under_a_harmless_key_is_masked() {
        for key in ["medio", "dispositivo", "detalleApp", "paymentMethodCode", "fechaPedido", "country"] {
            let hostile = [
                "dejar donde la vecina",
                "timbre\u{a0}dos",
                "zzsecret@example.com",
                "un-texto-largo-sin-espacios-que-cuenta-donde-vive-quien-pide-y-a-que-hora-llega",
                "2026-11-23T14:01:59 preguntar",
                "2026-11-23T14:01:59.0990000000-0990",
            ];
            for text in hostile {
                let shown = shown(&format!(r#"{{"{key}":"{text}"}}"#));
                assert!(shown.contains("Masked") && !shown.contains(text), "{key}: {shown}");
            }
        }
        for key in ["medio", "dispositivo", "detalleApp", "paymentMethodCode"] {
            for digits in ["0990000000", "099-000-0000", "1234567"] {
                let shown = shown(&format!(r#"{{"{key}":"{digits}"}}"#));
                assert!(shown.contains("Masked"), "{key}: {shown}");
            }
        }
        let kept = shown(
            r#"{"medio":"APP","dispositivo":"iOS","detalleApp":"v2.15.1","timezoneName":"America/Guayaquil",
            "fechaPedido":"2026-11-23T14:01:59.123-05:00","codigoApp":"0000900001-070101"}"#,
        );
        assert!(!kept.contains("Masked"), "{kept}");
        assert!(!shown(r#"{"fechaPedido":"20261123"}"#).contains("Masked"));
        assert!(shown(r#"{"codigoApp":"dejar donde la vecina"}"#).contains("Masked"));
    }

    #[test]
    fn our_own_templates_show_no_person_either() {
        for kind in template::Kind::ALL {
            let order = template::tests::order(kind);
            let shown = shown(std::str::from_utf8(&order.body).unwrap());
            assert!(!shown.contains("Persona") && !shown.contains("Despachar"), "{shown}");
        }
    }

    #[test]
    fn keys_can_be_personal_or_hostile_too() {
        let shown = shown(r#"{"0987654321":1,"a@example.com":2,"x\u001b[2J":{"total":1}}"#);
        assert!(!shown.contains("0987654321") && !shown.contains("example") && !shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn order_of_keys_and_nesting_are_kept() {
        let masked = mask(br#"{"stock":[1,{"total":2}],"cantidad":3}"#).unwrap();
        let lines: Vec<(u16, Option<&str>, &Value)> =
            masked.lines.iter().map(|line| (line.depth, line.key.as_deref(), &line.value)).collect();
        assert_eq!(
            lines,
            [
                (0, None, &Value::Object(2)),
                (1, Some("stock"), &Value::Array(2)),
                (2, None, &Value::Number("1".into())),
                (2, None, &Value::Object(1)),
                (3, Some("total"), &Value::Number("2".into())),
                (1, Some("cantidad"), &Value::Number("3".into())),
            ]
        );
    }

    #[test]
    fn no_json_gives_a_reason_without_content() {
        assert_eq!(mask(br#"{"nombresCliente": zzsecret"#), Err(Trouble::NotJson(1, 20)));
        assert!(mask("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn a_huge_payload_is_cut() {
        let masked = mask(format!("[{}1]", "1,".repeat(LINES_MAX * 2)).as_bytes()).unwrap();
        assert!(masked.cut);
        assert_eq!(masked.lines.len(), LINES_MAX);
    }
}
