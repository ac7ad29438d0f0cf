//! Standard output, written to by a thread of its own: a terminal that takes nothing keeps its screen waiting, and nothing
//! else.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
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
    /// Since when something is being written.
    busy: Option<Instant>,
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
        Ok(Self { things: Some(things), done, busy: None, thread: Some(thread) })
    }

    /// Whether the last thing is written.
    pub(super) const fn is_free(&self) -> bool {
        self.busy.is_none()
    }

    /// Writes `written`. Only for one that is free; else it is an error, and nothing is written.
    pub(super) fn write(&mut self, written: Written) -> io::Result<()> {
        if self.busy.is_some() {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let things = self.things.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        self.busy = Some(Instant::now());
        things.send(written).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits until what was given last is written, and tells how long that took; for ever if nothing was given.
    pub(super) async fn written(&mut self) -> io::Result<Duration> {
        let Some(since) = self.busy else { return std::future::pending().await };
        let done = self.done.recv().await;
        self.busy = None;
        done.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into())).map(|()| since.elapsed())
    }

    /// Leaves what is being written to itself: the terminal has taken nothing for too long.
    pub(super) fn abandon(&mut self) {
        self.thread = None;
    }
}

impl Drop for Output {
    /// What was given is written before, unless it was abandoned.
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

/// Writes `text`, as long as the terminal is ours: a panic gives it back whatever else is under way.
fn all(out: &mut File, text: &str) -> io::Result<()> {
    let mut left = text.as_bytes();
    while !left.is_empty() && TAKEN.load(Ordering::SeqCst) {
        match out.write(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => left = left.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Another program that has the same terminal may have asked for that.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(out, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
