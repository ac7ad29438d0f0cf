//! A program in a pty, with an emulator that keeps the screen and an account of every byte.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

struct Seen {
    parser: vt100::Parser,
    bytes: u64,
    ended: bool,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The program in its terminal; killed when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    shared: Arc<Shared>,
    // Held open as long as the program is looked at.
    _master: Box<dyn MasterPty + Send>,
    home: TempDir,
}

impl Terminal {
    /// Starts `program` with `args` and `env` on so many columns and rows, in a home of its own.
    pub fn start(
        program: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        (width, height): (u16, u16),
    ) -> anyhow::Result<Self> {
        let home = tempfile::tempdir().context("making a folder")?;
        let size = PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd(home.path());
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env(name, home.path());
        }
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "es_EC.UTF-8"), ("TZ", "UTC")].iter().chain(env) {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command)?;
        drop(pty.slave);
        let (rows, columns) = (height.try_into()?, width.try_into()?);
        let seen = Seen { parser: vt100::Parser::new(rows, columns, 0), bytes: 0, ended: false };
        let shared = Arc::new(Shared { seen: Mutex::new(seen), changed: Condvar::new() });
        let (output, theirs) = (pty.master.try_clone_reader()?, Arc::clone(&shared));
        std::thread::spawn(move || follow(output, &theirs));
        let keys = pty.master.take_writer()?;
        Ok(Self { child, keys, shared, _master: pty.master, home })
    }

    /// Process id.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child.process_id().context("the program has ended")
    }

    /// Bytes that it has written so far.
    pub fn bytes(&self) -> u64 {
        self.shared.seen().bytes
    }

    /// Looks at the screen.
    pub fn look<T>(&self, at: impl Fn(&vt100::Screen) -> T) -> T {
        at(self.shared.seen().parser.screen())
    }

    /// Sends keys as a terminal would.
    pub fn press(&mut self, keys: &str) -> anyhow::Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits until the screen is as wanted, which is looked at after everything that is written; tells since when it is.
    pub fn wait(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&vt100::Screen) -> bool,
    ) -> anyhow::Result<Instant> {
        let deadline = Instant::now() + limit;
        let mut seen = self.shared.seen();
        while !wanted(seen.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.ended {
                bail!("no {what} within {} s; last screen:\n{}", limit.as_secs(), seen.parser.screen().contents());
            }
            seen = self.shared.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(Instant::now())
    }

    /// Waits until it has ended.
    pub fn wait_for_end(&mut self, limit: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        let mut seen = self.shared.seen();
        while !seen.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("it did not end; last screen:\n{}", seen.parser.screen().contents());
            }
            seen = self.shared.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Its home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }
}

fn follow(mut output: Box<dyn Read + Send>, shared: &Shared) {
    let mut bytes = [0; 16 * 1_024];
    loop {
        // An error is how a pty says that the program has gone.
        let read = output.read(&mut bytes).unwrap_or(0);
        let mut seen = shared.seen();
        seen.parser.process(bytes.get(..read).unwrap_or_default());
        seen.bytes += read as u64;
        seen.ended = read == 0;
        shared.changed.notify_all();
        if read == 0 {
            return;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
