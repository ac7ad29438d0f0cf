//! `domicilio audit`: where this machine's trail is, and whether it is whole.

use serde::Serialize;

use super::{Failure, print, print_json, say};
use crate::audit::Trail;
use crate::audit::file::FOLDER;
use crate::cli;
use crate::feed::chain;
use crate::log;

#[derive(Serialize)]
struct Report {
    folder: String,
    files: usize,
    lines: u64,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    file: String,
    line: u64,
    message: String,
}

pub(super) fn run(arguments: &cli::Audit) -> Result<(), Failure> {
    let state = log::folder().ok_or_else(|| Failure::Failed("there is no home to look in".to_owned()))?;
    let folder = state.join(FOLDER).display().to_string();
    if !arguments.verify {
        return if arguments.json {
            print_json(&serde_json::json!({ "folder": folder }))
        } else {
            print(&format!("{folder}\n"))
        };
    }
    let found = Trail::of(&state).verify().map_err(|error| Failure::Failed(chain(&error)))?;
    let fault = |(file, line, fault): &(std::path::PathBuf, u64, crate::audit::chain::Fault)| Fault {
        file: file.display().to_string(),
        line: *line,
        message: fault.to_string(),
    };
    let faults: Vec<Fault> = found.faults.iter().map(fault).collect();
    for Fault { file, line, message } in &faults {
        say(&format!("{file}:{line}: {message}"));
    }
    let (files, lines, count) = (found.files, found.lines, faults.len());
    if arguments.json {
        print_json(&Report { folder, files, lines, faults })?;
    } else {
        print(&format!("{lines} lines in {files} files\n"))?;
    }
    if count == 0 { Ok(()) } else { Err(Failure::Failed(format!("{count} faults: the trail is not whole"))) }
}
