//! `domicilio completions` and `domicilio man`: made from the command line's own table, so that they cannot drift.

use clap::CommandFactory as _;

use super::{Failure, print, say};
use crate::cli::{Cli, Completions, Man};

/// Name of the program.
const NAME: &str = "domicilio";

pub(super) fn completions(arguments: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), NAME, &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(super) fn man(arguments: &Man) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Failed(format!("writing the pages: {error}"));
    let Some(folder) = &arguments.folder else {
        let mut page = Vec::new();
        // As the pages in a folder are made.
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        clap_mangen::Man::new(command).render(&mut page).map_err(failed)?;
        return print(&String::from_utf8_lossy(&page));
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)?;
    say(&format!("written to {}; man finds pages in a folder named man1 on its path", folder.display()));
    Ok(())
}
