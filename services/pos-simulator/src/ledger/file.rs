//! The ledger's file: appending to it, reading it while it grows.
//!
//! A line counts once its line feed is there. What comes after the last line feed was never answered for (the writer
//! died, or is just writing): readers leave it, the next writer cuts it off.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Judge, LedgerLine, Verdict};

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be opened, read or written.
    #[error("cannot use the ledger {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another simulator writes to it.
    #[error("another process writes to the ledger {}: give each simulator its own", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A complete line is no ledger line: the file is damaged, or is something else.
    #[error("line {number} of {} is no ledger line", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        number: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The complete lines of a ledger, in order. Having come to the end it goes on when the file has grown.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    /// Where the next line starts, in bytes.
    offset: u64,
    /// Number of lines read.
    number: u64,
}

impl Lines {
    /// The lines of the ledger at `path`.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        match File::open(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file: BufReader::new(file), offset: 0, number: 0 }),
            Err(source) => Err(LedgerError::Io { path: path.to_owned(), source }),
        }
    }

    fn read(&mut self) -> Result<Option<LedgerLine>, LedgerError> {
        let io = |source| LedgerError::Io { path: self.path.clone(), source };
        let mut line = Vec::new();
        let length = self.file.read_until(b'\n', &mut line).map_err(io)?;
        if line.last() != Some(&b'\n') {
            self.file.seek(SeekFrom::Start(self.offset)).map_err(io)?;
            return Ok(None);
        }
        self.offset += u64::try_from(length).unwrap_or(u64::MAX);
        self.number += 1;
        match serde_json::from_slice(&line) {
            Ok(line) => Ok(Some(line)),
            Err(source) => Err(LedgerError::Line { path: self.path.clone(), number: self.number, source }),
        }
    }
}

impl Iterator for Lines {
    type Item = Result<LedgerLine, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Judges a ledger that grows; each time it reads only what is new.
#[derive(Debug)]
pub struct Audit {
    lines: Lines,
    judge: Judge,
}

impl Audit {
    /// An audit of the ledger at `path`.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Ok(Self { lines: Lines::open(path)?, judge: Judge::default() })
    }

    /// The judgement over every complete line that is there now.
    pub fn catch_up(&mut self) -> Result<&Verdict, LedgerError> {
        for line in &mut self.lines {
            self.judge.take(&line?);
        }
        Ok(self.judge.verdict())
    }
}

/// Judges the ledger at `path` as it is now.
pub fn judge_file(path: &Path) -> Result<Verdict, LedgerError> {
    Audit::open(path)?.catch_up().cloned()
}

/// A ledger open for writing. Only one process at a time can hold a file so.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    tail: Mutex<Tail>,
}

#[derive(Debug)]
struct Tail {
    file: File,
    /// Length of the complete lines, in bytes.
    length: u64,
}

impl Ledger {
    /// Opens the ledger at `path`, makes it when it is not there, and hands each line that it holds to `each`.
    pub fn open(path: &Path, mut each: impl FnMut(&LedgerLine)) -> Result<Self, LedgerError> {
        let io = |source| LedgerError::Io { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LedgerError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut lines = Lines::open(path)?;
        for line in &mut lines {
            each(&line?);
        }
        let length = lines.offset;
        // Cuts off what a writer that died left half-written.
        file.set_len(length).map_err(io)?;
        Ok(Self { path: path.to_owned(), tail: Mutex::new(Tail { file, length }) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `lines`, all or none. On return they are with the operating system: they outlive this process, though
    /// not a power cut, which the demo and the tests do not make.
    pub fn append(&self, lines: &[LedgerLine]) -> Result<(), LedgerError> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = &mut *tail;
        let written = text_of(lines).and_then(|text| {
            tail.file.write_all(&text)?;
            Ok(u64::try_from(text.len()).unwrap_or(u64::MAX))
        });
        match written {
            Ok(length) => {
                tail.length += length;
                Ok(())
            }
            Err(source) => {
                // A half line must not be completed by the next one. If even this fails, readers will say so.
                let _ = tail.file.set_len(tail.length);
                Err(LedgerError::Io { path: self.path.clone(), source })
            }
        }
    }
}

fn text_of(lines: &[LedgerLine]) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(lines.len() * 320);
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use contract::order::Digest;
    use contract::{StoreId, UtcMs};

    use super::super::{Fate, Kind};
    use super::*;

    fn accepted(key: &str) -> LedgerLine {
        LedgerLine {
            at: UtcMs::from_millis(1),
            kind: Kind::Accepted,
            store: StoreId(72),
            order: None,
            key: key.to_owned(),
            attempt: None,
            sequence: None,
            sha256: Digest::of(b""),
            fate: Fate::Accepted,
        }
    }

    #[test]
    fn a_torn_last_line_is_left_by_readers_and_cut_by_the_next_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.jsonl");
        let ledger = Ledger::open(&path, |_| ()).expect("a new ledger");
        ledger.append(&[accepted("a"), accepted("b")]).expect("written");
        drop(ledger);
        let mut file = OpenOptions::new().append(true).open(&path).expect("the ledger");
        file.write_all(br#"{"at":"1970-01-01T00:00:00.001Z","kind":"acc"#).expect("torn");
        drop(file);
        assert_eq!(judge_file(&path).expect("judged").accepted, 2);

        let mut keys = Vec::new();
        let ledger = Ledger::open(&path, |line| keys.push(line.key.clone())).expect("the ledger again");
        ledger.append(&[accepted("c")]).expect("written");
        assert_eq!(keys, ["a", "b"]);
        assert_eq!(judge_file(&path).expect("judged").accepted, 3);
    }

    #[test]
    fn an_audit_reads_on_where_it_stopped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.jsonl");
        let ledger = Ledger::open(&path, |_| ()).expect("a new ledger");
        let mut audit = Audit::open(&path).expect("an audit");
        assert_eq!(audit.catch_up().expect("judged"), &Verdict::default());
        for (count, key) in ["a", "b", "a"].into_iter().enumerate() {
            ledger.append(&[accepted(key)]).expect("written");
            assert_eq!(audit.catch_up().expect("judged").accepted, count as u64 + 1);
        }
        assert_eq!(audit.catch_up().expect("judged").duplicates, 1);
        assert_eq!(audit.catch_up().expect("judged"), &judge_file(&path).expect("judged"));
    }

    #[test]
    fn a_damaged_line_is_an_error_with_its_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.jsonl");
        Ledger::open(&path, |_| ()).expect("a new ledger").append(&[accepted("a")]).expect("written");
        let mut file = OpenOptions::new().append(true).open(&path).expect("the ledger");
        file.write_all(b"{}\n").expect("damaged");
        assert!(matches!(judge_file(&path), Err(LedgerError::Line { number: 2, .. })));
        assert!(matches!(Ledger::open(&path, |_| ()), Err(LedgerError::Line { number: 2, .. })));
    }

    #[test]
    fn only_one_writer_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.jsonl");
        let first = Ledger::open(&path, |_| ()).expect("a new ledger");
        assert!(matches!(Ledger::open(&path, |_| ()), Err(LedgerError::InUse { .. })));
        drop(first);
        Ledger::open(&path, |_| ()).expect("free again");
    }
}
