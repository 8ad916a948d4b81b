//! `kehu migrate`.

use crate::{exit::Failure, flags::StoreFlags, node::Opened, output};
use clap::Args;

/// Bring a database up to date; one that is already is left as it is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kehu migrate --database-url postgres://kehu@db/kehu")]
pub(crate) struct Migrate {
    #[command(flatten)]
    flags: StoreFlags,
}

impl Migrate {
    /// Runs the migrations.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let opened = Opened::open(&self.flags.settings()?.storage).await?;
        let pending = opened.db.pending_migrations().await.map_err(Failure::internal)?;
        opened.db.migrate().await.map_err(|error| Failure::Unavailable(error.to_string()))?;
        for name in &pending {
            output::line(&format!("applied {name}"))?;
        }
        output::line("the database is up to date")
    }
}
