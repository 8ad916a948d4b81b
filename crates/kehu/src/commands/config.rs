//! `kehu config`: what the settings are and where they came from.

use crate::{
    exit::Failure,
    flags::ServeFlags,
    output::{self, Format},
};
use clap::{Args, Subcommand};
use kehu_server::config::Shown;

/// Show the settings.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kehu config show --config kehu.toml --listen 127.0.0.1:7500")]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show every setting that holds and where it came from; exit code 64 if one is wrong
    Show(Show),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    flags: ServeFlags,

    /// Print a table, or JSON
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

impl Config {
    /// Shows what was asked for.
    pub(crate) fn run(self, log: Option<&str>) -> Result<(), Failure> {
        let Action::Show(show) = self.action;
        let (shown, faulty) = Shown::all(&show.flags.sources(log));
        match show.output {
            Format::Table => {
                let rows = shown.into_iter().map(|s| vec![s.key, s.value, s.origin]).collect();
                output::line(&output::table(&["Setting", "Value", "From"], &[], rows))?;
            }
            Format::Json => {
                let json = serde_json::to_string_pretty(&shown).map_err(Failure::internal)?;
                output::line(&json)?;
            }
        }
        faulty.map_or(Ok(()), |faulty| Err(faulty.into()))
    }
}
