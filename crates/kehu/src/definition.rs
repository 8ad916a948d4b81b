//! Definitions on the server, and in files that people write.

use crate::{cli::Client, exit::Failure, pages::Limit};
use clap::Args;
use kehu_core::yaml::NotADefinition;
use std::path::Path;

// Which definitions to list; what the command says of itself stands at its name.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) client: Client,

    #[command(flatten)]
    pub(crate) limit: Limit,
}

// Which definition to show.
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) client: Client,

    /// Its id
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// Its version; the latest if not given
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    pub(crate) version: i64,

    /// Show the template of this name instead
    #[arg(long, conflicts_with = "version")]
    pub(crate) template: bool,
}

impl Show {
    /// The one of the templates that was asked for.
    pub(crate) fn of_templates<T>(
        &self,
        templates: Vec<T>,
        id: fn(&T) -> &str,
    ) -> Result<T, Failure> {
        let known: Vec<String> = templates.iter().map(|one| id(one).to_owned()).collect();
        let found = templates.into_iter().find(|one| id(one) == self.id);
        found.ok_or_else(|| {
            let known = known.join(", ");
            Failure::Usage(format!("there is no template {}: choose one of {known}", self.id))
        })
    }
}

/// Reads a definition; a file that is none is told with the place of what is wrong.
pub(crate) fn read<T>(
    path: &Path,
    parse: fn(&str) -> Result<T, NotADefinition>,
) -> Result<T, Failure> {
    let name = path.display();
    let bytes =
        std::fs::read(path).map_err(|source| Failure::Input { path: name.to_string(), source })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Data(format!("{name}: is not text in UTF-8")))?;
    parse(&text).map_err(|error| Failure::Data(format!("{name}: {error}")))
}
