//! `kehu duplicates`: customers that are probably one.

use crate::{
    cli::Client,
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
    runs,
};
use clap::{Args, Subcommand};
use kehu_contract::ingestion::{
    Customer, GetMatchCandidateRequest, ListMatchCandidatesRequest, MatchCandidate,
    MatchComparison, MatchEvidence, MatchField, MatchLevel, MatchState, ReviewMatchRequest,
    StartMatchingRequest,
};
use kehu_server::convert;
use rust_decimal::Decimal;

/// Find customers that are probably one, look at why, say whether they are.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu duplicates find\n  \
    kehu duplicates find --field display_name --field attributes.tax_id=exact --review 0.8\n  \
    kehu duplicates find --merge 0.999\n  kehu duplicates list --all\n  \
    kehu duplicates show matchCandidates/3\n  \
    kehu duplicates accept matchCandidates/3 --reason 'same address and phone'\n  \
    kehu duplicates reject matchCandidates/4 --reason 'father and son'\n\n\
    Nobody is merged unless a person accepts it, or --merge says from which probability on.")]
pub(crate) struct Duplicates {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compare all customers and keep the pairs that are probably one
    Find(Find),
    /// List pairs, the most probable first
    List(List),
    /// Show a pair field by field
    Show(Show),
    /// They are one: merge them
    Accept(Accept),
    /// They are two: do not ask again until one of them has changed
    Reject(Reject),
}

#[derive(Debug, Args)]
struct Find {
    #[command(flatten)]
    client: Client,

    /// A field to compare, with how if not as its name and type say: name, text, phone, email, date or
    /// exact. None: name, place, date of birth and the attributes that lead to a person
    #[arg(long = "field", value_name = "FIELD[=HOW]", value_parser = parse_field)]
    fields: Vec<MatchField>,

    /// Least probability of a pair that is kept; 0.5 if not given
    #[arg(long, value_name = "PROBABILITY")]
    review: Option<Decimal>,

    /// Merge at once from this probability on
    #[arg(long, value_name = "PROBABILITY")]
    merge: Option<Decimal>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    client: Client,

    /// Only pairs of this customer, named as in kehu explain
    customer: Option<String>,

    /// Which pairs
    #[arg(long, value_enum, default_value_t = State::Open)]
    state: State,

    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum State {
    /// Those that nobody has decided
    Open,
    /// Those that were merged
    Accepted,
    /// Those that are two
    Rejected,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    client: Client,

    /// The pair
    #[arg(value_name = "PAIR")]
    name: String,
}

#[derive(Debug, Args)]
struct Accept {
    #[command(flatten)]
    client: Client,

    /// The pair
    #[arg(value_name = "PAIR")]
    name: String,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Which of the two stands for both, named as in kehu explain; the one that appeared first if not
    /// given
    #[arg(long, value_name = "CUSTOMER")]
    survivor: Option<String>,
}

#[derive(Debug, Args)]
struct Reject {
    #[command(flatten)]
    client: Client,

    /// The pair
    #[arg(value_name = "PAIR")]
    name: String,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Duplicates {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::Find(find) => find.run().await,
            Action::List(list) => list.run().await,
            Action::Show(show) => show.run().await,
            Action::Accept(accept) => accept.run().await,
            Action::Reject(reject) => reject.run().await,
        }
    }
}

impl Find {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = StartMatchingRequest {
            fields: self.fields,
            review_probability: self.review.map(convert::decimal),
            merge_probability: self.merge.map(convert::decimal),
            request_id: String::new(),
        };
        let run = connection.matches().start_matching(request).await?.into_inner().run;
        let run = runs::follow(&connection, "compare", run).await?;
        if self.client.output == Format::Json {
            return output::json(&run);
        }
        let (done, new) = (run.done_count, run.changed_count);
        output::line(&format!("{}: {done} customers compared, {new} new pairs", run.name))?;
        output::line("kehu duplicates list shows those that wait for a decision.")
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = match &self.customer {
            Some(customer) => explain::find(&connection, customer).await?.name,
            None => String::new(),
        };
        let state = match self.state {
            State::Open => MatchState::Open,
            State::Accepted => MatchState::Accepted,
            State::Rejected => MatchState::Rejected,
        };
        let fetch = |page_size, page_token| {
            let (customer, state) = (customer.clone(), state.into());
            let request = ListMatchCandidatesRequest { page_size, page_token, state, customer };
            let mut client = connection.matches();
            async move {
                let page = client.list_match_candidates(request).await?.into_inner();
                Ok((page.candidates, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |pairs| self.show(pairs)).await
    }

    fn show(&self, pairs: &[MatchCandidate]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return pairs.iter().try_for_each(output::json_line);
        }
        if pairs.is_empty() {
            return output::line("There are no such pairs: kehu duplicates find looks for them.");
        }
        let header = ["pair", "probability", "one", "other", "speaks for it", "against it"];
        let rows = pairs.iter().map(row).collect();
        output::line(&output::table(&header, &["probability"], rows))
    }
}

impl Show {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = GetMatchCandidateRequest { name: self.name };
        let found = connection.matches().get_match_candidate(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&found);
        }
        let pair = found.candidate.unwrap_or_default();
        let probability = decimal(pair.probability.as_ref());
        output::line(&format!("{}: one customer with probability {probability}", pair.name))?;
        if !pair.reason.is_empty() {
            let state = format!("{:?}", pair.state()).to_lowercase();
            let (when, why) = (output::time(pair.review_time.as_ref()), &pair.reason);
            output::line(&format!("{state} {when} {}: {why}", pair.reviewed_by))?;
        }
        let [one, other] = [0, 1].map(|place| found.customers.get(place));
        let value = |customer: Option<&Customer>, field: &str| {
            customer.map(|customer| value(customer, field)).unwrap_or_default()
        };
        let mut rows: Vec<Vec<String>> = pair
            .evidence
            .iter()
            .map(|evidence| {
                vec![
                    evidence.field.clone(),
                    value(one, &evidence.field),
                    value(other, &evidence.field),
                    level(evidence),
                    decimal(evidence.weight.as_ref()),
                ]
            })
            .collect();
        let before = decimal(pair.prior_weight.as_ref());
        rows.push(vec![
            "before that".to_owned(),
            String::new(),
            String::new(),
            String::new(),
            before,
        ]);
        let name = |place: usize| pair.customers.get(place).map_or("", String::as_str);
        let header = ["field", name(0), name(1), "values are", "weight"];
        output::line(&output::table(&header, &["weight"], rows))
    }
}

