//! `kehu classify`.

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
    coding::{
        CreateTaxonomyRequest, GetTaxonomyRequest, PublishTaxonomyRequest,
        StartClassificationRequest, create_taxonomy_request::Origin,
    },
    run::Run,
};
use kehu_server::convert;
use tonic::Code;

/// Put every customer in a class under each taxonomy.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu classify --as-of 2011-12-10\n  kehu classify value-six abc --as-of 2011-12-10"
)]
pub(crate) struct Classify {
    #[command(flatten)]
    client: Client,

    /// Taxonomies; one that does not exist yet is made from the template of its name. None: all
    /// that are published
    #[arg(value_name = "TAXONOMY")]
    taxonomies: Vec<String>,

    /// Date to classify for; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

impl Classify {
    /// Publishes what is missing, then classifies.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        for id in &self.taxonomies {
            publish_missing(&connection, id).await?;
        }
        let run = start(&connection, &self.taxonomies, self.as_of, String::new()).await?;
        match self.client.output {
            Format::Json => output::json(&run),
            Format::Table => {
                output::line(&format!("{}: {} customers classified", run.name, run.done_count))?;
                if self.taxonomies.is_empty() {
                    for broken in broken::taxonomies(&connection).await? {
                        output::line(&broken.to_string())?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Publishes the template of this name, if no version of the taxonomy is in force.
pub(crate) async fn publish_missing(connection: &Connection, id: &str) -> Result<(), Failure> {
    if published(connection, id).await? {
        return Ok(());
    }
    let origin = Some(Origin::Template(id.to_owned()));
    let request = CreateTaxonomyRequest { origin, ..Default::default() };
    connection.taxonomies().create_taxonomy(request).await?;
    let request = PublishTaxonomyRequest { name: id.to_owned(), ..Default::default() };
    connection.taxonomies().publish_taxonomy(request).await?;
    Ok(())
}

async fn published(connection: &Connection, id: &str) -> Result<bool, Failure> {
    let request = GetTaxonomyRequest { name: id.to_owned(), version: 0 };
    match connection.taxonomies().get_taxonomy(request).await {
        Ok(response) => Ok(response.into_inner().taxonomy.unwrap_or_default().published),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(status.into()),
    }
}

/// Classifies every customer and waits for the end.
pub(crate) async fn start(
    connection: &Connection,
    taxonomies: &[String],
    as_of: Option<NaiveDate>,
    request_id: String,
) -> Result<Run, Failure> {
    let request = StartClassificationRequest {
        taxonomies: taxonomies.to_vec(),
        as_of_date: as_of.map(convert::date),
        request_id,
    };
    let run = connection.classification().start_classification(request).await?.into_inner().run;
    runs::follow(connection, "classify", run).await
}
