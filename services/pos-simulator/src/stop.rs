//! When to stop: SIGTERM, SIGINT, or the end of stdin when asked. A second signal ends the program at once.

use std::io::{self, Read as _};
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Exit code of a program that a second signal ended: 128 + 2, as shells say it.
const INTERRUPTED: i32 = 130;

/// The reasons to stop; made early, so that no signal is lost.
#[derive(Debug)]
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
    stdin_closed: Option<oneshot::Receiver<()>>,
}

impl Stop {
    /// Listens for signals, and for the end of stdin when `on_stdin_close`. Needs a tokio runtime.
    pub fn listen(on_stdin_close: bool) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            stdin_closed: on_stdin_close.then(stdin_closed),
        })
    }

    /// Comes back at the first reason. From then on the next signal ends the program.
    pub async fn wait(mut self) {
        let stdin = async {
            match self.stdin_closed.take() {
                Some(closed) => drop(closed.await),
                None => std::future::pending().await,
            }
        };
        let reason = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            () = stdin => "end of stdin",
        };
        tracing::info!(reason, "stopping");
        tokio::spawn(async move {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            process::exit(INTERRUPTED);
        });
    }
}

/// Ready when stdin is at its end. A thread of its own reads it: tokio's stdin would hold up the end of the runtime.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while !matches!(io::stdin().read(&mut buffer), Ok(0) | Err(_)) {}
        let _ = closed.send(());
    });
    wait
}
