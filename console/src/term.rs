//! The terminal: taken over at the start, given back on every way out.
//!
//! Owns raw mode, the alternate screen, the cursor, bracketed paste and the mouse. Whatever ends the program (the key, an error, a
//! panic, SIGTERM, SIGHUP, a stop by Ctrl-Z) passes through [`restore`]; it may be called any number of times.

use std::io::{self, Write as _};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, KeyCode, KeyEvent, KeyModifiers};
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{self, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute};
use ratatui::Frame;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use self::output::Output;
pub use self::painter::Painter;

mod backend;
pub mod encoder;
mod face;
mod output;
mod painter;
mod pen;
mod shift;
mod writer;

/// Name of the thread of the loop, as the standard library gives it.
const MAIN_THREAD: &str = "main";

/// Exit code after a panic, the standard library's own.
const PANICKED: i32 = 101;

/// Bytes that are sent for the clipboard at a time: in base64 just below the 100,000 that terminals take (xterm, tmux).
const COPY_MAX: usize = 74_000;

/// Presses and the wheel, told by figures (SGR) so that wide screens work; not every motion, which would fill a slow link.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";

/// The end of it; of no effect where there was no beginning.
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Whether the terminal is ours right now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours; given back when this is dropped.
pub struct Screen {
    /// Absent only while it is taken anew.
    ours: Option<Ours>,
    /// Whether presses and the wheel of the mouse come to us.
    mouse: bool,
    /// The terminal's settings as another program got them, while it has the terminal.
    lent: Option<Termios>,
}

/// A terminal that was taken over.
struct Ours {
    painter: Painter,
    output: Output,
}

impl Screen {
    /// Takes the terminal over. From here on a panic gives it back before its message is printed.
    pub fn enter() -> io::Result<Self> {
        restore_on_panic();
        Ok(Self { ours: Some(take()?), mouse: false, lent: None })
    }

    /// Whether everything is written. Nothing else can be until then, and whoever tries has an error.
    pub fn is_free(&self) -> bool {
        self.ours.as_ref().is_some_and(|ours| ours.output.is_free())
    }

    /// Waits until the terminal has taken what was written last, and tells how long that took; for ever if that was told already.
    pub async fn written(&mut self) -> io::Result<Duration> {
        match &mut self.ours {
            Some(ours) => ours.output.written().await,
            // Absent only when taking it anew failed.
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Asks the terminal for the mouse, or leaves it to the terminal again.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        if on != self.mouse {
            self.tell(Print(if on { MOUSE_ON } else { MOUSE_OFF }))?;
            self.mouse = on;
        }
        Ok(())
    }

    /// Draws one frame: what differs from the last one is written, at once. Tells how many bytes that are.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<usize> {
        let Ours { painter, output } = self.ours()?;
        let written = painter.paint(render)?;
        let bytes = written.text.len();
        if bytes > 0 {
            output.write(written)?;
        }
        Ok(bytes)
    }

    /// Forgets what the terminal shows: the next frame is drawn in full.
    pub fn forget(&mut self) {
        if let Some(ours) = &mut self.ours {
            ours.painter.forget();
        }
    }

