//! `kehu evaluate`: how well a taxonomy does.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
    runs,
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::coding::{
    EvaluationInput, EvaluationLevel, GetTaxonomyEvaluationRequest, ListTaxonomyEvaluationsRequest,
    MeasureSeparation, PopulationDrift, StartTaxonomyEvaluationRequest, TaxonomyEvaluation,
};
use kehu_contract::google::r#type::Decimal;
use kehu_server::convert;

/// Evaluate how well a taxonomy does: whether it sets customers apart, whether persons agree with it,
/// whether they stay, and what has drifted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu evaluate value-six\n  \
    kehu evaluate value-six --as-of 2011-12-10 --base 2011-06-30\n  \
    kehu evaluate value-six --history\n  kehu evaluate value-six --show taxonomyEvaluations/3\n\n\
    Each taxonomy in force is evaluated by itself on the first day of each quarter.")]
pub(crate) struct Evaluate {
    #[command(flatten)]
    client: Client,

    /// The taxonomy
    #[arg(value_name = "TAXONOMY")]
    taxonomy: String,

    /// The date; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,

    /// The day of the population that drift is measured against; twelve months before, or the first day
    /// that anybody was classified, if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    base: Option<NaiveDate>,

    /// List the evaluations that were made, instead of making one
    #[arg(long, conflicts_with_all = ["as_of", "base"])]
    history: bool,

    /// Show one that was made
    #[arg(long, value_name = "EVALUATION", conflicts_with_all = ["as_of", "base", "history"])]
    show: Option<String>,

    #[command(flatten)]
    limit: Limit,
}

impl Evaluate {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        if self.history {
            return self.list(&connection).await;
        }
        let name = match &self.show {
            Some(name) => name.clone(),
            None => self.make(&connection).await?,
        };
        let request = GetTaxonomyEvaluationRequest { name };
        let answer = connection.taxonomies().get_taxonomy_evaluation(request).await?.into_inner();
        match self.client.output {
            Format::Json => output::json(&answer),
            Format::Table => print(&answer.evaluation.unwrap_or_default()),
        }
    }

    /// Evaluates, and returns the name of what was made.
    async fn make(&self, connection: &Connection) -> Result<String, Failure> {
        let request = StartTaxonomyEvaluationRequest {
            name: self.taxonomy.clone(),
            as_of_date: self.as_of.map(convert::date),
            base_date: self.base.map(convert::date),
            request_id: String::new(),
        };
        let started = connection.taxonomies().start_taxonomy_evaluation(request).await?;
        let run = runs::follow(connection, "evaluate", started.into_inner().run).await?;
        let request = ListTaxonomyEvaluationsRequest {
            taxonomy: self.taxonomy.clone(),
            run: run.name.clone(),
            ..Default::default()
        };
        let made = connection.taxonomies().list_taxonomy_evaluations(request).await?.into_inner();
        let made = made.evaluations.into_iter().next().map(|made| made.name);
        made.ok_or_else(|| Failure::internal(format!("{} has made no evaluation", run.name)))
    }

    async fn list(&self, connection: &Connection) -> Result<(), Failure> {
        let fetch = async |page_size, page_token| {
            let request = ListTaxonomyEvaluationsRequest {
                taxonomy: self.taxonomy.clone(),
                run: String::new(),
                page_size,
                page_token,
            };
            let page = connection.taxonomies().list_taxonomy_evaluations(request).await?;
            let page = page.into_inner();
            Ok((page.evaluations, page.next_page_token))
        };
        self.limit
            .pages(fetch, |made: &[TaxonomyEvaluation]| match self.client.output {
                Format::Json => made.iter().try_for_each(output::json_line),
                Format::Table => {
                    let header = [
                        "evaluation",
                        "as of",
                        "version",
                        "level",
                        "ε² of amount",
                        "stayed",
                        "κ",
                        "PSI",
                    ];
                    let rows = made.iter().map(list_row).collect();
                    output::line(&output::table(&header, &header[4..], rows))
                }
            })
            .await
    }
}

