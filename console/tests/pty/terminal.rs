//! The console's program in a pty, with an emulator that keeps the screen.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::LONG;

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

/// What was seen so far.
struct Seen {
    parser: vt100::Parser<Clipboard>,
    /// Every byte that the program wrote.
    bytes: Vec<u8>,
    /// Whether the program has gone.
    ended: bool,
    /// Whether the terminal takes what is written to it.
    reading: Reading,
}

/// What the other side of the terminal does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    On,
    /// Nothing is taken: what the program writes piles up, and then it waits.
    Stalled,
    /// The other side lets go.
    Closed,
}

/// The screen, and a bell for whoever waits for it to change.
struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

/// The program in its terminal. Ended hard when dropped before it left by itself.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    /// `None` once it was closed.
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
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

    /// A recording, shown in Spanish on as large a screen; no bus.
    pub(crate) fn open_recording(arguments: &[&str]) -> Self {
        let mut replay = CommandBuilder::new(PROGRAM);
        replay.args([&["replay", "--lang", "es"], arguments].concat());
        Self::start_as(replay, &[])
    }

    /// The same, run by a shell with job control; `script` runs the console as `"$0" "$@"`.
    pub(crate) fn open_in_shell(url: &str, script: &str) -> Self {
        let mut shell = CommandBuilder::new("sh");
        shell.args(["-mc", script, PROGRAM]);
        Self::start(shell, url, &[("PATH", "/usr/bin:/bin")])
    }

    /// This test program itself, running one of its ignored tests in the terminal, on its first thread.
    pub(crate) fn open_test(name: &str, env: &[(&str, &str)]) -> Self {
        let mut test = CommandBuilder::new(std::env::current_exe().unwrap());
        test.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]);
        Self::start_as(test, env)
    }

    fn start(mut command: CommandBuilder, url: &str, env: &[(&str, &str)]) -> Self {
        command.args(["--nats-url", url, "--lang", "es"]);
        Self::start_as(command, env)
    }

    fn start_as(mut command: CommandBuilder, env: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pty = native_pty_system().openpty(size(COLUMNS, ROWS)).unwrap();
        command.env_clear();
        command.cwd(home.path());
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env(name, home.path());
        }
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "es_EC.UTF-8"), ("TZ", "UTC")].iter().chain(env) {
            command.env(name, value);
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
        let seen = Seen { parser, bytes: Vec::new(), ended: false, reading: Reading::On };
        let shared = Arc::new(Shared { seen: Mutex::new(seen), changed: Condvar::new() });
        let output = pty.master.try_clone_reader().unwrap();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || follow(output, &theirs));
        let keys = pty.master.take_writer().unwrap();
        Self { child, master: Some(pty.master), keys: Some(keys), shared, before, home }
    }

    /// What the screen says.
    pub(crate) fn text(&self) -> String {
        self.seen().parser.screen().contents()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap()
    }

    /// Every byte that the program has written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// The console's own log, all of it.
    pub(crate) fn log(&self) -> String {
        let logs = self.files().into_iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "log"));
        logs.map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect()
    }

    /// Every file that the program left, with its path.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.home.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    files.push((path, bytes));
                }
            }
        }
        files
    }

    fn read(&self, reading: Reading) {
        self.seen().reading = reading;
        self.shared.changed.notify_all();
    }

    /// From here on the terminal takes nothing more, until [`Self::go_on`].
    pub(crate) fn stall(&self) {
        self.read(Reading::Stalled);
    }

    pub(crate) fn go_on(&self) {
        self.read(Reading::On);
    }

    /// The other side of the terminal goes away, as when an emulator is killed.
    pub(crate) fn close(&mut self) {
        self.read(Reading::Closed);
        (self.keys, self.master) = (None, None);
    }

    /// Sends keys as a terminal would.
    pub(crate) fn press(&mut self, keys: &str) {
        let writer = self.keys.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        let mut seen = self.seen();
        seen.parser.screen_mut().set_size(height.try_into().unwrap(), width.try_into().unwrap());
        self.master.as_ref().unwrap().resize(size(width, height)).unwrap();
    }

    /// Waits until the screen's text is as it should be.
    pub(crate) fn wait_for(&self, what: &str, limit: Duration, wanted: impl Fn(&str) -> bool) {
        self.wait_until(what, limit, |screen| wanted(&screen.contents()));
    }

    /// Waits until the emulator is as it should be; fails with the last screen.
    pub(crate) fn wait_until(&self, what: &str, limit: Duration, wanted: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + limit;
        let mut seen = self.seen();
        while !wanted(seen.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let gone = if seen.ended { " (the program has ended)" } else { "" };
            assert!(
                !left.is_zero() && gone.is_empty(),
                "waited {limit:?} for {what}{gone}; last screen:\n{}",
                seen.parser.screen().contents()
            );
            seen = self.shared.changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Whether the screen's text is as wanted within `limit`.
    pub(crate) fn holds_within(&self, limit: Duration, wanted: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        let mut seen = self.seen();
        while !wanted(&seen.parser.screen().contents()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            seen = self.shared.changed.wait_timeout(seen, left).unwrap().0;
        }
        true
    }

    /// Shows what somebody else wrote to the terminal.
    pub(crate) fn write_over(&self, text: &str) {
        self.seen().parser.process(text.as_bytes());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        kill_process(pid.unwrap(), signal).unwrap();
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The terminal takes nothing more, and the program is kept busy by keys in turn until it waits for the terminal.
    pub(crate) fn stall_until_full(&mut self, one: &str, other: &str) {
        self.stall();
        let deadline = Instant::now() + LONG;
        let (mut full_since, mut one_is_shown) = (None, false);
        while !lasts(&mut full_since, self.waits_for_terminal()) {
            assert!(Instant::now() < deadline, "the terminal took all that was written");
            self.press(if one_is_shown { other } else { one });
            one_is_shown = !one_is_shown;
            // Longer than there is between two frames, so that each is drawn.
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether a thread of the program is within a write to the terminal that has not ended.
    fn waits_for_terminal(&self) -> bool {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.process_id().unwrap())).unwrap();
        tasks.map(|task| task.unwrap().path()).any(|task| waits_for_room(&task, "terminal"))
    }

    /// Waits until a process `name` of the terminal has filled it.
    pub(crate) fn wait_for_full_terminal(&self, name: &str) {
        let (session, deadline) = (self.child.process_id().unwrap().to_string(), Instant::now() + LONG);
        let ours = |process: &Path| {
            let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(3)) == Some(&session)
        };
        let full = || {
            let all = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
            all.into_iter().any(|process| waits_for_room(&process, name) && ours(&process))
        };
        let mut full_since = None;
        while !lasts(&mut full_since, full()) {
            assert!(Instant::now() < deadline, "the terminal took all that was written");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the console's log holds `text`.
    pub(crate) fn wait_for_log(&self, text: &str, limit: Duration) {
        let deadline = Instant::now() + limit;
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "no {text:?} in the log within {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a program whose terminal was closed has ended; tells its exit code and the last that was seen of its
    /// processor time.
    pub(crate) fn wait_for_exit(&mut self, limit: Duration) -> (u32, u64) {
        let deadline = Instant::now() + limit;
        loop {
            let used_ms = self.processor_ms();
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.exit_code(), used_ms);
            }
            assert!(Instant::now() < deadline, "it did not end within {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Processor time that the program has used.
    pub(crate) fn processor_ms(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        ticks * 10 // The kernel tells it in hundredths of a second.
    }

    /// Waits until the program has ended and everything that it wrote was read; tells its exit code.
    pub(crate) fn wait_for_end(&mut self, limit: Duration) -> u32 {
        let deadline = Instant::now() + limit;
        let mut seen = self.seen();
        while !seen.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "it did not end within {limit:?}; last screen:\n{}",
                seen.parser.screen().contents()
            );
            seen = self.shared.changed.wait_timeout(seen, left).unwrap().0;
        }
        drop(seen);
        self.child.wait().unwrap().exit_code()
    }

    /// The terminal is as it was before the program ran.
    pub(crate) fn assert_given_back(&self) {
        let seen = self.seen();
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen(), "the main screen is shown again");
        assert!(!screen.hide_cursor(), "the cursor is there again");
        assert!(!screen.bracketed_paste(), "pasting is plain again");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is the terminal's again");
        assert_eq!(settings(self.master.as_ref().unwrap().as_ref()), self.before, "line discipline as before");
    }

    /// What was sent for the clipboard so far: which one, and the text in base64.
    pub(crate) fn clipboard(&self) -> Vec<String> {
        self.seen().parser.callbacks().sent.clone()
    }

    /// The program's home, where its files are.
    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Whether no cell has a colour.
    pub(crate) fn is_colourless(&self) -> bool {
        let seen = self.seen();
        let screen = seen.parser.screen();
        let (rows, columns) = screen.size();
        (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column))).all(|(row, column)| {
            screen
                .cell(row, column)
                .is_none_or(|cell| (cell.fgcolor(), cell.bgcolor()) == (vt100::Color::Default, vt100::Color::Default))
        })
    }
}

