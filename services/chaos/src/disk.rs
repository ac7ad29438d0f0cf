//! A disk that can be filled: a small tmpfs where a nats-server keeps its streams. Needs the right to mount.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Size of the disk. nats-server grants its streams three quarters of what is free when it starts; the streams of a run
/// ask for 243 MiB.
#[cfg(target_os = "linux")]
const SIZE: &std::ffi::CStr = c"size=384m,mode=700";

/// Pieces in which the disk is filled, in bytes, from the largest to the last byte.
const PIECES: [usize; 3] = [1_024 * 1_024, 4_096, 1];

/// A mounted disk; unmounted when dropped. Should the runner be killed hard, it stays until somebody unmounts it.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Mounts one at `folder`, which is made.
    pub fn mount(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        mount(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Why no disk can be mounted here; `None` when one can.
    pub fn why_not() -> Option<String> {
        if !rustix::process::geteuid().is_root() {
            return Some("only root may mount a small disk".to_owned());
        }
        let tried = tempfile::tempdir().and_then(|folder| Self::mount(&folder.path().join("disk")).map(drop));
        tried.err().map(|error| format!("a small disk cannot be mounted: {error}"))
    }

    /// Takes all the room that is left; to be called again for room that was given back meanwhile.
    pub fn fill(&self) -> io::Result<()> {
        let mut ballast = OpenOptions::new().append(true).create(true).open(self.ballast())?;
        PIECES.into_iter().try_for_each(|piece| fill_with(&mut ballast, &vec![0; piece]))
    }

    /// Gives the room back.
    pub fn free(&self) -> io::Result<()> {
        fs::remove_file(self.ballast())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

fn fill_with(ballast: &mut File, piece: &[u8]) -> io::Result<()> {
    loop {
        match ballast.write(piece) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.folder);
    }
}

#[cfg(target_os = "linux")]
fn mount(folder: &Path) -> io::Result<()> {
    Ok(rustix::mount::mount("tmpfs", folder, "tmpfs", rustix::mount::MountFlags::empty(), SIZE)?)
}

/// Also while a server that was just killed still has files open.
#[cfg(target_os = "linux")]
fn unmount(folder: &Path) {
    let _ = rustix::mount::unmount(folder, rustix::mount::UnmountFlags::DETACH);
}

#[cfg(not(target_os = "linux"))]
fn mount(_: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "known for Linux only"))
}

#[cfg(not(target_os = "linux"))]
fn unmount(_: &Path) {}
