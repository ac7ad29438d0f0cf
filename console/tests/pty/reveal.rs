//! Personal data of one order on a real terminal: seen when asked for, in no copy, dump or log, and gone with its order.

use crate::orders::Bus;
use crate::terminal::Terminal;
use crate::{LONG, SHORT};

/// An invented person.
const NAME: &str = "Zuleyka Quispetongo";
const PHONE: &str = "0987123465";

fn sees(text: &str) -> bool {
    text.contains(NAME) || text.contains(PHONE)
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_seen_when_asked_for_and_on_the_screen_alone() {
    let bus = Bus::start().await;
    bus.store(72, "K072", "Plaza Ñandú").await;
    let body = serde_json::json!({ "cabecera": [{ "codigoApp": "0000900001-070101", "nombresCliente": NAME, "telefono": PHONE }] });
    bus.accept_with("0000900001-070101", &body.to_string()).await;
    let mut screen = Terminal::open(&bus.url(), &[("DOMICILIO_LOG", "trace"), ("USER", "ana")]);
    screen.wait_for("the connection and the streams", LONG, |s| s.contains("conectado") && !s.contains("leyendo"));
    screen.press("2");
    screen.wait_for("the order", SHORT, |s| s.contains("0000900001-070101"));
    screen.press("\r");
    screen.wait_for("its payload, masked", SHORT, |s| s.contains("nombresCliente: [oculto]"));

    screen.press("V");
    screen.wait_for("the preview", SHORT, |s| s.contains("Motivo") && s.contains("DIRECT.GET.ORDERS"));
    screen.press("\tel cliente llama\t");
    screen.wait_for("the reason", SHORT, |s| s.contains("el cliente llama"));
    assert!(!sees(&String::from_utf8_lossy(&screen.bytes())), "nothing was written to the terminal before");
    screen.press("\r");
    screen.wait_for("the personal data", SHORT, |s| s.contains(NAME) && s.contains(PHONE) && s.contains("a la vista"));
    screen.press("YD");
    screen.wait_for("the copy and the dump", SHORT, |s| {
        s.contains("Enviado a la terminal") && s.contains("Pantalla guardada en")
    });
    screen.press("V");
    screen.wait_for("it is hidden", SHORT, |s| !sees(s) && s.contains("nombresCliente: [oculto]"));

    // Once more, and left by the way back.
    screen.press("V");
    screen.wait_for("the preview again", SHORT, |s| s.contains("Motivo"));
    screen.press("\totra vez\t\r");
    screen.wait_for("the personal data again", SHORT, |s| s.contains(NAME));
    screen.press("\x1b");
    screen.wait_for("the table", SHORT, |s| !sees(s) && s.contains("1 de 1").max(!s.contains("[oculto]")));
    screen.press("\r");
    screen.wait_for("masked as ever", SHORT, |s| s.contains("nombresCliente: [oculto]") && !sees(s));
    screen.press("\x7fq");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();

    let copies = screen.clipboard();
    assert!(!copies.is_empty());
    for copied in copies {
        assert!(!sees(&String::from_utf8_lossy(&crate::hostile::decoded(&copied))));
    }
    let files = screen.files();
    let named = |part: &str| files.iter().any(|(path, _)| path.display().to_string().contains(part));
    assert!(
        named("/dumps/") && named("/audit/") && named(".log"),
        "{:?}",
        files.iter().map(|(path, _)| path).collect::<Vec<_>>()
    );
    for (path, bytes) in &files {
        assert!(!sees(&String::from_utf8_lossy(bytes)), "{}", path.display());
    }
    // Beside it lies the file that programs lock while they write.
    let audit = files.iter().find(|(path, _)| path.extension().is_some_and(|end| end == "jsonl")).unwrap();
    let audit = String::from_utf8(audit.1.clone()).unwrap();
    assert_eq!(audit.matches("\"operation\":\"reveal\"").count(), 4, "intent and outcome, twice: {audit}");
}
