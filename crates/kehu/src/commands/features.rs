//! `kehu features`.

use crate::{
    cli::{Client, parse_date},
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::scoring::{
    Feature, GetFeaturesRequest, GetFeaturesResponse, ListFeaturesRequest,
};
use kehu_server::convert;

/// Show what can be measured of a customer, or what is measured of one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu features\n  kehu features customers/17\n  \
    kehu features online-retail/12347 --feature recency_days --feature amount_365d \
    --as-of 2011-06-30")]
pub(crate) struct Features {
    #[command(flatten)]
    client: Client,

    /// A customer: customers/17, a key of a source as SOURCE/KEY or, where one has it, KEY, a code, or a name; without one the
    /// features are listed with what they mean
    customer: Option<String>,

    /// Only this feature; may be given again
    #[arg(long = "feature", value_name = "ID")]
    features: Vec<String>,

    /// Date to compute them for; the business date if not given
    #[arg(long, requires = "customer", value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

impl Features {
    /// Lists the features, or those of a customer.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let Some(customer) = &self.customer else { return self.list(&connection).await };
        let request = GetFeaturesRequest {
            customer: explain::find(&connection, customer).await?.name,
            as_of_date: self.as_of.map(convert::date),
            features: self.features.clone(),
        };
        let answer = connection.features().get_features(request).await?.into_inner();
        match self.client.output {
            Format::Json => output::json(&answer),
            Format::Table => show(&answer),
        }
    }

    async fn list(&self, connection: &Connection) -> Result<(), Failure> {
        let listed = connection.features().list_features(ListFeaturesRequest {}).await?;
        let mut features = listed.into_inner().features;
        if !self.features.is_empty() {
            features.retain(|feature| self.features.contains(&feature.id));
        }
        if self.client.output == Format::Json {
            return features.iter().try_for_each(output::json_line);
        }
        let rows = features.iter().map(row).collect();
        output::line(&output::table(&["group", "feature", "unit", "meaning"], &[], rows))
    }
}

fn row(feature: &Feature) -> Vec<String> {
    let label = feature.label.clone().unwrap_or_default();
    let means = match feature.unusable_reason.as_str() {
        "" => feature.description.as_str(),
        reason => reason,
    };
    let meaning = format!("{} {}: {means}", label.en, label.zh);
    vec![feature.group.clone(), feature.id.clone(), feature.unit.clone(), meaning]
}

fn show(answer: &GetFeaturesResponse) -> Result<(), Failure> {
    let date = output::date(answer.as_of_date.as_ref());
    let value = format!("as of {date}");
    let rows = answer.values.iter().map(|one| {
        let value = output::value(one.value.as_ref());
        vec![one.feature.clone(), value]
    });
    output::line(&output::table(&["feature", &value], &[&value], rows.collect()))
}
