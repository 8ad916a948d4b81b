//! `kehu lookup`.

use crate::{
    cli::Client,
    commands::resolve,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::coding::{LookupClass, LookupRequest, LookupResponse, lookup_request::Key};
use kehu_contract::ingestion::SourceReference;
use kehu_contract::shared::Label;

/// Show at a glance who a customer is, its classes with tags and what they earn, and its codes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu lookup GB-A000001X\n  kehu lookup '+86 139 1234 5678'\n  \
    kehu lookup crm/12347\n  kehu lookup customers/17 --output json"
)]
pub(crate) struct Lookup {
    #[command(flatten)]
    client: Client,

    /// The customer: customers/17, a key of a source as SOURCE/KEY or KEY, a code, a phone number or an
    /// e-mail address
    customer: String,
}

impl Lookup {
    /// Looks it up in one call.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = LookupRequest { key: Some(self.key()), ..Default::default() };
        let found = connection.classification().lookup(request).await?.into_inner();
        match self.client.output {
            Format::Json => output::json(&found),
            Format::Table => print(&found),
        }
    }

    fn key(&self) -> Key {
        let text = self.customer.clone();
        if text.starts_with("customers/") {
            return Key::Customer(text);
        }
        match text.split_once('/') {
            Some((source, external_id)) if !source.is_empty() => Key::Reference(SourceReference {
                source: source.to_owned(),
                external_id: external_id.to_owned(),
            }),
            _ => Key::Text(text),
        }
    }
}

fn print(found: &LookupResponse) -> Result<(), Failure> {
    let who = found.customer_summary.clone().unwrap_or_default();
    let reference = match who.external_id.as_str() {
        "" => String::new(),
        key => format!("{}/{key}", who.source),
    };
    let parts = [&who.display_name, &who.city, &who.region_code, &reference];
    let parts: Vec<&str> =
        parts.into_iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
    output::line(format!("{}  {}", found.customer, parts.join(", ")).trim_end())?;
    if !found.absorbed_customer.is_empty() {
        output::line(&format!("{} is merged into it", found.absorbed_customer))?;
    }
    for code in &found.codes {
        output::line(&format!("{}  {}", code.code, resolve::state(code)))?;
    }
    if found.classes.is_empty() {
        return output::line("It is in no class.");
    }
    let header = ["taxonomy", "class", "since", "tags", "service level", "earns"];
    output::line(&output::table(&header, &[], found.classes.iter().map(row).collect()))
}

fn row(class: &LookupClass) -> Vec<String> {
    let strategy = class.strategy.clone().unwrap_or_default();
    let terms = strategy.terms.unwrap_or_default();
    let tags: Vec<String> = class.tags.iter().map(|tag| both(Some(tag))).collect();
    let mut earns = Vec::new();
    if let Some(discount) = &terms.discount_percent {
        earns.push(format!("{} % off", discount.value));
    }
    if let Some(days) = terms.contact_every_days {
        earns.push(format!("contact every {days} days"));
    }
    for named in [&terms.owner_role, &terms.campaign].into_iter().flatten() {
        earns.push(both(named.label.as_ref()));
    }
    vec![
        class.taxonomy.split('/').nth(1).unwrap_or_default().to_owned(),
        both(class.label.as_ref()),
        output::date(class.since_date.as_ref()),
        tags.join(", "),
        both(strategy.service_level_label.as_ref()),
        earns.join(", "),
    ]
}

/// A name in both languages.
fn both(label: Option<&Label>) -> String {
    label.map(|label| format!("{} {}", label.en, label.zh).trim().to_owned()).unwrap_or_default()
}
