//! `kehu mapping`.

use super::{import, report};
use crate::{exit::Failure, output, progress};
use clap::Args;
use std::{fs::OpenOptions, path::PathBuf};

/// Write the mapping of a file as far as the file shows it, with comments: which column is what, how
/// numbers and dates are written, what is still to be stated. It calls no server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu mapping sales.csv\n  \
    kehu mapping sales.csv --out sales.toml\n  \
    kehu import sales.csv --mapping sales.toml\n\n\
    Every key of a mapping: crates/tables/README.md")]
pub(crate) struct Mapping {
    /// The file, plain or gzip
    file: PathBuf,

    /// File to write, which must not be there yet; standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Mapping {
    /// Looks the file through and writes what it shows.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let spinner = progress::spinner("looking at the file");
        let guessed = kehu_tables::guess(&self.file);
        spinner.finish_and_clear();
        let text = guessed.map_err(|error| import::failure(&self.file, error))?;
        let Some(path) = self.out else { return output::line(text.trim_end()) };
        if path.exists() {
            let path = path.display();
            return Err(Failure::Usage(format!("{path} is there already: name another file")));
        }
        report::write(&path, text.as_bytes(), OpenOptions::new().write(true).create_new(true))?;
        output::line(&format!("wrote {}: look it over", path.display()))
    }
}
