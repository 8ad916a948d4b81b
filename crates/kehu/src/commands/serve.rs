//! `kehu serve`.

use crate::{
    exit::Failure,
    node::{ALL_ROLES, Node, NodeOptions, Role, Store, Wanted},
    output,
};
use clap::Args;
use std::net::SocketAddr;

/// Serve the services, all or some, until told to stop.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu serve\n  \
    kehu serve --role scoring --database-url postgres://kehu@db/kehu --listen 127.0.0.1:7402")]
pub(crate) struct Serve {
    #[command(flatten)]
    store: Store,

    #[command(flatten)]
    wanted: Wanted,

    /// Service to serve; repeat for several, leave out for all
    #[arg(long = "role", value_enum, value_name = "ROLE")]
    roles: Vec<Role>,

    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "KEHU_LISTEN", default_value = "127.0.0.1:7400", value_name = "ADDRESS")]
    listen: SocketAddr,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let roles = if self.roles.is_empty() { ALL_ROLES.to_vec() } else { self.roles };
        let opened = self.store.open().await?;
        let options = NodeOptions { roles, listen: self.listen, wanted: self.wanted };
        let node = Node::start(opened, options).await?;
        output::line(&format!("serving on {}", node.url()))?;
        node.serve().await
    }
}
