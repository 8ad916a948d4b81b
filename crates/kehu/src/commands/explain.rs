//! `kehu explain`.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::{
    coding::{Classification, ListHistoryRequest},
    google::r#type::Decimal,
    ingestion::{
        Customer, GetCustomerRequest, LookupCustomerRequest, SourceReference,
        lookup_customer_request::Key,
    },
    scoring::{
        Contribution, ExplainScoreRequest, ExplainScoreResponse, FeatureValue,
        ListScorecardsRequest, ScoreNowRequest,
    },
    shared::{Value, value::Kind},
};
use tonic::{Code, Status};

/// Show why a customer has its scores and classes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu explain customers/17\n  \
    kehu explain online-retail/12347 --scorecard value\n  kehu explain 12347\n  \
    kehu explain 12347 --scorecard value --if amount_365d=38000\n  \
    kehu explain GB-A000001X")]
pub(crate) struct Explain {
    #[command(flatten)]
    client: Client,

    /// A customer: customers/17, a key of a source as SOURCE/KEY or, where one has it, KEY, a code, or a name
    customer: String,

    /// Only this scorecard
    #[arg(long, value_name = "SCORECARD")]
    scorecard: Option<String>,

    /// What it scores by its facts as they are at this moment, instead of what is on record
    #[arg(long)]
    now: bool,

    /// What it would score now if a feature that the scorecard reads had this value; repeat for several
    #[arg(long = "if", value_name = "FEATURE=VALUE", requires = "scorecard", value_parser = parse_value)]
    stated: Vec<FeatureValue>,
}

/// A value of a feature as it is typed: a number, `true`, `false`, or a text.
fn parse_value(text: &str) -> Result<FeatureValue, String> {
    let Some((feature, value)) = text.split_once('=') else {
        return Err("must be FEATURE=VALUE, such as amount_365d=38000".to_owned());
    };
    let kind = match value {
        "" => None,
        "true" | "false" => Some(Kind::Boolean(value == "true")),
        number if number.parse::<rust_decimal::Decimal>().is_ok() => {
            Some(Kind::Number(Decimal { value: number.to_owned() }))
        }
        text => Some(Kind::Text(text.to_owned())),
    };
    Ok(FeatureValue { feature: feature.to_owned(), value: Some(Value { kind }) })
}

impl Explain {
    /// Finds the customer and prints its latest scores and classes.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = find(&connection, &self.customer).await?;
        if self.client.output == Format::Table {
            print_customer(&customer)?;
        }
        for scorecard in self.scorecards(&connection).await? {
            match self.score(&connection, &customer.name, &scorecard).await {
                Ok(explained) => self.print_score(&scorecard, &explained)?,
                // One that was asked for by name must be there.
                Err(status) if has_none(&status) && self.scorecard.is_none() => {}
                Err(status) => return Err(status.into()),
            }
        }
        if self.is_now() {
            return Ok(());
        }
        for classification in classes(&connection, &customer.name).await? {
            self.print_class(&classification)?;
        }
        Ok(())
    }

    fn is_now(&self) -> bool {
        self.now || !self.stated.is_empty()
    }

    /// The customer's latest score under a scorecard, or that of this moment, taken apart.
    async fn score(
        &self,
        connection: &Connection,
        customer: &str,
        scorecard: &str,
    ) -> Result<ExplainScoreResponse, Status> {
        if !self.is_now() {
            return explain(connection, customer, scorecard).await;
        }
        let request = ScoreNowRequest {
            scorecard: scorecard.to_owned(),
            customer: customer.to_owned(),
            values: self.stated.clone(),
            ..Default::default()
        };
        let found = connection.scoring().score_now(request).await?.into_inner();
        let (score, contributions) = (found.score, found.contributions);
        Ok(ExplainScoreResponse { score, contributions, freshness_token: String::new() })
    }

    async fn scorecards(&self, connection: &Connection) -> Result<Vec<String>, Failure> {
        if let Some(scorecard) = &self.scorecard {
            return Ok(vec![scorecard.clone()]);
        }
        let request = ListScorecardsRequest { page_size: 1_000, ..Default::default() };
        let listed = connection.scorecards().list_scorecards(request).await?.into_inner();
        let ids = listed.scorecards.into_iter().filter_map(|scorecard| scorecard.definition);
        Ok(ids.map(|definition| definition.id).collect())
    }

    fn print_score(
        &self,
        scorecard: &str,
        explained: &ExplainScoreResponse,
    ) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return output::json_line(explained);
        }
        let score = explained.score.clone().unwrap_or_default();
        let grade =
            if score.grade.is_empty() { String::new() } else { format!(", grade {}", score.grade) };
        output::line(&format!(
            "\n{scorecard}: score {}{grade} as of {}",
            output::decimal(score.score.as_ref()),
            output::date(score.as_of_date.as_ref())
        ))?;
        let header =
            ["indicator", "feature", "value", "bin", "points", "weight", "contribution", "note"];
        let rows = explained.contributions.iter().map(contribution_row).collect();
        output::line(&output::table(
            &header,
            &["value", "bin", "points", "weight", "contribution"],
            rows,
        ))
    }

    fn print_class(&self, class: &Classification) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return output::json_line(class);
        }
        let label = class.label.clone().unwrap_or_default();
        let taxonomy = class.taxonomy.split('/').nth(1).unwrap_or_default();
        let tags: Vec<_> = class.tags.iter().map(|tag| tag.en.as_str()).collect();
        let tags = if tags.is_empty() { String::new() } else { format!("  [{}]", tags.join(", ")) };
        output::line(&format!(
            "\n{taxonomy}: {} {}{tags} from {}",
            label.en,
            label.zh,
            output::date(class.valid_from_date.as_ref())
        ))?;
        let why =
            if class.predicate.is_empty() { "no predicate held" } else { class.predicate.as_str() };
        output::line(&format!("  because {why}"))?;
        for (column, value) in &class.evidence {
            output::line(&format!("  {column} = {}", output::value(Some(value))))?;
        }
        if class.data_confidence.is_some() {
            let confidence = output::percent(class.data_confidence.as_ref());
            output::line(&format!("  data confidence {confidence}"))?;
        }
        Ok(())
    }
}

