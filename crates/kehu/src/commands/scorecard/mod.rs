//! `kehu scorecard`: scorecards, on the server and in files.

mod simulate;

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    definition::{self, List, Show},
    exit::Failure,
    output::{self, Format},
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use kehu_contract::scoring::{
    self as contract, CreateScorecardRequest, GetScorecardRequest, ListScorecardsRequest,
    ListTemplatesRequest, PublishScorecardRequest, VersionState, create_scorecard_request::Origin,
};
use kehu_core::scorecard;
use kehu_server::convert;
use simulate::Simulate;
use std::path::PathBuf;
use tonic::{Code, Status};

/// List scorecards, show one as a file, bring one that is written in a file onto the server, try what
/// it would change, publish it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu scorecard list\n  \
    kehu scorecard show rfm > rfm.yaml\n  kehu scorecard show --template abc\n  \
    kehu scorecard apply worth.yaml\n  \
    kehu scorecard apply worth.yaml --publish --as-of 2011-12-10\n  \
    kehu scorecard simulate worth\n  \
    kehu scorecard publish worth --simulation runs/7\n\n\
    The form is that of crates/core/templates/scorecards.")]
pub(crate) struct Scorecard {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List every scorecard with its latest version
    List(List),
    /// Print a scorecard in the form of the file that `apply` reads
    Show(Show),
    /// Make the file the draft of its scorecard; nothing happens when it is in force as it stands
    Apply(Apply),
    /// Show what a version would change: grades, composites, and who changes most
    Simulate(Simulate),
    /// Calibrate the draft and publish it
    Publish(Publish),
}

#[derive(Debug, Args)]
struct Publish {
    #[command(flatten)]
    client: Client,

    /// The scorecard
    #[arg(value_name = "ID")]
    id: String,

    /// Only if draft and data are still what this simulation saw
    #[arg(long, default_value = "", hide_default_value = true, value_name = "RUN")]
    simulation: String,

    /// Date to calibrate as of; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
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
        match self.action {
            Action::List(list) => list_all(&list).await,
            Action::Show(wanted) => show(&wanted).await,
            Action::Apply(apply) => apply.run().await,
            Action::Simulate(simulate) => simulate.run().await,
            Action::Publish(wanted) => wanted.run().await,
        }
    }
}

async fn list_all(list: &List) -> Result<(), Failure> {
    let connection = Connection::open(list.client.options()).await?;
    let fetch = |page_size, page_token| {
        let mut client = connection.scorecards();
        async move {
            let request = ListScorecardsRequest { page_size, page_token };
            let page = client.list_scorecards(request).await?.into_inner();
            Ok((page.scorecards, page.next_page_token))
        }
    };
    list.limit.pages(fetch, |scorecards| print(scorecards, list.client.output)).await
}

fn print(scorecards: &[contract::Scorecard], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return scorecards.iter().try_for_each(output::json_line);
    }
    if scorecards.is_empty() {
        return output::line("There are no scorecards yet: kehu score makes one of a template.");
    }
    let rows = scorecards.iter().map(row).collect();
    let header = ["scorecard", "version", "state", "indicators", "name"];
    output::line(&output::table(&header, &["version", "indicators"], rows))
}

fn row(scorecard: &contract::Scorecard) -> Vec<String> {
    let definition = scorecard.definition.clone().unwrap_or_default();
    let label = definition.label.unwrap_or_default();
    vec![
        definition.id,
        scorecard.version.to_string(),
        state(scorecard),
        definition.indicators.len().to_string(),
        format!("{} {}", label.en, label.zh),
    ]
}

fn state(scorecard: &contract::Scorecard) -> String {
    match scorecard.state() {
        VersionState::Published => {
            let date = output::date(scorecard.calibration_date.as_ref());
            match scorecard.broken_reason.as_str() {
                "" => format!("published, calibrated as of {date}"),
                reason => format!("broken: {reason}"),
            }
        }
        _ => "a draft".to_owned(),
    }
}

async fn show(wanted: &Show) -> Result<(), Failure> {
    let connection = Connection::open(wanted.client.options()).await?;
    let definition = if wanted.template {
        let listed = connection.scorecards().list_templates(ListTemplatesRequest {}).await?;
        wanted.of_templates(listed.into_inner().templates, |template| &template.id)?
    } else {
        let request = GetScorecardRequest { name: wanted.id.clone(), version: wanted.version };
        let held = connection.scorecards().get_scorecard(request).await?.into_inner();
        held.scorecard.unwrap_or_default().definition.unwrap_or_default()
    };
    if wanted.client.output == Format::Json {
        return output::json(&definition);
    }
    let scorecard = kehu_scoring::scorecard(definition).map_err(Status::from)?;
    output::line(scorecard.to_yaml().trim_end())
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
        print_one(&scorecard, self.client.output)
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
        publish(connection, name, String::new(), self.as_of).await
    }
}

impl Publish {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let published = publish(&connection, self.id, self.simulation, self.as_of).await?;
        print_one(&published, self.client.output)
    }
}

async fn publish(
    connection: &Connection,
    name: String,
    simulation: String,
    as_of: Option<NaiveDate>,
) -> Result<contract::Scorecard, Failure> {
    let calibration_date = as_of.map(convert::date);
    let request = PublishScorecardRequest {
        name,
        calibration_date,
        allow_empty_population: false,
        simulation,
    };
    let published = connection.scorecards().publish_scorecard(request).await?.into_inner();
    Ok(published.scorecard.unwrap_or_default())
}

fn print_one(scorecard: &contract::Scorecard, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return output::json(scorecard);
    }
    let state = state(scorecard);
    output::line(&format!("{}, version {}: {state}", scorecard.name, scorecard.version))
}
