//! What is done with versions of taxonomies: publishing, approving, commenting, returning to a former
//! one, and the history of all that.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use clap::Args;
use kehu_contract::coding::{
    ApproveTaxonomyRequest, CommentTaxonomyRequest, ListTaxonomyEventsRequest,
    PublishTaxonomyRequest, RollBackTaxonomyRequest, TaxonomyEvent, TaxonomyEventKind,
};

#[derive(Debug, Args)]
pub(super) struct Publish {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "ID")]
    id: String,

    /// Only if draft and data are still what this simulation saw
    #[arg(long, default_value = "", hide_default_value = true, value_name = "RUN")]
    simulation: String,

    /// Why, for the history
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
}

impl Publish {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let (name, simulation, reason) = (self.id, self.simulation, self.reason);
        let request = PublishTaxonomyRequest { name, simulation, reason };
        let answer = connection.taxonomies().publish_taxonomy(request).await?.into_inner();
        super::print_one(&answer.taxonomy.unwrap_or_default(), self.client.output)
    }
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "ID")]
    id: String,

    /// Why, for the history
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
}

impl Approve {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = ApproveTaxonomyRequest { name: self.id, reason: self.reason };
        let answer = connection.taxonomies().approve_taxonomy(request).await?.into_inner();
        super::print_one(&answer.taxonomy.unwrap_or_default(), self.client.output)
    }
}

#[derive(Debug, Args)]
pub(super) struct Comment {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "ID")]
    id: String,

    /// What there is to say
    #[arg(value_name = "TEXT")]
    comment: String,
}

impl Comment {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = CommentTaxonomyRequest { name: self.id, comment: self.comment };
        let answer = connection.taxonomies().comment_taxonomy(request).await?.into_inner();
        print(&[answer.event.unwrap_or_default()], self.client.output)
    }
}

#[derive(Debug, Args)]
pub(super) struct RollBack {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "ID")]
    id: String,

    /// The version to publish once more
    #[arg(value_name = "VERSION", value_parser = clap::value_parser!(i64).range(1..))]
    version: i64,

    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl RollBack {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let id = self.id.clone();
        let request =
            RollBackTaxonomyRequest { name: self.id, version: self.version, reason: self.reason };
        let answer = connection.taxonomies().roll_back_taxonomy(request).await?.into_inner();
        super::print_one(&answer.taxonomy.unwrap_or_default(), self.client.output)?;
        if self.client.output == Format::Table {
            output::line(&format!(
                "It is in force once everybody is classified: kehu classify {id}"
            ))?;
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct History {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    limit: Limit,
}

impl History {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let fetch = |page_size, page_token| {
            let mut client = connection.taxonomies();
            let name = self.id.clone();
            async move {
                let request = ListTaxonomyEventsRequest { name, page_size, page_token };
                let page = client.list_taxonomy_events(request).await?.into_inner();
                Ok((page.events, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |events| print(events, self.client.output)).await
    }
}

fn print(events: &[TaxonomyEvent], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return events.iter().try_for_each(output::json_line);
    }
    let rows = events.iter().map(|event| {
        vec![
            output::time(event.time.as_ref()),
            event.caller.clone(),
            event.version.to_string(),
            deed(event),
            event.note.clone(),
        ]
    });
    let header = ["time", "by", "version", "what", "note"];
    output::line(&output::table(&header, &["version"], rows.collect()))
}

fn deed(event: &TaxonomyEvent) -> String {
    match event.kind() {
        TaxonomyEventKind::Drafted => "draft saved".to_owned(),
        TaxonomyEventKind::Commented => "comment".to_owned(),
        TaxonomyEventKind::Approved => "approved".to_owned(),
        TaxonomyEventKind::Published => "published".to_owned(),
        TaxonomyEventKind::RolledBack => format!("rolled back to {}", event.former_version),
        TaxonomyEventKind::Unspecified => String::new(),
    }
}
