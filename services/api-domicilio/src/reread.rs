//! Files that are read again when they change, or when a SIGHUP says so, without a restart.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use chassis::Trouble;
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};

/// How often files are looked at. A change is taken up when it has lasted from one look to the next, so that a file which is
/// being written is not read halfway.
const LOOK: Duration = Duration::from_secs(1);

/// What tells one state of a file from another: modification, length, inode. None while it cannot be looked at.
type Stamp = Option<(i64, i64, u64, u64)>;

/// Calls `take` for each new state of `files`, for ever. What it does not take is told as trouble until it takes the next.
pub(crate) async fn follow(files: &[PathBuf], trouble: &Trouble, take: impl AsyncFn() -> anyhow::Result<()>) {
    // Without the signal there is still the look.
    let mut hangup = signal(SignalKind::hangup()).ok();
    let mut taken = stamps(files).await;
    let mut seen = taken.clone();
    let mut failed = false;
    loop {
        let asked = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        let asked = tokio::select! {
            _ = asked => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        let now = stamps(files).await;
        if asked || failed || (now != taken && now == seen) {
            match take().await {
                Ok(()) => {
                    failed = false;
                    trouble.over();
                }
                Err(error) => {
                    failed = true;
                    trouble.warn(format!("{error:#}; what was read before stays in force"));
                }
            }
            taken.clone_from(&now);
        }
        seen = now;
    }
}

async fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let mut stamps = Vec::with_capacity(files.len());
    for file in files {
        let stamp = tokio::fs::metadata(file).await.ok();
        stamps.push(stamp.map(|of| (of.mtime(), of.mtime_nsec(), of.len(), of.ino())));
    }
    stamps
}

/// The text of a file of at most `max` bytes.
pub(crate) async fn text(file: &Path, max: u64) -> anyhow::Result<String> {
    let reading = async {
        let mut text = String::new();
        tokio::fs::File::open(file).await?.take(max + 1).read_to_string(&mut text).await?;
        Ok::<_, std::io::Error>(text)
    };
    let text = reading.await.with_context(|| format!("reading {}", file.display()))?;
    anyhow::ensure!(text.len() as u64 <= max, "{} is larger than {max} bytes", file.display());
    Ok(text)
}
