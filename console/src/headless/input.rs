//! Files that commands are given.

use std::io::Read as _;
use std::path::Path;

use super::Failure;

/// Longest file, in bytes: the largest payload there is, and room.
const FILE_BYTES_MAX: u64 = 1_024 * 1_024;

/// The text of a file; `-` = standard input.
pub(super) fn text(file: &Path) -> Result<String, Failure> {
    text_within(file, FILE_BYTES_MAX).map_err(Failure::Usage)
}

/// The text of a file of at most `bytes_max` bytes; `-` = standard input. An error is one sentence.
pub(super) fn text_within(file: &Path, bytes_max: u64) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("reading {}: {error}", file.display());
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        std::fs::File::open(file).map_err(failed)?.take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > bytes_max {
        return Err(format!("{} is longer than {bytes_max} bytes", file.display()));
    }
    String::from_utf8(bytes).map_err(|error| format!("{} is not UTF-8: {error}", file.display()))
}
