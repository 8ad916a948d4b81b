//! `kehu taxonomy`: taxonomies, on the server and in files.

mod diff;
mod simulate;
mod table;
mod versions;

use crate::{
    cli::Client,
    connection::Connection,
    definition::{self, List, Show},
    exit::Failure,
    output::{self, Format},
};
use clap::{Args, Subcommand};
use kehu_contract::coding::{
    self as contract, CreateTaxonomyRequest, GetTaxonomyRequest, ListTaxonomiesRequest,
    ListTemplatesRequest, PublishTaxonomyRequest, create_taxonomy_request::Origin,
};
use kehu_core::taxonomy;
use std::path::PathBuf;
use tonic::{Code, Status};

/// List taxonomies, show one, bring one that is written in a file onto the server; see what a version
/// would change before it is published, and what was done with them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu taxonomy list\n  \
    kehu taxonomy show value-six > value-six.yaml\n  kehu taxonomy show --template abc\n  \
    kehu taxonomy apply size.yaml\n  \
    kehu taxonomy apply size.yaml --publish\n  \
    kehu taxonomy show value-six --table\n  \
    kehu taxonomy simulate size\n  \
    kehu taxonomy publish size --simulation runs/7 --reason 'agreed on with sales'\n  \
    kehu taxonomy compare size 1 2\n  \
    kehu taxonomy diff size 1 2\n  \
    kehu taxonomy rollback size 1 --reason 'too many key accounts'\n  \
    kehu taxonomy history size\n\n\
    The form is that of crates/core/templates/taxonomies.")]
pub(crate) struct Taxonomy {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List every taxonomy with its latest version
    List(List),
    /// Print a taxonomy in the form of the file that `apply` reads, or as a table
    Show(ShowOne),
    /// Make the file the draft of its taxonomy; nothing happens when it is in force as it stands
    Apply(Apply),
    /// Publish the draft of a taxonomy
    Publish(versions::Publish),
    /// Approve the draft of a taxonomy that somebody else has written
    Approve(versions::Approve),
    /// Say something about a taxonomy, for its history
    Comment(versions::Comment),
    /// See what the draft would change: who would move from where to where, with what they buy
    Simulate(simulate::Simulate),
    /// See who is in another class by one version than by another
    Compare(simulate::Compare),
    /// Show what two versions say differently
    Diff(diff::Diff),
    /// Publish what a former version says once more
    Rollback(versions::RollBack),
    /// List what was done with a taxonomy, by whom, when and why
    History(versions::History),
}

#[derive(Debug, Args)]
struct ShowOne {
    #[command(flatten)]
    show: Show,

    /// Print it as a table for people
    #[arg(long)]
    table: bool,
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

    /// Why, for the history
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
}

impl Taxonomy {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List(list) => list_all(&list).await,
            Action::Show(wanted) => show(&wanted).await,
            Action::Apply(apply) => apply.run().await,
            Action::Publish(publish) => publish.run().await,
            Action::Approve(approve) => approve.run().await,
            Action::Comment(comment) => comment.run().await,
            Action::Simulate(simulate) => simulate.run().await,
            Action::Compare(compare) => compare.run().await,
            Action::Diff(diff) => diff.run().await,
            Action::Rollback(roll_back) => roll_back.run().await,
            Action::History(history) => history.run().await,
        }
    }
}

async fn list_all(list: &List) -> Result<(), Failure> {
    let connection = Connection::open(list.client.options()).await?;
    let fetch = |page_size, page_token| {
        let mut client = connection.taxonomies();
        async move {
            let request = ListTaxonomiesRequest { page_size, page_token };
            let page = client.list_taxonomies(request).await?.into_inner();
            Ok((page.taxonomies, page.next_page_token))
        }
    };
    list.limit.pages(fetch, |taxonomies| print(taxonomies, list.client.output)).await
}

fn print(taxonomies: &[contract::Taxonomy], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return taxonomies.iter().try_for_each(output::json_line);
    }
    if taxonomies.is_empty() {
        return output::line("There are no taxonomies yet: kehu classify makes one of a template.");
    }
    let rows = taxonomies.iter().map(row).collect();
    let header = ["taxonomy", "version", "state", "classes", "name"];
    output::line(&output::table(&header, &["version", "classes"], rows))
}

fn row(taxonomy: &contract::Taxonomy) -> Vec<String> {
    let definition = taxonomy.definition.clone().unwrap_or_default();
    let label = definition.label.unwrap_or_default();
    vec![
        definition.id,
        taxonomy.version.to_string(),
        state(taxonomy),
        definition.classes.len().to_string(),
        format!("{} {}", label.en, label.zh),
    ]
}

fn state(taxonomy: &contract::Taxonomy) -> String {
    match taxonomy.broken_reason.as_str() {
        "" if taxonomy.published => "published".to_owned(),
        "" => "a draft".to_owned(),
        reason => format!("broken: {reason}"),
    }
}

async fn show(one: &ShowOne) -> Result<(), Failure> {
    let wanted = &one.show;
    let connection = Connection::open(wanted.client.options()).await?;
    let definition = if wanted.template {
        let listed = connection.taxonomies().list_templates(ListTemplatesRequest {}).await?;
        wanted.of_templates(listed.into_inner().templates, |template| &template.id)?
    } else {
        definition_of(&connection, &wanted.id, wanted.version).await?
    };
    if wanted.client.output == Format::Json {
        return output::json(&definition);
    }
    if one.table {
        return output::line(&table::readable(&definition));
    }
    let taxonomy = kehu_coding::taxonomy(definition).map_err(Status::from)?;
    output::line(taxonomy.to_yaml().trim_end())
}

/// What a version says; 0 means the latest.
async fn definition_of(
    connection: &Connection,
    id: &str,
    version: i64,
) -> Result<contract::TaxonomyDefinition, Failure> {
    let request = GetTaxonomyRequest { name: id.to_owned(), version };
    let held = connection.taxonomies().get_taxonomy(request).await?.into_inner();
    Ok(held.taxonomy.unwrap_or_default().definition.unwrap_or_default())
}

/// Says how a version stands.
fn print_one(taxonomy: &contract::Taxonomy, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return output::json(taxonomy);
    }
    let state = state(taxonomy);
    output::line(&format!("{}, version {}: {state}", taxonomy.name, taxonomy.version))
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
            None => apply(&connection, wanted, &self).await?,
        };
        print_one(&taxonomy, self.client.output)
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
    asked: &Apply,
) -> Result<contract::Taxonomy, Failure> {
    let name = definition.id.clone();
    let origin = Some(Origin::Definition(definition));
    let reason = asked.reason.clone();
    let request = CreateTaxonomyRequest { origin, validate_only: false, reason: reason.clone() };
    let created = connection.taxonomies().create_taxonomy(request).await?.into_inner();
    if !asked.publish {
        return Ok(created.taxonomy.unwrap_or_default());
    }
    let request = PublishTaxonomyRequest { name, simulation: String::new(), reason };
    let published = connection.taxonomies().publish_taxonomy(request).await?.into_inner();
    Ok(published.taxonomy.unwrap_or_default())
}
