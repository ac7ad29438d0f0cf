//! From one bus to another and back, and a hand on the mouse.

use std::path::Path;

use crate::orders::Bus;
use crate::terminal::Terminal;
use crate::{LONG, SHORT};

/// Writes a context as the `nats` program keeps it.
fn context(folder: &Path, name: &str, url: &str) {
    let contexts = folder.join("nats/context");
    std::fs::create_dir_all(&contexts).unwrap();
    std::fs::write(contexts.join(format!("{name}.json")), format!(r#"{{"description":"","url":"{url}"}}"#)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_goes_to_another_bus_and_back() {
    let (here, there) = (Bus::start().await, Bus::start().await);
    here.store(72, "K072", "Plaza de Aquí").await;
    there.store(73, "K073", "Plaza de Allá").await;
    let home = tempfile::tempdir().unwrap();
    context(home.path(), "otro", &there.url());
    context(home.path(), "nadie", "nats://127.0.0.1:9");
    let config = home.path().to_str().unwrap();
    let mut screen = Terminal::open(&here.url(), &[("XDG_CONFIG_HOME", config)]);
    screen.press("5");
    screen.wait_for("the stores of the first bus", LONG, |s| s.contains("Plaza de Aquí"));

    screen.press(":ctx otro\r");
    screen.wait_for("those of the other one alone", LONG, |s| s.contains("Plaza de Allá") && !s.contains("Aquí"));
    screen.wait_for("its name in the header", SHORT, |s| s.lines().next().is_some_and(|row| row.contains("otro")));

    // Back to where it began, which no context knows.
    screen.press(":ctx nats-url\r");
    screen.wait_for("those of the first bus alone", LONG, |s| s.contains("Plaza de Aquí") && !s.contains("Allá"));

    // A bus that is down is connected to for as long as it takes; there is a way back from there, too.
    screen.press(":ctx nadie\r");
    screen.wait_for("no bus", LONG, |s| s.contains("conectando") && !s.contains("Plaza"));
    screen.press(":ctx otro\r");
    screen.wait_for("the other one", LONG, |s| s.contains("Plaza de Allá"));
    screen.press(":q\r");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mouse_is_taken_on_demand_selects_and_is_given_back() {
    let bus = Bus::start().await;
    bus.store(72, "K072", "Plaza Ñandú").await;
    bus.store(73, "K073", "Plaza Norte").await;
    let mut screen = Terminal::open(&bus.url(), &[]);
    screen.press("5");
    screen.wait_for("the stores", LONG, |s| s.contains("K073"));
    assert!(!screen.bytes().windows(7).any(|bytes| bytes == b"\x1b[?1000"), "the mouse is the terminal's at first");

    screen.press("m");
    let taken = |emulator: &vt100::Screen| emulator.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease;
    screen.wait_until("the mouse is ours", SHORT, taken);
    let row = screen.text().lines().position(|line| line.contains("K073")).unwrap() + 1;
    screen.press(&format!("\x1b[<0;10;{row}M\x1b[<0;10;{row}m"));
    screen.wait_for("the cursor on the row that was clicked", SHORT, |s| {
        s.lines().any(|line| line.contains("K073") && line.starts_with('▸'))
    });
    // A tab: the one of the queues.
    let tabs = screen.text().lines().nth(1).unwrap().to_owned();
    let column = tabs.split("3 Colas").next().unwrap().chars().count() + 1;
    screen.press(&format!("\x1b[<0;{column};2M\x1b[<0;{column};2m"));
    screen.wait_for("the queues", SHORT, |s| s.contains("── Colas ──"));

    // Stopped and continued it is ours again; on the way out it is the terminal's.
    screen.signal(rustix::process::Signal::STOP);
    screen.write_over("\x1b[?1006l\x1b[?1000l");
    screen.signal(rustix::process::Signal::CONT);
    screen.wait_until("the mouse is ours again", SHORT, taken);
    screen.signal(rustix::process::Signal::TERM);
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}