/// The customer by its name, a key of a source system, or a code.
pub(crate) async fn find(connection: &Connection, key: &str) -> Result<Customer, Failure> {
    let mut customers = connection.customers();
    if key.starts_with("customers/") {
        let request = GetCustomerRequest { name: key.to_owned() };
        let found = customers.get_customer(request).await?.into_inner();
        return Ok(found.customer.unwrap_or_default());
    }
    let key = match key.split_once('/') {
        Some((source, external_id)) => Key::Reference(SourceReference {
            source: source.to_owned(),
            external_id: external_id.to_owned(),
        }),
        None => Key::Text(key.to_owned()),
    };
    let found = customers
        .lookup_customer(LookupCustomerRequest { key: Some(key), ..Default::default() })
        .await?;
    Ok(found.into_inner().customer.unwrap_or_default())
}

/// Whether there is no score, or no published version to give one.
fn has_none(status: &Status) -> bool {
    matches!(status.code(), Code::NotFound | Code::FailedPrecondition)
}

/// The customer's latest score under a scorecard, taken apart.
async fn explain(
    connection: &Connection,
    customer: &str,
    scorecard: &str,
) -> Result<ExplainScoreResponse, Status> {
    let request = ExplainScoreRequest {
        customer: customer.to_owned(),
        scorecard: scorecard.to_owned(),
        ..Default::default()
    };
    Ok(connection.scoring().explain_score(request).await?.into_inner())
}

/// The customer's classes that are valid now, one a taxonomy.
async fn classes(connection: &Connection, customer: &str) -> Result<Vec<Classification>, Failure> {
    let request = ListHistoryRequest {
        customer: customer.to_owned(),
        page_size: 1_000,
        ..Default::default()
    };
    let listed = connection.classification().list_history(request).await?.into_inner();
    Ok(listed.classifications.into_iter().filter(|class| class.valid_to_date.is_none()).collect())
}

fn print_customer(customer: &Customer) -> Result<(), Failure> {
    let references: Vec<_> = customer
        .references
        .iter()
        .map(|reference| format!("{}/{}", reference.source, reference.external_id))
        .collect();
    output::line(&format!("{}  {}", customer.name, references.join(", ")))
}

fn contribution_row(contribution: &Contribution) -> Vec<String> {
    let bin = if contribution.bin == 0 { String::new() } else { contribution.bin.to_string() };
    vec![
        contribution.indicator.clone(),
        contribution.feature.clone(),
        output::value(contribution.value.as_ref()),
        bin,
        output::decimal(contribution.points.as_ref()),
        weight(contribution),
        output::decimal(contribution.contribution.as_ref()),
        note(contribution),
    ]
}

/// What was done about a value that is missing.
fn note(contribution: &Contribution) -> String {
    let policy = &contribution.missing_policy;
    let stand_in = || output::value(contribution.stand_in.as_ref());
    match policy.as_str() {
        "imputed" => format!("imputed {}", stand_in()),
        "substituted" => format!("{} of {}", stand_in(), contribution.substitute_feature),
        _ => policy.clone(),
    }
}

fn weight(contribution: &Contribution) -> String {
    let stated = output::decimal(contribution.weight.as_ref());
    match &contribution.faded_weight {
        None => stated,
        Some(faded) => format!("{} of {stated}", faded.value),
    }
}
