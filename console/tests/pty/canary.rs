//! Personal data goes into payloads everywhere it can; nothing of it comes out, on any way.

use std::process::{Command, Stdio};

use async_nats::HeaderMap;
use contract::header;
use serde_json::{Value, json};

use crate::orders::{Bus, origin};
use crate::terminal::Terminal;
use crate::{LONG, SHORT, now};

/// Invented people, each word and number in one place only. Whatever of them is seen, in whatever case or grouping, was let
/// through.
const CANARIES: &[&str] = &[
    "Zuleyka",
    "Quispetongo",
    "zuleyka.q",
    "kanario.example",
    "0987123465",
    "1712345675",
    "Calle Tordillo",
    "E14-237",
    "Torre Jilguero",
    "timbre roto",
    "-0.187653",
    "-78.435291",
    "Benteveo",
    "0931122334",
    "4539876512",
    "Corbatita",
    "Reinamora",
    "593987655443",
    "Pasaje Zorzal",
    "0102998877",
    "Churrinche",
    "0987000111222",
    "Tijereta",
    "Chingolo SA",
    "1799887766001",
    "Picaflor 88",
    "cumple de Hornero",
];

/// v2, as `domicilio.json` has it, with more than it should have.
fn delivery(code: &str) -> Value {
    json!({
        "cabecera": [{
            "codigoApp": code, "codRestaurante": 72, "medio": "APP", "fechaPedido": "20261123", "totalFactura": 12.5,
            "nombresCliente": "Zuleyka Quispetongo", "cliente": "Zuleyka", "email": "zuleyka.q@kanario.example",
            "telefonoDomicilio": "0987123465", "identificacionCliente": "1712345675", "callePrincipal": "Calle Tordillo",
            "numeroCasa": "E14-237", "direccion": "Calle Tordillo E14-237 y Pasaje Zorzal", "referencia": "Torre Jilguero",
            "observacionesPedido": "timbre roto", "latitud": "-0.187653", "longitud": "-78.435291",
            "dispositivo": "Zuleyka Quispetongo", "calback_url": "http://kanario.example/0987123465",
            "nombreFactura": "Chingolo SA", "rucFactura": "1799887766001",
        }],
        "detalle": [{
            "detalleApp": 1, "codPlu": 1001, "cantidad": 1, "precioBruto": 12.5, "codigoApp": code, "modificadores": [],
            "comentario": "cumple de Hornero", "product": { "product": "0987 000 111222" },
        }],
        "formasPago": [{ "codFormaPago": 1, "totalPagar": 12.5, "bin": "4539876512", "titular": "Corbatita", "billete": "0987123465" }],
        "Zuleyka Quispetongo": { "0987123465": [1_712_345_675_u64, "Torre Jilguero"] },
        "zuleyka.q@kanario.example": "Benteveo",
        "extra": { "nested": [[["Benteveo", { "tel": "0931122334" }]]], "cedula": 1_712_345_675_u64 },
    })
}

/// v3, as `pickup.json` has it.
fn pickup(code: &str) -> Value {
    json!({
        "orderId": code, "store": { "id": 72, "name": "Plaza", "code": "K072" }, "selectedShippingMethod": "pickup",
        "client": { "name": "Reinamora", "lastName": "Churrinche", "phone": "593987655443", "govId": "0102998877", "email": "zuleyka.q@kanario.example" },
        "billingInformation": { "name": "Tijereta", "address": "Pasaje Zorzal", "govId": "1799887766001" },
        "delivery": { "address": "Picaflor 88", "latitude": "-0.187653", "comments": "timbre roto" },
        "details": [{ "quantity": 1, "product": { "product": "Combo", "productId": 7 }, "comments": "cumple de Hornero" }],
        "deliveryDate": "Reinamora Churrinche", "country": "Picaflor 88", "paymentMethodCode": "4539876512",
        "observation": "Tijereta", "vendorName": "Zuleyka Quispetongo", "additionalInfo": { "redeemed": false, "who": "Corbatita" },
        "amount": "0987123465", "points": "593987655443",
    })
}

/// Every form in which text could get out: as it is, and as JSON, hexadecimal or base64 would write it.
fn forms(canary: &str) -> Vec<Vec<u8>> {
    let pairs: Vec<String> = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let (hex, spaced) = (pairs.concat(), pairs.join(" "));
    [canary.to_lowercase(), canary.to_uppercase(), canary.to_owned(), hex, spaced].map(String::into_bytes).to_vec()
}

fn check(what: &str, bytes: &[u8]) {
    for canary in CANARIES {
        for form in forms(canary) {
            let seen = bytes.windows(form.len()).any(|window| window == form);
            assert!(!seen, "{canary} came out in {what}");
        }
    }
}