/// Reads what the program writes, as long as the terminal takes it.
fn follow(mut output: Box<dyn Read + Send>, shared: &Shared) {
    let mut bytes = [0; 16 * 1_024];
    loop {
        // An error is how a pty says that the program has gone.
        let read = output.read(&mut bytes).unwrap_or(0);
        // Poisoned when the test has failed: nobody looks any more.
        let Ok(mut seen) = shared.seen.lock() else { return };
        while seen.reading == Reading::Stalled {
            let Ok(waited) = shared.changed.wait(seen) else { return };
            seen = waited;
        }
        if seen.reading == Reading::Closed {
            return;
        }
        seen.parser.process(&bytes[..read]);
        seen.bytes.extend_from_slice(&bytes[..read]);
        seen.ended = read == 0;
        shared.changed.notify_all();
        if read == 0 {
            return;
        }
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

/// Whether something that is seen `now` has been seen since half a second: a write that the terminal takes in the end may be
/// seen under way; one that lasts is waiting.
fn lasts(since: &mut Option<Instant>, now: bool) -> bool {
    *since = if now { since.or_else(|| Some(Instant::now())) } else { None };
    since.is_some_and(|since| since.elapsed() >= Duration::from_millis(500))
}

/// Whether what is called `name` is kept waiting by the kernel for room in a terminal, not for something to write.
fn waits_for_room(task: &Path, name: &str) -> bool {
    let read = |file| std::fs::read_to_string(task.join(file)).unwrap_or_default();
    read("comm").trim() == name && read("wchan") == "wait_woken"
}
