//! `kehu data`: what is held, and what waits for its day.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::ingestion::{
    GetDataSummaryRequest, GetDataSummaryResponse, ListLookalikeKeysRequest,
    ListLookalikeKeysResponse,
};
use kehu_server::convert;

/// So many looks of keys are shown.
const SHOWN: i32 = 10;

/// Show which orders are held: those that count, and those that are dated later and wait; and keys
/// of customers that look the same and are kept apart.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu data\n  kehu data --as-of 2011-12-10")]
pub(crate) struct Data {
    #[command(flatten)]
    client: Client,

    /// Date up to which orders count; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

impl Data {
    /// Asks, and prints the answer.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let held = summary(&connection, self.as_of).await?;
        match self.client.output {
            Format::Json => output::json(&held),
            Format::Table => {
                print(&held)?;
                print_lookalikes(&lookalikes(&connection).await?)
            }
        }
    }
}

/// The first keys of customers that look the same.
async fn lookalikes(connection: &Connection) -> Result<ListLookalikeKeysResponse, Failure> {
    let request = ListLookalikeKeysRequest { page_size: SHOWN, ..Default::default() };
    Ok(connection.customers().list_lookalike_keys(request).await?.into_inner())
}

fn print_lookalikes(alike: &ListLookalikeKeysResponse) -> Result<(), Failure> {
    if alike.lookalike_keys.is_empty() {
        return Ok(());
    }
    let rows = alike.lookalike_keys.iter().map(|keys| {
        vec![keys.source.clone(), keys.external_ids.join(" and "), keys.key_count.to_string()]
    });
    output::line("Keys of customers that look the same and are kept apart:")?;
    output::line(&output::table(&["source", "such as", "keys"], &["keys"], rows.collect()))?;
    match alike.next_page_token.is_empty() {
        true => Ok(()),
        false => output::line("and others"),
    }
}

/// What is held up to a date, the business date if none is given.
pub(crate) async fn summary(
    connection: &Connection,
    as_of: Option<NaiveDate>,
) -> Result<GetDataSummaryResponse, Failure> {
    let request = GetDataSummaryRequest { as_of_date: as_of.map(convert::date) };
    Ok(connection.ingestion().get_data_summary(request).await?.into_inner())
}

fn print(held: &GetDataSummaryResponse) -> Result<(), Failure> {
    let date = |date| output::date(date);
    output::line(&format!(
        "as of {}: {} orders count, from {} to {}; {} are dated later and wait for their day; {} \
         customers are held",
        date(held.as_of_date.as_ref()),
        held.order_count,
        date(held.first_order_date.as_ref()),
        date(held.last_order_date.as_ref()),
        held.waiting_order_count,
        held.customer_count
    ))?;
    if held.waiting_orders.is_empty() {
        return Ok(());
    }
    let rows = held.waiting_orders.iter().map(|order| {
        let key = format!("{}/{}", order.source, order.external_id);
        vec![date(order.order_date.as_ref()), key, order.customer.clone()]
    });
    output::line(&output::table(&["first to come", "order", "customer"], &[], rows.collect()))
}
