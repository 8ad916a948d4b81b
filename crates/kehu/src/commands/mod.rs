//! The commands, one file each. All but `serve`, `migrate` and `quickstart` are thin clients of
//! the API.

pub mod classify;
pub mod code;
pub mod explain;
pub mod import;
pub mod migrate;
pub mod quickstart;
pub mod rejects;
pub mod report;
pub mod resolve;
pub mod score;
pub mod serve;

use crate::{
    cli::{Cli, Command},
    exit::Failure,
};

/// Carries out the command.
pub async fn run(cli: Cli) -> Result<(), Failure> {
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