    /// Sends `text` to the terminal for its clipboard (OSC 52), which works over SSH too. Whether the terminal takes it,
    /// it does not tell; tmux does so with `set-clipboard on`. At most `COPY_MAX` bytes, cut between characters; tells
    /// what was sent.
    pub fn copy<'a>(&mut self, text: &'a str) -> io::Result<&'a str> {
        let text = &text[..text.floor_char_boundary(COPY_MAX)];
        self.tell(CopyToClipboard::to_clipboard_from(text))?;
        Ok(text)
    }

    /// Rings the terminal's bell.
    pub fn ring(&mut self) -> io::Result<()> {
        self.tell(Print('\x07'))
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Gives up a terminal that takes nothing: nothing more is written to it, and its settings alone are put right.
    pub fn abandon(mut self) {
        if let Some(ours) = &mut self.ours {
            ours.output.abandon();
        }
        if TAKEN.swap(false, Ordering::SeqCst) {
            let _ = terminal::disable_raw_mode();
        }
    }

    /// Gives the terminal back to another program for a while; [`Screen::retake`] takes it again.
    pub fn lend(&mut self) {
        self.give_back();
        self.lent = tcgetattr(io::stdin()).ok();
    }

    /// Gives the terminal back and stops the job, as Ctrl-Z does elsewhere; returns once it is continued, with the
    /// terminal taken over again and the next frame drawn anew.
    ///
    /// The whole job stops, as if the terminal had seen the key: a shell waits for the program that it started (`make`,
    /// say), not for this one. Where no shell could continue it the kernel stops nothing.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.give_back();
        kill_current_process_group(Signal::TSTP)?;
        self.retake()
    }

    /// Takes the terminal over again after it was stopped by somebody else: a shell wrote to it meanwhile, and set it as
    /// shells like it.
    pub fn retake(&mut self) -> io::Result<()> {
        self.give_back();
        // One that did not end by itself did not put them right.
        if let Some(before) = self.lent.take() {
            tcsetattr(io::stdin(), OptionalActions::Now, &before)?;
        }
        self.ours = Some(take()?);
        // Asked for again with the next look at who has it.
        self.mouse = false;
        Ok(())
    }
}

/// Takes the terminal over; what says so to it is written like all else, and the first frame empties it. The terminal is asked
/// nothing: one that answers late, or takes nothing, as over a bad link, must not hold the console up.
fn take() -> io::Result<Ours> {
    terminal::enable_raw_mode()?;
    // From here on there is something to give back, whatever fails next.
    TAKEN.store(true, Ordering::SeqCst);
    let begin = || {
        let mut ours = Ours { painter: Painter::new()?, output: Output::start()? };
        let mut text = sequence(EnterAlternateScreen)?;
        text.push_str(&sequence(EnableBracketedPaste)?);
        ours.output.write(text.into())?;
        Ok(ours)
    };
    begin().inspect_err(|_| restore())
}

impl Screen {
    fn ours(&mut self) -> io::Result<&mut Ours> {
        // Absent only when taking it anew failed, and that ends the loop.
        self.ours.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn tell(&mut self, command: impl Command) -> io::Result<()> {
        let text = sequence(command)?;
        self.ours()?.output.write(text.into())
    }

    /// What is being written comes before: half a sequence would swallow the beginning of the next one.
    fn give_back(&mut self) {
        self.ours = None;
        restore();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Gives the terminal back if it is ours. Errors are of no use here: the terminal may be gone (SIGHUP).
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        SetAttribute(Attribute::Reset),
        Print(MOUSE_OFF),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = terminal::disable_raw_mode();
    let _ = out.flush();
}

fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
            // Below the loop a panic unwinds and ends the program. Elsewhere it would end a task only, and the loop would
            // go on drawing on a terminal that is no longer ours, without whatever that task was for.
            if std::thread::current().name() != Some(MAIN_THREAD) {
                std::process::exit(PANICKED);
            }
        }));
    });
}

/// What a command is to the terminal.
fn sequence(command: impl Command) -> io::Result<String> {
    let mut text = String::new();
    command.write_ansi(&mut text).map_err(io::Error::other)?;
    Ok(text)
}

/// Whether a key asks for [`Screen::suspend`]. In raw mode the terminal no longer does it by itself. It is no action: it
/// works everywhere, in a text field too, and changes nothing of what is shown.
pub fn is_suspend(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('z') && key.modifiers == KeyModifiers::CONTROL
}

/// Waits for the first signal that asks the program to end: SIGTERM, SIGHUP (the SSH connection went) or SIGINT (sent by
/// somebody else, for in raw mode Ctrl-C is a key). Whoever waits leaves its loop and drops the [`Screen`].
pub async fn asked_to_end() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Tells each time the process is continued after it was stopped.
pub fn continued() -> io::Result<tokio::signal::unix::Signal> {
    signal(SignalKind::from_raw(Signal::CONT.as_raw()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_back_what_was_not_taken_does_nothing() {
        assert!(!TAKEN.load(Ordering::SeqCst));
        restore();
        restore();
        assert!(!TAKEN.load(Ordering::SeqCst));
    }

    #[test]
    fn only_control_z_suspends() {
        assert!(is_suspend(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL)));
        assert!(!is_suspend(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::NONE)));
    }
}
