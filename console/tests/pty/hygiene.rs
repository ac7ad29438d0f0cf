//! Whatever happens to the terminal or to the program, the terminal is left as it was found.

use domicilio::term::Screen;
use rustix::process::Signal;

use crate::orders::Bus;
use crate::terminal::Terminal;
use crate::{LONG, SHORT};

/// Nobody listens there: the console works without a bus, and says so.
const NOBODY: &str = "nats://127.0.0.1:9";

/// Processor time that a program may use on its way out of a closed terminal, in milliseconds. One that spins uses as
/// much as there is.
const WAY_OUT_MS: u64 = 2_000;

fn opened() -> Terminal {
    let screen = Terminal::open(NOBODY, &[]);
    screen.wait_for("the first frame", LONG, |s| s.contains("DOMICILIO") && s.contains("conectando"));
    screen
}

#[test]
fn signals_leave_the_terminal_as_it_was() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut screen = opened();
        screen.signal(signal);
        assert_eq!(screen.wait_for_end(SHORT), 0, "{signal:?}");
        screen.assert_given_back();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_asked_to_end_ends_its_editor_too_and_says_what_became_of_the_text() {
    let bus = with_one_to_edit().await;
    // One that ends when it is asked to, and one that does not; both leave the terminal as nobody likes it.
    for editor in ["", "trap '' TERM HUP;"] {
        for signal in [Signal::TERM, Signal::HUP] {
            let mut screen = edited(&bus, &format!("{editor} stty raw -echo; printf EDITING; exec sleep 1000; :"));
            let payload = |screen: &Terminal| screen.files().iter().any(|(path, _)| path.ends_with("payload.json"));
            assert!(payload(&screen), "the text is where the editor has it");
            screen.signal(signal);
            assert_eq!(screen.wait_for_end(SHORT), 0, "{signal:?} {editor}");
            screen.assert_given_back();
            assert!(screen.text().contains("lo editado se descartó"), "{}", screen.text());
            assert!(!payload(&screen), "and is there no more");
            assert!(screen.log().contains("it was dropped, nothing was sent"), "{}", screen.log());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_whose_terminal_takes_nothing_any_more_does_not_keep_a_console_that_is_asked_to_end() {
    let bus = with_one_to_edit().await;
    // Letter by letter, and without the terminal's own processing, so that there is no room left for a few bytes.
    let mut screen = edited(&bus, "printf EDITING; read _; stty -opost; while printf y; do :; done; :");
    screen.stall();
    screen.press("\r");
    screen.wait_for_full_terminal("sh");
    screen.signal(Signal::TERM);
    assert_eq!(screen.wait_for_exit(SHORT).0, 0);
    assert!(screen.log().contains("it was dropped, nothing was sent"), "{}", screen.log());
    assert!(screen.log().contains("the terminal takes nothing"), "{}", screen.log());
}

/// A bus with an order that was not injected.
async fn with_one_to_edit() -> Bus {
    let bus = Bus::start().await;
    bus.store(72, "K072", "Plaza Ñandú").await;
    let intake = bus.accept("0000900001-070101").await;
    bus.give_up("0000900001-070101", intake).await;
    bus
}

/// A console in which the payload of that order is edited by `editor`, which writes `EDITING`.
fn edited(bus: &Bus, editor: &str) -> Terminal {
    let env = [("EDITOR", editor), ("PATH", "/usr/bin:/bin"), ("USER", "ana")];
    let mut screen = Terminal::open(&bus.url(), &env);
    screen.wait_for("the connection", LONG, |s| s.contains("conectado") && !s.contains("leyendo"));
    screen.press("4");
    screen.wait_for("the order", SHORT, |s| s.contains("0000900001-070101"));
    screen.press("E");
    screen.wait_for("the editor", SHORT, |s| s.contains("EDITING"));
    screen
}

#[test]
fn a_stopped_console_gives_the_terminal_back_and_goes_on_where_it_was_as_often_as_that_happens() {
    // A shell with job control, as the operator's: it says when the console has stopped, and continues it after Enter.
    let script = r#""$0" "$@"; for n in 1 2 3; do echo STOPPED-$n; read _; fg; done"#;
    let mut screen = Terminal::open_in_shell(NOBODY, script);
    screen.wait_for("the first frame", LONG, |s| s.contains("DOMICILIO"));
    screen.press("5");
    for n in 1..=3 {
        screen.wait_for("the stores", SHORT, |s| s.contains("── Locales ──"));
        screen.press("\x1a");
        screen.wait_until("the terminal is given back", SHORT, |emulator| {
            let told = emulator.contents().contains(&format!("STOPPED-{n}"));
            told && !emulator.alternate_screen() && !emulator.hide_cursor() && !emulator.bracketed_paste()
        });
        screen.press("\r");
        screen.wait_until("the terminal is taken again", SHORT, |emulator| {
            emulator.alternate_screen() && emulator.hide_cursor() && emulator.bracketed_paste()
        });
    }
    screen.wait_for("the stores again", SHORT, |s| s.contains("── Locales ──"));
    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}

#[test]
fn a_console_that_was_stopped_from_outside_draws_itself_anew() {
    let mut screen = opened();
    screen.signal(Signal::STOP);
    // What a shell does meanwhile: it takes the terminal as it is and writes on it.
    screen.write_over("\x1b[?1049l\x1b[?25h\x1b[?2004lshell$ ");
    screen.signal(Signal::CONT);
    screen.wait_until("the console again", SHORT, |emulator| {
        let ours = emulator.alternate_screen() && emulator.hide_cursor() && emulator.bracketed_paste();
        ours && emulator.contents().contains("DOMICILIO") && !emulator.contents().contains("shell$")
    });
    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}

#[test]
fn a_storm_of_resizes_ends_with_the_last_size_drawn_right() {
    let mut screen = opened();
    let (mut width, mut height) = (1_u16, 1_u16);
    for n in 0..300_u16 {
        // Steps without a common factor with the ranges: all kinds of sizes come, from 1x1 to 300x100.
        (width, height) = ((width + 83) % 300 + 1, (height + 37) % 100 + 1);
        screen.resize(width, height);
        if n.is_multiple_of(7) {
            screen.signal(Signal::WINCH);
        }
    }
    for size in [(1, 1), (300, 100), (40, 10), (120, 40)] {
        screen.resize(size.0, size.1);
    }
    screen.wait_for("the last size", LONG, |s| {
        let rows: Vec<&str> = s.lines().collect();
        let once = |text: &str| s.matches(text).count() == 1;
        rows.len() == 40
            && rows[0].starts_with(" DOMICILIO")
            && rows[1].contains("1 Resumen")
            && rows[39].contains("q salir")
            && once("DOMICILIO")
            && once("Requiere atención ──")
            && rows.iter().all(|row| row.chars().count() <= 120)
    });
    screen.press("q");
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}

#[test]
fn a_terminal_that_goes_away_ends_the_program_soon_and_without_a_spin() {
    let mut screen = opened();
    let before_ms = screen.processor_ms();
    screen.close();
    let (code, after_ms) = screen.wait_for_exit(SHORT);
    assert!(code <= 1, "ended by its own decision, not by a panic or a signal: {code}");
    let used_ms = after_ms.saturating_sub(before_ms);
    assert!(used_ms < WAY_OUT_MS, "{used_ms} ms of processor time on the way out");
}

#[test]
fn without_keys_to_read_it_says_so_and_leaves_the_terminal_alone() {
    let mut screen = Terminal::open_in_shell(NOBODY, r#""$0" "$@" </dev/null; echo CODE=$?"#);
    assert_eq!(screen.wait_for_end(SHORT), 0, "of the shell");
    assert!(screen.text().contains("the console needs a terminal"), "{}", screen.text());
    assert!(screen.text().contains("CODE=2"), "{}", screen.text());
    assert!(!screen.bytes().contains(&b'\x1b'), "not one sequence was written");
    screen.assert_given_back();
}

#[test]
fn a_terminal_that_stalls_keeps_its_screen_waiting_and_nothing_else() {
    let mut screen = opened();
    screen.stall_until_full("6", "1");
    screen.go_on();
    screen.press("?");
    screen.wait_for("help after the stall", SHORT, |s| s.contains("── Ayuda ──"));
    screen.press("\x1b");
    screen.stall_until_full("6", "1");
    screen.signal(Signal::TERM);
    // It listens while it cannot write.
    screen.wait_for_log("asked to end", SHORT);
    screen.go_on();
    assert_eq!(screen.wait_for_end(SHORT), 0);
    screen.assert_given_back();
}

#[test]
fn a_terminal_that_takes_nothing_any_more_does_not_keep_a_console_that_is_asked_to_end() {
    for ctrl_z_before in [false, true] {
        let mut screen = opened();
        screen.stall_until_full("6", "1");
        if ctrl_z_before {
            screen.press("\x1a");
            screen.wait_for_log("Suspend", SHORT);
        }
        screen.signal(Signal::TERM);
        assert_eq!(screen.wait_for_exit(SHORT).0, 0);
        assert!(screen.log().contains("the terminal takes nothing"), "{}", screen.log());
    }
}

#[test]
fn a_panic_gives_the_terminal_back_tells_itself_and_ends_the_program() {
    for thread in ["main", "task"] {
        let mut screen = Terminal::open_test("hygiene::panics", &[("PANIC_IN", thread)]);
        assert_eq!(screen.wait_for_end(SHORT), 101, "{thread}: {}", screen.text());
        screen.assert_given_back();
        let text = screen.text();
        assert!(text.contains("a fault in the program"), "{thread}: the message is on the main screen: {text}");
        let bytes = String::from_utf8(screen.bytes()).unwrap();
        assert!(bytes.contains("\x1b[?1049h"), "{thread}: the terminal was taken over before");
    }
}

/// Takes the terminal over as the console does, and panics: below the loop, or in a task while the loop goes on. The
/// program itself has no way to be made panic.
#[test]
#[ignore = "runs in a terminal of its own, see above"]
fn panics() {
    let mut screen = Screen::enter().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(screen.written()).unwrap();
    screen.draw(|frame| frame.render_widget("drawn", frame.area())).unwrap();
    assert_ne!(std::env::var("PANIC_IN").unwrap(), "main", "a fault in the program");
    std::thread::spawn(|| panic!("a fault in the program")).join().unwrap_err();
    // A task's panic that did not end the program leaves it here, in a terminal that is no longer its own.
    std::thread::sleep(2 * LONG);
}
