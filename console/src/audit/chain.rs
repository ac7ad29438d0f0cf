//! Lines that hold on to each other: each carries the SHA-256 of the one before it, so a line that was changed or taken
//! away shows. Pure.

use contract::order::Digest;
use serde::{Deserialize, Serialize};

/// What the first line of all holds on to.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A record with what ties it to the line before it.
#[derive(Serialize)]
struct Tied<'a, R> {
    #[serde(flatten)]
    record: &'a R,
    before: &'a str,
}

/// Of a line, what verifying it needs.
#[derive(Deserialize)]
struct Tie {
    before: String,
}

/// The line of `record` after the one with the digest `before`, without a line end.
pub fn line(record: &impl Serialize, before: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Tied { record, before })
}

/// The digest of a line, without its line end.
pub fn digest(line: &[u8]) -> String {
    Digest::of(line).as_str().to_owned()
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is none of ours: cut off, or not written by us.
    #[error("no line of the trail")]
    Foreign,
    /// It does not hold on to the one before it.
    #[error("the line before it was changed or taken away")]
    Loose,
}

/// Goes over lines from the first one on.
#[derive(Debug, Clone)]
pub struct Check {
    before: String,
}

impl Default for Check {
    fn default() -> Self {
        Self { before: BEGINNING.to_owned() }
    }
}

impl Check {
    /// Takes the next line, without its line end.
    pub fn next(&mut self, line: &[u8]) -> Result<(), Fault> {
        let expected = std::mem::replace(&mut self.before, digest(line));
        let tie: Tie = serde_json::from_slice(line).map_err(|_| Fault::Foreign)?;
        if tie.before == expected { Ok(()) } else { Err(Fault::Loose) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trail(count: usize) -> Vec<String> {
        let mut before = BEGINNING.to_owned();
        (0..count)
            .map(|n| {
                let line = line(&serde_json::json!({ "n": n }), &before).unwrap();
                before = digest(line.as_bytes());
                line
            })
            .collect()
    }

    fn faults(lines: &[String]) -> Vec<(usize, Fault)> {
        let mut check = Check::default();
        let judged = lines.iter().map(|line| check.next(line.as_bytes()));
        judged.enumerate().filter_map(|(at, judged)| Some((at, judged.err()?))).collect()
    }

    #[test]
    fn what_is_whole_has_no_fault() {
        assert_eq!(faults(&trail(20)), []);
        assert_eq!(faults(&[]), []);
    }

    #[test]
    fn a_line_that_is_cut_off_is_no_line_of_ours() {
        let mut lines = trail(3);
        lines[1].truncate(20);
        assert_eq!(faults(&lines), [(1, Fault::Foreign), (2, Fault::Loose)]);
    }

    proptest! {
        #[test]
        fn what_is_taken_away_changed_or_swapped_shows(count in 2_usize..30, at: prop::sample::Index, how in 0..3) {
            let mut lines = trail(count);
            // The last line holds nothing on to itself: whoever takes the end away shows only to who has seen it elsewhere.
            let at = at.index(count - 1);
            match how {
                0 => drop(lines.remove(at)),
                1 => lines[at] = lines[at].replacen("\"n\":", "\"n\":9", 1),
                _ => lines.swap(at, at + 1),
            }
            prop_assert!(!faults(&lines).is_empty(), "{lines:?}");
        }
    }
}
