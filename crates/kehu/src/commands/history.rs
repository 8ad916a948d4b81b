//! `kehu history`.

use crate::{
    cli::Client,
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use clap::Args;
use kehu_contract::coding::{Classification, ListHistoryRequest};

/// Show every class that a customer had, the latest first, and why.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu history customers/17\n  \
    kehu history online-retail/12347 --taxonomy value-six\n  \
    kehu history customers/17 --superseded --all")]
pub(crate) struct History {
    #[command(flatten)]
    client: Client,

    /// A customer: customers/17, a key of a source as SOURCE/KEY or, where one has it, KEY, a code, or a name
    customer: String,

    /// Only classes of this taxonomy
    #[arg(long, value_name = "ID")]
    taxonomy: Option<String>,

    /// Also what was thought before a correction
    #[arg(long)]
    superseded: bool,

    #[command(flatten)]
    limit: Limit,
}

impl History {
    /// Finds the customer and lists its classes.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = explain::find(&connection, &self.customer).await?.name;
        let fetch = |page_size, page_token| {
            let request = ListHistoryRequest {
                customer: customer.clone(),
                taxonomy: self.taxonomy.clone().unwrap_or_default(),
                show_superseded: self.superseded,
                page_size,
                page_token,
                ..Default::default()
            };
            let mut client = connection.classification();
            async move {
                let page = client.list_history(request).await?.into_inner();
                Ok((page.classifications, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |classes| self.show(classes)).await
    }

    fn show(&self, classes: &[Classification]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return classes.iter().try_for_each(output::json_line);
        }
        if classes.is_empty() {
            return output::line("The customer was never classified.");
        }
        let mut header = vec!["taxonomy", "from", "to", "class", "because", "known from"];
        if self.superseded {
            header.push("superseded");
        }
        let rows = classes.iter().map(|class| self.row(class)).collect();
        output::line(&output::table(&header, &[], rows))
    }

    fn row(&self, class: &Classification) -> Vec<String> {
        let because = match (class.predicate.as_str(), class.left_out_reason.as_str()) {
            ("", "") => "no predicate held",
            ("", reason) => reason,
            (predicate, _) => predicate,
        };
        let mut row = vec![
            format!("{} version {}", class.taxonomy, class.version),
            output::date(class.valid_from_date.as_ref()),
            output::date(class.valid_to_date.as_ref()),
            class.class_id.clone(),
            because.to_owned(),
            output::time(class.record_time.as_ref()),
        ];
        if self.superseded {
            row.push(output::time(class.supersede_time.as_ref()));
        }
        row
    }
}
