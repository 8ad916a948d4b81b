//! `kehu recommend`.

use crate::{
    cli::{Client, parse_date},
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::reporting::{
    RecommendProductsRequest, RecommendProductsResponse, RecommendedProduct, ReportTime,
};
use kehu_server::convert;

/// Show what customers of its class buy and a customer never has.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu recommend customers/17\n  \
    kehu recommend online-retail/12347 --taxonomy rfm-11 --count 5 --as-of 2011-06-30")]
pub(crate) struct Recommend {
    #[command(flatten)]
    client: Client,

    /// A customer: customers/17, a key of a source as SOURCE/KEY or, where one has it, KEY, or a code
    customer: String,

    /// Taxonomy whose class counts
    #[arg(long, default_value = "value-six", value_name = "TAXONOMY")]
    taxonomy: String,

    /// Date that it is true on; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,

    /// Products at most, 1 to 100
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i32).range(1..=100),
        value_name = "N")]
    count: i32,
}

impl Recommend {
    /// Finds the customer and lists the products.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = RecommendProductsRequest {
            customer: explain::find(&connection, &self.customer).await?.name,
            taxonomy: self.taxonomy,
            time: Some(ReportTime {
                as_of_date: self.as_of.map(convert::date),
                ..ReportTime::default()
            }),
            product_count: self.count,
        };
        let answer = connection.reporting().recommend_products(request).await?.into_inner();
        match self.client.output {
            Format::Json => output::json(&answer),
            Format::Table => show(answer),
        }
    }
}

fn show(answer: RecommendProductsResponse) -> Result<(), Failure> {
    let label = answer.class_label.unwrap_or_default();
    output::line(&format!(
        "{}  {} {} as of {}: {} of {} customers who bought in the year before",
        answer.customer,
        label.en,
        label.zh,
        output::date(answer.as_of_date.as_ref()),
        answer.class_buyer_count,
        answer.buyer_count
    ))?;
    if answer.products.is_empty() {
        return output::line("The class buys nothing more than others that the customer has not.");
    }
    let header =
        ["product", "name", "customers", "of the class", "of all", "lift", "because it has"];
    let right = ["customers", "of the class", "of all", "lift"];
    let rows = answer.products.into_iter().map(row).collect();
    output::line(&output::table(&header, &right, rows))
}

fn row(product: RecommendedProduct) -> Vec<String> {
    let because = product.drawn_by.map(|drawn| {
        let confidence = output::percent(drawn.confidence.as_ref());
        format!("{} ({} of its baskets, {})", drawn.product_code, drawn.basket_count, confidence)
    });
    vec![
        product.product_code,
        product.product_name,
        product.class_buyer_count.to_string(),
        output::percent(product.support.as_ref()),
        output::percent(product.base_share.as_ref()),
        product.lift.unwrap_or_default().value,
        because.unwrap_or_default(),
    ]
}
