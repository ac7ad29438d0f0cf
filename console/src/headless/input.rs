//! Files that commands are given.

use std::io::Read as _;
use std::path::Path;

use super::Failure;

/// Longest file, in bytes: the largest payload there is, and room.
const FILE_BYTES_MAX: u64 = 1_024 * 1_024;

/// The text of a file; `-` = standard input.
pub(super) fn text(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::Usage(format!("reading {}: {error}", file.display()));
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text))
    };
    read.map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::Usage(format!("{} is longer than {FILE_BYTES_MAX} bytes", file.display())));
    }
    Ok(text)
}
