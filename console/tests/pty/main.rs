//! The real program in a real terminal (a pty) against a real nats-server, seen through a terminal emulator.
//!
//! Nothing sleeps: every step waits for what the screen should say, with a deadline, and a failure shows the last screen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and says where")]

#[path = "../corpus/attacks.rs"]
mod attacks;
mod canary;
mod elsewhere;
mod hostile;
mod hygiene;
mod loss;
mod orders;
mod recorded;
mod reveal;
mod terminal;
#[path = "../corpus/wire.rs"]
mod wire;

use std::time::Duration;

use contract::UtcMs;

use crate::orders::Bus;
use crate::terminal::Terminal;

/// For what takes a start or a reconnect: generous, for machines that do other things too.
const LONG: Duration = Duration::from_secs(30);
/// For what follows a key or a message.
const SHORT: Duration = Duration::from_secs(10);
/// Within this the loss of the connection must be on screen.
const BANNER: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_opens_looks_filters_and_leaves() {
    let bus = Bus::start().await;
    bus.store(72, "K072", "Plaza Ñandú").await;
    bus.accept("0000900001-070101").await;

    let mut screen = Terminal::open(&bus.url(), &[]);
    screen.wait_for("the connection and the streams", LONG, |s| s.contains("conectado") && !s.contains("leyendo"));
    screen.press("2");
    screen.wait_for("the order that was there before", SHORT, |s| s.contains("0000900001-070101"));

    let intake = bus.accept("0000900002-070102").await;
    screen.wait_for("an order as it comes", SHORT, |s| row(s, "0000900002-070102").contains("recibido"));
    bus.queue("0000900002-070102", intake).await;
    screen.wait_for("its hand-over", SHORT, |s| row(s, "0000900002-070102").contains("en cola"));
    bus.inject("0000900002-070102", intake).await;
    screen.wait_for("its end", SHORT, |s| row(s, "0000900002-070102").contains("inyectado"));
    assert!(screen.text().contains("K072 Plaza"), "{}", screen.text());

    screen.press("/");
    screen.press("900001");
    screen.wait_for("the filter", SHORT, |s| s.contains("1 de 2") && !s.contains("0000900002-070102"));
    screen.press("\r");
    screen.wait_for("the filter in the line of tabs", SHORT, |s| s.contains("/900001 1 de 2"));
    screen.press("\r");
    screen.wait_for("the order's timeline and payload", SHORT, |s| {
        s.contains("n.º 1 en ORDERS") && s.contains("codRestaurante: 72") && s.contains("nombresCliente: [oculto]")
    });
    assert!(!screen.text().contains("Persona Ejemplo"), "personal data must not be shown:\n{}", screen.text());
    screen.press("\x1b");
    screen.wait_for("the table again", SHORT, |s| s.contains("/900001 1 de 2") && !s.contains("[oculto]"));
    screen.press("\x1b");
    screen.wait_for("no filter", SHORT, |s| s.contains("0000900002-070102"));

    // Copied by the terminal's own clipboard sequence, in base64: `72.0000900002-070102`.
    screen.press("y");
    screen.wait_for("the word that it was sent", SHORT, |s| s.contains("Enviado a la terminal"));
    assert_eq!(screen.clipboard(), ["c;NzIuMDAwMDkwMDAwMi0wNzAxMDI="]);

    // The palette finds the store by letters without its accent.
    screen.press(":nandu\r");
    screen.wait_for("the store", SHORT, |s| s.contains("── Ficha del local ──") && s.contains("Plaza Ñandú"));
    screen.press("D");
    screen.wait_for("the path of the dump", SHORT, |s| s.contains("Pantalla guardada en"));
    let dumps = std::fs::read_dir(screen.home().join("domicilio/dumps")).unwrap();
    let mut files: Vec<_> = dumps.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.iter().map(|file| file.extension().unwrap()).collect::<Vec<_>>(), ["ans", "txt"]);
    let dumped = std::fs::read_to_string(&files[1]).unwrap();
    assert!(dumped.contains("── Ficha del local ──") && !dumped.contains("Pantalla guardada"), "{dumped}");
    screen.press("2");
    screen.wait_for("the orders again", SHORT, |s| s.contains("0000900002-070102"));

    screen.press("?");
    screen.wait_for("help", SHORT, |s| s.contains("── Ayuda ──"));
    screen.press("\x1b");
    screen.wait_for("no help", SHORT, |s| !s.contains("── Ayuda ──"));
    screen.press("L");
    screen.wait_for("English", SHORT, |s| s.contains("Orders") && s.contains("injected"));

    screen.resize(120, 40);
    screen.wait_for("the pane of a higher screen", SHORT, |s| s.contains("── Order 0000900002-070102 ──"));

    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_bus_is_told_at_once_and_found_again_without_help() {
    let mut bus = Bus::start().await;
    bus.store(72, "K072", "Plaza Ñandú").await;
    bus.accept("0000900001-070101").await;
    let mut screen = Terminal::open(&bus.url(), &[]);
    screen.press("2");
    screen.wait_for("the order", LONG, |s| s.contains("0000900001-070101") && !s.contains("leyendo"));

    bus.server.kill().await.unwrap();
    screen.wait_for("the banner", BANNER, |s| s.contains("SIN CONEXIÓN") && s.contains("datos de hace"));
    assert!(screen.text().contains("0000900001-070101"), "what was known stays:\n{}", screen.text());
    assert!(screen.is_alive());

    bus.server.restart().await.unwrap();
    screen.wait_for("the connection", LONG, |s| s.contains("nats ● conectado") && !s.contains("SIN CONEXIÓN"));
    bus.up().await;
    bus.accept("0000900003-070103").await;
    screen.wait_for("an order after the return", LONG, |s| s.contains("0000900003-070103"));
    screen.press("\x03");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_c_locale_only_ascii_is_drawn() {
    let mut screen = Terminal::open("nats://127.0.0.1:9", &[("LC_ALL", "C"), ("NO_COLOR", "1")]);
    screen.wait_for("the first frame", LONG, |s| s.contains("DOMICILIO") && s.contains("-- Requiere"));
    let odd = screen.text().chars().find(|c| !c.is_ascii());
    assert_eq!(odd, None, "{}", screen.text());
    assert!(screen.is_colourless(), "NO_COLOR was asked for");
    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);
}

/// The row of the screen that holds `code`.
fn row<'a>(screen: &'a str, code: &str) -> &'a str {
    screen.lines().find(|line| line.contains(code)).unwrap_or_default()
}

/// Times of what tests publish: now, for the console shows ages.
pub(crate) fn now() -> UtcMs {
    UtcMs::from(jiff::Timestamp::now())
}
