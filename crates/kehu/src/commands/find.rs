//! `kehu find`.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use clap::Args;
use kehu_contract::ingestion::{Customer, ListCustomersRequest};

/// List the customers of a name, however it is written: width, case, accents, traditional or
/// simplified characters, spaces, signs and legal forms make no difference.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu find 華為技術有限公司\n  kehu find 'Smith, John'\n  \
    kehu find 'acme co. ltd' --source crm --all")]
pub(crate) struct Find {
    #[command(flatten)]
    client: Client,

    /// The name
    name: String,

    /// Only customers of this source
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,

    #[command(flatten)]
    limit: Limit,
}

impl Find {
    /// Lists those with the same match key.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let fetch = |page_size, page_token| {
            let request = ListCustomersRequest {
                page_size,
                page_token,
                source: self.source.clone().unwrap_or_default(),
                display_name: self.name.clone(),
                ..Default::default()
            };
            let mut client = connection.customers();
            async move {
                let page = client.list_customers(request).await?.into_inner();
                Ok((page.customers, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |customers| self.show(customers)).await
    }

    fn show(&self, customers: &[Customer]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return customers.iter().try_for_each(output::json_line);
        }
        if customers.is_empty() {
            return output::line("No customer has this name.");
        }
        let header = ["customer", "name", "type", "city", "references"];
        output::line(&output::table(&header, &[], customers.iter().map(row).collect()))
    }
}

fn row(customer: &Customer) -> Vec<String> {
    let profile = customer.profile.clone().unwrap_or_default();
    let references = customer.references.iter();
    let references = references.map(|key| format!("{}/{}", key.source, key.external_id));
    vec![
        customer.name.clone(),
        profile.display_name,
        profile.customer_type,
        profile.city,
        references.collect::<Vec<_>>().join(", "),
    ]
}