impl Accept {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let survivor = match &self.survivor {
            Some(survivor) => explain::find(&connection, survivor).await?.name,
            None => String::new(),
        };
        let request = ReviewMatchRequest {
            name: self.name,
            decision: MatchState::Accepted.into(),
            reason: self.reason,
            survivor,
            request_id: String::new(),
        };
        let reviewed = connection.matches().review_match(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&reviewed);
        }
        let Some(merge) = reviewed.merge else { return output::line("They were one already.") };
        output::line(&format!("{} is part of {}", merge.absorbed, merge.survivor))?;
        output::line(&format!("To undo it: kehu merge --undo {} --reason '…'", merge.name))
    }
}

impl Reject {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = ReviewMatchRequest {
            name: self.name,
            decision: MatchState::Rejected.into(),
            reason: self.reason,
            ..Default::default()
        };
        let reviewed = connection.matches().review_match(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&reviewed);
        }
        output::line("They are two, and stay so until one of them has changed.")
    }
}

/// `attributes.tax_id=exact`.
fn parse_field(text: &str) -> Result<MatchField, String> {
    let (field, how) = text.split_once('=').unwrap_or((text, ""));
    let comparison = match how {
        "" => MatchComparison::Unspecified,
        "name" => MatchComparison::Name,
        "text" => MatchComparison::Text,
        "phone" => MatchComparison::Phone,
        "email" => MatchComparison::Email,
        "date" => MatchComparison::Date,
        "exact" => MatchComparison::Exact,
        _ => return Err("compare by name, text, phone, email, date or exact".to_owned()),
    };
    Ok(MatchField { field: field.to_owned(), comparison: comparison.into() })
}

fn row(pair: &MatchCandidate) -> Vec<String> {
    let name = |place: usize| pair.customers.get(place).cloned().unwrap_or_default();
    let speaking = |for_it: bool| {
        let fields = pair.evidence.iter().filter(|evidence| {
            let weight = evidence.weight.as_ref().map_or("", |weight| weight.value.as_str());
            let zero = weight.is_empty() || weight == "0";
            !zero && weight.starts_with('-') != for_it
        });
        fields.map(|evidence| evidence.field.clone()).collect::<Vec<_>>().join(", ")
    };
    vec![
        pair.name.clone(),
        decimal(pair.probability.as_ref()),
        name(0),
        name(1),
        speaking(true),
        speaking(false),
    ]
}

/// The value of a field of a customer, as it is now.
fn value(customer: &Customer, field: &str) -> String {
    let Some(profile) = &customer.profile else { return String::new() };
    match field {
        "display_name" => profile.display_name.clone(),
        "customer_type" => profile.customer_type.clone(),
        "region_code" => profile.region_code.clone(),
        "province" => profile.province.clone(),
        "city" => profile.city.clone(),
        "industry_code" => profile.industry_code.clone(),
        "registration_date" => output::date(profile.registration_date.as_ref()),
        _ => {
            let id = field.strip_prefix("attributes.").unwrap_or(field);
            profile.attributes.get(id).cloned().unwrap_or_default()
        }
    }
}

fn level(evidence: &MatchEvidence) -> String {
    let level = match evidence.level() {
        MatchLevel::Unspecified => "",
        MatchLevel::Missing => "missing",
        MatchLevel::Different => "different",
        MatchLevel::Similar => "similar",
        MatchLevel::Close => "close",
        MatchLevel::Same => "the same",
    };
    level.to_owned()
}

fn decimal(number: Option<&kehu_contract::google::r#type::Decimal>) -> String {
    number.map(|number| number.value.clone()).unwrap_or_default()
}
