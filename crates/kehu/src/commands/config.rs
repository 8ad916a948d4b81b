//! `kehu config`: what the settings are and where they came from.

use crate::{
    exit::Failure,
    flags::ServeFlags,
    node,
    output::{self, Format},
};
use clap::{Args, Subcommand};
use kehu_server::config::{Settings, Shown};
use kehu_storage::settings::Settings as Fixed;

/// Show the settings.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kehu config show --config kehu.toml --listen 127.0.0.1:7500")]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show every setting that holds and where it came from, what the database has fixed among
    /// them; exit code 64 if one is wrong
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
    pub(crate) async fn run(self, log: Option<&str>) -> Result<(), Failure> {
        let Action::Show(show) = self.action;
        let sources = show.flags.sources(log);
        let (mut shown, faulty) = Shown::all(&sources);
        if faulty.is_none() {
            match node::fixed(&Settings::load(&sources)?.storage).await {
                Ok(held) => shown.iter_mut().for_each(|one| fix(one, held.as_ref())),
                Err(why) => tracing::warn!("what the database has fixed cannot be read: {why}"),
            }
        }
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

/// What a database has fixed holds, whatever is set.
fn fix(shown: &mut Shown, held: Option<&Fixed>) {
    let Some(held) = held else { return };
    let value = match shown.key.as_str() {
        "business.base_currency" => &held.base_currency,
        "business.time_zone" => &held.time_zone,
        _ => return,
    };
    shown.origin = match shown.value.as_str() {
        same if same == value => format!("the database, and {}", shown.origin),
        "" => "the database".to_owned(),
        other => format!("the database; {} says {other}, which it refuses", shown.origin),
    };
    shown.value.clone_from(value);
}
