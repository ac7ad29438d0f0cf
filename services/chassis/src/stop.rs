//! Being told to stop: SIGTERM, SIGINT, or the end of standard input. A second signal exits at once.

use std::io::Read as _;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancels `stop` at the first signal (or end of input, when `stdin` is set); exits with 130 at the second.
pub fn watch(stop: &CancellationToken, stdin: bool) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let token = stop.clone();
    tokio::spawn(async move {
        for asked_before in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if asked_before {
                // Whoever asks twice does not want to wait.
                std::process::exit(130);
            }
            tracing::info!("told to stop by a signal");
            token.cancel();
        }
    });
    if stdin {
        let token = stop.clone();
        // A thread of its own: a read that nobody can cancel must not hold up the runtime's end.
        std::thread::spawn(move || {
            let mut ignored = [0_u8; 256];
            while matches!(std::io::stdin().read(&mut ignored), Ok(count) if count > 0) {}
            tracing::info!("told to stop by the end of standard input");
            token.cancel();
        });
    }
    Ok(())
}
