//! `kehu profile`.

use crate::{
    cli::Client,
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::ingestion::{ListProfileValuesRequest, ProfileValue};

/// Show what is known of a customer, each field with its source and its time there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu profile customers/17\n  \
    kehu profile crm/4711 --history\n  kehu profile customers/17 --history --field city")]
pub(crate) struct Profile {
    #[command(flatten)]
    client: Client,

    /// A customer: customers/17, a key of a source as SOURCE/KEY or, where one has it, KEY, a code, or a name
    customer: String,

    /// Every value that was ever given, not only those that hold
    #[arg(long)]
    history: bool,

    /// Only this field: city, or attributes.KEY for an attribute
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
}

impl Profile {
    /// Finds the customer and prints its values.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = explain::find(&connection, &self.customer).await?;
        let mut request = ListProfileValuesRequest {
            customer: customer.name.clone(),
            page_size: 1_000,
            field: self.field.clone().unwrap_or_default(),
            current_only: !self.history,
            ..Default::default()
        };
        let mut values = Vec::new();
        loop {
            let page = connection.customers().list_profile_values(request.clone()).await?;
            let page = page.into_inner();
            values.extend(page.values);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        self.print(&values)
    }

    fn print(&self, values: &[ProfileValue]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return values.iter().try_for_each(output::json_line);
        }
        let mut header = vec!["field", "value", "source", "changed there", "holds from"];
        if self.history {
            header.extend(["known from", "known to"]);
        }
        let rows = values.iter().map(|value| self.row(value)).collect();
        output::line(&output::table(&header, &[], rows))
    }

    fn row(&self, value: &ProfileValue) -> Vec<String> {
        let mut row = vec![
            value.field.clone(),
            value.value.clone().unwrap_or_else(|| "–".to_owned()),
            value.source.clone(),
            output::time(value.source_update_time.as_ref()),
            output::date(value.valid_from_date.as_ref()),
        ];
        if self.history {
            row.push(output::time(value.known_from_time.as_ref()));
            row.push(output::time(value.known_to_time.as_ref()));
        }
        row
    }
}
