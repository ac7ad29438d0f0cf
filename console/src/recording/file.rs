//! Recordings on the disk: written line by line, 0600, up to a size; read line by line, whatever is in them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use contract::UtcMs;
use serde::Deserialize;

use super::{Fault, Header, LENGTH_MAX_MS, LINE_MAX, Line, Recorded, Stop};

/// A recording that is being written.
#[derive(Debug)]
pub struct Writer {
    out: BufWriter<File>,
    bytes: u64,
    bytes_max: u64,
    lines: u64,
}

impl Writer {
    /// Begins a file that is not there yet and becomes at most about `bytes_max` long.
    pub fn create(path: &Path, header: &Header, bytes_max: u64) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut writer = Self { out: BufWriter::new(file), bytes: 0, bytes_max, lines: 0 };
        writer.put(&header.write().map_err(io::Error::other)?)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Adds a line; tells whether there was room for it.
    pub fn add(&mut self, at: UtcMs, heard: Recorded) -> io::Result<bool> {
        let line = Line { at, heard }.write().map_err(io::Error::other)?;
        let fits = line.len() <= LINE_MAX && self.bytes + line.len() as u64 <= self.bytes_max;
        if fits {
            self.put(&line)?;
            self.lines += 1;
        }
        Ok(fits)
    }

    /// Hands over to the system what was written: whatever ends the program takes no more than what came since.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the file; how long it is, in bytes, and how many lines it has besides the first and the last.
    pub fn end(mut self, at: UtcMs, why: Stop) -> io::Result<(u64, u64)> {
        self.put(&Line { at, heard: Recorded::End(why) }.write().map_err(io::Error::other)?)?;
        self.flush()?;
        Ok((self.bytes, self.lines))
    }

    fn put(&mut self, line: &str) -> io::Result<()> {
        self.bytes += line.len() as u64;
        self.out.write_all(line.as_bytes())
    }
}

/// A recording that is read: its lines in order, each not earlier than the one before. After a fault, or after the line that
/// ends it, there is nothing more.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    header: Header,
    /// Lines read.
    number: usize,
    now: UtcMs,
    over: bool,
}

impl Reader<BufReader<File>> {
    /// Opens a file; with when its last whole line was heard, which is its end.
    pub fn open(path: &Path) -> Result<(Self, UtcMs), Fault> {
        let fault = |error: io::Error| Fault::Unreadable(0, error.to_string());
        let mut file = File::open(path).map_err(fault)?;
        let until = last(&mut file).map_err(fault)?;
        file.rewind().map_err(fault)?;
        let reader = Self::new(BufReader::new(file))?;
        let until = until.map_or(reader.now, |until| reader.within(until));
        Ok((reader, until))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub fn new(mut source: R) -> Result<Self, Fault> {
        let first = line(&mut source, 1).map_err(|fault| match fault {
            Fault::Cut(_) | Fault::TooLong(_) => Fault::NotOne,
            fault => fault,
        })?;
        let header = Header::read(&first)?;
        let now = header.began_at;
        Ok(Self { source, header, number: 1, now, over: false })
    }

    /// What the first line says.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// `at`, but neither before the recording began nor after the latest end that it can have.
    fn within(&self, at: UtcMs) -> UtcMs {
        let began_at = self.header.began_at;
        at.clamp(began_at, began_at.plus_millis(LENGTH_MAX_MS))
    }

    fn read(&mut self) -> Result<Line, Fault> {
        let bytes = line(&mut self.source, self.number + 1).map_err(|fault| match fault {
            Fault::Cut(_) => Fault::Cut(self.number),
            fault => fault,
        })?;
        self.number += 1;
        let mut line = Line::read(&bytes, self.number)?;
        // A clock that was set back does not turn time back.
        line.at = self.within(line.at).max(self.now);
        self.now = line.at;
        Ok(line)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Line, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let read = self.read();
        self.over = !matches!(&read, Ok(Line { heard, .. }) if !matches!(heard, Recorded::End(_)));
        Some(read)
    }
}

/// The next line, without its end.
fn line(source: &mut impl BufRead, number: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let limit = LINE_MAX as u64 + 1;
    let read = source.take(limit).read_until(b'\n', &mut bytes);
    read.map_err(|error| Fault::Unreadable(number, error.to_string()))?;
    if bytes.pop() == Some(b'\n') {
        return Ok(bytes);
    }
    Err(if bytes.len() >= LINE_MAX { Fault::TooLong(number) } else { Fault::Cut(number) })
}

/// When the last whole line was heard, as far as its end can be found.
fn last(file: &mut File) -> io::Result<Option<UtcMs>> {
    #[derive(Deserialize)]
    struct At {
        at: UtcMs,
    }
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(LINE_MAX as u64)))?;
    let mut bytes = Vec::new();
    file.take(LINE_MAX as u64).read_to_end(&mut bytes)?;
    let at = |line: &[u8]| serde_json::from_slice::<At>(line).ok().map(|line| line.at);
    Ok(bytes.rsplit(|byte| *byte == b'\n').find_map(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::FORMAT;

    #[test]
    fn a_file_ends_at_its_size_and_is_whole_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.jsonl");
        let at = UtcMs::from_millis(0);
        let header = Header { recording: FORMAT, version: "0".into(), began_at: at, context: None, production: false };
        let mut writer = Writer::create(&path, &header, 400).unwrap();
        let mut lines = 0;
        while writer.add(at.plus_millis(lines), Recorded::Tick).unwrap() {
            lines += 1;
        }
        assert_eq!(writer.end(at.plus_millis(lines), Stop::Size).unwrap().1, lines.unsigned_abs());
        assert!(lines > 1 && std::fs::metadata(&path).unwrap().len() < 500);
        let (reader, until) = Reader::open(&path).unwrap();
        assert_eq!(until, at.plus_millis(lines));
        let read: Result<Vec<Line>, Fault> = reader.collect();
        assert_eq!(read.unwrap().last().unwrap().heard, Recorded::End(Stop::Size));
        assert!(Writer::create(&path, &header, 400).is_err(), "nothing is written over");
    }
}
