//! `kehu city-tier`.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use kehu_contract::ingestion::{self as contract, ListCityTiersRequest, SetCityTierRequest};
use kehu_server::convert;

/// List the tiers of cities, or give a city another one. Its customers are classified again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu city-tier list --all\n  \
    kehu city-tier set 佛山市 --tier tier-2 --reason 'The list of 2026'\n  \
    kehu city-tier set 440600 --tier tier-2 --from 2026-01-01 --reason 'The list of 2026'")]
pub(crate) struct CityTier {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the cities that have a tier, each with its last change
    List(List),
    /// Give a city another tier, with the reason
    Set(Set),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    client: Client,

    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Args)]
struct Set {
    #[command(flatten)]
    client: Client,

    /// The city: its code in GB/T 2260, or its Chinese name
    #[arg(value_name = "CITY")]
    city: String,

    /// The tier: tier-1, new-tier-1, tier-2 to tier-5; without one the city has none
    #[arg(long, default_value_t, hide_default_value = true, value_name = "TIER")]
    tier: String,

    /// The business date from which on it holds; the one that is now if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    from: Option<NaiveDate>,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl CityTier {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Set(set) => set.run().await,
        }
    }
}

impl List {
    async fn run(&self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let fetch = |page_size, page_token| {
            let mut client = connection.reference_data();
            async move {
                let request = ListCityTiersRequest { page_size, page_token };
                let page = client.list_city_tiers(request).await?.into_inner();
                Ok((page.city_tiers, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |tiers| print(tiers, self.client.output)).await
    }
}

fn print(tiers: &[contract::CityTier], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return tiers.iter().try_for_each(output::json_line);
    }
    let rows = tiers.iter().map(|tier| {
        let from = output::date(tier.from_date.as_ref());
        let (code, city) = (tier.city_code.clone(), tier.city.clone());
        vec![code, city, tier.tier.clone(), from, tier.changed_by.clone(), tier.reason.clone()]
    });
    let header = ["code", "city", "tier", "from", "by", "reason"];
    output::line(&output::table(&header, &[], rows.collect()))
}

impl Set {
    async fn run(&self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = SetCityTierRequest {
            city: self.city.clone(),
            tier: self.tier.clone(),
            from_date: self.from.map(convert::date),
            reason: self.reason.clone(),
        };
        let answer = connection.reference_data().set_city_tier(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&answer);
        }
        let tier = answer.city_tier.unwrap_or_default();
        let held = if tier.tier.is_empty() { "no tier" } else { tier.tier.as_str() };
        output::line(&format!(
            "{} {}: {held} from {} on; {} customers are evaluated again",
            tier.city_code,
            tier.city,
            output::date(tier.from_date.as_ref()),
            answer.customer_count
        ))
    }
}