fn list_row(made: &TaxonomyEvaluation) -> Vec<String> {
    let amount = made.separations.first().and_then(|it| it.epsilon_squared.as_ref());
    vec![
        made.name.clone(),
        output::date(made.as_of_date.as_ref()),
        made.version.to_string(),
        level(made.level()).to_owned(),
        number(amount),
        output::percent(made.stayed_share.as_ref()),
        number(made.kappa.as_ref()),
        psi(made.class_drift.as_ref()),
    ]
}

fn print(made: &TaxonomyEvaluation) -> Result<(), Failure> {
    let verdict = convert::core_label(made.verdict.clone());
    output::line(&format!(
        "{}: {} version {} as of {}, drift since {}; {} customers, {} of them sampled\n",
        made.name,
        made.taxonomy,
        made.version,
        output::date(made.as_of_date.as_ref()),
        output::date(made.base_date.as_ref()),
        made.customer_count,
        made.sampled_count,
    ))?;
    output::line(&format!("{}: {}\n{}", level(made.level()), verdict.en, verdict.zh))?;
    for finding in made.findings.iter().skip(1) {
        let text = convert::core_label(finding.text.clone());
        output::line(&format!("{}: {}", level(finding.level()), text.en))?;
    }
    print_separations(&made.separations)?;
    output::line(&format!(
        "\nStay over a month: {}; overrides that the rules disagree with: {} of {}, κ {}; drift of the \
         classes: PSI {}",
        output::percent(made.stayed_share.as_ref()),
        made.disagreement_count,
        made.override_count,
        number(made.kappa.as_ref()),
        psi(made.class_drift.as_ref()),
    ))?;
    print_inputs(&made.inputs)
}

fn print_separations(separations: &[MeasureSeparation]) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for of in separations {
        let first = [&of.eta_squared, &of.epsilon_squared].map(|it| number(it.as_ref()));
        rows.push([vec![of.feature.clone()], first.to_vec(), vec![String::new(); 3]].concat());
        for class in &of.medians {
            let mut row = vec![String::new(); 3];
            row.push(class.class_id.clone());
            row.extend([class.customers.to_string(), number(class.median.as_ref())]);
            rows.push(row);
        }
    }
    let header = ["measure", "η²", "ε²", "class", "customers", "median"];
    output::line("")?;
    output::line(&output::table(&header, &["η²", "ε²", "customers", "median"], rows))
}

fn print_inputs(inputs: &[EvaluationInput]) -> Result<(), Failure> {
    if inputs.is_empty() {
        return Ok(());
    }
    let rows = inputs.iter().map(|input| {
        let limits = input.limits.iter().map(|it| {
            let proposed =
                it.proposed_limit.as_ref().filter(|limit| Some(*limit) != it.limit.as_ref());
            let proposed = proposed.map(|limit| format!(" → {}", limit.value)).unwrap_or_default();
            format!("{} {}{proposed}", it.class_id, number(it.limit.as_ref()))
        });
        let p_value = input.drift.as_ref().and_then(|drift| drift.p_value.as_ref());
        vec![
            input.feature.clone(),
            psi(input.drift.as_ref()),
            number(p_value),
            input.scorecards.join(", "),
            limits.collect::<Vec<_>>().join(", "),
        ]
    });
    let header = ["input", "PSI", "by chance", "through", "limits"];
    output::line("")?;
    output::line(&output::table(&header, &["PSI", "by chance"], rows.collect()))
}

fn level(level: EvaluationLevel) -> &'static str {
    match level {
        EvaluationLevel::Good => "good",
        EvaluationLevel::Watch => "watch",
        EvaluationLevel::Alarm => "ALARM",
        EvaluationLevel::Unspecified => "–",
    }
}

fn psi(drift: Option<&PopulationDrift>) -> String {
    number(drift.and_then(|drift| drift.psi.as_ref()))
}

/// A number to four digits behind the point.
fn number(number: Option<&Decimal>) -> String {
    let parsed = number.and_then(|it| it.value.parse::<rust_decimal::Decimal>().ok());
    parsed.map_or_else(|| "–".to_owned(), |it| it.round_dp(4).normalize().to_string())
}
