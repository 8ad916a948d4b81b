//! `kehu completions`.

use crate::{cli::Cli, exit::Failure, output};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print what a shell needs to complete commands and options.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu completions bash > /etc/bash_completion.d/kehu\n  \
    kehu completions zsh > \"${fpath[1]}/_kehu\"\n  \
    kehu completions fish > ~/.config/fish/completions/kehu.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "kehu", &mut script);
        output::line(String::from_utf8_lossy(&script).trim_end())
    }
}
