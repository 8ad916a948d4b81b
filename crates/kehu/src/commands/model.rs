//! `kehu model`: what is learnt from all customers.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    definition::List,
    exit::Failure,
    output::{self, Format},
    runs,
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use kehu_contract::scoring as contract;
use kehu_contract::{
    google::r#type as google,
    scoring::{
        FitModelRequest, GetModelRequest, ListModelsRequest, PromoteModelRequest, VersionState,
    },
};
use kehu_server::convert;
use rust_decimal::Decimal;

/// Fit the model of customer value to what customers bought, look at it, promote it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu model fit\n  \
    kehu model fit --as-of 2011-12-09 --holdout-days 120 --margin 0.3\n  \
    kehu model list\n  kehu model show\n  kehu model promote\n  \
    kehu features customers/17 --feature p_alive --feature clv_365d\n\n\
    A model scores nobody until it is promoted.")]
pub(crate) struct Model {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Fit the model to all customers and leave it as a draft
    Fit(Fit),
    /// List every model with its latest version
    List(List),
    /// Show what a model has learnt, from whom, and how well it foretells
    Show(Show),
    /// Compute features with the draft from a date on
    Promote(Promote),
}

#[derive(Debug, Args)]
struct Fit {
    #[command(flatten)]
    client: Client,

    /// Model
    #[arg(default_value = "customer-value", value_name = "MODEL")]
    model: String,

    /// Last day whose facts count; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,

    /// Days before that to hold out, which tell how well the model foretells
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    holdout_days: i32,

    /// Yearly rate to discount by; 0.1 if not given
    #[arg(long, value_name = "RATE")]
    discount_rate: Option<Decimal>,

    /// Share of an amount that is profit; that of the lines whose cost is known if not given
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    margin: Option<Decimal>,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    client: Client,

    /// Model
    #[arg(default_value = "customer-value", value_name = "MODEL")]
    model: String,

    /// Its version; the latest if not given
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    version: i64,
}

#[derive(Debug, Args)]
struct Promote {
    #[command(flatten)]
    client: Client,

    /// Model
    #[arg(default_value = "customer-value", value_name = "MODEL")]
    model: String,

    /// Only the draft with this etag, as `show --output json` has it
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,

    /// Business date from which on to use it; if not given the day after the business date, and of
    /// the first version always
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    from: Option<NaiveDate>,
}

impl Model {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::Fit(fit) => fit.run().await,
            Action::List(list) => list_all(&list).await,
            Action::Show(show) => show.run().await,
            Action::Promote(promote) => promote.run().await,
        }
    }
}

impl Fit {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = FitModelRequest {
            name: self.model.clone(),
            as_of_date: self.as_of.map(convert::date),
            holdout_days: self.holdout_days,
            discount_rate: self.discount_rate.map(convert::decimal),
            margin: self.margin.map(convert::decimal),
            request_id: String::new(),
        };
        let run = connection.models().fit_model(request).await?.into_inner().run;
        runs::follow(&connection, "fit", run).await?;
        let request = GetModelRequest { name: self.model, version: 0 };
        let fitted = connection.models().get_model(request).await?.into_inner();
        print(&fitted.model.unwrap_or_default(), self.client.output)
    }
}

impl Show {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = GetModelRequest { name: self.model, version: self.version };
        let held = connection.models().get_model(request).await?.into_inner();
        print(&held.model.unwrap_or_default(), self.client.output)
    }
}

impl Promote {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = PromoteModelRequest {
            name: self.model,
            etag: self.etag.unwrap_or_default(),
            effective_date: self.from.map(convert::date),
        };
        let promoted = connection.models().promote_model(request).await?.into_inner();
        print(&promoted.model.unwrap_or_default(), self.client.output)
    }
}

async fn list_all(list: &List) -> Result<(), Failure> {
    let connection = Connection::open(list.client.options()).await?;
    let fetch = |page_size, page_token| {
        let mut client = connection.models();
        async move {
            let request = ListModelsRequest { page_size, page_token };
            let page = client.list_models(request).await?.into_inner();
            Ok((page.models, page.next_page_token))
        }
    };
    list.limit.pages(fetch, |models| print_all(models, list.client.output)).await
}

fn print_all(models: &[contract::Model], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return models.iter().try_for_each(output::json_line);
    }
    if models.is_empty() {
        return output::line("There are no models yet: kehu model fit makes one.");
    }
    let row = |model: &contract::Model| {
        let through = output::date(model.data_through_date.as_ref());
        let customers = model.customer_count.to_string();
        vec![model.name.clone(), model.version.to_string(), state(model), through, customers]
    };
    let rows = models.iter().map(row).collect();
    let header = ["model", "version", "state", "data through", "customers"];
    output::line(&output::table(&header, &["version", "customers"], rows))
}

fn state(model: &contract::Model) -> String {
    if model.state() != VersionState::Published {
        return "a draft: promote it, so that features are computed with it".to_owned();
    }
    match &model.effective_date {
        Some(date) => format!("promoted, used from {} on", output::date(Some(date))),
        None => "promoted".to_owned(),
    }
}

fn print(model: &contract::Model, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return output::json(model);
    }
    let mut rows: Vec<[String; 2]> = vec![
        ["model".to_owned(), format!("{} version {}", model.name, model.version)],
        ["state".to_owned(), state(model)],
        ["data through".to_owned(), output::date(model.data_through_date.as_ref())],
        ["customers".to_owned(), model.customer_count.to_string()],
        ["who came back".to_owned(), model.repeater_count.to_string()],
    ];
    let fitted = model.customer_value.clone().unwrap_or_default();
    for (name, number) in [
        ("r", &fitted.r),
        ("alpha (weeks)", &fitted.alpha),
        ("a", &fitted.a),
        ("b", &fitted.b),
        ("log-likelihood of purchases", &fitted.purchase_log_likelihood),
        ("p", &fitted.p),
        ("q", &fitted.q),
        ("gamma", &fitted.gamma),
        ("log-likelihood of amounts", &fitted.spending_log_likelihood),
        ("margin", &fitted.margin),
        ("discount rate a year", &fitted.discount_rate),
    ] {
        rows.push([name.to_owned(), text(number)]);
    }
    if let Some(holdout) = &model.holdout {
        let measure = |name: &str| format!("{name}, {} days held out", holdout.days);
        rows.push([measure("purchases"), holdout.actual_count.to_string()]);
        rows.push([measure("expected"), text(&holdout.expected_count)]);
        rows.push([measure("mean absolute error"), text(&holdout.mean_absolute_error)]);
        rows.push([measure("root mean square error"), text(&holdout.root_mean_square_error)]);
    }
    let rows = rows.into_iter().map(Vec::from).collect();
    output::line(&output::table(&["figure", "value"], &["value"], rows))
}

fn text(number: &Option<google::Decimal>) -> String {
    number.as_ref().map_or_else(|| "not known".to_owned(), |number| number.value.clone())
}
