//! `kehu members`.

use crate::{
    cli::{Client, parse_date, parse_time},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::coding::{Classification, ListMembersRequest};
use kehu_server::convert;
use prost_types::Timestamp;

/// List the customers of a class, on any date as it was known at any time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu members value-six\n  \
    kehu members value-six --class high-value --all --output json\n  \
    kehu members abc --class a --where \"csat_mean_365d < 60\"\n  \
    kehu members value-six --as-of 2011-12-10 --known-at 2026-01-31T18:00:00Z")]
pub(crate) struct Members {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "TAXONOMY")]
    taxonomy: String,

    /// Only members of this class
    #[arg(long, value_name = "ID")]
    class: Option<String>,

    /// The date on which they were members; the latest of all if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,

    /// The time at which that was known; now if not given
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    known_at: Option<Timestamp>,

    /// Only those for whom this holds: an SQL expression over features, grades and scores, as the
    /// predicates of classes are; `kehu features` lists them
    #[arg(long = "where", value_name = "PREDICATE", conflicts_with = "known_at")]
    filter: Option<String>,

    #[command(flatten)]
    limit: Limit,
}

impl Members {
    /// Lists them by customer.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let fetch = |page_size, page_token| {
            let mut request = ListMembersRequest {
                taxonomy: self.taxonomy.clone(),
                class_id: self.class.clone().unwrap_or_default(),
                true_on_date: self.as_of.map(convert::date),
                known_time: self.known_at,
                page_size,
                page_token,
                filter: self.filter.clone().unwrap_or_default(),
                ..Default::default()
            };
            let mut client = connection.classification();
            async move {
                loop {
                    let page = client.list_members(request.clone()).await?.into_inner();
                    // Of many members nobody may be chosen, and yet others come.
                    if !page.classifications.is_empty() || page.next_page_token.is_empty() {
                        return Ok((page.classifications, page.next_page_token));
                    }
                    request.page_token = page.next_page_token;
                }
            }
        };
        self.limit.pages(fetch, |members| self.show(members)).await
    }

    fn show(&self, members: &[Classification]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return members.iter().try_for_each(output::json_line);
        }
        if members.is_empty() {
            return output::line("There are no such members.");
        }
        let rows = members.iter().map(row).collect();
        let header = ["customer", "key", "name", "city", "industry", "class", "", "since", "to"];
        output::line(&output::table(&header, &[], rows))
    }
}

fn row(member: &Classification) -> Vec<String> {
    let label = member.label.clone().unwrap_or_default();
    let who = member.customer_summary.clone().unwrap_or_default();
    vec![
        member.customer.clone(),
        output::key(&who),
        who.display_name,
        who.city,
        who.industry_code,
        member.class_id.clone(),
        format!("{} {}", label.en, label.zh),
        output::date(member.valid_from_date.as_ref()),
        output::date(member.valid_to_date.as_ref()),
    ]
}
