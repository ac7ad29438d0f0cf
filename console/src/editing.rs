//! An order's payload in the person's own editor. The text is on the disk only while the editor runs, in a folder for its
//! owner alone.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::Child;

use crate::effect::Draft;
use crate::event::Trouble;
use crate::mask::{self, Difference};
use crate::{log, sanitise};

/// Longest text that is taken back, in bytes: as long as intake takes.
const BYTES_MAX: u64 = 512 * 1_024;

/// Columns that a level of the payload is indented by.
const INDENT: usize = 2;

/// How long an editor may take to end when it is asked to.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// A payload that is being edited.
#[derive(Debug)]
pub struct Editing {
    /// Its own, for what editors put beside a file: swap files and copies hold the same. Removed with all that is in it.
    folder: TempDir,
    path: PathBuf,
    before: Vec<u8>,
}

impl Editing {
    /// Puts the payload where an editor finds it.
    pub fn begin(payload: &[u8]) -> Result<Self, Trouble> {
        let folder = folder().ok_or_else(|| Trouble::Said("there is no folder for the editor's file".to_owned()))?;
        let folder = tempfile::Builder::new().prefix("payload-").tempdir_in(folder).map_err(said)?;
        let path = folder.path().join("payload.json");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(said)?;
        file.write_all(indented(&String::from_utf8_lossy(payload)).as_bytes()).map_err(said)?;
        Ok(Self { folder, path, before: payload.to_vec() })
    }

    /// Lets the person edit it: the terminal is the editor's until it ends.
    pub fn start(&self) -> io::Result<Child> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        // As git does: the variable may hold words for the shell.
        let mut command = tokio::process::Command::new("sh");
        command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&self.path).kill_on_drop(true).spawn()
    }

    /// Ends an editor that the person can no longer use: asked first, so that it can put the terminal right.
    pub async fn stop(mut editor: Child) {
        let pid = editor.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid
            && kill_process(pid, Signal::TERM).is_ok()
            && tokio::time::timeout(STOP_LIMIT, editor.wait()).await.is_ok()
        {
            return;
        }
        let _ = editor.kill().await;
    }

    /// What was made of it: the new text, what it is known by and in what it differs; `None` when it was left as it was.
    pub fn end(self) -> Result<Option<(String, Draft, Vec<Difference>)>, Trouble> {
        let mut text = Vec::new();
        // Editors put another file in the place of the first one: by its path, not by its handle.
        let file = std::fs::File::open(&self.path).map_err(said)?;
        file.take(BYTES_MAX + 1).read_to_end(&mut text).map_err(said)?;
        if text.len() as u64 > BYTES_MAX {
            return Err(Trouble::Said(format!("more than {BYTES_MAX} bytes")));
        }
        let text = String::from_utf8(text).map_err(|_| Trouble::Unreadable)?;
        let drafted = drafted(&self.before, text);
        self.folder.close().map_err(said)?;
        drafted
    }
}

/// What an edited payload is known by, and in what it differs; `None` when it says the same.
pub fn drafted(before: &[u8], text: String) -> Result<Option<(String, Draft, Vec<Difference>)>, Trouble> {
    let differences = mask::compare(before, text.as_bytes())?;
    if differences.is_empty() {
        return Ok(None);
    }
    let draft = Draft::of(&text);
    Ok(Some((text, draft, differences)))
}

/// In memory where the system has such a folder for the user, else in the state folder.
fn folder() -> Option<PathBuf> {
    let runtime =
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute() && path.is_dir());
    runtime.or_else(log::folder)
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn said(error: io::Error) -> Trouble {
    Trouble::Said(sanitise::text(&error.to_string(), sanitise::SENTENCE_MAX))
}

/// The same JSON with a line for each value. Nothing but space between values is touched: numbers and texts stay as they are
/// spelt.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth * INDENT));
    };
    for c in json.chars() {
        if quoted {
            out.push(c);
            (quoted, escaped) = (escaped || c != '"', !escaped && c == '\\');
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                out.push(c);
            }
            '{' | '[' => {
                depth += 1;
                out.push(c);
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if out.trim_end().ends_with(['{', '[']) {
                    out.truncate(out.trim_end().len());
                } else {
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_payload_has_a_line_for_each_value_and_is_spelt_as_it_was() {
        let text = indented(r#"{"a":[1.0,{"b,[":"x\"}\\"}],"c":{},"d":[]}"#);
        assert_eq!(
            text,
            "{\n  \"a\": [\n    1.0,\n    {\n      \"b,[\": \"x\\\"}\\\\\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}\n"
        );
    }

    #[test]
    fn what_is_left_as_it_was_is_no_draft() {
        let before = br#"{"cantidad":1,"total":5.990}"#;
        assert!(drafted(before, indented("{\"cantidad\":1,\"total\":5.990}")).unwrap().is_none());
        let (text, draft, differences) =
            drafted(before, "{\"cantidad\":2,\"total\":5.990}".to_owned()).unwrap().unwrap();
        assert_eq!((draft.bytes, differences.len()), (text.len(), 1));
        assert_eq!(draft.quoted, serde_json::to_string(&text).unwrap().len());
        assert!(matches!(drafted(before, "{".to_owned()), Err(Trouble::NotJson(1, _))));
    }

    proptest! {
        #[test]
        fn it_means_the_same(json in "(\\{\"[a-c,:\\[\\]]{0,4}\":(\"(\\\\\"|\\\\\\\\|[ a-z{}])*\"|[0-9]|\\[\\]|\\[1, 2\\]) *\\}){1}") {
            let before: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&indented(&json)).unwrap(), before);
        }
    }
}
