//! The commands, one file each. All but `serve`, `migrate` and `quickstart` are thin clients of
//! the API.

pub(crate) mod actions;
pub(crate) mod attribute;
pub(crate) mod business_date;
pub(crate) mod city_tier;
pub(crate) mod classify;
pub(crate) mod code;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod data;
pub(crate) mod duplicates;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod features;
pub(crate) mod find;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod import_codes;
pub(crate) mod late_reason;
pub(crate) mod left_out;
pub(crate) mod lookup;
pub(crate) mod mapping;
pub(crate) mod members;
pub(crate) mod merge;
pub(crate) mod migrate;
pub(crate) mod model;
pub(crate) mod overrides;
pub(crate) mod profile;
pub(crate) mod quality;
pub(crate) mod quickstart;
pub(crate) mod rates;
pub(crate) mod recommend;
pub(crate) mod rejects;
pub(crate) mod report;
pub(crate) mod resolve;
pub(crate) mod runs;
pub(crate) mod scheme;
pub(crate) mod score;
pub(crate) mod scorecard;
pub(crate) mod serve;
pub(crate) mod taxonomy;
pub(crate) mod timeline;
pub(crate) mod watch;

use crate::{
    cli::{Cli, Command},
    exit::Failure,
};
use kehu_server::telemetry::logs;

/// What commands log that serve nothing.
const LOG: &str = "warn";

/// Carries out the command. Those that serve start their own telemetry, by their settings.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let log = cli.log.as_deref();
    if !matches!(cli.command, Command::Quickstart(_) | Command::Serve(_)) {
        let started = logs::plain(log.unwrap_or(LOG));
        started.map_err(|error| Failure::Usage(error.to_string()))?;
    }
    match cli.command {
        Command::Quickstart(command) => Box::pin(command.run(log.unwrap_or(LOG))).await,
        Command::Serve(command) => command.run(log).await,
        Command::Health(command) => command.run().await,
        Command::Config(command) => command.run(log).await,
        Command::BusinessDate(command) => command.run().await,
        Command::Data(command) => command.run().await,
        Command::Migrate(command) => command.run().await,
        Command::Import(command) => Box::pin(command.run()).await,
        Command::Mapping(command) => command.run(),
        Command::Attribute(command) => command.run().await,
        Command::CityTier(command) => command.run().await,
        Command::LateReason(command) => command.run().await,
        Command::Rejects(command) => command.run().await,
        Command::Quality(command) => command.run().await,
        Command::Scheme(command) => command.run().await,
        Command::Scorecard(command) => command.run().await,
        Command::Taxonomy(command) => command.run().await,
        Command::Model(command) => command.run().await,
        Command::Score(command) => command.run().await,
        Command::Classify(command) => command.run().await,
        Command::Code(command) => command.run().await,
        Command::Evaluate(command) => command.run().await,
        Command::Members(command) => command.run().await,
        Command::LeftOut(command) => command.run().await,
        Command::Override(command) => command.run().await,
        Command::Actions(command) => command.run().await,
        Command::Report(command) => command.run().await,
        Command::Find(command) => command.run().await,
        Command::Lookup(command) => command.run().await,
        Command::Recommend(command) => command.run().await,
        Command::Explain(command) => command.run().await,
        Command::Profile(command) => command.run().await,
        Command::History(command) => command.run().await,
        Command::Merge(command) => command.run().await,
        Command::Duplicates(command) => command.run().await,
        Command::Timeline(command) => command.run().await,
        Command::Watch(command) => command.run().await,
        Command::Resolve(command) => command.run().await,
        Command::Features(command) => command.run().await,
        Command::Rates(command) => command.run().await,
        Command::Runs(command) => command.run().await,
        Command::Completions(command) => command.run(),
    }
}
