//! The command line.

use crate::{commands, output::Format};
use clap::{Args, Parser, Subcommand};
use kehu_server::client::ClientOptions;
use prost_types::Timestamp;
use std::path::PathBuf;

/// Classify and code customers: ingest, score, classify, code, report.
#[derive(Debug, Parser)]
#[command(name = "kehu", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,

    /// What to log, on standard error: a level, or levels by module; info for `serve`, warn for
    /// the other commands if not given
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
}

/// Where a command finds the server, and how it prints the answer.
#[derive(Debug, Clone, Args)]
pub(crate) struct Client {
    /// Address of the server; several with commas between are called in turn
    #[arg(long, env = "KEHU_SERVER", default_value = "http://127.0.0.1:7400", value_name = "URL")]
    pub server: String,

    /// Certificates (PEM) of the authority that signed the server's, for https
    #[arg(long, env = "KEHU_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Bearer token to send, over https or to this machine only
    #[arg(long, env = "KEHU_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Own certificate (PEM), for a server that wants one
    #[arg(long, value_name = "FILE", requires_all = ["key_file", "ca_file"])]
    pub certificate_file: Option<PathBuf>,

    /// Key (PEM) of the own certificate
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    pub key_file: Option<PathBuf>,

    /// Print a table, or the answer of the API as JSON
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

impl Client {
    /// Whom to call, and how.
    pub(crate) fn options(&self) -> ClientOptions {
        let mut options = ClientOptions::new(&self.server);
        options.ca_file.clone_from(&self.ca_file);
        options.token_file.clone_from(&self.token_file);
        options.identity_files = self.certificate_file.clone().zip(self.key_file.clone());
        options
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load a retailer's sales, score, classify and code everyone, write a report, keep serving
    Quickstart(commands::quickstart::Quickstart),
    /// Serve the services, all or some, until told to stop
    Serve(commands::serve::Serve),
    /// Ask a process whether it is ready
    Health(commands::health::Health),
    /// Show the settings
    Config(commands::config::Config),
    /// Show the business date, fix it for historic data, or return to today
    BusinessDate(commands::business_date::BusinessDate),
    /// Show which orders count, and which wait for their day
    Data(commands::data::Data),
    /// Bring a database up to date
    Migrate(commands::migrate::Migrate),
    /// Load a CSV file of order lines
    Import(commands::import::Import),
    /// Write the mapping of a file as far as the file shows it
    Mapping(commands::mapping::Mapping),
    /// List the attributes that customers may have, show one, declare one that is written in a file
    Attribute(commands::attribute::Attribute),
    /// List the tiers of cities, or give a city another one
    CityTier(commands::city_tier::CityTier),
    /// List the reasons of late payment, excuse one, have one count again
    LateReason(commands::late_reason::LateReason),
    /// List what was refused, with reason and place
    Rejects(commands::rejects::Rejects),
    /// Show how complete, valid, unique and recent the data is
    Quality(commands::quality::Quality),
    /// List scorecards, show one, bring one that is written in a file onto the server
    Scorecard(commands::scorecard::Scorecard),
    /// List code schemes, show one
    Scheme(commands::scheme::Scheme),
    /// List taxonomies, show one, bring one that is written in a file onto the server
    Taxonomy(commands::taxonomy::Taxonomy),
    /// Fit the model of customer value, look at it, promote it
    Model(commands::model::Model),
    /// Score every customer under scorecards
    Score(commands::score::Score),
    /// Put every customer in a class
    Classify(commands::classify::Classify),
    /// Evaluate how well a taxonomy does
    Evaluate(commands::evaluate::Evaluate),
    /// Give every customer without a code one
    Code(commands::code::Code),
    /// List the members of a class
    Members(commands::members::Members),
    /// List customers without a class or a code, with the reason
    LeftOut(commands::left_out::LeftOut),
    /// Set a customer's class against the rules, list what was set
    Override(commands::overrides::Override),
    /// List what there is to do for customers because of their classes, tick it off
    Actions(commands::actions::Actions),
    /// Write a report as a page, as CSV or as a workbook
    Report(commands::report::Report),
    /// List the customers of a name, however it is written
    Find(commands::find::Find),
    /// Show at a glance who a customer is, its classes, what they earn, its codes
    Lookup(commands::lookup::Lookup),
    /// Show what customers of its class buy and a customer never has
    Recommend(commands::recommend::Recommend),
    /// Show why a customer has its scores and classes
    Explain(commands::explain::Explain),
    /// Show what is known of a customer, each field with its source
    Profile(commands::profile::Profile),
    /// Show every class that a customer had
    History(commands::history::History),
    /// Make two customers that are known to be one, one; undo it
    Merge(commands::merge::Merge),
    /// Find customers that are probably one, say whether they are
    Duplicates(commands::duplicates::Duplicates),
    /// Show what happened with a customer
    Timeline(commands::timeline::Timeline),
    /// Follow what changes of classes, codes and actions
    Watch(commands::watch::Watch),
    /// Find the customer a code belongs to
    Resolve(commands::resolve::Resolve),
    /// Show what can be measured, or what is measured of a customer
    Features(commands::features::Features),
    /// List exchange rates
    Rates(commands::rates::Rates),
    /// List runs, show, follow or cancel one
    Runs(commands::runs::Runs),
    /// Print what a shell needs to complete commands
    Completions(commands::completions::Completions),
}

/// A time given on the command line.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "use a time with its zone, like 2026-01-31T18:00:00+08:00".to_owned())
}

/// A date given on the command line.
pub(crate) fn parse_date(text: &str) -> Result<chrono::NaiveDate, String> {
    text.parse().map_err(|_| "use a date that exists, like 2011-12-10".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in super::Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!("kehu {}", command.get_name());
            assert!(help.contains(&example), "{example} has no example");
        }
    }
}
