//! The trail in files: one a month, `audit/YYYY-MM.jsonl` in the state folder, for its owner alone.
//!
//! Written at its end only, a line at a time, on the disk before anybody acts on it. Several programs may write at once:
//! they take turns by a lock.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contract::UtcMs;
use rustix::fs::OFlags;
use serde::Serialize;

use super::chain::{self, Check, Fault};

/// Its folder in the state folder.
pub const FOLDER: &str = "audit";

/// What programs lock while they write; never removed.
const LOCK: &str = "lock";

/// How files of the trail end.
const EXTENSION: &str = "jsonl";

/// Longest line, in bytes: an operation on as many orders as one may have, each with a sentence, and room.
pub const LINE_BYTES_MAX: usize = 512 * 1_024;

/// How long to wait for other programs that write. Each holds the lock for one line; one that was stopped meanwhile must
/// not stop everybody.
const LOCK_LIMIT: Duration = Duration::from_secs(2);

/// Pause between two looks at the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Why a line was not written. Nothing is done then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no home to write to.
    #[error("there is no state folder: set HOME or XDG_STATE_HOME")]
    NoFolder,
    /// Folder or file cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was to be used.
        path: PathBuf,
        /// Why it could not be.
        source: io::Error,
    },
    /// The login has no name that a record could carry.
    #[error("the login has no name: set USER")]
    Nobody,
    /// Another program keeps the lock.
    #[error("another program has been writing to the audit trail for {} s", LOCK_LIMIT.as_secs())]
    Locked,
    /// It is longer than any line of ours.
    #[error("a line of the audit trail has {LINE_BYTES_MAX} bytes at most")]
    TooLong,
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    |source| Error::Io { path: path.to_owned(), source }
}

/// The trail in one folder.
#[derive(Debug, Clone)]
pub struct Trail {
    folder: PathBuf,
}

impl Trail {
    /// The trail in the state folder `state`; nothing is touched yet.
    pub fn of(state: &Path) -> Self {
        Self { folder: state.join(FOLDER) }
    }

    /// Writes `record` as the last line; returns when it is on the disk. Blocks.
    pub fn append(&self, record: &impl Serialize, now: UtcMs) -> Result<(), Error> {
        let _turn = self.turn()?;
        let files = self.files()?;
        // A clock that was set back opens no file before the last one.
        let name = format!("{}.{EXTENSION}", month(now));
        let path = files.last().filter(|last| last.file_name().is_some_and(|last| last > name.as_str()));
        let path = path.cloned().unwrap_or_else(|| self.folder.join(name));
        let is_new = !files.contains(&path);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(at(&path))?;
        let end = tail(&mut file).map_err(at(&path))?;
        let before = match &end.line {
            Some(line) => chain::digest(line),
            None => before(&files, &path)?,
        };
        let line = chain::line(record, &before).map_err(|error| at(&path)(error.into()))?;
        if line.len() > LINE_BYTES_MAX {
            return Err(Error::TooLong);
        }
        // What a power cut left of a line stays, on a line of its own.
        let line = if end.torn { format!("\n{line}\n") } else { format!("{line}\n") };
        write(&mut file, line.as_bytes(), end.length).map_err(at(&path))?;
        if is_new {
            File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(at(&self.folder))?;
        }
        Ok(())
    }

    /// Waits for the turn to write; it is over when the file is dropped.
    fn turn(&self) -> Result<File, Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(at(&self.folder))?;
        let path = self.folder.join(LOCK);
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(at(&path))?;
        let asked = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if asked.elapsed() < LOCK_LIMIT => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => return Err(Error::Locked),
                Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
            }
        }
    }

    /// The files, oldest first; none when nothing was ever written.
    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(at(&self.folder)(error)),
        };
        let paths: Result<Vec<PathBuf>, io::Error> = entries.map(|entry| Ok(entry?.path())).collect();
        let mut files = paths.map_err(at(&self.folder))?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
        files.sort();
        Ok(files)
    }

    /// Goes over every line; tells each that is wrong. Blocks.
    pub fn verify(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut check = Check::default();
        for path in self.files()? {
            report.files += 1;
            let file = File::open(&path).map_err(at(&path))?;
            let mut reader = BufReader::new(file);
            for number in 1.. {
                let mut line = Vec::new();
                let limit = LINE_BYTES_MAX as u64 + 1;
                let read = (&mut reader).take(limit).read_until(b'\n', &mut line).map_err(at(&path))?;
                if read == 0 {
                    break;
                }
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                report.lines += 1;
                if let Err(fault) = check.next(&line) {
                    report.faults.push((path.clone(), number, fault));
                    if report.faults.len() >= FAULTS_MAX {
                        return Ok(report);
                    }
                }
            }
        }
        Ok(report)
    }
}

/// Faults told; a file of another kind would have one a line.
pub const FAULTS_MAX: usize = 100;

/// What verifying found.
#[derive(Debug, Default)]
pub struct Report {
    /// Files read.
    pub files: usize,
    /// Lines read.
    pub lines: u64,
    /// File, line from 1, and what is wrong; at most [`FAULTS_MAX`].
    pub faults: Vec<(PathBuf, u64, Fault)>,
}

/// `2026-11`, in UTC.
fn month(now: UtcMs) -> String {
    now.to_string().chars().take(7).collect()
}

/// The end of a file.
struct End {
    /// Its length in bytes.
    length: u64,
    /// Its last line, whole or not, without a line end; none when it is empty.
    line: Option<Vec<u8>>,
    /// Whether that line has no line end.
    torn: bool,
}

