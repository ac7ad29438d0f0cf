//! Standard output, written to by a thread of its own: a terminal that takes nothing keeps its screen waiting, and nothing
//! else.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc;

use super::TAKEN;
use super::encoder::Written;

/// Name of the thread.
const NAME: &str = "terminal";

/// Between the lead of a frame and its rest: long enough that whoever reads the terminal for a line, as `sshd` does, sends the
/// lead as a packet of its own, which neither waits for the rest nor is lost with it.
const LEAD_PAUSE: Duration = Duration::from_millis(3);

/// The terminal as it is written to: one thing after another, and the next one only when the last one is written.
pub(super) struct Output {
    /// Absent only while this is dropped.
    things: Option<SyncSender<Written>>,
    done: mpsc::Receiver<io::Result<()>>,
    busy: bool,
    thread: Option<JoinHandle<()>>,
}

impl Output {
    /// Begins with nothing to write.
    pub(super) fn start() -> io::Result<Self> {
        // Without a buffer, so that a frame is one write.
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        // There is one thing at a time, so neither of the two ever holds more.
        let (things, to_write) = sync_channel(1);
        let (tell, done) = mpsc::channel(1);
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(move || write(out, &to_write, &tell))?;
        Ok(Self { things: Some(things), done, busy: false, thread: Some(thread) })
    }

    /// Whether the last thing is written.
    pub(super) const fn is_free(&self) -> bool {
        !self.busy
    }

    /// Writes `written`. Only for one that is free; else it is an error, and nothing is written.
    pub(super) fn write(&mut self, written: Written) -> io::Result<()> {
        if self.busy {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let things = self.things.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        self.busy = true;
        things.send(written).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits until what was given last is written; for ever if nothing was.
    pub(super) async fn written(&mut self) -> io::Result<()> {
        if !self.busy {
            return std::future::pending().await;
        }
        let done = self.done.recv().await;
        self.busy = false;
        done.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))
    }
}

impl Drop for Output {
    /// What was given is written before.
    fn drop(&mut self) {
        self.things = None;
        if let Some(thread) = self.thread.take() {
            // A panic of it has ended the program.
            let _ = thread.join();
        }
    }
}

fn write(mut out: File, things: &Receiver<Written>, tell: &mpsc::Sender<io::Result<()>>) {
    for Written { text, lead } in things {
        let (lead, rest) = text.split_at_checked(lead).unwrap_or(("", &text));
        let mut done = all(&mut out, lead);
        if !lead.is_empty() && !rest.is_empty() {
            thread::sleep(LEAD_PAUSE);
        }
        done = done.and_then(|()| all(&mut out, rest));
        // Nobody waits for it any more.
        let _ = tell.blocking_send(done);
    }
}

/// Writes `text`, unless the terminal is no longer ours: a panic gives it back whatever else is under way.
fn all(out: &mut File, text: &str) -> io::Result<()> {
    if !TAKEN.load(Ordering::SeqCst) {
        return Ok(());
    }
    out.write_all(text.as_bytes())
}
