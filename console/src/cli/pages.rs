//! Of the commands about the command line itself: `completions`, `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Of `completions`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  \
    source <(domicilio completions bash)\n  \
    domicilio completions zsh > ~/.zfunc/_domicilio          with ~/.zfunc in fpath, before compinit\n  \
    domicilio completions fish > ~/.config/fish/completions/domicilio.fish")]
pub struct Completions {
    /// For which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Of `man`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  \
    domicilio man | man -l -\n  \
    domicilio man /usr/local/share/man/man1")]
pub struct Man {
    /// Folder to which a page for each command is written; absent, the page of the program is printed
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}
