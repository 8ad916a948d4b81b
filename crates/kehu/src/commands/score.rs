//! `kehu score`.

use crate::{
    broken,
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    runs,
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::{
    run::Run,
    scoring::{
        CreateScorecardRequest, GetScorecardRequest, PublishScorecardRequest, StartScoringRequest,
        VersionState, create_scorecard_request::Origin,
    },
};
use kehu_server::{Violations, convert};
use tonic::Code;

/// Score every customer under scorecards.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu score --as-of 2011-12-10\n  kehu score rfm abc --as-of 2011-12-10 --recalibrate"
)]
pub(crate) struct Score {
    #[command(flatten)]
    client: Client,

    /// Scorecards; one that does not exist yet is made from the template of its name. None: all
    /// that are published
    #[arg(value_name = "SCORECARD")]
    scorecards: Vec<String>,

    /// Date to score for; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,

    /// Calibrate the named templates anew as of the date, as a new version
    #[arg(long, requires = "scorecards")]
    recalibrate: bool,
}

impl Score {
    /// Publishes what is missing, then scores.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        for id in &self.scorecards {
            let known = published(&connection, id).await?;
            if self.recalibrate || !known {
                publish(&connection, id, self.as_of, false).await?;
            }
        }
        let run = start(&connection, &self.scorecards, self.as_of, String::new()).await?;
        match self.client.output {
            Format::Json => output::json(&run),
            Format::Table => {
                output::line(&format!("{}: {} customers scored", run.name, run.done_count))?;
                if self.scorecards.is_empty() {
                    for broken in broken::scorecards(&connection).await? {
                        output::line(&broken.to_string())?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Whether a version of the scorecard is in force.
async fn published(connection: &Connection, id: &str) -> Result<bool, Failure> {
    let request = GetScorecardRequest { name: id.to_owned(), version: 0 };
    match connection.scorecards().get_scorecard(request).await {
        Ok(response) => {
            let scorecard = response.into_inner().scorecard.unwrap_or_default();
            Ok(scorecard.state() == VersionState::Published)
        }
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(status.into()),
    }
}

/// When the version in force was calibrated, and on how many customers.
pub(crate) async fn calibration(
    connection: &Connection,
    id: &str,
) -> Result<Option<(NaiveDate, i64)>, Failure> {
    let request = GetScorecardRequest { name: id.to_owned(), version: 0 };
    match connection.scorecards().get_scorecard(request).await {
        Ok(response) => {
            let scorecard = response.into_inner().scorecard.unwrap_or_default();
            let date = scorecard.calibration_date;
            let date = convert::parse_date("calibration_date", date, &mut Violations::new());
            Ok(date.map(|date| (date, scorecard.calibration_count)))
        }
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// Makes a draft of the template of this name and publishes it, calibrated as of `date`; with
/// `allow_empty` also when there is nobody to calibrate it on.
pub(crate) async fn publish(
    connection: &Connection,
    id: &str,
    date: Option<NaiveDate>,
    allow_empty: bool,
) -> Result<(), Failure> {
    let origin = Some(Origin::Template(id.to_owned()));
    let request = CreateScorecardRequest { origin, validate_only: false };
    connection.scorecards().create_scorecard(request).await?;
    let request = PublishScorecardRequest {
        name: id.to_owned(),
        calibration_date: date.map(convert::date),
        allow_empty_population: allow_empty,
        simulation: String::new(),
    };
    connection.scorecards().publish_scorecard(request).await?;
    Ok(())
}

/// Scores every customer and waits for the end.
pub(crate) async fn start(
    connection: &Connection,
    scorecards: &[String],
    as_of: Option<NaiveDate>,
    request_id: String,
) -> Result<Run, Failure> {
    let request = StartScoringRequest {
        scorecards: scorecards.to_vec(),
        as_of_date: as_of.map(convert::date),
        request_id,
    };
    let run = connection.scoring().start_scoring(request).await?.into_inner().run;
    runs::follow(connection, "score", run).await
}