/// What the emulator shows, sequences left out: a name whose letters were written one by one is found there.
fn check_screen(screen: &Terminal) {
    check("the screen", screen.text().as_bytes());
    let joined: String = screen.text().lines().map(str::trim).collect();
    check("the screen, lines joined", joined.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_in_payloads_comes_out_nowhere() {
    let bus = Bus::start().await;
    bus.store(72, "K072", "Plaza Ñandú").await;
    let orders = ["0000900001-070101", "0000900002-070102"];
    for (code, body) in orders.iter().zip([delivery(orders[0]), pickup(orders[1])]) {
        let intake = bus.accept_with(code, &body.to_string()).await;
        bus.queue(code, intake).await;
    }
    // A refused payload, kept with its faults; and payloads where nobody expects them.
    let invalid = json!({
        "v": 1, "country": "ec", "store": 72, "code": "0000900003-070103", "format": "delivery", "at": now(), "by": origin("api-domicilio-1"),
        "bytes": 912, "faults": [{ "code": "store_unknown", "pointer": "/cabecera/0/codRestaurante", "message": "No such store." }],
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::INVALID_HEAD, invalid.to_string());
    bus.publish("domicilio.invalid.ec".to_owned(), headers, delivery("x").to_string().into_bytes()).await;
    bus.publish("domicilio.invalid.ec".to_owned(), HeaderMap::new(), br#"{"nombresCliente": Zuleyka"#.to_vec()).await;

    let mut screen = Terminal::open(&bus.url(), &[("DOMICILIO_LOG", "trace")]);
    screen.wait_for("the connection and the streams", LONG, |s| s.contains("conectado") && !s.contains("leyendo"));
    for subject in [
        "domicilio.stores.ec.72",
        "domicilio.events.ec.72.pos",
        "domicilio.outcomes.ec.72",
        "domicilio.queues.11.72",
        "domicilio.cmd.api-domicilio.any.inject",
    ] {
        bus.say(subject, HeaderMap::new(), delivery("x").to_string().into_bytes()).await;
    }
    bus.say("domicilio.orders.ec.72.x", HeaderMap::new(), pickup("x").to_string().into_bytes()).await;

    screen.resize(200, 60);
    walk(&mut screen, orders[0]);
    read_payloads(&mut screen, orders);
    // A filter looks at nothing personal either: it would tell by what it finds.
    screen.press("/benteveo");
    screen.wait_for("no match", SHORT, |s| s.contains("0 de 2") && !orders.iter().any(|code| s.contains(code)));
    screen.press("\x1b");
    screen.wait_for("both orders", SHORT, |s| orders.iter().all(|code| s.contains(code)));
    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);

    // What the person wrote is on the screen, of course.
    let bytes = screen.bytes();
    check("the terminal", &without(&bytes, b"benteveo"));
    assert!(screen.clipboard().len() > 3 && screen.files().len() > 3, "copies and dumps were made");
    for copied in screen.clipboard() {
        check("the clipboard", &crate::hostile::decoded(&copied));
    }
    for (path, bytes) in screen.files() {
        check(&path.display().to_string(), &bytes);
    }
    without_a_screen(&bus, orders).await;
}

/// Every screen with its details and help, copied and kept.
fn walk(screen: &mut Terminal, order: &str) {
    for (key, title) in [
        ("1", "Requiere"),
        ("2", order),
        ("3", "Colas"),
        ("4", "inyect"),
        ("5", "Locales"),
        ("6", "Servicios"),
        ("7", "Bus"),
        ("8", "Registro"),
    ] {
        screen.press(key);
        screen.wait_for(title, SHORT, |s| s.contains(title));
        check_screen(screen);
        for keys in ["\r", "\r", "\x1b[6~", "yYD", "\x7f", "\x7f", "G", "\r", "Y", "\x7f"] {
            screen.press(keys);
        }
        screen.press("?");
        screen.wait_for("help", SHORT, |s| s.contains("── Ayuda ──"));
        screen.press("\x1b");
        screen.wait_for("no help", SHORT, |s| !s.contains("── Ayuda ──"));
    }
}

/// Both payloads from top to bottom, copied and kept.
fn read_payloads(screen: &mut Terminal, orders: [&str; 2]) {
    for code in orders {
        screen.press("2/");
        screen.press(code);
        screen.press("\rg\r");
        screen.wait_for("its payload, masked", SHORT, |s| {
            s.contains("[oculto]") && s.contains("quantity").max(s.contains("cantidad"))
        });
        screen.press("YD");
        for _ in 0..6 {
            screen.press("\x1b[B\x1b[B\x1b[B\x1b[B");
            check_screen(screen);
        }
        screen.press("\x7f");
        screen.wait_for("the table", SHORT, |s| {
            !s.contains("[oculto]") && s.contains("1 de 2") && !orders.iter().all(|code| s.contains(code))
        });
        screen.press("\x1b");
        screen.wait_for("both orders", SHORT, |s| orders.iter().all(|code| s.contains(code)));
    }
}

/// Every command that only reads.
async fn without_a_screen(bus: &Bus, orders: [&str; 2]) {
    let id = format!("72.{}", orders[0]);
    for arguments in [
        vec!["stores"],
        vec!["services"],
        vec!["queues"],
        vec!["order", &id],
        vec!["order", orders[1]],
        vec!["counters"],
    ] {
        for json in [false, true] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
            command
                .args(&arguments)
                .args(json.then_some("--json"))
                .env("NATS_URL", bus.url())
                .env("DOMICILIO_LOG", "trace");
            let folder = tempfile::tempdir().unwrap();
            command.env("XDG_STATE_HOME", folder.path()).stdin(Stdio::null());
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            check(&format!("{arguments:?} {json}"), &output.stdout);
            check(&format!("{arguments:?} {json}, messages"), &output.stderr);
            for log in std::fs::read_dir(folder.path().join("domicilio")).unwrap() {
                check(&format!("{arguments:?} {json}, log"), &std::fs::read(log.unwrap().path()).unwrap());
            }
        }
    }
}

/// `bytes` without `what`, wherever it stands.
fn without(bytes: &[u8], what: &[u8]) -> Vec<u8> {
    String::from_utf8(bytes.to_vec()).unwrap().replace(std::str::from_utf8(what).unwrap(), "").into_bytes()
}

/// The check would prove nothing if it were blind.
#[test]
fn a_canary_is_recognised_in_every_form() {
    for text in ["nombre: ZULEYKA q.", "tel 0987123465", "5a 75 6c 65 79 6b 61", "5a756c65796b61"] {
        assert!(std::panic::catch_unwind(|| check("a test", text.as_bytes())).is_err(), "{text}");
    }
}