fn tail(file: &mut File) -> io::Result<End> {
    let length = file.seek(SeekFrom::End(0))?;
    let room = LINE_BYTES_MAX as u64 + 2;
    file.seek(SeekFrom::Start(length.saturating_sub(room)))?;
    let mut end = Vec::new();
    file.take(room).read_to_end(&mut end)?;
    let torn = end.last().is_some_and(|last| *last != b'\n');
    if end.last() == Some(&b'\n') {
        end.pop();
    }
    let start = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = (length > 0).then(|| end.split_off(start));
    Ok(End { length, line, torn })
}

/// What the first line of `path` holds on to: the last line of the files before it.
fn before(files: &[PathBuf], path: &Path) -> Result<String, Error> {
    for earlier in files.iter().rev().filter(|file| file.as_path() < path) {
        let end = File::open(earlier).and_then(|mut file| tail(&mut file)).map_err(at(earlier))?;
        if let Some(line) = end.line {
            return Ok(chain::digest(&line));
        }
    }
    Ok(chain::BEGINNING.to_owned())
}

/// Writes all of it at once and waits for the disk, or leaves the file as it was.
fn write(file: &mut File, line: &[u8], length: u64) -> io::Result<()> {
    let written = loop {
        match file.write(line) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            written => break written,
        }
    };
    let whole = match written {
        Ok(written) if written == line.len() => file.sync_all(),
        Ok(_) => Err(io::Error::new(io::ErrorKind::StorageFull, "no room for a whole line")),
        Err(error) => Err(error),
    };
    if whole.is_err() {
        // What is there of a line is no line; where it cannot be taken back, the next one begins after it.
        let _ = file.set_len(length);
    }
    whole
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::json;

    use super::*;

    fn at(text: &str) -> UtcMs {
        text.parse().unwrap()
    }

    fn november() -> UtcMs {
        at("2026-11-24T20:00:00.000Z")
    }

    #[test]
    fn lines_are_for_their_owner_and_hold_on_to_each_other_over_months() {
        let state = tempfile::tempdir().unwrap();
        let trail = Trail::of(state.path());
        for (n, now) in
            ["2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00.000Z", "2026-11-30T23:59:59.999Z"].iter().enumerate()
        {
            trail.append(&json!({ "n": n }), at(now)).unwrap();
        }
        let folder = state.path().join(FOLDER);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("2026-11.jsonl"))), (0o700, 0o600));
        // The clock went back: what is last stays last.
        let lines = |name| std::fs::read_to_string(folder.join(name)).unwrap().lines().count();
        assert_eq!((lines("2026-11.jsonl"), lines("2026-12.jsonl")), (1, 2));
        let report = trail.verify().unwrap();
        assert_eq!((report.files, report.lines, report.faults.len()), (2, 3, 0));
        std::fs::remove_file(folder.join("2026-11.jsonl")).unwrap();
        let faults = trail.verify().unwrap().faults;
        assert_eq!(faults, [(folder.join("2026-12.jsonl"), 1, Fault::Loose)]);
    }

    #[test]
    fn what_a_power_cut_left_is_kept_and_told() {
        let state = tempfile::tempdir().unwrap();
        let trail = Trail::of(state.path());
        trail.append(&json!({ "n": 0 }), november()).unwrap();
        let path = state.path().join(FOLDER).join("2026-11.jsonl");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":1,").unwrap();
        trail.append(&json!({ "n": 2 }), november()).unwrap();
        let report = trail.verify().unwrap();
        assert_eq!((report.lines, report.faults), (3, vec![(path, 2, Fault::Foreign)]));
    }

    #[test]
    fn many_writers_make_one_trail() {
        let state = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let trail = Trail::of(state.path());
                scope.spawn(move || {
                    for n in 0..10 {
                        trail.append(&json!({ "writer": writer, "n": n }), november()).unwrap();
                    }
                });
            }
        });
        let report = Trail::of(state.path()).verify().unwrap();
        assert_eq!((report.lines, report.faults.len()), (40, 0));
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_leaves_nothing_behind() {
        let state = tempfile::tempdir().unwrap();
        let trail = Trail::of(state.path());
        trail.append(&json!({ "n": 0 }), november()).unwrap();
        let huge = json!({ "text": "x".repeat(LINE_BYTES_MAX) });
        assert!(matches!(trail.append(&huge, november()), Err(Error::TooLong)));
        trail.append(&json!({ "n": 1 }), november()).unwrap();
        assert_eq!(trail.verify().unwrap().lines, 2);
        // The folder is no folder; the file leads elsewhere.
        let other = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(Trail::of(other.path()).append(&json!({}), november()), Err(Error::Io { .. })));
        let path = state.path().join(FOLDER).join("2026-12.jsonl");
        std::os::unix::fs::symlink(other.path(), &path).unwrap();
        assert!(matches!(trail.append(&json!({}), at("2026-12-01T00:00:00.000Z")), Err(Error::Io { .. })));
    }

    #[test]
    fn a_writer_that_was_stopped_stops_nobody_for_good() {
        let state = tempfile::tempdir().unwrap();
        let trail = Trail::of(state.path());
        let held = trail.turn().unwrap();
        assert!(matches!(trail.append(&json!({}), november()), Err(Error::Locked)));
        drop(held);
        trail.append(&json!({}), november()).unwrap();
    }
}
