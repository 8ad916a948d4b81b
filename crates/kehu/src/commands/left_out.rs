//! `kehu left-out`.

use crate::{
    cli::Client,
    commands::code,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::coding::{ListLeftOutRequest, ListMembersRequest, ListTaxonomiesRequest};

/// List the customers that a taxonomy gives no class, or a code scheme no code, each with the
/// reason. Everybody else has theirs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu left-out\n  kehu left-out --scheme standard\n  \
    kehu left-out --taxonomy value-six --output json")]
pub(crate) struct LeftOut {
    #[command(flatten)]
    client: Client,

    /// Only those of this taxonomy
    #[arg(long, value_name = "ID", conflicts_with = "scheme")]
    taxonomy: Option<String>,

    /// Only those of this code scheme
    #[arg(long, value_name = "ID")]
    scheme: Option<String>,
}

impl LeftOut {
    /// Lists them, taxonomies before schemes.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let mut listed = 0;
        for taxonomy in self.taxonomies(&connection).await? {
            listed += self.of_taxonomy(&connection, &taxonomy).await?;
        }
        for scheme in self.schemes(&connection).await? {
            listed += self.of_scheme(&connection, &scheme).await?;
        }
        if listed == 0 && self.client.output == Format::Table {
            output::line("Nobody is left out.")?;
        }
        Ok(())
    }

    async fn taxonomies(&self, connection: &Connection) -> Result<Vec<String>, Failure> {
        if let Some(taxonomy) = &self.taxonomy {
            return Ok(vec![taxonomy.clone()]);
        }
        let (mut ids, mut request) = (Vec::new(), ListTaxonomiesRequest::default());
        while self.scheme.is_none() {
            let page = connection.taxonomies().list_taxonomies(request.clone()).await?.into_inner();
            let definitions = page.taxonomies.into_iter().filter_map(|one| one.definition);
            ids.extend(definitions.map(|definition| definition.id));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        Ok(ids)
    }

    async fn schemes(&self, connection: &Connection) -> Result<Vec<String>, Failure> {
        match (&self.scheme, &self.taxonomy) {
            (Some(scheme), _) => Ok(vec![scheme.clone()]),
            (None, Some(_)) => Ok(Vec::new()),
            (None, None) => {
                let schemes = code::schemes(connection).await?;
                Ok(schemes.into_iter().map(|scheme| scheme.id).collect())
            }
        }
    }

    async fn of_taxonomy(&self, connection: &Connection, id: &str) -> Result<usize, Failure> {
        let mut request =
            ListMembersRequest { taxonomy: id.to_owned(), left_out: true, ..Default::default() };
        let mut listed = 0;
        loop {
            let page = connection.classification().list_members(request.clone()).await?;
            let page = page.into_inner();
            for one in &page.classifications {
                match self.client.output {
                    Format::Json => output::json_line(one)?,
                    Format::Table => output::line(&format!(
                        "taxonomy {id}  {}  {}",
                        one.customer, one.left_out_reason
                    ))?,
                }
            }
            listed += page.classifications.len();
            if page.next_page_token.is_empty() {
                return Ok(listed);
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn of_scheme(&self, connection: &Connection, id: &str) -> Result<usize, Failure> {
        let mut request = ListLeftOutRequest { scheme: id.to_owned(), ..Default::default() };
        let mut listed = 0;
        loop {
            let page = connection.codes().list_left_out(request.clone()).await?.into_inner();
            for one in &page.left_out {
                match self.client.output {
                    Format::Json => output::json_line(one)?,
                    Format::Table => {
                        output::line(&format!("scheme {id}  {}  {}", one.customer, one.reason))?;
                    }
                }
            }
            listed += page.left_out.len();
            if page.next_page_token.is_empty() {
                return Ok(listed);
            }
            request.page_token = page.next_page_token;
        }
    }
}
