//! `kehu override`: classes that persons set against the rules.

use crate::{
    cli::{Client, parse_date},
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use kehu_contract::coding::{
    ClassOverride, ClearOverrideRequest, GetDisagreementRequest, ListOverridesRequest,
    OverrideClassRequest,
};
use kehu_server::convert;

/// Set a customer's class against the rules, until it expires; see how often persons and rules
/// disagree.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu override set customers/17 value-six high-value --expires 2027-06-30 \\\n    \
    --reviewer 'Han Meimei' --reason 'opens ten shops this year'\n  \
    kehu override list value-six\n  kehu override clear customers/17 value-six\n  \
    kehu override disagreement value-six"
)]
pub(crate) struct Override {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Set a class, from the business date until it expires
    Set(Set),
    /// End the override that holds: the rules decide again
    Clear(Clear),
    /// List overrides
    List(List),
    /// Say how often persons and rules disagree
    Disagreement(Disagreement),
}

#[derive(Debug, Args)]
struct Set {
    #[command(flatten)]
    client: Client,

    /// A customer: customers/17, a key of a source as SOURCE/KEY or, where one has it, KEY, a code, or a name
    customer: String,

    /// Id of the taxonomy
    taxonomy: String,

    /// Id of the class
    class: String,

    /// First date on which it holds no longer
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    expires: NaiveDate,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Who has checked it, somebody other than the caller
    #[arg(long, value_name = "NAME")]
    reviewer: String,
}

#[derive(Debug, Args)]
struct Clear {
    #[command(flatten)]
    client: Client,

    /// A customer: customers/17, a key of a source as SOURCE/KEY or, where one has it, KEY, a code, or a name
    customer: String,

    /// Id of the taxonomy
    taxonomy: String,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    client: Client,

    /// Id of the taxonomy
    taxonomy: String,

    /// Only those of this customer, named in the same ways
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,

    /// List those that hold no longer, too
    #[arg(long)]
    ended: bool,

    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Args)]
struct Disagreement {
    #[command(flatten)]
    client: Client,

    /// Id of the taxonomy
    taxonomy: String,
}

impl Override {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::Set(set) => set.run().await,
            Action::Clear(clear) => clear.run().await,
            Action::List(list) => list.run().await,
            Action::Disagreement(disagreement) => disagreement.run().await,
        }
    }
}

impl Set {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = explain::find(&connection, &self.customer).await?.name;
        let request = OverrideClassRequest {
            customer,
            taxonomy: self.taxonomy,
            class_id: self.class,
            reason: self.reason,
            reviewer: self.reviewer,
            expire_date: Some(convert::date(self.expires)),
        };
        let set = connection.classification().override_class(request).await?.into_inner();
        let set = set.class_override.unwrap_or_default();
        if self.client.output == Format::Json {
            return output::json(&set);
        }
        let (from, until) = days(&set);
        output::line(&format!("{}: {} from {from} until {until}", set.customer, set.class_id))
    }
}

impl Clear {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = explain::find(&connection, &self.customer).await?.name;
        let request = ClearOverrideRequest { customer, taxonomy: self.taxonomy };
        let ended = connection.classification().clear_override(request).await?.into_inner();
        let ended = ended.class_override.unwrap_or_default();
        if self.client.output == Format::Json {
            return output::json(&ended);
        }
        output::line(&format!("{}: the rules of {} decide", ended.customer, ended.taxonomy))
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
            let request = ListOverridesRequest {
                taxonomy: self.taxonomy.clone(),
                customer: customer.clone(),
                show_ended: self.ended,
                page_size,
                page_token,
            };
            let mut client = connection.classification();
            async move {
                let page = client.list_overrides(request).await?.into_inner();
                Ok((page.class_overrides, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |overrides| self.show(overrides)).await
    }

    fn show(&self, overrides: &[ClassOverride]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return overrides.iter().try_for_each(output::json_line);
        }
        if overrides.is_empty() {
            return output::line("No person has set a class.");
        }
        let rows = overrides.iter().map(|set| {
            let (from, until) = days(set);
            let (by, reviewer) = (set.set_by.clone(), set.reviewer.clone());
            let reason = set.reason.clone();
            vec![set.customer.clone(), set.class_id.clone(), from, until, by, reviewer, reason]
        });
        let header = ["customer", "class", "from", "until", "set by", "reviewer", "reason"];
        output::line(&output::table(&header, &[], rows.collect()))
    }
}

fn days(set: &ClassOverride) -> (String, String) {
    (output::date(set.start_date.as_ref()), output::date(set.expire_date.as_ref()))
}

impl Disagreement {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = GetDisagreementRequest { taxonomy: self.taxonomy };
        let found = connection.classification().get_disagreement(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&found);
        }
        let (all, differ) = (found.override_count, found.disagreement_count);
        output::line(&format!("Of {all} classes that persons have set the rules deny {differ}."))?;
        if found.judgements.is_empty() {
            return Ok(());
        }
        let rows = found.judgements.iter().map(|one| {
            let (rule, set) = (one.rule_class_id.clone(), one.override_class_id.clone());
            vec![rule, set, one.customers.to_string()]
        });
        let header = ["by the rules", "by a person", "customers"];
        output::line(&output::table(&header, &["customers"], rows.collect()))
    }
}
