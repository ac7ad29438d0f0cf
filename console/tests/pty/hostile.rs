//! Hostile messages, a hostile server and hostile files against the real program: what it writes to its terminal, to its
//! log and to scripts holds no control byte but the console's own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use async_nats::HeaderMap;
use contract::{header, subject};
use serde_json::json;

use crate::attacks::{ATTACKS, BYTES, attack, json_with};
use crate::orders::{Bus, head, origin};
use crate::terminal::Terminal;
use crate::{LONG, SHORT, now, wire};

/// Checks every byte that the console wrote, and how often it took and gave back the terminal.
fn check(screen: &Terminal) {
    let wire = wire::read(&screen.bytes()).unwrap_or_else(|fault| unreachable!("{fault}"));
    let count = |name: &str| wire.sequences.get(name).copied().unwrap_or(0);
    for copied in screen.clipboard() {
        check_plain("the clipboard", &decoded(&copied));
    }
    assert_eq!(count("]52"), screen.clipboard().len(), "one for each copy: {wire:?}");
    assert!(wire.characters > 1_000 && count("m") > 30, "{wire:?}");
    for (mode, times) in [("?1049h", 1), ("?1049l", 1), ("?2004h", 1), ("?2004l", 1), ("?1003h", 0)] {
        assert_eq!(count(mode), times, "{mode}: {wire:?}");
    }
}

/// What stands in base64 behind `c;`.
pub(crate) fn decoded(copied: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in copied.split(';').next_back().unwrap_or_default().bytes().filter(|c| *c != b'=') {
        let digit = digits.iter().position(|digit| *digit == c).unwrap();
        bits = (bits << 6 | u32::try_from(digit).unwrap()) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}

/// No control byte at all but line ends: for files and pipes.
fn check_plain(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| unreachable!("{what}: {error}"));
    let plain = text.replace('\n', "");
    wire::read(plain.as_bytes()).unwrap_or_else(|fault| unreachable!("{what}: {fault}"));
    assert!(!plain.contains('\u{1b}'), "{what}: no sequence at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_messages_become_text_on_every_way_out() {
    let bus = Bus::start().await;
    bus.store(72, "K072", "Plaza Ñandú").await;
    let mut screen = Terminal::open(&bus.url(), &[("DOMICILIO_LOG", "debug")]);
    screen.wait_for("the connection and the streams", LONG, |s| s.contains("conectado") && !s.contains("leyendo"));
    for (n, (_, text)) in ATTACKS.iter().enumerate() {
        publish(&bus, n, text).await;
    }
    for (_, bytes) in BYTES {
        bus.say("domicilio.stores.ec.72", HeaderMap::new(), json_with(bytes)).await;
        bus.say("domicilio.unknown.thing", HeaderMap::new(), bytes.to_vec()).await;
    }
    let code = "0000900001-070101";
    bus.accept_with(code, &json!({ "orderId": attack(7), attack(8): attack(9), "lines": ATTACKS }).to_string()).await;

    for (key, title) in [
        ("1", "Requiere"),
        ("2", code),
        ("3", "Colas"),
        ("4", "inyect"),
        ("5", "Locales"),
        ("6", "Servicios"),
        ("8", "Registro"),
    ] {
        screen.press(key);
        screen.wait_for(title, SHORT, |s| s.contains(title));
        for keys in ["\r", "\x1b[B", "yYD", "\x7f", "G", "\r", "y", "\x7f"] {
            screen.press(keys);
        }
    }
    screen.resize(200, 60);
    screen.press("2g");
    screen.wait_for("the newest order", SHORT, |s| s.contains(code));
    screen.press("\r");
    screen.wait_for("its payload", SHORT, |s| s.contains("[oculto]"));
    screen.press("\x7f");
    // Pasted text is text, whatever it is.
    screen.press("/\x1b[200~a\x1b]0;x\x07\u{202e}b\u{200d}\u{9b}2J\x1b[201~");
    screen.wait_for("what was pasted, and that nothing is like it", SHORT, |s| s.contains("b2J") && !s.contains(code));
    screen.press("\x1b");
    screen.wait_for("no filter", SHORT, |s| s.contains(code));
    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
    check(&screen);
    assert!(screen.clipboard().len() > 5, "things were copied");
    let files = screen.files();
    assert!(
        files.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "txt")).count() > 3,
        "screens were kept"
    );
    for (path, bytes) in files.iter().filter(|(path, _)| path.extension().is_none_or(|end| end != "ans")) {
        check_plain(&path.display().to_string(), bytes);
    }

    let id = format!("72.{code}");
    for arguments in [vec!["stores"], vec!["services"], vec!["queues"], vec!["order", &id], vec!["counters"]] {
        for json in [false, true] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_domicilio"));
            command
                .args(&arguments)
                .env("NATS_URL", bus.url())
                .env("XDG_STATE_HOME", "/nonexistent")
                .stdin(Stdio::null());
            command.args(json.then_some("--json"));
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            check_plain(&format!("{arguments:?} {json}"), &output.stdout);
            check_plain(&format!("{arguments:?} {json}, messages"), &output.stderr);
            assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "{arguments:?} {json}");
        }
    }
}

