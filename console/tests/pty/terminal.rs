//! The console's program in a pty, with an emulator that keeps the screen.

use std::io::{Read as _, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// What the program asked the terminal to put into its clipboard, in base64, as it came.
#[derive(Default)]
struct Clipboard {
    sent: Vec<String>,
}

impl vt100::Callbacks for Clipboard {
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, kind: &[u8], data: &[u8]) {
        self.sent.push(format!("{};{}", String::from_utf8_lossy(kind), String::from_utf8_lossy(data)));
    }
}

/// The screen, and a bell for whoever waits for it to change.
struct Shared {
    parser: Mutex<(vt100::Parser<Clipboard>, bool)>,
    changed: Condvar,
}

/// The program in its terminal. Ended hard when dropped before it left by itself.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    shared: Arc<Shared>,
    /// The terminal's settings before the program touched them, as printed.
    before: String,
    home: TempDir,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_domicilio");
const COLUMNS: u16 = 80;
const ROWS: u16 = 24;

fn size(width: u16, height: u16) -> PtySize {
    PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Opens the console in Spanish on 80 columns and 24 rows.
    pub(crate) fn open(url: &str, env: &[(&str, &str)]) -> Self {
        Self::start(CommandBuilder::new(PROGRAM), url, env)
    }

    /// The same, run by a shell with job control; `script` runs the console as `"$0" "$@"`.
    pub(crate) fn open_in_shell(url: &str, script: &str) -> Self {
        let mut shell = CommandBuilder::new("sh");
        shell.args(["-mc", script, PROGRAM]);
        Self::start(shell, url, &[("PATH", "/usr/bin:/bin")])
    }

    fn start(mut command: CommandBuilder, url: &str, env: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pty = native_pty_system().openpty(size(COLUMNS, ROWS)).unwrap();
        command.env_clear();
        command.args(["--nats-url", url, "--lang", "es"]);
        command.cwd(home.path());
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "es_EC.UTF-8"), ("TZ", "UTC")].iter().chain(env) {
            command.env(name, value);
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env(name, home.path());
        }
        let before = settings(pty.master.as_ref());
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let parser = vt100::Parser::new_with_callbacks(
            ROWS.try_into().unwrap(),
            COLUMNS.try_into().unwrap(),
            0,
            Clipboard::default(),
        );
        let shared = Arc::new(Shared { parser: Mutex::new((parser, false)), changed: Condvar::new() });
        let mut output = pty.master.try_clone_reader().unwrap();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1_024];
            loop {
                // An error is how a pty says that the program has gone.
                let read = output.read(&mut bytes).unwrap_or(0);
                // Poisoned when the test has failed: nobody looks any more.
                let Ok(mut parser) = theirs.parser.lock() else { return };
                parser.0.process(&bytes[..read]);
                parser.1 = read == 0;
                theirs.changed.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Self { child, master: pty.master, keys, shared, before, home }
    }

    /// What the screen says.
    pub(crate) fn text(&self) -> String {
        self.shared.parser.lock().unwrap().0.screen().contents()
    }

    /// Sends keys as a terminal would.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        let mut parser = self.shared.parser.lock().unwrap();
        parser.0.screen_mut().set_size(height.try_into().unwrap(), width.try_into().unwrap());
        self.master.resize(size(width, height)).unwrap();
    }

    /// Waits until the screen's text is as it should be.
    pub(crate) fn wait_for(&self, what: &str, limit: Duration, wanted: impl Fn(&str) -> bool) {
        self.wait_until(what, limit, |screen| wanted(&screen.contents()));
    }

    /// Waits until the emulator is as it should be; fails with the last screen.
    pub(crate) fn wait_until(&self, what: &str, limit: Duration, wanted: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + limit;
        let mut parser = self.shared.parser.lock().unwrap();
        while !wanted(parser.0.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let gone = if parser.1 { " (the program has ended)" } else { "" };
            assert!(
                !left.is_zero() && gone.is_empty(),
                "waited {limit:?} for {what}{gone}; last screen:\n{}",
                parser.0.screen().contents()
            );
            parser = self.shared.changed.wait_timeout(parser, left).unwrap().0;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        kill_process(pid.unwrap(), signal).unwrap();
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until the program has ended and everything that it wrote was read; tells its exit code.
    pub(crate) fn wait_for_end(&mut self, limit: Duration) -> u32 {
        let deadline = Instant::now() + limit;
        let mut parser = self.shared.parser.lock().unwrap();
        while !parser.1 {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "it did not end within {limit:?}; last screen:\n{}", parser.0.screen().contents());
            parser = self.shared.changed.wait_timeout(parser, left).unwrap().0;
        }
        drop(parser);
        self.child.wait().unwrap().exit_code()
    }

    /// The terminal is as it was before the program ran.
    pub(crate) fn assert_given_back(&self) {
        let parser = self.shared.parser.lock().unwrap();
        let screen = parser.0.screen();
        assert!(!screen.alternate_screen(), "the main screen is shown again");
        assert!(!screen.hide_cursor(), "the cursor is there again");
        assert!(!screen.bracketed_paste(), "pasting is plain again");
        assert_eq!(settings(self.master.as_ref()), self.before, "line discipline as before");
    }

    /// What was sent for the clipboard so far: which one, and the text in base64.
    pub(crate) fn clipboard(&self) -> Vec<String> {
        self.shared.parser.lock().unwrap().0.callbacks().sent.clone()
    }

    /// The program's home, where its files are.
    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Whether no cell has a colour.
    pub(crate) fn is_colourless(&self) -> bool {
        let parser = self.shared.parser.lock().unwrap();
        let screen = parser.0.screen();
        let (rows, columns) = screen.size();
        (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column))).all(|(row, column)| {
            screen
                .cell(row, column)
                .is_none_or(|cell| (cell.fgcolor(), cell.bgcolor()) == (vt100::Color::Default, vt100::Color::Default))
        })
    }
}

/// The line discipline: echo, line mode and the rest.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
