//! `kehu merge`: two customers that are known to be one.

use crate::{
    cli::Client,
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use clap::{Args, Subcommand};
use kehu_contract::ingestion::{
    CustomerMerge, ListMergesRequest, MergeCustomersRequest, UndoMergeRequest,
};

/// Make two customers that are known to be one, one; undo it; list what was merged.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  kehu merge erp/4711 crm/A-17 --reason 'same tax number'\n  \
    kehu merge --undo merges/3 --reason 'two shops of one owner'\n  \
    kehu merge list --customer erp/4711 --undone"
)]
pub(crate) struct Merge {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    client: Client,

    /// The customer that stands for both: customers/17, a key of a source as SOURCE/KEY or, where one
    /// has it, KEY, or a code
    #[arg(required_unless_present = "undo", conflicts_with = "undo")]
    survivor: Option<String>,

    /// The customer that becomes part of it, named in the same ways
    #[arg(required_unless_present = "undo")]
    absorbed: Option<String>,

    /// Why
    #[arg(long, value_name = "TEXT", required = true)]
    reason: Option<String>,

    /// Undo this merge
    #[arg(long, value_name = "MERGE")]
    undo: Option<String>,

    /// Say what would come of it, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List merges
    List(List),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    client: Client,

    /// Only those of this customer: customers/17, a key of a source as SOURCE/KEY or, where one has
    /// it, KEY, or a code
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,

    /// List those that were undone, too
    #[arg(long)]
    undone: bool,

    #[command(flatten)]
    limit: Limit,
}

impl Merge {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if let Some(Action::List(list)) = self.action {
            return list.run().await;
        }
        let connection = Connection::open(self.client.options()).await?;
        match self.undo.clone() {
            Some(name) => self.undo(&connection, name).await,
            None => self.merge(&connection).await,
        }
    }

    async fn merge(self, connection: &Connection) -> Result<(), Failure> {
        let survivor = explain::find(connection, &self.survivor.unwrap_or_default()).await?;
        let absorbed = explain::find(connection, &self.absorbed.unwrap_or_default()).await?;
        let request = MergeCustomersRequest {
            survivor: survivor.name,
            absorbed: absorbed.name,
            reason: self.reason.unwrap_or_default(),
            survivor_etag: survivor.etag,
            absorbed_etag: absorbed.etag,
            validate_only: self.dry_run,
            ..Default::default()
        };
        let merged = connection.customers().merge_customers(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&merged);
        }
        let merge = merged.merge.unwrap_or_default();
        let would = if self.dry_run { "would be" } else { "is" };
        output::line(&format!("{} {would} part of {}", merge.absorbed, merge.survivor))?;
        match merge.name.as_str() {
            "" => Ok(()),
            name => output::line(&format!("To undo it: kehu merge --undo {name} --reason '…'")),
        }
    }

    async fn undo(self, connection: &Connection, name: String) -> Result<(), Failure> {
        let request = UndoMergeRequest {
            name,
            reason: self.reason.unwrap_or_default(),
            validate_only: self.dry_run,
            ..Default::default()
        };
        let undone = connection.customers().undo_merge(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&undone);
        }
        let (one, other) = (undone.customer.unwrap_or_default(), undone.restored);
        let would = if self.dry_run { "would be" } else { "are" };
        let other = other.unwrap_or_default().name;
        output::line(&format!("{} and {other} {would} two customers again", one.name))
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = match &self.customer {
            Some(customer) => explain::find(&connection, customer).await?.name,
            None => String::new(),
        };
        let fetch = |page_size, page_token| {
            let (customer, show_undone) = (customer.clone(), self.undone);
            let request = ListMergesRequest { customer, show_undone, page_size, page_token };
            let mut client = connection.customers();
            async move {
                let page = client.list_merges(request).await?.into_inner();
                Ok((page.merges, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |merges| self.show(merges)).await
    }

    fn show(&self, merges: &[CustomerMerge]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return merges.iter().try_for_each(output::json_line);
        }
        if merges.is_empty() {
            return output::line("No customers are merged.");
        }
        let header = ["merge", "absorbed", "survivor", "when", "by", "reason", "undone", "why"];
        output::line(&output::table(&header, &[], merges.iter().map(row).collect()))
    }
}

fn row(merge: &CustomerMerge) -> Vec<String> {
    vec![
        merge.name.clone(),
        merge.absorbed.clone(),
        merge.survivor.clone(),
        output::time(merge.merge_time.as_ref()),
        merge.merged_by.clone(),
        merge.reason.clone(),
        output::time(merge.undo_time.as_ref()),
        merge.undo_reason.clone(),
    ]
}
