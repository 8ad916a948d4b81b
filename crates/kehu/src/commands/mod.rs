//! The commands, one file each. All but `serve`, `migrate` and `quickstart` are thin clients of
//! the API.

pub(crate) mod classify;
pub(crate) mod code;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod migrate;
pub(crate) mod quickstart;
pub(crate) mod rejects;
pub(crate) mod report;
pub(crate) mod resolve;
pub(crate) mod score;
pub(crate) mod serve;

use crate::{
    cli::{Cli, Command},
    exit::Failure,
};

/// Carries out the command.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Quickstart(command) => command.run().await,
        Command::Serve(command) => command.run().await,
        Command::Migrate(command) => command.run().await,
        Command::Import(command) => command.run().await,
        Command::Rejects(command) => command.run().await,
        Command::Score(command) => command.run().await,
        Command::Classify(command) => command.run().await,
        Command::Code(command) => command.run().await,
        Command::Report(command) => command.run().await,
        Command::Explain(command) => command.run().await,
        Command::Resolve(command) => command.run().await,
    }
}
