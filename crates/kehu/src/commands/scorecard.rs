//! `kehu scorecard`: scorecards in files.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    definition,
    exit::Failure,
    output::{self, Format},
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use kehu_contract::scoring::{
    self as contract, CreateScorecardRequest, GetScorecardRequest, PublishScorecardRequest,
    VersionState, create_scorecard_request::Origin,
};
use kehu_core::scorecard;
use kehu_server::convert;
use std::path::PathBuf;
use tonic::Code;

/// Bring a scorecard that is written in a file onto the server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu scorecard apply worth.yaml\n  \
    kehu scorecard apply worth.yaml --publish --as-of 2011-12-10\n\n\
    The form is that of crates/core/templates/scorecards.")]
pub(crate) struct Scorecard {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make the file the draft of its scorecard; nothing happens when it is in force as it stands
    Apply(Apply),
}

#[derive(Debug, Args)]
struct Apply {
    #[command(flatten)]
    client: Client,

    /// File of the scorecard, YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Calibrate the draft and publish it
    #[arg(long)]
    publish: bool,

    /// Date to calibrate as of; the business date if not given
    #[arg(long, requires = "publish", value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

impl Scorecard {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let Action::Apply(apply) = self.action;
        apply.run().await
    }
}

impl Apply {
    async fn run(self) -> Result<(), Failure> {
        let written = definition::read(&self.file, scorecard::Scorecard::from_yaml)?;
        let wanted = kehu_scoring::scorecard_definition(&written);
        let connection = Connection::open(self.client.options()).await?;
        let scorecard = match self.in_force(&connection, &wanted).await? {
            Some(held) => held,
            None => self.apply(&connection, wanted).await?,
        };
        if self.client.output == Format::Json {
            return output::json(&scorecard);
        }
        let state = match scorecard.state() {
            VersionState::Published => {
                let date = output::date(scorecard.calibration_date.as_ref());
                format!("published, calibrated as of {date}")
            }
            _ => "a draft".to_owned(),
        };
        output::line(&format!("{}, version {}: {state}", scorecard.name, scorecard.version))
    }

    /// The latest version, if it is published and says and was calibrated as is wanted.
    async fn in_force(
        &self,
        connection: &Connection,
        wanted: &contract::ScorecardDefinition,
    ) -> Result<Option<contract::Scorecard>, Failure> {
        let request = GetScorecardRequest { name: wanted.id.clone(), version: 0 };
        let held = match connection.scorecards().get_scorecard(request).await {
            Ok(response) => response.into_inner().scorecard.unwrap_or_default(),
            // An id that breaks the rules is told when it is created, with all that is wrong.
            Err(status) if matches!(status.code(), Code::NotFound | Code::InvalidArgument) => {
                return Ok(None);
            }
            Err(status) => return Err(status.into()),
        };
        let calibrated =
            self.as_of.is_none_or(|date| held.calibration_date == Some(convert::date(date)));
        let same = held.state() == VersionState::Published
            && held.definition.as_ref() == Some(wanted)
            && calibrated;
        Ok(same.then_some(held))
    }

    async fn apply(
        &self,
        connection: &Connection,
        definition: contract::ScorecardDefinition,
    ) -> Result<contract::Scorecard, Failure> {
        let name = definition.id.clone();
        let origin = Some(Origin::Definition(definition));
        let request = CreateScorecardRequest { origin, validate_only: false };
        let created = connection.scorecards().create_scorecard(request).await?.into_inner();
        if !self.publish {
            return Ok(created.scorecard.unwrap_or_default());
        }
        let calibration_date = self.as_of.map(convert::date);
        let request =
            PublishScorecardRequest { name, calibration_date, allow_empty_population: false };
        let published = connection.scorecards().publish_scorecard(request).await?.into_inner();
        Ok(published.scorecard.unwrap_or_default())
    }
}
