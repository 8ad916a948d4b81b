//! `kehu serve`.

use crate::{
    commands::business_date,
    exit::Failure,
    flags::ServeFlags,
    node::{ALL_ROLES, Node, Role, Signals},
    output,
};
use clap::Args;
use kehu_server::config::Settings;

/// Serve the services, all or some, until told to stop.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu serve\n  \
    kehu serve --role scoring --database-url postgres://kehu@db/kehu --listen 127.0.0.1:7420")]
pub(crate) struct Serve {
    #[command(flatten)]
    flags: ServeFlags,

    /// Service to serve; repeat for several, leave out for all
    #[arg(long = "role", value_enum, value_name = "ROLE")]
    roles: Vec<Role>,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT.
    pub(crate) async fn run(self, log: Option<&str>) -> Result<(), Failure> {
        let settings = Settings::load(&self.flags.sources(log))?;
        let roles = if self.roles.is_empty() { ALL_ROLES.to_vec() } else { self.roles };
        let mut signals = Signals::listen()?;
        let Some(serving) = Node::bind(settings, roles, None).await?.start(&mut signals).await?
        else {
            return Ok(());
        };
        output::line(&business_date::describe(&serving.business_date))?;
        output::line(&format!("serving on {}", serving.url()))?;
        serving.until_stopped(signals).await
    }
}
