//! `kehu taxonomy`: taxonomies in files.

use crate::{
    cli::Client,
    connection::Connection,
    definition,
    exit::Failure,
    output::{self, Format},
};
use clap::{Args, Subcommand};
use kehu_contract::coding::{
    self as contract, CreateTaxonomyRequest, GetTaxonomyRequest, PublishTaxonomyRequest,
    create_taxonomy_request::Origin,
};
use kehu_core::taxonomy;
use std::path::PathBuf;
use tonic::Code;

/// Bring a taxonomy that is written in a file onto the server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu taxonomy apply size.yaml\n  \
    kehu taxonomy apply size.yaml --publish\n\n\
    The form is that of crates/core/templates/taxonomies.")]
pub(crate) struct Taxonomy {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make the file the draft of its taxonomy; nothing happens when it is in force as it stands
    Apply(Apply),
}

#[derive(Debug, Args)]
struct Apply {
    #[command(flatten)]
    client: Client,

    /// File of the taxonomy, YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Publish the draft
    #[arg(long)]
    publish: bool,
}

impl Taxonomy {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let Action::Apply(apply) = self.action;
        apply.run().await
    }
}

impl Apply {
    async fn run(self) -> Result<(), Failure> {
        let written = definition::read(&self.file, taxonomy::Taxonomy::from_yaml)?;
        let wanted = kehu_coding::taxonomy_definition(&written);
        let connection = Connection::open(self.client.options()).await?;
        let held = latest(&connection, &wanted.id).await?;
        let held = held.filter(|it| it.published && it.definition.as_ref() == Some(&wanted));
        let taxonomy = match held {
            Some(held) => held,
            None => apply(&connection, wanted, self.publish).await?,
        };
        if self.client.output == Format::Json {
            return output::json(&taxonomy);
        }
        let state = if taxonomy.published { "published" } else { "a draft" };
        output::line(&format!("{}, version {}: {state}", taxonomy.name, taxonomy.version))
    }
}

/// The latest version of a taxonomy, if there is any.
async fn latest(connection: &Connection, id: &str) -> Result<Option<contract::Taxonomy>, Failure> {
    let request = GetTaxonomyRequest { name: id.to_owned(), version: 0 };
    match connection.taxonomies().get_taxonomy(request).await {
        Ok(response) => Ok(response.into_inner().taxonomy),
        // An id that breaks the rules is told when it is created, with all that is wrong beside.
        Err(status) if matches!(status.code(), Code::NotFound | Code::InvalidArgument) => Ok(None),
        Err(status) => Err(status.into()),
    }
}

async fn apply(
    connection: &Connection,
    definition: contract::TaxonomyDefinition,
    publish: bool,
) -> Result<contract::Taxonomy, Failure> {
    let name = definition.id.clone();
    let origin = Some(Origin::Definition(definition));
    let request = CreateTaxonomyRequest { origin, validate_only: false };
    let created = connection.taxonomies().create_taxonomy(request).await?.into_inner();
    if !publish {
        return Ok(created.taxonomy.unwrap_or_default());
    }
    let request = PublishTaxonomyRequest { name };
    let published = connection.taxonomies().publish_taxonomy(request).await?.into_inner();
    Ok(published.taxonomy.unwrap_or_default())
}