/// The `n`th attack in a message of each kind.
async fn publish(bus: &Bus, n: usize, text: &str) {
    let id = 100 + u32::try_from(n).unwrap();
    let store = json!({
        "id": id, "code": text, "name": text, "country": "ec", "pos_url": text, "state": "paused", "reason": text,
        "labels": { text: text }, "changed_by": text, text: text,
    });
    bus.say(&format!("domicilio.stores.ec.{id}"), HeaderMap::new(), store.to_string().into_bytes()).await;
    let mut order = serde_json::to_value(head(&format!("00009{n:05}-070101"), b"{}")).unwrap();
    order["store"] = id.into();
    order["total"] = json!({ "amount": 3.5, "currency": text });
    for code in [format!("00009{n:05}-070101"), text.to_owned()] {
        order["code"] = code.into();
        let mut headers = HeaderMap::new();
        headers.insert(header::ORDER_HEAD, order.to_string());
        headers.insert("X-Other", "\u{9b}31m\u{202e}");
        bus.say(&format!("domicilio.orders.ec.{id}.00009{n:05}-070101"), headers, text.as_bytes().to_vec()).await;
    }
    order["code"] = format!("00009{n:05}-070101").into();
    for event in [
        json!({ "kind": "pos", "country": "ec", "store": id, "state": "down", "detail": text }),
        json!({ "kind": "attempt_failed", "order": order, "intake": 1, "attempt": 1, "attempts_max": 3, "reason": text, "detail": text, "took_ms": 1 }),
    ] {
        let mut event = event;
        (event["v"], event["at"], event["by"]) = (1.into(), json!(now()), json!(origin("queue-resolver-1")));
        let kind = event["kind"].as_str().unwrap().to_owned();
        bus.say(&format!("domicilio.events.ec.{id}.{kind}"), HeaderMap::new(), event.to_string().into_bytes()).await;
    }
    let invalid = json!({
        "v": 1, "country": "ec", "format": "delivery", "at": now(), "by": origin("api-domicilio-1"), "bytes": 3,
        "faults": [{ "code": text, "pointer": text, "message": text }],
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::INVALID_HEAD, invalid.to_string());
    bus.say("domicilio.invalid.ec", headers, text.as_bytes().to_vec()).await;
    let beat = json!({
        "v": 1, "service": "api-domicilio", "instance": format!("api-{n}"), "version": text, "cloud": "aws", "country": "ec",
        "started_at": now(), "at": now(), "state": text, "trouble": text, "load": "api", "figures": { "listen": text },
    });
    let instance = format!("api-{n}").parse().unwrap();
    bus.say(&subject::heartbeat(contract::Service::Api, &instance), HeaderMap::new(), beat.to_string().into_bytes())
        .await;
    // A subject may hold anything but spaces, dots in a row and line ends.
    let word: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '*' | '>' | '\0')).collect();
    if !word.is_empty() {
        bus.say(&format!("domicilio.{word}"), HeaderMap::new(), text.as_bytes().to_vec()).await;
    }
}

/// A server that lies about itself and denies with a sentence of its own.
#[test]
fn a_hostile_server_cannot_write_on_the_screen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            std::thread::spawn(move || serve(client));
        }
    });
    let mut screen = Terminal::open(&url, &[]);
    screen.resize(200, 60);
    screen.wait_for("name, address and refusal, spelt out", LONG, |s| {
        s.contains("^[[2Jsrv<U+202E>^[]0;ow…  ^[c:1") && s.contains("^[]52;c;Y3VybA==^G")
    });
    screen.press("\x03");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
    check(&screen);
    for (path, bytes) in screen.files() {
        check_plain(&path.display().to_string(), &bytes);
    }
}

/// Speaks just enough of the protocol: answers pings, and brings every probe back to its sender.
fn serve(mut client: TcpStream) {
    let info = json!({
        "server_id": "x", "server_name": "\u{1b}[2Jsrv\u{202e}\u{1b}]0;owned\u{7}", "version": "\u{9b}31m2.15", "host": "\u{1b}c", "port": 1,
        "max_payload": 1_000_000, "proto": 1, "headers": true,
    });
    let mut denied = false;
    let mut probes: Vec<(String, String)> = Vec::new();
    let mut lines = BufReader::new(client.try_clone().unwrap());
    let mut say = |text: String| client.write_all(text.as_bytes()).is_ok();
    let mut going = say(format!("INFO {info}\r\n"));
    while going {
        let mut line = String::new();
        going = lines.read_line(&mut line).is_ok_and(|read| read > 0);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["PING"] => going &= say("PONG\r\n".to_owned()),
            ["SUB", subject, id] => probes.push(((*subject).to_owned(), (*id).to_owned())),
            ["PUB" | "HPUB", subject, .., bytes] => {
                let bytes: usize = bytes.parse().unwrap_or(0);
                std::io::copy(&mut std::io::Read::take(&mut lines, bytes as u64 + 2), &mut std::io::sink()).unwrap();
                if let Some((_, id)) = probes.iter().find(|(known, _)| known == subject) {
                    going &= say(format!("MSG {subject} {id} 0\r\n\r\n"));
                }
                if !denied {
                    denied = true;
                    going &=
                        say("-ERR 'Permissions Violation for Publish to \"\u{1b}]52;c;Y3VybA==\u{7} \u{202e}\"'\r\n"
                            .to_owned());
                }
            }
            _ => {}
        }
    }
}
